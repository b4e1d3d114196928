"""The answer is one JSON value of the kind asked for; of any other no policy accepts a field."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from live import SURE, cut, report_of

import fieldconf as fc

OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
LIST = {"type": "array", "items": {"type": "integer"}}
NUMBER = {"type": "integer"}

VALUES = st.sampled_from(
    ['{"a":1}', '{"a":2}', '{"a": 1}', '{"b":[{"a":3}]}', '{"a":"{"}', "[1]", '[{"a":1}]', "[]"]
)
BETWEEN = st.sampled_from(["", " ", "\n", ", ", ";\n", "\nNo: ", "\n```\n```json\n", "\n\n---\n"])
BEFORE = st.sampled_from(["", " ", "Here you are: ", "```json\n", "As {asked} [so]:\n"])
BEHIND = st.sampled_from(["", "\n", "\n```", ". Anything {else}?", " [sic]", "}"])
CUTS = st.lists(st.integers(0, 200), max_size=30)
SIZES = st.lists(st.integers(1, 4), max_size=20)


def kind_of(schema, text):
    value = json.loads(text)
    return {"object": dict, "array": list, "integer": int}[schema["type"]] is type(value)


@settings(deadline=None)
@given(
    st.lists(VALUES, min_size=1, max_size=3),
    st.sampled_from([OBJECT, LIST, NUMBER]),
    BETWEEN, BEFORE, BEHIND, CUTS, SIZES,
)  # fmt: skip
@example(['{"a":1}', '{"a":2}'], OBJECT, "", "", "", [], [])
@example(['{"a":1}', '{"a":1}'], OBJECT, "\n", "", "\n", [3, 9], [2])
@example(['[{"a":1}]', '{"a":1}'], OBJECT, "\n", "", "", [3], [])
@example(['{"a":1}', '{"a": 1}', '{"a":"{"}'], OBJECT, " ", "", "", [5, 14], [])
@example(['{"a":1}', '{"a": 1}', '{"a":"{"}'], OBJECT, " ", "", "", [7, 16], [])  # a chunk each
def test_several_values_or_another_kind_are_never_accepted(
    values, schema, between, before, behind, places, sizes
):
    """Whatever stands beside the answer: the first value of its kind is it, and none is accepted.

    And one value of its kind alone, in prose or a fence, is what it always was.
    """
    text = before + between.join(values) + behind
    report = report_of(cut(text, places), schema, sizes)
    wanted = [value for value in values if kind_of(schema, value)]
    first = wanted[0] if wanted else values[0]
    assert report.status == "complete"
    assert report.data == json.loads(first)
    root = report.fields[""]
    assert text.encode()[root.start : root.stop] == first.encode()
    assert ("other_kind" in report.flags) == (not wanted)
    assert ("other_json" in report.flags) == (len(values) > 1)
    if len(values) > 1 or not wanted:
        assert report.accepted == {}
        assert report.with_policy({"accept": 0.0, "review": 0.0}).accepted == {}
        assert report.outcome != "accept"
    elif first == '{"a":1}' and schema is OBJECT:
        assert report.value == {"a": 1}
        assert (report.outcome, report.reason) == ("accept", "")


@settings(deadline=None)
@given(VALUES, st.sampled_from([OBJECT, LIST, NUMBER]), st.data(), CUTS, SIZES)
def test_an_answer_inside_of_another_value_is_not_taken_out(value, schema, data, places, sizes):
    """A wrapper of another kind is what was answered, whether it ends or was cut off."""
    opener, closer = data.draw(st.sampled_from([('{"x":', "}"), ("[", "]"), ('[0, "[", ', ", 1]")]))
    whole = opener + value + closer
    if kind_of(schema, whole):
        return
    stop = data.draw(st.sampled_from([len(whole), len(opener + value)]))
    report = report_of(cut(whole[:stop], places), schema, sizes)
    assert report.status == ("complete" if stop == len(whole) else "truncated")
    assert report.fields[""].start == 0
    assert report.value is None
    assert "other_kind" in report.flags
    assert report.accepted == {}
    assert report.outcome == "reject"


# -- fixed examples -----------------------------------------------------------------------------

LINES = '{"a":1}\n{"a":2}\n'


@pytest.mark.parametrize(
    ("text", "schema", "data", "flags", "is_sound"),
    [
        ('{"a":1}', OBJECT, {"a": 1}, (), True),
        (['Here: {"a":', "1", "}. Is that {so}?"], OBJECT, {"a": 1}, (), True),
        ('{"a":1}{"a":2}', OBJECT, {"a": 1}, ("other_json",), False),
        (LINES, OBJECT, {"a": 1}, ("other_json",), False),
        ('{"a":1}\n{"a":1}', OBJECT, {"a": 1}, ("other_json",), False),
        ('{"a":1} {"a":', OBJECT, {"a": 1}, ("other_json",), False),
        ('{"a":1}\nnull', OBJECT, {"a": 1}, ("other_json",), False),
        ('null\n{"a":1}', OBJECT, {"a": 1}, ("other_json",), False),
        ('See [1]: {"a":1}', OBJECT, {"a": 1}, ("other_json",), False),
        ('[{"a":1},]', OBJECT, [{"a": 1}], ("other_kind",), False),
        ('{"a":[1]}', LIST, {"a": [1]}, ("other_kind",), False),
        ("[1] [2]", LIST, [1], ("other_json",), False),
        ("{}", NUMBER, {}, ("other_kind",), False),
        ("[5]", NUMBER, [5], ("other_kind",), False),
        ("5", OBJECT, 5, ("other_kind",), False),
        ("5 {}", NUMBER, {}, ("other_kind", "other_json"), False),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_not_what_it_seems(text, schema, data, flags, is_sound):
    report = report_of([text] if isinstance(text, str) else text, schema)
    assert (report.data, report.flags) == (data, flags)
    assert report_of([c.encode() for c in "".join(text)], schema).data == data
    assert (report.outcome == "accept") == bool(report.accepted) == is_sound


def test_the_error_says_of_which_kind_it_is():
    report = report_of(["{}"], NUMBER)
    assert [error.problem for error in report.errors] == ["{} is not of type 'integer'"]
    assert "not JSON" not in report.reason
    assert {one.name for one in report.verdicts[""].reasons} >= {"other_json", "invalid"}


def test_where_the_other_value_stands():
    report = report_of(['{"a":', "1", LINES.partition("1")[2]], OBJECT)
    assert report.reason == "other JSON stands beside the answer, at byte 8"
    (reason,) = report.verdicts["/a"].reasons
    assert (reason.name, reason.outcome) == ("other_json", "review")


def test_a_saved_report_is_not_accepted_either():
    report = report_of(['{"a":1}{"a":2}'], OBJECT)
    again = fc.Report.from_json(report.to_json(tokens=True), OBJECT)
    assert again == report
    assert again.accepted == {}


def test_numbers_of_the_answer_do_not_change():
    alone = report_of(['{"a":', "1", "}"], OBJECT)
    lines = report_of(['{"a":', "1", "}", "{}"], OBJECT)
    assert alone["/a"].to_dict() == lines["/a"].to_dict()
    assert alone["/a"].logprob == SURE
