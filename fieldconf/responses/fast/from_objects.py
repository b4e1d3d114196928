"""Client objects: entries are read from a client's objects without dumping them.

In:    a pydantic object with ``choices``; entries of its lists, or dicts of the same shape.
Out:   the object's dump, in which the entries stay objects (``Entries``); their ``Token`` values.
Never: another result than ``entries.token`` has for the dump: what is not plain is dumped.
Why:   nearly all of a response with logprobs is candidates, of most only the numbers are used, and
       dumping them costs more than everything else.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from math import exp
from typing import Any, cast

from fieldconf.responses.fast.lazy_candidates import LazyCandidates
from fieldconf.responses.formats import entries
from fieldconf.tokens.token import (
    MASKED_CANDIDATE,
    NOT_A_LOGPROB,
    Candidate,
    Token,
    candidate_logprob,
    unchecked,
)

NOT_PLAIN = (AttributeError, KeyError, OverflowError, TypeError, ValueError)
"""What reading a part that is not plain may raise."""

_BY_ID = "token_id:"
_IDS = frozenset({"id", "token_id"})
_LEAST = -99.0  # nats; a token with less is looked at closely
_MOST_MASS = 1.049  # of a list of candidates; what has more is looked at closely
_ENTRIES = {"choices": {"__all__": {"logprobs": {"content"}}}}  # as pydantic leaves out

_new_candidate, _new_token = unchecked(Candidate), unchecked(Token)


class Entries(list[Any]):
    """The entries of a list, all of them plain models of one type."""


def opened(payload: Any) -> dict[str, Any] | None:
    """The dump of an object with lists of entries, which stay objects; None for anything else."""
    try:
        choices = _member(payload, "choices")
        if type(choices) is not list:
            return None
        logprobs = [_member(choice, "logprobs") for choice in cast("list[Any]", choices)]
        contents = [
            None if part is None else _entries(_member(part, "content")) for part in logprobs
        ]
    except NOT_PLAIN:
        return None
    if not any(contents):
        return None
    dump = payload.model_dump(warnings=False, exclude=_ENTRIES)
    for choice, part, content in zip(dump["choices"], logprobs, contents, strict=True):
        if part is not None:
            choice["logprobs"]["content"] = content
    return dump


def _member(part: Any, name: str) -> Any:
    """A member of a plain model; the dump reads dicts in models."""
    if type(part) is dict:
        raise TypeError
    return members(part)[name]


def _entries(content: Any) -> Entries | None:
    if content is None:
        return None
    if type(content) is not list:
        raise TypeError
    models = Entries(cast("list[Any]", content))
    kinds = set(map(type, models))
    if len(kinds) > 1 or not all(map(_is_plain, kinds)):
        raise TypeError
    return models


def read(plain_entries: Entries) -> tuple[Token, ...]:
    """The tokens of entries."""
    tokens: list[Token] = []
    for entry, before in zip(plain_entries, [None, *plain_entries], strict=False):
        try:
            tokens.append(token(entry))
        except NOT_PLAIN:
            dump = entry.model_dump(warnings=False)
            earlier = before.model_dump(warnings=False) if before is not None else None
            top = entries.listed_with(dump)
            tokens.append(entries.token(dump, top, entries.listed_with(earlier)))
    return tuple(tokens)


# -- members ------------------------------------------------------------------------------------


def members(part: Any) -> dict[str, Any]:
    """The members of a dict, or of a model as its dump would give them.

    Raises:
        TypeError: of anything else.
    """
    if type(part) is dict:
        return cast("dict[str, Any]", part)
    if not _is_plain(type(part)):  # pyright: ignore[reportUnknownArgumentType]  # any payload
        raise TypeError
    more = part.__pydantic_extra__
    return {**part.__dict__, **more} if more else part.__dict__


@lru_cache(maxsize=256)
def _is_plain(kind: type) -> bool:
    """Whether this is a pydantic model whose dump has its attributes unchanged.

    Such a model has no serializers of its own, and leaves out or renames no members.
    """
    made_by = getattr(kind, "__pydantic_decorators__", None)
    if made_by is None or getattr(kind, "__pydantic_root_model__", False):
        return False
    model: Any = kind
    own = (made_by.field_serializers, made_by.model_serializers, made_by.computed_fields)
    is_own = any(own) or model.model_dump.__module__ != "pydantic.main"
    is_renamed = model.model_config.get("serialize_by_alias")
    fields = model.model_fields.values()
    return not is_own and not is_renamed and not any(f.exclude or f.metadata for f in fields)


# -- tokens -------------------------------------------------------------------------------------


def token(entry: Any) -> Token:
    """The token of a plain entry; its candidates are built when they are accessed.

    Raises:
        NOT_PLAIN: one of these errors, if the general reader must read the entry.
    """
    part = members(entry)
    shown, raw, logprob = part["token"], part["bytes"], part["logprob"]
    top = part.get("top_logprobs")
    if type(shown) is not str or shown.startswith(_BY_ID) or not _IDS.isdisjoint(part):
        raise ValueError
    if raw is not None:
        if type(raw) is not list:
            raise TypeError
        raw = bytes(cast("list[int]", raw))
        if not raw.isascii():
            raw = entries.spelled(shown, raw)
    if type(logprob) is not float or not _LEAST < logprob <= 0:
        raise ValueError
    if not top:
        if top is None or "topLogprobs" in part:
            raise ValueError
        return _new_token((shown, raw, logprob, (), None, ""))
    numbers = _numbers(top, shown, part["bytes"], logprob)
    are_floats = set(map(type, numbers)) == {float}
    if are_floats and min(numbers) > NOT_A_LOGPROB and max(numbers) <= 0:  # each has a candidate
        candidates = LazyObjectCandidates(top, MASKED_CANDIDATE in numbers)
    else:
        candidates = _candidates(top)
    return _new_token((shown, raw, logprob, candidates, None, ""))


def _numbers(top: Any, shown: str, raw: Any, logprob: float) -> list[float]:
    """The logprobs of a list that has the token's own logprob, and a possible sum."""
    first, kind = top[0], cast("Any", type(top[0]))
    if kind is dict:
        numbers: list[float] = [candidate["logprob"] for candidate in top]
        is_first = first["token"] == shown and first["bytes"] == raw
        are_alike = first["token"] == top[-1]["token"]
    elif _is_plain(kind):  # then all are: a client makes them alike
        numbers = [candidate.logprob for candidate in top]
        is_first = first.token == shown and first.bytes == raw
        are_alike = first.token == top[-1].token
    else:
        raise TypeError
    own = numbers[0] if is_first else _own(top, shown, raw)
    if are_alike and len(top) >= entries.FEWEST_ALIKE:
        raise ValueError
    is_own = type(own) is float and own <= 0 and abs(own - logprob) <= entries.SAME
    if not is_own or not sum(map(exp, numbers)) <= _MOST_MASS:
        raise ValueError
    return numbers


