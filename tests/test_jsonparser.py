"""The parser's faces and verdicts; the laws are in ``property/``."""

import sys
from decimal import Decimal

import pytest
from json_texts import byte_by_byte, run

from fieldconf.errors import JSONSyntaxError
from fieldconf.parsing.grammar import decode
from fieldconf.parsing.parser import ENDS_EARLY, MAX_DEPTH, JSONParser, parse
from fieldconf.parsing.values import ValueBuilder


def root_of(text: bytes):
    tree = ValueBuilder()
    for event in parse(text):
        tree.take(event)
    return tree.root


def fed(text: bytes) -> JSONParser:
    parser = JSONParser()
    parser.feed(text)
    return parser


def test_the_events_of_a_document():
    text = b' {"a": [1, {}], "b": "x"} '
    assert [tuple(event) for event in parse(text)] == [
        ("open", (), 1, 2, b"{"),
        ("key", ("a",), 2, 5, b'"a"'),
        ("open", ("a",), 7, 8, b"["),
        ("scalar", ("a", 0), 8, 9, b"1"),
        ("open", ("a", 1), 11, 12, b"{"),
        ("close", ("a", 1), 11, 13, b"{"),
        ("close", ("a",), 7, 14, b"["),
        ("key", ("b",), 16, 19, b'"b"'),
        ("scalar", ("b",), 21, 24, b'"x"'),
        ("close", (), 1, 25, b"{"),
    ]


@pytest.mark.parametrize(
    ("text", "place", "path", "may_close", "written"),
    [
        (b"", "value", (), False, b""),
        (b"[", "value", (0,), True, b""),
        (b"[1,", "value", (1,), False, b""),
        (b"{", "key", (), True, b""),
        (b'{"a', "key", (), False, b'"a'),
        (b'{"a"', "colon", ("a",), False, b""),
        (b'{"a":', "value", ("a",), False, b""),
        (b'{"a": "x\\u00', "string", ("a",), False, b'"x\\u00'),
        (b'{"a": "\xf0\x9f', "string", ("a",), False, b'"\xf0\x9f'),
        (b'{"a": -1.', "number", ("a",), False, b"-1."),
        (b'{"a": nul', "literal", ("a",), False, b"nul"),
        (b'{"a": null ', "after", ("a",), True, b""),
        (b'{"a": 1,', "key", (), False, b""),
        (b"[[]", "after", (0,), True, b""),
        (b"{} ", "done", (), False, b""),
    ],
    ids=repr,
)
def test_what_a_state_says_of_itself(text, place, path, may_close, written):
    parser = fed(text)
    assert (parser.place, parser.path, parser.may_close) == (place, path, may_close)
    assert parser.text == written
    assert parser.text == text[parser.start :][: len(written)]
    assert parser.done == (place == "done")


def test_open_containers():
    parser = fed(b' {"a": [[], [')
    assert parser.open_containers == [((), 1, True), (("a",), 7, False), (("a", 1), 12, False)]
    assert parser.depth == 3


def test_a_root_number_closes_with_the_text():
    parser = JSONParser()
    assert parser.feed(b"12") == []
    assert [event.raw for event in parser.close()] == [b"12"]
    assert parser.done
    assert parser.close() == []
    assert parser.error is None


@pytest.mark.parametrize("text", [b"", b" ", b"[1", b'"a', b"1.", b"-", b"tru", b'{"a"', b'"\xc3'])
def test_an_early_end(text):
    parser = fed(text)
    assert parser.error is None
    assert parser.close() == []
    assert (parser.error.problem, parser.error.offset) == (ENDS_EARLY, len(text))


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        (b"01", 1),
        (b"1 2", 2),
        (b"[1,]", 3),
        (b"{,", 1),
        (b'{"a",', 4),
        (b'{"a":1,}', 7),
        (b"[1}", 2),
        (b'{"a":1]', 6),
        (b"trUe", 2),
        (b"+1", 0),
        (b"1.e", 2),
        (b"1e+-", 3),
        (b'"\t"', 1),
        (b'"\\x"', 2),
        (b'"\\u12G4"', 5),
        (b'"\xc0\xaf"', 1),
        (b'"\xe0\x80\x80"', 2),
        (b'"\xed\xa0\x80"', 2),
        (b'"\xf4\x90\x80\x80"', 2),
        (b'"\xe2\x82"', 3),
        (b"'a'", 0),
        (b"[NaN]", 1),
        (b"\xef\xbb\xbf1", 0),  # a byte order mark
        (b"[1] // done", 4),
    ],
    ids=repr,
)
def test_errors_name_the_byte_at_which_no_json_can_continue(text, offset):
    with pytest.raises(JSONSyntaxError) as error:
        parse(text)
    assert error.value.offset == offset
    assert str(error.value).endswith(f"at byte {offset}")
    # Up to that byte it was the beginning of a JSON text.
    assert fed(text[:offset]).error is None


# -- verdicts -----------------------------------------------------------------------------------


def test_repeated_keys_give_events_each_and_the_last_value_stays():
    text = b'{"a": 1, "b": 2, "a": [3]}'
    values = [
        event.raw for event in parse(text) if event.path[:1] == ("a",) and event.type == "scalar"
    ]
    assert values == [b"1", b"3"]
    assert list(root_of(text).items()) == [("a", [3]), ("b", 2)]


def test_lone_surrogates_are_kept_and_pairs_joined():
    assert root_of(b'{"\\ud800": "\\udc00\\ud83d\\ude00"}') == {"\ud800": "\udc00\U0001f600"}


def test_integers_beyond_the_interpreters_limit():
    limit = sys.get_int_max_str_digits()
    for digits in (limit - 1, limit, limit + 1, 10 * limit):
        for sign in ("", "-"):
            text = sign + "7" * digits
            value = root_of(text.encode())
            assert type(value) is (int if digits <= limit else Decimal)
            assert f"{Decimal(value):f}" == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"-0", 0),
        (b"-0.0", -0.0),
        (b"1E+2", 100.0),
        (b"1e999", float("inf")),
        (b"-1e999", float("-inf")),
        (b"1e-999", 0.0),
        (b'"\\/\\b"', "/\b"),
        (b"true", True),
        (b"false", False),
        (b"null", None),
    ],
    ids=repr,
)
def test_decode(text, value):
    assert repr(decode(text)) == repr(value)


@pytest.mark.parametrize("max_depth", [0, 1, 3, 1024, 2000])
@pytest.mark.parametrize(("opener", "closer"), [(b"[", b"]"), (b'{"":', b"}")], ids=repr)
def test_nesting(max_depth, opener, closer):
    opened = [
        event.type
        for event in parse(opener * max_depth + b"1" + closer * max_depth, max_depth=max_depth)
    ]
    assert opened.count("open") == opened.count("close") == max_depth
    deeper = JSONParser(max_depth=max_depth)
    events, error = run(deeper, byte_by_byte(opener * (max_depth + 1)))
    assert error == (f"nested deeper than {max_depth}", len(opener) * max_depth)
    assert sum(event.type == "open" for event in events) == max_depth == deeper.depth


def test_the_depth_that_holds_unless_told():
    assert MAX_DEPTH == 1024
    assert run(JSONParser(), [b"[" * MAX_DEPTH + b"]" * MAX_DEPTH])[1] is None
    assert run(JSONParser(), [b"[" * (MAX_DEPTH + 1)])[1] == ("nested deeper than 1024", MAX_DEPTH)


def test_depth_is_how_many_are_open_not_how_many_there_are():
    assert parse(b"[[],[],[]]", max_depth=2)[-1].type == "close"
