"""What an object or a list says of itself: keys left out, items missing, arms of a union."""

import math

import pytest
from builders import log, report_of, token

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.token import Completion, Layout


def step(chosen, mass):
    return token(chosen, math.log(mass[chosen]), log(mass))


def sure(text):
    return token(text, 0.0)


# -- optional keys --------------------------------------------------------------------------------

NOTE = {
    "properties": {"a": {"type": "integer"}, "note": {"type": "string"}},
    "required": ["a"],
}


def test_an_optional_key_that_was_written():
    mass = {',"': 0.7, "}": 0.2, "\n": 0.1}
    report = report_of(
        sure('{"a":'), sure("1"), step(',"', mass), sure("note"), sure('":"x"}'), schema=NOTE
    )
    note = report[""].presence["note"]
    assert note.value is True
    assert note.probability == pytest.approx(0.7 / 0.9)
    assert (note.low, note.high) == pytest.approx((0.7, 0.8))  # "\n" may go either way


def test_an_optional_key_that_was_left_out():
    report = report_of(
        sure('{"a":'), sure("1"), step("}", {",": 0.25, "}": 0.7, ',"x': 0.05}), schema=NOTE
    )
    note = report[""].presence["note"]
    assert note.value is False
    assert note.probability == pytest.approx(0.25 / 0.95)
    assert "/note" not in report.fields


def test_required_keys_are_no_decision():
    schema = {**NOTE, "required": ["a", "note"]}
    report = report_of('{"a":', "1", ',"note":"x"}', schema=schema)
    assert report[""].presence == {}


def test_an_order_of_keys_that_the_server_keeps():
    """Where keys come in their order, one that was passed by cannot come any more."""
    schema = compile_schema({
        "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}, "required": [],
    })  # fmt: skip
    first = {"y": 0.5, "x": 0.3, "z": 0.2}
    tokens = (sure('{"'), step("y", first), sure('":1'), step("}", {"}": 0.6, ',"x': 0.4}))
    text = b"".join(t.bytes for t in tokens).decode()
    completion = Completion(text, tokens, "stop")
    free = score_completion(completion, schema)
    kept = score_completion(completion, schema, layout=Layout(ordered=True))
    assert kept[""].presence["x"].probability == pytest.approx(0.3 / 0.8)
    # Without an order it may also come last: it was passed by twice.
    assert free[""].presence["x"].probability == pytest.approx(1 - 0.5 / 0.8 * 0.6)
    for report in (free, kept):
        assert report[""].presence["y"].probability == pytest.approx(0.5 / 0.8)


def test_an_empty_object_might_have_had_a_key():
    schema = {"properties": {"a": {"type": "integer"}}, "required": []}
    report = report_of(step("{}", {"{}": 0.6, '{"': 0.3, "[": 0.1}), schema=schema)
    assert report[""].confidence == pytest.approx(0.6 / 0.9)
    assert report[""].presence["a"].probability == pytest.approx(0.3 / 0.9)


# -- lists ----------------------------------------------------------------------------------------

LIST = {"type": "array", "items": {"type": "integer"}}


def test_each_place_where_a_list_could_have_ended():
    report = report_of(
        sure("["), step("1", {"1": 0.9, "]": 0.1}), step(",", {",": 0.75, "]": 0.25}), sure("2"),
        step("]", {"]": 0.6, ",": 0.4}), schema=LIST,
    )  # fmt: skip
    assert [stop.probability for stop in report[""].end_probabilities] == pytest.approx(
        [0.1, 0.25, 0.6]
    )
    assert report[""].confidence == pytest.approx(0.9 * 0.75 * 0.6)
    assert report[""].why.sentence == "at `]` the model gave `,` 40 %"


def test_where_the_schema_says_how_many_there_is_nothing_to_decide():
    schema = {**LIST, "minItems": 2, "maxItems": 2}
    report = report_of(
        sure("["), step("1", {"1": 0.9, "]": 0.1}), step(",", {",": 0.75, "]": 0.25}), sure("2"),
        step("]", {"]": 0.6, ",": 0.4}), schema=schema,
    )  # fmt: skip
    assert [stop.probability for stop in report[""].end_probabilities] == [0.0, 0.0, 1.0]
    assert report[""].confidence == 1.0


