"""The outcome tree: the probability of each of a few outcomes, from the steps of an answer.

In:    the decoding steps of the answer's own path with their candidates; a ``Read`` that says which
       outcomes a token leaves possible at a position; later, the candidates that a server lists
       beside the path (``OutcomeTree.expand``).
Out:   the probability of each outcome under the masked process, with a lower and an upper bound.
Never: JSON, labels or schemas: only the ``Read`` knows those.
Why:   members, kinds, keys, the end of a list and bare labels are the same question about different
       things. A response answers it along its own path. Further requests answer the rest.

Each candidate's mass is divided by the mass of all candidates that leave some outcome possible. The
mass that the server did not list ("unseen") may belong to any outcome: ``low`` gives all of it to
the other outcomes, ``high`` all of it to this one. A branch that leaves several outcomes and was
not followed counts for none of them in ``low``, and for each of them in ``high``. Following it
(``expand``) narrows the bounds.

The outcomes of an undecided branch are estimated from the answer's own path, if that path continued
from the same value prefix by other tokens. Otherwise the estimate depends on the domain:

* Finite: if the branch has written nothing of the value, it is divided like the rest of the step.
  Else it is split evenly: nothing indicates that it belongs to the chosen outcome.
* Open (outcome 0 is the value written, the others are all other values): it goes to the other
  values; if it has written nothing of the value, to the kinds that the step does not show. A model
  that meant the value written would have chosen the longer token, as in its training. The valid
  part of the unseen mass goes to the other values as well. Before the value begins, that holds only
  where no candidates are listed: there the probability of a step is that of its token.
"""

import itertools
import math
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

from fieldconf.distributions.decoding_step import (
    HIDDEN,
    NOTHING_WRITTEN,
    Branch,
    DecodingStep,
    Name,
    Outcomes,
    StepCandidates,
    as_step_candidates,
    bytes_of,
    every,
    is_same,
    text_of,
)
from fieldconf.tokens.token import Candidate, unchecked

Groups: TypeAlias = tuple[Outcomes, ...]
Read: TypeAlias = Callable[[Any, Sequence[Name]], list[Branch]]
"""What each of some candidates leads to at a place."""


class UndecidedMass(NamedTuple):
    """Mass that several outcomes may get: of the candidate ``at``, or unseen mass (``at`` None)."""

    mass: float
    outcomes: Outcomes
    step: DecodingStep
    at: int | None


class UnfollowedBranch(NamedTuple):
    """A branch that was not followed.

    Attributes:
        value_prefix: what it has written of the value, see ``Branch``.
        outcomes: the outcomes that it leaves possible.
        probability: the probability (0..1) that decoding takes it, from the tree's root on.
        low: the lower bound of that.
        step: the step at which it branches off.
        at: the candidate's position there; None for all candidates that ``shorten`` dropped.
    """

    value_prefix: Hashable
    outcomes: Outcomes
    probability: float
    low: float
    step: DecodingStep
    at: int | None = None

    @property
    def is_scalar_beginning(self) -> bool:
        """Whether it begins another scalar value than the one written, and does not complete it."""
        prefix = self.value_prefix
        return isinstance(prefix, bytes) and 0 not in self.outcomes and prefix[:1] not in b"{["


