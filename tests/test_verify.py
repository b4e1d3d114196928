"""Verification: what is asked, what becomes of the answers, and what goes wrong."""

import asyncio
import json
from typing import Literal

import pytest
from installed import needs_responses
from pydantic import BaseModel, Field

import fieldconf as fc
from fieldconf.fields.readings import RequestCost
from fieldconf.testing import (
    Answer,
    AsyncFakeClient,
    FakeClient,
    Fault,
    HttpError,
)
from fieldconf.verification.combining import RuleName
from fieldconf.verification.verify import averify, verify

TEXT = "Anna Berg was charged 49.90 twice, please refund today."
PNG = fc.Image(b"\x89PNG\r\n")


class Customer(BaseModel):
    name: str = Field(description="who wrote.")
    email: str | None = None


class Ticket(BaseModel):
    urgent: bool
    amount: float
    customer: Customer
    topics: list[Literal["refund", "login"]]


VALUE = {
    "urgent": True, "amount": 49.9, "customer": {"name": "Anna Berg", "email": None},
    "topics": ["refund", "login"],
}  # fmt: skip
SURE = {"/urgent": 0.8, "/amount": 0.6, "/customer/name": 0.9, "/topics": 0.7, "/topics/1": 0.6}
RIGHT = {
    "urgent": True, "amount": False, "customer": {"name": True, "email": True},
    "topics": {"0": True, "1": False, "complete": True},
}  # fmt: skip
FIRST = Answer(VALUE, confidences=SURE, model="small")
SECOND = Answer(RIGHT, confidences={"/urgent": 0.5, "/amount": 0.9}, default=0.8, model="large")


def first(answer=FIRST, schema=Ticket, text=TEXT, **options):
    return fc.extract(schema, text, client=FakeClient(answer), model="m", **options)


def looked(report, answer=SECOND, input=None, **options):
    """The report after a verification, and the request that it was."""
    client = FakeClient(answer)
    made = verify(report, input, client=client, model="v", **options)
    (request,) = client.requests
    return made, request


def form_of(request):
    return request["response_format"]["json_schema"]["schema"]


# -- what is asked --------------------------------------------------------------------------------


def test_one_boolean_for_each_value_and_each_list():
    _, request = looked(first())
    asked = form_of(request)["properties"]
    assert list(asked) == ["urgent", "amount", "customer", "topics"]
    assert list(asked["topics"]["properties"]) == ["0", "1", "complete"]
    assert asked["topics"]["required"] == ["0", "1", "complete"]
    assert asked["customer"]["properties"]["name"] == {
        "type": "boolean", "description": "the value given for name is right (who wrote)",
    }  # fmt: skip
    assert request["model"] == "v"
    assert request["logprobs"] is True


def test_the_values_stand_in_the_prompt_and_not_in_the_schema():
    """Servers keep the schemas that they have seen: the same fields are the same schema."""
    _, request = looked(first())
    other = {**VALUE, "amount": 12.5, "customer": {"name": "Ben", "email": "ben@example.com"}}
    _, another = looked(first(Answer(other)))
    assert form_of(request) == form_of(another)
    told, user = request["messages"]
    shown = next(line for line in told["content"].splitlines() if line.startswith("{"))
    assert json.loads(shown) == VALUE
    assert user == {"role": "user", "content": TEXT}


def test_what_the_first_reading_was_told_holds_for_the_second():
    report = first(instructions="Amounts are in euros.")
    told = looked(report)[1]["messages"][0]["content"]
    assert told.startswith("Amounts are in euros.\n\n")
    told = looked(report, instructions="Be strict.")[1]["messages"][0]["content"]
    assert told.startswith("Be strict.\n\n")
    assert "euros" not in told


def test_images_are_shown_again():
    _, request = looked(first(text=["A receipt", PNG]))
    kinds = [part["type"] for part in request["messages"][1]["content"]]
    assert kinds == ["text", "image_url"]
    assert '"amount":49.9' in request["messages"][0]["content"]


