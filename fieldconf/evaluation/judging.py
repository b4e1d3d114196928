"""Judging: which values of an answer are right, place by place.

In:    the decoded value of an answer, the right value, and rules.
Out:   ``Judgement`` values: a path, the value there, the right value, and whether it is right.
Never: a judgement where no right value is known.
Why:   often only a part of the right value is known.

An object is judged by the keys of the right one. A list is right if it has an item for each right
item, and no other one; the items that are matched are judged themselves. Values in an extra item
are wrong, as far as the right items have values at such a place. A key that the answer left out is
right if null, or no item, is right.

Items are matched by content, not by position: the order in which a model lists them is no error.
The assignment is the one with the largest sum of similarities (Kuhn 1955, by
``scipy.optimize.linear_sum_assignment``); a pair without any similarity is no match.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard, cast

from fieldconf.evaluation.correctness import Rule, Rules, Written, likeness
from fieldconf.parsing.kinds import is_container, kind_of, same_json
from fieldconf.paths import Path, general, parse_pointer
from fieldconf.statistics.packages import package

DEEPEST = 100
"""What is nested deeper is compared as a whole, exactly."""
_ALIKE = 0.6
"""The least likeness of two different texts of which one may be meant for the other."""


class Judgement(NamedTuple):
    """Whether a value is right.

    Attributes:
        path: where it stands in the answer, or would.
        answer: the value; None where the answer has none.
        truth: the right value; None of an extra item.
        right: whether it is right.
        is_absent: whether the answer has no such key.
        is_truth_known: whether ``truth`` is what is right; False where a label says only that the
            value is wrong.
    """

    path: Path
    answer: Any
    truth: Any
    right: bool
    is_absent: bool = False
    is_truth_known: bool = True


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


@dataclass(frozen=True)
class ValueJudge:
    """Judges the values of one answer.

    Attributes:
        rules: which rule is for which field.
        is_member: whether the value at a path is a member of an enum.
    """

    rules: Rules
    is_member: Callable[[Path], bool] = lambda _: False

    def at(self, answer: Any, steps: Sequence[str], truths: Sequence[Any]) -> Iterator[Judgement]:
        """Judge the values that the steps of a pointer mean; several if they have "*"."""
        if "*" in steps:
            yield from self.spread(answer, steps, truths)
            return
        place = next(values_at(answer, steps), None)
        if place is not None:
            yield from self.judgements(place[1], truths[0], place[0])
            return
        for stop in range(len(steps) - 1, -1, -1):
            outer = next(values_at(answer, steps[:stop]), None)
            if outer is not None:
                if _is_list(outer[1]):  # an item is missing
                    yield Judgement(outer[0], outer[1], truths[0], right=False)
                    return
                break
        yield from absent(truths[0], tuple(steps))

    def judgements(self, answer: Any, truth: Any, path: Path = ()) -> Iterator[Judgement]:
        """Judge each scalar and each list of an answer for which a right value is known.

        >>> for one in ValueJudge(Rules()).judgements({"a": 1, "b": ["x"]}, {"a": 1.0, "b": []}):
        ...     print(one.path, one.right)
        ('a',) True
        ('b',) False
        ('b', 0) False
        """
        rule = self.rules.pointwise(path, truth) if len(path) < DEEPEST else None
        if rule is None or kind_of(answer) != kind_of(truth):
            yield Judgement(path, answer, truth, self._is_right(path, answer, truth))
        elif isinstance(truth, dict):
            for key, inner in cast("dict[str, Any]", truth).items():
                if key in answer:
                    yield from self.judgements(answer[key], inner, (*path, key))
                else:
                    yield from absent(inner, (*path, key))
        else:
            items = self._matched(answer, truth, path, rule)
            yield Judgement(path, answer, truth, not items.extra and not items.missing)
            for row, other in items.pairs:
                yield from self.judgements(answer[row], truth[other], (*path, row))
            mentioned = {general(inner) for item in truth for inner, _ in leaves(item, ())}
            for row in items.extra:
                for inner, value in leaves(answer[row], ()):
                    if not mentioned or general(inner) in mentioned:
                        yield Judgement((*path, row, *inner), value, None, right=False)

    def spread(
        self, answer: Any, pattern: Sequence[str], truths: Sequence[Any]
    ) -> Iterator[Judgement]:
        """Judge the values that a pattern with "*" means; their order does not count."""
        places = list(values_at(answer, pattern))
        pairs = match_items(
            len(places), len(truths),
            lambda row, other: self.similarity(*places[row], truths[other]),
        )  # fmt: skip
        above = pattern[: pattern.index("*")]
        lists = [(path, value) for path, value in values_at(answer, above) if _is_list(value)]
        if not lists:
            yield Judgement(tuple(above), None, list(truths), not truths, is_absent=True)
        for path, value in lists:
            yield Judgement(path, value, list(truths), not pairs.extra and not pairs.missing)
        for row, other in pairs.pairs:
            path, value = places[row]
            yield from self.judgements(value, truths[other], path)
        for row in pairs.extra:
            path, value = places[row]
            yield from ((Judgement(p, v, None, right=False)) for p, v in leaves(value, path))

    def similarity(self, path: Path, answer: Any, truth: Any) -> float:
        """The share of a right value that is right, 0..1; half the likeness of different texts."""
        rule = self.rules.pointwise(path, truth) if len(path) < DEEPEST else None
        if rule is None or kind_of(answer) != kind_of(truth):
            if self._is_right(path, answer, truth):
                return 1.0
            if not (isinstance(answer, str) and isinstance(truth, str)):
                return 0.0
            alike = likeness(answer.casefold(), truth.casefold())
            return alike / 2 if alike >= _ALIKE else 0.0
        if isinstance(truth, dict):
            right = cast("dict[str, Any]", truth)
            parts = [
                self.similarity((*path, key), answer[key], inner)
                if key in answer
                else float(all(judgement.right for judgement in absent(inner, path)))
                for key, inner in right.items()
            ]
            return sum(parts) / len(parts) if parts else 1.0
        pairs = self._matched(answer, truth, path, rule).pairs
        alike = sum(self.similarity((*path, i), answer[i], truth[j]) for i, j in pairs)
        return 2 * alike / (len(answer) + len(truth)) if answer or truth else 1.0

    def _matched(
        self, answer: Sequence[Any], truth: Sequence[Any], path: Path, rule: Rule
    ) -> Matched:
        if rule.name == "positions":
            pairs = [(at, at) for at in range(min(len(answer), len(truth)))]
            return matched(pairs, len(answer), len(truth))
        pairs = [] if rule.key else _equal(answer, truth)
        _, rows, columns = matched(pairs, len(answer), len(truth))

        def similarity(row: int, column: int) -> float:
            place, item, right = (*path, rows[row]), answer[rows[row]], truth[columns[column]]
            if rule.key and not self._has_key(place, item, right, rule):
                return 0.0
            return bool(rule.key) + self.similarity(place, item, right)

        rest = match_items(len(rows), len(columns), similarity).pairs
        pairs += [(rows[row], columns[column]) for row, column in rest]
        return matched(pairs, len(answer), len(truth))

    def _has_key(self, path: Path, answer: Any, truth: Any, rule: Rule) -> bool:
        """Whether two items have the same keys, by the rules for these."""
        for key in rule.key:
            steps = parse_pointer(key) if key.startswith("/") else (key,)
            answers, other = list(values_at(answer, steps)), list(values_at(truth, steps))
            if not answers or not other:
                return False
            if not self._is_right((*path, *answers[0][0]), answers[0][1], other[0][1]):
                return False
        return True

    def _is_right(self, path: Path, answer: Any, truth: Any) -> bool:
        if len(path) >= DEEPEST:
            return same_json(answer, truth)
        is_member = isinstance(truth, str) and self.is_member(path)
        return self.rules.is_right(path, answer, truth, is_member=is_member)


def absent(truth: Any, path: Path) -> Iterator[Judgement]:
    """Judge a key that the answer left out: each scalar and list of the right value there."""
    if isinstance(truth, dict) and truth and len(path) < DEEPEST:
        for key, inner in cast("dict[str, Any]", truth).items():
            yield from absent(inner, (*path, key))
    else:
        readings = truth.readings() if isinstance(truth, Written) else (cast("Any", truth),)
        right = any(each is None or (is_container(each) and not each) for each in readings)
        yield Judgement(path, None, truth, right, is_absent=True)


def values_at(value: Any, steps: Sequence[str]) -> Iterator[tuple[Path, Any]]:
    """The paths and values that the steps of a pointer mean; "*" is any one step.

    >>> list(values_at({"a": [{"b": 1}, {"b": 2}]}, ("a", "*", "b")))
    [(('a', 0, 'b'), 1), (('a', 1, 'b'), 2)]
    """
    places: list[tuple[Path, Any]] = [((), value)]
    for step in steps:
        places = [
            ((*path, key), inner) for path, outer in places for key, inner in _inside(outer, step)
        ]
    return iter(places)


def leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The scalars and lists of a decoded value, each with its path."""
    if not isinstance(value, dict):
        yield path, value
    if is_container(value) and len(path) < DEEPEST:
        for key, inner in _inside(value, "*"):
            yield from leaves(inner, (*path, key))


