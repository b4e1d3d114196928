"""From a response to a report: how answers end, and which number a kind of value gets."""

import math

import pytest
from builders import chunks, completion, entry, log, report_of, response, token
from pydantic import BaseModel

from fieldconf.errors import SchemaError
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import Scorer, score, score_completion
from fieldconf.tokens.token import Completion


class Ticket(BaseModel):
    urgent: bool
    team: str


TICKET = ['{"urgent":', "true", ',"team":"', "billing", '"}']


# -- how an answer ends ---------------------------------------------------------------------------


def test_complete():
    report = report_of(*TICKET, schema=Ticket)
    assert (report.status, report.reason, report.errors) == ("complete", "", ())
    assert report.value == Ticket(urgent=True, team="billing")
    assert report.confidence == min(report["urgent"].confidence, report["team"].confidence)


@pytest.mark.parametrize("reason", ["length", "stop", None])
def test_truncated(reason):
    report = report_of(*TICKET[:4], schema=Ticket, finish_reason=reason)
    assert (report.status, report.value, report.confidence) == ("truncated", None, None)
    assert ("max_tokens" in report.reason) == (reason == "length")
    assert report["urgent"].confidence is not None
    assert report["team"].flags == ("truncated",)
    assert report.data == {"urgent": True}


def test_truncated_before_it_began():
    report = report_of("I think that", schema={"type": "object"}, finish_reason="length")
    assert (report.status, report.fields) == ("truncated", {})


@pytest.mark.parametrize("finish_reason", ["stop", "length"])
@pytest.mark.parametrize("text", ['{"a":1,oops}', '{"a":1,"b":tru!}', '{"a":1]', '[1,"\x01"]'])
def test_malformed(text, finish_reason):
    report = report_of(text, finish_reason=finish_reason)
    assert report.status == "malformed"
    assert "byte" in report.reason
    assert (report.value, report.confidence) == (None, None)


def test_malformed_prose():
    report = report_of("I cannot say.", schema={"type": "object"})
    assert report.status == "malformed"
    assert "no JSON value" in report.reason


def test_refused():
    made = Completion(None, None, "stop", refusal="I must not.")
    report = score_completion(made, compile_schema(Ticket))
    assert (report.status, report.refusal) == ("refused", "I must not.")
    assert "I must not." in report.reason
    assert report.fields == {}


def test_refused_midway():
    begun = completion('{"urgent":', "true", ',"team', refusal="I must not.")
    report = score_completion(begun, compile_schema(Ticket))
    assert (report.status, report.refusal) == ("truncated", "I must not.")
    assert report.reason == "the model refused midway: I must not."
    assert report["urgent"].value is True


def test_unaligned():
    report = report_of("other", "tokens", content='{"urgent":true,"team":"x"}', schema=Ticket)
    assert report.status == "unaligned"
    assert "token 0" in report.reason
    assert report.value == Ticket(urgent=True, team="x")
    assert report["urgent"].confidence is None


def test_no_logprobs():
    report = score({"choices": [{"message": {"content": '{"urgent":true,"team":"x"}'}}]}, Ticket)
    assert report.status == "no_logprobs"
    assert "logprobs" in report.reason
    assert report.value == Ticket(urgent=True, team="x")


def test_tool_call():
    calls = [{"index": 0, "function": {"name": "f", "arguments": '{"urgent":true,"team":"x"}'}}]
    choice = {"message": {"content": None, "tool_calls": calls}, "logprobs": None}
    report = score({"choices": [choice]}, Ticket)
    assert (report.status, report.value) == ("no_logprobs", Ticket(urgent=True, team="x"))
    assert "response_format" in report.reason
    entries = [
        entry("<tool_call>"),
        entry('{"arguments":'),
        *map(entry, TICKET),
        entry("}"),
        entry("</tool_call>"),
    ]
    scored = score(
        {
            "choices": [
                choice
                | {
                    "logprobs": {"content": entries},
                    "message": {"tool_calls": [{"function": {"arguments": "".join(TICKET)}}]},
                }
            ]
        },
        Ticket,
    )
    assert scored.status == "complete"
    assert [token.text for token in scored["team"].tokens] == TICKET[2:5]


def test_reasoning_and_prose_around_the_value():
    report = report_of("Sure {as asked}:\n", "```json\n", *TICKET, "\n```", schema=Ticket)
    assert (report.status, report["team"].value) == ("complete", "billing")
    assert report.owners[:2] == ("outside", "outside")


# -- schemas --------------------------------------------------------------------------------------


def test_an_answer_that_breaks_its_schema():
    report = report_of('{"urgent":', '"maybe"', "}", schema=Ticket)
    assert (report.status, report.value) == ("complete", None)
    assert {error.pointer for error in report.errors} == {"/urgent", "/team"}
    assert report["urgent"].confidence is not None


def test_a_json_schema():
    schema = {"properties": {"a": {"enum": ["x", "y"]}}}
    report = report_of('{"a":"', "z", '"}', schema=schema)
    assert [error.pointer for error in report.errors] == ["/a"]
    assert "not_a_member" in report["a"].flags
    assert report["a"].distribution.rest is not None


def test_a_schema_that_is_none():
    with pytest.raises(SchemaError):
        score(response([entry("1")]), {"type": 7})


def test_no_schema():
    report = report_of(*TICKET)
    assert report.value == report.data == {"urgent": True, "team": "billing"}


# -- values that stand twice, or are cut ----------------------------------------------------------


def test_duplicate_keys():
    report = report_of('{"a":', "1", ',"a":', "2", "}")
    assert report.data == {"a": 2}
    assert report["a"].value == 2
    assert "duplicate_key" in report["a"].flags
    assert report["a"].indexes == (3,)


