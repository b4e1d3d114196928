"""Models: from a Python type to the JSON Schema of what its validation accepts.

In:    anything that pydantic makes a ``TypeAdapter`` of.
Out:   the adapter, and a JSON Schema in draft 2020-12 with the settings of fields and, where they
       differ from the keys, the Python names of what stands there.
Never: a look at answers; an error of our own: pydantic says best what it cannot do.
Why:   pydantic's own schema names fields that validation reads elsewhere, and leaves out, or adds,
       members of enums. What a server is asked to write must be what the model reads.

``x-fieldconf-attributes`` maps a Python name to steps from where it stands, so of
``first: str = Field(validation_alias=AliasPath("names", 0))`` it is ``{"first": ["names", 0]}``; of
a named tuple ``{"x": [0]}``; of a ``RootModel`` ``{"root": []}``. Equal names are left out.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Flag
from typing import Any, TypeAlias, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, SchemaValidator, core_schema, to_json

from fieldconf.paths import Path
from fieldconf.schema.field_settings import ATTRIBUTES, PYDANTIC

MAX_COMBINATIONS = 64
"""Flags with more combinations than this are declared as a range of integers."""

_MARK = "\0"  # begins the key of a field that is not where pydantic would declare it
_INTEGER_KEY = "^[+-]?[0-9]+$"

_Field: TypeAlias = dict[str, Any]
_S = TypeVar("_S")


def adapter_of(kind: Any) -> TypeAdapter[Any]:
    """Pydantic's validation of a type; its errors are let through."""
    return TypeAdapter(kind)


