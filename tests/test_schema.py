"""What is declared where, and what breaks a schema."""

from enum import Enum, IntEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from fieldconf.errors import SchemaError
from fieldconf.parsing.kinds import kind_of, same
from fieldconf.schema import MAX_MEMBERS, Schema, compile_schema


class Team(Enum):
    BILLING = "billing"
    SALES = "sales"


class Stars(IntEnum):
    ONE = 1
    TWO = 2


class Row(BaseModel):
    price: float
    note: str | None = None


class Ticket(BaseModel):
    urgent: bool
    team: Team
    stars: Stars
    kind: Literal["a", "b", 3, True] = "a"
    score: Annotated[int, Field(ge=0, le=10)]
    rows: list[Row]
    pair: tuple[bool, Literal["x"]]
    free: dict[str, int] = {}
    code: Annotated[str, Field(pattern="^[A-Z]+$")]
    child: "Ticket | None" = None


DECLARED = compile_schema(Ticket)


@pytest.mark.parametrize(
    ("path", "kinds", "members", "required"),
    [
        (("urgent",), {"boolean"}, (True, False), True),
        (("team",), {"string"}, ("billing", "sales"), True),
        (("stars",), {"number"}, (1, 2), True),
        (("kind",), {"string", "number", "boolean"}, ("a", "b", 3, True), False),
        (("score",), {"number"}, tuple(range(11)), True),
        (("rows",), {"array"}, None, True),
        (("rows", 7), {"object"}, None, True),
        (("rows", 7, "price"), {"number"}, None, True),
        (("rows", 7, "note"), {"string", "null"}, None, False),
        (("pair", 0), {"boolean"}, (True, False), True),
        (("pair", 1), {"string"}, ("x",), True),
        (("free", "any"), {"number"}, None, False),
        (("code",), {"string"}, None, True),
        (("child",), {"object", "null"}, None, False),
        (("child", "child", "urgent"), {"boolean"}, (True, False), True),
    ],
)
def test_what_a_model_declares(path, kinds, members, required):
    found = DECLARED.declared(path)
    assert set(found.kinds) == kinds
    assert _typed(found.members) == _typed(members)
    assert (
        isinstance(path[-1], int) or path[-1] in DECLARED.declared(path[:-1]).required_keys
    ) == (required)
    assert found.nullable == ("null" in kinds and len(kinds) > 1)


def _typed(members):
    return None if members is None else [(type(m), m) for m in members]


@pytest.mark.parametrize(
    ("node", "members"),
    [
        ({"const": "x"}, ("x",)),
        ({"enum": [1, "1", None]}, (1, "1", None)),
        ({"type": "string", "enum": ["a", None, 3]}, ("a",)),
        ({"type": ["string", "null"], "enum": ["a", None]}, ("a", None)),
        ({"enum": [{"a": 1}, 2]}, None),
        ({"type": ["boolean", "null"]}, (True, False, None)),
        ({"type": ["boolean", "string"]}, None),
        ({"type": "integer", "minimum": 1, "maximum": 3}, (1, 2, 3)),
        ({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 4}, (1, 2, 3)),
        ({"type": "integer", "minimum": 0, "maximum": 9, "multipleOf": 5}, (0, 5)),
        (
            {"type": "integer", "minimum": 0, "maximum": 1e300, "multipleOf": 1e299},
            tuple(10**299 * n for n in range(11)),
        ),
        ({"type": "integer", "minimum": 0, "maximum": 10**400}, None),
        ({"type": "integer", "minimum": 0.5, "maximum": 3.5, "multipleOf": 0.5}, (1, 2, 3)),
        ({"type": "integer", "minimum": 2, "exclusiveMinimum": 0, "maximum": 3}, (2, 3)),
        ({"type": "integer", "minimum": 5, "maximum": 3}, ()),
        (
            {"type": "integer", "minimum": 1, "maximum": 10**6, "multipleOf": 10**5},
            tuple(range(10**5, 10**6 + 1, 10**5)),
        ),
        ({"type": "integer", "minimum": 0, "maximum": MAX_MEMBERS}, None),
        (
            {"type": "integer", "minimum": 1, "maximum": MAX_MEMBERS},
            tuple(range(1, MAX_MEMBERS + 1)),
        ),
        ({"type": "integer", "minimum": 0}, None),
        ({"type": "number", "minimum": 0, "maximum": 1}, None),
        ({"anyOf": [{"const": 1}, {"enum": [1.0, 2]}, {"type": "null"}]}, (1, 2, None)),
        ({"anyOf": [{"const": 1}, {"type": "string"}]}, None),
        ({"oneOf": [{"type": "boolean"}, {"const": 1}]}, (True, False, 1)),
        ({"allOf": [{"enum": ["a"]}]}, ("a",)),
        ({"$ref": "#/$defs/x~1y%20z"}, ("found",)),
        ({"$ref": "#/nowhere"}, None),
        ({"$ref": "https://example.com/x"}, None),
        ({"$ref": "#/properties/a"}, None),
        (True, None),
        ({}, None),
    ],
)
def test_members(node, members):
    schema = {"properties": {"a": node}, "$defs": {"x/y z": {"const": "found"}}}
    assert _typed(compile_schema(schema).declared(("a",)).members) == _typed(members)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str
    tricks: Annotated[list[str], Field(max_length=3)]


