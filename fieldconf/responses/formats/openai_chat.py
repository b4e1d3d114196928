"""OpenAI content list: ``choices[].logprobs.content``, and choices without any logprobs.

In:    one response, or one chunk of a stream.
Out:   a ``Delta`` for each choice.
Never: an import of a client's package.
Why:   most responses have this shape: OpenAI, Azure, vLLM, SGLang, llama.cpp, Ollama's
       and Bedrock's compatible faces, Fireworks, Mistral, DeepSeek, xAI, OpenRouter, LiteLLM.

Quirks:

* A refusal has ``content: null`` and its tokens under ``logprobs.refusal``.
* DeepSeek lists its thoughts under ``logprobs.reasoning_content``.
* Streams: ``content: []`` first; tokens on empty deltas; chunks with ``choices: null``; choices
  without ``delta`` (Azure's second chunk), which have at most a finish reason.
* llama.cpp's ``/v1/completions`` has this list beside ``text``.
"""

from typing import Any

from msgspec.structs import replace

from fieldconf.responses.delta import Delta
from fieldconf.responses.fast import from_objects, lazy_candidates
from fieldconf.responses.fast.from_json import RawLogprobs
from fieldconf.responses.formats import choices, entries
from fieldconf.responses.payload_access import first, get

NAME = "OpenAI Chat Completions (`choices` with `message`, `delta` or `text`)"

_PARTS = ("message", "delta", "content_filter_offsets")
_OF_COMPLETIONS = ("id", "object", "model", "usage")


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    listed_choices = get(item, "choices")
    if get(item, "object") == "chat.completion.chunk":
        return True
    return isinstance(listed_choices, (list, tuple)) and (
        not listed_choices
        or choices.have(item, lambda choice: any(get(choice, p) is not None for p in _PARTS))
        or choices.have(item, lambda choice: _is_completion(choice, item))
    )


def _is_completion(choice: Any, item: Any) -> bool:
    """Whether a choice with a text is a server's; ``choices`` of a text are also a value's."""
    return get(choice, "text") is not None and (
        first(choice, "finish_reason", "logprobs") is not None
        or first(item, *_OF_COMPLETIONS) is not None
    )


def read(item: Any) -> list[Delta]:
    """What the item adds, choice by choice."""
    return choices.deltas(item, _tokens)


def _tokens(choice: Any, delta: Delta) -> Delta:
    logprobs = get(choice, "logprobs")
    content = get(logprobs, "content")
    if not content and not (delta.content or "").strip() and delta.extent == "final":
        content = get(logprobs, "reasoning_content")
    if content and isinstance(logprobs, RawLogprobs):
        return replace(delta, tokens=lazy_candidates.read(content))
    if content and isinstance(content, from_objects.Entries):
        return replace(delta, tokens=from_objects.read(content))
    return replace(delta, tokens=entries.read(content))
