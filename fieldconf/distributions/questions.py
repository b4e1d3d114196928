"""Questions: which of a few outcomes may a token lead to? One class for each question.

In:    a place in the answer, and a candidate.
Out:   a ``Branch``: the outcomes, by number, that the candidate leaves possible.
Never: a mass; the tree adds those up.
Why:   the members of an enum, the kinds of a union, the keys of an object and the end of a list
       differ in this only.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ClassVar

from fieldconf.distributions.cache import CandidateCache, Table, remember
from fieldconf.distributions.context import OpenLevel
from fieldconf.distributions.continuation import (
    IN_EARLIER,
    LONGEST_BEFORE,
    Continuation,
    TokenPosition,
    ValueSite,
    advance,
    may_be,
    place_before,
    place_within,
    read,
    seen_behind,
)
from fieldconf.distributions.decoding_step import (
    NO_BRANCH,
    NOTHING_WRITTEN,
    Branch,
    Name,
    Outcomes,
    StepCandidates,
    bytes_of,
    candidate_of,
    every,
)
from fieldconf.distributions.open_values import Allows
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.parsing.grammar import decode, kind_begun
from fieldconf.parsing.kinds import kind_of
from fieldconf.parsing.parser import Event
from fieldconf.parsing.prefix import may_become, may_become_plainly
from fieldconf.paths import Path
from fieldconf.schema import Declared
from fieldconf.tokens.alignment import AlignedStep
from fieldconf.tokens.token import Candidate

MayBe = Callable[[Continuation, Any], bool]


class OutcomeQuestion(ABC):
    """Something with a few outcomes that tokens decide.

    Attributes:
        size: how many outcomes there are.
        path: where they are decided; the cache identifies places relative to it.
        about: what the outcomes depend on beside the place and the candidate.
        cache: the meaning of candidates at places that were read before.
        is_open: see ``OutcomeTree``.
    """

    is_open: ClassVar[bool] = False

    __slots__ = ("about", "cache", "path", "size")

    def __init__(self, size: int, path: Path, about: Hashable, cache: CandidateCache) -> None:
        self.size, self.path, self.about, self.cache = size, path, about, cache

    @abstractmethod
    def first(self, step: AlignedStep) -> TokenPosition:
        """The place of the first step that may decide something."""

    def next(self, step: AlignedStep) -> TokenPosition:
        """The place of a later step: no earlier event is expected any more."""
        return TokenPosition(step)

    @abstractmethod
    def read(self, place: TokenPosition, candidate: Candidate) -> Branch:
        """What a candidate leaves possible, and where it leads to."""

    def written(self, place: TokenPosition) -> Branch:  # noqa: ARG002  # open questions use it
        """Where the answer's own token leads, if it cannot be read; for open questions."""
        return Branch(every(self.size))

    def branches(self, place: TokenPosition, names: Sequence[Name]) -> list[Branch]:
        """What candidates leave possible, each read once; their branches may lack the place."""
        table = place.cached
        if table is None:
            table = place.cached = self.cache.at(self.about, place.seen_from(self.path))
        try:
            return [table[name] for name in names]
        except KeyError:
            return [table.get(name) or self._branch_of(place, name, table) for name in names]

    def _branch_of(self, place: TokenPosition, name: Name, table: Table) -> Branch:
        seen = place.seen_past(bytes_of(name))
        if seen is not None:
            table = self.cache.at(self.about, seen)
        branch = table.get(name)
        if branch is None:
            branch = self.read(place, candidate_of(name))
            remember(table, name, branch if branch.place is None else branch.at(None))
        return branch

    def follow(self, place: TokenPosition, name: Name) -> TokenPosition | None:
        """Where a candidate leads to."""
        return self.read(place, candidate_of(name)).place


