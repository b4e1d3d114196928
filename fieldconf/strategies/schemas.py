"""Schemas: JSON Schemas like those that people and pydantic write.

In:    the depth and the size.
Out:   a strategy of JSON Schemas with an object at the root, all of which have instances.
Never: a schema without valid values; a keyword that ``instances`` cannot draw values for.
Why:   a pipeline that takes any schema is tested with any schema.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Json: TypeAlias = dict[str, Any]

KEYS = (
    "id", "name", "team", "urgent", "score", "price", "items", "when", "note", "kind",
    "née", "a/b", "with space",
)  # fmt: skip
LABELS = ("billing", "bill", "sales", "Straße", "日本", 'say "hi"', "", "no", "yes", "n/a")
PATTERNS = ("^[A-Z]{2}-[0-9]{1,4}$", "^[a-z]+$", "^(low|high)$", "[0-9]")
FORMATS = ("date", "time", "date-time", "email", "uuid", "uri", "ipv4", "ipv6", "duration")
_NOTES = ("", "One of ours.", "When it happened, if at all.")


@dataclass
class _Room:
    """How many leaves may still be drawn, and the definitions so far."""

    draw: DrawFn
    leaves: int
    definitions: dict[str, Json] = field(default_factory=dict[str, Json])


@st.composite
def _schemas(draw: DrawFn, max_depth: int, max_leaves: int) -> Json:
    room = _Room(draw, max_leaves)
    schema = _object(room, max_depth)
    if room.definitions:
        schema["$defs"] = room.definitions
    return schema


def schemas(*, max_depth: int = 3, max_leaves: int = 8) -> SearchStrategy[Json]:
    """JSON Schemas (2020-12) with an object at the root. They shrink to one boolean.

    They hold booleans, enums, constants, integers and numbers with and without bounds, strings with
    lengths, patterns and formats, what may be null or left out, lists, objects, ``$defs`` and
    ``$ref`` (also to themselves), unions with a discriminator, titles and descriptions.

    Args:
        max_depth: how deep objects and lists nest; 1 for one flat object.
        max_leaves: about how many scalars the schema declares.

    >>> from hypothesis import given
    >>> @given(schemas(max_depth=1))
    ... def test(schema):
    ...     assert schema["type"] == "object" and schema["properties"]
    >>> test()
    """
    return _schemas(max(1, max_depth), max(1, max_leaves))


# -- nodes ----------------------------------------------------------------------------------------


def _node(room: _Room, depth: int) -> Json:
    """One schema of at most so many levels of objects and lists."""
    if depth > 0 and room.leaves > 1:
        kind = room.draw(st.sampled_from(["leaf", "leaf", "leaf", *_NESTED]))
    else:
        kind = "leaf"
    return _leaf(room) if kind == "leaf" else _NESTED[kind](room, depth)


def _leaf(room: _Room) -> Json:
    room.leaves -= 1
    schema = room.draw(_LEAVES)
    if room.draw(_SELDOM):
        schema = {"anyOf": [schema, {"type": "null"}]}
    note = room.draw(st.sampled_from(_NOTES))
    return {**schema, "description": note} if note else schema


def _object(room: _Room, depth: int) -> Json:
    names = room.draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True))
    properties: Json = {}
    for name in names:
        if not properties or room.leaves > 0:
            properties[name] = _node(room, depth - 1)
    most = len(properties) if room.draw(_SELDOM) else 0
    left_out = room.draw(st.sets(st.sampled_from([*properties]), max_size=most))
    schema: Json = {"type": "object", "properties": properties}
    schema["required"] = [name for name in properties if name not in left_out]
    if room.draw(_SELDOM):
        schema["title"] = room.draw(st.sampled_from(["Ticket", "Order"]))
    if room.draw(st.booleans()):
        schema["additionalProperties"] = False
    return schema


def _list(room: _Room, depth: int) -> Json:
    schema: Json = {"type": "array", "items": _node(room, depth - 1)}
    least = room.draw(st.integers(0, 2))
    if least:
        schema["minItems"] = least
    if room.draw(_SELDOM):
        schema["maxItems"] = least + room.draw(st.integers(0, 2))
    return schema


def _reference(room: _Room, depth: int) -> Json:
    """One more use of a definition, or a new one."""
    names = [*room.definitions]
    if names and room.draw(st.booleans()):
        return {"$ref": f"#/$defs/{room.draw(st.sampled_from(names))}"}
    schema = _node(room, depth - 1) if room.draw(st.booleans()) else _object(room, depth)
    name = f"Part{len(room.definitions)}"
    room.definitions[name] = schema
    return {"$ref": f"#/$defs/{name}"}


def _tree(room: _Room, _: int) -> Json:
    """A definition that refers to itself."""
    name = f"Node{len(room.definitions)}"
    to_itself = {"$ref": f"#/$defs/{name}"}
    label = _leaf(room)
    room.definitions[name] = {
        "type": "object",
        "properties": {"label": label, "parts": {"type": "array", "items": to_itself}},
        "required": ["label"],
    }
    return to_itself


def _union(room: _Room, depth: int) -> Json:
    """Objects told apart by a constant, as pydantic writes them."""
    variants: list[Json] = []
    for label in ("card", "cash"):
        inner = _object(room, depth - 1)
        properties = {"type": {"const": label, "type": "string"}} | inner["properties"]
        variants.append(
            {**inner, "properties": properties, "required": ["type", *inner["required"]]}
        )
    return {"oneOf": variants, "discriminator": {"propertyName": "type"}}


_NESTED: Mapping[str, Callable[[_Room, int], Json]] = {
    "list": _list, "object": _object, "reference": _reference, "union": _union, "tree": _tree,
}  # fmt: skip


# -- leaves ---------------------------------------------------------------------------------------

_SELDOM = st.integers(0, 3).map(lambda n: n == 3)


@st.composite
def _bounded(draw: DrawFn) -> Json:
    low = draw(st.integers(-10, 10))
    bound = draw(st.sampled_from(["maximum", "exclusiveMaximum"]))
    high = low + draw(st.integers(1, 2000))
    schema: Json = {"type": "integer", "minimum": low, bound: high}
    step = draw(st.sampled_from([1, 1, 5]))
    return {**schema, "multipleOf": step} if step > 1 and high - low > step else schema


@st.composite
def _sized(draw: DrawFn) -> Json:
    least = draw(st.integers(0, 5))
    return {"type": "string", "minLength": least, "maxLength": least + draw(st.integers(0, 60))}


_LABELS = st.lists(st.sampled_from(LABELS), min_size=2, max_size=5, unique=True)
_LEAVES: SearchStrategy[Json] = st.one_of(
    st.just({"type": "boolean"}),
    _LABELS.map(lambda labels: {"type": "string", "enum": labels}),
    st.just({"type": "integer"}),
    st.integers(1, 9).map(lambda high: {"type": "integer", "minimum": 1, "maximum": 1 + high}),
    st.just({"type": "string"}),
    st.just({"type": "number"}),
    _bounded(),
    st.integers(0, 5).map(lambda low: {"type": "number", "minimum": low, "exclusiveMaximum": 99}),
    _sized(),
    st.sampled_from(PATTERNS).map(lambda pattern: {"type": "string", "pattern": pattern}),
    st.sampled_from(FORMATS).map(lambda name: {"type": "string", "format": name}),
    st.sampled_from(["billing", 7, True, None]).map(lambda value: {"const": value}),
    st.just({"enum": ["low", 1, 1.5, None, False]}),
    st.just({"type": ["string", "null"]}),
)
