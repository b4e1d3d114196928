"""The embedded model through every face: whichever way it is asked, the report is the same."""

import asyncio
import inspect
import json
from typing import Literal

import pytest
from pydantic import BaseModel

import fieldconf as fc

TEXT = "The parcel is late."
SETTLE = fc.Settle(tolerance=1e-3, fields=["/late"])
NEVER = fc.StopWhen("problem", below=0.0)
NOW = fc.StopWhen("problem", above=0.0)


@fc.confident(max_tokens=40)
class Ticket(BaseModel):
    problem: Literal["payment", "delivery"]
    late: bool


async def read(stream):
    return [event async for event in stream]


# Each of these gives the report of one face; the asynchronous ones a coroutine.


def extract(client, **options):
    return fc.extract(Ticket, TEXT, client=client, max_tokens=40, **options)


def stream(client, **options):
    return fc.stream(Ticket, TEXT, client=client, max_tokens=40, **options).report


async def aextract(client, **options):
    return await fc.aextract(Ticket, TEXT, client=client, max_tokens=40, **options)


async def astream(client, **options):
    return await fc.astream(Ticket, TEXT, client=client, max_tokens=40, **options).finish()


def model_extract(client, **options):
    return Ticket.extract(TEXT, client=client, **options)


def model_stream(client, **options):
    with Ticket.stream(TEXT, client=client, **options) as events:
        return events.report


async def model_aextract(client, **options):
    return await Ticket.aextract(TEXT, client=client, **options)


async def model_astream(client, **options):
    async with Ticket.astream(TEXT, client=client, **options) as events:
        return await events.finish()


FACES = [
    extract, stream, aextract, astream, model_extract, model_stream, model_aextract, model_astream,
]  # fmt: skip
every_face = pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)


@pytest.fixture
def ask(local_client):
    """Ask by any face; an asynchronous one has a client and an event loop of its own."""

    def asks(face, **options):
        if not inspect.iscoroutinefunction(face):
            return face(local_client, **options)

        async def asking():
            async with local_client.aio() as client:
                return await face(client, **options)

        return asyncio.run(asking())

    return asks


@pytest.fixture(scope="module")
def whole(local_client):
    """The report that all others are compared with."""
    return fc.extract(Ticket, TEXT, client=local_client, max_tokens=40)


@pytest.fixture(scope="module")
def settled(local_client):
    return fc.extract(Ticket, TEXT, client=local_client, max_tokens=40, settle=SETTLE)


@pytest.fixture(scope="module")
def stopped(local_client):
    return fc.extract(Ticket, TEXT, client=local_client, max_tokens=40, stop_when=NOW)


def test_there_is_something_to_compare(whole, settled, stopped):
    assert whole.status == settled.status == "complete"
    assert isinstance(whole.value, Ticket)
    assert all(field.confidence is not None for field in whole.fields.values())
    assert settled["late"].distribution.calls
    assert not whole["late"].distribution.calls
    assert stopped.stopped.pointer == "/problem"
    assert len(stopped.tokens) == stopped.stopped.read < len(whole.tokens)
    assert stopped["problem"].to_dict() == whole["problem"].to_dict()


@every_face
def test_whole(face, ask, whole):
    seen = []
    found = ask(face, observe=seen.append)
    assert found.to_dict() == whole.to_dict()
    assert found.value == whole.value
    if "stream" not in face.__name__:  # no stream shows the token that ends the answer
        assert found.to_dict(tokens=True) == whole.to_dict(tokens=True)
    assert len(seen) == 1
    assert seen[0] is found


@every_face
def test_settled(face, ask, settled):
    found = ask(face, settle=SETTLE)
    assert found.to_dict() == settled.to_dict()
    assert found["late"].high - found["late"].low <= SETTLE.tolerance


@every_face
def test_stopped(face, ask, stopped):
    seen = []
    found = ask(face, stop_when=NOW, observe=seen.append)
    assert found.to_dict(tokens=True) == stopped.to_dict(tokens=True)
    assert found.value is None
    assert [report.stopped for report in seen] == [stopped.stopped]


@pytest.mark.parametrize("face", [extract, aextract, model_stream], ids=lambda face: face.__name__)
def test_a_rule_that_never_fires_changes_nothing(face, ask, whole):
    found = ask(face, stop_when=[NEVER, lambda field: field.value == "nothing"])
    assert found.to_dict() == whole.to_dict()
    assert found.stopped is None


@pytest.mark.parametrize("stop_when", [None, NOW])
def test_events_say_what_the_report_says(stop_when, local_client):
    async def later():
        async with local_client.aio() as client:
            return await read(Ticket.astream(TEXT, client=client, stop_when=stop_when))

    events = list(Ticket.stream(TEXT, client=local_client, stop_when=stop_when))
    assert asyncio.run(later()) == events
    *others, last = events
    assert last.type == "report"
    closed = {name: f for name, f in last.report.fields.items() if "truncated" not in f.flags}
    told = {event.pointer: event.field for event in others if event.type == "field"}
    assert told == closed
    assert next(iter(told)) == "/problem"
    assert set(told) == ({"/problem"} if stop_when else {"/problem", "/late", ""})
    assert all(event.pointer == "/problem" for event in others if event.type == "partial")


