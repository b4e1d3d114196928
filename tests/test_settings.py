"""Settings of a field: how they are declared, where they are found, and what is wrong with them."""

import dataclasses
import json
from copy import deepcopy
from enum import Enum
from typing import Annotated, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, RootModel, TypeAdapter
from referencing.jsonschema import DRAFT4, DRAFT7
from typing_extensions import TypeAliasType, TypedDict

from fieldconf.errors import SchemaError
from fieldconf.schema import compile_schema
from fieldconf.schema.field_settings import (
    ATTRIBUTES,
    CONF,
    FieldConfig,
    check_settings,
    conf_of,
    without_settings,
)
from fieldconf.schema.pydantic_models import json_schema_of

SURE = FieldConfig(accept=0.9)
SET = {"accept": 0.9}


class Team(Enum):
    BILLING = "billing"
    SALES = "sales"


class Inner(BaseModel):
    sure: Annotated[bool, SURE]


class Words(TypedDict):
    sure: Annotated[bool, SURE]


@dataclasses.dataclass
class Data:
    sure: Annotated[bool, SURE] = True


Sure = TypeAliasType("Sure", Annotated[bool, SURE])
Nested = TypeAliasType("Nested", Annotated["dict[str, Nested] | int", SURE])


def schema_of(kind):
    """The schema of a type; the settings do not keep it from being one, and can all be read."""
    schema = json_schema_of(TypeAdapter(kind))
    Draft202012Validator.check_schema(schema)
    check_settings(schema)
    return schema


def at(root, path):
    """What stands at a path of words, references followed."""
    found = root
    for step in path:
        while "$ref" in found and step not in found:
            found = at(root, found["$ref"].split("/")[1:])
        found = found[step]
    return found


# -- what is declared in Python -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (Annotated[bool, SURE], ()),
        (Annotated[bool | None, SURE], ()),
        (Annotated[bool, SURE] | None, ("anyOf", 0)),
        (Annotated[int | str, SURE] | None, ("anyOf", 0)),
        (Annotated[Team, SURE], ()),
        (tuple[Team, Annotated[Team, SURE]], ("prefixItems", 1)),
        (Annotated[Inner, SURE], ()),
        (tuple[Inner, Annotated[Inner, SURE]], ("prefixItems", 1)),
        (Inner, ("properties", "sure")),
        (list[Annotated[bool, SURE]], ("items",)),
        (dict[str, Annotated[Team, SURE]], ("additionalProperties",)),
        (Words, ("properties", "sure")),
        (Data, ("properties", "sure")),
        (RootModel[Annotated[bool, SURE]], ()),
        (list[Inner], ("items", "properties", "sure")),
        (Sure, ()),
        (Annotated[Literal["a", "b"], SURE, Field(description="d")], ()),
        (Annotated[int, SURE, Field(ge=1, le=5)], ()),
        (Annotated[Inner | Words, SURE], ()),
    ],
)
def test_where_settings_stand(kind, path):
    schema = schema_of(kind)
    assert at(schema, (*path, CONF)) == SET
    count = json.dumps(schema).count(f'"{CONF}":')
    others = sum(name in schema.get("$defs", {}) or name == schema.get("title")
                 for name in ("Inner", "Words", "Data"))  # fmt: skip
    assert 1 <= count <= 1 + others, "nobody else has it"


def test_a_default_and_a_description_stay():
    class Model(BaseModel):
        sure: Annotated[Team, FieldConfig(accept=0.9, basis="joint")] = Field(
            Team.SALES, description="how"
        )

    found = schema_of(Model)["properties"]["sure"]
    assert found == {
        "$ref": "#/$defs/Team",
        "default": "sales",
        "description": "how",
        CONF: {"accept": 0.9, "basis": "joint"},
    } or found["allOf"] == [{"$ref": "#/$defs/Team"}]  # pydantic before 2.9


