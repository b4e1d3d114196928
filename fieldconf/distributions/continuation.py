"""Continuation: where a candidate leads, if it stood at a place of the answer.

In:    a place in an answer, and a candidate that might be written there.
Out:   a ``Continuation``: what the candidate makes of the value at a path.
Never: a probability.
Why:   all numbers about alternatives depend on this question; a fork of the parser answers it.
"""

import itertools
from bisect import bisect_left
from collections.abc import Callable, Hashable
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from fieldconf.distributions.cache import Table
from fieldconf.distributions.context import OpenLevel
from fieldconf.parsing.grammar import decode
from fieldconf.parsing.kinds import same
from fieldconf.parsing.parser import Event, JSONParser
from fieldconf.parsing.prefix import may_become, may_become_plainly
from fieldconf.paths import Path
from fieldconf.tokens.alignment import AlignedStep
from fieldconf.tokens.spelling import is_control
from fieldconf.tokens.token import Candidate


class TokenPosition:
    """A place in an answer at which a token may be written.

    Args:
        at: the parser there, or the step of the answer that begins there.
        expected: the events between here and the value in question, as the answer wrote them (a
            token may end the value before). A candidate that writes other events says nothing about
            this value. Or a test that recognises the value's own event: the events before it are
            then read from the answer.
        begun: the text so far of the value in question, if the place is inside of it.
        seen: the result of ``seen_from``, where it is known without a parser.

    Attributes:
        cached: what candidates mean here, by name; set by the question.
        step: the step of the answer that begins here, if ``at`` is one.
    """

    __slots__ = ("_expected", "_parser", "_seen", "begun", "cached", "step")

    def __init__(
        self, at: JSONParser | AlignedStep,
        expected: tuple[Event, ...] | Callable[[Event], bool] = (),
        begun: bytes = b"", seen: Hashable = None,
    ) -> None:  # fmt: skip
        self.step = at if isinstance(at, AlignedStep) else None
        self._parser = None if isinstance(at, AlignedStep) else at
        self._expected, self.begun, self._seen = expected, begun, seen
        self.cached: Table | None = None

    @property
    def parser(self) -> JSONParser:
        """The parser here, made on first use: fork it, do not feed it."""
        if self._parser is None:
            assert self.step is not None  # one of the two is there
            self._parser = self.step.parser
        return self._parser

    def read(self, data: bytes) -> tuple[JSONParser, list[Event]]:
        """The parser behind these bytes, if they stood here (do not feed it), and their events."""
        if self.step is not None:
            return self.step.read(data)
        fork = self.parser.fork()
        return fork, fork.feed(data)

    @property
    def expected(self) -> tuple[Event, ...]:
        """The events between here and the value in question."""
        events = self._expected
        if callable(events):
            is_reached = events
            assert self.step is not None  # a test comes with a step
            _, written = self.step.read(self.step.written)
            self._expected = events = tuple(
                itertools.takewhile(lambda event: not is_reached(event), written)
            )
        return events

    def seen_from(self, path: Path) -> Hashable:
        """A key of this place for the value at a path: equal keys read candidates equally.

        Inside of the value it is the text so far. Places in different answers, and in different
        items of a list, have the same key. It leaves out what the containers around allow, see
        ``OpenLevel.number``. None if a long text or many events stand before: that will not recur.
        """
        if self.begun or self._seen is not None:
            return self.begun or self._seen
        parser, expected = self.parser, self.expected
        if len(parser.text) > _LONGEST_TEXT or len(expected) > _MOST_EXPECTED:
            return None
        closing = tuple([(e.type, e.raw, _apart(e.path, path)) for e in expected])
        return parser.place, parser.may_close, parser.text, _apart(parser.path, path), closing

    def seen_past(self, data: bytes) -> Hashable:
        """The key for candidates with these bytes, if a number ends right before them.

        They close the number, whatever it is. None elsewhere, or if they continue the number.
        """
        is_behind = isinstance(self._seen, tuple)
        if not is_behind or data[:1] in _IN_NUMBER:
            return None
        raw, written, levels = cast("tuple[bytes, int, Hashable]", self._seen)  # of ``seen_behind``
        return (levels,) if written == len(raw) and raw[-1:].isdigit() else None


