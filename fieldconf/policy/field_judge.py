"""Field judge: the verdict on each field of an answer, and the outcome of the whole answer.

In:    the fields of an answer, its schema violations, how it ended; a policy.
Out:   ``Verdict`` values: an outcome, and all reasons for it.
Never: an answer with a better outcome than the worst of its fields that count.
Why:   every caller has to decide whether to use a value, review it or ask again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from fieldconf.fields.plain_values import digest_of
from fieldconf.fields.readings import Calibrated
from fieldconf.fields.status import WHOLE, Status
from fieldconf.paths import Path, pointer
from fieldconf.policy.field_limits import FieldLimits
from fieldconf.policy.limits import Limits, Outcome, worst
from fieldconf.policy.policies import Policy
from fieldconf.policy.reasons import Facts, Reason, reasons
from fieldconf.schema import Schema, SchemaNode, SchemaViolation
from fieldconf.statistics.guarantee import in_words

if TYPE_CHECKING:  # reports import policies
    from fieldconf.fields.field import Field


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


def outcome_and_reason(
    field: "Field", verdict: Verdict | None
) -> tuple[Outcome | None, str | None]:
    """The outcome of a field, and in words what speaks against it or why it has no confidence."""
    if verdict is None:
        return None, field.reason or None
    reasons = "; ".join(reason.sentence for reason in verdict.reasons)
    return verdict.outcome, reasons or field.reason or None


def is_judged(field: "Field", verdict: Verdict) -> bool:
    """Whether a field has a verdict: a scalar, a list, or an object with a reason of its own."""
    return field.kind != "object" or bool(verdict.reasons) or field.is_leaf


def scope_of(
    model: str, schema: Schema, instructions: str | None, calibration: Calibrated | None
) -> dict[str, str]:
    """What the numbers of an answer are of, see ``Report.scope``."""
    return {
        "model": model,
        "schema": "" if schema.is_free else schema.digest,
        "prompt": "" if instructions is None else digest_of(instructions),
        "calibration": "none" if calibration is None else calibration.digest,
    }


@dataclass(slots=True)
class FieldJudge:
    """Judges the fields of one answer, one by one, by one policy.

    It holds none of the fields, so that a field can hold its judge.

    Attributes:
        policy: the policy.
        root: what the schema says of the root.
        problems: how the answer breaks its schema, by pointer, see ``problems_of``.
        lacks_tokens: whether the answer has no tokens with logprobs.
        other: what speaks against every field; or empty.
        answer: model, schema, instructions and calibration of the answer, for ``scope_of``; they
            are compared with the guarantee of the policy when the first verdict is read. None if
            the policy has no guarantee.
    """

    policy: Policy
    root: SchemaNode
    problems: Mapping[str, tuple[str, ...]]
    lacks_tokens: bool = True
    other: str = ""
    answer: tuple[str, Schema, str | None, Calibrated | None] | None = None
    _uncovered: str = field(default="", compare=False)
    _limits: FieldLimits | None = field(default=None, compare=False)
    _last: Verdict | None = field(default=None, compare=False)

    def verdict(self, field: "Field", parent: "Field | None") -> Verdict | None:
        """The verdict on a field; None for an object without a reason of its own.

        ``parent`` is the object in which it is written: it knows how probable the key was.
        """
        if self._limits is None:
            self._limits = FieldLimits(self.policy, self.root)
            if self.policy.guarantee is not None and self.answer is not None:
                differences = self.policy.guarantee.differences(scope_of(*self.answer))
                self._uncovered = in_words(differences)
        problems = self.problems.get(field.pointer, ()) if self.problems else ()
        presence = parent.presence.get(str(field.path[-1])) if parent is not None else None
        facts = Facts(
            field, self._limits.of(field), self.policy, self.lacks_tokens, problems, presence,
            self.other, self._uncovered,
        )  # fmt: skip
        verdict = self._last = judged(facts, self._last)
        return verdict if is_judged(field, verdict) else None

    def outcome(self, field: "Field", parent: "Field | None") -> Outcome | None:
        """The outcome of a field; None for an object without a reason of its own."""
        verdict = self.verdict(field, parent)
        return None if verdict is None else verdict.outcome


def outcome_of(verdicts: Mapping[str, Verdict], status: Status) -> Outcome:
    """The outcome of an answer: the worst of its fields that count.

    An answer that is not whole, or that has no fields, is rejected.
    """
    if status not in WHOLE or not verdicts:
        return "reject"
    return worst(verdict.outcome for verdict in verdicts.values() if verdict.counts)


def not_counting(fields: "Mapping[str, Field]") -> set[str]:
    """The pointers of the fields that do not count, and of those inside; none if no field counts.

    That depends on the schema and the answer only, so that outcomes stay monotone in the policy.
    """
    paths: set[Path] = set()
    names: set[str] = set()
    for name, scored in fields.items():
        if not scored.counts or (paths and scored.path and scored.path[:-1] in paths):
            paths.add(scored.path)
            names.add(name)
    judged_names = (
        name for name, field in fields.items() if field.kind != "object" or field.is_leaf
    )
    return names if names and any(name not in names for name in judged_names) else set()


def problems_of(
    errors: Iterable[SchemaViolation], fields: "Mapping[str, Field]"
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
