"""JSON Pointers: RFC 6901's own examples, and there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldconf.paths import parse_pointer, pointer


@pytest.mark.parametrize(
    ("path", "text"),
    [  # section 5 of the RFC
        ((), ""),
        (("foo",), "/foo"),
        (("foo", 0), "/foo/0"),
        (("",), "/"),
        (("a/b",), "/a~1b"),
        (("c%d",), "/c%d"),
        (("m~n",), "/m~0n"),
        (("~1",), "/~01"),  # section 4: "~01" must not become "/"
    ],
)
def test_rfc_6901(path, text):
    assert pointer(path) == text
    assert parse_pointer(text) == tuple(map(str, path))


@given(st.lists(st.one_of(st.text("~/01a", max_size=4), st.integers(0, 20))))
def test_there_and_back(path):
    assert parse_pointer(pointer(path)) == tuple(map(str, path))


@given(st.lists(st.text("~/01", max_size=3)), st.lists(st.text("~/01", max_size=3)))
def test_two_paths_never_share_a_pointer(one, other):
    assert (pointer(one) == pointer(other)) == (one == other)


def test_a_pointer_begins_with_a_slash():
    with pytest.raises(ValueError, match="'a/b'"):
        parse_pointer("a/b")
