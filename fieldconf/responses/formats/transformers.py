"""Hugging Face ``generate``: token ids and scores, without a text.

In:    what ``generate(..., return_dict_in_generate=True, output_scores=True)`` returns, or the same
       as lists: ``generated_ids`` with ``transition_scores``, and ``top_ids`` with ``top_scores``.
Out:   one ``Delta`` a row of the batch; its tokens are named by ids (``responses.token_names``).
Never: an import of torch or transformers; a number from a beam search, whose scores belong to
       other rows.
Why:   nothing else is as exact: every token of the vocabulary is a candidate.

Quirks:

* ``scores`` stand after the processors (mask, temperature), ``logits`` before them; neither are
  logprobs until normalised.
* ``sequences`` begin with the prompt, ``scores`` after it.
"""

from collections.abc import Sequence
from typing import Any

from fieldconf.responses.delta import Delta
from fieldconf.responses.formats import entries
from fieldconf.responses.payload_access import count, first, get, items, text
from fieldconf.tokens.token import Candidate, Token

NAME = "Hugging Face generate (`sequences` with `scores`, or `generated_ids`)"

LISTED = 50
"""How many candidates are taken of each step's vocabulary."""

_BEAMS = "a beam search's scores belong to other rows than its sequences: generate without beams"
_NO_SCORES = "generate gave no scores: ask for them (output_scores=True)"
_UNEQUAL = "comes in lists of different lengths: it is not known which number is whose"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    return get(item, "sequences") is not None or isinstance(
        get(item, "generated_ids"), (list, tuple)
    )


def read(item: Any) -> list[Delta]:
    """What the item says, row by row."""
    if get(item, "sequences") is None:
        return [_listed(item)]
    scores = first(item, "scores", "logits")
    rows: list[list[int]] = get(item, "sequences").tolist()
    note = _BEAMS if get(item, "beam_indices") is not None else "" if scores else _NO_SCORES
    return [
        Delta(
            index=index,
            content=None,
            tokens=None if note else _row(ids, [step[index] for step in scores]),
            extent="final",
            mask="after" if get(item, "scores") else "before",
            note=note,
        )
        for index, ids in enumerate(rows)
    ]


def _row(ids: list[int], steps: Sequence[Any]) -> tuple[Token, ...]:
    """One row; ``steps`` are tensors of scores over the vocabulary."""
    return tuple(_step(token, step) for token, step in zip(ids[-len(steps) :], steps, strict=True))


def _step(token: int, scores: Any) -> Token:
    logprobs = scores.float().log_softmax(-1)
    top = logprobs.topk(min(LISTED, logprobs.shape[-1]))
    candidates = _candidates(top.indices.tolist(), top.values.tolist())
    return entries.make(entries.by_id(token), None, logprobs[token].item(), candidates, token)


def _listed(item: Any) -> Delta:
    ids, numbers = items(get(item, "generated_ids")), items(get(item, "transition_scores"))
    shown = items(get(item, "tokens"))
    top_ids, top_scores = items(get(item, "top_ids")), items(get(item, "top_scores"))
    is_even = len(numbers) == len(ids)
    is_listed = is_even and len(top_ids) == len(top_scores) == len(ids)
    lists = [()] * len(ids)
    if is_listed:
        lists = [_candidates(items(i), items(s)) for i, s in zip(top_ids, top_scores, strict=True)]
    tokens = tuple(
        _token(
            count(token),
            text(shown[place]) if len(shown) == len(ids) else None,
            numbers[place] if is_even else None,
            lists[place],
            lists[place - 1] if place else (),
        )
        for place, token in enumerate(ids)
    )
    if not is_even:
        tokens = tuple(token._replace(note=_UNEQUAL) for token in tokens)
    content = get(item, "text")
    return Delta(
        content=content if isinstance(content, str) else None, tokens=tokens or None, extent="final"
    )


def _token(
    number: int | None,
    shown: str | None,
    logprob: Any,
    candidates: tuple[Candidate, ...],
    before: tuple[Candidate, ...],
) -> Token:
    name = entries.by_id(number) if number is not None else ""
    token = entries.make(name, None, logprob, candidates, number, before)
    return token if shown is None else token._replace(text=shown)


def _candidates(ids: Sequence[Any], scores: Sequence[Any]) -> tuple[Candidate, ...]:
    numbers = [count(token) for token in ids] if len(ids) == len(scores) else []
    rows = zip(numbers, scores, strict=False)
    return entries.candidates(
        (entries.by_id(n), None, score, n) for n, score in rows if n is not None
    )
