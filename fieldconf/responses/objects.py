"""Objects: a part of a response, and the forms in which frameworks and recorders store one.

In:    one item of a payload.
Out:   the response in it in the shape of its server, or the texts and items that hold it.
Never: a chosen token that the item does not name; a choice between two responses of equal rank.
Why:   people hold a choice, a run or a record rather than the response itself.

Quirks:

* vLLM offline: a dict by id for each token; it has the chosen token, also below the top ones.
* OpenAI .NET: ``System.Text.Json`` writes the object's own names, and bytes as base64.
* simonw/llm: for each chunk its text and a list of dicts by text; the chunk's token is its text.
* Semantic Kernel leaves ``inner_content`` out of its dump; the logprobs are in ``metadata`` too.
* unitxt: its Hugging Face engine lists logits beside a logprob; its OpenAI engine lists candidates
  only.
* openai-agents: the final output of a run is that of its last response.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from fieldconf.responses.formats.entries import SAME
from fieldconf.responses.payload_access import (
    at,
    first,
    get,
    is_number,
    items,
    members,
    parsed,
    text,
    texts,
)
from fieldconf.responses.wrapper import Wrapper, chat, has
from fieldconf.tokens.token import chosen_logprob

_BODY_KEYS = ("choices", "candidates", "output", "generated_text", "message", "results", "content")


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


# -- servers' and engines' own objects ----------------------------------------------------------


def _is_vllm(item: Any) -> bool:
    outputs = items(get(item, "outputs"))
    return bool(outputs) and all(
        has(output, "token_ids") and isinstance(get(output, "text"), str) for output in outputs
    )


def _vllm(item: Any) -> Any:
    choices = [
        {
            "index": get(output, "index"),
            "text": get(output, "text"),
            "finish_reason": get(output, "finish_reason"),
            "logprobs": {"content": _vllm_entries(output)},
        }
        for output in items(get(item, "outputs"))
    ]
    return {"id": get(item, "request_id"), "choices": choices}


def _vllm_entries(output: Any) -> list[Any] | None:
    ids, tops = _sequence(get(output, "token_ids")), _sequence(get(output, "logprobs"))
    if len(ids) != len(tops):
        return None
    if not all(isinstance(number, int) for number in ids):
        return None
    return [
        _vllm_entry(number, members(top).get(number, members(top).get(str(number))))
        | {"top_logprobs": [_vllm_entry(key, value) for key, value in members(top).items()]}
        for number, top in zip(ids, tops, strict=True)
    ]


def _vllm_entry(number: Any, value: Any) -> dict[str, Any]:
    """A token without text is a part of a character; with None it is known by its id only."""
    shown = get(value, "decoded_token")
    entry = {"token": text(shown), "logprob": get(value, "logprob")}
    number = parsed(number) if isinstance(number, str) else number
    return entry if shown == "" else entry | {"id": number}


def _sequence(value: Any) -> list[Any]:
    """The items of any sequence: vLLM has classes of its own for long lists."""
    is_listed = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    return list(cast("Iterable[Any]", value)) if is_listed else []


def _is_mlx_engine(item: Any) -> bool:
    tokens = items(get(item, "tokens"))
    return (
        isinstance(get(item, "text"), str)
        and isinstance(get(item, "top_logprobs"), (list, tuple))
        and all(has(token, "text", "logprob") for token in tokens)
        and (bool(tokens) or has(item, "stop_condition"))
    )


def _mlx_engine(item: Any) -> Any:
    tokens, tops = items(get(item, "tokens")), items(get(item, "top_logprobs"))
    tops = tops if len(tops) == len(tokens) else [()] * len(tokens)
    entries: list[Any] = []
    for token, top in zip(tokens, tops, strict=True):
        rows = [_named(row) for row in items(top)]
        own = _named(token)
        if not any(row["id"] == own["id"] for row in rows):  # ids tell only which row is its own
            own.pop("id")
        entries.append(own | {"top_logprobs": rows})
    reason = at(item, "stop_condition", "stop_reason")
    reason = "length" if reason == "token_limit" else reason
    about = {"finish_reason": reason}
    return chat(text(get(item, "text")), {"content": entries}, about=about, piece=True)


def _named(row: Any) -> dict[str, Any]:
    return {"token": get(row, "text"), "logprob": get(row, "logprob"), "id": get(row, "id")}


_DOTNET = ("ContentTokenLogProbabilities", "contentTokenLogProbabilities")
_DOTNET_REASONS = ("stop", "length", "content_filter", "tool_calls", "function_call")


def _is_dotnet(item: Any) -> bool:
    is_listed = isinstance(first(item, *_DOTNET), (list, tuple))
    return is_listed and isinstance(_either(item, "Content"), (list, tuple))


def _either(item: Any, name: str) -> Any:
    """A member in .NET's case, or in that of its web defaults."""
    return first(item, name, name[0].lower() + name[1:])