class Owner(BaseModel):
    pet: Cat | Dog
    pets: Annotated[list[Cat | Dog | None], Field(min_length=1, max_length=4)]
    free: dict[str, int]


def test_what_an_object_may_hold():
    whole, pet = (compile_schema(Owner).declared(path) for path in ((), ("pet",)))
    assert whole.keys == ("pet", "pets", "free")
    assert (whole.required_keys, whole.more_keys) == ({"pet", "pets", "free"}, False)
    assert whole.variants == ()
    assert pet.keys == ("kind", "lives", "name", "tricks")
    assert (pet.required_keys, pet.more_keys) == ({"kind"}, False)
    cat, dog = pet.variants
    assert cat == ("Cat", {"kind", "lives"}, True, {"kind"})
    assert (dog.name, dog.required) == ("Dog", {"kind", "name", "tricks"})
    free = compile_schema(Owner).declared(("free",))
    assert (free.keys, free.more_keys) == ((), True)


@pytest.mark.parametrize(
    ("node", "more"),
    [
        ({"properties": {}}, False),
        ({"properties": {"a": {}}, "additionalProperties": True}, True),
        ({"properties": {"a": {}}, "additionalProperties": {"type": "null"}}, True),
        ({"properties": {"a": {}}, "additionalProperties": False}, False),
        ({"properties": {"a": {}}, "patternProperties": {"^x": {}}}, True),
        ({"additionalProperties": False, "patternProperties": {"^x": {}}}, True),
        ({"properties": {"a": {}}, "unevaluatedProperties": {"type": "null"}}, True),
        ({"properties": {"a": {}}, "allOf": [{}, {"properties": {"b": {}}}]}, False),
        ({"properties": {"a": {}}, "allOf": [{}, {"additionalProperties": True}]}, True),
        ({"type": "object"}, True),
        ({"anyOf": [{"properties": {"a": {}}}, {"type": "object"}]}, True),
        ({"anyOf": [{"properties": {"a": {}}}, {"type": "null"}, {"const": 1}]}, False),
        ({"type": "string"}, True),
    ],
)
def test_whether_other_keys_may_stand_there(node, more):
    assert compile_schema(node).declared(()).more_keys == more


def test_arms_are_named_by_title_reference_or_number():
    schema = {
        "anyOf": [
            {"title": "T", "properties": {"a": {"enum": ["x"]}, "b": {"$ref": "#/$defs/one"}}},
            {"$ref": "#/$defs/ref%20d"},
            {"type": "null"},
            {"type": "object", "required": ["a"]},
        ],
        "$defs": {"one": {"const": 1}, "ref d": {"allOf": [{"type": "object"}]}},
    }
    arms = compile_schema(schema).declared(()).variants
    assert [arm.name for arm in arms] == ["T", "ref d", "arm 2"]
    assert [arm.closed for arm in arms] == [True, False, False]


