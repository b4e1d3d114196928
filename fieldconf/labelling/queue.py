"""Queue: the values that can be labelled, in the order in which they are asked for.

In:    reports, or rows of ``fieldconf batch``; a policy; a seed.
Out:   ``LabelQueue``: doubtful values, and a random sample of accepted ones. Frozen.
Never: an accepted value that was chosen by its confidence: the audit sample would not be random.
Why:   doubtful values show most errors; only a random sample tells how good accepted values are.

A value is a scalar or a list, as for evaluation. It is "accepted" if the policy accepts it, else
"doubtful". Doubtful values come in the order of ``Field.rank``, or of the confidence where there is
no rank, the lowest first and unknown ones before them. Accepted values come in the order of a keyed
hash of seed, document and field. For a random seed each order is equally likely, so that the first
n of them are a uniform sample without replacement, for every n. The order does not depend on the
order of the reports, nor on the version of Python.

Values that were cut off are not asked for: they are wrong. Nor are values below a key "*", since a
label's "*" means any key.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from fieldconf.errors import EvaluationError
from fieldconf.evaluation.correctness import field_steps
from fieldconf.evaluation.judged_reports import ReportAnswer, answers_of, restored
from fieldconf.evaluation.judging import values_at
from fieldconf.evaluation.label_files import is_file, read_file, typed
from fieldconf.evaluation.labels import name_of
from fieldconf.fields.field import Field
from fieldconf.fields.plain_values import plain_value
from fieldconf.parsing.kinds import is_container, same_json
from fieldconf.paths import matches
from fieldconf.policy import (
    USUAL,
    Facts,
    FieldJudge,
    FieldLimits,
    Outcome,
    Policy,
    judged,
    outcome_and_reason,
)
from fieldconf.report import Report
from fieldconf.report.results import Result
from fieldconf.schema import Schema

Key: TypeAlias = tuple[str, str]
"""The document and the pointer of a value."""
Drawn: TypeAlias = Literal["doubtful", "audit"]

_MOST = 9
"""Alternatives of a value: each has a key from 1 to 9."""


class LabelChoice(NamedTuple):
    """Another value that could be right, as plain JSON, and its probability (0..1) if known."""

    value: Any
    probability: float | None


@dataclass(frozen=True)
class LabelItem:
    """A value to label.

    Attributes:
        document: the id of its document as a text; its number if it has none.
        field: its field.
        value: the value as plain JSON; of a list with all items.
        drawn: "audit": drawn at random from the accepted values. "doubtful": not accepted.
        outcome: what the policy says of it.
        reason: what speaks against it, in words; empty if nothing does.
        source: the text that was read; None where it is not known.
    """

    document: str
    field: Field
    value: Any
    drawn: Drawn
    outcome: Outcome
    reason: str = ""
    source: str | None = None

    @property
    def key(self) -> Key:
        """The document and the pointer."""
        return self.document, self.field.pointer

    @property
    def alternatives(self) -> tuple[LabelChoice, ...]:
        """The other values of its distribution, else of its schema, else of a boolean; at most 9.

        The most probable ones come first.
        """
        field = self.field
        others: list[tuple[Any, float | None]] = []
        if field.distribution is not None:
            others = [(member.value, member.probability) for member in field.distribution]
        elif field.declared is not None and field.declared.members is not None:
            others = [(member, None) for member in field.declared.members]
        elif field.kind == "boolean":
            others = [(True, None), (False, None)]
        plain = [LabelChoice(plain_value(value), share) for value, share in others]
        return tuple([each for each in plain if not same_json(each.value, self.value)][:_MOST])


@dataclass(frozen=True)
class LabelQueue:
    """The values to label.

    Attributes:
        doubtful: the values that the policy does not accept, the most doubtful first.
        audit: the accepted values, in random order.
        share: the share (0..1) of the labels that is drawn from the accepted values.
        seed: of the random order.
        has_ids: whether documents have ids; else they are called by their numbers.
        reports: how many reports there are.
        values, accepted: digests: of all documents, fields and values; and of which are accepted.
    """

    doubtful: tuple[LabelItem, ...]
    audit: tuple[LabelItem, ...]
    share: float
    seed: int
    has_ids: bool
    reports: int
    values: str
    accepted: str

    def __len__(self) -> int:
        return len(self.doubtful) + len(self.audit)

    def next(self, done: Collection[Key], audited: int) -> LabelItem | None:
        """The next value; None if all are done.

        Args:
            done: the keys of the values that are done.
            audited: how many of these are accepted values.
        """
        doubtful = next((item for item in self.doubtful if item.key not in done), None)
        audit = next((item for item in self.audit if item.key not in done), None)
        is_audit = audited < int((len(done) + 1) * self.share + 1e-9)
        return (audit or doubtful) if is_audit else (doubtful or audit)


def queue_of(
    source: Any, *, policy: Policy | None = None, fields: Sequence[str] = (),
    texts: Mapping[str, str] | None = None, audit: float = 0.25, seed: int = 0,
) -> LabelQueue:  # fmt: skip
    """The queue of reports.

    Args:
        source: reports as for ``fc.evaluate``, rows of ``fieldconf batch``, or a file of these.
        policy: which values are accepted. If None, each report's own; of rows of a batch, their
            column ``outcome``, or the default policy without that.
        fields: the fields to label, JSON Pointers with "*" or attributes; all if empty.
        texts: the texts that were read, by the ids of documents; by default the reports' inputs.
        audit: the share (0..1) of the labels that is drawn at random from the accepted values.
        seed: of the draw.

    Raises:
        EvaluationError: if it cannot be read, has no value to label, or two reports have one id.

    >>> import fieldconf as fc
    >>> entry = {"token": "true", "logprob": -0.1}
    >>> report = fc.score({"choices": [{"message": {"content": "true"},
    ...                                 "logprobs": {"content": [entry]}}]}, bool)
    >>> queue_of({"mail": report}).next([], 0).key
    ('mail', '')
    """
    if is_file(source):
        read = read_file(source)
        is_one = isinstance(read, dict) and "fields" in read
        source = [read] if is_one else typed(read)
    source = restored(source)
    answers = answers_of(source if policy is None else _judged_by(source, policy))
    patterns = [_pattern(name) for name in fields]
    items: list[LabelItem] = []
    names = set[str]()
    for number, answer in enumerate(answers):
        name = name_of(number if answer.document is None else answer.document)
        if name in names:
            raise EvaluationError(
                f"two reports have the id {name!r}",
                remedy="Give one report for each document: a label is of a document and a field",
            )
        names.add(name)
        text = (texts or {}).get(name, answer.source)
        items += _items(name, answer, patterns, policy, text)
    if not items:
        what = f"no value at {', '.join(fields)}" if fields else "no values"
        raise EvaluationError(f"these reports have {what} to label", remedy="Give other reports")
    accepted = [item for item in items if item.drawn == "audit"]
    doubtful = [item for item in items if item.drawn == "doubtful"]
    everything = sorted((item.key, json.dumps(item.value, sort_keys=True)) for item in items)
    return LabelQueue(
        tuple(sorted(doubtful, key=_rank)),
        tuple(sorted(accepted, key=lambda item: _digest((seed, *item.key)))),
        audit, seed, any(answer.document is not None for answer in answers), len(answers),
        _digest(*everything), _digest(*sorted(item.key for item in accepted)),
    )  # fmt: skip


def _pattern(name: str) -> tuple[str, ...]:
    try:
        return field_steps(name)
    except ValueError as error:
        raise EvaluationError(
            str(error), remedy='Give a JSON Pointer, such as "/a/*/b", or attributes'
        ) from None


def _judged_by(source: Any, policy: Policy) -> Any:
    """The reports of a source with another policy; rows of a batch as they are."""
    if isinstance(source, Report):
        return cast("Report[Any]", source).with_policy(policy)
    if isinstance(source, Result):
        result = cast("Result[Any]", source)
        return replace(result, report=result.report and result.report.with_policy(policy))
    if isinstance(source, Mapping):
        entries = cast("Mapping[Any, Any]", source).items()
        return {name: _judged_by(entry, policy) for name, entry in entries}
    if isinstance(source, tuple):
        return tuple(_judged_by(each, policy) for each in cast("tuple[Any, ...]", source))
    if isinstance(source, Sequence) and not isinstance(source, str):
        return [_judged_by(each, policy) for each in cast("Sequence[Any]", source)]
    return source


def _items(
    document: str, answer: ReportAnswer, patterns: Sequence[tuple[str, ...]],
    policy: Policy | None, text: str | None,
) -> Iterable[LabelItem]:  # fmt: skip
    for field in answer.fields.values():
        if (
            field.kind == "object"
            or "truncated" in field.flags
            or "*" in field.path
            or (patterns and not any(matches(pattern, field.path) for pattern in patterns))
        ):
            continue
        value = field.value
        if field.kind == "array":  # of rows of a batch it has no items
            match = next(values_at(answer.data, [*map(str, field.path)]), None)
            value = value if match is None else match[1]
        outcome, reason = _outcome(field, policy)
        drawn: Drawn = "audit" if outcome == "accept" else "doubtful"
        yield LabelItem(document, field, plain_value(value), drawn, outcome, reason, text)


def _outcome(field: Field, policy: Policy | None) -> tuple[Outcome, str]:
    """What a policy says of a value, and why."""
    judge, parent = field.judged_by or (None, None)
    if isinstance(judge, FieldJudge):
        verdict = judge.verdict(field, parent)
    elif policy is not None or field.outcome is None:
        limits = FieldLimits(policy or USUAL, Schema().root)
        verdict = judged(Facts(field, limits.of(field), limits.policy))
    else:
        return field.outcome, field.reason
    outcome, reason = outcome_and_reason(field, verdict)
    return outcome or "review", reason or ""


def _rank(item: LabelItem) -> float:
    rank = item.field.confidence if item.field.rank is None else item.field.rank
    return -1.0 if rank is None else rank


def _digest(*parts: Any) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(json.dumps(part).encode() + b"\n")
    return digest.hexdigest()


def has_verdict_only(item: LabelItem) -> bool:
    """Whether "right" is no right value of a value, but a verdict.

    A right list has the right items, and says nothing of what they are; huge numbers are texts.
    """
    return is_container(item.value) or not same_json(item.value, item.field.value)