def _dotnet(item: Any) -> Any:
    parts, reason = items(_either(item, "Content")), _either(item, "FinishReason")
    if isinstance(reason, int) and 0 <= reason < len(_DOTNET_REASONS):
        reason = _DOTNET_REASONS[reason]
    refusals = items(_either(item, "RefusalTokenLogProbabilities"))
    calls = [
        {"name": _either(call, "FunctionName"), "arguments": _either(call, "FunctionArguments")}
        for call in items(_either(item, "ToolCalls"))
    ]
    logprobs = {
        "content": [_dotnet_entry(entry) for entry in items(first(item, *_DOTNET))],
        "refusal": [_dotnet_entry(entry) for entry in refusals],
    }
    message = {
        "content": "".join(text(_either(part, "Text")) for part in parts),
        "refusal": "".join(text(_either(part, "Refusal")) for part in parts)
        or _either(item, "Refusal"),
        "tool_calls": [call for call in calls if parsed(call["arguments"]) is not None],
    }
    choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": reason}
    return {"id": _either(item, "Id"), "model": _either(item, "Model"), "choices": [choice]}


def _dotnet_entry(entry: Any) -> dict[str, Any]:
    top = items(_either(entry, "TopLogProbabilities"))
    return {
        "token": _either(entry, "Token"),
        "logprob": _either(entry, "LogProbability"),
        "bytes": _from_base64(_either(entry, "Utf8Bytes")),
        "top_logprobs": [_dotnet_entry(candidate) for candidate in top],
    }


def _from_base64(value: Any) -> list[int] | None:
    try:
        return list(base64.b64decode(value, validate=True)) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
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
    return chat(texts(parts), get(about, "logprobs"), calls=calls, about=about)


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
    replies = _replies(item) if isinstance(item, Mapping) else ()
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


# -- records ------------------------------------------------------------------------------------


def _holds_response(item: Any) -> bool:
    """Whether an item is a record with a response, and not an event or an answer of a server."""
    response = get(item, "response")
    if has(item, "type") or has(item, "error") or has(item, "done"):
        return False
    if isinstance(response, str):
        return any(has(parsed(response), key) for key in _BODY_KEYS[:3])
    is_record = isinstance(item, Mapping) and bool(members(response) or _is_object(response))
    return is_record or has(item, "request", "response")


def _is_object(value: Any) -> bool:
    return any(has(value, key) for key in _BODY_KEYS)


def _recorded(item: Any) -> Any:
    """The body of a recorded HTTP response, or the response itself."""
    response = get(item, "response")
    body = get(response, "body")
    if body is None and has(response, "status"):
        body = get(response, "parsed_body")
    if body is None:
        return first(response, "parsed_body") if has(response, "headers") else response
    held = first(body, "string", "parsed_body")
    return body if held is None else held


def _is_typed(item: Any) -> bool:
    return has(item, "__type__", "__data__")


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
    Wrapper("LangChain dump", _is_langchain_dump, lambda item: get(item, "kwargs")),
    Wrapper("vLLM RequestOutput", _is_vllm, _vllm),
    Wrapper("mlx-engine result", _is_mlx_engine, _mlx_engine),
    Wrapper("OpenAI .NET", _is_dotnet, _dotnet),
    Wrapper("simonw/llm log", _is_llm_log, _llm_log),
    Wrapper("haystack ChatMessage", _is_haystack, _haystack),
    Wrapper("haystack replies", _has_replies, _haystack_replies),
    Wrapper("Semantic Kernel", _is_semantic_kernel, _semantic_kernel),
    Wrapper(
        "openai-agents RunResult",
        lambda item: bool(items(get(item, "raw_responses"))),
        lambda item: {"output": items(get(items(get(item, "raw_responses"))[-1], "output"))},
    ),
    Wrapper(
        "llama-index response",
        lambda item: (
            has(item, "raw", "additional_kwargs")
            and (has(item, "message") or isinstance(get(item, "text"), str))
        ),
        lambda item: get(item, "raw"),
    ),
    Wrapper(
        "unitxt token",
        lambda item: (
            isinstance(get(item, "text"), str)
            and is_number(get(item, "logprob"))
            and isinstance(get(item, "top_tokens"), (list, tuple))
        ),
        lambda item: chat(get(item, "text"), [_unitxt_token(item)], piece=True),
    ),
    Wrapper(
        "unitxt output",
        lambda item: has(item, "prediction", "output_tokens") and bool(_prediction(item)),
        lambda item: list(_prediction(item)),
    ),
    Wrapper(
        "KoboldCpp results",
        lambda item: (
            bool(items(get(item, "results")))
            and all(isinstance(get(part, "text"), str) for part in items(get(item, "results")))
        ),
        lambda item: {
            "choices": [
                {"text": get(part, "text"), "finish_reason": get(part, "finish_reason"),
                 "logprobs": get(part, "logprobs"), "index": place}
                for place, part in enumerate(items(get(item, "results")))
            ]
        },
    ),
    Wrapper("typed data of llama-stack", _is_typed, lambda item: get(item, "__data__")),
    Wrapper(
        "cassette of VCR",
        lambda item: bool(first(item, "interactions", "http_interactions")),
        lambda item: list(items(first(item, "interactions", "http_interactions"))),
    ),
    Wrapper("LangSmith run or Langfuse observation", _is_trace, _of_trace),
    Wrapper(
        "simonw/llm log row",
        lambda item: has(item, "response_json"),
        lambda item: get(item, "response_json"),
    ),
    Wrapper("one of `choices`", is_choice, lambda item: {"choices": [item]}),
    Wrapper("one of `output`", _is_output_item, lambda item: {"output": [item]}),
    Wrapper("saved response", _holds_response, _recorded),
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


