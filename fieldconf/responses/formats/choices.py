"""Choices: what OpenAI's chat and completion objects, and their many copies, say beside tokens.

In:    one item of ``choices``, whole or of a chunk; the object around it.
Out:   a ``Delta`` with everything but the tokens.
Never: a logprob; those differ, see the families that call this.
Why:   text, refusal, calls and reasons to stop stand at the same places in three families.
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
"""Where servers put reasoning, beside ``content``."""

_LLAMA_CPP_BUILD = re.compile(r"b\d+-")


def have(item: Any, test: Callable[[Any], bool]) -> bool:
    """Whether one of the item's choices passes a test."""
    return any(map(test, items(get(item, "choices"))))


def deltas(item: Any, tokens_of: Callable[[Any, Delta], Delta]) -> list[Delta]:
    """A delta for each choice, with what ``tokens_of`` adds, and one for what holds for all.

    Azure's asynchronous content filter sends choices with neither message nor delta; usage and
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
    """The field of a message that holds what the server took for reasoning, and its text."""
    for name in THOUGHTS:
        if reasoning := text(get(message, name)):
            return name, reasoning
    return "", ""


def _indices(listed_choices: Sequence[Any]) -> Sequence[int]:
    """Which choice each is; without an index, or where whole ones share theirs, by its place."""
    stated = [count(get(choice, "index")) for choice in listed_choices]
    indices = [place if index is None else index for place, index in enumerate(stated)]
    is_shared = None not in stated and len(set(stated)) < len(stated)
    return range(len(indices)) if is_shared and all(map(_is_whole, listed_choices)) else indices


def _is_whole(choice: Any) -> bool:
    return get(choice, "message") is not None or get(choice, "finish_reason") is not None


@lru_cache(maxsize=64)
def common(model: str, fingerprint: str) -> Delta:
    """What holds for all choices: the model, and by its build's fingerprint where numbers stand.

    llama.cpp, which also has ``timings``, takes the numbers before the mask. Of a stream all
    chunks say the same: it is one object.
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
