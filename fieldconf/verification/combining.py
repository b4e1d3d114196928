"""Combining: two confidences in one value as one, by a stated rule.

In:    how sure the first reading was of a value, and how sure a second one is of the same value.
Out:   one confidence, 0..1; what is unknown to one reading is what the other says.
Never: a number outside of 0..1, NaN; a rule that is not named.
Why:   who doubts a number has to know what it is made of.

The rules, of two probabilities a and b that the value is right:

* ``pool`` (the default): the logarithmic opinion pool with equal weights, which is the mean of the
  two in log odds (Genest & Zidek 1986, Combining Probability Distributions, Statistical Science 1).
  It lies between the two; a reading that is quite certain outweighs one that is not;
* ``minimum``: the smaller, so that either reading can raise a doubt and none can settle it;
* ``product``: a * b, the chance that both are right if they err independently;
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

    A certain reading (0 or 1) outweighs one that is not; two that are certain of the opposite
    leave 0.5.

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
    """The function of a rule.

    Raises:
        RequestError: if no rule has this name.
    """
    if callable(combine):
        return combine
    if combine not in _RULES:
        raise RequestError(
            f"no rule to combine two confidences is called {combine!r}",
            remedy=f"Known are {', '.join(_RULES)}; or give a function of the two",
        )
    return _RULES[combine]


class CombinedConfidence(NamedTuple):
    """A confidence (0..1) with its bounds; None where they are not known."""

    confidence: float | None = None
    low: float | None = None
    high: float | None = None


UNKNOWN = CombinedConfidence()


def combined(
    first: CombinedConfidence, second: CombinedConfidence, combine: Combine = "pool"
) -> CombinedConfidence:
    """Two readings' confidences in the same value as one, by a rule.

    Where one of them is not known it is the other, as it is. The bounds are combined by the same
    rule, low with low and high with high; a bound that one reading lacks, the whole lacks.

    Raises:
        RequestError: if no rule has this name, or a function gives something else than 0..1.

    >>> combined(CombinedConfidence(0.9, 0.8, 1.0), CombinedConfidence(0.5, 0.5, 0.5), "minimum")
    CombinedConfidence(confidence=0.5, low=0.5, high=0.5)
    >>> combined(CombinedConfidence(0.9), UNKNOWN) == combined(UNKNOWN, CombinedConfidence(0.9)) == CombinedConfidence(0.9)
    True
    """
    rule = rule_of(combine)
    if first.confidence is None or second.confidence is None:
        return first if second.confidence is None else second
    made = _checked(rule, first.confidence, second.confidence)
    low, high = _bound(rule, first.low, second.low), _bound(rule, first.high, second.high)
    return CombinedConfidence(
        made,
        None if low is None else min(low, made),
        None if high is None else max(high, made),
    )


def _bound(
    rule: Callable[[float, float], float], first: float | None, second: float | None
) -> float | None:
    return None if first is None or second is None else _checked(rule, first, second)


def _checked(rule: Callable[[float, float], float], first: float, second: float) -> float:
    made = rule(first, second)
    if not isinstance(made, (int, float)) or not 0 <= made <= 1:  # pyright: ignore[reportUnnecessaryIsInstance]  # somebody's function
        name = getattr(rule, "__name__", repr(rule))
        raise RequestError(
            f"combine: {name}({first:.6g}, {second:.6g}) gave {made!r}",
            remedy="Give a function of two confidences whose value is from 0 to 1",
        )
    return float(made)
