r"""The finder: the JSON parser, started at the first value inside of other text.

In:    bytes of an answer, cut anywhere: reasoning in tags, prose, a Markdown fence, the value,
       more prose.
Out:   the parser's events, offsets counted over the whole text.
Never: an event taken back. An attempt is tentative, its events withheld, until its first value
       closes (or it is 4 KiB long, or ``max_depth`` deep); if it fails before that, the search goes
       on one byte after its beginning. A syntax error after that is the answer's, not the search's.
Why:   models wrap their answers, and ``{see below}`` in prose is not a value.

A bracketed value may stand anywhere. A scalar at the root must be all there is, white space and a
fence aside: the word "true" in a sentence is not an answer. (Of a scalar and what follows it, too,
only the first 4 KiB can speak against it.)
"""

import re

from fieldconf.errors import JSONSyntaxError
from fieldconf.jsonparser import MAX_DEPTH, Event, JSONParser

_TAGS = (b"<think>", b"<thinking>", b"<reasoning>")
_MARKS = (b"```", *_TAGS)
# A fence that the text's end may still cut off has no group.
_FENCE = re.compile(rb"```[a-zA-Z0-9]{0,16}[ \t]{0,16}(?:(\r?\n)|\r?\Z)")
_BLANK = b" \t\r\n"
_BLANKS = re.compile(rb"[ \t\r\n]*")
_SCALAR_FIRST = b'"-0123456789tfn'
_ENDS = ("scalar", "close")
_NOTHING = "no JSON value in the text"
_TENTATIVE_BYTES = 4096
_BLOCK = 256  # an attempt in prose fails within a few bytes; feed it no more than needed


