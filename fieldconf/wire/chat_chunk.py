"""Chat chunks: the chunk that nearly all of a stream consists of, read without detours.

In:    a chunk, as a dict or as the SDK's object.
Out:   a ``Piece``: text and tokens of the first choice; None for any other chunk.
Never: another result than the general road's (``wire.read_chunk``): whatever could make one (a
       reason to stop, a call, a name by id, a list that contradicts its token) is left to it.
Why:   the general road looks for fifteen shapes and dumps SDK objects; a live view pays for that
       with each token. Candidates are read from what was sent when somebody asks for them: of
       most tokens nobody does.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from math import exp
from typing import Any, NamedTuple, cast, overload

from fieldconf.tokens import Candidate, Token, candidate_logprob
from fieldconf.wire import choices, entries
from fieldconf.wire.delta import Delta

_HARMLESS = frozenset({
    "choices", "created", "id", "model", "moderation", "object", "obfuscation", "provider",
    "service_tier", "system_fingerprint", "usage",
})  # fmt: skip
"""Members of a chunk that make it no other shape; with any further one it is left alone."""

_NOT_PLAIN = (AttributeError, KeyError, OverflowError, TypeError, ValueError)
"""What reading a chunk that is not plain may raise; it goes no further than this module."""

_BY_ID = "token_id:"
_IDS = frozenset({"id", "token_id"})
_LEAST = -99.0  # nats; a token with less is looked at closely
_SENTINELS = -100.0  # nats; the greatest number that is none
_MOST_MASS = 1.049  # of a list of candidates; what has more is looked at closely


class Piece(NamedTuple):
    """What a plain chunk adds to the first choice.

    Attributes:
        content: text of the answer.
        tokens: with their logprobs; as many as there are, and some if there is text.
        is_masked: whether a candidate is listed that the grammar excluded.
        common: what the chunk says of all choices; the same object as long as it says the same.
    """

    content: str
    tokens: tuple[Token, ...]
    is_masked: bool
    common: Delta

    @property
    def delta(self) -> Delta:
        """The same as the general road has it."""
        return Delta(content=self.content, tokens=self.tokens)


# Without the checks of a call by hand, which take as long as all else about it.
_new = cast("Any", tuple).__new__
_new_piece = cast("Callable[[Any], Piece]", partial(_new, Piece))
_new_token = cast("Callable[[Any], Token]", partial(_new, Token))
_new_candidate = cast("Callable[[Any], Candidate]", partial(_new, Candidate))


def read(chunk: Any) -> Piece | None:
    """What a plain chunk adds; None if it is not plain."""
    try:
        item = _members(chunk)
        (only,) = item["choices"]
        choice = _members(only)
        content = _text(item, choice, _members(choice["delta"]))
        tokens, is_masked = _tokens(choice["logprobs"])
    except _NOT_PLAIN:
        return None
    if content and not tokens:
        return None
    model, server = item["model"], item.get("system_fingerprint") or ""
    if type(model) is not str or type(server) is not str:
        return None
    return _new_piece((content, tokens, is_masked, choices.common(model, server)))


def _text(item: dict[str, Any], choice: dict[str, Any], delta: dict[str, Any]) -> str:
    """The text of a chunk of the first choice that is not its last, and tells of nothing else."""
    about, said = choice.get, delta.get
    if (
        choice["index"] != 0
        or about("finish_reason")
        or about("message") is not None
        or said("refusal")
        or said("tool_calls")
        or said("function_call") is not None
        or item.get("usage") is not None
        or not item.keys() <= _HARMLESS
        or item.get("object") == "response"
        or type(item["choices"]) is not list
    ):
        raise ValueError
    content = said("content")
    if content is None:
        return ""
    if type(content) is not str:
        raise TypeError
    return content


# -- members ------------------------------------------------------------------------------------


def _members(part: Any) -> dict[str, Any]:
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
    """Whether this is a pydantic model whose dump has its attributes as they are.

    That is one without functions of its own for that, and without members left out or renamed.
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


