"""The slow tree: the definition of what alternatives say, step by step, with a branch an object.

The library's tree adds up masses by memoised shapes; this one looks at each candidate. It was the
library's own before, without what settling a real answer needs (shortened lists, rivals followed).
"""

import itertools
import math
from dataclasses import dataclass, field

from fieldconf.distributions.decoding_step import NOTHING_WRITTEN

TINY = 1e-12


@dataclass
class Candidate:
    """A candidate with what it leads to; ``step`` is what follows, once that is known."""

    name: str
    mass: float
    outcomes: frozenset
    said: object = None
    step: "Step | None" = None


@dataclass
class Step:
    """One place where a token is chosen: its candidates, and the chosen one's position."""

    index: int
    outcomes: frozenset
    candidates: list[Candidate]
    position: int | None
    unseen: float
    left: list[frozenset] = field(init=False)

    def __post_init__(self):
        self.left = [c.outcomes & self.outcomes for c in self.candidates]

    @property
    def chosen(self):
        """The chosen candidate, if it leaves several outcomes."""
        at = self.position
        return self.candidates[at] if at is not None and len(self.left[at]) > 1 else None

    @property
    def possible(self):
        return sum(c.mass for c, left in zip(self.candidates, self.left, strict=True) if left)

    @property
    def off(self):
        return sum(c.mass for c, left in zip(self.candidates, self.left, strict=True) if not left)

    @property
    def total(self):
        return self.possible + self.unseen

    @property
    def unseen_valid(self):
        return self.unseen * self.possible / (self.possible + self.off)

    @property
    def unseen_others(self):
        says_nothing = self.chosen is not None and self.chosen.said == NOTHING_WRITTEN
        return 0.0 if says_nothing and len(self.candidates) > 1 else self.unseen_valid

    def shown(self):
        """The outcomes that candidates leave, of those that say something, and of the chosen."""
        pairs = zip(self.candidates, self.left, strict=True)
        found = [left for c, left in pairs if c.said != NOTHING_WRITTEN]
        return found + ([self.left[self.position]] if self.chosen else [])

    def hidden(self):
        return self.outcomes.difference(*self.shown())


