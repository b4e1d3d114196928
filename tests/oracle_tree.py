"""The slow tree: the definition of what alternatives say, fan by fan, with a branch an object.

The library's tree adds up masses by memoised shapes; this one looks at each candidate. It was the
library's own before, without what settling a real answer needs (shortened lists, rivals followed).
"""

import itertools
import math
from dataclasses import dataclass, field

from fieldconf.distributions.decoding_step import NOTHING_SAID

TINY = 1e-12


@dataclass
class Candidate:
    """A candidate with what it leads to; ``fan`` is what follows, once that is known."""

    name: str
    mass: float
    outcomes: frozenset
    said: object = None
    fan: "Fan | None" = None


@dataclass
class Fan:
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
        says_nothing = self.chosen is not None and self.chosen.said == NOTHING_SAID
        return 0.0 if says_nothing and len(self.candidates) > 1 else self.unseen_valid

    def shown(self):
        """The outcomes that candidates leave, of those that say something, and of the chosen."""
        pairs = zip(self.candidates, self.left, strict=True)
        found = [left for c, left in pairs if c.said != NOTHING_SAID]
        return found + ([self.left[self.position]] if self.chosen else [])

    def hidden(self):
        return self.outcomes.difference(*self.shown())


class Tree:
    """The path through the fans: of each step (index, candidates, position, unseen)."""

    def __init__(self, size, rows, *, is_open=False):
        self.size, self.is_open, self.fans = size, is_open, []
        self.decided_at, self.is_broken, self.off, self.valid = None, False, 0.0, 1.0
        self.others, self.unseen = {}, 0.0
        outcomes, telling = frozenset(range(size)), 0.0
        for index, candidates, position, unseen in rows:
            fan = Fan(index, outcomes, candidates, position, unseen)
            left = fan.left[position]
            if not left:
                self.is_broken = True
                break
            if self.fans:
                self.fans[-1].chosen.fan = fan
            self.fans.append(fan)
            telling = self._count(fan, telling)
            outcomes = left
            if len(outcomes) == 1:
                self.decided_at = index
                break
        self.unseen = min(1.0, self.unseen)

    def _count(self, fan, telling):
        pairs = list(zip(fan.candidates, fan.left, strict=True))
        says = any(left and left != fan.outcomes for _, left in pairs) or self.size == 1
        says = says or (self.is_open and any(c.said != NOTHING_SAID for c, left in pairs if left))
        telling = telling or float(says)
        self.unseen += telling * fan.unseen
        if telling and fan.off:
            self.off = min(1.0, self.off + telling * fan.off)
            self.valid = min(self.valid, fan.possible / (fan.possible + fan.off))
            for candidate, left in pairs:
                if not left and candidate.mass:
                    self.others.setdefault(candidate.name, 0.0)
                    self.others[candidate.name] += telling * candidate.mass
        return telling * fan.candidates[fan.position].mass / fan.total

    def results(self, groups=()):
        """(probability, low, high) of each outcome, or of each group of them."""
        if self.size == 1:
            return [(1.0, 1.0, 1.0)]
        estimate, low, high = self.solve(groups)[id(self.fans[0])]
        if groups:
            estimate = [sum(estimate[i] for i in group) for group in groups]
        pairs = zip(estimate, low, high, strict=False)
        return [(min(max(p, a), 1.0), min(a, 1.0), min(max(b, p, a), 1.0)) for p, a, b in pairs]

    def solve(self, groups=()):
        """Estimate, low and high of each fan, by its identity."""
        group_of = list(range(self.size))
        for number, group in enumerate(groups):
            for outcome in group:
                group_of[outcome] = number
        solved, known = {}, {}
        self.known = known
        for fan in reversed(self.fans):
            for below in reversed(list(self._beside(fan))):
                solved[id(below)] = self._sum_up(below, solved, known, group_of)
            solved[id(fan)] = self._sum_up(fan, solved, known, group_of)
            if fan.chosen is not None and fan.chosen.fan is not None:
                known[fan.chosen.said] = solved[id(fan.chosen.fan)][0]
        self.solved = solved
        return solved

    def _beside(self, fan):
        todo = [c.fan for c in fan.candidates if c.fan is not None and c is not fan.chosen]
        while todo:
            yield todo[-1]
            todo += [c.fan for c in todo.pop().candidates if c.fan is not None]

    def _sum_up(self, fan, solved, known, group_of):  # noqa: C901, PLR0912  # the whole definition
        low, high = [0.0] * self.size, [0.0] * self.size
        possible = {group_of[outcome] for outcome in fan.outcomes}
        for group in possible:
            high[group] = fan.unseen / fan.total
        estimate = [0.0] * self.size
        for candidate, left in zip(fan.candidates, fan.left, strict=True):
            share, groups = candidate.mass / fan.total, {group_of[outcome] for outcome in left}
            below = solved.get(id(candidate.fan)) if candidate.fan and len(left) > 1 else None
            for group in groups:
                low[group] += share * below[1][group] if below else share * (len(groups) == 1)
                high[group] += share * below[2][group] if below else share
            if len(left) == 1:
                estimate[min(left)] += candidate.mass
            elif left:
                guess = self.expected(fan, candidate, left, solved, known)
                if guess is not None:
                    for outcome in left:
                        estimate[outcome] += candidate.mass * guess[outcome]
                elif candidate.said != NOTHING_SAID:
                    for outcome in left:
                        estimate[outcome] += candidate.mass / len(left)
        if len(possible) == 1:
            low, high = [0.0] * self.size, [0.0] * self.size
            low[min(possible)] = high[min(possible)] = 1.0
        if fan.unseen and self.is_open:
            others = fan.outcomes - {0} or fan.outcomes
            for outcome in others:
                estimate[outcome] += fan.unseen_others / len(others)
        elif fan.unseen and fan.hidden() and fan.possible:
            hidden = fan.unseen_valid
            if len(fan.candidates) > 1:
                hidden = min(hidden, min(c.mass for c in fan.candidates) * len(fan.hidden()))
            for outcome in fan.hidden():
                estimate[outcome] += hidden / len(fan.hidden())
        whole = sum(estimate)
        if whole:
            estimate = [part / whole for part in estimate]
        else:
            estimate = [(o in fan.outcomes) / len(fan.outcomes) for o in range(self.size)]
        return estimate, low, high

    def expected(self, fan, candidate, left, solved, known):
        """How a branch goes on: as it was followed, by the path, or as open domains have it."""
        if candidate.fan is not None:
            return solved[id(candidate.fan)][0]
        if candidate.said in known or not self.is_open:
            return known.get(candidate.said)
        if candidate is fan.chosen:  # the answer ended here
            return [1.0] + [0.0] * (self.size - 1)
        others = left - {0}
        if candidate.said == NOTHING_SAID:
            others = others.difference(*fan.shown()) or others
        return [(outcome in others) / len(others) for outcome in range(self.size)]

    def decisive(self, outcome):
        """Where the probability of an outcome rose most: token index, probability, mass against."""
        solved = self.solve()
        shares = [solved[id(fan)][0][outcome] for fan in self.fans]
        following = [*shares[1:], 1.0]
        rises = [(a + TINY) / (b + TINY) for a, b in zip(following, shares, strict=True)]
        at = rises.index(max(rises)) if len(shares) > 1 else 0
        fan, against = self.fans[at], {}
        for candidate, left in zip(fan.candidates, fan.left, strict=True):
            if not left or candidate is fan.chosen:
                continue
            agreeing = float(outcome in left)
            if len(left) > 1:
                below = self.expected(fan, candidate, left, solved, self.known)
                agreeing = below[outcome] if below else agreeing / len(left)
            if agreeing < 1:
                part = candidate.mass / fan.possible * (1 - agreeing)
                against[candidate.name] = against.get(candidate.name, 0.0) + part
        return fan.index, shares[at], against

    def gaps(self):
        """What is undecided: mass, outcomes, the candidate's name (None: what is not listed)."""
        todo = [(self.fans[0], 1.0)]
        while todo:
            fan, alive = todo.pop()
            if fan.unseen:
                yield alive * fan.unseen / fan.total, fan.outcomes, None
            for candidate, left in zip(fan.candidates, fan.left, strict=True):
                mass = alive * candidate.mass / fan.total
                if len(left) > 1 and candidate.fan is not None:
                    todo.append((candidate.fan, mass))
                elif len(left) > 1 and mass:
                    yield mass, left, candidate.name

    def ways(self):
        """Branches that were not followed: what they say, outcomes, probability, and at least."""
        todo = [(self.fans[0], 1.0, 1.0)]
        while todo:
            fan, probability, low = todo.pop()
            whole = fan.possible + fan.unseen_others
            for candidate, left in zip(fan.candidates, fan.left, strict=True):
                reached = probability * candidate.mass / whole, low * candidate.mass / fan.total
                if left and candidate.fan is not None and len(left) > 1:
                    todo.append((candidate.fan, *reached))
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
