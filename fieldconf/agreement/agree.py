"""Agreement: what most of several answers say, and how many of them say it.

In:    reports of answers to the same question.
Out:   one report: the values of a vote, each with the number of answers that have it.
Never: a result that depends on the order of the answers; a value that no answer has at its place;
       a result that violates the schema although an answer is valid.
Why:   if a model has no logprobs, several answers show how certain it is.

The vote:

* Answers are ranked. The first is the *medoid*, which shares most leaves with all others; ties are
  broken by the content of the answers. This rank breaks all ties below.
* A value is what most answers have at its place, in the spelling of the first of them by rank. A
  key that is left out is a vote, too, and so is null. Objects are voted on as objects, then part
  by part; so are lists, whose items are matched by content (see ``pairing``).
* An item is in the list if most of the lists have it. If no item has a majority, but most lists
  have items, the items are those of the first such list by rank.
* An answer that was truncated, or is invalid JSON from some byte on, votes on the values that it
  closed. For other values it has no vote, but counts among the answers that do not agree.
* Labels (``LabelSet``) are one value each: see ``labels``.
* If the result violates the schema, the first valid answer by rank is taken; if none is valid, the
  medoid.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from fieldconf.agreement.equivalence import Key
from fieldconf.agreement.label_votes import agreed_labels
from fieldconf.agreement.pairing import Pairing, ValueNode, tree_of
from fieldconf.agreement.voting import ChosenValue, Vote
from fieldconf.errors import PayloadError
from fieldconf.fields.field import Field
from fieldconf.fields.readings import Agreement, Reading, RequestCost
from fieldconf.fields.status import WHOLE
from fieldconf.formulas import wilson
from fieldconf.parsing.json_writing import json_text
from fieldconf.paths import Path
from fieldconf.report import Report
from fieldconf.report.combine import Part, assembled

T = TypeVar("T")

_NEW_LIST = "no answer has this list"


def agree(reports: Sequence[Report[T]]) -> Report[T]:
    """One report from several answers to the same question, with the agreement on each value.

    Each field's ``agreement`` counts the answers that have its value, with Wilson's bounds; its
    ``readings`` are what each answer has there, in the order of ``reports``. A field without a
    confidence (no logprobs) gets the share of answers that agree, with ``basis="agreement"``;
    other fields keep the confidence of the first answer by rank that has the value.

    docs/agreement.md says when two values are the same, how items of lists are matched, and how
    ties are broken. The order of the reports changes neither values nor agreement.

    Args:
        reports: at least one report, all of one schema: of several requests, or of the choices of
            one request (``score_all``).

    Raises:
        PayloadError: if there is no report.

    >>> import fieldconf as fc
    >>> answer = lambda text: {"choices": [{"message": {"content": text}}]}
    >>> answers = [answer('"Yes"'), answer('"yes."'), answer('"no"')]
    >>> report = agree([fc.score(each, str) for each in answers])
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
    whole = [at for at, ranked in enumerate(ballot.ranked) if ranked.status in WHOLE]
    if not any(ballot.trees):
        return replace(reports[0], requests=_requests(reports))
    if not whole:
        return _report(ballot, Vote(pairing, lead=_first_tree(ballot)), _first_tree(ballot))
    report = _report(ballot, Vote(pairing), whole[0])
    if not report.errors:
        return report
    valid = [at for at in whole if not ballot.ranked[at].errors]
    lead = (valid or whole)[0]
    return _report(ballot, Vote(pairing, lead=lead), lead)


@dataclass(frozen=True, slots=True)
class _Ballot:
    """The answers as given, and by rank."""

    reports: Sequence[Report[Any]]
    order: Sequence[int]
    trees: Sequence[ValueNode | None]

    @property
    def ranked(self) -> list[Report[Any]]:
        """The answers by rank."""
        return [self.reports[number] for number in self.order]


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
        if own is None:  # ranks last
            return (1, report.status, repr(report.reason), "", "")
        others = (tree for at, tree in enumerate(trees) if at != number and tree is not None)
        alike = math.fsum(pairing.similarity(own, other) for other in others)
        written = repr([(token.text, token.logprob) for token in report.tokens])
        return (0, -alike, own.key, own.text, report.status, report.text or "", written)

    order = sorted(range(len(reports)), key=rank)
    return order, [trees[number] for number in order]


