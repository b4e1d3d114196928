"""Pairing: the parts of several answers that are the same part, lists matched by content.

In:    reports of the same question.
Out:   ``ValueNode`` trees; how many leaves two of them share; which items of several lists match.
Never: the position of an item in its list, but where the schema tells positions apart (tuples); an
       answer's place among the others, but to tell two that are alike.
Why:   a model that lists the same items in another order has said the same.

Items are matched greedily, likeliest first: first those that say the same (of equal ones the first
of each list, the second ...), then those that share most of their leaves
(``2 * shared / (leaves of both)``), as long as they share one that not more than ``COMMON`` items
have. Ties go by what the items say. An exact assignment would now and then share a leaf more, and
would have ties of its own.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TypeAlias

from fieldconf.agreement.equivalence import Key, Step, container_key, scalar_key
from fieldconf.fields.field import Field
from fieldconf.parsing.writing import json_text
from fieldconf.report import Report

DEEPEST = 40
"""What is nested deeper is compared as a whole, not part by part."""
COMMON = 64
"""A leaf that more items than this have does not tell which of them are one item."""

Leaves: TypeAlias = frozenset[tuple[tuple[Step, ...], Key]]
Cluster: TypeAlias = dict[int, "ValueNode"]
"""One item of several lists: the number of each list that has it, and what it is there."""


@dataclass(frozen=True, eq=False, slots=True)
class ValueNode:
    """One value of an answer.

    Attributes:
        said: what the report says of it.
        key: what it says; only that of a closed value is of use.
        text: a short text that differs where the JSON text does, to break ties by.
        size: how many leaves are in it; 1 for a leaf.
        is_open: whether the answer broke off inside.
        parts: what is inside of an object or a list, closed or not, by name or index.
        ordered: of a list, so many items at its head are told apart by their position.
        leaves: the place and the key of each closed leaf inside; of items that are matched by
            content, each has the place -1.
        is_flat: whether there are no such items.
    """

    report_field: Field
    key: Key
    text: str
    size: int = 1
    is_open: bool = False
    parts: Mapping[Step, "ValueNode"] = field(default_factory=dict[Step, "ValueNode"])
    fixed_positions: int = 0
    leaves: Leaves = frozenset()
    is_flat: bool = True

    @property
    def is_container(self) -> bool:
        """Whether it is compared part by part."""
        return (
            self.report_field.kind in ("object", "array") and len(self.report_field.path) < DEEPEST
        )

    @property
    def items(self) -> list["ValueNode"]:
        """Of a list, the items that are matched by content."""
        return [part for step, part in self.parts.items() if _is_free(step, self.fixed_positions)]

    @property
    def keyed_parts(self) -> dict[Step, "ValueNode"]:
        """The parts that are matched by their step: an object's, and the head of a tuple."""
        return {s: part for s, part in self.parts.items() if not _is_free(s, self.fixed_positions)}


def _is_free(step: Step, ordered: int) -> bool:
    return isinstance(step, int) and step >= ordered


def tree_of(report: Report[object]) -> ValueNode | None:
    """The values of an answer as a tree; None if nothing of one came."""
    inside: dict[tuple[Step, ...], dict[Step, ValueNode]] = defaultdict(dict)
    node = None
    for one in reversed(list(report.fields.values())):  # parts stand behind what they are in
        parts = dict(reversed(inside.pop(one.path, {}).items()))
        ordered = len(report.schema.at(one.path).first_items) if one.kind == "array" else 0
        node = _node(one, parts, ordered)
        if one.path:
            inside[one.path[:-1]][one.path[-1]] = node
    return node


def _node(one: Field, parts: Mapping[Step, ValueNode], ordered: int) -> ValueNode:
    is_open = "truncated" in one.flags
    if one.kind not in ("object", "array"):
        text = "" if is_open else json_text(one.value).decode("utf-8", "replace")
        key = Key("open", "") if is_open else scalar_key(one.value, one.declared)
        leaves: Leaves = frozenset() if is_open else frozenset({((), key)})
        return ValueNode(one, key, text, is_open=is_open, leaves=leaves)
    told = ((step, part.key) for step, part in parts.items())
    key = container_key(one.kind, told, fixed_positions=ordered)
    texts = repr([(step, part.text, part.is_open) for step, part in parts.items()])
    digest = hashlib.blake2b(texts.encode("utf-8", "replace"), digest_size=16).hexdigest()
    size = sum(part.size for part in parts.values()) or 1
    made = ValueNode(one, key, f"{one.kind} {digest}", size, is_open, parts, ordered)
    is_flat = not made.items and all(part.is_flat for part in parts.values())
    return replace(made, leaves=_leaves(made), is_flat=is_flat)


def _leaves(node: ValueNode) -> Leaves:
    if not node.parts or not node.is_container:
        return frozenset() if node.is_open else frozenset({((), node.key)})
    inside = (
        (-1 if _is_free(step, node.fixed_positions) else step, part)
        for step, part in node.parts.items()
    )
    return frozenset(((step, *path), key) for step, part in inside for path, key in part.leaves)


