"""The wire: from whatever a client returned to ``Completion`` values.

In:    an SDK object, a dict, JSON text or bytes, server-sent-event text, or a list of chunks.
Out:   one ``Completion`` a choice.
Never: I/O; an import of a client's package; a guess where the shape is not known; an exception
       other than ``PayloadError``.
Why:   one small file a payload shape, all with the same face (``NAME``, ``matches``, ``read``,
       ``read_chunk``, ``merge``); this file only undoes the envelope and asks each in turn.
"""

import json
import re
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, cast

from fieldconf.errors import PayloadError
from fieldconf.tokens import Completion
from fieldconf.wire import openai_chat

FAMILIES: tuple[ModuleType, ...] = (openai_chat,)

_REMEDY = "Give the whole response of the request, as an SDK object, a dict, or its JSON"


def completions(payload: Any) -> list[Completion]:
    """The completions in a payload, one a choice.

    Raises:
        PayloadError: if no known shape fits; it says what was looked for and what was found.
    """
    opened = _open(payload)
    items: list[Any] = cast("list[Any]", opened) if isinstance(opened, list) else [opened]
    for family in FAMILIES:
        if items and all(map(family.matches, items)):
            found = _ask(family, items, is_stream=isinstance(opened, list))
            if found:
                return found
    raise _unknown(opened)


def completion(payload: Any, choice: int) -> Completion:
    """One of the completions in a payload.

    Raises:
        PayloadError: if no known shape fits, or there is no such choice.
    """
    found = completions(payload)
    if not 0 <= choice < len(found):
        raise PayloadError(
            f"the response has no choice {choice}", found=f"{len(found)} choices",
            remedy=f"Choose one of 0 to {len(found) - 1}",
        )  # fmt: skip
    return found[choice]


def _ask(family: ModuleType, items: list[Any], *, is_stream: bool) -> list[Completion]:
    try:
        return family.merge(items) if is_stream else family.read(items[0])
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise PayloadError(
            f"the response looks like {family.NAME}, but a part of it is of the wrong type "
            f"({_short(str(error))})",
            looked_for=family.NAME,
            remedy=_REMEDY,
        ) from error


def _open(payload: Any) -> Any:
    """Undo the envelope: text to objects, an iterable of chunks to a list."""
    if isinstance(payload, (bytes, bytearray)):
        payload = _decode_text(bytes(payload))
    if isinstance(payload, str):
        return _open_text(payload)
    is_one = any(hasattr(payload, name) for name in ("keys", "choices", "model_dump"))
    return payload if is_one or not _is_iterable(payload) else [_open(item) for item in payload]


def _is_iterable(payload: Any) -> bool:
    return isinstance(payload, Iterable)


def _decode_text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadError(
            f"the response is not UTF-8 text (byte {error.start})", remedy=_REMEDY
        ) from None


def _open_text(text: str) -> Any:
    text = text.strip()
    if not text:
        raise PayloadError("the response is empty", found="nothing", remedy=_REMEDY)
    if text[0] == "<":
        raise PayloadError(
            "the response is an HTML or XML page, not JSON", found=_short(text), remedy=_REMEDY
        )
    if text.startswith(("data:", "event:", "id:", ":")):
        lines = [line[5:].strip() for line in _lines(text) if line.startswith("data:")]
        return [_load(line) for line in lines if line != "[DONE]"]
    return _load(text)


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = _lines(text)
        if len(lines) > 1 and lines[0].rstrip().endswith("}"):  # JSON Lines: chunks, one a line
            return [_load(line) for line in lines if line.strip()]
        raise PayloadError(
            f"the response is not JSON ({error})", found=_short(text), remedy=_REMEDY
        ) from None


def _lines(text: str) -> list[str]:
    """Lines as streams have them; ``splitlines`` would also cut at U+2028 inside of a string."""
    return re.split(r"\r\n|\n|\r", text)


def _unknown(payload: Any) -> PayloadError:
    looked_for = "; ".join(family.NAME for family in FAMILIES)
    items: list[Any] = cast("list[Any]", payload) if isinstance(payload, list) else [payload]
    errors = [openai_chat.field(item, "error") for item in items]
    if error := next((error for error in errors if error), None):
        return PayloadError(
            f"the response is an error of the server: {_short(_message(error))}",
            looked_for=looked_for,
            found="error",
            remedy="Mend the request; there is no answer to score",
        )
    found = _describe(payload)
    return PayloadError(
        f"no known response shape: looked for {looked_for}; found {found}",
        looked_for=looked_for,
        found=found,
        remedy=_REMEDY,
    )


def _message(error: Any) -> str:
    inner = cast("dict[str, Any]", error).get("message") if isinstance(error, dict) else None
    return str(inner or error)  # pyright: ignore[reportUnknownArgumentType]  # any payload


def _describe(payload: Any) -> str:
    if isinstance(payload, dict):
        keys = list(cast("dict[str, Any]", payload))
        return f"an object with the keys {', '.join(map(repr, keys[:8]))}" if keys else "{}"
    if isinstance(payload, Sequence) and not isinstance(payload, str):
        return f"a list of {len(cast('Sequence[Any]', payload))} items"
    return f"{type(payload).__name__} {_short(str(payload))}"


def _short(text: str) -> str:
    text = " ".join(text[:1000].split())
    return text if len(text) <= 80 else text[:77] + "..."
