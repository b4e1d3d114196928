r"""Search: finds one JSON value inside of other text.

In:    bytes of an answer from some offset on, cut anywhere: reasoning, prose, a Markdown fence,
       the value.
Out:   the parser of the value as soon as it is certain, and its first events.
Never: an event before that. An attempt is tentative until its first value closes (or it is 4 KiB
       long, or ``max_depth`` deep). If it fails before, the search continues after its first byte.
       A later syntax error is an error of the value.
Why:   models wrap their answers, and ``{see below}`` in prose is not a value.

A bracketed value may be anywhere. A scalar must be the whole text, except for white space and a
fence: the word "true" in a sentence is not an answer. (Only the first 4 KiB of a scalar and the
text after it are checked.)
"""

import re

from fieldconf.errors import JSONSyntaxError
from fieldconf.parsing.parser import Event, JSONParser
from fieldconf.parsing.reasoning import ENDINGS, FINAL, REASONING, any_of

_OPENINGS = {marks.opening: marks.closing for marks in REASONING}
_ENDINGS = frozenset(ENDINGS)
_MARKS = (*ENDINGS, *_OPENINGS)
_LONGEST = max(map(len, _MARKS))
_STOPS = re.compile(any_of(_MARKS) + rb"|[{\[]")  # what the search looks for in prose
_CUT = re.compile(
    b"(?:%s)\\Z" % any_of({mark[:size] for mark in _MARKS for size in range(1, len(mark))})
)  # a mark that the end of the data may cut off
_CLOSINGS = {
    marks.closing: re.compile(any_of((marks.closing, *FINAL))) for marks in REASONING
}  # what ends reasoning that was opened, by its closing mark
# A fence that the text's end may still cut off has no group.
_FENCE = re.compile(rb"```[a-zA-Z0-9]{0,16}[ \t]{0,16}(?:(\r?\n)|\r?\Z)")
_SCALAR_FIRST = b'"-0123456789tfn'
_BLANK = b" \t\r\n"
_BLANKS = re.compile(rb"[ \t\r\n]*")
_ENDS = frozenset({"scalar", "close"})
_TENTATIVE_BYTES = 4096
BLOCK = 256
"""How many bytes an attempt gets at once: in prose it fails within a few."""


def is_end(event: Event) -> bool:
    """Whether this is the end of the whole value."""
    return not event.path and event.type in _ENDS


