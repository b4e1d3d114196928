"""Alignment: which tokens wrote each value.

In:    pieces of the answer's text in order, each with the token that wrote it.
Out:   each value when it closes: its event, the pieces that touch it, and its decision steps (the
       parser states before the pieces in which the value could still have become another one).
Never: a score; bytes read a second time, except for parser states that a caller requests.
Why:   whole responses and live streams use the same code, so their results are equal.

A piece *touches* a value if it overlaps the value's JSON text, quotes included. A piece without
bytes touches the value if it is strictly inside of it (some servers list parts of a character so).
A piece may touch several values (``","``, ``true}``). Its *owner* is the first leaf that it
touches, else "structure" if it touches the root value, else "outside".
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from fieldconf.parsing.finder import Finder
from fieldconf.parsing.parser import Event, JSONParser, State
from fieldconf.tokens.spelling import TokenPiece
from fieldconf.tokens.token import unchecked


class Replay:
    """The parser states before the pieces of a part of the answer, found by reading it again.

    It continues from the last request, so requests in order read the part once.
    """

    __slots__ = ("_data", "_parser", "_start", "_state")

    def __init__(self, state: State, start: int, data: bytes) -> None:
        self._state, self._start, self._data = state, start, data
        self._parser = JSONParser.at(state)

    def before(self, offset: int) -> JSONParser:
        """The state before the byte at this offset."""
        if self._parser.offset > offset:
            self._parser = JSONParser.at(self._state)
        seen = self._parser.offset - self._start
        self._parser.feed(self._data[seen : offset - self._start])
        return self._parser.fork()


class AlignedStep:
    """A token and the parser state before it.

    Attributes:
        piece: its position among the pieces.
        token: its index, or None if no listed token wrote these bytes.
        written: the bytes that it wrote.
        start: the offset of these bytes in the answer.
    """

    __slots__ = ("_parser", "_readings", "piece", "start", "token", "written")

    def __init__(
        self, piece: int, token: int | None, parser: JSONParser | State | Replay, written: bytes,
        start: int = 0,
    ) -> None:  # fmt: skip
        self.piece, self.token, self.written, self.start = piece, token, written, start
        self._parser = parser
        self._readings: dict[bytes, tuple[JSONParser, list[Event]]] = {}

    @property
    def parser(self) -> JSONParser:
        """The state before it, built at the first access. Fork it; do not feed it."""
        parser = self._parser
        if isinstance(parser, tuple):
            parser = self._parser = JSONParser.at(parser)
        elif isinstance(parser, Replay):
            parser = self._parser = parser.before(self.start)
        return parser

    def read(self, data: bytes) -> tuple[JSONParser, list[Event]]:
        """The state after these bytes in place of the token (do not feed it), and their events.

        A token may close many values, and each of them reads the same candidates. So readings with
        many events are kept.
        """
        reading = self._readings.get(data)
        if reading is None:
            fork = self.parser.fork()
            reading = fork, fork.feed(data)
            if len(reading[1]) > _FEW_EVENTS:
                self._readings[data] = reading
        return reading


class Aligned(NamedTuple):
    """A value that closed, an ``open`` one that began, or a key.

    ``first`` and ``last`` delimit the touching pieces, half-open; ``edge`` is the end of the
    previous event. ``run`` is the part of the answer that was read last, and ``by`` its reader:
    ``decision_steps`` are built from them on request, which is rare.
    """

    event: Event
    first: int
    last: int
    edge: int
    run: "PieceRun | None"
    by: "Aligner"

    @property
    def decision_steps(self) -> tuple[AlignedStep, ...]:
        """The steps from the end of the previous event to the piece in which this one closed.

        The previous event of a value is its key or the previous item; of a key, the previous value.
        """
        return self.by.decision_steps(self.event, self.edge, self.run)


class PieceRun(NamedTuple):
    """Pieces, linked to the earlier ones: their half-open range, the offset of its end, its bytes.

    ``state`` is the parser state before the first piece; only the last piece caused events.
    ``steps`` are those built so far, by piece; the runs of a value share them.
    """

    older: "PieceRun | None"
    first: int
    last: int
    end: int
    state: State
    data: bytes
    steps: dict[int, AlignedStep]


_aligned, _run = unchecked(Aligned), unchecked(PieceRun)
_FEW_EVENTS = 4
_MOST_STEPS = 64  # built steps are kept for neighbours that share them, at least this many


class Aligner:
    """Receives pieces; returns the values that they closed.

    Args:
        finder: the parser to use.

    Attributes:
        tokens: for each piece fed, the index of its token, or None.
        finder: the parser, with its state: the error, whether it is done, what is still open.
    """

    def __init__(self, finder: Finder | None = None) -> None:
        self.tokens: list[int | None] = []
        self.finder = finder or Finder()
        self._value: JSONParser | None = None  # from the moment the value is found until it ends
        self._starts: array[int] = array("q")  # byte offset of each piece
        self._end = 0  # of the last piece
        self._edge = 0  # where the last event ended
        self._run: PieceRun | None = None  # what was read since the last edge, newest first
        # What was read after that, and caused no event so far:
        self._parts: list[bytes] = []
        self._first, self._state = 0, JSONParser().state  # its first piece, the state before that
        self._steps: dict[int, AlignedStep] = {}  # the steps built from it
        self._replays: dict[int, Replay] = {}  # by their run's first piece

    @property
    def pieces(self) -> list[TokenPiece]:
        """All pieces fed."""
        stops = [*self._starts[1:], self._end]
        return list(map(TokenPiece, self.tokens, self._starts, stops))

    def feed(self, written: bytes, token: int | None) -> list[Aligned]:
        """Take the bytes that one token wrote; return the events they caused."""
        starts, start, parser = self._starts, self._end, self._value
        starts.append(start)
        self.tokens.append(token)
        self._end = start + len(written)
        if parser is None:
            return self._search(written, written)
        return self._read(parser, written) + self._rest(written, start)

    def feed_all(
        self, data: bytes, tokens: Sequence[int | None], starts: Sequence[int]
    ) -> list[Aligned]:
        """Take many pieces at once: their bytes, and where each begins in the answer."""
        aligned: list[Aligned] = []
        first, begin, count = 0, self._end, len(tokens)
        before = len(self._starts)
        if not before:
            self._value = self.finder.begin(data)
        while first < count:
            value = self._value
            if value is None:  # one by one until the value is found
                stop = starts[first + 1] - begin if first + 1 < count else len(data)
                aligned += self.feed(data[self._end - begin : stop], tokens[first])
            else:
                self._starts.extend(starts[first:])
                self.tokens += tokens[first:]
                written = data[self._end - begin :]
                self._end += len(written)
                aligned += self._read(value, written)
                aligned += self._take_back(data, begin)
            first = len(self._starts) - before
        return aligned

    def _take_back(self, data: bytes, begin: int) -> list[Aligned]:
        """If the value has ended, remove the pieces after it: they are yet to be fed."""
        if self._value is not None:
            return []
        count = bisect_left(self._starts, self.finder.offset)
        if count < len(self._starts):
            self._end = self._starts[count]
            del self._starts[count:], self.tokens[count:]
        last = self._starts[-1]
        return self._rest(data[last - begin : self._end - begin], last)

    def _read(self, parser: JSONParser, data: bytes) -> list[Aligned]:
        """Take more of the value, without the finder's search."""
        self._parts.append(data)
        events = parser.feed(data)
        is_over = parser.error is not None or (bool(events) and not events[-1].path)
        if is_over:
            self.finder.note(events)
            self._value = None
        aligned = self._align(events) if events else []
        if is_over:
            self._run, self._parts, self._steps = None, [], {}
        return aligned

    def _rest(self, written: bytes, start: int) -> list[Aligned]:
        """If the value has ended, take the rest of its last piece, which begins at ``start``."""
        stop = self.finder.offset
        if self._value is not None or stop == self._end:
            return []
        return self._search(written, written[stop - start :])

    def _search(self, written: bytes, data: bytes) -> list[Aligned]:
        """Take the end of a piece from before the value is found, or from after the value."""
        finder, count = self.finder, len(self._starts)
        state = (finder.attempt or JSONParser(offset=self._starts[-1])).state
        events = finder.feed(data)
        parser = finder.attempt or (finder.parser if events else None)
        if parser is not None:  # else it is outside of the value
            self._run = PieceRun(
                self._run, count - 1, count, self._end, state, written, self._steps
            )
            self._first, self._state = count, parser.state
        self._value = finder.found
        return self._align(events)

    def close(self) -> list[Aligned]:
        """Declare the end of the answer; return what that closed."""
        return self._align(self.finder.close())

    def touching(self, start: int, stop: int) -> tuple[int, int]:
        """The half-open range of the pieces that touch the bytes ``start:stop``."""
        first = bisect_right(self._starts, start) - 1
        return first, bisect_left(self._starts, stop, first)

    def is_shared(self, first: int, last: int, start: int, stop: int) -> bool:
        """Whether the pieces ``first:last`` also hold bytes outside of ``start:stop``."""
        end = self._starts[last] if last < len(self._starts) else self._end
        return self._starts[first] < start or end > stop

    def owners(
        self, leaves: Sequence[tuple[int, int, str]], root: tuple[int, int] | None
    ) -> list[str]:
        """One owner for each piece; ``leaves`` are (start, stop, name) in document order."""
        owned = ["outside"] * len(self._starts)
        if root is not None:
            first, last = self.touching(*root)
            owned[first:last] = ["structure"] * (last - first)
        starts = self._starts
        for start, stop, name in reversed(leaves):  # as in ``touching``, most often one piece
            last = bisect_left(starts, stop)
            first = last - 1
            owned[first] = name
            if starts[first] > start:
                first = bisect_right(starts, start, 0, first) - 1
                owned[first:last] = [name] * (last - first)
        return owned

    def decision_steps(
        self, event: Event, edge: int, run: PieceRun | None
    ) -> tuple[AlignedStep, ...]:
        """The steps of an event that a run's last piece caused, or one of many read at once."""
        parts: list[list[AlignedStep]] = []
        is_number = event.type == "scalar" and event.raw[0] in b"-0123456789"
        until = bisect_right(self._starts, event.stop - (not is_number))
        while run is not None and run.end > edge:
            if run.first < until:  # else it was read after the event
                parts.append(self._steps_in(run, edge, until))
            run = run.older
        return tuple([step for steps in reversed(parts) for step in steps])

    def _steps_in(self, run: PieceRun, edge: int, until: int) -> list[AlignedStep]:
        """The steps of a run's pieces that end behind an edge, before the piece ``until``."""
        _, first, last, end, state, data, steps = run
        source: State | Replay = state
        starts, start = self._starts, end - len(data)
        if last - first > 1:
            source = self._replays.get(first) or Replay(state, start, data)
            self._replays[first] = source
            if start <= edge:
                first = bisect_right(starts, edge, first, last) - 1
        selected: list[AlignedStep] = []
        for piece in range(first, min(last, until)):
            step = steps.get(piece)
            if step is None:
                at = starts[piece]
                stop = starts[piece + 1] if piece + 1 < last else end
                written = data[at - start : stop - start]
                step = AlignedStep(piece, self.tokens[piece], source, written, at)
                steps[piece] = step
            selected.append(step)
        return selected

    def _align(self, events: list[Event]) -> list[Aligned]:
        """The events that the last piece caused."""
        if not events:
            return []
        starts, edge, run = self._starts, self._edge, self._cut()
        count, newest = len(starts), starts[-1]
        aligned: list[Aligned] = []
        for event in events:
            _, path, start, stop, _ = event
            if start > edge and not path:
                edge = start  # prose and failed attempts may precede the root
            # As in ``touching``; most often the newest piece is one end of the range.
            first = count - 1 if newest <= start else bisect_right(starts, start) - 1
            last = count if newest < stop else bisect_left(starts, stop, first)
            aligned.append(_aligned((event, first, last, edge, run, self)))
            edge = stop
        self._edge = edge
        if run is not None and edge >= run.end - len(run.data):  # else events were withheld
            self._run = _run((None, *run[1:])) if run.end > edge else None
        return aligned

    def _cut(self) -> PieceRun | None:
        """Make a run of everything read since the last one."""
        if len(self._steps) > _MOST_STEPS:
            self._steps, self._replays = {}, {}
        parts = self._parts
        if parts:
            data = parts[0] if len(parts) == 1 else b"".join(parts)
            count = len(self._starts)
            self._run = _run(
                (self._run, self._first, count, self._end, self._state, data, self._steps)
            )
            self._parts = []
            if self._value is not None:
                self._first, self._state = count, self._value.state
        return self._run
