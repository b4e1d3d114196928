"""OpenAI Responses: ``output[].content[].logprobs``, and the typed events of its stream.

In:    one response object, or one event.
Out:   ``Delta`` values for the one answer.
Never: the logprobs of closing events if the deltas had logprobs.
Why:   the lists are flat, one beside each part of the text, in a tree of items.

Quirks:

* Without ``include=["message.output_text.logprobs"]`` the lists are empty, even if other settings
  ask for logprobs.
* The response object, and the events that repeat it, are rounded to 6 decimals; the deltas and
  ``output_text.done`` are not. ``content_part.done`` has an empty list.
* Function calls have no logprobs; thoughts are items of their own.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from fieldconf.responses.delta import Delta, finish, not_asked
from fieldconf.responses.formats import entries, tool_calls
from fieldconf.responses.formats.tool_calls import ToolCall
from fieldconf.responses.payload_access import at, count, get, items, text

NAME = "OpenAI Responses (`output`, or events whose `type` begins with `response.`)"

ROUNDED = 1e-6
"""The step (nats) to which the logprobs of a response object are rounded."""

_NOT_ASKED = not_asked('include=["message.output_text.logprobs"], top_logprobs=5')


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    is_event = text(get(item, "type")).startswith("response.")
    return (
        is_event
        or get(item, "object") == "response"
        or any(get(p, "type") in ("message", "function_call") for p in items(get(item, "output")))
    )


def read(item: Any) -> list[Delta]:
    """What the item adds."""
    kind = text(get(item, "type"))
    if not kind.startswith("response."):
        return [_whole(item)]
    reader = _EVENTS.get(kind)
    if reader is None:
        return [Delta(index=None, source=text(at(item, "response", "id")))]
    return [reader(item)]


# -- the object ---------------------------------------------------------------------------------


def _whole(response: Any) -> Delta:
    parts = [
        part
        for item in items(get(response, "output"))
        if get(item, "type") == "message"
        for part in items(get(item, "content"))
    ]
    tokens = [token for part in parts for token in entries.read(get(part, "logprobs")) or ()]
    calls = [
        item for item in items(get(response, "output")) if get(item, "type") == "function_call"
    ]
    return Delta(
        content="".join(text(get(part, "text")) for part in parts),
        tokens=tuple(tokens) or None,
        refusal="".join(text(get(part, "refusal")) for part in parts),
        finish_reason=finish(at(response, "incomplete_details", "reason"))
        or finish(get(response, "status")),
        calls=tool_calls.read(calls, whole=True),
        extent="final",
        model=text(get(response, "model")),
        completion_tokens=count(at(response, "usage", "output_tokens")),
        prompt_tokens=count(at(response, "usage", "input_tokens")),
        precision=ROUNDED if tokens else None,
        note=_NOT_ASKED,
        source=text(get(response, "id")),
    )


# -- the events ---------------------------------------------------------------------------------


def _text_done(event: Any) -> Delta:
    """The whole text of one part; the whole answer only if it has no other parts."""
    if get(event, "output_index") or get(event, "content_index"):
        return Delta(index=None)
    tokens = entries.read(get(event, "logprobs"))
    return Delta(content=text(get(event, "text")), tokens=tokens, extent="cumulative")


def _item_added(event: Any) -> Delta:
    item = get(event, "item")
    if get(item, "type") != "function_call":
        return Delta(index=None)
    return Delta(calls=(ToolCall(text(get(item, "name")), "", _index(event)),))


def _index(event: Any) -> int:
    return count(get(event, "output_index")) or 0


def _closed(event: Any) -> Delta:
    return replace(_whole(get(event, "response")), extent="cumulative")


_EVENTS: Mapping[str, Callable[[Any], Delta]] = {
    "response.output_text.delta": lambda event: Delta(
        content=text(get(event, "delta")), tokens=entries.read(get(event, "logprobs"))
    ),
    "response.output_text.done": _text_done,
    "response.refusal.delta": lambda event: Delta(refusal=text(get(event, "delta"))),
    "response.function_call_arguments.delta": lambda event: Delta(
        calls=(ToolCall("", text(get(event, "delta")), _index(event)),)
    ),
    "response.output_item.added": _item_added,
    "response.completed": _closed,
    "response.incomplete": _closed,
}
