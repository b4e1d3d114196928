"""Pydantic models: from a Python type to the JSON Schema of the answers that it accepts.

In:    any type for which pydantic can build a ``TypeAdapter``.
Out:   the adapter, and a JSON Schema (draft 2020-12) with the settings of fields and with the
       Python names of values where they differ from the keys.
Never: answers; an error of our own: pydantic's errors say best what it does not support.
Why:   pydantic's own JSON Schema has fields at other paths than validation reads them, and lacks
       or adds members of enums. A server must be asked for exactly what the model reads.

``x-fieldconf-attributes`` maps a Python name to the steps from its model. For
``first: str = Field(validation_alias=AliasPath("names", 0))`` it is ``{"first": ["names", 0]}``;
for a named tuple ``{"x": [0]}``; for a ``RootModel`` ``{"root": []}``. A name that is equal to its
key is left out.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Flag
from functools import reduce
from typing import Any, TypeAlias, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, SchemaValidator, core_schema, to_json

from fieldconf.paths import Path
from fieldconf.schema.field_settings import ATTRIBUTES, PYDANTIC

MAX_COMBINATIONS = 64
"""Flags with more combinations than this are declared as a range of integers."""

_MARK = "\0"  # begins the key of a field whose path has several steps, until it is moved there
_INTEGER_KEY = "^[+-]?[0-9]+$"

_Field: TypeAlias = dict[str, Any]
_S = TypeVar("_S")


def json_schema_of(
    adapter: TypeAdapter[Any], *, decimals_are_numbers: bool = False
) -> dict[str, Any]:
    """The JSON Schema of the texts that an adapter accepts.

    Args:
        adapter: of any type.
        decimals_are_numbers: whether a ``Decimal`` is declared as a number alone. Pydantic reads
            it from a text, too; nothing in its own schema tells that from ``float | str``.

    Raises:
        PydanticUserError: if there is no JSON Schema, for example for a callable.
    """
    generator = _WithNumbers if decimals_are_numbers else _Accepted
    return adapter.json_schema(by_alias=True, schema_generator=generator, mode="validation")


# -- pydantic's hooks ---------------------------------------------------------------------------


class _Accepted(GenerateJsonSchema):
    """Pydantic's generator, corrected where its schema differs from what validation accepts."""

    # Variants and defaults that are not JSON cannot be in an answer: no warning is needed.
    ignored_warning_kinds = {  # noqa: RUF012  # as pydantic declares it
        "skipped-choice",
        "non-serializable-default",
        "skipped-discriminator",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._configs: list[Mapping[str, Any]] = [{}]
        self._defined: dict[str, CoreSchema] = {}

    def definitions_schema(self, schema: core_schema.DefinitionsSchema) -> JsonSchemaValue:
        """Store the target of each reference, for the types of keys."""
        self._defined |= {target.get("ref", ""): target for target in schema["definitions"]}
        return super().definitions_schema(schema)

    # Objects

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Add the attribute of the root of a ``RootModel``."""
        with self._configured(schema):
            generated = super().model_schema(schema)
        if not schema.get("root_model"):
            return generated
        if PYDANTIC < (2, 9) and "$ref" in generated:  # it would lose keywords beside a reference
            generated["allOf"] = [{"$ref": generated.pop("$ref")}]
        return _with_attributes(generated, {"root": ()})

    def model_fields_schema(self, schema: core_schema.ModelFieldsSchema) -> JsonSchemaValue:
        """Put each field where validation reads it."""
        paths, fields = self._located(schema["fields"].items())
        generated = super().model_fields_schema(_with(schema, fields=dict(fields)))
        return _with_fields_moved(generated, paths)

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Put each field where validation reads it."""
        with self._configured(schema):
            paths, fields = self._located(schema["fields"].items())
            generated = super().typed_dict_schema(_with(schema, fields=dict(fields)))
        return _with_fields_moved(generated, paths)

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Apply the configuration of the dataclass: it says whether aliases are read."""
        with self._configured(schema):
            return super().dataclass_schema(schema)

    def dataclass_args_schema(self, schema: core_schema.DataclassArgsSchema) -> JsonSchemaValue:
        """Put each field where validation reads it; leave out fields without ``init``."""
        initialised = [field for field in schema["fields"] if field.get("init", True)]
        paths, fields = self._located((field["name"], field) for field in initialised)
        changed = _with(schema, fields=[field for _, field in fields])
        return _with_fields_moved(super().dataclass_args_schema(changed), paths)

    def named_tuple_schema(self, schema: Any) -> JsonSchemaValue:
        """Add the attributes of the items (since pydantic 2.14; see ``call_schema``)."""
        paths: dict[str, Path] = {f["name"]: (i,) for i, f in enumerate(schema["fields"])}
        return _with_attributes(super().named_tuple_schema(schema), paths)

    def call_schema(self, schema: core_schema.CallSchema) -> JsonSchemaValue:
        """Add the attributes of the items of a named tuple (before pydantic 2.14)."""
        names = getattr(schema["function"], "_fields", ())
        paths: dict[str, Path] = {name: (index,) for index, name in enumerate(names)}
        return _with_attributes(super().call_schema(schema), paths)

    def get_title_from_name(self, name: str) -> str:
        """Use the Python name of a field also for a key with the mark."""
        return super().get_title_from_name(name.removeprefix(_MARK))

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Declare the keys: all must match a pattern if there is one, and may be integers."""
        generated = super().dict_schema(schema)
        if "patternProperties" in generated:
            generated.setdefault("additionalProperties", False)
        names = self._keys(schema.get("keys_schema"))
        return {**generated, "propertyNames": names} if names else generated

    # Members

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        """List the combinations of flags, and only members that have a JSON text."""
        generated = super().enum_schema(schema)
        masks = _masks(schema)
        if not masks:
            return _with_json_members(generated, schema)
        others = {word: value for word, value in generated.items() if word != "enum"}
        if 2 ** len(masks) > MAX_COMBINATIONS:
            return {**others, "type": "integer", "minimum": 0, "maximum": reduce(int.__or__, masks)}
        values = {0}
        for mask in masks:
            values |= {mask | value for value in values}
        return {**others, "type": "integer", "enum": sorted(values)}

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        """List only members that have a JSON text."""
        return _with_json_members(super().literal_schema(schema), schema)

    # Unions

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Use ``anyOf`` if the discriminator is a function: variants may allow the same text."""
        generated = super().tagged_union_schema(schema)
        if callable(schema["discriminator"]) and "oneOf" in generated:
            generated["anyOf"] = generated.pop("oneOf")
        return generated

    # Helpers

    @contextmanager
    def _configured(self, schema: Any) -> Generator[None]:
        """Apply the configuration of a class; without one, that of the class around it stays."""
        self._configs.append(schema.get("config", self._configs[-1]))
        try:
            yield
        finally:
            self._configs.pop()

    def _located(
        self, fields: Iterable[tuple[str, Any]]
    ) -> tuple[dict[str, Path], list[tuple[str, _Field]]]:
        """The path where each field is read; the fields with one key each, for pydantic."""
        by_alias = self._configs[-1].get("validate_by_alias", True) is not False
        paths: dict[str, Path] = {}
        with_keys: list[tuple[str, _Field]] = []
        for name, definition in fields:
            alias = definition.get("validation_alias") if by_alias else None
            paths[name] = path = _path_of(alias, name)
            key = str(path[0]) if len(path) == 1 else _MARK + name
            with_keys.append((name, {**definition, "validation_alias": key}))
        return paths, with_keys

    def _keys(self, keys: CoreSchema | None) -> JsonSchemaValue | None:
        """The schema of the keys of an object, where pydantic has one for integers."""
        while keys is not None and keys["type"] == "definition-ref":
            keys = self._defined.get(keys["schema_ref"])
        if keys is None:
            return None
        if keys["type"] == "int":
            return {"pattern": _INTEGER_KEY}
        if keys["type"] == "enum" and keys.get("sub_type") in ("int", "str"):
            members = self.enum_schema(keys).get("enum")
            return {"enum": [*map(str, members)]} if members else {"pattern": _INTEGER_KEY}
        return None


def _with(schema: _S, **changes: Any) -> _S:
    return cast("_S", {**cast("dict[str, Any]", schema), **changes})


class _WithNumbers(_Accepted):
    """The same with a ``Decimal`` as a number."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A number, whatever else is read as one."""
        del schema
        return {"type": "number"}


# -- attributes ---------------------------------------------------------------------------------


def _with_attributes(schema: JsonSchemaValue, paths: Mapping[str, Path]) -> JsonSchemaValue:
    """The schema with the paths of attributes whose names are not their keys."""
    renamed = {name: list(path) for name, path in paths.items() if path != (name,)}
    return {**schema, ATTRIBUTES: {**schema.get(ATTRIBUTES, {}), **renamed}} if renamed else schema


def _path_of(alias: Any, name: str) -> Path:
    """The path that validation reads; if there are several, a single key, else the first."""
    if not isinstance(alias, list) or not alias:
        return (alias,) if isinstance(alias, str) else (name,)
    choices = cast("list[Any]", alias)
    paths = [tuple(path) for path in choices] if isinstance(choices[0], list) else [tuple(choices)]
    return next((path for path in paths if len(path) == 1), paths[0])


# -- fields with a path of several steps --------------------------------------------------------


@dataclass(slots=True)
class _ModelNode:
    """A node of the schema of a model: its own schemas, and the nodes inside of it."""

    own: list[JsonSchemaValue] = field(default_factory=list[JsonSchemaValue])
    is_required: bool = False
    inside: "dict[str | int, _ModelNode]" = field(default_factory=dict[str | int, "_ModelNode"])

    def put(self, path: Path, schema: JsonSchemaValue, *, is_required: bool) -> None:
        if not path:
            self.own.append(schema)
        else:
            inner = self.inside.setdefault(path[0], _ModelNode())
            inner.put(path[1:], schema, is_required=is_required)
        self.is_required = self.is_required or is_required

    @property
    def schema(self) -> JsonSchemaValue:
        """All schemas of this node as one: the first, with the others in its ``allOf``."""
        keys = {step: node for step, node in self.inside.items() if isinstance(step, str)}
        items = {step: node for step, node in self.inside.items() if isinstance(step, int)}
        first, *others = [
            *self.own, *([_object(keys)] if keys else []), *([_array(items)] if items else []),
        ]  # fmt: skip
        return {**first, "allOf": [*first.get("allOf", ()), *others]} if others else first


def _with_fields_moved(schema: JsonSchemaValue, paths: Mapping[str, Path]) -> JsonSchemaValue:
    """The schema of an object with its fields where validation reads them."""
    properties = schema.get("properties", {})
    present = {
        name: path for name, path in paths.items()
        if (path[0] if len(path) == 1 else _MARK + name) in properties
    }  # fmt: skip
    if all(len(path) == 1 for path in present.values()):
        return _with_attributes(schema, present)
    root = _ModelNode()
    path_of_key = {_MARK + name: path for name, path in present.items()}
    for key, inner in properties.items():
        is_required = key in schema.get("required", ())
        root.put(path_of_key.get(key, (key,)), inner, is_required=is_required)
    others = {word: v for word, v in schema.items() if word not in ("properties", "required")}
    return _with_attributes({**others, **root.schema}, present)


def _object(keys: "dict[str, _ModelNode]") -> JsonSchemaValue:
    properties = {key: node.schema for key, node in keys.items()}
    schema: JsonSchemaValue = {"type": "object", "properties": properties}
    required = [key for key, node in keys.items() if node.is_required]
    return {**schema, "required": required} if required else schema


def _array(items: "dict[int, _ModelNode]") -> JsonSchemaValue:
    """A list with schemas for some items; an item counted from the end only sets the length."""
    declared = {index: node.schema for index, node in items.items() if index >= 0}
    schema: JsonSchemaValue = {"type": "array"}
    if declared:
        schema["prefixItems"] = [declared.get(index, {}) for index in range(max(declared) + 1)]
    required = [index for index, node in items.items() if node.is_required]
    lengths = [index + 1 if index >= 0 else -index for index in required]
    return {**schema, "minItems": max(lengths)} if lengths else schema


# -- members ------------------------------------------------------------------------------------


def _masks(schema: core_schema.EnumSchema) -> list[int]:
    """The numbers of which a flag's values are combinations; none for other enums."""
    if not issubclass(schema["cls"], Flag):
        return []
    masks: list[int] = []
    for value in sorted({member.value for member in schema["members"]}):
        if reduce(int.__or__, (mask for mask in masks if mask & value == mask), 0) != value:
            masks.append(value)
    return masks


def _with_json_members(generated: JsonSchemaValue, schema: Any) -> JsonSchemaValue:
    """The schema without members that no JSON text means; if that is all of them, unchanged.

    For example, a tuple or a date is never equal to a JSON value, unless the enum has a
    ``_missing_`` method.
    """
    texts = generated.get("enum")
    if not texts:
        return generated
    plain = {word: value for word, value in schema.items() if word not in ("metadata", "ref")}
    validator = SchemaValidator(cast("CoreSchema", plain))

    def means(text: Any, member: Any) -> bool:
        try:
            return validator.validate_json(to_json(text)) == member
        except ValidationError:
            return False

    members = schema.get("members", schema.get("expected"))
    pairs = zip(texts, members, strict=True)
    accepted = [text for text, member in pairs if means(text, member)]
    return {**generated, "enum": accepted} if accepted else generated
