"""Open values: the part of the mass at each token that agrees with the value written.

In:    the tree of a ``ValueQuestion``.
Out:   an ``OpenValueStep`` for a token on the answer's own path; the one with the smallest part.
Never: a decision which candidates agree: the question has made it.
Why:   "the day was sure, the month was not" tells more of a date than "0.4".
"""

from typing import NamedTuple, Protocol

from fieldconf.distributions.decoding_step import DecodingStep, text_of
from fieldconf.distributions.distribution import Rival, likeliest
from fieldconf.distributions.outcome_tree import OutcomeTree


class Allows(Protocol):
    """Whether a beginning of a value's JSON text may still become an allowed value.

    ``Declared.allows`` is one.
    """

    def __call__(self, text: bytes, *, done: bool) -> bool:
        """``done``: the value has ended."""
        ...


class OpenValueStep(NamedTuple):
    """One step of an open value: masses (0..1) of its candidates.

    Attributes:
        token: the index of its token.
        agreeing: mass of those that may still lead to the value that was written.
        possible: of those that may lead to any value allowed there; it includes ``agreeing``.
        off_schema: of those that lead to no allowed value.
        unseen: mass that was not listed.
        rivals: the likeliest possible candidates that do not agree, likeliest first.
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


def least_sure(tree: OutcomeTree) -> OpenValueStep:
    """The step at which the smallest part of the mass agrees with the value written."""
    steps = tree.steps
    parts = [_agreeing(step) / (step.possible + step.unseen_others) for step in steps]
    return open_value_step(steps[parts.index(min(parts))])


def _agreeing(step: DecodingStep) -> float:
    masses = step.masses
    return sum([masses[at] for at in step.shape.agreeing])


def open_value_step(step: DecodingStep) -> OpenValueStep:
    """The masses of a step on the answer's own path; outcome 0 agrees."""
    shape, masses = step.shape, step.masses
    whole = step.possible + step.unseen_valid
    rivals = likeliest(
        (text_of(step.names[at]), masses[at] / whole)
        for at, left in enumerate(shape.left)
        if left and 0 not in left
    )
    return OpenValueStep(step.index, _agreeing(step), step.possible, step.off, step.unseen, rivals)
