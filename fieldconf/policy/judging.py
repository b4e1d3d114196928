"""Judging: the verdict on each field of an answer, and the outcome of the whole answer.

In:    the fields of an answer, its schema violations, how it ended; a policy.
Out:   ``Verdict`` values: an outcome, and all reasons for it.
Never: an answer with a better outcome than the worst of its fields that count.
Why:   every caller has to decide whether to use a value, review it or ask again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from fieldconf.distributions.distribution import Member
from fieldconf.paths import Path, pointer
from fieldconf.policy.choosing import FieldLimits
from fieldconf.policy.limits import Limits, Outcome, worst
from fieldconf.policy.reasons import Facts, Reason, reasons
from fieldconf.schema import SchemaViolation

if TYPE_CHECKING:  # reports import policies
    from fieldconf.fields.field import Field
    from fieldconf.fields.status import Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a field, and why.

    Attributes:
        outcome: "accept", "review" or "reject".
        reasons: all that speaks against its value; empty if it is accepted.
        limits: the confidence limits by which it was judged.
        counts: whether it enters the outcome of the answer; see ``FieldConfig.counts``. A value
            that breaks the schema always does.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    limits: Limits
    counts: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The outcome and the reasons as plain JSON values."""
        return {"outcome": self.outcome, "reasons": [asdict(reason) for reason in self.reasons]}


def judged(facts: Facts, last: Verdict | None = None) -> Verdict:
    """The verdict on one field.

    ``last`` is returned again if it is equal, as for most fields: they share one object.
    """
    against = reasons(facts)
    if not against and last is not None and last.limits is facts.limits and not last.reasons:
        return last
    return Verdict(worst(reason.outcome for reason in against), against, facts.limits)


def is_judged(field: "Field", verdict: Verdict) -> bool:
    """Whether a field has a verdict: a scalar, a list, or an object with a reason of its own."""
    return field.kind != "object" or bool(verdict.reasons) or field.is_leaf


def judge(
    fields: "Mapping[str, Field]",
    errors: Iterable[SchemaViolation],
    limits: FieldLimits,
    *,
    lacks_tokens: bool,
    other: str = "",
    uncovered: str = "",
) -> dict[str, Verdict]:
    """The verdicts on the fields of an answer, by pointer, in the answer's order.

    Args:
        fields: the fields, by pointer, in document order.
        errors: how the answer breaks its schema.
        limits: the limits of the policy for each field.
        lacks_tokens: whether a field without a logprob lacks it because of its tokens.
        other: what speaks against every field: other JSON beside the answer; or empty.
        uncovered: how the answer differs from those that the policy was certified for; or empty.
    """
    problems, presences = _problems(fields, errors), _presences(fields)
    limits_of, policy = limits.of, limits.policy
    verdicts: dict[str, Verdict] = {}
    last: Verdict | None = None
    ignored = _ignored(fields)
    for name, field in fields.items():
        field_problems = problems.get(name, ())
        facts = Facts(
            field, limits_of(field), policy, lacks_tokens, field_problems,
            presences.get(field.path), other, uncovered,
        )  # fmt: skip
        verdict = judged(facts, last)
        if is_judged(field, verdict):
            last = verdict
            if name in ignored and not field_problems:
                verdict = replace(verdict, counts=False)
            verdicts[name] = verdict
    return verdicts


def outcome_of(verdicts: Mapping[str, Verdict], status: "Status") -> Outcome:
    """The outcome of an answer: the worst of its fields that count.

    An answer that is not whole, or that has no fields, is rejected.
    """
    from fieldconf.fields.status import WHOLE  # noqa: PLC0415  # reports import policies

    if status not in WHOLE or not verdicts:
        return "reject"
    return worst(verdict.outcome for verdict in verdicts.values() if verdict.counts)


def _ignored(fields: "Mapping[str, Field]") -> set[str]:
    """The pointers of the fields that do not count, and of those inside; none if no field counts.

    That depends on the schema and the answer only, so that outcomes stay monotone in the policy.
    """
    paths: set[Path] = set()
    names: set[str] = set()
    for name, field in fields.items():
        if not field.counts or (paths and field.path and field.path[:-1] in paths):
            paths.add(field.path)
            names.add(name)
    judged_names = (
        name for name, field in fields.items() if field.kind != "object" or field.is_leaf
    )
    return names if names and any(name not in names for name in judged_names) else set()


def _presences(fields: "Mapping[str, Field]") -> dict[Path, Member]:
    """Whether each optional key was written, and how probable that was, by the value's path."""
    return {
        (*field.path, key): member
        for field in fields.values() if field.presence
        for key, member in field.presence.items()
    }  # fmt: skip


def _problems(
    fields: "Mapping[str, Field]", errors: Iterable[SchemaViolation]
) -> dict[str, tuple[str, ...]]:
    """The schema violations of each field; of a place without a field, at the nearest one above."""
    problems: dict[str, list[str]] = {}
    for error in errors:
        path = error.path
        while path and pointer(path) not in fields:
            path = path[:-1]
        is_here = len(path) == len(error.path)
        sentence = error.problem if is_here else f"{error.pointer}: {error.problem}"
        problems.setdefault(pointer(path), []).append(sentence)
    return {name: tuple(sentences) for name, sentences in problems.items()}
