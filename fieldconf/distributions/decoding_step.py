"""Decoding step: one place where a token is chosen, and which outcomes each candidate leaves.

In:    the candidates that the server listed there, the outcomes possible there, and the branch of
       each candidate.
Out:   the mass that leaves some outcome and the mass that leaves none; which candidates decide for
       which outcome, and which leave several outcomes.
Never: other steps: the tree adds them up.
Why:   possible mass, impossible mass and unlisted mass are three different things.

The grouping of candidates depends on their branches only, and most tokens have the same branches.
So a grouping (``Shape``) is computed once, and each step adds up its masses by it.
"""

import math
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from fieldconf.tokens.token import Candidate, utf8

Outcomes: TypeAlias = frozenset[int]
Name: TypeAlias = str | Candidate
"""What identifies a candidate: its text if that determines its bytes, else a ``Candidate``."""

NOTHING_WRITTEN = ""
"""The ``value_prefix`` of a branch before the value: white space, the end of a key."""


@lru_cache(maxsize=1024)
def every(size: int) -> Outcomes:
    """The set of all outcomes of a question with ``size`` outcomes."""
    return frozenset(range(size))


class _Hidden:
    """The ``value_prefix`` of a token that wrote no bytes: equal to that of no other branch."""


HIDDEN = _Hidden()


class Branch:
    """What a candidate leads to.

    Attributes:
        outcomes: the outcomes that it leaves possible; none if it breaks the schema or the JSON.
        place: the place behind it, if it leaves several outcomes.
        value_prefix: what has been written of the value so far. Branches with the same prefix are
            expected to continue alike.
        code: equal for branches with the same outcomes, if both or neither have written something
            of the value.
    """

    __slots__ = ("code", "outcomes", "place", "value_prefix")

    def __init__(
        self, outcomes: Outcomes, place: Any = None, value_prefix: Hashable = None
    ) -> None:
        self.outcomes, self.place, self.value_prefix = outcomes, place, value_prefix
        self.code = _bits(outcomes) << 1 | (value_prefix == NOTHING_WRITTEN)

    def at(self, place: Any) -> "Branch":
        """This branch with another place."""
        return Branch(self.outcomes, place, self.value_prefix)


@lru_cache(maxsize=4096)
def _bits(outcomes: Outcomes) -> int:
    return sum(1 << outcome for outcome in outcomes)


NO_BRANCH = Branch(frozenset())


class CompletedValue(NamedTuple):
    """The value prefix of a branch that completes another value: the JSON text of that value."""

    text: bytes


class AddedText(NamedTuple):
    """The value prefix of a branch inside of a value: the text that it adds to that value."""

    text: bytes
    is_done: bool


class StepCandidates(NamedTuple):
    """The candidates of one step.

    Attributes:
        names: what identifies each of them.
        position: the position of the chosen one; None beside the answer's path.
        unseen: the mass (0..1) that is not listed.
        masses: the mass (0..1) of each, in the same order.
    """

    names: Sequence[Name]
    position: int | None
    unseen: float
    masses: Sequence[float]


def as_step_candidates(
    candidates: Sequence[Candidate], position: int | None, unseen: float | None = None
) -> StepCandidates:
    """The candidates of a step; by default the unseen mass is what their masses leave of 1."""
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
    """Whether two candidates are the same token: by id if both have one, else by bytes."""
    ids = [n.id for n in (name, other) if isinstance(n, Candidate) and n.id is not None]
    if len(ids) == 2:
        return ids[0] == ids[1]
    return bytes_of(name) == bytes_of(other)


