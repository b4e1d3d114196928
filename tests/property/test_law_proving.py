"""What is proven keeps to its schema, by jsonschema's word; and ordinary answers are proven."""

import copy

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema.validators import validator_for

from fieldconf.schema.proving import prover
from fieldconf.schema.validation import checker
from fieldconf.strategies import instances, schemas

DRAFTS = [
    "http://json-schema.org/draft-03/schema#",
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
]
EARLY, SEVENTH, LATEST = DRAFTS[1], DRAFTS[3], DRAFTS[5]
KEYS = st.sampled_from(["a", "b", "$ref", "id"])
SCALARS = st.sampled_from(
    [None, True, False, 0, 1, -1, 2, 0.0, 1.0, 1.5, 10**30, 1e30, float("nan"), float("inf")]
) | st.sampled_from(["", "a", "ab", "1", "😀", "\ud800"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
SIZES, BOUNDS = st.integers(0, 2), st.sampled_from([-1, 0, 1, 1.0, 1.5, 2])
REFERENCES = ["#", "#/$defs/x", "#/$defs/y", "#/$defs/x/items", "#/nowhere", "#x", "other.json"]


def words(inner):
    some, named = st.lists(inner, min_size=1, max_size=3), st.dictionaries(KEYS, inner, max_size=3)
    return {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(VALUES, max_size=4),
        "const": VALUES,
        "properties": named,
        "required": st.lists(KEYS, max_size=2, unique=True),
        "additionalProperties": inner | st.booleans(),
        "items": inner | some | st.booleans(),
        "prefixItems": some,
        "additionalItems": inner | st.booleans(),
        **dict.fromkeys(["minLength", "maxLength", "minItems", "maxItems"], SIZES),
        **dict.fromkeys(["minProperties", "maxProperties"], SIZES),
        **dict.fromkeys(["minimum", "maximum"], BOUNDS),
        **dict.fromkeys(["exclusiveMinimum", "exclusiveMaximum"], BOUNDS | st.booleans()),
        **dict.fromkeys(["allOf", "anyOf", "oneOf"], some),
        "$ref": st.sampled_from(REFERENCES),
        "not": inner,
        "if": inner,
        "then": inner,
        "pattern": st.sampled_from(["^a", "b$"]),
        "patternProperties": st.dictionaries(st.just("^a"), inner, max_size=1),
        "propertyNames": inner,
        "uniqueItems": st.booleans(),
        "contains": inner,
        "minContains": SIZES,
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "dependentRequired": st.just({"a": ["b"]}),
        "dependencies": st.just({"a": ["b"]}),
        "unevaluatedProperties": st.booleans(),
        "unevaluatedItems": st.booleans(),
        "format": st.just("date"),
        "title": st.just("A title"),
        "$id": st.sampled_from(["https://example.com/s", "#x"]),
        "$anchor": st.just("x"),
        "$dynamicRef": st.sampled_from(["#", "#x"]),
        "$recursiveRef": st.just("#"),
        "$schema": st.sampled_from(DRAFTS),
    }


def some_words(inner):
    known = words(inner)
    plain = ["type", "properties", "required", "items", "anyOf", "oneOf", "$ref", "enum"]
    chosen = st.lists(
        st.sampled_from(plain) | st.sampled_from(sorted(known)), max_size=4, unique=True
    )
    return chosen.flatmap(lambda names: st.fixed_dictionaries({n: known[n] for n in names}))


PARTS = st.recursive(TYPES.map(lambda kind: {"type": kind}), some_words, max_leaves=6)
DOCUMENTS = st.builds(
    lambda schema, x, y, draft: {**schema, "$schema": draft, "$defs": {"x": x, "y": y}},
    PARTS, PARTS, PARTS, st.sampled_from(DRAFTS),
)  # fmt: skip


def is_valid(schema, data):
    """The verdict of jsonschema; None where it has none."""
    try:
        return validator_for(schema)(schema).is_valid(data)
    except Exception:  # noqa: BLE001  # a reference to nowhere, a word that holds the wrong thing
        return None


def is_proven(schema, data):
    return prover(validator_for(schema, default=jsonschema.Draft202012Validator), schema)(data)


@given(DOCUMENTS, st.lists(VALUES, min_size=1, max_size=6))
@example({"$schema": EARLY, "type": "integer"}, [1.0])
@example({"$schema": EARLY, "minimum": 1, "exclusiveMinimum": True}, [1])
@example({"$schema": EARLY, "minimum": 3, "exclusiveMinimum": -5}, [3])
@example({"$schema": DRAFTS[0], "properties": {"a": {"required": True}}}, [{}])
@example({"$schema": LATEST, "type": "number"}, [True])
@example({"$schema": LATEST, "enum": [1, False]}, [True, 0])
@example({"$schema": LATEST, "oneOf": [{"type": "integer"}, {"const": 1}]}, [1])
@example({"$schema": LATEST, "oneOf": [{"type": "string"}, {"pattern": "a"}]}, ["a"])
@example({"$schema": LATEST, "oneOf": [{"type": "array"}, {"const": [1]}]}, [[1.0]])
@example({"$schema": LATEST, "maxLength": 1}, ["ab"])
@example({"$schema": LATEST, "patternProperties": {"a": False}, "properties": {"a": True}},
         [{"a": 1}])  # fmt: skip
@example({"$schema": LATEST, "prefixItems": [{"type": "null"}], "items": False}, [[None, 1]])
@example({"$schema": SEVENTH, "items": [{"type": "null"}], "additionalItems": False}, [[None, 1]])
@example({"$schema": SEVENTH, "$ref": "#/$defs/x", "type": "string",
          "$defs": {"x": {"type": "null"}}}, ["a"])  # fmt: skip
@example({"$schema": LATEST, "$ref": "#/$defs/x", "type": "string",
          "$defs": {"x": {"minLength": 2}}}, ["a"])  # fmt: skip
@example({"$schema": LATEST, "items": {"$schema": EARLY, "type": "integer"}}, [[1.0]])
@example({"$schema": LATEST, "items": {"$id": "https://example.com/s", "$ref": "#/$defs/x",
          "$defs": {"x": False}}, "$defs": {"x": True}}, [[1]])  # fmt: skip
@example({"$schema": LATEST, "$ref": "#/$defs/x/items", "$defs": {"x": {
          "$id": "https://example.com/s", "items": {"$ref": "#/$defs/y"}, "$defs": {"y": False}},
          "y": True}}, [1])  # fmt: skip
def test_what_is_proven_is_valid(schema, answers):
    for answer in answers:
        if is_proven(schema, answer):
            assert is_valid(schema, answer) is not False, answer


def changed(value):
    """One part of a value in the place of the whole, or another value in the place of a part."""
    if isinstance(value, dict) and value:
        return st.sampled_from(sorted(value)).flatmap(
            lambda key: (
                st.just({k: v for k, v in value.items() if k != key})
                | changed(value[key]).map(lambda new: {**value, key: new})
                | VALUES.map(lambda new: {**value, "more": new})
            )
        )
    if isinstance(value, list) and value:
        return st.integers(0, len(value) - 1).flatmap(
            lambda i: (
                st.just(value[:i] + value[i + 1 :])
                | changed(value[i]).map(lambda new: [*value[:i], new, *value[i + 1 :]])
                | VALUES.map(lambda new: [*value, new])
            )
        )
    return VALUES


@given(schemas(), st.data())
def test_what_is_proven_of_schemas_as_people_write_them(schema, data):
    answer = data.draw(instances(schema))
    assert is_valid(schema, answer)
    for other in data.draw(st.lists(changed(answer), max_size=4)):
        if is_proven(schema, other):
            assert is_valid(schema, other), other


# -- it proves ----------------------------------------------------------------------------------

ROW = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 40},
        "count": {"type": "integer", "minimum": 1, "exclusiveMaximum": 100},
        "price": {"type": "number", "exclusiveMinimum": 0, "maximum": 1e6},
        "code": {"anyOf": [{"type": "string", "pattern": "^[A-Z]+$"}, {"type": "null"}]},
    },
    "required": ["text", "count", "price", "code"],
    "additionalProperties": False,
}
INVOICE = {
    "title": "Invoice",
    "type": "object",
    "properties": {
        "number": {"type": "string", "description": "as printed"},
        "date": {"type": "string", "format": "date", "examples": ["2024-02-29"]},
        "currency": {"enum": ["EUR", "USD"], "default": "EUR"},
        "kind": {"const": "invoice"},
        "note": {"type": ["string", "null"]},
        "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}, "minItems": 1, "maxItems": 9},
        "paid": {"type": "boolean"},
        "amounts": {"type": "object", "additionalProperties": {"type": "number"}},
        "grid": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        "by": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"kind": {"const": kind}, "who": {"type": "string"}},
                    "required": ["kind", "who"],
                }
                for kind in ("person", "firm")
            ],
            "discriminator": {"propertyName": "kind"},
        },
        "pair": {"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
        "parts": {"$ref": "#/$defs/Part"},
    },
    "required": ["number", "rows"],
    "$defs": {
        "Row": ROW,
        "Part": {
            "allOf": [
                {"type": "object", "required": ["name"]},
                {"properties": {"parts": {"items": {"$ref": "#/$defs/Part"}}}},
            ]
        },
    },
}
ANSWER = {
    "number": "2024-1",
    "date": "tomorrow",
    "currency": "USD",
    "kind": "invoice",
    "note": None,
    "rows": [{"text": "Öl", "count": 2.0, "price": 1, "code": None}] * 3,
    "paid": True,
    "amounts": {"net": 1.5, "gross": 10**400},
    "grid": [[1, 2], [], [3]],
    "by": {"kind": "firm", "who": "x"},
    "pair": ["a", 1],
    "parts": {"name": "car", "parts": [{"name": "wheel", "parts": [{"name": "nut"}]}]},
}
WRONG = [
    ("rows", []), ("rows", [{}]), ("rows", [{**ANSWER["rows"][0], "count": True}]),
    ("rows", [{**ANSWER["rows"][0], "count": 100}]), ("rows", [{**ANSWER["rows"][0], "text": ""}]),
    ("rows", [{**ANSWER["rows"][0], "price": 0}]), ("rows", [{**ANSWER["rows"][0], "more": 1}]),
    ("currency", "usd"), ("kind", None), ("note", 5), ("paid", 1), ("number", None),
    ("amounts", {"net": "1"}), ("grid", [[1, 1.5]]), ("grid", [1]), ("by", {"kind": "firm"}),
    ("by", {"kind": "cat", "who": "x"}), ("pair", [1, 1]), ("pair", ["a", 1, 1]),
    ("parts", {"name": "car", "parts": [{"parts": []}]}),
]  # fmt: skip


