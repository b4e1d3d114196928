"""Pointers: which fields a name in a policy means.

In:    JSON Pointers with "*" (any one step) and "**" (any steps); attributes ("items[0].price").
Out:   the same fields as pointer patterns; an error if the schema has no such field.
Never: a name that matches no field, without an error.
Why:   a misspelt field would silently be judged by the default limits.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from fieldconf.errors import PolicyError, nearest
from fieldconf.paths import Path, parse_pointer, pointer
from fieldconf.schema import SchemaNode
from fieldconf.schema.attribute_paths import paths_of, steps_of
from fieldconf.schema.places import every_node

Steps = tuple[str, ...]

_MOST_NAMES = 500  # of a schema, among which the nearest name is suggested


def checked_name(name: str) -> str:
    """The name itself, if it can be parsed.

    Raises:
        PolicyError: if it is neither a JSON Pointer nor a chain of attributes.
    """
    if not name or name.startswith("/"):
        return name
    try:
        steps = _attributes(name)
    except ValueError as error:
        raise PolicyError(str(error), remedy='Or give a JSON Pointer, such as "/a/*/b"') from None
    if "**" in steps or any(isinstance(step, int) and step < 0 for step in steps):
        raise PolicyError(
            f"{name!r} contains '**' or a negative index", remedy="Give a JSON Pointer with '*'"
        )
    return name


def name_of(field: str) -> str:
    """The name of a table's field, which may be any text, as a name for a policy.

    >>> name_of("/items/*/price"), name_of("items[0].price"), name_of("net [EUR]")
    ('/items/*/price', 'items[0].price', '/net [EUR]')
    """
    try:
        return checked_name(field)
    except PolicyError:
        return pointer((field,))


def pointers_of(name: str, root: SchemaNode) -> list[str]:
    """The pointer patterns that a name means; attributes are followed into each arm of a union."""
    if not name or name.startswith("/"):
        return [name]
    places: list[tuple[Path, SchemaNode]] = [((), root)]
    for step in _attributes(name):
        places = [
            ((*path, *way), inner) for path, place in places for way, inner in _inside(place, step)
        ]
    return list(dict.fromkeys(pointer(path) for path, _ in places))


def check_name(name: str, root: SchemaNode) -> None:
    """Check that a name means fields that a schema has.

    Raises:
        PolicyError: if it means no field, or objects only.
    """
    patterns = map(parse_pointer, pointers_of(name, root))
    ends = [end for steps in patterns for end in _ends(steps, root)]
    if not ends:
        names = islice((_general(path) for path, _ in every_node(root) if path), _MOST_NAMES)
        unknown = name if name.startswith("/") else pointer(_attributes(name))
        near = nearest(unknown, sorted({*names}))
        raise PolicyError(f"{name!r} is no field of the schema", remedy=near)
    if not any(end.declared.kinds - {"object"} for end in ends):
        inner = f"{name}/**" if not name or name.startswith("/") else f"/{name}/**"
        raise PolicyError(
            f"{name!r} is an object, and only its fields are judged",
            remedy=f"Give {inner!r} for all of its fields",
        )


def rank(steps: Sequence[str]) -> tuple[int, int, int]:
    """How general a pattern is: of two patterns that match, the one of lower rank applies."""
    return steps.count("**"), steps.count("*"), -len(steps)


def is_general(steps: Sequence[str]) -> bool:
    """Whether a pattern may match several pointers."""
    return "*" in steps or "**" in steps


def _attributes(name: str) -> Path:
    return steps_of(name.replace("[*]", ".*"))


def _general(path: Path) -> str:
    """A path as a pattern for a policy: "*" for each index."""
    return pointer("*" if isinstance(step, int) else step for step in path)


def _inside(place: SchemaNode, step: str | int) -> Iterator[tuple[Path, SchemaNode]]:
    """The places to which an attribute, an index or "*" leads, each with the steps to it."""
    if step == "*":
        yield from ((("*",), inner) for inner in dict.fromkeys(_children(place)))
    else:
        yield from ((way, place.at(way)) for way in paths_of((step,), place))


def _children(place: SchemaNode) -> Iterator[SchemaNode]:
    """The places directly inside of one; of a list, the first item of each kind."""
    declared = place.declared
    if "array" in declared.kinds:
        indexes = range(len(place.first_items) + 1)
        yield from (place.inside(index) for index in indexes if _may_have(place, index))
    if "object" in declared.kinds:
        yield from map(place.inside, declared.keys)
        if declared.more_keys:
            yield place.inside("*")


def _may_have(place: SchemaNode, index: int) -> bool:
    """Whether a list at a place may have an item at an index."""
    most = place.declared.max_items
    return most is None or index < most


def _ends(steps: Steps, root: SchemaNode) -> Iterator[SchemaNode]:
    """The places to which a pattern leads; a recursive schema has few distinct ones."""
    waiting: list[tuple[SchemaNode, int]] = [(root, 0)]
    seen: set[tuple[SchemaNode, int]] = set()
    while waiting:
        place, at = waiting.pop()
        if (place, at) in seen or not place.cases:
            continue
        seen.add((place, at))
        if at == len(steps):
            yield place
        elif steps[at] == "**":
            waiting += [(place, at + 1), *((child, at) for child in _children(place))]
        elif steps[at] == "*":
            waiting += [(child, at + 1) for child in _children(place)]
        else:
            waiting.append((place.inside(steps[at]), at + 1))
            if steps[at].isdecimal() and _may_have(place, int(steps[at])):
                waiting.append((place.inside(int(steps[at])), at + 1))
