"""The finder: the JSON parser, started at the first value inside of other text.

In:    bytes of an answer, cut anywhere: reasoning in tags, prose, a Markdown fence, the value,
       more prose.
Out:   the parser's events, offsets counted over the whole text.
Never: an event taken back. An attempt is tentative, its events withheld, until its first scalar
       closes (or 4 KiB are read); if it fails before that, the search goes on one byte after its
       beginning. A syntax error after that is the answer's, not the search's.
Why:   models wrap their answers, and ``{see below}`` in prose is not a value.

A bracketed value may stand anywhere. A scalar at the root must be all there is, white space and a
fence aside: the word "true" in a sentence is not an answer.
"""

import re

from fieldconf.errors import JSONSyntaxError
from fieldconf.jsonparser import MAX_DEPTH, Event, JSONParser

_TAGS = (b"<think>", b"<thinking>", b"<reasoning>")
_FENCE = re.compile(rb"```[a-zA-Z0-9]{0,16}[ \t]*(\r?\n|\Z)")
_SCALAR_FIRST = b'"-0123456789tfn'
_BLANK = b" \t\r\n"
_ENDS = ("scalar", "close")
_NOTHING = "no JSON value in the text"
_TENTATIVE_BYTES = 4096
_BLOCK = 256  # an attempt in prose fails within a few bytes; feed it no more than needed


