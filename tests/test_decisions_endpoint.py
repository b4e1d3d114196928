"""Decision endpoints: a schema as questions, and their answers as a report."""

import asyncio
import copy
import json
from enum import IntEnum
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from installed import needs_decisions
from pydantic import BaseModel, Field, TypeAdapter

import fieldconf as fc
from fieldconf.decision_endpoint.schema_questions import NOT_SAID, member_of, questions
from fieldconf.fields.readings import RequestCost
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient, HttpError
from fieldconf.verification.crosscheck import acrosscheck, crosscheck

TEXT = "I was charged twice, please hurry! Anna Berg"
NAME = "openai-decisions"
MODEL = "gpt-6-luna"


class Size(IntEnum):
    small = 1
    large = 5


class Customer(BaseModel):
    """Who wrote."""

    name: str
    vip: bool = Field(description="pays for support")
    plan: Literal["free", "pro"] | None


class Ticket(BaseModel):
    """What a team needs to know."""

    urgent: bool
    team: Literal["billing", "sales", "other"]
    priority: int = Field(ge=1, le=5)
    customer: Customer


class Routed(BaseModel):
    """A ticket of fields with few values only."""

    class Inner(BaseModel):
        vip: bool
        plan: Literal["free", "pro"] | None

    urgent: bool
    team: Literal["billing", "sales", "other"]
    priority: int = Field(ge=1, le=5)
    customer: Inner


ROUTED = {
    "urgent": True, "team": "sales", "priority": 4, "customer": {"vip": False, "plan": None},
}  # fmt: skip
SURE = {"/urgent": 0.9, "/team": 0.7, "/priority": 0.6, "/customer/vip": 0.8, "/customer/plan": 0.5}


def kinds(schema):
    return {one.name: one.kind for one in questions(schema).asked}


def field(schema):
    return {"type": "object", "properties": {"it": schema}}


# -- what is asked --------------------------------------------------------------------------------


def test_a_question_for_each_field_with_few_values():
    assert kinds(Ticket) == {
        "/urgent": "predicate", "/team": "choice", "/priority": "score",
        "/customer/vip": "predicate", "/customer/plan": "choice",
    }  # fmt: skip
    assert questions(Ticket).not_asked == {"/customer/name": "it is no choice between few values"}


def test_a_question_says_where_it_stands_and_what_is_meant():
    vip = questions(Ticket).asked[3]
    assert vip.instructions == (
        "This holds for the input: Ticket (What a team needs to know) > customer (Who wrote) > "
        "vip (pays for support)"
    )


@pytest.mark.parametrize(
    ("schema", "kind", "labels"),
    [
        ({"type": "boolean"}, "predicate", ()),
        ({"type": ["boolean", "null"]}, "choice", (True, False, NOT_SAID)),
        ({"enum": ["a", "b"]}, "choice", ("a", "b")),
        ({"enum": ["a", None]}, "choice", ("a", NOT_SAID)),
        ({"enum": ["a", 1]}, "choice", ("a", "1")),
        ({"enum": [0.5, 1]}, "score", ("0.5", "1")),
        ({"enum": [5, 1]}, "choice", ("5", "1")),  # no scale goes down
        ({"type": "integer", "minimum": 1, "maximum": 10}, "score", tuple(map(str, range(1, 11)))),
        ({"type": "integer", "minimum": 0, "maximum": 10}, "choice", tuple(map(str, range(11)))),
        ({"type": ["integer", "null"], "minimum": 1, "maximum": 2}, "choice", ("1", "2", NOT_SAID)),
    ],
)  # fmt: skip
def test_a_question_by_what_may_be_answered(schema, kind, labels):
    (one,) = questions(field(schema)).asked
    assert (one.name, one.kind) == ("/it", kind)
    assert set(one.labels) == set(labels)
    if kind == "score":
        assert one.labels == labels  # the lowest first


def test_a_default_is_no_answer():
    """What may be left out is asked outright: null is a choice only where the schema has it."""

    class Message(BaseModel):
        spam: bool = False
        team: Literal["a", "b"] = "a"
        size: Size = Size.small

    assert kinds(Message) == {"/spam": "predicate", "/team": "choice", "/size": "score"}
    assert questions(Message).asked[1].labels == ("a", "b")
    assert kinds(fc.schema.compile_schema(Message).as_requested) == kinds(Message)


class Card(BaseModel):
    kind: Literal["card"]
    credit: bool
    paid: bool


