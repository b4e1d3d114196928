"""Voting: what most answers have at a place, and at all places inside it.

In:    what each answer has at the place, by rank.
Out:   ``ChosenValue``: the chosen value, the answer it is from, and what each answer has.
Never: a value that no answer has at its place; a vote of an answer that was truncated before it.
Why:   the values that most answers agree on need not all be in one answer.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from fieldconf.agreement.equivalence import Key, Step, container_key
from fieldconf.agreement.pairing import Pairing, ValueNode
from fieldconf.paths import Path

Votes: TypeAlias = Mapping[int, ValueNode | None]
"""What each answer has at a place, by rank; None if it has nothing there. An answer that is missing
has no vote: it was truncated before, or has no such place."""
_Label: TypeAlias = Key | Literal["object", "array", "absent"]


@dataclass(frozen=True, slots=True)
class ChosenValue:
    """The value that was chosen for one place.

    Attributes:
        key: its meaning.
        by: the rank of the answer that it is from.
        node: the value of that answer.
        votes: what each answer has there.
        parts: the values inside, by name or index.
    """

    key: Key
    by: int
    node: ValueNode
    votes: Votes
    parts: Mapping[Step, "ChosenValue"] = field(default_factory=dict[Step, "ChosenValue"])

    @property
    def value(self) -> Any:
        """The decoded JSON value."""
        kind = self.node.report_field.kind
        if not self.node.is_container:
            return self.node.report_field.value
        closed = {s: part for s, part in self.parts.items() if part.closed_so_far}
        if kind == "object":
            return {step: part.value for step, part in closed.items()}
        return [part.value for part in closed.values()]

    @property
    def closed_so_far(self) -> bool:
        """Whether the value is closed, or is a container, whose closed parts count."""
        return not self.node.is_open or self.node.report_field.kind in ("object", "array")

    @property
    def count(self) -> int:
        """How many answers have it."""
        nodes = (node for node in self.votes.values() if node is not None)
        return sum(node.key == self.key and not node.is_open for node in nodes)

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, "ChosenValue"]]:
        """This place and those inside, with their paths."""
        yield path, self
        for step, part in self.parts.items():
            yield from part.walk((*path, step))


class Vote:
    """Chooses values place by place.

    Args:
        pairing: which items of lists match.
        lead: the rank of the answer that is taken as a whole; None to count votes.
    """

    def __init__(self, pairing: Pairing, *, lead: int | None = None) -> None:
        self._pairing = pairing
        self._lead = lead

    def choose(self, votes: Votes) -> ChosenValue | None:
        """The chosen value; None if there is none."""
        winners = self._winners(votes)
        if not winners:
            return None
        by, node = self._first(winners)
        if not node.is_container:
            return ChosenValue(node.key, by, node, votes)
        parts = dict(self._keyed_parts(winners))
        ordered = max(winner.fixed_positions for winner in winners.values())
        if node.report_field.kind == "array" and len(parts) >= ordered:
            parts |= enumerate(self._items(winners), len(parts))
        keys = ((step, part.key) for step, part in parts.items())
        key = container_key(node.report_field.kind, keys, fixed_positions=ordered)
        by, node = self._first(winners, key)
        return ChosenValue(key, by, node, votes, parts)

    def _first(
        self, winners: Mapping[int, ValueNode], key: Key | None = None
    ) -> tuple[int, ValueNode]:
        """The first winner by rank, if possible a closed one, and one with this key."""
        by, node = next(iter(winners.items()))
        if self._lead is None:
            closed = {at: winner for at, winner in winners.items() if not winner.is_open}
            matching = {at: winner for at, winner in closed.items() if winner.key == key}
            by, node = next(iter((matching or closed).items()), (by, node))
        return by, node

    def _winners(self, votes: Votes) -> dict[int, ValueNode]:
        """The answers that have what most answers have, by rank; the lead comes first."""
        labels = {at: self._label(at, votes[at]) for at in sorted(votes)}
        closed = {label for at, label in labels.items() if not _is_open(votes[at])}
        counts = Counter(label for label in labels.values() if label in closed)
        if self._lead is not None:
            best = labels.get(self._lead, "absent")
        else:
            best = max(counts, key=counts.__getitem__, default="absent")  # the first, in a tie
        if best == "absent":
            return {}
        winners = {
            at: node for at, label in labels.items()
            if label == best and (node := votes[at]) is not None
        }  # fmt: skip
        return winners if self._lead is None else {self._lead: winners[self._lead], **winners}

    def _label(self, at: int, node: ValueNode | None) -> _Label | None:
        """What a value counts as; None if that is unknown, because it was not closed.

        The parts of an open object or list count; but only a closed one shows that there is an
        object or a list at all.
        """
        if node is None:
            return "absent"
        if node.is_container:
            return "object" if node.report_field.kind == "object" else "array"
        return None if node.is_open and at != self._lead else node.key

    def _keyed_parts(self, winners: Mapping[int, ValueNode]) -> Iterator[tuple[Step, ChosenValue]]:
        """The parts of objects, and the items at the fixed positions of tuples."""
        is_object = next(iter(winners.values())).report_field.kind == "object"
        for step in dict.fromkeys(step for node in winners.values() for step in node.keyed_parts):
            part = self.choose({
                at: node.parts.get(step) for at, node in winners.items()
                if step in node.parts or not node.is_open
            })  # fmt: skip
            if part is not None:
                yield step, part
            elif not is_object:
                return  # a list has no gaps

    def _items(self, winners: Mapping[int, ValueNode]) -> list[ChosenValue]:
        lists = {at: node.items for at, node in winners.items()}
        clusters = self._pairing.clusters(lists)
        ballots = [
            {
                at: cluster.get(at)
                for at, node in winners.items()
                if at in cluster or not node.is_open
            }
            for cluster in clusters
        ]
        chosen = [item for item in map(self.choose, ballots) if item is not None]
        holders = [at for at, items in sorted(lists.items()) if items]
        if not chosen and self._lead is None and 2 * len(holders) > len(lists):
            ballots = [votes for votes in ballots if votes.get(holders[0]) is not None]
            present = [{at: n for at, n in votes.items() if n is not None} for votes in ballots]
            chosen = [item for item in map(self.choose, present) if item is not None]
        return sorted(chosen, key=self._place)

    def _place(self, item: ChosenValue) -> tuple[int, Any]:
        """The rank of the first list that has the item, and the item's index there."""
        having = [at for at, node in item.votes.items() if node is not None]
        first = self._lead if self._lead in having else min(having)
        node = item.votes[first]
        assert node is not None
        return first, node.report_field.path[-1]


def _is_open(node: ValueNode | None) -> bool:
    return node is not None and node.is_open