@pytest.mark.parametrize("draft", DRAFTS[2:])
@pytest.mark.parametrize("key", sorted(ANSWER.keys() - {"pair"}))
def test_ordinary_answers_are_proven(draft, key):
    schema = {**INVOICE, "$schema": draft, "required": []}
    assert is_valid(schema, {key: ANSWER[key]})
    assert is_proven(schema, {key: ANSWER[key]})


@pytest.mark.parametrize(
    ("draft", "first", "rest"),
    [(SEVENTH, "items", "additionalItems"), (LATEST, "prefixItems", "items")],
)
def test_first_items(draft, first, rest):
    schema = {"$schema": draft, first: [{"type": "string"}], rest: {"type": "integer"}}
    assert all(is_proven(schema, answer) for answer in ([], ["a"], ["a", 1, 2]))
    assert not any(is_proven(schema, answer) for answer in ([1], ["a", "b"], ["a", 1, "b"]))


def test_a_whole_invoice_is_proven():
    assert is_proven(INVOICE, ANSWER)
    assert not is_proven(INVOICE, {k: v for k, v in ANSWER.items() if k != "number"})
    coded = copy.deepcopy(ANSWER)
    coded["rows"][0]["code"] = "AB"
    assert is_valid(INVOICE, coded)
    assert not is_proven(INVOICE, coded)  # patterns are not judged


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_wrong_answers_are_not(key, value):
    assert not is_proven(INVOICE, {**ANSWER, key: value})


