"""Curves: the rows of a group from the most confident to the least, and every measure of them.

In:    confidences, whether the values are right, and their documents.
Out:   ``RankedRows``; its ``measures`` for any weights of the documents.
Never: an order among equal confidences: rows of one confidence are accepted together, and a share
       of them has its share of their errors.
Why:   every measure of a ranking is computed from one curve, a thousand times for an interval.

N is the number of rows accepted, E that of the wrong ones among them, n and e those of all rows.
Values without a confidence are the last to be accepted, all at once; they count for no Brier score,
log loss, ECE or bias.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fieldconf.statistics.packages import package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fieldconf.statistics.judged_table import Booleans, Floats, Integers

COVERAGES = (0.5, 0.8, 0.9)
RISKS = (0.02, 0.05, 0.1)
REVIEWS = (0.1, 0.2, 0.3)
BINS = 15
CLIP = 1e-6
"""The log loss takes confidences nearer to 0 or 1 than this for this near."""


class Measure(NamedTuple):
    """A measure: a number for a group of rows.

    Attributes:
        title: what people call it.
        better: 1 if more is better, -1 if less is, 0 if what is near zero is.
        means: what it says.
        of_probability: whether it asks for scores that are probabilities.
    """

    title: str
    better: int
    means: str
    of_probability: bool = False


MEASURES: Mapping[str, Measure] = {
    "accuracy": Measure("accuracy", 1, "share of the values that are right"),
    "auroc": Measure("AUROC", 1, "chance that a right value has more confidence than a wrong one"),
    "augrc": Measure("AUGRC", -1, "share of all values that are wrong and accepted, mean over all "
                     "coverages (Traub et al. 2024): 0 to 0.5"),
    "aurc": Measure("AURC", -1, "share wrong of what is accepted, mean over all coverages"),
    **{
        f"risk_at_{100 * c:02.0f}": Measure(
            f"risk at {c:.0%}", -1, f"share wrong of the most confident {c:.0%}"
        )
        for c in COVERAGES
    },
    **{
        f"coverage_at_{100 * r:02.0f}": Measure(
            f"coverage at {r:.0%} risk", 1, f"largest share to accept of which {r:.0%} are wrong"
        )
        for r in RISKS
    },
    **{
        f"caught_at_{100 * r:02.0f}": Measure(
            f"caught at {r:.0%}", 1, f"share of the errors among the least confident {r:.0%}"
        )
        for r in REVIEWS
    },
    "brier": Measure("Brier", -1, "mean squared difference of confidence and rightness",
                     of_probability=True),
    "log_loss": Measure("log loss", -1, f"mean -log of the probability of what is (nats, clipped "
                        f"at {CLIP:g})", of_probability=True),
    "ece": Measure("ECE", -1, f"mean |confidence - accuracy| in {BINS} bins of equal mass",
                   of_probability=True),
    "bias": Measure("bias", 0, "mean confidence less accuracy", of_probability=True),
}  # fmt: skip
"""All measures, in the order in which ``RankedRows.measures`` gives them."""


@dataclasses.dataclass(frozen=True, eq=False)
class RankedRows:
    """Rows from the most confident to the least.

    Attributes:
        document: the document of each row.
        wrong: 1 for each row that is wrong, 0 for each that is right.
        confidence: of each row; NaN where none is known, at the end.
        ends: the last row of each run of equal confidences.
        bins: the first row of each of the 15 bins of equal mass among the known ones; equal
            confidences are in one bin, so that there may be fewer.
        known: so many rows have a confidence.
        is_probability: whether all of these are from 0 to 1.
        terms: of each of these, confidence less rightness, its square, and -log of the probability
            of what is.
    """

    document: "Integers"
    wrong: "Floats"
    confidence: "Floats"
    ends: "Integers"
    bins: "Integers"
    known_count: int
    is_probability: bool
    terms: tuple["Floats", ...]

    @classmethod
    def of(cls, document: "Integers", confidence: "Floats", right: "Booleans") -> "RankedRows":
        """The curve of some rows, in any order.

        >>> import numpy as np
        >>> curve = RankedRows.of(np.arange(4), np.array([.9, .1, .5, .5]), np.array([1, 0, 1, 0]))
        >>> curve.ends.tolist(), round(curve.measure("auroc"), 3), curve.measure("risk_at_50")
        ([0, 2, 3], 0.875, 0.25)
        """
        np = package("numpy")
        order = np.argsort(-confidence, kind="stable")  # NaN last
        ranked = confidence[order]
        count_known = len(ranked) - int(np.isnan(ranked).sum())
        changes = np.flatnonzero(ranked[1:count_known] != ranked[: max(count_known - 1, 0)])
        last = [[count_known - 1]] * (count_known > 0) + [[len(ranked) - 1]] * (
            count_known < len(ranked)
        )
        ends = np.concatenate([changes, *last]).astype(np.int64)
        is_probability = count_known > 0 and bool(ranked[0] <= 1 and ranked[count_known - 1] >= 0)
        wrong = 1.0 - np.asarray(right, dtype=np.float64)[order]
        gap = ranked[:count_known] - (1 - wrong[:count_known])
        sure = np.clip(1 - np.abs(gap), CLIP, 1 - CLIP)  # the probability of what is
        terms = (gap, gap * gap, -np.log(sure)) if is_probability else ()
        last_known = ends[ends < count_known]
        starts = np.concatenate([[0], last_known + 1])[:-1]
        # A run of equal confidences is in the bin in which its middle is.
        numbers = (starts + last_known + 1) * BINS // (2 * max(count_known, 1))
        bins = starts[np.diff(numbers, prepend=-1) != 0]
        return cls(document[order], wrong, ranked, ends, bins, count_known, is_probability, terms)

    def __len__(self) -> int:
        return len(self.wrong)

    def measure(self, name: str) -> float:
        """One measure of the rows as they are; NaN where there is none."""
        return float(self.measures()[list(MEASURES).index(name)])

    def measures(self, weights: "NDArray[np.float64] | None" = None) -> "NDArray[np.float64]":
        """All measures, in the order of ``MEASURES``; NaN where one is not defined.

        * AUGRC (Traub et al. 2024, "Overcoming common flaws in the evaluation of selective
          classification systems"): the integral of E / n over N / n, by trapezoids;
        * AUROC (Hanley and McNeil 1982): ``1 - (n^2 * AUGRC - e^2 / 2) / (e * (n - e))``, which is
          the same area, ties counted half;
        * AURC (Geifman et al. 2019, "Bias-reduced uncertainty estimation"): the mean of E / N over
          the rows, each at its own confidence;
        * risk at coverage c: E / N at N = c * n; caught at r: 1 - E / e at N = (1 - r) * n;
        * coverage at risk r: the largest N / n with E <= r * N that a cut can reach;
        * Brier (1950): mean of (p - right)^2; log loss: mean of -log p of what is;
        * ECE (Naeini et al. 2015), in bins of equal mass: sum over the bins of their share times
          ``|mean confidence - accuracy|``.

        Args:
            weights: of each document, along the last axis; by default 1 each.

        Returns:
            The measures along the first axis, then the other axes of ``weights``.
        """
        np = package("numpy")
        w = np.ones((1, len(self))) if weights is None else weights[..., self.document]
        shape = w.shape[:-1] if weights is not None else ()
        w = w.reshape(-1, len(self))
        steps = w, w * self.wrong
        accepted, wrong = (np.cumsum(step, axis=-1) for step in steps)
        total_accepted = accepted[:, self.known_count - 1] if self.known_count else np.zeros(len(w))
        if len(self.ends) < len(self):
            accepted, wrong = accepted[:, self.ends], wrong[:, self.ends]
            steps = tuple(np.diff(curve, axis=-1, prepend=0) for curve in (accepted, wrong))
        with np.errstate(divide="ignore", invalid="ignore"):
            ranking = self._ranking(accepted, wrong, steps, total_accepted)
            values = [np.full_like(total_accepted, np.nan)] * 4
            if self.is_probability:
                known_weights = w[:, : self.known_count]
                gap, squared, surprise = self.terms
                gaps = np.add.reduceat(known_weights * gap, self.bins, axis=-1)
                sums = [
                    _dot(known_weights, squared),
                    _dot(known_weights, surprise),
                    np.abs(gaps).sum(axis=-1),
                ]
                values = [total / total_accepted for total in (*sums, gaps.sum(axis=-1))]
            values = np.stack([*ranking, *values])
        return values.reshape(-1, *shape)

    def _ranking(self, accepted: Any, wrong: Any, steps: Any, total_accepted: Any) -> Sequence[Any]:
        """The measures that are read off the curve; ``known`` rows have a confidence."""
        np = package("numpy")
        n, e = accepted[:, -1], wrong[:, -1]
        accuracy = 1 - e / n
        if not self.known_count:
            return [accuracy, *[np.full_like(n, np.nan)] * (len(MEASURES) - 5)]
        area = _dot(steps[0], wrong) - _dot(*steps) / 2  # trapezoids
        auroc = 1 - (area - e * e / 2) / (e * (n - e))
        risks = np.divide(wrong, accepted, out=np.zeros_like(wrong), where=accepted > 0)
        at = np.stack([*(c * n for c in COVERAGES), *((1 - r) * n for r in REVIEWS)], axis=-1)
        interpolated = _interpolated(accepted, wrong, at)
        covered = [
            np.where(total_accepted >= c * n - 1e-9, interpolated[:, i] / at[:, i], np.nan)
            for i, c in enumerate(COVERAGES)
        ]
        cuts = accepted.shape[-1] - (self.known_count < len(self))
        reached = [_last(risks[:, :cuts] <= r + 1e-12, accepted) / n for r in RISKS]
        caught = [1 - interpolated[:, len(COVERAGES) + i] / e for i in range(len(REVIEWS))]
        aurc = _dot(steps[0], risks) / n
        return [accuracy, auroc, area / (n * n), aurc, *covered, *reached, *caught]

    def perfect_ece(self, rng: Any, times: int) -> "NDArray[np.float64]":
        """The ECE that a perfect score shows on so many rows, several times, sorted.

        Labels are drawn from the confidences themselves, each row for itself.
        """
        np = package("numpy")
        p = self.confidence[: self.known_count]
        drawn = [
            np.abs(np.add.reduceat(p - (rng.random(self.known_count) < p), self.bins)).sum()
            / self.known_count
            for _ in range(times)
        ]
        return np.sort(drawn)


def _dot(first: Any, second: Any) -> Any:
    return package("numpy").einsum("...i,...i->...", first, second)


def _last(reached: Any, accepted: Any) -> Any:
    """How many are accepted at the last cut that is reached; 0 if none is."""
    np = package("numpy")
    last = reached.shape[-1] - 1 - np.argmax(reached[:, ::-1], axis=-1)
    totals = accepted[np.arange(len(accepted)), last]
    return np.where(reached[np.arange(len(accepted)), last], totals, 0.0)


def _interpolated(accepted: Any, wrong: Any, at: Any) -> Any:
    """E at some N, linear between the cuts, for each row of these."""
    np = package("numpy")
    interpolated = np.stack(
        [np.interp(x, n, e) for n, e, x in zip(accepted, wrong, at, strict=True)]
    )
    first = accepted[:, :1]
    return np.where(at < first, wrong[:, :1] * at / first, interpolated)
