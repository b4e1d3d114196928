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

The probability of an undecided branch is taken from the answer's own path where that went on from
the same beginning by other tokens. Else it depends on the domain:

* finite: it is taken from the rest of the fan where nothing of the value had been said yet, else it
  is split evenly: nothing says that the outcome that was chosen has it;
* open (outcome 0 is the value written, the others are all other values): it goes to the other
  values, where nothing had been said to those of a kind that the fan does not show. A model that
  meant the value written would have taken the longer token: that is how it was trained. What is
  unseen goes to the other values as well, as far as it counts as valid; before the value has begun
  only where no candidates are listed at all: there a step is the token's own probability.
"""

import itertools
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from fieldconf.alternatives.fan import (
    NOTHING_SAID,
    Branch,
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

Groups: TypeAlias = tuple[Outcomes, ...]


class Gap(NamedTuple):
    """Something undecided: the branch ``twig`` of a fan, or (None) what the fan did not list."""

    mass: float
    outcomes: Outcomes
    fan: Fan
    twig: Twig | None


class Way(NamedTuple):
    """A branch that was not followed: ``probability`` (0..1) from the beginning on, and at least.

    Without a candidate it stands for those of the fan that were not kept.
    """

    branch: Branch
    probability: float
    low: float
    fan: Fan
    candidate: Candidate | None = None

    @property
    def is_beginning(self) -> bool:
        """Whether it begins another value than the one written, and does not end it."""
        return isinstance(self.branch.said, bytes) and 0 not in self.branch.outcomes

    @property
    def is_scalar_beginning(self) -> bool:
        """The same of a value that has a text of its own, which may be followed to its end."""
        said = self.branch.said
        return self.is_beginning and isinstance(said, bytes) and said[:1] not in b"{["


class Tree:
    """The answer's own path through its fans, and whatever was added beside it.

    Args:
        read: what a token leads to.
        place: where the path begins, as ``read`` takes it.
        size: how many outcomes there are.
        path: (token index, listing, place) of each step, in order; it is followed until it has
            decided. A place of None is where the step before led to.
        follow: where a candidate leads to, where ``read`` does not say so.
        is_open: whether outcome 0 is one value of an open domain, and the others all others.
        has_gap: whether a token before the path is not known that might have decided: then nothing
            bounds an outcome, and the estimate is what the path alone says.
        written: of each step, where what was written leads, for what ``read`` cannot read.

    Attributes:
        read, is_open, has_gap: as given.
        fans: the fans on the path.
        decided_at: the index of the token that decided; None if none did.
        is_broken: whether the answer's own path left the question.
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
        *,
        is_open: bool = False,
        has_gap: bool = False,
        written: Sequence[Branch] = (),
    ) -> None:
        self.size, self.calls, self.is_open, self.has_gap = size, 0, is_open, has_gap
        self.is_broken = False
        self._follow = follow
        self.fans: list[Fan] = []
        self.decided_at: int | None = None
        self.off = 0.0
        self.others: dict[str, float] = {}
        self.valid = 1.0
        self._unseen: list[float] = []  # of each fan on the path
        self.read = read
        self._solutions: dict[Groups, _Solution] = {}
        self._rivals: dict[int, tuple[Candidate, Fan]] = {}  # followed, by their identity
        outcomes, following = every(size), None
        telling = 0.0
        for index, found, place in path:
            known = written[len(self.fans)] if len(self.fans) < len(written) else None
            start = following if place is None else place
            fan = Fan(start, outcomes, index).fill(found, read, known)
            assert found.position is not None  # it is the answer's path
            chosen = fan.branches[found.position]
            if not chosen.outcomes:
                self.is_broken = True
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
        says = fan.says or self.size == 1 or (self.is_open and _says_something(fan))
        telling = telling or float(says)
        self._unseen.append(telling * fan.unseen)
        if telling and fan.off:
            self.off = min(1.0, self.off + telling * fan.off)
            self.valid = min(self.valid, fan.possible / (fan.possible + fan.off))
            for text, mass in fan.outside:
                self.others[text] = self.others.get(text, 0.0) + telling * mass
        return telling * fan.share

    @property
    def ended_at(self) -> int:
        """The index of the token that decided; if none did, of the last one that was read."""
        return self.fans[-1].index if self.decided_at is None else self.decided_at

    @property
    def unseen(self) -> float:
        """Unseen mass on the path (0..1)."""
        return min(1.0, math.fsum(self._unseen))

    # -- results --------------------------------------------------------------------------------

    def results(self, groups: "Groups" = ()) -> list[tuple[float, float, float]]:
        """(probability, low, high) of each outcome, or of each group of them.

        Args:
            groups: sets of outcomes, each outcome in one of them.
        """
        if self.size == 1:
            return [(1.0, 1.0, 1.0)]
        estimate, low, high = self._solve(groups).solved[id(self.fans[0])]
        if groups:
            estimate = [math.fsum(estimate[i] for i in group) for group in groups]
        if self.has_gap:
            return [(min(p, 1.0), 0.0, 1.0) for p in estimate]
        return list(map(_in_order, estimate, low, high))

    def _solve(self, groups: "Groups" = ()) -> "_Solution":
        if groups not in self._solutions:
            group_of = list(range(self.size))
            for number, group in enumerate(groups):
                for outcome in group:
                    group_of[outcome] = number
            solution = self._solutions[groups] = _Solution({}, {}, group_of, self.is_open)
            # From the end of the path, since what is known there is used before it; beside the
            # path from the leaves, since each fan sums up what is below it. No recursion: paths
            # are long.
            for fan in reversed(self.fans):
                for below in _below(fan):
                    _sum_up(below, solution)
                _sum_up(fan, solution)
                if fan.chosen is not None and fan.chosen.fan is not None:
                    following = solution.solved[id(fan.chosen.fan)]
                    solution.known[fan.chosen.branch.said] = following.estimate
        return self._solutions[groups]

    def decisive(self, outcome: int) -> "Decisive":
        """The fan on the path at which the probability of the written outcome rose the most."""
        solution = self._solve()
        shares = [solution.solved[id(fan)].estimate[outcome] for fan in self.fans]
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
                below = _expected(fan, twig, solution)
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

    def ways(self) -> Iterator[Way]:
        """All branches of an open domain that were not followed, on the path and beside it."""
        todo = [(self.fans[0], 1.0, 1.0)]
        while todo:
            fan, probability, low = todo.pop()
            whole, dropped = fan.possible + fan.unseen_others, fan.possible
            followed = {id(twig.candidate): twig.fan for twig in fan.twigs if twig.fan}
            rows = zip(fan.listing.candidates, fan.listing.masses, fan.branches, strict=True)
            for candidate, mass, branch in rows:
                if not branch.outcomes:
                    continue
                dropped -= mass
                reached = probability * mass / whole, low * mass / fan.total
                _, rival = self._rivals.get(id(candidate), (None, None))
                below = followed.get(id(candidate)) or rival
                if below is None:
                    yield Way(branch, *reached, fan, candidate)
                else:
                    todo.append((below, *reached))
            if fan.is_shortened:
                left = max(0.0, dropped)
                anything = Branch(fan.outcomes, None, NOTHING_SAID)
                yield Way(anything, probability * left / whole, low * left / fan.total, fan)

    def gap_of(self, way: Way) -> Gap:
        """What is not known of a beginning: how it goes on."""
        assert way.candidate is not None  # it is a beginning
        twig = Twig(way.candidate, way.branch, way.probability)
        return Gap(way.probability, way.branch.outcomes, way.fan, twig)

    def follow_rival(self, gap: Gap, candidates: Sequence[Candidate]) -> None:
        """Take how a beginning of another value goes on: all candidates there. No bound changes."""
        self.calls += 1
        assert gap.twig is not None  # see ``gap_of``
        fan = self._behind(gap).fill(listing(candidates, None, 0.0), self.read)
        if fan.possible:
            fan.shorten(_MOST_KEPT)
            self._rivals[id(gap.twig.candidate)] = gap.twig.candidate, fan

    def _behind(self, gap: Gap) -> Fan:
        """An empty fan at the end of a branch."""
        assert gap.twig is not None  # the callers look
        trail = (*gap.fan.trail, gap.twig.candidate)
        return Fan(self.behind(gap), gap.twig.branch.outcomes, gap.fan.index, trail)

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
        self._solutions = {}
        known = any(candidate.logprob > -math.inf for candidate in candidates)
        unseen = 0.0 if known else 1.0
        fan, position = gap.fan, None
        if gap.twig is not None:
            fan = gap.twig.fan = self._behind(gap)
        elif fan.listing.position is not None:
            written = fan.listing.candidates[fan.listing.position]
            position = next((i for i, c in enumerate(candidates) if is_same(c, written)), None)
            if position is None:  # no token of the vocabulary: what was listed has to do
                fan.is_asked = True
                return
        fan.fill(listing(candidates, position, unseen), self.read)
        fan.shorten(_MOST_KEPT)
        fan.is_asked = True
        for number, other in enumerate(self.fans):
            if fan is other:
                self._unseen[number] = 0.0


