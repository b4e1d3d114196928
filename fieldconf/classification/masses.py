"""Masses: the joint probability of the tokens that decide for a label, without renormalisation.

In:    a tree of the alternatives, and its distribution.
Out:   for each member the joint probability of the tokens that decide for it, with bounds.
Never: a division by the mass of all labels: that is the distribution's own quantity.
Why:   0.9 of the mass of the labels may be 0.09 of what the model would have written.

The walk is the same as the distribution's: the tokens up to the one after which only one label is
possible, each with its own probability instead of its share of the possible mass. Tokens after the
deciding one are not included. If the server's logprobs are from after the mask ("after"), the two
quantities are the same.
"""

from typing import NamedTuple

from fieldconf.distributions.decoding_step import DecodingStep
from fieldconf.distributions.distribution import Distribution, Member
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.parsing.kinds import same


class _Mass(NamedTuple):
    """The estimate and the bounds of each outcome's mass (0..1); they need not sum to 1."""

    estimate: list[float]
    low: list[float]
    high: list[float]


def unnormalised(
    tree: OutcomeTree, options: Distribution, members: tuple[object, ...]
) -> tuple[Member, ...]:
    """The members in the distribution's order, with their masses as probabilities.

    Args:
        tree: the tree of the alternatives.
        options: the distribution of the same tree.
        members: the meanings of its outcomes.

    Returns:
        Nothing if the tree was settled by a probe: its numbers have another scale.
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
        next(row for row in rows if same(row.value, member.value)) for member in options.candidates
    )


def _mass(fan: DecodingStep, size: int, after: _Mass | None) -> _Mass:
    """The masses from a fan on; an undecided branch is split evenly, and its bounds are open.

    ``after`` is the masses from the next fan on the path on, if there is one.
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
    """The estimated mass of outcomes without a listed candidate, as in the distribution.

    The unseen mass has the same possible share as the listed mass; and if several candidates are
    listed, no outcome gets more than the least of them.
    """
    missing = fan.outcomes.difference(*fan.shape.left)
    if not missing or not fan.possible:
        return {}
    share = fan.unseen * fan.possible / (fan.possible + fan.off) / len(missing)
    if len(fan.masses) > 1:
        share = min(share, *fan.masses)
    return dict.fromkeys(missing, share)
