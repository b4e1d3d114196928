"""Fit: from labels to a ranker.

In:    reports and labels.
Out:   a ``Ranker``.
Never: a method, or a strength of the ridge, chosen on the documents that it was fitted on.
Why:   ``fc.fit_ranker`` is this function.
"""

from collections.abc import Iterable
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
    names = sorted({general(field.path) for field in fields.values()}) if by_field else []
    matrix: Array = np.asarray([
        [*numbers_of(field, chosen), *(float(general(field.path) == name) for name in names)]
        for field in fields.values()
    ])  # fmt: skip
    signs = [*(feature.sign for feature in chosen), *([0] * len(names))]
    folds = folds_of(table.document, seed)
    held_out = {ridge: _held_out(matrix, right, folds, signs, ridge) for ridge in RIDGES}
    ridge = min(RIDGES, key=lambda r: _log_loss(held_out[r], right))
    aurocs = {"rank": macro_auroc(held_out[ridge], right, table.field),
              "confidence": macro_auroc(table.confidence, right, table.field)}  # fmt: skip
    chosen_method, reason = _method(
        matrix, right, table.field, folds, signs, method, aurocs, documents
    )
    training_rows = TrainingRows(
        tuple(tuple(map(float, row)) for row in matrix), tuple(map(bool, table.right))
    )
    return Ranker(
        chosen_method,
        (*(feature.name for feature in chosen), *(FIELD_PREFIX + name for name in names)),
        fit_logistic(matrix, right, signs, ridge),
        training_rows if chosen_method == "boosting" else None,
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


def _method(
    matrix: "Array", right: "Array", field: "Integers", folds: "Integers", signs: list[int],
    method: str, aurocs: dict[str, float | None], documents: int,
) -> tuple[Method, str]:  # fmt: skip
    """The method, and why; ``aurocs`` then has that of the method as "rank"."""
    if method == "logistic" or (method == "auto" and documents < ENOUGH_FOR_TREES):
        return "logistic", f"labels of {documents} documents"
    np = package("numpy")
    scores = np.empty(len(right))
    for fold in range(FOLDS):
        own = folds == fold
        scores[own] = fit_trees(matrix[~own], right[~own], signs)(matrix[own])
    trees, plain = macro_auroc(scores, right, field), aurocs["rank"]
    is_better = trees is not None and plain is not None and trees > plain + _MARGIN
    if method == "boosting" or is_better:
        aurocs["rank"] = trees
        return "boosting", f"AUROC {trees or 0:.3f}, of a logistic regression {plain or 0:.3f}"
    return "logistic", f"AUROC {plain or 0:.3f}, of boosted trees {trees or 0:.3f}"


def _held_out(
    matrix: "Array", right: "Array", folds: "Integers", signs: list[int], ridge: float
) -> "Array":
    """Scores of each row by a regression on the other folds."""
    np = package("numpy")
    scores = np.empty(len(right))
    for fold in range(FOLDS):
        own = folds == fold
        model = fit_logistic(matrix[~own], right[~own], signs, ridge)
        scores[own] = logistic_scores(model, matrix[own])
    return scores


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