class Decisive(NamedTuple):
    """Where an outcome was decided: its probability there (0..1), and the mass against it."""

    fan: Fan
    share: float
    against: dict[str, float]


class _Solved(NamedTuple):
    """What a fan gives: the estimate of each outcome sums to 1; bounds of each group hold it."""

    estimate: list[float]
    low: list[float]
    high: list[float]


_solved = unchecked(_Solved)


class _Solution(NamedTuple):
    """What each fan gives (by its identity), and what the path knows by what was said there.

    ``group_of`` has the number of the group of each outcome.
    """

    solved: dict[int, _Solved]
    known: dict[Hashable, list[float]]
    group_of: list[int]
    is_open: bool


def _in_order(p: float, low: float, high: float) -> tuple[float, float, float]:
    """Probability and bounds, without what rounding did to their order."""
    p = max(p, low)
    return min(p, 1.0), min(low, 1.0), min(max(high, p), 1.0)


_TINY = 1e-12
_MOST_KEPT = 64  # candidates of a place that was asked about, beside those that are undecided


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


def _sum_up(fan: Fan, solution: _Solution) -> None:
    """Solve a fan, all fans below it being solved."""
    low, high = _bounds(fan, solution)
    estimate = _estimate(fan, solution)
    whole = math.fsum(estimate)
    if whole:
        estimate = [e / whole for e in estimate]
    else:
        _share(estimate, 1.0, fan.outcomes)
    solution.solved[id(fan)] = _solved((estimate, low, high))


