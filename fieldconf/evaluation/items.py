"""Items: matches the items of an answer's list with those of the right list.

In:    two lists, and a function for the similarity of two items.
Out:   pairs of positions; the extra items, and the missing ones.
Never: a match by position, except to break ties.
Why:   a model that lists the same items in another order has made no error.

The assignment is the one with the largest sum of similarities (Kuhn 1955, by
``scipy.optimize.linear_sum_assignment``); a pair without any similarity is none.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from fieldconf.statistics.packages import package


class Matched(NamedTuple):
    """Which items are which.

    Attributes:
        pairs: (position in the answer's list, position in the right one), in the answer's order.
        extra: positions in the answer's list of items that the right one does not have.
        missing: positions in the right list of items that the answer does not have.
    """

    pairs: tuple[tuple[int, int], ...]
    extra: tuple[int, ...]
    missing: tuple[int, ...]


def match_items(answers: int, truths: int, similarity: Callable[[int, int], float]) -> Matched:
    """Match the items of two lists.

    Args:
        answers: how many items the answer's list has.
        truths: how many the right list has.
        similarity: of the items at a position of the answer's list and of the right one; 0 or more.

    >>> match_items(3, 3, lambda one, other: "bax"[one] == "abc"[other])
    Matched(pairs=((0, 1), (1, 0)), extra=(2,), missing=(2,))
    """
    pairs: list[tuple[int, int]] = []
    if answers and truths:
        matrix = package("numpy").array(
            [
                [float(similarity(answer, other)) for other in range(truths)]
                for answer in range(answers)
            ]
        )
        assign = package("scipy.optimize").linear_sum_assignment
        rows, columns = assign(matrix, maximize=True)
        every = zip(rows.tolist(), columns.tolist(), strict=True)
        pairs = [(row, column) for row, column in every if matrix[row, column] > 0]
    return matched(pairs, answers, truths)


def match_positions(answers: int, truths: int) -> Matched:
    """Match the items of two lists by position.

    >>> match_positions(2, 1)
    Matched(pairs=((0, 0),), extra=(1,), missing=())
    """
    return matched([(at, at) for at in range(min(answers, truths))], answers, truths)


def matched(pairs: Iterable[tuple[int, int]], answers: int, truths: int) -> Matched:
    """These pairs, and what is left over of lists of so many items."""
    pairs = sorted(pairs)
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    return Matched(
        tuple(pairs),
        tuple(row for row in range(answers) if row not in rows),
        tuple(column for column in range(truths) if column not in columns),
    )
