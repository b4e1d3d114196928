"""Labelled: several readings of one label as one report.

In:    reports of the same label set.
Out:   one of them, with what all of them said, and all costs.
Never: a text that is no label for a value; a report put together of several: a label is one field,
       and its text, tokens and numbers belong together.
Why:   answers that are no JSON cannot be merged place by place, and need not be.

A second reading (``merged_labels``) follows the rules of ``merging``: what both say stays, with the
surer of the two; another label takes the first one's place, unless that was settled, or its outcome
would be worse. What is no label, or broke off, takes no place, but is among the ``readings``.

Of samples (``agreed_labels``) the label is taken that most have; in a tie the surest, and then the
one that the label set names first. An answer that is no label has no vote, but is counted.
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
    made = _with(base, readings, requests)
    return replace(
        made, policy=first.policy, input=first.input, instructions=first.instructions,
        schema=first.schema, flags=tuple(dict.fromkeys((*first.flags, *second.flags))),
    )  # fmt: skip


def _better(first: Report[Any], second: Report[Any], *, is_settled: bool) -> Report[Any]:
    if not is_label(second):
        return first
    if not is_label(first):
        return second
    if same(first.data, second.data):
        return second if _sureness(second) >= _sureness(first) else first
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
    votes = [[one for one in ranked if is_label(one) and same(one.data, member)]
             for member in labels.members]  # fmt: skip
    most = max(votes, key=lambda having: (len(having), _sureness(having[0]) if having else -1.0))
    base = most[0] if most else ranked[0]
    readings = [_reading(one, "sample") for one in reports]
    made = _with(base, readings, requests)
    field = made.fields.get("")
    if field is None or not most:
        return made
    agreement = Agreement(len(most), len(reports), *wilson(len(most), len(reports)))
    field = replace(field, agreement=agreement)
    if field.confidence is None:
        field = replace(
            field, confidence=agreement.share, low=agreement.low, high=agreement.high,
            basis="agreement", reason="",
        )  # fmt: skip
    status = {"status": "complete", "reason": ""} if made.status in WHOLE else {}
    return replace(made, fields={"": field}, **status)  # pyright: ignore[reportArgumentType]


def is_label(report: Report[Any]) -> bool:
    """Whether an answer is one of the labels."""
    return report.status in WHOLE and "" in report.fields and not report.errors


def _with(
    base: Report[Any], readings: Iterable[Reading], requests: Sequence[RequestCost]
) -> Report[Any]:  # fmt: skip
    """A report with the readings of all answers and the costs of all requests."""
    field = base.fields.get("")
    found = tuple(
        one if one.how == "verification" or _is_beside(one)
        else replace(one, agrees=is_label(base) and same(one.value, base.data))
        for one in readings
    )  # fmt: skip
    return replace(
        base, fields={} if field is None else {"": replace(field, readings=found)},
        requests=tuple(requests), input_tokens=_sum(one.input_tokens for one in requests),
        output_tokens=_sum(one.output_tokens for one in requests),
    )  # fmt: skip


def _is_beside(reading: Reading) -> bool:
    """Whether a reading is of an answer that was no label."""
    return reading.value is None and reading.basis == "none" and reading.agrees is False


def _sum(counts: Iterable[int | None]) -> int | None:
    """What is known, together; None where nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _readings(report: Report[Any], how: How) -> tuple[Reading, ...]:
    field = report.fields.get("")
    return (field.readings if field else ()) or (_reading(report, how),)


def _reading(report: Report[Any], how: How) -> Reading:
    """What an answer said; what is no label has no value."""
    if not is_label(report):
        return Reading(how, None, model=report.model, agrees=False)
    field = report.fields[""]
    return Reading(how, field.value, field.confidence, field.basis, report.model)


def _sureness(report: Report[Any]) -> float:
    field: Field = report.fields[""]
    return -1.0 if field.confidence is None else field.confidence


def _rank(report: Report[Any]) -> tuple[Any, ...]:
    """An order of answers that depends on them alone: labels first, the surest first."""
    written = repr([(token.text, token.logprob) for token in report.tokens])
    if not is_label(report):
        return (1, 0.0, report.status, report.text or "", written)
    return (0, -_sureness(report), report.status, report.text or "", written)
