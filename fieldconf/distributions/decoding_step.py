"""A fan: one place where a token is chosen, and what each candidate would leave possible.

In:    what the server listed there, the outcomes possible there, and a branch of each candidate.
Out:   the mass that leaves some outcome, the mass that leaves none; which candidates decide for
       which outcome, and which leave several (twigs).
Never: a look at other fans: the tree adds them up.
Why:   the mass of what is possible, of what is not, and of what was not listed are three things.

Which candidates belong together depends on their branches only, and the same branches come again at
nearly every token. So that is worked out once (``Shape``), and a fan adds up masses by it.
"""

import math
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from fieldconf.tokens.token import Candidate, utf8

Outcomes: TypeAlias = frozenset[int]
Name: TypeAlias = str | Candidate
"""What identifies a candidate: its text where that says its bytes, else all of it but its mass."""

NOTHING_SAID = ""
"""The ``said`` of a branch which says nothing of the value yet: white space, the end of a key."""


@lru_cache(maxsize=1024)
def every(size: int) -> Outcomes:
    """All of so many outcomes."""
    return frozenset(range(size))


class _Hidden:
    """The ``said`` of a token that wrote nothing: no other branch says the same."""


HIDDEN = _Hidden()


class Branch:
    """What a token leads to: the outcomes still possible (none: it is outside of the question).

    ``place`` is where to go on from if there are several; ``said`` is what has been said of the
    value so far: branches that say the same are thought to go on alike. ``code`` is the same for
    branches that leave the same outcomes and both say something, or nothing.
    """

    __slots__ = ("code", "outcomes", "place", "said")

    def __init__(self, outcomes: Outcomes, place: Any = None, said: Hashable = None) -> None:
        self.outcomes, self.place, self.said = outcomes, place, said
        self.code = _bits(outcomes) << 1 | (said == NOTHING_SAID)

    def at(self, place: Any) -> "Branch":
        """The same with another place."""
        return Branch(self.outcomes, place, self.said)


@lru_cache(maxsize=4096)
def _bits(outcomes: Outcomes) -> int:
    return sum(1 << outcome for outcome in outcomes)


NO_BRANCH = Branch(frozenset())


class CompletedValue(NamedTuple):
    """What a branch says that writes another value to its end: the JSON text of that value."""

    text: bytes


class AddedText(NamedTuple):
    """What a branch says that goes on with the value begun before it, or ends it: what it adds."""

    text: bytes
    is_done: bool


class StepCandidates(NamedTuple):
    """The candidates of one place, with the chosen one's position (None off the answer's path).

    ``masses`` are theirs (0..1), in the same order; ``unseen`` is the mass that is not listed.
    """

    names: Sequence[Name]
    position: int | None
    unseen: float
    masses: Sequence[float]


def step_candidates(
    candidates: Sequence[Candidate], position: int | None, unseen: float | None = None
) -> StepCandidates:
    """A listing of these candidates; what is unseen is what they leave, if it is not given."""
    masses = [math.exp(candidate.logprob) for candidate in candidates]
    left = max(0.0, 1.0 - math.fsum(masses)) if unseen is None else unseen
    return StepCandidates(list(map(name_of, candidates)), position, left, masses)


def name_of(candidate: Candidate) -> Name:
    """What identifies a candidate."""
    text, raw, _, number = candidate
    if number is None and (raw is None or raw == utf8(text)):
        return text
    return Candidate(text, raw, 0.0, number)


def candidate_of(name: Name) -> Candidate:
    """The candidate of a name, with a logprob of 0."""
    return Candidate(name, None, 0.0) if isinstance(name, str) else name


def text_of(name: Name) -> str:
    """The text of a candidate."""
    return name if isinstance(name, str) else name.text


def bytes_of(name: Name) -> bytes:
    """The bytes of a candidate."""
    return utf8(name) if isinstance(name, str) else name.bytes


def is_same(name: Name, other: Name) -> bool:
    """Whether two candidates are the same token; several may have the same bytes."""
    ids = [n.id for n in (name, other) if isinstance(n, Candidate) and n.id is not None]
    if len(ids) == 2:
        return ids[0] == ids[1]
    return bytes_of(name) == bytes_of(other)


