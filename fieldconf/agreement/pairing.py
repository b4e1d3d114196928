"""Pairing: which parts of several answers are the same part; items of lists match by content.

In:    reports of the same question.
Out:   ``ValueNode`` trees; how many leaves two of them share; which items of several lists match.
Never: the position of an item in its list, unless the schema distinguishes positions (tuples); the
       position of an answer among the others, except to break ties.
Why:   a model that lists the same items in another order has given the same answer.

Items are matched greedily, likeliest first: first items with the same meaning (among equal ones the
first of each list, the second ...), then those that share most of their leaves
(``2 * shared / (leaves of both)``), as long as they share a leaf that at most ``COMMON`` items
have. Ties are broken by the content of the items. An exact assignment would sometimes share one
leaf more, and would have ties, too.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TypeAlias

from fieldconf.agreement.equivalence import Key, Step, container_key, scalar_key
from fieldconf.fields.field import Field
from fieldconf.parsing.json_writing import json_text
from fieldconf.report import Report

DEEPEST = 40
"""Values nested deeper are compared as a whole, not part by part."""
COMMON = 64
"""A leaf that more items than this have does not decide which items match."""

Leaves: TypeAlias = frozenset[tuple[tuple[Step, ...], Key]]
Cluster: TypeAlias = dict[int, "ValueNode"]
"""Matching items of several lists, by the number of their list."""


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
    for own in reversed(list(report.fields.values())):  # parts stand behind what they are in
        parts = dict(reversed(inside.pop(own.path, {}).items()))
        ordered = len(report.schema.at(own.path).first_items) if own.kind == "array" else 0
        node = _node(own, parts, ordered)
        if own.path:
            inside[own.path[:-1]][own.path[-1]] = node
    return node


def _node(field: Field, parts: Mapping[Step, ValueNode], ordered: int) -> ValueNode:
    is_open = "truncated" in field.flags
    if field.kind not in ("object", "array"):
        text = "" if is_open else json_text(field.value).decode("utf-8", "replace")
        key = Key("open", "") if is_open else scalar_key(field.value, field.declared)
        leaves: Leaves = frozenset() if is_open else frozenset({((), key)})
        return ValueNode(field, key, text, is_open=is_open, leaves=leaves)
    keys = ((step, part.key) for step, part in parts.items())
    key = container_key(field.kind, keys, fixed_positions=ordered)
    texts = repr([(step, part.text, part.is_open) for step, part in parts.items()])
    digest = hashlib.blake2b(texts.encode("utf-8", "replace"), digest_size=16).hexdigest()
    size = sum(part.size for part in parts.values()) or 1
    node = ValueNode(field, key, f"{field.kind} {digest}", size, is_open, parts, ordered)
    is_flat = not node.items and all(part.is_flat for part in parts.values())
    return replace(node, leaves=_leaves(node), is_flat=is_flat)


def _leaves(node: ValueNode) -> Leaves:
    if not node.parts or not node.is_container:
        return frozenset() if node.is_open else frozenset({((), node.key)})
    inside = (
        (-1 if _is_free(step, node.fixed_positions) else step, part)
        for step, part in node.parts.items()
    )
    return frozenset(((step, *path), key) for step, part in inside for path, key in part.leaves)


class Pairing:
    """Which leaves two values share, and which items of several lists match.

    Comparisons are cached: otherwise lists of lists would be compared again at every depth.
    """

    def __init__(self) -> None:
        self._shared: dict[tuple[ValueNode, ValueNode], int] = {}

    def similarity(self, first: ValueNode, second: ValueNode) -> float:
        """The share of the leaves of two values that agree: ``2 * shared / (leaves of both)``."""
        return 2 * self.shared(first, second) / (first.size + second.size)

    def shared(self, left: ValueNode, right: ValueNode) -> int:
        """How many leaves two values share; what is open is shared by nobody."""
        if left.key == right.key and not left.is_open and not right.is_open:
            return left.size
        if (
            left.report_field.kind != right.report_field.kind
            or not left.is_container
            or not right.is_container
        ):
            return 0
        if left.is_flat and right.is_flat:
            return len(left.leaves & right.leaves)
        first, second = sorted((left, right), key=_rank)
        if (first, second) not in self._shared:
            both = first.keyed_parts.keys() & second.keyed_parts.keys()
            pairs = [(first.keyed_parts[step], second.keyed_parts[step]) for step in both]
            clusters = self.clusters({0: first.items, 1: second.items})
            pairs += [(cluster[0], cluster[1]) for cluster in clusters if len(cluster) == 2]
            self._shared[first, second] = sum(self.shared(*pair) for pair in pairs)
        return self._shared[first, second]

    def clusters(self, lists: Mapping[int, Sequence[ValueNode]]) -> list[Cluster]:
        """Which items of several lists are one item; each item is in one cluster.

        The order of the items in a list changes nothing, nor that of the lists. Which cluster
        comes first says nothing.

        Args:
            lists: the items of each list, by a number of its own, which breaks ties between items
                that are alike.
        """
        equal = _equal_items(lists)
        rest = [cluster for cluster in equal if len(cluster) < len(lists) and _may_share(cluster)]
        done = [
            cluster for cluster in equal if len(cluster) == len(lists) or not _may_share(cluster)
        ]
        return done + self._joined(rest)

    def _joined(self, clusters: Iterable[Cluster]) -> list[Cluster]:
        """The clusters, those that share leaves made one, if no list has an item in both."""
        ordered = sorted(clusters, key=_rank_of_all)
        pairs = [
            (-similarity, first, second)
            for first, second in _candidates(ordered)
            if (similarity := self.similarity(_any(ordered[first]), _any(ordered[second])))
        ]
        place = list(range(len(ordered)))  # in which cluster each now is
        members = {number: [number] for number in place}
        for _, first, second in sorted(pairs):
            target, merged = place[first], place[second]
            if target == merged or not ordered[target].keys().isdisjoint(ordered[merged]):
                continue
            ordered[target] = ordered[target] | ordered[merged]
            for number in members[merged]:
                place[number] = target
            members[target] += members.pop(merged)
        return [ordered[number] for number in members]


def _equal_items(lists: Mapping[int, Sequence[ValueNode]]) -> list[Cluster]:
    """Those that say the same: the first of each list, the second of each, and so on."""
    clusters: dict[tuple[Key, int], Cluster] = {}
    alone: list[Cluster] = []
    for number, items in lists.items():
        seen: dict[Key, int] = defaultdict(int)
        for item in sorted(items, key=_rank):
            if item.is_open:
                alone.append({number: item})
                continue
            clusters.setdefault((item.key, seen[item.key]), {})[number] = item
            seen[item.key] += 1
    return [*clusters.values(), *alone]


def _candidates(clusters: Sequence[Cluster]) -> set[tuple[int, int]]:
    """Pairs of clusters that share a leaf and no list: their numbers, the smaller one first."""
    having: dict[object, list[int]] = defaultdict(list)
    for number, cluster in enumerate(clusters):
        for leaf in _any(cluster).leaves:
            having[leaf].append(number)
    pairs = {
        pair for some in having.values() if len(some) <= COMMON for pair in combinations(some, 2)
    }
    return {
        (first, second)
        for first, second in pairs
        if clusters[first].keys().isdisjoint(clusters[second])
    }


def _may_share(cluster: Cluster) -> bool:
    """Whether a cluster may share leaves with another: equal scalars are already in one cluster."""
    return _any(cluster).is_container


def _any(cluster: Cluster) -> ValueNode:
    """Any item of a cluster: all of them have the same meaning."""
    return next(iter(cluster.values()))


def _rank(node: ValueNode) -> tuple[Key, str, bool]:
    """Sorts values by their content, first by their meaning."""
    return node.key, node.text, node.is_open


def _rank_of_all(cluster: Cluster) -> tuple[tuple[Key, str, bool], list[int]]:
    return min(map(_rank, cluster.values())), sorted(cluster)
