"""Kinds: the JSON kind of a decoded value, and the equality of two values.

In:    decoded JSON values.
Out:   the kind; whether two values are the same JSON value.
Never: Python's ``==`` between values of different kinds, since ``True == 1``.
Why:   many modules compare schemas and answers, and they must agree.
"""

from typing import Any, cast

KINDS = frozenset({"object", "array", "string", "number", "boolean", "null"})


def kind_of(value: Any) -> str:
    """The JSON kind of a decoded value: object, array, string, number, boolean or null.

    >>> kind_of(True), kind_of(1), kind_of(None)
    ('boolean', 'number', 'null')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, (list, tuple)) else "number"


def is_container(value: Any) -> bool:
    """Whether a decoded value is an object or an array."""
    return kind_of(value) in ("object", "array")


def same(value: Any, other: Any) -> bool:
    """Whether two scalars are the same JSON value: ``1`` is ``1.0``, but ``true`` is not ``1``.

    >>> same(1, 1.0), same(True, 1)
    (True, False)
    """
    return kind_of(value) == kind_of(other) and value == other


def same_json(value: Any, other: Any) -> bool:
    """Whether two decoded values are the same JSON value; the order of keys does not count.

    >>> same_json([1, {"a": 1, "b": []}], [1.0, {"b": [], "a": 1}]), same_json([1], [True])
    (True, False)
    """
    todo = [(value, other)]
    while todo:  # no recursion: answers may be nested deep
        a, b = todo.pop()
        if kind_of(a) != kind_of(b):
            return False
        if isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            todo += [(inner, b[key]) for key, inner in cast("dict[str, Any]", a).items()]
        elif isinstance(a, (list, tuple)):
            if len(cast("list[Any]", a)) != len(b):
                return False
            todo += zip(cast("list[Any]", a), b, strict=True)
        elif a != b:
            return False
    return True