class Shape:
    """Which candidates of a fan belong together.

    Attributes:
        left: of each candidate the outcomes that it leaves of those that are possible.
        chosen: those that the chosen one leaves; none without a chosen one.
        singles: each outcome that some candidate decides for, with their positions.
        twigs: the positions of the candidates that leave several outcomes.
        inside, outside: the positions of those that leave some, and of those that leave none.
        is_plain: whether no other leaves several than the chosen one, which then goes on.
        is_blank: whether the chosen one goes on and says nothing yet.
        rest: of an open domain, what the unseen mass is taken to be on.
        silent: the positions of those that say nothing yet.
        goes_on: whether the chosen one leaves several, and the answer goes on behind it.
        says: whether some candidate that leaves outcomes does not leave all.
        says_something: whether one that leaves outcomes is more than a blank before the value.
        hidden: the outcomes that no candidate shows.
        agreeing: the positions of those that leave outcome 0.
    """

    __slots__ = (
        "_rivals", "agreeing", "chosen", "goes_on", "hidden", "inside", "is_blank", "is_plain",
        "left", "outside", "rest", "says", "says_something", "silent", "singles", "twigs",
    )  # fmt: skip

    def __init__(
        self, branches: Sequence[Branch], outcomes: Outcomes, position: int | None, *,
        ends: bool = False,
    ) -> None:  # fmt: skip
        left = [branch.outcomes & outcomes for branch in branches]
        silent = frozenset(i for i, branch in enumerate(branches) if branch.said == NOTHING_SAID)
        singles: dict[int, list[int]] = {}
        for at, own in enumerate(left):
            if len(own) == 1:
                (outcome,) = own
                singles.setdefault(outcome, []).append(at)
        self.left, self.silent = left, silent
        self.chosen: Outcomes = frozenset() if position is None else left[position]
        self.goes_on = len(self.chosen) > 1 and not ends
        self.singles = tuple((outcome, tuple(own)) for outcome, own in singles.items())
        self.twigs = tuple(at for at, own in enumerate(left) if len(own) > 1)
        self.inside = tuple(at for at, own in enumerate(left) if own)
        self.outside = tuple(at for at, own in enumerate(left) if not own)
        self.is_plain = self.twigs == ((position,) if self.goes_on else ())
        self.is_blank = self.goes_on and position in silent
        self.rest = tuple(outcomes - {0} or outcomes)
        self.says = any(own and own != outcomes for own in left)
        self.says_something = any(own and at not in silent for at, own in enumerate(left))
        shown = [own for at, own in enumerate(left) if at not in silent]
        shown += [self.chosen] if self.goes_on else []
        self.hidden = outcomes.difference(*shown)
        self.agreeing = tuple(at for at, own in enumerate(left) if 0 in own)
        self._rivals: dict[int, tuple[int, ...]] = {}

    def rivals(self, outcome: int, position: int | None) -> tuple[int, ...]:
        """The positions of those that leave another outcome; not of a chosen one that goes on."""
        known = self._rivals.get(outcome)
        if known is None:
            only, chosen = frozenset({outcome}), position if self.goes_on else None
            known = self._rivals[outcome] = tuple(
                at for at in self.inside if self.left[at] != only and at != chosen
            )
        return known


_MOST_SHAPES = 1 << 14
_SHAPES: dict[tuple[Any, ...], Shape] = {}  # of all questions: a shape knows nothing of them


def _shape(key: tuple[Any, ...], branches: Sequence[Branch]) -> Shape:
    if len(_SHAPES) >= _MOST_SHAPES:
        _SHAPES.clear()
    outcomes, position = key[:2]
    shape = _SHAPES[key] = Shape(branches, outcomes, position)
    return shape


