"""Alignment: which tokens wrote each value.

In:    pieces of the answer's text in order, each with the token that wrote it.
Out:   each value as it closes: its event, the pieces that touch it, and its approach (the parser
       states before the pieces in which the value could still have become something else).
Never: a score; a second look at bytes already read.
Why:   whole responses and live streams take the same road, so they cannot disagree.

A piece *touches* a value when it overlaps the value's JSON text, quotes included. A piece without
bytes touches the value it stands strictly inside of (some servers list parts of a character so).
A piece may touch several values (``","``, ``true}``); *ownership* gives it to one: the first leaf
it touches, else "structure" if it touches the root value, else "outside".
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias

from fieldconf.errors import JSONSyntaxError
from fieldconf.finder import Finder
from fieldconf.jsonparser import Event, JSONParser, State
from fieldconf.paths import Path

Owner: TypeAlias = Path | Literal["structure", "outside"]


class Step:
    """A token at the place where it was chosen.

    Attributes:
        piece: its position among the pieces.
        token: its index, or None where no listed token wrote these bytes.
        written: the bytes it wrote.
        start: where these begin in the answer.
    """

    __slots__ = ("_parser", "piece", "start", "token", "written")

    def __init__(
        self, piece: int, token: int | None, parser: JSONParser | State, written: bytes,
        start: int = 0,
    ) -> None:  # fmt: skip
        self.piece, self.token, self.written, self.start = piece, token, written, start
        self._parser = parser

    @property
    def parser(self) -> JSONParser:
        """The state before it (fork it, do not feed it); made when first asked for."""
        parser = self._parser
        if isinstance(parser, tuple):
            parser = self._parser = JSONParser.at(parser)
        return parser


class Aligned(NamedTuple):
    """A value that closed, an ``open`` one that began, or a key.

    ``first`` and ``last`` delimit the touching pieces, half-open. The others are what ``approach``
    is made of: most values are never asked for it.
    """

    event: Event
    first: int
    last: int
    edge: int
    trail: Any
    steps: dict[int, Step]

    @property
    def approach(self) -> tuple[Step, ...]:
        """The steps from the end of what came before up to the piece in which it closed.

        What came before a value is its key or the previous item, before a key the previous value.
        """
        found: list[Step] = []
        trail, edge, steps = self.trail, self.edge, self.steps
        while trail is not None and trail[1] > edge:
            older, end, piece, token, state, written = trail
            step = steps.get(piece)
            if step is None:
                step = steps[piece] = Step(piece, token, state, written, end - len(written))
            found.append(step)
            trail = older
        found.reverse()
        return tuple(found)


# Of a tuple of its fields, in half of the time.
_aligned: Callable[[tuple[Any, ...]], Aligned] = partial(tuple.__new__, Aligned)  # pyright: ignore[reportUnknownMemberType]
_MOST_STEPS = 64  # made steps are kept for the neighbours, who share them; so many at least


class Aligner:
    """Feed it pieces; it returns what they closed.

    Args:
        finder: the parser to use.

    Attributes:
        tokens: for each piece fed, the index of its token, or None.
    """

    def __init__(self, finder: Finder | None = None) -> None:
        self.tokens: list[int | None] = []
        self._finder = finder or Finder()
        self._value: JSONParser | None = None  # once the value is found for sure, until it ends
        self._starts: list[int] = []  # byte offset of each piece
        self._end = 0  # of the last piece
        self._edge = 0  # where the last event ended
        # The pieces since the last edge, newest first: (older, end, piece, token, state, written).
        self._trail: Any = None
        self._steps: dict[int, Step] = {}

    @property
    def error(self) -> JSONSyntaxError | None:
        """Why the answer is not JSON, or None so far."""
        return self._finder.error

    @property
    def done(self) -> bool:
        """Whether the root value is complete."""
        return self._finder.done

    @property
    def parser(self) -> JSONParser | None:
        """The parser at work on the value, for what is still open."""
        return self._finder.parser

    def feed(self, written: bytes, token: int | None) -> list[Aligned]:
        """Take the bytes that one token wrote; return the events they caused."""
        starts, start, parser = self._starts, self._end, self._value
        piece = len(starts)
        starts.append(start)
        self.tokens.append(token)
        end = self._end = start + len(written)
        if parser is None:
            return self._search(written, piece, token)
        self._trail = (self._trail, end, piece, token, parser.state, written)
        events = parser.feed(written)
        if not events and parser.error is None:
            return []
        self._finder.note(events)  # its parser was fed without it
        return self._align(events, start)

    def _search(self, written: bytes, piece: int, token: int | None) -> list[Aligned]:
        """Take a piece before the value is found for sure, or behind it."""
        finder, start = self._finder, self._starts[piece]
        if finder.done or finder.error is not None:
            return []
        before = finder.parser or JSONParser(offset=start)
        state = before.state
        events = finder.feed(written)
        if finder.parser is not None:  # else it stands before the value: no choice within it
            self._trail = (self._trail, self._end, piece, token, state, written)
        return self._align(events, start)

    def close(self) -> list[Aligned]:
        """Say that nothing follows; return what that closed."""
        return self._align(self._finder.close(), self._end)

    def touching(self, start: int, stop: int) -> tuple[int, int]:
        """The half-open range of the pieces that touch the bytes ``start:stop``."""
        starts, count = self._starts, len(self._starts)
        # Most often the last piece is one end of the range.
        first = count - 1 if starts[-1] <= start else bisect_right(starts, start) - 1
        return first, count if starts[-1] < stop else bisect_left(starts, stop, first)

    def is_shared(self, first: int, last: int, start: int, stop: int) -> bool:
        """Whether the pieces ``first:last`` also hold bytes outside of ``start:stop``."""
        end = self._starts[last] if last < len(self._starts) else self._end
        return self._starts[first] < start or end > stop

    def owners(
        self, leaves: Sequence[tuple[int, int, Path]], root: tuple[int, int] | None
    ) -> list[Owner]:
        """One owner for each piece; ``leaves`` are (start, stop, path) in document order."""
        owned: list[Owner] = ["outside"] * len(self._starts)
        if root is not None:
            first, last = self.touching(*root)
            structure: list[Owner] = ["structure"]
            owned[first:last] = structure * (last - first)
        for start, stop, path in reversed(leaves):
            first, last = self.touching(start, stop)
            owned[first:last] = [path] * (last - first)
        return owned

    def _align(self, events: list[Event], begin: int) -> list[Aligned]:
        """The events that the last piece caused, which begins there."""
        self._value = self._finder.found
        if not events:
            return []
        trail, edge, steps = self._trail, self._edge, self._steps
        if len(steps) > _MOST_STEPS:
            steps.clear()
        made: list[Aligned] = []
        for event in events:
            _, path, start, stop, _ = event
            if start > edge and not path:
                edge = start  # before the root there may be prose, with attempts that failed
            first, last = self.touching(start, stop)
            made.append(_aligned((event, first, last, edge, trail, steps)))
            edge = stop
        self._edge = edge
        if edge >= begin:  # else events were withheld: more pieces are open
            self._trail = (None, *trail[1:]) if trail and trail[1] > edge else None
        return made
