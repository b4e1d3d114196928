"""What the embedded model is asked: a schema whose values end, and the JSON to fill in."""

import copy

import jsonschema
import pytest
from embedded_ticket import TEXT, TICKET
from hypothesis import given
from hypothesis import strategies as st

from fieldconf.embedded.prompt import (
    LONGEST_STRING,
    embedded_messages,
    embedded_schema,
)

# -- the schema that is sent ----------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "enum", "type", "$ref", "properties"])
LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "maxLength": 3},
        {"type": "string", "minLength": 300},
        {"type": ["string", "null"]},
        {"type": "string", "pattern": "^(?!x).*$"},
        {"type": "integer"},
        {"type": "integer", "minimum": 5 * 10**9},
        {"type": "number", "exclusiveMaximum": -(10**10)},
        {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        {"type": "boolean"},
        {"enum": ["x" * 400, 10**12, None]},
        {"type": "string", "const": "y" * 300},
        {"type": "string", "anyOf": [{"enum": ["z" * 250]}, {"const": "k"}]},
        {"$ref": "#/$defs/Part"},
        {"type": "object"},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ]
)


def objects(parts):
    return st.dictionaries(NAMES, parts, min_size=1).map(
        lambda properties: {"type": "object", "properties": properties}
    )


SCHEMAS = st.recursive(
    LEAVES,
    lambda parts: (
        objects(parts)
        | parts.map(lambda part: {"type": "array", "items": part})
        | st.lists(parts, min_size=1, max_size=3).map(lambda some: {"anyOf": some})
        | st.lists(parts, min_size=1, max_size=3).map(lambda some: {"prefixItems": some})
    ),
    max_leaves=6,
)
PART = {"Part": {"type": "object", "properties": {"of": {"type": "string"}}}}


@given(SCHEMAS)
def test_the_given_schema_is_never_changed_and_the_result_shares_nothing_with_it(schema):
    given_schema = {**schema, "$defs": PART}
    before = copy.deepcopy(given_schema)
    made = embedded_schema(given_schema)
    assert given_schema == before
    made["$defs"]["Part"]["properties"]["of"]["type"] = "changed"
    assert given_schema == before


@given(SCHEMAS)
def test_doing_it_twice_changes_nothing_more(schema):
    once = embedded_schema({**schema, "$defs": PART})
    assert embedded_schema(once) == once


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        (TICKET, {"urgent": True, "team": "sales", "name": "x" * LONGEST_STRING}),
        ({"type": "string", "minLength": 300}, "x" * 300),
        ({"enum": ["x" * 400, 10**12]}, 10**12),
        ({"type": "string", "anyOf": [{"enum": ["z" * 250]}, {"const": "k"}]}, "z" * 250),
        ({"type": "integer", "minimum": 5 * 10**9}, 6 * 10**9),
        ({"type": "number", "exclusiveMaximum": -(10**10)}, -(10**11)),
        ({"type": "number"}, -12.5),
        ({"type": "string", "pattern": "^(?=a)a+$"}, "aa"),
        ({"type": "array", "items": {"type": ["string", "null"]}}, ["a", None]),
        ({"type": "array", "minItems": 30}, [0] * 30),
        ({"type": "object"}, {"free": 1}),
        ({"type": "object", "patternProperties": {"^x": {}}, "properties": {}}, {"xa": 1}),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"b": {}}}}}, {"b": 1}),
        (
            {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}], "type": "object"},
            {"a": 1, "b": 2},
        ),
        ({"properties": {"a": {}, "b": {}}, "required": ["a"]}, {"a": 1}),
    ],
)
def test_what_the_schema_accepts_within_the_bounds_the_result_accepts(schema, instance):
    jsonschema.validate(instance, schema)
    jsonschema.validate(instance, embedded_schema(schema))


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"type": "string"}, "x" * (LONGEST_STRING + 1)),
        ({"type": "number"}, 10**10),
        ({"type": "array", "items": {}}, [0] * 50),
        ({"type": "object"}, {str(n): n for n in range(50)}),
        ({"properties": {"a": {}}}, {"a": 1, "b": 2}),
        ({"properties": {"a": {}}}, {}),
        ({"anyOf": [{"type": "string"}]}, "x" * 300),
        ({"prefixItems": [{"type": "string"}], "type": "array"}, ["x" * 300]),
        ({"$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}}, "x" * 300),
    ],
)
def test_what_would_run_on_for_ever_the_result_refuses(schema, instance):
    assert jsonschema.Draft202012Validator(schema).is_valid(instance)
    assert not jsonschema.Draft202012Validator(embedded_schema(schema)).is_valid(instance)


# -- the messages ---------------------------------------------------------------------------------


def test_the_form_lists_choices_and_names_the_rest():
    asked = embedded_messages(TICKET, TEXT, "Be brief.")
    assert [message["role"] for message in asked] == ["system", "user"]
    assert asked[1]["content"] == TEXT
    assert asked[0]["content"].startswith("Be brief.\n\n")
    assert '"urgent": true|false,  // is it urgent?' in asked[0]["content"]
    assert '"team": "billing"|"sales",' in asked[0]["content"]
    assert '"name": "<name>",' in asked[0]["content"]


@given(SCHEMAS)
def test_any_schema_has_a_form(schema):
    made = embedded_messages({**schema, "$defs": PART}, "text")
    assert made == embedded_messages(embedded_schema({**schema, "$defs": PART}), "text")


def test_a_schema_that_contains_itself_has_a_form():
    loop = {"type": "array", "items": {"$ref": "#"}}
    assert "[[...]]" in embedded_messages(loop, "text")[0]["content"]


def test_worked_examples_become_exchanges():
    described = TICKET | {
        "description": 'Of a mail.\n\nText: Hi,\n\nBob\nJSON: {"urgent": true,\n"team": "é"}\n\n'
        "Text: Yo\nJSON: none"
    }
    messages = embedded_messages(described, TEXT)
    assert [(message["role"], message["content"]) for message in messages[1:]] == [
        ("user", "Hi,\n\nBob"),
        ("assistant", '{"urgent":true,"team":"é"}'),
        ("user", "Yo"),
        ("assistant", "none"),
        ("user", TEXT),
    ]
    assert messages[0] == embedded_messages(TICKET, TEXT)[0]
