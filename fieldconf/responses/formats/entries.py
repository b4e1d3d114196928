"""Entries: one listed token in the form of OpenAI's servers and their copies.

In:    ``{token, logprob, bytes?, id?, top_logprobs?}``, in snake or camel case; or its parts.
Out:   ``Token`` values; a logprob that is not credible is None, with a note.
Never: a logprob that the token's own list of candidates contradicts.
Why:   servers shift lists by one token, copy them, name tokens by id, and merge characters; the
       token's list of candidates reveals it.

Quirks, each handled below:

* llama.cpp lists a character that spans several model tokens as one entry, with the logprob of the
  last one. The entry's id is then among its candidates with other bytes.
* MLX-LM gives the token and logprob of any candidate; only ``id`` is that of the token written. It
  has no ``bytes``.
* vLLM can name tokens ``token_id:123``; then the candidates' bytes are those of that name.
* OpenAI, vLLM: a token with ``-9999`` was sampled outside of the listed candidates; vLLM lists it
  among them, with that logprob. (OpenAI's lists could be a neighbour's in early 2025.)
* LMDeploy: the list lacks the chosen token.
* SGLang: all tokens of a chunk have the list of its first; vLLM on Ascend: one id many times.
* vLLM: a part of a character is ``""``, without bytes. DJL: ``bytes`` are code points.
* Speculative decoding (llama.cpp, old vLLM) lists 0.0 for every token written.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from fieldconf.responses.payload_access import count, first, get, items, octets, text
from fieldconf.tokens.spelling import plainly_named
from fieldconf.tokens.token import (
    Candidate,
    Token,
    candidate_logprob,
    chosen_logprob,
    is_unlisted,
)

MERGED = "is one listed character made of several model tokens, of which only the last was scored"
CONTRADICTED = "has a logprob that the server's own list of candidates contradicts"
UNLISTED = "is named by an id that the server's list of candidates does not have"
ABSENT = "has no logprob, nor does the server's list of candidates have it"
COPIED = "comes with a copy of another token's list of candidates"
REPEATED = "comes with a list that has one candidate several times, with different logprobs"

SAME = 0.01
"""Logprobs (nats) that differ by less may be the same: servers round, and use float32."""

Row: TypeAlias = tuple[str, bytes | None, Any, int | None]
"""A token or a candidate as listed: text, bytes, whatever is given as the logprob, and id."""

MOST_MASS = 1.05
"""The largest sum of probabilities that a list of logprobs may have."""
FEWEST_ALIKE = 3
"""A list with so many candidates is invalid if all have one text; two tokens may look alike."""
FULL_MASS = 1.001
"""The largest sum with a token that the list leaves out; more is the list of another token."""

_NAMED_BY_ID = re.compile(r"token_id:(\d+)")


def read(entries: Any) -> tuple[Token, ...] | None:
    """The tokens of a list of entries; None where there is no list."""
    if not isinstance(entries, (list, tuple)):
        return None
    tokens: list[Token] = []
    before: tuple[Candidate, ...] = ()
    for entry in items(entries):
        top = listed_with(entry)
        tokens.append(token(entry, top, before))
        before = top
    return tuple(tokens)


def make(
    shown: str,
    raw: bytes | None,
    logprob: Any,
    candidates: Sequence[Candidate] = (),
    number: int | None = None,
    before: Sequence[Candidate] = (),
    *,
    is_whole: bool = True,
) -> Token:
    """A token, without its logprob or its candidates if they contradict each other.

    Args:
        shown: its text.
        raw: its bytes, if the server gives them.
        logprob: whatever the server gives as its logprob, in nats.
        candidates: the candidates listed with it.
        number: its id in the vocabulary.
        before: the candidates listed with the previous token, which the server may have copied.
        is_whole: whether ``candidates`` has all that the server listed: each has a logprob.
    """
    own_logprob = chosen_logprob(logprob)
    if not candidates:
        return Token(shown, raw, own_logprob, (), number)
    is_copied = candidates == before
    if any(candidate.id is not None for candidate in candidates):
        candidates = tuple(dict.fromkeys(candidates))
    token = Candidate(shown, raw, own_logprob or 0.0, number)
    own = _own(token, candidates)
    if not own and (plain := plainly_named(candidates)):
        own = _own(token._replace(raw=token.bytes), plain)
        candidates = plain if own else candidates
    is_own = any(abs(logprob - token.logprob) <= SAME for logprob in own)
    mass = math.fsum(math.exp(candidate.logprob) for candidate in candidates)
    is_broken = any(  # without whole characters, several tokens may look alike
        not shown or "\ufffd" in shown or (raw is None and "\\x" in shown)
        for shown, raw, _, _ in (token, *candidates)
    )
    note = ""
    if _is_repeating(candidates):
        note = REPEATED
    elif is_copied and not is_own:
        note = COPIED
    elif own_logprob is None and not own:
        outside = _outside(candidates, mass) if is_unlisted(logprob) else ""
        return Token(shown, raw, None, candidates if outside else (), number, outside or ABSENT)
    elif (
        mass > MOST_MASS
        or (own and own_logprob is not None and not is_own and not is_broken)
        or not (
            own or is_broken or _may_be_left_out(own_logprob, candidates, mass, is_whole=is_whole)
        )
    ):
        own_logprob, note = None, CONTRADICTED
    return Token(shown, raw, own_logprob, () if note else candidates, number, note)


def candidates(rows: Iterable[Row]) -> tuple[Candidate, ...]:
    """The candidates in rows, without those that have no logprob.

    A candidate without text and bytes is unknown: it may be a part of a character.
    """
    return tuple(
        Candidate(shown, raw if raw or shown else None, logprob, number)
        for shown, raw, value, number in rows
        if (logprob := candidate_logprob(value)) is not None
    )


def parallel(chosen: Sequence[Row], tops: Sequence[Iterable[Row]]) -> tuple[Token, ...] | None:
    """The tokens of two parallel lists; None if there are none.

    If the lists differ in length, no candidates are taken: their tokens are not known.
    """
    rows = list(map(list, tops)) if len(tops) == len(chosen) else [list[Row]()] * len(chosen)
    lists = list(map(candidates, rows))
    return (
        tuple(
            make(shown, raw, logprob, top, number, before, is_whole=len(top) == len(top_rows))
            for (shown, raw, logprob, number), top_rows, top, before in zip(
                chosen, rows, lists, [(), *lists], strict=False
            )
        )
        or None
    )


def paired(chosen: Any, tops: Any, row: Callable[[Any], Row]) -> tuple[Token, ...] | None:
    """The tokens of two parallel lists of a payload; ``row`` reads their items."""
    return parallel([row(c) for c in items(chosen)], [map(row, items(top)) for top in items(tops)])


def by_id(number: int) -> str:
    """The name of a token that is known only by its id, in vLLM's form."""
    return f"token_id:{number}"


