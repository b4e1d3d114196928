"""Cuts: the sums of a table at each possible cut.

In:    the rows of a ``Table``.
Out:   ``Cuts``: for each distinct confidence, sums over the rows accepted from it on.
Never: a cut between equal confidences; a row without a confidence accepted.
Why:   bounds, costs and curves need the same sums.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.packages import package

if TYPE_CHECKING:
    from fieldconf.statistics.judged_table import Floats, Integers


@dataclass(frozen=True, eq=False)
class Cuts:
    """What is accepted from each distinct confidence on, from the highest cut to the lowest.

    With a_i accepted and w_i wrong rows of document i:

    Attributes:
        cut: the distinct confidences, falling.
        accepted, wrong: the sums of a_i and w_i.
        documents, wrong_documents: how many have an accepted row, and an accepted wrong one.
        squares, products, wrong_squares: the sums of a_i squared, of a_i w_i, of w_i squared.
        ends: of each cut, the last row in ``order``.
        order: the rows that have a confidence, the highest confidence first.
        accepted_before, wrong_before: of each row in ``order``, a_i and w_i before it.
    """

    cut: "Floats"
    accepted: "Floats"
    wrong: "Floats"
    documents: "Floats"
    wrong_documents: "Floats"
    squares: "Floats"
    products: "Floats"
    wrong_squares: "Floats"
    ends: "Integers"
    order: "Integers"
    accepted_before: "Floats"
    wrong_before: "Floats"

    def __len__(self) -> int:
        return len(self.cut)


def cuts_of(table: Table) -> Cuts:
    """The cuts of a table, the highest first; none if no row has a confidence.

    >>> cuts = cuts_of(Table.of("aab", "xyx", [.9, .8, .9], [True, False, True]))
    >>> cuts.cut.tolist(), cuts.accepted.tolist(), cuts.wrong.tolist(), cuts.squares.tolist()
    ([0.9, 0.8], [2.0, 3.0], [0.0, 1.0], [2.0, 5.0])
    """
    np = package("numpy")
    order = np.lexsort((table.right, table.document, -table.confidence))  # NaN comes last
    order = order[: int(np.isfinite(table.confidence).sum())]
    confidence, wrong = table.confidence[order], 1.0 - table.right[order]
    by_document = np.argsort(table.document[order], kind="stable")
    documents = table.document[order][by_document]
    first = np.flatnonzero(np.r_[True, documents[1:] != documents[:-1]][: len(order)])
    sizes = np.diff(np.r_[first, len(order)])
    before, wrong_before = np.empty(len(order)), np.empty(len(order))
    before[by_document] = np.arange(len(order)) - np.repeat(first, sizes)
    running = np.cumsum(wrong[by_document]) - wrong[by_document]
    wrong_before[by_document] = running - np.repeat(running[first], sizes)
    ends = np.flatnonzero(np.r_[confidence[1:] != confidence[:-1], True][: len(order)])
    return Cuts(
        confidence[ends],
        ends + 1.0,
        np.cumsum(wrong)[ends],
        np.cumsum(before == 0)[ends].astype(float),
        np.cumsum((wrong > 0) & (wrong_before == 0))[ends].astype(float),
        np.cumsum(2 * before + 1)[ends],
        np.cumsum(before * wrong + wrong_before + wrong)[ends],
        np.cumsum(wrong * (2 * wrong_before + 1))[ends],
        ends,
        order,
        before,
        wrong_before,
    )
