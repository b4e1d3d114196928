"""The tree of what could have been written instead: mass on its way to a few outcomes.

In:    the steps of the answer's own path with their candidates; a ``Read`` that says of any token
       after any beginning which outcomes it leaves possible; later, what a server says of further
       beginnings (``Tree.expand``).
Out:   for each outcome its probability under the masked process, and bounds that hold it.
Never: JSON, labels or schemas: those are the ``Read``'s business.
Why:   members, kinds, keys, the end of a list and bare labels are one question asked of different
       things. A response answers it along its own path; a server that can be asked again answers
       the rest.

The masses of a fan's candidates are taken relative to the mass of all that leave some outcome
possible. What the server did not list there ("unseen") may be anything or nothing: ``low`` gives
all of it to the others, ``high`` all of it to the outcome. A branch that leaves several outcomes
and was not followed counts for none of them in ``low`` and for each of them in ``high``. Following
it (``expand``) makes the two meet.

The probability of an open branch is taken from the answer's own path where that went on from the
same beginning by other tokens; from the rest of the fan where nothing of the value had been said
yet; else it is split evenly: nothing says that the outcome that was chosen has it.
"""

import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from fieldconf.alternatives.fan import (
    NOTHING_SAID,
    Fan,
    Listing,
    Outcomes,
    Read,
    Twig,
    every,
    is_same,
    listing,
)
from fieldconf.tokens import Candidate, unchecked


class Gap(NamedTuple):
    """Something undecided: the branch ``twig`` of a fan, or (None) what the fan did not list."""

    mass: float
    outcomes: Outcomes
    fan: Fan
    twig: Twig | None


