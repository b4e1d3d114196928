"""Together's stream: one number a chunk, ``choices[].logprobs`` as a float.

In:    one chunk.
Out:   a ``Delta`` with one token for each choice.
Never: a whole response: those have the legacy lists.
Why:   the text of the token is that of the chunk, and its candidates stand beside the number.

Quirks:

* ``top_logprobs`` is a dict by text beside ``logprobs``; the id is in ``delta.token_id``.
* The last chunk has the end token as an empty text.
"""

from dataclasses import replace
from typing import Any

from fieldconf.wire import choices, entries, legacy
from fieldconf.wire.delta import Delta
from fieldconf.wire.plain import at, count, get, is_number

NAME = "Together's stream (`choices[].logprobs` is a number)"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    return choices.have(item, lambda choice: is_number(get(choice, "logprobs")))


def read(item: Any) -> list[Delta]:
    """What the chunk adds, choice by choice."""
    return choices.deltas(item, _tokens)


def _tokens(choice: Any, delta: Delta) -> Delta:
    if not is_number(get(choice, "logprobs")):
        return delta
    listed = entries.candidates(legacy.rows(get(choice, "top_logprobs")))
    number = count(at(choice, "delta", "token_id"))
    shown = delta.content or ""
    token = entries.make(shown, None, get(choice, "logprobs"), listed, number)
    return replace(delta, tokens=(token,))
