"""Baseline: a summary of the answers that thresholds were made on, for later comparison.

In:    reports, rows of ``fieldconf batch``, or a table of judged values; a lock file.
Out:   ``Baseline``: frozen; a JSON file below 1 MB.
Never: a value, a text or an id of a document; a share that the source does not tell.
Why:   whether answers changed can only be seen beside the answers from before.
"""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from os import PathLike
from typing import Any, NamedTuple, Self, TypeAlias, cast

from pydantic import ConfigDict

from fieldconf.calibration.calibrate import reports_of
from fieldconf.errors import EvaluationError
from fieldconf.evaluation.judged_reports import (
    ReportAnswer,
    answers_of,
    are_batch_rows,
    are_reports,
    restored,
)
from fieldconf.evaluation.label_files import is_file, read_file, typed
from fieldconf.evaluation.labels import labels as labels_of
from fieldconf.fields.field import Field
from fieldconf.json_records import json_of, record_of, write_text
from fieldconf.paths import general
from fieldconf.policy import Policy
from fieldconf.statistics.columns import column_names
from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.packages import package
from fieldconf.statistics.table_registry import labelled_table

VERSION = 1
"""Of the plain form."""
SCOPE = ("model", "provider", "schema", "prompt", "calibration")
"""What answers are compared by, before any test."""
SATURATED = 0.999
"""A confidence above this says little more than that the model is sure."""
MOST_DOCUMENTS = 2000
"""Of so many documents a field keeps confidences, if the caller does not say otherwise."""
_MOST_NUMBERS = 80_000  # in the file: 10 characters each, so that it stays below 1 MB
_DIGITS = 6
_REMEDY = "Give what Baseline.save or fieldconf drift --write wrote"


class Share(NamedTuple):
    """How many documents have a property.

    Attributes:
        number: of those that have it.
        of: of those that could have it.
    """

    number: int
    of: int


@dataclass(frozen=True)
class FieldBaseline:
    """What the answers say of one field; all its numbers are of documents.

    Attributes:
        known: how many documents have a confidence there.
        mean: the mean over these of the mean confidence of the document's values, before any
            calibration; None if there are none.
        confidences: the means of single documents, sorted; of a random part of them if they are
            many.
        shares: by name, of the documents that have the field: "null", "off_schema" (flag
            "against_schema", or more mass outside of the schema than ``Baseline.off_schema``) and
            "unknown" (a value without a confidence) if any of its values is so; "saturated", of
            those with a confidence, if any is above .999; "absent", of all whole answers, if they
            do not have the field. Of the whole answer, whose name is "": "incomplete". A share that
            the source does not tell is missing.
    """

    known: int = 0
    mean: float | None = None
    confidences: tuple[float, ...] = ()
    shares: Mapping[str, Share] = field(default_factory=dict[str, Share])


