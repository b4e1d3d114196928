"""Overview: what the first page of many reports shows.

In:    named reports; labels, if there are any.
Out:   ``Overview``: a row for each report, what needs review first; counts and histograms by field;
       how often values of a confidence are right.
Never: a value or a text of an answer: field names and numbers only.
Why:   whoever has a thousand answers first wants to know which ten to open.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fieldconf.evaluation.curves import RankedRows
from fieldconf.evaluation.evaluate import evaluate
from fieldconf.paths import general
from fieldconf.redaction import Redact
from fieldconf.render.table import number
from fieldconf.report import Report
from fieldconf.statistics.bounds import binomial_bound
from fieldconf.statistics.packages import package
from fieldconf.viewing.named_reports import NamedReport

BINS = 10
"""Bars of a histogram, from 0 to 1."""
OUTCOMES = ("failed", "reject", "review", "accept")
"""From the one to look at first to the one that can wait."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report in the table.

    Attributes:
        number: of the report, from 0, in the order of the source.
        name: of its document.
        outcome: of the report; "failed" where there is none.
        values, review, reject: how many values it has, and how many are to be reviewed or rejected.
        least: the least confidence of its values (0..1); None if no confidence is known.
        field: the pointer of that value; empty without one.
        reason: what holds for the whole answer, or why there is none; may be empty.
    """

    number: int
    name: str
    outcome: str
    values: int
    review: int
    reject: int
    least: float | None
    field: str
    reason: str

    @property
    def doubtful(self) -> int:
        """How many values somebody should look at."""
        return self.review + self.reject

    @property
    def figure(self) -> str:
        """The least confidence as it is shown; empty where none is known."""
        return "" if self.least is None else number(self.least)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field of all reports.

    Attributes:
        name: its pointer, with "*" for positions in lists.
        bins: how many values have a confidence from 0 to .1, from .1 to .2 ... from .9 to 1.
        unknown: how many have none.
        accept, review, reject: how many values have this outcome.
    """

    name: str
    bins: tuple[int, ...]
    unknown: int
    accept: int
    review: int
    reject: int

    @property
    def values(self) -> int:
        """How many values it has."""
        return sum(self.bins) + self.unknown


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Labelled values of about the same confidence.

    Attributes:
        labels, right: how many there are, and how many of them are right.
        confidence: their mean confidence (0..1).
        low, high: the bounds (0..1) of Clopper and Pearson of the share that is right, at 95 %.
    """

    labels: int
    right: int
    confidence: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Overview:
    """What the first page shows.

    Attributes:
        rows: of the reports, what needs review first.
        fields: of the values, those with the largest share to review first.
        counts: of each outcome, how many reports and how many values have it.
        values: how many values there are.
        reliability: from the least to the most confident labelled values; empty without labels.
        labels: how many labelled values there are.
        verdicts: what the labels say of the confidences, a sentence each.
    """

    rows: tuple[ReportRow, ...]
    fields: tuple[FieldRow, ...]
    counts: Mapping[str, tuple[int, int]]
    values: int
    reliability: tuple[ReliabilityBin, ...]
    labels: int
    verdicts: tuple[str, ...]


def overview_of(
    named: Sequence[NamedReport], reports: Any, labels: Any = None, redact: Redact | None = None
) -> Overview:
    """The overview of reports.

    Args:
        named: the reports.
        reports: the same as ``fc.evaluate`` takes them.
        labels: of ``fc.labels``, or what it takes; None without labels.
        redact: masks a text; None masks none.

    Raises:
        EvaluationError: if the labels are for none of the reports.
        MissingPackageError: with labels, without the extra ``calibrate``.
    """
    rows = [_row(place, each) for place, each in enumerate(named)]
    if redact is not None:
        rows = [replace(row, reason=redact(row.reason) if row.reason else "") for row in rows]
    fields = _fields(each.report for each in named if each.report is not None)
    counts = {
        outcome: (
            sum(row.outcome == outcome for row in rows),
            sum(getattr(field, outcome, 0) for field in fields),
        )
        for outcome in OUTCOMES
    }
    reliability, verdicts, labelled = (), (), 0
    if labels is not None:
        evaluation = evaluate(reports, labels, by="overall", redact=True)
        table, labelled = evaluation.judged.table, evaluation.labels
        reliability = reliability_of(table.confidence, table.right)
        verdicts = tuple(evaluation.overall.verdicts)
    return Overview(
        tuple(sorted(rows, key=_urgency)),
        tuple(sorted(fields, key=lambda field: (-(field.review + field.reject) / field.values))),
        counts, sum(field.values for field in fields), reliability, labelled, verdicts,
    )  # fmt: skip


def reliability_of(confidence: Any, right: Any) -> tuple[ReliabilityBin, ...]:
    """The shares that are right, in at most 15 bins of about as many values each.

    Args:
        confidence: of each value, a numpy array; NaN where it is not known: these are left out.
        right: whether each is right, a numpy array of booleans.
    """
    np = package("numpy")
    curve = RankedRows.of(np.arange(len(right)), confidence, right)
    if not curve.is_probability:
        return ()
    ends = [*curve.bins[1:].tolist(), curve.known_count]
    bins: list[ReliabilityBin] = []
    for start, stop in zip(curve.bins.tolist(), ends, strict=True):
        labels = stop - start
        count = labels - int(curve.wrong[start:stop].sum())
        bins.append(
            ReliabilityBin(
                labels, count, float(curve.confidence[start:stop].mean()),
                1 - binomial_bound(labels - count, labels, 0.025),
                binomial_bound(count, labels, 0.025),
            )
        )  # fmt: skip
    return tuple(reversed(bins))


def _row(place: int, named: NamedReport) -> ReportRow:
    report = named.report
    if report is None:
        return ReportRow(place, named.name, "failed", 0, 0, 0, None, "", named.error)
    outcomes = [verdict.outcome for verdict in report.verdicts.values()]
    known = [
        (confidence, pointer)
        for pointer in report.verdicts
        if (confidence := report.fields[pointer].confidence) is not None
    ]
    least, field = min(known, default=(None, ""))
    return ReportRow(
        place, named.name, report.outcome, len(outcomes), outcomes.count("review"),
        outcomes.count("reject"), least, field, report.reason or named.error,
    )  # fmt: skip


def _urgency(row: ReportRow) -> tuple[int, int, float]:
    least = -1.0 if row.least is None else row.least
    return OUTCOMES.index(row.outcome), -row.doubtful, least


def _fields(reports: Iterable[Report[Any]]) -> list[FieldRow]:
    values: dict[str, list[tuple[float | None, str | None]]] = {}
    for report in reports:
        for pointer, verdict in report.verdicts.items():
            field = report.fields[pointer]
            values.setdefault(general(field.path), []).append((field.confidence, verdict.outcome))
    rows: list[FieldRow] = []
    for name, each in values.items():
        bins = [0] * BINS
        for confidence, _ in each:
            if confidence is not None:
                bins[min(int(confidence * BINS), BINS - 1)] += 1
        unknown = sum(confidence is None for confidence, _ in each)
        counts = (sum(own == outcome for _, own in each) for outcome in reversed(OUTCOMES[1:]))
        rows.append(FieldRow(name, tuple(bins), unknown, *counts))
    return rows
