"""Frameworks and files: payloads that contain a response inside a structure of their own.

In:    one item of a payload.
Out:   the response inside, or what is left of it, in the shape of its server.
Never: a logprob that the framework changed; a choice between two responses.
Why:   the formats need to know servers only; each framework is one entry of ``WRAPPERS``.

Quirks:

* AI SDK: the lists in its results lack bytes and ids, the body of the response has them; from
  version 5 on the list is below ``providerMetadata``, for Responses as a list of lists; with
  ``generateText`` it is in the last step; version 5 keeps only the last chunk of a stream. A saved
  result may hold the parts of its stream (see ``ai_sdk``) in the place of its text and its list.
* LangChain: ``response_metadata``; the Responses path keeps no logprobs, nor does google-genai's;
  its Vertex package dropped tokens with logprob 0.0.
* pydantic-ai: at the response (Chat, Google, xAI) or at each text part (Responses);
  ``vendor_details`` in old versions.
* OpenAI's helper streams wrap each chunk in an event, and add events of their own.
"""

from functools import lru_cache
from typing import Any

from fieldconf.providers.refusals import server_message
from fieldconf.responses import engines, objects, records
from fieldconf.responses.payload_access import (
    at,
    first,
    get,
    is_number,
    items,
    members,
    text,
    texts,
)
from fieldconf.responses.wrapper import Wrapper, chat, flat, has, text_of_value

_DEEPEST = 5  # a batch line with a framework's dump of a response is 2 deep


def unwrap(item: Any) -> Any:
    """The response in an item, which may be in several wrappers; None if there is none."""
    for _ in range(_DEEPEST):
        if get(item, "choices") is not None:  # no wrapper has choices, and most responses do
            break
        # every chunk of a stream comes here, and only some wrappers have one of its keys
        is_dict = type(item) is dict
        possible = _possible(_KEYS.intersection(item)) if is_dict else WRAPPERS
        wrapper = next((w for w in possible if w.wraps(item)), None)
        if wrapper is None:
            break
        item = wrapper.unwrap(item)
    return item


# -- OpenAI's own -------------------------------------------------------------------------------


def _batch_line(item: Any) -> Any:
    """The body; for a failed request, an error with its message."""
    status, body = at(item, "response", "status_code"), at(item, "response", "body")
    failed = get(item, "error") or (is_number(status) and status >= 400)
    if not failed and body is not None:
        return body
    words = server_message(get(item, "error")) or server_message(body) or f"status {status}"
    return {"error": {"message": f"{text(get(item, 'custom_id'))}: {words}"}}


_HELPER_EVENTS = ("content.", "refusal.", "logprobs.", "tool_calls.")


# -- AI SDK -------------------------------------------------------------------------------------

_AI_SDK = ("finishReason", "providerMetadata", "experimental_providerMetadata", "rawFinishReason")


AI_SDK_ENDS = frozenset({"finish", "finish-step", "step-finish"})
"""The parts of its streams that end a step or the stream."""


def ai_sdk_delta(part: Any) -> str | None:
    """The text of a part of a stream; None if it has none."""
    value = first(part, "textDelta", "text", "delta")
    return value if isinstance(value, str) else None


def ai_sdk_logprobs(item: Any) -> list[Any]:
    """The list of entries in a result, a step, or the last part of a step."""
    logprobs = get(item, "logprobs")
    for name in ("providerMetadata", "experimental_providerMetadata"):
        for about in members(get(item, name)).values():
            logprobs = logprobs or get(about, "logprobs")
    return flat(logprobs)


def _last_step(item: Any) -> Any:
    steps = items(get(item, "steps"))
    return steps[-1] if steps else None


def is_ai_sdk(item: Any) -> bool:
    """Whether an item is a result of the AI SDK, or one of its steps."""
    if text(get(item, "type")) in AI_SDK_ENDS or objects.is_candidate(item):
        return False
    return bool(members(_last_step(item))) or any(has(item, name) for name in _AI_SDK)


def _ai_sdk(item: Any) -> Any:
    if (step := _last_step(item)) is not None:
        return step
    body = at(item, "response", "body")
    if has(body, "choices") or has(body, "output") or has(body, "candidates"):
        return body
    parts = items(get(item, "parts"))
    logprobs = ai_sdk_logprobs(item)
    for part in parts if not logprobs else ():
        logprobs = ai_sdk_logprobs(part) or logprobs
    calls = [*items(get(item, "toolCalls")), *items(get(item, "content"))]
    calls = [
        {"name": get(call, "toolName"), "arguments": first(call, "args", "input")}
        for call in calls
        if has(call, "toolName")
    ]
    spelled = "".join(text(get(entry, "token")) for entry in flat(logprobs))
    written: str | None = text(get(item, "text")) or texts(get(item, "content"))
    written = written or "".join(
        ai_sdk_delta(part) or "" for part in parts if get(part, "type") == "text-delta"
    )
    value = get(item, "object")
    if not written and value is not None:  # only the object is left
        written = text_of_value(value, flat(logprobs))
    elif not written and flat(logprobs):
        written = None
    is_last_chunk = written != spelled and bool(written) and written.endswith(spelled)
    return chat(written, None if is_last_chunk else logprobs, calls=calls, about=item)


