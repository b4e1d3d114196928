"""Hugging Face ``generate``: token ids and scores, without a text.

In:    what ``generate(..., return_dict_in_generate=True, output_scores=True)`` returns, or the same
       as lists: ``generated_ids`` with ``transition_scores``, and ``top_ids`` with ``top_scores``.
Out:   one ``Delta`` a row of the batch; its tokens are named by ids (``responses.token_names``).
Never: an import of torch or transformers; a logprob from a beam search, whose scores belong to
       other rows.
Why:   nothing is more exact: every token of the vocabulary is a candidate.

Quirks:

* ``scores`` are from after the processors (mask, temperature), ``logits`` from before them; both
  must be normalised to become logprobs.
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
"""How many candidates of each step are kept."""

_BEAMS = "a beam search's scores belong to other rows than its sequences: generate without beams"
_NO_SCORES = "generate gave no scores: ask for them (output_scores=True)"
_UNEQUAL = "comes in lists of different lengths: it is not known which number is whose"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    return get(item, "sequences") is not None or isinstance(
        get(item, "generated_ids"), (list, tuple)
    )


def read(item: Any) -> list[Delta]:
    """What the item adds, row by row."""
    if get(item, "sequences") is None:
        return [_listed(item)]
    scores = first(item, "scores", "logits")
    rows: list[list[int]] = get(item, "sequences").tolist()
    note = _BEAMS if get(item, "beam_indices") is not None else "" if scores else _NO_SCORES
    return [
        Delta(
            index=index,
            content=None,
            tokens=None
            if note
            else tuple(
                _step(token, step[index])
                for token, step in zip(ids[-len(scores) :], scores, strict=True)
            ),
            extent="final",
            mask="after" if get(item, "scores") else "before",
            note=note,
        )
        for index, ids in enumerate(rows)
    ]


def _step(token: int, scores: Any) -> Token:
    """The token of one step; ``scores`` is a tensor over the vocabulary."""
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
    tokens: list[Token] = []
    for place, number in enumerate(map(count, ids)):
        name = "" if number is None else entries.by_id(number)
        logprob, before = numbers[place] if is_even else None, lists[place - 1] if place else ()
        token = entries.make(name, None, logprob, lists[place], number, before)
        if len(shown) == len(ids):
            token = token._replace(text=text(shown[place]))
        tokens.append(token if is_even else token._replace(note=_UNEQUAL))
    content = get(item, "text")
    return Delta(
        content=content if isinstance(content, str) else None,
        tokens=tuple(tokens) or None,
        extent="final",
    )


def _candidates(ids: Sequence[Any], scores: Sequence[Any]) -> tuple[Candidate, ...]:
    numbers = [count(token) for token in ids] if len(ids) == len(scores) else []
    rows = zip(numbers, scores, strict=False)
    return entries.candidates(
        (entries.by_id(n), None, score, n) for n, score in rows if n is not None
    )
