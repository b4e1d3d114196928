"""The finder's contract, sentence by sentence; the laws are in ``property/``."""

import pytest
from json_texts import byte_by_byte, run

from fieldconf.parsing.finder import Finder
from fieldconf.parsing.parser import ENDS_EARLY


def found(text: bytes, **kwargs):
    """The text of the value found, or what the error says; the same byte by byte."""
    events, error = run(Finder(**kwargs), [text])
    assert run(Finder(**kwargs), byte_by_byte(text)) == (events, error)
    return error or text[events[-1].start : events[-1].stop]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": 1}', b'{"a": 1}'),
        (b'Here you are: {"a": 1}. Anything else?', b'{"a": 1}'),
        (b'```json\n{"a": 1}\n```', b'{"a": 1}'),
        (b'```\r\n{"a": 1}\r\n``` ok {"b": 2}', b'{"a": 1}'),
        (b'<think>{"no": 0}</think>\n{"a": 1}', b'{"a": 1}'),
        (b"<thinking>x</thinking><reasoning>[0]</reasoning> [1]", b"[1]"),
        (b"as {asked} and [so on]: [1]", b"[1]"),
        (b'{"{{": x {"a": 1}', b'{"a": 1}'),
        (b"{{}}", b"{}"),  # the outer brace fails before a value closes
        (b"[] {}", b"[]"),
        (b"\xef\xbb\xbf{}", b"{}"),  # a byte order mark is prose
        (b'"a" is {"b": 1}', b'{"b": 1}'),
        (b"12 [1]", b"[1]"),
        (b"true", b"true"),
        (b" -1.5e3\n", b"-1.5e3"),
        (b'```json\n"a"\n```', b'"a"'),
        (b"<think>x</think>null", b"null"),
    ],
    ids=repr,
)
def test_what_is_found(text, value):
    assert found(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no value",
        b"the word true in a sentence",
        b"true is what I say",
        b"```",
        b"``",
        b"<thin",
        b"<think>",
        b"<think>[1]",
        b"</think>",
    ],
    ids=repr,
)
def test_nothing_is_found(text):
    finder = Finder()
    assert run(finder, [text]) == ([], ("no JSON value in the text", len(text)))
    assert finder.parser is None
    assert not finder.done


def test_the_error_names_the_attempt_that_came_furthest():
    # The attempt at the brace inside of the key is made later and fails earlier.
    assert found(b'{"{x}": {y}') == ("no JSON value in the text (expected a key)", 9)


def test_a_syntax_error_after_the_first_value_is_the_answers():
    assert found(b'{"a": 1, b} {"c": 2}') == ("expected a key", 9)


def test_a_truncated_answer():
    events, error = run(Finder(), [b'Sure: {"a": [1, 2'])
    assert error == (ENDS_EARLY, 17)
    assert [event.raw for event in events if event.type == "scalar"] == [b"1"]


def test_events_are_withheld_until_a_value_closes():
    finder = Finder()
    assert finder.feed(b'{"a": {"b": "x') == []
    assert [event.type for event in finder.feed(b'"')] == ["open", "key", "open", "key", "scalar"]
    assert not finder.done


def test_events_are_withheld_for_four_kibibytes_at_most():
    finder = Finder()
    assert finder.feed(b'["' + b"x" * 4093) == []
    assert [event.type for event in finder.feed(b"x")] == ["open"]


def test_events_are_withheld_until_the_greatest_depth():
    finder = Finder(max_depth=3)
    assert finder.feed(b"[[") == []
    assert len(finder.feed(b"[")) == 3
    assert finder.feed(b"[") == []
    assert finder.error.problem == "nested deeper than 3"


def test_a_root_scalar_waits_for_the_end():
    finder = Finder()
    assert finder.feed(b'"yes"') == []
    assert [event.raw for event in finder.close()] == [b'"yes"']
    assert finder.done


def test_what_may_begin_a_value():
    text = b'[1] {"a": 2} 3'
    assert found(text, openers=b"{") == b'{"a": 2}'
    assert found(text, openers=b"[") == b"[1]"
    assert found(text, openers=b"") == ("no JSON value in the text", len(text))
    assert found(b"3", openers=b"") == b"3"
    assert found(b"3", scalars=False) == ("no JSON value in the text", 1)


def test_what_follows_the_value_is_not_ours():
    finder = Finder()
    events = finder.feed(b"[1] }")
    assert [event.type for event in events] == ["open", "scalar", "close"]
    assert finder.feed(b"]") == finder.close() == []
    assert finder.done
    assert finder.error is None
    assert finder.offset == 6


def test_a_fork_of_an_attempt():
    finder = Finder()
    finder.feed(b'{"a": {"a": [')
    fork = finder.fork()
    fork.feed(b"x")
    assert fork.parser is None
    assert [event.start for event in finder.feed(b"1,")] == [0, 1, 6, 7, 12, 13]
