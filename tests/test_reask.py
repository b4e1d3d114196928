"""Re-asking: what is asked for again, how, and what becomes of the two readings."""

import asyncio
import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, model_validator

import fieldconf as fc
from fieldconf.fields.readings import RequestCost
from fieldconf.reasking.reask import areask, reask
from fieldconf.testing import (
    Answer,
    AsyncFakeClient,
    FakeClient,
    Fault,
    HttpError,
)

TEXT = "Anna Berg was charged 49.90 twice, please refund today."
PNG = fc.Image(b"\x89PNG\r\n")


class Customer(BaseModel):
    name: str = Field(description="who wrote", max_length=40)
    email: str | None


class Ticket(BaseModel):
    urgent: bool
    team: Literal["billing", "sales"] = Field(json_schema_extra={"x-fieldconf": {"accept": 0.8}})
    customer: Customer
    topics: list[Literal["refund", "login", "crash"]] = Field(max_length=3)


VALUE = {
    "urgent": True, "team": "sales", "customer": {"name": "Anna Berg", "email": None},
    "topics": ["refund", "login"],
}  # fmt: skip
EVERYTHING = {f"/{name}": 0.6 for name in ("urgent", "team", "customer/name", "topics/1")}


def first(value=VALUE, doubts=(), schema=Ticket, text=TEXT, *, sure=0.99, policy=None, **more):
    """A first reading, with doubts about some of its fields."""
    confidences = doubts if isinstance(doubts, dict) else dict.fromkeys(doubts, 0.6)
    answer = Answer(value, confidences, default=sure, model="small", **more)
    return fc.extract(schema, text, client=FakeClient(answer), model="m", policy=policy)


def again(report, value, doubts=(), *, text=None, **options):
    """The report after re-asking, and the request that it was."""
    answer = value
    if not isinstance(value, (Answer, HttpError)):
        confidences = doubts if isinstance(doubts, dict) else dict.fromkeys(doubts, 0.6)
        answer = Answer(value, confidences, model="large")
    client = FakeClient(answer)
    made = reask(report, text, client=client, model="v", **options)
    (request,) = client.requests
    return made, request


def form_of(request):
    return request["response_format"]["json_schema"]["schema"]


def whole(form, key):
    """The schema of a key, which refers to it."""
    return form["$defs"][form["properties"][key]["$ref"].rpartition("/")[2]]


def said(request):
    return "\n".join(str(message["content"]) for message in request["messages"])


# -- what is asked --------------------------------------------------------------------------------


def test_only_what_is_in_doubt_is_asked_for():
    report = first(doubts=["/team", "/customer/name"])
    _, request = again(report, {"team": "billing", "customer": {"name": "Anna"}})
    form = form_of(request)
    assert form["required"] == ["team", "customer"]
    assert form["properties"]["team"]["enum"] == ["billing", "sales"]
    assert form["properties"]["customer"]["required"] == ["name"]
    assert form["properties"]["customer"]["properties"]["name"]["description"] == "who wrote"
    assert request["model"] == "v"


def test_what_is_not_in_doubt_costs_no_request():
    report, client = first(), FakeClient({})
    assert reask(report, client=client, model="v") is report
    assert reask(report, client=client, model="v", fields=[]) is report
    assert not client.requests


def test_items_of_a_list_are_asked_for_by_position():
    report = first(doubts=["/topics/1"])
    made, request = again(report, {"topics": {"1": "crash"}})
    topics = form_of(request)["properties"]["topics"]
    assert topics["required"] == ["1"]
    assert "position" in topics["description"]
    assert made.value.topics == ["refund", "crash"]


def test_a_list_that_may_miss_an_item_is_asked_for_as_a_whole():
    report = first(doubts=["/topics"])
    made, request = again(report, {"topics": ["refund", "login", "crash"]})
    assert form_of(request)["properties"]["topics"]["type"] == "array"
    assert made.value.topics == ["refund", "login", "crash"]
    assert [reading.value for reading in made["topics"].readings] == [
        ["refund", "login"], ["refund", "login", "crash"],
    ]  # fmt: skip


