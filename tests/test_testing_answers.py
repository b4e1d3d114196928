"""Answers have the confidences that a test chose, however they travel."""

import json

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel, TypeAdapter

import fieldconf as fc
from fieldconf.paths import pointer
from fieldconf.testing import Answer, AnswerError, Fault, HttpError, payloads
from fieldconf.testing.payloads import RequestShape
from fieldconf.testing.token_writing import entries

WORDS = "I was charged twice for the same month, and nobody answers the telephone. "
ROADS = {
    "chat": payloads.chat,
    "chat stream": payloads.chat_chunks,
    "responses": payloads.response,
    "responses stream": payloads.response_events,
}
ROUNDED = {"responses": 1e-4}

# -- schemas with a value each --------------------------------------------------------------------

_SHORT = st.text(max_size=8) | st.sampled_from(["billing", "a b", '"', "\\", "é", "🎉", "[1]"])
_LONG = st.integers(1, 4).map(lambda n: WORDS * n) | st.text('ab \n"é語🎉', min_size=41).filter(
    lambda text: " " in text
)
_ENUMS = st.sampled_from([["billing", "sales"], [1, 2, 10, 12], ["a", 1, None, True], ["x", "xy"]])
SURE = st.floats(1e-6, 1.0)


def members(values):
    return st.tuples(st.just({"enum": values}), st.sampled_from(values))


def typed(name, values, **more):
    return st.tuples(st.just({"type": name, **more}), values)


def nullable(pair):
    schema, value = pair
    either = st.sampled_from([None, value])
    return st.tuples(st.just({"anyOf": [schema, {"type": "null"}]}), either)


LEAVES = st.one_of(
    typed("boolean", st.booleans()),
    _ENUMS.flatmap(members),
    typed("integer", st.integers(1, 5), minimum=1, maximum=5),
    typed("integer", st.integers(0, 100), minimum=0, maximum=100),
    typed("integer", st.integers(-(10**20), 10**20)),
    typed("number", st.floats(allow_nan=False, allow_infinity=False)),
    typed("string", _SHORT),
    typed("string", _LONG),
    st.just(({"type": "array", "items": {"type": "integer"}}, [])),
    st.just(({"type": "object", "properties": {"k": {"type": "string"}}}, {})),
)
LEAVES |= LEAVES.flatmap(nullable)


@st.composite
def lists(draw, items):
    schema, value = draw(items)
    return {"type": "array", "items": schema}, [value] * draw(st.integers(1, 3))


@st.composite
def objects(draw, values):
    found = draw(st.dictionaries(_SHORT, values, min_size=1, max_size=4))
    schema = {
        "type": "object",
        "properties": {key: schema for key, (schema, _) in found.items()},
        "required": draw(st.lists(st.sampled_from(list(found)), unique=True)),
    }
    return schema, {key: value for key, (_, value) in found.items()}


PAIRS = st.recursive(LEAVES, lambda inner: lists(inner) | objects(inner), max_leaves=6)


def places(value, path=()):
    """Every place that can have a confidence."""
    if not (isinstance(value, dict) and value):
        yield pointer(path)
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for step, item in inner:
        yield from places(item, (*path, step))


@st.composite
def asked_for(draw):
    schema, value = draw(PAIRS)
    names = st.sampled_from(list(places(value)))
    return schema, value, draw(st.dictionaries(names, SURE, min_size=1))


def is_bare_integer(value):
    """The whole answer may be one of a few integers: no token says that ``1`` is not ``10``."""
    return isinstance(value, int) and not isinstance(value, bool)


# -- the law --------------------------------------------------------------------------------------


_ODD = {"type": "array", "items": {"enum": ["a", 1, None, True]}}
_BOUNDS = {"type": "array", "items": {"type": "integer", "minimum": 9, "maximum": 10}}
_PREFIXES = {"type": "array", "items": {"enum": [1, 2, 10, 12]}}
_NUMBERS = {"type": "array", "items": {"type": "number"}}
_NESTED = {"type": "array", "items": {"type": "array", "items": {"type": "boolean"}}}


