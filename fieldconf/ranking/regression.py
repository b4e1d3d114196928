"""Regression: from features and labels to a score of each value.

In:    a matrix of features, labels (1.0 right, 0.0 wrong), documents.
Out:   weights of a logistic regression; or a function that boosted trees compute.
Never: a weight against a feature's sign; a number fitted and judged on the same document.
Why:   few labels, many features that say nearly the same: signs and a ridge keep it sane.

The logistic regression is ridge-penalised on standardised features, and weights have the signs of
their features (non-negative least squares has the same effect: Slawski & Hein 2013). scipy's
L-BFGS-B does the work, since scikit-learn's has no bounds. The trees are scikit-learn's
``HistGradientBoostingClassifier`` with the same signs as monotonic constraints.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fieldconf.statistics.packages import minimize, package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fieldconf.statistics.judged_table import Integers

    Array: TypeAlias = NDArray[np.float64]

RIDGES = (10.0, 100.0, 1000.0)
"""The strengths of the ridge that cross-validation chooses from."""
FOLDS = 5
FEWEST = 5
"""Right and wrong values that a field needs for an AUROC of its own."""


class Logistic(NamedTuple):
    """A logistic regression on standardised features.

    Attributes:
        centre, scale: what is subtracted from each feature, and what it is divided by.
        weights: log odds for each unit of a standardised feature.
        intercept: log odds of a value whose features are all at the centre.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def contributions(self, features: Sequence[float]) -> list[float]:
        """What each feature adds to the log odds."""
        rows = zip(features, self.centre, self.scale, self.weights, strict=True)
        return [weight * (x - centre) / scale for x, centre, scale, weight in rows]


def fit_logistic(
    features: "Array", right: "Array", signs: Sequence[int], ridge: float, weight: Any = None
) -> Logistic:
    """The weights that minimise the log loss plus ``ridge / 2 * sum(w ** 2)``, within the signs."""
    np = package("numpy")
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    x = (features - centre) / scale
    row_weight = np.ones(len(right)) if weight is None else weight

    def loss(w: Any) -> tuple[float, Any]:
        odds = w[0] + x @ w[1:]
        losses = np.logaddexp(0.0, odds) - right * odds
        slopes = row_weight * (1 / (1 + np.exp(-odds)) - right)
        gradient = np.concatenate([[slopes.sum()], x.T @ slopes + ridge * w[1:]])
        return float((row_weight * losses).sum() + ridge / 2 * (w[1:] @ w[1:])), gradient

    bounds = [(-20.0, 20.0), *((None if s <= 0 else 0.0, None if s >= 0 else 0.0) for s in signs)]
    solution = minimize(loss, np.zeros(x.shape[1] + 1), method="L-BFGS-B", bounds=bounds).x
    values = solution.tolist()
    return Logistic(tuple(centre.tolist()), tuple(scale.tolist()), tuple(values[1:]), values[0])


def logistic_scores(model: Logistic, features: "Array") -> "Array":
    """The probabilities (0..1) of a logistic regression, row by row."""
    np = package("numpy")
    x = (features - np.asarray(model.centre)) / np.asarray(model.scale)
    return 1 / (1 + np.exp(-np.clip(model.intercept + x @ np.asarray(model.weights), -30, 30)))


def fit_trees(
    features: "Array", right: "Array", signs: Sequence[int], weight: Any = None
) -> Callable[["Array"], "Array"]:
    """Boosted trees, as a function from rows of features to probabilities (0..1)."""
    ensemble = package("sklearn.ensemble")
    trees = ensemble.HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.08, max_leaf_nodes=8, min_samples_leaf=10,
        l2_regularization=1.0, monotonic_cst=list(signs), random_state=0,
    ).fit(features, right, sample_weight=weight)  # fmt: skip
    return lambda rows: trees.predict_proba(rows)[:, 1]


def folds_of(documents: "Integers", seed: int) -> "Integers":
    """The fold of each row; rows of one document are in one fold."""
    np = package("numpy")
    names, codes = np.unique(documents, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return (order % FOLDS)[codes]


def macro_auroc(score: "Array", right: "Array", field: "Integers") -> float | None:
    """The mean over fields of the AUROC of a score; None if no field has enough right and wrong.

    Rows whose score is NaN are left out.
    """
    np, metrics = package("numpy"), package("sklearn.metrics")
    values: list[float] = []
    for code in np.unique(field):
        rows = (field == code) & ~np.isnan(score)
        count = int(right[rows].sum())
        if min(count, int(rows.sum()) - count) >= FEWEST:
            values.append(float(metrics.roc_auc_score(right[rows], score[rows])))
    return sum(values) / len(values) if values else None