def test_the_policy_of_the_call_says_what_is_in_doubt():
    report = first(doubts={"/urgent": 0.85, "/team": 0.85})  # .8 is enough for the team
    assert list(again(report, {"urgent": True})[0]["urgent"].readings)
    _, request = again(report, {"urgent": True, "team": "sales"}, policy={"fields": {"/team": 0.9}})
    assert form_of(request)["required"] == ["urgent", "team"]
    client = FakeClient({})
    assert reask(report, client=client, model="v", policy={"accept": 0.8}) is report
    made, _ = again(report, {"urgent": True}, policy={"fields": {"/team": 0.85}})
    assert made.policy.fields.keys() == {"/team"}


def test_the_settings_of_a_field_hold_for_its_second_reading():
    report = first(doubts=["/team"])
    made, _ = again(report, {"team": "billing"}, doubts={"/team": 0.85})
    assert made["team"].declared.conf.accept == 0.8
    assert made.verdicts["/team"].outcome == "accept"


def test_fields_that_are_named_are_asked_for():
    report = first()
    _, request = again(report, {"urgent": True}, fields=["urgent"])
    assert form_of(request)["required"] == ["urgent"]
    _, request = again(report, {"topics": {"0": "refund", "1": "crash"}}, fields=["/topics/*"])
    assert form_of(request)["properties"]["topics"]["required"] == ["0", "1"]
    _, request = again(report, {"customer": VALUE["customer"]}, fields=[("customer",)])
    assert whole(form_of(request), "customer")["required"] == ["name", "email"]


def test_a_field_that_is_not_there_is_no_request():
    client, report = FakeClient({}), first()
    with pytest.raises(fc.RequestError, match="taem"):
        reask(report, client=client, model="v", fields=["/taem"])
    assert not client.requests


# -- how it is asked ------------------------------------------------------------------------------


def test_what_is_known_is_said_and_what_is_in_doubt_is_not():
    report = first(doubts=["/team", "/topics/0"])
    _, request = again(report, {"team": "billing", "topics": {"0": "crash"}})
    told, user = request["messages"]
    known = json.loads(told["content"].splitlines()[-1])
    assert known == {
        "urgent": True, "customer": VALUE["customer"], "topics": {"1": "login"},
    }  # fmt: skip
    assert user == {"role": "user", "content": TEXT}


def test_blind_says_nothing_of_the_first_reading():
    report = first(doubts=["/team"])
    _, request = again(report, {"team": "billing"}, blind=True)
    (told, user), plain = request["messages"], FakeClient(VALUE)
    fc.extract(Ticket, TEXT, client=plain, model="m")
    assert told == plain.requests[0]["messages"][0]
    assert user["content"] == TEXT


def test_instructions_are_those_of_the_first_request_unless_others_are_given():
    client = FakeClient(Answer(VALUE, {"/team": 0.6}))
    report = fc.extract(Ticket, TEXT, client=client, model="m", instructions="Teams are ours.")
    assert "Teams are ours." in said(again(report, {"team": "billing"})[1])
    _, request = again(report, {"team": "billing"}, instructions="Look twice.")
    assert "Look twice." in said(request)
    assert "Teams are ours." not in said(request)


def test_images_are_shown_again():
    report = first(doubts=["/team"], text=["A receipt", PNG])
    _, request = again(report, {"team": "billing"})
    told, user = request["messages"]
    assert [part["type"] for part in user["content"]] == ["text", "image_url"]
    assert "Anna Berg" in told["content"]


def test_messages_keep_their_instructions_and_their_order():
    given = [{"role": "system", "content": "Read."}, {"role": "user", "content": TEXT}]
    report = first(doubts=["/team"], text=given)
    _, request = again(report, {"team": "billing"})
    system, *others = request["messages"]
    assert others == given[1:]
    assert system["role"] == "system"
    assert system["content"].startswith("Read.\n")
    assert "Anna Berg" in system["content"]
    assert report.input == given


def test_messages_without_instructions_get_some():
    given = [{"role": "user", "content": TEXT}]
    _, request = again(first(doubts=["/team"], text=given), {"team": "billing"})
    system, *others = request["messages"]
    assert others == given
    assert "Anna Berg" in system["content"]
    _, request = again(first(doubts=["/team"], text=given), {"team": "billing"}, blind=True)
    assert request["messages"] == given


def test_a_saved_response_has_no_text_and_takes_one():
    client = FakeClient(Answer(VALUE, {"/team": 0.6}, schema=Ticket))
    saved = fc.score(client.chat.completions.create(model="m", messages=[], logprobs=True), Ticket)
    with pytest.raises(fc.RequestError, match="does not contain the text") as caught:
        reask(saved, client=FakeClient({"team": "billing"}), model="v")
    assert caught.value.report is saved
    made, request = again(saved, {"team": "billing"}, text=TEXT)
    assert made.value.team == "billing"
    assert request["messages"][-1]["content"] == TEXT