def test_a_list_goes_on_only_with_an_item_that_the_schema_allows():
    mass = {'"': 0.5, "1": 0.3, "]": 0.2}
    report = report_of(sure("["), step("1", mass), sure("]"), schema=LIST)
    assert report[""].end_probabilities[0].probability == pytest.approx(0.2 / 0.5)


def test_an_empty_object_is_no_list_that_ends():
    mass = {"[1": 0.6, "[]": 0.2, "{}": 0.2}
    schema = {"properties": {"a": LIST}, "required": ["a"]}
    report = report_of(sure('{"a":'), step("[1", mass), sure("]}"), schema=schema)
    assert report["a"].end_probabilities[0].probability == pytest.approx(0.25)


# -- unions ---------------------------------------------------------------------------------------

CAT = {"title": "Cat", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
       "required": ["kind"]}  # fmt: skip
DOG = {"title": "Dog", "properties": {"kind": {"const": "dog"}, "tail": {"type": "boolean"}},
       "required": ["kind"]}  # fmt: skip


def arms(field):
    return {member.value: member.probability for member in field.variants.candidates}


def test_a_discriminator_tells_the_arms_apart():
    mass = {"cat": 0.6, "dog": 0.3, "cow": 0.1}
    report = report_of(
        sure('{"kind":"'), step("cat", mass), sure('"}'), schema={"anyOf": [CAT, DOG]}
    )
    assert arms(report[""]) == pytest.approx({"Cat": 2 / 3, "Dog": 1 / 3})
    assert report["kind"].distribution["dog"].probability == pytest.approx(1 / 3)


def test_keys_tell_the_arms_apart():
    one = {"title": "One", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    two = {"title": "Two", "properties": {"y": {"type": "integer"}}, "required": ["y"]}
    report = report_of(
        sure('{"'), step("x", {"x": 0.6, "y": 0.2, "z": 0.2}), sure('":1}'),
        schema={"anyOf": [one, two]},
    )  # fmt: skip
    assert arms(report[""]) == pytest.approx({"One": 0.75, "Two": 0.25})


def test_kinds_of_a_union():
    declared = {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}
    schema = {"properties": {"a": declared}, "required": ["a"]}
    mass = {'"': 0.5, "1": 0.2, "null": 0.1, "true": 0.2}
    report = report_of(sure('{"a":'), step('"', mass), sure("x"), sure('"}'), schema=schema)
    expected = {"string": 0.625, "number": 0.25, "null": 0.125}
    assert arms(report["a"]) == pytest.approx(expected)
    assert report["a"].flags == ("shared_token",)


# -- what speaks against a number -----------------------------------------------------------------


def test_a_schema_that_fights_the_model_is_flagged():
    mass = {"true": 0.04, "false": 0.02, "null": 0.9}
    schema = {"properties": {"a": {"type": "boolean"}}, "required": ["a"]}
    field = report_of(sure('{"a":'), step("true", mass), sure("}"), schema=schema)["a"]
    assert "against_schema" in field.flags
    assert field.distribution.other[0].text == "null"
    mass = {"x": 0.04, "y": 0.02, "3": 0.9}
    schema = {"properties": {"a": {"type": "string", "pattern": "^[a-z]+$"}}, "required": ["a"]}
    field = report_of(sure('{"a":"'), step("x", mass), sure('"}'), schema=schema)["a"]
    assert "against_schema" in field.flags
    assert field.confidence == pytest.approx(2 / 3, abs=0.2)


def test_a_saturated_answer_is_flagged():
    words = [token(f'"{i}"', -1e-5) for i in range(12)]
    parts = [part for word in words for part in (sure(","), word)][1:]
    report = report_of(sure("["), *parts, sure("]"))
    assert report.flags == ("saturated",)
    assert "these numbers do not rank the fields" in report.to_html()
    parts[0] = token('"0"', -0.5)
    parts[2] = token('"1"', -0.5)
    assert report_of(sure("["), *parts, sure("]")).flags == ()
    assert report_of(sure("["), sure("1"), sure("]")).flags == ()  # too little to say so
