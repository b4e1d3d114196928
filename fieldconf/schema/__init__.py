"""Schema: what was declared at each place of an answer, and whether an answer keeps to it.

In:    a pydantic model (or any type that pydantic understands), a JSON Schema as a dict, or None.
Out:   a ``Schema``: its JSON Schema, what is ``declared`` at a path, and a validation.
Never: a look at tokens or logprobs; a change to what was given.
Why:   a boolean's rivals are known only from its declaration.

``$ref``, ``anyOf`` / ``oneOf`` / ``allOf``, ``properties``, ``additionalProperties``, ``items``
and ``prefixItems`` are followed; what is declared by other means counts as anything.

One assumption: an object that declares ``properties`` and says nothing of other keys is taken to
have no others. JSON Schema would allow them; constrained decoders do not, and pydantic writes
schemas so.
"""

import inspect
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, cast
from urllib.parse import unquote

import jsonschema
from jsonschema.exceptions import SchemaError as InvalidSchema
from jsonschema.exceptions import ValidationError as JSONSchemaError
from jsonschema.validators import validator_for
from jsonschema_specifications import REGISTRY
from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from referencing.exceptions import Unresolvable

from fieldconf.errors import SchemaError
from fieldconf.feasible import Rule, exact, rule_of, size_of, step_of
from fieldconf.paths import Path, parse_pointer, pointer

Node: TypeAlias = dict[str, Any] | bool

MAX_MEMBERS = 1000
"""Bounded integers with more members than this count as open."""

_MOST_KNOWN = 10_000
_CONSTRAINTS = {"pattern", "format"}
_KINDS = frozenset({"object", "array", "string", "number", "boolean", "null"})
# Words by which an object schema says more of its keys than ``properties`` does.
_MORE_KEYS = {
    "additionalProperties", "unevaluatedProperties", "patternProperties", "allOf", "if",
    "dependentSchemas", "dependencies",
}  # fmt: skip


class Arm(NamedTuple):
    """One object schema of a union.

    Attributes:
        name: its title, else the last part of the reference to it, else "arm 0" and so on.
        keys: the keys it declares.
        closed: whether it has no other keys.
        consts: the keys that can have one scalar value only, and that value.
        required: the keys that it must have.
    """

    name: str
    keys: frozenset[str]
    closed: bool
    consts: Mapping[str, Any]
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Declared:
    """What the schema says of one place.

    Attributes:
        kinds: the JSON kinds allowed ("integer" counts as "number").
        members: all values allowed, where they are few scalars; None for an open domain.
        constrained: whether a pattern or a format says how a string must look.
        required: whether the place must be present in its parent object; items always are.
        keys: the keys that objects here may have, of all arms of a union, in declared order.
        required_keys: those that every object here must have.
        more_keys: whether other keys may stand here too.
        min_items: the fewest items of a list here.
        max_items: the most items of a list here; None if nothing says.
        arms: the object schemas of a union; none where there are fewer than two.
        rules: what is asked of scalars here, one rule an arm; none where nothing is.
    """

    kinds: frozenset[str] = _KINDS
    members: tuple[Any, ...] | None = None
    constrained: bool = False
    required: bool = True
    keys: tuple[str, ...] = ()
    required_keys: frozenset[str] = frozenset()
    more_keys: bool = True
    min_items: int = 0
    max_items: int | None = None
    arms: tuple[Arm, ...] = ()
    rules: tuple[Rule, ...] = field(default=(), repr=False)

    def allows(self, text: bytes, *, done: bool) -> bool:
        """Whether this beginning of a value's JSON text may still become an allowed one.

        Of objects and arrays only the first byte counts; ``done`` says that the value closed.
        """
        return not self.rules or any(rule.allows(text, done=done) for rule in self.rules)

    @property
    def is_anything(self) -> bool:
        """Whether no kind is excluded."""
        return self.kinds == _KINDS

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
        arms: list[tuple[_Arm, bool]] = [(arm, True) for arm in _arms(self.json, self.json)]
        for step in path:
            arms = [
                (arm, needed)
                for parent, _ in arms
                for child, needed in _children(parent.node, step)
                for arm in _arms(child, self.json)
            ]
        required = all(needed for _, needed in arms)
        return _declare([arm for arm, _ in arms], self.json, required=required)


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


class _Arm(NamedTuple):
    """One alternative that a schema stands for; the last part of the reference that led to it."""

    node: Node
    name: str = ""


def _arms(
    node: Node, root: dict[str, Any], seen: tuple[int, ...] = (), name: str = ""
) -> Iterator[_Arm]:
    """The alternatives that a schema stands for, references and unions undone."""
    if not isinstance(node, dict) or id(node) in seen:
        yield _Arm(node if not isinstance(node, dict) else True)
        return
    seen = (*seen, id(node))
    if isinstance(reference := node.get("$ref"), str):
        yield from _arms(_resolve(reference, root), root, seen, _last_part(reference))
        return
    for word in ("anyOf", "oneOf"):
        if isinstance(union := node.get(word), list) and union:
            for arm in cast("list[Node]", union):
                yield from _arms(arm, root, seen)
            return
    parts = _parts(node)
    if len(parts) == 1:
        yield from _arms(parts[0], root, seen, name)
        return
    yield _Arm(node, name)


def _parts(node: dict[str, Any]) -> list[Node]:
    conjunction = node.get("allOf")
    return cast("list[Node]", conjunction) if isinstance(conjunction, list) else []