# -- the report ---------------------------------------------------------------------------------


def _report(ballot: _Ballot, vote: Vote, base: int) -> Report[Any]:
    """The report of a vote; ``base`` is the rank of the answer that it is based on."""
    chosen = vote.choose({at: tree for at, tree in enumerate(ballot.trees) if tree is not None})
    assert chosen is not None  # an answer has something to say
    ranked = ballot.ranked
    used = dict.fromkeys(place.by for _, place in chosen.walk())
    data = chosen.value
    alone = next(iter(used)) if len(used) == 1 else base
    if len(used) == 1 and json_text(data) == json_text(ranked[alone].data):
        base, data = alone, ranked[alone].data
    ranks = [base, *(at for at in used if at != base)]
    numbers = {at: number for number, at in enumerate(ranks)}
    parts = dict(_parts(ballot, chosen, numbers))
    own = ranked[base]
    is_scored = own.status in WHOLE
    return assembled(
        own, [ranked[at] for at in ranks[1:]], data, parts,
        requests=_requests(ballot.reports), status="complete" if is_scored else None,
    )  # fmt: skip


def _parts(
    ballot: _Ballot, chosen: ChosenValue, numbers: Mapping[int, int]
) -> Iterator[tuple[Path, Part]]:
    """The field at each path, with the number of the report it is from, and its agreement."""
    for path, place in chosen.walk():
        if place.node.is_open:
            yield path, (numbers[place.by], place.node.report_field)
            continue
        yield path, (numbers[place.by], _field(ballot, place))
        if place.node.report_field.kind in ("object", "array") and not place.node.is_container:
            yield from _below(
                ballot.ranked[place.by], place.node.report_field.path, path, numbers[place.by]
            )


def _below(report: Report[Any], old: Path, new: Path, number: int) -> Iterator[tuple[Path, Part]]:
    """The fields inside a value that was chosen as a whole."""
    for field in report.fields.values():
        if field.path[: len(old)] == old and field.path != old:
            yield (*new, *field.path[len(old) :]), (number, field)


def _field(ballot: _Ballot, chosen: ChosenValue) -> Field:
    """The field of a place with its agreement; a leaf has the reading of each answer."""
    own, of = chosen.node.report_field, len(ballot.reports)
    agreement = Agreement(chosen.count, of, *wilson(chosen.count, of))
    is_leaf = not chosen.parts
    field = replace(own, agreement=agreement, readings=_readings(ballot, chosen) if is_leaf else ())
    if own.kind == "array" and chosen.node.key != chosen.key:
        field = replace(
            field, confidence=None, low=None, high=None, logprob=None, basis="none",
            end_probabilities=(),
            why=None, indexes=(), reason=_NEW_LIST,
        )  # fmt: skip
    if field.confidence is not None or (own.kind == "object" and not is_leaf):
        return field
    return replace(
        field, confidence=agreement.share, low=agreement.low, high=agreement.high,
        basis="agreement", reason="",
    )  # fmt: skip


def _readings(ballot: _Ballot, chosen: ChosenValue) -> tuple[Reading, ...]:
    """What each answer has at a place, in the order of the reports."""
    ranks = {number: at for at, number in enumerate(ballot.order)}
    return tuple(
        _reading(chosen.votes.get(ranks[number]), report.model, chosen.key)
        for number, report in enumerate(ballot.reports)
    )


def _reading(node: ValueNode | None, model: str, key: Key) -> Reading:
    if node is None or node.is_open:
        return Reading("sample", None, model=model, agrees=False)
    own = node.report_field
    return Reading(
        "sample", own.value, own.confidence, own.basis, model=model, agrees=node.key == key
    )


def _requests(reports: Sequence[Report[Any]]) -> tuple[RequestCost, ...]:
    """The cost of each request. Choices of one response share a request: the first one counts."""
    costs: list[RequestCost] = []
    for report in reports:
        cost = RequestCost("sample", report.model, report.input_tokens, report.output_tokens)
        costs += report.requests or (() if report.choice else (cost,))
    return tuple(costs)
