"""The incremental JSON parser: pure, sans-I/O, forkable; offsets are bytes.

In:    bytes, cut anywhere.
Out:   events, each with the path and the half-open byte span of what it closes:

       ======== ============================ ================== ======================
       type     when                         ``start:stop``     ``raw``
       ======== ============================ ================== ======================
       open     ``{`` or ``[`` was read      that one byte      the byte
       key      an object key closed         its JSON text      its JSON text, quoted
       scalar   a scalar closed              its JSON text      its JSON text
       close    ``}`` or ``]`` was read      the whole value    the opening byte
       ======== ============================ ================== ======================

       A number has no last byte of its own: it closes when the byte after it is seen.
       The parser never raises: the first syntax error is stored in ``error``, the events before it
       have already been returned, and later bytes are ignored.
Never: a tree; recursion; bytes read again after they became events.
Why:   the same parser reads a whole response, a live stream, and thousands of candidates that the
       model did not write (``fork``), so a state is a handful of immutable values.

Grammar: RFC 8259 and UTF-8, both strict. Where RFC 8259 leaves a choice: duplicate keys are
accepted (each gives events), lone surrogate escapes are accepted, numbers of any size are accepted
(see ``grammar.decode``), a byte order mark is rejected, nesting beyond ``max_depth`` is an error.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Literal, NamedTuple, TypeAlias

from fieldconf.errors import JSONSyntaxError
from fieldconf.parsing.grammar import (
    LITERALS,
    NUMBER,
    NUMBER_MAY_END,
    STRING_BODY,
    STRING_CUT,
    WHITESPACE,
    decode,
)
from fieldconf.paths import Path

MAX_DEPTH = 1024
ENDS_EARLY = "the text ends before the value does"

EventType: TypeAlias = Literal["open", "key", "scalar", "close"]
Place: TypeAlias = Literal["value", "key", "colon", "after", "string", "number", "literal", "done"]
State: TypeAlias = tuple[Any, ...]
"""The immutable state of a parser: see ``JSONParser.state``."""


class Event(NamedTuple):
    """Something closed (or, for ``open``, began); the table above says what each field holds."""

    type: EventType
    path: Path
    start: int
    stop: int
    raw: bytes


# Builds an event from a tuple of its fields, in half of the time of ``Event(...)``.
_event: Callable[[tuple[Any, ...]], Event] = partial(tuple.__new__, Event)  # pyright: ignore[reportUnknownMemberType]


class _Frame(NamedTuple):
    """An open container, linked to its parent; immutable, so forks may share it."""

    parent: "_Frame | None"
    path: Path
    start: int
    is_object: bool
    depth: int


# The states of the parser, in the order of ``JSONParser._steps``.
_VALUE, _FIRST_ITEM, _FIRST_KEY, _KEY, _COLON, _AFTER, _STRING, _NUMBER_STATE, _LITERAL, _DONE = (
    range(10)
)
_PLACES: tuple[Place, ...] = (
    "value", "value", "key", "key", "colon", "after", "string", "number", "literal", "done",
)  # fmt: skip


class JSONParser:
    """Reads one JSON value from bytes that arrive in pieces.

    Args:
        offset: the byte offset that the first byte fed will have.
        max_depth: how many containers may be open at once.

    Attributes:
        offset: the number of bytes that were read, plus the starting offset.
        start: the offset at which the open scalar or key began.
        error: the syntax error that ended the parse, or None.
        blanks: the number of runs of white space between JSON's tokens.

    >>> parser = JSONParser()
    >>> [event.type for event in parser.feed(b'{"urgent": tr')]
    ['open', 'key']
    >>> parser.path, parser.place, parser.text
    (('urgent',), 'literal', b'tr')
    >>> [event[:4] for event in parser.feed(b"ue}")]
    [('scalar', ('urgent',), 11, 15), ('close', (), 0, 16)]
    """

    __slots__ = (
        "_chunks", "_frame", "_path", "_pending", "_state", "_want",
        "blanks", "error", "max_depth", "offset", "start",
    )  # fmt: skip

    def __init__(self, *, offset: int = 0, max_depth: int = MAX_DEPTH) -> None:
        self.offset = offset
        self.max_depth = max_depth
        self.blanks = 0
        self.error: JSONSyntaxError | None = None
        self._state = _VALUE
        self._frame: _Frame | None = None
        self._path: Path = ()  # of the value being read or expected; meaningless before a key
        self.start = offset
        # Number: the row of its table; literal: what is still missing; string: whether it is a key.
        self._want: Any = ""
        self._chunks: Any = None  # text of the open scalar, newest first: (older, bytes)
        self._pending = b""  # a character or escape that the last chunk cut off

    # -- the interface ----------------------------------------------------------------------

    def feed(self, data: bytes) -> list[Event]:
        """Read the next bytes; return the events they complete. Never raises; see ``error``."""
        if self.error is not None:
            return []
        if self._pending:
            data = self._pending + data
            self.offset -= len(self._pending)
            self._pending = b""
        base, pos, end = self.offset, 0, len(data)
        # Half of all tokens are inside of a string and close nothing.
        if self._state == _STRING and (
            data.isalnum() or (data[:1] != b'"' and _PLAIN(data) is not None)
        ):
            self._chunks = (self._chunks, data)
            self.offset = base + end
            return []
        events: list[Event] = []
        steps = self._steps
        try:
            while pos < end:
                pos = steps[self._state](self, data, pos, base, events)
        except JSONSyntaxError as error:
            # With its frames it would refer to this parser: a cycle for the garbage collector.
            self.error = error.with_traceback(None)
            self.offset = error.offset
            return events
        self.offset = base + end
        return events

    def close(self) -> list[Event]:
        """Declare the end of the bytes: a root number closes; an unfinished value is an error."""
        events: list[Event] = []
        is_number = self._state == _NUMBER_STATE and self._want in NUMBER_MAY_END
        if self.error is None and is_number and self._frame is None:
            self._end_scalar(self.offset, b"", events)
        if self.error is None and self._state != _DONE:
            self.error = JSONSyntaxError(ENDS_EARLY, self.offset)
        return events

    @property
    def state(self) -> State:
        """The state as an immutable tuple, which is cheap; ``at`` restores it."""
        return (
            self._state, self._frame, self._path, self.start, self._want, self._chunks,
            self._pending, self.offset, self.blanks, self.max_depth, self.error,
        )  # fmt: skip

    @staticmethod
    def at(state: State) -> "JSONParser":
        """A new parser in the state of another.

        >>> parser = JSONParser()
        >>> state = parser.state
        >>> events = parser.feed(b"[1")
        >>> JSONParser.at(state).feed(b"[1") == events
        True
        """
        parser = JSONParser.__new__(JSONParser)
        (
            parser._state, parser._frame, parser._path, parser.start, parser._want, parser._chunks,  # noqa: SLF001  # its own class
            parser._pending, parser.offset, parser.blanks, parser.max_depth, parser.error,  # noqa: SLF001  # its own class
        ) = state  # fmt: skip
        return parser

    def fork(self) -> "JSONParser":
        """An independent parser in the same state. Feeding either never changes the other."""
        return JSONParser.at(self.state)

    @property
    def done(self) -> bool:
        """Whether the root value is complete."""
        return self._state == _DONE and self.error is None

    @property
    def place(self) -> Place:
        """The kind of token that the parser is inside of, or expects next."""
        return "key" if self._state == _STRING and self._want else _PLACES[self._state]

    @property
    def path(self) -> Path:
        """The path of the value being read or expected; in or before a key, its container's."""
        frame = self._frame
        return frame.path if frame is not None and self.place == "key" else self._path

    @property
    def may_close(self) -> bool:
        """Whether the innermost container could end here."""
        return self._state in (_FIRST_ITEM, _FIRST_KEY, _AFTER)

    @property
    def depth(self) -> int:
        """How many containers are open."""
        return self._frame.depth if self._frame else 0

    @property
    def text(self) -> bytes:
        """The JSON text read so far of the open scalar or key."""
        return _join(self._chunks, self._pending) if self._state in _IN_SCALAR else b""

    def begun_since(self, mark: Any) -> tuple[bytes, Any] | None:
        """The JSON text of an open string value since a mark, and the next mark; else None.

        The mark None is the beginning, with the quote; so is a mark of an earlier string. The text
        has only whole characters and escapes.
        """
        if self._state != _STRING or self._want:
            return None
        pieces: list[bytes] = []
        node = self._chunks
        while node is not None and node is not mark:
            pieces.append(node[1])
            node = node[0]
        return b"".join(reversed(pieces)), self._chunks

    @property
    def open_containers(self) -> list[tuple[Path, int, bool]]:
        """Path, start and whether it is an object, of each open container, outermost first."""
        containers: list[tuple[Path, int, bool]] = []
        frame = self._frame
        while frame is not None:
            containers.append((frame.path, frame.start, frame.is_object))
            frame = frame.parent
        return containers[::-1]

    # -- steps: one per state; each takes data from pos on and returns where it stopped ---------

    def _step_value(self, data: bytes, pos: int, base: int, events: list[Event]) -> int:
        byte = data[pos]
        if byte == 0x22:
            return self._begin_string(data, pos, base, events, is_key=False)
        word = LITERALS.get(byte)
        if word is not None:
            self._state, self.start, self._want, self._chunks = _LITERAL, base + pos, word, None
            return pos
        if byte in NUMBER["start"]:
            self._state, self._want = _NUMBER_STATE, "start"
            self.start, self._chunks = base + pos, None
            whole = _WHOLE_NUMBER(data, pos)
            if whole is None:
                return pos
            stop = whole.end()
            self._end_scalar(base + stop, data[pos:stop], events)
            return stop
        if byte in b"{[":
            self._push(byte, base + pos, events)
            return pos + 1
        return self._skip_whitespace(data, pos, base, "expected a value")

    def _step_first(self, data: bytes, pos: int, base: int, events: list[Event]) -> int:
        is_object = self._state == _FIRST_KEY
        if data[pos] == (0x7D if is_object else 0x5D):
            return self._pop(pos + 1, base, events)
        step = self._step_key if is_object else self._step_value
        return step(data, pos, base, events)

    def _step_key(self, data: bytes, pos: int, base: int, events: list[Event]) -> int:
        if data[pos] == 0x22:
            return self._begin_string(data, pos, base, events, is_key=True)
        return self._skip_whitespace(data, pos, base, "expected a key")

    def _step_colon(self, data: bytes, pos: int, base: int, _events: list[Event]) -> int:
        if data[pos] == 0x3A:
            self._state = _VALUE
            return pos + 1
        return self._skip_whitespace(data, pos, base, "expected ':'")

    def _step_after(self, data: bytes, pos: int, base: int, events: list[Event]) -> int:
        byte, frame = data[pos], self._frame
        assert frame is not None  # for the type checker: the root's end is _DONE
        if byte == 0x2C:
            if frame.is_object:
                if data[pos + 1 : pos + 2] == b'"':  # most often, in the same token
                    return self._begin_string(data, pos + 1, base, events, is_key=True)
                self._state = _KEY
            else:
                self._state, self._path = _VALUE, (*frame.path, int(self._path[-1]) + 1)
            return pos + 1
        if byte == (0x7D if frame.is_object else 0x5D):
            return self._pop(pos + 1, base, events)
        return self._skip_whitespace(data, pos, base, "expected ',' or the end of the container")

    def _step_string(self, data: bytes, pos: int, base: int, events: list[Event]) -> int:
        stop = pos
        if data[pos] != 0x22:
            stop = STRING_BODY.match(data, pos).end()  # pyright: ignore[reportOptionalMemberAccess]  # "*" matches always
        if stop < len(data) and data[stop] == 0x22:
            return self._end_string(data, pos, stop + 1, base, events)
        if stop > pos:
            self._chunks = (self._chunks, data[pos:stop])
        if stop < len(data):
            cut = STRING_CUT.match(data, stop)
            reached = cut.end() if cut else stop
            if reached < len(data):
                raise JSONSyntaxError("not a character of a JSON string", base + reached)
            self._pending = data[stop:]
        return len(data)

    def _step_number(self, data: bytes, pos: int, base: int, events: list[Event]) -> int:
        state, stop = self._want, pos
        while stop < len(data):
            following = NUMBER[state].get(data[stop])
            if following is None:
                break
            state, stop = following, stop + 1
        self._want = state
        if stop == len(data):
            self._chunks = (self._chunks, data[pos:])
            return stop
        if state not in NUMBER_MAY_END:
            self._chunks = (self._chunks, data[pos:stop])
            raise JSONSyntaxError("not a number", base + stop)
        self._end_scalar(base + stop, data[pos:stop], events)
        return stop

    def _step_literal(self, data: bytes, pos: int, base: int, events: list[Event]) -> int:
        missing: bytes = self._want
        piece = data[pos : pos + len(missing)]
        if not missing.startswith(piece):
            wrong = next(i for i, byte in enumerate(piece) if byte != missing[i])
            self._chunks = (self._chunks, piece[:wrong])
            raise JSONSyntaxError("not true, false or null", base + pos + wrong)
        self._want = missing[len(piece) :]
        if self._want:
            self._chunks = (self._chunks, piece)
        else:
            self._end_scalar(base + pos + len(piece), piece, events)
        return pos + len(piece)

    def _step_done(self, data: bytes, pos: int, base: int, _events: list[Event]) -> int:
        return self._skip_whitespace(data, pos, base, "text after the value")

    # -- moves ------------------------------------------------------------------------------

    def _skip_whitespace(self, data: bytes, pos: int, base: int, problem: str) -> int:
        stop = WHITESPACE.match(data, pos).end()  # pyright: ignore[reportOptionalMemberAccess]  # "*" matches always
        if stop == pos:
            raise JSONSyntaxError(problem, base + pos)
        self.blanks += 1
        return stop

    def _begin_string(
        self, data: bytes, pos: int, base: int, events: list[Event], *, is_key: bool
    ) -> int:
        self._state, self.start, self._want = _STRING, base + pos, is_key
        whole = _WHOLE_STRING(data, pos) if pos + 1 < len(data) else None
        if whole is not None:
            self._chunks = None
            return self._end_string(data, pos, whole.end(), base, events)
        self._chunks = (None, b'"')
        return pos + 1

    def _push(self, byte: int, start: int, events: list[Event]) -> None:
        path, depth = self.path, self._frame.depth + 1 if self._frame else 1
        if depth > self.max_depth:
            raise JSONSyntaxError(f"nested deeper than {self.max_depth}", start)
        is_object = byte == 0x7B
        self._frame = _Frame(self._frame, path, start, is_object, depth)
        if is_object:
            self._state = _FIRST_KEY
        else:
            self._state, self._path = _FIRST_ITEM, (*path, 0)
        events.append(_event(("open", path, start, start + 1, b"{" if is_object else b"[")))

    def _pop(self, pos: int, base: int, events: list[Event]) -> int:
        frame = self._frame
        assert frame is not None  # for the type checker: only in a container
        self._frame = frame.parent
        self._path = frame.path
        self._state = _AFTER if frame.parent else _DONE
        opener = b"{" if frame.is_object else b"["
        events.append(_event(("close", frame.path, frame.start, base + pos, opener)))
        return pos

    def _end_string(self, data: bytes, pos: int, stop: int, base: int, events: list[Event]) -> int:
        raw, frame = data[pos:stop], self._frame
        if self._chunks is not None:
            raw, self._chunks = _join(self._chunks, raw), None
        if not self._want:
            self._state = _AFTER if frame else _DONE
            events.append(_event(("scalar", self._path, self.start, base + stop, raw)))
            return stop
        assert frame is not None  # for the type checker: keys live in objects
        name = _decode_key(raw) if len(raw) <= _LONGEST_KEPT else decode(raw)
        path = self._path = (*frame.path, name)
        events.append(_event(("key", path, self.start, base + stop, raw)))
        following = data[stop : stop + 2]  # most often, with a colon
        if following == b':"':
            return self._begin_string(data, stop + 1, base, events, is_key=False)
        is_colon = following[:1] == b":"
        self._state = _VALUE if is_colon else _COLON
        return stop + is_colon

    def _end_scalar(self, stop: int, last: bytes, events: list[Event]) -> None:
        raw = _join(self._chunks, last)
        events.append(_event(("scalar", self._path, self.start, stop, raw)))
        self._state, self._chunks = (_AFTER if self._frame else _DONE), None

    _steps = (
        _step_value, _step_first, _step_first, _step_key, _step_colon, _step_after,
        _step_string, _step_number, _step_literal, _step_done,
    )  # fmt: skip


