"""Judged values: reports and labels as rows for evaluation, calibration and guarantees.

In:    reports and labels; or a plain table of judged values.
Out:   ``Judged``: a ``Table``, the details of each row, and what was not counted.
Never: a label dropped silently.
Why:   one place decides which values count and which are errors.

A row is a scalar that a label judges, or a list. What a field is called is its pointer with "*" for
positions in lists. Other scores of a row, for comparison (all 0..1, NaN where not known):
``rank`` (``Field.rank``), ``exp_mean`` (exp of the mean logprob of its tokens), ``exp_joint`` (exp
of their sum), ``min`` (the least probable token), ``low``, ``margin``.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from fieldconf.errors import EvaluationError
from fieldconf.evaluation.judged_reports import (
    ReportAnswer,
    answers_of,
    are_batch_rows,
    are_reports,
    restored,
)
from fieldconf.evaluation.judging import Judgement, ValueJudge, values_at
from fieldconf.evaluation.label_files import is_file, read_file, typed
from fieldconf.evaluation.labels import Labels, LabelVerdict, labels, name_of
from fieldconf.fields.field import Field
from fieldconf.paths import Path, general, pointer
from fieldconf.policy.field_limits import kinds_of
from fieldconf.statistics.columns import column, column_names
from fieldconf.statistics.judged_table import Table

SCORES = ("rank", "exp_mean", "exp_joint", "min", "low", "margin")
"""The other scores of each row of reports."""


LEFT_OUT = "the answer left it out"
"""Why a row has no value, in its ``Detail``."""

_AROUND = 60
"""Characters of the source that are shown on either side of a value."""


class Detail(NamedTuple):
    """The details of a row.

    Attributes:
        pointer: where the value stands in its answer.
        value, truth: what it is, and what is right.
        text: the place in the text that was read, else how that text begins; None where neither
            is known.
        why: what decided the value, or why it has no confidence.
        field: the field of its report; None for tables, and for values that were left out.
        is_truth_known: whether ``truth`` is what is right; False where a label says only that the
            value is wrong.
    """

    pointer: str
    value: Any
    truth: Any
    text: str | None
    why: str
    field: Field | None = None
    is_truth_known: bool = True


_NO_DETAIL = Detail("", None, None, None, "")


@dataclass(frozen=True)
class UncountedValue:
    """The labels and reports that no row counts.

    Attributes:
        documents: labelled documents of which there is no report.
        unanswered: labelled documents whose answer has no value.
        unlabelled: reports without a label.
        fields: labels of fields that no answer has, by their pointers.
        blank: cells of the labels that say nothing.
        others: verdicts on another value than the answer has.
    """

    documents: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    unlabelled: int = 0
    fields: Mapping[str, int] = field(default_factory=dict[str, int])
    blank: int = 0
    others: int = 0

    def sentences(self) -> list[str]:
        """The same in words, a line for each that is not zero.

        >>> UncountedValue(unlabelled=1, fields={"/x": 2}).sentences()
        ['1 report has no label', "2 labels are of fields that no answer has: '/x' (2)"]
        """
        lines = [
            _counted(len(self.documents), "labelled document has", "labelled documents have")
            + f" no report: {_some(self.documents)}",
            _counted(len(self.unanswered), "labelled document has", "labelled documents have")
            + f" no answer: {_some(self.unanswered)}",
            _counted(self.unlabelled, "report has", "reports have") + " no label",
            _counted(sum(self.fields.values()), "label is of a field", "labels are of fields")
            + " that no answer has: "
            + ", ".join(f"{name!r} ({count:,})" for name, count in list(self.fields.items())[:5]),
            _counted(self.blank, "cell of the labels says", "cells of the labels say") + " nothing",
            _counted(self.others, "verdict is", "verdicts are") + " on another value",
        ]
        return [line for line in lines if not line.startswith("0 ")]


@dataclass(frozen=True, eq=False)
class Judged:
    """Values that were judged.

    Attributes:
        table: a row for each of them.
        details: the details of each row.
        uncounted: the labels and reports that no row counts.
    """

    table: Table
    details: Sequence[Detail]
    uncounted: UncountedValue = UncountedValue()


def table_of(source: Any, truths: Any = None) -> Table:
    """The table of reports and labels, or of a plain table; see ``judged``."""
    return judged(source, truths).table


def judged(source: Any, truths: Any = None) -> Judged:
    """The values of a source, and which of them are right.

    Args:
        source: reports (a mapping of ids, (id, report) pairs, results of ``extract_many``, a list
            as long as the labels; saved ones too), or rows of ``fieldconf batch`` (its file, its
            folder, a frame); or, without labels, a table with the columns ``document, field,
            confidence, right`` (and, for ``errors``, ``value``, ``right value``, ``pointer``,
            ``text``, ``why``).
        truths: ``fc.labels(...)``, or what they are made of.

    Raises:
        EvaluationError: if it cannot be read, or nothing in it has a label.

    >>> row = {"document": 1, "field": "/a", "confidence": 0.5, "right": True}
    >>> len(judged([row]).table)
    1
    """
    if isinstance(source, Judged):
        return source
    read = restored(typed(read_file(source)) if is_file(source) else source)
    if isinstance(read, Table):
        return Judged(read, [_NO_DETAIL] * len(read))
    is_table = not are_reports(read)
    if is_table and not column_names(read):
        raise EvaluationError("there is nothing to evaluate", remedy="Give some rows, or reports")
    if truths is None:
        if not is_table or ("right" not in column_names(read) and are_batch_rows(read)):
            raise EvaluationError(
                "reports are judged by labels", remedy="Give labels=fc.labels(...)"
            )
        return _plain(read)
    if is_table and not are_batch_rows(read):
        raise EvaluationError(
            "a table that is judged already takes no labels",
            remedy="Leave them out, or give reports or rows of fieldconf batch",
        )
    return _labelled(answers_of(read), labels(truths))


def _plain(source: Any) -> Judged:
    """A table of judged values; rows without a label are counted."""
    table = Table.read(source)
    names = column_names(source)
    right = column(source, "right")
    known_rows = [row for row, value in enumerate(right) if value is not None and value == value]  # noqa: PLR0124
    if not known_rows:
        raise EvaluationError("no row has a label", column="right", remedy="Give some")
    details = [_NO_DETAIL] * len(known_rows)
    if not {"pointer", "value", "right value", "text", "why"}.isdisjoint(names):
        nothing, place = [None] * len(right), "pointer" if "pointer" in names else "field"
        pointers, values, truths, texts, reasons = (
            column(source, name) if name in names else nothing
            for name in (place, "value", "right value", "text", "why")
        )
        details = [
            Detail(str(pointers[row]), values[row], truths[row], texts[row], reasons[row] or "")
            for row in known_rows
        ]
    return Judged(table, details, UncountedValue(blank=len(right) - len(known_rows)))


# -- reports and labels ---------------------------------------------------------------------------


def _row(document: Hashable, judgement: Judgement, answer: ReportAnswer) -> tuple[Any, ...]:
    """The cells of a row: document, field, confidence, right, kind, scores, detail."""
    name = pointer(judgement.path)
    field = answer.fields.get(name)
    is_open = field is not None and "truncated" in field.flags
    confidence, kind, scores = None, "", (None,) * len(SCORES)
    if field is None:
        why = LEFT_OUT
        outer = answer.fields.get(pointer(judgement.path[:-1])) if answer.is_whole else None
        member = None if outer is None else outer.presence.get(str(judgement.path[-1]))
        confidence = None if member is None else 1 - member.probability  # that no key is written
    elif is_open:
        why = "the answer broke off"
    else:
        confidence, kind = field.confidence, kinds_of(field)[0]
        numbers = {**field.signals, "rank": field.rank}
        numbers["min"] = numbers["least"]
        scores = tuple(numbers[score] for score in SCORES)
        why = field.reason or (field.why.sentence if field.why else "")
    is_closed = answer.is_whole if field is None else not is_open
    text = _text(field, answer.source)
    detail = Detail(
        name, judgement.answer, judgement.truth, text, why, field, judgement.is_truth_known
    )
    right = judgement.right and is_closed
    return document, general(judgement.path), confidence, right, kind, scores, detail


def _table(rows: Sequence[tuple[Any, ...]]) -> Table:
    documents, names, confidences, right, row_kinds, scores, _ = zip(*rows, strict=True)
    kinds: dict[str, str] = {}
    for name, kind in zip(names, row_kinds, strict=True):
        if kinds.get(name, "") in ("", "null"):  # null says little of a field's kind
            kinds[name] = kind or kinds.get(name, "")
    return Table.of(
        documents, names, confidences, right, kinds=[kinds[name] for name in names],
        scores=dict(zip(SCORES, zip(*scores, strict=True), strict=True)),
    )  # fmt: skip


def _labelled(answers: Sequence[ReportAnswer], truths: Labels) -> Judged:
    names = documents_by_name(answers, truths)
    judged_values, absent = list[_JudgedValue](), list[_JudgedValue]()
    met, unanswered, seen = set[str](), list[str](), set[str]()
    unlabelled = others = 0
    for name, answer in names:
        truth = truths.truths.get(name)
        for each in answer.fields.values():  # fields, and optional keys that could be there
            paths = (each.path, *((*each.path, key) for key in each.presence))
            seen.update(map(general, paths))
        met.add(name)
        if not truth:
            unlabelled += name not in truths.truths
        elif not answer.fields:
            unanswered.append(name)
        else:
            document = name if answer.document is None else answer.document
            told = {
                steps: values for steps, values in truth.items()
                if not isinstance(values[0], LabelVerdict)
                or any(values[0].is_of(value) for _, value in values_at(answer.data, steps))
            }  # fmt: skip
            others += len(truth) - len(told)
            for judgement in _judgements(answer, told, truths):
                is_known = pointer(judgement.path) in answer.fields
                values = absent if judgement.is_absent and not is_known else judged_values
                values.append((document, judgement, answer))
    judged_values += [value for value in absent if general(value[1].path) in seen]
    unknown = Counter(general(value[1].path) for value in absent)
    for name in seen:
        unknown.pop(name, None)
    rows = [_row(*value) for value in judged_values]
    uncounted = UncountedValue(
        tuple(name for name in truths.truths if name not in met), tuple(unanswered), unlabelled,
        dict(unknown), truths.blank, others,
    )  # fmt: skip
    if not rows:
        sentences = "; ".join(uncounted.sentences()) or "there is none"
        raise EvaluationError(
            f"no value of these reports has a label: {sentences}",
            remedy="See that the ids of the labels are those of the reports",
        )
    return Judged(_table(rows), [row[-1] for row in rows], uncounted)


_JudgedValue: TypeAlias = tuple[Hashable, Judgement, ReportAnswer]


def documents_by_name(
    answers: Sequence[ReportAnswer], truths: Labels
) -> Iterator[tuple[str, ReportAnswer]]:
    """Answers with the names by which labels know them; without any, in the labels' order."""
    if any(answer.document is not None for answer in answers) and not truths.is_numbered:
        return (
            (name_of(number if answer.document is None else answer.document), answer)
            for number, answer in enumerate(answers)
        )
    known = len(truths) if truths.reports is None else truths.reports
    if len(answers) != known:
        raise EvaluationError(
            f"{len(answers):,} reports without ids that the labels know, but labels of "
            f"{known:,} documents",
            remedy="Give a mapping of ids to reports, and labels with the same ids",
        )
    if truths.reports is not None:
        return ((str(number), answer) for number, answer in enumerate(answers))
    return zip(truths.truths, answers, strict=True)


