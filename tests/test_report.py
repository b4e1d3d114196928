"""What the user holds: lookups and plain forms."""

import json
from dataclasses import FrozenInstanceError

import answers
import pytest
from builders import report_of, response, token, tokenised
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldconf.fields.plain_values import DEEPEST, plain_value
from fieldconf.render import lines
from fieldconf.scoring.scorer import score

SMALL = report_of('{"items":[', '{"a/b":', "1", "}]", ',"x y":', "true", "}")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("/items/0/a~1b", 1),
        (("items", 0, "a/b"), 1),
        ("items", [{"a/b": 1}]),
        (("items", 0), {"a/b": 1}),
        ("x y", True),
        ("/x y", True),
        ("items/0", {"a/b": 1}),
    ],
)
def test_lookups(key, value):
    assert SMALL[key].value == value
    assert SMALL[""].value == SMALL[()].value == SMALL.data


def test_an_index_alone():
    assert report_of("[1,", "2]")[1].value == 2


@pytest.mark.parametrize("key", ["/nothing", "nothing", ("items", 1), 7, "/items/0/a/b"])
def test_an_unknown_field_is_named_with_those_that_are_known(key):
    with pytest.raises(KeyError) as caught:
        SMALL[key]
    message = caught.value.args[0]
    assert "no field" in message
    assert "'/items/0/a~1b'" in message


def test_a_report_without_fields_says_so():
    with pytest.raises(KeyError, match="it has none"):
        report_of("words")["a"]


def test_order_and_leaves():
    assert list(SMALL.fields) == ["", "/items", "/items/0", "/items/0/a~1b", "/x y"]
    assert list(SMALL.leaves) == ["/items/0/a~1b", "/x y"]
    assert list(report_of('{"a":[],"b":{}}').leaves) == ["/a", "/b"]


def test_fields_hold_their_tokens():
    field = SMALL["x y"]
    assert [t.text for t in field.tokens] == ["true"]
    assert SMALL["items"].tokens == SMALL.tokens[0:4]


def test_a_report_is_frozen():
    with pytest.raises(FrozenInstanceError):
        SMALL.status = "refused"
    with pytest.raises(FrozenInstanceError):
        SMALL["x y"].confidence = 1.0


STRANGE = [
    '{"a":1e999}',
    "[-1e999]",
    "[" + "9" * 5000 + "]",
    '["\\ud800"]',
    '{"\\udfff":"\\u0000"}',
    '["\u2028"]',
    "[" * 900 + "]" * 900,
    '{"a":' * 300 + "1" + "}" * 300,
    "[1",
    '{"a":{"b":[tr',
    "",
    "words",
    "[1e5, -0.0]",
]


def check_plain(report):
    def refuse(name):
        raise AssertionError(name)

    for text in (report.to_json(), report.to_json(indent=2)):
        assert text.isascii()
        assert json.loads(text, parse_constant=refuse) == report.to_dict()
    found = report.to_dict()
    assert set(found["fields"]) == set(report.fields)
    assert found["status"] == report.status


@pytest.mark.parametrize("text", STRANGE, ids=lambda text: text[:20])
def test_strange_answers_are_valid_json(text):
    check_plain(report_of(*[token(text[i : i + 7]) for i in range(0, len(text), 7)]))
    check_plain(score(response([], content=text)))


@settings(deadline=None, max_examples=60)
@given(tokenised(), st.sampled_from([None, {"properties": {"a": {"enum": [1, "x", None]}}}]))
def test_every_report_is_valid_json(case, schema):
    check_plain(report_of(*case[1], schema=schema))


def test_what_json_cannot_hold_is_text():
    assert report_of("[1e999]").to_dict()["data"] == ["inf"]
    assert "overflow" in report_of("[1e999]")[0].flags
    digits = "9" * 5000
    assert report_of(f"[{digits}]").to_dict()["data"] == [digits]


def test_what_is_too_deep_is_left_out():
    value = 1
    for _ in range(DEEPEST + 5):
        value = [value]
    found = plain_value(value)
    for _ in range(DEEPEST):
        found = found[0]
    assert found == f"(nested deeper than {DEEPEST})"
    assert plain_value([[1], {"a": [2]}]) == [[1], {"a": [2]}]


def test_the_plain_form_of_a_field():
    schema = {"properties": {"a": {"enum": [1, 2]}}, "required": ["a"]}
    found = report_of('{"a":', token("1", -0.5, [("1", -0.5)]), "}", schema=schema).to_dict()
    field = found["fields"]["/a"]
    assert (field["value"], field["basis"], field["span"]) == (1, "distribution", [5, 6])
    assert [c["value"] for c in field["distribution"]["candidates"]] == [1, 2]
    assert "value" not in found["fields"][""]


def test_a_repr_is_one_readable_line():
    choices = [('{"a": ', 0.9, {}), ("true", 0.75, {"false": 0.25}), (', "b": "', 0.9, {})]
    body = answers.response([*choices, ("x" * 500, 0.9, {}), ('"}', 0.9, {})])
    body["choices"][0]["logprobs"]["content"][3]["logprob"] = None
    report = score(body)
    assert repr(report["a"]) == "<Field /a True 0.750 (distribution)>"
    assert repr(report).startswith("<Report complete: /a True 0.750, /b 'xxx")
    assert len(repr(report)) < 200
    assert "unknown (token 3" in repr(report["b"])


def test_a_page_and_the_terminal_say_what_is_wrong_and_how_sure_the_model_was():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "b"]}
    report = report_of('{"a":"[x]"}', schema=schema)
    sure = {name: f"(written with confidence {report[name].confidence:.3f})" for name in ("", "a")}
    assert set(lines.problems(report.to_dict())) == {
        f"invalid (whole): 'b' is a required property {sure['']}",
        f"invalid /a: '[x]' is not of type 'integer' {sure['a']}",
    }
    assert "invalid /a: &#39;[x]&#39; is not of type" in report.to_html()