class Tree:
    """The answer's own path through its fans, and whatever was added beside it.

    Args:
        read: what a token leads to.
        place: where the path begins, as ``read`` takes it.
        size: how many outcomes there are.
        path: (token index, listing, place) of each step, in order; it is followed until it has
            decided. A place of None is where the step before led to.
        follow: where a candidate leads to, where ``read`` does not say so.

    Attributes:
        read: as given.
        fans: the fans on the path.
        decided_at: the index of the token that decided; None if none did.
        off: mass (0..1) of candidates that leave no outcome, from the first token on that says
            something about the outcome; ``others`` holds it by the candidates' texts.
        valid: the least part (0..1) of the listed mass, from there on, that leaves some outcome.
        calls: how many times it was expanded.
    """

    def __init__(
        self,
        read: Read,
        size: int,
        path: Iterable[tuple[int, Listing, Any]],
        follow: Callable[[Any, Candidate], Any] | None = None,
    ) -> None:
        self.size, self.calls = size, 0
        self._follow = follow
        self.fans: list[Fan] = []
        self.decided_at: int | None = None
        self.off = 0.0
        self.others: dict[str, float] = {}
        self.valid = 1.0
        self._unseen: list[float] = []  # of each fan on the path
        self.read = read
        self._solution: _Solution | None = None
        self._results: list[tuple[float, float, float]] | None = None
        outcomes, following = every(size), None
        telling = 0.0
        for index, found, place in path:
            fan = Fan(following if place is None else place, outcomes, index).fill(found, read)
            assert found.position is not None  # it is the answer's path
            chosen = fan.branches[found.position]
            if not chosen.outcomes:
                break
            if self.fans:
                assert self.fans[-1].chosen is not None  # or the path had ended there
                self.fans[-1].chosen.fan = fan
            self.fans.append(fan)
            telling = self._count(fan, telling)
            outcomes, following = chosen.outcomes, chosen.place
            if len(outcomes) == 1:
                self.decided_at = index
                break

    def _count(self, fan: Fan, telling: float) -> float:
        """Add what is outside of the question; return the path's mass behind the fan."""
        telling = telling or float(fan.says or self.size == 1)
        self._unseen.append(telling * fan.unseen)
        if telling and fan.off:
            self.off = min(1.0, self.off + telling * fan.off)
            self.valid = min(self.valid, fan.possible / (fan.possible + fan.off))
            for text, mass in fan.outside:
                self.others[text] = self.others.get(text, 0.0) + telling * mass
        return telling * fan.share

    @property
    def unseen(self) -> float:
        """Unseen mass on the path (0..1)."""
        return min(1.0, math.fsum(self._unseen))

    # -- results --------------------------------------------------------------------------------

    def results(self) -> list[tuple[float, float, float]]:
        """(probability, low, high) of each outcome."""
        if self.size == 1:
            return [(1.0, 1.0, 1.0)]
        if self._results is None:
            found = self._solve().solved[id(self.fans[0])]
            self._results = list(map(_in_order, found.estimate, found.low, found.high))
        return self._results

    def _solve(self) -> "_Solution":
        if self._solution is None:
            self._solution = _Solution({}, {})
            solved, known = self._solution
            # From the end of the path, since what is known there is used before it; beside the
            # path from the leaves, since each fan sums up what is below it. No recursion: paths
            # are long.
            for fan in reversed(self.fans):
                for below in _below(fan):
                    solved[id(below)] = _sum_up(below, self.size, solved, known)
                solved[id(fan)] = _sum_up(fan, self.size, solved, known)
                if fan.chosen is not None and fan.chosen.fan is not None:
                    known[fan.chosen.branch.said] = solved[id(fan.chosen.fan)].estimate
        return self._solution

    def decisive(self, outcome: int) -> "Decisive":
        """The fan on the path at which the probability of the written outcome rose the most."""
        solved, known = self._solve()
        shares = [solved[id(fan)].estimate[outcome] for fan in self.fans]
        at = 0
        if len(shares) > 1:
            following = itertools.chain(shares[1:], (1.0,))
            rises = [(a + _TINY) / (b + _TINY) for a, b in zip(following, shares, strict=True)]
            at = rises.index(max(rises))
        fan, against = self.fans[at], dict[str, float]()
        twigs = {id(twig.candidate): twig for twig in fan.twigs}
        candidates, masses = fan.listing.candidates, fan.listing.masses
        for candidate, mass, (outcomes, _, _) in zip(candidates, masses, fan.branches, strict=True):
            if not outcomes:
                continue
            twig = twigs.get(id(candidate)) if twigs else None
            agreeing = float(outcome in outcomes)
            if twig is not None:
                below = _expected(twig, solved, known)
                agreeing = below[outcome] if below else agreeing / len(outcomes)
            if agreeing < 1 and (twig is None or twig is not fan.chosen):
                part = mass / fan.possible * (1 - agreeing)
                against[candidate[0]] = against.get(candidate[0], 0.0) + part
        return Decisive(fan, shares[at], against)

    # -- settling -------------------------------------------------------------------------------

    def gaps(self) -> Iterator[Gap]:
        """What is undecided, with its mass relative to the whole (0..1).

        The gaps that hold an outcome add up to the width of its bounds.
        """
        todo = [(self.fans[0], 1.0)]
        while todo:
            fan, alive = todo.pop()
            if fan.unseen:
                yield Gap(alive * fan.unseen / fan.total, fan.outcomes, fan, None)
            for twig in fan.twigs:
                mass = alive * twig.mass / fan.total
                if twig.fan is not None:
                    todo.append((twig.fan, mass))
                elif mass:
                    yield Gap(mass, twig.branch.outcomes, fan, twig)

    @property
    def width(self) -> float:
        """The widest bounds of an outcome (0..1)."""
        if self.size == 1:
            return 0.0
        widths = [0.0] * self.size
        for gap in self.gaps():
            for outcome in gap.outcomes:
                widths[outcome] += gap.mass
        return max(widths)

    def behind(self, gap: Gap) -> Any:
        """The place of what is not known: of a branch the one that it leads to."""
        if gap.twig is None:
            return gap.fan.place
        place = gap.twig.branch.place
        if place is None and self._follow is not None:
            return self._follow(gap.fan.place, gap.twig.candidate)
        return place

    def expand(self, gap: Gap, candidates: Sequence[Candidate]) -> None:
        """Fill a gap with all candidates that leave some outcome there, and their logprobs."""
        self.calls += 1
        self._solution = self._results = None
        known = any(candidate.logprob > -math.inf for candidate in candidates)
        unseen = 0.0 if known else 1.0
        fan, position = gap.fan, None
        if gap.twig is not None:
            place, trail = self.behind(gap), (*gap.fan.trail, gap.twig.candidate)
            fan = gap.twig.fan = Fan(place, gap.twig.branch.outcomes, gap.fan.index, trail)
        elif fan.listing.position is not None:
            written = fan.listing.candidates[fan.listing.position]
            position = next((i for i, c in enumerate(candidates) if is_same(c, written)), None)
            if position is None:  # no token of the vocabulary: what was listed has to do
                fan.is_asked = True
                return
        fan.fill(listing(candidates, position, unseen), self.read)
        fan.is_asked = True
        for number, other in enumerate(self.fans):
            if fan is other:
                self._unseen[number] = 0.0