# -- two readings ---------------------------------------------------------------------------------


def test_the_second_value_is_taken_and_both_readings_are_kept():
    report = first(doubts=["/team"])
    made, _ = again(report, {"team": "billing"})
    assert made.value == Ticket(**{**VALUE, "team": "billing"})
    assert made.status == "complete"
    assert not made.errors
    old, new = made["team"].readings
    assert (old.how, old.value, old.model, old.agrees) == ("answer", "sales", "small", False)
    assert (new.how, new.value, new.model, new.agrees) == ("reask", "billing", "large", True)
    assert old.confidence == pytest.approx(0.6)
    assert made["team"].confidence == new.confidence == pytest.approx(0.99)
    assert made["urgent"].readings == ()
    assert made.confidence == pytest.approx(0.99)
    assert made.outcome == "accept"
    assert fc.Report.from_json(made.to_json(tokens=True), Ticket) == made


def test_the_costs_of_both_requests_are_kept():
    report = first(doubts=["/team"])
    made, _ = again(report, {"team": "billing"})
    one, two = made.requests
    assert one == RequestCost("answer", "small", report.input_tokens, report.output_tokens)
    assert (two.how, two.model) == ("reask", "large")
    assert two.output_tokens < one.output_tokens
    assert made.output_tokens == one.output_tokens + two.output_tokens


@pytest.mark.parametrize(("second", "surer"), [(0.95, 0.95), (0.5, 0.6)])
def test_readings_that_agree_keep_the_value_and_the_surer_field(second, surer):
    report = first(doubts=["/team"])
    made, _ = again(report, {"team": "sales"}, doubts={"/team": second})
    assert made.value.team == "sales"
    assert made["team"].confidence == pytest.approx(surer)
    assert [reading.agrees for reading in made["team"].readings] == [True, True]


def test_a_second_value_that_is_judged_worse_is_not_taken():
    report = first(doubts=["/urgent"])
    made, _ = again(report, {"urgent": False}, doubts={"/urgent": 0.3})
    assert report.verdicts["/urgent"].outcome == "review"
    assert made.data == report.data
    assert made["urgent"].confidence == report["urgent"].confidence
    assert [reading.value for reading in made["urgent"].readings] == [True, False]
    assert [reading.agrees for reading in made["urgent"].readings] == [True, False]


def test_of_two_that_are_judged_alike_the_second_is_taken():
    report = first(doubts={"/urgent": 0.7})
    made, _ = again(report, {"urgent": False}, doubts={"/urgent": 0.6})
    assert made.value.urgent is False
    assert made["urgent"].confidence == pytest.approx(0.6)


def test_a_third_reading_is_put_behind_the_second():
    report = first(doubts=["/team"])
    report, _ = again(report, {"team": "billing"}, doubts=["/team"])
    report, _ = again(report, {"team": "sales"})
    assert [(one.how, one.value, one.agrees) for one in report["team"].readings] == [
        ("answer", "sales", True), ("reask", "billing", False), ("reask", "sales", True),
    ]  # fmt: skip
    assert [asked.how for asked in report.requests] == ["answer", "reask", "reask"]


def test_true_does_not_agree_with_one():
    schema = {"properties": {"a": {"enum": [1, True]}}, "required": ["a"]}
    made, _ = again(first({"a": 1}, ["/a"], schema), {"a": True})
    assert made.data == {"a": True}
    assert [reading.agrees for reading in made["a"].readings] == [False, True]


# -- what must stay -------------------------------------------------------------------------------


def test_an_accepted_field_keeps_its_value():
    report = first()
    made, _ = again(report, {"urgent": False}, fields=["/urgent"])
    assert made.data == report.data
    assert made["urgent"].readings[-1].value is False
    assert made.verdicts["/urgent"].outcome == "review"  # the readings disagree
    told, _ = again(report, {"urgent": False}, fields=["/urgent"], replace=True)
    assert told.value.urgent is False


def test_a_list_stays_where_an_accepted_item_would_change():
    report = first(doubts=["/topics"])
    made, _ = again(report, {"topics": ["login", "crash"]})
    assert made.data == report.data
    assert made["topics"].readings[-1].value == ["login", "crash"]
    told, _ = again(report, {"topics": ["login", "crash"]}, replace=True)
    assert told.value.topics == ["login", "crash"]