def test_of_two_the_outer_one_wins_by_setting():
    inner = Annotated[bool, FieldConfig(accept=0.5, basis="joint")]
    schema = schema_of(Annotated[inner, FieldConfig(accept=0.9)])
    assert schema[CONF] == {"accept": 0.9, "basis": "joint"}
    assert schema_of(Annotated[inner, FieldConfig()])[CONF] == {"accept": 0.5, "basis": "joint"}


def test_an_alias_keeps_its_settings():
    """Pydantic before 2.11 would lose them."""
    inner = Annotated[bool, FieldConfig(accept=0.5, basis="joint")]
    twice = TypeAliasType("Twice", Annotated[inner, SURE])
    both = {"accept": 0.9, "basis": "joint"}
    assert schema_of(twice)[CONF] == both
    assert schema_of(tuple[twice, twice])["$defs"]["Twice"][CONF] == both
    assert schema_of(Nested)["$defs"]["Nested"][CONF] == SET


def test_settings_around_an_alias_are_not_the_aliases():
    class Model(BaseModel):
        plain: Sure
        more: Annotated[Sure, FieldConfig(accept=0.5)]
        again: Sure

    schema = schema_of(Model)
    found = [at(schema, ("properties", name, CONF)) for name in ("plain", "more", "again")]
    assert found == [SET, {"accept": 0.5}, SET]


def test_json_schema_extra_counts_as_inner():
    extra = Field(json_schema_extra={CONF: {"accept": 0.1, "basis": "joint"}})
    schema = schema_of(Annotated[bool, extra, SURE])
    assert schema[CONF] == {"accept": 0.9, "basis": "joint"}
    wrong = json_schema_of(TypeAdapter(Annotated[bool, Field(json_schema_extra={CONF: 5}), SURE]))
    with pytest.raises(SchemaError, match="is no object"):
        check_settings(wrong)


def test_nothing_set_writes_nothing():
    assert schema_of(Annotated[bool, FieldConfig()]) == {"type": "boolean"}
    assert FieldConfig().settings() == {}