class Cash(BaseModel):
    kind: Literal["cash"]
    paid: bool


class Node(BaseModel):
    leaf: bool
    inside: "Node | None" = None


class Order(BaseModel):
    payment: Card | Cash = Field(discriminator="kind")
    always: Literal["order"]
    items: list[bool]
    free: dict[str, bool]
    tree: Node
    many: int = Field(ge=0, le=500)
    either: bool | list[bool]


def test_why_a_field_is_not_asked():
    made = questions(Order)
    assert [one.name for one in made.asked] == ["/payment/kind", "/payment/paid", "/tree/leaf"]
    assert made.not_asked == {
        "/payment/credit": "only some variants of a union have it",
        "/always": "the schema allows one value only",
        "/items": "it is a list",
        "/free": "its keys are not declared",
        "/tree/inside": "it contains an object of its own schema",
        "/many": "it has more than 255 values",
        "/either": "it is no choice between few values",
    }


def test_values_that_are_spelt_alike_are_not_asked():
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}, "it": {"enum": [1, "1"]}}}
    assert questions(schema).not_asked == {"/it": "two of its values are spelt alike"}
    schema["properties"]["it"] = {"enum": [None, NOT_SAID]}
    assert list(questions(schema).not_asked) == ["/it"]


def test_a_schema_without_such_fields():
    with pytest.raises(fc.SchemaError, match="no field of Text is a choice") as caught:
        questions({"title": "Text", "type": "object", "properties": {"a": {"type": "string"}}})
    assert "provider='openai'" in caught.value.remedy


def test_no_more_than_can_be_asked_at_once():
    def wide(count):
        return {"properties": {f"f{n}": {"type": "boolean"} for n in range(count)}}

    assert len(questions(wide(400)).asked) == 400
    with pytest.raises(
        fc.SchemaError, match=r"more fields than one request can have questions \(400\)"
    ):
        questions(wide(401))


def test_a_schema_that_opens_out_without_end():
    """Each definition holds the next one twice: 2**40 places, of which not one can be asked."""
    defs = {
        f"d{n}": {"type": "object", "properties": {k: {"$ref": f"#/$defs/d{n + 1}"} for k in "ab"}}
        for n in range(40)
    }
    defs["d40"] = {"type": "string"}
    with pytest.raises(fc.SchemaError, match="more fields than one request"):
        questions({"$defs": defs, "$ref": "#/$defs/d0"})


def test_a_name_with_a_slash_finds_its_way_back():
    schema = {"properties": {"a/b~c": {"properties": {"/d": {"type": "boolean"}}}}}
    ((name, *_),) = questions(schema).asked
    report = fc.score({"answers": {name: {"type": "noul", "noul": 0.9}}}, schema)
    assert report.data == {"a/b~c": {"/d": True}}


# -- how it is asked ------------------------------------------------------------------------------


def test_as_the_provider_wants_it():
    schema = {"properties": {
        "ok": {"type": "boolean"}, "team": {"enum": ["a", None]},
        "size": {"type": "integer", "minimum": 1, "maximum": 2},
        "sure": {"type": ["boolean", "null"]},
    }}  # fmt: skip
    words = {one.name: one.instructions for one in questions(schema).asked}
    assert fc.request(schema, provider=NAME) == {"questions": [
        {"type": "predicate", "name": "/ok", "instructions": words["/ok"]},
        {"type": "choice", "name": "/team", "instructions": words["/team"],
         "choices": [{"value": "a"}, {"value": "not said"}]},
        {"type": "score", "name": "/size", "instructions": words["/size"],
         "levels": [{"label": "1"}, {"label": "2"}]},
        {"type": "choice", "name": "/sure", "instructions": words["/sure"],
         "choices": [{"value": True}, {"value": False}, {"value": "not said"}]},
    ]}  # fmt: skip
    assert fc.request(schema, provider="systemone") == {"questions": {
        "/ok": {"type": "noul", "instructions": words["/ok"]},
        "/team": {"type": "choice", "instructions": words["/team"],
                  "criteria": {"a": None, "not said": None}},
        "/size": {"type": "score", "instructions": words["/size"], "criteria": ["1", "2"]},
        "/sure": {"type": "choice", "instructions": words["/sure"],
                  "criteria": {"true": None, "false": None, "not said": None}},
    }}  # fmt: skip


