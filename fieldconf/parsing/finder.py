r"""Finder: the JSON parser, started at the answer's value inside of other text.

In:    bytes of an answer, cut anywhere: reasoning, prose, a Markdown fence, the value, more prose.
Out:   the parser's events, offsets counted over the whole text; where other JSON stands.
Never: an event before it is certain that a value begins (see ``search``); a value inside of another
       one, or after the first one, as the answer.
Why:   models wrap their answers, draft them, and write several.

The answer is the first value of a requested kind after the last mark that ends reasoning. Only such
a mark takes events back: the next event at the root begins another value, and the values before the
mark were drafts. Other JSON values are read and ignored; ``beside`` is the offset of the first one.
"""

import re

from fieldconf.errors import JSONSyntaxError
from fieldconf.parsing.grammar import STRING_BODY
from fieldconf.parsing.parser import MAX_DEPTH, Event, JSONParser
from fieldconf.parsing.search import BLOCK, Search, is_end

_NOTHING = "no JSON value in the text"
_BLANKS = rb"[ \t\n\r]*+"
_STRING = b'"' + STRING_BODY.pattern + b'"'
_FIRST_KEY = rb"\{" + _BLANKS + _STRING + _BLANKS + b":" + _BLANKS
# An object up to the end of its first scalar: what a search would be sure of.
_SURE_OBJECT = re.compile(
    _FIRST_KEY + rb"(?:\[" + _BLANKS + b"|" + _FIRST_KEY + b"){0,64}+"
    b"(?:" + _STRING + rb"|true|false|null|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?=[,}\]]))"
).match  # fmt: skip


class Finder:
    r"""A parser that searches its value first. Its interface is that of ``JSONParser``.

    Args:
        openers: the bytes that may begin the value, of ``{`` and ``[``.
        scalars: whether the whole text may be a scalar.
        max_depth: as for ``JSONParser``.

    Attributes:
        offset: bytes taken.
        error: why there is no complete value, or None.
        done: whether the value is complete.
        beside: the offset of the first JSON value that is not the answer, or None.

    >>> finder = Finder()
    >>> events = finder.feed(b'Sure {as asked}:\n```json\n{"a": 1}\n```')
    >>> [(event.type, event.start) for event in events]
    [('open', 25), ('key', 26), ('scalar', 31), ('close', 25)]
    """

    __slots__ = (
        "_is_answer", "_open", "_openers", "_part", "_root", "_scalars", "_search", "beside",
        "done", "error", "max_depth", "offset",
    )  # fmt: skip

    def __init__(
        self, *, openers: bytes = b"{[", scalars: bool = True, max_depth: int = MAX_DEPTH
    ) -> None:
        self.offset = 0
        self.error: JSONSyntaxError | None = None
        self.done = False
        self.beside: int | None = None
        self.max_depth = max_depth
        self._openers, self._scalars = openers, scalars
        self._search = Search(0, max_depth=max_depth)
        self._open: JSONParser | None = None  # of the value that is found and still open
        self._is_answer = False  # whether that value is the answer
        self._root: JSONParser | None = None  # of the answer
        self._part = BLOCK  # how many bytes the open value gets next

    @property
    def attempt(self) -> JSONParser | None:
        """The parser of a possible answer, until it is certain."""
        return self._search.parser if self._root is None and self._open is None else None

    @property
    def parser(self) -> JSONParser | None:
        """The parser of the answer or of a possible answer; or None."""
        return self._root or (self.attempt if self._is_wanted() else None)

    @property
    def found(self) -> JSONParser | None:
        """The parser of the answer, from the moment it is certain until it ends.

        A caller may feed it directly, which is faster. Then it must pass the events, or the error,
        to ``note``.
        """
        return self._open if self._is_answer else None

    @property
    def is_prose(self) -> bool:
        """Whether there is prose where the answer should be, and no JSON so far."""
        return self._root is None and self._open is None and self._search.is_prose

    def fork(self) -> "Finder":
        """An independent finder in the same state."""
        twin = Finder.__new__(Finder)
        for name in Finder.__slots__:
            setattr(twin, name, getattr(self, name))
        twin._search = self._search.fork()  # noqa: SLF001  # its own class
        twin._root = self._root.fork() if self._root else None  # noqa: SLF001
        is_root = self._open is self._root
        twin._open = twin._root if is_root else self._open and self._open.fork()  # noqa: SLF001
        return twin

    def begin(self, data: bytes) -> JSONParser | None:
        """The parser for a text that certainly begins with the answer; None if it must be searched.

        The parser has not been fed these bytes.
        """
        if b"{"[0] in self._openers and _SURE_OBJECT(data) is not None:
            search = self._search
            search.first, search.parser = data[0], JSONParser(max_depth=self.max_depth)
            self._take()
        return self.found

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes; return what they closed. Never raises; see ``error``."""
        events: list[Event] = []
        base, end = self.offset, self.offset + len(data)
        while self.offset < end:
            start = self.offset - base
            if self._open is None:
                match = self._search.feed(data, start)
                if self._search.has_left:  # the reasoning has ended: the value in it was a draft
                    self._search.has_left = self.done = False
                    self._root = self.error = self.beside = None
                self.offset = end
                if match is not None:
                    data, stop = match  # the search may have kept bytes from before
                    base = end - len(data)
                    self.offset = base + stop
                    events += self._take()
            else:  # only a part: else each value in the rest would copy all of it
                part = data[start : start + self._part]
                self.offset += len(part)
                self._part *= 2
                events += self._read(self._open.feed(part))
        return events

    def close(self) -> list[Event]:
        """Declare the end of the bytes."""
        end = self.offset
        is_open = self._open is not None or self._search.parser is not None
        events = self._take() if self._open is None and is_open else []
        if self._open is not None:
            events += self._read(self._open.close())
        self.offset = end
        if self._root is None:
            nearest = self._search.nearest
            problem = f"{_NOTHING} ({nearest.problem})" if nearest else _NOTHING
            self.error = JSONSyntaxError(problem, nearest.offset if nearest else self.offset)
        return events

    def note(self, events: list[Event]) -> None:
        """Handle the end of the open value, or the error that ends it.

        ``offset`` is then its end: the bytes from there on must still be fed.
        """
        parser = self._open
        if parser is None:
            return
        is_done = bool(events) and is_end(events[-1])
        if not is_done and parser.error is None:
            return
        self.offset = events[-1].stop if is_done else parser.offset
        if self._is_answer:
            self.done, self.error = is_done, None if is_done else parser.error
        self._open, self._is_answer = None, False
        self._search = Search(self.offset, max_depth=self.max_depth, is_behind=True)

    def _read(self, events: list[Event]) -> list[Event]:
        """The events of the open value if it is the answer."""
        is_answer = self._is_answer
        self.note(events)
        return events if is_answer else []

    def _take(self) -> list[Event]:
        """Take the value that was found: the answer, or other JSON beside it."""
        search, root = self._search, self._root
        self._is_answer = root is None and self._is_wanted()
        self._open, self._part = search.parser, BLOCK
        if self._is_answer:
            self._root = search.parser
        other = search.scalar if self._is_answer else search.start
        if self.beside is None:
            self.beside = other
        return self._read(list(search.held))

    def _is_wanted(self) -> bool:
        """Whether the attempt has a requested kind; a scalar must be the only value."""
        search = self._search
        if search.first in b"{[":
            return search.first in self._openers
        return self._scalars and not search.is_behind