class Card(BaseModel):
    kind: Literal["card"]
    number: str
    note: str


class Cash(BaseModel):
    kind: Literal["cash"]
    coins: int
    note: str


class Order(BaseModel):
    pay: Annotated[Card | Cash, Field(discriminator="kind")]


PAID: dict[str, Any] = {"pay": {"kind": "card", "number": "12", "note": "thanks"}}


def test_an_accepted_discriminator_decides_what_is_asked_for():
    _, request = again(first(PAID, ["/pay/number"], Order), {"pay": {"number": "13"}})
    assert list(form_of(request)["properties"]["pay"]["properties"]) == ["number"]


def test_a_doubtful_discriminator_asks_for_the_whole_object():
    report = first(PAID, ["/pay/kind", "/pay/number"], Order)
    made, request = again(report, {"pay": {"kind": "cash", "coins": 3, "note": "thank you"}})
    assert len(form_of(request)["properties"]["pay"]["anyOf"]) == 2
    assert made.value == Order(pay=Cash(kind="cash", coins=3, note="thanks"))  # its note is settled


def test_another_arm_does_not_push_an_accepted_field_out():
    report = first(PAID, ["/pay/kind"], Order)
    other = {"pay": {"kind": "cash", "coins": 3, "note": "thanks"}}
    assert again(report, other)[0].data == PAID
    assert again(report, other, replace=True)[0].value == Order(**other)


# -- what is wrong or missing ---------------------------------------------------------------------


def test_a_missing_key_is_asked_for_by_itself():
    value = {name: inner for name, inner in VALUE.items() if name != "team"}
    report = first(value, schema=Ticket)
    assert [error.pointer for error in report.errors] == ["/team"]
    made, request = again(report, {"team": "billing"})
    assert form_of(request)["required"] == ["team"]
    assert made.value == Ticket(**value, team="billing")
    assert [reading.how for reading in made["team"].readings] == ["reask"]


class Span(BaseModel):
    start: int
    stop: int

    @model_validator(mode="after")
    def _in_order(self) -> "Span":
        if self.start > self.stop:
            raise ValueError("it ends before it starts")
        return self


class Stay(BaseModel):
    name: str
    span: Span


def test_an_object_that_is_wrong_as_a_whole_is_asked_for_as_a_whole():
    report = first({"name": "Berg", "span": {"start": 5, "stop": 3}}, schema=Stay)
    made, request = again(report, {"span": {"start": 3, "stop": 5}})
    assert form_of(request)["required"] == ["span"]
    assert whole(form_of(request), "span")["required"] == ["start", "stop"]
    assert made.value == Stay(name="Berg", span=Span(start=3, stop=5))


def test_what_would_make_the_whole_invalid_is_dropped():
    value = {"name": "Berg", "span": {"start": 3, "stop": 5}}
    report = first(value, ["/name", "/span/stop"], Stay)
    made, _ = again(report, {"name": "Anna Berg", "span": {"stop": 1}})
    assert made.value == Stay(name="Anna Berg", span=Span(start=3, stop=5))
    assert made["span", "stop"].readings[-1].value == 1


def test_an_answer_that_broke_off_is_completed():
    report = first(cut_after=8)
    assert report.status == "truncated"
    missing = {name: VALUE[name] for name in VALUE if f"/{name}" not in report.leaves}
    made, request = again(report, missing)
    assert list(form_of(request)["properties"]) == list(missing)
    assert made.status == "complete"
    assert made.value == Ticket(**VALUE)


def test_a_refusal_is_asked_for_as_a_whole():
    client = FakeClient(Answer(refusal="I cannot."))
    report = fc.extract(Ticket, TEXT, client=client, model="m")
    made, request = again(report, VALUE)
    plain = FakeClient(VALUE)
    fc.extract(Ticket, TEXT, client=plain, model="m")
    assert form_of(request) == form_of(plain.requests[0])
    assert (made.status, made.value, made.refusal) == ("complete", Ticket(**VALUE), None)


def test_an_answer_that_is_no_json_is_mended():
    text = '{"urgent": true, "team": "sales", oops'
    report = fc.extract(Ticket, TEXT, client=FakeClient(Answer(text=text)), model="m")
    assert report.status == "malformed"
    rest = {name: VALUE[name] for name in ("customer", "topics")}
    made, request = again(report, rest, policy={"accept": 0.5})
    assert list(form_of(request)["properties"]) == ["customer", "topics"]
    assert (made.status, made.value) == ("complete", Ticket(**VALUE))