# -- Python frameworks --------------------------------------------------------------------------


def _is_langchain(item: Any) -> bool:
    return isinstance(get(item, "response_metadata"), dict)


_NOT_THE_MODEL = {"human", "system", "tool", "function"}


def _langchain(item: Any) -> Any:
    if text(get(item, "type")) in _NOT_THE_MODEL:  # of a list of messages
        return None
    about, more = get(item, "response_metadata"), get(item, "additional_kwargs")
    response = chat(
        texts(get(item, "content")),
        first(about, "logprobs", "logprobs_result"),
        calls=get(more, "tool_calls") or get(item, "tool_call_chunks") or get(item, "tool_calls"),
        about=about,
        piece=get(item, "type") == "AIMessageChunk",
    )
    refusal = text(get(more, "refusal"))
    if refusal and "choices" in response:
        response["choices"][0]["message"] = {"content": None, "refusal": refusal}
    return response


def _langchain_result(item: Any) -> Any:
    """A generation holds a message; a result holds lists of generations, one a prompt."""
    generations = items(get(item, "generations"))
    results = items(generations[0]) if generations else [item]
    inner = [unwrap(get(generation, "message")) for generation in results]
    choices = [choice for message in inner for choice in items(get(message, "choices"))]
    if len(generations) > 1 or len(choices) < 2:
        return inner[0] if inner and len(generations) < 2 else {}
    return {"choices": [choice | {"index": place} for place, choice in enumerate(choices)]}


def _pydantic_ai(item: Any) -> Any:
    if get(item, "kind") == "request":
        return None
    parts = items(get(item, "parts"))
    answers = [part for part in parts if get(part, "part_kind") == "text"]
    about = first(item, "provider_details", "vendor_details")
    beside = [
        entry for part in answers for entry in items(at(part, "provider_details", "logprobs"))
    ]
    calls = [
        {"function": {"name": get(part, "tool_name"), "arguments": get(part, "args")}}
        for part in parts
        if get(part, "part_kind") == "tool-call"
    ]
    content = "".join(text(get(part, "content")) for part in answers)
    details = {"finish_reason": first(item, "finish_reason") or get(about, "finish_reason"),
               "model_name": get(item, "model_name")}  # fmt: skip
    return chat(content, get(about, "logprobs") or beside or None, calls=calls, about=details)


# -- all of them --------------------------------------------------------------------------------


WRAPPERS: tuple[Wrapper, ...] = (
    Wrapper(
        "one of Gemini's candidates",
        ("content",),
        objects.is_candidate,
        lambda item: {"candidates": [item]},
    ),
    Wrapper(
        "OpenAI Batch line",
        ("custom_id", "response"),
        lambda item: (
            (has(item, "custom_id") and (has(item, "response") or has(item, "error")))
            or is_number(at(item, "response", "status_code"))
        ),
        _batch_line,
    ),
    Wrapper(
        "event of OpenAI's helper stream",
        ("type",),
        lambda item: (
            (get(item, "type") == "chunk" and has(item, "chunk"))
            or text(get(item, "type")).startswith(_HELPER_EVENTS)
        ),
        lambda item: get(item, "chunk"),
    ),
    Wrapper("AI SDK result", ("steps", *_AI_SDK), is_ai_sdk, _ai_sdk),
    Wrapper("LangChain message", ("response_metadata",), _is_langchain, _langchain),
    Wrapper(
        "LangChain generation or result",
        ("generations", "message"),
        lambda item: bool(items(get(item, "generations"))) or _is_langchain(get(item, "message")),
        _langchain_result,
    ),
    Wrapper(
        "LangChain raw and parsed",
        ("parsing_error",),
        lambda item: has(item, "raw") and "parsing_error" in members(item),
        lambda item: get(item, "raw"),
    ),
    Wrapper(
        "pydantic-ai message",
        ("parts",),
        lambda item: any(has(part, "part_kind") for part in items(get(item, "parts"))),
        _pydantic_ai,
    ),
    Wrapper(
        "DSPy output",
        ("logprobs",),
        lambda item: (
            isinstance(at(item, "logprobs", "content"), (list, tuple))
            and isinstance(get(item, "text"), str)
        ),
        lambda item: chat(get(item, "text"), get(item, "logprobs"), about=item),
    ),
    Wrapper(
        "logprobs of a choice by themselves",
        ("content",),
        lambda item: any(has(entry, "token", "logprob") for entry in items(get(item, "content"))),
        lambda item: chat(None, get(item, "content")),
    ),
    *engines.WRAPPERS,
    *objects.WRAPPERS,
    *records.WRAPPERS,
)
"""All wrappers, in the order in which they are tried; none wraps the result of another."""

_KEYS = frozenset(key for wrapper in WRAPPERS for key in wrapper.keys)


@lru_cache(maxsize=256)
def _possible(keys: frozenset[str]) -> tuple[Wrapper, ...]:
    """The wrappers that a dict may have which has these of ``_KEYS``."""
    return tuple(w for w in WRAPPERS if not w.keys or not keys.isdisjoint(w.keys))
