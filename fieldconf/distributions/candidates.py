"""Candidates: the candidates that a server lists for one token of the answer.

In:    a token, and the bytes that it wrote.
Out:   a ``StepCandidates``: the candidates whose bytes are known, their masses, and the position of
       the chosen one.
Never: a candidate whose text is a vocabulary's name for other bytes; a candidate's meaning.
Why:   several questions about the same token start from the same candidates.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from fieldconf.distributions.decoding_step import StepCandidates, as_step_candidates
from fieldconf.responses.fast.lazy_candidates import LazyCandidates, all_columns, columns
from fieldconf.tokens.spelling import SPACES, plainly_named
from fieldconf.tokens.token import Candidate, Token, unchecked, utf8

_LEAST = -700.0  # exp of it is still above zero: what was chosen had some probability
_BROKEN = "\ufffd".encode()
_UNPLAIN = re.compile("|".join(["\ufffd", *SPACES]))
_unchecked_candidates = unchecked(StepCandidates)


def candidates_of(written: bytes, token: Token, *, are_named: bool = True) -> StepCandidates:
    """The candidates of one token with a logprob, see ``candidates_of_all``."""
    (columns,) = _columns([token])
    return _by_texts(written, token, columns) or _by_bytes(written, token, are_named=are_named)


def candidates_of_all(
    written: Sequence[bytes], tokens: Sequence[Token | None], *, are_named: bool = True
) -> list[StepCandidates | None]:
    """The candidates that can be read, and the chosen one, even if it is not listed.

    If the token itself is listed with other bytes than it wrote, so are its candidates, and none of
    them can be read. Candidates that cannot be read count as not listed. None for a token that is
    None, or has no logprob.

    Args:
        written: the bytes that each token wrote.
        tokens: the tokens.
        are_named: whether candidates that look like a vocabulary's names are names.
    """
    rows = zip(written, tokens, _columns(tokens), strict=True)
    return [
        None if token is None or token[2] is None
        else _by_texts(data, token, columns) or _by_bytes(data, token, are_named=are_named)
        for data, token, columns in rows
    ]  # fmt: skip


_Columns: TypeAlias = tuple[list[str], list[float], list[float]]


def _columns(tokens: Sequence[Token | None]) -> Iterator[_Columns | None]:
    """Texts, logprobs and masses of each token's candidates; None where texts are not enough."""
    lists = [() if token is None else token[3] for token in tokens]
    together = _with_masses(all_columns([own for own in lists if isinstance(own, LazyCandidates)]))
    start = 0
    for candidates in lists:
        if together is not None and isinstance(candidates, LazyCandidates):
            stop = start + len(candidates)
            texts, logprobs, masses = together
            yield texts[start:stop], logprobs[start:stop], masses[start:stop]
            start = stop
        else:
            is_lazy = isinstance(candidates, LazyCandidates)
            yield _with_masses(columns(candidates.peek() if is_lazy else candidates))


def _with_masses(columns: tuple[list[str], list[float]] | None) -> _Columns | None:
    """With the masses; None if texts are broken, or may be names of a vocabulary."""
    if columns is None:
        return None
    texts, logprobs = columns
    joined = "".join(texts)
    if not joined.isascii() and _UNPLAIN.search(joined):
        return None
    return texts, logprobs, list(map(math.exp, logprobs))


def _by_texts(written: bytes, token: Token, columns: _Columns | None) -> StepCandidates | None:
    """The candidates of a token that its text identifies, as it does all its candidates."""
    text, raw, logprob, _, number, _ = token
    is_spelt = utf8(text) == written and raw in (None, written)
    if columns is None or logprob is None or number is not None or not is_spelt:
        return None
    names, logprobs, masses = columns
    position = 0 if names[0] == text else names.index(text) if text in names else len(names)
    if position == len(names):
        names.append(text)
        masses.append(math.exp(max(logprob, _LEAST)))
    elif logprobs[position] != logprob or logprob < _LEAST:
        masses[position] = math.exp(max(logprob, _LEAST))
    return _unchecked_candidates((names, position, max(0.0, 1.0 - math.fsum(masses)), masses))


def _by_bytes(written: bytes, token: Token, *, are_named: bool) -> StepCandidates:
    """As ``_by_texts`` for all tokens, but slower: bytes may be missing, and ids count."""
    text, raw, logprob, alternatives, number, _ = token
    assert logprob is not None  # the caller looks
    chosen = Candidate(written.decode("utf-8", "replace"), written, max(logprob, _LEAST), number)
    if (utf8(text) if raw is None else raw) != written:
        alternatives = ()
    elif are_named and not chosen.text.startswith(SPACES):
        alternatives = plainly_named(alternatives) or alternatives
    candidates: list[Candidate] = []
    position = None
    for candidate in alternatives:
        data, own = candidate.bytes, candidate.id
        if data == written and position is None and (own == number or None in (own, number)):
            position = len(candidates)
            candidates.append(chosen)
        elif _BROKEN not in data and (candidate.raw is not None or candidate.text):
            candidates.append(candidate)  # else it is a part of a character, decoded as text
    if position is None:
        position = len(candidates)
        candidates.append(chosen)
    return as_step_candidates(candidates, position)
