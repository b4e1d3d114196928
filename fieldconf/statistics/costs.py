"""Costs: the cheapest cut, and the costs of each cut.

In:    a ``Table``; the cost of a wrong value that is accepted, and of a review.
Out:   ``Costs``: the cheapest cut with its interval, and the curve.
Never: another unit than that of the costs given; a curve without the option to accept nothing.
Why:   if errors have a price, the cut follows from it.
"""

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple

from fieldconf.errors import EvaluationError, PolicyError
from fieldconf.statistics.cuts import cuts_of
from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.packages import package
from fieldconf.statistics.resampling import FEWEST, resampled, times_for

_MOST_POINTS = 500  # of the curve


class Larger(NamedTuple):
    """A larger model that answers what is not accepted.

    Attributes:
        price: of one value, in the unit of the costs.
        accuracy: which share (0..1) of its answers to these values is right.
    """

    price: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Point:
    """What one cut leads to; costs are means per labelled value.

    Attributes:
        cut: from this confidence (0..1) on values are accepted; None: none is.
        coverage: the share (0..1) that is accepted.
        errors: the share of all values that is accepted and wrong.
        review: the cost, if what is not accepted is reviewed.
        larger: the cost, if a larger model answers it; None where there is none.
    """

    cut: float | None
    coverage: float
    errors: float
    review: float
    larger: float | None


@dataclass(frozen=True, slots=True)
class Costs:
    """What accepting costs, by cut; costs are means per labelled value.

    Attributes:
        best: the cheapest point; of several the one that accepts least.
        route: what is cheaper for what is not accepted: "review" or "larger".
        low, high: the interval (95 %) of the cheapest cut, by drawing documents; ``math.inf``
            where nothing is accepted, None where it is not known.
        reason: why there is no interval; empty if there is one.
        curve: from accepting nothing to accepting all that has a confidence; of more than 500
            cuts, as many that are evenly spread.
        labels, documents: how many values were labelled, in how many documents.
    """

    best: Point
    route: Literal["review", "larger"]
    low: float | None
    high: float | None
    reason: str
    curve: tuple[Point, ...] = field(repr=False)
    labels: int
    documents: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; "nothing" for an end of the interval that accepts nothing."""
        plain = asdict(self)
        ends = {
            name: "nothing" if plain[name] == math.inf else plain[name] for name in ("low", "high")
        }
        return {**plain, **ends, "curve": list(plain["curve"])}


def costs_of(
    source: Any, *, wrong: float, review: float, larger: tuple[float, float] | None = None,
    seed: int = 0,
) -> Costs:  # fmt: skip
    """The costs of all cuts of a table, see ``Policy.cheapest``.

    A cut costs, per labelled value, wrong W + b (N - A), all over N: of N values it accepts A, of
    which W are wrong, and b is what one that is not accepted costs: a review; or, with a larger
    model, its price and its own errors, price + wrong (1 - accuracy).

    Raises:
        EvaluationError: if it is no table, or has no rows.
        PolicyError: if a cost is negative or no number.

    >>> rows = [{"document": n, "field": "/a", "confidence": c, "right": c > 0.5}
    ...         for n, c in enumerate([0.9, 0.8, 0.4, 0.3] * 5)]
    >>> costs = costs_of(rows, wrong=10, review=1)
    >>> costs.best.cut, costs.best.review, costs.curve[0].review, costs.curve[-1].review
    (0.8, 0.5, 1.0, 5.0)
    """
    prices = {"wrong": wrong, "review": review}
    if larger is not None:
        larger = Larger(*larger)
        prices |= {"larger price": larger.price, "larger accuracy": larger.accuracy}
    for name, value in prices.items():
        most = 1 if name == "larger accuracy" else math.inf
        if isinstance(value, bool) or not 0 <= value <= most or math.isinf(value):
            raise PolicyError(f"{name} {value!r} is no cost", remedy="Give such as wrong=10")
    table = Table.read(source)
    if not len(table):
        raise EvaluationError("no row has a label", column="right", remedy="Give some")
    np, cuts = package("numpy"), cuts_of(table)
    below = {"review": review}
    if larger is not None:
        below["larger"] = larger.price + wrong * (1 - larger.accuracy)
    route: Literal["review", "larger"] = "larger" if min(below.values()) < review else "review"
    accepted, errors = (np.r_[0.0, sums] / len(table) for sums in (cuts.accepted, cuts.wrong))
    cost = {name: wrong * errors + price * (1 - accepted) for name, price in below.items()}
    best = int(np.argmin(cost[route]))
    chosen = np.unique(np.r_[best, np.linspace(0, len(cuts), _MOST_POINTS).astype(int)])

    def point(number: int) -> Point:
        return Point(
            float(cuts.cut[number - 1]) if number else None,
            float(accepted[number]), float(errors[number]), float(cost["review"][number]),
            float(cost["larger"][number]) if larger is not None else None,
        )  # fmt: skip

    low, high, reason, documents = _interval(table, wrong, below[route], seed)
    return Costs(
        point(best), route, low, high, reason, tuple(map(point, chosen.tolist())), len(table),
        documents,
    )  # fmt: skip


def _interval(
    table: Table, wrong: float, below: float, seed: int
) -> tuple[float | None, float | None, str, int]:
    """The interval of the cheapest cut, why there is none, and how many documents there are."""
    np, cuts = package("numpy"), cuts_of(table)
    documents = sorted(np.unique(table.document).tolist(), key=lambda n: repr(table.documents[n]))
    if len(documents) < FEWEST:
        return None, None, f"{len(documents)} documents, fewer than {FEWEST}", len(documents)
    place = np.zeros(len(table.documents), dtype=int)
    place[documents] = np.arange(len(documents))  # the order of rows is no part of the draw
    document = place[table.document[cuts.order]]
    levels = np.r_[np.inf, cuts.cut]
    gains = below - wrong * (1.0 - table.right[cuts.order])  # of accepting a row

    def cheapest(weights: Any) -> Any:
        gained = np.cumsum(weights[..., document] * gains, axis=-1)[..., cuts.ends]
        gained = np.concatenate([np.zeros((*gained.shape[:-1], 1)), gained], axis=-1)
        return levels[np.argmax(np.round(gained, 9), axis=-1)][None]

    drawn = resampled(
        cheapest, len(documents), rows=len(table), times=times_for(len(table)), seed=seed
    )
    low, high = np.quantile(drawn[0], [0.025, 0.975], method="inverted_cdf").tolist()
    return low, high, "", len(documents)