def test_a_setting_is_data():
    assert FieldConfig(accept=1) == FieldConfig(accept=1)
    assert len({FieldConfig(accept=1), FieldConfig(accept=1)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        SURE.accept = 0.1


def test_settings_do_not_change_validation():
    adapter = TypeAdapter(Annotated[Team, SURE])
    assert adapter.validate_json('"sales"') is Team.SALES


# -- what is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", [True, False, -0.1, 1.1, float("nan"), "0.9", [0.9]])
def test_thresholds_that_cannot_be(accept):
    with pytest.raises(SchemaError) as caught:
        FieldConfig(accept=accept)
    message = f"the accept {accept!r} is no number from 0 to 1. Use a number such as 0.9"
    assert str(caught.value) == message
    with pytest.raises(SchemaError) as caught:
        conf_of({"accept": accept}, "/a/x-fieldconf")
    assert "is no number from 0 to 1 (at /a/x-fieldconf/accept)" in str(caught.value)


@pytest.mark.parametrize("accept", [0, 1, 0.0, 1.0, 0.5, None])
def test_thresholds_that_can_be(accept):
    assert FieldConfig(accept=accept) == conf_of({"accept": accept}, "")


@pytest.mark.parametrize(
    ("basis", "remedy"),
    [
        ("jiont", "Did you mean 'joint'?"),
        ("mean", "Did you mean 'geometric_mean'?"),
        ("", "Known are 'distribution', 'joint', 'geometric_mean'"),
        (5, "Known are 'distribution', 'joint', 'geometric_mean'"),
        (["joint"], "Known are 'distribution', 'joint', 'geometric_mean'"),
    ],
)
def test_bases_that_are_unknown(basis, remedy):
    with pytest.raises(SchemaError) as caught:
        FieldConfig(basis=basis)
    if basis != "mean":  # how near is near is difflib's word
        assert str(caught.value) == f"unknown basis {basis!r}. {remedy}"
    with pytest.raises(SchemaError) as caught:
        conf_of({"basis": basis}, "/x-fieldconf")
    assert f"unknown basis {basis!r} (at /x-fieldconf/basis)" in str(caught.value)


@pytest.mark.parametrize("review", [-0.1, 1.1, float("nan"), True, "0.5"])
def test_a_review_that_is_no_confidence(review):
    with pytest.raises(SchemaError, match=r"the review .* is no number from 0 to 1"):
        FieldConfig(review=review)


def test_a_review_above_the_threshold():
    with pytest.raises(SchemaError) as caught:
        FieldConfig(accept=0.7, review=0.8)
    assert str(caught.value).startswith("review 0.8 is above accept 0.7. ")
    with pytest.raises(SchemaError, match=r"at /a/x-fieldconf/review"):
        conf_of({"accept": 0.7, "review": 0.8}, "/a/x-fieldconf")
    assert FieldConfig(accept=0.7, review=0.7).settings() == {"accept": 0.7, "review": 0.7}


@pytest.mark.parametrize(
    ("inner", "outer", "both"),
    [
        (
            FieldConfig(accept=0.9, review=0.8),
            FieldConfig(accept=0.6),
            FieldConfig(accept=0.6, review=0.6),
        ),
        (
            FieldConfig(accept=0.6, review=0.2),
            FieldConfig(review=0.7),
            FieldConfig(accept=0.7, review=0.7),
        ),
        (
            FieldConfig(accept=0.9),
            FieldConfig(review=0.7),
            FieldConfig(accept=0.9, review=0.7),
        ),
    ],
)
def test_of_settings_that_cross_the_inner_gives_way(inner, outer, both):
    """Each alone is right, so together they are no error."""
    for one in (bool, Team):
        assert compile_schema(Annotated[Annotated[one, inner], outer]).root.declared.conf == both
    word = {CONF: outer.settings(), "allOf": [{"type": "boolean", CONF: inner.settings()}]}
    assert compile_schema(word).root.declared.conf == both


def test_an_unknown_name():
    with pytest.raises(TypeError, match="acept"):
        FieldConfig(acept=0.9)
    with pytest.raises(SchemaError) as caught:
        conf_of({"acept": 0.9}, "/properties/a/x-fieldconf")
    assert str(caught.value) == (
        "unknown setting 'acept' (at /properties/a/x-fieldconf/acept). Did you mean 'accept'?"
    )
    assert caught.value.remedy == "Did you mean 'accept'?"
    with pytest.raises(SchemaError) as caught:
        conf_of({"a/b": 0.9}, "/x-fieldconf")
    assert str(caught.value) == (
        "unknown setting 'a/b' (at /x-fieldconf/a~1b). Known are 'accept', 'review', 'basis',"
        " 'counts', 'may_not_fit'"
    )


@pytest.mark.parametrize("settings", [5, None, [], "joint", True])
def test_settings_that_are_no_object(settings):
    with pytest.raises(SchemaError) as caught:
        conf_of(settings, "/x-fieldconf")
    assert str(caught.value) == (
        'x-fieldconf is no object (at /x-fieldconf). Write one such as {"accept": 0.9}'
    )


def test_settings_of_a_dict():
    assert conf_of({"accept": 0.9, "basis": "joint"}, "") == FieldConfig(accept=0.9, basis="joint")
    assert conf_of({}, "") == FieldConfig()


# -- where they are found -----------------------------------------------------------------------

BAD = {CONF: {"acept": 1}}


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        (BAD, ""),
        ({"properties": {"a/b": BAD}}, "/properties/a~1b"),
        ({"properties": {CONF: BAD}}, "/properties/x-fieldconf"),
        ({"properties": {"properties": BAD}}, "/properties/properties"),
        ({"items": BAD}, "/items"),
        ({"prefixItems": [True, BAD]}, "/prefixItems/1"),
        ({"anyOf": [{}, {"items": BAD}]}, "/anyOf/1/items"),
        ({"additionalProperties": BAD}, "/additionalProperties"),
        ({"patternProperties": {"^a": BAD}}, "/patternProperties/^a"),
        ({"$defs": {"A": {"allOf": [BAD]}}}, "/$defs/A/allOf/0"),
        ({"if": {}, "then": BAD}, "/then"),
        ({"dependentSchemas": {"a": BAD}}, "/dependentSchemas/a"),
        ({"contentSchema": BAD}, "/contentSchema"),
        ({"$ref": "#/components/A%20B", "components": {"A B": BAD}}, "/components/A B"),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{}, BAD]},
            "/items/1",
        ),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"a": BAD}},
            "/dependencies/a",
        ),
    ],
)
def test_settings_are_looked_for_where_schemas_stand(schema, where):
    before = deepcopy(schema)
    with pytest.raises(SchemaError) as caught:
        check_settings(schema)
    assert f"(at {where}/x-fieldconf/acept)" in str(caught.value)
    assert CONF not in json.dumps(without_settings(schema)).replace(f'"{CONF}": {{}}', "")
    assert schema == before


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {CONF: {"type": "string"}, "x-fieldconf-other": True}, "required": [CONF]},
        {"$defs": {CONF: {"type": "string"}}},
        {"patternProperties": {CONF: {}}},
        {"dependentSchemas": {CONF: {}}},
        {"const": BAD},
        {"enum": [BAD]},
        {"default": BAD, "examples": [BAD]},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.com/x"},
        {"$ref": "#"},
        {"$ref": "#anchor", "$schema": "https://example.com/dialect"},
        {"properties": {"$ref": {"type": "string"}}},
        {"items": True, "not": False},
        {},
    ],
)
def test_data_and_names_are_no_settings(schema):
    check_settings(schema)
    assert without_settings(schema) == schema


