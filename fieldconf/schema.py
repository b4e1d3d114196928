"""Schema: what was declared at each place of an answer, and whether an answer keeps to it.

In:    a pydantic model (or any type that pydantic understands), a JSON Schema as a dict, or None.
Out:   a ``Schema``: its JSON Schema, what is ``declared`` at a path, and a validation.
Never: a look at tokens or logprobs; a change to what was given.
Why:   a boolean's rivals are known only from its declaration.

``$ref``, ``anyOf`` / ``oneOf`` / ``allOf``, ``properties``, ``additionalProperties``, ``items``
and ``prefixItems`` are followed; what is declared by other means counts as anything.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeAlias, cast
from urllib.parse import unquote

import jsonschema
from jsonschema.exceptions import SchemaError as InvalidSchema
from jsonschema.exceptions import ValidationError as JSONSchemaError
from jsonschema.validators import validator_for
from jsonschema_specifications import REGISTRY
from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from referencing.exceptions import Unresolvable

from fieldconf.errors import SchemaError
from fieldconf.paths import Path, parse_pointer, pointer

Node: TypeAlias = dict[str, Any] | bool

MAX_MEMBERS = 256
"""Bounded integers with more members than this count as open."""

_MOST_KNOWN = 10_000
_CONSTRAINTS = {"pattern", "format"}
_KINDS = frozenset({"object", "array", "string", "number", "boolean", "null"})


@dataclass(frozen=True, slots=True)
class Declared:
    """What the schema says of one place.

    Attributes:
        kinds: the JSON kinds allowed ("integer" counts as "number").
        members: all values allowed, where they are few scalars; None for an open domain.
        constrained: whether a pattern or a format says how a string must look.
        required: whether the place must be present in its parent object; items always are.
    """

    kinds: frozenset[str] = _KINDS
    members: tuple[Any, ...] | None = None
    constrained: bool = False
    required: bool = True

    @property
    def nullable(self) -> bool:
        """Whether null is one of several kinds."""
        return "null" in self.kinds and len(self.kinds) > 1


@dataclass(frozen=True, slots=True)
class Invalid:
    """One way in which an answer breaks its schema: a JSON Pointer and what is wrong there."""

    pointer: str
    problem: str

    def __str__(self) -> str:
        return f"{self.pointer or '(whole)'}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema ready for use. Made by ``compile_schema``.

    Attributes:
        json: the JSON Schema; {} where none was given.
        type: the pydantic model or other Python type; None for a plain JSON Schema.
    """

    json: dict[str, Any] = field(default_factory=dict[str, Any])
    type: Any = None
    _adapter: TypeAdapter[Any] | None = None
    _by_index: bool = False  # whether items of one array may be declared differently
    _known: dict[Path, Declared] = field(default_factory=dict[Path, Declared], repr=False)

    @property
    def name(self) -> str:
        """A name for the schema: the type's, the title, or "answer"."""
        return getattr(self.type, "__name__", "") or self.json.get("title") or "answer"

    def declared(self, path: Path) -> Declared:
        """What is declared at a path; anything goes where nothing is."""
        key = path if self._by_index else tuple(0 if isinstance(s, int) else s for s in path)
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:  # answers may hold any number of free keys
                self._known.clear()
            self._known[key] = self._look_up(path)
        return self._known[key]

    def validate(self, text: bytes, data: Any) -> tuple[Any, tuple[Invalid, ...]]:
        """The validated value and no errors, or None and the errors.

        ``text`` is the answer's JSON text and ``data`` the same decoded.
        """
        if self._adapter is not None:
            return _validate_pydantic(self._adapter, text)
        errors = _validate_json_schema(self.json, data) if self.json else ()
        return (None if errors else data), errors

    def _look_up(self, path: Path) -> Declared:
        if not self.json:
            return Declared()
        arms: list[tuple[Node, bool]] = [(arm, True) for arm in _arms(self.json, self.json)]
        for step in path:
            arms = [
                (arm, needed)
                for node, _ in arms
                for child, needed in _children(node, step)
                for arm in _arms(child, self.json)
            ]
        return _declare([node for node, _ in arms], required=all(needed for _, needed in arms))