def json_schema_of(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """The JSON Schema of the texts that an adapter accepts.

    Raises:
        PydanticUserError: if pydantic knows none, as of a callable.
    """
    return adapter.json_schema(by_alias=True, schema_generator=_Accepted, mode="validation")


# -- pydantic's hooks ---------------------------------------------------------------------------


class _Accepted(GenerateJsonSchema):
    """Pydantic's generator, mended where validation accepts something else than it says."""

    # What cannot be JSON (an arm of a union, a default) cannot be in an answer: no news.
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
        """Remember what stands behind each reference: keys of dicts are looked up."""
        self._defined |= {one.get("ref", ""): one for one in schema["definitions"]}
        return super().definitions_schema(schema)

    # Objects

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Name the root of a ``RootModel``."""
        with self._configured(schema):
            made = super().model_schema(schema)
        return _noted(_apart(made), {"root": ()}) if schema.get("root_model") else made

    def model_fields_schema(self, schema: core_schema.ModelFieldsSchema) -> JsonSchemaValue:
        """Put each field where validation reads it."""
        steps, moved = self._moved(schema["fields"].items())
        made = super().model_fields_schema(_with(schema, fields=dict(moved)))
        return _settled(made, steps)

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        """Put each field where validation reads it."""
        with self._configured(schema):
            steps, moved = self._moved(schema["fields"].items())
            made = super().typed_dict_schema(_with(schema, fields=dict(moved)))
        return _settled(made, steps)

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Its configuration says whether aliases count."""
        with self._configured(schema):
            return super().dataclass_schema(schema)

    def dataclass_args_schema(self, schema: core_schema.DataclassArgsSchema) -> JsonSchemaValue:
        """Put each field where validation reads it; those that ``init`` takes not are left out."""
        taken = [one for one in schema["fields"] if one.get("init", True)]
        steps, moved = self._moved((one["name"], one) for one in taken)
        made = super().dataclass_args_schema(_with(schema, fields=[one for _, one in moved]))
        return _settled(made, steps)

    def named_tuple_schema(self, schema: Any) -> JsonSchemaValue:
        """Name the items (of pydantic 2.14; see ``call_schema``)."""
        made = super().named_tuple_schema(schema)
        names = [one["name"] for one in schema["fields"]]
        return _noted(made, {name: (index,) for index, name in enumerate(names)})

    def call_schema(self, schema: core_schema.CallSchema) -> JsonSchemaValue:
        """Name the items of a named tuple, as pydantic had them before 2.14."""
        made = super().call_schema(schema)
        names = getattr(schema["function"], "_fields", ())
        return _noted(made, {name: (index,) for index, name in enumerate(names)})

    def get_title_from_name(self, name: str) -> str:
        """Of a field that is put elsewhere, the title is its Python name's."""
        return super().get_title_from_name(name.removeprefix(_MARK))

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Keys are strings, integers too, and where they have a pattern, all of them."""
        made = super().dict_schema(schema)
        if "patternProperties" in made:
            made.setdefault("additionalProperties", False)
        names = self._keys(schema.get("keys_schema"))
        return {**made, "propertyNames": names} if names else made

    # Members

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        """List the combinations of flags, and only members that JSON can name."""
        made = super().enum_schema(schema)
        masks = _masks(schema)
        if not masks:
            return _with_members(made, schema)
        kept = {word: value for word, value in made.items() if word != "enum"}
        if 2 ** len(masks) > MAX_COMBINATIONS:
            return {**kept, "type": "integer", "minimum": 0, "maximum": _all_of(masks)}
        return {**kept, "type": "integer", "enum": _combined(masks)}

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        """List only members that JSON can name."""
        return _with_members(super().literal_schema(schema), schema)

    # Unions

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Where a function tells the arms apart, several may allow the same text."""
        made = super().tagged_union_schema(schema)
        if callable(schema["discriminator"]) and "oneOf" in made:
            made["anyOf"] = made.pop("oneOf")
        return made

    # What they share

    @contextmanager
    def _configured(self, schema: Any) -> Generator[None]:
        """Under the configuration of a class; one without has that of the class around it."""
        self._configs.append(schema.get("config", self._configs[-1]))
        try:
            yield
        finally:
            self._configs.pop()

    def _moved(
        self, fields: Iterable[tuple[str, Any]]
    ) -> tuple[dict[str, Path], list[tuple[str, _Field]]]:
        """Where each field is read, and the fields as pydantic declares them beside each other."""
        by_alias = self._configs[-1].get("validate_by_alias", True) is not False
        steps: dict[str, Path] = {}
        moved: list[tuple[str, _Field]] = []
        for name, one in fields:
            alias = one.get("validation_alias") if by_alias else None
            steps[name] = path = _path_of(alias, name)
            key = str(path[0]) if len(path) == 1 else _MARK + name
            moved.append((name, {**one, "validation_alias": key}))
        return steps, moved

    def _keys(self, keys: CoreSchema | None) -> JsonSchemaValue | None:
        """What the keys of an object may be, where pydantic would say it of integers."""
        while keys is not None and keys["type"] == "definition-ref":
            keys = self._defined.get(keys["schema_ref"])
        if keys is None:
            return None
        if keys["type"] == "int":
            return {"pattern": _INTEGER_KEY}
        if keys["type"] == "enum" and keys.get("sub_type") in ("int", "str"):
            members = self.enum_schema(keys).get("enum")
            return {"enum": [str(one) for one in members]} if members else {"pattern": _INTEGER_KEY}
        return None


def _with(schema: _S, **changes: Any) -> _S:
    return cast("_S", {**cast("dict[str, Any]", schema), **changes})


# -- attributes ---------------------------------------------------------------------------------


def _noted(made: JsonSchemaValue, steps: Mapping[str, Path]) -> JsonSchemaValue:
    """The schema with the attributes whose names are not their keys."""
    told = {name: list(path) for name, path in steps.items() if path != (name,)}
    return {**made, ATTRIBUTES: {**made.get(ATTRIBUTES, {}), **told}} if told else made


def _apart(made: JsonSchemaValue) -> JsonSchemaValue:
    """The schema with a reference where pydantic keeps what stands beside: before 2.9 in a list."""
    if PYDANTIC >= (2, 9) or "$ref" not in made:
        return made
    others = {word: value for word, value in made.items() if word != "$ref"}
    return {**others, "allOf": [{"$ref": made["$ref"]}]}


def _path_of(alias: Any, name: str) -> Path:
    """Where validation looks first; of several ways a plain key counts most, as pydantic has it."""
    if not isinstance(alias, list) or not alias:
        return (alias,) if isinstance(alias, str) else (name,)
    ways = cast("list[Any]", alias)
    paths = [tuple(way) for way in ways] if isinstance(ways[0], list) else [tuple(ways)]
    return next((path for path in paths if len(path) == 1), paths[0])


# -- fields that are read from deeper -----------------------------------------------------------


@dataclass(slots=True)
class _ModelPlace:
    """A place in an object schema: what is declared of it, and what stands inside."""

    own: list[JsonSchemaValue] = field(default_factory=list[JsonSchemaValue])
    needed: bool = False
    inside: "dict[str | int, _ModelPlace]" = field(default_factory=dict[str | int, "_ModelPlace"])

    def put(self, path: Path, schema: JsonSchemaValue, *, needed: bool) -> None:
        if not path:
            self.own.append(schema)
        else:
            self.inside.setdefault(path[0], _ModelPlace()).put(path[1:], schema, needed=needed)
        self.needed = self.needed or needed

    @property
    def schema(self) -> JsonSchemaValue:
        """All that is declared here; the first of several parts has the word."""
        first, *others = self.own + self._containers()
        parts = [*first.get("allOf", ()), *others]
        return {**first, "allOf": parts} if others else first

    def _containers(self) -> list[JsonSchemaValue]:
        keys = {step: one for step, one in self.inside.items() if isinstance(step, str)}
        items = {step: one for step, one in self.inside.items() if isinstance(step, int)}
        return [*([_object(keys)] if keys else []), *([_array(items)] if items else [])]


def _settled(made: JsonSchemaValue, steps: Mapping[str, Path]) -> JsonSchemaValue:
    """An object schema whose fields are where validation reads them."""
    properties = made.get("properties", {})
    present = {name: path for name, path in steps.items() if _key(name, path) in properties}
    if all(len(path) == 1 for path in present.values()):
        return _noted(made, present)
    whole = _ModelPlace()
    far = {_MARK + name: path for name, path in present.items()}
    for key, schema in properties.items():
        whole.put(far.get(key, (key,)), schema, needed=key in made.get("required", ()))
    kept = {word: value for word, value in made.items() if word not in ("properties", "required")}
    return _noted({**kept, **whole.schema}, present)


def _key(name: str, path: Path) -> str | int:
    return path[0] if len(path) == 1 else _MARK + name


def _object(keys: "dict[str, _ModelPlace]") -> JsonSchemaValue:
    made: JsonSchemaValue = {
        "type": "object",
        "properties": {key: one.schema for key, one in keys.items()},
    }
    needed = [key for key, one in keys.items() if one.needed]
    return {**made, "required": needed} if needed else made


def _array(items: "dict[int, _ModelPlace]") -> JsonSchemaValue:
    """A list with some of its items declared; one counted from the end can only be asked to be."""
    declared = {index: one.schema for index, one in items.items() if index >= 0}
    made: JsonSchemaValue = {"type": "array"}
    if declared:
        made["prefixItems"] = [declared.get(index, {}) for index in range(max(declared) + 1)]
    fewest = [index + 1 if index >= 0 else -index for index, one in items.items() if one.needed]
    return {**made, "minItems": max(fewest)} if fewest else made


# -- members ------------------------------------------------------------------------------------


def _masks(schema: core_schema.EnumSchema) -> list[int]:
    """The numbers of which a flag's values are combinations; none of other enums."""
    if not issubclass(schema["cls"], Flag):
        return []
    found: list[int] = []
    for value in sorted({one.value for one in schema["members"]}):
        if _all_of(mask for mask in found if mask & value == mask) != value:
            found.append(value)
    return found


def _all_of(masks: Iterable[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole


def _combined(masks: Iterable[int]) -> list[int]:
    found = {0}
    for mask in masks:
        found |= {mask | other for other in found}
    return sorted(found)


def _with_members(made: JsonSchemaValue, schema: Any) -> JsonSchemaValue:
    """Without the members that no JSON text means; if there were none left, all as they are.

    A tuple or a date is never equal to what JSON can write, unless the enum has a ``_missing_``.
    """
    members = made.get("enum")
    if not members:
        return made
    plain = {word: value for word, value in schema.items() if word not in ("metadata", "ref")}
    validator = SchemaValidator(cast("CoreSchema", plain))
    meant = schema.get("members", schema.get("expected"))
    pairs = zip(members, meant, strict=True)
    accepted = [member for member, one in pairs if _means(validator, member, one)]
    return {**made, "enum": accepted} if accepted else made


def _means(validator: SchemaValidator, member: Any, meant: Any) -> bool:
    """Whether the JSON text of a member is read as that member."""
    try:
        return validator.validate_json(to_json(member)) == meant
    except ValidationError:
        return False
