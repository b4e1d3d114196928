"""Plain values: access to parts of an untrusted payload.

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
    """What stands at the end of a path of names."""
    for name in names:
        value = get(value, name)
    return value


def first(value: Any, *names: str) -> Any:
    """The first of several members that is not None: the same thing goes by several names."""
    for name in names:
        member = get(value, name)
        if member is not None:
            return member
    return None


def items(value: Any) -> Sequence[Any]:
    """A list's or a tuple's items."""
    return cast("Sequence[Any]", value) if isinstance(value, (list, tuple)) else ()


def text(value: Any) -> str:
    """A text, or nothing."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int | None:
    """A whole number that is not negative."""
    number = None if isinstance(value, bool) else _whole(value)
    return None if number is None or number < 0 else number


def _whole(value: Any) -> int | None:
    """A whole number; some databases give ``Decimal``."""
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


def is_number(value: Any) -> bool:
    """Whether it is a number; booleans are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def members(value: Any) -> Mapping[str, Any]:
    """A mapping's members."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def parsed(value: Any, otherwise: Any = None) -> Any:
    """What a JSON text says; ``otherwise`` where it is none."""
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return otherwise


def unfenced(value: str) -> str:
    """A text without the Markdown fence that it stands in, if it does."""
    match = _FENCED.fullmatch(value)
    return match[1] if match else value


def texts(parts: Any) -> str:
    """A text, or the texts of a list of content parts that are answers (not thoughts) joined."""
    if isinstance(parts, str):
        return parts
    return "".join(
        text(get(part, "text")) or text(get(part, "content"))
        for part in items(parts)
        if get(part, "type") in ("text", "output_text", None) and not get(part, "thought")
    )
