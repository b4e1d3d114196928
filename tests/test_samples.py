"""Samples: the same question several times, through every face; what is sent, and what may fail."""

import asyncio
import threading

import pytest
from installed import needs_responses
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.errors import NoLogprobsError, RequestError
from fieldconf.extraction import sampling
from fieldconf.extraction.calls import prepare
from fieldconf.extraction.sampling import seeds
from fieldconf.providers.provider_table import ROWS
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient, HttpError


class Ticket(fc.Confident):
    urgent: bool
    team: str


@fc.confident(model="m", samples=3)
class Asked(BaseModel):
    urgent: bool


BILLING, SALES = {"urgent": True, "team": "Billing"}, {"urgent": True, "team": "sales"}
THREE = (BILLING, {"urgent": True, "team": "billing."}, SALES)


def extract(client, **options):
    return fc.extract(Ticket, "Hurry!", client=client, **{"model": "m", "samples": 3} | options)


def aextract(*answers, **options):
    client = AsyncFakeClient(*answers)
    asking = fc.aextract(
        Ticket, "Hurry!", client=client, **{"model": "m", "samples": 3} | options
    )  # fmt: skip
    return asyncio.run(asking), client


BOTH = pytest.mark.parametrize("ask", ["sync", "async"])


def asked(ask, *answers, **options):
    """The report, and the bodies of the requests."""
    if ask == "async":
        report, client = aextract(*answers, **options)
        return report, client.requests
    client = FakeClient(*answers)
    return extract(client, **options), client.requests


# -- one report ---------------------------------------------------------------------------------


@BOTH
def test_as_many_requests_and_one_report(ask):
    report, requests = asked(ask, *THREE)
    assert len(requests) == 3
    assert all(body == requests[0] for body in requests)
    assert "temperature" not in requests[0]
    assert "seed" not in requests[0]
    assert report.value in (
        Ticket(urgent=True, team="Billing"),
        Ticket(urgent=True, team="billing."),
    )
    assert (report["team"].agreement.count, report["team"].agreement.of) == (2, 3)
    assert report["urgent"].agreement.share == 1
    assert sorted(one.value for one in report["team"].readings) == ["Billing", "billing.", "sales"]
    assert [one.how for one in report.requests] == ["sample"] * 3
    assert report.output_tokens == sum(one.output_tokens for one in report.requests)
    assert report["urgent"].basis == "distribution"  # there are logprobs
    assert report.flags == ()
    assert report.input == "Hurry!"


def test_the_methods_of_a_model_ask_as_often():
    client = FakeClient({"urgent": True})
    assert Asked.extract("x", client=client)["urgent"].agreement.of == 3
    assert len(client.requests) == 3
    once = Asked.extract("x", client=client, samples=1)
    assert once["urgent"].agreement is None
    assert len(client.requests) == 4
    report = asyncio.run(
        Ticket.aextract("x", client=AsyncFakeClient(BILLING), model="m", samples=2)
    )
    assert report["team"].agreement.of == 2


@BOTH
def test_what_a_sample_says_of_the_source_stays_with_it(ask):
    report, _ = asked(ask, {"urgent": True, "team": "Hurry"}, locate={"exact"})
    assert report["team"].source_spans[0].text == "Hurry"


@BOTH
def test_whoever_wants_is_told_of_each(ask):
    seen = []
    report, _ = asked(ask, *THREE, observe=lambda one: seen.append((one, threading.get_ident())))
    assert sorted(one["team"].value for one, _ in seen) == ["Billing", "billing.", "sales"]
    assert {thread for _, thread in seen} == {threading.get_ident()}
    assert report["team"].agreement.of == len(seen)


# -- what is sent -------------------------------------------------------------------------------


@BOTH
def test_the_seeds_follow_from_the_first(ask):
    _, requests = asked(ask, BILLING, seed=11)
    sent = [body["seed"] for body in requests]
    assert sorted(sent) == sorted(seeds(11, 3))
    assert 11 in sent
    assert asked(ask, BILLING, seed=11, samples=1)[1][0]["seed"] == 11