@needs_decisions
def test_the_openai_package_knows_every_word_of_a_question():
    from openai.types.decision_create_params import DecisionCreateParams

    made = fc.request(Ticket, provider=NAME)
    kept = TypeAdapter(DecisionCreateParams).validate_python({"model": "m", "input": "x", **made})
    kept = [one | {k: list(one[k]) for k in ("choices", "levels") if k in one}
            for one in kept["questions"]]  # fmt: skip  # pydantic reads an Iterable lazily
    assert kept == made["questions"]


@needs_decisions
@pytest.mark.parametrize(
    ("given", "instructions", "sent"),
    [
        (TEXT, None, TEXT),
        (TEXT, "In German.", [{"role": "developer", "content": "In German."},
                              {"role": "user", "content": TEXT}]),
        (["A receipt", fc.Image("https://x.invalid/a.png")], None, [{"role": "user", "content": [
            {"type": "input_text", "text": "A receipt"},
            {"type": "input_image", "image_url": "https://x.invalid/a.png", "detail": "auto"}]}]),
        ([{"role": "user", "content": TEXT}], None, [{"role": "user", "content": TEXT}]),
    ],
)  # fmt: skip
def test_what_is_read(given, instructions, sent):
    client = FakeClient(Answer(ROUTED))
    fc.extract(Routed, given, client=client, model=MODEL, provider=NAME, instructions=instructions)
    assert client.requests[0]["input"] == sent


# -- what comes back ------------------------------------------------------------------------------


def check(report):
    assert report.status == "complete"
    assert report.value == Routed(**ROUTED)
    for name, confidence in SURE.items():
        found = report[name]
        assert found.confidence == found.low == found.high == pytest.approx(confidence)
        assert (found.basis, found.reason) == ("decision", "")
    assert report.confidence == pytest.approx(0.5)
    assert list(report.fields) == ["", "/urgent", "/team", "/priority", "/customer",
                                   "/customer/vip", "/customer/plan"]  # fmt: skip
    assert report["customer"].basis == "least_required"
    assert report["customer", "vip"].declared.kinds == {"boolean"}


@needs_decisions
def test_extract_asks_and_scores():
    client = FakeClient(Answer(ROUTED, confidences=SURE))
    report = fc.extract(Routed, TEXT, client=client, model=MODEL, provider=NAME)
    check(report)
    (request,) = client.requests
    assert (request["model"], len(request["questions"])) == (MODEL, 5)
    assert report.input_tokens == len(request["questions"])  # as the fake one counts
    assert fc.Report.from_json(report.to_json(), Routed) == report


@needs_decisions
def test_aextract_too():
    client = AsyncFakeClient(Answer(ROUTED, confidences=SURE))
    check(asyncio.run(fc.aextract(Routed, TEXT, client=client, model=MODEL, provider=NAME)))


@needs_decisions
def test_what_was_not_asked_is_missing_and_not_made_up():
    client = FakeClient(Answer({**ROUTED, "customer": {"vip": True, "plan": "pro", "name": "A"}}))
    report = fc.extract(Ticket, TEXT, client=client, model=MODEL, provider=NAME)
    assert report.value is None
    assert [error.pointer for error in report.errors] == ["/customer/name"]
    assert "/customer/name" not in report.fields
    assert report["customer", "plan"].value == "pro"


@needs_decisions
def test_a_refused_question_has_no_confidence():
    given = {key: value for key, value in ROUTED.items() if key != "team"}
    report = fc.extract(Routed, TEXT, client=FakeClient(Answer(given)), model=MODEL, provider=NAME)
    team = report["team"]
    assert (team.confidence, team.value, team.reason) == (
        None, None, "the model refused the question",
    )  # fmt: skip
    assert report.confidence is None
    assert "/team" in report[""].reason
    assert [error.pointer for error in report.errors] == ["/team"]


def by_hand(one, chosen, sure):
    """An answer to a question of five levels or less, as OpenAI sends it."""
    rest = (1 - sure) / 4
    levels = [
        {"value": place, "label": label, "probability": sure if label == chosen else rest}
        for place, label in enumerate(one.labels)
    ]
    mean = sum(level["value"] * level["probability"] for level in levels)
    return {"type": "score", "name": one.name, "score": mean, "confidence": sure,
            "probabilities": levels}  # fmt: skip


def test_of_a_score_the_label_counts_and_not_the_place_of_the_level():
    one = questions(Ticket).asked[2]
    answer = by_hand(one, "4", 0.6)
    found = fc.score({"answers": [answer]}, Ticket)["priority"]
    assert (found.value, found.confidence) == (4, pytest.approx(0.6))
    assert found.expected == pytest.approx(4 * 0.6 + 0.1 * (1 + 2 + 3 + 5))
    bare = fc.score({"answers": [answer]})["priority"]  # without a schema, too
    assert (bare.value, bare.expected) == (4, pytest.approx(found.expected))