class DecodingStep:
    """One place where a token is chosen.

    Args:
        place: where it is, as the question takes it.
        outcomes: what is possible here.
        index: index of the answer's token that stands here, or before which the trail began.
        listed: what was listed here.
        branches: what each candidate leads to.
        trail: the tokens that lead here from the answer's own path; empty on it.

    Attributes:
        names, position, unseen, masses: what was listed, see ``StepCandidates``.
        shape: which candidates belong together.
        possible, off: the mass that leaves some outcome, and that leaves none.
        is_asked: whether what is listed is all that a server could say.
        is_shortened: whether unlikely candidates were dropped from what is listed, see ``shorten``.
        dropped: their mass by the outcome that they decide for.
    """

    __slots__ = (
        "branches", "dropped", "index", "is_asked", "is_shortened", "masses", "names", "off",
        "outcomes", "place", "position", "possible", "shape", "trail", "unseen",
    )  # fmt: skip

    names: Sequence[Name]
    masses: Sequence[float]
    branches: list[Branch]
    position: int | None
    dropped: list[tuple[int, float]]

    def __init__(
        self, place: Any, outcomes: Outcomes, index: int, listed: StepCandidates,
        branches: list[Branch], trail: tuple[Name, ...] = (),
    ) -> None:  # fmt: skip
        self.place, self.outcomes, self.index, self.trail = place, outcomes, index, trail
        self.is_asked = False
        self.fill(listed, branches)

    def fill(self, listed: StepCandidates, branches: list[Branch]) -> None:
        """Take what is listed here, and what each of it leads to."""
        names, position, unseen, masses = listed
        self.is_shortened = False
        if 0.0 in masses:  # excluded by the server's grammar
            for at, mass in enumerate(masses):
                if mass == 0.0 and at != position:
                    branches[at] = NO_BRANCH
        self.names, self.position, self.unseen, self.masses = names, position, unseen, masses
        self.branches = branches
        key = (self.outcomes, position, *[branch.code for branch in branches])
        shape = self.shape = _SHAPES.get(key) or _shape(key, branches)
        if shape.outside:
            self.off = sum([masses[at] for at in shape.outside])
            self.possible = sum([masses[at] for at in shape.inside])
        else:
            self.off, self.possible = 0.0, sum(masses)

    def shorten(self, most: int) -> None:
        """Keep only the likeliest candidates one by one; the sums stay.

        Those that are undecided and the chosen one are always kept: a server's whole vocabulary is
        much to hold for each place that was asked about.
        """
        masses, position, shape = self.masses, self.position, self.shape
        if len(masses) <= most:
            return
        ranked = sorted(range(len(masses)), key=lambda at: -masses[at])
        kept: set[int] = {*ranked[:most], *shape.twigs}
        kept |= set[int]() if position is None else {position}
        order = sorted(kept)
        self.is_shortened = True
        self.dropped = [
            (outcome, sum([masses[at] for at in own if at not in kept]))
            for outcome, own in shape.singles
        ]
        self.branches = [self.branches[at] for at in order]
        self.names = [self.names[at] for at in order]
        self.masses = [masses[at] for at in order]
        self.position = None if position is None else order.index(position)
        self.shape = Shape(self.branches, self.outcomes, self.position)

    def end(self) -> None:
        """Take the answer to end here, though the chosen candidate leaves several outcomes."""
        self.shape = Shape(self.branches, self.outcomes, self.position, ends=True)

    def said(self, at: int) -> Hashable:
        """What a candidate says of the value."""
        said = self.branches[at].said
        if type(said) is not AddedText:
            return said
        text = self.place.begun + said.text
        return CompletedValue(text) if said.is_done and 0 not in self.shape.left[at] else text

    def decided(self) -> list[tuple[int, float]]:
        """The mass of the candidates that decide, by outcome."""
        masses = self.masses
        sums = [
            (outcome, masses[own[0]] if len(own) == 1 else sum([masses[at] for at in own]))
            for outcome, own in self.shape.singles
        ]
        return [*sums, *self.dropped] if self.is_shortened else sums

    @property
    def unseen_valid(self) -> float:
        """The unseen mass that is possible if as much of it is valid as of the seen."""
        return self.unseen * self.possible / (self.possible + self.off)

    @property
    def unseen_others(self) -> float:
        """The unseen mass that is taken to be on other values, where the domain is open.

        Where candidates are listed and the answer said nothing of the value yet, none: what is left
        there is another end of what stands before, rather than a value begun by the same token.
        """
        if not self.unseen or (self.shape.is_blank and len(self.masses) > 1):
            return 0.0
        return self.unseen_valid

    @property
    def total(self) -> float:
        """All mass that may be possible here."""
        return self.possible + self.unseen

    @property
    def share(self) -> float:
        """The chosen candidate's part of all that may be possible (0..1); 0 off the path."""
        if self.position is None:
            return 0.0
        return self.masses[self.position] / self.total