def id_in(name: str) -> int | None:
    """The id in a name like ``token_id:5``; None for any other text."""
    match = _NAMED_BY_ID.fullmatch(name) if name.startswith("token_id:") else None
    return int(match[1]) if match else None


def spelled(shown: str, raw: bytes | None) -> bytes | None:
    """The bytes that a server gives for a text; None if they are the text's code points."""
    if not raw or raw.isascii():
        return raw
    try:
        raw.decode()
    except UnicodeDecodeError:
        are_code_points = len(raw) == len(shown) and raw.decode("latin-1") == shown
        return None if are_code_points else raw
    return raw


# -- one entry ----------------------------------------------------------------------------------


def token(entry: Any, candidates: Sequence[Candidate], before: Sequence[Candidate] = ()) -> Token:
    """The token of an entry with its candidates; ``before`` are those of the previous entry."""
    shown, raw, number = _name(entry)
    logprob = get(entry, "logprob")
    is_whole = len(_top(entry)) == len(candidates)
    if number is None or not _is_named_elsewhere(shown, raw, number, candidates):
        return make(shown, raw, logprob, candidates, number, before, is_whole=is_whole)
    if raw is not None:
        return Token(shown, raw, None, (), number, note=MERGED)
    own = next((e for e in _top(entry) if _name(e)[2] == number), None)
    if own is None:
        return Token(by_id(number), None, None, (), number, note=UNLISTED)
    logprob = get(own, "logprob")
    return make(_name(own)[0], None, logprob, candidates, number, before, is_whole=is_whole)


