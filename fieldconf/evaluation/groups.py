"""Groups: the rows of a field, of a kind, or all, with every measure of them.

In:    a ``Table``, the grouping, the name of a score.
Out:   ``Group`` values: counts, measures with intervals, the ECE of a perfect score, verdicts.
Never: a number for a measure that is not defined.
Why:   one field may rank well, and another one no better than chance.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

from fieldconf.errors import EvaluationError, nearest
from fieldconf.evaluation.curves import COVERAGES, MEASURES, RankedRows
from fieldconf.evaluation.verdicts import Perfect, verdicts
from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.packages import package
from fieldconf.statistics.resampling import FEWEST, Measured, measured, resampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

By: TypeAlias = Literal["field", "kind", "overall"]

OVERALL = "overall"


@dataclass(frozen=True)
class Group:
    """Rows that are measured together.

    Attributes:
        name: of the field or the kind; "overall" for all rows.
        kind: of the field; empty where it is not known, or differs.
        labels: so many rows.
        documents: so many documents have one.
        wrong: so many rows are wrong.
        unknown: so many have no confidence.
        measures: by name, see ``fieldconf.evaluation.curves.MEASURES``.
        perfect: the ECE that a perfect score would show on these rows; None without confidences.
        verdicts: what the measures mean, in words.
    """

    name: str
    kind: str
    labels: int
    documents: int
    wrong: int
    unknown: int
    measures: Mapping[str, Measured]
    perfect: Perfect | None
    verdicts: tuple[str, ...]

    def __getitem__(self, measure: str) -> Measured:
        """A measure by name.

        Raises:
            EvaluationError: if there is none of this name.
        """
        check_measure(measure)
        return self.measures[measure]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "name": self.name, "kind": self.kind, "labels": self.labels,
            "documents": self.documents, "wrong": self.wrong, "unknown": self.unknown,
            "measures": {name: measure._asdict() for name, measure in self.measures.items()},
            "perfect_ece": None if self.perfect is None else self.perfect._asdict(),
            "verdicts": list(self.verdicts),
        }  # fmt: skip


class UnmeasuredGroup(NamedTuple):
    """A group before it is measured."""

    name: str
    kind: str
    curve: RankedRows


def check_measure(name: str) -> None:
    """See that a measure exists.

    Raises:
        EvaluationError: if it does not.
    """
    if name not in MEASURES:
        raise EvaluationError(f"no measure is called {name!r}", remedy=nearest(name, MEASURES))


def parts_of(table: Table, by: By, score: str, document: "NDArray[Any]") -> list[UnmeasuredGroup]:
    """The groups of a table, all rows last.

    Args:
        table: the rows.
        by: "field", "kind" or "overall".
        score: which column ranks the rows.
        document: the document of each row, as it is resampled.

    Raises:
        EvaluationError: if nothing can be grouped so.
    """
    np = package("numpy")
    if by not in get_args(By):
        raise EvaluationError(f"by={by!r} is no way to group", remedy=nearest(by, get_args(By)))
    values = table.score(score)
    whole = UnmeasuredGroup(OVERALL, "", RankedRows.of(document, values, table.right))
    if by == "overall":
        return [whole]
    names, codes = table.fields, table.field
    kinds = table.kinds or ("",) * len(names)
    if by == "kind":
        if not any(kinds):
            raise EvaluationError(
                "no kind of a field is known", column="kind",
                remedy='Give a column "kind", or group by field',
            )  # fmt: skip
        kinds = [kind or "unknown" for kind in kinds]
        names = tuple(dict.fromkeys(kinds))
        codes = np.asarray([names.index(kind) for kind in kinds])[table.field]
        kinds = names
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    parts = [whole]
    for code in range(len(names) - 1, -1, -1):
        rows = order[starts[code] : starts[code + 1]]
        if len(rows):
            curve = RankedRows.of(document[rows], values[rows], table.right[rows])
            parts.append(UnmeasuredGroup(names[code], kinds[code], curve))
    return parts[::-1]


def measured_groups(
    parts: list[UnmeasuredGroup], documents: int, *, times: int, seed: int, level: float,
    tell: Callable[[float], object] | None = None,
) -> tuple[Group, ...]:  # fmt: skip
    """The groups with their measures, all by the same resamples of the documents."""
    np = package("numpy")
    rows = sum(len(part.curve) for part in parts)

    def statistic(weights: "NDArray[Any]") -> "NDArray[Any]":
        return np.concatenate([part.curve.measures(weights) for part in parts])

    drawn = None
    if documents >= FEWEST:
        drawn = resampled(statistic, documents, rows=rows, times=times, seed=seed, tell=tell)
    groups: list[Group] = []
    for number, part in enumerate(parts):
        own = None if drawn is None else drawn[number * len(MEASURES) :]
        rng = np.random.default_rng([seed, number])
        groups.append(_group(part, own, rng, times=times, level=level))
    return tuple(groups)


def _group(part: UnmeasuredGroup, drawn: Any, rng: Any, *, times: int, level: float) -> Group:
    np = package("numpy")
    curve = part.curve
    documents = len(np.unique(curve.document))
    values = curve.measures().tolist()
    measures: dict[str, Measured] = {}
    for number, (name, value) in enumerate(zip(MEASURES, values, strict=True)):
        measures[name] = measured(
            value, None if drawn is None else drawn[number], documents=documents, level=level,
            reason=_reason(curve, name) if math.isnan(value) else "", is_biased=name == "ece",
        )  # fmt: skip
    ece = measures["ece"]
    if ece.low is not None:
        measures["ece"] = ece._replace(low=max(ece.low, 0.0))
    wrong = int(curve.wrong.sum())
    if wrong in (0, len(curve)):  # every resample has the same accuracy
        test = package("scipy.stats").binomtest(documents if wrong == 0 else 0, documents)
        bounds = test.proportion_ci(level)  # Clopper-Pearson, over documents
        measures["accuracy"] = Measured(float(wrong == 0), float(bounds.low), float(bounds.high))
    perfect = None
    if curve.is_probability:
        ece = curve.perfect_ece(rng, times)
        perfect = Perfect(float(ece.mean()), float(np.quantile(ece, level)))
    unknown = len(curve) - curve.known_count
    sentences = verdicts(
        measures,
        perfect,
        labels=len(curve),
        unknown=unknown,
        is_constant=len(curve.ends) == 1 and curve.known_count > 0,
    )
    return Group(
        part.name, part.kind, len(curve), documents, wrong, unknown, measures, perfect, sentences
    )


def _reason(curve: RankedRows, name: str) -> str:
    """Why a measure is not defined."""
    wrong, count_known = int(curve.wrong.sum()), curve.known_count
    if not count_known:
        return "no value has a confidence"
    if MEASURES[name].of_probability and not curve.is_probability:
        return "the score is no probability"
    if name.startswith("risk_at") and count_known < len(curve) * max(COVERAGES):
        return f"only {count_known:,} of {len(curve):,} values have a confidence"
    return "no value is wrong" if not wrong else "no value is right"
