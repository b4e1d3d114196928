"""Labels: one report from several readings of one label.

In:    reports of the same label set.
Out:   one of the reports, with the readings of all of them, and all costs.
Never: a value that is not a label; a report composed of several: a label is one field, and its
       text, tokens and numbers belong together.
Why:   answers that are not JSON cannot be merged place by place.

A second reading (``merged_labels``) follows the rules of ``merging``: a label that both readings
have stays, with the more confident of the two; another label replaces the first one, unless that
was settled, or the outcome would be worse. An answer that is not a label, or was truncated,
replaces nothing, but is among the ``readings``.

Of samples (``agreed_labels``) the label is taken that most answers have; ties are broken by the
highest confidence, then by the order of the label set. An answer that is not a label has no vote,
but is counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from fieldconf.fields.field import Field
from fieldconf.fields.readings import Agreement, How, Reading, RequestCost
from fieldconf.fields.status import WHOLE
from fieldconf.formulas import wilson
from fieldconf.parsing.kinds import same
from fieldconf.policy import OUTCOMES
from fieldconf.report import Report
from fieldconf.report.combine import requests_of


def merged_labels(first: Report[Any], second: Report[Any], *, is_settled: bool) -> Report[Any]:
    """One report of two readings of a label.

    Args:
        first: the first reading, with the policy by which both are judged.
        second: the answer to the same question, asked again.
        is_settled: whether the first label must stay.
    """
    second = replace(second, policy=first.policy)
    base = _better(first, second, is_settled=is_settled)
    readings = (*_readings(first, "answer"), *_readings(second, "reask"))
    again = RequestCost("reask", second.model, second.input_tokens, second.output_tokens)
    requests = (*requests_of(first), *(second.requests or (again,)))
    merged = _with(base, readings, requests)
    return replace(
        merged, policy=first.policy, input=first.input, instructions=first.instructions,
        schema=first.schema, flags=tuple(dict.fromkeys((*first.flags, *second.flags))),
    )  # fmt: skip


def _better(first: Report[Any], second: Report[Any], *, is_settled: bool) -> Report[Any]:
    if not is_label(second):
        return first
    if not is_label(first):
        return second
    if same(first.data, second.data):
        return second if _confidence_of(second) >= _confidence_of(first) else first
    is_worse = OUTCOMES.index(second.outcome) > OUTCOMES.index(first.outcome)
    return first if is_settled or is_worse else second


def agreed_labels(reports: Sequence[Report[Any]], requests: Sequence[RequestCost]) -> Report[Any]:
    """The report of what most of several answers say; their order changes nothing of it.

    Args:
        reports: of the answers, one at least.
        requests: those that were made.
    """
    labels = reports[0].schema.labels
    assert labels is not None  # the callers look
    ranked = sorted(reports, key=_rank)
    votes = [[report for report in ranked if is_label(report) and same(report.data, member)]
             for member in labels.members]  # fmt: skip
    most = max(
        votes, key=lambda having: (len(having), _confidence_of(having[0]) if having else -1.0)
    )
    base = most[0] if most else ranked[0]
    readings = [_reading(report, "sample") for report in reports]
    report = _with(base, readings, requests)
    field = report.fields.get("")
    if field is None or not most:
        return report
    agreement = Agreement(len(most), len(reports), *wilson(len(most), len(reports)))
    field = replace(field, agreement=agreement)
    if field.confidence is None:
        field = replace(
            field, confidence=agreement.share, low=agreement.low, high=agreement.high,
            basis="agreement", reason="",
        )  # fmt: skip
    status = {"status": "complete", "reason": ""} if report.status in WHOLE else {}
    return replace(report, fields={"": field}, **status)  # pyright: ignore[reportArgumentType]


def is_label(report: Report[Any]) -> bool:
    """Whether an answer is one of the labels."""
    return report.status in WHOLE and "" in report.fields and not report.errors


def _with(
    base: Report[Any], readings: Iterable[Reading], requests: Sequence[RequestCost]
) -> Report[Any]:  # fmt: skip
    """A report with the readings of all answers and the costs of all requests."""

    def is_off_label(reading: Reading) -> bool:
        return reading.value is None and reading.basis == "none" and reading.agrees is False

    field = base.fields.get("")
    marked = tuple(
        reading if reading.how == "verification" or is_off_label(reading)
        else replace(reading, agrees=is_label(base) and same(reading.value, base.data))
        for reading in readings
    )  # fmt: skip
    return replace(
        base, fields={} if field is None else {"": replace(field, readings=marked)},
        requests=tuple(requests), input_tokens=_sum(cost.input_tokens for cost in requests),
        output_tokens=_sum(cost.output_tokens for cost in requests),
    )  # fmt: skip


def _sum(counts: Iterable[int | None]) -> int | None:
    """The sum of the known counts; None if none is known."""
    counts_present = [count for count in counts if count is not None]
    return sum(counts_present) if counts_present else None


def _readings(report: Report[Any], how: How) -> tuple[Reading, ...]:
    field = report.fields.get("")
    return (field.readings if field else ()) or (_reading(report, how),)


def _reading(report: Report[Any], how: How) -> Reading:
    """The reading of an answer; its value is None if the answer is not a label."""
    if not is_label(report):
        return Reading(how, None, model=report.model, agrees=False)
    field = report.fields[""]
    return Reading(how, field.value, field.confidence, field.basis, report.model)


def _confidence_of(report: Report[Any]) -> float:
    field: Field = report.fields[""]
    return -1.0 if field.confidence is None else field.confidence


def _rank(report: Report[Any]) -> tuple[Any, ...]:
    """Sorts answers by their content: labels first, the most confident first."""
    written = repr([(token.text, token.logprob) for token in report.tokens])
    if not is_label(report):
        return (1, 0.0, report.status, report.text or "", written)
    return (0, -_confidence_of(report), report.status, report.text or "", written)
