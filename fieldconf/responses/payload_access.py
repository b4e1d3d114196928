"""Payload access: parts of an untrusted payload.

In:    a dict, or an SDK's object with attributes; a name.
Out:   the part, if it exists and has the requested type; else None, "" or ().
Never: an exception; a value of another type.
Why:   payloads have missing keys, nulls and wrong types; all of them are treated as missing here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from msgspec import Struct

_FENCED = re.compile(r"\s*```[a-zA-Z]*\n(.*)```\s*", re.DOTALL)
_NONE = object()
_PLAIN = frozenset((str, int, float, bool, type(None), dict, list))
_SCALARS = (str, bytes, bytearray, int, float, list, tuple, set, frozenset, type(None))


def get(value: Any, name: str) -> Any:
    """A member of a mapping or an attribute of an object; None where there is none."""
    if type(value) is dict:  # nearly always; the other ways cost three times as much
        return value.get(name)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # any payload
    if isinstance(value, Struct):
        return getattr(value, name, None)
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).get(name)
    return None if isinstance(value, _SCALARS) else getattr(value, name, None)


def at(value: Any, *names: str) -> Any:
    """The member at the end of a path of names."""
    for name in names:
        value = get(value, name)
    return value


def first(value: Any, *names: str) -> Any:
    """The first member that is not None: servers have several names for the same thing."""
    for name in names:
        member = get(value, name)
        if member is not None:
            return member
    return None


def items(value: Any) -> Sequence[Any]:
    """The items of a list or a tuple; () for anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else ()


def text(value: Any) -> str:
    """The value if it is a text, else ""."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int | None:
    """The value if it is a whole number and not negative, else None."""
    number = None if isinstance(value, bool) else _whole(value)
    return None if number is None or number < 0 else number


def _whole(value: Any) -> int | None:
    """The value as an integer; some databases give ``Decimal``."""
    if isinstance(value, int):
        return value
    is_whole = isinstance(value, Decimal) and value.is_finite() and value == int(value)
    return int(value) if is_whole else None


def octets(value: Any) -> bytes | None:
    """A list of integers as bytes, also of signed ones (Java's); None for anything else.

    >>> octets([195, 169]) == octets([-61, -87]) == "é".encode()
    True
    >>> octets([8364]), octets("a"), octets(None)
    (None, None, None)
    """
    if isinstance(value, bytes):
        return value
    if not isinstance(value, (list, tuple)):
        return None
    sequence = cast("Sequence[Any]", value)
    try:
        return bytes(sequence)
    except (TypeError, ValueError):
        numbers = [_whole(part) for part in sequence]
    whole = [part for part in numbers if part is not None]
    most = 256 if min(whole, default=0) >= 0 else 128
    if len(whole) < len(numbers) or not all(-128 <= part < most for part in whole):
        return None
    return bytes(part % 256 for part in whole)


def listed(value: Any, depth: int = 12) -> Any:
    """A dict whose members numpy or pandas made arrays, with lists in their place.

    Anything else is returned unchanged, also the tensors and arrays of ``model.generate``.
    """
    if type(value) is not dict:
        return value
    row = cast("dict[str, Any]", value)
    is_plain = _PLAIN.issuperset(map(type, row.values()))
    if is_plain or "sequences" in row or not any(map(_is_array, row.values())):
        return row
    return _unarrayed(row, depth)


def _is_array(value: Any) -> bool:
    return type(value).__name__ == "ndarray" and hasattr(value, "tolist")


def _unarrayed(value: Any, depth: int) -> Any:
    if depth and _is_array(value):
        value = value.tolist()
    if depth and type(value) is dict:
        pairs = cast("dict[str, Any]", value).items()
        return {key: _unarrayed(member, depth - 1) for key, member in pairs}
    if depth and type(value) is list:
        return [_unarrayed(member, depth - 1) for member in cast("list[Any]", value)]
    return value


def is_number(value: Any) -> bool:
    """Whether the value is a number; a boolean is not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def members(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def parsed(value: Any, otherwise: Any = None) -> Any:
    """The value of a JSON text; ``otherwise`` if it is not JSON."""
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return otherwise


def is_json(value: Any) -> bool:
    """Whether a text or bytes are JSON."""
    return parsed(value, _NONE) is not _NONE


def unfenced(value: str) -> str:
    """A text without the Markdown fence around it."""
    match = _FENCED.fullmatch(value)
    return match[1] if match else value


def texts(parts: Any) -> str:
    """A text; or the joined texts of a list of content parts, without the thoughts."""
    if isinstance(parts, str):
        return parts
    return "".join(
        text(get(part, "text")) or text(get(part, "content"))
        for part in items(parts)
        if get(part, "type") in ("text", "output_text", None) and not get(part, "thought")
    )
