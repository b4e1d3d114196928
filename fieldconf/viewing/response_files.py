"""Response files: the reports in files of saved responses, or of saved reports.

In:    names of files: a response, lines of responses, or what ``Report.to_json`` and
       ``extract_many`` wrote.
Out:   results by the names of documents.
Never: a line that is no response left out silently: it has a row that says why.
Why:   one command shows whatever somebody has saved.

A file of several lines is one response that was streamed, if all lines belong to one answer; else
each line is a response of its own, called by its ``custom_id``, or by the file and the line.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import msgspec

from fieldconf.batch.response_ids import opened
from fieldconf.errors import FieldconfError, PayloadError
from fieldconf.evaluation.judged_reports import are_reports, restored
from fieldconf.report import Report
from fieldconf.report.results import Result
from fieldconf.viewing.named_reports import named_reports

Scorer: TypeAlias = Callable[[Any], Report[Any]]
"""Scores a payload."""


def results_of(files: Sequence[str], score: Scorer) -> list[Result[Any]]:
    """The results in some files, with ids of their own.

    Raises:
        PayloadError: if a file cannot be read, or none of the files has a response.

    >>> results_of(["/nowhere"], lambda payload: Report("refused"))
    Traceback (most recent call last):
    fieldconf.errors.PayloadError: cannot read /nowhere: No such file or directory
    """
    results: dict[str, tuple[Report[Any] | None, FieldconfError | None]] = {}
    for file in files:
        prefix = "" if len(files) == 1 else f"{file}:"
        for name, report, error in _in_file(file, score, prefix):
            own = name if name not in results else f"{name} ({len(results) + 1})"
            results[own] = report, error
    errors = [error for _, error in results.values() if error is not None]
    if len(errors) == len(results) and errors:
        raise errors[0]
    return [
        Result(number, None, "failed" if report is None else report.outcome, report, error, id=name)
        for number, (name, (report, error)) in enumerate(results.items())
    ]


def saved_reports(file: str) -> Any:
    """The saved reports of a file as ``restored`` gives them; None if it holds something else."""
    try:
        rows: Any = _rows(_bytes(file))
    except msgspec.MsgspecError:
        return None
    try:
        reports = restored(rows)
    except FieldconfError:  # it has the keys of a saved report, and is none
        return None
    return reports if rows and are_reports(reports) else None


def _in_file(
    file: str, score: Scorer, prefix: str
) -> Iterable[tuple[str, Report[Any] | None, FieldconfError | None]]:
    """(name, report, error) of each answer in a file."""
    reports = saved_reports(file)
    if reports is not None:
        for each in named_reports(reports):
            error = PayloadError(each.error) if each.report is None else None
            yield (prefix + each.name if len(reports) > 1 else file), each.report, error
        return
    data = _bytes(file)
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    report, error = _scored(data, score)
    if report is not None or len(lines) < 2 or any(line.lstrip()[:1] != b"{" for _, line in lines):
        yield file, report, error
        return
    for number, line in lines:
        custom_id = opened(line).custom_id
        yield prefix + custom_id if custom_id else f"{file}:{number}", *_scored(line, score)


def _scored(data: bytes, score: Scorer) -> tuple[Report[Any] | None, FieldconfError | None]:
    """The report of a response, or why there is none."""
    try:
        return score(opened(data).payload), None
    except FieldconfError as error:
        return None, error


def _bytes(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PayloadError(f"cannot read {file}: {reason}") from error


def _rows(data: bytes) -> Any:
    """The rows of a file: JSON Lines, a list, or one object."""
    try:
        rows: Any = msgspec.json.decode(data)
    except msgspec.MsgspecError:
        return msgspec.json.Decoder().decode_lines(data)
    return cast("Any", rows) if isinstance(rows, list) else [rows]
