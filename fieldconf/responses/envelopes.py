"""Envelopes: opens text, bytes, objects and lists that contain responses.

In:    an SDK's object, a dict, text or bytes (JSON, JSON Lines, server-sent events), a raw HTTP
       response, or an iterable of any of these.
Out:   the items inside: one for a whole response, one for each chunk of a stream.
Never: I/O; a client's package imported; the payload changed.
Why:   the formats need not know how a response was transported.
"""

import json
import re
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Any, cast

from fieldconf.errors import PayloadError, one_line
from fieldconf.responses import objects
from fieldconf.responses.fast import from_json, from_objects
from fieldconf.responses.payload_access import get, items

REMEDY = "Give the whole response of the request, as an SDK object, a dict, or its JSON"

_DEEPEST = 8  # a list of raw HTTP responses is 2 deep
_EVENT_TEXT = ("data:", "event:", "id:", "retry:", ":")
_DATA_STREAM = re.compile(r'[0-9a-g]:["\[{]')  # `0:"text"`, version 4
_YAML_CASSETTE = re.compile(r"(---\s*)?(http_)?interactions:\s")
_PRINTED = re.compile(r"[\[{(]+\s*'|[A-Za-z_][\w.]*\((\w+=|\s*\))|<[\w.]+ object at ")
_OF_ONE = ("choices", "parts", "model_dump")  # attributes of an object that also iterates
_HOLDERS = ("_raw_response", "inner_content")  # of instructor's models, of Semantic Kernel
_ROW_KEYS = ("choices", "candidates", "response", "generated_text")  # of a row of a table
_BEFORE = " \t\r\n\ufeff"  # a byte order mark begins files; in joined files it begins lines


_NOT_YET: Mapping[Any, str] = {
    Awaitable: "Await it first",
    AsyncIterable: "Collect its chunks first: [chunk async for chunk in stream]",
}


def open_payload(payload: Any, depth: int = 0) -> Iterator[Any]:
    """The items in a payload, one by one.

    Raises:
        PayloadError: if the payload has not arrived yet, is text of an unknown kind, or is nested
            in too many lists.
    """
    if depth > _DEEPEST:
        raise PayloadError("lists within lists are no response", found="lists", remedy=REMEDY)
    if isinstance(payload, (bytes, bytearray)):
        body = from_json.opened(bytes(payload))
        yield from _open_text(_decode(bytes(payload)), json.loads) if body is None else [body]
        return
    if isinstance(payload, str):
        yield from _open_text(payload)
        return
    for kind, remedy in _NOT_YET.items():
        if isinstance(payload, kind):
            name = type(payload).__name__
            raise PayloadError("the response has not arrived yet", found=name, remedy=remedy)
    inner = _inside(payload)
    if inner is not payload:
        yield from open_payload(inner, depth + 1)
    elif (
        isinstance(payload, Mapping)
        or not isinstance(payload, Iterable)
        or any(hasattr(payload, name) for name in _OF_ONE)  # pyright: ignore[reportUnknownArgumentType]  # any payload
    ):
        yield payload
    else:
        for item in cast("Iterable[Any]", payload):
            is_blank = isinstance(item, (str, bytes)) and not item.strip()  # between two events
            yield from () if is_blank else open_payload(item, depth + 1)


# -- objects ------------------------------------------------------------------------------------


def _inside(payload: Any) -> Any:
    """The plain form of an object, or the response that it contains."""
    if isinstance(payload, (list, tuple)):
        return _one_response(cast("Sequence[Any]", payload))
    if isinstance(payload, Mapping):
        return payload  # pyright: ignore[reportUnknownVariableType]  # any payload
    # Looking for a missing attribute of a pydantic model is slow.
    own = getattr(payload, "__dict__", {})
    for name in _HOLDERS:
        if (raw := own.get(name)) is not None:
            return raw
    if "rendered_prompt" in own and isinstance(own.get("value"), list):
        return own["value"]  # the result of a function of Semantic Kernel
    try:  # servers do not always send what the SDKs' types say, so warnings are off
        dump: Any = from_objects.opened(payload) or payload.model_dump(warnings=False)
    except Exception:  # noqa: BLE001  # any method may be called model_dump
        dump = None
    if isinstance(dump, Mapping):
        return dump  # pyright: ignore[reportUnknownVariableType]  # any payload
    return _held(payload)


