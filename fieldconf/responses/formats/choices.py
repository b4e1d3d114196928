"""Choices: everything but the tokens in OpenAI's chat and completion objects and their copies.

In:    one item of ``choices``, whole or of a chunk; the object around it.
Out:   a ``Delta`` with everything but the tokens.
Never: a logprob: the formats that call this module read those in different ways.
Why:   text, refusal, calls and finish reason have the same place in three formats.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from fieldconf.responses.delta import Delta, finish
from fieldconf.responses.formats import tool_calls
from fieldconf.responses.payload_access import count, get, items, text, texts
from fieldconf.tokens.token import Mask

THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""The fields beside ``content`` in which servers put reasoning."""

_LLAMA_CPP_BUILD = re.compile(r"b\d+-")


def have(item: Any, test: Callable[[Any], bool]) -> bool:
    """Whether one of the item's choices passes a test."""
    return any(map(test, items(get(item, "choices"))))


def deltas(item: Any, tokens_of: Callable[[Any, Delta], Delta]) -> list[Delta]:
    """A delta for each choice, completed by ``tokens_of``, and one for all choices.

    Azure's asynchronous content filter sends choices with neither message nor delta. Usage and
    prompt filters come in chunks without choices.
    """
    shared = common(text(get(item, "model")), text(get(item, "system_fingerprint")))
    usage, is_timed = get(item, "usage"), bool(get(item, "timings"))
    if usage is not None or is_timed:
        shared = replace(
            shared,
            mask="before" if is_timed else shared.mask,
            completion_tokens=count(get(usage, "completion_tokens")),
            prompt_tokens=count(get(usage, "prompt_tokens")),
        )
    listed_choices, source = items(get(item, "choices")), text(get(item, "id"))
    choice_deltas = [
        tokens_of(choice, _without_tokens(choice, index, source))
        for index, choice in zip(_indices(listed_choices), listed_choices, strict=True)
    ]
    return [*choice_deltas, shared]


def thoughts(message: Any) -> tuple[str, str]:
    """The field of a message with what the server reports as reasoning, and its text."""
    for name in THOUGHTS:
        if reasoning := text(get(message, name)):
            return name, reasoning
    return "", ""


def _indices(listed_choices: Sequence[Any]) -> Sequence[int]:
    """The index of each choice; its position if it has none, or if whole choices share one."""
    stated = [count(get(choice, "index")) for choice in listed_choices]
    is_shared = None not in stated and len(set(stated)) < len(stated)
    if is_shared and all(
        get(choice, "message") is not None or get(choice, "finish_reason") is not None
        for choice in listed_choices
    ):
        return range(len(stated))
    return [place if index is None else index for place, index in enumerate(stated)]


@lru_cache(maxsize=64)
def common(model: str, fingerprint: str) -> Delta:
    """The delta for all choices: the model, and the mask, which a llama.cpp fingerprint tells.

    llama.cpp, which also has ``timings``, takes the logprobs before the mask. All chunks of a
    stream give the same values, and share one object.
    """
    mask: Mask = "before" if _LLAMA_CPP_BUILD.match(fingerprint) else "unknown"
    return Delta(index=None, mask=mask, model=model)


def _without_tokens(choice: Any, index: int, source: str) -> Delta:
    message = get(choice, "message")
    part = message if message is not None else get(choice, "delta")
    content = get(part, "content") if part is not None else get(choice, "text")
    return Delta(
        index=index,
        content=text(content) or texts(content),
        refusal=text(get(part, "refusal")),
        finish_reason=finish(get(choice, "finish_reason")),
        calls=tool_calls.read(
            get(part, "tool_calls") or [get(part, "function_call")], whole=message is not None
        ),
        source=source,
        thoughts=thoughts(part),
        extent="increment" if message is None else "final",
    )
