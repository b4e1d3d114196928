"""Judged reports: the reports that labels judge, from any source.

In:    reports with or without ids, results of many inputs, rows of ``fieldconf batch``.
Out:   ``ReportAnswer`` values.
Never: a request; a guess which of several reports a label belongs to.
Why:   the same labels judge new answers and answers that were scored a year ago.
"""

import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, cast

from fieldconf.errors import EvaluationError
from fieldconf.evaluation.correctness import Written
from fieldconf.fields.field import Field, KnownOutcome
from fieldconf.paths import Path, parse_pointer
from fieldconf.report import Report
from fieldconf.report.results import Result
from fieldconf.statistics.columns import column, column_names

_BATCH = ("pointer", "path", "value", "kind", "confidence")
"""The columns by which rows of ``fieldconf batch`` are known."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WHOLE = ("complete", "no_logprobs", "unaligned")
"""The ways in which an answer ends that came to its end."""
_EMPTY: Mapping[str, Any] = {"array": list, "object": dict}


@dataclass(frozen=True)
class ReportAnswer:
    """What a report says, as far as labels ask.

    Attributes:
        document: the id of the document; None where it has none.
        data: the decoded value.
        fields: by pointer.
        is_whole: whether the answer came to its end.
        source: the text that was read; None where it is not known.
    """

    document: Hashable
    data: Any
    fields: Mapping[str, Field]
    is_whole: bool
    source: str | None = None


def are_reports(source: Any) -> bool:
    """Whether a source is of reports, and not a table of judged values."""
    if isinstance(source, Report):
        return True
    if isinstance(source, Mapping):
        values = list(cast("Mapping[Any, Any]", source).values())
        return any(isinstance(value, (Report, Result)) for value in values)
    if isinstance(source, Sequence) and not isinstance(source, (str, bytes)):
        return any(_is_entry(each) for each in cast("Sequence[Any]", source))
    return False


def are_batch_rows(source: Any) -> bool:
    """Whether a table is one that ``fieldconf batch`` wrote, a row a field."""
    return set(_BATCH) <= set(column_names(source))


def restored(source: Any) -> Any:
    """Reports of saved ones: of ``Report.to_dict``, or of the lines of ``extract_many``'s output.

    What is something else stays what it is.
    """
    is_list = isinstance(source, list)
    rows = cast("list[dict[str, Any]]", source) if is_list else []
    if not all(isinstance(row, dict) for row in cast("list[Any]", rows)):
        return source
    if rows and all({"version", "status", "fields"} <= row.keys() for row in rows):
        return [Report.from_dict(row) for row in rows]
    if rows and all({"index", "id", "outcome", "report"} <= row.keys() for row in rows):
        reports = [row["report"] and Report.from_dict(row["report"]) for row in rows]
        return [
            Result[Any](row["index"], None, row["outcome"], report, id=row["id"])
            for row, report in zip(rows, reports, strict=True)
        ]
    return source


def answers_of(source: Any) -> list[ReportAnswer]:
    """The answers of a source.

    Args:
        source: a mapping of ids to reports; a sequence of (id, report), of results of
            ``extract_many``, or of reports; a table that ``fieldconf batch`` wrote.

    Raises:
        EvaluationError: if it is none of these.
    """
    if not are_reports(source):
        if not are_batch_rows(source):
            raise EvaluationError(
                "these are neither reports nor rows of fieldconf batch",
                remedy="Give a mapping of ids to reports, (id, report) pairs, the results of "
                "extract_many, or a file of fieldconf batch, a row a field",
            )
        return _batch_answers(source)
    return [_answer(entry) for entry in entries_of(source)]


class ReportEntry(NamedTuple):
    """A report in a source.

    Attributes:
        document: the id of the document; None where it has none.
        report: the report; None if there is none.
        error: why there is none; else empty.
    """

    document: Hashable
    report: Report[Any] | None
    error: str = ""


def entries_of(source: Any) -> list[ReportEntry]:
    """The reports of a report, a mapping, or a sequence of (id, report), results or reports.

    Raises:
        EvaluationError: if one of them is no report.
    """
    if isinstance(source, Report):
        entries: Iterable[Any] = [source]
    elif isinstance(source, Mapping):
        entries = cast("Mapping[Any, Any]", source).items()
    else:
        entries = source
    return [_entry(entry, number) for number, entry in enumerate(entries)]


def _entry(entry: Any, number: int) -> ReportEntry:
    document: Any = None
    error = ""
    if isinstance(entry, tuple):
        document, entry = cast("tuple[Any, Any]", entry)
    if isinstance(entry, Result):
        result = cast("Result[Any]", entry)
        document = result.id if document is None else document
        error = "" if result.error is None else str(result.error)
        entry = result.report
    if entry is not None and not isinstance(entry, Report):
        raise EvaluationError(
            f"number {number} is no report, but {type(entry).__name__}", row=number,
            remedy="Give reports only, each with the id of its document",
        )  # fmt: skip
    return ReportEntry(document, cast("Report[Any] | None", entry), error)


def _is_entry(entry: Any) -> bool:
    if isinstance(entry, tuple) and len(cast("tuple[Any, ...]", entry)) == 2:
        return isinstance(entry[1], (Report, Result))
    return isinstance(entry, (Report, Result))


def _answer(entry: ReportEntry) -> ReportAnswer:
    document, report, _ = entry
    if report is None:  # it failed
        return ReportAnswer(document, None, {}, is_whole=False)
    root = report.fields.get("")
    data = report.data if report.data is not None or root is None else root.value
    source = report.input if isinstance(report.input, str) else None
    return ReportAnswer(document, data, report.fields, report.status in _WHOLE, source)


# -- rows of fieldconf batch ----------------------------------------------------------------------


def _batch_answers(source: Any) -> list[ReportAnswer]:
    columns = {name: column(source, name) for name in column_names(source)}
    rows: dict[Any, list[int]] = {}
    for row in range(len(columns["pointer"])):
        custom, response = (_id_in(columns, name, row) for name in ("custom_id", "response_id"))
        choice = _cell(columns, "choice", row)
        document = response if custom is None else custom
        rows.setdefault((document, response, choice), []).append(row)
    answers: list[ReportAnswer] = []
    for (document, _, _), field_rows in rows.items():
        is_whole = _cell(columns, "status", field_rows[0]) in (None, *_WHOLE)
        fields = [
            _batch_field(columns, row, is_whole=is_whole)
            for row in field_rows
            if _cell(columns, "kind", row) is not None  # else it is an answer without fields
        ]
        by_pointer = {field.pointer: field for field in fields}
        answers.append(ReportAnswer(document, _rebuilt(by_pointer), by_pointer, is_whole))
    return answers


def _batch_field(columns: Mapping[str, list[Any]], row: int, *, is_whole: bool) -> Field:
    """The field of a row: a list or an object without what is in it."""
    written = "value_json" if "value_json" in columns else "value"  # as earlier versions called it
    kind, text = columns["kind"][row], _cell(columns, written, row)
    steps = zip(
        parse_pointer(columns["pointer"][row]), parse_pointer(columns["path"][row]), strict=True
    )
    path = tuple(int(s) if general == "*" and s.isdecimal() else s for s, general in steps)
    numbers = (_cell(columns, name, row) for name in ("confidence", "low", "high", "logprob"))
    confidence, low, high, logprob = (
        None if number is None else float(number) for number in numbers
    )
    is_container = kind in _EMPTY
    is_cut = not is_whole and confidence is None if is_container else text is None
    value: Any = None
    if is_container:
        value = _EMPTY[kind]()
    elif text is not None:
        try:
            value = json.loads(text)
        except ValueError:  # an integer of thousands of digits
            value = Decimal(text)
    outcome = _cell(columns, "outcome", row)
    return Field(
        path, value, kind, confidence, low, high, logprob,
        basis=_cell(columns, "basis", row) or "none", flags=("truncated",) * is_cut,
        reason=_cell(columns, "reason", row) or "",
        judged_by=None if outcome is None else (KnownOutcome(outcome), None),
    )  # fmt: skip


def _rebuilt(fields: Mapping[str, Field]) -> Any:
    """The decoded value of fields in document order; scalars that are cut off are left out."""
    root: dict[str, Any] = {}
    at: dict[Path, Any] = {}
    for field in fields.values():
        if "truncated" in field.flags and field.kind not in _EMPTY:
            continue
        inner: Any = _EMPTY[field.kind]() if field.kind in _EMPTY else field.value
        at[field.path] = inner
        outer = at.get(field.path[:-1]) if field.path else root
        if isinstance(outer, list):
            cast("list[Any]", outer).append(inner)
        elif isinstance(outer, dict):
            cast("dict[Any, Any]", outer)[field.path[-1] if field.path else ""] = inner
    return root.get("")


def _id_in(columns: Mapping[str, list[Any]], name: str, row: int) -> Any:
    """An id; in CSV without the apostrophe that keeps spreadsheets from running it as a formula."""
    cell = _cell(columns, name, row)
    is_escaped = isinstance(cell, Written) and cell[:1] == "'" and cell[1:2] in _FORMULA
    return cell[1:] if is_escaped else cell


def _cell(columns: Mapping[str, list[Any]], name: str, row: int) -> Any:
    """A cell; None where the column or the cell is empty."""
    cell = columns[name][row] if name in columns else None
    is_empty = cell == "" or (isinstance(cell, float) and math.isnan(cell))
    return None if is_empty else cell
