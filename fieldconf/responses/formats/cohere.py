"""Cohere v2: runs of tokens, each with one text, ``{text, token_ids, logprobs}``.

In:    one response or one event of its stream.
Out:   one ``Delta``.
Never: a guess where a token of a run ends.
Why:   a run counts as one token. Its logprob is the sum of its tokens' logprobs: the probability
       of exactly that text after the text before it.

Quirks:

* No candidates.
* The stream has one run as an object on each ``content-delta``.
"""

import math
from typing import Any

from fieldconf.responses.delta import Delta, finish, not_asked
from fieldconf.responses.formats import tool_calls
from fieldconf.responses.payload_access import at, count, get, items, text, texts
from fieldconf.tokens.token import Token, chosen_logprob

NAME = "Cohere (`logprobs` as runs of tokens with `token_ids`)"

_EVENTS = {"message-start", "content-start", "content-delta", "content-end", "message-end"}

_NOT_ASKED = not_asked("logprobs=True")


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    is_whole = items(at(item, "message", "content")) and get(item, "finish_reason") is not None
    return bool(is_whole) or _is_event(item) or any(map(_is_run, items(get(item, "logprobs"))))


def read(item: Any) -> list[Delta]:
    """What the item adds."""
    if not _is_event(item):
        message = get(item, "message")
        return [
            Delta(
                content=texts(get(message, "content")),
                tokens=tuple(map(_token, items(get(item, "logprobs")))) or None,
                finish_reason=finish(get(item, "finish_reason")),
                calls=tool_calls.read(get(message, "tool_calls"), whole=True),
                extent="final",
                note=_NOT_ASKED,
                model=text(get(item, "model")),
                completion_tokens=count(at(item, "usage", "tokens", "output_tokens")),
            )
        ]
    run, ended = get(item, "logprobs"), at(item, "delta", "finish_reason")
    return [
        Delta(
            content=text(at(item, "delta", "message", "content", "text")),
            tokens=(_token(run),) if _is_run(run) else None,
            finish_reason=finish(ended),
            note=_NOT_ASKED,
            last=text(get(item, "type")) == "message-end",
        )
    ]


def _is_event(item: Any) -> bool:
    return text(get(item, "type")) in _EVENTS


def _is_run(run: Any) -> bool:
    return isinstance(get(run, "text"), str) and isinstance(get(run, "logprobs"), (list, tuple))


def _token(run: Any) -> Token:
    numbers = [chosen_logprob(value) for value in items(get(run, "logprobs"))]
    logprobs = [number for number in numbers if number is not None]
    ids = items(get(run, "token_ids"))
    is_whole = logprobs and len(logprobs) == len(numbers) and len(ids) in (0, len(numbers))
    return Token(text(get(run, "text")), None, math.fsum(logprobs) if is_whole else None)