class Pairing:
    """What values share, and which items of several lists are one item.

    It remembers what it has compared: lists of lists would be compared again at every depth.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[ValueNode, ValueNode], int] = {}

    def similarity(self, one: ValueNode, other: ValueNode) -> float:
        """The share of the leaves of two values that agree: ``2 * shared / (leaves of both)``."""
        return 2 * self.shared(one, other) / (one.size + other.size)

    def shared(self, one: ValueNode, other: ValueNode) -> int:
        """How many leaves two values share; what is open is shared by nobody."""
        if one.key == other.key and not one.is_open and not other.is_open:
            return one.size
        if (
            one.report_field.kind != other.report_field.kind
            or not one.is_container
            or not other.is_container
        ):
            return 0
        if one.is_flat and other.is_flat:
            return len(one.leaves & other.leaves)
        first, second = sorted((one, other), key=_rank)
        known = self._known.get((first, second))
        if known is None:
            known = self._known[first, second] = self._compared(first, second)
        return known

    def _compared(self, one: ValueNode, other: ValueNode) -> int:
        both = one.keyed_parts.keys() & other.keyed_parts.keys()
        pairs = [(one.keyed_parts[step], other.keyed_parts[step]) for step in both]
        found = self.clusters({0: one.items, 1: other.items})
        pairs += [(cluster[0], cluster[1]) for cluster in found if len(cluster) == 2]
        return sum(self.shared(*pair) for pair in pairs)

    def clusters(self, lists: Mapping[int, Sequence[ValueNode]]) -> list[Cluster]:
        """Which items of several lists are one item; each item is in one cluster.

        The order of the items in a list changes nothing, nor that of the lists. Which cluster
        comes first says nothing.

        Args:
            lists: the items of each list, by a number of its own, which breaks ties between items
                that are alike.
        """
        found = _equal_ones(lists)
        rest = [one for one in found if len(one) < len(lists) and _may_share(one)]
        done = [one for one in found if len(one) == len(lists) or not _may_share(one)]
        return done + self._joined(rest)

    def _joined(self, given: Iterable[Cluster]) -> list[Cluster]:
        """The clusters, those that share leaves made one, if no list has an item in both."""
        ordered = sorted(given, key=_rank_of_all)
        pairs = [
            (-alike, first, second)
            for first, second in _candidates(ordered)
            if (alike := self._alike(ordered[first], ordered[second]))
        ]
        place = list(range(len(ordered)))  # in which cluster each now is
        members = {number: [number] for number in place}
        for _, first, second in sorted(pairs):
            to, gone = place[first], place[second]
            if to == gone or not ordered[to].keys().isdisjoint(ordered[gone]):
                continue
            ordered[to] = ordered[to] | ordered[gone]
            for number in members[gone]:
                place[number] = to
            members[to] += members.pop(gone)
        return [ordered[number] for number in members]

    def _alike(self, one: Cluster, other: Cluster) -> float:
        """Of clusters of items that say the same, any of them speaks for all."""
        return self.similarity(next(iter(one.values())), next(iter(other.values())))


def _equal_ones(lists: Mapping[int, Sequence[ValueNode]]) -> list[Cluster]:
    """Those that say the same: the first of each list, the second of each, and so on."""
    found: dict[tuple[Key, int], Cluster] = {}
    alone: list[Cluster] = []
    for number, items in lists.items():
        seen: dict[Key, int] = defaultdict(int)
        for item in sorted(items, key=_rank):
            if item.is_open:
                alone.append({number: item})
                continue
            found.setdefault((item.key, seen[item.key]), {})[number] = item
            seen[item.key] += 1
    return [*found.values(), *alone]


def _candidates(given: Sequence[Cluster]) -> set[tuple[int, int]]:
    """Which of them have a leaf in common, and no list; two numbers, the smaller one first."""
    having: dict[object, list[int]] = defaultdict(list)
    for number, cluster in enumerate(given):
        for leaf in next(iter(cluster.values())).leaves:
            having[leaf].append(number)
    pairs = {
        pair for some in having.values() if len(some) <= COMMON for pair in combinations(some, 2)
    }
    return {(one, two) for one, two in pairs if given[one].keys().isdisjoint(given[two])}


def _may_share(cluster: Cluster) -> bool:
    """Whether it may share leaves with another one: equal scalars are together already."""
    return next(iter(cluster.values())).is_container


def _rank(node: ValueNode) -> tuple[Key, str, bool]:
    """An order of values that depends on them alone, and first on what they say."""
    return node.key, node.text, node.is_open


def _rank_of_all(cluster: Cluster) -> tuple[tuple[Key, str, bool], list[int]]:
    return min(map(_rank, cluster.values())), sorted(cluster)