def grow(
    question: OutcomeQuestion, steps: Sequence[AlignedStep],
    candidates_at: Callable[[AlignedStep], StepCandidates], *, has_gap: bool = False,
) -> OutcomeTree | None:  # fmt: skip
    """The tree of a question along the answer's own steps; None without any.

    The candidates of a step are read only until the question is decided. ``has_gap``: see
    ``OutcomeTree``.
    """
    if not steps:
        return None
    path = (
        (
            step.token or 0,
            candidates_at(step),
            question.next(step) if number else question.first(step),
        )
        for number, step in enumerate(steps)
    )
    return OutcomeTree(
        question.branches, question.size, path, question.follow, is_open=question.is_open,
        has_gap=has_gap, written=question.written if question.is_open else None,
    )  # fmt: skip


# -- members of a finite domain -----------------------------------------------------------------


class Domain:
    """A finite domain: its members, and which of them each beginning may become.

    Args:
        members: the values, all different as JSON values.
        may_be: whether a reading can still end as a member; by default it compares JSON values.
    """

    def __init__(self, members: Sequence[Any], may_be: MayBe = may_be) -> None:
        self.members = tuple(members)
        self._may_be = may_be
        numbered = enumerate(self.members)
        self._index = {(kind_of(member), member): i for i, member in numbered}
        self._cached: dict[tuple[str, bytes], Outcomes] = {}

    def index(self, value: Any) -> int | None:
        """The position of a value among the members, or None."""
        return self._index.get((kind_of(value), value))

    def outcomes(self, continuation: Continuation) -> Outcomes:
        """The indexes of the members that a reading can still end as."""
        key = (continuation.state, continuation.text)
        indexes = self._cached.get(key)
        if indexes is None:
            indexes = frozenset(
                i for i, member in enumerate(self.members) if self._may_be(continuation, member)
            )
            remember(self._cached, key, indexes)
        return indexes


class TargetQuestion(OutcomeQuestion):
    """About the value at a target."""

    __slots__ = ("target",)

    def __init__(
        self, size: int, target: ValueSite, about: Hashable, cache: CandidateCache
    ) -> None:
        super().__init__(size, target.path, (about, target.around, target.compact), cache)
        self.target = target

    def first(self, step: AlignedStep) -> TokenPosition:
        """The place of a step of the answer."""
        return place_before(step, self.target)

    def next(self, step: AlignedStep) -> TokenPosition:
        """The place of a later step."""
        return place_within(step, self.target) or TokenPosition(step)


class MemberQuestion(TargetQuestion):
    """Which member of a finite domain stands at the target?"""

    __slots__ = ("domain",)

    def __init__(self, target: ValueSite, domain: Domain, cache: CandidateCache) -> None:
        super().__init__(len(domain.members), target, domain, cache)
        self.domain = domain

    def read(self, place: TokenPosition, candidate: Candidate) -> Branch:
        """The members that a candidate leaves possible."""
        continuation = read(place, candidate, self.target)
        outcomes = self.domain.outcomes(continuation)
        is_silent = continuation.text in (b"", b'"') and len(outcomes) == len(self.domain.members)
        return Branch(
            outcomes, continuation.place, NOTHING_WRITTEN if is_silent else continuation.text
        )


# -- kinds --------------------------------------------------------------------------------------


class KindQuestion(TargetQuestion):
    """Which JSON kind has the value at the target?

    ``allows`` tells which beginnings are allowed there; ``whose`` identifies it in the cache.
    """

    __slots__ = ("_allows", "kinds")

    def __init__(
        self, target: ValueSite, kinds: tuple[str, ...], allows: Allows | None,
        whose: Hashable, cache: CandidateCache,
    ) -> None:  # fmt: skip
        super().__init__(len(kinds), target, (whose, kinds), cache)
        self.kinds, self._allows = kinds, allows

    def read(self, place: TokenPosition, candidate: Candidate) -> Branch:
        """The kind that a candidate begins."""
        continuation = read(place, candidate, self.target)
        if continuation.state == "dead":
            return NO_BRANCH
        kind = kind_begun(continuation.text)
        if not kind:
            return Branch(every(len(self.kinds)), continuation.place, NOTHING_WRITTEN)
        is_allowed = (
            self._allows is None or kind == "null"
            or self._allows(continuation.text, done=continuation.state == "done")
        )  # fmt: skip
        if kind not in self.kinds or not is_allowed:
            return NO_BRANCH
        return Branch(frozenset({self.kinds.index(kind)}))


