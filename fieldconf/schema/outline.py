"""Outline: a schema for values at some paths of an answer, and the way back to these paths.

In:    the paths, and the schema of the value at each.
Out:   a JSON Schema of objects; the original path of a path in the answer to that schema.
Never: a list: an item is requested under its position as a key ("0", "1", ...), since some items
       are left out, and servers know no list with gaps.
Why:   re-asking and verification request some fields of an answer at their places in it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fieldconf.paths import Path

ITEMS = "Items of the list by position, from 0."
"""The description of an object that stands for a list."""


def outline(paths: Iterable[Path], leaf: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
    """A JSON Schema whose answers have a value at each of the paths, and nowhere else.

    Args:
        paths: none inside of another; the schema of the root path is the leaf itself.
        leaf: returns the schema of the value at a path.

    >>> schema = outline([("items", 2, "price")], lambda path: {"type": "number"})
    >>> schema["properties"]["items"]["properties"]["2"]["properties"]
    {'price': {'type': 'number'}}
    """
    root: dict[str, Any] = {}
    for path in paths:
        schema = root
        for step in path:
            if isinstance(step, int):
                schema.setdefault("description", ITEMS)
            schema.setdefault("type", "object")
            schema.setdefault("additionalProperties", False)
            properties = schema.setdefault("properties", {})
            schema["required"] = [*dict.fromkeys([*schema.get("required", []), str(step)])]
            schema = properties.setdefault(str(step), {})
        schema.update(leaf(path))
    return root


def back(path: Path, paths: Iterable[Path]) -> Path | None:
    """The original path of a path in the answer; None if it is above all requested paths.

    >>> back(("items", "2", "price"), [("items", 2, "price")])
    ('items', 2, 'price')
    >>> back(("items", "2"), [("items", 2, "price")]) is None
    True
    """
    for requested in paths:
        if tuple(map(str, requested)) == tuple(map(str, path[: len(requested)])):
            return (*requested, *path[len(requested) :])
    return None
