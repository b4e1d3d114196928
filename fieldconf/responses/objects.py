"""Objects: a part of a response, and the forms in which frameworks and recorders store one.

In:    one item of a payload.
Out:   the response in it in the shape of its server, or the texts and items that hold it.
Never: a chosen token that the item does not name; a choice between two responses of equal rank.
Why:   people hold a choice, a run or a record rather than the response itself.

Quirks:

* simonw/llm: for each chunk its text and a list of dicts by text; the chunk's token is its text.
* Semantic Kernel leaves ``inner_content`` out of its dump; the logprobs are in ``metadata`` too.
* DSPy has a client of its own from version 3.4 on; its ``logprobs`` is a list for the whole answer.
* unitxt: its Hugging Face engine lists logits beside a logprob; its OpenAI engine lists candidates
  only.
* openai-agents: the final output of a run is that of its last response.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fieldconf.responses.formats.entries import SAME
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
from fieldconf.responses.wrapper import Wrapper, chat, has, text_of_value
from fieldconf.tokens.token import chosen_logprob

# -- parts of a response ------------------------------------------------------------------------


def is_choice(item: Any) -> bool:
    """Whether an item is one of ``choices``."""
    is_named = any(has(item, name) for name in ("message", "delta", "text"))
    logprobs = get(item, "logprobs")
    return (
        is_named
        and is_number(get(item, "index"))
        and not isinstance(logprobs, (list, tuple))
        and (logprobs is not None or isinstance(get(item, "finish_reason"), str))
        and not any(has(item, name) for name in ("meta_info", "type"))  # an event has a type
    )


def is_candidate(item: Any) -> bool:
    """Whether an item is one of Gemini's ``candidates``."""
    has_result = has(item, "logprobsResult") or has(item, "logprobs_result")
    is_ended = has_result or has(item, "finishReason") or has(item, "finish_reason")
    return is_ended and isinstance(at(item, "content", "parts"), (list, tuple))


def _is_output_item(item: Any) -> bool:
    return get(item, "type") == "message" and any(
        get(part, "type") in ("output_text", "refusal") for part in items(get(item, "content"))
    )


def is_part(item: Any) -> bool:
    """Whether an item may be one of ``choices``, ``candidates`` or ``output``."""
    is_ended = has(item, "finish_reason") or has(item, "finishReason")
    if is_ended and is_number(get(item, "index")):
        return is_choice(item) or is_candidate(item)
    return has(item, "type", "id") and (has(item, "content") or has(item, "summary"))


def joined(parts: list[Any]) -> Any:
    """``.choices``, ``.candidates`` or ``.output`` of one response as a response; else None.

    Parts of several responses have the same index, or several answers.
    """
    if sum(map(_is_output_item, parts)) == 1 and all(has(part, "type", "id") for part in parts):
        return {"output": parts}
    for key, is_one in (("choices", is_choice), ("candidates", is_candidate)):
        if all(is_part(part) and is_one(part) for part in parts):
            is_one_response = len({get(part, "index") for part in parts}) == len(parts)
            return {key: parts} if is_one_response else None
    return None


# -- Python frameworks --------------------------------------------------------------------------


def _is_langchain_dump(item: Any) -> bool:
    return get(item, "lc") == 1 and isinstance(get(item, "kwargs"), dict)


def _is_llm_log(item: Any) -> bool:
    listed = items(get(item, "logprobs"))
    return (
        bool(listed)
        and isinstance(get(item, "content"), str)
        and all(
            isinstance(get(chunk, "text"), str)
            and isinstance(get(chunk, "top_logprobs"), (list, tuple))
            for chunk in listed
        )
    )


def _llm_log(item: Any) -> Any:
    return chat(get(item, "content"), list(map(_llm_entry, items(get(item, "logprobs")))))


def _llm_entry(chunk: Any) -> dict[str, Any]:
    """A chunk with one dict is one token; of several tokens the texts are not known."""
    shown, tops = text(get(chunk, "text")), items(get(chunk, "top_logprobs"))
    top = members(tops[0] if len(tops) == 1 else None)
    rows = [{"token": name, "logprob": value} for name, value in top.items()]
    return {"token": shown, "logprob": top.get(shown), "top_logprobs": rows}


def _is_haystack(item: Any) -> bool:
    role = get(item, "role")
    return (
        getattr(role, "value", role) == "assistant"
        and isinstance(get(item, "meta"), Mapping)
        and (isinstance(get(item, "content"), (str, list, tuple)) or has(item, "_content"))
    )


