"""A report survives pickle, copy and JSON."""

import copy
import json
import pickle
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from answers import TICKET, TICKET_SCHEMA, response
from builders import plain, report_of
from hypothesis import example, given, settings
from hypothesis import strategies as st
from json_texts import DOCUMENTS, loads
from pydantic import BaseModel, field_validator
from reports import FITTING, REPORTS, SCHEMAS, STRANGE, pieces_of
from test_settling import SCHEMA as SALES
from test_settling import MadeUp, sales

import fieldconf as fc
from fieldconf.errors import PayloadError, SchemaError
from fieldconf.fields.pickling import flat, whole
from fieldconf.parsing.json_writing import json_text
from fieldconf.report import Report
from fieldconf.scoring.scorer import score


class Animal(BaseModel):
    kind: str
    price: Decimal = Decimal(1)


class Picky(BaseModel):
    urgent: bool

    @field_validator("urgent")
    @classmethod
    def never(cls, value):
        raise ValueError("not on Sundays")


TICKET_REPORT = score(response(TICKET), TICKET_SCHEMA)
MODEL_REPORT = score(response([('{"kind":"', 0.9, {}), ("dog", 0.7, {"cat": 0.2}),
                               ('","price":1.10}', 0.9, {})]), Animal)  # fmt: skip
WRONG_REPORT = score(response(TICKET), Picky)
SETTLED = score(
    sales(), SALES, settle=fc.Settle(probe=MadeUp(), prompt=[{"role": "user", "content": "?"}])
)
KNOWN = {"ticket": TICKET_REPORT, "model": MODEL_REPORT, "wrong": WRONG_REPORT, "settled": SETTLED}
known_reports = pytest.mark.parametrize("report", KNOWN.values(), ids=KNOWN)
STRANGE_REPORTS = [report_of(*pieces_of(text), schema=SCHEMAS[2]) for text in STRANGE if text]


def knows(made, report):
    """What was declared, as far as it can be compared: rules hold compiled patterns."""
    pairs = [(made[name].declared, field.declared) for name, field in report.fields.items()]
    return all(a and replace(a, rules=()) == replace(b, rules=()) for a, b in pairs if b)


def same_as(made, report):
    assert made == report
    assert plain(made) == plain(report)
    assert made.leaves.keys() == report.leaves.keys()
    assert [f.tokens for f in made.fields.values()] == [f.tokens for f in report.fields.values()]
    assert knows(made, report)


# -- pickle and copy ----------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(REPORTS, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_a_pickled_report_is_the_same_report(report, protocol):
    """pickle.loads(pickle.dumps(r)) == r, and so does all that a user can ask of it."""
    same_as(pickle.loads(pickle.dumps(report, protocol)), report)


@pytest.mark.parametrize("report", STRANGE_REPORTS, ids=lambda report: report.text[:20])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_strange_answers_are_pickled(report, protocol):
    """Nested deeper than the interpreter's stack, among others: nothing here compares by ``==``."""
    made = pickle.loads(pickle.dumps(report, protocol))
    assert made.to_dict(tokens=True) == report.to_dict(tokens=True)
    assert copy.deepcopy(report).to_dict(tokens=True) == report.to_dict(tokens=True)


@known_reports
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_known_reports_are_pickled(report, protocol):
    report.leaves  # noqa: B018  # what was computed once must not stand in the way
    made = pickle.loads(pickle.dumps(report, protocol))
    same_as(made, report)
    assert type(made.value) is type(report.value)
    assert made.schema == report.schema
    assert made.value == report.value
    assert all(field.source is made.tokens for field in made.fields.values())


@settings(deadline=None, max_examples=80)
@given(REPORTS)
def test_a_copied_report_is_the_same_report(report):
    for made in (copy.copy(report), copy.deepcopy(report), replace(report)):
        same_as(made, report)


def test_a_deep_copy_shares_nothing_that_can_change():
    made = copy.deepcopy(TICKET_REPORT)
    made.data["team"] = "other"
    assert made[""].value is made.data
    assert made.value is made.data
    assert TICKET_REPORT.data["team"] == TICKET_REPORT[""].value["team"] == "billing"
    assert made["team"].declared is TICKET_REPORT["team"].declared
    assert copy.copy(TICKET_REPORT).data is TICKET_REPORT.data


