"""Steps of an open value: how much of what could have been written at a token agrees with it.

In:    the tree of a ``ValueQuestion``.
Out:   a ``Choice`` of each token on the answer's own path; the one at which least agrees.
Never: a judgment of its own: which candidates agree, the question has said.
Why:   "0.4" of a date is one thing, "the day was sure, the month was not" another.
"""

import math
from typing import NamedTuple, Protocol

from fieldconf.alternatives.distribution import Rival, likeliest
from fieldconf.alternatives.fan import Fan
from fieldconf.alternatives.tree import Tree


class Allows(Protocol):
    """Whether a beginning of a value's JSON text may still become an allowed value.

    ``Declared.allows`` is one.
    """

    def __call__(self, text: bytes, *, done: bool) -> bool:
        """``done`` says that the value closed."""
        ...


class Choice(NamedTuple):
    """One step of an open value: masses (0..1) of what the candidates would have led to.

    ``agreeing`` may still lead to the value that was written, ``possible`` to any value allowed
    there (it includes ``agreeing``); ``off_schema`` to none; ``unseen`` was not listed. ``rivals``
    are the likeliest of the possible that do not agree, likeliest first.
    """

    token: int
    agreeing: float
    possible: float
    off_schema: float
    unseen: float
    rivals: tuple[Rival, ...] = ()

    @property
    def probability(self) -> float:
        """Agreeing over possible mass, unseen mass taken to be as valid as the seen (0..1)."""
        valid = self.unseen * self.possible / (self.possible + self.off_schema)
        return self.agreeing / (self.possible + valid)

    @property
    def low(self) -> float:
        """As ``probability``, all unseen mass possible and disagreeing."""
        return self.agreeing / (self.possible + self.unseen)

    @property
    def high(self) -> float:
        """As ``probability``, all unseen mass agreeing."""
        return (self.agreeing + self.unseen) / (self.possible + self.unseen)


def choices(tree: Tree) -> list[Choice]:
    """What was chosen at each step of the answer's own path; ``agreeing`` is outcome 0."""
    return [_choice(fan) for fan in tree.fans]


def least_sure(tree: Tree) -> Choice:
    """The step at which the smallest part agrees."""
    pairs = [(_choice(fan), fan.possible + fan.unseen_others) for fan in tree.fans]
    return min(pairs, key=lambda pair: pair[0].agreeing / pair[1])[0]


def _choice(fan: Fan) -> Choice:
    candidates, masses = fan.listing.candidates, fan.listing.masses
    rows = list(zip(candidates, masses, fan.branches, strict=True))
    agreeing = math.fsum(mass for _, mass, branch in rows if 0 in branch.outcomes)
    whole = fan.possible + fan.unseen_valid
    rivals = likeliest(
        (candidate.text, mass / whole)
        for candidate, mass, branch in rows
        if branch.outcomes and 0 not in branch.outcomes
    )
    return Choice(fan.index, agreeing, fan.possible, fan.off, fan.unseen, rivals)