# -- compiling ----------------------------------------------------------------------------------


def compile_schema(schema: Any) -> Schema:
    """Make a ``Schema`` of a pydantic model or type, a JSON Schema dict, a ``Schema``, or None.

    Raises:
        SchemaError: if it is none of these, or a JSON Schema that is itself invalid.
    """
    if schema is None:
        return Schema()
    if isinstance(schema, Schema):
        return schema
    if isinstance(schema, dict):
        return _compile_dict(cast("dict[str, Any]", schema))
    if isinstance(schema, BaseModel):
        schema = cast("Any", type(schema))
    if inspect.isroutine(schema) or inspect.ismodule(schema):  # pydantic would call it
        raise SchemaError(
            f"{schema!r} is no schema", remedy="Give a pydantic model or a JSON Schema"
        )
    try:
        return _compile_type(schema)
    except TypeError:  # not hashable, or no type: the first is compiled anew each time
        return _compile_type.__wrapped__(schema)


@lru_cache(maxsize=256)
def _compile_type(kind: Any) -> Schema:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        return _ready(adapter.json_schema(), kind, adapter)
    except (PydanticUserError, TypeError, NameError, SyntaxError) as error:
        shown = str(error).splitlines()[0].split(". ")[0]
        raise SchemaError(
            f"{kind!r} is no schema ({shown})", remedy="Give a pydantic model or a JSON Schema"
        ) from None


def _compile_dict(schema: dict[str, Any]) -> Schema:
    try:
        validator_for(schema, default=jsonschema.Draft202012Validator).check_schema(schema)
    except InvalidSchema as error:
        where = pointer(error.absolute_path)
        raise SchemaError(
            f"not a JSON Schema: {error.message} (at {where or 'its root'})",
            remedy="Mend the schema",
        ) from None
    return _ready(schema)


def _ready(json_schema: dict[str, Any], kind: Any = None, adapter: Any = None) -> Schema:
    return Schema(json_schema, kind, adapter, _by_index="'prefixItems'" in repr(json_schema))


# -- walking ------------------------------------------------------------------------------------


def _arms(node: Node, root: dict[str, Any], seen: tuple[int, ...] = ()) -> Iterator[Node]:
    """The alternatives that a schema stands for, references and unions undone."""
    if not isinstance(node, dict) or id(node) in seen:
        yield node if not isinstance(node, dict) else True
        return
    seen = (*seen, id(node))
    if isinstance(reference := node.get("$ref"), str):
        yield from _arms(_resolve(reference, root), root, seen)
        return
    for word in ("anyOf", "oneOf"):
        if isinstance(union := node.get(word), list) and union:
            for arm in cast("list[Node]", union):
                yield from _arms(arm, root, seen)
            return
    conjunction = node.get("allOf")
    if isinstance(conjunction, list) and len(cast("list[Node]", conjunction)) == 1:
        yield from _arms(cast("list[Node]", conjunction)[0], root, seen)
        return
    yield node


def _resolve(reference: str, root: dict[str, Any]) -> Node:
    """A reference inside the document; anything goes behind one that leads elsewhere."""
    node: Any = root
    if not reference.startswith("#"):
        return True
    try:
        for step in parse_pointer(unquote(reference[1:])):
            node = node[int(step) if kind_of(node) == "array" else step]
    except (KeyError, IndexError, ValueError, TypeError):
        return True
    return node if kind_of(node) == "object" else True


def _children(node: Node, step: str | int) -> Iterator[tuple[Node, bool]]:
    """The schemas of a member or an item, and whether it is required; none in a scalar's schema."""
    if not isinstance(node, dict):
        yield True, False
    elif ("array" if isinstance(step, int) else "object") not in _kinds(node):
        return
    elif isinstance(step, int):
        yield _item(node, step), True
    elif step in (properties := cast("dict[str, Node]", node.get("properties") or {})):
        yield properties[step], step in (node.get("required") or ())
    else:
        yield node.get("additionalProperties", True), step in (node.get("required") or ())


