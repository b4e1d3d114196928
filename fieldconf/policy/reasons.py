"""Reasons: what speaks against a value, one small rule each.

In:    what is known of one field, its band, the policy's limits.
Out:   what each reason found leads to, and a sentence with the facts.
Never: a reason for what is not known to be so; "accept" for a confidence that is not known.
Why:   who reviews a field, or asks again, wants to know why, and routes by the name.

All rules are monotone: a higher threshold or a lower limit finds no fewer reasons, and no milder
ones.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from fieldconf.distributions.distribution import Member
from fieldconf.policy.bands import NOTHING, Limits, Outcome
from fieldconf.policy.policies import Policy

if TYPE_CHECKING:  # reports import policies
    from fieldconf.fields.field import Field

Name: TypeAlias = Literal[
    "below_threshold", "unknown", "not_aligned", "truncated", "invalid", "off_schema",
    "null_undecided", "may_miss_item", "not_in_source", "readings_disagree", "other_json",
    "not_covered",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against a value.

    Attributes:
        name: which; ``docs/policies.md`` lists them.
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
        band: which confidences do for it.
        policy: the limits.
        lacks_tokens: whether, if it has no logprob, that is its tokens' fault.
        problems: how it breaks the schema.
        presence: of an optional key that was written: that it was; or None.
        other: what speaks against all of the answer: other JSON stands beside it; or empty.
        uncovered: for which other answers the policy was certified; or empty.
    """

    field: "Field"
    band: Limits
    policy: Policy
    lacks_tokens: bool = True
    problems: tuple[str, ...] = ()
    presence: Member | None = None
    other: str = ""
    uncovered: str = ""


Findings: TypeAlias = Iterator[tuple[Outcome, str]]


def _below_threshold(facts: Facts) -> Findings:
    confidence, band = facts.field.confidence, facts.band
    if confidence is None or confidence >= band.accept:
        return
    outcome = band.outcome(confidence)
    limit = band.accept if outcome == "review" else band.review
    if limit == NOTHING:
        yield outcome, "nothing of this field is accepted, whatever its confidence"
        return
    yield outcome, f"confidence {_below(confidence, limit)} is below {limit:g}"


def _unknown(facts: Facts) -> Findings:
    if _is_unknown(facts.field) and not _by_tokens(facts):
        yield _nothing_known(facts), facts.field.reason or "it has no confidence"


def _not_aligned(facts: Facts) -> Findings:
    if _is_unknown(facts.field) and _by_tokens(facts):
        yield _nothing_known(facts), facts.field.reason or "no tokens with logprobs wrote it"


def _truncated(facts: Facts) -> Findings:
    if "truncated" in facts.field.flags:
        yield "reject", facts.field.reason or "the answer ends inside of it"


def _invalid(facts: Facts) -> Findings:
    for problem in facts.problems:
        yield "reject", problem


def _off_schema(facts: Facts) -> Findings:
    field, limit = facts.field, facts.policy.off_schema
    found = field.distribution
    if found is not None and found.off_schema > limit:
        said = f": `{found.other[0].text}`" if found.other else ""
        yield "review", f"{found.off_schema:.3f} of the mass is outside of the schema{said}"
    elif "against_schema" in field.flags:
        yield "review", "the schema allows under 10 % of what the model wanted to write"


def _null_undecided(facts: Facts) -> Findings:
    field, limit = facts.field, facts.policy.null
    null = field.null
    if null is not None and _is_undecided(null, limit):
        yield "review", f"null against a value is undecided: null {null:.3f}"
    if facts.presence is not None and _is_undecided(facts.presence.probability, limit):
        share = facts.presence.probability
        yield "review", f"whether it is there is undecided: written with {share:.3f}"
    for key, member in field.presence.items():
        if not member.value and _is_undecided(member.probability, limit):
            yield "review", f"{key!r} was left out, but is written with {member.probability:.3f}"


