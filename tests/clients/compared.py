"""What the tests of real clients share: the question, and what must be equal of two reports."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel

import fieldconf as fc

MESSAGES: Any = [{"role": "user", "content": "My invoice is wrong, please mend it today."}]


class Ticket(BaseModel):
    """What most samples answer with."""

    urgent: bool
    team: Literal["billing", "technical", "sales", "other"]


class Mood(BaseModel):
    """What the samples with a broken emoji answer with."""

    mood: str


def assert_scored_as(held: Any, raw: Any, *, schema: Any = Ticket, status: str = "complete"):
    """What a client holds is scored as the payload that the server sent."""
    expected = fc.score(raw, schema)
    assert expected.status == status
    assert all(
        (field.confidence is not None) == (status == "complete") for field in leaves(expected)
    )
    assert told(fc.score(held, schema)) == told(expected)


def assert_dropped(held: Any, raw: Any):
    """The client has dropped the logprobs that the server sent: the report says so, and no more."""
    report = fc.score(held, Ticket)
    assert (report.status, report.data) == ("no_logprobs", fc.score(raw, Ticket).data)
    assert report.reason
    assert leaves(report)
    assert all(field.confidence is None and field.reason for field in leaves(report))


def told(report: fc.Report[Any]) -> Any:
    """What a report tells of the answer, but for where the values stood in it."""
    fields = {
        name: (
            field.value, field.confidence, field.low, field.high, field.logprob, field.basis,
            field.distribution, field.reason, field.flags,
        )
        for name, field in report.fields.items()
    }  # fmt: skip
    return report.status, report.reason, report.data, report.value, fields


def leaves(report: fc.Report[Any]) -> list[fc.Field]:
    return list(report.leaves.values())


def client(name: str) -> Any:
    """A client's module; the test is skipped where it is not installed."""
    install = "pip install -e . --group clients"
    if name == "instructor":
        install = "make test runs this in an environment of its own"
    return pytest.importorskip(name, reason=f"{name} is missing: {install}")
