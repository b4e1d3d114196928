"""Plain values: the parts of a report as plain JSON values.

In:    decoded values; records (distributions, readings, scores, ...); tokens.
Out:   dicts, lists and scalars that every JSON writer takes.
Never: recursion into a decoded value; NaN or an infinity as a number.
Why:   the same form is shown, saved, sent and read back.
"""

import hashlib
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

from fieldconf.distributions.distribution import Distribution
from fieldconf.distributions.explanation import Explanation
from fieldconf.formulas import TextScore
from fieldconf.parsing.kinds import kind_of
from fieldconf.tokens.token import Candidate, Token

DEEPEST = 200
"""Values nested deeper than this are left out of ``to_dict``: JSON writers and readers recurse."""

_TOO_DEEP = f"(nested deeper than {DEEPEST})"


def digest_of(text: str) -> str:
    """The BLAKE2b digest of a text, 16 hexadecimal digits."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def plain_value(value: Any) -> Any:
    """A decoded JSON value with what JSON writers cannot hold as text.

    That is inf, huge integers, and values nested too deep for the interpreter's stack. A recursive
    function could not read those.
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


def plain_record(record: Any) -> Any:
    """A record by the names of its attributes, with the records inside; None stays None.

    Tuples inside hold records. Only an attribute ``value`` may be what JSON writers cannot hold.

    >>> from fieldconf.distributions.distribution import Rival
    >>> plain_record(Rival("6", 0.41))
    {'text': '6', 'probability': 0.41}
    """
    if record is None:
        return None
    names: Iterable[str] = getattr(record, "_fields", None) or record.__dataclass_fields__
    plain: dict[str, Any] = {}
    for name in names:
        value = getattr(record, name)
        if name == "value":
            value = plain_value(value)
        elif isinstance(value, tuple):
            value = [plain_record(inner) for inner in cast("tuple[Any, ...]", value)]
        plain[name] = value
    if isinstance(record, Explanation):
        plain["sentence"] = record.sentence
    elif isinstance(record, Distribution) and not record.unnormalised:
        del plain["unnormalised"]
    elif isinstance(record, TextScore) and record.perplexity == math.inf:
        plain["perplexity"] = None
    return plain


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