def _may_miss_item(facts: Facts) -> Findings:
    field = facts.field
    if field.kind != "array" or len(field.stops) != len(field.value or ()) + 1:
        return
    goes_on = 1 - field.stops[-1].probability
    if goes_on > facts.policy.missing_item:
        yield "review", f"the list may miss an item: it goes on with {goes_on:.3f}"


def _not_in_source(facts: Facts) -> Findings:
    if facts.field.found == () and facts.policy.absent != "accept":
        yield facts.policy.absent, "it was not found in the text that was read"


def _readings_disagree(facts: Facts) -> Findings:
    asked = ("verification", "reask", "decision")
    known = (one for one in facts.field.readings if one.agrees is not None)
    second = [one for one in known if one.how in asked]
    if not second or second[-1].agrees or facts.policy.disagree == "accept":
        return
    last = second[-1]
    who = f" of {last.model}" if last.model else ""
    said = "says that it is wrong" if last.how == "verification" else "gives another value"
    yield facts.policy.disagree, f"a second reading{who} {said}"


def _other_json(facts: Facts) -> Findings:
    if facts.other:
        yield "review", facts.other


def _not_covered(facts: Facts) -> Findings:
    if facts.uncovered:
        yield "review", f"the policy was certified for {facts.uncovered}"


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
    "readings_disagree": _readings_disagree,
}
"""What may speak against a scalar or a list, the worst first."""

OF_OBJECTS: frozenset[Name] = frozenset({"truncated", "invalid", "null_undecided"})
"""Those of an object itself: its confidence is only that of its least field, who is judged."""


_FLAGS = frozenset({"truncated", "against_schema"})  # those that a rule looks for


def reasons(facts: Facts) -> tuple[Reason, ...]:
    """All that speaks against a value."""
    names = _to_ask(facts)
    if not names:
        return ()
    is_object = facts.field.kind == "object" and not facts.field.is_leaf
    return tuple(
        Reason(name, sentence, outcome)
        for name in names if not is_object or name in OF_OBJECTS
        for outcome, sentence in RULES[name](facts)
    )  # fmt: skip


def _to_ask(facts: Facts) -> list[Name]:
    """The rules that have anything to look at, in the order of ``RULES``; of most fields none.

    Each is left out only where what it reads is not there: whether that is enough is for the rule
    to say. A rule that is new is named here, too.
    """
    field, band, _, _, problems, presence, other, uncovered = facts
    options = field.distribution
    is_flagged = field.flags and not _FLAGS.isdisjoint(field.flags)
    of_all: dict[Name, str] = {"other_json": other, "not_covered": uncovered}
    names: list[Name] = [name for name, words in of_all.items() if words]
    if is_flagged:
        names.append("truncated")
    if problems:
        names.append("invalid")
    if field.confidence is None:
        names += "not_aligned", "unknown"
    elif field.confidence < band.accept:
        names.append("below_threshold")
    if is_flagged or (options is not None and options.off_schema):
        names.append("off_schema")
    if (
        options is not None or field.arms is not None or field.basis == "null_or_value"
        or presence is not None or field.presence
    ):  # fmt: skip
        names.append("null_undecided")
    if field.stops:
        names.append("may_miss_item")
    if field.found is not None:
        names.append("not_in_source")
    if field.readings:
        names.append("readings_disagree")
    return names


# -- helpers --------------------------------------------------------------------------------------


def _is_unknown(field: "Field") -> bool:
    return field.confidence is None and "truncated" not in field.flags


def _by_tokens(facts: Facts) -> bool:
    return facts.field.logprob is None and facts.lacks_tokens


def _nothing_known(facts: Facts) -> Outcome:
    """A confidence that is not known may be the lowest: it is judged as that, never accepted."""
    return "reject" if facts.band.review > 0 else "review"


def _is_undecided(share: float, limit: float) -> bool:
    return min(share, 1 - share) > limit


def _below(confidence: float, limit: float) -> str:
    """A confidence in as many digits as show that it is below a limit."""
    shown = (f"{confidence:.{digits}f}" for digits in (3, 6, 9))
    return next((text for text in shown if float(text) < limit), repr(confidence))
