"""What type checkers know of policies, second readings and many inputs. Never run."""

from typing import Any, assert_type

from pydantic import BaseModel

import fieldconf as fc


class Ticket(BaseModel):
    urgent: bool


def decided(report: fc.Report[Ticket]) -> None:
    assert_type(report.outcome, fc.types.Outcome)
    assert_type(report.verdicts["/urgent"].reasons[0].outcome, fc.types.Outcome)
    assert_type(report.to_review, dict[str, fc.Field])
    assert_type(report.with_policy(fc.Policy(accept=0.8)), fc.Report[Ticket])
    fc.Policy(fields={"urgent": (0.9, 0.5), "/urgent": fc.Limits(0.9, 0.1)}, kinds={"list": 0.8})
    fc.Policy(accept="high")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def second(report: fc.Report[Ticket], client: Any) -> None:
    again = fc.reask(report, client=client, fields=["/urgent", "urgent"], blind=True)
    assert_type(again, fc.Report[Ticket])
    assert_type(fc.verify(report, client=client, combine="minimum"), fc.Report[Ticket])
    assert_type(fc.crosscheck(report, "x", client=client), fc.Report[Ticket])
    assert_type(fc.agree([report, report]), fc.Report[Ticket])
    assert_type(fc.locate(report, "x"), fc.Report[Ticket])
    assert_type(report["urgent"].agreement, fc.types.Agreement | None)
    assert_type(report["urgent"].source_spans, tuple[fc.types.SourceSpan, ...] | None)
    assert_type(report["urgent"].readings, tuple[fc.types.Reading, ...])
    assert_type(report.requests, tuple[fc.types.RequestCost, ...])
    steps = [
        fc.CascadeStep(client, model="small", price=(1, 2)),
        fc.CascadeStep(client, model="large"),
    ]
    assert_type(fc.cascade(Ticket, "x", steps=steps, budget=3), fc.Report[Ticket])
    fc.reask(report, client=client, blnd=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def asynchronous(report: fc.Report[Ticket], client: Any) -> None:
    assert_type(await fc.areask(report, client=client), fc.Report[Ticket])
    assert_type(await fc.averify(report, client=client), fc.Report[Ticket])
    assert_type(await fc.acrosscheck(report, client=client), fc.Report[Ticket])
    assert_type(await fc.acascade(Ticket, "x", steps=[fc.CascadeStep(client)]), fc.Report[Ticket])
    async for result in fc.aextract_many(Ticket, ["x"], client=client):
        assert_type(result, fc.types.Result[Ticket])


def many(client: Any) -> None:
    for result in fc.extract_many(Ticket, ["x"], client=client, concurrency=2, samples=3):
        assert_type(result.value, Ticket | None)
    results = fc.extract_many(Ticket, {"a": "x"}, client=client, output="o.jsonl").all()
    assert_type(results, fc.types.Results[Ticket])
    assert_type(results.accepted, tuple[fc.types.Result[Ticket], ...])
    assert_type(results.summary.share("accept"), float | None)
    fc.extract_many(Ticket, ["x"], client=client, concurency=2)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
