"""Evaluate: how good confidences are on labelled values.

In:    reports and labels, or a table of judged values.
Out:   ``Evaluation``: frozen; measures with intervals, verdicts, errors, comparisons.
Never: a value without a confidence left out silently; other numbers for the same seed.
Why:   whether 0.9 means anything can only be seen on labelled data of the same kind.
"""

import base64
import io
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from fieldconf.errors import EvaluationError, MissingPackageError, nearest
from fieldconf.evaluation.comparing import USUAL, Comparison, Pair, differences
from fieldconf.evaluation.curves import RankedRows
from fieldconf.evaluation.groups import (
    OVERALL,
    By,
    Group,
    check_measure,
    measured_groups,
    parts_of,
)
from fieldconf.evaluation.judged import Judged, judged
from fieldconf.evaluation.redacting import masked_details
from fieldconf.page.document import written_page
from fieldconf.page.evaluation import evaluation_page, evaluation_table
from fieldconf.redaction import redact_of
from fieldconf.render import evaluation as render
from fieldconf.render.evaluation import short
from fieldconf.statistics.packages import package
from fieldconf.statistics.resampling import times_for

if TYPE_CHECKING:
    from numpy.typing import NDArray


_MOST_CURVES = 10  # that one can tell apart in a picture


@dataclass(frozen=True)
class WrongValue:
    """A wrong value, as ``errors`` lists it.

    Attributes:
        document: its id.
        pointer: where the value stands in the answer.
        confidence: of it, 0..1.
        value, truth: what the answer says, and what is right; of a missing or an extra item, of
            its whole list or of the item; what is right is None where a label says only "wrong".
        text: the place in the text that was read, or how that begins; None where it is not known.
        why: what decided the value.
    """

    document: Hashable
    pointer: str
    confidence: float
    value: Any
    truth: Any
    text: str | None
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return dict(self.__dict__)


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """How good confidences are.

    Attributes:
        rows: a ``Group`` for each field (or kind), and one for all rows, which is the last.
        by: by what the rows are grouped.
        score: which column was evaluated.
        labels, documents: how many rows and documents there are.
        resamples: from how many draws of the documents the intervals are; chosen by the size.
        level: the share of these that an interval holds.
        seed: of all draws.
        notes: what labels and reports have that is not counted.
        judged: the rows themselves, masked where ``redact`` says so.
    """

    rows: tuple[Group, ...]
    by: By
    score: str
    labels: int
    documents: int
    resamples: int
    level: float
    seed: int
    notes: tuple[str, ...]
    judged: Judged = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"<Evaluation of {self.score}: {self.labels:,} values of {self.documents:,} documents; "
            f"{self.overall.verdicts[0]}>"
        )

    def __str__(self) -> str:
        return render.plain_text(render.table(self.to_dict()))

    def __rich__(self) -> Any:
        return render.table(self.to_dict())

    def _repr_html_(self) -> str:
        return evaluation_table(self.to_dict())

    def __getitem__(self, name: str) -> Group:
        """The group of a field or a kind; "overall" is that of all rows.

        Raises:
            EvaluationError: if there is none of this name.
        """
        for row in self.rows:
            if row.name in (name, f"/{name}"):
                return row
        remedy = nearest(name, [row.name for row in self.rows])
        raise EvaluationError(f"no group is called {name!r}", remedy=remedy)

    @property
    def overall(self) -> Group:
        """The group of all rows."""
        return self.rows[-1]

    # -- what is wrong --------------------------------------------------------------------------

    def errors(self, confidence: float = 0.9) -> tuple[WrongValue, ...]:
        """The confidently wrong values, the most confident first.

        Args:
            confidence: the least one, 0..1.
        """
        np = package("numpy")
        table = self.judged.table
        rows = np.flatnonzero(~table.right & (table.confidence >= confidence))
        ranked = rows[np.argsort(-table.confidence[rows], kind="stable")]
        ranked_rows: list[int] = ranked.tolist()
        return tuple(
            WrongValue(
                table.documents[table.document[row]],
                detail.pointer or table.fields[int(table.field[row])],
                float(table.confidence[row]), detail.value, detail.truth, detail.text, detail.why,
            )
            for row, detail in ((row, self.judged.details[row]) for row in ranked_rows)
        )  # fmt: skip

    # -- comparisons ----------------------------------------------------------------------------

    def compare(
        self, *others: "str | Evaluation", measures: Sequence[str] = USUAL,
        names: tuple[str, str] = ("first", "other"),
    ) -> Comparison:  # fmt: skip
        """Differences of measures, with intervals from the same resamples of documents.

        Args:
            others: names of scores ("confidence", "exp_mean", "min" ...), of which the first is
                compared with each other one on the rows in which all have a number; or another
                evaluation of the same labels (another model, another prompt), on the documents that
                both have.
            measures: which ones, see ``fieldconf.evaluation.curves.MEASURES``.
            names: what the two evaluations are called.

        Raises:
            EvaluationError: if a score or a measure does not exist, or nothing is in common.

        >>> import fieldconf as fc
        >>> rows = [{"document": i, "field": "/a", "confidence": i / 40, "other": 1 - i / 40,
        ...          "right": i > 20} for i in range(40)]
        >>> compared = fc.evaluate(rows).compare("confidence", "other")
        >>> compared.of("auroc")[0].difference.value, compared.of("auroc")[0].other_value
        (1.0, 0.0)
        """
        for name in measures:
            check_measure(name)
        if len(others) == 1 and isinstance(others[0], Evaluation):
            return self._compare_runs(others[0], measures, names)
        scores = [name for name in others if isinstance(name, str)]
        if len(scores) != len(others) or len(scores) < 2:
            raise EvaluationError(
                "nothing to compare",
                remedy='Give names of scores ("confidence", "exp_mean"), or an evaluation',
            )
        np = package("numpy")
        table = self.judged.table
        is_known = ~np.isnan(np.stack([table.score(name) for name in scores])).any(axis=0)
        if not is_known.any():
            raise EvaluationError("no row has a number for each of these scores")
        rows_known = table.where(is_known)
        codes, count = _codes(rows_known.document)
        first, *rest = (parts_of(rows_known, self.by, name, codes) for name in scores)
        pairs = [
            Pair(own.name, scores[0], name, own.curve, other.curve)
            for name, parts in zip(scores[1:], rest, strict=True)
            for own, other in zip(first, parts, strict=True)
        ]
        chosen = [name for name in measures if name != "accuracy"]  # the rows are the same
        left = len(table) - len(rows_known)
        notes = [f"{left:,} of the rows lack a number for one of these scores"] * bool(left)
        return self._comparison(pairs, count, chosen, len(rows_known), notes)

    def _compare_runs(
        self, other: "Evaluation", measures: Sequence[str], names: tuple[str, str]
    ) -> Comparison:
        np = package("numpy")
        tables = self.judged.table, other.judged.table
        ids = [[table.documents[code] for code in np.unique(table.document)] for table in tables]
        both = {name: code for code, name in enumerate(n for n in ids[0] if n in set(ids[1]))}
        if not both:
            raise EvaluationError("the two evaluations have no document in common")
        parts: list[Mapping[str, RankedRows]] = []
        labels = 0
        for table, score in zip(tables, (self.score, other.score), strict=True):
            codes = np.asarray([both.get(name, -1) for name in table.documents])[table.document]
            grouped = table.where(codes >= 0)
            labels += len(grouped)
            groups = parts_of(grouped, self.by, score, codes[codes >= 0])
            parts.append({group.name: group.curve for group in groups})
        pairs = [
            Pair(name, *names, curve, parts[1][name])
            for name, curve in parts[0].items()
            if name in parts[1]
        ]
        notes = [
            f"{len(own) - len(both):,} of the documents are in {name!r} only"
            for name, own in zip(names, ids, strict=True)
            if len(own) > len(both)
        ]
        alone = [
            name for name in {**parts[0], **parts[1]} if name not in parts[0].keys() & parts[1]
        ]
        notes += [f"{name!r} is in one of the two only" for name in alone]
        return self._comparison(pairs, len(both), measures, labels, notes)

    def _comparison(
        self, pairs: Sequence[Pair], documents: int, measures: Sequence[str], labels: int,
        notes: Sequence[str],
    ) -> Comparison:  # fmt: skip
        times = min(self.resamples, times_for(sum(len(p.first) + len(p.other) for p in pairs)))
        rows = differences(
            pairs, documents, measures, times=times, seed=self.seed, level=self.level
        )
        return Comparison(rows, labels, documents, tuple(notes))

    # -- how many more --------------------------------------------------------------------------

    def more_documents(
        self, width: float, measure: str = "accuracy", group: str = OVERALL
    ) -> int | None:
        """So many more documents make an interval so narrow; None where it has none now.

        An interval gets narrower with the square root of the number of documents.
        """
        measured = self[group]
        now = measured[measure].width
        if not width > 0:
            raise EvaluationError(f"width {width!r} is no number above 0")
        if now is None:
            return None
        return max(0, math.ceil(measured.documents * (now / width) ** 2) - measured.documents)

    def labels_for(
        self, width: float = 0.05, measure: str = "accuracy", group: str = OVERALL
    ) -> str:
        """How many more documents to label for an interval of some width, in words.

        >>> import fieldconf as fc
        >>> rows = [{"document": i, "field": "/a", "confidence": 0.9, "right": i % 5 > 0}
        ...         for i in range(100)]
        >>> fc.evaluate(rows).labels_for(width=0.5)
        'the interval is narrower than .50 already (accuracy, overall)'
        """
        more = self.more_documents(width, measure, group)
        what = f"({measure}, {self[group].name or '(whole)'})"
        if more is None:
            return (
                f"cannot tell how many more labels it takes {what}: {self[group][measure].reason}"
            )
        if not more:
            return f"the interval is narrower than {short(width)} already {what}"
        digits = -max(len(str(more)) - 2, 0)  # it is a rough number
        count = f"{round(more, digits):,} more {'document' if more == 1 else 'documents'}"
        return f"label about {count} for a width of {short(width)} {what}"

    # -- showing and saving ---------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without any value or text of an answer."""
        return {
            "score": self.score, "by": self.by, "labels": self.labels,
            "documents": self.documents, "resamples": self.resamples, "level": self.level,
            "seed": self.seed, "notes": list(self.notes),
            "rows": [row.to_dict() for row in self.rows],
        }  # fmt: skip

    @overload
    def to_html(
        self, path: None = None, *, errors: float | None = None, plot: bool = False
    ) -> str: ...
    @overload
    def to_html(
        self, path: str | Path, *, errors: float | None = None, plot: bool = False
    ) -> Path: ...
    def to_html(
        self, path: str | Path | None = None, *, errors: float | None = None, plot: bool = False
    ) -> str | Path:
        """A stand-alone page.

        Args:
            path: write the page to this file.
            errors: list the wrong values from this confidence on; masked if ``redact`` says so.
            plot: with the pictures of ``plot``, which need matplotlib.

        Returns:
            The path; without one the text of the page.

        Raises:
            OutputError: if the file cannot be written.
        """
        error_rows = None if errors is None else [error.to_dict() for error in self.errors(errors)]
        image = ""
        if plot:
            stream = io.BytesIO()
            self.plot().savefig(stream, format="png", dpi=110)
            image = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
        text = evaluation_page(self.to_dict(), error_rows, image)
        return text if path is None else written_page(text, path)

    def plot(self) -> Any:
        """A matplotlib figure: errors by coverage for each group, and accuracy by confidence.

        Raises:
            MissingPackageError: if matplotlib is not installed.
        """
        try:
            from matplotlib.figure import Figure  # noqa: PLC0415
        except ImportError:
            raise MissingPackageError("plot", "matplotlib", extra="pictures") from None
        np = package("numpy")
        codes, _ = _codes(self.judged.table.document)
        parts = parts_of(self.judged.table, self.by, self.score, codes)
        figure: Any = Figure(figsize=(11, 4.5), layout="constrained")
        left, right = figure.subplots(1, 2)
        for part in parts[-_MOST_CURVES:]:
            curve = part.curve
            accepted, wrong = curve.ends + 1, np.cumsum(curve.wrong)[curve.ends]
            is_whole = part.name == OVERALL
            left.step(
                accepted / len(curve), wrong / accepted, where="post",
                label=part.name or "(whole)", linewidth=2.5 if is_whole else 1,
            )  # fmt: skip
        left.set(
            xlabel="coverage", ylabel="share wrong of what is accepted", xlim=(0, 1), ylim=(0, None)
        )
        left.legend(fontsize="small")
        curve = parts[-1].curve
        if curve.is_probability:
            p, truth = curve.confidence[: curve.known_count], 1 - curve.wrong[: curve.known_count]
            sizes = np.diff(np.append(curve.bins, curve.known_count))
            means = [np.add.reduceat(values, curve.bins) / sizes for values in (p, truth)]
            right.plot([0, 1], [0, 1], color="gray", linewidth=1, linestyle="--")
            right.plot(*means, marker="o")
        right.set(xlabel="mean confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        return figure


def evaluate(  # noqa: PLR0913  # options, by keyword
    reports: Any, labels: Any = None, by: By = "field", *, score: str = "confidence",
    seed: int = 0, redact: Any = None, resamples: int | None = None, level: float = 0.95,
    progress: Callable[[float], object] | None = None,
) -> Evaluation:  # fmt: skip
    """How good confidences are on labelled values, field by field.

    For each group: accuracy, AUROC, AUGRC, AURC, risk at coverage, coverage at risk, the share of
    errors caught by a review of the least confident, Brier score, log loss, ECE beside that which a
    perfect score would show on so many values, and mean confidence less accuracy; all with
    intervals from resamples of documents, and what they mean in words. Values without a confidence
    are counted; in the ranking they are the last to be accepted.

    Args:
        reports: reports (a mapping of ids to reports, (id, report) pairs, the results of
            ``extract_many`` or the file of them, or a list as long as the labels); what
            ``fieldconf batch`` wrote, a row a field (a file, a folder of Parquet files, a frame);
            or, without labels, a table with the columns ``document``, ``field``, ``confidence``
            (0..1, or nothing) and ``right``, and perhaps ``kind`` and other scores: a file, rows,
            columns, or a frame of pandas, Polars or PyArrow.
        labels: of ``fc.labels``, or what it takes.
        by: "field", "kind" or "overall".
        score: which column is evaluated: "confidence", or another score of the rows.
        seed: the same one gives the same numbers.
        redact: True, or a function from text to text, masks values and texts of the answers in all
            that is shown or saved.
        resamples: how many; by default 1,000, and fewer for more than 100,000 rows.
        level: of the intervals, 0..1.
        progress: a function that is called with the share (0..1) of the resamples that are done.

    Raises:
        EvaluationError: if it cannot be read, nothing has a label, or an option is none.
        MissingPackageError: if the extra ``calibrate`` is not installed.

    >>> import fieldconf as fc
    >>> rows = [{"document": i, "field": "/team", "confidence": i / 100, "right": i % 10 > 2}
    ...         for i in range(100)]
    >>> evaluation = fc.evaluate(rows)
    >>> evaluation.overall["accuracy"].value, evaluation["team"].labels
    (0.7, 100)
    >>> evaluation["team"].verdicts[0]
    'ranks no better than chance here (AUROC .55, 100 labels): do not triage with it'
    """
    if not 0 < level < 1:
        raise EvaluationError(f"level {level!r} is no number between 0 and 1")
    if resamples is not None and resamples < 1:
        raise EvaluationError(f"resamples {resamples!r} is no number of resamples")
    mask = redact_of(redact)
    judged_reports = judged(reports, labels)
    judged_reports = replace(judged_reports, details=masked_details(judged_reports.details, mask))
    if not len(judged_reports.table):
        raise EvaluationError("no row has a label", column="right")
    codes, documents = _codes(judged_reports.table.document)
    parts = parts_of(judged_reports.table, by, score, codes)
    times = resamples or times_for(sum(len(part.curve) for part in parts))
    rows = measured_groups(parts, documents, times=times, seed=seed, level=level, tell=progress)
    return Evaluation(
        rows, by, score, len(judged_reports.table), documents, times, level, seed,
        tuple(judged_reports.uncounted.sentences()), judged_reports,
    )  # fmt: skip


def _codes(document: "NDArray[Any]") -> "tuple[NDArray[Any], int]":
    """The documents of rows, numbered without gaps, and how many they are."""
    documents, codes = package("numpy").unique(document, return_inverse=True)
    return codes, len(documents)
