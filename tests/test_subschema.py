"""Sub-schemas: which places are asked for, and what the schema of these says."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import jsonschema
import pytest
from builders import JSON_SCHEMA_BENCH
from pydantic import BaseModel, Field

from fieldconf.reasking.subschema import WHOLE, request_for
from fieldconf.requests.strict import strict
from fieldconf.schema import compile_schema

EVERY = 25  # schemas of the sample, one is looked at
DRAFTS = {
    4: "http://json-schema.org/draft-04/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2020: "https://json-schema.org/draft/2020-12/schema",
}


def asked(schema, data, *paths):
    return request_for(compile_schema(schema), data, paths)


def leaf(schema, data, *path):
    """What is asked for at one path."""
    made = asked(schema, data, path)
    assert made.paths == (path,)
    node = made.schema.json
    for step in path:
        node = node["properties"][str(step)]
    return node


def obj(properties, *required, **more):
    return {"type": "object", "properties": properties, "required": list(required), **more}


# -- which places ---------------------------------------------------------------------------------

LISTS = obj({"a": {"type": "array", "items": obj({"b": {"type": "integer"}}, "b")}}, "a")
LISTED = {"a": [{"b": 1}, {"b": 2}]}


@pytest.mark.parametrize(
    ("doubtful", "expected"),
    [
        ([], ()),
        ([()], WHOLE),
        ([("a", 1, "b")], (("a", 1, "b"),)),
        ([("a", 1, "b"), ("a", 0, "b")], (("a", 0, "b"), ("a", 1, "b"))),
        ([("a", 1, "b"), ("a", 1)], (("a", 1),)),  # what is inside is asked for with it
        ([("a", 0, "b"), ("a",)], (("a",),)),
        ([("a", 0), ()], WHOLE),
        ([("a", 7)], (("a",),)),  # an item that is missing: it may be any
        ([("a", 7, "b")], (("a",),)),
        ([("a", 0, "b", "c")], (("a", 0, "b"),)),
        ([("z",)], ()),  # nobody reads what stands there
    ],
)
def test_places(doubtful, expected):
    assert asked(LISTS, LISTED, *doubtful).paths == expected


def test_places_are_in_the_order_of_the_schema():
    schema = obj({"a": {}, "b": obj({"c": {}, "d": {}}), "e": {}})
    data = {"e": 1, "b": {"d": 1, "c": 1}, "a": 1}
    made = asked(schema, data, ("e",), ("b", "d"), ("b", "c"), ("a",))
    assert made.paths == (("a",), ("b", "c"), ("b", "d"), ("e",))
    assert list(made.schema.json["properties"]) == ["a", "b", "e"]


def test_a_missing_key_is_asked_for_and_one_that_may_be_left_out_may_be_left_out():
    schema = obj({"a": {"type": "integer"}, "b": {"type": "string"}}, "a")
    made = asked(schema, {}, ("a",), ("b",))
    assert made.paths == (("a",), ("b",))
    assert made.schema.json["required"] == ["a"]
    assert strict(made.schema).schema["required"] == ["a", "b"]  # null says "left out"
    assert "required" not in asked(schema, {"a": 1}, ("b",)).schema.json


class Card(BaseModel):
    kind: Literal["card"]
    version: Literal[1, 2]
    number: Annotated[str, Field(pattern="^[0-9]+$", max_length=19)]


class Cash(BaseModel):
    kind: Literal["cash"]
    version: Literal[1]
    number: int


class Order(BaseModel):
    pay: Annotated[Card | Cash, Field(discriminator="kind")]


ORDER = {"pay": {"kind": "card", "version": 1, "number": "12"}}


@pytest.mark.parametrize(
    ("doubtful", "expected"),
    [
        ([("pay", "number")], (("pay", "number"),)),
        ([("pay", "kind")], (("pay",),)),
        ([("pay", "kind"), ("pay", "number")], (("pay",),)),
        ([("pay", "version")], (("pay", "version"),)),  # the kind is known, and decides
    ],
)
def test_what_decides_the_arm(doubtful, expected):
    assert asked(Order, ORDER, *doubtful).paths == expected


def test_only_the_arm_that_was_written_is_asked_for():
    assert leaf(Order, ORDER, "pay", "number")["pattern"] == "^[0-9]+$"
    assert leaf(Order, ORDER, "pay", "version")["enum"] == [1, 2]
    cash = {"pay": {"kind": "cash", "version": 1, "number": 12}}
    assert leaf(Order, cash, "pay", "number")["type"] == "integer"


def test_a_key_of_another_arm_asks_for_the_whole():
    closed = {"additionalProperties": False}
    schema = {"oneOf": [obj({"a": {}, "b": {}}, "a", **closed), obj({"c": {}}, "c", **closed)]}
    assert asked(schema, {"a": 1}, ("c",)).paths == WHOLE
    assert asked(schema, {"a": 1}, ("b",)).paths == (("b",),)


def test_a_condition_is_part_of_what_is_asked():
    schema = obj(
        {"country": {"enum": ["US", "DE"]}, "zip": {"type": "string"}}, "country", "zip",
        **{"if": {"properties": {"country": {"const": "US"}}}},
        then={"properties": {"zip": {"pattern": "^[0-9]{5}$"}}},
    )  # fmt: skip
    us, de = {"country": "US", "zip": "12345"}, {"country": "DE", "zip": "D-1"}
    assert leaf(schema, us, "zip") == {
        "allOf": [{"type": "string"}, {"pattern": "^[0-9]{5}$"}]
    }  # fmt: skip
    assert leaf(schema, de, "zip") == {"type": "string"}
    assert asked(schema, us, ("country",)).paths == WHOLE


def test_null_or_an_object():
    schema = obj({"a": {"anyOf": [obj({"b": {"type": "integer"}}, "b"), {"type": "null"}]}}, "a")
    assert leaf(schema, {"a": {"b": 1}}, "a", "b") == {"type": "integer"}
    assert len(leaf(schema, {"a": {"b": 1}}, "a")["anyOf"]) == 2
    assert len(leaf(schema, {"a": None}, "a")["anyOf"]) == 2
    assert asked(schema, {"a": None}, ("a", "b")).paths == (("a",),)


# -- what is asked there --------------------------------------------------------------------------


def test_every_word_of_a_leaf_is_kept():
    words = {
        "type": "string", "minLength": 2, "maxLength": 9, "pattern": "a", "format": "email",
        "not": {"const": "aa"}, "description": "whose", "title": "A", "examples": ["ab"],
        "x-fieldconf": {"accept": 0.7}, "default": "ab",
    }  # fmt: skip
    schema = obj({"a": words, "b": {"enum": [1, {"$ref": "#/nowhere"}]}}, "a", "b")
    made = asked(schema, {"a": "ab", "b": 1}, ("a",), ("b",))
    assert made.schema.json["properties"] == {"a": words, "b": schema["properties"]["b"]}
    assert made.schema.declared(("a",)).conf.accept == 0.7


@pytest.mark.parametrize("word", ["definitions", "$defs", "components"])
@pytest.mark.parametrize("draft", [4, 7, 2020])
def test_references_lead_to_definitions(draft, word):
    price = {"$ref": f"#/{word}/a~1b"}
    schema = obj({"a": price, "b": price}, "a", **{"$schema": DRAFTS[draft]})
    schema[word] = {"a/b": {"type": "number", "minimum": 0}}
    made = asked(schema, {"a": 1, "b": 2}, ("a",), ("b",)).schema.json
    assert made["$schema"] == DRAFTS[draft]
    assert made["properties"]["a"] == made["properties"]["b"] == {"$ref": "#/$defs/a_1b"}
    assert made["$defs"] == {"a_1b": {"type": "number", "minimum": 0}}


def test_a_schema_that_refers_to_itself():
    schema = obj({"label": {"type": "string"}, "parts": {"type": "array", "items": {"$ref": "#"}}})
    data = {"label": "a", "parts": [{"label": "b", "parts": [{"label": "c"}]}]}
    made = asked(schema, data, ("parts", 0, "parts", 0))
    validator = jsonschema.Draft202012Validator(made.schema.json)
    inner = {"parts": {"0": {"parts": {"0": {"label": "x", "parts": [{"label": "y"}]}}}}}
    assert validator.is_valid(inner)
    inner["parts"]["0"]["parts"]["0"]["parts"][0]["label"] = 7
    assert not validator.is_valid(inner)


def test_references_by_address_and_anchor_are_followed():
    schema = obj(
        {"a": {"$ref": "other#/$defs/n"}, "b": {"$ref": "#here"}}, "a", "b",
        **{"$id": "https://example.com/whole", "$defs": {
            "o": {"$id": "other", "$defs": {"n": {"type": "integer"}}},
            "h": {"$anchor": "here", "type": "string"},
        }},
    )  # fmt: skip
    made = asked(schema, {"a": 1, "b": "x"}, ("a",), ("b",)).schema
    validator = jsonschema.Draft202012Validator(made.json)
    assert "$id" not in str(made.json)
    assert validator.is_valid({"a": 1, "b": "x"})
    assert not validator.is_valid({"a": "x", "b": "x"})
    assert not validator.is_valid({"a": 1, "b": 1})


def test_a_dynamic_reference_leads_where_it_did():
    node = {"type": "object", "$dynamicAnchor": "node", "properties": {
        "inner": {"$dynamicRef": "#node"}, "n": {"type": "integer"}}}  # fmt: skip
    schema = obj({"a": {"$ref": "#/$defs/node"}}, "a", **{"$defs": {"node": node}})
    made = asked(schema, {"a": {"inner": {"n": 1}}}, ("a", "inner")).schema
    validator = jsonschema.Draft202012Validator(made.json)
    assert validator.is_valid({"a": {"inner": {"n": 1}}})
    assert not validator.is_valid({"a": {"inner": {"inner": {"n": "x"}}}})


def test_free_keys_and_tuples():
    schema = obj(
        {"t": {"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "null"}}},
        patternProperties={"^x-": {"type": "boolean"}}, additionalProperties={"type": "string"},
    )  # fmt: skip
    data = {"t": [1, None], "x-a": True, "more": "text"}
    assert leaf(schema, data, "t", 0) == {"type": "integer"}
    assert leaf(schema, data, "t", 1) == {"type": "null"}
    assert leaf(schema, data, "x-a") == {"type": "boolean"}
    assert leaf(schema, data, "more") == {"type": "string"}


def test_what_is_declared_twice_holds_twice():
    schema = {"allOf": [obj({"a": {"minimum": 1}}), obj({"a": {"maximum": 9}})]}
    assert leaf(schema, {"a": 3}, "a") == {"allOf": [{"minimum": 1}, {"maximum": 9}]}


def test_the_discriminator_of_a_leaf_names_nothing_outside():
    pay = leaf(Order, ORDER, "pay")
    assert pay["discriminator"] == {"propertyName": "kind"}
    assert {one["$ref"] for one in pay["oneOf"]} == {"#/$defs/Card", "#/$defs/Cash"}


def test_draft_3_is_asked_for_as_a_whole():
    schema = {
        "$schema": "http://json-schema.org/draft-03/schema#",
        "properties": {"a": {"type": "integer", "required": True}},
    }
    assert asked(schema, {"a": 1}, ("a",)).paths == WHOLE


# -- in the wild ----------------------------------------------------------------------------------


@pytest.mark.corpora(JSON_SCHEMA_BENCH)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # re says so of other people's patterns
def test_half_of_the_fields_of_other_peoples_schemas(monkeypatch):
    """Sub-schemas are valid, and instances merge back to valid instances.

    ``python bench/subschemas.py`` asks the same of all of them; this is a slice.
    """
    pytest.importorskip("bpe_openai", reason="bpe-openai carries the o200k tokens")
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "bench")  # scripts, no package
    for name in ("schemas", "instances", "subschemas"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import subschemas

    rows = list(subschemas.rows_of(JSON_SCHEMA_BENCH))[::EVERY]
    results = [subschemas.examine(row) for row in rows]
    assert not [(one.id, *miss) for one in results for miss in one.misses]
    counts = sum((one.counts for one in results), start=subschemas.Counter())
    assert counts["schemas"] == 60
    assert counts["asked in part"] >= 55
    assert counts["merges"] >= 150