def test_seeds_are_not_neighbours():
    """Neighbouring seeds draw alike on some servers."""
    drawn = [seeds(first, 20) for first in range(20)]
    for own in drawn:
        assert len(set(own)) == 20
        assert all(0 <= seed < 2**31 for seed in own)
        near = [abs(a - b) for a in own for b in own if a != b]
        assert min(near) > 1
    later = [seed for own in drawn for seed in own[1:]]
    assert len(set(later)) == len(later)


@pytest.mark.parametrize("options", [{"temperature": 0}, {"request_options": {"temperature": 0.0}}])
def test_temperature_zero_is_not_paid_for(options):
    client = FakeClient(BILLING)
    with pytest.raises(RequestError, match="one and the same") as caught:
        extract(client, **options)
    assert "say 1" in caught.value.remedy
    assert client.requests == []
    extract(client, temperature=1)
    assert client.requests[0]["temperature"] == 1


@pytest.mark.parametrize("samples", [0, -1, True, 2.5, "5"])
def test_a_number_of_samples_is_a_number(samples):
    client = FakeClient(BILLING)
    with pytest.raises(RequestError, match="samples="):
        extract(client, samples=samples)
    with pytest.raises(RequestError, match="samples="):
        aextract(BILLING, samples=samples)
    assert client.requests == []


def test_streams_have_one_answer():
    for face, client in ((fc.stream, FakeClient(True)), (fc.astream, AsyncFakeClient(True))):
        with pytest.raises(RequestError, match="several answers") as caught:
            face(bool, "x", client=client, model="m", samples=2)
        assert "extract" in caught.value.remedy
    with pytest.raises(RequestError, match="stop_when="):
        extract(FakeClient(BILLING), stop_when=fc.StopWhen("urgent"))
    assert fc.stream(bool, "x", client=FakeClient(True), model="m", samples=1).report.data is True


def test_a_failed_preparation_is_no_failed_sample():
    with pytest.raises(RequestError, match="no model was named"):
        fc.extract(Ticket, "x", client=FakeClient(BILLING), samples=2)
    with pytest.raises(RequestError, match="no client"):
        fc.extract(Ticket, "x", client=None, samples=2)


# -- who gives no logprobs ------------------------------------------------------------------------

LOGPROBS = {"logprobs", "top_logprobs", "include"}


@BOTH
@pytest.mark.parametrize("provider", ["anthropic", "groq", "lm-studio", "zai", "watsonx"])
def test_a_provider_without_logprobs_is_asked_without(ask, provider):
    """And what it is not held to, the prompt says."""
    report, requests = asked(ask, Answer(text='{"urgent": true, "team": "a"}'), provider=provider)
    assert len(requests) == 3
    for body in requests:
        assert not LOGPROBS & body.keys()
        is_held = body.get("response_format", {}).get("type") == "json_schema"
        assert is_held != ("JSON Schema" in body["messages"][0]["content"])
    assert report.value == Ticket(urgent=True, team="a")
    assert report["team"].agreement.share == 1


def test_every_row_without_logprobs_says_how_it_is_asked_or_is_called_by_oneself():
    for row in ROWS:
        if row.ask is None:
            assert (row.bare is None) == (row.call != "client.chat.completions.create"
                                          and row.key != "anthropic"), row.key  # fmt: skip


@pytest.mark.parametrize("provider", ["bedrock-converse", "ollama-cloud", "gemini"])
def test_who_is_not_called_by_us_is_said(provider):
    with pytest.raises(RequestError) as caught:
        extract(FakeClient(BILLING), provider=provider)
    assert "fc." in caught.value.remedy


def refusing(body):
    """A server whose models have no logprobs."""
    if LOGPROBS & body.keys():
        return HttpError(400, "`logprobs` is not supported with this model")
    return Answer(text='{"urgent": true, "team": "a"}')


@BOTH
def test_a_server_that_refuses_logprobs_is_asked_without(ask):
    report, requests = asked(ask, refusing, seed=5)
    without = [body for body in requests if not LOGPROBS & body.keys()]
    assert len(without) == 3
    assert sorted(body["seed"] for body in without) == sorted(seeds(5, 3))
    assert all(body["response_format"]["type"] == "json_schema" for body in without)
    assert report.value == Ticket(urgent=True, team="a")
    assert report["team"].agreement.of == 3