def _last_part(reference: str) -> str:
    return unquote(reference.rpartition("/")[2])


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


def _declare(arms: Sequence[_Arm], root: dict[str, Any], *, required: bool) -> Declared:
    if not arms:
        return Declared(required=False)
    kinds: set[str] = set()
    members: list[Any] | None = []
    for node, _ in arms:
        found = _members(node) if isinstance(node, dict) else None
        kinds |= {kind_of(m) for m in found} if found is not None else _kinds(node)
        if found is None:
            members = None
        elif members is not None:
            known = tuple(members)
            members += [m for m in found if not any(same(m, other) for other in known)]
    objects = [arm for arm in arms if _may_be_object(arm.node)]
    fewest, most = _item_counts([arm.node for arm in arms if "array" in _kinds(arm.node)])
    return Declared(
        kinds=frozenset(kinds),
        members=None if members is None else tuple(members),
        constrained=any(isinstance(node, dict) and node.keys() & _CONSTRAINTS for node, _ in arms),
        required=required,
        keys=tuple(dict.fromkeys(key for arm in objects for key in _properties(arm.node))),
        required_keys=_needed_by_all([arm.node for arm in objects]),
        more_keys=not objects or not all(_is_closed(arm.node) for arm in objects),
        min_items=fewest,
        max_items=most,
        arms=_named(objects, root) if len(objects) > 1 else (),
        rules=tuple(_rule(node, root) for node, _ in arms),
    )


def _rule(node: Node, root: dict[str, Any], seen: tuple[int, ...] = ()) -> Rule:
    """What a schema asks of a scalar, the parts of its ``allOf`` included."""
    if not isinstance(node, dict):
        return Rule(_KINDS)
    seen = (*seen, id(node))  # a part may refer to the whole
    parts = (
        tuple(_rule(arm.node, root, seen) for arm in _arms(part, root, seen))
        for part in _parts(node)
    )
    return rule_of(node, _kinds(node), tuple(parts))


def _may_be_object(node: Node) -> bool:
    if not isinstance(node, dict):
        return True
    return "object" in _kinds(node) and _members(node) is None


def _properties(node: Node) -> dict[str, Node]:
    return cast("dict[str, Node]", node.get("properties") or {}) if isinstance(node, dict) else {}


def _is_closed(node: Node) -> bool:
    """Whether an object has the keys it declares and no others. See the assumption above."""
    if not isinstance(node, dict):
        return False
    if node.get("additionalProperties") is False:
        return not node.get("patternProperties")
    return "properties" in node and not node.keys() & _MORE_KEYS


def _needed_by_all(nodes: Sequence[Node]) -> frozenset[str]:
    needed = [frozenset(_list_of(node, "required")) for node in nodes]
    return frozenset[str].intersection(*needed) if needed else frozenset()


def _item_counts(nodes: Sequence[Node]) -> tuple[int, int | None]:
    """The fewest and the most items that any of some array schemas allows."""
    given = [node if isinstance(node, dict) else {} for node in nodes]
    fewest = min((size_of(node.get("minItems")) or 0 for node in given), default=0)
    most = [_most_items(node) for node in given]
    known = [count for count in most if count is not None]
    return fewest, max(known) if known and len(known) == len(most) else None


def _most_items(node: dict[str, Any]) -> int | None:
    count = size_of(node.get("maxItems"))
    if node.get("items") is not False:
        return count
    declared = len(cast("list[Node]", node.get("prefixItems") or []))
    return declared if count is None else min(count, declared)


def _named(objects: Sequence[_Arm], root: dict[str, Any]) -> tuple[Arm, ...]:
    made: list[Arm] = []
    for number, (node, name) in enumerate(objects):
        title = node.get("title") if isinstance(node, dict) else None
        shown = title if isinstance(title, str) and title else name or f"arm {number}"
        properties = _properties(node)
        consts = {key: value for key, child in properties.items() for value in _only(child, root)}
        needed = frozenset(_list_of(node, "required"))
        made.append(Arm(shown, frozenset(properties), _is_closed(node), consts, needed))
    return tuple(made)


def _list_of(node: Node, word: str) -> list[str]:
    found = node.get(word) if isinstance(node, dict) else None
    return cast("list[str]", found) if isinstance(found, list) else []


def _only(node: Node, root: dict[str, Any]) -> tuple[Any, ...]:
    """The value of a schema that allows one scalar only; nothing for others."""
    nodes = [arm.node for arm in _arms(node, root)]
    found = [_members(arm) if isinstance(arm, dict) else None for arm in nodes]
    members = found[0] if len(found) == 1 else None
    return tuple(members) if members is not None and len(members) == 1 else ()


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
    """All integers between the bounds, where they are few."""
    least, above = exact(arm.get("minimum")), exact(arm.get("exclusiveMinimum"))
    most, below = exact(arm.get("maximum")), exact(arm.get("exclusiveMaximum"))
    lows = [*([] if least is None else [math.ceil(least)]),
            *([] if above is None else [math.floor(above) + 1])]  # fmt: skip
    highs = [*([] if most is None else [math.floor(most)]),
             *([] if below is None else [math.ceil(below) - 1])]  # fmt: skip
    step = int(step_of(arm) or 1)
    if not lows or not highs or (min(highs) - max(lows)) // step >= MAX_MEMBERS:
        return None
    first = -(-max(lows) // step) * step
    return list(range(first, min(highs) + 1, step))


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