class Tree:
    """The path through the steps: of each step (index, candidates, position, unseen)."""

    def __init__(self, size, rows, *, is_open=False):
        self.size, self.is_open, self.steps = size, is_open, []
        self.decided_at, self.is_broken, self.off, self.valid = None, False, 0.0, 1.0
        self.others, self.unseen = {}, 0.0
        outcomes, path_mass = frozenset(range(size)), 0.0
        for index, candidates, position, unseen in rows:
            step = Step(index, outcomes, candidates, position, unseen)
            left = step.left[position]
            if not left:
                self.is_broken = True
                break
            if self.steps:
                self.steps[-1].chosen.step = step
            self.steps.append(step)
            path_mass = self._count(step, path_mass)
            outcomes = left
            if len(outcomes) == 1:
                self.decided_at = index
                break
        self.unseen = min(1.0, self.unseen)

    def _count(self, step, path_mass):
        pairs = list(zip(step.candidates, step.left, strict=True))
        says = any(left and left != step.outcomes for _, left in pairs) or self.size == 1
        begins = any(c.said != NOTHING_WRITTEN for c, left in pairs if left)
        says = says or (self.is_open and begins)
        path_mass = path_mass or float(says)
        self.unseen += path_mass * step.unseen
        if path_mass and step.off:
            self.off = min(1.0, self.off + path_mass * step.off)
            self.valid = min(self.valid, step.possible / (step.possible + step.off))
            for candidate, left in pairs:
                if not left and candidate.mass:
                    self.others.setdefault(candidate.name, 0.0)
                    self.others[candidate.name] += path_mass * candidate.mass
        return path_mass * step.candidates[step.position].mass / step.total

    def results(self, groups=()):
        """(probability, low, high) of each outcome, or of each group of them."""
        if self.size == 1:
            return [(1.0, 1.0, 1.0)]
        estimate, low, high = self.solve(groups)[id(self.steps[0])]
        if groups:
            estimate = [sum(estimate[i] for i in group) for group in groups]
        pairs = zip(estimate, low, high, strict=False)
        return [(min(max(p, a), 1.0), min(a, 1.0), min(max(b, p, a), 1.0)) for p, a, b in pairs]

    def solve(self, groups=()):
        """Estimate, low and high of each step, by its identity."""
        group_of = list(range(self.size))
        for number, group in enumerate(groups):
            for outcome in group:
                group_of[outcome] = number
        solved, known = {}, {}
        self.known = known
        for step in reversed(self.steps):
            for below in reversed(list(self._beside(step))):
                solved[id(below)] = self._sum_up(below, solved, known, group_of)
            solved[id(step)] = self._sum_up(step, solved, known, group_of)
            if step.chosen is not None and step.chosen.step is not None:
                known[step.chosen.said] = solved[id(step.chosen.step)][0]
        self.solved = solved
        return solved

    def _beside(self, step):
        todo = [c.step for c in step.candidates if c.step is not None and c is not step.chosen]
        while todo:
            yield todo[-1]
            todo += [c.step for c in todo.pop().candidates if c.step is not None]

    def _sum_up(self, step, solved, known, group_of):  # noqa: C901, PLR0912  # the whole definition
        low, high = [0.0] * self.size, [0.0] * self.size
        possible = {group_of[outcome] for outcome in step.outcomes}
        for group in possible:
            high[group] = step.unseen / step.total
        estimate = [0.0] * self.size
        for candidate, left in zip(step.candidates, step.left, strict=True):
            share, groups = candidate.mass / step.total, {group_of[outcome] for outcome in left}
            below = solved.get(id(candidate.step)) if candidate.step and len(left) > 1 else None
            for group in groups:
                low[group] += share * below[1][group] if below else share * (len(groups) == 1)
                high[group] += share * below[2][group] if below else share
            if len(left) == 1:
                estimate[min(left)] += candidate.mass
            elif left:
                guess = self.expected(step, candidate, left, solved, known)
                if guess is not None:
                    for outcome in left:
                        estimate[outcome] += candidate.mass * guess[outcome]
                elif candidate.said != NOTHING_WRITTEN:
                    for outcome in left:
                        estimate[outcome] += candidate.mass / len(left)
        if len(possible) == 1:
            low, high = [0.0] * self.size, [0.0] * self.size
            low[min(possible)] = high[min(possible)] = 1.0
        if step.unseen and self.is_open:
            others = step.outcomes - {0} or step.outcomes
            for outcome in others:
                estimate[outcome] += step.unseen_others / len(others)
        elif step.unseen and step.hidden() and step.possible:
            hidden = step.unseen_valid
            if len(step.candidates) > 1:
                hidden = min(hidden, min(c.mass for c in step.candidates) * len(step.hidden()))
            for outcome in step.hidden():
                estimate[outcome] += hidden / len(step.hidden())
        whole = sum(estimate)
        if whole:
            estimate = [part / whole for part in estimate]
        else:
            estimate = [(o in step.outcomes) / len(step.outcomes) for o in range(self.size)]
        return estimate, low, high

    def expected(self, step, candidate, left, solved, known):
        """How a branch goes on: as it was followed, by the path, or as open domains have it."""
        if candidate.step is not None:
            return solved[id(candidate.step)][0]
        if candidate.said in known or not self.is_open:
            return known.get(candidate.said)
        if candidate is step.chosen:  # the answer ended here
            return [1.0] + [0.0] * (self.size - 1)
        others = left - {0}
        if candidate.said == NOTHING_WRITTEN:
            others = others.difference(*step.shown()) or others
        return [(outcome in others) / len(others) for outcome in range(self.size)]

    def decisive_step(self, outcome):
        """Where the probability of an outcome rose most: token index, probability, mass against."""
        solved = self.solve()
        shares = [solved[id(step)][0][outcome] for step in self.steps]
        following = [*shares[1:], 1.0]
        rises = [(a + TINY) / (b + TINY) for a, b in zip(following, shares, strict=True)]
        at = rises.index(max(rises)) if len(shares) > 1 else 0
        step, against = self.steps[at], {}
        for candidate, left in zip(step.candidates, step.left, strict=True):
            if not left or candidate is step.chosen:
                continue
            agreeing = float(outcome in left)
            if len(left) > 1:
                below = self.expected(step, candidate, left, solved, self.known)
                agreeing = below[outcome] if below else agreeing / len(left)
            if agreeing < 1:
                part = candidate.mass / step.possible * (1 - agreeing)
                against[candidate.name] = against.get(candidate.name, 0.0) + part
        return step.index, shares[at], against

    def undecided_masses(self):
        """What is undecided: mass, outcomes, the candidate's name (None: what is not listed)."""
        todo = [(self.steps[0], 1.0)]
        while todo:
            step, alive = todo.pop()
            if step.unseen:
                yield alive * step.unseen / step.total, step.outcomes, None
            for candidate, left in zip(step.candidates, step.left, strict=True):
                mass = alive * candidate.mass / step.total
                if len(left) > 1 and candidate.step is not None:
                    todo.append((candidate.step, mass))
                elif len(left) > 1 and mass:
                    yield mass, left, candidate.name

    def unfollowed_branches(self):
        """Branches that were not followed: what they say, outcomes, probability, and at least."""
        todo = [(self.steps[0], 1.0, 1.0)]
        while todo:
            step, probability, low = todo.pop()
            whole = step.possible + step.unseen_others
            for candidate, left in zip(step.candidates, step.left, strict=True):
                reached = probability * candidate.mass / whole, low * candidate.mass / step.total
                if left and candidate.step is not None and len(left) > 1:
                    todo.append((candidate.step, *reached))
                elif left:
                    yield candidate.said, left, *reached


def rounded(value):
    """The same with numbers that rounding cannot tell apart made equal."""
    if isinstance(value, float):
        return round(value, 9) if math.isfinite(value) else value
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items() if item}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in itertools.chain(value)]
    return value
