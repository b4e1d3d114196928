"""Formulas: pure functions of probabilities and logprobs.

In:    logprobs in nats, probabilities in 0..1.
Out:   one number, or None where an input is None.
Never: a default for an unknown number.
Why:   a *score* is raw and in log space, a *confidence* is in 0..1, a *probability* is a
       distribution's; each formula below says which it takes and gives.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import NamedTuple, cast

_LARGEST = math.log(sys.float_info.max)


def total(logprobs: Iterable[float | None]) -> float | None:
    """Sum of logprobs, in nats: the joint score of a sequence of tokens.

    >>> total([-0.5, -0.25])
    -0.75
    >>> total([-0.5, None]) is None
    True
    """
    numbers = list(logprobs)
    return None if None in numbers else math.fsum(cast("list[float]", numbers))


def product(probabilities: Iterable[float | None]) -> float | None:
    """Product of probabilities (0..1): the joint probability of several decoding steps.

    >>> product([0.5, 0.5])
    0.25
    """
    numbers = list(probabilities)
    return None if None in numbers else math.prod(cast("list[float]", numbers))


def geometric_mean(logprobs: Sequence[float | None]) -> float | None:
    """The exp of the mean logprob (0..1): the per-token confidence of a text of any length.

    The inverse of perplexity (Jelinek et al. 1977).

    >>> round(geometric_mean([-0.1, -0.3]), 6)
    0.818731
    """
    score = total(logprobs)
    return None if score is None or not logprobs else math.exp(score / len(logprobs))


class TextScore(NamedTuple):
    """How probable a text was to the model, token by token.

    All numbers but ``tokens`` are None if a token's logprob is unknown.

    Attributes:
        logprob: the sum over the tokens, in nats.
        mean: the mean per token, in nats.
        perplexity: exp(-mean), 1 or more (Jelinek et al. 1977); inf if it exceeds a double, and
            null in JSON.
        tokens: the number of tokens counted; the first token of a prompt is not counted, because
            nothing predicts it.
    """

    logprob: float | None
    mean: float | None
    perplexity: float | None
    tokens: int


def text_score(logprobs: Sequence[float | None], *, is_prompt: bool = False) -> TextScore:
    """The score of a text from its tokens' logprobs (nats).

    >>> text_score([-1.0, -3.0])
    TextScore(logprob=-4.0, mean=-2.0, perplexity=7.38905609893065, tokens=2)
    >>> text_score([None, -1.0], is_prompt=True).tokens
    1
    """
    if is_prompt and logprobs and logprobs[0] is None:
        logprobs = logprobs[1:]
    score = total(logprobs)
    if score is None or not logprobs:
        return TextScore(None, None, None, len(logprobs))
    mean = score / len(logprobs)
    perplexity = math.exp(-mean) if -mean < _LARGEST else math.inf
    return TextScore(score, mean, perplexity, len(logprobs))


def expectation(weighted: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Mean and standard deviation of (value, probability) pairs, in the values' units.

    >>> expectation([(1.0, 0.5), (3.0, 0.5)])
    (2.0, 1.0)
    """
    pairs = list(weighted)
    mass = math.fsum(p for _, p in pairs)
    mean = math.fsum(v * p for v, p in pairs) / mass
    variance = math.fsum((v - mean) ** 2 * p for v, p in pairs) / mass
    return mean, math.sqrt(variance)


def entropy(probabilities: Iterable[float]) -> float:
    """Shannon entropy in nats; 0 for a certain outcome.

    >>> round(entropy([0.5, 0.5]), 6)
    0.693147
    """
    return -math.fsum(p * math.log(p) for p in probabilities if p > 0)


class Interval(NamedTuple):
    """Bounds of a share or a probability: 0 <= low <= high <= 1."""

    low: float
    high: float


def wilson(count: int, of: int, *, level: float = 0.95) -> Interval:
    """Wilson's score interval for a share (0..1).

    Those shares p for which ``count`` is within z standard errors of what p leads to:
    ``(count - of*p)^2 <= z^2 * of * p * (1 - p)``, where z is the normal quantile of
    (1 + level) / 2 (Wilson 1927, "Probable inference, the law of succession, and statistical
    inference"). It contains the observed share, and is valid for small counts and for 0 and 1.

    Args:
        count: the number of successes, 0 to ``of``.
        of: the number of trials; without any, the interval is 0 to 1.
        level: the confidence level, above 0 and below 1.

    >>> low, high = wilson(4, 5)
    >>> round(low, 4), round(high, 4), wilson(5, 5).high, wilson(0, 0)
    (0.3755, 0.9638, 1.0, Interval(low=0.0, high=1.0))
    """
    if not of:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, extra = count / of, z * z / of
    middle = (share + extra / 2) / (1 + extra)
    half = math.sqrt(extra * (share * (1 - share) + extra / 4)) / (1 + extra)
    low = 0.0 if count == 0 else min(max(middle - half, 0.0), share)
    high = 1.0 if count == of else max(min(middle + half, 1.0), share)
    return Interval(low, high)
