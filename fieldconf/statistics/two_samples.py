"""Two samples: whether two sets of documents differ, and by how much.

In:    a number for each document of two sets; or how many documents of each have a property.
Out:   a distance (0..1) with a p-value; p-values that hold for a family of tests.
Never: values of one document counted as if they were independent.
Why:   among many fields some differ by chance each month.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from fieldconf.statistics.packages import package


class Compared(NamedTuple):
    """How two samples differ.

    Attributes:
        distance: the largest difference of the two distribution functions (0..1); of shares, the
            difference of the shares.
        p: the chance of so large a difference or a larger one, if there is none.
    """

    distance: float
    p: float


def compared_numbers(first: Any, second: Any) -> Compared:
    """Two samples of numbers, one for each document.

    Two tests, with twice the smaller p-value: Kolmogorov and Smirnov's, which sees any change of
    shape (with ties its p-value is too large rather than too small), and Mann and Whitney's rank
    test with the correction for ties, which sees smaller shifts.

    >>> compared_numbers([0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4])
    Compared(distance=0.0, p=1.0)
    """
    np = package("numpy")
    lower, other = np.sort(np.asarray(first, float)), np.sort(np.asarray(second, float))
    if np.array_equal(lower, other) or lower[0] == other[0] == lower[-1] == other[-1]:
        return Compared(0.0, 1.0)
    stats = package("scipy.stats")
    shape = stats.ks_2samp(lower, other, method="asymp")
    shift = stats.mannwhitneyu(lower, other, method="asymptotic")
    p = 2 * min(float(shape.pvalue), float(shift.pvalue))
    return Compared(float(shape.statistic), min(p, 1.0))


def compared_shares(first: tuple[int, int], second: tuple[int, int]) -> Compared:
    """Two shares of documents, each (with the property, of all), by Fisher's exact test.

    >>> compared_shares((0, 100), (10, 100)).p < 0.01
    True
    """
    (mine, all_first), (other, all_second) = first, second
    table = [[mine, all_first - mine], [other, all_second - other]]
    p = float(package("scipy.stats").fisher_exact(table).pvalue)
    return Compared(abs(mine / all_first - other / all_second), min(p, 1.0))


def holm(chances: Sequence[float]) -> list[float]:
    """P-values that hold for all tests together, in the same order (Holm 1979).

    To reject where one is at most alpha wrongly rejects any with a chance of at most alpha.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, least = [0.0] * len(chances), 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        least = max(least, min(1.0, (len(chances) - rank) * chances[place]))
        adjusted[place] = least
    return adjusted
