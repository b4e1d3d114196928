"""Combining: one confidence from the confidences that two readings have in the same value.

In:    the confidence of the first reading in a value, and that of a second reading in it.
Out:   one confidence, 0..1. If one of the two is unknown, it is the other.
Never: a number outside of 0..1, or NaN.
Why:   a user who doubts a combined number has to know how it was computed.

The rules, for two probabilities a and b that the value is right:

* ``pool`` (the default): the logarithmic opinion pool with equal weights, which is the mean of the
  two in log odds (Genest & Zidek 1986, Combining Probability Distributions, Statistical Science 1).
  It lies between the two, nearer to the more certain one;
* ``minimum``: the smaller one, so that either reading can lower the confidence;
* ``product``: a * b, the probability that both are right if their errors are independent;
* ``verification``, ``decision``: b alone, the second reading.
"""

import math
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from fieldconf.errors import RequestError

RuleName: TypeAlias = Literal["pool", "minimum", "product", "verification", "decision"]
Combine: TypeAlias = RuleName | Callable[[float, float], float]
"""A rule by its name, or a function of the first and the second confidence (each 0..1)."""


def pool(first: float, second: float) -> float:
    """The mean of two probabilities (0..1) in log odds, 0..1.

    A probability of 0 or 1 decides the result; 0 and 1 together give 0.5.

    >>> pool(0.5, 0.5), round(pool(0.9, 0.5), 6), pool(0.2, 0.0), pool(1.0, 0.0)
    (0.5, 0.75, 0.0, 0.5)
    """
    right = math.sqrt(first) * math.sqrt(second)
    wrong = math.sqrt(1 - first) * math.sqrt(1 - second)
    if not right and not wrong:
        return 0.5
    return min(max(right / (right + wrong), min(first, second)), max(first, second))


_RULES: Mapping[str, Callable[[float, float], float]] = {
    "pool": pool,
    "minimum": min,
    "product": lambda first, second: first * second,
    "verification": lambda _first, second: second,
    "decision": lambda _first, second: second,
}


def rule_of(combine: Combine) -> Callable[[float, float], float]:
    """The function that computes a rule.

    Raises:
        RequestError: if there is no rule of this name.
    """
    if callable(combine):
        return combine
    if combine not in _RULES:
        raise RequestError(
            f"there is no rule {combine!r} to combine two confidences",
            remedy=f"Use one of {', '.join(_RULES)}, or a function of the two confidences",
        )
    return _RULES[combine]


class BoundedConfidence(NamedTuple):
    """A confidence (0..1) with its bounds; what is not known is None."""

    confidence: float | None = None
    low: float | None = None
    high: float | None = None


UNKNOWN = BoundedConfidence()


def combined(
    first: BoundedConfidence, second: BoundedConfidence, combine: Combine = "pool"
) -> BoundedConfidence:
    """The confidences of two readings in the same value, combined by a rule.

    If one of them is unknown, the result is the other. Bounds are combined by the same rule, low
    with low and high with high; a bound that one reading lacks is None.

    Raises:
        RequestError: if there is no rule of this name, or a function returns a value outside 0..1.

    >>> combined(BoundedConfidence(0.9, 0.8, 1.0), BoundedConfidence(0.5, 0.5, 0.5), "minimum")
    BoundedConfidence(confidence=0.5, low=0.5, high=0.5)
    >>> combined(BoundedConfidence(0.9), UNKNOWN) == BoundedConfidence(0.9)
    True
    """
    rule = rule_of(combine)
    if first.confidence is None or second.confidence is None:
        return first if second.confidence is None else second
    confidence = _apply(rule, first.confidence, second.confidence)
    low = high = None
    if first.low is not None and second.low is not None:
        low = min(_apply(rule, first.low, second.low), confidence)
    if first.high is not None and second.high is not None:
        high = max(_apply(rule, first.high, second.high), confidence)
    return BoundedConfidence(confidence, low, high)


def _apply(rule: Callable[[float, float], float], first: float, second: float) -> float:
    confidence = rule(first, second)
    if not isinstance(confidence, (int, float)) or not 0 <= confidence <= 1:  # pyright: ignore[reportUnnecessaryIsInstance]  # a user's function
        name = getattr(rule, "__name__", repr(rule))
        raise RequestError(
            f"combine: {name}({first:.6g}, {second:.6g}) returned {confidence!r}",
            remedy="Pass a function of two confidences that returns a number from 0 to 1",
        )
    return float(confidence)