@dataclass(frozen=True)
class Baseline:
    """Reference answers in numbers. Made by ``Baseline.from_reports``; compared by ``fc.drift``.

    Attributes:
        documents: how many there were.
        scope: what the answers are of, by name: "model", "provider", "schema" and "prompt"
            (digests), "calibration" (a digest, or "none"); several in one text if they differ;
            without what is not known.
        fields: by pointer, with "*" for positions in lists.
        off_schema: from which mass on (0..1, exclusive) a value counts as off the schema.
        judged: of labelled documents: how many values were judged, how many of them are wrong, and
            how many such documents there are.
        date: the day on which it was made (ISO 8601, UTC); no part of what makes two equal.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)  # how it is read back

    documents: int
    scope: Mapping[str, str] = field(default_factory=dict[str, str])
    fields: Mapping[str, FieldBaseline] = field(default_factory=dict[str, FieldBaseline])
    off_schema: float = 0.5
    judged: tuple[tuple[int, int, int], ...] = ()
    date: str = field(default="", compare=False)

    @property
    def accuracy(self) -> float | None:
        """The share (0..1) of the judged values that is right; None without labels."""
        values = sum(size * documents for size, _, documents in self.judged)
        wrong = sum(errors * documents for _, errors, documents in self.judged)
        return 1 - wrong / values if values else None

    @classmethod
    def from_reports(
        cls, source: Any, labels: Any = None, *, model: str = "", provider: str = "",
        off_schema: float | None = None, most: int = MOST_DOCUMENTS, seed: int = 0,
    ) -> Self:  # fmt: skip
        """The baseline of reference answers.

        Args:
            source: reports as ``fc.evaluate`` takes them: a mapping of ids to reports, (id, report)
                pairs, a list of reports, results of ``extract_many``; rows of ``fieldconf batch``;
                a table with ``document, field, confidence`` (and ``right``); or their file.
            labels: ``fc.labels(...)``, or what they are made of, for the accuracy.
            model: who answered, if the source does not tell.
            provider: the same of the provider.
            off_schema: from which mass on a value is off the schema; by default as ``fc.Policy``.
            most: of how many documents a field keeps confidences; fewer if fields are many.
            seed: of the random choice of these. The order of the documents does not matter.

        Raises:
            EvaluationError: if the source cannot be read, or has no document.

        >>> rows = {"document": [1, 2], "field": ["/a", "/a"], "confidence": [0.5, 1.0]}
        >>> Baseline.from_reports(rows).fields["/a"].confidences
        (0.5, 1.0)
        """
        limit = Policy().off_schema if off_schema is None else off_schema
        read = read_source(source)
        scope = _scope(read, {"model": model, "provider": provider})
        table = judged_table(read, labels)
        judged = () if table is None else judged_documents(table)
        if are_reports(read) or are_batch_rows(read):
            answers = answers_of(read)
            collected = _of_answers(answers, limit if are_reports(read) else None)
        else:
            collected = _of_table(Table.read(read, is_labelled=False))
        if not collected.documents:
            raise EvaluationError("there is no document", remedy="Give some reports")
        limit = max(1, min(most, _MOST_NUMBERS // max(len(collected.fields), 1)))
        fields = {
            name: _summary(name, collected.fields[name], collected, limit, seed)
            for name in sorted(collected.fields)
        }
        if collected.incomplete is not None:
            whole = fields.get("", FieldBaseline())
            share = Share(collected.incomplete, collected.documents)
            shares = {**whole.shares, "incomplete": share}
            fields[""] = FieldBaseline(whole.known, whole.mean, whole.confidences, shares)
        date = datetime.now(UTC).date().isoformat()
        return cls(collected.documents, scope, fields, limit, judged, date)

    # -- saving and reading back ----------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, see ``from_dict``."""
        return {"version": VERSION, **cast("dict[str, Any]", json.loads(json.dumps(asdict(self))))}

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as a JSON file, a line for each field.

        Raises:
            EvaluationError: if it cannot be written.
        """
        plain = self.to_dict()
        fields = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(each, separators=(',', ':'), allow_nan=False)}"
            for name, each in plain.pop("fields").items()
        )
        head = json.dumps(plain, indent=1, allow_nan=False).removesuffix("\n}")
        text = f'{head},\n "fields": {{\n{fields}\n }}\n}}\n'
        write_text(path, text, error_type=EvaluationError)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The baseline of which this is the ``to_dict``.

        Raises:
            EvaluationError: if it is no such form, or that of another version.

        >>> Baseline.from_dict(Baseline(3).to_dict()) == Baseline(3)
        True
        """
        baseline = record_of(
            cls, plain, name="baseline", version=VERSION, error_type=EvaluationError, remedy=_REMEDY
        )
        if problem := _problem(baseline):
            raise EvaluationError(f"not a saved baseline: {problem}", remedy=_REMEDY)
        return baseline

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """The baseline in a file that ``save`` wrote.

        Raises:
            EvaluationError: if it cannot be read, or is none.
        """
        plain = json_of(path, name="baseline", error_type=EvaluationError, remedy=_REMEDY)
        try:
            return cls.from_dict(plain)
        except EvaluationError as error:
            raise EvaluationError(f"{path}: {str(error).split('. ')[0]}", remedy=_REMEDY) from error


BaselineLike: TypeAlias = Baseline | str | PathLike[str]
"""A baseline, or the path of its file."""


def _problem(baseline: Baseline) -> str:
    """What cannot be so in a file that somebody edited; empty if nothing."""
    for name, each in baseline.fields.items():
        if not all(0 <= number <= 1 for number in each.confidences):
            return f"{name}: a confidence is not from 0 to 1"
        if len(each.confidences) > each.known:
            return f"{name}: more confidences than documents"
        if not all(0 <= share.number <= share.of for share in each.shares.values()):
            return f"{name}: a share is not from 0 to 1"
    if not all(0 <= wrong <= values and number > 0 for values, wrong, number in baseline.judged):
        return "judged: more wrong values than values"
    return ""


# -- sources --------------------------------------------------------------------------------------


def read_source(source: Any) -> Any:
    """Reports, rows of ``fieldconf batch``, or a table; of a file, what it holds.

    Raises:
        EvaluationError: if the file cannot be read.
    """
    read = read_file(source) if is_file(source) else source
    if isinstance(read, dict) and {"version", "status", "fields"} <= cast("Any", read).keys():
        read = [cast("Any", read)]  # one saved report
    return restored(typed(read) if is_file(source) else read)


def judged_table(read: Any, labels: Any) -> Table | None:
    """The judged values of a source, in its order; None without labels.

    Raises:
        EvaluationError: if the labels cannot be read, or judge nothing.
    """
    if labels is not None:
        return labelled_table(labels_of(labels), read).table
    if isinstance(read, Table):
        return read
    is_table = not are_reports(read) and not are_batch_rows(read)
    return Table.read(read) if is_table and "right" in column_names(read) else None


def judged_documents(table: Table) -> tuple[tuple[int, int, int], ...]:
    """(values, wrong values, number of such documents) of a table."""
    values, wrong = per_document(table, package("numpy").ones(len(table), dtype=bool))
    counts = Counter(zip(values, wrong, strict=True))
    return tuple(sorted((size, errors, n) for (size, errors), n in counts.items() if size))


