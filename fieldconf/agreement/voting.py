"""Voting: what several answers say at one place, and at all places inside.

In:    what each answer has there, by rank.
Out:   ``ChosenValue``: what was decided, whose field it is, and who has what.
Never: a value that no answer has at its place; a vote of an answer that broke off before.
Why:   a whole that most answers agree on in parts need not be one that any of them gave.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from fieldconf.agreement.equivalence import Key, Step, container_key
from fieldconf.agreement.pairing import Pairing, ValueNode
from fieldconf.paths import Path

Votes: TypeAlias = Mapping[int, ValueNode | None]
"""By rank: what each answer has at a place; None where it has nothing there. Who is not in it has
no say: it broke off before, or has no such place."""
_Label: TypeAlias = Key | Literal["object", "array", "absent"]


@dataclass(frozen=True, slots=True)
class ChosenValue:
    """What was decided for one place.

    Attributes:
        key: what it says.
        by: the rank of the answer whose field it is.
        node: that field.
        votes: what each answer has there.
        parts: what is inside, by name or index.
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
        """Whether a part of it, at least, closed: of a scalar all of it."""
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
    """Decides place by place.

    Args:
        pairing: which items are one item.
        lead: the rank of the answer that is to be taken whole; None to go by the votes.
    """

    def __init__(self, pairing: Pairing, *, lead: int | None = None) -> None:
        self._pairing = pairing
        self._lead = lead

    def choose(self, votes: Votes) -> ChosenValue | None:
        """What is decided; None if nothing stands there."""
        winners = self._winners(votes)
        if not winners:
            return None
        by, node = self._first(winners)
        if not node.is_container:
            return ChosenValue(node.key, by, node, votes)
        parts = dict(self._named(winners))
        ordered = max(one.fixed_positions for one in winners.values())
        if node.report_field.kind == "array" and len(parts) >= ordered:
            parts |= enumerate(self._items(winners), len(parts))
        told = ((step, part.key) for step, part in parts.items())
        key = container_key(node.report_field.kind, told, fixed_positions=ordered)
        by, node = self._first(winners, key)
        return ChosenValue(key, by, node, votes, parts)

    def _first(
        self, winners: Mapping[int, ValueNode], key: Key | None = None
    ) -> tuple[int, ValueNode]:
        """Whose field is taken: the first by rank, if any, that closed and says this."""
        by, node = next(iter(winners.items()))
        if self._lead is None:
            closed = {at: one for at, one in winners.items() if not one.is_open}
            said = {at: one for at, one in closed.items() if one.key == key}
            by, node = next(iter((said or closed).items()), (by, node))
        return by, node

    def _winners(self, votes: Votes) -> dict[int, ValueNode]:
        """The answers that have what most have, by rank."""
        labels = {at: self._label(at, votes[at]) for at in sorted(votes)}
        closed = {label for at, label in labels.items() if not _is_open(votes[at])}
        counts = Counter(label for label in labels.values() if label in closed)
        if self._lead is not None:
            best = labels.get(self._lead, "absent")
        else:
            best = max(counts, key=counts.__getitem__, default="absent")  # the first, in a tie
        if best == "absent":
            return {}
        found = {at: votes[at] for at, label in labels.items() if label == best}
        made = {at: node for at, node in found.items() if node is not None}
        return self._led(made)

    def _led(self, found: dict[int, ValueNode]) -> dict[int, ValueNode]:
        """The one that is to be taken stands first."""
        if self._lead is None:
            return found
        return {self._lead: found[self._lead], **found}

    def _label(self, at: int, node: ValueNode | None) -> _Label | None:
        """What a value is counted as; None where that is not known, since it did not close.

        Of an object or a list that did not close the parts are counted; but that there is one at
        all must be said by one that did.
        """
        if node is None:
            return "absent"
        if node.is_container:
            return "object" if node.report_field.kind == "object" else "array"
        return None if node.is_open and at != self._lead else node.key

    def _named(self, winners: Mapping[int, ValueNode]) -> Iterator[tuple[Step, ChosenValue]]:
        """Objects part by part; of tuples what stands at the positions that are told apart."""
        is_object = next(iter(winners.values())).report_field.kind == "object"
        for step in dict.fromkeys(step for node in winners.values() for step in node.keyed_parts):
            found = self.choose({
                at: node.parts.get(step) for at, node in winners.items()
                if step in node.parts or not node.is_open
            })  # fmt: skip
            if found is not None:
                yield step, found
            elif not is_object:
                return  # a list has no gaps

    def _items(self, winners: Mapping[int, ValueNode]) -> list[ChosenValue]:
        lists = {at: node.items for at, node in winners.items()}
        found = self._pairing.clusters(lists)
        ballots = [
            {at: one.get(at) for at, node in winners.items() if at in one or not node.is_open}
            for one in found
        ]
        taken = [one for one in map(self.choose, ballots) if one is not None]
        holders = [at for at, items in sorted(lists.items()) if items]
        if not taken and self._lead is None and 2 * len(holders) > len(lists):
            ballots = [votes for votes in ballots if votes.get(holders[0]) is not None]
            present = [{at: n for at, n in votes.items() if n is not None} for votes in ballots]
            taken = [one for one in map(self.choose, present) if one is not None]
        return sorted(taken, key=self._place)

    def _place(self, taken: ChosenValue) -> tuple[int, Any]:
        """By the first list, by rank, that has the item, and where it stands there."""
        having = [at for at, node in taken.votes.items() if node is not None]
        first = self._lead if self._lead in having else min(having)
        node = taken.votes[first]
        assert node is not None
        return first, node.report_field.path[-1]


def _is_open(node: ValueNode | None) -> bool:
    return node is not None and node.is_open
