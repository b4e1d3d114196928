"""A fan: one place where a token is chosen, and what each candidate would leave possible.

In:    a place, the outcomes possible there, what the server listed, and a ``Read`` that says of a
       candidate which outcomes it leaves.
Out:   the listed mass by outcome, and the branches (twigs) that are still open.
Never: a look at other fans: the tree adds them up.
Why:   the mass of what is possible, of what is not, and of what was not listed are three things.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Self, TypeAlias

from fieldconf.tokens import Candidate

Outcomes: TypeAlias = frozenset[int]


@lru_cache(maxsize=1024)
def every(size: int) -> Outcomes:
    """All of so many outcomes."""
    return frozenset(range(size))


NOTHING_SAID = ""
"""The ``said`` of a branch which says nothing of the value yet: white space, the end of a key."""


_HIDDEN = object()  # the ``said`` of a token that wrote nothing: no other branch says the same


class Branch(NamedTuple):
    """What a token leads to: the outcomes still possible (none: it is outside of the question).

    ``place`` is where to go on from if there are several; ``said`` is what has been said of the
    value so far: branches that say the same are thought to go on alike.
    """

    outcomes: Outcomes
    place: Any = None
    said: Hashable = None


class Closed(NamedTuple):
    """What a branch says that writes another value to its end: the JSON text of that value."""

    text: bytes


Read: TypeAlias = Callable[[Any, Candidate], Branch]


def is_same(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates are the same token; several may have the same bytes."""
    if one.id is not None and other.id is not None:
        return one.id == other.id
    return one.bytes == other.bytes


class Listing(NamedTuple):
    """The candidates of one place, with the chosen one's position (None off the answer's path).

    ``masses`` are theirs (0..1), in the same order; ``unseen`` is the mass that is not listed.
    """

    candidates: Sequence[Candidate]
    position: int | None
    unseen: float
    masses: Sequence[float]


def listing(
    candidates: Sequence[Candidate], position: int | None, unseen: float | None = None
) -> Listing:
    """A listing of these candidates; what is unseen is what they leave, if it is not given."""
    masses = [math.exp(candidate.logprob) for candidate in candidates]
    left = max(0.0, 1.0 - math.fsum(masses)) if unseen is None else unseen
    return Listing(candidates, position, left, masses)


class Twig:
    """A branch of a fan: a candidate that leaves several outcomes, or leads on along the path."""

    __slots__ = ("branch", "candidate", "fan", "mass")

    def __init__(self, candidate: Candidate, branch: Branch, mass: float) -> None:
        self.candidate = candidate
        self.branch = branch
        self.mass = mass
        self.fan: Fan | None = None  # what follows, once it is known


class Fan:
    """One place where a token is chosen.

    Args:
        place: what ``read`` goes on from.
        outcomes: what is possible here.
        index: index of the answer's token that stands here, or before which the trail began.
        trail: the tokens that lead here from the answer's own path; empty on it.

    Attributes:
        listing, branches: what was listed, and what each candidate leads to.
        masses: mass of the candidates that are decided, by outcome.
        twigs: the candidates that are not.
        chosen: the twig of the answer's own path, if that goes on here.
        possible, off, unseen: mass that leaves some outcome, leaves none, was not listed.
        outside: what leaves none, by text and mass.
        says: whether some candidate that leaves outcomes does not leave all.
        is_asked: whether what is listed is all that a server could say.
        is_shortened: whether unlikely candidates were dropped from what is listed, see ``shorten``.
    """

    __slots__ = (
        "branches",
        "chosen",
        "index",
        "is_asked",
        "is_shortened",
        "listing",
        "masses",
        "off",
        "outcomes",
        "outside",
        "place",
        "possible",
        "says",
        "trail",
        "twigs",
        "unseen",
    )  # fmt: skip

    def __init__(
        self, place: Any, outcomes: Outcomes, index: int, trail: tuple[Candidate, ...] = ()
    ) -> None:
        self.place, self.outcomes, self.index, self.trail = place, outcomes, index, trail
        self.is_asked = self.is_shortened = False
        self.twigs: list[Twig] = []

    def fill(self, listing: Listing, read: Read, written: Branch | None = None) -> Self:
        """Take what is listed here; what followed the branches of an earlier listing is kept.

        ``written`` is where the chosen candidate leads if it cannot be read: it wrote the answer.
        """
        known = [(twig.candidate, twig.fan) for twig in self.twigs if twig.fan]
        place, outcomes, position = self.place, self.outcomes, listing.position
        masses: dict[int, float] = {}
        branches: list[Branch] = []
        twigs: list[Twig] = []
        chosen: Twig | None = None
        possible = off = 0.0
        outside: list[tuple[str, float]] = []
        says = False
        index = 0
        for candidate, mass in zip(listing.candidates, listing.masses, strict=True):
            is_chosen = index == position
            index += 1
            if mass == 0.0 and not is_chosen:  # excluded by the server's grammar
                branches.append(_NONE)
                continue
            if is_chosen and not candidate.bytes:  # a part of a character that another token shows
                branch = Branch(outcomes, place, _HIDDEN)
            else:
                branch = read(place, candidate)
            if is_chosen and written is not None and not branch[0]:
                branch = written
            left = branch[0]
            if not left <= outcomes:
                left &= outcomes
                branch = Branch(left, branch.place, branch.said)
            branches.append(branch)
            if not left:
                off += mass
                outside.append((candidate[0], mass))
                continue
            possible += mass
            says = says or left != outcomes
            if len(left) == 1:
                (outcome,) = left
                masses[outcome] = masses.get(outcome, 0.0) + mass
                continue
            twigs.append(Twig(candidate, branch, mass))
            if is_chosen:
                chosen = twigs[-1]
        for twig in twigs if known else ():
            twig.fan = next((f for c, f in known if is_same(c, twig.candidate)), None)
        self.listing, self.unseen, self.branches = listing, listing.unseen, branches
        self.masses, self.twigs, self.chosen = masses, twigs, chosen
        self.possible, self.off, self.outside, self.says = possible, off, outside, says
        return self

    def shorten(self, most: int) -> None:
        """Keep only the likeliest candidates one by one; the sums stay.

        Those that are undecided and the chosen one are always kept: a server's whole vocabulary is
        much to hold for each place that was asked about.
        """
        if len(self.branches) <= most:
            return
        candidates, position, unseen, masses = self.listing
        ranked = sorted(range(len(masses)), key=lambda i: -masses[i])
        open_ = {id(twig.candidate) for twig in self.twigs}
        kept = {*ranked[:most], *(() if position is None else (position,))}
        kept |= {i for i in ranked if id(candidates[i]) in open_}
        order = sorted(kept)
        self.is_shortened = True
        self.branches = [self.branches[i] for i in order]
        self.listing = Listing(
            [candidates[i] for i in order],
            None if position is None else order.index(position),
            unseen,
            [masses[i] for i in order],
        )

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
        says_nothing = self.chosen is not None and self.chosen.branch.said == NOTHING_SAID
        return 0.0 if says_nothing and len(self.branches) > 1 else self.unseen_valid

    @property
    def total(self) -> float:
        """All mass that may be possible here."""
        return self.possible + self.unseen

    @property
    def share(self) -> float:
        """The chosen candidate's part of all that may be possible (0..1); 0 off the path."""
        if self.listing.position is None:
            return 0.0
        return self.listing.masses[self.listing.position] / self.total


_NONE = Branch(frozenset())
