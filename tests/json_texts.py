"""JSON texts for the laws: valid ones in many spellings, broken ones, and prose around them."""

import itertools
import json
from collections.abc import Iterable, Iterator

from hypothesis import strategies as st

from fieldconf.parsing.finder import Finder
from fieldconf.parsing.parser import Event, JSONParser

BLANKS = st.sampled_from([b"", b"", b"", b" ", b"\n", b"\t\r\n  "])
# Letters that JSON escapes, that UTF-8 spells in two, three and four bytes, and lone surrogates.
LETTERS = st.one_of(
    st.sampled_from('"\\/\b\f\n\r\té€\ud83d\ude00\U0001f600\x00\x7f{}[]:,'),
    st.characters(exclude_categories=()),
)
STRINGS = st.text(LETTERS, max_size=8)
NUMBERS = st.from_regex(
    rb"-?(0|[1-9][0-9]{0,4})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)


def spellings_of(letter: str) -> list[bytes]:
    """Every way in which a JSON string may hold this character."""
    units = letter.encode("utf-16-be", "surrogatepass")
    codes = [f"{int.from_bytes(units[i : i + 2], 'big'):04x}" for i in range(0, len(units), 2)]
    small = "".join(f"\\u{code}" for code in codes).encode()
    large = "".join(f"\\u{code.upper()}" for code in codes).encode()
    short = {k: rb"\%c" % v for k, v in zip('"\\/\b\f\n\r\t', b'"\\/bfnrt', strict=True)}
    ways = [small, large, *([short[letter]] if letter in short else [])]
    is_plain = letter >= " " and letter not in '"\\' and not "\ud800" <= letter <= "\udfff"
    return [letter.encode(), *ways] if is_plain else ways


@st.composite
def string_texts(draw, strings=STRINGS) -> bytes:
    return b'"%b"' % b"".join(draw(st.sampled_from(spellings_of(c))) for c in draw(strings))


SCALARS = st.one_of(string_texts(), NUMBERS, st.sampled_from([b"true", b"false", b"null"]))


@st.composite
def _containers(draw, items) -> bytes:
    def spaced(text: bytes) -> bytes:
        return draw(BLANKS) + text + draw(BLANKS)

    members = [spaced(text) for text in draw(st.lists(items, max_size=4))]
    if draw(st.booleans()):
        return b"[%b]" % (b",".join(members) or draw(BLANKS))
    keys = [spaced(draw(string_texts(st.text(LETTERS, max_size=3)))) for _ in members]
    pairs = (b"%b:%b" % pair for pair in zip(keys, members, strict=True))
    return b"{%b}" % (b",".join(pairs) or draw(BLANKS))


@st.composite
def _documents(draw) -> bytes:
    return draw(BLANKS) + draw(st.recursive(SCALARS, _containers, max_leaves=8)) + draw(BLANKS)


DOCUMENTS = _documents()
_SALT = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b"\\u",
    b",",
    b":",
    b"0",
    b"-",
    b".",
    b"e",
    b"tr",
    b"\n",
]
_SALT += [b"\xed\xa0\x80", b"\xf4\x90", b"\xc0\x80", b"\xe2\x82", b"\xff", b"\xef\xbb\xbf", b"\x00"]


@st.composite
def _mutated(draw) -> bytes:
    """A valid document in which a few bytes were taken out and others put in."""
    text = draw(DOCUMENTS)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = start + draw(st.integers(0, 3))
        text = text[:start] + draw(st.sampled_from([b"", *_SALT])) + text[stop:]
    return text


MUTATED = _mutated()
SALTED = st.lists(st.sampled_from(_SALT), max_size=20).map(b"".join)
TEXTS = st.one_of(DOCUMENTS, MUTATED, SALTED, st.binary(max_size=30))

_PROSE = [
    b"Sure ",
    b"{as asked}",
    b"{",
    b"[",
    b"[[",
    b'{"',
    b'{"{":',
    b'["',
    b"{}",
    b"<think>",
    b"</think>",
]
_PROSE += [
    b"<reasoning>",
    b"</reasoning>",
    b"<thi",
    b"```json\r\n",
    b"```",
    b"``",
    b"```\n",
    b"true",
    b"12",
]
_PROSE += [b'"', b" ", b"\n", b"\r", b"x", b"-"]
# Marks of reasoning: whole ones and parts, such as begin like a list, and such as end it alone.
_PROSE += [b"<thought>", b"</thought>", b"[THINK]", b"[/THINK]", b"[/TH", b"INK]", b"</think"]
_PROSE += [b"<|channel|>analysis", b"<|end|>", b"<|channel|>final<|message|>", b"assistantfinal"]
PROSE = st.lists(st.sampled_from(_PROSE), max_size=8).map(b"".join)


@st.composite
def _answers(draw) -> bytes:
    more = draw(TEXTS) + draw(PROSE) if draw(st.booleans()) else b""
    return draw(PROSE) + draw(TEXTS) + draw(PROSE) + more


ANSWERS = _answers()


@st.composite
def pieces(draw, texts) -> tuple[bytes, list[bytes]]:
    """A text, and the same text cut at random places (empty pieces among them)."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    ends = [0, *cuts, len(text)]
    return text, [text[a:b] for a, b in itertools.pairwise(ends)]


def byte_by_byte(text: bytes) -> Iterator[bytes]:
    """The same bytes, one a piece."""
    return (text[i : i + 1] for i in range(len(text)))


def run(parser: JSONParser | Finder, parts: Iterable[bytes]) -> tuple[list[Event], object]:
    """Feed all, close; the events, and what the error says."""
    events = [event for part in parts for event in parser.feed(part)]
    events += parser.close()
    error = parser.error
    return events, error and (error.problem, error.offset)


def loads(text: bytes) -> object:
    """``json.loads`` of bytes that are UTF-8 (it would guess), lone surrogate escapes and all."""
    return json.loads(text.decode())