def listed_with(entry: Any) -> tuple[Candidate, ...]:
    """The candidates of an entry."""
    return candidates(map(row, _top(entry)))


def _top(entry: Any) -> Sequence[Any]:
    return items(first(entry, "top_logprobs", "topLogprobs"))


def row(entry: Any) -> Row:
    """The row of a candidate."""
    shown, raw, number = _name(entry)
    return shown, raw, get(entry, "logprob"), number


def _name(entry: Any) -> tuple[str, bytes | None, int | None]:
    """Text, bytes and id; the text of a token named by its id is that of its bytes, if any."""
    shown = text(get(entry, "token"))
    raw = spelled(shown, octets(get(entry, "bytes")))
    number = first(entry, "id", "token_id")
    number = None if number is None else count(number)
    if not shown and raw is None and number is not None:
        return by_id(number), None, number
    token_id = id_in(shown)
    if token_id is None:
        return shown, raw, number
    if raw is None or raw == shown.encode():
        return shown, None, token_id
    return raw.decode("utf-8", "replace"), raw, token_id


def _is_named_elsewhere(
    shown: str, raw: bytes | None, number: int, candidates: Iterable[Candidate]
) -> bool:
    """Whether the list has the token's id with another name; without bytes, also if not at all."""
    with_ids = [c for c in candidates if c.id is not None and id_in(c.text) is None]
    if raw is None:
        return bool(with_ids) and not any(c.id == number and c.text == shown for c in with_ids)
    own = [c for c in with_ids if c.id == number]
    return any(c.raw != raw if c.raw is not None else c.text != shown for c in own)


# -- checks against the list ----------------------------------------------------------------------


def _own(token: Candidate, candidates: Iterable[Candidate]) -> list[float]:
    """The logprobs that a list gives its token."""
    return [candidate.logprob for candidate in candidates if _is_same(candidate, token)]


def _may_be_left_out(
    logprob: float | None, candidates: Sequence[Candidate], mass: float, *, is_whole: bool
) -> bool:
    """Whether a list may lack its token.

    A list of the most probable tokens has every token that is more probable than its last one.
    Only a server that always leaves out the chosen one may lack it: then the sum is at most 1.
    """
    if logprob is None:
        return True
    least = min((c.logprob for c in candidates if c.logprob > -math.inf), default=math.inf)
    is_likely = logprob > least + SAME
    return not is_likely or (is_whole and mass + math.exp(logprob) <= FULL_MASS)


def _outside(candidates: Iterable[Candidate], mass: float) -> str:
    """A note for a token that was sampled outside of its list; "" if the list is invalid."""
    masses = [math.exp(c.logprob) for c in candidates if c.logprob > -math.inf]
    if not masses or mass > MOST_MASS:
        return ""
    most = min(*masses, max(1.0 - mass, 1.0 - 1.0 / FULL_MASS))
    return f"was sampled outside of the candidates that the server listed, with at most {most:.2g}"


def _is_repeating(candidates: Sequence[Candidate]) -> bool:
    """Whether a list repeats an id, or consists of one text only."""
    ids = [candidate.id for candidate in candidates if candidate.id is not None]
    if len(set(ids)) < len(ids):
        return True
    shown = candidates[0].text
    is_text = len(candidates) >= FEWEST_ALIKE and bool(shown) and "\ufffd" not in shown
    return is_text and all(candidate.text == shown for candidate in candidates)


def _is_same(first: Candidate, second: Candidate) -> bool:
    """Whether two are one token: by ids if both have one, else by bytes, else by texts."""
    if first.id is not None and second.id is not None:
        return first.id == second.id
    if first.raw is None or second.raw is None:
        return first.text == second.text
    return first.raw == second.raw