_BEFORE_A_VALUE = frozenset({"colon", "value"})


# -- the end of a list --------------------------------------------------------------------------


_ENDS, _GOES_ON, _NO_LIST = frozenset({0}), frozenset({1}), frozenset({2})


class EndQuestion(OutcomeQuestion):
    """Does the list at a path end after ``count`` items (outcome 0) or go on (outcome 1)?

    ``level`` is the container around the list. ``allows`` tells which beginnings of the next item
    are allowed; ``item`` identifies it in the cache. ``before`` is as in ``ValueSite``.
    ``declared`` is what the schema declares for the list itself: if it is given, the value may also
    be no list (outcome 2).
    """

    __slots__ = ("_allows", "_before", "_compact", "_declared", "_either", "_level", "_next")

    def __init__(  # noqa: PLR0913  # everything that it depends on
        self, path: Path, count: int, level: OpenLevel | None, allows: Allows,
        item: Hashable, cache: CandidateCache, *, compact: bool, before: Event | None = None,
        declared: Declared | None = None,
    ) -> None:  # fmt: skip
        next_, size = (*path, count), 2 if declared is None else 3
        number = level and level.number
        super().__init__(size, next_, ("end", size, item, number, compact), cache)
        self._next, self._level, self._allows, self._compact = next_, level, allows, compact
        self._before, self._declared, self._either = before, declared, every(size)

    def first(self, step: AlignedStep) -> TokenPosition:
        """The place of a step of the answer."""
        following, length, path = self._next, len(self._next), self._next[:-1]
        seen = seen_behind(step, self._before, length)
        return TokenPosition(
            step, lambda e: e.path[:length] == following or e.path == path, seen=seen
        )

    def read(self, place: TokenPosition, candidate: Candidate) -> Branch:
        """Whether a candidate ends the list or goes on with it."""
        advanced = advance(place, candidate, compact=self._compact)
        if advanced is None:
            return NO_BRANCH
        following, events = advanced
        next_, path = self._next, self._next[:-1]
        for index, event in enumerate(events):
            if event.path == path and event.type in ("open", "scalar") and event.raw != b"[":
                return self._no_list(event.raw, done=event.type == "scalar")
            if event.path[: len(next_)] == next_:
                # It may end in the same token, but after one item more.
                return self._goes_on(event.raw, done=event.type == "scalar")
            if event.type == "close" and event.path == path:
                level, rest = self._level, events[index + 1 :]
                is_legal = level is None or level.admits(rest, following.parser)
                return Branch(_ENDS) if is_legal else NO_BRANCH
        return self._of_beginning(following)

    def _of_beginning(self, following: TokenPosition) -> Branch:
        """What a place tells if no item has closed: whether one has begun, or may begin."""
        next_, fork = self._next, following.parser
        is_inside = fork.path[: len(next_)] == next_
        is_earlier = fork.place in IN_EARLIER and fork.path[:-1] == next_[:-1] and not is_inside
        is_before = fork.place in _BEFORE_A_VALUE and fork.path == next_[:-1]
        if following.expected or is_earlier or is_before:
            return Branch(self._either, following, NOTHING_WRITTEN)
        if fork.path == next_ and fork.place == "value" and fork.may_close:
            return Branch(_ENDS | _GOES_ON, following, "[")  # of an array that may still be empty
        if fork.path == next_[:-1] and fork.text and fork.place != "key":
            return self._no_list(fork.text, done=False)
        text = fork.text if fork.path == next_ else b""
        return self._goes_on(text, done=False) if is_inside else NO_BRANCH

    def _no_list(self, text: bytes, *, done: bool) -> Branch:
        declared = self._declared
        if declared is None or kind_begun(text) not in declared.possible_kinds:
            return NO_BRANCH
        return Branch(_NO_LIST) if declared.allows(text, done=done) else NO_BRANCH

    def _goes_on(self, text: bytes, *, done: bool) -> Branch:
        return Branch(_GOES_ON) if not text or self._allows(text, done=done) else NO_BRANCH


# -- the keys of an object ----------------------------------------------------------------------