def test_a_score_is_the_likeliest_level_though_the_mean_is_a_level_too():
    """Half 1 and half 5, less a little: the mean is 3, and nobody says 3."""
    levels = {"0": 0.5, "1": 0.0, "2": 0.02, "3": 0.0, "4": 0.48}
    legend = {str(place): str(place + 1) for place in range(5)}
    answer = {"type": "score", "score": 2.0, "legend": legend, "probabilities": levels}
    found = fc.score({"answers": {"/priority": answer}}, Ticket)["priority"]
    assert (found.value, found.confidence) == (1, pytest.approx(0.5))
    assert found.distribution[5].probability == pytest.approx(0.48)


def test_labels_in_words_are_members_where_the_schema_says_so():
    schema = {"properties": {"mood": {"enum": ["calm", "angry"]}}}
    levels = [{"value": 0, "label": "calm", "probability": 0.2},
              {"value": 1, "label": "angry", "probability": 0.8}]  # fmt: skip
    answer = {"type": "score", "name": "mood", "score": 0.8, "probabilities": levels}
    assert fc.score({"answers": [answer]}, schema).data == {"mood": "angry"}
    found = fc.score({"answers": [answer]})["mood"]  # nobody says that the words are meant
    assert (found.value, found.expected) == (1, pytest.approx(0.8))


def test_system_one_has_texts_for_all_values():
    schema = {"properties": {"sure": {"type": ["boolean", "null"]}}}
    shares = {"true": 0.2, "false": 0.1, "not said": 0.7}
    answer = {"type": "choice", "choice": "not said", "probabilities": shares}
    found = fc.score({"answers": {"/sure": answer}}, schema)["sure"]
    assert (found.value, found.confidence) == (None, pytest.approx(0.7))
    assert found.distribution[True].probability == pytest.approx(0.2)


def test_names_of_other_peoples_questions_are_keys():
    answers = {"urgent": {"type": "noul", "noul": 0.9}, "a/b": {"type": "noul", "noul": 0.2}}
    assert fc.score({"answers": answers}).data == {"urgent": True, "a/b": False}


@needs_decisions
def test_an_answer_that_is_one_boolean():
    (one,) = questions(bool).asked
    assert (one.name, one.instructions) == ("answer", "This holds for the input: answer")
    client = FakeClient(Answer(True, default=0.9))
    report = fc.extract(bool, "Hurry!", client=client, model=MODEL, provider=NAME)
    assert (report.value, report.confidence) == (True, pytest.approx(0.9))
    made = crosscheck(report, client=FakeClient(Answer(False, default=0.9)), model=MODEL)
    assert made.confidence == pytest.approx(0.5)


names = st.text("/ab~0", max_size=6)


@given(st.lists(names, min_size=1, max_size=5, unique=True), st.booleans())
@example(["/a", "/a/b"], True)  # the second stands inside of the first one's value
@example(["/a/b", "/a"], True)
@example(["", "/"], False)
def test_whatever_the_questions_were_called_there_is_a_report(found, declared):
    """Law 5: any answers give a report; law 3: each field's value stands at its path."""
    answers = {name: {"type": "noul", "noul": 0.9} for name in found}
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}} if declared else None
    report = fc.score({"answers": answers}, schema)
    leaves = [one for one in report.leaves.values() if one.basis == "decision"]
    assert 1 <= len(leaves) <= len(found)
    for one in leaves:
        value = report.data
        for step in one.path:
            value = value[step]
        assert value is True


@st.composite
def finite(draw, depth=2):
    """A schema of fields with few values, and a value of it."""
    members = draw(st.lists(
        st.sampled_from(["a", "b", "not", True, False, None, 1, 2, 2.5, 10]),
        min_size=2, max_size=6, unique_by=lambda m: (type(m).__name__, m)))  # fmt: skip
    leaf = ({"enum": members}, draw(st.sampled_from(members)))
    if not depth:
        return leaf
    inner = draw(st.dictionaries(st.sampled_from(["k", "l/m", "~"]), finite(depth=depth - 1),
                                 min_size=1, max_size=3))  # fmt: skip
    schemas = {key: schema for key, (schema, _) in inner.items()}
    made = {"type": "object", "properties": schemas, "required": list(schemas)}
    whole = (made, {key: value for key, (_, value) in inner.items()})
    return whole if depth == 2 else draw(st.sampled_from([leaf, whole]))


