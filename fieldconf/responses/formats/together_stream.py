"""Together's stream: one number a chunk, ``choices[].logprobs`` as a float.

In:    one chunk.
Out:   a ``Delta`` with one token for each choice.
Never: a whole response: those have the legacy lists.
Why:   the chunk's text is the token's text, and the candidates are beside the logprob.

Quirks:

* ``top_logprobs`` is a dict by text beside ``logprobs``; the id is in ``delta.token_id``.
* The last chunk has the end token as an empty text.
"""

from typing import Any

from msgspec.structs import replace

from fieldconf.responses.delta import Delta
from fieldconf.responses.formats import choices, entries, legacy
from fieldconf.responses.payload_access import at, count, get
from fieldconf.tokens.token import number

NAME = "Together's stream (`choices[].logprobs` is a number)"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    return choices.have(item, lambda choice: number(get(choice, "logprobs")) is not None)


def read(item: Any) -> list[Delta]:
    """What the chunk adds, choice by choice."""
    return choices.deltas(item, _tokens)


def _tokens(choice: Any, delta: Delta) -> Delta:
    if number(get(choice, "logprobs")) is None:
        return delta
    candidates = entries.candidates(legacy.rows(get(choice, "top_logprobs")))
    token_id = count(at(choice, "delta", "token_id"))
    shown = delta.content or ""
    token = entries.make(shown, None, get(choice, "logprobs"), candidates, token_id)
    return replace(delta, tokens=(token,))
