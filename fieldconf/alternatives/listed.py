"""Listed: what a server lists at one token of the answer.

In:    what the token wrote, and the token.
Out:   a ``Listing``: the candidates whose bytes are known, their masses, and the chosen one among
       them.
Never: a candidate in a disguise; a judgment of what it would have meant.
Why:   several questions are asked about the same token, and each begins with this.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

from fieldconf.alternatives.fan import Listing, listing
from fieldconf.spelling import SPACES, plainly_named
from fieldconf.tokens import Candidate, Token, unchecked, utf8
from fieldconf.wire.listed import Listed, all_columns, columns

_LEAST = -700.0  # exp of it is still above zero: what was chosen had some probability
_BROKEN = "\ufffd".encode()
_UNPLAIN = re.compile("|".join(["\ufffd", *SPACES]))
_listing = unchecked(Listing)


def listed(written: bytes, token: Token, *, are_named: bool = True) -> Listing:
    """The candidates that can be read, with the chosen one put in if it is missing.

    Where the token itself is listed in a disguise (its bytes are not what it wrote), so are its
    candidates, and none of them can be read. What cannot be read counts as not listed.
    ``are_named`` says whether candidates that look like a vocabulary's names are names.
    """
    text, raw, logprob, candidates, number, _ = token
    assert logprob is not None  # the callers look
    is_spelt = utf8(text) == written
    if not is_spelt if raw is None else raw != written:
        candidates = ()
    elif is_spelt and number is None and (found := _plainly(candidates)) is not None:
        names, logprobs = found
        position = names.index(text) if text in names else len(names)
        if position == len(names):
            names.append(text)
            logprobs.append(logprob)
        logprobs[position] = max(logprob, _LEAST)
        masses = list(map(math.exp, logprobs))
        return _listing((names, position, max(0.0, 1.0 - math.fsum(masses)), masses))
    if isinstance(candidates, Listed):
        candidates = candidates.glance()
    shown = written.decode("utf-8", "replace")
    if are_named and not shown.startswith(SPACES):
        candidates = plainly_named(candidates) or candidates
    return _one_by_one(Candidate(shown, written, max(logprob, _LEAST), number), candidates)


def all_listed(
    written: Sequence[bytes], tokens: Sequence[Token | None], *, are_named: bool = True
) -> list[Listing | None]:
    """The same of many tokens, in less time; None of a token that is none, or has no logprob."""
    plain = _all_plainly(tokens)
    found: list[Listing | None] = []
    for data, token in zip(written, tokens, strict=True):
        if token is None or (logprob := token.logprob) is None:
            found.append(None)
            continue
        columns = plain.get(id(token))
        text, raw, _, _, number, _ = token
        if columns is None or number is not None or utf8(text) != data or raw not in (None, data):
            found.append(listed(data, token, are_named=are_named))
            continue
        names, logprobs, masses = columns
        if names[0] == text:
            position = 0
        elif text in names:
            position = names.index(text)
        else:
            position = len(names)
            names.append(text)
            logprobs.append(math.inf)
            masses.append(0.0)
        if logprobs[position] != logprob or logprob < _LEAST:
            masses[position] = math.exp(max(logprob, _LEAST))
        found.append(_listing((names, position, max(0.0, 1.0 - math.fsum(masses)), masses)))
    return found


def _all_plainly(
    tokens: Sequence[Token | None],
) -> dict[int, tuple[list[Any], list[float], list[float]]]:
    """Names, logprobs and masses of those whose candidates are so named, by a token's identity."""
    own = [token for token in tokens if token is not None and isinstance(token[3], Listed)]
    columns = all_columns([cast("Listed", token[3]) for token in own])
    if columns is None:
        return {}
    texts, logprobs, stops = columns
    joined = "".join(texts)
    if not joined.isascii() and _UNPLAIN.search(joined):
        return {}
    masses = list(map(math.exp, logprobs))
    return {
        id(token): (texts[start:stop], logprobs[start:stop], masses[start:stop])
        for token, start, stop in zip(own, [0, *stops], stops, strict=False)
    }


def _plainly(candidates: Sequence[Candidate]) -> tuple[list[Any], list[float]] | None:
    """Names and logprobs, if all candidates are named by texts that say their bytes."""
    known = columns(candidates) if candidates else None
    if known is None:
        return None
    joined = "".join(known[0])
    return None if not joined.isascii() and _UNPLAIN.search(joined) else known


def _one_by_one(chosen: Candidate, listed: Iterable[Candidate]) -> Listing:
    """The same in more time: bytes may be missing, and ids tell tokens of the same bytes apart."""
    written, number = chosen.bytes, chosen.id
    candidates: list[Candidate] = []
    position = None
    for candidate in listed:
        data, own = candidate.bytes, candidate.id
        if data == written and position is None and (own == number or None in (own, number)):
            position = len(candidates)
            candidates.append(chosen)
        elif _BROKEN not in data and (candidate.raw is not None or candidate.text):
            candidates.append(candidate)  # else a part of a character that was made text
    if position is None:
        position = len(candidates)
        candidates.append(chosen)
    return listing(candidates, position)