class Search:
    """Looks for the next JSON value.

    Args:
        offset: where it begins.
        max_depth: as for ``JSONParser``.
        is_behind: whether it begins after a value. Then reasoning may begin anywhere; else only at
            the beginning of the text, since prose before the value may mention a mark.

    Attributes:
        is_behind: whether it is after a value that is outside of reasoning.
        parser: the parser of the attempt, or None; once ``feed`` has found the value, its parser.
        first: the first byte of the attempt.
        start: where the attempt begins.
        held: the events of the attempt.
        has_left: whether reasoning has ended, so that the answer is still to come.
        nearest: among the errors of failed attempts, the one at the largest offset.
    """

    __slots__ = (
        "_closing", "_failed", "_hopeless", "_is_sure", "_offset", "_pending", "_phase",
        "_prose", "_scalar", "first", "has_left", "held", "is_behind", "max_depth", "nearest",
        "parser", "start",
    )  # fmt: skip

    def __init__(self, offset: int, *, max_depth: int, is_behind: bool = False) -> None:
        self.max_depth = max_depth
        self.parser: JSONParser | None = None
        self.first: int = 0
        self.start = offset
        self.held: tuple[Event, ...] = ()
        self.has_left = False
        self.nearest: JSONSyntaxError | None = None
        self.is_behind = is_behind
        self._is_sure = False
        self._offset = offset  # of the next byte
        self._pending: bytes = b""  # bytes from the attempt's beginning on, or not yet understood
        self._failed = -1  # where the last attempt that failed began
        self._hopeless: set[int] = set()  # other offsets at which an attempt would fail
        self._phase = "start"  # or "prose" or "reasoning"
        self._closing = b""  # the mark that ends the reasoning we are in
        self._prose = 0  # where the prose begins
        self._scalar: tuple[int, int] | None = None  # a failed one, and the bracket behind it

    @property
    def scalar(self) -> int | None:
        """The offset of a scalar right before the attempt (white space may be between); or None."""
        return self._scalar[0] if self._scalar and self._scalar[1] == self.start else None

    @property
    def is_prose(self) -> bool:
        """Whether there was prose, and no value in it."""
        is_begun = self._offset - len(self._pending) > self._prose
        return self._phase == "prose" and self.parser is None and is_begun

    def fork(self) -> "Search":
        """An independent search in the same state."""
        twin = Search.__new__(Search)
        for name in Search.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.parser = self.parser.fork() if self.parser else None
        twin._hopeless = self._hopeless.copy()  # noqa: SLF001  # its own class
        return twin

    def feed(self, data: bytes, start: int = 0) -> tuple[bytes, int] | None:
        """Take the bytes from ``start`` on.

        None: no value yet. Else: bytes with the same end as the data, and where the parser stopped.
        """
        self._offset += len(data) - start
        if self._pending:
            data, start = self._pending + data[start:], 0
        base = self._offset - len(data)
        place: int | None = start
        while place is not None:
            if self.parser is None:
                place = self._find(data, place, base)
                if place is not None:
                    self.first, self.start = data[place], base + place
                    self.parser = JSONParser(offset=self.start, max_depth=self.max_depth)
            elif self._fails(self.parser, data, place, base):
                self._give_up(self.parser)
            elif self._is_sure:
                self._pending = b""
                last = self.held[-1] if self.held else None
                stop = last.stop if last and is_end(last) else self.parser.offset
                return data, stop - base
            else:
                self._pending, place = data[place:], None
        return None

    # -- attempts: each began at ``data[start]``, and ``base`` is the offset of ``data[0]`` ------

    def _fails(self, parser: JSONParser, data: bytes, start: int, base: int) -> bool:
        """Feed an attempt; return whether it failed."""
        limit = start + _TENTATIVE_BYTES
        fails = self._bracket_fails if self.first in b"{[" else self._scalar_fails
        has_failed = fails(parser, data, min(limit, len(data)), base)
        self._is_sure |= not has_failed and len(data) >= limit
        return has_failed

    def _bracket_fails(self, parser: JSONParser, data: bytes, stop: int, base: int) -> bool:
        while not self._is_sure and (seen := parser.offset - base) < stop:
            events = parser.feed(data[seen : min(seen + BLOCK, stop)])
            self.held += tuple(events)
            if parser.depth >= self.max_depth or any(event.type in _ENDS for event in events):
                self._is_sure = True
            elif parser.error is not None:
                return True
        return False

    def _scalar_fails(self, parser: JSONParser, data: bytes, stop: int, base: int) -> bool:
        if not self.held:
            self.held = tuple(parser.feed(data[parser.offset - base : stop]))
        if not self.held:
            return parser.error is not None
        rest = data[self.held[0].stop - base : stop].lstrip(_BLANK + b"`")
        if rest:
            self._scalar = self.start, base + stop - len(rest)
        return bool(rest)

    def _give_up(self, parser: JSONParser) -> None:
        """End a failed attempt. Its first byte may still begin a mark.

        An attempt at one of its open containers would read the same bytes in the same state, and
        fail at the same place. So these are skipped, and the search stays linear.
        """
        self.parser, self.held, self._failed = None, (), self.start
        if self.first not in b"{[" or parser.error is None:  # prose that begins like a scalar
            return
        if self.nearest is None or parser.error.offset > self.nearest.offset:
            self.nearest = parser.error
        if parser.depth > 1:
            self._hopeless.update(at for _, at, _ in parser.open_containers[1:])

    # -- the search -----------------------------------------------------------------------------

    def _find(self, data: bytes, start: int, base: int) -> int | None:
        """The next place that may begin a value; None: not in this data."""
        while True:
            if self._phase == "start":
                after = self._leave_start(data, start, base)
                is_scalar = after is not None and data[after] in _SCALAR_FIRST
                if after is None or is_scalar:
                    return after
            elif self._phase == "reasoning":
                after = self._leave_reasoning(data, start)
                if after is None:
                    return None
            else:
                after = self._look(data, start, base)
                if after is None or self._phase == "prose":
                    return after
            start = after

    def _leave_start(self, data: bytes, start: int, base: int) -> int | None:
        """Skip white space and fences; None: more bytes are needed to decide."""
        while True:
            start = _BLANKS.match(data, start).end()  # pyright: ignore[reportOptionalMemberAccess]  # "*" matches always
            fence = _FENCE.match(data, start)
            if fence is None or not fence[1]:
                break
            start = fence.end()
        if fence or (len(data) - start < 3 and b"```".startswith(data[start:])):
            self._pending = data[start:]
            return None
        self._phase, self._prose = "prose", base + start
        return start

    def _look(self, data: bytes, start: int, base: int) -> int | None:
        """The next bracket in prose; or the place after a mark, in another phase."""
        for match in _STOPS.finditer(data, start):
            word, at = match[0], base + match.start()
            if word in _ENDINGS:
                self._leave()
                return match.end()
            if word in _OPENINGS and (self.is_behind or at == self._prose):
                self._phase, self._closing, self.nearest = "reasoning", _OPENINGS[word], None
                return match.end()
            if word[0] in b"{[" and at != self._failed and at not in self._hopeless:
                return match.start()
        cut = _CUT.search(data, max(start, len(data) - _LONGEST))
        self._pending, self._hopeless = data[cut.start() :] if cut else b"", set()
        return None

    def _leave_reasoning(self, data: bytes, start: int) -> int | None:
        match = _CLOSINGS[self._closing].search(data, start)
        if match is None:
            self._pending = data[max(start, len(data) - _LONGEST) :]
            return None
        self._phase = "start"
        if match[0] in FINAL:
            self._leave()
        return match.end()

    def _leave(self) -> None:
        """End the reasoning, with or without an opening mark."""
        self._phase, self.is_behind, self.has_left = "start", False, True
        self._scalar, self.nearest = None, None
