"""Regression: the maps of all fields at once, from judged values.

In:    confidences, fields and labels as arrays; the strength of the shrinkage.
Out:   the coefficients of ``CalibrationCurve``: first of the pool, then of each field.
Never: a decreasing map; a map that rests on the few labels of one field alone.
Why:   each field has few labels, so what fields have in common is learnt from all of them.

A ridge logistic regression with partial pooling. Row i of field f has the features
x = (1, log(2 q), -log(2 (1 - q))) of its softened confidence q; its log-odds of being right are
x . own[f]. The fit minimises

    sum of log losses (nats)
    + pooled / 2 * sum_k w_k (pool_k - identity_k)^2
    + own / 2 * sum_f sum_k w_k (own_fk - pool_k)^2

with both slopes of each field and of the pool at least ``FLATTEST``. So fields are shrunk to the
pool and the pool to doing nothing, (0, 1, 1). scikit-learn's LogisticRegression shrinks to 0 only
and has no bounds; scipy's L-BFGS-B (Byrd, Lu, Nocedal and Zhu, SIAM J. Sci. Comput. 1995) does the
work.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fieldconf.calibration.curve import SOFT
from fieldconf.statistics.packages import minimize, package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
    Codes: TypeAlias = NDArray[np.int64]

IDENTITY = (0.0, 1.0, 1.0)
"""The coefficients that change nothing."""
WEIGHTS = (1.0, 4.0, 4.0)
"""A slope that is half as far off as an intercept costs as much: log-odds of 2 are usual."""
FLATTEST = 1e-3
"""The least slope: flat to the eye, and the order of confidences stays."""


class Rows(NamedTuple):
    """Judged values, a row each.

    Attributes:
        features: a row of three for each value.
        field: the code of its field.
        right: 1.0 where it is right, else 0.0.
        document: the code of its document.
        fields: how many fields there are.
    """

    features: "Array"
    field: "Codes"
    right: "Array"
    document: "Codes"
    fields: int

    def where(self, mask: Any) -> "Rows":
        """The rows that a mask, or indexes, choose."""
        return Rows(
            self.features[mask], self.field[mask], self.right[mask], self.document[mask],
            self.fields,
        )  # fmt: skip


class Strengths(NamedTuple):
    """How strongly the pool's map is shrunk to doing nothing, and each field's to the pool's."""

    pooled: float
    own: float


def features_of(confidence: "Array") -> "Array":
    """The features (n, 3) of n confidences (0..1)."""
    np = package("numpy")
    ends = np.log(2 * (np.stack([confidence, 1 - confidence]) + SOFT) / (1 + 2 * SOFT))
    return np.stack([np.ones(len(confidence)), ends[0], -ends[1]], axis=1)


def log_losses(log_odds: "Array", right: "Array") -> "Array":
    """The log loss (nats) of each row: log(1 + exp(z)) - y z."""
    np = package("numpy")
    return np.logaddexp(0, log_odds) - right * log_odds


def log_odds(coefficients: "Array", rows: Rows) -> "Array":
    """The calibrated log-odds of rows by (fields + 1, 3) coefficients."""
    return (rows.features * coefficients[1:][rows.field]).sum(axis=1)


def fit(rows: Rows, strengths: Strengths) -> "Array":
    """The (fields + 1, 3) coefficients: the pool's, then each field's."""
    np, special = package("numpy"), package("scipy.special")
    weights, identity = np.array(WEIGHTS), np.array(IDENTITY)

    def loss(flat: Any) -> Any:
        table = flat.reshape(-1, 3)
        logit = log_odds(table, rows)
        shift, spread = table[0] - identity, table[1:] - table[0]
        total = log_losses(logit, rows.right).sum()
        total += strengths.pooled / 2 * weights @ shift**2
        total += strengths.own / 2 * (spread**2 @ weights).sum()
        slopes = (special.expit(logit) - rows.right)[:, None] * rows.features
        own = np.stack([np.bincount(rows.field, part, rows.fields) for part in slopes.T], axis=1)
        pull = strengths.own * weights * spread
        pool = strengths.pooled * weights * shift - pull.sum(axis=0)
        return total, np.vstack([pool, own + pull]).ravel()

    optimize = package("scipy.optimize")
    least = np.tile([-np.inf, FLATTEST, FLATTEST], rows.fields + 1)
    start = np.tile(identity, rows.fields + 1)
    result = minimize(
        loss, start, method="L-BFGS-B", bounds=optimize.Bounds(least),
        options={"maxiter": 1000},
    )  # fmt: skip
    return result.x.reshape(-1, 3)
