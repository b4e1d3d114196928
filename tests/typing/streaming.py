"""What type checkers know of streams. Read by them (``test_typing.py``), never run."""

from typing import Any, assert_never, assert_type

from pydantic import BaseModel

import fieldconf as fc


class Ticket(BaseModel):
    urgent: bool


def by_type(client: Any) -> None:
    stream = fc.stream(Ticket, "x", client=client, temperature=0)
    assert_type(stream, fc.types.FieldStream[Ticket])
    for event in stream:
        if event.type == "report":
            assert_type(event, fc.types.ReportEvent[Ticket])
            assert_type(event.report, fc.Report[Ticket])
            assert_type(event.report.value, Ticket | None)
        elif event.type == "partial":
            assert_type(event, fc.types.PartialEvent)
            assert_type(event.added, str)
            assert_type(event.value, str)
            assert_type(event.confidence, None)
        elif event.type == "item":
            assert_type(event, fc.types.ItemEvent)
            assert_type(event.index, int)
            assert_type(event.field, fc.Field)
        else:
            assert_type(event, fc.types.FieldEvent)
            assert_type(event.field, fc.Field)
            assert_type(event.pointer, str)
            assert_type(event.confidence, float | None)
    assert_type(stream.report, fc.Report[Ticket])


def by_class(client: Any) -> None:
    for event in fc.stream(Ticket, "x", client=client):
        match event:
            case fc.types.PartialEvent(added=added):
                assert_type(added, str)
            case fc.types.FieldEvent(field=field):
                assert_type(field, fc.Field)
            case fc.types.ItemEvent():
                assert_type(event.index, int)
            case fc.types.ReportEvent(report=report):
                assert_type(report, fc.Report[Ticket])
            case _:
                assert_never(event)  # there are no other events


def by_isinstance(client: Any) -> None:
    for event in fc.stream(Ticket, "x", client=client):
        if isinstance(event, fc.types.ReportEvent):
            assert_type(event.report.value, Ticket | None)
        elif not isinstance(event, fc.types.PartialEvent):
            assert_type(event.field, fc.Field)


def handed_on(event: fc.types.Event[Ticket]) -> None:
    """``Event`` names what a handler takes."""
    assert_type(
        event,
        fc.types.PartialEvent
        | fc.types.FieldEvent
        | fc.types.ItemEvent
        | fc.types.ReportEvent[Ticket],
    )


def to_a_handler(client: Any) -> None:
    with fc.stream(Ticket, "x", client=client) as stream:
        assert_type(stream, fc.types.FieldStream[Ticket])
        for event in stream:
            handed_on(event)
        for field in stream.fields():
            assert_type(field, fc.Field)


async def asynchronous(client: Any) -> None:
    stream = fc.astream(Ticket, "x", client=client)
    assert_type(stream, fc.types.AsyncFieldStream[Ticket])
    async for event in stream:
        if event.type == "report":
            assert_type(event.report.value, Ticket | None)
        elif event.type == "item":
            assert_type(event.index, int)
    assert_type(stream.report, fc.Report[Ticket])
    async with fc.astream(Ticket, "x", client=client) as other:
        assert_type(await other.finish(), fc.Report[Ticket])
        async for field in other.fields():
            assert_type(field, fc.Field)


def without_a_class(client: Any, schema: dict[str, Any]) -> None:
    assert_type(fc.stream(schema, "x", client=client), fc.types.FieldStream[Any])
    assert_type(fc.astream(schema, "x", client=client), fc.types.AsyncFieldStream[Any])