def test_a_reasoning_model_is_asked_without():
    client = FakeClient(refusing, base_url="https://api.openai.com/v1")
    report = extract(client, model="o3")
    assert len(client.requests) == 3
    assert "reasoning_effort" not in client.requests[0]
    assert (report.status, report["team"].agreement.of) == ("complete", 3)


def test_without_logprobs_the_share_is_the_confidence():
    """A server that leaves them out, without an error."""
    texts = iter(['{"urgent": true, "team": "a"}', '{"urgent": true, "team": "A"}',
                  '{"urgent": true, "team": "b"}', '{"urgent": false, "team": "a"}'])  # fmt: skip

    def create(**arguments):
        return {"choices": [{"message": {"content": next(texts)}, "finish_reason": "stop"}]}

    report = extract(_Duck(create), samples=4)
    for name, share in (("urgent", 0.75), ("team", 0.75)):
        field = report[name]
        assert (field.confidence, field.basis, field.reason) == (share, "agreement", "")
        assert (field.low, field.high) == (field.agreement.low, field.agreement.high)
    assert report.status == "complete"
    assert report.confidence == 0.75


class _Duck:
    """A client of another package with the same face; one request at a time."""

    base_url = "http://localhost:1234"

    def __init__(self, create):
        lock = threading.Lock()

        def locked(**arguments):
            with lock:
                return create(**arguments)

        self.chat = self.completions = self
        self.create = locked


@needs_responses
def test_the_responses_api_is_asked_without():
    call = prepare(
        Ticket, "x", FakeClient(BILLING), {"model": "m", "provider": "openai-responses"}, bare=True
    )  # fmt: skip
    assert not LOGPROBS & call.arguments.keys()
    assert call.arguments["text"]["format"]["type"] == "json_schema"
    client = FakeClient(BILLING)
    report = extract(client, provider="openai-responses")
    assert report["team"].agreement.of == 3
    assert all("include" in body for body in client.requests)


@BOTH
def test_one_answer_without_logprobs_names_the_way_out(ask):
    for options in ({"provider": "anthropic"}, {}, {"samples": None}):
        with pytest.raises(NoLogprobsError) as caught:
            asked(ask, refusing, **{"samples": 1} | options)
        assert caught.value.remedy.endswith("samples=5")
        assert str(caught.value).endswith("samples=5")
        assert str(caught.value).count("samples=5") == 1


# -- what fails ---------------------------------------------------------------------------------


@BOTH
def test_the_others_count_where_some_fail(ask):
    report, _ = asked(ask, HttpError(500), *THREE, samples=4)
    assert report.flags == ("fewer_samples",)
    assert report["urgent"].agreement.of == len(report.requests) == 3


@BOTH
def test_where_all_fail_the_first_error_is_raised(ask):
    with pytest.raises(RequestError) as caught:
        asked(ask, HttpError(401, "who are you"))
    assert caught.value.status == 401


def test_a_client_of_the_wrong_kind_is_said():
    with pytest.raises(RequestError, match="asynchronous"):
        extract(AsyncFakeClient(BILLING))
    with pytest.raises(RequestError, match="synchronous"):
        asyncio.run(fc.aextract(Ticket, "x", client=FakeClient(BILLING), model="m", samples=2))


@pytest.mark.parametrize(
    ("ask", "error"),
    [("sync", KeyError("mine")), ("async", KeyError("mine")), ("sync", KeyboardInterrupt())],
)
def test_what_ends_it_all_carries_what_came(ask, error, monkeypatch):
    monkeypatch.setattr(sampling, "AT_ONCE", 1)
    with pytest.raises(type(error)) as caught:
        asked(ask, BILLING, BILLING, error, BILLING, samples=4)
    assert caught.value.report["team"].agreement.of in (2, 3)
    assert caught.value.report.flags == ("fewer_samples",)


def test_an_error_of_whoever_is_told_ends_it(monkeypatch):
    monkeypatch.setattr(sampling, "AT_ONCE", 1)
    with pytest.raises(ZeroDivisionError) as caught:
        extract(FakeClient(BILLING), observe=lambda report: 1 / 0)
    assert caught.value.report["team"].value == "Billing"