def bare(value):
    """A saved answer without logprobs."""
    return fc.score({"choices": [{"message": {"content": json.dumps(value)}}]}, Ticket)


def test_an_answer_without_logprobs_gets_numbers():
    report = bare(VALUE)
    assert (report.status, report.confidence) == ("no_logprobs", None)
    made, _ = again(report, VALUE, text=TEXT)
    assert made.status == "complete"
    assert made.confidence == pytest.approx(0.99)
    assert made.outcome == "accept"


def test_half_an_answer_without_logprobs_has_none_for_the_rest():
    made, _ = again(bare(VALUE), {"team": "sales"}, text=TEXT, fields=["/team"])
    assert made.status == "no_logprobs"
    assert made["team"].confidence == pytest.approx(0.99)
    assert made["urgent"].confidence is None
    assert made.confidence is None


def test_half_of_what_is_missing_leaves_the_answer_broken_off():
    report = first(cut_after=8)
    made, _ = again(report, {"urgent": False}, fields=["/urgent"], replace=True)
    assert (made.status, made.value) == ("truncated", None)
    assert made.data == report.data  # the whole is not valid yet
    assert made["urgent"].readings[-1].value is False


def test_a_left_out_key_that_perhaps_should_be_there_is_asked_for():
    schema = {
        "type": "object", "required": ["a"], "additionalProperties": False,
        "properties": {"a": {"enum": [1, 2]}, "b": {"enum": [1, 2]}},
    }  # fmt: skip
    tokens = [('{"a":1', -0.01, {}), ("}", -0.5, {'},"b': -3.0, ',"b"': -0.95})]
    entries = [
        {"token": text, "logprob": own, "top_logprobs": [
            {"token": text, "logprob": own},
            *({"token": one, "logprob": p} for one, p in others.items())]}
        for text, own, others in tokens
    ]  # fmt: skip
    body = {"choices": [{"message": {"content": '{"a":1}'}, "logprobs": {"content": entries}}]}
    report = fc.score(body, schema)
    assert [one.name for one in report.verdicts[""].reasons] == ["null_undecided"]
    made, request = again(report, {"b": 2}, text=TEXT)
    assert form_of(request)["required"] == ["b"]
    assert made.data == {"a": 1, "b": 2}
    stays, _ = again(report, {"b": None}, text=TEXT)
    assert stays.value == {"a": 1}


# -- when the second request goes wrong -----------------------------------------------------------


def test_a_failed_request_carries_the_first_report():
    report = first(doubts=["/team"])
    with pytest.raises(fc.RequestError) as caught:
        reask(report, client=FakeClient(HttpError(500)), model="v")
    assert caught.value.report is report


def test_of_an_answer_that_broke_off_what_closed_is_used():
    report = first(doubts=["/urgent", "/topics"])
    value = {"urgent": False, "topics": ["refund", "login", "crash"]}
    made, _ = again(report, Answer(value, cut_after=6, model="large"))
    assert made.data == {**VALUE, "urgent": False}
    assert made.status == "complete"
    assert made["topics"].readings == ()


@pytest.mark.parametrize("answer", [Answer(refusal="No."), Answer(text="What?")])
def test_no_answer_leaves_the_first_reading(answer):
    report = first(doubts=["/team"])
    made, _ = again(report, answer)
    assert (made.data, made.value, made.text) == (report.data, report.value, report.text)
    assert len(made.requests) == 2
    assert made["team"].readings == ()


# -- several second answers ---------------------------------------------------------------------


def test_samples_are_a_second_reading_without_logprobs():
    """The larger model may be one that gives none."""
    report = first(doubts=["/team"])
    client = FakeClient({"team": "billing"}, {"team": "sales"}, {"team": "billing"})
    options = {"model": "v", "provider": "anthropic"}
    made = reask(report, client=client, samples=3, **options)
    assert len(client.requests) == 3
    assert (made.data["team"], made["team"].basis) == ("billing", "agreement")
    assert made["team"].confidence == pytest.approx(2 / 3)
    assert [(one.how, one.basis) for one in made["team"].readings][1] == ("reask", "agreement")
    assert [one.how for one in made.requests] == ["answer", "sample", "sample", "sample"]
    with pytest.raises(fc.NoLogprobsError, match="samples=5") as caught:
        reask(report, client=client, **options)
    assert caught.value.report is report


