"""Agreeing: what most of several answers say, and how many of them say it.

In:    reports of answers to the same question.
Out:   one report: values by vote, beside each how many answers have it.
Never: a result that depends on the order of the answers; a value that no answer has at its place; a
       whole that breaks its schema, if an answer keeps to it.
Why:   where a model's logprobs are not to be had, asking it several times says how sure it is.

How it is decided:

* Answers are ranked: first the *medoid*, which shares most leaves with all others; ties go by what
  the answers say. Whatever is a tie below goes by this rank.
* A value is what most answers have at its place, in the spelling of the first of them by rank. To
  have left a key out is a vote, too, and so is null. Objects are voted for as objects, then part
  by part; so are lists, whose items are matched by content (see ``pairing``).
* An item stands in the list if most of the lists have it. Where no item would, though most lists
  have some, they are those of the first such list by rank.
* An answer that broke off, or is no JSON behind some byte, has a vote on what it closed. On what
  it did not come to it has none; but it is counted among those that do not agree.
* Where the whole breaks the schema, that of the first answer by rank that keeps to it is taken;
  where none does, the medoid's.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, TypeVar

from fieldconf.errors import PayloadError
from fieldconf.paths import Path
from fieldconf.report import Agreement, Asked, Field, Reading, Report
from fieldconf.report.assembled import Part, assembled
from fieldconf.report.ending import WHOLE
from fieldconf.report.plain import json_text
from fieldconf.scores import wilson
from fieldconf.second.normal import Key, Step, container_key
from fieldconf.second.pairing import Node, Pairing, tree_of

T = TypeVar("T")

_NOT_SAID = "no answer has this list"

Votes: TypeAlias = Mapping[int, Node | None]
"""By rank: what each answer has at a place; None where it has nothing there. Who is not in it has
no say: it broke off before, or has no such place."""
_Label: TypeAlias = Key | Literal["object", "array", "absent"]


def agree(reports: Sequence[Report[T]]) -> Report[T]:
    """One report of several answers to the same question: what most say, and how many say it.

    Each field's ``agreement`` counts the answers that have its value, with Wilson's bounds; its
    ``readings`` are what each answer has there, in the order given. A field that has no confidence
    of its own (no logprobs) gets the share that agrees, with ``basis="agreement"``; others keep
    theirs, which is that of the first answer by rank that has the value.

    When two values say the same, how items of lists are matched and how ties go is in
    docs/second-readings.md. The order of the reports changes neither values nor agreement.

    Args:
        reports: of one schema, at least one: of several requests, or of the choices of one
            (``score_all``).

    Raises:
        PayloadError: if there is no report.

    >>> import fieldconf as fc
    >>> made = lambda text: {"choices": [{"message": {"content": text}}]}
    >>> saved = [made('"Yes"'), made('"yes."'), made('"no"')]
    >>> report = agree([fc.score(one, str) for one in saved])
    >>> report.value, report[""].agreement.count, report[""].agreement.of
    ('Yes', 2, 3)
    >>> round(report.confidence, 2), report[""].basis
    (0.67, 'agreement')
    """
    if not reports:
        raise PayloadError("there are no reports to compare", remedy="Give at least one")
    pairing = Pairing()
    ballot = _Ballot(reports, *_ranked(reports, pairing))
    whole = [at for at, one in enumerate(ballot.reports) if one.status in WHOLE]
    if not any(ballot.trees):
        return replace(reports[0], requests=_requests(reports))
    if not whole:
        return _report(ballot, _Vote(pairing, lead=_first_tree(ballot)), _first_tree(ballot))
    made = _report(ballot, _Vote(pairing), whole[0])
    if not made.errors:
        return made
    valid = [at for at in whole if not ballot.reports[at].errors]
    lead = (valid or whole)[0]
    return _report(ballot, _Vote(pairing, lead=lead), lead)


@dataclass(frozen=True, slots=True)
class _Ballot:
    """The answers as given, and by rank."""

    given: Sequence[Report[Any]]
    order: Sequence[int]
    trees: Sequence[Node | None]

    @property
    def reports(self) -> list[Report[Any]]:
        """The answers by rank."""
        return [self.given[number] for number in self.order]


def _first_tree(ballot: _Ballot) -> int:
    return next(at for at, tree in enumerate(ballot.trees) if tree is not None)


# -- the rank -----------------------------------------------------------------------------------


def _ranked(
    reports: Sequence[Report[Any]], pairing: Pairing
) -> tuple[list[int], list[Node | None]]:
    """The numbers of the answers by rank, and their trees."""
    trees = [tree_of(report) for report in reports]

    def rank(number: int) -> tuple[Any, ...]:
        own, report = trees[number], reports[number]
        if own is None:
            return (1, report.status, repr(report.reason), "", "")
        others = (one for at, one in enumerate(trees) if at != number and one is not None)
        alike = math.fsum(pairing.similarity(own, other) for other in others)
        written = repr([(token.text, token.logprob) for token in report.tokens])
        return (0, -alike, own.key, own.text, report.status, report.text or "", written)

    order = sorted(range(len(reports)), key=rank)
    return order, [trees[number] for number in order]


# -- the vote -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
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
    node: Node
    votes: Votes
    parts: Mapping[Step, "Taken"] = field(default_factory=dict[Step, "Taken"])

    @property
    def value(self) -> Any:
        """The decoded JSON value."""
        kind = self.node.said.kind
        if not self.node.is_container:
            return self.node.said.value
        closed = {s: part for s, part in self.parts.items() if part.closed_so_far}
        if kind == "object":
            return {step: part.value for step, part in closed.items()}
        return [part.value for part in closed.values()]

    @property
    def closed_so_far(self) -> bool:
        """Whether a part of it, at least, closed: of a scalar all of it."""
        return not self.node.is_open or self.node.said.kind in ("object", "array")

    @property
    def count(self) -> int:
        """How many answers have it."""
        nodes = (node for node in self.votes.values() if node is not None)
        return sum(node.key == self.key and not node.is_open for node in nodes)

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, "Taken"]]:
        """This place and those inside, with their paths."""
        yield path, self
        for step, part in self.parts.items():
            yield from part.walk((*path, step))


class _Vote:
    """Decides place by place.

    Args:
        pairing: which items are one item.
        lead: the rank of the answer that is to be taken whole; None to go by the votes.
    """

    def __init__(self, pairing: Pairing, *, lead: int | None = None) -> None:
        self._pairing = pairing
        self._lead = lead

    def take(self, votes: Votes) -> Taken | None:
        """What is decided; None if nothing stands there."""
        winners = self._winners(votes)
        if not winners:
            return None
        by, node = self._first(winners)
        if not node.is_container:
            return Taken(node.key, by, node, votes)
        parts = dict(self._named(winners))
        ordered = max(one.ordered for one in winners.values())
        if node.said.kind == "array" and len(parts) >= ordered:
            parts |= enumerate(self._items(winners), len(parts))
        told = ((step, part.key) for step, part in parts.items())
        key = container_key(node.said.kind, told, ordered=ordered)
        by, node = self._first(winners, key)
        return Taken(key, by, node, votes, parts)

    def _first(self, winners: Mapping[int, Node], key: Key | None = None) -> tuple[int, Node]:
        """Whose field is taken: the first by rank, if any, that closed and says this."""
        by, node = next(iter(winners.items()))
        if self._lead is None:
            closed = {at: one for at, one in winners.items() if not one.is_open}
            said = {at: one for at, one in closed.items() if one.key == key}
            by, node = next(iter((said or closed).items()), (by, node))
        return by, node

    def _winners(self, votes: Votes) -> dict[int, Node]:
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

    def _led(self, found: dict[int, Node]) -> dict[int, Node]:
        """The one that is to be taken stands first."""
        if self._lead is None:
            return found
        return {self._lead: found[self._lead], **found}

    def _label(self, at: int, node: Node | None) -> _Label | None:
        """What a value is counted as; None where that is not known, since it did not close.

        Of an object or a list that did not close the parts are counted; but that there is one at
        all must be said by one that did.
        """
        if node is None:
            return "absent"
        if node.is_container:
            return "object" if node.said.kind == "object" else "array"
        return None if node.is_open and at != self._lead else node.key

    def _named(self, winners: Mapping[int, Node]) -> Iterator[tuple[Step, Taken]]:
        """Objects part by part; of tuples what stands at the positions that are told apart."""
        is_object = next(iter(winners.values())).said.kind == "object"
        for step in dict.fromkeys(step for node in winners.values() for step in node.named):
            found = self.take({
                at: node.parts.get(step) for at, node in winners.items()
                if step in node.parts or not node.is_open
            })  # fmt: skip
            if found is not None:
                yield step, found
            elif not is_object:
                return  # a list has no gaps

    def _items(self, winners: Mapping[int, Node]) -> list[Taken]:
        lists = {at: node.items for at, node in winners.items()}
        found = self._pairing.clusters(lists)
        ballots = [
            {at: one.get(at) for at, node in winners.items() if at in one or not node.is_open}
            for one in found
        ]
        taken = [one for one in map(self.take, ballots) if one is not None]
        holders = [at for at, items in sorted(lists.items()) if items]
        if not taken and self._lead is None and 2 * len(holders) > len(lists):
            ballots = [votes for votes in ballots if votes.get(holders[0]) is not None]
            present = [{at: n for at, n in votes.items() if n is not None} for votes in ballots]
            taken = [one for one in map(self.take, present) if one is not None]
        return sorted(taken, key=self._place)

    def _place(self, taken: Taken) -> tuple[int, Any]:
        """By the first list, by rank, that has the item, and where it stands there."""
        having = [at for at, node in taken.votes.items() if node is not None]
        first = self._lead if self._lead in having else min(having)
        node = taken.votes[first]
        assert node is not None
        return first, node.said.path[-1]


def _is_open(node: Node | None) -> bool:
    return node is not None and node.is_open


# -- the report ---------------------------------------------------------------------------------


def _report(ballot: _Ballot, vote: _Vote, base: int) -> Report[Any]:
    """The report of what was decided; ``base`` is the rank of the answer that it is based on."""
    taken = vote.take({at: tree for at, tree in enumerate(ballot.trees) if tree is not None})
    assert taken is not None  # an answer has something to say
    reports = ballot.reports
    used = dict.fromkeys(one.by for _, one in taken.walk())
    data = taken.value
    alone = next(iter(used)) if len(used) == 1 else base
    if len(used) == 1 and json_text(data) == json_text(reports[alone].data):
        base, data = alone, reports[alone].data
    ranks = [base, *(at for at in used if at != base)]
    numbers = {at: number for number, at in enumerate(ranks)}
    parts = dict(_parts(ballot, taken, numbers))
    own = reports[base]
    is_scored = own.status in WHOLE
    return assembled(
        own, [reports[at] for at in ranks[1:]], data, parts,
        requests=_requests(ballot.given), status="complete" if is_scored else None,
    )  # fmt: skip


def _parts(
    ballot: _Ballot, taken: Taken, numbers: Mapping[int, int]
) -> Iterator[tuple[Path, Part]]:
    """Whose field stands at each path, with what all answers say of it."""
    for path, one in taken.walk():
        if one.node.is_open:
            yield path, (numbers[one.by], one.node.said)
            continue
        yield path, (numbers[one.by], _field(ballot, one))
        if one.node.said.kind in ("object", "array") and not one.node.is_container:
            yield from _below(ballot.reports[one.by], one.node.said.path, path, numbers[one.by])


def _below(report: Report[Any], old: Path, new: Path, number: int) -> Iterator[tuple[Path, Part]]:
    """The fields inside of a value that was taken as a whole."""
    for one in report.fields.values():
        if one.path[: len(old)] == old and one.path != old:
            yield (*new, *one.path[len(old) :]), (number, one)


def _field(ballot: _Ballot, taken: Taken) -> Field:
    """The field of a place, with the agreement and, for a leaf, what each answer has there."""
    own, of = taken.node.said, len(ballot.given)
    agreement = Agreement(taken.count, of, *wilson(taken.count, of))
    is_leaf = not taken.parts
    made = replace(own, agreement=agreement, readings=_readings(ballot, taken) if is_leaf else ())
    if own.kind == "array" and taken.node.key != taken.key:
        made = replace(
            made, confidence=None, low=None, high=None, logprob=None, basis="none", stops=(),
            why=None, indexes=(), reason=_NOT_SAID,
        )  # fmt: skip
    if made.confidence is not None or (own.kind == "object" and not is_leaf):
        return made
    return replace(
        made, confidence=agreement.share, low=agreement.low, high=agreement.high,
        basis="agreement", reason="",
    )  # fmt: skip


def _readings(ballot: _Ballot, taken: Taken) -> tuple[Reading, ...]:
    """What each answer has at a place, in the order in which they were given."""
    ranks = {number: at for at, number in enumerate(ballot.order)}
    return tuple(
        _reading(taken.votes.get(ranks[number]), report.model, taken.key)
        for number, report in enumerate(ballot.given)
    )


def _reading(node: Node | None, model: str, key: Key) -> Reading:
    if node is None or node.is_open:
        return Reading("sample", None, model=model, agrees=False)
    own = node.said
    return Reading(
        "sample", own.value, own.confidence, own.basis, model=model, agrees=node.key == key
    )


def _requests(reports: Sequence[Report[Any]]) -> tuple[Asked, ...]:
    """Each request with its cost. The choices of one response are one request, with its first."""
    made: list[Asked] = []
    for report in reports:
        cost = Asked("sample", report.model, report.input_tokens, report.output_tokens)
        made += report.requests or (() if report.choice else (cost,))
    return tuple(made)