def test_most_schemas_are_proven():
    """Of the ones above that are drawn, so that the laws are about something."""
    counts = {True: 0, False: 0}

    @given(schemas(), st.data())
    def count(schema, data):
        counts[is_proven(schema, data.draw(instances(schema)))] += 1

    count()
    assert counts[True] > counts[False]


# -- it ends ------------------------------------------------------------------------------------


def nested(depth):
    made = {}
    for _ in range(depth):
        made = {"a": made}
    return made


def test_deep_answers_are_given_up():
    schema = {"properties": {"a": {"$ref": "#"}}, "additionalProperties": False}
    assert is_proven(schema, nested(20))
    answer = nested(100_000)
    assert not is_proven(schema, answer)
    while answer:  # freed one by one: a deep value is not freed safely at once
        answer = answer.pop("a")


def test_deep_schemas_are_given_up():
    schema = {"type": "null"}
    for _ in range(100_000):
        schema = {"items": schema}
    assert not is_proven(schema, [])
    while "items" in schema:
        schema = schema.pop("items")


@pytest.mark.parametrize(
    "words",
    [{"type": "any"}, {"type": [{}]}, {"type": None}, {"enum": "a"}, {"minimum": True},
     {"minLength": "1"}, {"required": [1]}, {"required": "a"}, {"properties": []}, {"items": 5},
     {"additionalProperties": []}, {"prefixItems": {}}, {"anyOf": {}}, {"allOf": [1]}, {"$ref": 1},
     {"$id": 5}, {"id": 5}, {"$schema": 5}],
)  # fmt: skip
@pytest.mark.parametrize("draft", DRAFTS[1:])
def test_words_that_hold_the_wrong_thing_are_given_up(draft, words):
    """A reference may lead to where nobody has checked the schema."""
    schema = {"$schema": draft, "$ref": "#/unchecked", "unchecked": words}
    for data in ({"a": 1}, [1], "a", 1):
        assert is_valid(schema, data) is not False or not is_proven(schema, data)
        checker(validator_for(schema), schema)(data)  # and nothing is raised


