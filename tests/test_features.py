"""Every feature of pydantic, from the schema to the report."""

import json

import pytest
from builders import completion, token
from features import FEATURES
from jsonschema import Draft202012Validator

import fieldconf as fc
from fieldconf.parsing.kinds import kind_of
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion


def tokens_of(text):
    """A token for every three characters, each a little less likely than the one before."""
    cut = [text[start : start + 3] for start in range(0, len(text), 3)]
    return [token(piece, -0.001 * (index + 1)) for index, piece in enumerate(cut)]


def leaves_of(value, path=()):
    """The scalars and empty containers of a JSON value, by path."""
    if not isinstance(value, (dict, list)) or not value:
        return {path: value}
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return {k: v for step, one in inner for k, v in leaves_of(one, (*path, step)).items()}


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.id)
def test_a_feature_from_the_schema_to_the_report(feature):
    schema, data = compile_schema(feature.kind), json.loads(feature.text)
    form = fc.strict(feature.kind)
    Draft202012Validator.check_schema(form.schema)
    tokens = tokens_of(feature.text)
    report = score_completion(completion(*tokens), schema.as_requested)

    assert report.status == "complete"
    assert report.errors == ()
    assert report.value == feature.value
    assert report.data == data
    for path, value in leaves_of(data).items():
        field = report[path]
        assert field.value == value
        assert field.logprob == pytest.approx(sum(t.logprob for t in field.tokens))
        assert field.confidence is not None
        assert kind_of(value) in field.declared.kinds
        assert "not_a_member" not in field.flags
    for name, where in feature.attributes.items():
        assert report.of(name).pointer == where
    for text in feature.wrong:
        broken = score_completion(completion(*tokens_of(text)), schema)
        if broken.status == "malformed" or broken[""].start:  # no JSON, or found further inside
            continue
        assert broken.value is None
        assert broken.errors
        assert broken.data == json.loads(text)
        for error in broken.errors:
            field = broken.fields.get(error.pointer)
            assert (error.confidence, error.tokens) == (
                (field.confidence, field.tokens) if field else (None, ())
            )
