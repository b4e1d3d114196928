"""Plain: the parts of a report as plain JSON values.

In:    members, distributions, choices, errors, tokens; decoded values.
Out:   dicts, lists and scalars that every JSON writer takes.
Never: recursion; NaN or an infinity as a number.
Why:   the same form is shown, saved, sent and read back.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from fieldconf.distributions.distribution import Distribution, Member
from fieldconf.distributions.explanation import Explanation
from fieldconf.distributions.open_values import OpenValueStep
from fieldconf.formulas import TextScore
from fieldconf.parsing.kinds import kind_of
from fieldconf.tokens.token import Candidate, Token

DEEPEST = 200
"""Values nested deeper than this are left out of ``to_dict``: JSON writers and readers recurse."""

_TOO_DEEP = f"(nested deeper than {DEEPEST})"


def digest_of(text: str) -> str:
    """A short text that stands for a long one."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def plain_value(value: Any) -> Any:
    """A decoded JSON value with what JSON writers cannot hold as text.

    That is inf, huge integers, and what is nested too deep for the interpreter's stack; for which
    reason there is no recursion here.
    """
    holder: list[Any] = [value]
    todo: list[tuple[Any, Any, int]] = [(holder, 0, 0)]
    while todo:
        parent, key, depth = todo.pop()
        item: Any = parent[key]
        if kind_of(item) in ("object", "array"):
            copy: Any = dict(item) if kind_of(item) == "object" else list(item)
            parent[key] = copy if depth < DEEPEST else _TOO_DEEP
            keys: Any = range(len(copy)) if kind_of(item) == "array" else copy
            todo.extend((copy, k, depth + 1) for k in (keys if depth < DEEPEST else ()))
        elif isinstance(item, Decimal) or (isinstance(item, float) and not math.isfinite(item)):
            parent[key] = str(item)
    return holder[0]


def number_of(text: str) -> float | Decimal:
    """The number that ``plain_value`` had to write as a text.

    Raises:
        ValueError: if it is none.

    >>> number_of("-inf"), number_of("12")
    (-inf, Decimal('12'))
    """
    if text in ("inf", "-inf"):
        return float(text)
    if not text.removeprefix("-").isdecimal():
        raise ValueError(f"{text!r} is no number")
    return Decimal(text)


def plain_score(score: TextScore | None) -> dict[str, Any] | None:
    """The score of a text; JSON has no infinity."""
    if score is None:
        return None
    perplexity = None if score.perplexity == math.inf else score.perplexity
    return score._asdict() | {"perplexity": perplexity}


def plain_distribution(distribution: Distribution | None) -> dict[str, Any] | None:
    """The members and what stands beside them."""
    if distribution is None:
        return None
    plain: dict[str, Any] = {
        "candidates": [plain_member(member) for member in distribution.candidates],
        "off_schema": distribution.off_schema,
        "unseen": distribution.unseen,
        "decided_at": distribution.decided_at,
        "other": [rival._asdict() for rival in distribution.other],
        "calls": distribution.calls,
        "rest": distribution.rest,
        "beginnings": [rival._asdict() for rival in distribution.beginnings],
    }
    if distribution.unnormalised:
        plain["unnormalised"] = [plain_member(member) for member in distribution.unnormalised]
    return plain


def plain_member(member: Member) -> dict[str, Any]:
    """A member: its value may be any JSON scalar."""
    return {
        "value": plain_value(member.value),
        "probability": member.probability,
        "low": member.low,
        "high": member.high,
    }


def plain_presence(presence: Mapping[str, Member]) -> dict[str, Any]:
    """Each optional key and how probable it was."""
    return {name: plain_member(member) for name, member in presence.items()}


def plain_why(why: Explanation | None) -> dict[str, Any] | None:
    """The decisive token, with its sentence."""
    if why is None:
        return None
    rivals = [rival._asdict() for rival in why.rivals]
    return {**why._asdict(), "rivals": rivals, "sentence": why.sentence}


def plain_choice(choice: OpenValueStep | None) -> dict[str, Any] | None:
    """A step of an open value."""
    if choice is None:
        return None
    return choice._asdict() | {"rivals": [rival._asdict() for rival in choice.rivals]}


def plain_token(token: Token) -> dict[str, Any]:
    """A token; what is empty is left out."""
    plain = _plain_candidate(token)
    if token.candidates:
        plain["candidates"] = [_plain_candidate(candidate) for candidate in token.candidates]
    return plain | ({"note": token.note} if token.note else {})


def _plain_candidate(candidate: Token | Candidate) -> dict[str, Any]:
    plain: dict[str, Any] = {"text": candidate.text}
    if candidate.raw is not None:
        plain["bytes"] = list(candidate.raw)
    plain["logprob"] = "-inf" if candidate.logprob == -math.inf else candidate.logprob
    return plain | ({} if candidate.id is None else {"id": candidate.id})


def plain_record(record: Any) -> dict[str, Any] | None:
    """A small record of scalars, such as where and why reading stopped."""
    return None if record is None else asdict(record)


def plain_reading(reading: Any) -> dict[str, Any]:
    """What one of several requests said of a field; its value may be any JSON value."""
    plain = {attribute.name: getattr(reading, attribute.name) for attribute in fields(reading)}
    return plain | {"value": plain_value(reading.value)}