@settings(deadline=None, max_examples=80)
@given(REPORTS, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_a_field_travels_alone(report, protocol):
    for field in report.fields.values():
        for made in (pickle.loads(pickle.dumps(field, protocol)), copy.deepcopy(field)):
            assert made == field
            assert made.tokens == field.tokens
            assert made.to_dict() == field.to_dict()


def test_a_field_that_travels_alone_leaves_the_rest_behind():
    long = report_of('{"a":', "1", ',"b":"', *["word "] * 3000, '"}')
    assert len(pickle.dumps(long["a"])) < len(pickle.dumps(long)) / 20


def test_what_was_declared_still_works():
    report = report_of('{"":"', "abc", '"}', schema=SCHEMAS[4])
    made = pickle.loads(pickle.dumps(report))
    for text in (b'"abc"', b'"ABC"'):
        allowed = report["/"].declared.allows(text, done=True)
        assert made["/"].declared.allows(text, done=True) == allowed
    assert made.schema.validate(b'{"":"A"}', {"": "A"})[1]


@given(DOCUMENTS)
def test_flat_values_come_back(text):
    """whole(flat(v)) == v."""
    value = loads(text)
    assert whole(flat(value)) == value


# -- JSON ---------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(REPORTS)
def test_a_saved_report_comes_back(report):
    """Report.from_json(r.to_json(), schema).to_dict() == r.to_dict()."""
    made = Report.from_json(report.to_json(), report.schema)
    assert made.to_dict() == report.to_dict()
    assert made.value == report.value
    assert made.data == report.data
    assert made.errors == tuple(replace(error, tokens=()) for error in report.errors)
    assert knows(made, report)


@settings(deadline=None, max_examples=300)
@given(REPORTS)
def test_with_its_tokens_it_is_the_same_report(report):
    """Report.from_json(r.to_json(tokens=True), schema) == r."""
    made = Report.from_json(report.to_json(tokens=True), report.schema)
    same_as(made, report)
    assert made.to_dict(tokens=True) == report.to_dict(tokens=True)


@pytest.mark.parametrize("report", STRANGE_REPORTS, ids=lambda report: report.text[:20])
def test_strange_answers_come_back(report):
    for tokens in (True, False):
        made = Report.from_json(report.to_json(tokens=tokens), report.schema)
        assert made.to_dict(tokens=tokens) == report.to_dict(tokens=tokens)
        assert json_text(made.data) == json_text(report.data)
        assert json_text(made.value) == json_text(report.value)
        for name, field in report.fields.items():
            assert made[name].path == field.path
            assert json_text(made[name].value) == json_text(field.value)


@known_reports
def test_known_reports_come_back(report):
    given = report.schema.type or report.schema.json
    same_as(Report.from_json(report.to_json(tokens=True), given), report)
    same_as(Report.from_dict(report.to_dict(tokens=True), report.schema), report)
    made = Report.from_json(report.to_json(indent=1).encode(), given)
    assert made.to_dict() == report.to_dict()
    assert made.value == report.value


def test_a_model_is_made_again_and_its_errors_too():
    made = Report.from_json(MODEL_REPORT.to_json(tokens=True), Animal)
    assert made.value == Animal(kind="dog", price=Decimal("1.10"))
    wrong = Report.from_json(WRONG_REPORT.to_json(tokens=True), Picky)
    assert wrong.value is None
    assert wrong.errors == WRONG_REPORT.errors
    assert wrong.errors[0].tokens == WRONG_REPORT["urgent"].tokens


def test_without_a_schema_the_value_is_the_data_and_errors_are_those_saved():
    assert Report.from_json(MODEL_REPORT.to_json()).value == {"kind": "dog", "price": 1.1}
    wrong = Report.from_json(WRONG_REPORT.to_json())
    assert wrong.value is None
    assert [e.problem for e in wrong.errors] == [e.problem for e in WRONG_REPORT.errors]


def test_another_schema_has_other_errors():
    made = Report.from_json(TICKET_REPORT.to_json(), {"properties": {"team": {"const": "hr"}}})
    assert made.value is None
    assert [e.pointer for e in made.errors] == ["/team"]
    assert made.errors[0].confidence == TICKET_REPORT["team"].confidence
    assert made["team"].declared.members == ("hr",)
    assert Report.from_json(WRONG_REPORT.to_json(), TICKET_SCHEMA).value == WRONG_REPORT.data


@example({"a": Decimal("9" * 5000), "b": [float("inf"), -0.0, "\ud800", {}]})
@given(DOCUMENTS.map(loads))
def test_the_json_text_of_any_value(value):
    """json.loads(json_text(v)) == v, and it has no white space to be read."""
    if "9" * 5000 not in str(value)[:6000]:
        assert json.loads(json_text(value)) == value
    else:
        assert json_text(value).startswith(b'{"a":' + b"9" * 5000 + b',"b":[1e999,-0.0,"\\ud800"')


# -- what is no saved report --------------------------------------------------------------------

SAVED = report_of(*FITTING[0], schema=SCHEMAS[2]).to_dict(tokens=True)


def changed(path, value):
    made = copy.deepcopy(SAVED)
    inside = made
    for step in path[:-1]:
        inside = inside[step]
    if value is ...:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return made


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["version"], 3, "version"),
        (["version"], ..., "version"),
        (["more"], 1, "more"),
        (["status"], "fine", "status"),
        (["fields"], 3, "fields"),
        (["fields", "/a", "more"], 1, "fields//a/more"),
        (["fields", "/a", "kind"], "integer", "kind"),
        (["fields", "/a", "confidence"], "0.5", "confidence"),
        (["fields", "/a", "confidence"], float("nan"), "confidence"),
        (["fields", "/a", "span"], [1], "span"),
        (["fields", "/a", "value"], "words", "no number"),
        (["fields", "no slash"], SAVED["fields"]["/a"], "JSON Pointer"),
        (["fields", "/a", "indexes"], [99], "index"),
        (["fields", "/a", "why", "rivals"], None, "rivals"),
        (["tokens", 0, "bytes"], [300], "bytes"),
        (["tokens", 0, "logprob"], "-inf", "-inf"),
        (["tokens", 1, "candidates", 0, "logprob"], None, "no logprob"),
        (["data"], ..., "data"),
    ],
)
def test_what_is_wrong_is_named(path, value, said):
    with pytest.raises(PayloadError, match=said) as caught:
        Report.from_dict(changed(path, value))
    assert "Report.to_json" in caught.value.remedy


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '"a"', "{}", '{"version": 1}', "[" * 5000, b"\xff", 3, None],
)
def test_what_is_no_saved_report_is_our_error(text):
    with pytest.raises(PayloadError, match="saved report"):
        Report.from_json(text)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
)


