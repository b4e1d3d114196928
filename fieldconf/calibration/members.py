"""Members: moves the members of a finite domain towards how often they are right.

In:    a distribution, a slope, and a bias for each member.
Out:   the calibrated distribution, with bounds.
Never: a member at 0 or 1; another value: the member that was written stays.
Why:   a model that writes "other" too often needs a correction for each member, not only for
       the winner.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ConfigDict

from fieldconf.calibration.curve import MOST, SOFT
from fieldconf.distributions.distribution import Distribution, Member
from fieldconf.parsing.kinds import same


@dataclass(frozen=True, slots=True)
class Members:
    """P(m) in proportion to q(m) ** slope * exp(bias(m)): matrix scaling with a diagonal matrix.

    q is the probability of a member, moved away from 0: (p + SOFT) / (1 + n SOFT) of n members.
    With a shared slope this is bias-corrected temperature scaling (Alexandari, Kundaje and
    Shrikumar, ICML 2020).

    Attributes:
        values: the members that labels spoke of, JSON scalars.
        biases: of each, in nats.
        slope: positive.

    >>> even = tuple(Member(value, 0.5, 0.4, 0.6) for value in ("a", "b"))
    >>> moved = Members(("a",), (math.log(3),), 1.0).moved(Distribution(even, 0.0, 0.0, 0))
    >>> [round(member.probability, 3) for member in moved.candidates]
    [0.75, 0.25]
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    values: tuple[Any, ...]
    biases: tuple[float, ...]
    slope: float = 1.0

    def moved(self, distribution: Distribution) -> Distribution:
        """The distribution of a finite domain, moved; the most probable member first.

        The bounds of a member are reached where it is at one of its own and all others are at the
        opposite ones.
        """
        candidates = distribution.candidates
        pairs = list(zip(self.values, self.biases, strict=True))
        biases = [
            next((bias for value, bias in pairs if same(value, member.value)), 0.0)
            for member in candidates
        ]
        total = 1 + len(candidates) * SOFT
        middle, low, high = (
            [self.slope * math.log((member[part] + SOFT) / total) + bias
             for member, bias in zip(candidates, biases, strict=True)]
            for part in (1, 2, 3)
        )  # fmt: skip
        moved = [
            Member(
                member.value, _share(at, middle, middle), _share(at, low, high),
                _share(at, high, low),
            )
            for at, member in enumerate(candidates)
        ]  # fmt: skip
        return reordered(distribution, moved)


def reordered(distribution: Distribution, members: Sequence[Member]) -> Distribution:
    """The distribution with these members in place of its own, the most probable first."""
    order = sorted(range(len(members)), key=lambda at: -members[at].probability)
    unnormalised = distribution.unnormalised
    return replace(
        distribution, candidates=tuple(members[at] for at in order),
        unnormalised=tuple(unnormalised[at] for at in order) if unnormalised else (),
    )  # fmt: skip


def _share(at: int, own: Sequence[float], others: Sequence[float]) -> float:
    """Exp of a member's own score over the sum with those of the others; between 0 and 1."""
    gaps = (other - own[at] for number, other in enumerate(others) if number != at)
    return 1 / (1 + sum(math.exp(max(-MOST, min(MOST, gap))) for gap in gaps))
