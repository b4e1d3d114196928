"""Judging: what to do with each field of an answer, and with the answer.

In:    the fields of an answer, how it breaks its schema, how it ended; a policy.
Out:   ``Verdict`` values: an outcome, and all reasons for it.
Never: an answer that is better than the worst of its fields.
Why:   the loop that everybody writes by hand begins with this question.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from fieldconf.distributions.distribution import Member
from fieldconf.paths import Path, pointer
from fieldconf.policy.bands import Limits, Outcome, worst
from fieldconf.policy.choosing import FieldLimits
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


def judge(
    fields: "Mapping[str, Field]",
    errors: Iterable[SchemaViolation],
    bands: FieldLimits,
    *,
    lacks_tokens: bool,
    other: str = "",
    uncovered: str = "",
) -> dict[str, Verdict]:
    """The verdicts on the fields of an answer, by pointer, in its order.

    ``other`` says what speaks against every one of them, ``uncovered`` for which answers the
    policy was certified, and which these are.
    """
    problems, presences = _problems(fields, errors), _presences(fields)
    band_of, policy = bands.of, bands.policy
    made: dict[str, Verdict] = {}
    last: Verdict | None = None
    for name, field in fields.items():
        facts = Facts(
            field, band_of(field), policy, lacks_tokens, problems.get(name, ()),
            presences.get(field.path), other, uncovered,
        )  # fmt: skip
        verdict = judged(facts, last)
        if is_judged(field, verdict):
            made[name] = last = verdict
    return made


def outcome_of(verdicts: Mapping[str, Verdict], status: "Status") -> Outcome:
    """What to do with the whole answer: the worst of its fields; if it is not whole, "reject"."""
    from fieldconf.fields.status import WHOLE  # noqa: PLC0415  # reports import policies

    if status not in WHOLE or not verdicts:
        return "reject"
    return worst(verdict.outcome for verdict in verdicts.values())


def _presences(fields: "Mapping[str, Field]") -> dict[Path, Member]:
    """Of the values of optional keys, what the objects around them say of the keys."""
    return {
        (*field.path, key): member
        for field in fields.values() if field.presence
        for key, member in field.presence.items()
    }  # fmt: skip


def _problems(
    fields: "Mapping[str, Field]", errors: Iterable[SchemaViolation]
) -> dict[str, tuple[str, ...]]:
    """What is wrong at each field; what is wrong where none is, at the nearest one above."""
    found: dict[str, list[str]] = {}
    for error in errors:
        path = error.path
        while path and pointer(path) not in fields:
            path = path[:-1]
        is_here = len(path) == len(error.path)
        sentence = error.problem if is_here else f"{error.pointer}: {error.problem}"
        found.setdefault(pointer(path), []).append(sentence)
    return {name: tuple(sentences) for name, sentences in found.items()}
