"""The tree of what could have been written instead: mass on its way to a few outcomes.

In:    the steps of the answer's own path with their candidates; a ``Read`` that says of any token
       after any beginning which outcomes it leaves possible; later, what a server says of further
       beginnings (``OutcomeTree.expand``).
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
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from fieldconf.distributions.decoding_step import (
    HIDDEN,
    NOTHING_SAID,
    Branch,
    DecodingStep,
    Name,
    Outcomes,
    StepCandidates,
    bytes_of,
    every,
    is_same,
    step_candidates,
    text_of,
)
from fieldconf.tokens.token import Candidate, unchecked

Groups: TypeAlias = tuple[Outcomes, ...]
Read: TypeAlias = Callable[[Any, Sequence[Name]], list[Branch]]
"""What each of some candidates leads to at a place."""


class UndecidedMass(NamedTuple):
    """Something undecided: the candidate ``at`` of a fan, or (None) what the fan did not list."""

    mass: float
    outcomes: Outcomes
    fan: DecodingStep
    at: int | None


class UnfollowedBranch(NamedTuple):
    """A branch that was not followed: ``probability`` (0..1) from the beginning on, and at least.

    Without a position (``at``) it stands for those of the fan that were not kept.
    """

    said: Hashable
    outcomes: Outcomes
    probability: float
    low: float
    fan: DecodingStep
    at: int | None = None

    @property
    def is_beginning(self) -> bool:
        """Whether it begins another value than the one written, and does not end it."""
        return isinstance(self.said, bytes) and 0 not in self.outcomes

    @property
    def is_scalar_beginning(self) -> bool:
        """The same of a value that has a text of its own, which may be followed to its end."""
        return self.is_beginning and isinstance(self.said, bytes) and self.said[:1] not in b"{["


class OutcomeTree:
    """The answer's own path through its fans, and whatever was added beside it.

    Args:
        read: what tokens lead to.
        size: how many outcomes there are.
        path: (token index, listing, place) of each step, in order; it is followed until it has
            decided. A place of None is where the step before led to.
        follow: where a candidate leads to, where ``read`` does not say so.
        is_open: whether outcome 0 is one value of an open domain, and the others all others.
        has_gap: whether a token before the path is not known that might have decided: then nothing
            bounds an outcome, and the estimate is what the path alone says.
        written: of a place, where what was written leads, for what ``read`` cannot read.

    Attributes:
        read, is_open, has_gap: as given.
        fans: the fans on the path.
        decided_at: the index of the token that decided; None if none did.
        is_broken: whether the answer's own path left the question.
        off: mass (0..1) of candidates that leave no outcome, from the first token on that says
            something about the outcome.
        valid: the least part (0..1) of the listed mass, from there on, that leaves some outcome.
        calls: how many times it was expanded.
    """

    def __init__(
        self,
        read: Read,
        size: int,
        path: Iterable[tuple[int, StepCandidates, Any]],
        follow: Callable[[Any, Name], Any] | None = None,
        *,
        is_open: bool = False,
        has_gap: bool = False,
        written: Callable[[Any], Branch] | None = None,
    ) -> None:
        self.size, self.calls, self.is_open, self.has_gap = size, 0, is_open, has_gap
        self.is_broken = False
        self._follow = follow
        self.fans: list[DecodingStep] = []
        self.decided_at: int | None = None
        self.off = 0.0
        # Before each fan with candidates that leave no outcome: the path's mass; and these, as the
        # answer itself lists them.
        self._outside: list[tuple[float, Sequence[Name], Sequence[float], Sequence[int]]] = []
        self.valid = 1.0
        self._unseen: list[float] = []  # of each fan on the path
        self.read = read
        self._solutions: dict[Groups, _Solution] = {}
        self._written = written
        self._added: dict[tuple[int, Name], DecodingStep] = {}  # behind a candidate of a fan
        self._rivals: dict[tuple[int, Name], DecodingStep] = {}  # the same; they change no bound
        outcomes, place, telling = every(size), None, 0.0
        fans, unseen = self.fans, self._unseen
        for index, listed, start in path:
            where = place if start is None else start
            branches = self._branches(where, outcomes, listed)
            fan = DecodingStep(where, outcomes, index, listed, branches)
            shape = fan.shape
            if not shape.chosen:
                self.is_broken = True
                break
            fans.append(fan)
            if not telling and (shape.says or size == 1 or (is_open and shape.says_something)):
                telling = 1.0
            unseen.append(telling * fan.unseen)
            if telling:
                if fan.off:
                    self.off = min(1.0, self.off + telling * fan.off)
                    self.valid = min(self.valid, fan.possible / (fan.possible + fan.off))
                    self._outside.append((telling, fan.names, fan.masses, shape.outside))
                telling *= fan.share
            outcomes = shape.chosen
            if len(outcomes) == 1:
                self.decided_at = index
                break
            place = branches[fan.position or 0].place

    def _branches(self, place: Any, outcomes: Outcomes, listed: StepCandidates) -> list[Branch]:
        """What each of the candidates leads to."""
        names, position = listed.names, listed.position
        branches = self.read(place, names)
        if position is not None and not branches[position].outcomes:
            if not bytes_of(names[position]):  # a part of a character that another token shows
                branches[position] = Branch(outcomes, place, HIDDEN)
            elif self._written is not None:
                branches[position] = self._written(place)
        return branches

    @property
    def others(self) -> dict[str, float]:
        """The mass (0..1) of candidates that leave no outcome, by their texts; see ``off``."""
        others: dict[str, float] = {}
        for telling, names, masses, outside in self._outside:
            for at in outside:
                if mass := masses[at]:
                    text = text_of(names[at])
                    others[text] = others.get(text, 0.0) + telling * mass
        return others

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
        solution = self._solve(groups)
        if solution.results is None:
            estimate, low, high = solution.path[0]
            if groups:
                estimate = [math.fsum([estimate[i] for i in group]) for group in groups]
            if self.has_gap:
                solution.results = [(min(p, 1.0), 0.0, 1.0) for p in estimate]
            else:
                solution.results = list(map(_in_order, estimate, low, high))
        return solution.results

    def _solve(self, groups: "Groups" = ()) -> "_Solution":
        """What each fan gives, from the end of the path on.

        What is known at the end is used before it. Beside the path the leaves come first, since
        each fan sums up what is below it. No recursion: paths are long.
        """
        solution = self._solutions.get(groups)
        if solution is None:
            solution = self._solutions[groups] = _Solution(self, groups)
        return solution

    @property
    def beside(self) -> list[DecodingStep]:
        """All fans, where some were added beside the path; else none."""
        return [*self.fans, *self._added.values()] if self._added else []

    def followers(self, fan: DecodingStep) -> dict[int, DecodingStep]:
        """The fans that were added behind the candidates of a fan, by their positions."""
        if not self._added:
            return {}
        known = ((at, self._added.get((id(fan), fan.names[at]))) for at in fan.shape.twigs)
        return {at: below for at, below in known if below is not None}

    def decisive(self, outcome: int) -> "DecisiveStep":
        """The fan on the path at which the probability of the written outcome rose the most."""
        solution = self._solve()
        shares = [solved[0][outcome] for solved in solution.path]
        at = 0
        if len(shares) > 1:
            following = itertools.chain(shares[1:], (1.0,))
            rises = [(a + _TINY) / (b + _TINY) for a, b in zip(following, shares, strict=True)]
            at = rises.index(max(rises))
        fan, against = self.fans[at], dict[str, float]()
        masses, possible = fan.masses, fan.possible
        for position in fan.shape.rivals(outcome, fan.position):
            part, left = masses[position] / possible, fan.shape.left[position]
            if outcome in left:  # of several
                below = solution.expected(at, fan, position)
                part *= 1 - (below[outcome] if below else 1 / len(left))
            if part:
                text = text_of(fan.names[position])
                against[text] = against.get(text, 0.0) + part
        return DecisiveStep(fan, shares[at], against)

    # -- settling -------------------------------------------------------------------------------

    def _behind_chosen(self) -> dict[int, DecodingStep]:
        """The next fan on the path, by the identity of each."""
        return {id(fan): after for fan, after in itertools.pairwise(self.fans)}

    def gaps(self) -> Iterator[UndecidedMass]:
        """What is undecided, with its mass relative to the whole (0..1).

        The gaps that hold an outcome add up to the width of its bounds.
        """
        todo, path = [(self.fans[0], 1.0)], self._behind_chosen()
        while todo:
            fan, alive = todo.pop()
            if fan.unseen:
                yield UndecidedMass(alive * fan.unseen / fan.total, fan.outcomes, fan, None)
            followers, after = self.followers(fan), path.get(id(fan))
            for at in fan.shape.twigs:
                mass = alive * fan.masses[at] / fan.total
                is_on_path = after is not None and at == fan.position and fan.shape.goes_on
                below = after if is_on_path else followers.get(at)
                if below is not None:
                    todo.append((below, mass))
                elif mass:
                    yield UndecidedMass(mass, fan.shape.left[at], fan, at)

    @property
    def unlisted(self) -> float:
        """The mass (0..1) of what no server listed, on the path and beside it."""
        if self._added:
            return math.fsum(gap.mass for gap in self.gaps() if gap.at is None)
        alive, unlisted = 1.0, 0.0
        for fan in self.fans:
            total = fan.possible + fan.unseen
            unlisted += alive * fan.unseen / total
            alive *= fan.masses[fan.position or 0] / total
        return unlisted

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

    def ways(self) -> Iterator[UnfollowedBranch]:
        """All branches of an open domain that were not followed, on the path and beside it."""
        path, beside = self._behind_chosen(), bool(self._added or self._rivals)
        todo = [(self.fans[0], 1.0, 1.0)]
        while todo:
            fan, probability, low = todo.pop()
            shape, masses, possible = fan.shape, fan.masses, fan.possible
            share, low = probability / (possible + fan.unseen_others), low / (possible + fan.unseen)
            after, dropped = path.get(id(fan)), possible
            for at, left in enumerate(shape.left):
                if not left:
                    continue
                mass = masses[at]
                dropped -= mass
                below = after if at == fan.position and shape.goes_on else None
                if below is None and beside:
                    key = id(fan), fan.names[at]
                    below = self._added.get(key) or self._rivals.get(key)
                if below is None:
                    yield _way((fan.said(at), left, mass * share, mass * low, fan, at))
                else:
                    todo.append((below, mass * share, mass * low))
            if fan.is_shortened:
                rest = max(0.0, dropped)
                yield UnfollowedBranch(NOTHING_SAID, fan.outcomes, rest * share, rest * low, fan)

    def follow_rival(self, way: UnfollowedBranch, candidates: Sequence[Candidate]) -> None:
        """Take how a beginning of another value goes on: all candidates there. No bound changes."""
        self.calls += 1
        fan = self._behind(way, candidates, 0.0)
        if fan.possible:
            fan.shorten(_MOST_KEPT)
            assert way.at is not None  # it is a beginning
            self._rivals[id(way.fan), way.fan.names[way.at]] = fan

    def _behind(
        self, gap: UndecidedMass | UnfollowedBranch, candidates: Sequence[Candidate], unseen: float
    ) -> DecodingStep:
        """The fan at the end of a branch."""
        assert gap.at is not None  # the callers look
        trail = (*gap.fan.trail, gap.fan.names[gap.at])
        place, listed = self.behind(gap), step_candidates(candidates, None, unseen)
        branches = self._branches(place, gap.outcomes, listed)
        return DecodingStep(place, gap.outcomes, gap.fan.index, listed, branches, trail)

    def behind(self, gap: UndecidedMass | UnfollowedBranch) -> Any:
        """The place of what is not known: of a branch the one that it leads to."""
        if gap.at is None:
            return gap.fan.place
        place = gap.fan.branches[gap.at].place
        if place is None and self._follow is not None:
            return self._follow(gap.fan.place, gap.fan.names[gap.at])
        return place

    def expand(self, gap: UndecidedMass, candidates: Sequence[Candidate]) -> None:
        """Fill a gap with all candidates that leave some outcome there, and their logprobs."""
        self.calls += 1
        self._solutions = {}
        known = any(candidate.logprob > -math.inf for candidate in candidates)
        unseen = 0.0 if known else 1.0
        fan, position = gap.fan, None
        followed: list[tuple[Name, DecodingStep]] = []
        if gap.at is not None:
            key, fan = (id(fan), fan.names[gap.at]), self._behind(gap, candidates, unseen)
            self._added[key] = fan
        else:
            followed = [(fan.names[at], below) for at, below in self.followers(fan).items()]
            listed = step_candidates(candidates, None, unseen)
            if fan.position is not None:
                chosen = fan.names[fan.position]
                places = (at for at, name in enumerate(listed.names) if is_same(name, chosen))
                position = next(places, None)
                if position is None:  # no token of the vocabulary: what was listed has to do
                    fan.is_asked = True
                    return
            listed = listed._replace(position=position)
            fan.fill(listed, self._branches(fan.place, fan.outcomes, listed))
        fan.shorten(_MOST_KEPT)
        for name, below in followed:
            same = next((other for other in fan.names if is_same(other, name)), None)
            if same is not None:
                self._added[id(fan), same] = below
        fan.is_asked = True
        for number, other in enumerate(self.fans):
            if fan is other:
                self._unseen[number] = 0.0


class DecisiveStep(NamedTuple):
    """Where an outcome was decided: its probability there (0..1), and the mass against it."""

    fan: DecodingStep
    share: float
    against: dict[str, float]


_Solved: TypeAlias = tuple[list[float], list[float], list[float]]
"""What a fan gives: the estimate of each outcome sums to 1; low and high of each group hold it."""


class _Solution:
    """What each fan of a tree gives: ``path`` those on it.

    ``known`` is the estimate behind a beginning that the path went on from.
    """

    def __init__(self, tree: OutcomeTree, groups: Groups) -> None:
        self._size, self._is_open = tree.size, tree.is_open
        # A solution that held its tree would be a cycle: answers would wait for the collector.
        self._followers = (
            {id(fan): tree.followers(fan) for fan in tree.beside} if tree.beside else {}
        )
        self._beside: dict[int, _Solved] = {}  # off the path, by the fan's identity
        self._known: dict[Hashable, list[float]] = {}
        self._group_of: list[int] | None = None
        self.results: list[tuple[float, float, float]] | None = None  # see ``OutcomeTree.results``
        self._count = len(groups) or tree.size
        if groups:
            self._group_of = [0] * tree.size
            for number, group in enumerate(groups):
                for outcome in group:
                    self._group_of[outcome] = number
        fans = tree.fans
        self.path: list[_Solved] = [([], [], [])] * len(fans)
        after: _Solved | None = None
        for number in range(len(fans) - 1, -1, -1):
            fan = fans[number]
            for below in self._below(fan) if self._followers else ():
                self._beside[id(below)] = self._sum_up(below, None)
            solved = self.path[number] = self._sum_up(fan, after)
            if after is not None:  # then it goes on
                self._known[fan.said(fan.position or 0)] = after[0]
            after = solved

    def _below(self, fan: DecodingStep) -> list[DecodingStep]:
        """The fans that were added below the one given, off the path; the deepest first."""
        todo = list(self._followers.get(id(fan), {}).values())
        below: list[DecodingStep] = []
        while todo:
            below.append(todo.pop())
            todo += self._followers.get(id(below[-1]), {}).values()
        return below[::-1]

    def expected(self, number: int, fan: DecodingStep, at: int) -> Sequence[float] | None:
        """How a branch of a fan on the path goes on, where something is known of it."""
        after = self.path[number + 1] if number + 1 < len(self.path) else None
        solved = self._behind(fan, at, after)
        return solved[0] if solved else self._guess(fan, at)

    def _behind(self, fan: DecodingStep, at: int, after: _Solved | None) -> _Solved | None:
        """What the fan behind a candidate gives, if it was followed."""
        if after is not None and at == fan.position and fan.shape.goes_on:
            return after
        if not self._beside:
            return None
        below = self._followers.get(id(fan), {}).get(at)
        return None if below is None else self._beside.get(id(below))

    def _guess(self, fan: DecodingStep, at: int) -> Sequence[float] | None:
        """How a branch goes on that was not followed, by the path or as open domains have it."""
        known = self._known.get(fan.said(at)) if self._known else None
        if known is not None or not self._is_open:
            return known
        guess, shape = [0.0] * self._size, fan.shape
        if at == fan.position and shape.goes_on:  # the answer ended here
            guess[0] = 1.0
            return guess
        others = shape.left[at] - _WRITTEN
        if at in shape.silent:
            others = (others & shape.hidden) or others
        _share(guess, 1.0, others)
        return guess

    def _sum_up(self, fan: DecodingStep, after: _Solved | None) -> _Solved:
        """Solve a fan, all fans below it being solved; ``after`` is the next one on the path."""
        shape = fan.shape
        if self._group_of is None and shape.is_plain and (after is not None or not shape.goes_on):
            estimate, low, high = self._plainly(fan, after)
        else:
            estimate, (low, high) = self._estimate(fan, after), self._bounds(fan, after)
        if fan.unseen and self._is_open:
            _share(estimate, fan.unseen_others, shape.rest)
        elif fan.unseen and shape.hidden:
            _add_hidden(fan, estimate)
        whole = sum(estimate)
        if whole:
            return [part / whole for part in estimate], low, high
        _share(estimate, 1.0, fan.outcomes)
        return estimate, low, high

    def _plainly(self, fan: DecodingStep, after: _Solved | None) -> _Solved:
        """Estimate and bounds where nothing but the answer's own branch is open: mostly so."""
        total = fan.possible + fan.unseen
        if after is None:
            estimate = [0.0] * self._size
            low, high = estimate[:], estimate[:]
        else:
            estimate, low, high = after
            mass = fan.masses[fan.position or 0]
            share = mass / total
            estimate = [mass * part for part in estimate]
            low, high = [share * part for part in low], [share * part for part in high]
        for outcome, mass in fan.decided():
            estimate[outcome] += mass
            share = mass / total
            low[outcome] += share
            high[outcome] += share
        if fan.unseen:
            share = fan.unseen / total
            for outcome in fan.outcomes:
                high[outcome] += share
        return estimate, low, high

    def _estimate(self, fan: DecodingStep, after: _Solved | None) -> list[float]:
        """The mass that each outcome is taken to have, but for what was not listed."""
        shape, masses = fan.shape, fan.masses
        estimate = [0.0] * self._size
        for outcome, mass in fan.decided():
            estimate[outcome] += mass
        for at in shape.twigs:
            solved, left = self._behind(fan, at, after), shape.left[at]
            guess = solved[0] if solved else self._guess(fan, at)
            if guess is not None:
                for outcome in left:
                    estimate[outcome] += masses[at] * guess[outcome]
            elif at not in shape.silent:
                _share(estimate, masses[at], left)
        return estimate

    def _bounds(self, fan: DecodingStep, after: _Solved | None) -> tuple[list[float], list[float]]:
        """``low`` and ``high`` of each group of outcomes."""
        shape, masses, total = fan.shape, fan.masses, fan.possible + fan.unseen
        group_of = self._group_of or range(self._size)
        low, high = [0.0] * self._count, [0.0] * self._count
        possible = {group_of[outcome] for outcome in fan.outcomes}
        if len(possible) == 1:
            (group,) = possible
            low[group] = high[group] = 1.0
            return low, high
        for group in possible:
            high[group] = fan.unseen / total
        for outcome, mass in fan.decided():
            low[group_of[outcome]] += mass / total
            high[group_of[outcome]] += mass / total
        for at in shape.twigs:
            share, below = masses[at] / total, self._behind(fan, at, after)
            groups = {group_of[outcome] for outcome in shape.left[at]}
            for group in groups:
                low[group] += share * below[1][group] if below else share * (len(groups) == 1)
                high[group] += share * below[2][group] if below else share
        return low, high


def _in_order(p: float, low: float, high: float) -> tuple[float, float, float]:
    """Probability and bounds, without what rounding did to their order."""
    p = max(p, low)
    return min(p, 1.0), min(low, 1.0), min(max(high, p), 1.0)


_TINY = 1e-12
_MOST_KEPT = 64  # candidates of a place that was asked about, beside those that are undecided
_WRITTEN: Outcomes = frozenset({0})  # of an open domain
_way = unchecked(UnfollowedBranch)


def _share(estimate: list[float], mass: float, outcomes: Collection[int]) -> None:
    """Add a mass to some outcomes, to each the same."""
    for outcome in outcomes:
        estimate[outcome] += mass / len(outcomes)


def _add_hidden(fan: DecodingStep, estimate: list[float]) -> None:
    """Add what the estimate takes to be on outcomes that nothing listed.

    Nothing if every outcome was seen. Otherwise the unseen mass counts as valid as the seen; and
    where a list shows how fast the masses fall, a missing outcome has at most the least of them.
    """
    missing = fan.shape.hidden
    if not missing or not fan.possible:
        return
    hidden = fan.unseen_valid
    if len(fan.masses) > 1:
        hidden = min(hidden, min(fan.masses) * len(missing))
    _share(estimate, hidden, missing)
