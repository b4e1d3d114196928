"""Outline: a schema that asks for some places of an answer, and the way back to them.

In:    the paths of the places, and what is asked at each.
Out:   a JSON Schema of objects; the path that a path in the answer stands for.
Never: a list: items are asked for by position, as the keys "0", "1" ..., since some of them are
       left out, and servers know no list with holes.
Why:   re-asking and verification ask about some fields of an answer, where they stand in it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fieldconf.paths import Path

ITEMS = "Items of the list by position, from 0."
"""What the schema says of an object that stands for a list."""


def outline(paths: Iterable[Path], leaf: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
    """A JSON Schema whose answers have a value at each of some paths, and nowhere else.

    Args:
        paths: of the places; none inside of another. The root alone is asked for by its own schema.
        leaf: the schema of what is asked at a path.

    >>> made = outline([("items", 2, "price")], lambda path: {"type": "number"})
    >>> made["properties"]["items"]["properties"]["2"]["properties"]
    {'price': {'type': 'number'}}
    """
    made: dict[str, Any] = {}
    for path in paths:
        place = made
        for step in path:
            if isinstance(step, int):
                place.setdefault("description", ITEMS)
            place.setdefault("type", "object")
            place.setdefault("additionalProperties", False)
            inside = place.setdefault("properties", {})
            place["required"] = [*dict.fromkeys([*place.get("required", []), str(step)])]
            place = inside.setdefault(str(step), {})
        place.update(leaf(path))
    return made


def back(path: Path, paths: Iterable[Path]) -> Path | None:
    """The path that a path in the answer stands for; None if it is above what was asked for.

    >>> back(("items", "2", "price"), [("items", 2, "price")])
    ('items', 2, 'price')
    >>> back(("items", "2"), [("items", 2, "price")]) is None
    True
    """
    for asked in paths:
        if tuple(map(str, asked)) == tuple(map(str, path[: len(asked)])):
            return (*asked, *path[len(asked) :])
    return None