def _tokens(logprobs: Any) -> tuple[tuple[Token, ...], bool]:
    """The tokens of a choice, and whether they list candidates that are excluded."""
    if logprobs is None:
        return (), False
    listed = _members(logprobs)["content"]
    if type(listed) is not list:
        raise TypeError
    made: list[Token] = []
    is_masked = False
    for entry in cast("list[Any]", listed):
        part = _members(entry)
        shown, raw, logprob, top = _row(part)
        if type(logprob) is not float or not _LEAST < logprob <= 0:
            raise ValueError
        found: Sequence[Candidate] = ()
        if top:
            numbers = _numbers(top, shown, part["bytes"], logprob)
            is_masked = is_masked or _is_masked(numbers)
            found = Listed(entry)
        elif top is None or "topLogprobs" in part:
            raise ValueError
        made.append(_new_token((shown, raw, logprob, found, None, "")))
    return tuple(made), is_masked


def _row(part: dict[str, Any]) -> tuple[str, bytes | None, Any, Any]:
    """Text, bytes, number and list of an entry that has no id, nor one for a name."""
    shown, raw = part["token"], part["bytes"]
    if type(shown) is not str or shown.startswith(_BY_ID) or not _IDS.isdisjoint(part):
        raise ValueError
    if raw is not None:
        if type(raw) is not list:
            raise TypeError
        raw = bytes(cast("list[int]", raw))
    return shown, raw, part["logprob"], part.get("top_logprobs")


def _numbers(top: Any, shown: str, raw: Any, logprob: float) -> list[float]:
    """The logprobs of a list that confirms the token's own, and has no more mass than there is."""
    first, kind = top[0], cast("Any", type(top[0]))
    if kind is dict:
        numbers: list[float] = [one["logprob"] for one in top]
        is_first = first["token"] == shown and first["bytes"] == raw
    elif _is_plain(kind):  # then all are: a client makes them alike
        numbers = [one.logprob for one in top]
        is_first = first.token == shown and first.bytes == raw
    else:
        raise TypeError
    own = numbers[0] if is_first else _own(top, shown, raw)
    if not abs(own - logprob) <= entries.SAME or not sum(map(exp, numbers)) <= _MOST_MASS:
        raise ValueError
    return numbers


def _own(top: Sequence[Any], shown: str, raw: Any) -> float:
    """The logprob that the list gives the token; NaN if it does not have it."""
    parts = [_members(one) for one in top]
    if parts[0]["token"].startswith(_BY_ID):
        raise ValueError
    same = (p["logprob"] for p in parts if p["token"] == shown and p["bytes"] == raw)
    return next(same, math.nan)


def _is_masked(numbers: list[float]) -> bool:
    return min(numbers) <= _SENTINELS and -math.inf in map(candidate_logprob, numbers)


class Listed(Sequence[Candidate]):
    """The candidates of an entry, read from it when they are first asked for.

    It equals the tuple of them, which is also what is left of it in a pickle.
    """

    __slots__ = ("_entry", "_made")

    def __init__(self, entry: Any) -> None:
        self._entry = entry
        self._made: tuple[Candidate, ...] | None = None

    @property
    def made(self) -> tuple[Candidate, ...]:
        """The candidates."""
        entry = self._entry
        if self._made is None and entry is not None:
            self._made = _candidates(entry)
            self._entry = None  # last: another thread may be here, too
        return self._made or ()

    @overload
    def __getitem__(self, place: int) -> Candidate: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, place: int | slice) -> Candidate | tuple[Candidate, ...]:
        return self.made[place]

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.made)

    def __eq__(self, other: object) -> bool:
        return self.made == (other.made if isinstance(other, Listed) else other)

    def __hash__(self) -> int:
        return hash(self.made)

    def __repr__(self) -> str:
        return repr(self.made)

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self.made,)


def _candidates(entry: Any) -> tuple[Candidate, ...]:
    try:
        return tuple(_made(_members(entry)["top_logprobs"]))
    except _NOT_PLAIN:
        return tuple(cast("tuple[Token, ...]", entries.read([entry]))[0].candidates)


def _made(top: Any) -> list[Candidate]:
    """The candidates of a list in which all have text, bytes and number, and nothing else."""
    parts = top if type(top[0]) is dict else map(_members, top)  # a client makes them alike
    made: list[Candidate] = []
    for part in parts:
        shown, raw, value = part["token"], part["bytes"], part["logprob"]
        if len(part) != 3 or type(shown) is not str or shown[:9] == _BY_ID:
            raise ValueError
        if type(raw) is list:
            raw = bytes(raw)  # pyright: ignore[reportUnknownArgumentType]  # any payload
        elif raw is not None:
            raise TypeError
        if type(value) is not float or not _LEAST < value <= 0:
            value = candidate_logprob(value)
        if value is not None:
            made.append(_new_candidate((shown, raw, value, None)))
    return made
