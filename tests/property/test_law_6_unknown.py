"""Law 6: nothing that is not known is reported as a number; None comes with a reason."""

import json

import pytest
from builders import (
    chunks,
    completion,
    cuts,
    documents,
    entry,
    report_of,
    response,
    token,
    tokenised,
)
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from oracles import joint, touching, values_in

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score, score_completion
from fieldconf.tokens.token import Completion

NUMBERS = ("confidence", "low", "high", "logprob", "expected", "std", "distribution", "min_step")


def has_no_number(field):
    return all(getattr(field, name) is None for name in NUMBERS) and field.reason != ""


@settings(deadline=None, max_examples=200)
@given(tokenised())
@example(
    ('{"a":""}', [token('{"a":', -1.0), token('""', -2.0), token(b"", -4.0), token("}", -8.0)])
)
@example(
    ('["é"]', [token('["', -1.0), token(b"\xc3", -2.0), token(b"", -4.0), token(b'\xa9"]', -8.0)])
)
def test_the_logprob_is_the_sum_over_the_touching_tokens(case):
    """Law 6, the other side: what is known is the oracle's sum, to 1e-9."""
    text, tokens = case
    report = report_of(*tokens)
    for path, (start, stop, _) in values_in(text).items():
        field = report[path]
        assert field.logprob == pytest.approx(joint(tokens, start, stop), abs=1e-9)
        assert list(field.indexes) == touching([t.bytes for t in tokens], start, stop)
        assert (field.confidence is None) == (field.reason != "")
        assert field.confidence is None or 0 <= field.confidence <= 1


@settings(deadline=None, max_examples=100)
@given(documents())
def test_no_logprobs(text):
    """Law 6: no logprobs give None with a reason."""
    report = score_completion(Completion(text, None), compile_schema(None))
    assert report.status == "no_logprobs"
    assert report.confidence is None
    assert report.data == json.loads(text)
    assert all(map(has_no_number, report.fields.values()))


@settings(deadline=None, max_examples=100)
@given(tokenised(), st.integers(0, 100))
def test_no_alignment(case, place):
    """Law 6: tokens that do not spell the text give None with a reason."""
    text, tokens = case
    at = place % len(tokens)
    wrong = [*tokens[:at], token("\x00"), *tokens[at:]]
    report = report_of(*wrong, content=text)
    assume(report.status != "complete")  # before the text begins anything may stand
    assert report.status == "unaligned"
    assert report.data == json.loads(text)
    assert report.owners == ()
    assert all(map(has_no_number, report.fields.values()))


@settings(deadline=None, max_examples=200)
@given(tokenised(), st.integers(0, 100), st.sampled_from([None, -9999.0, -100.0, 0.5, -3.5e38]))
def test_a_sentinel(case, place, sentinel):
    """Law 6: a token without a logprob leaves the values that it touches without numbers."""
    _, tokens = case
    at = place % len(tokens)
    entries = [entry(t.bytes, sentinel if i == at else t.logprob) for i, t in enumerate(tokens)]
    report = score(response(entries))
    if len(tokens) == 1:  # not one number is left
        assert report.status == "no_logprobs"
        assert all(map(has_no_number, report.fields.values()))
        return
    for field in report.fields.values():
        if at in field.indexes:
            assert field.logprob is None
            assert field.basis in ("list_end", "least_required", "none")  # these have own tokens
            assert field.confidence is not None or field.reason
        else:
            assert field.logprob is not None
        if at in field.indexes and field.is_leaf and field.kind != "array":
            assert has_no_number(field)
            assert f"token {at} " in field.reason


@settings(deadline=None, max_examples=150)
@given(documents(), st.data())
def test_a_truncated_value(text, data):
    """Law 6: a truncated value has no number; those that closed before keep theirs."""
    beginning = text[: data.draw(st.integers(1, len(text) - 1))]
    tokens = data.draw(cuts(beginning))
    report = report_of(*tokens, finish_reason="length")
    assume(report.status != "complete")  # only white space was cut off
    assert report.status == "truncated"
    assert report.confidence is None
    for field in report.fields.values():
        if "truncated" in field.flags:
            assert has_no_number(field)
        else:
            assert field.logprob == pytest.approx(joint(tokens, field.start, field.stop), abs=1e-9)
    assert "truncated" in report[""].flags


def test_a_number_at_the_root_that_the_limit_cut():
    """Law 6: ``12`` may be the beginning of ``123``."""
    report = report_of("1", "2", finish_reason="length")
    assert (report.status, report.data, report.value) == ("truncated", None, None)
    assert has_no_number(report[""])
    assert report_of("1", "2").data == 12


def test_characters_merged_by_the_server():
    """Law 6: llama.cpp gives a merged character the last piece's logprob only."""
    listed = [{"id": 9, "token": "", "bytes": [0x84], "logprob": -0.0005}]
    merged = entry("№", -0.0005, id=9) | {"top_logprobs": listed}
    report = score(response([entry('{"a":"'), merged, entry('","b":'), entry("1"), entry("}")]))
    assert has_no_number(report["a"])
    assert "several model tokens" in report["a"].reason
    assert report["b"].logprob == pytest.approx(-0.1)


def test_a_hole_in_the_stream():
    """Law 6: text that came without tokens is a hole, not a certainty."""
    parts = chunks([entry('{"a":'), entry("true"), entry(',"b":'), entry("1"), entry("}")])
    parts[2]["choices"][0]["logprobs"] = None  # the chunk that says "true"
    report = score(parts)
    assert has_no_number(report["a"])
    assert "without logprobs" in report["a"].reason
    assert report["b"].logprob == pytest.approx(-0.1)
    assert report.confidence is None


def test_a_shifted_list():
    """Law 6: -9999 with the neighbour's candidates is a known bug of one server."""
    shifted = entry("true", -9999.0, [("billing", -0.1)])
    report = score(response([entry('{"a":'), shifted, entry("}")]))
    assert has_no_number(report["a"])
    assert "neighbour" in report["a"].reason


def test_an_optional_value_alone_without_a_number():
    """Law 6: an object of which nothing is known says so."""
    schema = {"properties": {"a": {"type": "integer"}}}
    report = report_of('{"a":', token("1", None), "}", schema=schema)
    assert report[""].confidence is None
    assert report[""].reason


def test_a_token_too_improbable_for_a_double():
    """Law 6: what was chosen had some probability, however small."""
    for piece in ("true", '"x"', "7", "null", "{}"):
        report = report_of('{"a":', token(piece, -1000.0), "}")
        assert report["a"].logprob == -1000.0
        assert report["a"].reason == ""


@pytest.mark.parametrize("content", ["{}", "[]", '""', "0", "true", "null"])
def test_nothing_is_certain_without_evidence(content):
    """Law 6: empty containers and strings have tokens too."""
    made = completion(token(content, -0.5))
    report = score_completion(made, compile_schema(None))
    assert report[""].logprob == -0.5
    assert report[""].confidence != 1.0