class Decisive(NamedTuple):
    """Where an outcome was decided: its probability there (0..1), and the mass against it."""

    fan: Fan
    share: float
    against: dict[str, float]


class _Solution(NamedTuple):
    """What each fan gives (by its identity), and what the path knows by what was said there."""

    solved: "dict[int, _Solved]"
    known: "_Known"


def _in_order(p: float, low: float, high: float) -> tuple[float, float, float]:
    """Probability and bounds, without what rounding did to their order."""
    p = max(p, low)
    return min(p, 1.0), min(low, 1.0), min(max(high, p), 1.0)


_TINY = 1e-12
_Known: TypeAlias = dict[Hashable, list[float]]


class _Solved(NamedTuple):
    """What a fan gives each outcome: the estimate sums to 1, the bounds hold it."""

    estimate: list[float]
    low: list[float]
    high: list[float]


_solved = unchecked(_Solved)


def _below(fan: Fan) -> list[Fan]:
    """The fans that were added below the one given, off the path; the deepest first."""
    found: list[Fan] = []
    if len(fan.twigs) <= (fan.chosen is not None):
        return found
    todo = [twig.fan for twig in fan.twigs if twig is not fan.chosen and twig.fan is not None]
    while todo:
        found.append(todo.pop())
        todo.extend(twig.fan for twig in found[-1].twigs if twig.fan is not None)
    return found[::-1]


def _sum_up(fan: Fan, size: int, solved: dict[int, _Solved], known: _Known) -> _Solved:
    """``known`` holds the estimates further on along the path, by what had been said there."""
    total, unseen = fan.total, fan.unseen
    estimate, low, high = [0.0] * size, [0.0] * size, [0.0] * size
    hidden = unseen / total
    for outcome in fan.outcomes:
        high[outcome] = hidden
    for outcome, mass in fan.masses.items():
        estimate[outcome] = mass
        share = low[outcome] = mass / total
        high[outcome] += share
    for twig in fan.twigs:
        share = twig.mass / total
        below = None if twig.fan is None else solved[id(twig.fan)]
        guess = _expected(twig, solved, known)
        for outcome in twig.branch.outcomes:
            low[outcome] += share * below.low[outcome] if below else 0.0
            high[outcome] += share * (below.high[outcome] if below else 1.0)
            if guess is not None:
                estimate[outcome] += twig.mass * guess[outcome]
            elif twig.branch.said != NOTHING_SAID:
                estimate[outcome] += twig.mass / len(twig.branch.outcomes)
    if unseen and len(fan.masses) != len(fan.outcomes):
        _add_hidden(fan, estimate)
    whole = math.fsum(estimate)
    if not whole:
        even = 1 / len(fan.outcomes)
        return _Solved([even * (i in fan.outcomes) for i in range(size)], low, high)
    return _solved(([e / whole for e in estimate], low, high))


def _expected(twig: Twig, solved: dict[int, _Solved], known: _Known) -> list[float] | None:
    """How a branch goes on, if it was followed or the path says so."""
    return known.get(twig.branch.said) if twig.fan is None else solved[id(twig.fan)].estimate


def _add_hidden(fan: Fan, estimate: list[float]) -> None:
    """Add what the estimate takes to be on outcomes that nothing listed.

    Nothing if every outcome was seen. Otherwise the unseen mass counts as valid as the seen; and
    where a list shows how fast the masses fall, a missing outcome has at most the least of them.
    """
    said = [b.outcomes for b in fan.branches if b.said != NOTHING_SAID]
    if fan.chosen is not None:
        said.append(fan.chosen.branch.outcomes)
    missing = fan.outcomes.difference(*said)
    if not missing or not fan.possible:
        return
    hidden = fan.unseen * fan.possible / (fan.possible + fan.off)
    if len(fan.listing.candidates) > 1:
        least = min(fan.listing.masses)
        hidden = min(hidden, least * len(missing))
    for outcome in missing:
        estimate[outcome] += hidden / len(missing)