def _own(top: Sequence[Any], shown: str, raw: Any) -> float:
    """The logprob that the list gives the token; NaN if it does not have it."""
    parts = [members(candidate) for candidate in top]
    if parts[0]["token"].startswith(_BY_ID):
        raise ValueError
    same = (p["logprob"] for p in parts if p["token"] == shown and p["bytes"] == raw)
    return next(same, math.nan)


class LazyObjectCandidates(LazyCandidates, gc=False, eq=False):
    """The candidates of a token in a client's objects, built when they are first accessed."""

    def build(self, raw: Sequence[Any]) -> tuple[Candidate, ...]:
        """The candidates of raw entries."""
        return _candidates(raw)


def _candidates(top: Any) -> tuple[Candidate, ...]:
    try:
        return tuple(_plain_candidates(top))
    except NOT_PLAIN:
        return entries.candidates(map(entries.row, top))


def _plain_candidates(top: Any) -> list[Candidate]:
    """The candidates of a list whose entries have text, bytes and logprob, and nothing else."""
    parts = top if type(top[0]) is dict else map(members, top)  # a client makes them alike
    candidates: list[Candidate] = []
    for part in parts:
        shown, raw, value = part["token"], part["bytes"], part["logprob"]
        if len(part) != 3 or type(shown) is not str or shown[:9] == _BY_ID:
            raise ValueError
        if type(raw) is list:
            raw = bytes(raw)  # pyright: ignore[reportUnknownArgumentType]  # any payload
            if not raw.isascii():
                raw = entries.spelled(shown, raw)
            raw = raw if raw or shown else None
        elif raw is not None:
            raise TypeError
        if type(value) is not float or not _LEAST < value <= 0:
            value = candidate_logprob(value)
        if value is not None:
            candidates.append(_new_candidate((shown, raw, value, None)))
    return candidates
