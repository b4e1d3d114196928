"""One measurement: how long a contender took for each response, and how many answers are right.

In: nanoseconds a response, one number a round; of some responses a contender's logprob by JSON
    Pointer, and the right ones.
Out: `Measurement`, the one value that the table and the JSON are made of; ratios of two.
Never: a failure without its reason, or a number where there is none.
Why: contenders differ in which of the tokens shared with a neighbour (`","`) they count to a
    string, so any of those readings is right for a peer; fieldconf must match its documented one.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from corpus import Leaf, Response

Rule = Callable[[float, Leaf], bool]
Answer = dict[str, float | None]


def documented(given: float, leaf: Leaf) -> bool:
    """Fieldconf's own sum: every token that overlaps the value's JSON text, quotes included."""
    return _near(given, leaf.touching)


def any_reading(given: float, leaf: Leaf) -> bool:
    """That sum, or one without a token in which the value has no more than its quote."""
    return any(_near(given, accepted) for accepted in leaf.accepted)


def any_reading_rounded(given: float, leaf: Leaf) -> bool:
    """The same for a peer that rounds its probabilities."""
    return any(abs(math.exp(given) - math.exp(accepted)) <= 1e-3 for accepted in leaf.accepted)


@dataclass(frozen=True)
class Measurement:
    """A contender on the responses of one kind; it has no samples where there is a reason."""

    contender: str
    kind: str
    top: int
    tokens: float = 0  # a response, in the mean
    samples: tuple[float, ...] = ()  # nanoseconds a response, one a round
    reason: str = ""
    leaves: int = 0
    missing: int = 0
    wrong: int = 0
    examples: tuple[str, ...] = ()

    @property
    def microseconds(self) -> float | None:
        """A response: the median of the rounds, as ratios are."""
        return median(self.samples) / 1000 if self.samples else None

    @property
    def is_whole(self) -> bool:
        """Whether it has an answer for every leaf."""
        return self.leaves > 0 == self.missing

    @property
    def complaint(self) -> str:
        """What is not as it should be, in a line; empty when all is well."""
        if self.reason or not self.examples:
            return self.reason
        counts = f"{self.missing:,} missing and {self.wrong:,} wrong of {self.leaves:,} leaves"
        return f"{counts}, such as {', '.join(self.examples)}"


def judged(responses: Sequence[Response], answers: Sequence[Answer], rule: Rule) -> dict[str, Any]:
    """What a measurement says of answers, leaf by leaf."""
    pairs = [
        (leaf, answer.get(leaf.pointer))
        for response, answer in zip(responses, answers, strict=True) for leaf in response.leaves
    ]  # fmt: skip
    missing = [leaf.pointer for leaf, given in pairs if given is None]
    wrong = [
        f"{leaf.pointer} ({given:.6f} for {leaf.touching:.6f})"
        for leaf, given in pairs if given is not None and not rule(given, leaf)
    ]  # fmt: skip
    examples = [*wrong[:2], *[f"{pointer} (missing)" for pointer in missing[:2]]]
    counts = {"leaves": len(pairs), "missing": len(missing), "wrong": len(wrong)}
    return {**counts, "examples": tuple(examples)}


def ratio(mine: Measurement | None, beside: Measurement | None) -> float | None:
    """How many times the other's time: the median of the rounds; None without one."""
    if mine is None or beside is None:
        return None
    pairs = [a / b for a, b in zip(mine.samples, beside.samples, strict=False)]
    return median(pairs) if pairs else None


def _near(given: float, expected: float) -> bool:
    return abs(given - expected) <= 1e-6
