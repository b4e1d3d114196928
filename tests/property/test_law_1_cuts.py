"""Law 1: cutting the input differently changes nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_texts import ANSWERS, TEXTS, byte_by_byte, pieces, run

from fieldconf.parsing.finder import Finder
from fieldconf.parsing.parser import JSONParser

LONG = b"x" * 4090


def state(parser: JSONParser) -> tuple:
    """All that a parser says about itself between two pieces."""
    faces = ("offset", "done", "place", "path", "may_close", "depth", "start", "text")
    error = parser.error and (parser.error.problem, parser.error.offset)
    return (error, parser.open_containers, *(getattr(parser, face) for face in faces))


@settings(deadline=None, max_examples=250)
@given(pieces(TEXTS))
def test_the_parser_gives_the_same_events_and_error(case):
    """Law 1: whole, byte by byte, token by token, any random cut give identical events."""
    text, parts = case
    whole = run(JSONParser(), [text])
    assert run(JSONParser(), parts) == whole
    assert run(JSONParser(), byte_by_byte(text)) == whole


@settings(deadline=None, max_examples=150)
@given(pieces(TEXTS))
def test_the_parser_is_in_the_same_state(case):
    """Law 1, between the pieces: what the parser says of itself depends on the bytes alone."""
    _, parts = case
    cut, read = JSONParser(), b""
    for part in parts:
        cut.feed(part)
        read += part
        whole = JSONParser()
        whole.feed(read)
        assert state(cut) == state(whole)


def all_of(finder: Finder, parts) -> tuple:
    """All that a finder says of a text."""
    return run(finder, parts), finder.beside, finder.done, finder.is_prose, finder.offset


@settings(deadline=None, max_examples=250)
@given(pieces(ANSWERS), st.sampled_from([b"{[", b"{", b"[", b""]), st.booleans())
def test_the_finder_gives_the_same_events_and_error(case, openers, scalars):
    """Law 1 for a value inside of other text, with other values and reasoning around it."""
    text, parts = case
    kwargs = {"openers": openers, "scalars": scalars}
    whole = all_of(Finder(**kwargs), [text])
    assert all_of(Finder(**kwargs), parts) == whole
    assert all_of(Finder(**kwargs), byte_by_byte(text)) == whole


# -- fixed counterexamples ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [b"-x", b"1.x", b"[1e+]", b"trux", b"[nulL", b'"\xe0\x80"', b'"\\ud8G"', b'"ab\xffcd"'],
    ids=repr,
)
def test_the_text_of_a_broken_scalar_does_not_depend_on_the_cut(text):
    # A number or literal that broke within one piece once forgot what it had read of that piece.
    whole, cut = JSONParser(), JSONParser()
    whole.feed(text)
    for byte in byte_by_byte(text):
        cut.feed(byte)
    assert state(cut) == state(whole)
    assert whole.text == text.strip(b"[")[: whole.offset - whole.start][: len(whole.text)]
    assert whole.text


@pytest.mark.parametrize(
    "text",
    [
        # An attempt that fails after 4 KiB, but within the block that was fed at once.
        b'["' + LONG + b"x" * 100 + b'\n"] {"a": 1}',
        # A scalar that ends before 4 KiB, and prose that begins after it, or just before it.
        b'"' + LONG + b'"' + b" " * 20 + b"is what I say",
        b'"' + LONG + b'"' + b" is what I say",
        # A fence whose line end is cut between its two bytes.
        b"```json\r\ntrue\r\n```",
        # A closing tag that is cut.
        b"<think>{}</think>12",
        # An attempt that begins in what was kept of an earlier one, and ends there, too.
        b'"{}""',
        # Marks that begin as a list does.
        b'[THINK]""',
        b'"a"[THINK][1]',
    ],
    ids=lambda text: f"{text[:12]!r}",
)
def test_the_finder_once_depended_on_the_cut(text):
    whole = run(Finder(), [text])
    assert run(Finder(), byte_by_byte(text)) == whole
    for at in range(1, len(text), 1 + len(text) // 100):
        assert run(Finder(), [text[:at], text[at:]]) == whole


@pytest.mark.parametrize("at", [4094, 4095, 4096, 4097, 4098])
def test_the_edge_of_the_tentative_part(at):
    # The string's broken byte stands at offset ``at`` of the attempt: before 4096 the search goes
    # on, from there on the error is the answer's.
    text = b'["' + b"x" * (at - 2) + b'\n"] {"a": 1}'
    events, error = run(Finder(), [text])
    assert (events[0].start, error is None) == ((len(text) - 8, True) if at < 4096 else (0, False))
    assert run(Finder(), byte_by_byte(text)) == (events, error)
