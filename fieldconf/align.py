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
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from fieldconf.errors import JSONSyntaxError
from fieldconf.finder import Finder
from fieldconf.jsonparser import Event, JSONParser
from fieldconf.paths import Path

Owner: TypeAlias = Path | Literal["structure", "outside"]


class Step(NamedTuple):
    """A token at the place where it was chosen.

    ``piece`` is its position among the pieces, ``token`` its index, or None where no listed token
    wrote these bytes; ``parser`` is the state before it (fork it, do not feed it); ``written`` are
    the bytes it wrote.
    """

    piece: int
    token: int | None
    parser: JSONParser
    written: bytes


class Aligned(NamedTuple):
    """A value that closed, an ``open`` one that began, or a key.

    ``first`` and ``last`` delimit the touching pieces, half-open. ``approach`` holds the steps
    from the end of what came before (of a value the key or the previous item, of a key the value
    before it) up to the piece in which it closed.
    """

    event: Event
    first: int
    last: int
    approach: tuple[Step, ...]


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
        self._starts: list[int] = []  # byte offset of each piece
        self._steps: list[tuple[int, Step]] = []  # (end of the piece, step), since the last edge
        self._edge = 0  # where the last event ended

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
        finder = self._finder
        if finder.done or finder.error is not None:
            self._add(token)
            finder.offset += len(written)
            return []
        parser = finder.parser
        before = JSONParser(offset=finder.offset) if parser is None else parser.fork()
        self._add(token)
        events = finder.feed(written)
        if finder.parser is not None:  # else it stands before the value: no choice within it
            self._steps.append((finder.offset, Step(len(self._starts) - 1, token, before, written)))
        return [self._align(event) for event in events] if events else []

    def close(self) -> list[Aligned]:
        """Say that nothing follows; return what that closed."""
        return [self._align(event) for event in self._finder.close()]

    def touching(self, start: int, stop: int) -> tuple[int, int]:
        """The half-open range of the pieces that touch the bytes ``start:stop``."""
        first = bisect_right(self._starts, start) - 1
        return first, bisect_left(self._starts, stop, lo=first)

    def is_shared(self, first: int, last: int, start: int, stop: int) -> bool:
        """Whether the pieces ``first:last`` also hold bytes outside of ``start:stop``."""
        end = self._starts[last] if last < len(self._starts) else self._finder.offset
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

    def _add(self, token: int | None) -> None:
        self._starts.append(self._finder.offset)
        self.tokens.append(token)

    def _align(self, event: Event) -> Aligned:
        # Before the root there may be prose, with attempts in it that failed.
        edge = self._edge if event.path else max(self._edge, event.start)
        if self._steps and self._steps[0][0] <= edge:
            self._steps = [pair for pair in self._steps if pair[0] > edge]
        approach = tuple([step for _, step in self._steps])
        aligned = Aligned(event, *self.touching(event.start, event.stop), approach)
        self._edge = event.stop
        return aligned
