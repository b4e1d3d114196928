"""Reasons: what speaks against a value, one small rule each.

In:    one field, its confidence limits, the policy.
Out:   the reasons: a name, the outcome it leads to, and a sentence with the facts.
Never: a reason without evidence; "accept" for an unknown confidence.
Why:   whoever reviews a field, or asks again, wants to know why, and routes by the name.

All rules are monotone: a higher threshold or a lower limit never gives fewer or milder reasons.
A new reason is a function and its row in ``RULES``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from fieldconf.distributions.distribution import Member
from fieldconf.policy.limits import NOTHING, Limits, Outcome
from fieldconf.policy.policies import Policy

if TYPE_CHECKING:  # reports import policies
    from fieldconf.fields.field import Field

Name: TypeAlias = Literal[
    "below_threshold", "unknown", "not_aligned", "truncated", "invalid", "off_schema",
    "null_undecided", "may_miss_item", "not_in_source", "missed_in_source", "readings_disagree",
    "other_json", "not_covered",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against a value.

    Attributes:
        name: its name; ``docs/policies.md`` lists all names.
        sentence: the facts, in words.
        outcome: what it leads to by itself: "review" or "reject".
    """

    name: Name
    sentence: str
    outcome: Outcome


class Facts(NamedTuple):
    """What the rules look at.

    Attributes:
        field: the field.
        limits: its confidence limits.
        policy: the policy, with the limits of the other rules.
        lacks_tokens: whether a field without a logprob lacks it because of its tokens.
        problems: how it breaks the schema, a sentence each.
        presence: of the value of an optional key: how probable the key was; or None.
        other: what speaks against the whole answer: other JSON beside it; or empty.
        uncovered: how the answer differs from those that the policy was certified for; or empty.
    """

    field: "Field"
    limits: Limits
    policy: Policy
    lacks_tokens: bool = True
    problems: tuple[str, ...] = ()
    presence: Member | None = None
    other: str = ""
    uncovered: str = ""


Findings: TypeAlias = Sequence[tuple[Outcome, str]]
"""What a rule finds: outcomes, each with a sentence; usually none."""


def _below_threshold(facts: Facts) -> Findings:
    confidence, limits = facts.field.confidence, facts.limits
    if confidence is None or confidence >= limits.accept:
        return ()
    outcome = limits.outcome(confidence)
    limit = limits.accept if outcome == "review" else limits.review
    if limit == NOTHING:
        return ((outcome, "nothing of this field is accepted, whatever its confidence"),)
    return ((outcome, f"confidence {_below(confidence, limit)} is below {limit:g}"),)


def _unknown(facts: Facts) -> Findings:
    if not _is_unknown(facts.field) or _lacks_tokens(facts):
        return ()
    return ((_outcome_of_unknown(facts), facts.field.reason or "it has no confidence"),)


def _not_aligned(facts: Facts) -> Findings:
    if not _is_unknown(facts.field) or not _lacks_tokens(facts):
        return ()
    sentence = facts.field.reason or "no tokens with logprobs wrote it"
    return ((_outcome_of_unknown(facts), sentence),)


def _truncated(facts: Facts) -> Findings:
    if "truncated" not in facts.field.flags:
        return ()
    return (("reject", facts.field.reason or "the answer ends inside of it"),)


def _invalid(facts: Facts) -> Findings:
    return [("reject", problem) for problem in facts.problems] if facts.problems else ()


def _off_schema(facts: Facts) -> Findings:
    distribution = facts.field.distribution
    if distribution is not None and distribution.off_schema > facts.policy.off_schema:
        other = f": `{distribution.other[0].text}`" if distribution.other else ""
        share = distribution.off_schema
        return (("review", f"{share:.3f} of the mass is outside of the schema{other}"),)
    if "against_schema" in facts.field.flags:
        return (("review", "the schema allows under 10 % of what the model wanted to write"),)
    return ()


def _null_undecided(facts: Facts) -> Findings:
    field, limit = facts.field, facts.policy.null
    findings: list[tuple[Outcome, str]] = []
    null = field.null
    if null is not None and _is_undecided(null, limit):
        findings.append(("review", f"null against a value is undecided: null {null:.3f}"))
    if facts.presence is not None and _is_undecided(facts.presence.probability, limit):
        share = facts.presence.probability
        findings.append(("review", f"whether it is there is undecided: written with {share:.3f}"))
    for key, member in field.presence.items():
        if not member.value and _is_undecided(member.probability, limit):
            share = member.probability
            findings.append(("review", f"{key!r} was left out, but is written with {share:.3f}"))
    return findings


