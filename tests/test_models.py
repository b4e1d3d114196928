"""What a Python type's validation accepts, and its JSON Schema, say the same of every feature."""

import json
import re
from collections.abc import Callable
from enum import Enum, Flag, IntFlag
from typing import Annotated, Any

import pytest
from features import (
    FEATURES,
    Bit,
    Box,
    Customer,
    Described,
    Invoice,
    Labels,
    Mixed,
    Overlap,
    Owner,
    Part,
    Person,
    Point,
    Right,
    Stars,
    Style,
    Tone,
)
from jsonschema import Draft202012Validator
from pydantic import (
    AfterValidator,
    AliasPath,
    BaseModel,
    Field,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
)

from fieldconf.paths import pointer
from fieldconf.schema.field_settings import ATTRIBUTES
from fieldconf.schema.pydantic_models import (
    MAX_COMBINATIONS,
    json_schema_of,
)

EACH = pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.id)


def schema_of(kind):
    return json_schema_of(TypeAdapter(kind))


def test_the_table():
    assert len({feature.id for feature in FEATURES}) == len(FEATURES) >= 35


@EACH
def test_the_schema_is_one(feature):
    schema = schema_of(feature.kind)
    Draft202012Validator.check_schema(schema)
    json.dumps(schema)


@EACH
def test_validation_and_schema_accept_the_same(feature):
    adapter = TypeAdapter(feature.kind)
    validator = Draft202012Validator(json_schema_of(adapter))
    assert adapter.validate_json(feature.text) == feature.value
    assert list(validator.iter_errors(json.loads(feature.text))) == []
    for text in feature.wrong:
        with pytest.raises(ValidationError):
            adapter.validate_json(text)
        assert not validator.is_valid(json.loads(text)), text


@EACH
def test_attributes_lead_to_what_stands_there(feature):
    schema, data = schema_of(feature.kind), json.loads(feature.text)
    for path, where in feature.attributes.items():
        assert where in _pointers(path, schema), path
        value = data
        for step in re.findall("/([^/]*)", where):
            value = value[int(step) if isinstance(value, list) else step]


# -- an oracle: attributes looked up in the JSON Schema ------------------------------------------


def _pointers(path, root):
    found = re.findall(r'\.?([^.\[\]]+)|\[(\d+)\]|\["(.*?)"\]', path)
    steps = [int(index) if index else name or key for name, index, key in found]
    found = [((), root)]
    for step in steps:
        found = [pair for where, node in found for pair in _one_step(where, node, step, root)]
    return {pointer(where) for where, _ in found}


def _one_step(where, node, step, root):
    for arm in _arms(node, root):
        if (way := arm.get(ATTRIBUTES, {}).get(step)) is not None:
            inner = [node]
            for key in way:
                inner = [child for one in inner for child in _inside(one, key, root)]
            yield from (((*where, *way), child) for child in inner)
        else:
            yield from (((*where, step), child) for child in _inside(arm, step, root))


def _inside(node, step, root):
    for arm in _arms(node, root):
        if isinstance(step, int):
            prefix = arm.get("prefixItems", [])
            yield prefix[step] if step < len(prefix) else arm.get("items", {})
        elif step in arm.get("properties", {}):
            yield arm["properties"][step]
        elif other := arm.get("additionalProperties", "properties" not in arm):
            yield {} if other is True else other


def _arms(node, root):
    """The parts of a schema, one by one: enough to find what stands there."""
    yield {word: value for word, value in node.items() if word != "$ref"}
    for part in [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]:
        yield from _arms(part, root)
    if "$ref" in node:
        target = root
        for step in node["$ref"].split("/")[1:]:
            target = target[step]
        yield from _arms(target, root)


# -- what the table does not show ---------------------------------------------------------------


def test_names_are_written_only_where_they_differ():
    assert ATTRIBUTES not in json.dumps(schema_of(Invoice))
    assert schema_of(Customer)[ATTRIBUTES] == {"email": ["emailAddress"]}
    assert schema_of(Point)[ATTRIBUTES] == {"x": [0], "y": [1]}
    assert schema_of(Labels)[ATTRIBUTES] == {"root": []}
    assert schema_of(Overlap)[ATTRIBUTES]["last"] == ["names", -1]


def test_the_shape_of_an_alias_path():
    schema = schema_of(Person)
    assert list(schema["properties"]) == ["names", "address", "phone"]
    assert schema["required"] == ["names", "phone"]
    assert schema["properties"]["names"] == {
        "type": "array",
        "prefixItems": [
            {"type": "string", "title": "First"},
            {},
            {"type": "string", "title": "Last"},
        ],
        "minItems": 3,
    }
    place = {
        "type": "object",
        "properties": {"city": {"type": "string", "title": "City", "default": "?"}},
    }
    assert schema["properties"]["address"] == {
        "type": "object",
        "properties": {"place": place, "code": {"type": "integer", "title": "Code", "default": 0}},
    }


