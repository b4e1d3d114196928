"""Law: a field with ``counts=False`` changes no other field, and decides nothing about an answer.

The reference implementation takes the least confidence over the leaves that count, one by one.
"""

from typing import Annotated, Literal

import pytest
from builders import report_of, token
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import fieldconf as fc
from fieldconf import strategies
from fieldconf.policy import OUTCOMES, Policy, worst
from fieldconf.reasking.doubts import doubtful
from fieldconf.report import Report
from fieldconf.schema.field_settings import CONF

LEAVES = {
    "score": {"type": "integer", "minimum": 1, "maximum": 5},
    "reason": {"type": "string", "maxLength": 8},
    "ok": {"type": "boolean"},
    "notes": {"type": "array", "items": {"type": "string", "maxLength": 4}, "maxItems": 2},
}


def with_counts(name, schema, counts):
    """The schema of a place; with the setting if its name is in ``counts``."""
    return schema | ({CONF: {"counts": counts[name]}} if name in counts else {})


def schema_of(counts):
    leaves = {name: with_counts(name, schema, counts) for name, schema in LEAVES.items()}
    inner = {"type": "object", "properties": leaves, "required": ["score", "reason", "ok"],
             "additionalProperties": False}  # fmt: skip
    outer = {name: with_counts(f"outer {name}", leaf, counts) for name, leaf in leaves.items()}
    outer["inner"] = with_counts("inner", inner, counts)
    return {"type": "object", "properties": outer, "required": [*outer],
            "additionalProperties": False}  # fmt: skip


NAMES = [*LEAVES, *(f"outer {name}" for name in LEAVES), "inner"]
COUNTS = st.dictionaries(st.sampled_from(NAMES), st.booleans())


def ignored(report):
    """The pointers of fields with the setting, and of all inside of them."""
    own = {name for name, field in report.fields.items() if not field.counts}
    return {
        name for name in report.fields
        if any(name == other or name.startswith(f"{other}/") for other in own)
    }  # fmt: skip


def confidences_inside(report, field):
    """Those of the leaves that count, of an object the required ones; None for an unknown one."""
    if field.is_leaf:
        return [field.confidence]
    inside = {
        inner.path[-1]: confidences_inside(report, inner)
        for inner in report.fields.values()
        if inner.path and inner.path[:-1] == field.path and inner.counts
    }
    required = [n for step, own in inside.items() if field.declared.requires(step) for n in own]
    unknown = [None] if field.kind == "array" and field.confidence is None else []
    return unknown + (required or [n for own in inside.values() for n in own])


def check_counts(report, whole):
    """``whole`` is the same answer, read with a schema in which all fields count."""
    assert report.leaves == whole.leaves
    skipped = ignored(report)
    for name, field in report.fields.items():
        if field.kind == "object" and not field.is_leaf:
            numbers = confidences_inside(report, field)
            assert field.confidence == (None if None in numbers else min(numbers, default=None))
        elif name in report.verdicts:
            verdict, full = report.verdicts[name], whole.verdicts[name]
            assert (verdict.outcome, verdict.reasons) == (full.outcome, full.reasons)
    counting = {name: v for name, v in report.verdicts.items() if name not in skipped}
    assert all(verdict.counts for verdict in counting.values())
    assert not any(report.verdicts[name].counts for name in skipped if name in report.verdicts) or (
        report.errors or not counting)  # fmt: skip
    if counting and not report.errors:
        assert report.outcome == worst(verdict.outcome for verdict in counting.values())
    assert OUTCOMES.index(report.outcome) <= OUTCOMES.index(whole.outcome)


@settings(deadline=None, max_examples=150)
@given(strategies.completions(schema_of({})), COUNTS, st.floats(0, 1))
def test_a_field_that_does_not_count_decides_nothing(case, counts, accept):
    policy = Policy(accept)
    whole = fc.score(case.response, schema_of({}), policy=policy)
    report = fc.score(case.response, schema_of(counts), policy=policy)
    check_counts(report, whole)
    again = Report.from_dict(report.to_dict())
    assert again.to_dict() == report.to_dict()
    assert again.outcome == report.outcome


class Judgement(BaseModel):
    reason: Annotated[str, fc.FieldConfig(counts=False)]
    score: Literal[1, 2, 3, 4, 5]


def judgement(reason, schema=Judgement):
    return report_of(
        token('{"reason": "'), token("Terse.", reason), token('", "score": '), token("4", -0.02),
        token("}"), schema=schema,
    )  # fmt: skip


def test_the_reason_of_a_judge_rejects_no_report():
    report = judgement(-5.3)
    assert report["reason"].confidence == pytest.approx(0.005, abs=1e-3)
    assert report.confidence == report["score"].confidence == pytest.approx(0.98, abs=1e-3)
    assert report.outcome == "accept"
    assert (report.verdicts["/reason"].outcome, report.verdicts["/reason"].counts) == (
        "reject", False)  # fmt: skip
    assert [*report.rejected] == ["/reason"]
    assert not doubtful(report)  # nobody pays to ask for it again


def test_a_reason_without_a_confidence_leaves_the_report_its_own():
    report = judgement(None)
    assert report["reason"].confidence is None
    assert report.confidence == report["score"].confidence is not None
    assert report.outcome == "accept"


def test_a_reason_that_breaks_the_schema_rejects_the_report():
    schema = {"type": "object", "properties": {
        "reason": {"type": "string", "maxLength": 2, CONF: {"counts": False}},
        "score": {"enum": [1, 2, 3, 4, 5]}}}  # fmt: skip
    assert judgement(-5.3, schema).outcome == "reject"


def test_where_nothing_counts_the_outcome_is_that_of_all():
    schema = {
        "properties": {"reason": {CONF: {"counts": False}}, "score": {CONF: {"counts": False}}}
    }
    report = judgement(-5.3, schema)
    assert (report.confidence, report[""].reason) == (None, "no value inside counts")
    assert report.outcome == "reject"


def test_an_object_in_which_nothing_counts_says_nothing_of_what_is_around_it():
    schema = {"properties": {"a": {"properties": {"b": {CONF: {"counts": False}}}}}}
    report = report_of(
        token('{"a": {"b": "'), token("x", -3.0), token('"}, "c": '), token("1", -0.1), token("}"),
        schema=schema,
    )  # fmt: skip
    assert report["/a"].confidence is None
    assert report.confidence == report["c"].confidence is not None


def test_the_setting_is_saved_with_the_report():
    assert Report.from_dict(judgement(-5.3).to_dict())["reason"].counts is False