@needs_decisions
@settings(max_examples=60, deadline=None)
@given(finite(), st.floats(0.51, 0.99))
def test_what_the_endpoint_says_is_what_the_report_says(case, sure):
    """Law: a value asked for by questions comes back as itself, with its probability."""
    schema, value = case
    client = FakeClient(Answer(copy.deepcopy(value), default=sure))
    report = fc.extract(schema, "x", client=client, model=MODEL, provider=NAME)
    assert json.dumps(report.data) == json.dumps(value)  # true is not 1
    assert report.errors == ()
    assert report.confidence == pytest.approx(sure)


@given(st.lists(st.sampled_from(["a", "true", True, None, 1, "1", 2.0]), min_size=1, max_size=4))
def test_what_no_label_means_stays_what_it_is(members):
    assert member_of(members, "nothing of these") == "nothing of these"
    assert member_of(None, "true") == "true"
    for member in members:
        assert type(member_of(members, member)) is type(member)
        assert member_of(members, member) == member


# -- what cannot be -------------------------------------------------------------------------------


class Old:
    """A client without decisions."""

    base_url = "http://old.invalid/v1"


def test_a_client_without_decisions():
    with pytest.raises(fc.RequestError, match=r"the client has no decisions\.create") as caught:
        fc.extract(Ticket, TEXT, client=Old(), model=MODEL, provider=NAME)
    assert "openai>=3.54" in caught.value.remedy


@needs_decisions
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": 1}, "Decisions has no seed"),
        ({"temperature": 0}, "does not take this"),
        ({"stop_when": fc.StopWhen("urgent")}, "Decisions cannot be streamed"),
        ({"top_logprobs": 3}, "lists no candidates"),
    ],
)
def test_what_such_an_endpoint_does_not_take(options, words):
    client = FakeClient(Answer(ROUTED))
    with pytest.raises(fc.RequestError, match=words):
        fc.extract(Routed, TEXT, client=client, model=MODEL, provider=NAME, **options)
    assert client.requests == []


def test_a_server_without_a_call_of_the_package_is_called_by_hand():
    with pytest.raises(fc.RequestError, match="POST /v1/systemone") as caught:
        fc.extract(Routed, TEXT, client=FakeClient(Answer(ROUTED)), model="m", provider="systemone")
    assert "fc.request" in caught.value.remedy


@needs_decisions
def test_the_endpoint_of_a_test_answers_what_it_was_told():
    client = FakeClient(Answer({"a": "x"}, confidences={"a": 0.5}, rivals={"a": {"y": 0.5}}),
                        Answer({"a": "nothing"}), Answer(text="plain"))  # fmt: skip
    ask: Any = client.decisions.create
    choices = [{"value": value} for value in "xyz"]
    asked = {"questions": [{"type": "choice", "name": "/a", "instructions": "?",
                            "choices": choices}], "model": "m", "input": "x"}  # fmt: skip
    shares = [one.probability for one in ask(**asked).answers[0].probabilities]
    assert shares == [0.5, 0.5, 0.0]
    with pytest.raises(fc.FieldconfError, match="'nothing' is no answer to the question /a"):
        ask(**asked)
    with pytest.raises(fc.FieldconfError, match="gives no text"):
        ask(**asked)


# -- a report, crosschecked -----------------------------------------------------------------------

WHOLE = {**ROUTED, "customer": {"name": "Anna", "vip": False, "plan": None}}
FIRST = Answer(WHOLE, confidences={"/urgent": 0.6, "/team": 0.9}, default=0.8, model="small")
OTHER = {**ROUTED, "team": "billing"}


def first(**options):
    return fc.extract(Ticket, TEXT, client=FakeClient(FIRST), model="m", **options)


def endpoint(**shares):
    """A client with a decision endpoint that gives these probabilities of true, by key."""
    answers = [{"type": "predicate", "name": f"/{key}", "probability": p}
               for key, p in shares.items()]  # fmt: skip
    asked = []

    def create(**arguments):
        asked.append(arguments)
        return {"answers": answers, "model": "other", "usage": {"input_tokens": 7}}

    return SimpleNamespace(decisions=SimpleNamespace(create=create), asked=asked)


