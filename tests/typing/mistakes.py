"""What type checkers find. Read by them (``test_typing.py``), never run.

Each mistake is marked for both; a mark where nothing is found is an error of its own.
"""

from typing import Any, assert_type

from pydantic import BaseModel

import fieldconf as fc


class Plain(BaseModel):
    urgent: bool


class Ticket(fc.Confident):
    urgent: bool


def misspelled_options(client: Any) -> None:
    fc.extract(Plain, "x", client=client, modle="m")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    fc.stream(Plain, "x", client=client, temprature=0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    fc.astream(Plain, "x", client=client, sede=0)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    Ticket.extract("x", modle="m")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Ticket.extract_many(["x"], concurency=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Ticket.aextract_many(["x"], modle="m")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Ticket.stream("x", modle="m")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Ticket.score({}, maks="before")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    fc.confident(modle="m")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


async def misspelled_options_awaited(client: Any) -> None:
    await fc.aextract(Plain, "x", client=client, modle="m")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    await Ticket.aextract("x", modle="m")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def wrong_types(client: Any) -> None:
    fc.extract(Plain, "x", client=client, temperature="hot")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    fc.extract(Plain, "x", client=client, mask="pre")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    fc.extract(Plain, 5, client=client)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    Ticket.extract("x", seed="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Ticket.extract("x", stop_when=lambda field: field.no_such)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownLambdaType, reportUnknownMemberType]
    fc.StopWhen("urgent", above="0.9")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def no_client() -> None:
    fc.extract(Plain, "x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    fc.stream(Plain, "x")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def no_such_attribute(client: Any) -> None:
    report = fc.extract(Plain, "x", client=client)
    report.valeu  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    value = Ticket.extract("x").value
    value.urgent  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # noqa: B018
    assert value is not None
    value.urgnt  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    report.of(lambda ticket: ticket.urgnt)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownLambdaType, reportUnknownMemberType]


def an_event_is_not_every_event(client: Any) -> None:
    for event in fc.stream(Plain, "x", client=client):
        event.report  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
        if event.type == "feild":  # type: ignore[comparison-overlap]  # pyright: ignore[reportUnnecessaryComparison]
            pass
        if event.type == "field":
            event.index  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018


async def not_awaited(client: Any) -> None:
    fc.aextract(Plain, "x", client=client)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    Ticket.aextract("x")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


def not_a_model() -> None:
    fc.confident(int)  # type: ignore[type-var]  # pyright: ignore[reportCallIssue, reportArgumentType]

    @fc.confident(temperature="hot")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    class Hot(BaseModel):
        urgent: bool

    assert_type(Hot(urgent=True).urgent, bool)


@fc.confident
class Decorated(BaseModel):
    urgent: bool


def what_a_decorator_adds_is_not_seen() -> None:
    """Python has no type for it; hence the mixin."""
    Decorated.extract("x")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