def places(value, path=()):
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        if isinstance(inner, (dict, list)):
            yield from places(inner, (*path, key))
        else:
            yield (*path, key)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([p for p in places(SAVED) if p]), ANYTHING)
def test_anything_anywhere_is_read_or_refused_by_our_error(path, value):
    """from_dict gives a report or a PayloadError, whatever stands anywhere in it."""
    try:
        made = Report.from_dict(changed(path, value), SCHEMAS[2])
    except PayloadError:
        return
    assert isinstance(made, Report)


def test_a_schema_that_is_none_is_its_own_error():
    with pytest.raises(SchemaError):
        Report.from_json(TICKET_REPORT.to_json(), 3)


@pytest.mark.parametrize("tokens", [True, False])
def test_what_was_written_decides_between_the_arms_again(tokens):
    report = report_of('{"kind":"', "dog", '"}', schema=SCHEMAS[5])
    made = Report.from_json(report.to_json(tokens=tokens), SCHEMAS[5])
    assert made[""].declared.keys == report[""].declared.keys == ("kind", "name")


# -- what was saved by an earlier version ----------------------------------------------------------

FIRST_VERSION = json.loads((Path(__file__).parent / "fixtures/saved_reports_1.json").read_text())


def test_a_report_of_the_first_version_is_read():
    """Its words: "pre" for a mask, and other keys."""
    answer, text = FIRST_VERSION
    report, free = map(fc.Report.from_dict, FIRST_VERSION)
    assert (answer["version"], answer["mask"], report.mask) == (1, "pre", "before")
    fields = answer["fields"]
    assert report["/contact"].variants.off_schema == fields["/contact"]["arms"]["off_schema"]
    assert len(report["/items"].end_probabilities) == len(fields["/items"]["stops"]) == 3
    assert report["/team"].source_spans[0].text == fields["/team"]["found"][0]["text"] == "sales"
    assert report["/team"].declared.conf == fc.FieldConfig(accept=0.8)
    assert free.answer_score.logprob == free.prompt_score.logprob == text["answer"]["logprob"]


@pytest.mark.parametrize("saved_then", FIRST_VERSION)
def test_a_report_of_the_first_version_is_saved_in_the_current_form(saved_then):
    report = fc.Report.from_dict(saved_then)
    saved = report.to_dict(tokens=True)
    assert saved["version"] == 2
    assert fc.Report.from_dict(saved) == report