class OutcomeTree:
    """The steps on the answer's own path, and the steps that were added beside it.

    Args:
        read: returns the branches of candidates at a place.
        size: how many outcomes there are.
        path: (token index, candidates, place) of each step, in order; read until one outcome is
            left. If the place is None, it is the one that the step before leads to.
        follow: returns the place that a candidate leads to, where ``read`` omits it.
        is_open: whether outcome 0 is one value of an open domain, and the others all other values.
        has_gap: whether an unknown token before the path may have decided. Then every outcome has
            the bounds 0 and 1, and the estimate is that of the path alone.
        written: returns the branch of the answer's own token at a place where ``read`` cannot.

    Attributes:
        read, is_open, has_gap: the arguments.
        steps: the steps on the path.
        decided_at: the index of the token that decided; None if none did.
        is_broken: whether the answer's own path leaves no outcome.
        off: mass (0..1) of candidates that leave no outcome, from the first token on that excludes
            an outcome.
        most_off: what ``off`` is at most, if all unseen mass leaves no outcome, and some of it
            excludes one; may be above 1.
        valid: the smallest part (0..1) of the listed mass, from there on, that leaves some outcome.
        calls: how many requests were made to expand it.
        added_steps: the steps beside the path that narrow the bounds, by step and candidate.
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
        self.steps: list[DecodingStep] = []
        self.decided_at: int | None = None
        self.off = self.most_off = 0.0
        # For each step with candidates that leave no outcome: the path's mass before it, the names
        # and masses that the response lists there, and the positions of these candidates.
        self._outside: list[tuple[float, Sequence[Name], Sequence[float], Sequence[int]]] = []
        self.valid = 1.0
        self._unseen: list[float] = []  # for each step on the path
        self.read = read
        self._solutions: dict[Groups, _Solution] = {}
        self._written = written
        self.added_steps: dict[_BranchKey, DecodingStep] = {}
        self._rival_steps: dict[_BranchKey, DecodingStep] = {}  # these change no bound
        outcomes, place, path_mass, most_path_mass = every(size), None, 0.0, 0.0
        steps, unseen = self.steps, self._unseen
        for index, candidates, start in path:
            where = place if start is None else start
            branches = self._branches(where, outcomes, candidates)
            step = DecodingStep(where, outcomes, index, candidates, branches)
            shape = step.shape
            if not shape.chosen:
                self.is_broken = True
                break
            steps.append(step)
            if not path_mass and (shape.narrows or size == 1 or (is_open and shape.begins_value)):
                path_mass = 1.0
            if most_path_mass or path_mass or step.unseen > _TINY:
                most_path_mass = most_path_mass or 1.0
                self.most_off += most_path_mass * (step.off + step.unseen)
                most_path_mass *= step.masses[step.position or 0] / step.possible
            unseen.append(path_mass * step.unseen)
            if path_mass:
                if step.off:
                    self.off = min(1.0, self.off + path_mass * step.off)
                    self.valid = min(self.valid, step.possible / (step.possible + step.off))
                    self._outside.append((path_mass, step.names, step.masses, shape.outside))
                path_mass *= step.share
            outcomes = shape.chosen
            if len(outcomes) == 1:
                self.decided_at = index
                break
            place = branches[step.position or 0].place

    def _branches(self, place: Any, outcomes: Outcomes, candidates: StepCandidates) -> list[Branch]:
        """The branch of each candidate."""
        names, position = candidates.names, candidates.position
        branches = self.read(place, names)
        if position is not None and not branches[position].outcomes:
            if not bytes_of(names[position]):  # a part of a character that another token shows
                branches[position] = Branch(outcomes, place, HIDDEN)
            elif self._written is not None:
                branches[position] = self._written(place)
        return branches

    @property
    def others(self) -> dict[str, float]:
        """The mass (0..1) of candidates that leave no outcome, by text; see ``off``."""
        others: dict[str, float] = {}
        for path_mass, names, masses, outside in self._outside:
            for at in outside:
                if mass := masses[at]:
                    text = text_of(names[at])
                    others[text] = others.get(text, 0.0) + path_mass * mass
        return others

    @property
    def ended_at(self) -> int:
        """The index of the token that decided; else of the last token on the path."""
        return self.steps[-1].index if self.decided_at is None else self.decided_at

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
                # Rounding may have changed the order of a probability and its bounds.
                solution.results = [
                    (min(max(p, least), 1.0), min(least, 1.0), min(max(p, least, most), 1.0))
                    for p, least, most in zip(estimate, low, high, strict=True)
                ]
        return solution.results

    def _solve(self, groups: "Groups" = ()) -> "_Solution":
        """The solution for these groups, computed once."""
        solution = self._solutions.get(groups)
        if solution is None:
            solution = self._solutions[groups] = _Solution(self, groups)
        return solution

    def steps_behind(self, step: DecodingStep) -> dict[int, DecodingStep]:
        """The steps that were added behind a step's candidates, by the candidates' positions."""
        if not self.added_steps:
            return {}
        pairs = ((at, self.added_steps.get(_key(step, at))) for at in step.shape.undecided)
        return {at: below for at, below in pairs if below is not None}

    def decisive_step(self, outcome: int) -> "DecisiveStep":
        """The step on the path at which the probability of the written outcome rises most."""
        solution = self._solve()
        shares = [solved[0][outcome] for solved in solution.path]
        at = 0
        if len(shares) > 1:
            following = itertools.chain(shares[1:], (1.0,))
            rises = [(a + _TINY) / (b + _TINY) for a, b in zip(following, shares, strict=True)]
            at = rises.index(max(rises))
        step, against = self.steps[at], dict[str, float]()
        after = solution.path[at + 1] if at + 1 < len(solution.path) else None
        masses, possible = step.masses, step.possible
        for position in step.shape.rivals(outcome, step.position):
            part, left = masses[position] / possible, step.shape.left[position]
            if outcome in left:  # the branch leaves several outcomes
                below = solution.expected(step, position, after)
                part *= 1 - (below[outcome] if below else 1 / len(left))
            if part:
                text = text_of(step.names[position])
                against[text] = against.get(text, 0.0) + part
        return DecisiveStep(step, shares[at], against)

    # -- settling -------------------------------------------------------------------------------

    def undecided_masses(self) -> Iterator[UndecidedMass]:
        """All masses (0..1) that several outcomes may get.

        The masses that one outcome may get add up to the width of its bounds.
        """
        todo = [(self.steps[0], 1.0)]
        path = {id(step): after for step, after in itertools.pairwise(self.steps)}
        while todo:
            step, alive = todo.pop()
            if step.unseen:
                yield UndecidedMass(alive * step.unseen / step.total, step.outcomes, step, None)
            steps_behind, after = self.steps_behind(step), path.get(id(step))
            for at in step.shape.undecided:
                mass = alive * step.masses[at] / step.total
                is_on_path = after is not None and at == step.position and step.shape.goes_on
                below = after if is_on_path else steps_behind.get(at)
                if below is not None:
                    todo.append((below, mass))
                elif mass:
                    yield UndecidedMass(mass, step.shape.left[at], step, at)

    @property
    def unlisted(self) -> float:
        """The mass (0..1) that no server listed, on the path and beside it."""
        if self.added_steps:
            return math.fsum(
                undecided.mass for undecided in self.undecided_masses() if undecided.at is None
            )
        alive, unlisted = 1.0, 0.0
        for step in self.steps:
            total = step.total
            unlisted += alive * step.unseen / total
            alive *= step.masses[step.position or 0] / total
        return unlisted

    @property
    def width(self) -> float:
        """The widest bounds of an outcome (0..1)."""
        if self.size == 1:
            return 0.0
        widths = [0.0] * self.size
        for undecided in self.undecided_masses():
            for outcome in undecided.outcomes:
                widths[outcome] += undecided.mass
        return max(widths)

    def unfollowed_branches(self) -> Iterator[UnfollowedBranch]:
        """All branches of an open question that were not followed, on the path and beside it."""
        path = {id(step): after for step, after in itertools.pairwise(self.steps)}
        beside = {**self._rival_steps, **self.added_steps}
        todo = [(self.steps[0], 1.0, 1.0)]
        while todo:
            step, probability, low = todo.pop()
            shape, masses, possible = step.shape, step.masses, step.possible
            share = probability / (possible + step.unseen_others)
            low /= possible + step.unseen
            after, dropped = path.get(id(step)), possible
            for at, left in enumerate(shape.left):
                if not left:
                    continue
                mass = masses[at]
                dropped -= mass
                below = after if at == step.position and shape.goes_on else None
                if below is None and beside:
                    below = beside.get(_key(step, at))
                if below is None:
                    yield _unfollowed(
                        (step.value_prefix(at), left, mass * share, mass * low, step, at)
                    )
                else:
                    todo.append((below, mass * share, mass * low))
            if step.is_shortened:
                rest = max(0.0, dropped)
                yield UnfollowedBranch(
                    NOTHING_WRITTEN, step.outcomes, rest * share, rest * low, step
                )

    def follow_rival(self, branch: UnfollowedBranch, next_tokens: Sequence[Candidate]) -> None:
        """Add the step behind the beginning of another value. No bound changes."""
        self.calls += 1
        step = self._step_behind(branch, as_step_candidates(next_tokens, None, 0.0))
        if step.possible:
            step.shorten(_MOST_KEPT)
            assert branch.at is not None  # a beginning has a position
            self._rival_steps[_key(branch.step, branch.at)] = step

    def _step_behind(
        self, undecided: UndecidedMass | UnfollowedBranch, candidates: StepCandidates
    ) -> DecodingStep:
        """The step that a branch leads to."""
        place, outcomes, step = self.place_of(undecided), undecided.outcomes, undecided.step
        branches, trail = self._branches(place, outcomes, candidates), step.trail_to(undecided.at)
        return DecodingStep(place, outcomes, step.index, candidates, branches, trail)

    def place_of(self, undecided: UndecidedMass | UnfollowedBranch) -> Any:
        """The place whose next tokens are missing: behind the branch, or at its step."""
        if undecided.at is None:
            return undecided.step.place
        place = undecided.step.branches[undecided.at].place
        if place is None and self._follow is not None:
            return self._follow(undecided.step.place, undecided.step.names[undecided.at])
        return place

    def expand(self, undecided: UndecidedMass, next_tokens: Sequence[Candidate]) -> None:
        """Add the step behind an undecided branch, or replace the candidates of its step.

        ``next_tokens`` are all tokens that leave some outcome there.
        """
        self.calls += 1
        self._solutions = {}
        is_possible = any(candidate.logprob > -math.inf for candidate in next_tokens)
        candidates = as_step_candidates(next_tokens, None, 0.0 if is_possible else 1.0)
        step, position = undecided.step, None
        followed: list[tuple[Name, DecodingStep]] = []
        if undecided.at is not None:
            key, step = _key(step, undecided.at), self._step_behind(undecided, candidates)
            self.added_steps[key] = step
        else:
            followed = [(step.names[at], below) for at, below in self.steps_behind(step).items()]
            if step.position is not None:
                chosen = step.names[step.position]
                places = (at for at, name in enumerate(candidates.names) if is_same(name, chosen))
                position = next(places, None)
                if position is None:  # not in the vocabulary: keep what the response lists
                    step.is_asked = True
                    return
            candidates = candidates._replace(position=position)
            step.fill(candidates, self._branches(step.place, step.outcomes, candidates))
        step.shorten(_MOST_KEPT)
        for name, below in followed:
            same = next((at for at, other in enumerate(step.names) if is_same(other, name)), None)
            if same is not None:
                self.added_steps[_key(step, same)] = below
        step.is_asked = True
        for number, other in enumerate(self.steps):
            if step is other:
                self._unseen[number] = 0.0


_BranchKey: TypeAlias = tuple[int, Name]
"""The identity of a step, and the name of a candidate there."""


def _key(step: DecodingStep, at: int) -> _BranchKey:
    return id(step), step.names[at]


class DecisiveStep(NamedTuple):
    """Where an outcome was decided: its probability there (0..1), and the mass against it."""

    step: DecodingStep
    share: float
    against: dict[str, float]


_Solved: TypeAlias = tuple[list[float], list[float], list[float]]
"""For a step: the estimate of each outcome (they sum to 1), and low and high of each group."""


class _Solution:
    """Estimate and bounds of the outcomes at each step of a tree; ``path`` has those on the path.

    Steps are solved from the end of the path backwards, since each step sums up those behind it.
    ``_estimates`` has the estimates behind the path's own branches, by the prefix of the value.
    There is no recursion, because paths are long.
    """

    def __init__(self, tree: OutcomeTree, groups: Groups) -> None:
        self._size, self._is_open = tree.size, tree.is_open
        # A solution that held its tree would be a reference cycle.
        added = tree.added_steps
        all_steps = [*tree.steps, *added.values()] if added else []
        self._steps_behind = {id(step): tree.steps_behind(step) for step in all_steps}
        self._off_path: dict[int, _Solved] = {}  # by the identity of a step off the path
        self._estimates: dict[Hashable, list[float]] = {}
        self._group_of = {o: number for number, group in enumerate(groups) for o in group}
        self.results: list[tuple[float, float, float]] | None = None  # see ``OutcomeTree.results``
        self._count = len(groups) or tree.size
        steps = tree.steps
        self.path: list[_Solved] = [([], [], [])] * len(steps)
        after: _Solved | None = None
        for number in range(len(steps) - 1, -1, -1):
            step = steps[number]
            for below in self._steps_below(step) if self._steps_behind else ():
                self._off_path[id(below)] = self._sum_up(below, None)
            solved = self.path[number] = self._sum_up(step, after)
            if after is not None:  # then it goes on
                self._estimates[step.value_prefix(step.position or 0)] = after[0]
            after = solved

    def _steps_below(self, step: DecodingStep) -> list[DecodingStep]:
        """The steps that were added below a step, off the path; the deepest first."""
        todo = list(self._steps_behind.get(id(step), {}).values())
        below: list[DecodingStep] = []
        while todo:
            below.append(todo.pop())
            todo += self._steps_behind.get(id(below[-1]), {}).values()
        return below[::-1]

    def expected(
        self, step: DecodingStep, at: int, after: _Solved | None
    ) -> Sequence[float] | None:
        """The estimate behind a branch; None where nothing is known.

        ``after`` is the solution of the next step on the path, where there is one.
        """
        solved = self._solved_behind(step, at, after)
        return solved[0] if solved else self._guess(step, at)

    def _solved_behind(self, step: DecodingStep, at: int, after: _Solved | None) -> _Solved | None:
        """The solution of the step behind a candidate, if it was followed."""
        if after is not None and at == step.position and step.shape.goes_on:
            return after
        if not self._off_path:
            return None
        below = self._steps_behind.get(id(step), {}).get(at)
        return None if below is None else self._off_path.get(id(below))

    def _guess(self, step: DecodingStep, at: int) -> Sequence[float] | None:
        """The estimate behind a branch that was not followed; None where nothing is known."""
        estimate = self._estimates.get(step.value_prefix(at)) if self._estimates else None
        if estimate is not None or not self._is_open:
            return estimate
        guess, shape = [0.0] * self._size, step.shape
        if at == step.position and shape.goes_on:  # the answer ended here
            guess[0] = 1.0
            return guess
        others = shape.left[at] - _WRITTEN
        if at in shape.blank:
            others = (others & shape.hidden) or others
        _share(guess, 1.0, others)
        return guess

    def _sum_up(self, step: DecodingStep, after: _Solved | None) -> _Solved:
        """Solve a step whose steps below are solved; ``after`` is the next one on the path."""
        shape = step.shape
        if not self._group_of and shape.is_plain and (after is not None or not shape.goes_on):
            estimate, low, high = self._plainly(step, after)
        else:
            estimate, (low, high) = self._estimate(step, after), self._bounds(step, after)
        if step.unseen and self._is_open:
            _share(estimate, step.unseen_others, shape.rest)
        elif step.unseen and shape.hidden and step.possible:
            # The unseen mass is as valid as the seen mass. Masses fall: none of the outcomes that
            # no candidate shows has more than the least of several listed masses.
            hidden, masses = step.unseen_valid, step.masses
            if len(masses) > 1:
                hidden = min(hidden, min(masses) * len(shape.hidden))
            _share(estimate, hidden, shape.hidden)
        whole = sum(estimate)
        if whole:
            return [part / whole for part in estimate], low, high
        _share(estimate, 1.0, step.outcomes)
        return estimate, low, high

    def _plainly(self, step: DecodingStep, after: _Solved | None) -> _Solved:
        """Estimate and bounds where only the answer's own branch is undecided: most steps."""
        total = step.total
        if after is None:
            estimate = [0.0] * self._size
            low, high = estimate[:], estimate[:]
        else:
            estimate, low, high = after
            mass = step.masses[step.position or 0]
            share = mass / total
            estimate = [mass * part for part in estimate]
            low, high = [share * part for part in low], [share * part for part in high]
        for outcome, mass in step.decided():
            estimate[outcome] += mass
            share = mass / total
            low[outcome] += share
            high[outcome] += share
        if step.unseen:
            share = step.unseen / total
            for outcome in step.outcomes:
                high[outcome] += share
        return estimate, low, high

    def _estimate(self, step: DecodingStep, after: _Solved | None) -> list[float]:
        """The estimated mass of each outcome, without the unseen mass."""
        shape, masses = step.shape, step.masses
        estimate = [0.0] * self._size
        for outcome, mass in step.decided():
            estimate[outcome] += mass
        for at in shape.undecided:
            guess, left = self.expected(step, at, after), shape.left[at]
            if guess is not None:
                for outcome in left:
                    estimate[outcome] += masses[at] * guess[outcome]
            elif at not in shape.blank:
                _share(estimate, masses[at], left)
        return estimate

    def _bounds(self, step: DecodingStep, after: _Solved | None) -> tuple[list[float], list[float]]:
        """``low`` and ``high`` of each group of outcomes."""
        shape, masses, total = step.shape, step.masses, step.total
        group_of = self._group_of or range(self._size)
        low, high = [0.0] * self._count, [0.0] * self._count
        possible = {group_of[outcome] for outcome in step.outcomes}
        if len(possible) == 1:
            (group,) = possible
            low[group] = high[group] = 1.0
            return low, high
        for group in possible:
            high[group] = step.unseen / total
        for outcome, mass in step.decided():
            low[group_of[outcome]] += mass / total
            high[group_of[outcome]] += mass / total
        for at in shape.undecided:
            share, below = masses[at] / total, self._solved_behind(step, at, after)
            groups = {group_of[outcome] for outcome in shape.left[at]}
            for group in groups:
                low[group] += share * below[1][group] if below else share * (len(groups) == 1)
                high[group] += share * below[2][group] if below else share
        return low, high


_TINY = 1e-12
_MOST_KEPT = 64  # decided candidates of a step that a server was asked for
_WRITTEN: Outcomes = frozenset({0})  # of an open domain
_unfollowed = unchecked(UnfollowedBranch)


def _share(estimate: list[float], mass: float, outcomes: Collection[int]) -> None:
    """Split a mass evenly between some outcomes."""
    for outcome in outcomes:
        estimate[outcome] += mass / len(outcomes)