class Shape:
    """The candidates of a step, grouped by the outcomes that they leave.

    Attributes:
        left: for each candidate the outcomes that it leaves possible.
        chosen: the outcomes that the chosen candidate leaves; empty without a chosen one.
        singles: each outcome that some candidates decide for, with their positions.
        undecided: the positions of the candidates that leave several outcomes.
        inside, outside: the positions of candidates that leave some outcome, and that leave none.
        is_plain: whether only the chosen candidate leaves several outcomes, and then continues.
        blank: the positions of the candidates that write nothing of the value.
        is_blank: whether the chosen candidate continues, and writes nothing of the value.
        rest: of an open domain, the outcomes that the unseen mass is assigned to.
        goes_on: whether the chosen candidate leaves several outcomes, and the answer continues.
        narrows: whether some candidate leaves some outcomes, but not all.
        begins_value: whether some candidate that leaves outcomes writes something of the value.
        hidden: the outcomes that no candidate shows.
        agreeing: the positions of the candidates that leave outcome 0.
    """

    __slots__ = (
        "_rivals", "agreeing", "begins_value", "blank", "chosen", "goes_on", "hidden", "inside",
        "is_blank", "is_plain", "left", "narrows", "outside", "rest", "singles", "undecided",
    )  # fmt: skip

    def __init__(
        self, branches: Sequence[Branch], outcomes: Outcomes, position: int | None, *,
        ends: bool = False,
    ) -> None:  # fmt: skip
        left = [branch.outcomes & outcomes for branch in branches]
        blank = frozenset(
            i for i, branch in enumerate(branches) if branch.value_prefix == NOTHING_WRITTEN
        )
        singles: dict[int, list[int]] = {}
        for at, own in enumerate(left):
            if len(own) == 1:
                (outcome,) = own
                singles.setdefault(outcome, []).append(at)
        self.left, self.blank = left, blank
        self.chosen: Outcomes = frozenset() if position is None else left[position]
        self.goes_on = len(self.chosen) > 1 and not ends
        self.singles = tuple((outcome, tuple(own)) for outcome, own in singles.items())
        self.undecided = tuple(at for at, own in enumerate(left) if len(own) > 1)
        self.inside = tuple(at for at, own in enumerate(left) if own)
        self.outside = tuple(at for at, own in enumerate(left) if not own)
        self.is_plain = self.undecided == ((position,) if self.goes_on else ())
        self.is_blank = self.goes_on and position in blank
        self.rest = tuple(outcomes - {0} or outcomes)
        self.narrows = any(own and own != outcomes for own in left)
        self.begins_value = any(own and at not in blank for at, own in enumerate(left))
        shown = [own for at, own in enumerate(left) if at not in blank]
        shown += [self.chosen] if self.goes_on else []
        self.hidden = outcomes.difference(*shown)
        self.agreeing = tuple(at for at, own in enumerate(left) if 0 in own)
        self._rivals: dict[int, tuple[int, ...]] = {}

    def rivals(self, outcome: int, position: int | None) -> tuple[int, ...]:
        """The positions of candidates that leave another outcome, except a continued choice."""
        rivals = self._rivals.get(outcome)
        if rivals is None:
            only, chosen = frozenset({outcome}), position if self.goes_on else None
            rivals = self._rivals[outcome] = tuple(
                at for at in self.inside if self.left[at] != only and at != chosen
            )
        return rivals


_MOST_SHAPES = 1 << 14
_SHAPES: dict[tuple[Any, ...], Shape] = {}  # shared by all questions