def _judgements(
    answer: ReportAnswer, truth: Mapping[tuple[str, ...], tuple[Any, ...]], truths: Labels
) -> Iterator[Judgement]:
    def is_member(path: Path) -> bool:
        field = answer.fields.get(pointer(path))
        if field is None:
            return False
        is_listed = field.declared is not None and field.declared.members is not None
        return is_listed or (field.basis == "distribution" and field.declared is None)

    judge = ValueJudge(truths.rules, is_member)
    wrong = set[Path]()  # a list that lacks the items of several labels has one row
    for steps, values in truth.items():
        verdict = values[0]
        if isinstance(verdict, LabelVerdict):
            path, value = next(values_at(answer.data, steps))
            right = value if verdict.right else None
            yield Judgement(path, value, right, verdict.right, is_truth_known=verdict.right)
            continue
        for judgement in judge.at(answer.data, steps, values):
            place = tuple(map(str, judgement.path))
            if place != steps and place in truth:
                continue  # it has a label of its own
            if isinstance(judgement.answer, list) and not judgement.right:
                if judgement.path in wrong:
                    continue
                wrong.add(judgement.path)
            yield judgement


def _text(field: Field | None, source: str | None) -> str | None:
    """What stands around a value in the source, else how the source begins."""
    place = field.source_spans[0] if field is not None and field.source_spans else None
    if source is None:
        return None if place is None else place.text
    start, stop = (0, 0) if place is None else (max(place.start - _AROUND, 0), place.stop)
    return source[start : stop + _AROUND * (1 if place else 2)]


def _counted(count: int, single: str, several: str) -> str:
    return f"{count:,} {single if count == 1 else several}"


def _some(names: Iterable[str]) -> str:
    quoted = [repr(name) for name in names]
    return ", ".join([*quoted[:5], *["..."] * (len(quoted) > 5)])