def _haystack(item: Any) -> Any:
    parts, about = first(item, "content", "_content"), get(item, "meta")
    contents = [first(part, "tool_call") or part for part in items(parts)]
    calls = [
        {"name": get(call, "tool_name"), "arguments": get(call, "arguments")}
        for call in contents
        if has(call, "tool_name", "arguments")
    ]
    logprobs = get(about, "logprobs")
    if chunks := items(logprobs):  # of a stream, one for each chunk
        logprobs = {"content": [entry for part in chunks for entry in items(get(part, "content"))]}
    return chat(texts(parts), logprobs, calls=calls, about=about)


def _is_haystack_chunk(item: Any) -> bool:
    is_text = isinstance(get(item, "content"), str) and isinstance(get(item, "meta"), Mapping)
    return is_text and has(item, "start") and not has(item, "role")


def _replies(item: Any) -> Sequence[Any]:
    """The replies of a generator; those of ``run()`` if only one component has some."""
    if replies := items(get(item, "replies")):
        metas = items(get(item, "meta"))
        if len(metas) == len(replies) and all(isinstance(reply, str) for reply in replies):
            return [
                {"role": "assistant", "content": reply, "meta": meta}
                for reply, meta in zip(replies, metas, strict=True)
            ]
        return replies
    components = [value for value in members(item).values() if items(get(value, "replies"))]
    return _replies(components[0]) if len(components) == 1 else ()


def _has_replies(item: Any) -> bool:
    """Whether an item has replies, or is what ``run()`` returns: a dict for each component."""
    may_have = has(item, "replies") or all(isinstance(v, Mapping) for v in members(item).values())
    replies = _replies(item) if may_have and isinstance(item, Mapping) else ()
    return bool(replies) and all(map(_is_haystack, replies))


def _haystack_replies(item: Any) -> Any:
    rebuilt = [_haystack(reply) for reply in _replies(item)]
    if not all("choices" in reply for reply in rebuilt):
        return rebuilt
    choices = [choice for reply in rebuilt for choice in reply["choices"]]
    numbered = [choice | {"index": place} for place, choice in enumerate(choices)]
    return rebuilt[0] | {"choices": numbered}


def _is_semantic_kernel(item: Any) -> bool:
    return has(at(item, "metadata", "logprobs"), "content") and any(
        get(part, "content_type") == "text" for part in items(get(item, "items"))
    )


def _semantic_kernel(item: Any) -> Any:
    parts = [p for p in items(get(item, "items")) if get(p, "content_type") == "text"]
    written = "".join(text(get(part, "text")) for part in parts)
    reason = get(item, "finish_reason")
    about = {"finish_reason": getattr(reason, "value", reason), "model": get(item, "ai_model_id")}
    return chat(written, at(item, "metadata", "logprobs"), about=about)


# -- DSPy ---------------------------------------------------------------------------------------


def _is_dspy(item: Any) -> bool:
    """Whether an item is the response of DSPy's own client, from version 3.4 on."""
    has_parts = isinstance(at(item, "message", "parts"), (list, tuple))
    return has_parts and has(item, "finish_reason")


def _dspy(item: Any) -> Any:
    """Of an answer in a schema only the value is kept, so the tokens' text is taken."""
    entries = [_dspy_entry(entry) for entry in items(get(item, "logprobs"))]
    parts = items(at(item, "message", "parts"))
    written = "".join(text(get(part, "text")) for part in parts if get(part, "type") == "text")
    values = [get(part, "value") for part in parts if get(part, "type") == "data"]
    if not written and values:
        written = text_of_value(values[0], entries)
    calls = [
        {"name": get(part, "name"), "arguments": get(part, "input")}
        for part in parts
        if get(part, "type") == "tool_call"
    ]
    return chat(written, {"content": entries} if entries else None, calls=calls, about=item)


def _dspy_entry(entry: Any) -> dict[str, Any]:
    own = {name: get(entry, name) for name in ("token", "logprob", "bytes")}
    own["id"] = get(entry, "token_id")
    return own | {"top_logprobs": [_dspy_entry(row) for row in items(get(entry, "top"))]}


_OF_A_CHOICE = ("message", "delta", "text", "index", "finish_reason")


def _is_prediction(item: Any) -> bool:
    """Whether an item is the ``toDict`` of a Prediction: its fields, and the logprobs."""
    is_listed = isinstance(at(item, "logprobs", "content"), (list, tuple))
    return is_listed and isinstance(item, Mapping) and not any(has(item, n) for n in _OF_A_CHOICE)


def _prediction_logprobs(item: Any) -> Any:
    return get(item, "logprobs")