class Finder:
    r"""A parser that looks for its value first. The faces are the parser's.

    Args:
        openers: the bytes that may begin the value, of ``{`` and ``[``.
        scalars: whether the whole text may be a scalar.
        max_depth: as for ``JSONParser``.

    Attributes:
        offset: bytes taken.
        error: why there is no complete value, or None.
        parser: the parser at work on the value, None while none has been found.

    >>> finder = Finder()
    >>> events = finder.feed(b'Sure {as asked}:\n```json\n{"a": 1}\n```')
    >>> [(event.type, event.start) for event in events]
    [('open', 25), ('key', 26), ('scalar', 31), ('close', 25)]
    """

    __slots__ = (
        "_held", "_hopeless", "_is_committed", "_is_done", "_nearest", "_opening", "_pending",
        "_phase", "_scalars", "error", "max_depth", "offset", "parser",
    )  # fmt: skip

    def __init__(
        self, *, openers: bytes = b"{[", scalars: bool = True, max_depth: int = MAX_DEPTH
    ) -> None:
        self.offset = 0
        self.error: JSONSyntaxError | None = None
        self.parser: JSONParser | None = None
        self.max_depth = max_depth
        either = b"|".join(re.escape(openers[at : at + 1]) for at in range(len(openers)))
        self._opening = re.compile(either or rb"(?!)")
        self._scalars = scalars
        self._is_committed = False
        self._is_done = False
        self._nearest: JSONSyntaxError | None = None  # of the attempts that failed
        self._hopeless: set[int] = set()  # offsets at which an attempt would fail too
        self._held: tuple[Event, ...] = ()  # the attempt's events, not yet given out
        self._pending = b""  # bytes from the attempt's beginning on, or not yet understood
        self._phase = b"start"  # "start", "prose", or the closing tag of the reasoning we are in

    @property
    def done(self) -> bool:
        """Whether the value is complete."""
        return self._is_done

    @property
    def found(self) -> JSONParser | None:
        """The parser of the value, once that is sure and as long as it is open.

        Whoever feeds it bytes himself, which is faster, must ``note`` what it closed or its error.
        """
        return self.parser if self._is_committed and not self._is_done and not self.error else None

    def fork(self) -> "Finder":
        """An independent finder in the same state."""
        twin = Finder.__new__(Finder)
        for name in Finder.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.parser = self.parser.fork() if self.parser else None
        twin._hopeless = self._hopeless.copy()  # noqa: SLF001  # its own class
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
            elif self._fails(self.parser, data, start, base):
                self._give_up(self.parser, data[start])
                start += 1
            elif self._is_committed:
                return self._release() + self._read(data[self.parser.offset - base :])
            else:
                self._pending, start = data[start:], None
        return []

    def close(self) -> list[Event]:
        """Say that no byte follows."""
        self._is_committed = True
        events = self._release()
        if self.parser is None:
            nearest = self._nearest
            problem = f"{_NOTHING} ({nearest.problem})" if nearest else _NOTHING
            self.error = JSONSyntaxError(problem, nearest.offset if nearest else self.offset)
        elif not self._is_done:
            events += self.note(self.parser.close())
        return events

    def _release(self) -> list[Event]:
        """Give out the events of the attempt that became the value."""
        events = self.note(list(self._held))
        self._held, self._pending, self._hopeless = (), b"", set()
        return events

    def _read(self, data: bytes) -> list[Event]:
        """Feed the value found; what follows it is not ours."""
        if self.parser is None or self._is_done:
            return []
        return self.note(self.parser.feed(data))

    def note(self, events: list[Event]) -> list[Event]:
        """Notice the end of the value, and errors before it."""
        if events and not events[-1].path and events[-1].type in _ENDS:
            self._is_done = True
        elif self.parser is not None and not self._is_done:
            self.error = self.parser.error
        return events

    # -- attempts: each began at ``data[start]``, and ``base`` is the offset of ``data[0]`` ------

    def _begin(self, data: bytes, start: int, base: int) -> int | None:
        """Start an attempt at the next place that may begin a value; None: not in this data."""
        found = self._find(data, start, base)
        if found is not None:
            self.parser = JSONParser(offset=base + found, max_depth=self.max_depth)
        return found

    def _fails(self, parser: JSONParser, data: bytes, start: int, base: int) -> bool:
        """Feed an attempt; say whether it turned out to be none."""
        limit = start + _TENTATIVE_BYTES
        fails = self._bracket_fails if data[start] in b"{[" else self._scalar_fails
        has_failed = fails(parser, data, min(limit, len(data)), base)
        self._is_committed |= not has_failed and len(data) >= limit
        return has_failed

    def _bracket_fails(self, parser: JSONParser, data: bytes, stop: int, base: int) -> bool:
        while not self._is_committed and (seen := parser.offset - base) < stop:
            events = parser.feed(data[seen : min(seen + _BLOCK, stop)])
            self._held += tuple(events)
            if parser.depth >= self.max_depth or any(event.type in _ENDS for event in events):
                self._is_committed = True
            elif parser.error is not None:
                return True
        return False

    def _scalar_fails(self, parser: JSONParser, data: bytes, stop: int, base: int) -> bool:
        if not self._held:
            self._held = tuple(parser.feed(data[parser.offset - base : stop]))
        if not self._held:
            return parser.error is not None
        return bool(data[self._held[0].stop - base : stop].strip(_BLANK + b"`"))

    def _give_up(self, parser: JSONParser, first: int) -> None:
        """End a failed attempt.

        An attempt that began at one of its open containers would read the same bytes in the same
        state and fail at the same place, so those are passed over (the search stays linear).
        """
        self.parser, self._held = None, ()
        if first not in b"{[" or parser.error is None:  # prose that begins like a scalar
            return
        if self._nearest is None or parser.error.offset > self._nearest.offset:
            self._nearest = parser.error
        if parser.depth > 1:
            self._hopeless.update(at for _, at, _ in parser.open_containers[1:])

    # -- the search -------------------------------------------------------------------------

    def _find(self, data: bytes, start: int, base: int) -> int | None:
        while self._phase != b"prose":
            after = self._leave(data, start)
            if after is None:
                return None
            start = after
            if self._phase == b"prose" and self._scalars and data[start] in _SCALAR_FIRST:
                return start
        for match in self._opening.finditer(data, start):
            if base + match.start() not in self._hopeless:
                return match.start()
        self._pending, self._hopeless = b"", set()
        return None

    def _leave(self, data: bytes, start: int) -> int | None:
        """Leave reasoning, or the text's beginning; None: more bytes are needed to tell."""
        if self._phase != b"start":
            return self._leave_reasoning(data, start)
        start = _BLANKS.match(data, start).end()  # pyright: ignore[reportOptionalMemberAccess]  # "*" matches always
        for tag in _TAGS:
            if data.startswith(tag, start):
                self._phase = b"</" + tag[1:]
                return start + len(tag)
        fence = _FENCE.match(data, start)
        if fence and fence[1]:
            return fence.end()
        rest = data[start : start + len(_TAGS[-1])]
        if fence or any(mark.startswith(rest) for mark in _MARKS):
            self._pending = data[start:]
            return None
        self._phase = b"prose"
        return start

    def _leave_reasoning(self, data: bytes, start: int) -> int | None:
        at = data.find(self._phase, start)
        if at < 0:
            self._pending = data[max(start, len(data) - len(self._phase) + 1) :]
            return None
        at, self._phase = at + len(self._phase), b"start"
        return at
