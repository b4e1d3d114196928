"""Fields by kind: lists, objects, free text."""

import math

import pytest
from answers import response

import fieldconf as fc


def score(*choices, schema=None):
    return fc.score(response([(*choice, {})[:3] for choice in choices]), schema)


@pytest.mark.parametrize(
    "tokens",
    [
        ["[", "1", ",", "2", "]"],
        ["[", "1]"],  # an item that begins and ends with its list
        ["[[]]"],
        ["[", "[],", ' "', '"]'],  # a token that closes an item and begins the next
        ["[", '{"a"', ":", "1},{", '"a":2}', "]"],
    ],
)
def test_every_list_has_a_chance_of_ending_where_it_ended(tokens):
    report = score(*[(token, 0.9) for token in tokens])
    for field in report.fields.values():
        if field.kind == "array":
            assert field.basis == "list_end", field.reason
            assert field.low <= field.confidence <= field.high


def test_a_list_is_the_product_of_its_decisions():
    report = score(
        ("[", 1.0),
        ("1", 0.9, {"]": 0.1}),
        (",", 0.8, {"]": 0.2}),
        ("2", 1.0),
        ("]", 0.7, {",": 0.3}),
    )
    assert report[""].confidence == pytest.approx(0.9 * 0.8 * 0.7)


def test_an_empty_list_is_a_decision_too():
    report = score(('{"a":', 1.0), ("[]", 0.6, {"[": 0.4}), ("}", 1.0))
    assert (report["a"].low, report["a"].high) == (pytest.approx(0.6), pytest.approx(1.0))
    assert report["a"].confidence == pytest.approx(0.8)  # "[" could still become "[]"


def test_what_says_nothing_of_the_value_is_not_the_chosen_members():
    """White space that was not chosen is decided as what was; a shared beginning is split."""
    schema = {"type": "object", "properties": {"a": {"enum": ["high_risk", "high_value"]}}}
    quiet = score(
        ('{"a":', 0.5, {'{"a": ': 0.5}), ('"high_risk', 0.6, {'"high_value': 0.4}), ('"}', 1.0),
        schema=schema,
    )  # fmt: skip
    assert quiet["a"].confidence == pytest.approx(0.6)
    shared = score(('{"a":"', 1.0), ("high_risk", 0.6, {"high_": 0.4}), ('"}', 1.0), schema=schema)
    assert shared["a"].confidence == pytest.approx(0.8)


def test_a_chosen_token_with_hardly_any_mass():
    """Found by law 1: beside rivals that say nothing yet, its mass was lost in a subtraction."""
    report = score(("[]", 1e-260, {'"': 0.05, " ": 0.9}))
    assert 0 < report[""].confidence <= 1


def test_an_object_is_its_least_required_leaf():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "boolean"}, "b": {"type": "boolean"}},
        "required": ["a"],
    }
    tokens = [('{"a":', 1.0), ("true", 0.9, {"false": 0.1}), (',"b":', 1.0)]
    tokens += [("true", 0.6, {"false": 0.4}), ("}", 1.0)]
    assert score(*tokens, schema=schema).confidence == pytest.approx(0.9)
    assert score(*tokens).confidence == pytest.approx(0.6)


def test_an_object_with_an_unknown_leaf_is_unknown_and_names_it():
    body = response(
        [('{"a":', 0.9, {}), ("1", 0.9, {}), (',"b":', 0.9, {}), ("2", 0.9, {}), ("}", 0.9, {})]
    )
    body["choices"][0]["logprobs"]["content"][3]["logprob"] = -9999.0
    report = fc.score(body)
    assert (report.confidence, report[""].reason) == (None, "/b has no confidence")
    assert report["a"].confidence is not None


def test_prose_is_scored_per_token_and_an_identifier_is_not():
    words = ['"', "This is a longer text", " that a model wrote", " in a few tokens", '"']
    report = score(*[(word, 0.8) for word in words])
    assert report[""].basis == "geometric_mean"
    assert report[""].confidence == pytest.approx(0.8)
    identifier = score(*[(part, 0.8) for part in ['"', "a1b2-" * 5, "c3d4-" * 5, '"']])
    assert identifier[""].basis == "joint"
    assert identifier[""].confidence < 0.8
    assert identifier[""].logprob == pytest.approx(4 * math.log(0.8))