def _bounds(fan: Fan, solution: _Solution) -> tuple[list[float], list[float]]:
    """``low`` and ``high`` of each group of outcomes."""
    group_of, total = solution.group_of, fan.total
    low, high = [0.0] * len(group_of), [0.0] * len(group_of)
    possible = {group_of[outcome] for outcome in fan.outcomes}
    if len(possible) == 1:
        (group,) = possible
        low[group] = high[group] = 1.0
        return low, high
    for group in possible:
        high[group] = fan.unseen / total
    for outcome, mass in fan.masses.items():
        low[group_of[outcome]] += mass / total
        high[group_of[outcome]] += mass / total
    for twig in fan.twigs:
        share = twig.mass / total
        below = None if twig.fan is None else solution.solved[id(twig.fan)]
        groups = {group_of[outcome] for outcome in twig.branch.outcomes}
        for group in groups:
            low[group] += share * below.low[group] if below else share * (len(groups) == 1)
            high[group] += share * below.high[group] if below else share
    return low, high


def _estimate(fan: Fan, solution: _Solution) -> list[float]:
    """The mass that each outcome is taken to have."""
    estimate = [0.0] * len(solution.group_of)
    for outcome, mass in fan.masses.items():
        estimate[outcome] = mass
    for twig in fan.twigs:
        guess, outcomes = _expected(fan, twig, solution), twig.branch.outcomes
        if guess is not None:
            for outcome in outcomes:
                estimate[outcome] += twig.mass * guess[outcome]
        elif twig.branch.said != NOTHING_SAID:
            _share(estimate, twig.mass, outcomes)
    if fan.unseen and solution.is_open:
        _share(estimate, fan.unseen_others, fan.outcomes - _WRITTEN or fan.outcomes)
    elif fan.unseen and len(fan.masses) != len(fan.outcomes):
        _add_hidden(fan, estimate)
    return estimate


_WRITTEN: Outcomes = frozenset({0})  # of an open domain


def _share(estimate: list[float], mass: float, outcomes: Outcomes) -> None:
    """Add a mass to some outcomes, to each the same."""
    for outcome in outcomes:
        estimate[outcome] += mass / len(outcomes)


def _expected(fan: Fan, twig: Twig, solution: _Solution) -> Sequence[float] | None:
    """How a branch goes on: as it was followed, as the path says, or as open domains have it."""
    if twig.fan is not None:
        return solution.solved[id(twig.fan)].estimate
    known = solution.known.get(twig.branch.said)
    if known is not None or not solution.is_open:
        return known
    guess = [0.0] * len(solution.group_of)
    if twig is fan.chosen:  # the answer ended here
        guess[0] = 1.0
        return guess
    others = twig.branch.outcomes - _WRITTEN
    if twig.branch.said == NOTHING_SAID:
        others = others.difference(*_shown(fan)) or others
    _share(guess, 1.0, others)
    return guess


def _says_something(fan: Fan) -> bool:
    """Whether a candidate is more than a blank before the value."""
    return any(b.said != NOTHING_SAID for b in fan.branches if b.outcomes)


def _shown(fan: Fan) -> list[Outcomes]:
    """The outcomes that the candidates of a fan leave, of those that say something."""
    shown = [b.outcomes for b in fan.branches if b.said != NOTHING_SAID]
    return shown if fan.chosen is None else [*shown, fan.chosen.branch.outcomes]


def _add_hidden(fan: Fan, estimate: list[float]) -> None:
    """Add what the estimate takes to be on outcomes that nothing listed.

    Nothing if every outcome was seen. Otherwise the unseen mass counts as valid as the seen; and
    where a list shows how fast the masses fall, a missing outcome has at most the least of them.
    """
    missing = fan.outcomes.difference(*_shown(fan))
    if not missing or not fan.possible:
        return
    hidden = fan.unseen_valid
    if len(fan.listing.candidates) > 1:
        hidden = min(hidden, min(fan.listing.masses) * len(missing))
    _share(estimate, hidden, missing)
