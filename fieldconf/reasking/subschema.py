"""Subschema: the schema of just the places that are in doubt.

In:    the schema of the whole, the answer to it, the paths that are in doubt.
Out:   ``SubschemaRequest``: the places to ask for, and a schema whose answers hold these and no others.
Never: a place asked for without what its value depends on: who doubts a discriminator asks for the
       whole object; a value forbidden that the whole schema allows beside what is kept.
Why:   asking again for everything costs as much as the first time, and puts at stake what is sure.

What was written and is not in doubt decides between the arms of unions, so that of an object only
the keys of its arm are asked for. A key that may be left out may be left out of the answer, too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fieldconf.errors import SchemaError
from fieldconf.paths import Path
from fieldconf.reasking.definitions import Carrier
from fieldconf.schema import Schema, SchemaNode, compile_schema
from fieldconf.schema.omitted import written
from fieldconf.schema.outline import outline
from fieldconf.schema.pydantic_errors import leads
from fieldconf.schema.references import root_of
from fieldconf.threads import cached_property

WHOLE: tuple[Path, ...] = ((),)


@dataclass(frozen=True)
class SubschemaRequest:
    """Which places of an answer are asked for, and how.

    Attributes:
        paths: of the places, in the order of the schema; none inside of another. ``((),)`` for the
            whole; none where nothing is in doubt.
        schema: of the answer to be given.
    """

    paths: tuple[Path, ...]
    schema: Schema = field(repr=False)

    def there(self, path: Path) -> Path:
        """Where the value of a place, or one inside of it, stands in the answer.

        >>> schema = compile_schema({"properties": {"a": {"items": {"type": "integer"}}}})
        >>> question(schema, {"a": [1, 2]}, [("a", 1)]).there(("a", 1))
        ('a', '1')
        """
        around = self.around(path)
        assert around is not None  # or nothing of it was asked for
        return (*map(str, around), *path[len(around) :])

    def around(self, path: Path) -> Path | None:
        """The place that was asked for at a path, or around it; None where there is none."""
        above = (path[:end] for end in range(len(path) + 1))
        return next((place for place in above if place in self._known), None)

    @cached_property
    def _known(self) -> frozenset[Path]:
        return frozenset(self.paths)


def question(schema: Schema, data: Any, doubtful: Iterable[Path]) -> SubschemaRequest:
    """What to ask for, so that some values of an answer can be replaced.

    Args:
        schema: of the whole.
        data: the first answer, decoded, as far as it goes.
        doubtful: paths of values that are in doubt, and of those that are missing.

    Raises:
        SchemaError: if the schema is nested deeper than Python goes.

    >>> schema = compile_schema({
    ...     "type": "object", "required": ["team", "note"], "additionalProperties": False,
    ...     "properties": {"team": {"enum": ["billing", "sales"]}, "note": {"type": "string"}}})
    >>> made = question(schema, {"team": "sales", "note": "now!"}, [("team",)])
    >>> made.schema.json["properties"], made.schema.json["required"]
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
        raise SchemaError("the schema is nested too deep", remedy="Make it flatter") from None


def _subschema(schema: Schema, places: Mapping[Path, SchemaNode]) -> dict[str, Any]:
    carrier = Carrier(root_of(schema.json).draft)
    made = outline(places, lambda path: carrier.inside(places[path], path[-1]))
    for path, place in places.items():
        if isinstance(path[-1], str) and path[-1] not in place.declared.required_keys:
            _leave_out(made, path)
    dialect = {"$schema": schema.json["$schema"]} if "$schema" in schema.json else {}
    definitions = {"$defs": carrier.definitions} if carrier.definitions else {}
    return {**dialect, "title": schema.name, **made, **definitions}


def _leave_out(made: dict[str, Any], path: Path) -> None:
    """Let the value at a path be left out."""
    for step in path[:-1]:
        made = made["properties"][str(step)]
    made["required"] = [key for key in made["required"] if key != path[-1]]
    if not made["required"]:
        del made["required"]  # draft 4 knows no empty list


# -- which places -------------------------------------------------------------------------------


class _DoubtfulValue(NamedTuple):
    """A value with something doubtful in it, or that is doubtful itself.

    ``around`` is the place of the container that holds it, and ``rank`` orders as the schema does.
    """

    path: Path
    value: Any
    place: SchemaNode
    around: SchemaNode
    rank: tuple[int, ...]


