"""JSON writing: the JSON text of decoded values.

In:    decoded JSON values; a ``Decimal`` is an integer that Python does not read as an int.
Out:   their JSON text as bytes, in the form that the caller needs.
Never: recursion in ``json_text``: answers may be nested deeper than the interpreter's stack.
Why:   wherever the text of a value is compared or validated, it must be written in the same way.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar, cast

V = TypeVar("V")


def json_text(value: Any) -> bytes:
    """The JSON text of a decoded value, whatever its depth and however large its numbers are.

    >>> json_text({"a": [1, Decimal("2"), float("inf")], "b": None})
    b'{"a":[1,2,1e999],"b":null}'
    """
    pieces: list[str] = []
    todo: list[tuple[bool, Any]] = [(False, value)]  # whether the item is already text
    while todo:
        is_text, item = todo.pop()
        if is_text:
            pieces.append(item)
        elif isinstance(item, dict):
            pairs = cast("dict[str, Any]", item).items()
            parts = [((True, json.dumps(key) + ":"), (False, inner)) for key, inner in pairs]
            todo += _between("{", parts, "}")
        elif isinstance(item, (list, tuple)):
            parts = [((False, inner),) for inner in cast("list[Any]", item)]
            todo += _between("[", parts, "]")
        elif isinstance(item, Decimal):
            pieces.append(str(item))
        elif isinstance(item, float):
            pieces.append(json.dumps(item).replace("Infinity", "1e999"))
        else:
            pieces.append(json.dumps(item))
    return "".join(pieces).encode()


def _between(
    opener: str, parts: Iterable[tuple[tuple[bool, Any], ...]], closer: str
) -> list[tuple[bool, Any]]:
    """The parts of a container, from the last to the first."""
    pieces: list[tuple[bool, Any]] = [(True, opener)]
    for number, part in enumerate(parts):
        pieces += [(True, ","), *part] if number else part
    return [*pieces, (True, closer)][::-1]


def opening_text(value: Any) -> bytes:
    """The JSON text of a scalar; of an object or array only the opening byte."""
    if isinstance(value, (dict, list)):
        return b"{" if isinstance(value, dict) else b"["
    return json_text(value)


def unescaped_text(value: Any) -> bytes:
    """The JSON text of a scalar without needless escapes.

    >>> unescaped_text("é").decode()
    '"é"'
    """
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def distinct_json(values: Iterable[V]) -> list[V]:
    """The values without repetitions; the order of keys does not count."""
    return list({json.dumps(value, sort_keys=True): value for value in values}.values())