def test_a_number_at_the_root():
    assert report_of("12", finish_reason="stop").status == "complete"
    report = report_of("12", finish_reason="length")
    assert (report.status, report.data) == ("truncated", None)


def test_flags():
    report = report_of('["x",', '"\\ud800",', "1e999]")
    assert report[0].flags == ("shared_token",)
    assert report[1].flags == ("shared_token", "lone_surrogate")
    assert report[2].flags == ("shared_token", "overflow")
    assert report_of("[", "1", "]")[0].flags == ()


# -- one number a field, by kind ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "text", "basis"),
    [
        ({"type": "boolean"}, "true", "distribution"),
        ({"enum": ["x", "y"]}, '"x"', "distribution"),
        ({"type": "integer", "minimum": 1, "maximum": 5}, "4", "distribution"),
        ({"enum": ["x", None]}, "null", "distribution"),
        ({"type": ["string", "null"]}, "null", "null_or_value"),
        ({"type": ["string", "null"]}, '"x"', "joint"),
        ({"type": "integer"}, "4", "joint"),
        ({"type": "string"}, '"A-17"', "joint"),
        ({"type": "string"}, '"' + "word " * 20 + '"', "geometric_mean"),
        ({"type": "string"}, '"' + "長い文" * 20 + '"', "geometric_mean"),
        ({"type": "string"}, '"' + "x" * 60 + '"', "joint"),
        ({"type": "string"}, '"' + "x" * 600 + '"', "geometric_mean"),
        ({"type": "string", "pattern": "^[a-z ]+$"}, '"' + "word " * 20 + '"', "joint"),
        ({"type": "object"}, "{}", "joint"),
        ({"type": "array"}, "[]", "list_end"),
        ({"type": "array"}, "[1]", "list_end"),
        ({"type": "object"}, '{"b":1}', "least_required"),
    ],
)
def test_the_basis_by_kind(declared, text, basis):
    schema = {"properties": {"a": declared}, "required": ["a"]}
    pieces = [text[i : i + 100] for i in range(0, len(text), 100)]
    field = report_of('{"a":', *pieces, "}", schema=schema)["a"]
    assert field.basis == basis
    assert 0 < field.confidence < 1


def test_free_text_is_the_mean_per_token():
    words = [token("word ", -0.1 * i) for i in range(1, 11)]
    report = report_of(token('{"a":"', -3.0), *words, token('"}', -2.0))
    mean = (-3.0 - 2.0 - 0.1 * sum(range(1, 11))) / 12
    assert report["a"].confidence == pytest.approx(math.exp(mean))


def test_objects_have_the_least_of_their_required_leaves():
    schema = {
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": "integer"},
            "o": {"type": "object", "properties": {"c": {"type": "integer"}}, "required": ["c"]},
        },
        "required": ["a", "o"],
    }
    tokens = [
        '{"a":',
        token("1", -0.5),
        ',"b":',
        token("2", -5.0),
        ',"o":{"c":',
        token("3", -0.7),
        "}}",
    ]
    report = report_of(*tokens, schema=schema)
    assert report["o"].confidence == report["o", "c"].confidence
    assert report.confidence == report["o", "c"].confidence < report["a"].confidence
    assert report["b"].confidence < report.confidence  # optional: it does not count
    unknown = report_of(*tokens[:1], token("1", None), *tokens[2:], schema=schema)
    assert unknown.confidence is None
    assert "/a" in unknown[""].reason


def test_members_below_a_nullable_object():
    """The null beside an object does not hide what the object declares."""
    inner = {"type": "object", "properties": {"k": {"enum": ["x", "y"]}}, "required": ["k"]}
    schema = {"properties": {"a": {"anyOf": [inner, {"type": "null"}]}}}
    report = report_of(
        '{"a":{"k":"', token("x", -0.5, log({"x": 0.6, "y": 0.2})), '"}}', schema=schema
    )
    assert report["a", "k"].basis == "distribution"


def test_a_list_closes_with_the_chance_that_it_did():
    report = report_of("[", "1", token(",", -0.5), "2", token("]", -0.25))
    # of "[" (it might have been "[]"), "1", "," and "]": to have an item, another, and no more
    decisions = [-0.1, -0.1, -0.5, -0.25]
    assert report[""].low == pytest.approx(math.exp(sum(decisions)))
    assert report[""].low <= report[""].confidence <= report[""].high


# -- the stream face ------------------------------------------------------------------------------


def test_fields_come_as_they_close():
    tokens = [token(t) for t in TICKET]
    scorer = Scorer(compile_schema(Ticket), tokens)
    seen = [[f.pointer for f in scorer.feed(t.bytes, i)] for i, t in enumerate(tokens)]
    assert seen == [[], ["/urgent"], [], [], ["/team", ""]]
    report = scorer.finish(completion(*TICKET), "".join(TICKET).encode(), mask="after")
    assert (report.status, report.mask) == ("complete", "after")


def test_choices_of_a_response():
    whole = response([entry("1")])
    whole["choices"].append(response([entry("2")])["choices"][0] | {"index": 1})
    assert [score(whole, choice=i).data for i in (0, 1)] == [1, 2]


def test_what_the_server_said_is_kept():
    report = score(chunks([entry("[1]")]), mask="before")
    assert (report.model, report.finish_reason, report.mask, report.text) == (
        "m",
        "stop",
        "before",
        "[1]",
    )


def test_zeros_for_every_token_are_no_certainty():
    """Servers with speculative decoding list 0.0 for all; a few are enough to say so."""
    zeros = [entry(piece, 0.0) for piece in ("[", "1", ",", "2", ",", "3", "]")]
    assert score(response(zeros)).flags == ("saturated",)
    zeros[3] = entry("2", -1e-5)
    assert score(response(zeros)).flags == ()
