"""Assembling: a report made of its own fields is itself; spans, owners and objects hold for any."""

import json
from copy import deepcopy

from builders import completion, token
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldconf import Report, score, strategies
from fieldconf.fields.readings import RequestCost
from fieldconf.report.combine import assembled
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.token import utf8


@st.composite
def reports(draw):
    return draw(strategies.reports(draw(strategies.schemas())))


def decisive(field, tokens):
    """The tokens that a field names beside its own."""
    named = [part.token for part in (field.why, field.min_step) if part]
    named += [part.decided_at for part in (field.distribution, field.variants) if part]
    return [tokens[index] for index in named if index >= 0]


def said(field):
    return field.value, field.confidence, field.basis, field.reason, field.indexes, field.declared


@settings(max_examples=100)
@given(reports())
def test_of_nothing_new_it_is_the_same_report(report):
    same = assembled(report, (), report.data, {}, requests=())
    assert same.to_dict(tokens=True) == report.to_dict(tokens=True) | {
        "input_tokens": None, "output_tokens": None,
    }  # fmt: skip


@settings(max_examples=100)
@given(reports())
def test_written_anew_each_value_stands_where_its_span_says(report):
    made = assembled(report, (), deepcopy(report.data), {}, requests=())
    assert list(made.fields) == list(report.fields)
    for name, field in made.fields.items():
        assert said(field) == said(report.fields[name])
        assert json.loads(utf8(made.text)[field.start : field.stop]) == field.value
    assert (made.value, made.owners) == (report.value, report.owners)
    assert Report.from_dict(made.to_dict(tokens=True), report.schema) == made


@settings(max_examples=100)
@given(reports(), reports(), st.data())
def test_of_two_readings_each_field_keeps_its_own_tokens(first, second, data):
    names = sorted(first.leaves)
    chosen = data.draw(st.sets(st.sampled_from(names)) if names else st.just(set()))
    other = second.fields[""]
    parts = {first[name].path: (1, other) for name in chosen}
    asked = [RequestCost("answer", output_tokens=2), RequestCost("reask", output_tokens=3)]
    made = assembled(first, [second], deepcopy(first.data), parts, requests=asked)
    for name in names:
        source = second.fields[""] if name in chosen else first.fields[name]
        assert made[name].tokens == source.tokens
        assert made[name].confidence == source.confidence
        assert decisive(made[name], made.tokens) == decisive(source, source.source)
    assert made.output_tokens == 5
    assert made.input_tokens is None
    assert len(made.owners) == len(made.tokens) == len(first.tokens) + len(second.tokens)


def answer(*pieces):
    tokens = [{"token": text, "bytes": list(text.encode()), "logprob": p} for text, p in pieces]
    content = "".join(text for text, _ in pieces)
    return {"choices": [{"message": {"content": content}, "logprobs": {"content": tokens}}]}


def test_an_object_says_the_least_of_what_is_inside_now():
    first = score(
        answer(('{"a": ', 0.0), ('"x"', -2.0), (', "b": ', 0.0), ('"y"', -0.5), ("}", 0.0))
    )
    second = score(answer(('{"a": ', 0.0), ('"z"', -0.1), ("}", 0.0)))
    made = assembled(
        first, [second], {"a": "z", "b": "y"}, {("a",): (1, second["a"])},
        requests=[RequestCost("answer"), RequestCost("reask")],
    )  # fmt: skip
    assert made.confidence == first["b"].confidence
    assert made["a"].tokens[0].text == '"z"'
    assert made[""].logprob is None  # two answers have no sum


def test_a_value_that_no_reading_has_is_unknown():
    first = score(answer(('{"a": ', 0.0), ('"x"', -2.0), ("}", 0.0)))
    made = assembled(first, (), {"a": "other"}, {}, requests=())
    assert made["a"].confidence is None
    assert made["a"].reason
    assert made.confidence is None


MAP = {"type": "object", "additionalProperties": {"type": "integer"}}


def test_a_required_value_without_a_confidence_leaves_none_both_ways():
    # A response and a report put together had different rules: .8187 here, None there.
    tokens = [token('{"a":', 0.0), token("1"), token(',"b":', 0.0), token("2", None), token("}")]
    report = score_completion(completion(*tokens), compile_schema(MAP))
    again = assembled(report, (), deepcopy(report.data), {}, requests=())
    for one in (report, again):
        assert one["a"].confidence is not None
        assert (one.confidence, one[""].reason) == (None, "/b has no confidence")


def test_what_stood_beside_an_answer_counts_only_where_it_gave_a_value():
    first = score({"choices": [{"message": {"content": '{"a":1}{"a":2}'}}]}, MAP)
    second = score({"choices": [{"message": {"content": '{"a":3}'}}]}, MAP)
    assert first.flags == ("other_json",)
    parts = {("a",): (1, second["a"])}
    asked = [RequestCost("answer"), RequestCost("reask")]
    assert assembled(first, [second], {"a": 3}, parts, requests=asked).flags == ()
    assert assembled(first, [second], {"a": 1}, {}, requests=asked).flags == ("other_json",)
