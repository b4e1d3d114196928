"""Prior: fits how the members of enums and booleans are moved, from labels.

In:    judged values with their distributions and right values.
Out:   ``Members`` by the name of a field.
Never: members moved if that is not better on documents outside the fit.
Why:   models prefer some members; the labels show how often each is right.

In the rows of one field, P(m) is in proportion to q(m) ** slope * exp(bias(m)) (``Members``). The
fit minimises

    sum of -log P(right member) + strength / 2 * (sum of biases squared + 4 (slope - 1)^2)

with the slope at least ``FLATTEST``, by scipy's L-BFGS-B. The strength is chosen by
cross-validation over documents, as in ``cross_validation``.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from fieldconf.calibration.applying import own_member
from fieldconf.calibration.cross_validation import is_near, splits_of
from fieldconf.calibration.curve import SOFT
from fieldconf.calibration.members import Members
from fieldconf.calibration.regression import FLATTEST, WEIGHTS
from fieldconf.parsing.kinds import same
from fieldconf.statistics.packages import minimize, package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fieldconf.evaluation.judged import Detail
    from fieldconf.statistics.judged_table import Table

    Array: TypeAlias = NDArray[np.float64]

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)
FEWEST = 10
"""With fewer labelled values of a field its members stay."""


class _Field(NamedTuple):
    """The rows of a field: the log probabilities (n, members), which is right, the documents."""

    values: tuple[Any, ...]
    logs: "Array"
    right: Any
    document: Any


def members_of(table: "Table", details: Sequence["Detail"], seed: int) -> dict[str, Members]:
    """How the members of each field are moved; fields whose members stay are left out."""
    members: dict[str, Members] = {}
    rows: dict[int, list[int]] = {}
    for row, detail in enumerate(details):
        field = detail.field
        if (
            field is not None and field.distribution is not None
            and field.distribution.rest is None and own_member(field) is not None
            and len(field.distribution.candidates) > 1
        ):  # fmt: skip
            rows.setdefault(int(table.field[row]), []).append(row)
    for code, row_list in rows.items():
        of_field = _field([details[row] for row in row_list], table.document[row_list])
        moved = None if of_field is None else _fitted(of_field, seed)
        if moved is not None:
            members[table.fields[code]] = moved
    return members


def _field(details: Sequence["Detail"], document: Any) -> _Field | None:
    np = package("numpy")
    values: list[Any] = []
    for detail in details:
        for member in detail.field.distribution.candidates:  # pyright: ignore[reportOptionalMemberAccess]
            if not any(same(member.value, value) for value in values):
                values.append(member.value)
    shares: list[list[float]] = []
    right: list[int] = []
    usable: list[int] = []
    for row, detail in enumerate(details):
        candidates = detail.field.distribution.candidates  # pyright: ignore[reportOptionalMemberAccess]
        true = [at for at, value in enumerate(values) if same(value, detail.truth)]
        if not true or not detail.is_truth_known or len(candidates) != len(values):
            continue  # no member is known to be right, or variants of a union have other members
        shares.append([next(m.probability for m in candidates if same(m.value, v)) for v in values])
        right.append(true[0])
        usable.append(row)
    if len(usable) < FEWEST or len(set(document[usable].tolist())) < 2:
        return None
    soft = (np.array(shares) + SOFT) / (1 + len(values) * SOFT)
    codes = np.unique(document[usable], return_inverse=True)[1]
    return _Field(tuple(values), np.log(soft), np.array(right), codes)


def _losses(flat: Any, logs: "Array", right: Any) -> Any:
    """The log loss (nats) of each row, and the probabilities of all members."""
    np, special = package("numpy"), package("scipy.special")
    logits = flat[0] * logs + flat[1:]
    shares = special.log_softmax(logits, axis=1)
    return -shares[np.arange(len(right)), right], np.exp(shares)


def _fit(logs: "Array", right: Any, strength: float) -> Any:
    np, optimize = package("numpy"), package("scipy.optimize")
    count = logs.shape[1]
    start = np.concatenate([[1.0], np.zeros(count)])
    weights = strength * np.concatenate([[WEIGHTS[1]], np.ones(count)])
    hits = np.eye(count)[right]

    def loss(flat: Any) -> Any:
        each, shares = _losses(flat, logs, right)
        gap, shift = shares - hits, flat - start
        slopes = np.concatenate([[(gap * logs).sum()], gap.sum(axis=0)])
        return each.sum() + weights @ shift**2 / 2, slopes + weights * shift

    least = np.full(count + 1, -np.inf)
    least[0] = FLATTEST
    return minimize(loss, start, method="L-BFGS-B", bounds=optimize.Bounds(least)).x


def _fitted(field: _Field, seed: int) -> Members | None:
    """How the members are moved; None where they are to stay."""
    np = package("numpy")
    folds = list(splits_of(field.document, seed))

    def losses(strength: float) -> Any:
        of_rows = np.empty(len(field.right))
        for train, test in folds:
            flat = _fit(field.logs[train], field.right[train], strength)
            of_rows[test] = _losses(flat, field.logs[test], field.right[test])[0]
        return of_rows

    tried: Mapping[float, Any] = {strength: losses(strength) for strength in STRENGTHS}
    best = min(tried.values(), key=lambda each: each.sum())
    stays = -field.logs[np.arange(len(field.right)), field.right]
    if is_near(stays, best, field.document):
        return None
    strength = max(each for each in tried if is_near(tried[each], best, field.document))
    slope, *biases = _fit(field.logs, field.right, strength).tolist()
    return Members(field.values, tuple(biases), slope)
