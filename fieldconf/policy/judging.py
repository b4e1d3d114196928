"""Judging: what to do with each field of an answer, and with the answer.

In:    the fields of an answer, how it breaks its schema, how it ended; a policy.
Out:   ``Verdict`` values: an outcome, and all reasons for it.
Never: an answer that is better than the worst of its fields.
Why:   the loop that everybody writes by hand begins with this question.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from fieldconf.paths import pointer
from fieldconf.policy.bands import Limits, Outcome, worst
from fieldconf.policy.choosing import FieldLimits
from fieldconf.policy.policies import Policy
from fieldconf.policy.reasons import Facts, Reason, reasons
from fieldconf.schema import SchemaNode, SchemaViolation

if TYPE_CHECKING:  # reports import policies
    from fieldconf.fields.field import Field
    from fieldconf.fields.status import Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a field, and why.

    Attributes:
        outcome: "accept", "review" or "reject".
        reasons: all that speaks against its value; empty if it is accepted.
        band: by which confidences it was judged.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    band: Limits

    def to_dict(self) -> dict[str, Any]:
        """The outcome and the reasons as plain JSON values."""
        return {"outcome": self.outcome, "reasons": [asdict(one) for one in self.reasons]}


def judged(facts: Facts, last: Verdict | None = None) -> Verdict:
    """The verdict on one field; the last one again where it is the same: most are that."""
    found = reasons(facts)
    if not found and last is not None and last.band is facts.band and not last.reasons:
        return last
    return Verdict(worst(one.outcome for one in found), found, facts.band)


def is_judged(field: "Field", verdict: Verdict) -> bool:
    """Whether a field counts: a scalar, a list, or an object with a reason of its own."""
    return field.kind != "object" or bool(verdict.reasons) or field.is_leaf


@dataclass(slots=True)
class Judge:
    """Judges the fields of one answer, one by one, by one policy.

    It holds none of the fields, so that a field can hold its judge.

    Attributes:
        policy: the policy.
        root: what the schema says of the root.
        problems: how the answer breaks its schema, by pointer, see ``problems_of``.
        lacks_tokens: whether the answer has no tokens with logprobs.
        other: what speaks against every field; or empty.
        uncovered: for which other answers the policy was certified; or empty.
    """

    policy: Policy
    root: SchemaNode
    problems: Mapping[str, tuple[str, ...]]
    lacks_tokens: bool = True
    other: str = ""
    uncovered: str = ""
    _limits: FieldLimits | None = field(default=None, compare=False)
    _last: Verdict | None = field(default=None, compare=False)

    def verdict(self, field: "Field", parent: "Field | None") -> Verdict | None:
        """The verdict on a field; None for an object without a reason of its own.

        ``parent`` is the object in which it is written: it knows how probable the key was.
        """
        if self._limits is None:
            self._limits = FieldLimits(self.policy, self.root)
        problems = self.problems.get(field.pointer, ()) if self.problems else ()
        presence = parent.presence.get(str(field.path[-1])) if parent is not None else None
        facts = Facts(
            field, self._limits.of(field), self.policy, self.lacks_tokens, problems, presence,
            self.other, self.uncovered,
        )  # fmt: skip
        verdict = self._last = judged(facts, self._last)
        return verdict if is_judged(field, verdict) else None

    def outcome(self, field: "Field", parent: "Field | None") -> Outcome | None:
        """The outcome of a field; None for an object without a reason of its own."""
        verdict = self.verdict(field, parent)
        return None if verdict is None else verdict.outcome


def outcome_of(verdicts: Mapping[str, Verdict], status: "Status") -> Outcome:
    """What to do with the whole answer: the worst of its fields; if it is not whole, "reject"."""
    from fieldconf.fields.status import WHOLE  # noqa: PLC0415  # reports import policies

    if status not in WHOLE or not verdicts:
        return "reject"
    return worst(verdict.outcome for verdict in verdicts.values())


def problems_of(
    errors: Iterable[SchemaViolation], fields: "Mapping[str, Field]"
) -> dict[str, tuple[str, ...]]:
    """What is wrong at each field, by pointer; an error where no field is goes to the one above."""
    problems: dict[str, list[str]] = {}
    for error in errors:
        path = error.path
        while path and pointer(path) not in fields:
            path = path[:-1]
        is_here = len(path) == len(error.path)
        sentence = error.problem if is_here else f"{error.pointer}: {error.problem}"
        problems.setdefault(pointer(path), []).append(sentence)
    return {name: tuple(sentences) for name, sentences in problems.items()}
