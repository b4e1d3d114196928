"""Sequential tests: evidence that may be looked at after every document.

In:    the numbers of values and of wrong values of each document, in the order of arrival.
Out:   the logarithm (nats) of a wealth after each document.
Never: a bet that depends on the document it is placed on, or on a later one.
Why:   late labels come one by one, and a test for a fixed sample must be looked at only once.

A bet of size b on document i multiplies the wealth by ``1 + b z_i``. Under the null hypothesis the
mean of z_i is at most 0, so the wealth is a non-negative supermartingale that starts at 1. By
Ville's inequality (1939) the chance that it ever reaches 1 / alpha is at most alpha. Several fixed
bets share the wealth equally; their mean is such a process too (Waudby-Smith and Ramdas 2024,
"Estimating means of bounded random variables by betting", section 4). The values of a document may
be as dependent as they like: only documents are factors.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fieldconf.statistics.packages import package

if TYPE_CHECKING:
    from fieldconf.statistics.judged_table import Floats

BETS = tuple(4 * 0.6**power for power in range(9))
"""The best bet against a risk r, where the risk is q, is about (q - r) / r, less if errors come
together: .07 to 4 are a rise by 7 % to a fivefold one, and a grid this fine loses little."""
_BOLDEST = 0.5
"""A single document loses at most this share of a bet's wealth."""
_CELLS = 500
"""Into which the range of an unknown error rate is cut."""


def risk_wealth(wrong: Any, values: Any, risk: float, most: int) -> "Floats":
    """The log wealth after each document, against "the share of wrong values is at most ``risk``".

    The share is that of all values of all documents: z_i = wrong_i - risk * values_i.

    Args:
        wrong: how many values of each document are wrong.
        values: how many it has.
        risk: 0..1, exclusive.
        most: how many values a document has at most; up to twice as many do no harm.

    >>> wealth = risk_wealth([0] * 9 + [1] * 9, [1] * 18, risk=0.1, most=1)
    >>> [round(float(each), 1) for each in wealth[[8, 17]]]
    [-0.6, 7.2]
    """
    np = package("numpy")
    gains = np.asarray(wrong, dtype=float) - risk * np.asarray(values, dtype=float)
    bets = np.minimum(BETS, _BOLDEST / (risk * most))
    logs = np.cumsum(np.log1p(np.outer(bets, gains)), axis=1)
    return _log_mean(logs)


def rise_wealth(
    wrong: Any, values: Any, reference: Iterable[tuple[int, int, int]], rise: float, most: int
) -> "Floats":
    """The log wealth against "the share of wrong values rose by at most ``rise``".

    The share before is not known; there is a labelled sample of it. For each share s that it may
    have been, the evidence is the product of two wealths: one bets on the sample against "it was s
    or more", the other on the documents against "it is now at most s + rise". At the true s both
    are bets against a true hypothesis, so the least product over all s never exceeds a
    supermartingale that starts at 1 in expectation, and Ville's inequality holds. All s are
    covered: in a cell of the grid the first wealth is taken at the lower end and the second at the
    upper one, where they are smallest.

    Args:
        wrong: how many values of each document are wrong.
        values: how many it has.
        reference: of the labelled sample: (values of a document, wrong ones, number of such
            documents).
        rise: 0..1.
        most: how many values a document has at most, before and now.

    >>> before = [(1, 0, 190), (1, 1, 10)]
    >>> wealth = rise_wealth([1, 0] * 50, [1] * 100, before, rise=0.0, most=1)
    >>> bool(wealth[-1] > 10)
    True
    """
    np = package("numpy")
    edges = np.linspace(0, 1, _CELLS + 1)
    lower, upper = edges[:-1], np.minimum(edges[1:] + rise, 1)
    rates = np.asarray([0, *BETS])[:, None]  # who bets nothing keeps a part of the wealth
    bets = np.minimum(rates, _BOLDEST / (most * np.maximum(1 - lower, 1e-9)))
    logs = np.zeros(bets.shape)
    for size, errors, documents in reference:
        logs += documents * np.log1p(-bets * (errors - lower * size))
    before = _log_mean(logs)
    bets = np.minimum(rates, _BOLDEST / (most * upper))
    logs, wealth = np.zeros(bets.shape), list[float]()
    gains: dict[tuple[int, int], Any] = {}  # few documents differ in these
    for pair in zip(np.asarray(wrong).tolist(), np.asarray(values).tolist(), strict=True):
        if pair not in gains:
            errors, size = pair
            gains[pair] = np.log1p(bets * (errors - upper * size))
        logs += gains[pair]
        wealth.append(float((before + _log_mean(logs)).min()))
    return np.asarray(wealth)


def _log_mean(logs: Any) -> Any:
    """The logarithm of the mean over the first axis, of logarithms."""
    np = package("numpy")
    most = logs.max(axis=0)
    return most + np.log(np.exp(logs - most).mean(axis=0))
