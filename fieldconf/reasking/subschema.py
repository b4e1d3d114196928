"""Subschema: the schema of only the places that are in doubt.

In:    the schema of the whole, the answer to it, the paths that are in doubt.
Out:   ``SubschemaRequest``: the places to ask for, and a schema of an answer with only these.
Never: a place without the values that it decides about: if a discriminator is in doubt, the whole
       object is asked for; a value forbidden that the whole schema allows beside the other values.
Why:   asking for everything again costs as much as the first request, and may change values that
       are certain.

Values that are not in doubt decide between the variants of unions, so only keys of the right
variant are asked for. An optional key is optional in the second answer, too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple, cast

from fieldconf.errors import SchemaError
from fieldconf.parsing.json_writing import opening_text
from fieldconf.paths import Path
from fieldconf.reasking.definitions import Carrier
from fieldconf.schema import Schema, SchemaNode, compile_schema
from fieldconf.schema.outline import outline
from fieldconf.schema.pydantic_errors import leads
from fieldconf.schema.references import root_of
from fieldconf.threads import cached_property

WHOLE: tuple[Path, ...] = ((),)


@dataclass(frozen=True)
class SubschemaRequest:
    """The places of an answer that are asked for again, and their schema.

    Attributes:
        paths: the places in the order of the schema; none is inside another. ``((),)`` for the
            whole; empty if nothing is in doubt.
        schema: the schema of the second answer.
    """

    paths: tuple[Path, ...]
    schema: Schema = field(repr=False)

    def answer_path(self, path: Path) -> Path:
        """The path in the second answer of a place, or of a value inside it.

        >>> schema = compile_schema({"properties": {"a": {"items": {"type": "integer"}}}})
        >>> request_for(schema, {"a": [1, 2]}, [("a", 1)]).answer_path(("a", 1))
        ('a', '1')
        """
        around = self.enclosing(path)
        assert around is not None  # callers pass paths that were asked for
        return (*map(str, around), *path[len(around) :])

    def enclosing(self, path: Path) -> Path | None:
        """The requested place at a path, or around it; None if there is none."""
        above = (path[:end] for end in range(len(path) + 1))
        return next((place for place in above if place in self._places), None)

    @cached_property
    def _places(self) -> frozenset[Path]:
        return frozenset(self.paths)


def request_for(schema: Schema, data: Any, doubtful: Iterable[Path]) -> SubschemaRequest:
    """What to ask for, so that some values of an answer can be replaced.

    Args:
        schema: the schema of the whole.
        data: the first answer, decoded; it may be incomplete.
        doubtful: the paths of values that are in doubt or missing.

    Raises:
        SchemaError: if the schema is nested deeper than Python's recursion limit.

    >>> schema = compile_schema({
    ...     "type": "object", "required": ["team", "note"], "additionalProperties": False,
    ...     "properties": {"team": {"enum": ["billing", "sales"]}, "note": {"type": "string"}}})
    >>> request = request_for(schema, {"team": "sales", "note": "now!"}, [("team",)])
    >>> request.schema.json["properties"], request.schema.json["required"]
    ({'team': {'enum': ['billing', 'sales']}}, ['team'])
    """
    try:
        places = places_of(schema.root, data, doubtful)
        if not places:
            return SubschemaRequest((), Schema())
        draft = root_of(schema.json).draft
        if () in places or not draft.knows("allOf"):  # draft 3 says "required" in another way
            return SubschemaRequest(WHOLE, schema)
        return SubschemaRequest(tuple(places), compile_schema(_subschema(schema, places)))
    except RecursionError:
        raise SchemaError("the schema is nested too deeply", remedy="Make it flatter") from None


def _subschema(schema: Schema, places: Mapping[Path, SchemaNode]) -> dict[str, Any]:
    carrier = Carrier(root_of(schema.json).draft)
    body = outline(places, lambda path: carrier.inside(places[path], path[-1]))
    for path, node in places.items():
        if isinstance(path[-1], str) and path[-1] not in node.declared.required_keys:
            around = reduce(lambda schema, step: schema["properties"][str(step)], path[:-1], body)
            around["required"].remove(path[-1])
            if not around["required"]:
                del around["required"]  # draft 4 forbids an empty list
    dialect = {"$schema": schema.json["$schema"]} if "$schema" in schema.json else {}
    definitions = {"$defs": carrier.definitions} if carrier.definitions else {}
    return {**dialect, "title": schema.name, **body, **definitions}


# -- which places -------------------------------------------------------------------------------


class _DoubtfulValue(NamedTuple):
    """A value that is in doubt, or has something doubtful inside.

    ``around`` is the node of its container, and ``rank`` sorts by the order of the schema.
    """

    path: Path
    value: Any
    node: SchemaNode
    around: SchemaNode
    rank: tuple[int, ...]


def places_of(root: SchemaNode, data: Any, doubtful: Iterable[Path]) -> dict[Path, SchemaNode]:
    """The places that must be asked for, in the order of the schema; none is inside another.

    Each is mapped to the node of its container, narrowed by the values that are not in doubt.
    """
    existing = {_existing(path, data) for path in doubtful}
    inside: dict[Path, set[str | int]] = {}
    for path in existing:
        for end, step in enumerate(path):
            inside.setdefault(path[:end], set()).add(step)
    requested: list[_DoubtfulValue] = []
    todo = [_DoubtfulValue((), data, root, root, ())] if existing else []
    while todo:
        visit = todo.pop()
        steps = inside.get(visit.path, set())
        doubted = {step for step in steps if (*visit.path, step) in existing}
        if visit.path in existing or _decides_others(visit.node, visit.value, doubted):
            requested.append(visit)
            continue
        around = _narrowed(visit.node, visit.value, doubted)
        for number, step in _in_order(visit, steps):
            value = visit.value[step] if leads(step, visit.value) else None
            node, path, rank = around.inside(step), (*visit.path, step), (*visit.rank, number)
            if node.cases:  # else the schema allows no value there
                todo.append(_DoubtfulValue(path, value, node, around, rank))
    return {visit.path: visit.around for visit in sorted(requested, key=lambda visit: visit.rank)}


def node_at(root: SchemaNode, data: Any, path: Path) -> SchemaNode:
    """The node at a path of an answer, narrowed by the values of the answer."""
    node = _narrowed(root, data, ())
    for step in path:
        data = data[step] if leads(step, data) else None
        node = _narrowed(node.inside(step), data, ())
    return node


def _existing(path: Path, data: Any) -> Path:
    """A path as far as the answer has it; it may end in a missing key, but not in an index."""
    for depth, step in enumerate(path):
        if not leads(step, data):
            is_missing = isinstance(data, dict) and isinstance(step, str)
            return path[: depth + is_missing]
        data = data[step]
    return path


def _in_order(visit: _DoubtfulValue, steps: Collection[str | int]) -> list[tuple[int, str | int]]:
    """Keys of an object with their numbers in the order of its schema, or indexes of a list."""
    if isinstance(visit.value, list):
        return [(step, step) for step in steps if isinstance(step, int)]
    keys = dict.fromkeys(
        [*visit.node.declared.keys, *visit.value, *map(str, sorted(map(str, steps)))]
    )
    return [(number, key) for number, key in enumerate(keys) if key in steps]


def _narrowed(
    node: SchemaNode, value: Any, doubted: Collection[str | int], *, by_tags: bool = False
) -> SchemaNode:
    """The node of a container, narrowed to the union variants that fit the values not in doubt.

    ``by_tags``: only values with few members decide, such as discriminators.
    """
    if len(node.cases) < 2 or not isinstance(value, (dict, list)):
        return node
    container = cast("dict[str | int, Any] | list[Any]", value)
    pairs = container.items() if isinstance(container, dict) else enumerate(container)
    for step, inner in pairs:
        text = opening_text(inner)
        if inner is None and node.inside(step).declared.may_be_null:
            continue  # null stands for a key that was left out
        if by_tags and node.inside(step).declared.members is None:
            continue
        node = node.with_key(step) if isinstance(step, str) else node
        node = node.with_value(step, text) if text and step not in doubted else node
    return node


def _decides_others(node: SchemaNode, value: Any, doubted: Collection[str | int]) -> bool:
    """Whether a doubtful value in a container decides which other values it has."""
    around = _narrowed(node, value, doubted)
    tagged = _narrowed(node, value, doubted, by_tags=True)
    for step in doubted:
        if not leads(step, value):
            if node.inside(step).cases and not around.inside(step).cases:
                return True  # a key of another variant
            continue
        text = opening_text(value[step])
        cases = [case for case in tagged.cases if tagged.with_only(case).inside(step).cases]
        members = {tagged.with_only(case).inside(step).declared.members for case in cases}
        if len(members) > 1 or not all(tagged.allows(case, step, text) for case in cases):
            return True
    return False