def _item(node: dict[str, Any], index: int) -> Node:
    prefix = node.get("prefixItems")
    if isinstance(prefix, list) and index < len(cast("list[Node]", prefix)):
        return cast("list[Node]", prefix)[index]
    items = node.get("items", True)
    return items if kind_of(items) in ("object", "boolean") else True


# -- declaring ----------------------------------------------------------------------------------


def _declare(arms: Sequence[Node], *, required: bool) -> Declared:
    kinds: set[str] = set()
    members: list[Any] | None = []
    for arm in arms:
        found = _members(arm) if isinstance(arm, dict) else None
        kinds |= {kind_of(m) for m in found} if found is not None else _kinds(arm)
        if found is None:
            members = None
        elif members is not None:
            known = tuple(members)
            members += [m for m in found if not any(same(m, other) for other in known)]
    if not arms:
        return Declared(required=False)
    constrained = any(isinstance(arm, dict) and arm.keys() & _CONSTRAINTS for arm in arms)
    domain = None if members is None else tuple(members)
    return Declared(frozenset(kinds), domain, constrained, required)


def _kinds(arm: Node) -> frozenset[str]:
    declared = arm.get("type") if isinstance(arm, dict) else None
    names = [declared] if isinstance(declared, str) else declared
    if not names:
        return _KINDS
    return frozenset("number" if name == "integer" else name for name in names) & _KINDS


def _members(arm: dict[str, Any]) -> list[Any] | None:
    """All values of a schema with few scalar values, or None."""
    if "const" in arm:
        return _scalars([arm["const"]])
    if isinstance(arm.get("enum"), list):
        allowed = _kinds(arm)
        return _scalars([m for m in arm["enum"] if kind_of(m) in allowed])
    kind = arm.get("type")
    if isinstance(kind, list):
        parts = [_members({**arm, "type": name}) for name in cast("list[str]", kind)]
        return None if None in parts else [m for part in parts if part for m in part]
    if kind == "boolean":
        return [True, False]
    if kind == "null":
        return [None]
    return _range(arm) if kind == "integer" else None


def _scalars(values: list[Any]) -> list[Any] | None:
    return None if any(isinstance(v, (dict, list)) for v in values) else list(values)


def _range(arm: dict[str, Any]) -> list[Any] | None:
    low, high = arm.get("minimum"), arm.get("maximum")
    if isinstance(arm.get("exclusiveMinimum"), int):
        low = arm["exclusiveMinimum"] + 1
    if isinstance(arm.get("exclusiveMaximum"), int):
        high = arm["exclusiveMaximum"] - 1
    if not isinstance(low, int) or not isinstance(high, int) or high - low >= MAX_MEMBERS:
        return None
    step = arm.get("multipleOf", 1)
    return [n for n in range(low, high + 1) if not isinstance(step, int) or n % step == 0]


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


def same(one: Any, other: Any) -> bool:
    """Whether two scalars are the same JSON value: ``1`` is ``1.0``, but ``true`` is not ``1``.

    >>> same(1, 1.0), same(True, 1)
    (True, False)
    """
    return kind_of(one) == kind_of(other) and one == other


# -- validation ---------------------------------------------------------------------------------


def _validate_pydantic(adapter: TypeAdapter[Any], text: bytes) -> tuple[Any, tuple[Invalid, ...]]:
    try:
        return adapter.validate_json(text), ()
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return None, tuple(Invalid(pointer(e["loc"]), e["msg"]) for e in found)


def _validate_json_schema(schema: dict[str, Any], data: Any) -> tuple[Invalid, ...]:
    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    validator = kind(schema, registry=REGISTRY)  # the default one would fetch references
    try:
        errors: Iterator[JSONSchemaError] = validator.iter_errors(data)  # pyright: ignore[reportUnknownMemberType]  # untyped package
        return tuple(Invalid(pointer(e.absolute_path), e.message) for e in errors)
    except (Unresolvable, re.error, RecursionError) as error:
        return (Invalid("", f"the schema cannot be applied ({type(error).__name__}: {error})"),)
