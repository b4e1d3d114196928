"""Fit: from labels to a ranker.

In:    reports and labels.
Out:   a ``Ranker``.
Never: a method, or a strength of the ridge, chosen on the documents that it was fitted on.
Why:   ``fc.fit_ranker`` is this function.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from fieldconf.calibration.calibrate import reports_of
from fieldconf.calibration.calibrator import scope_of
from fieldconf.errors import CalibrationError
from fieldconf.evaluation.judged import judged
from fieldconf.paths import general
from fieldconf.ranking.features import Group, features_of, numbers_of
from fieldconf.ranking.ranker import FIELD_PREFIX, Method, Ranker, TrainingRows
from fieldconf.ranking.regression import (
    FOLDS,
    RIDGES,
    fit_logistic,
    fit_trees,
    folds_of,
    logistic_scores,
    macro_auroc,
)
from fieldconf.statistics.packages import package

if TYPE_CHECKING:
    from fieldconf.ranking.regression import Array
    from fieldconf.statistics.judged_table import Integers

FEWEST_DOCUMENTS = 20
"""With fewer labelled documents nothing is fitted."""
ENOUGH_FOR_TREES = 300
"""Documents from which boosted trees are tried."""
_MARGIN = 0.005
"""Boosted trees are chosen if their AUROC is higher by more than this."""


def fit_ranker(
    source: Any,
    labels: Any,
    *,
    features: Iterable[Group] | Literal["all"] = "all",
    method: Method | Literal["auto"] = "auto",
    by_field: bool = True,
    seed: int = 0,
) -> Ranker:
    """Fit a score that ranks values by all that is known of them.

    It reads the logprobs, whether a value stands in the source, whether the source has something
    that a null field could have held, whether a value breaks the schema, and further readings and
    samples. Reports that were located (``locate=True``) rank better than others: see
    ``docs/ranking.md`` for what each group of features gains.

    Args:
        source: reports, or results of ``extract_many``, as in ``calibrate``.
        labels: ``fc.labels(...)``, or what they are made of.
        features: "all", or some of the groups "logprobs", "source", "null", "validators",
            "readings".
        method: "logistic": a regression whose weights have plain signs, from about 100 documents
            on. "boosting": trees, from about 300 on. "auto": the trees where they are better on
            documents that they were not fitted on.
        by_field: whether each field has an intercept of its own. Say False to use the ranker for
            answers of other schemas.
        seed: of the folds. The same seed gives the same numbers.

    Returns:
        A ``Ranker``: call it with a report, and sort by ``field.rank``.

    Raises:
        CalibrationError: if there are too few labels, if all values are right or all are wrong, or
            if there is no such group or method.
        EvaluationError: if the source or the labels cannot be read.
        MissingPackageError: if the extra "calibrate" is not installed.

    >>> import fieldconf as fc
    >>> from fieldconf.testing import Answer, FakeClient
    >>> answers = [Answer({"team": "sales"}, {"team": 0.5 + n / 100}) for n in range(40)]
    >>> client, schema = FakeClient(*answers), {"properties": {"team": {"enum": ["sales", "it"]}}}
    >>> reports = {n: fc.extract(schema, "?", client=client, model="m") for n in range(40)}
    >>> labels = [{"document": n, "value": {"team": "sales" if n > 20 else "it"}}
    ...           for n in range(40)]
    >>> ranker = fit_ranker(reports, labels)
    >>> ranker.method, ranker(reports[39])["team"].rank > ranker(reports[0])["team"].rank
    ('logistic', True)
    """
    chosen = features_of(features)
    rows = judged(source, labels)
    np = package("numpy")
    fields = {
        row: detail.field for row, detail in enumerate(rows.details) if detail.field is not None
    }
    table = rows.table.where(np.asarray([*fields], dtype=np.int64))
    right = table.right.astype(float)
    documents = len(np.unique(table.document))
    _check(documents, right, method)
    own_names = [general(field.path) for field in fields.values()]
    names = sorted(set(own_names)) if by_field else []
    matrix: Array = np.asarray([
        [*numbers_of(field, chosen), *(float(own == name) for name in names)]
        for field, own in zip(fields.values(), own_names, strict=True)
    ])  # fmt: skip
    signs = [*(feature.sign for feature in chosen), *([0] * len(names))]
    folds = folds_of(table.document, seed)
    held_out = {
        ridge: _held_out(matrix, right, folds, partial(_logistic, signs, ridge)) for ridge in RIDGES
    }
    ridge = min(RIDGES, key=lambda r: _log_loss(held_out[r], right))
    auroc, chosen_method = macro_auroc(held_out[ridge], right, table.field), "logistic"
    reason = f"labels of {documents} documents"
    if method == "boosting" or (method == "auto" and documents >= ENOUGH_FOR_TREES):
        scores = _held_out(matrix, right, folds, partial(fit_trees, signs=signs))
        trees = macro_auroc(scores, right, table.field)
        reason = f"AUROC {auroc or 0:.3f}, of boosted trees {trees or 0:.3f}"
        is_better = trees is not None and auroc is not None and trees > auroc + _MARGIN
        if method == "boosting" or is_better:
            reason = f"AUROC {trees or 0:.3f}, of a logistic regression {auroc or 0:.3f}"
            auroc, chosen_method = trees, "boosting"
    aurocs = {
        "rank": auroc, "confidence": macro_auroc(table.confidence, right, table.field),
    }  # fmt: skip
    return Ranker(
        chosen_method,
        (*(feature.name for feature in chosen), *(FIELD_PREFIX + name for name in names)),
        fit_logistic(matrix, right, signs, ridge),
        TrainingRows.of(matrix, table.right) if chosen_method == "boosting" else None,
        _common_scope(source), {n: v for n, v in aurocs.items() if v is not None},
        len(right), documents, reason,
    )  # fmt: skip


def _check(documents: int, right: "Array", method: str) -> None:
    if method not in ("auto", "logistic", "boosting"):
        raise CalibrationError(
            f"there is no method {method!r}", remedy="Use 'auto', 'logistic' or 'boosting'"
        )
    if documents < FEWEST_DOCUMENTS:
        raise CalibrationError(
            f"labels of {documents} documents are too few to fit a ranker",
            remedy=f"Label at least {FEWEST_DOCUMENTS}; about 100 are needed for a good one",
        )
    if right.all() or not right.any():
        raise CalibrationError(
            f"all {len(right):,} labelled values are {'right' if right.all() else 'wrong'}",
            remedy="Label more: a ranker is fitted on values of both kinds",
        )


def _held_out(
    matrix: "Array", right: "Array", folds: "Integers",
    fit: Callable[["Array", "Array"], Callable[["Array"], "Array"]],
) -> "Array":  # fmt: skip
    """Scores of each row by what was fitted on the other folds."""
    scores = package("numpy").empty(len(right))
    for fold in range(FOLDS):
        own = folds == fold
        scores[own] = fit(matrix[~own], right[~own])(matrix[own])
    return scores


def _logistic(
    signs: list[int], ridge: float, matrix: "Array", right: "Array"
) -> Callable[["Array"], "Array"]:
    return partial(logistic_scores, fit_logistic(matrix, right, signs, ridge))


def _log_loss(scores: "Array", right: "Array") -> float:
    np = package("numpy")
    clipped = np.clip(scores, 1e-9, 1 - 1e-9)
    return float(-np.mean(right * np.log(clipped) + (1 - right) * np.log1p(-clipped)))


def _common_scope(source: Any) -> dict[str, str]:
    """What all reports say of who was asked and how; nothing where they differ."""
    scopes = [scope_of(report) for report in reports_of(source)]
    if not scopes:
        return {}
    values = {name: {scope.get(name, "") for scope in scopes} for name in scopes[0]}
    if any(len(seen) > 1 for seen in values.values()):
        return {}
    return {name: min(seen) for name, seen in values.items() if min(seen)}
