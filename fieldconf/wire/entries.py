"""Entries: one listed token, in the words that OpenAI's servers and their copies use.

In:    ``{token, logprob, bytes?, id?, top_logprobs?}``, in snake or camel case; or its parts.
Out:   ``Token`` values with numbers that can be believed.
Never: a logprob that the token's own list of candidates contradicts.
Why:   servers shift lists by one token, name tokens by id, and merge characters; the list that
       comes with a token is the witness.

Quirks, each met by a line below:

* llama.cpp lists characters that span several model tokens as one entry, with the last piece's
  logprob: the entry's own id then stands among its candidates with other bytes.
* MLX-LM gives token and logprob of any candidate; ``id`` alone is that of the token written. It
  has no ``bytes``.
* vLLM can name tokens ``token_id:123``; then the candidates' bytes are those of that name.
* OpenAI: a ``-9999`` token that is absent from its own list has its neighbour's list ("shifted").
* Speculative decoding (llama.cpp, old vLLM) lists 0.0 for every token written.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from fieldconf.tokens import Candidate, Token, candidate_logprob, chosen_logprob
from fieldconf.wire.plain import count, first, get, items, text

MERGED = "is one listed character made of several model tokens, of which only the last was scored"
SHIFTED = "has no logprob of its own: the server's list belongs to a neighbouring token"
CONTRADICTED = "has a logprob that the server's own list of candidates contradicts"
UNLISTED = "is named by an id that the server's list of candidates does not have"

SAME = 0.01
"""Logprobs (nats) that differ by less may be the same number: servers round, and use floats."""

Row: TypeAlias = tuple[str, bytes | None, Any, int | None]
"""What is said of a token or a candidate: text, bytes, whatever is given for a logprob, and id."""

MOST_MASS = 1.05
"""That all candidates of a list may have; more is no list of logprobs."""

_NAMED_BY_ID = re.compile(r"token_id:(\d+)")


def read(entries: Any) -> tuple[Token, ...] | None:
    """The tokens of a list of entries; None where there is no list."""
    return tuple(map(token, items(entries))) if isinstance(entries, (list, tuple)) else None


def make(
    shown: str,
    raw: bytes | None,
    logprob: Any,
    candidates: Sequence[Candidate] = (),
    number: int | None = None,
) -> Token:
    """A token, without its number where its candidates contradict it.

    Args:
        shown: its text.
        raw: its bytes, where the server gives them.
        logprob: whatever the server gives for one, in nats.
        candidates: the alternatives listed with it.
        number: its id in the vocabulary.
    """
    known = chosen_logprob(logprob)
    if not candidates:
        return Token(shown, raw, known, (), number)
    token = Candidate(shown, raw, known or 0.0, number)
    if known is None:
        is_listed = any(_is_same(candidate, token) for candidate in candidates)
        return Token(shown, raw, None, candidates if is_listed else (), number,
                     note="" if is_listed else SHIFTED)  # fmt: skip
    if _is_contradicted(token, candidates):
        return Token(shown, raw, None, (), number, note=CONTRADICTED)
    return Token(shown, raw, known, candidates, number)


def candidates(rows: Iterable[Row]) -> tuple[Candidate, ...]:
    """The candidates in rows; those without a logprob are left out."""
    return tuple(
        Candidate(shown, raw, logprob, number)
        for shown, raw, value, number in rows
        if (logprob := candidate_logprob(value)) is not None
    )


def parallel(chosen: Sequence[Row], tops: Sequence[Iterable[Row]]) -> tuple[Token, ...] | None:
    """The tokens of two parallel lists; None where there are none.

    Of lists of different lengths it is not known whose candidates are whose: none are taken.
    """
    listed = map(candidates, tops) if len(tops) == len(chosen) else [()] * len(chosen)
    return (
        tuple(
            make(shown, raw, logprob, found, number)
            for (shown, raw, logprob, number), found in zip(chosen, listed, strict=True)
        )
        or None
    )


def paired(chosen: Any, tops: Any, row: Callable[[Any], Row]) -> tuple[Token, ...] | None:
    """The same of two lists of a payload, whose items ``row`` reads."""
    return parallel([row(c) for c in items(chosen)], [map(row, items(top)) for top in items(tops)])


def by_id(number: int) -> str:
    """The name of a token of which only the id is known, as vLLM writes it."""
    return f"token_id:{number}"


def id_in(name: str) -> int | None:
    """The id in such a name; None if it is a text."""
    found = _NAMED_BY_ID.fullmatch(name) if name.startswith("token_id:") else None
    return int(found[1]) if found else None


def octets(value: Any) -> bytes | None:
    """A list of integers as bytes; None where it is missing or no such thing."""
    if isinstance(value, bytes):
        return value
    try:
        return bytes(value) if isinstance(value, (list, tuple)) else None  # pyright: ignore[reportUnknownArgumentType]  # any payload
    except (TypeError, ValueError):
        return None


# -- one entry ----------------------------------------------------------------------------------


def token(entry: Any) -> Token:
    """The token of an entry."""
    shown, raw, number = _name(entry)
    listed = first(entry, "top_logprobs", "topLogprobs")
    found = candidates(map(row, items(listed)))
    logprob = get(entry, "logprob")
    if number is None or not _is_named_elsewhere(shown, raw, number, found):
        return make(shown, raw, logprob, found, number)
    if raw is not None:
        return Token(shown, raw, None, (), number, note=MERGED)
    own = next((e for e in items(listed) if _name(e)[2] == number), None)
    if own is None:
        return Token(by_id(number), None, None, (), number, note=UNLISTED)
    return make(_name(own)[0], None, get(own, "logprob"), found, number)


def row(entry: Any) -> Row:
    """What is said of a candidate."""
    shown, raw, number = _name(entry)
    return shown, raw, get(entry, "logprob"), number


def _name(entry: Any) -> tuple[str, bytes | None, int | None]:
    """Text, bytes and id; a token that is named by its id is shown as its bytes, if it has some."""
    shown, raw = text(get(entry, "token")), octets(get(entry, "bytes"))
    number = first(entry, "id", "token_id")
    number = None if number is None else count(number)
    if not shown and raw is None and number is not None:
        return by_id(number), None, number
    named = id_in(shown)
    if named is None:
        return shown, raw, number
    if raw is None or raw == shown.encode():
        return shown, None, named
    return raw.decode("utf-8", "replace"), raw, named


def _is_named_elsewhere(
    shown: str, raw: bytes | None, number: int, candidates: Iterable[Candidate]
) -> bool:
    """Whether the list knows the token's id by another name; without bytes, by none at all."""
    named = [c for c in candidates if c.id is not None and id_in(c.text) is None]
    if raw is None:
        return bool(named) and not any(c.id == number and c.text == shown for c in named)
    own = [c for c in named if c.id == number]
    return any(c.raw != raw if c.raw is not None else c.text != shown for c in own)


