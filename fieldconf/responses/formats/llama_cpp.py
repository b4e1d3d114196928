"""llama.cpp's own ``/completion``: ``completion_probabilities``, in three dialects.

In:    one response, one chunk, or one of several results.
Out:   one ``Delta``.
Never: a logprob for a token that is not in its own list, in the dialect that has only the list.
Why:   dialects by version and option: ``logprob`` with ``top_logprobs``; ``prob`` with
       ``top_probs`` (``post_sampling_probs``); before December 2024 ``content`` with
       ``probs[].tok_str``.

Quirks:

* Logprobs are from before the grammar's mask. ``post_sampling_probs`` are neither before nor after.
* A probability of zero is the lowest float, or 0 in the linear dialects.
* A character that spans several tokens is one entry, see ``entries``.
"""

import math
from collections.abc import Sequence
from typing import Any

from fieldconf.responses.delta import Delta, finish, not_asked
from fieldconf.responses.formats import entries
from fieldconf.responses.payload_access import count, first, get, items, octets, text
from fieldconf.tokens.token import Candidate, Token, number

NAME = "llama.cpp's /completion (`completion_probabilities`)"

_NOT_ASKED = not_asked("n_probs=5")


def matches(item: Any) -> bool:
    """Whether an item has this shape; the last chunk of a stream has no list."""
    has_list = isinstance(get(item, "completion_probabilities"), (list, tuple))
    is_chunk = isinstance(get(item, "stop"), bool) and isinstance(get(item, "content"), str)
    return has_list or is_chunk


def read(item: Any) -> list[Delta]:
    """What the item adds."""
    rows = items(get(item, "completion_probabilities"))
    is_linear = any(first(row, "prob", "probs") is not None for row in rows)
    is_post_sampling = any(get(row, "top_probs") is not None for row in rows)
    stopped = get(item, "stop_type")
    return [
        Delta(
            index=count(get(item, "index")) or 0,
            content=text(get(item, "content")),
            tokens=_linear(rows) if is_linear else entries.read(rows) or None,
            finish_reason=finish(stopped) if stopped != "none" else None,
            note=_NOT_ASKED,
            mask="unknown" if is_linear and is_post_sampling else "before",
            model=text(get(item, "model")),
            completion_tokens=count(get(item, "tokens_predicted")),
            prompt_tokens=count(get(item, "tokens_evaluated")),
            last=get(item, "stop") is True,
        )
    ]


def _linear(rows: Sequence[Any]) -> tuple[Token, ...]:
    """Entries with probabilities (0..1) instead of logprobs."""
    tokens: list[Token] = []
    before: tuple[Candidate, ...] = ()
    for entry in rows:
        candidates = entries.candidates(map(_row, items(first(entry, "top_probs", "probs"))))
        shown, raw, logprob, token_id = _row(entry)
        if get(entry, "probs") is not None:  # this dialect has only the list
            raw, token_id = None, None
            logprob = next((c.logprob for c in candidates if c.text == shown), None)
        tokens.append(entries.make(shown, raw, logprob, candidates, token_id, before))
        before = candidates
    return tuple(tokens)


def _row(entry: Any) -> entries.Row:
    shown = text(first(entry, "token", "tok_str", "content"))
    raw = entries.spelled(shown, octets(get(entry, "bytes")))
    probability, logprob = number(get(entry, "prob")), None
    if probability is not None and 0 <= probability <= 1:
        logprob = math.log(probability) if probability else -math.inf
    return shown, raw, logprob, count(get(entry, "id"))