@given(asked_for(), st.sampled_from(list(ROADS)))
@example((_ODD, ["a"], {"/0": 0.5}), "chat")
@example((_BOUNDS, [10], {"/0": 0.5}), "chat")
@example((_PREFIXES, [10], {"/0": 0.5}), "chat")
@example((_NUMBERS, [1.7e308], {"/0": 0.5}), "chat")
@example((_NUMBERS, [10**400], {"/0": 0.5}), "chat")
@example((_NESTED, [[False]], {"/0/0": 1.0}), "chat stream")
@example(({"type": "array", "items": {"type": "integer"}}, [3, 4], {"/0": 0.3, "": 0.5}), "chat")
@example(({"type": "array", "items": {"type": "boolean"}}, [True], {"/0": 0.3, "": 0.5}), "chat")
def test_each_field_has_the_confidence_that_was_chosen(made, road):
    """``fc.score(payload of Answer(value, confidences=c), schema)[name].confidence == c[name]``."""
    schema, value, chosen = made
    assume(not is_bare_integer(value))
    report = fc.score(ROADS[road](Answer(value, chosen, schema=schema)), schema)
    assert report.status == "complete"
    assert json.dumps(report.data) == json.dumps(value)
    for name, confidence in chosen.items():
        assert report[name].confidence == pytest.approx(confidence, abs=ROUNDED.get(road, 1e-9))


@given(asked_for(), st.sampled_from(list(ROADS)))
def test_without_the_schema_it_holds_too_or_the_schema_is_asked_for(made, road):
    schema, value, chosen = made
    assume(not is_bare_integer(value))
    odd = '"a", 1, null, true'  # at the head of a list, members are taken to be of one kind
    assume(not (odd in json.dumps(schema) and "items" in json.dumps(schema)))
    try:
        payload = ROADS[road](Answer(value, chosen))
    except AnswerError as error:
        assert "schema=" in error.remedy  # noqa: PT017  # either is right
        return
    report = fc.score(payload, schema)
    for name, confidence in chosen.items():
        assert report[name].confidence == pytest.approx(confidence, abs=ROUNDED.get(road, 1e-9))


# -- what else an answer can say ------------------------------------------------------------------

TEAMS = {"enum": ["billing", "sales", "account"]}
TICKET = {
    "type": "object",
    "properties": {"urgent": {"type": "boolean"}, "team": TEAMS, "note": {"type": "string"}},
    "required": ["urgent", "team", "note"],
}
VALUE = {"urgent": True, "team": "billing", "note": WORDS}


def score(answer, road="chat"):
    return fc.score(ROADS[road](answer), TICKET)


@pytest.mark.parametrize("road", ROADS)
def test_all_other_leaves_have_the_default(road):
    report = score(Answer(VALUE, {"team": 0.5}, default=0.75), road)
    found = {name: field.confidence for name, field in report.leaves.items()}
    assert found == pytest.approx({"/urgent": 0.75, "/team": 0.5, "/note": 0.75}, abs=1e-5)


@pytest.mark.parametrize("first", [False, True])
def test_rivals_have_the_probabilities_that_were_chosen(first):
    value, schema = ([VALUE], {"type": "array", "items": TICKET}) if first else (VALUE, TICKET)
    name = "/0/team" if first else "/team"
    answer = Answer(value, rivals={name: {"sales": 0.3, "account": 0.1}}, schema=schema)
    field = fc.score(payloads.chat(answer), schema)[name]
    members = {member.value: member.probability for member in field.distribution.candidates}
    assert members == pytest.approx({"billing": 0.6, "sales": 0.3, "account": 0.1})


def test_rivals_in_a_list_of_members():
    answer = Answer(["sales"], rivals={"/0": {"billing": 0.25}})
    report = fc.score(payloads.chat(answer), {"type": "array", "items": TEAMS})
    assert report["/0"].confidence == pytest.approx(0.75)
    assert report[""].confidence == pytest.approx(answer.default)


def test_a_model_is_its_own_schema():
    class Ticket(BaseModel):
        scores: list[int]
        urgent: bool = False

    answer = Answer(Ticket(scores=[3]), {("scores", 0): 0.4})
    report = fc.score(payloads.chat(answer), Ticket)
    assert report.value == Ticket(scores=[3])
    assert report["scores", 0].confidence == pytest.approx(0.4)


def test_free_text_comes_in_several_tokens():
    assert len(entries(Answer(WORDS))) > 3
    assert len(entries(Answer("billing"))) == 1


def test_raw_text_is_said_as_it_is():
    report = fc.score(payloads.chat(Answer(text="I think: {broken")), TICKET)
    assert report.text == "I think: {broken"
    assert report.status == "malformed"


@pytest.mark.parametrize("road", ROADS)
def test_a_refusal(road):
    report = score(Answer(refusal="No, I cannot do that."), road)
    assert (report.status, report.refusal) == ("refused", "No, I cannot do that.")


