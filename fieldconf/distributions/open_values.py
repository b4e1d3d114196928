"""Steps of an open value: how much of what could have been written at a token agrees with it.

In:    the tree of a ``ValueQuestion``.
Out:   a ``OpenValueStep`` of each token on the answer's own path; the one at which least agrees.
Never: a judgment of its own: which candidates agree, the question has said.
Why:   "0.4" of a date is one thing, "the day was sure, the month was not" another.
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
        """``done`` says that the value closed."""
        ...


class OpenValueStep(NamedTuple):
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


def steps_of(tree: OutcomeTree) -> list[OpenValueStep]:
    """What was chosen at each step of the answer's own path; ``agreeing`` is outcome 0."""
    return list(map(_choice, tree.steps))


def least_sure(tree: OutcomeTree) -> OpenValueStep:
    """The step at which the smallest part agrees."""
    if len(tree.steps) == 1:
        return _choice(tree.steps[0])
    return _choice(min(tree.steps, key=_part))


def _part(step: DecodingStep) -> float:
    """The part of the mass at a step that agrees with what was written."""
    return _agreeing(step) / (step.possible + step.unseen_others)


def _agreeing(step: DecodingStep) -> float:
    masses = step.masses
    return sum([masses[at] for at in step.shape.agreeing])


def _choice(step: DecodingStep) -> OpenValueStep:
    shape, masses = step.shape, step.masses
    whole = step.possible + step.unseen_valid
    rivals = likeliest(
        (text_of(step.names[at]), masses[at] / whole)
        for at, left in enumerate(shape.left)
        if left and 0 not in left
    )
    return OpenValueStep(step.index, _agreeing(step), step.possible, step.off, step.unseen, rivals)