def test_messages_get_one_more():
    given = [{"role": "system", "content": "Read."}, {"role": "user", "content": TEXT}]
    _, request = looked(first(text=given))
    assert request["messages"][:2] == given
    assert [message["role"] for message in request["messages"]] == ["system", "user", "user"]
    assert '"amount":49.9' in request["messages"][2]["content"]


def test_a_report_of_a_saved_response_wants_the_text():
    saved = fc.score(
        FakeClient(FIRST).chat.completions.create(model="m", messages=[], logprobs=True), Ticket
    )
    with pytest.raises(fc.RequestError, match="does not contain the text") as caught:
        verify(saved, client=FakeClient(SECOND), model="v")
    assert caught.value.report is saved
    assert "input" in caught.value.remedy
    made, request = looked(saved, input="another text")
    assert request["messages"][1]["content"] == "another text"
    assert made["urgent"].confidence is not None


@needs_responses
def test_by_the_responses_api():
    client = FakeClient(SECOND)
    made = verify(first(), client=client, model="v", provider="openai-responses")
    assert client.requests[0]["input"] == TEXT
    assert made["urgent"].readings[1].confidence == pytest.approx(0.5, abs=1e-5)


# -- which fields ---------------------------------------------------------------------------------


def names_asked(report, *fields):
    made, _ = looked(report, lambda body: Answer(everything(form_of(body))), fields=fields)
    return {name for name, field in made.fields.items() if field.readings}


def everything(schema):
    inside = schema.get("properties")
    return {key: everything(inner) for key, inner in inside.items()} if inside else True


@pytest.mark.parametrize(
    ("pick", "names"),
    [
        ("/amount", {"/amount"}),
        ("amount", {"/amount"}),
        (("customer", "name"), {"/customer/name"}),
        ("customer.name", {"/customer/name"}),
        (lambda ticket: ticket.customer.name, {"/customer/name"}),
        ("/customer", {"/customer/name", "/customer/email"}),
        ("/topics", {"/topics"}),
        ("/topics/*", {"/topics/0", "/topics/1"}),
        ("topics[1]", {"/topics/1"}),
        ("/**/name", {"/customer/name"}),
    ],
)
def test_a_field_is_named_as_elsewhere(pick, names):
    assert names_asked(first(), pick) == names


def test_the_doubtful_fields_only():
    report = first()
    doubtful = [field for field in report.leaves.values() if field.confidence < 0.7]
    made, request = looked(
        report, Answer({"amount": False, "topics": {"1": True}}), fields=doubtful
    )
    assert list(form_of(request)["properties"]) == ["amount", "topics"]
    assert made["amount"].basis == made["topics", 1].basis == "verification"
    untouched = ["/urgent", "/customer/name", "/customer/email", "/topics", "/topics/0"]
    assert all(made[name] == report[name] for name in untouched)


def test_a_field_that_nobody_has_is_an_error_and_costs_nothing():
    client, report = FakeClient(SECOND), first()
    with pytest.raises(fc.RequestError, match="has a field 'amuont'") as caught:
        verify(report, client=client, model="v", fields=["amuont"])
    assert "'/amount'" in caught.value.remedy
    assert client.requests == []


def test_a_field_that_this_answer_lacks_is_none():
    class Letter(BaseModel):
        subject: str
        copies: list[Customer] = []

    report = first(Answer({"subject": "Hello", "copies": []}), Letter)
    assert names_asked(report, "subject", "copies[0].name", "/copies/*/name") == {"/subject"}


# -- what answers of other forms are asked --------------------------------------------------------


def test_an_answer_that_is_one_scalar():
    report = first(Answer(True, confidences={"": 0.9}), bool)
    made, request = looked(report, Answer({"value": False}, confidences={"value": 0.9}))
    assert list(form_of(request)["properties"]) == ["value"]
    assert made.confidence == pytest.approx(0.5)
    assert made.value is True