@needs_decisions
def test_a_second_reading_of_the_fields_with_few_values():
    report, client = first(), FakeClient(Answer(OTHER, confidences=SURE, model="other"))
    made = crosscheck(report, client=client, model=MODEL)
    (request,) = client.requests
    assert request["input"] == TEXT
    assert {one["name"] for one in request["questions"]} == set(SURE)
    assert made.data == report.data
    assert made.value == report.value
    assert made["customer", "name"] == report["customer", "name"]
    team, urgent = made["team"], made["urgent"]
    # The endpoint gives billing 0.7, and sales half of the rest: 0.15 against 0.9 of the first.
    assert team.confidence == pytest.approx(1 / (1 + ((0.1 / 0.9) * (0.85 / 0.15)) ** 0.5))
    assert (team.value, team.basis) == ("sales", "verification")
    assert team.distribution == report["team"].distribution
    answer, decision = team.readings
    assert (answer.how, decision.how, decision.value) == ("answer", "decision", "billing")
    assert (decision.confidence, decision.basis, decision.agrees) == (
        pytest.approx(0.7), "decision", False,
    )  # fmt: skip
    assert decision.model == "other"
    assert urgent.readings[1].agrees is True
    assert urgent.confidence > report["urgent"].confidence
    assert made.requests[1] == RequestCost("decision", "other", 5)


def test_a_table_says_what_the_endpoint_would_have_chosen():
    for share, said in ((0.9, "decision 0.900"), (0.2, "decision false 0.800")):
        made = crosscheck(first(), client=endpoint(urgent=share), model="m", fields=["urgent"])
        assert f"answer 0.600, {said}" in " ".join(str(made).split())  # a cell has several lines


def test_the_endpoints_numbers_in_place_of_the_first():
    made = crosscheck(first(), client=endpoint(urgent=0.3), model="m", combine="decision",
                      fields=["urgent"])  # fmt: skip
    urgent = made["urgent"]
    assert (urgent.value, urgent.basis, urgent.confidence) == (True, "decision", 0.3)
    assert [(m.value, m.probability) for m in urgent.distribution.candidates] == [
        (False, 0.7), (True, 0.3),
    ]  # fmt: skip


def test_only_what_is_wanted_is_asked():
    client = endpoint(urgent=0.9)
    made = crosscheck(first(), client=client, model="m", fields=["urgent", "customer.name"])
    assert [one["name"] for one in client.asked[0]["questions"]] == ["/urgent"]
    assert [name for name, one in made.fields.items() if one.readings] == ["/urgent"]


def test_where_nothing_can_be_asked_nobody_is():
    client, report = endpoint(), first()
    assert crosscheck(report, client=client, model="m", fields=["customer.name"]) is report
    assert crosscheck(report, client=client, model="m", fields=[]) is report
    assert client.asked == []


def test_a_question_that_was_not_answered_is_said():
    made = crosscheck(first(), client=endpoint(urgent=0.9), model="m", fields=["urgent", "team"])
    assert "unverified" in made["team"].flags
    assert (made["team"].confidence, made["team"].basis) == (
        first()["team"].confidence, "distribution",
    )  # fmt: skip


def test_an_answer_without_logprobs_gets_the_numbers_of_the_endpoint():
    saved = {"choices": [{"message": {"content": '{"urgent": true}'}}]}
    report = fc.score(saved, {"properties": {"urgent": {"type": "boolean"}}})
    made = crosscheck(report, TEXT, client=endpoint(urgent=0.9), model="m")
    assert (made.status, made.confidence, made["urgent"].basis) == ("complete", 0.9, "decision")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"combine": "median"}, "no rule"),
        ({"provider": "openai"}, "Chat Completions is not one"),
        ({"fields": ["team", "xyz"]}, "has a field 'xyz'"),
    ],
)
def test_what_is_wrong_is_said_before_anybody_is_asked(arguments, words):
    client, report = endpoint(), first()
    with pytest.raises(fc.RequestError, match=words) as caught:
        crosscheck(report, client=client, model="m", **arguments)
    assert caught.value.report is report
    assert client.asked == []


@needs_decisions
def test_for_an_asynchronous_client():
    report = first()

    async def look(answer):
        return await acrosscheck(report, client=AsyncFakeClient(answer), model=MODEL)

    answer = Answer(OTHER, confidences=SURE)
    same = crosscheck(report, client=FakeClient(answer), model=MODEL)
    assert asyncio.run(look(answer)) == same
    with pytest.raises(fc.RequestError, match="503") as caught:
        asyncio.run(look(HttpError(503)))
    assert caught.value.report is report