# Bytes that mean themselves inside a string.
_PLAIN = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7f]+").fullmatch
# Scalars that are complete in one piece.
_WHOLE_STRING = re.compile(b'"' + STRING_BODY.pattern + b'"').match
_WHOLE_NUMBER = re.compile(
    rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?=[,\]} \n])"
).match
_decode_key = lru_cache(maxsize=1024)(decode)  # an answer has few keys, and has them often
_LONGEST_KEPT = 64  # bytes
_IN_SCALAR = frozenset({_STRING, _NUMBER_STATE, _LITERAL})


def _join(chunks: Any, last: bytes) -> bytes:
    """The text of a linked list of chunks (newest first) and one more piece at its end."""
    if chunks is None:
        return last
    pieces = [last]
    while chunks is not None:
        chunks, piece = chunks
        pieces.append(piece)
    return b"".join(reversed(pieces))


def parse(data: bytes, *, max_depth: int = MAX_DEPTH) -> list[Event]:
    """All events of one whole JSON text.

    Raises:
        JSONSyntaxError: if the text is not JSON, with the byte offset at which it stops being so.

    >>> [event.type for event in parse(b"[1]")]
    ['open', 'scalar', 'close']
    """
    parser = JSONParser(max_depth=max_depth)
    events = parser.feed(data) + parser.close()
    if parser.error:
        raise parser.error
    return events
