"""Questions: which few outcomes may a token lead to? One class a question.

In:    a place in the answer, and a candidate.
Out:   a ``Branch``: the outcomes, by number, that the candidate leaves possible.
Never: a mass; the tree adds those up.
Why:   the members of an enum, the kinds of a union, the keys of an object and the end of a list
       differ in nothing but this.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from fieldconf.align import Step
from fieldconf.alternatives.fan import NOTHING_SAID, Branch, Listing, Outcomes
from fieldconf.alternatives.following import Level
from fieldconf.alternatives.reading import (
    IN_EARLIER,
    Place,
    Reading,
    Target,
    advance,
    listed,
    may_be,
    place_before,
    place_of,
    read,
    unseen_mass,
)
from fieldconf.alternatives.steps import PLAIN, Allows
from fieldconf.alternatives.tree import Tree
from fieldconf.grammar import decode, kind_begun
from fieldconf.jsonparser import Event, JSONParser
from fieldconf.paths import Path
from fieldconf.prefix import may_become, may_become_plainly
from fieldconf.schema import same
from fieldconf.spelling import is_control
from fieldconf.tokens import Candidate, Token

_NONE = Branch(frozenset())
MayBe = Callable[[Reading, Any], bool]


class Question(Protocol):
    """Something with a few outcomes that tokens decide."""

    @property
    def size(self) -> int:
        """How many outcomes there are."""
        ...

    def first(self, step: Step) -> Place:
        """The place of the first step in which something may be said."""
        ...

    def branch(self, place: Place, candidate: Candidate) -> Branch:
        """What a candidate leaves possible."""
        ...


def grow(question: Question, steps: Sequence[tuple[Step, Token]]) -> Tree | None:
    """The tree of a question along the answer's own steps; None without any, or if none fits."""
    if not steps:
        return None
    path = (
        (step.token or 0, Listing(*(found := listed(step, token)), unseen_mass(found[0])))
        for step, token in steps
    )
    return Tree(question.branch, question.first(steps[0][0]), question.size, path)


# -- members of a finite domain -----------------------------------------------------------------


class Domain:
    """A finite domain: its members, and what each beginning may become, looked up once.

    Args:
        members: the values, all different as JSON values.
        may_be: whether a reading can still end as a member; by the JSON values if not given.
    """

    def __init__(self, members: Sequence[Any], may_be: MayBe = may_be) -> None:
        self.members = tuple(members)
        self._may_be = may_be
        self._known: dict[tuple[str, bytes], Outcomes] = {}

    def index(self, value: Any) -> int | None:
        """The position of a value among the members, or None."""
        return next((i for i, member in enumerate(self.members) if same(member, value)), None)

    def outcomes(self, reading: Reading) -> Outcomes:
        """The indexes of the members that a reading can still end as."""
        said = (reading.state, reading.text)
        if said not in self._known:
            self._known[said] = frozenset(
                i for i, member in enumerate(self.members) if self._may_be(reading, member)
            )
        return self._known[said]


@dataclass(frozen=True, slots=True)
class MemberQuestion:
    """Which member of a finite domain stands at the target?"""

    target: Target
    domain: Domain

    @property
    def size(self) -> int:
        """How many members there are."""
        return len(self.domain.members)

    def first(self, step: Step) -> Place:
        """The place of a step of the answer."""
        return place_before(step, self.target.path)

    def branch(self, place: Place, candidate: Candidate) -> Branch:
        """The members that a candidate leaves possible."""
        begun = None if place.expected else place.parser.begun_string
        if begun is not None and PLAIN.fullmatch(candidate.bytes):
            # It goes on with the string, no parser is needed to say where to. Most candidates
            # decide, and those that do not are read again below.
            outcomes = self.domain.outcomes(Reading("partial", begun + candidate.bytes))
            if len(outcomes) < 2 and not is_control(candidate):
                return Branch(outcomes)
        reading = read(place, candidate, self.target)
        outcomes = self.domain.outcomes(reading)
        is_silent = reading.text in (b"", b'"') and len(outcomes) == len(self.domain.members)
        return Branch(outcomes, reading.place, NOTHING_SAID if is_silent else reading.text)


# -- kinds --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KindQuestion:
    """Which JSON kind has the value at the target? ``allows`` says what may begin one there."""

    target: Target
    kinds: tuple[str, ...]
    allows: Allows | None = None

    @property
    def size(self) -> int:
        """How many kinds are allowed."""
        return len(self.kinds)

    def first(self, step: Step) -> Place:
        """The place of a step of the answer."""
        return place_before(step, self.target.path)

    def branch(self, place: Place, candidate: Candidate) -> Branch:
        """The kind that a candidate begins."""
        reading = read(place, candidate, self.target)
        if reading.state == "dead":
            return _NONE
        kind = kind_begun(reading.text)
        if not kind:
            return Branch(frozenset(range(len(self.kinds))), reading.place, NOTHING_SAID)
        if kind not in self.kinds or not self._is_allowed(reading, kind):
            return _NONE
        return Branch(frozenset({self.kinds.index(kind)}))

    def _is_allowed(self, reading: Reading, kind: str) -> bool:
        if self.allows is None or kind == "null":
            return True
        return self.allows(reading.text, done=reading.state == "done")


# -- the end of a list --------------------------------------------------------------------------


_ENDS, _GOES_ON, _EITHER = frozenset({0}), frozenset({1}), frozenset({0, 1})


