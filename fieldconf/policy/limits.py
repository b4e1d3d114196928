"""Limits: from which confidence on a field is accepted, and below which it is rejected.

In:    numbers from 0 to 1, alone, in pairs, or by name; "nothing" to accept no value.
Out:   ``Limits``; ``Outcome``, and the worst of several outcomes.
Never: a ``review`` above ``accept``; a number that is no confidence.
Why:   calls and files give limits field by field, and both are checked in the same way.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

from fieldconf.errors import PolicyError, nearest
from fieldconf.fields.status import Outcome

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""All outcomes, the best first."""

ACCEPT, REVIEW = 0.9, 0.5
"""The default limits: accept from .9 on, review from .5 on, reject below that."""

NOTHING = math.inf
"""The ``accept`` limit of a policy that accepts nothing: above every confidence. Files say
"nothing"."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Two confidences (0..1): "accept" from ``accept`` on, "review" from ``review`` on.

    ``accept`` may be ``NOTHING``, which is above every confidence.

    Raises:
        PolicyError: if one is no number from 0 to 1, or ``review`` is above ``accept``.

    >>> Limits(0.9, 0.5).outcome(0.7)
    'review'
    """

    accept: float = ACCEPT
    review: float = REVIEW

    def __post_init__(self) -> None:
        _check(self.accept, self.review)

    def outcome(self, confidence: float) -> Outcome:
        """The outcome of a confidence."""
        if confidence >= self.accept:
            return "accept"
        return "review" if confidence >= self.review else "reject"


Accept: TypeAlias = float | Literal["nothing"]
"""The confidence (0..1) from which on a value is accepted; or "nothing"."""

LimitsLike: TypeAlias = Limits | Accept | tuple[Accept, float]
"""Limits; or the ``accept`` limit; or the pair ``(accept, review)``."""


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of several outcomes; "accept" if there are none.

    >>> worst(["accept", "reject", "review"])
    'reject'
    """
    return OUTCOMES[max(map(OUTCOMES.index, outcomes), default=0)]


def limits_of(raw: Any, review: float, where: str) -> Limits:
    """The limits that a plain value stands for.

    Args:
        raw: limits, a number (``accept``), two numbers, or a mapping with the names of both.
        review: the ``review`` limit if ``raw`` has none; ``accept`` if that is lower.
        where: the place of the value, for messages.

    Raises:
        PolicyError: if the value is none of these.
    """
    if isinstance(raw, Limits):
        return raw
    parts: dict[str, Any] = {"accept": raw}
    if isinstance(raw, Mapping):
        parts = {**cast("Mapping[str, Any]", raw)}
    elif isinstance(raw, (list, tuple)) and len(cast("list[Any]", raw)) == 2:
        parts = dict(zip(("accept", "review"), cast("list[Any]", raw), strict=True))
    for name in parts:
        if name not in ("accept", "review"):
            raise PolicyError(
                f"unknown name {name!r} (at {where})", remedy=nearest(name, ("accept", "review"))
            )
    accept = accept_of(parts.get("accept", ACCEPT), where)
    review_from = parts.get("review", min(review, accept))
    _check(accept, review_from, where)
    return Limits(accept, review_from)


def _check(accept: Any, review: Any, where: str = "") -> None:
    """Check that two numbers are limits that do not cross."""
    accept_of(accept, where)
    share_of(review, "review", where)
    if review > accept:
        raise PolicyError(
            f"review {review} is above accept {accept}{_at(where)}",
            remedy="Give a review limit that is not above accept",
        )


def accept_of(raw: Any, where: str = "") -> float:
    """An ``accept`` limit: a number from 0 to 1, or ``NOTHING`` for "nothing".

    Raises:
        PolicyError: if the value is neither.
    """
    is_nothing = isinstance(raw, (str, float)) and raw in ("nothing", NOTHING)
    return NOTHING if is_nothing else share_of(raw, "accept", where)


def plain_accept(accept: float) -> Accept:
    """An ``accept`` limit as a plain JSON value."""
    return "nothing" if accept == NOTHING else accept


def share_of(raw: Any, name: str, where: str = "") -> float:
    """The value itself, if it is a number from 0 to 1.

    Raises:
        PolicyError: if it is not.
    """
    is_number = isinstance(raw, (int, float)) and not isinstance(raw, bool)
    if is_number and 0 <= raw <= 1:
        return raw
    raise PolicyError(
        f"{name} {raw!r} is no number from 0 to 1{_at(where)}",
        remedy="Give a number such as 0.9",
    )


def _at(where: str) -> str:
    return f" (at {where})" if where else ""


def outcome_of(raw: Any, name: str) -> Outcome:
    """The value itself, if it is an outcome; "accept" for None.

    Raises:
        PolicyError: if it is no outcome.
    """
    if raw is None:
        return "accept"
    if raw not in OUTCOMES:
        raise PolicyError(f"{name} {raw!r} is no outcome", remedy=nearest(raw, OUTCOMES))
    return raw