# -- what holds no logprobs ---------------------------------------------------------------------

_RESPONSE_KEYS = frozenset(
    {
        "candidates", "choices", "completion_probabilities", "content", "data", "delta", "details",
        "error", "event", "finish_reason", "generated_text", "generations", "lc", "logprobs",
        "meta", "metadata", "object", "output", "outputs", "parts", "raw", "raw_responses",
        "replies", "response", "response_metadata", "results", "role", "usage",
    }
)  # fmt: skip
"""Keys of responses, of their parts and of their wrappers; a value with one is not certain."""

_GIVE = "Pass `completion`, the response of the request"


def without_logprobs(item: Any) -> tuple[str, str] | None:
    """What an item is that has no logprobs of its own, and the remedy; None for anything else."""
    return next(((what, how) for is_it, what, how in _WITHOUT if is_it(item)), None)


def _is_value(item: Any) -> bool:
    if isinstance(item, (str, bool, int, float)):
        return True
    keys = members(item)
    return bool(keys) and all(type(key) is str for key in keys) and not (
        _RESPONSE_KEYS & keys.keys() or any("logprob" in key.lower() for key in keys)
    )  # fmt: skip


_WITHOUT: tuple[tuple[Callable[[Any], bool], str, str], ...] = (
    (
        lambda item: has(item, "lc") and get(item, "type") == "not_implemented",
        "an object that LangChain's dumpd cannot dump",
        "Pass the object itself, or dumpd(result.generations[0][0].message)",
    ),
    (
        lambda item: has(item, "dspy_fields"),
        "a DSPy Prediction without logprobs",
        "Ask with dspy.LM(..., logprobs=True), or pass `lm.history[-1]`",
    ),
    (
        lambda item: "raw" in members(item) and "additional_kwargs" in members(item),
        "a llama-index response without `raw`",
        "Pass the response of the provider's client, with logprobs",
    ),
    (
        lambda item: isinstance(get(item, "raw_responses"), (list, tuple)),
        "an openai-agents result without responses",
        "Pass one of `result.raw_responses`",
    ),
    (
        is_observation,
        "a Langfuse observation, which does not keep logprobs",
        "Pass `completion`, the response that was observed",
    ),
    (
        lambda item: any(has(part, "content_type") for part in items(get(item, "items"))),
        "a Semantic Kernel message whose metadata has no logprobs",
        "Pass `message.inner_content`, asked for with logprobs",
    ),
    (
        lambda item: get(item, "type") == "message" and has(item, "stop_reason"),
        "a response of Anthropic, which gives no logprobs",
        "Use a model of a provider that does: docs/providers.md",
    ),
    (
        lambda item: has(item, "top_tokens") and not has(item, "text"),
        "a unitxt token that does not name the chosen candidate",
        _GIVE,
    ),
    (
        lambda item: get(item, "role") in ("assistant", "model") and not has(item, "logprobs"),
        "a message, which has no logprobs of its own",
        "Pass `completion`, whose choice has the message and its logprobs",
    ),
    (
        _is_value,
        "the answer's value; its numbers are in the response",
        _GIVE,
    ),
)