def test_two_fields_may_have_one_name_and_path():
    class Model(BaseModel):
        names: str = Field(validation_alias=AliasPath("x", 0))
        other: int = Field(validation_alias="names")

    schema = schema_of(Model)
    assert schema["required"] == ["x", "names"]
    assert schema["properties"]["names"]["type"] == "integer"
    assert schema[ATTRIBUTES] == {"names": ["x", 0], "other": ["names"]}


def test_a_path_into_a_model():
    class Model(BaseModel):
        customer: Customer
        email: str = Field(validation_alias=AliasPath("customer", "emailAddress"))

    found = schema_of(Model)["properties"]["customer"]
    assert set(found) == {"$ref", "allOf"}
    assert found["allOf"][0]["required"] == ["emailAddress"]


def test_flags_are_all_their_combinations():
    assert schema_of(Right)["enum"] == [0, 1, 2, 3]
    assert schema_of(Style)["enum"] == [0, 1, 4, 5]
    six = schema_of(Flag("Six", [f"f{n}" for n in range(6)]))["enum"]
    assert six == list(range(MAX_COMBINATIONS))
    assert (schema_of(Bit)["minimum"], schema_of(Bit)["maximum"]) == (0, 127)
    assert "enum" not in schema_of(Bit)


@pytest.mark.parametrize("kind", [Right, Style, Bit])
def test_pydantic_accepts_every_combination(kind):
    schema = schema_of(kind)
    for number in schema.get("enum", range(128)):
        assert TypeAdapter(kind).validate_json(str(number)) == kind(number)


def test_members_that_json_cannot_write():
    assert schema_of(Mixed)["enum"] == ["text", 2, None]
    pairs = Enum("Pairs", {"A": (1, 2)})
    assert schema_of(pairs)["enum"] == [[1, 2]]  # nothing is accepted: pydantic's word stands

    class Read(Enum):
        A = (1, 2)

        @classmethod
        def _missing_(cls, value):
            return cls(tuple(value)) if isinstance(value, list) else None

    assert schema_of(Read)["enum"] == [[1, 2]]
    assert TypeAdapter(Read).validate_json("[1, 2]") is Read.A


def test_keys_of_dicts():
    assert schema_of(dict[int, str])["propertyNames"] == {"pattern": "^[+-]?[0-9]+$"}
    assert schema_of(dict[Stars, str])["propertyNames"] == {"enum": ["1", "2"]}
    assert schema_of(dict[Tone, str])["propertyNames"] == {"enum": ["warm", "cold"]}
    large = IntFlag("Large", [f"f{n}" for n in range(7)])
    assert schema_of(dict[large, str])["propertyNames"] == {"pattern": "^[+-]?[0-9]+$"}
    both = schema_of(tuple[Stars, dict[Stars, int]])
    assert both["prefixItems"][1]["propertyNames"] == {"enum": ["1", "2"]}


def test_order_and_descriptions_are_kept():
    schema = schema_of(Described)
    assert list(schema["properties"]) == ["zulu", "alpha", "mike"]
    assert schema["description"] == "Of what, when, how."
    assert schema["properties"]["zulu"]["description"] == "The last letter."
    assert schema_of(Customer)["properties"]["emailAddress"]["description"] == "Where to write to."


def test_what_init_does_not_take_is_not_asked_for():
    assert list(schema_of(Box)["properties"]) == ["label", "size", "scale"]


def test_arms_that_a_function_tells_apart_may_overlap():
    assert "oneOf" not in schema_of(Part)
    assert "oneOf" in schema_of(Owner)["properties"]["tagged"]


def test_what_json_cannot_say_is_no_news():
    class Model(BaseModel):
        either: int | Callable[[], int] = print
        anything: Any = object()

    assert schema_of(Model)["properties"]["either"]["type"] == "integer"


@pytest.mark.parametrize("kind", [Callable[[], int], object(), list["Unknown"]])  # noqa: F821
def test_errors_are_pydantics(kind):
    with pytest.raises((PydanticUserError, NameError)):
        schema_of(kind)


def test_validators_around_a_model_change_nothing():
    kind = Annotated[Person, AfterValidator(lambda person: person)]
    assert schema_of(kind)[ATTRIBUTES] == schema_of(Person)[ATTRIBUTES]