def _may_miss_item(facts: Facts) -> Findings:
    field = facts.field
    if field.kind != "array" or len(field.end_probabilities) != len(field.value or ()) + 1:
        return ()
    goes_on = 1 - field.end_probabilities[-1].probability
    if goes_on <= facts.policy.missing_item:
        return ()
    return (("review", f"the list may miss an item: it goes on with {goes_on:.3f}"),)


def _not_in_source(facts: Facts) -> Findings:
    if facts.field.source_spans != () or facts.policy.absent == "accept":
        return ()
    return ((facts.policy.absent, "it was not found in the text that was read"),)


def _missed_in_source(facts: Facts) -> Findings:
    candidates = facts.field.source_candidates or ()
    # Most texts have names, and few of them are missing values.
    candidate = next((each for each in candidates if each.kind != "name"), None)
    if candidate is None or facts.policy.missed == "accept":
        return ()
    has = "mentions it" if candidate.kind == "mention" else "has what it could be"
    return ((facts.policy.missed, f"it is null, but the text {has}: {candidate.text!r}"),)


def _readings_disagree(facts: Facts) -> Findings:
    if not facts.field.readings or facts.policy.disagree == "accept":
        return ()
    second = [
        reading for reading in facts.field.readings
        if reading.agrees is not None and reading.how not in ("answer", "sample")
    ]  # fmt: skip
    if not second or second[-1].agrees:
        return ()
    last = second[-1]
    who = f" of {last.model}" if last.model else ""
    verb = "says that it is wrong" if last.how == "verification" else "gives another value"
    return ((facts.policy.disagree, f"a second reading{who} {verb}"),)


def _other_json(facts: Facts) -> Findings:
    return (("review", facts.other),) if facts.other else ()


def _not_covered(facts: Facts) -> Findings:
    if not facts.uncovered:
        return ()
    return (("review", f"the policy was certified for {facts.uncovered}"),)


RULES: Mapping[Name, Callable[[Facts], Findings]] = {
    "other_json": _other_json,
    "not_covered": _not_covered,
    "truncated": _truncated,
    "invalid": _invalid,
    "not_aligned": _not_aligned,
    "unknown": _unknown,
    "below_threshold": _below_threshold,
    "off_schema": _off_schema,
    "null_undecided": _null_undecided,
    "may_miss_item": _may_miss_item,
    "not_in_source": _not_in_source,
    "missed_in_source": _missed_in_source,
    "readings_disagree": _readings_disagree,
}
"""Every rule, for scalars and lists, the worst first. ``reasons`` asks each of them."""

OF_OBJECTS: frozenset[Name] = frozenset({"truncated", "invalid", "null_undecided"})
"""The rules for objects. The confidence of an object is that of its least sure field, which is
judged itself."""

_Rows: TypeAlias = list[tuple[Name, Callable[[Facts], Findings]]]
_ALL_RULES: _Rows = [*RULES.items()]
_RULES_OF_OBJECTS: _Rows = [row for row in _ALL_RULES if row[0] in OF_OBJECTS]


def reasons(facts: Facts) -> tuple[Reason, ...]:
    """All that speaks against a value, in the order of ``RULES``."""
    is_object = facts.field.kind == "object" and not facts.field.is_leaf
    against: list[Reason] = []
    for name, rule in _RULES_OF_OBJECTS if is_object else _ALL_RULES:
        if findings := rule(facts):
            against += [Reason(name, sentence, outcome) for outcome, sentence in findings]
    return tuple(against)


# -- helpers --------------------------------------------------------------------------------------


def _is_unknown(field: "Field") -> bool:
    return field.confidence is None and "truncated" not in field.flags


def _lacks_tokens(facts: Facts) -> bool:
    return facts.field.logprob is None and facts.lacks_tokens


def _outcome_of_unknown(facts: Facts) -> Outcome:
    """An unknown confidence may be the lowest, so it is judged as the lowest: never accepted."""
    return "reject" if facts.limits.review > 0 else "review"


def _is_undecided(share: float, limit: float) -> bool:
    return min(share, 1 - share) > limit


def _below(confidence: float, limit: float) -> str:
    """A confidence, with enough digits to show that it is below a limit."""
    shown = (f"{confidence:.{digits}f}" for digits in (3, 6, 9))
    return next((text for text in shown if float(text) < limit), repr(confidence))