def _apart(path: Path, other: Path) -> Hashable:
    """The steps in which two paths differ; if the first of them are indexes, their difference."""
    if path == other:
        return None
    if path == other[:-1]:  # nearly always
        return other[-1:]
    same = _shared(path, other)
    rest, other_rest = path[same:], other[same:]
    if rest and other_rest and isinstance(rest[0], int) and isinstance(other_rest[0], int):
        rest, other_rest = (rest[0] - other_rest[0], *rest[1:]), ("", *other_rest[1:])
    return rest, other_rest


def _shared(path: Path, other: Path) -> int:
    """How many steps two paths share; slices are fast for deeply nested answers."""
    most = min(len(path), len(other))
    for count in (most, most - 1):  # mostly one contains the other, or the last step differs
        if path[:count] == other[:count]:
            return count
    return bisect_left(range(most), True, key=lambda at: path[: at + 1] != other[: at + 1])  # noqa: FBT003


class ValueSite(NamedTuple):
    """The value in question, and where it stands.

    Attributes:
        path: its path.
        level: what may follow it; None if JSON alone decides.
        compact: whether the server's grammar has no white space between JSON's tokens.
        start: where the value that was written begins.
        text: its JSON text; of a container, its first byte.
        around: the number of the containers around it, see ``OpenLevel.number``.
        before: the key or the scalar before it, if only JSON's punctuation stands between.
    """

    path: Path
    level: OpenLevel | None = None
    compact: bool = False
    start: int = 0
    text: bytes = b""
    around: int = 0
    before: Event | None = None


State: TypeAlias = Literal["dead", "before", "partial", "open", "done"]


class Continuation(NamedTuple):
    """Where a candidate leads: ``text`` is the JSON text so far of the value at the path."""

    state: State
    text: bytes = b""
    place: TokenPosition | None = None  # behind the candidate


IN_EARLIER = frozenset({"after", "string", "number", "literal"})
DEAD = Continuation("dead")


_BLANKS = b" \t\r\n"
_IN_NUMBER = b"0123456789.eE"
LONGEST_BEFORE = 64
"""Bytes of a key or scalar before the value, up to which a place gets a key from it."""
_LONGEST_TEXT = 256  # bytes of an open text
_MOST_EXPECTED = 16  # events of one token; each costs time in proportion to its depth


def seen_behind(step: AlignedStep, before: Event | None, depth: int) -> Hashable:
    """The key of a place inside or right behind the event before a value at this depth.

    Everything since then is a part of that event: no parser is needed. None elsewhere.
    """
    if before is None or not 0 < step.start - before.start <= len(before.raw) <= LONGEST_BEFORE:
        return None
    levels: Hashable = depth - len(before.path)
    if levels < -_MOST_EXPECTED:
        return None
    if levels < 0:  # the containers of that event close in between
        levels = tuple([type(step) for step in before.path[depth:]])
    return before.raw, step.start - before.start, levels


def place_within(step: AlignedStep, target: ValueSite) -> TokenPosition | None:
    """The place of a step inside of a value, or directly before it; None elsewhere."""
    written = step.start - target.start
    if written > 0:
        return TokenPosition(step, begun=target.text[:written])
    between = step.written[: -written or 0]  # and the value, if the token goes so far
    if not target.path or len(between) < -written or between.strip(_BLANKS):
        return None
    # What stands before does not matter: if a list ends instead, there is no such value.
    return TokenPosition(step, seen="value")


