"""Cross-validation: how strongly maps are shrunk, and whether they beat no calibration.

In:    judged values as rows.
Out:   the strengths, and the cross-validated log loss (nats) with and without the maps.
Never: a document in two folds; a map that does not beat no calibration by more than noise.
Why:   with few labels a map is mostly noise, and the raw number is better.

Each strength is the strongest whose loss is within ``NEAR`` standard errors of the least one's
(over documents; the rule of Breiman, Friedman, Olshen and Stone, 1984, has 1 for it). Doing nothing
counts as the strongest of all.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fieldconf.calibration.regression import (
    Rows,
    Strengths,
    fit,
    log_losses,
    log_odds,
)
from fieldconf.statistics.packages import package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

POOLED = (3.0, 30.0, 300.0)
OWN = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""The strengths that are tried."""
NEAR = 0.5
"""So many standard errors of a difference count as noise."""
FOLDS = 5
ENOUGH = 50_000
"""Strengths are chosen on about so many rows: with more labels they hardly matter."""


class CrossValidation(NamedTuple):
    """What cross-validation says.

    Attributes:
        strengths: those of the maps.
        fitted: the mean log loss (nats) of the maps on documents that they were not fitted on.
        identity: that of the confidences as they are (softened).
        is_better: whether the maps are better by more than noise.
    """

    strengths: Strengths
    fitted: float
    identity: float
    is_better: bool


def choose(rows: Rows, seed: int) -> CrossValidation:
    """The strengths for these rows, which have two documents at least."""
    np = package("numpy")
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(rows.document.max() + 1)[rows.document]
    rows = rows.where(np.argsort(shuffled, kind="stable")[:ENOUGH])
    folds = list(splits_of(rows.document, seed))

    @cache
    def losses(strengths: Strengths) -> "Array":
        """The log loss (nats) of each row by maps that were fitted without its document's fold."""
        out_of_fold = np.empty(len(rows.right))
        for train, test in folds:
            coefficients = fit(rows.where(train), strengths)
            inside = rows.where(test)
            out_of_fold[test] = log_losses(log_odds(coefficients, inside), inside.right)
        return out_of_fold

    owns = [Strengths(POOLED[0], own) for own in OWN]
    own = _strongest(owns, losses, rows).own
    pools = [Strengths(pooled, own) for pooled in POOLED]
    strengths = _strongest(pools, losses, rows)
    least = min([*owns, *pools], key=lambda tried: losses(tried).sum())
    identity = log_losses(rows.features[:, 1:].sum(axis=1), rows.right)
    return CrossValidation(
        strengths, float(losses(strengths).mean()), float(identity.mean()),
        not is_near(identity, losses(least), rows.document),
    )  # fmt: skip


def splits_of(document: Any, seed: int) -> Iterator[tuple[Any, Any]]:
    """The rows to fit on and those to test on, fold by fold; each document is in one fold.

    GroupKFold deals documents of one size in their order: they are shuffled first.
    """
    np, selection = package("numpy"), package("sklearn.model_selection")
    documents, codes = np.unique(document, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(len(documents))[codes]
    return selection.GroupKFold(min(FOLDS, len(documents))).split(codes, groups=shuffled)


def _strongest(
    strengths: Sequence[Strengths], losses: Callable[[Strengths], "Array"], rows: Rows
) -> Strengths:
    """The last of these that is as good as the best, but for noise."""
    best = min((losses(each) for each in strengths), key=lambda array: array.sum())
    return [each for each in strengths if is_near(losses(each), best, rows.document)][-1]


def is_near(losses: "Array", best: "Array", document: Any) -> bool:
    """Whether losses exceed others by at most some standard errors, over documents."""
    np = package("numpy")
    documents, codes = np.unique(document, return_inverse=True)
    differences = np.bincount(codes, losses - best)
    return bool(differences.sum() <= NEAR * np.sqrt(len(documents)) * differences.std())