@pytest.mark.parametrize("road", ROADS)
def test_a_refusal_midway_leaves_what_came_before(road):
    report = score(Answer(VALUE, refuse_after=5), road)
    assert report.text == '{"urgent":true,"'
    assert report.refusal
    assert report["urgent"].confidence == pytest.approx(0.99, abs=1e-5)


@pytest.mark.parametrize("road", ROADS)
def test_an_answer_that_is_cut(road):
    report = score(Answer(VALUE, cut_after=5), road)
    assert (report.status, report.finish_reason) == ("truncated", "length")
    assert report["urgent"].confidence == pytest.approx(0.99, abs=1e-5)


def test_a_cut_behind_the_end_cuts_nothing():
    assert score(Answer(VALUE, cut_after=1000)).finish_reason == "stop"


@pytest.mark.parametrize("road", ROADS)
def test_a_content_filter(road):
    report = score(Answer(VALUE, fault=Fault("content_filter", after=5)), road)
    assert (report.status, report.finish_reason) == ("truncated", "content_filter")


@pytest.mark.parametrize("road", ["chat", "chat stream", "responses stream"])
def test_a_token_without_its_logprob(road):
    report = score(Answer(VALUE, fault=Fault("without_logprobs", after=3)), road)
    if road != "chat":
        assert report["urgent"].confidence is None
        assert report["team"].confidence == pytest.approx(0.99)
    assert report.data == VALUE


# -- what cannot be said --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: Answer(VALUE, {"nothing": 0.5}), "no '/nothing'"),
        (lambda: Answer(VALUE, {"": 0.5}), "an object"),
        (lambda: Answer(VALUE, {"team": 0.0}), "above 0"),
        (lambda: Answer(VALUE, {"team": 1.5}), "above 0"),
        (lambda: Answer(VALUE, default=0.0), "above 0"),
        (lambda: Answer(VALUE, {"team": 0.5}, rivals={"team": {"sales": 0.3}}), "leave 0.7"),
        (lambda: Answer(VALUE, rivals={"team": {"sales": 1.3}}), "no probabilities"),
        (lambda: Answer(VALUE, rivals={"team": {"billing": 0.3}}), "no rival of itself"),
        (lambda: Answer([3], {"/0": 0.5}), "schema="),
        (lambda: Answer({"a": {1, 2}}), "no JSON value"),
        (lambda: Answer(float("nan")), "no JSON value"),
        (lambda: Answer({1: 2}), "no key"),
        (lambda: Answer("a", {"": 0.5}, schema={"const": "a"}), "it has 1"),
        (lambda: Answer(text="x", confidences={"": 0.5}), "no fields"),
        (lambda: Fault("typo"), "no fault"),
        (lambda: Fault("reset", after=-1), "no fault"),
    ],
)
def test_what_cannot_be_is_an_error_that_says_so(answer, said):
    with pytest.raises(AnswerError, match=said):
        payloads.chat(answer())


# -- the payloads are what the openai package takes -----------------------------------------------

ANSWERS = {
    "value": Answer(VALUE),
    "refusal": Answer(refusal="No."),
    "midway": Answer(VALUE, refuse_after=4),
    "cut": Answer(VALUE, cut_after=4),
    "filtered": Answer(VALUE, fault=Fault("content_filter", 4)),
    "nothing": Answer(text=""),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("asked", [RequestShape(usage=True), RequestShape(logprobs=False)])
def test_payloads_validate_as_the_types_of_the_openai_package(name, asked):
    answer = ANSWERS[name]
    ChatCompletion.model_validate(payloads.chat(answer, asked))
    for chunk in payloads.chat_chunks(answer, asked):
        ChatCompletionChunk.model_validate(chunk)
    responses = pytest.importorskip("openai.types.responses")  # openai 1.66 and later
    responses.Response.model_validate(payloads.response(answer, asked))
    union = TypeAdapter(responses.ResponseStreamEvent)
    events = payloads.response_events(answer, asked)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for event in events:
        assert union.validate_python(event).type == event["type"]


def test_fewer_candidates_than_there_are():
    entry = payloads.chat(Answer(True, {"": 0.8}, schema=bool), RequestShape(top=1))
    (token,) = entry["choices"][0]["logprobs"]["content"]
    assert [candidate["token"] for candidate in token["top_logprobs"]] == ["true"]


def test_an_error_has_the_shape_of_those_of_openai():
    said = json.loads(HttpError(429, "slow down", code="rate_limit_exceeded").data)["error"]
    assert (said["message"], said["code"]) == ("slow down", "rate_limit_exceeded")
    assert json.loads(HttpError(500, body={"detail": "x"}).data) == {"detail": "x"}