# -- the list as a witness ----------------------------------------------------------------------


def _is_contradicted(token: Candidate, candidates: Sequence[Candidate]) -> bool:
    """Whether the list gives the token another number, or leaves it out although it is likely.

    A list of the likeliest tokens has every token that is likelier than its last one. Broken
    characters prove nothing: several tokens look like one.
    """
    mass, least, is_listed, is_agreed = 0.0, math.inf, False, False
    is_broken = _is_broken(token)
    for candidate in candidates:
        logprob = candidate.logprob
        mass += math.exp(logprob)
        is_broken = is_broken or _is_broken(candidate)
        if -math.inf < logprob < least:
            least = logprob
        if _is_same(candidate, token):
            is_listed = True
            is_agreed = is_agreed or abs(logprob - token.logprob) <= SAME
    if mass > MOST_MASS:
        return True
    is_left_out = not is_listed and token.logprob > least + SAME
    return not is_broken and (is_left_out or (is_listed and not is_agreed))


def _is_same(one: Candidate, other: Candidate) -> bool:
    """Whether two are one token: by ids where both have one, else by bytes, else by texts."""
    if one.id is not None and other.id is not None:
        return one.id == other.id
    if one.raw is None or other.raw is None:
        return one.text == other.text
    return one.raw == other.raw


def _is_broken(token: Candidate) -> bool:
    shown = token.text
    return not shown or "\ufffd" in shown or (token.raw is None and "\\x" in shown)
