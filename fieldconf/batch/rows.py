"""Rows: a report as rows, one for each field.

In:    a report, and the ids of its saved response.
Out:   tuples of plain values, in the order of ``COLUMNS``.
Never: a part of the report that no column needs; a number for an unknown confidence.
Why:   questions about a million answers are asked in SQL.

The row of the root, whose pointer is "", is the whole answer: its confidence is that of its least
sure required field, its outcome and reason are the report's.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from fieldconf.batch.response_ids import Saved
from fieldconf.fields.field import Field
from fieldconf.paths import general
from fieldconf.policy import Verdict, outcome_and_reason
from fieldconf.report import Report
from fieldconf.tokens.token import utf8

Row: TypeAlias = tuple[Any, ...]


class Column(NamedTuple):
    """A column: its name, and its Arrow type by name."""

    name: str
    type: str


class RowFormat(NamedTuple):
    """How reports become rows.

    Attributes:
        columns: the columns of each row.
        rows: makes the rows of a report; one at least.
    """

    columns: tuple[Column, ...]
    rows: Callable[[Saved, Report[Any]], list[Row]]

    def failed(self, saved: Saved, reason: str) -> Row:
        """The row of a response that could not be read."""
        columns = {
            "response_id": saved.response_id, "custom_id": saved.custom_id, "status": ERROR,
            "reason": reason,
        }  # fmt: skip
        return tuple(columns.get(column.name) for column in self.columns)


ANSWER = (
    Column("response_id", "string"), Column("custom_id", "string"), Column("choice", "int32"),
    Column("status", "string"),
)  # fmt: skip
"""The first columns of both forms: which answer it is, and its status."""

JUDGED = Column("outcome", "string"), Column("reason", "string")
"""The columns of both forms that hold the verdict."""

COLUMNS = (
    *ANSWER, Column("pointer", "string"), Column("path", "string"), Column("value", "string"),
    Column("value_json", "string"), Column("kind", "string"), Column("confidence", "double"),
    Column("low", "double"), Column("high", "double"), Column("logprob", "double"),
    Column("basis", "string"), *JUDGED,
)  # fmt: skip
"""The columns of the long form, which has one row for each field."""

FORM = 2
"""The version of the columns: a run that was begun with another one is not continued."""

CONFIDENCE = ".confidence"
"""The ending of the column name of a field's confidence in the wide form."""

JSON_TEXT = ".json"
"""The ending of the column name of a value's JSON text in the wide form."""

ERROR = "error"
"""The status of a line that could not be read as a response."""


def long_rows(saved: Saved, report: Report[Any]) -> list[Row]:
    """A row for each field, in document order; without fields, one row that has no pointer."""
    head = saved.response_id, saved.custom_id, report.choice, report.status
    if not report.fields:
        nothing = (None,) * 10
        return [(*head, *nothing, report.outcome, report.reason or "the answer has no field")]
    text, verdicts = text_of(report), report.verdicts
    rows: list[Row] = []
    for name, field in report.fields.items():
        outcome, reason = outcome_and_reason(field, verdicts.get(name))
        if not name:  # the whole answer: how it ended, and what speaks against its root
            reasons = dict.fromkeys(filter(None, (report.reason, reason)))
            outcome, reason = report.outcome, "; ".join(reasons) or None
        # The values of containers are in rows of their own: a document of any depth then takes no
        # more room than its text.
        is_known = field.is_leaf and is_value(report, field)
        written = json_of(field, text) if is_known else None
        rows.append((
            *head, name, path_of(field.path), plain_of(field, written), written, field.kind,
            field.confidence, field.low, field.high, field.logprob, field.basis, outcome, reason,
        ))  # fmt: skip
    return rows


LONG = RowFormat(COLUMNS, long_rows)


# -- parts of a row -------------------------------------------------------------------------------


path_of = lru_cache(maxsize=10_000)(general)
"""The column "path": the pointer with "*" for positions in lists."""


def text_of(report: Report[Any]) -> bytes | None:
    """The JSON text of the answer; None if there is no text, or if it is a bare label."""
    is_json = report.text is not None and report.schema.labels is None
    return utf8(report.text or "") if is_json else None


def is_value(report: Report[Any], field: Field) -> bool:
    """Whether a field has a value: it is not cut off, nor a text that matches no label."""
    return "truncated" not in field.flags and not (report.schema.labels and report.errors)


def json_of(field: Field, text: bytes | None) -> str:
    """The JSON text of a value, as the model wrote it if that is known."""
    if text is not None and field.stop > field.start:
        return text[field.start : field.stop].decode("utf-8", "surrogatepass")
    if isinstance(field.value, Decimal):
        return str(field.value)
    anew = json.dumps(field.value, ensure_ascii=False, default=str)
    return anew.replace("Infinity", "1e999")  # a number that is too large for a double


def plain_of(field: Field, written: str | None) -> str | None:
    """A scalar as a query compares it: a string's own text; None for null and for no value.

    Args:
        field: of a scalar.
        written: its JSON text; None if it has no value.
    """
    if written is None or field.kind == "null":
        return None
    return field.value if field.kind == "string" else written


def outcomes(verdicts: Mapping[str, Verdict]) -> str | None:
    """All reasons of the verdicts on an answer's fields, each with the pointer."""
    sentences = [
        f"{name}: {reason.sentence}" if name else reason.sentence
        for name, verdict in verdicts.items()
        for reason in verdict.reasons
    ]
    return "; ".join(sentences) or None