def test_a_cancelled_task_carries_what_came(monkeypatch):
    monkeypatch.setattr(sampling, "AT_ONCE", 1)

    async def main():
        def third(body):
            if len(client.requests) == 3:
                outer.cancel()
            return BILLING

        client = AsyncFakeClient(third)
        outer = asyncio.ensure_future(
            fc.aextract(Ticket, "x", client=client, model="m", samples=5)
        )  # fmt: skip
        with pytest.raises(asyncio.CancelledError) as caught:
            await outer
        return caught.value.report, client.requests

    report, requests = asyncio.run(main())
    assert len(requests) == 3
    assert report["team"].agreement.of == 2
    assert report.flags == ("fewer_samples",)


# -- at once ------------------------------------------------------------------------------------


def test_requests_are_on_their_way_together():
    """No answer comes before all requests have."""
    barrier = threading.Barrier(4, timeout=30)

    def answer(body):
        barrier.wait()
        return BILLING

    assert extract(FakeClient(answer), samples=4)["team"].agreement.of == 4


@BOTH
def test_but_not_more_than_the_limit(ask, monkeypatch):
    monkeypatch.setattr(sampling, "AT_ONCE", 1)
    running, most = [], []

    def create(**arguments):
        running.append(None)
        most.append(len(running))
        running.pop()
        return {"choices": [{"message": {"content": '{"urgent": true, "team": "a"}'}}]}

    async def acreate(**arguments):
        running.append(None)
        await asyncio.sleep(0)
        most.append(len(running))
        running.pop()
        return {"choices": [{"message": {"content": '{"urgent": true, "team": "a"}'}}]}

    client = type("Client", (), {"base_url": "http://x", "create": staticmethod(
        acreate if ask == "async" else create)})()  # fmt: skip
    client.chat = client.completions = client
    if ask == "async":
        asyncio.run(fc.aextract(Ticket, "x", client=client, model="m", samples=5))
    else:
        extract(client, samples=5)
    assert most == [1] * 5


def test_the_context_of_the_caller_is_that_of_its_requests():
    """Loggers and tracers find out by it whose request it is."""
    from contextvars import ContextVar

    who = ContextVar("who", default="nobody")
    seen = []

    def answer(body):
        seen.append(who.get())
        return BILLING

    who.set("me")
    extract(FakeClient(answer))
    assert seen == ["me"] * 3


# -- the embedded model -------------------------------------------------------------------------

SCHEMA = {
    "type": "object",
    "properties": {
        "urgent": {"type": "boolean"},
        "team": {"enum": ["billing", "technical", "sales"]},
        "priority": {"type": "integer", "minimum": 1, "maximum": 5},
    },
    "required": ["urgent", "team", "priority"],
}
TEXT = "I was charged twice for my order and nobody answers. Please hurry."


def test_samples_of_the_embedded_model(local_client):
    """Drawn at temperature 1, they can be drawn again; with logprobs, both numbers are there."""
    options = {"client": local_client, "samples": 4, "seed": 7, "temperature": 1}
    report = fc.extract(SCHEMA, TEXT, **options)
    assert report.status == "complete"
    assert report.errors == ()
    singles = [
        fc.extract(SCHEMA, TEXT, client=local_client, seed=seed, temperature=1)
        for seed in seeds(7, 4)
    ]
    for name in ("urgent", "team", "priority"):
        field = report[name]
        drawn = [one[name].value for one in singles]
        assert [one.value for one in field.readings] == drawn
        assert field.agreement.count == max(map(drawn.count, drawn)) == drawn.count(field.value)
        assert field.basis == "distribution"
        assert field.confidence == next(
            one[name].confidence for one in singles if one[name].confidence == field.confidence
        )
    assert len({one["priority"].value for one in singles}) > 1 or len(
        {one["team"].value for one in singles}
    ) > 1  # fmt: skip  # else nothing was drawn


def test_the_embedded_models_own_temperature_is_left_out(local_client):
    """For one answer it is 0; samples at 0 would be one and the same."""
    call = sampling._Samples(SCHEMA, TEXT, local_client, {"samples": 2}, 2).calls[0]
    assert prepare(SCHEMA, TEXT, local_client, {}).arguments["temperature"] == 0
    assert "temperature" not in call.arguments
