"""Slow, obvious JSON: what the parser and the finder must agree with.

``read`` is a recursive descent over bytes that never looks back and shares no code with the
library. ``find`` follows the contracts in the heads of ``parsing/search.py`` and ``finder.py``
word by word: it tries every place independently, with the whole text at hand. Only the table of
the marks is the library's.
"""

import re
from decimal import Decimal
from typing import Any, NamedTuple

from fieldconf.parsing.reasoning import ENDINGS, FINAL, REASONING

Event = tuple[str, tuple, int, int, bytes]
EARLY = "early"  # the text ended
WRONG = "wrong"  # a byte at which no JSON can continue
DEEP = "deep"  # one container too many
NOTHING = "nothing"  # no value was found

_NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SHORT_ESCAPES = dict(zip(b'"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True))
# Every proper beginning of a character of more than one byte. 64 neighbours share theirs.
_LEADS = {
    chr(code).encode()[:length]
    for code in range(0x80, 0x110000, 64)
    if not 0xD800 <= code < 0xE000
    for length in range(1, len(chr(code).encode()))
}


class Found(NamedTuple):
    """A value: where it stands, what kind of thing it is, and what it means."""

    path: tuple
    start: int
    stop: int
    kind: str  # "scalar", "object" or "array"
    value: Any


class Reading(NamedTuple):
    """Events as the parser gives them; values in the order in which they end; why it stopped."""

    events: list[Event]
    values: list[Found]
    problem: str | None
    offset: int


class _Stop(Exception):  # noqa: N818  # it is how the reading ends, not a fault of the caller
    def __init__(self, problem: str, offset: int) -> None:
        super().__init__(problem, offset)
        self.problem, self.offset = problem, offset


def read(data: bytes, start: int = 0, *, max_depth: int = 1024, alone: bool = True) -> Reading:
    """Read the value at ``start``; ``alone``: nothing but white space may follow it."""
    reader = _Reader(data, max_depth)
    try:
        stop = reader.document(start, alone=alone)
    except _Stop as end:
        return Reading(reader.events, reader.values, end.problem, end.offset)
    return Reading(reader.events, reader.values, None, stop)


class _Reader:
    def __init__(self, data: bytes, max_depth: int) -> None:
        self.data, self.max_depth = data, max_depth
        self.events: list[Event] = []
        self.values: list[Found] = []
        self.depth = 0

    def at(self, pos: int) -> int:
        if pos == len(self.data):
            raise _Stop(EARLY, pos)
        return self.data[pos]

    def blank(self, pos: int) -> int:
        while pos < len(self.data) and self.data[pos] in b" \t\n\r":
            pos += 1
        return pos

    def document(self, start: int, *, alone: bool) -> int:
        stop = self.value(self.blank(start), ())
        if alone and (rest := self.blank(stop)) < len(self.data):
            raise _Stop(WRONG, rest)
        return stop

    def value(self, pos: int, path: tuple) -> int:
        first = self.at(pos)
        if first == ord("{"):
            return self.container(pos, path, {}, ord("}"))
        if first == ord("["):
            return self.container(pos, path, [], ord("]"))
        if first == ord('"'):
            stop, value = self.string(pos)
        elif first in b"tfn":
            stop, value = self.literal(pos)
        elif first in b"-0123456789":
            stop, value = self.number(pos, path)
        else:
            raise _Stop(WRONG, pos)
        self.events.append(("scalar", path, pos, stop, self.data[pos:stop]))
        self.values.append(Found(path, pos, stop, "scalar", value))
        return stop

    def container(self, start: int, path: tuple, made: Any, end: int) -> int:
        if self.depth == self.max_depth:
            raise _Stop(DEEP, start)
        self.depth += 1
        opener = self.data[start : start + 1]
        self.events.append(("open", path, start, start + 1, opener))
        pos = self.blank(start + 1)
        if self.at(pos) != end:
            pos = self.items(pos, path, made, end)
        self.depth -= 1
        self.events.append(("close", path, start, pos + 1, opener))
        kind = "object" if isinstance(made, dict) else "array"
        self.values.append(Found(path, start, pos + 1, kind, made))
        return pos + 1

    def items(self, pos: int, path: tuple, made: Any, end: int) -> int:
        """Read items up to the closing byte; return where that is."""
        while True:
            key: Any = len(made)
            if isinstance(made, dict):
                pos, key = self.key(pos, path)
            pos = self.value(pos, (*path, key))
            value = self.values[-1].value
            if isinstance(made, dict):
                made[key] = value
            else:
                made.append(value)
            pos = self.blank(pos)
            if self.at(pos) == end:
                return pos
            if self.at(pos) != ord(","):
                raise _Stop(WRONG, pos)
            pos = self.blank(pos + 1)

    def key(self, start: int, path: tuple) -> tuple[int, str]:
        if self.at(start) != ord('"'):
            raise _Stop(WRONG, start)
        stop, key = self.string(start)
        self.events.append(("key", (*path, key), start, stop, self.data[start:stop]))
        pos = self.blank(stop)
        if self.at(pos) != ord(":"):
            raise _Stop(WRONG, pos)
        return self.blank(pos + 1), key

    def literal(self, start: int) -> tuple[int, Any]:
        word, value = {"t": ("true", True), "f": ("false", False), "n": ("null", None)}[
            chr(self.at(start))
        ]
        for pos, letter in enumerate(word, start):
            if self.at(pos) != ord(letter):
                raise _Stop(WRONG, pos)
        return start + len(word), value

    def number(self, start: int, path: tuple) -> tuple[int, Any]:
        def is_beginning(text: bytes) -> bool:
            return any(_NUMBER.fullmatch(text + more) for more in (b"", b"0"))

        stop = start
        while stop < len(self.data) and is_beginning(self.data[start : stop + 1]):
            stop += 1
        text = self.data[start:stop]
        is_whole = _NUMBER.fullmatch(text) is not None
        if stop == len(self.data) and (path or not is_whole):
            raise _Stop(EARLY, stop)  # inside a container another digit might have followed
        if not is_whole:
            raise _Stop(WRONG, stop)
        return stop, self.number_value(text.decode())

    def number_value(self, text: str) -> Any:
        if re.search("[.eE]", text):
            return float(text)
        return int(text) if len(text.lstrip("-")) <= 4300 else Decimal(text)

    def string(self, start: int) -> tuple[int, str]:
        pos, units = start + 1, b""
        while self.at(pos) != ord('"'):
            pos, unit = self.escape(pos) if self.at(pos) == ord("\\") else self.character(pos)
            units += unit
        return pos + 1, units.decode("utf-16-be", "surrogatepass")

    def escape(self, start: int) -> tuple[int, bytes]:
        letter = self.at(start + 1)
        if letter in _SHORT_ESCAPES:
            return start + 2, _SHORT_ESCAPES[letter].encode("utf-16-be")
        if letter != ord("u"):
            raise _Stop(WRONG, start + 1)
        for pos in range(start + 2, start + 6):
            if self.at(pos) not in b"0123456789abcdefABCDEF":
                raise _Stop(WRONG, pos)
        return start + 6, bytes.fromhex(self.data[start + 2 : start + 6].decode())

    def character(self, start: int) -> tuple[int, bytes]:
        if self.at(start) < 0x20:
            raise _Stop(WRONG, start)
        if self.at(start) < 0x80:
            return start + 1, bytes([0, self.at(start)])
        stop = start
        while self.data[start : stop + 1] in _LEADS and stop < len(self.data):
            stop += 1
        self.at(stop)
        try:
            return stop + 1, self.data[start : stop + 1].decode().encode("utf-16-be")
        except UnicodeDecodeError:
            raise _Stop(WRONG, stop) from None


# -- the finder -----------------------------------------------------------------------------

TENTATIVE = 4096
_FENCE = re.compile(rb"```[a-zA-Z0-9]{0,16}[ \t]{0,16}\r?\n")
_PAIRS = [(marks.opening, marks.closing) for marks in REASONING]


class Finding(NamedTuple):
    """What the finder gives: the answer and the drafts before it, and what stands beside it."""

    events: list[Event]
    values: list[Found]
    problem: str | None
    offset: int
    beside: int | None


class _Place(NamedTuple):
    """Where the search stops: at a value ("value"), behind a mark ("mark"), or at the end."""

    what: str
    stop: int
    start: int = 0
    attempt: Reading | None = None
    scalar: int | None = None
    nearest: int | None = None


def find(
    data: bytes, *, openers: bytes = b"{[", scalars: bool = True, max_depth: int = 1024
) -> Finding:
    """The first value of a wanted kind behind the last mark, place after place."""
    events: list[Event] = []
    values: list[Found] = []
    answer: Reading | None = None
    beside: int | None = None
    pos, is_behind = 0, False
    while True:
        place = _next(data, pos, max_depth=max_depth, is_behind=is_behind)
        pos = place.stop
        if place.what == "end":
            break
        if place.what == "mark":
            answer, beside, is_behind = None, None, False
            continue
        is_bracket = data[place.start] in b"{["
        is_wanted = data[place.start] in openers or (scalars and not is_bracket and not is_behind)
        if answer is None and is_wanted:
            answer, other = place.attempt, place.scalar
            events += answer.events
            values += answer.values
        else:
            other = place.start
        beside = other if beside is None else beside
        is_behind = True
        if place.attempt.problem == EARLY:
            break
    if answer is None:
        offset = len(data) if place.nearest is None else place.nearest
        return Finding(events, values, NOTHING, offset, beside)
    return Finding(events, values, answer.problem, answer.offset, beside)


def _next(  # noqa: C901  # all cases in one view
    data: bytes, pos: int, *, max_depth: int, is_behind: bool
) -> _Place:
    scalar: tuple[int, int] | None = None
    nearest: int | None = None
    start = place = pos
    is_start = True
    while True:
        if is_start:
            is_start = False
            start = place = _beginning(data, place)
            if start < len(data) and data[start] in b'"-0123456789tfn':
                attempt = read(data, start, alone=False)
                if not _scalar_fails(data, start, attempt):
                    return _Place("value", attempt.offset, start, attempt)
                if attempt.problem is None:
                    rest = data[attempt.offset :].lstrip(b" \t\r\n`")
                    scalar = start, len(data) - len(rest)
        if place >= len(data):
            return _Place("end", len(data), nearest=nearest)
        ending = next((mark for mark in ENDINGS if data.startswith(mark, place)), None)
        if ending:
            return _Place("mark", place + len(ending))
        pair = next((pair for pair in _PAIRS if data.startswith(pair[0], place)), None)
        if pair and (is_behind or place == start):
            closings = [
                (at, mark) for mark in (pair[1], *FINAL)
                if (at := data.find(mark, place + len(pair[0]))) >= 0
            ]  # fmt: skip
            if not closings:
                return _Place("end", len(data))
            at, mark = min(closings)
            if mark in FINAL:
                return _Place("mark", at + len(mark))
            place, is_start, nearest = at + len(mark), True, None
            continue
        if data[place] in b"{[":
            attempt = read(data, place, max_depth=max_depth, alone=False)
            if not _fails(attempt, place, max_depth):
                before = scalar[0] if scalar and scalar[1] == place else None
                return _Place("value", attempt.offset, place, attempt, before)
            nearest = max(attempt.offset, nearest or 0)
        place += 1


def _beginning(data: bytes, pos: int) -> int:
    """Where the answer may begin: behind white space and fences, any number of them."""
    while True:
        while pos < len(data) and data[pos] in b" \t\r\n":
            pos += 1
        fence = _FENCE.match(data, pos)
        if not fence:
            return pos
        pos = fence.end()


def _fails(attempt: Reading, place: int, max_depth: int) -> bool:
    """Whether an attempt at a bracket fails before its first value closes (or 4 KiB, or deep)."""
    types = [event[0] for event in attempt.events]
    is_committed = "scalar" in types or "close" in types or types.count("open") >= max_depth
    is_wrong = attempt.problem in (WRONG, DEEP)
    return is_wrong and not is_committed and attempt.offset < place + TENTATIVE


def _scalar_fails(data: bytes, start: int, attempt: Reading) -> bool:
    """Whether the scalar is none, or is not all there is (a fence aside)."""
    if attempt.problem is None:
        return data[attempt.offset : start + TENTATIVE].strip(b" \t\r\n`") != b""
    return attempt.problem == WRONG and attempt.offset < start + TENTATIVE
