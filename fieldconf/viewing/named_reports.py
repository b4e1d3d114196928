"""Named reports: the reports of any source, each with the name of its document.

In:    reports as for ``fc.evaluate``, or the name of a file of saved ones.
Out:   ``NamedReport`` values, in the order of the source.
Never: a request; two names for one document: labels use the same ones.
Why:   a page of many reports has a row for each document, also for those that failed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from fieldconf.errors import EvaluationError, RequestError
from fieldconf.evaluation.judged_reports import ReportEntry, are_reports, entries_of, restored
from fieldconf.evaluation.label_files import is_file, read_file
from fieldconf.evaluation.labels import name_of
from fieldconf.policy import Policy
from fieldconf.report import Report
from fieldconf.report.input_text import searched_text


@dataclass(frozen=True, slots=True)
class NamedReport:
    """A report and its document.

    Attributes:
        name: the id of the document as a text; its number if it has none.
        report: the report; None if there is none.
        error: why there is none; else empty.
        source: the text that was read; None where it is not known.
    """

    name: str
    report: Report[Any] | None
    error: str = ""
    source: str | None = None


def reports_in(source: Any) -> Any:
    """What a source holds: the reports of a file, or the source itself.

    Raises:
        EvaluationError: if it cannot be read, or holds no reports.
    """
    if is_file(source):
        rows: Any = read_file(source)
        source = cast("Any", [rows] if isinstance(rows, dict) and "fields" in rows else rows)
    reports = restored(source)
    if not are_reports(reports):
        raise EvaluationError(
            "these are no reports",
            remedy="Give reports, a mapping of ids to reports, the results of extract_many, or a "
            "file of saved reports; rows of fieldconf batch have no text and no tokens to show",
        )
    return reports


def named_reports(
    reports: Any, policy: Policy | None = None, texts: Mapping[Any, str] | None = None
) -> list[NamedReport]:
    """The reports of what ``reports_in`` gave.

    Args:
        reports: the reports.
        policy: by which they are judged; None: each by its own.
        texts: the texts that were read, by the ids of the documents; by default the reports'
            inputs.

    Raises:
        EvaluationError: if two have one id, or something is no report.

    >>> [each.name for each in named_reports({"a": Report("refused"), 7.0: Report("refused")})]
    ['a', '7']
    """
    known = {name_of(key): text for key, text in (texts or {}).items()}
    named = [
        _named(entry, number, policy, known) for number, entry in enumerate(entries_of(reports))
    ]
    names = Counter(each.name for each in named)
    if double := next((name for name, count in names.items() if count > 1), None):
        raise EvaluationError(
            f"two reports have the id {double!r}",
            remedy="Give one report for each document: a label is of a document and a field",
        )
    return named


def texts_of(named: Iterable[NamedReport]) -> dict[str, str]:
    """The texts that were read, as far as they are known, by name."""
    return {each.name: each.source for each in named if each.source is not None}


def _named(
    entry: ReportEntry, number: int, policy: Policy | None, texts: Mapping[str, str]
) -> NamedReport:
    document, report, error = entry
    name = name_of(number if document is None else document)
    if report is None:
        return NamedReport(name, None, error or "there is no answer", texts.get(name))
    source = texts.get(name)
    if source is None:
        with suppress(RequestError):  # nothing was read, or several texts
            source = searched_text(report.input)
    return NamedReport(
        name, report if policy is None else report.with_policy(policy), error, source
    )
