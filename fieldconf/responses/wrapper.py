"""Wrapper: a row of a table of structures around responses, and the parts of such rows.

In:    parts of a framework's structure.
Out:   a response in the shape of its server.
Never: a logprob that the structure does not hold.
Why:   ``frameworks`` and ``objects`` rebuild responses in the same way.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fieldconf.responses.payload_access import first, get, items, parsed, text
from fieldconf.tokens.spelling import unescaped


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A structure that frameworks put around responses.

    Attributes:
        name: the name of the framework or of the structure.
        keys: each dict with this structure has one of these; () where any dict may have it.
        wraps: whether an item has this structure.
        unwrap: the item inside; None if there is none.
    """

    name: str
    keys: tuple[str, ...]
    wraps: Callable[[Any], bool]
    unwrap: Callable[[Any], Any]


def chat(
    content: str | None, logprobs: Any, *, calls: Any = None, about: Any = None, piece: bool = False
) -> dict[str, Any]:
    """A response in the form of the server that gave the logprobs."""
    reason = first(about, "finish_reason", "finishReason", "stop_reason", "done_reason")
    if first(logprobs, "chosen_candidates", "chosenCandidates") is not None:
        parts = {"parts": [{"text": content or ""}]}
        choice = {"content": parts, "logprobs_result": logprobs, "finish_reason": reason}
        return {"candidates": [choice], "model_version": first(about, "model_name", "model")}
    entries = flat(logprobs) if isinstance(logprobs, (list, tuple)) else logprobs
    if content is None:
        return {"logprobs": entries}
    part: dict[str, Any] = {"content": content, "tool_calls": calls}
    choice: dict[str, Any] = {"logprobs": {"content": entries} if items(entries) else entries}
    choice |= {"delta" if piece else "message": part, "finish_reason": reason}
    model = first(about, "model_name", "model")
    server = get(about, "system_fingerprint")
    return {"choices": [choice], "model": model, "system_fingerprint": server}


def text_of_value(value: Any, entries: Sequence[Any]) -> str:
    """The text of an answer of which only the value is left: the tokens' text, or else JSON."""
    spelled = "".join(text(get(entry, "token")) for entry in entries)
    for written in (spelled, unescaped(spelled).decode(errors="replace")):
        if parsed(written) == value:
            return written
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # keys of another type, or a circle
        return ""


def flat(logprobs: Any) -> list[Any]:
    """A list with one list for each part of the text, as one list."""
    return [entry for part in items(logprobs) for entry in (items(part) or [part])]


def has(value: Any, *names: str) -> bool:
    """Whether a value has all of these members."""
    return all(get(value, name) is not None for name in names)
