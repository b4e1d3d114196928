"""One measurement: how long a contender took at a size, and how many of its answers are right.

In: nanoseconds a round, a contender's logprob by JSON Pointer, the response with its right answers.
Out: `Measurement`, the one value that the table and the JSON are made of; ratios of two.
Never: a failure without its reason, or a number where there is none.
Why: contenders differ in which of the tokens shared with a neighbour (`","`) they count to a
    string, so any of those readings is right for a peer; fieldconf must match its documented one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

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
    """A contender on a response; microseconds are per token, and none are there with a reason."""

    contender: str
    size: int
    top: int
    split: bool
    tokens: int
    samples: tuple[float, ...] = ()  # microseconds, one a round
    reason: str | None = None
    leaves: int = 0
    missing: int = 0
    wrong: int = 0
    examples: tuple[str, ...] = ()

    @property
    def microseconds(self) -> float | None:
        """The median of the rounds, as ratios are."""
        return median(self.samples) if self.samples else None

    @property
    def right(self) -> int:
        """How many leaves have a number, and the right one."""
        return self.leaves - self.missing - self.wrong

    @property
    def complaint(self) -> str | None:
        """What is not as it should be, in a line; None when all is well."""
        if self.reason or not self.examples:
            return self.reason
        counts = f"{self.missing:,} missing and {self.wrong:,} wrong of {self.leaves:,} leaves"
        return f"{counts}, such as {', '.join(self.examples)}"


def failed(contender: str, response: Response, reason: str) -> Measurement:
    """No time, and why."""
    return Measurement(*_head(contender, response), reason=reason)


def timed(contender: str, response: Response, nanoseconds: list[float]) -> Measurement:
    """A time, of a contender that gives no answer."""
    samples = tuple(sample / 1000 / response.count for sample in nanoseconds)
    return Measurement(*_head(contender, response), samples)


def judged(time: Measurement, response: Response, answer: Answer, rule: Rule) -> Measurement:
    """The same with the answer judged, leaf by leaf."""
    leaves = response.leaves
    given = {leaf.pointer: answer.get(leaf.pointer) for leaf in leaves}
    missing = [leaf.pointer for leaf in leaves if given[leaf.pointer] is None]
    wrong = [
        f"{leaf.pointer} ({sum_:.6f} for {leaf.touching:.6f})"
        for leaf in leaves
        if (sum_ := given[leaf.pointer]) is not None and not rule(sum_, leaf)
    ]
    examples = [*wrong[:2], *[f"{pointer} (missing)" for pointer in missing[:2]]]
    return replace(
        time,
        leaves=len(leaves),
        missing=len(missing),
        wrong=len(wrong),
        examples=tuple(examples),
    )


def ratio(mine: Measurement, beside: Measurement) -> float | None:
    """How many times the other's time a token: the median of the rounds; None without one."""
    pairs = [a / b for a, b in zip(mine.samples, beside.samples, strict=False)]
    return median(pairs) if pairs else None


def growth(small: Measurement, large: Measurement) -> float | None:
    """How many times the time of a response ten times as long, the rest being equal."""
    times = ratio(large, small)
    return None if times is None else 10 * times


def _head(contender: str, response: Response) -> tuple[str, int, int, bool, int]:
    return contender, response.size, response.top, response.split, response.count


def _near(given: float, expected: float) -> bool:
    return abs(given - expected) <= 1e-6
