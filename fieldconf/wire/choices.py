"""Choices: what OpenAI's chat and completion objects, and their many copies, say beside tokens.

In:    one item of ``choices``, whole or of a chunk; the object around it.
Out:   a ``Delta`` with everything but the tokens.
Never: a logprob; those differ, see the families that call this.
Why:   text, refusal, calls and reasons to stop stand at the same places in three families.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fieldconf.tokens import Mask
from fieldconf.wire import tool_calls
from fieldconf.wire.delta import Delta, finish
from fieldconf.wire.plain import at, count, get, items, text, texts

_LLAMA_CPP_BUILD = re.compile(r"b\d+-")


def have(item: Any, test: Callable[[Any], bool]) -> bool:
    """Whether one of the item's choices passes a test."""
    return any(map(test, items(get(item, "choices"))))


def deltas(item: Any, tokens_of: Callable[[Any, Delta], Delta]) -> list[Delta]:
    """A delta for each choice, with what ``tokens_of`` adds, and one for what holds for all.

    Azure's asynchronous content filter sends choices with neither message nor delta; usage and
    prompt filters come in chunks without choices.
    """
    common = Delta(
        index=None,
        mask=_mask_of(item),
        model=text(get(item, "model")),
        completion_tokens=count(at(item, "usage", "completion_tokens")),
        prompt_tokens=count(at(item, "usage", "prompt_tokens")),
    )
    listed = enumerate(items(get(item, "choices")))
    found = [tokens_of(choice, _without_tokens(choice, place)) for place, choice in listed]
    return [*found, common]


def _without_tokens(choice: Any, place: int) -> Delta:
    message = get(choice, "message")
    part = message if message is not None else get(choice, "delta")
    index = count(get(choice, "index"))
    content = get(part, "content") if part is not None else get(choice, "text")
    made = Delta(
        index=place if index is None else index,
        content=text(content) or texts(content),
        refusal=text(get(part, "refusal")),
        finish_reason=finish(get(choice, "finish_reason")),
        calls=tool_calls.read(get(part, "tool_calls") or [get(part, "function_call")]),
    )
    return made if message is None else replace(made, extent="all")


def _mask_of(item: Any) -> Mask:
    """llama.cpp, by its timings or its build's fingerprint, takes the numbers before the mask."""
    fingerprint = text(get(item, "system_fingerprint"))
    is_llama_cpp = _LLAMA_CPP_BUILD.match(fingerprint) or get(item, "timings")
    return "pre" if is_llama_cpp else "unknown"