def test_long_answers_are_proven():
    schema = {"items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"type": "integer"}}}
    assert is_proven(schema, [1] * 100_000)
    assert not is_proven(schema, [1] * 100_000 + ["x"])


def test_endless_references_are_given_up():
    assert not is_proven({"$ref": "#"}, 1)
    assert not is_proven({"anyOf": [{"$ref": "#"}, {"type": "integer"}]}, 1)


@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
def test_references_that_double_are_given_up(word):
    """Of 2**60 checks, and of answers whose each level would be checked twice."""
    towers = {"a0": {"type": "integer", "minimum": 0}}
    for n in range(60):
        towers[f"a{n + 1}"] = {word: [{"$ref": f"#/$defs/a{n}"}, {"$ref": f"#/$defs/a{n}"}]}
    assert not is_proven({"$defs": towers, "$ref": "#/$defs/a60"}, -1 if word == "anyOf" else 1)
    arm = {"properties": {"a": {"$ref": "#"}}}
    assert not is_proven(
        {word: [{**arm, "required": ["b"]}, {**arm, "minProperties": 2}]}, nested(60)
    )
    assert not is_proven({"allOf": [arm, {**arm, "title": "again"}]}, nested(60))


def test_types_of_python_alone_are_not_judged():
    class Text(str):
        __slots__ = ()

    for foreign in (Text("a"), (1,), 1j, b""):
        assert not is_proven({}, foreign)
        assert not is_proven({"items": True}, [foreign])