# -- where the values stand ---------------------------------------------------------------------

OTHER = "Anna Berg of billing"


def test_values_of_a_second_reading_are_found_as_those_of_the_first():
    value = {"name": "Anna Borg", "team": "billing"}
    schema = {"properties": {"name": {"type": "string"}, "team": {"type": "string"}}}
    plain = first(value, ["/name"], schema, OTHER)
    located = fc.locate(plain, how=["exact"])
    assert located["name"].source_spans == ()
    made, _ = again(located, {"name": "Anna Berg"})
    assert [one.text for one in made["name"].source_spans] == ["Anna Berg"]
    assert made["team"].source_spans == located["team"].source_spans != ()
    unlocated, _ = again(plain, {"name": "Anna Berg"})
    assert all(field.source_spans is None for field in unlocated.leaves.values())
    wanted, _ = again(plain, {"name": "Anna Berg"}, locate=["exact"])
    assert fc.locate(unlocated, how=["exact"]) == wanted
    assert wanted["team"].source_spans
    unwanted, _ = again(located, {"name": "Anna Berg"}, locate=False)
    assert (unwanted["name"].source_spans, unwanted["team"].source_spans) == (
        None,
        located["team"].source_spans,
    )


@pytest.mark.parametrize("given", [[OTHER, PNG], f"Read this: {OTHER}"])
def test_offsets_of_another_text_are_not_mixed_with_those_of_the_first(given):
    """A report may be located in another text than the model read: that of an image, say."""
    schema = {"properties": {"name": {"type": "string"}, "team": {"type": "string"}}}
    value = {"name": "Anna Borg", "team": "billing"}
    located = fc.locate(first(value, ["/name"], schema, given), OTHER, how=["exact"])
    made, _ = again(located, {"name": "Anna Berg"})
    assert (made["name"].source_spans, made["team"].source_spans) == (
        None,
        located["team"].source_spans,
    )


def test_a_package_that_is_missing_costs_no_reading(monkeypatch):
    monkeypatch.setattr("fieldconf.grounding.locating.find_spec", lambda name: None)
    schema = {"properties": {"name": {"type": "string"}}}
    located = fc.locate(first({"name": "Berg"}, ["/name"], schema, OTHER), how=["exact"])
    made, _ = again(located, {"name": "Anna"})
    assert [one.how for one in made["name"].source_spans] == ["exact"]
    client = FakeClient({"name": "Anna"})
    with pytest.raises(fc.FieldconfError, match="source") as caught:
        reask(located, client=client, model="m", locate=True)
    assert (client.requests, caught.value.report) == ([], located)


# -- asynchronous ---------------------------------------------------------------------------------


def test_asynchronous_clients_ask_the_same():
    report = first(doubts=["/team"])
    client = AsyncFakeClient(Answer({"team": "billing"}, model="large"))
    made = asyncio.run(areask(report, client=client, model="v"))
    expected, request = again(report, {"team": "billing"})
    assert made == expected
    assert client.requests == [request]


def test_an_asynchronous_request_that_fails_carries_the_first_report():
    report = first(doubts=["/team"])
    client = AsyncFakeClient(Answer({"team": "billing"}, fault=Fault("reset")))
    with pytest.raises(fc.RequestError) as caught:
        asyncio.run(areask(report, client=client, model="v"))
    assert caught.value.report is report


# -- the embedded model ---------------------------------------------------------------------------


def test_the_embedded_model_answers_a_sub_schema(local_client):
    report = fc.extract(Ticket, TEXT, client=local_client, temperature=0)
    seen = []
    made = reask(
        report, client=local_client, temperature=0, instructions="Be exact.",
        fields=["/team", "/customer/name", "/topics/*"], observe=seen.append,
    )  # fmt: skip
    (second,) = seen
    assert second.status == "complete"
    assert not second.errors
    assert list(second.data) == ["team", "customer", *(["topics"] if report.value.topics else [])]
    assert len(second.data["customer"]["name"]) <= 40
    assert made.status == "complete"
    assert not made.errors
    assert [one.how for one in made.requests] == ["answer", "reask"]
    for name, verdict in report.verdicts.items():
        if verdict.outcome == "accept" and report[name].is_leaf:
            assert made[name].value == report[name].value