def test_the_draft_may_be_given():
    old = {"dependencies": {"a": BAD}}
    check_settings(old)  # no word of today's draft
    for draft in (DRAFT4, DRAFT7):
        with pytest.raises(SchemaError):
            check_settings(old, draft)
        assert without_settings(old, draft) == {"dependencies": {"a": {}}}


def test_an_unknown_word():
    with pytest.raises(SchemaError) as caught:
        check_settings({"properties": {"a": {"x-fieldconf-atributes": {}}}})
    assert str(caught.value) == (
        "unknown keyword 'x-fieldconf-atributes' (at /properties/a/x-fieldconf-atributes)."
        " Did you mean 'x-fieldconf-attributes'?"
    )
    with pytest.raises(SchemaError, match="Did you mean 'x-fieldconf'"):
        check_settings({"x-fieldconfg": {}})


@pytest.mark.parametrize("attributes", [5, {"a": "b"}, {"a": [None]}, {"a": [True]}])
def test_attributes_that_are_none(attributes):
    with pytest.raises(SchemaError) as caught:
        check_settings({"items": {ATTRIBUTES: attributes}})
    assert str(caught.value).startswith(
        "x-fieldconf-attributes does not map names to lists of steps"
        " (at /items/x-fieldconf-attributes)"
    )


def test_attributes_that_are_some():
    check_settings({ATTRIBUTES: {"a": ["b", 0], "root": []}})


# -- a basis that cannot apply ------------------------------------------------------------------