# -- traces ---------------------------------------------------------------------------------------


def _is_trace(item: Any) -> bool:
    outputs = first(item, "outputs", "output")
    is_run = has(item, "inputs") or has(item, "run_type") or is_observation(item)
    return is_run and isinstance(outputs, Mapping) and _of_trace(item) is not None


def _of_trace(item: Any) -> Any:
    outputs = first(item, "outputs", "output")
    held = get(outputs, "output")
    if any(has(outputs, key) for key in ("choices", "candidates", "generations")):
        return outputs
    return held if _is_langchain_dump(held) or has(held, "choices") else None


def is_observation(item: Any) -> bool:
    """Whether an item is an observation of Langfuse."""
    return text(get(item, "type")) == "GENERATION" or (
        (has(item, "traceId") or has(item, "trace_id")) and has(item, "output")
    )


WRAPPERS: tuple[Wrapper, ...] = (
    Wrapper("LangChain dump", ("lc",), _is_langchain_dump, lambda item: get(item, "kwargs")),
    Wrapper("simonw/llm log", ("logprobs",), _is_llm_log, _llm_log),
    Wrapper("haystack ChatMessage", ("meta",), _is_haystack, _haystack),
    Wrapper(
        "haystack StreamingChunk",
        ("meta",),
        _is_haystack_chunk,
        lambda item: chat(
            get(item, "content"), at(item, "meta", "logprobs"), about=get(item, "meta"), piece=True
        ),
    ),
    Wrapper("haystack replies", (), _has_replies, _haystack_replies),
    Wrapper("Semantic Kernel", ("metadata",), _is_semantic_kernel, _semantic_kernel),
    Wrapper("DSPy response", ("message",), _is_dspy, _dspy),
    Wrapper("fields of a DSPy Prediction", ("logprobs",), _is_prediction, _prediction_logprobs),
    Wrapper(
        "openai-agents RunResult",
        ("raw_responses",),
        lambda item: bool(items(get(item, "raw_responses"))),
        lambda item: {"output": items(get(items(get(item, "raw_responses"))[-1], "output"))},
    ),
    Wrapper(
        "openai-agents item",
        ("raw_item",),
        lambda item: _is_output_item(get(item, "raw_item")),
        lambda item: {"output": [get(item, "raw_item")]},
    ),
    Wrapper(
        "llama-index response",
        ("raw",),
        lambda item: (
            has(item, "raw", "additional_kwargs")
            and (has(item, "message") or isinstance(get(item, "text"), str))
        ),
        lambda item: get(item, "raw"),
    ),
    Wrapper(
        "unitxt token",
        ("top_tokens",),
        lambda item: (
            isinstance(get(item, "text"), str)
            and is_number(get(item, "logprob"))
            and isinstance(get(item, "top_tokens"), (list, tuple))
        ),
        lambda item: chat(get(item, "text"), [_unitxt_token(item)], piece=True),
    ),
    Wrapper(
        "unitxt output",
        ("prediction",),
        lambda item: has(item, "prediction", "output_tokens") and bool(_prediction(item)),
        lambda item: list(_prediction(item)),
    ),
    Wrapper("LangSmith run or Langfuse observation", ("outputs", "output"), _is_trace, _of_trace),
    Wrapper(
        "simonw/llm log row",
        ("response_json",),
        lambda item: has(item, "response_json"),
        lambda item: get(item, "response_json"),
    ),
    Wrapper("one of `choices`", ("index",), is_choice, lambda item: {"choices": [item]}),
    Wrapper("one of `output`", ("content",), _is_output_item, lambda item: {"output": [item]}),
)  # fmt: skip
"""Tried after those of ``frameworks``, in this order."""


def _unitxt_token(item: Any) -> dict[str, Any]:
    """A token; its list counts if it has the token with the same logprob, else it is of logits."""
    own = _unitxt_entry(item)
    top = list(map(_unitxt_entry, items(get(item, "top_tokens"))))
    logprob = chosen_logprob(own["logprob"])
    listed = [chosen_logprob(row["logprob"]) for row in top if row["token"] == own["token"]]
    is_normal = logprob is not None and any(
        value is not None and abs(value - logprob) <= SAME for value in listed
    )
    return own | {"top_logprobs": top if is_normal else []}


def _unitxt_entry(row: Any) -> dict[str, Any]:
    return {"token": get(row, "text"), "logprob": get(row, "logprob")}


def _prediction(item: Any) -> Sequence[Any]:
    tokens = items(get(item, "prediction"))
    return tokens if all(has(token, "top_tokens") for token in tokens) else ()
