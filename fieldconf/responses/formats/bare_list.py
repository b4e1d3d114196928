"""Bare list: the entries are beside the text, ``logprobs: [{token, logprob, ...}]``.

In:    one response, one line of a stream, or one entry by itself.
Out:   one ``Delta``.
Never: a list of other things: runs of tokens are Cohere's.
Why:   Ollama's native API, lm-deluge, and saved lists of entries without their response.

Quirks:

* Ollama leaves out empty keys, so a line may have no list. Thoughts are listed, but not in
  ``content``. A token that splits a character has the bytes of U+FFFD. Tool calls are objects.
* Entries alone have no text: what they spell is the text.
"""

from typing import Any

from fieldconf.responses.delta import Delta, finish
from fieldconf.responses.formats import entries, tool_calls
from fieldconf.responses.payload_access import count, first, get, items, text, texts

NAME = "a bare list of entries (Ollama's `logprobs` beside `message` or `response`)"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    is_ollama = get(item, "done") is not None and (
        get(item, "message") is not None or get(item, "response") is not None
    )
    return is_ollama or _is_entry(item) or any(map(_is_entry, items(get(item, "logprobs"))))


def read(item: Any) -> list[Delta]:
    """What the item adds."""
    if _is_entry(item):
        return [Delta(content=None, tokens=entries.read([item]))]
    message = get(item, "message")
    content = get(message, "content") if message is not None else None
    if content is None:
        content = first(item, "response", "completion", "text", "content")
    is_alone = content is None and message is None
    thoughts = text(get(item if message is None else message, "thinking"))
    return [
        Delta(
            content=None if is_alone else text(content) or texts(content),
            tokens=entries.read(get(item, "logprobs")),
            finish_reason=finish(first(item, "done_reason", "finish_reason")),
            calls=tool_calls.read(get(message, "tool_calls")),
            model=text(first(item, "model", "model_internal")),
            completion_tokens=count(get(item, "eval_count")),
            prompt_tokens=count(get(item, "prompt_eval_count")),
            last=get(item, "done") is True,
            thoughts=("thinking" if thoughts else "", thoughts),
        )
    ]


def _is_entry(item: Any) -> bool:
    return isinstance(get(item, "token"), str) and get(item, "logprob") is not None
