"""What type checkers know of the functions. Read by them (``test_typing.py``), never run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypedDict, TypeVar, assert_type

from pydantic import BaseModel

import fieldconf as fc

M = TypeVar("M", bound=BaseModel)


class Customer(BaseModel):
    email: str


class Ticket(BaseModel):
    urgent: bool
    customer: Customer


class Line(TypedDict):
    price: float


@dataclass
class Point:
    x: int


def whole(client: Any) -> None:
    report = fc.extract(Ticket, "x", client=client)
    assert_type(report, fc.Report[Ticket])
    assert_type(report.value, Ticket | None)
    if report.value is not None:
        assert_type(report.value.customer.email, str)
    assert_type(report["urgent"], fc.Field)
    assert_type(report.of(lambda ticket: ticket.customer.email), fc.Field)
    assert_type(report.of("customer.email").confidence, float | None)
    assert_type(report.stopped, fc.types.Stopped | None)


async def awaited(client: Any) -> None:
    report = await fc.aextract(Ticket, "x", client=client, seed=1)
    assert_type(report, fc.Report[Ticket])
    assert_type(report.value, Ticket | None)


def scored(payload: object) -> None:
    assert_type(fc.score(payload, Ticket), fc.Report[Ticket])
    assert_type(fc.score_all(payload, Ticket), list[fc.Report[Ticket]])
    assert_type(fc.score(payload), fc.Report[Any])
    assert_type(fc.request(Ticket, model="m"), dict[str, Any])


def any_type_that_is_a_class(client: Any) -> None:
    assert_type(fc.extract(bool, "x", client=client).value, bool | None)
    assert_type(fc.extract(Line, "x", client=client).value, Line | None)
    assert_type(fc.extract(Point, "x", client=client).value, Point | None)
    assert_type(fc.extract(list[Ticket], "x", client=client).value, list[Ticket] | None)
    assert_type(fc.extract(dict[str, int], "x", client=client).value, dict[str, int] | None)


def what_is_no_class_is_any(client: Any, schema: dict[str, Any]) -> None:
    """Python has no type yet for "a type expression" (PEP 747)."""
    assert_type(fc.extract(schema, "x", client=client), fc.Report[Any])
    assert_type(fc.extract(Ticket | None, "x", client=client), fc.Report[Any])
    assert_type(fc.extract(Literal["a", "b"], "x", client=client), fc.Report[Any])
    assert_type(fc.extract(Annotated[Ticket, "note"], "x", client=client), fc.Report[Any])
    # Who knows better says so.
    told: fc.Report[Ticket | Point] = fc.extract(Ticket | Point, "x", client=client)
    assert_type(told.value, Ticket | Point | None)


def in_a_generic_function(model: type[M], text: str, client: Any) -> M | None:
    return fc.extract(model, text, client=client).value


def through_a_generic_function(client: Any) -> None:
    assert_type(in_a_generic_function(Ticket, "x", client), Ticket | None)


def everything_that_can_be_said(client: Any, messages: list[dict[str, Any]]) -> None:
    def watch(report: fc.Report[Any]) -> None: ...

    def doubtful(field: fc.Field) -> bool:
        return field.confidence is not None and field.confidence < 0.3

    rules: Sequence[fc.StopWhen] = [fc.StopWhen("relevant", value=False, above=0.95)]
    fc.extract(
        Ticket, messages, client=client, model="m", provider="openai-responses",
        instructions="Read it.", temperature=0, seed=1, max_tokens=100, top_logprobs=5,
        mask="after", match="loose", settle=fc.Settle(tolerance=0.1), stop_when=rules,
        request_options={"timeout": 3}, observe=watch, log_values=False,
    )  # fmt: skip
    fc.extract(
        Ticket, ["x", fc.Image("receipt.png")], client=client, settle=True, stop_when=doubtful
    )
    fc.extract(Ticket, fc.Image(b"..."), client=client, stop_when=[doubtful, *rules])
    fc.extract(Ticket, "x", client=client, model=None, temperature=None, stop_when=None)