def test_an_answer_that_is_a_list():
    report = first(Answer([True], schema=list[bool]), list[bool])
    made, request = looked(report, Answer({"0": True, "complete": False}, default=0.8))
    assert list(form_of(request)["properties"]) == ["0", "complete"]
    assert made[""].readings[1].confidence == pytest.approx(0.2)


def test_an_empty_list_may_lack_something():
    report = first(Answer({**VALUE, "topics": []}))
    right = {**RIGHT, "topics": {"complete": False}}
    made, request = looked(report, Answer(right))
    assert list(form_of(request)["properties"]["topics"]["properties"]) == ["complete"]
    assert made["topics"].readings[1].agrees is False


def test_what_broke_off_is_not_asked_about():
    report = first(Answer(VALUE, cut_after=12))
    assert report.status == "truncated"
    cut = {name for name, field in report.fields.items() if "truncated" in field.flags}
    right = lambda body: Answer(everything(form_of(body)))  # noqa: E731
    made, _ = looked(report, right)
    assert made.status == "truncated"
    assert not any(made.fields[name].readings for name in cut)
    assert made["urgent"].readings


def test_of_a_refusal_there_is_nothing_to_ask():
    client, report = FakeClient(SECOND), first(Answer(refusal="No."))
    assert verify(report, client=client, model="v") is report
    assert client.requests == []


# -- what becomes of the answers ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "urgent", "amount"),
    [
        ("pool", 2 / 3, 1 / (1 + (4 * 9 / 6) ** 0.5)),  # log odds: (ln 4 + 0)/2; (ln 1.5 - ln 9)/2
        ("minimum", 0.5, 0.1),
        ("product", 0.4, 0.06),
        ("verification", 0.5, 0.1),
        (lambda one, other: (one + other) / 2, 0.65, 0.35),
    ],
)
def test_the_rules(rule, urgent, amount):
    made, _ = looked(first(), combine=rule)
    assert made["urgent"].confidence == pytest.approx(urgent)
    assert made["amount"].confidence == pytest.approx(amount)
    assert made["urgent"].low <= made["urgent"].confidence <= made["urgent"].high


def test_both_readings_are_kept_and_both_costs():
    report = first()
    made, _ = looked(report)
    amount = made["amount"]
    answer, verification = amount.readings
    assert (answer.how, answer.value, answer.basis, answer.model) == (
        "answer", 49.9, "joint", "small",
    )  # fmt: skip
    assert answer.confidence == report["amount"].confidence
    assert (verification.how, verification.value, verification.model) == (
        "verification", False, "large",
    )  # fmt: skip
    assert verification.confidence == pytest.approx(0.1)  # P(true), not that of what it wrote
    assert (answer.agrees, verification.agrees) == (True, False)
    assert made.requests[0] == RequestCost(
        "answer", "small", report.input_tokens, report.output_tokens
    )
    assert [one.how for one in made.requests] == ["answer", "verification"]
    assert made.output_tokens == sum(one.output_tokens for one in made.requests)
    assert report["amount"].readings == ()


def test_what_is_required_inside_counts_anew():
    made, _ = looked(first())
    assert made["customer"].confidence == made["customer", "name"].confidence
    assert made.confidence == min(
        made[name].confidence for name in ("/urgent", "/amount", "/customer/name", "/topics/0",
                                           "/topics/1")
    )  # fmt: skip
    assert made[""].basis == "least_required"


def test_where_the_first_reading_says_nothing_the_second_does():
    saved = {"choices": [{"message": {"content": json.dumps(VALUE)}}]}
    report = fc.score(saved, Ticket)
    assert (report["urgent"].confidence, report.status) == (None, "no_logprobs")
    made, _ = looked(report, input=TEXT)
    assert (made.status, made.reason, made.confidence) == ("complete", "", pytest.approx(0.1))
    assert made["urgent"].confidence == pytest.approx(0.5)
    assert (made["urgent"].basis, made["urgent"].reason) == ("verification", "")
    some, _ = looked(report, Answer({"urgent": True}), input=TEXT, fields="urgent")
    assert (some.status, some.reason, some.confidence) == (report.status, report.reason, None)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(RIGHT, fault=Fault("without_logprobs", after=1)),
        Answer(text='{"amount":'),
        Answer(refusal="I cannot judge."),
    ],
    ids=["no logprob", "broken", "refused"],
)
def test_where_the_second_reading_says_nothing_that_is_said(answer):
    report = first()
    made, _ = looked(report, answer)
    urgent = made["urgent"]
    assert urgent.confidence == report["urgent"].confidence
    assert urgent.basis == report["urgent"].basis
    assert urgent.flags == (*report["urgent"].flags, "unverified")
    assert (urgent.readings[1].confidence, urgent.readings[1].agrees) == (None, None)


