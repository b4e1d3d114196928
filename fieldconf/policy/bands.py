"""Bands: from which confidence on a field is accepted, and below which it is rejected.

In:    numbers from 0 to 1, alone, in pairs, or by name; "nothing" where none is accepted.
Out:   ``Limits``; ``Outcome``, and which of several is the worst.
Never: a band whose parts cross; a number that is no confidence.
Why:   "accept, review or ask again" is decided field by field, and read from calls and files alike.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

from fieldconf.errors import PolicyError, nearest
from fieldconf.fields.status import Outcome

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""From good to bad."""

ACCEPT, REVIEW = 0.9, 0.5
"""The default: trust from .9 on, show a warning from .5 on, below that ask again."""

NOTHING = math.inf
"""Where a band accepts that accepts nothing: above every confidence; "nothing" in files."""


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
        """What a confidence leads to."""
        if confidence >= self.accept:
            return "accept"
        return "review" if confidence >= self.review else "reject"


Accept: TypeAlias = float | Literal["nothing"]
"""From which confidence (0..1) on to accept, or never."""

LimitsLike: TypeAlias = Limits | Accept | tuple[Accept, float]
"""A band; or where it accepts; or both its confidences."""


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of several; "accept" of none.

    >>> worst(["accept", "reject", "review"])
    'reject'
    """
    found: Outcome = "accept"
    for one in outcomes:
        if OUTCOMES.index(one) > OUTCOMES.index(found):
            found = one
    return found


def band_of(given: Any, review: float, where: str) -> Limits:
    """The band that was meant.

    Args:
        given: a band, a number (where it accepts), two numbers, or a mapping with their names.
        review: where nothing says from where on to review: this, or ``accept`` if that is lower.
        where: for messages.

    Raises:
        PolicyError: if it is none of these.
    """
    if isinstance(given, Limits):
        return given
    parts: dict[str, Any] = {"accept": given}
    if isinstance(given, Mapping):
        parts = {**cast("Mapping[str, Any]", given)}
    elif isinstance(given, (list, tuple)) and len(cast("list[Any]", given)) == 2:
        parts = dict(zip(("accept", "review"), cast("list[Any]", given), strict=True))
    for name in parts:
        if name not in ("accept", "review"):
            raise PolicyError(
                f"unknown name {name!r} (at {where})", remedy=nearest(name, ("accept", "review"))
            )
    accept = accept_of(parts.get("accept", ACCEPT), where)
    made = parts.get("review", min(review, accept))
    _check(accept, made, where)
    return Limits(accept, made)


def _check(accept: Any, review: Any, where: str = "") -> None:
    """See that two confidences make a band."""
    accept_of(accept, where)
    share_of(review, "review", where)
    if review > accept:
        raise PolicyError(
            f"review {review} is above accept {accept}{_at(where)}",
            remedy="What is accepted needs no review: give a lower one",
        )


def accept_of(given: Any, where: str = "") -> float:
    """A number from 0 to 1, or ``NOTHING``, which is also called "nothing".

    Raises:
        PolicyError: if it is neither.
    """
    is_nothing = isinstance(given, (str, float)) and given in ("nothing", NOTHING)
    return NOTHING if is_nothing else share_of(given, "accept", where)


def plain_accept(accept: float) -> Accept:
    """The same as a plain JSON value."""
    return "nothing" if accept == NOTHING else accept


def share_of(given: Any, name: str, where: str = "") -> float:
    """A number from 0 to 1.

    Raises:
        PolicyError: if it is none.
    """
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    if is_number and 0 <= given <= 1:
        return given
    raise PolicyError(
        f"{name} {given!r} is no number from 0 to 1{_at(where)}", remedy="Such as 0.9"
    )


def _at(where: str) -> str:
    return f" (at {where})" if where else ""


def outcome_of(given: Any, name: str) -> Outcome:
    """One of the outcomes; of None, "accept".

    Raises:
        PolicyError: if it is none.
    """
    if given is None:
        return "accept"
    if given not in OUTCOMES:
        raise PolicyError(f"{name} {given!r} is no outcome", remedy=nearest(given, OUTCOMES))
    return given
