"""Masses: how probable the tokens that decide for a label are, before anything is renormalised.

In:    a tree of the alternatives, and the distribution that was made of it.
Out:   for each of its members the joint probability of the tokens that decide for it, with bounds.
Never: a division by what the labels leave possible: that is the distribution's own quantity.
Why:   0.9 of what the labels allow may be 0.09 of what the model would have written.

It is the same walk as the distribution's: the tokens up to the one that leaves one label only, each
with its own probability where the distribution takes its part of the possible mass. What comes
behind the deciding token is not in it. Where the server's numbers stand after a mask ("post"), the
mask's share is in the numbers already, and the two quantities are the same.
"""

from typing import NamedTuple

from fieldconf.distributions.decoding_step import DecodingStep
from fieldconf.distributions.distribution import Distribution, Member
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.parsing.kinds import same


class _Mass(NamedTuple):
    """Of each outcome: the estimate and the bounds of its mass (0..1); they need not sum to 1."""

    estimate: list[float]
    low: list[float]
    high: list[float]


def unnormalised(
    tree: OutcomeTree, found: Distribution, members: tuple[object, ...]
) -> tuple[Member, ...]:
    """The members in the distribution's order, with their mass in place of their probability.

    Args:
        tree: what the response, and perhaps the server, says of the alternatives.
        found: the distribution of the same tree.
        members: what its outcomes mean.

    Returns:
        Nothing where a server was asked for more: its numbers have a factor of their own.
    """
    if tree.calls:
        return ()
    mass: _Mass | None = None
    for fan in reversed(tree.fans):
        mass = _mass(fan, tree.size, mass)
    assert mass is not None  # it has decided
    rows = [
        Member(value, min(1.0, p), min(1.0, low, p), min(1.0, max(high, p)))  # sums are rounded
        for value, p, low, high in zip(members, *mass, strict=True)
    ]
    return tuple(
        next(row for row in rows if same(row.value, member.value)) for member in found.candidates
    )


def _mass(fan: DecodingStep, size: int, after: _Mass | None) -> _Mass:
    """What a fan gives each outcome; an open branch is split evenly, its bounds are open.

    ``after`` is what the next fan on the path gives, if there is one.
    """
    mass = _Mass([0.0] * size, [0.0] * size, [0.0] * size)
    for outcome in fan.outcomes:
        mass.high[outcome] = fan.unseen
    for outcome, own in fan.shape.singles:
        for column in mass:
            column[outcome] += sum(fan.masses[at] for at in own)
    for at in fan.shape.twigs:
        left = fan.shape.left[at]
        below = after if at == fan.position and fan.shape.goes_on else None
        for outcome in left:
            parts = (1 / len(left), 0.0, 1.0)
            if below is not None:
                parts = [column[outcome] for column in below]
            for column, part in zip(mass, parts, strict=True):
                column[outcome] += fan.masses[at] * part
    for outcome, hidden in _hidden(fan).items():
        mass.estimate[outcome] += hidden
    return mass


def _hidden(fan: DecodingStep) -> dict[int, float]:
    """What is taken to be on outcomes that nothing listed, as the distribution takes it.

    What was not listed counts as possible as what was; and no outcome has more than the least of
    what was, where that is several.
    """
    missing = fan.outcomes.difference(*fan.shape.left)
    if not missing or not fan.possible:
        return {}
    share = fan.unseen * fan.possible / (fan.possible + fan.off) / len(missing)
    if len(fan.masses) > 1:
        share = min(share, *fan.masses)
    return dict.fromkeys(missing, share)