class KeyQuestion(OutcomeQuestion):
    """Which key comes next in the object at a path, or does it end?

    The outcomes are the names in order, then the object's end if it may end here, then any other
    name if others are allowed. ``written`` numbers the names in the object; it may grow later, and
    names with numbers below ``count`` stand before this place. ``filled`` is the number of the
    object in its present state, see ``OpenLevel.number``. ``before`` is as in ``ValueSite``.
    ``key`` is the key that was written, if any.
    """

    __slots__ = (
        "_before", "_cached", "_compact", "_count", "_key", "_level", "_may_be_other", "_may_end",
        "_plain", "_written", "end", "names",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913  # everything that it depends on
        self, path: Path, names: tuple[str, ...], written: Mapping[str, int], count: int,
        level: OpenLevel | None, filled: int, cache: CandidateCache, *,
        may_end: bool, may_be_other: bool, compact: bool, plain: bool,
        before: Event | None = None, key: Event | None = None,
    ) -> None:  # fmt: skip
        size = len(names) + may_end + may_be_other
        super().__init__(size, path, ("key", filled, compact, plain), cache)
        self.names, self.end = names, len(names)  # the outcome that is the object's end
        self._may_end, self._may_be_other = may_end, may_be_other
        self._written, self._count, self._level = written, count, level
        self._compact, self._plain, self._before, self._key = compact, plain, before, key
        self._cached: dict[bytes, Outcomes] = {}

    def first(self, step: AlignedStep) -> TokenPosition:
        """The place of a step of the answer."""
        seen = seen_behind(step, self._before, len(self.path) + 1)
        return TokenPosition(step, self._is_decided_by, seen=seen)

    def next(self, step: AlignedStep) -> TokenPosition:
        """The place of a later step: inside the key it is identified by the key so far."""
        key = self._key
        written = 0 if key is None else step.start - key.start
        if key is None or not 0 < written < min(len(key.raw), LONGEST_BEFORE):
            return TokenPosition(step)
        return TokenPosition(step, seen=key.raw[:written])

    def _is_decided_by(self, event: Event) -> bool:
        if event.type == "close":
            return event.path == self.path
        is_key = event.type == "key" and event.path[:-1] == self.path
        return is_key and self._written.get(str(event.path[-1]), self._count) >= self._count

    def read(self, place: TokenPosition, candidate: Candidate) -> Branch:
        """The names that a candidate leaves possible, or the end."""
        advanced = advance(place, candidate, compact=self._compact)
        if advanced is None:
            return NO_BRANCH
        (following, events), fork = advanced, advanced[0].parser
        for index, event in enumerate(events):
            if event.type == "key" and event.path[:-1] == self.path:
                name = decode(event.raw)
                if name in self.names:
                    return Branch(frozenset({self.names.index(name)}))
                return Branch(frozenset({self.size - 1})) if self._may_be_other else NO_BRANCH
            if event.type == "close" and event.path == self.path:
                is_legal = self._level is None or self._level.admits(events[index + 1 :], fork)
                return Branch(frozenset({self.end})) if self._may_end and is_legal else NO_BRANCH
        text, is_key = fork.text, fork.place == "key" and fork.path == self.path
        is_opened = is_key and not text and fork.may_close  # right behind "{"
        is_earlier = fork.place in IN_EARLIER and fork.path[:-1] == self.path
        is_before = fork.place in _BEFORE_A_VALUE and fork.path == self.path
        if following.expected or is_opened or is_earlier or is_before:
            return Branch(every(self.size), following, NOTHING_WRITTEN)
        return Branch(self._of_beginning(text), following, text or b'"') if is_key else NO_BRANCH

    def _of_beginning(self, text: bytes) -> Outcomes:
        """The names that a beginning may become; a comma alone already excludes the end."""
        if text not in self._cached:
            may = may_become_plainly if self._plain else may_become
            outcomes = {i for i, name in enumerate(self.names) if may(text, name)}
            outcomes |= {self.size - 1} if self._may_be_other else set[int]()
            self._cached[text] = frozenset(outcomes)
        return self._cached[text]