def places_of(root: SchemaNode, data: Any, doubtful: Iterable[Path]) -> dict[Path, SchemaNode]:
    """The places that must be asked for, in the order of the schema; none is inside of another.

    Beside each the place of the container around it, as far as what is kept narrows that down.
    """
    standing = {_standing(path, data) for path in doubtful}
    inside: dict[Path, set[str | int]] = {}
    for path in standing:
        for end, step in enumerate(path):
            inside.setdefault(path[:end], set()).add(step)
    found: list[_DoubtfulValue] = []
    todo = [_DoubtfulValue((), data, root, root, ())] if standing else []
    while todo:
        visit = todo.pop()
        steps = inside.get(visit.path, set())
        doubted = {step for step in steps if (*visit.path, step) in standing}
        if visit.path in standing or _is_at_stake(visit.place, visit.value, doubted):
            found.append(visit)
            continue
        around = _narrowed(visit.place, visit.value, doubted)
        for number, step in _in_order(visit, steps):
            value = visit.value[step] if leads(step, visit.value) else None
            place, path, rank = around.inside(step), (*visit.path, step), (*visit.rank, number)
            if place.cases:  # else nobody reads what stands there
                todo.append(_DoubtfulValue(path, value, place, around, rank))
    return {visit.path: visit.around for visit in sorted(found, key=lambda visit: visit.rank)}


def place_at(root: SchemaNode, data: Any, path: Path) -> SchemaNode:
    """The place at a path of an answer, as far as all that was written narrows it down."""
    place = _narrowed(root, data, ())
    for step in path:
        data = data[step] if leads(step, data) else None
        place = _narrowed(place.inside(step), data, ())
    return place


def _standing(path: Path, data: Any) -> Path:
    """A path as far as it leads; to a key that is missing, but not to an item that is."""
    for depth, step in enumerate(path):
        if not leads(step, data):
            is_missing = isinstance(data, dict) and isinstance(step, str)
            return path[: depth + is_missing]
        data = data[step]
    return path


def _in_order(visit: _DoubtfulValue, steps: Collection[str | int]) -> list[tuple[int, str | int]]:
    """Some keys of an object by the order of its schema, or indexes of a list."""
    if isinstance(visit.value, list):
        return [(step, step) for step in steps if isinstance(step, int)]
    keys = dict.fromkeys(
        [*visit.place.declared.keys, *visit.value, *map(str, sorted(map(str, steps)))]
    )
    return [(number, key) for number, key in enumerate(keys) if key in steps]


def _narrowed(
    place: SchemaNode, value: Any, doubted: Collection[str | int], *, by_tags: bool = False
) -> SchemaNode:
    """The place of a container, as far as what is not in doubt decides between its arms.

    ``by_tags``: only as far as values of few, such as discriminators, decide.
    """
    if len(place.cases) < 2 or not isinstance(value, (dict, list)):
        return place
    for step, inner in _pairs(value):
        text = _opener(inner)
        if inner is None and place.inside(step).declared.may_be_null:
            continue  # it was left out
        if by_tags and place.inside(step).declared.members is None:
            continue
        place = place.having(step) if isinstance(step, str) else place
        place = place.after(step, text) if text and step not in doubted else place
    return place


def _is_at_stake(place: SchemaNode, value: Any, doubted: Collection[str | int]) -> bool:
    """Whether what is in doubt in a container decides what else is in it."""
    around = _narrowed(place, value, doubted)
    tagged = _narrowed(place, value, doubted, by_tags=True)
    for step in doubted:
        if not leads(step, value):
            if place.inside(step).cases and not around.inside(step).cases:
                return True  # a key of another arm
            continue
        text = _opener(value[step])
        cases = [case for case in tagged.cases if tagged.of(case).inside(step).cases]
        members = {tagged.of(case).inside(step).declared.members for case in cases}
        if len(members) > 1 or not all(tagged.allows(case, step, text) for case in cases):
            return True
    return False


def _pairs(container: Any) -> Iterable[tuple[str | int, Any]]:
    return container.items() if isinstance(container, dict) else enumerate(container)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


def _opener(value: Any) -> bytes:
    """The JSON text of a scalar; of a container the first byte."""
    if isinstance(value, (dict, list)):
        return b"{" if isinstance(value, dict) else b"["
    return written(value)
