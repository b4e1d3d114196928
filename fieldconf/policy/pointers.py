"""Patterns: which fields a name in a policy means.

In:    JSON Pointers with "*" (any one step) and "**" (any steps); attributes ("items[0].price").
Out:   the same as patterns of pointers only; what is wrong with one, where a schema is known.
Never: a name that means nothing taken in silence.
Why:   a misspelt field would be judged by the default, and nobody would see it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from fieldconf.errors import PolicyError, nearest
from fieldconf.paths import Path, parse_pointer, pointer
from fieldconf.schema import SchemaNode
from fieldconf.schema.attribute_paths import paths_of, steps_of
from fieldconf.schema.places import every_place

Steps = tuple[str, ...]

_MOST_NAMES = 500  # of a schema, to find the one that was meant


def checked_name(name: str) -> str:
    """A name of fields that can be read.

    Raises:
        PolicyError: if it is neither a JSON Pointer nor attributes.
    """
    if not name or name.startswith("/"):
        return name
    try:
        steps = _attributes(name)
    except ValueError as error:
        raise PolicyError(str(error), remedy='Or give a JSON Pointer, such as "/a/*/b"') from None
    if "**" in steps or any(isinstance(step, int) and step < 0 for step in steps):
        raise PolicyError(
            f"{name!r} says '**' or counts from the end", remedy="Give a JSON Pointer with '*'"
        )
    return name


def name_of(field: str) -> str:
    """The name of a field of a table, which may be any text, as one in a policy.

    >>> name_of("/items/*/price"), name_of("items[0].price"), name_of("net [EUR]")
    ('/items/*/price', 'items[0].price', '/net [EUR]')
    """
    try:
        return checked_name(field)
    except PolicyError:
        return pointer((field,))


def pointers_of(name: str, root: SchemaNode) -> list[str]:
    """The patterns of pointers that a name means: of attributes, by each arm of a union."""
    if not name or name.startswith("/"):
        return [name]
    found: list[tuple[Path, SchemaNode]] = [((), root)]
    for step in _attributes(name):
        found = [
            ((*path, *way), inner) for path, place in found for way, inner in _inside(place, step)
        ]
    return list(dict.fromkeys(pointer(path) for path, _ in found))


def check_name(name: str, root: SchemaNode) -> None:
    """See that a name means fields that a schema has.

    Raises:
        PolicyError: if it means none, or objects only.
    """
    ends = [end for one in pointers_of(name, root) for end in _ends(parse_pointer(one), root)]
    if not ends:
        names = islice((_general(path) for path, _ in every_place(root) if path), _MOST_NAMES)
        meant = name if name.startswith("/") else pointer(_attributes(name))
        near = nearest(meant, sorted({*names}))
        raise PolicyError(f"{name!r} is no field of the schema", remedy=near)
    if not any(end.declared.kinds - {"object"} for end in ends):
        inner = f"{name}/**" if not name or name.startswith("/") else f"/{name}/**"
        raise PolicyError(
            f"{name!r} is an object, and it is its fields that are judged",
            remedy=f"Give {inner!r} for all of them",
        )


def rank(steps: Sequence[str]) -> tuple[int, int, int]:
    """How general a pattern is: of two that match, the one with the lower rank counts."""
    return steps.count("**"), steps.count("*"), -len(steps)


def is_general(steps: Sequence[str]) -> bool:
    """Whether a pattern may match several pointers."""
    return "*" in steps or "**" in steps


def _attributes(name: str) -> Path:
    return steps_of(name.replace("[*]", ".*"))


def _general(path: Path) -> str:
    """A pointer as one would write it in a policy."""
    return pointer("*" if isinstance(step, int) else step for step in path)


def _inside(place: SchemaNode, step: str | int) -> Iterator[tuple[Path, SchemaNode]]:
    """Where an attribute, an index or "*" leads from a place."""
    if step == "*":
        yield from ((("*",), inner) for inner in dict.fromkeys(_children(place)))
    else:
        yield from ((way, place.at(way)) for way in paths_of((step,), place))


def _children(place: SchemaNode) -> Iterator[SchemaNode]:
    """The places right inside of one; of items, the first of each kind."""
    declared = place.declared
    if "array" in declared.kinds:
        kinds = range(len(place.first_items) + 1)
        yield from (place.inside(index) for index in kinds if _may_have(place, index))
    if "object" in declared.kinds:
        yield from map(place.inside, declared.keys)
        if declared.more_keys:
            yield place.inside("*")


def _may_have(place: SchemaNode, index: int) -> bool:
    """Whether a list at a place may be so long."""
    most = place.declared.max_items
    return most is None or index < most


def _ends(steps: Steps, root: SchemaNode) -> Iterator[SchemaNode]:
    """The places to which a pattern leads; recursive schemas have few, at any depth."""
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
