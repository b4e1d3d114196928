"""Engines: the objects of inference engines and of clients in other languages.

In:    one item of a payload.
Out:   the response in it in the shape of a server.
Never: a chosen token that the item does not name.
Why:   they have names of their own for the same things.

Quirks:

* vLLM offline: a dict by id for each token; it has the chosen token, also below the top ones.
* OpenAI .NET: ``System.Text.Json`` writes the object's own names, and bytes as base64.
* mlx-engine lists the chosen token among the candidates by its id only.
* KoboldCpp: the entries are OpenAI's, in ``results`` in place of ``choices``.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, cast

from fieldconf.responses.payload_access import at, first, get, items, members, parsed, text
from fieldconf.responses.wrapper import Wrapper, chat, has


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


WRAPPERS: tuple[Wrapper, ...] = (
    Wrapper("vLLM RequestOutput", ("outputs",), _is_vllm, _vllm),
    Wrapper("mlx-engine result", ("top_logprobs",), _is_mlx_engine, _mlx_engine),
    Wrapper("OpenAI .NET", _DOTNET, _is_dotnet, _dotnet),
    Wrapper(
        "KoboldCpp results",
        ("results",),
        lambda item: (
            bool(items(get(item, "results")))
            and all(
                isinstance(get(part, "text"), str)
                and (has(part, "logprobs") or has(part, "finish_reason"))
                for part in items(get(item, "results"))
            )
        ),
        lambda item: {
            "choices": [
                {"text": get(part, "text"), "finish_reason": get(part, "finish_reason"),
                 "logprobs": get(part, "logprobs"), "index": place}
                for place, part in enumerate(items(get(item, "results")))
            ]
        },
    ),
)  # fmt: skip
"""Tried in this order."""
