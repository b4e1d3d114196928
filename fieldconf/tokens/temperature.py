"""Temperature: logprobs that a server took after a temperature, put back to temperature 1.

In:    tokens with logprobs, and the temperature that the server had applied to them.
Out:   the same tokens with the logprobs that they have at least at temperature 1.
Never: a number for a token that had none; mass that an unlisted token may have given to a listed
       one.
Why:   the numbers of this library are those of the model at temperature 1. After a temperature of
       0.3 nearly every token looks certain; after 2 none does.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from fieldconf.errors import RequestError
from fieldconf.tokens.token import Candidate, Completion, Token

TEMPERATURE, UNKNOWN_TEMPERATURE = "temperature", "temperature_unknown"
"""Flags of a report: its numbers were put back; it is not known whether they would have to be."""

MOST_TOKENS = 2**18
"""No vocabulary has more tokens."""
ROUNDING = 1e-6
"""Mass that the rounding of a server's float32 softmax may hide in a list that sums to 1."""

_EXACT = 1e-12  # mass that the rounding of Python's own sum may leave
_LEAST = -87.0  # nats; the least probability that float32 keeps apart from 0


def at_temperature_one(
    tokens: Iterable[Token], temperature: float, *, rounding: float = ROUNDING
) -> list[Token]:
    """Tokens whose logprobs were taken after a temperature, with their logprobs at temperature 1.

    Let p be the probabilities after the temperature T. At temperature 1 a token has p^T, divided by
    the sum of all p^T. Let S be the sum over the listed tokens (the written one included, once) and
    Z that over the unlisted ones. Z is unknown, so the new probability is the least possible one::

        new = p^T / (S + Zmax)

    Zmax bounds Z. The unlisted tokens have together the mass u = 1 - the sum of the listed p, none
    of them has more than m, the least p of a listed candidate other than the written token (it may
    stand below the list), and there are n of them at most. Each p^T is at most m^T, so Z <= n m^T.
    For T >= 1, p^T = p p^(T-1) <= p m^(T-1), so Z <= u m^(T-1). For T < 1, p^T is concave, and Z is
    largest where all have the same: Z <= n^(1-T) u^T. Zmax is the smaller of the two that apply.

    Bounds that count unlisted mass for and against a value still hold it. The true probability is
    p^T / (S + Z), which is at least ``new``. It is at most p^T / S, and ``new`` plus the new
    unlisted mass Zmax / (S + Zmax) is at least that: the difference p^T / S - new is
    p^T / S * Zmax / (S + Zmax), and p^T <= S. The same holds for every sum of listed tokens, and
    for its share among all but the forbidden tokens: the new masses are p^T and Zmax, scaled alike,
    and no bound assumes that all of the unlisted mass is allowed.

    A list that sums to 1 is exact if its numbers are: then Zmax is 0.

    Args:
        tokens: the tokens. Those without a logprob stay without, and -inf stays.
        temperature: the temperature that the server had applied.
        rounding: mass (0..1) that the list may lack although it sums to 1. At T < 1 it matters: a
            token that is all but certain hides all others. 0: such a list is the whole vocabulary.

    Raises:
        RequestError: if the temperature is not a positive number: at 0 there is one candidate.

    >>> listed = (Candidate("yes", None, math.log(0.8)), Candidate("no", None, math.log(0.2)))
    >>> [token] = at_temperature_one([Token("yes", None, math.log(0.8), listed)], 0.5, rounding=0)
    >>> round(token.probability, 3), round(math.exp(token.candidates[1].logprob), 3)
    (0.667, 0.333)
    """
    check_temperature(temperature)
    if temperature == 1:
        return list(tokens)
    return [_put_back(token, temperature, rounding) for token in tokens]


def check_temperature(temperature: float) -> None:
    """Check that logprobs can be put back from a temperature.

    Raises:
        RequestError: if it is not a positive, finite number.
    """
    is_number = isinstance(temperature, (int, float)) and not isinstance(temperature, bool)  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may not be checked
    if is_number and 0 < temperature < math.inf:
        return
    if is_number and temperature == 0:
        raise RequestError(
            "at temperature 0 one candidate has all the mass: nothing can be put back",
            remedy="Leave temperature= out if the server takes its logprobs before the "
            "temperature; else ask with a temperature of 1",
        )
    raise RequestError(
        f"the temperature {temperature!r} is no positive number", remedy="Give one such as 0.7"
    )


def put_back(completion: Completion, temperature: float | None) -> Completion:
    """A completion at temperature 1, with the flag "temperature".

    ``temperature`` is the one after which the logprobs were taken; None: what the response says, or
    1. Without tokens there is nothing to put back.

    Raises:
        RequestError: if the temperature is not a positive number.
    """
    temperature = completion.temperature if temperature is None else temperature
    if temperature is None:
        return completion
    check_temperature(temperature)
    if temperature == 1 or completion.tokens is None:
        return completion
    rounding = ROUNDING + (completion.precision or 0.0)
    tokens = at_temperature_one(completion.tokens, temperature, rounding=rounding)
    flags = (*completion.flags, TEMPERATURE)
    return replace(completion, tokens=tuple(tokens), flags=flags, temperature=None)


def _put_back(token: Token, temperature: float, rounding: float) -> Token:
    candidates, logprob = token.candidates, token.logprob
    own = next((c for c in candidates if token.is_candidate(c)), None)
    others = [c.logprob for c in candidates if c is not own]
    written = logprob if logprob is not None or own is None else own.logprob
    listed = [p for p in (*others, written) if p is not None and p > -math.inf]
    if not listed:
        return token
    left = 1.0 - math.fsum(map(math.exp, listed))
    unseen = (left if left > _EXACT else 0.0) + rounding
    terms = [temperature * p for p in listed]
    if unseen > 0:
        terms.append(_most_unseen(unseen, others, len(listed), temperature))
    largest = max(terms)
    norm = largest + math.log(math.fsum(math.exp(term - largest) for term in terms))

    def at_one(logprob: float) -> float:
        return min(temperature * logprob - norm, 0.0)

    return token._replace(
        logprob=None if logprob is None else at_one(logprob),
        candidates=tuple(
            Candidate(text, raw, at_one(p), number) for text, raw, p, number in candidates
        ),
    )


def _most_unseen(unseen: float, others: list[float], listed: int, temperature: float) -> float:
    """The log of the largest sum of p^T over the unlisted tokens, see ``at_temperature_one``."""
    mass = math.log(unseen)
    least = min([mass, *(max(p, _LEAST) for p in others)])
    count = math.log(MOST_TOKENS - min(listed, MOST_TOKENS - 1))
    if temperature >= 1:
        most = mass + (temperature - 1) * least
    else:
        most = (1 - temperature) * count + temperature * mass
    return min(most, count + temperature * least)
