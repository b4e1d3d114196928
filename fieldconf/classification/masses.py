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
    for step in reversed(tree.steps):
        mass = _mass(step, tree.size, mass)
    assert mass is not None  # it has decided
    rows = [
        Member(value, min(1.0, p), min(1.0, low, p), min(1.0, max(high, p)))  # sums are rounded
        for value, p, low, high in zip(members, *mass, strict=True)
    ]
    return tuple(
        next(row for row in rows if same(row.value, member.value)) for member in options.candidates
    )


def _mass(step: DecodingStep, size: int, after: _Mass | None) -> _Mass:
    """The masses from a step on; an undecided branch is split evenly, and its bounds are open.

    ``after`` is the masses from the next step on the path on, if there is one.
    """
    mass = _Mass([0.0] * size, [0.0] * size, [0.0] * size)
    for outcome in step.outcomes:
        mass.high[outcome] = step.unseen
    for outcome, own in step.shape.singles:
        for column in mass:
            column[outcome] += sum(step.masses[at] for at in own)
    for at in step.shape.undecided:
        left = step.shape.left[at]
        below = after if at == step.position and step.shape.goes_on else None
        for outcome in left:
            parts = (1 / len(left), 0.0, 1.0)
            if below is not None:
                parts = [column[outcome] for column in below]
            for column, part in zip(mass, parts, strict=True):
                column[outcome] += step.masses[at] * part
    for outcome, hidden in _hidden(step).items():
        mass.estimate[outcome] += hidden
    return mass


def _hidden(step: DecodingStep) -> dict[int, float]:
    """The estimated mass of outcomes without a listed candidate, as in the distribution.

    The unseen mass has the same possible share as the listed mass; and if several candidates are
    listed, no outcome gets more than the least of them.
    """
    missing = step.outcomes.difference(*step.shape.left)
    if not missing or not step.possible:
        return {}
    share = step.unseen * step.possible / (step.possible + step.off) / len(missing)
    if len(step.masses) > 1:
        share = min(share, *step.masses)
    return dict.fromkeys(missing, share)
