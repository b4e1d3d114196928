"""What is declared never contradicts an answer that keeps to the schema, by jsonschema's word."""

import json

import jsonschema
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema.validators import validator_for

from fieldconf.parsing.kinds import kind_of, same
from fieldconf.schema import compile_schema

KEYS = ["a", "b", "c"]
SCALARS = st.sampled_from([None, True, False, 0, 1, 2, 1.5, "", "a", "b", "ab"])
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=6,
)
KINDS = ["object", "array", "string", "integer", "number", "boolean", "null"]
TYPE = st.sampled_from(KINDS)
TYPES = TYPE | st.lists(TYPE, min_size=1, max_size=3, unique=True)
DRAFTS = [
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
]


def of_values(inner):
    """Words that speak of one value, or lead to other schemas for it."""
    some = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    return {
        "type": TYPES,
        "enum": st.lists(ANSWERS, min_size=1, max_size=4),
        "const": ANSWERS,
        "not": inner,
        "allOf": some,
        "anyOf": some,
        "oneOf": some,
        "properties": named,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b|c"]), inner, max_size=2),
        "additionalProperties": inner,
        "required": st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True),
        "dependentSchemas": named,
        "dependencies": named,
        "items": inner,
        "prefixItems": some,
        "contains": inner,
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 3),
        "minimum": st.integers(0, 2),
        "maximum": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "pattern": st.sampled_from(["^a", "b$", "."]),
        "$ref": st.sampled_from(["#", "#/definitions/x", "#/definitions/y", "#/nowhere"]),
    }


def some_words(inner):
    words = of_values(inner)

    def with_condition(schema):
        parts = st.fixed_dictionaries({"if": inner}, optional={"then": inner, "else": inner})
        return parts.map(lambda condition: {**schema, **condition})

    chosen = st.lists(st.sampled_from(sorted(words)), max_size=3, unique=True)
    plain = chosen.flatmap(lambda names: st.fixed_dictionaries({n: words[n] for n in names}))
    return plain | plain.flatmap(with_condition)


SCHEMAS = st.recursive(st.just({}) | TYPES.map(lambda t: {"type": t}), some_words, max_leaves=6)
DOCUMENTS = st.builds(
    lambda schema, x, y, draft: {**schema, "$schema": draft, "definitions": {"x": x, "y": y}},
    SCHEMAS, SCHEMAS, SCHEMAS, st.sampled_from(DRAFTS),
)  # fmt: skip


def keeps(schema, answer):
    """Whether jsonschema accepts it; what it cannot tell says nothing."""
    try:
        return validator_for(schema)(schema).is_valid(answer)
    except Exception:  # noqa: BLE001  # an endless reference, or one to nowhere
        return False


def check(place, answer, path=()):
    """Nothing declared along an answer contradicts it, before and after it is written."""
    declared, text = place.declared, json.dumps(answer).encode()
    opener = text if not isinstance(answer, (dict, list)) else text[:1]
    assert kind_of(answer) in declared.kinds, path
    assert declared.allows(opener, done=opener is text), path
    if declared.members is not None:
        assert any(same(answer, member) for member in declared.members), path
    if isinstance(answer, list):
        assert declared.min_items <= len(answer), path
        assert declared.max_items is None or len(answer) <= declared.max_items, path
    if isinstance(answer, dict):
        assert declared.required_keys <= answer.keys(), path
        assert declared.required_keys <= set(declared.keys) or declared.more_keys, path
    for step, value in steps_of(answer):
        if isinstance(step, str):
            if step not in place.declared.keys and not place.declared.more_keys:
                return  # by the assumption: what is silent of other keys has none
            place = place.with_key(step)
        check(place.inside(step), value, (*path, step))
        raw = json.dumps(value).encode()
        place = place.with_value(step, raw[:1] if isinstance(value, (dict, list)) else raw)


def steps_of(answer):
    if isinstance(answer, dict):
        return answer.items()
    return enumerate(answer) if isinstance(answer, list) else ()


def is_open(schema):
    """The same schema with "other keys may stand here" where it is silent."""
    if isinstance(schema, list):
        return [is_open(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        word: value if word in ("enum", "const", "required") else is_open(value)
        for word, value in schema.items()
    }
    return {"additionalProperties": True, **made} if "properties" in made else made


@settings(deadline=None, max_examples=400)
@given(DOCUMENTS, ANSWERS)
@example({"enum": [{"a": 1}, 2], "definitions": {}}, {"a": 1})
@example({"properties": {"a": {"const": 1}}, "required": ["b"], "definitions": {}}, {"b": 0})
@example({"if": {"properties": {"a": {"const": 1}}}, "else": {"required": ["a"]}}, {"a": 2})
@example({"not": {"properties": {"a": {"const": 1}}}}, {"a": 2})
@example({"$schema": "http://json-schema.org/draft-04/schema#", "const": 1}, 2)
@example({"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/x",
          "type": "string", "definitions": {"x": {"type": "integer"}}}, 1)  # fmt: skip
@example({"dependencies": {"a": {"properties": {"b": {"type": "null"}}}}}, {"b": 1})
@example({"anyOf": [{"$ref": "#"}, {"type": "string"}]}, "a")
def test_a_valid_answer_is_declared_everywhere(schema, answer):
    """At each place its kind, its value, its keys and its length are among those declared; also
    once what stands before it has narrowed the arms. Jsonschema says which answers are valid."""
    schema = is_open(schema)
    assume(keeps(schema, answer))
    try:
        validator_for(schema).check_schema(schema)
    except jsonschema.SchemaError:
        assume(False)
    check(compile_schema(schema).root, answer)


@pytest.mark.parametrize("words", [{"const": 1}, {"type": "integer"}, {"enum": ["a", "b"]}])
def test_the_check_can_fail(words):
    with pytest.raises(AssertionError):
        check(compile_schema(words).root, "c")
