"""Law 5 for schemas: any JSON is refused by one documented error, or it is read; nothing else."""

import json

import pytest
from builders import completion, token
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion

DRAFTS = [
    "http://json-schema.org/draft-03/schema#",
    "http://json-schema.org/draft-04/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
    "https://example.com/no/draft",
]
WORDS = [
    "$ref", "$id", "id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef",
    "$defs", "definitions", "type", "enum", "const", "allOf", "anyOf", "oneOf", "if", "then",
    "else", "not", "properties", "required", "patternProperties", "additionalProperties",
    "unevaluatedProperties", "dependencies", "dependentSchemas", "items", "prefixItems",
    "additionalItems", "contains", "minContains", "minimum", "exclusiveMinimum", "multipleOf",
    "pattern", "format", "minItems", "default", "title", "description", "discriminator",
    "x-fieldconf", "a", "b",
]  # fmt: skip
VALUES = st.sampled_from([
    None, True, False, 0, -1, 1.5, 10**400, "", "#", "#/$defs/a", "#/definitions/b", "string",
    "integer", "a", r"\w(", "^(a|b)*$", "http://x/y", *DRAFTS,
])  # fmt: skip
ANY = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=12,
)
SCHEMAS = st.dictionaries(st.sampled_from(WORDS), ANY, max_size=5)
ANSWER = '{"a": [1, {"b": null}], "b": "x"}'


def look(schema):
    """Everything that is done with a schema."""
    compiled = compile_schema(schema)
    fc.request(compiled)
    fc.request(compiled, provider="vllm")
    tokens = [token(ANSWER[at : at + 4], -0.1, [("x", -3)]) for at in range(0, len(ANSWER), 4)]
    report = score_completion(completion(*tokens), compiled.as_requested)
    if "object" in compiled.declared(()).kinds:
        assert report.data == json.loads(ANSWER)
        assert (report.value is None) == bool(report.errors)
    assert all(field.declared is not None for field in report.fields.values())
    json.loads(report.to_json())


@settings(deadline=None, max_examples=300)
@given(SCHEMAS)
@example({"$schema": ["a"]})
@example({"$schema": DRAFTS[1], "$defs": True})
@example({"$schema": DRAFTS[1], "$ref": 10**400})
@example({"$schema": DRAFTS[1], "prefixItems": 1})
@example({"properties": {"a": {"$ref": "#/x"}}, "x": {"type": 10**400}})
@example({"properties": {"a": {"$ref": "#/x"}}, "x": {"type": True, "minLength": "a"}})
@example({"$schema": DRAFTS[0], "type": ["a", {"b": [1]}]})
@example({"$schema": DRAFTS[0], "$ref": "#/definitions/b", "definitions": {"b": "a"}})
@example({"$id": "http://[", "properties": {"a": {"$id": 5}}})
def test_any_json_is_a_schema_or_is_refused(schema):
    """Compiling raises SchemaError or nothing; what is compiled is asked for and scored."""
    refused = None
    try:
        look(schema)
    except fc.SchemaError as error:
        refused = error
    assert refused is None or (refused.remedy and "\n" not in str(refused))


def test_the_look_sees_something():
    with pytest.raises(fc.SchemaError):
        look({"type": "nothing"})
    look({"type": "object"})
