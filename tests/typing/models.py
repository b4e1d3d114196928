"""What type checkers know of models that ask. Read by them (``test_typing.py``), never run."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, assert_type

from pydantic import BaseModel, Field, RootModel

import fieldconf as fc

T = TypeVar("T")


class Ticket(fc.Confident):
    urgent: bool
    topics: list[str] = Field(default_factory=list[str])


def the_mixin() -> None:
    assert_type(Ticket.extract("x"), fc.Report[Ticket])
    assert_type(Ticket.extract("x", model="m", temperature=0).value, Ticket | None)
    assert_type(Ticket.score({}, mask="after", match="loose"), fc.Report[Ticket])
    assert_type(Ticket.request(model="m"), dict[str, Any])
    assert_type(Ticket.stream("x"), fc.types.FieldStream[Ticket])
    assert_type(Ticket.astream("x"), fc.types.AsyncFieldStream[Ticket])
    for event in Ticket.stream("x"):
        if event.type == "report":
            assert_type(event.report, fc.Report[Ticket])
    assert_type(Ticket.extract("x").of(lambda ticket: ticket.topics[0]), fc.Field)


def the_mixin_of_many() -> None:
    assert_type(Ticket.extract_many(["x"]), fc.types.ResultStream[Ticket])
    for result in Ticket.extract_many({"a": "x"}, concurrency=2, output="o.jsonl", samples=3):
        assert_type(result.value, Ticket | None)
    steps = [fc.CascadeStep(object(), model="large")]
    assert_type(Ticket.extract_many(["x"], steps=steps, budget=5).all(), fc.types.Results[Ticket])
    assert_type(Box[int].extract_many(["x"]).run(), fc.types.RunSummary)


async def the_mixin_of_many_awaited() -> None:
    assert_type(Ticket.aextract_many(["x"]), fc.types.AsyncResultStream[Ticket])
    assert_type(await Settled.aextract_many(["x"]).all(), fc.types.Results[Settled])
    async for result in Sub.aextract_many(["x"]):
        assert_type(result, fc.types.Result[Sub])


async def the_mixin_awaited() -> None:
    assert_type(await Ticket.aextract("x"), fc.Report[Ticket])
    async for event in Ticket.astream("x"):
        if event.type == "report":
            assert_type(event.report.value, Ticket | None)


def the_mixin_is_a_model() -> None:
    ticket = Ticket(urgent=True)
    assert_type(ticket.urgent, bool)
    assert_type(ticket.topics, list[str])
    assert_type(Ticket.model_validate({"urgent": True}), Ticket)
    assert_type(ticket.model_copy(), Ticket)


@fc.confident(model="m", temperature=0, client=object())
class Settled(fc.Confident):
    urgent: bool


def with_settings() -> None:
    assert_type(Settled.extract("x"), fc.Report[Settled])
    assert_type(Settled(urgent=True), Settled)


class Sub(Settled):
    note: str


def inherited() -> None:
    assert_type(Sub.extract("x").value, Sub | None)
    assert_type(Sub.score({}), fc.Report[Sub])
    assert_type(Sub(urgent=True, note="").urgent, bool)


class Box(fc.Confident, Generic[T]):
    item: T


class Tags(fc.Confident, RootModel[list[str]]):
    pass


def generic() -> None:
    assert_type(Box[int].extract("x").value, Box[int] | None)
    assert_type(Box[Ticket].stream("x"), fc.types.FieldStream[Box[Ticket]])
    value = Box[Ticket].extract("x").value
    if value is not None:
        assert_type(value.item.urgent, bool)
    assert_type(Tags.extract("x").value, Tags | None)


@fc.confident
class Bare(BaseModel):
    urgent: bool


@fc.confident(model="m")
class Other(BaseModel):
    urgent: bool


def a_decorated_model_is_what_it_was(given: object) -> None:
    assert_type(Bare(urgent=True), Bare)
    assert_type(Bare(urgent=True).urgent, bool)
    assert_type(Other.model_validate({}), Other)
    if isinstance(given, Bare):
        assert_type(given.urgent, bool)
    kind: type[Other] = Other
    assert_type(fc.score({}, kind), fc.Report[Other])
    assert_type(fc.extract(Bare, "x", client=given).value, Bare | None)


def the_decorator_itself() -> None:
    assert_type(fc.confident(Bare), type[Bare])
    assert_type(fc.confident(model="m")(Bare), type[Bare])
    # The decorator with settings can be kept, and used for several models.
    ours: Callable[[type[Bare]], type[Bare]] = fc.confident(model="m")
    assert_type(ours(Bare), type[Bare])


def any_confident_model(model: type[fc.Confident]) -> fc.Confident | None:
    return model.extract("x").value