@dataclass(frozen=True, slots=True)
class EndQuestion:
    """Does the list at a path end after ``count`` items (outcome 0) or go on (outcome 1)?

    ``level`` is what stands around the list; ``allows`` what may begin the next item.
    """

    path: Path
    count: int
    level: Level | None = None
    compact: bool = False
    allows: Allows | None = None
    size: int = 2

    @property
    def _next(self) -> Path:
        return (*self.path, self.count)

    def first(self, step: Step) -> Place:
        """The place of a step of the answer."""
        following, length = self._next, len(self.path) + 1
        return place_of(step, lambda e: e.path[:length] == following or e.path == self.path)

    def branch(self, place: Place, candidate: Candidate) -> Branch:
        """Whether a candidate ends the list or goes on with it."""
        found = advance(place, candidate, compact=self.compact)
        if found is None:
            return _NONE
        following, events = found
        said = self._said(events, following.parser)
        return self._begun(following) if said is None else said

    def _said(self, events: Sequence[Event], fork: JSONParser) -> Branch | None:
        """What the events say of the list; None if nothing."""
        next_ = self._next
        for index, event in enumerate(events):
            if event.type == "open" and event.path == self.path and event.raw != b"[":
                return _NONE  # "{}" is no list that ends
            if event.path[: len(next_)] == next_:
                # It may end in the same token, but after one item more.
                return self._goes_on(event.raw, done=event.type == "scalar")
            if event.type == "close" and event.path == self.path:
                is_legal = self.level is None or self.level.admits(events[index + 1 :], fork)
                return Branch(_ENDS) if is_legal else _NONE
        return None

    def _begun(self, following: Place) -> Branch:
        """What a place says where no item has closed: that one has begun, or may still."""
        next_, fork = self._next, following.parser
        is_inside = fork.path[: len(next_)] == next_
        is_earlier = fork.place in IN_EARLIER and fork.path[:-1] == self.path and not is_inside
        if following.expected or is_earlier:
            return Branch(_EITHER, following, NOTHING_SAID)
        if fork.path == next_ and fork.place == "value" and fork.may_close:
            return Branch(_EITHER, following, "[")  # of an array that may still be empty
        text = fork.text if fork.path == next_ else b""
        return self._goes_on(text, done=False) if is_inside else _NONE

    def _goes_on(self, text: bytes, *, done: bool) -> Branch:
        is_item = not text or self.allows is None or self.allows(text, done=done)
        return Branch(_GOES_ON) if is_item else _NONE


# -- the keys of an object ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyQuestion:
    """Which key comes next in the object at a path, or does it end?

    Outcomes: the names in order, then the object's end if it may end here, then any other name if
    there may be others. ``written`` has the number of each name that stands before; it may grow,
    those below ``count`` stand before.
    """

    path: Path
    names: tuple[str, ...]
    may_end: bool
    may_be_other: bool
    written: Mapping[str, int]
    count: int
    level: Level | None = None
    compact: bool = False
    plain: bool = False
    _known: dict[bytes, Outcomes] = field(default_factory=dict[bytes, Outcomes])

    @property
    def size(self) -> int:
        """How many outcomes there are."""
        return len(self.names) + self.may_end + self.may_be_other

    @property
    def end(self) -> int:
        """The outcome that is the object's end."""
        return len(self.names)

    def first(self, step: Step) -> Place:
        """The place of a step of the answer."""
        return place_of(step, self._is_asked_about)

    def _is_asked_about(self, event: Event) -> bool:
        if event.type == "close":
            return event.path == self.path
        is_key = event.type == "key" and event.path[:-1] == self.path
        return is_key and self.written.get(str(event.path[-1]), self.count) >= self.count

    def branch(self, place: Place, candidate: Candidate) -> Branch:
        """The names that a candidate leaves possible, or the end."""
        found = advance(place, candidate, compact=self.compact)
        if found is None:
            return _NONE
        (following, events), fork = found, found[0].parser
        for index, event in enumerate(events):
            if event.type == "key" and event.path[:-1] == self.path:
                return Branch(self._named(event))
            if event.type == "close" and event.path == self.path:
                is_legal = self.level is None or self.level.admits(events[index + 1 :], fork)
                return Branch(frozenset({self.end})) if self.may_end and is_legal else _NONE
        text, is_key = fork.text, fork.place == "key" and fork.path == self.path
        is_opened = is_key and not text and fork.may_close  # right behind "{"
        is_earlier = fork.place in IN_EARLIER and fork.path[:-1] == self.path
        if following.expected or is_earlier or is_opened:
            return Branch(frozenset(range(self.size)), following, NOTHING_SAID)
        return Branch(self._begun(text), following, text or b'"') if is_key else _NONE

    def _named(self, event: Event) -> Outcomes:
        name = decode(event.raw)
        if name in self.names:
            return frozenset({self.names.index(name)})
        return frozenset({self.size - 1}) if self.may_be_other else frozenset()

    def _begun(self, text: bytes) -> Outcomes:
        """The names that a beginning may become; a comma alone already says: no end."""
        if text not in self._known:
            may = may_become_plainly if self.plain else may_become
            found = {i for i, name in enumerate(self.names) if may(text, name)}
            self._known[text] = frozenset(found | ({self.size - 1} if self.may_be_other else set()))
        return self._known[text]