class DecodingStep:
    """One place where a token is chosen.

    Args:
        place: where it is, in the form that the question reads.
        outcomes: the outcomes that are possible here.
        index: index of the answer's token that stands here, or before which the trail began.
        listed: what was listed here.
        branches: what each candidate leads to.
        trail: the tokens that lead here from the answer's own path; empty on it.

    Attributes:
        names, position, unseen, masses: what was listed, see ``StepCandidates``.
        shape: which candidates belong together.
        possible, off: the mass that leaves some outcome, and that leaves none.
        is_asked: whether the server was asked for all candidates here.
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
        self, place: Any, outcomes: Outcomes, index: int, candidates: StepCandidates,
        branches: list[Branch], trail: tuple[Name, ...] = (),
    ) -> None:  # fmt: skip
        self.place, self.outcomes, self.index, self.trail = place, outcomes, index, trail
        self.is_asked = False
        self.fill(candidates, branches)

    def fill(self, candidates: StepCandidates, branches: list[Branch]) -> None:
        """Set the candidates, and the branch of each."""
        names, position, unseen, masses = candidates
        self.is_shortened = False
        if 0.0 in masses:  # the server's grammar excluded them
            for at, mass in enumerate(masses):
                if mass == 0.0 and at != position:
                    branches[at] = NO_BRANCH
        self.names, self.position, self.unseen, self.masses = names, position, unseen, masses
        self.branches = branches
        key = (self.outcomes, position, *[branch.code for branch in branches])
        shape = _SHAPES.get(key)
        if shape is None:
            if len(_SHAPES) >= _MOST_SHAPES:
                _SHAPES.clear()
            shape = _SHAPES[key] = Shape(branches, self.outcomes, position)
        self.shape = shape
        if shape.outside:
            self.off = sum([masses[at] for at in shape.outside])
            self.possible = sum([masses[at] for at in shape.inside])
        else:
            self.off, self.possible = 0.0, sum(masses)

    def shorten(self, most: int) -> None:
        """Keep the likeliest candidates, the undecided ones and the chosen one; the sums stay.

        A server may list its whole vocabulary at each step.
        """
        masses, position, shape = self.masses, self.position, self.shape
        if len(masses) <= most:
            return
        ranked = sorted(range(len(masses)), key=lambda at: -masses[at])
        retained: set[int] = {*ranked[:most], *shape.undecided}
        retained |= set[int]() if position is None else {position}
        order = sorted(retained)
        self.is_shortened = True
        self.dropped = [
            (outcome, sum([masses[at] for at in own if at not in retained]))
            for outcome, own in shape.singles
        ]
        self.branches = [self.branches[at] for at in order]
        self.names = [self.names[at] for at in order]
        self.masses = [masses[at] for at in order]
        self.position = None if position is None else order.index(position)
        self.shape = Shape(self.branches, self.outcomes, self.position)

    def end(self) -> None:
        """End the answer here, though the chosen candidate leaves several outcomes."""
        self.shape = Shape(self.branches, self.outcomes, self.position, ends=True)

    def trail_to(self, at: int | None) -> tuple[Name, ...]:
        """The tokens from the answer's own path to behind a candidate; None: to this step."""
        return self.trail if at is None else (*self.trail, self.names[at])

    def value_prefix(self, at: int) -> Hashable:
        """What has been written of the value behind a candidate, see ``Branch``."""
        value_prefix = self.branches[at].value_prefix
        if type(value_prefix) is not AddedText:
            return value_prefix
        text = self.place.begun + value_prefix.text
        return (
            CompletedValue(text) if value_prefix.is_done and 0 not in self.shape.left[at] else text
        )

    def decided(self) -> list[tuple[int, float]]:
        """Outcomes with the mass of the candidates that decide for them."""
        masses = self.masses
        sums = [
            (outcome, masses[own[0]] if len(own) == 1 else sum([masses[at] for at in own]))
            for outcome, own in self.shape.singles
        ]
        return [*sums, *self.dropped] if self.is_shortened else sums

    @property
    def unseen_valid(self) -> float:
        """The possible part of the unseen mass, assumed as large as that of the seen mass."""
        return self.unseen * self.possible / (self.possible + self.off)

    @property
    def unseen_others(self) -> float:
        """The part of the unseen mass that counts for other values of an open domain.

        None of it if candidates are listed and the answer has not begun the value: unlisted tokens
        there mostly end the text before the value in another way.
        """
        if not self.unseen or (self.shape.is_blank and len(self.masses) > 1):
            return 0.0
        return self.unseen_valid

    @property
    def total(self) -> float:
        """The mass that may be possible: the possible mass and all unseen mass."""
        return self.possible + self.unseen

    @property
    def share(self) -> float:
        """The chosen candidate's part (0..1) of ``total``; 0 beside the path."""
        return 0.0 if self.position is None else self.masses[self.position] / self.total