@pytest.mark.parametrize(
    ("node", "fewest", "most"),
    [
        ({"type": "array"}, 0, None),
        ({"minItems": 1, "maxItems": 3}, 1, 3),
        ({"prefixItems": [{}, {}], "items": False}, 0, 2),
        ({"prefixItems": [{}, {}], "items": False, "maxItems": 1}, 0, 1),
        ({"anyOf": [{"maxItems": 3, "minItems": 2}, {"maxItems": 5, "minItems": 1}]}, 1, 5),
        ({"anyOf": [{"maxItems": 3}, {"type": "array"}]}, 0, None),
        ({"anyOf": [{"maxItems": 3, "minItems": 1}, {"type": "null"}]}, 1, 3),
        ({"type": "string"}, 0, None),
    ],
)
def test_how_many_items_a_list_may_have(node, fewest, most):
    found = compile_schema(node).declared(())
    assert (found.min_items, found.max_items) == (fewest, most)


def test_the_lists_of_a_model():
    found = compile_schema(Owner).declared(("pets",))
    assert (found.min_items, found.max_items) == (1, 4)
    found = DECLARED.declared(("pair",))
    assert (found.min_items, found.max_items) == (2, 2)


def test_nothing_declared():
    assert compile_schema(None).declared(("a", 0)).members is None
    found = compile_schema({"type": "object"}).declared(("a", 0, "b"))
    assert (found.members, found.is_anything) == (None, True)


def test_a_compiled_schema_stays_itself():
    assert compile_schema(DECLARED) is DECLARED
    assert compile_schema(Row(price=1)).type is Row
    assert (DECLARED.name, compile_schema({"title": "T"}).name, Schema().name) == (
        "Ticket",
        "T",
        "answer",
    )


@pytest.mark.parametrize(
    "schema", [5, "a b", "nowhere", [int], {"type": 5}, {"type": "objekt"}, object()]
)
def test_what_is_no_schema(schema):
    with pytest.raises(SchemaError) as caught:
        compile_schema(schema)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_validation_of_a_model():
    schema = compile_schema(Row)
    assert schema.validate(b'{"price": 1}', {"price": 1}) == (Row(price=1), ())
    value, errors = schema.validate(b'{"price": "x"}', {"price": "x"})
    assert value is None
    assert [error.pointer for error in errors] == ["/price"]
    assert str(errors[0]).startswith("/price: ")


def test_validation_of_a_json_schema():
    schema = compile_schema({"properties": {"a": {"type": "integer"}}, "required": ["b"]})
    value, errors = schema.validate(b'{"a": "x"}', {"a": "x"})
    assert value is None
    assert {error.pointer for error in errors} == {"/a", ""}
    assert schema.validate(b'{"b": 1}', {"b": 1}) == ({"b": 1}, ())


@pytest.mark.parametrize("schema", [{"$ref": "https://example.com/x"}, {"$ref": "#/nowhere"}])
def test_a_schema_that_cannot_be_applied(schema, monkeypatch):
    """It is reported, and nothing is fetched."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    value, errors = compile_schema(schema).validate(b'"x"', "x")
    assert value is None
    assert "cannot be applied" in errors[0].problem


def test_other_types_than_models():
    assert compile_schema(list[bool]).declared((3,)).members == (True, False)
    assert compile_schema(Literal["a", "b"]).validate(b'"a"', "a") == ("a", ())


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [(1, 1.0, True), (True, 1, False), (False, 0, False), (None, False, False), ("1", 1, False),
     ("é", "\u00e9", True), (0, -0.0, True)],
)  # fmt: skip
def test_same_json_value(one, other, are_same):
    assert same(one, other) == are_same


def test_kinds():
    values = [{}, [], "", 1, 1.5, True, None]
    assert list(map(kind_of, values)) == [
        "object",
        "array",
        "string",
        "number",
        "number",
        "boolean",
        "null",
    ]


def test_a_model_is_compiled_once():
    class Model(BaseModel):
        a: int

    assert compile_schema(Model) is compile_schema(Model)


def test_a_type_that_cannot_be_hashed_compiles_too():
    kind = Annotated[int, Field(ge=0), {"not": "hashable"}]
    assert compile_schema(kind).declared(()).kinds == {"number"}


@pytest.mark.parametrize(("schema", "is_valid"), [(True, True), (False, False)])
def test_a_boolean_is_a_schema(schema, is_valid):
    """JSON Schema's own: everything keeps to True, and nothing to False."""
    compiled = compile_schema(schema)
    value, errors = compiled.validate(b"[1]", [1])
    assert (value == [1], not errors) == (is_valid, is_valid)
    assert compiled.declared((0,)).is_anything