LIST = {
    "type": "object",
    "properties": {"words": {"type": "array", "items": {"type": "string", "maxLength": 12}}},
    "required": ["words"],
    "additionalProperties": False,
}
LIST["properties"]["words"] |= {"minItems": 2, "maxItems": 2}


def test_partial_texts_and_items_of_a_json_schema(local_client):
    """Two plain strings: what grows becomes the value, and each element is an item."""

    async def later():
        async with local_client.aio() as client:
            return await fc.aextract(LIST, "red and blue", client=client, max_tokens=40)

    events = list(fc.stream(LIST, "red and blue", client=local_client, max_tokens=40))
    report = events[-1].report
    assert asyncio.run(later()).to_dict() == report.to_dict()
    assert report.value == report.data == json.loads(report.text)
    items = [(event.index, event.value) for event in events if event.type == "item"]
    assert items == list(enumerate(report.data["words"]))
    grown = {}
    for event in events:
        if event.type == "partial":
            grown[event.pointer] = grown.get(event.pointer, "") + event.added
            assert event.value == grown[event.pointer]
            assert report[event.pointer].value.startswith(event.value)


def test_the_clients_own_call_and_then_the_score(local_client, whole):
    """``request`` asks in the words of OpenAI, and the response is scored by the model."""
    defaults = local_client.fieldconf_defaults
    own = dict(defaults.request_options) | {"max_tokens": 40}
    extra = fc.request(Ticket, provider="llama.cpp", top_logprobs=20, defaults=defaults)
    schema = extra["response_format"]["json_schema"]["schema"]
    asked = {**own, **extra, "messages": defaults.make_messages(schema, TEXT, None)}
    response = local_client.chat.completions.create(**asked)
    counted = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(local_client.chat.completions.create(**asked, **counted))

    async def later():
        async with local_client.aio() as client:
            return await client.chat.completions.create(**asked)

    found = [
        Ticket.score(given, mask="before") for given in (response, chunks, asyncio.run(later()))
    ]
    assert found[0].text == whole.text
    assert found[0].value == whole.value
    assert [report.to_dict() for report in found[1:]] == [found[0].to_dict()] * 2


def test_the_plain_request_of_a_model_is_answered_and_scored(local_client):
    extra = Ticket.request(provider="llama.cpp")
    messages = [{"role": "user", "content": f"Problem, late? {TEXT}"}]
    options = {"temperature": 0, "max_tokens": 60, "messages": messages}
    response = local_client.chat.completions.create(model="any", **options, **extra)
    report = Ticket.score(response)
    assert report.status == "complete"
    assert isinstance(report.value, Ticket)
    assert all(field.confidence is not None for field in report.leaves.values())


def test_messages_and_instructions(local_client):
    """Messages are sent as they are, instructions before them."""
    told = fc.extract(
        bool, [{"role": "user", "content": "Is snow cold?"}], client=local_client,
        instructions="Answer with true or false.", max_tokens=5,
    )  # fmt: skip
    system = {"role": "system", "content": "Answer with true or false."}
    given = fc.extract(
        bool, [system, {"role": "user", "content": "Is snow cold?"}], client=local_client,
        max_tokens=5,
    )  # fmt: skip
    assert told.status == "complete"
    assert isinstance(told.value, bool)
    assert told.to_dict() == given.to_dict()


def test_a_stream_that_is_left_keeps_what_closed(local_client, whole):
    async def later():
        async with local_client.aio() as client, Ticket.astream(TEXT, client=client) as stream:
            return await anext(stream.fields()), stream

    with Ticket.stream(TEXT, client=local_client) as now:
        first = next(now.fields())
    field, left = asyncio.run(later())
    assert field.to_dict() == first.to_dict() == whole["problem"].to_dict()
    assert left.report.to_dict() == now.report.to_dict()
    assert now.report.status == "truncated"
    assert now.report["problem"].to_dict() == first.to_dict()
    assert "/late" not in now.report.fields


@pytest.mark.parametrize("face", [fc.extract, fc.stream, Ticket.extract, Ticket.stream])
def test_an_asynchronous_client_is_named_where_it_is_not_meant(face, local_client):
    given = (TEXT,) if inspect.ismethod(face) else (Ticket, TEXT)

    async def asking():
        async with local_client.aio() as client:
            with pytest.raises(fc.RequestError, match="asynchronous"):
                face(*given, client=client)

    asyncio.run(asking())


def test_a_synchronous_client_is_named_where_it_is_not_meant(local_client):
    with pytest.raises(fc.RequestError, match="synchronous"):
        asyncio.run(Ticket.aextract(TEXT, client=local_client))
    with pytest.raises(fc.RequestError, match="synchronous"):
        asyncio.run(read(Ticket.astream(TEXT, client=local_client)))
