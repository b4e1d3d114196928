"""Calibrate: from labels to a calibrator.

In:    reports and labels, or a table of judged values.
Out:   a ``Calibrator``.
Never: one map for two models; a map from so few labels that it is noise.
Why:   ``fc.calibrate`` is this function.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from fieldconf.calibration.calibrator import Calibrator, scope_of
from fieldconf.calibration.cross_validation import CrossValidation, choose
from fieldconf.calibration.curve import CalibrationCurve
from fieldconf.calibration.prior import members_of
from fieldconf.calibration.regression import Rows, features_of, fit
from fieldconf.errors import CalibrationError
from fieldconf.evaluation.judged import judged
from fieldconf.fields.plain_values import digest_of
from fieldconf.report import Report
from fieldconf.report.results import Result, Results
from fieldconf.schema import compile_schema
from fieldconf.statistics.packages import package

if TYPE_CHECKING:
    from fieldconf.statistics.judged_table import Table

FEWEST = 10
"""With fewer labelled values nothing is fitted."""


def calibrate(
    source: Any, labels: Any = None, *, model: str | None = None, provider: str | None = None,
    schema: Any = None, instructions: str | None = None, seed: int = 0,
) -> Calibrator:  # fmt: skip
    """Maps that turn confidences into how often such values are right.

    One ridge logistic regression over all fields: each field has a map of its own, which is the
    nearer to the pool's the fewer labels it has (``calibration.fitting`` has the formula). How
    strongly it is shrunk is chosen by cross-validation over documents, and where the maps are not
    better than the confidences as they are by more than noise, these stay:
    ``calibrator.chosen`` is then "identity", and ``calibrator.reason`` says why. Of reports, the
    members of enums and booleans are moved towards the labels' prior as well.

    Args:
        source: reports, results of ``extract_many``, rows of ``fieldconf batch``; or, without
            labels, a table with the columns ``document, field, confidence, right``: a mapping of
            columns, a list of rows, a frame of pandas, Polars or PyArrow, a file. Confidences of
            anybody will do.
        labels: ``fc.labels(...)``, or what they are made of.
        model: who gave the confidences, where reports do not say so; reports of others are refused.
        schema: what the answers were read by, likewise.
        instructions: what the model was told, likewise.
        provider: who was asked; for the record, since no report says it.
        seed: of the folds. The same seed gives the same numbers.

    Returns:
        A ``Calibrator``: call it with a report, or give it as ``calibration=``;
        ``calibrator.confidences(table)`` for a table.

    Raises:
        CalibrationError: if no labelled value has a confidence, if the reports are of several
            models or schemas, or if they are calibrated already.
        EvaluationError: if the source or the labels cannot be read.
        MissingPackageError: if the extra "calibrate" is not installed.

    >>> rows = [{"document": n, "field": "/team", "confidence": 0.5 + n % 50 / 100,
    ...          "right": n % 3 > 0} for n in range(300)]
    >>> calibrator = calibrate(rows)
    >>> calibrator.chosen, calibrator.labels, calibrator.documents
    ('ridge', {'/team': 300}, 300)
    >>> 0.6 < calibrator.confidence(0.99, "/team") < 0.75
    True
    """
    arguments = {
        "model": model,
        "provider": provider,
        "schema": None if schema is None else compile_schema(schema).digest,
        "prompt": None if instructions is None else digest_of(instructions),
    }
    explicit = {name: value for name, value in arguments.items() if value is not None}
    scope = _scope(source, explicit)
    rows_judged = judged(source, labels)
    table = rows_judged.table
    np = package("numpy")
    is_known = ~np.isnan(table.confidence)
    unknown = int((~is_known).sum())
    table = table.where(is_known)
    if not len(table):
        raise CalibrationError(
            f"none of {unknown:,} labelled values has a confidence",
            remedy="Ask for logprobs, or give confidences of another kind",
        )
    known_rows: list[int] = np.flatnonzero(is_known).tolist()
    details = [rows_judged.details[row] for row in known_rows]
    counts: dict[int, int] = dict(Counter(table.field.tolist()))
    names = [table.fields[code] for code in sorted(counts)]
    facts: dict[str, Any] = {
        "scope": scope, "labels": {table.fields[code]: counts[code] for code in sorted(counts)},
        "documents": len(np.unique(table.document)), "unknown": unknown,
        "date": datetime.now(UTC).date().isoformat(),
        "members": members_of(table, details, seed),
    }  # fmt: skip
    if facts["documents"] < 2 or len(table) < FEWEST:
        return Calibrator(
            reason=f"{_size(table, facts)} are too few to fit anything",
            pool=CalibrationCurve(),
            **facts,
        )
    fields, codes = np.unique(table.field, return_inverse=True)
    documents = np.unique(table.document, return_inverse=True)[1]
    right = table.right.astype(float)
    rows = Rows(features_of(table.confidence), codes, right, documents, len(fields))
    choice = choose(rows, seed)
    losses = {"ridge": choice.fitted, "identity": choice.identity}
    coefficients = fit(rows, choice.strengths).tolist() if choice.is_better else [(0.0, 1.0, 1.0)]
    return Calibrator(
        "ridge" if choice.is_better else "identity", _reason(table, facts, choice),
        CalibrationCurve(*coefficients[0]),
        {name: CalibrationCurve(*c) for name, c in zip(names, coefficients[1:], strict=False)},
        losses=losses, strengths=tuple(choice.strengths), **facts,
    )  # fmt: skip


def _size(table: "Table", facts: Mapping[str, Any]) -> str:
    return f"{len(table):,} labelled values of {facts['documents']:,} documents"


def _reason(table: "Table", facts: Mapping[str, Any], choice: CrossValidation) -> str:
    sentence = (
        f"log loss {choice.fitted:.4f} nats on documents that the maps were not fitted on, "
        f"{choice.identity:.4f} of the confidences as they are ({_size(table, facts)})"
    )
    if not choice.is_better:
        sentence += "; the maps are not better by more than noise"
    if table.right.all() or not table.right.any():
        sentence += f"; all values are {'right' if table.right.any() else 'wrong'}"
    if facts["members"]:
        sentence += f"; the members of {', '.join(facts['members'])} are moved"
    return sentence


# -- what it is for -----------------------------------------------------------------------------


def _scope(source: Any, explicit: Mapping[str, str]) -> dict[str, str]:
    """What the confidences are of: the explicit names, and what all reports say of the others.

    Raises:
        CalibrationError: if the reports are calibrated, or say different things.
    """
    of_reports: dict[str, set[str]] = {}
    for report in reports_of(source):
        if report.calibration is not None:
            raise CalibrationError(
                "the reports are calibrated already", remedy="Give them as they were scored"
            )
        for name, value in scope_of(report).items():
            if value:
                of_reports.setdefault(name, set()).add(value)
    scope = {name: min(values) for name, values in of_reports.items()} | dict(explicit)
    mixed = {name: sorted(values) for name, values in of_reports.items()
             if len(values) > 1 and name not in explicit}  # fmt: skip
    if mixed:
        name, values = next(iter(mixed.items()))
        raise CalibrationError(
            f"the reports are of several {name}s: {', '.join(map(repr, values[:3]))}",
            actual={name: ", ".join(values) for name, values in mixed.items()},
            remedy=f"Calibrate each by itself, or say {name}=... to take them as one"
            if name == "model" else "Calibrate each by itself",
        )  # fmt: skip
    return scope


def reports_of(source: Any) -> Iterator[Report[Any]]:
    """The reports of a source; none where it has none."""
    if isinstance(source, Report):
        sources: Any = [source]
    elif isinstance(source, Mapping):
        sources = cast("Mapping[Any, Any]", source).values()
    else:
        sources = cast("Any", source) if isinstance(source, (list, tuple, Results)) else ()
    for entry in sources:
        is_pair = isinstance(entry, tuple) and len(cast("tuple[Any, ...]", entry)) == 2
        each = cast("Any", entry[1] if is_pair else entry)
        report: Any = cast("Any", each).report if isinstance(each, Result) else each
        if isinstance(report, Report):
            yield cast("Report[Any]", report)