def test_a_third_look_is_beside_the_others():
    made, _ = looked(first(), Answer(refusal="No."))
    again, _ = looked(made)
    assert [one.how for one in again["urgent"].readings] == ["answer", *["verification"] * 2]
    assert [one.how for one in again.requests] == ["answer", *["verification"] * 2]
    assert "unverified" not in again["urgent"].flags
    assert again["urgent"].confidence == pytest.approx(2 / 3)


def test_it_is_saved_and_read_back():
    made, _ = looked(first())
    assert fc.Report.from_json(made.to_json(tokens=True), Ticket) == made


def test_who_observes_is_told_of_the_second_request():
    seen = []
    looked(first(), observe=seen.append)
    assert [one.data for one in seen] == [RIGHT]


def test_the_whole_is_judged_and_not_the_question():
    policy = {"fields": {"/urgent": {"accept": 0.6}}}
    assert "/urgent" in looked(first(), policy=policy)[0].accepted
    assert "/urgent" in looked(first(policy=policy))[0].accepted
    assert "/urgent" in looked(first())[0].to_review
    client, report = FakeClient(SECOND), first()
    with pytest.raises(fc.FieldconfError) as caught:
        verify(report, client=client, model="v", policy={"fields": {"/nobody": {"accept": 0.6}}})
    assert "nobody" in str(caught.value)
    assert client.requests == []


# -- what goes wrong ------------------------------------------------------------------------------


def test_a_rule_that_nobody_knows_costs_nothing():
    client = FakeClient(SECOND)
    with pytest.raises(fc.RequestError, match=r"no rule 'mean'") as caught:
        verify(first(), client=client, model="v", combine="mean")
    assert all(name in caught.value.remedy for name in RuleName.__args__)
    assert client.requests == []


@pytest.mark.parametrize("value", [1.5, -0.1, float("nan"), None, "0.5"])
def test_a_function_that_gives_no_confidence(value):
    report = first()
    with pytest.raises(fc.RequestError, match=r"combine: .*\(.*\) returned") as caught:
        looked(report, combine=lambda _one, _other: value)
    assert caught.value.report is report


def test_a_failed_request_has_the_first_report():
    report = first()
    with pytest.raises(fc.RequestError, match="500") as caught:
        looked(report, HttpError(500))
    assert caught.value.report is report


def test_an_option_that_does_not_exist():
    with pytest.raises(TypeError, match="did you mean 'model'"):
        verify(first(), client=FakeClient(SECOND), modle="v")


# -- asynchronous ---------------------------------------------------------------------------------


def test_for_an_asynchronous_client():
    report = first()

    async def look(answer, **options):
        return await averify(report, client=AsyncFakeClient(answer), model="v", **options)

    assert asyncio.run(look(SECOND)) == looked(report)[0]
    assert asyncio.run(look(SECOND, fields=[])) is report
    with pytest.raises(fc.RequestError) as caught:
        asyncio.run(look(HttpError(500)))
    assert caught.value.report is report


# -- shown ----------------------------------------------------------------------------------------


def test_a_table_says_what_the_number_is_made_of():
    made, _ = looked(first())
    shown = " ".join(str(made).split())  # a cell has several lines
    assert "answer 0.800, verification 0.500" in shown
    assert "answer 0.600, verification 0.100" in shown
    assert "verification" in made.to_html()