def place_before(step: AlignedStep, target: ValueSite) -> TokenPosition:
    """The place of a step of the answer, for a question about the value at a path."""
    within, path = place_within(step, target), target.path
    if within is not None:
        return within

    def is_target(event: Event) -> bool:
        return event.path == path and event.type != "key"

    seen = seen_behind(step, target.before, len(path))
    if seen is not None:
        return TokenPosition(step, is_target, seen=seen)
    parser = step.parser
    if parser.place in ("colon", "value") and parser.path == path:
        return TokenPosition(step)
    return TokenPosition(step, is_target)


def read(place: TokenPosition, candidate: Candidate, target: ValueSite) -> Continuation:
    """Feed a candidate to a fork of the parser, and return what became of the target."""
    advanced = advance(place, candidate, compact=target.compact)
    if advanced is None:
        return DEAD
    following, events = advanced
    path, fork = target.path, following.parser
    for index, event in enumerate(events):
        if event.path == path and event.type != "key":
            state, last = "done", index
            if event.type == "open":
                rest = enumerate(events[index:], index)
                closes = (i for i, e in rest if e.type == "close" and e.path == path)
                state, last = "open", next(closes, None)
            level = target.level
            if (
                level is not None
                and last is not None
                and not level.admits(events[last + 1 :], fork)
            ):
                return DEAD
            return Continuation(state, event.raw, following)
    if following.expected:
        return Continuation("before", b"", following)
    if fork.path == path:
        text = fork.text
        return Continuation("partial" if text else "before", text, following)
    return Continuation("before", b"", following) if _is_before(fork, path) else DEAD


def advance(
    place: TokenPosition, candidate: Candidate, *, compact: bool = False
) -> tuple[TokenPosition, list[Event]] | None:
    """The place behind a candidate, and its events after the expected ones.

    None if it breaks JSON or writes other events than the expected ones.
    """
    data = candidate.bytes
    if not data or is_control(candidate):
        return None
    fork, events = place.read(data)
    if fork.error is not None or (compact and fork.blanks != place.parser.blanks):
        return None
    expected = place.expected
    if not expected:
        return TokenPosition(fork), events
    rest = expected[len(events) :]
    if not all(map(_is_same, expected, events)) or (rest and not _may_come(rest[0], fork)):
        return None
    return TokenPosition(fork, rest), events[len(expected) :]


def _is_same(one: Event, other: Event) -> bool:
    """Whether two events mean the same; scalars may have different spellings."""
    if (one.type, one.path) != (other.type, other.path):
        return False
    if one.type == "scalar":
        return same(decode(one.raw), decode(other.raw))
    return one.type == "key" or one.raw == other.raw


def _may_come(event: Event, fork: JSONParser) -> bool:
    """Whether this may be the fork's unfinished event, or its next one."""
    if event.type == "close":
        return fork.may_close  # not behind a comma
    if not fork.text:
        return True
    return event.type != "open" and may_become(fork.text, decode(event.raw))


def _is_before(fork: JSONParser, path: Path) -> bool:
    """Whether the value at the path may still follow in the fork's container."""
    if not path:
        return False
    if fork.place in IN_EARLIER:
        return fork.path[:-1] == path[:-1] and fork.path != path
    if fork.place == "key":
        return fork.path == path[:-1] and (not fork.text or may_become(fork.text, path[-1]))
    return fork.path == path  # the key's text is there, its colon is not


def may_be(reading: Continuation, value: Any) -> bool:
    """Whether a reading can still end as this value."""
    if reading.state == "before":
        return True
    if reading.state == "done":
        return same(decode(reading.text), value) if reading.text not in (b"{", b"[") else False
    return reading.state == "partial" and may_become(reading.text, value)


def may_be_plainly(reading: Continuation, value: Any) -> bool:
    """As ``may_be``, for values in their usual spelling only."""
    if reading.state == "partial":
        return may_become_plainly(reading.text, value)
    return may_be(reading, value) and (
        reading.state != "done" or may_become_plainly(reading.text, value)
    )