OPEN = (
    "the basis 'distribution' needs a small set of allowed values, and this field has an open"
    " domain (at /a). Declare an enum or bounds, or use the basis 'joint'"
)
CONTAINER = (
    "a basis applies to scalars only, not to an object or a list (at /a)."
    " Remove it, or set it on the fields inside"
)
DISTRIBUTION, JOINT = ({CONF: {"basis": basis}} for basis in ("distribution", "joint"))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"type": "string", **DISTRIBUTION}, OPEN),
        ({"type": "string", "pattern": "^a$", **DISTRIBUTION}, OPEN),
        ({"type": "number", "minimum": 0, "maximum": 1, **DISTRIBUTION}, OPEN),
        ({"type": "integer", **DISTRIBUTION}, OPEN),
        ({"type": "integer", "minimum": 0, **DISTRIBUTION}, OPEN),
        ({"type": ["string", "null"], **DISTRIBUTION}, OPEN),
        ({"anyOf": [{"type": "string"}, {"type": "null"}], **DISTRIBUTION}, OPEN),
        ({"$ref": "#/$defs/text", **DISTRIBUTION}, OPEN),
        ({"type": "object", **JOINT}, CONTAINER),
        ({"type": "array", **DISTRIBUTION}, CONTAINER),
        ({"type": ["array", "null"], **JOINT}, CONTAINER),
        ({"$ref": "#/$defs/list", **JOINT}, CONTAINER),
        ({"oneOf": [{"$ref": "#/$defs/list"}, {"type": "null"}], **JOINT}, CONTAINER),
    ],
)
def test_a_basis_that_cannot_apply(node, message):
    schema = {
        "properties": {"a": node},
        "$defs": {"text": {"type": "string"}, "list": {"type": "array"}},
    }
    with pytest.raises(SchemaError) as caught:
        compile_schema(schema)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "node",
    [
        {"type": "string", "enum": ["a"], **DISTRIBUTION},
        {"type": "number", "const": 1.5, **DISTRIBUTION},
        {"type": "boolean", **DISTRIBUTION},
        {"type": "integer", "minimum": 0, "exclusiveMaximum": 5, **DISTRIBUTION},
        {"type": ["boolean", "null"], **DISTRIBUTION},
        {"anyOf": [{"enum": ["a"]}, {"type": "null"}], **DISTRIBUTION},
        {"anyOf": [{"type": "array"}, {"type": "boolean"}], **JOINT},
        {"allOf": [{"enum": ["a"]}], "type": "string", **DISTRIBUTION},
        {"type": "null", **DISTRIBUTION},
        {"type": "string", **JOINT},
        {"$ref": "#/properties/a", **DISTRIBUTION},
        {"$ref": "#/nowhere", **DISTRIBUTION},
        {"type": "array", CONF: SET},
        DISTRIBUTION,
        {"anyOf": [True], **DISTRIBUTION},
    ],
)
def test_a_basis_that_may_apply(node):
    compile_schema({"properties": {"a": node}})


@pytest.mark.parametrize(
    "kind",
    [
        Annotated[str, FieldConfig(basis="distribution")],
        Annotated[float | None, FieldConfig(basis="distribution")],
        list[Annotated[Inner, FieldConfig(basis="joint")]],
        Annotated[list[bool], FieldConfig(basis="geometric_mean")],
    ],
)
def test_a_basis_that_cannot_apply_to_a_type(kind):
    with pytest.raises(SchemaError):
        compile_schema(kind)


# -- what servers are sent ----------------------------------------------------------------------


def test_a_schema_without_settings():
    class Model(BaseModel):
        sure: Annotated[bool, SURE] = Field(alias="isSure")
        inner: Inner

    schema = schema_of(Model)
    before = deepcopy(schema)
    plain = without_settings(schema)
    assert schema == before
    assert "x-fieldconf" not in json.dumps(plain)
    assert plain["properties"]["isSure"] == {"title": "Issure", "type": "boolean"}
    plain["properties"]["isSure"]["type"] = "string"
    assert schema == before


def test_a_schema_that_is_shared():
    """The same object in two places, of which only one is a schema."""
    shared = {"type": "boolean", CONF: SET}
    plain = without_settings({"default": shared, "items": shared})
    assert plain == {"default": shared, "items": {"type": "boolean"}}