def _held(payload: Any) -> Any:
    """The response in an object without a dump."""
    store = getattr(payload, "__dict__", {}).get("_store")
    if isinstance(store, dict) and hasattr(payload, "_completions"):  # DSPy's Prediction
        fields = cast("dict[str, Any]", store)
        return fields.get("logprobs") or {"dspy_fields": sorted(map(str, fields))}
    if type(payload).__name__ == "Series" and any(hasattr(payload, key) for key in _ROW_KEYS):
        return payload.to_dict()
    saved = getattr(payload, "__dict__", {}).get("response_json")  # simonw/llm, an iterable of text
    if isinstance(saved, dict):
        return cast("dict[str, Any]", saved)
    # of a raw HTTP response, as httpx and requests hold it
    body = getattr(payload, "content", None)
    if isinstance(body, bytes) and hasattr(payload, "status_code"):
        return body
    last = getattr(payload, "response", None)  # pydantic-ai: the result of a run
    return last if isinstance(get(last, "parts"), (list, tuple)) else payload


def _one_response(payload: Sequence[Any]) -> Any:
    """The response of instructor's pair of model and response, or a list of its choices."""
    if isinstance(payload, tuple) and len(payload) == 2:
        own = getattr(payload[0], "__dict__", {}).get("_raw_response")
        if own is not None and own is payload[1]:
            return own
    if len(payload) < 2 or not all(map(objects.is_part, payload[:2])):
        return payload
    return objects.joined([_inside(part) for part in payload]) or payload


# -- text ---------------------------------------------------------------------------------------


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadError(
            f"the response is not UTF-8 text (byte {error.start})", remedy=REMEDY
        ) from None


def _loads(text: str) -> Any:
    body = from_json.opened(text)
    return json.loads(text) if body is None else body


def _open_text(text: str, load: Callable[[str], Any] = _loads) -> Iterator[Any]:
    text = text.lstrip(_BEFORE).rstrip()
    if not text:
        raise PayloadError("the response is empty", found="nothing", remedy=REMEDY)
    if _PRINTED.match(text):
        raise PayloadError(
            "this is a Python object as print shows it, not JSON", found=one_line(text),
            remedy="Save its JSON instead: completion.model_dump_json(), or json.dumps",
        )  # fmt: skip
    if text[0] == "<":
        raise PayloadError(
            "the response is an HTML or XML page, not JSON", found=one_line(text), remedy=REMEDY
        )
    if _DATA_STREAM.match(text):
        raise PayloadError(
            "the response is a data stream of the AI SDK, which has no logprobs",
            found=one_line(text), remedy="Give JSON.stringify(result) of the call on the server",
        )  # fmt: skip
    if _YAML_CASSETTE.match(text):
        raise PayloadError(
            "this is a cassette of VCR in YAML",
            found=one_line(text), remedy="Parse it first, in Python: yaml.safe_load(text)",
        )  # fmt: skip
    if text.startswith(_EVENT_TEXT):
        yield from _events(text)
    else:
        yield from _items(text, load)


def _events(text: str) -> Iterator[Any]:
    """The items of server-sent events; saved streams may lack the blank lines between them."""
    for event in re.split(r"\n\s*\n", "\n".join(_lines(text))):
        lines = [line.lstrip(_BEFORE) for line in event.split("\n")]
        data = [line[5:].strip() for line in lines if line.startswith("data:")]
        try:
            value = _loads("\n".join(data))
            yield from items(value) if isinstance(value, list) else [value]
        except (ValueError, RecursionError):  # no event, its end, or several in one
            for line in data:
                yield from _items(line) if line not in ("", "[DONE]") else ()


def _items(text: str, load: Callable[[str], Any] = _loads) -> Iterator[Any]:
    """One JSON value, or one a line."""
    text = text.lstrip(_BEFORE)
    try:
        value = load(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in _lines(text) if line.strip()]
        if len(lines) > 1 and lines[0].rstrip().endswith("}"):
            for line in lines:
                yield from _items(line)
            return
        if text.startswith(("{", "[")):
            words, remedy = f"the response is not JSON ({error})", REMEDY
        else:
            words = "this is a text, not a response"
            remedy = (
                "Pass `completion`, the response of the request: the text alone has no logprobs"
            )
        raise PayloadError(words, found=one_line(text), remedy=remedy) from None
    yield from open_payload(value) if isinstance(value, list) else [value]


def _lines(text: str) -> list[str]:
    """Lines as streams have them; ``splitlines`` would also cut at U+2028 inside of a string."""
    return re.split(r"\r\n|\n|\r", text)
