"""Comparing: two scores of the same rows, or two runs on the same labels.

In:    pairs of groups with the same name, which share documents.
Out:   ``Comparison``: the differences of their measures, with intervals.
Never: a comparison of two intervals: the difference has an interval of its own.
Why:   two scores that err on the same documents differ by less than each of them varies.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fieldconf.evaluation.curves import MEASURES, RankedRows
from fieldconf.render import evaluation as render
from fieldconf.render.evaluation import short
from fieldconf.statistics.packages import package
from fieldconf.statistics.resampling import FEWEST, Measured, measured, resampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

USUAL = ("accuracy", "auroc", "augrc", "caught_at_20", "brier", "log_loss", "ece")
"""The measures that are compared."""


class Pair(NamedTuple):
    """Two curves of one group: what they are called, and over which documents."""

    group: str
    first_name: str
    other_name: str
    first: RankedRows
    other: RankedRows


@dataclass(frozen=True)
class Difference:
    """How much one score or run differs from another one.

    Attributes:
        group: of which rows.
        measure: by name.
        first, other: what is compared.
        first_value, other_value: the measure of each; None if it is not defined.
        difference: first less other, with its interval.
        sentence: the same in words.
    """

    group: str
    measure: str
    first: str
    other: str
    first_value: float | None
    other_value: float | None
    difference: Measured
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**self.__dict__, "difference": self.difference._asdict()}


@dataclass(frozen=True)
class Comparison:
    """Differences of measures.

    Attributes:
        rows: a difference for each group and measure.
        labels, documents: how many rows and documents are compared.
        notes: what could not be compared.
    """

    rows: tuple[Difference, ...]
    labels: int
    documents: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return render.plain_text(render.comparison_table(self.to_dict()))

    def __rich__(self) -> Any:
        return render.comparison_table(self.to_dict())

    def of(self, measure: str, group: str = "overall") -> tuple[Difference, ...]:
        """The differences of a measure in a group."""
        return tuple(row for row in self.rows if (row.measure, row.group) == (measure, group))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "labels": self.labels, "documents": self.documents, "notes": list(self.notes),
            "rows": [row.to_dict() for row in self.rows],
        }  # fmt: skip


def differences(
    pairs: Sequence[Pair], documents: int, measures: Sequence[str], *,
    times: int, seed: int, level: float,
) -> tuple[Difference, ...]:  # fmt: skip
    """The differences of pairs of curves, all by the same resamples of their documents."""
    np = package("numpy")
    chosen = [list(MEASURES).index(name) for name in measures]
    rows = sum(len(pair.first) + len(pair.other) for pair in pairs)

    def statistic(weights: "NDArray[Any]") -> "NDArray[Any]":
        both = ((p.first.measures(weights), p.other.measures(weights)) for p in pairs)
        return np.concatenate([first[chosen] - other[chosen] for first, other in both])

    drawn = None
    if documents >= FEWEST:
        drawn = resampled(statistic, documents, rows=rows, times=times, seed=seed)
    differences: list[Difference] = []
    for pair in pairs:
        values = [c.measures()[chosen].tolist() for c in (pair.first, pair.other)]
        own = len(np.unique(pair.first.document))
        for name, first, other in zip(measures, *values, strict=True):
            difference = measured(
                first - other, None if drawn is None else drawn[len(differences)], documents=own,
                level=level, reason="one of the two is not defined", is_biased=name == "ece",
            )  # fmt: skip
            first_value, other_value = (None if math.isnan(v) else v for v in (first, other))
            differences.append(
                Difference(
                    pair.group, name, pair.first_name, pair.other_name, first_value,
                    other_value, difference, _sentence(pair, name, difference),
                )
            )  # fmt: skip
    return tuple(differences)


def _sentence(pair: Pair, name: str, difference: Measured) -> str:
    measure, (value, low, high, reason) = MEASURES[name], difference
    both = f"{measure.title} of {pair.first_name} and {pair.other_name}"
    if value is None:
        return f"{both} cannot be compared: {reason}"
    if low is None or high is None:
        return f"{both} differs by {short(value)} ({reason})"
    by = f"{short(value)} [{short(low)}, {short(high)}]"
    if low <= 0 <= high:
        return f"{both}: no difference shows, {by}"
    word = "better" if value * measure.better > 0 else "worse"
    return f"{pair.first_name} is {word} than {pair.other_name}: difference of {measure.title} {by}"
