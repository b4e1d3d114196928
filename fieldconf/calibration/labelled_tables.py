"""Labelled tables: reports with their labels as tables for thresholds and guarantees.

In:    ``Labels``, and the reports that they judge.
Out:   ``LabelledTable``.
Never: a row with a confidence that a policy could not accept.
Why:   a guarantee on a table must hold for what the policy then accepts of reports.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from fieldconf.calibration.calibrate import reports_of
from fieldconf.errors import CalibrationError, EvaluationError
from fieldconf.evaluation.judged import LEFT_OUT, documents_by_name, judged
from fieldconf.evaluation.judged_reports import answers_of
from fieldconf.evaluation.labels import Labels
from fieldconf.fields.field import Field
from fieldconf.statistics.packages import package
from fieldconf.statistics.table_registry import LabelledTable


def labelled_reports(labels: Any, source: Any) -> LabelledTable:
    """The table of reports and labels, and what all of the reports are of.

    Raises:
        EvaluationError: if these are no labels, or nothing in the reports has one.
        CalibrationError: if some are calibrated, and others are not, or by another calibrator.
    """
    if not isinstance(labels, Labels):
        raise EvaluationError(
            f"a {type(labels).__name__} is no labels", remedy="Give labels=fc.labels(...)"
        )
    judged_reports = judged(source, labels)
    np, table = package("numpy"), judged_reports.table
    is_left_out = np.asarray(
        [detail.why == LEFT_OUT for detail in judged_reports.details], dtype=bool
    )
    # a report has no field there that a policy could accept
    confidences = np.where(is_left_out, np.nan, table.confidence)
    return LabelledTable(replace(table, confidence=confidences), scope_of_all(source))


def scope_of_all(source: Any) -> dict[str, str]:
    """What all reports of a source say that they are of; "" where they differ, but for calibration.

    Raises:
        CalibrationError: if they are calibrated differently.
    """
    scopes = [report.scope for report in reports_of(source)]
    values = {name: {scope[name] for scope in scopes} for name in (scopes[0] if scopes else ())}
    if len(values.get("calibration", ())) > 1:
        raise CalibrationError(
            "some reports are calibrated, others not or differently",
            remedy="Calibrate all of them by the same calibrator, or none",
        )
    return {name: next(iter(names)) for name, names in values.items() if len(names) == 1}


class LabelJudgement(NamedTuple):
    """A value that a label judges, among the members that it could have been.

    Attributes:
        document: the id of its document.
        probabilities: of each member (0..1), by its JSON text; None where they are not known.
        truth, written: the JSON texts of the right member and of the one written; None where the
            latter is not known.
    """

    document: Any
    probabilities: Mapping[str, float] | None
    truth: str
    written: str | None


def choices_of(labels: Labels, source: Any, name: str) -> Iterator[LabelJudgement]:
    """The choices at one field, by its pointer with "*" for positions in lists."""
    judged_reports = judged(source, labels)
    by_document = {  # as ``judged`` calls the documents
        name if answer.document is None else answer.document: answer
        for name, answer in documents_by_name(answers_of(source), labels)
    }
    for code, number, detail in zip(
        judged_reports.table.field.tolist(),
        judged_reports.table.document.tolist(),
        judged_reports.details,
        strict=True,
    ):
        if judged_reports.table.fields[code] == name and detail.is_truth_known:
            document = judged_reports.table.documents[number]
            value = by_document[document].fields.get(detail.pointer)
            yield LabelJudgement(
                document, None if value is None else probabilities_of(value),
                member_text(detail.truth), None if value is None else member_text(value.value),
            )  # fmt: skip


def probabilities_of(field: Field) -> dict[str, float] | None:
    """The probability of each member of a field, by its JSON text; None where it has no such."""
    options = field.distribution
    if options is None or options.rest is not None:
        return None
    return {member_text(member.value): member.probability for member in options.candidates}


def member_text(value: Any) -> str:
    """The JSON text of a member, by which a threshold knows it; equal numbers have one text.

    >>> member_text("x"), member_text(2.0), member_text(True)
    ('"x"', '2', 'true')
    """
    plain = int(value) if isinstance(value, float) and value.is_integer() else value
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str)