class Finder:
    """A parser that looks for its value first. The faces are the parser's.

    Args:
        openers: the bytes that may begin the value, of ``{`` and ``[``.
        scalars: whether the whole text may be a scalar.
        max_depth: as for ``JSONParser``.

    Attributes:
        offset: bytes taken.
        error: why there is no complete value, or None.
        parser: the parser at work on the value, None while none has been found.

    >>> finder = Finder()
    >>> events = finder.feed(b'Sure {as asked}:\\n```json\\n{"a": 1}\\n```')
    >>> [(event.type, event.start) for event in events]
    [('open', 25), ('key', 26), ('scalar', 31), ('close', 25)]
    """

    __slots__ = ("_held", "_is_committed", "_is_done", "_nearest", "_openers", "_pending", "_phase", "_scalars",
                 "error", "max_depth", "offset", "parser")  # fmt: skip

    def __init__(
        self, *, openers: bytes = b"{[", scalars: bool = True, max_depth: int = MAX_DEPTH
    ) -> None:
        self.offset = 0
        self.error: JSONSyntaxError | None = None
        self.parser: JSONParser | None = None
        self.max_depth = max_depth
        self._openers = openers
        self._scalars = scalars
        self._is_committed = False
        self._is_done = False
        self._nearest: JSONSyntaxError | None = None  # of the attempts that failed
        self._held: tuple[Event, ...] = ()  # the attempt's events, not yet given out
        self._pending = b""  # bytes from the attempt's beginning on, or not yet understood
        self._phase = b"start"  # "start", "prose", or the closing tag of the reasoning we are in

    @property
    def done(self) -> bool:
        """Whether the value is complete."""
        return self._is_done

    def fork(self) -> "Finder":
        """An independent finder in the same state."""
        twin = Finder.__new__(Finder)
        for name in Finder.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.parser = self.parser.fork() if self.parser else None
        return twin

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes; return what they closed. Never raises; see ``error``."""
        self.offset += len(data)
        if self._is_committed:
            return self._read(data)
        data = self._pending + data
        base, start = self.offset - len(data), 0
        while start is not None:
            if self.parser is None:
                start = self._begin(data, start, base)
            elif self._fails(data, start, base):
                start = self._give_up(data, start, base)
            elif self._is_committed:
                return self._read(data[self.parser.offset - base :])
            else:
                self._pending, start = data[start:], None
        return []

    def close(self) -> list[Event]:
        """Say that no byte follows."""
        self._is_committed = True
        events = self._read(b"")
        if self.parser is None:
            nearest = self._nearest
            problem = f"no JSON value in the text ({nearest.problem})" if nearest else _NOTHING
            self.error = JSONSyntaxError(problem, nearest.offset if nearest else self.offset)
        elif not self._is_done:
            events += self._note(self.parser.close())
        return events

    def _read(self, data: bytes) -> list[Event]:
        """Feed the value found; what follows it is not ours."""
        events = self._note(list(self._held))
        self._held, self._pending = (), b""
        if self.parser is not None and not self._is_done:
            events += self._note(self.parser.feed(data))
        return events

    def _note(self, events: list[Event]) -> list[Event]:
        """Notice the end of the value, and errors before it."""
        if events and events[-1].path == () and events[-1].type in _ENDS:
            self._is_done = True
        elif self.parser is not None and not self._is_done:
            self.error = self.parser.error
        return events

    # -- attempts ---------------------------------------------------------------------------

    def _fails(self, data: bytes, start: int, base: int) -> bool:
        """Feed the attempt that began at ``data[start]``; say whether it turned out to be none."""
        parser = self.parser
        assert parser is not None
        is_scalar = data[start] not in b"{["
        while not self._is_committed and (seen := parser.offset - base) < len(data):
            if is_scalar and self._held:
                return bool(data[self._held[0].stop - base :].strip(_BLANK + b"`"))
            self._held += tuple(parser.feed(data[seen : seen + _BLOCK]))
            closed = any(event.type in _ENDS for event in self._held)
            is_deep = len(parser.open_containers) >= self.max_depth
            if parser.error is not None and not closed and not is_deep:
                return True
            is_long = is_deep or parser.offset - base - start > _TENTATIVE_BYTES
            self._is_committed = is_long or (closed and not is_scalar)
        return False

    def _give_up(self, data: bytes, start: int, base: int) -> int:
        """End a failed attempt; return where the search goes on.

        An attempt that began at one of its open containers would read the same bytes in the same
        state and fail at the same place, so those are passed over (the search stays linear).
        """
        parser = self.parser
        assert parser is not None  # it failed
        self.parser, self._held, self._phase = None, (), b"prose"
        if parser.error is None or data[start] not in b"{[":  # prose that begins like a scalar
            return start + 1
        if self._nearest is None or parser.error.offset > self._nearest.offset:
            self._nearest = parser.error
        hopeless = {at - base for _, at, _ in parser.open_containers} | {start}
        stop = parser.error.offset - base
        places = (i for i in range(start, stop) if data[i] in self._openers and i not in hopeless)
        return next(places, stop)

    def _begin(self, data: bytes, start: int, base: int) -> int | None:
        """Start an attempt at the next place that may begin a value; None: not in this data."""
        found = self._find(data, start)
        if found is not None:
            self.parser = JSONParser(offset=base + found, max_depth=self.max_depth)
        return found

    def _find(self, data: bytes, start: int) -> int | None:
        while self._phase != b"prose":
            after = self._leave(data, start)
            if after is None:
                self._pending = data[start:]
                return None
            start = after
            if self._phase == b"prose" and self._scalars and data[start] in _SCALAR_FIRST:
                return start
        places = [at for opener in self._openers if (at := data.find(opener, start)) >= 0]
        self._pending = b""
        return min(places, default=None)

    def _leave(self, data: bytes, start: int) -> int | None:
        """Leave reasoning, or the text's beginning; None: more bytes are needed to tell."""
        if self._phase != b"start":
            at = data.find(self._phase, start)
            if at < 0:
                return None
            at, self._phase = at + len(self._phase), b"start"
            return at
        rest = data[start:].lstrip(_BLANK)
        start = len(data) - len(rest)
        for tag in _TAGS:
            if rest.startswith(tag):
                self._phase = b"</" + tag[1:]
                return start + len(tag)
        fence = _FENCE.match(rest)
        if fence and fence[1]:
            return start + fence.end()
        undecided = [b"```", *_TAGS]
        if not rest or fence or any(mark.startswith(rest) for mark in undecided):
            return None
        self._phase = b"prose"
        return start
