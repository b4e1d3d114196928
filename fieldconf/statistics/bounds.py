"""Bounds: how likely so few errors are if the risk is as high as is allowed.

In:    the sums at each cut; the risk (0..1) that is allowed.
Out:   a p-value for each cut; the upper bound on the risk at a cut.
Never: rows of one document counted as if they were independent.
Why:   the errors of a document come together, and what is accepted is a share of it.
"""

import math
from typing import TYPE_CHECKING, Any

from fieldconf.statistics.cuts import Cuts
from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.packages import package

if TYPE_CHECKING:
    from fieldconf.statistics.judged_table import Floats

_BETS = [0.999 * 0.7**power for power in range(12)]


def effective(
    cuts: Cuts, risk: float, level: float, times: float = 1.0, at: Any = slice(None)
) -> "Floats":
    """How many independent labels the accepted ones of each cut are worth.

    n / deff, where deff is 1 + (m - 1) rho: m is the mean size of the document of an accepted row,
    rho the correlation of errors within documents, by the variance of the ratio of two totals over
    documents (Kish 1965). Few errors say little of rho: as if one document more were wrong as a
    whole, its estimate is drawn towards 1, so that without an error documents are counted, not
    rows; and it is taken to be no smaller than at the lowest cut that has at most the allowed risk.
    For few documents, n is also smaller by (t(n - 1) / t(documents - 1)) squared, the quantiles of
    Student's t at the level (Korn and Graubard 1998). Where no document has two accepted rows it is
    their number. With ``times``: were there so many times as many documents; with ``at``: at these
    cuts.
    """
    np, special = package("numpy"), package("scipy.special")
    accepted, documents = cuts.accepted, np.maximum(cuts.documents, 2)
    share = cuts.wrong / accepted
    squares = cuts.wrong_squares - 2 * share * cuts.products + share**2 * cuts.squares
    variance = accepted * share * (1 - share)
    more = cuts.squares / accepted - 1
    is_known = (more > 0) & (variance > 0) & (cuts.documents > 1)
    ratio = documents / (documents - 1) * squares / np.where(is_known, variance, 1)
    rho = np.where(is_known, (ratio - 1) / np.where(is_known, more, 1), 0).clip(0, 1)
    weight = times * cuts.wrong_documents
    rho = (weight * rho + 1) / (weight + 1)
    allowed = np.flatnonzero(share <= risk)
    rho = np.maximum(rho, rho[allowed[-1] if len(allowed) else -1])
    accepted, documents, more = accepted[at], documents[at], more[at]
    many, few = (
        special.stdtrit(np.maximum(times * n - 1, 1), 1 - level) for n in (accepted, documents)
    )
    shrunk = accepted / (1 + more * rho[at]) * np.minimum(many / few, 1) ** 2
    return np.where(more > 0, shrunk, accepted) * times


def binomial(wrong: Any, labels: Any, risk: float) -> Any:
    """The chance of at most so many errors at a risk, which need not be whole numbers.

    Clopper and Pearson's test (1934), by the regularised incomplete beta function.

    >>> round(float(binomial(0, 44, 0.1)), 5) == round(0.9**44, 5)
    True
    """
    np, special = package("numpy"), package("scipy.special")
    right = np.asarray(labels - wrong, dtype=float)
    chance = special.betainc(np.maximum(right, 1e-9), np.asarray(wrong) + 1.0, 1 - risk)
    return np.where(right > 0, chance, 1.0)


def binomial_bound(wrong: float, labels: float, level: float) -> float:
    """The upper bound on the risk (0..1): Clopper and Pearson's, one-sided.

    >>> round(binomial_bound(0, 44, 0.01), 4)
    0.0994
    """
    if wrong >= labels:
        return 1.0
    return float(package("scipy.special").betaincinv(wrong + 1, labels - wrong, 1 - level))


def capitals(table: Table, cuts: Cuts, risk: float, most: int) -> "Floats":
    """The logarithms (nats) of what bets against a risk above ``risk`` win: a row for each bet.

    With z_i = w_i - risk a_i of document i, a risk above the allowed one is a mean of z above 0.
    Against that, the capital of a bet b, the product of 1 - b z_i over documents, has a mean of at
    most 1 while 0 <= b <= 1 / (most (1 - risk)); however few the documents are, and however their
    errors come together (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random
    variables by betting", section 4).

    Args:
        table: the rows.
        cuts: their cuts, a column for each.
        risk: the allowed one.
        most: how many rows a document has at most, in the population too.
    """
    np = package("numpy")
    before = cuts.wrong_before - risk * cuts.accepted_before
    after = before + (1.0 - table.right[cuts.order]) - risk
    bets = [share / (most * (1 - risk)) for share in _BETS]
    return np.stack(
        [np.cumsum(np.log1p(-bet * after) - np.log1p(-bet * before))[cuts.ends] for bet in bets]
    )


def betting(capital: Any) -> Any:
    """The p-value of bets: 1 over their mean capital, by Markov's inequality.

    The mean over bets that are fixed before makes the order of documents irrelevant.
    """
    np, special = package("numpy"), package("scipy.special")
    return np.exp(np.minimum(math.log(len(capital)) - special.logsumexp(capital, axis=0), 0))