def _inside(value: Any, step: str) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        object_ = cast("dict[str, Any]", value)
        yield from (
            object_.items() if step == "*" else ((k, object_[k]) for k in (step,) if k in object_)
        )
    elif _is_list(value):
        items: list[tuple[int, Any]] = list(enumerate(value))
        if step == "*":
            yield from items
        elif step.isdecimal():
            yield from items[int(step) : int(step) + 1]


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))


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


def matched(pairs: Iterable[tuple[int, int]], answers: int, truths: int) -> Matched:
    """These pairs, and what is left over of lists of so many items.

    >>> matched([(0, 0)], 2, 1)
    Matched(pairs=((0, 0),), extra=(1,), missing=())
    """
    pairs = sorted(pairs)
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    return Matched(
        tuple(pairs),
        tuple(row for row in range(answers) if row not in rows),
        tuple(column for column in range(truths) if column not in columns),
    )


def _equal(answer: Sequence[Any], truth: Sequence[Any]) -> list[tuple[int, int]]:
    """Pairs of equal items: no assignment is better than one that has them."""
    waiting: Mapping[str, list[int]] = defaultdict(list)
    for at in range(len(truth) - 1, -1, -1):
        waiting[_text(truth[at])].append(at)
    places = ((at, waiting.get(_text(item))) for at, item in enumerate(answer))
    return [(at, pairs.pop()) for at, pairs in places if pairs]


def _text(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, default=repr)
    except RecursionError:
        return f"deep {id(value)}"