def per_document(table: Table, mask: Any) -> tuple[list[int], list[int]]:
    """How many rows of a mask each document has, and how many of these are wrong, in order."""
    np = package("numpy")
    many = len(table.documents)
    rows = np.bincount(table.document[mask], minlength=many)
    wrong = np.bincount(table.document[mask & ~table.right], minlength=many)
    return rows.tolist(), wrong.tolist()


def _scope(read: Any, explicit: Mapping[str, str]) -> dict[str, str]:
    """What the answers are of; several in one text if they differ."""
    values: dict[str, set[str]] = {}
    for report in reports_of(read):
        for name, value in report.scope.items():
            if value:
                values.setdefault(name, set()).add(value)
    given_values = {name: {value} for name, value in explicit.items() if value}
    scope = {name: ", ".join(sorted(each)) for name, each in (values | given_values).items()}
    return {name: scope[name] for name in SCOPE if name in scope}


# -- counting -------------------------------------------------------------------------------------


@dataclass
class _FieldCounts:
    """What is counted of a field, a document at a time."""

    means: list[float] = field(default_factory=list[float])
    documents: int = 0
    counts: Counter[str] = field(default_factory=Counter[str])


@dataclass
class _Collected:
    """What is counted of all answers; ``told`` are the shares that the source tells."""

    documents: int
    whole: int
    incomplete: int | None
    told: tuple[str, ...]
    fields: dict[str, _FieldCounts] = field(default_factory=dict[str, _FieldCounts])


def _of_answers(answers: Sequence[ReportAnswer], limit: float | None) -> _Collected:
    """Counts of reports; of rows of ``fieldconf batch``, which tell no mass, without a limit."""
    whole = sum(answer.is_whole and bool(answer.fields) for answer in answers)
    facts = (
        "null",
        "unknown",
        "saturated",
        "absent",
        *(["off_schema"] if limit is not None else []),
    )
    collected = _Collected(len(answers), whole, len(answers) - whole, facts)
    for answer in answers:
        values: dict[str, list[Field]] = {}
        for each in answer.fields.values():
            if each.kind != "object":  # which says again what is inside
                values.setdefault(general(each.path), []).append(each)
        for name, fields in values.items():
            counts = collected.fields.setdefault(name, _FieldCounts())
            _add(counts, [_raw(each) for each in fields])
            counts.counts["whole"] += answer.is_whole
            counts.counts["null"] += any(each.kind == "null" for each in fields)
            counts.counts["off_schema"] += any(_is_off(each, limit) for each in fields)
    return collected


def _of_table(table: Table) -> _Collected:
    collected = _Collected(len(table.documents), 0, None, ("unknown", "saturated"))
    values: dict[tuple[int, int], list[float | None]] = {}
    rows = zip(
        table.field.tolist(), table.document.tolist(), table.confidence.tolist(), strict=True
    )
    for name, document, confidence in rows:
        number = None if confidence != confidence else confidence  # NaN  # noqa: PLR0124
        values.setdefault((name, document), []).append(number)
    for (name, _), numbers in values.items():
        _add(collected.fields.setdefault(table.fields[name], _FieldCounts()), numbers)
    return collected


def _add(counts: _FieldCounts, confidences: Iterable[float | None]) -> None:
    """Count one document's values."""
    numbers = list(confidences)
    numbers_present = [number for number in numbers if number is not None]
    counts.documents += 1
    counts.counts["unknown"] += len(numbers_present) < len(numbers)
    counts.counts["saturated"] += any(number > SATURATED for number in numbers_present)
    if numbers_present:
        counts.means.append(round(sum(numbers_present) / len(numbers_present), _DIGITS))


def _raw(value: Field) -> float | None:
    """The confidence before any calibration."""
    return value.confidence if value.raw is None else value.raw


def _is_off(value: Field, limit: float | None) -> bool:
    mass = value.off_schema
    return "against_schema" in value.flags or (
        limit is not None and mass is not None and mass > limit
    )


def _summary(
    name: str, counts: _FieldCounts, collected: _Collected, most: int, seed: int
) -> FieldBaseline:
    """A field in numbers; the documents whose confidences are kept are drawn from sorted ones."""
    np = package("numpy")
    means = sorted(counts.means)
    sampled = means
    if len(means) > most:
        rng = np.random.default_rng([seed, zlib.crc32(name.encode("utf-8", "surrogatepass"))])
        drawn: list[int] = rng.choice(len(means), most, replace=False).tolist()
        sampled = [means[place] for place in sorted(drawn)]
    shares = {
        share: Share(counts.counts[share], counts.documents)
        for share in ("null", "off_schema", "unknown")
        if share in collected.told
    }
    shares["saturated"] = Share(counts.counts["saturated"], len(means))
    if "absent" in collected.told:
        shares["absent"] = Share(collected.whole - counts.counts["whole"], collected.whole)
    mean = round(float(np.mean(means)), _DIGITS) if means else None
    return FieldBaseline(len(means), mean, tuple(sampled), shares)
