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
* Labels (``LabelSet``) are one value each: see ``labelled``.
* Where the whole breaks the schema, that of the first answer by rank that keeps to it is taken;
  where none does, the medoid's.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fieldconf.agreement.equivalence import Key
from fieldconf.agreement.labels import agreed_labels
from fieldconf.agreement.pairing import Pairing, ValueNode, tree_of
from fieldconf.agreement.voting import ChosenValue, Vote
from fieldconf.errors import PayloadError
from fieldconf.fields.field import Field
from fieldconf.fields.readings import Agreement, Reading, RequestCost
from fieldconf.fields.status import WHOLE
from fieldconf.formulas import wilson
from fieldconf.parsing.writing import json_text
from fieldconf.paths import Path
from fieldconf.report import Report
from fieldconf.report.combine import Part, assembled

T = TypeVar("T")

_NOT_SAID = "no answer has this list"


def agree(reports: Sequence[Report[T]]) -> Report[T]:
    """One report of several answers to the same question: what most say, and how many say it.

    Each field's ``agreement`` counts the answers that have its value, with Wilson's bounds; its
    ``readings`` are what each answer has there, in the order given. A field that has no confidence
    of its own (no logprobs) gets the share that agrees, with ``basis="agreement"``; others keep
    theirs, which is that of the first answer by rank that has the value.

    When two values say the same, how items of lists are matched and how ties go is in
    docs/agreement.md. The order of the reports changes neither values nor agreement.

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
    if reports[0].schema.labels is not None:
        return agreed_labels(reports, _requests(reports))
    pairing = Pairing()
    ballot = _Ballot(reports, *_ranked(reports, pairing))
    whole = [at for at, one in enumerate(ballot.ranked) if one.status in WHOLE]
    if not any(ballot.trees):
        return replace(reports[0], requests=_requests(reports))
    if not whole:
        return _report(ballot, Vote(pairing, lead=_first_tree(ballot)), _first_tree(ballot))
    made = _report(ballot, Vote(pairing), whole[0])
    if not made.errors:
        return made
    valid = [at for at in whole if not ballot.ranked[at].errors]
    lead = (valid or whole)[0]
    return _report(ballot, Vote(pairing, lead=lead), lead)


@dataclass(frozen=True, slots=True)
class _Ballot:
    """The answers as given, and by rank."""

    given: Sequence[Report[Any]]
    order: Sequence[int]
    trees: Sequence[ValueNode | None]

    @property
    def ranked(self) -> list[Report[Any]]:
        """The answers by rank."""
        return [self.given[number] for number in self.order]


def _first_tree(ballot: _Ballot) -> int:
    return next(at for at, tree in enumerate(ballot.trees) if tree is not None)


# -- the rank -----------------------------------------------------------------------------------


def _ranked(
    reports: Sequence[Report[Any]], pairing: Pairing
) -> tuple[list[int], list[ValueNode | None]]:
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


# -- the report ---------------------------------------------------------------------------------


def _report(ballot: _Ballot, vote: Vote, base: int) -> Report[Any]:
    """The report of what was decided; ``base`` is the rank of the answer that it is based on."""
    taken = vote.choose({at: tree for at, tree in enumerate(ballot.trees) if tree is not None})
    assert taken is not None  # an answer has something to say
    reports = ballot.ranked
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
    ballot: _Ballot, taken: ChosenValue, numbers: Mapping[int, int]
) -> Iterator[tuple[Path, Part]]:
    """Whose field stands at each path, with what all answers say of it."""
    for path, one in taken.walk():
        if one.node.is_open:
            yield path, (numbers[one.by], one.node.report_field)
            continue
        yield path, (numbers[one.by], _field(ballot, one))
        if one.node.report_field.kind in ("object", "array") and not one.node.is_container:
            yield from _below(
                ballot.ranked[one.by], one.node.report_field.path, path, numbers[one.by]
            )


def _below(report: Report[Any], old: Path, new: Path, number: int) -> Iterator[tuple[Path, Part]]:
    """The fields inside of a value that was taken as a whole."""
    for one in report.fields.values():
        if one.path[: len(old)] == old and one.path != old:
            yield (*new, *one.path[len(old) :]), (number, one)


def _field(ballot: _Ballot, taken: ChosenValue) -> Field:
    """The field of a place, with the agreement and, for a leaf, what each answer has there."""
    own, of = taken.node.report_field, len(ballot.given)
    agreement = Agreement(taken.count, of, *wilson(taken.count, of))
    is_leaf = not taken.parts
    made = replace(own, agreement=agreement, readings=_readings(ballot, taken) if is_leaf else ())
    if own.kind == "array" and taken.node.key != taken.key:
        made = replace(
            made, confidence=None, low=None, high=None, logprob=None, basis="none",
            end_probabilities=(),
            why=None, indexes=(), reason=_NOT_SAID,
        )  # fmt: skip
    if made.confidence is not None or (own.kind == "object" and not is_leaf):
        return made
    return replace(
        made, confidence=agreement.share, low=agreement.low, high=agreement.high,
        basis="agreement", reason="",
    )  # fmt: skip


def _readings(ballot: _Ballot, taken: ChosenValue) -> tuple[Reading, ...]:
    """What each answer has at a place, in the order in which they were given."""
    ranks = {number: at for at, number in enumerate(ballot.order)}
    return tuple(
        _reading(taken.votes.get(ranks[number]), report.model, taken.key)
        for number, report in enumerate(ballot.given)
    )


def _reading(node: ValueNode | None, model: str, key: Key) -> Reading:
    if node is None or node.is_open:
        return Reading("sample", None, model=model, agrees=False)
    own = node.report_field
    return Reading(
        "sample", own.value, own.confidence, own.basis, model=model, agrees=node.key == key
    )


def _requests(reports: Sequence[Report[Any]]) -> tuple[RequestCost, ...]:
    """Each request with its cost. The choices of one response are one request, with its first."""
    made: list[RequestCost] = []
    for report in reports:
        cost = RequestCost("sample", report.model, report.input_tokens, report.output_tokens)
        made += report.requests or (() if report.choice else (cost,))
    return tuple(made)
