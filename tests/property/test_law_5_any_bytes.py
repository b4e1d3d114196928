"""Law 5: any bytes give events or one documented syntax error, never another exception."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from json_texts import ANSWERS, DOCUMENTS, TEXTS, byte_by_byte, run
from oracles_json import find, read

from fieldconf.errors import JSONSyntaxError
from fieldconf.parsing.finder import Finder
from fieldconf.parsing.parser import JSONParser, parse
from fieldconf.parsing.values import ValueBuilder


def refuse(name):
    raise ValueError(name)


def is_json(text: bytes) -> bool:
    """Whether ``json.loads`` takes it: strict, once NaN and Infinity are refused."""
    try:
        json.loads(text.decode(), parse_constant=refuse)
    except ValueError:  # JSONDecodeError, UnicodeDecodeError, and ours
        return False
    return True


@settings(deadline=None, max_examples=300)
@given(st.one_of(TEXTS, st.binary(max_size=40)))
@example(b"")
@example(b"\xef\xbb\xbf1")
@example(b'"\x00"')
@example(b"[1,]")
@example(b"NaN")
@example(b"-Infinity")
def test_any_bytes(text):
    """Law 5: any bytes give events or one documented syntax error, never another exception."""
    events, error = run(JSONParser(), [text])
    reading = read(text)
    assert list(map(tuple, events)) == reading.events
    assert (error and error[1]) == (None if reading.problem is None else reading.offset)
    assert (error is None) == is_json(text)
    tree = ValueBuilder()
    for event in events:
        tree.take(event)
    if error is None:
        assert parse(text) == events
    else:
        with pytest.raises(JSONSyntaxError) as raised:
            parse(text)
        assert (raised.value.problem, raised.value.offset) == error


@settings(deadline=None, max_examples=250)
@given(
    ANSWERS,
    st.sampled_from([b"{[", b"{", b"[", b""]),
    st.booleans(),
    st.sampled_from([1, 2, 3, 1024]),
)
@example(b'see ["a] or {"b": 1}', b"{[", True, 1024)
@example(b'"a" is what {"a": "b"} says', b"{[", True, 1024)
@example(b"[[ {", b"{[", True, 2)
@example(b'{"a":1} or {"a":2} </think> {"a":3}', b"{[", True, 1024)
@example(b'null\n[{"a":1}', b"{", False, 1024)
def test_any_answer(text, openers, scalars, max_depth):
    """Law 5 for the finder: it finds what trying every place finds, or says there is nothing."""
    kwargs = {"openers": openers, "scalars": scalars, "max_depth": max_depth}
    finder = Finder(**kwargs)
    events, error = run(finder, [text])
    reading = find(text, **kwargs)
    assert finder.beside == reading.beside
    assert list(map(tuple, events)) == reading.events
    assert (error and error[1]) == (None if reading.problem is None else reading.offset)


@settings(deadline=None, max_examples=100)
@given(DOCUMENTS, TEXTS)
def test_what_follows_an_error_changes_nothing(text, more):
    """Law 5: one error; later bytes are ignored."""
    parser = JSONParser()
    parser.feed(text + b" x")
    error, offset = parser.error, parser.offset
    assert error is not None
    assert parser.feed(more) == parser.close() == []
    assert (parser.error, parser.offset) == (error, offset) == (error, error.offset)


# -- fixed examples -----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [JSONParser, Finder])
@pytest.mark.parametrize(
    "unit",
    [b"[", b'{"a":', b"{", b'{"', b"\\", b'"', b"9", b"-", b" ", b"`", b"<think>", b"\xf0"],
    ids=repr,
)
def test_much_of_one_thing(make, unit):
    # 100,000 opening brackets must be an error like any other, not a stack overflow.
    text = unit * 20_000
    assert run(make(), [text]) == run(make(), byte_by_byte(text))


def test_a_string_in_very_many_pieces():
    # The pieces form a linked list: reading and releasing it must not recurse.
    text = b'"' + b"x" * 200_000 + b'"'
    events, error = run(JSONParser(), byte_by_byte(text))
    assert ([event.raw for event in events], error) == ([text], None)
