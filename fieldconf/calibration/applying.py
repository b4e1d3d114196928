"""Applying: a report with calibrated confidences.

In:    a report, the maps of its fields, the record of the calibration.
Out:   a report in which each field has its calibrated and its raw confidence.
Never: a value changed; a number for an unknown confidence; bounds that exclude the confidence.
Why:   everything that reads reports (policies, tables, rows) then uses calibrated numbers.

Bounds go through the same map as the confidence. The map never falls, so that they still hold what
the calibrated confidence would be, were the probability known exactly. An object says again the
least of what is required inside.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from fieldconf.calibration.members import Members, reordered
from fieldconf.distributions.distribution import Distribution, Member
from fieldconf.fields.field import Field
from fieldconf.fields.readings import Calibrated
from fieldconf.parsing.kinds import same
from fieldconf.paths import general
from fieldconf.report import Report
from fieldconf.report.combine import assembled

T = TypeVar("T")

LIKELIER = "another_is_likelier"
"""The flag of a field of whose members another is more probable than the one written."""

Confidence = Callable[[float, str], float]
"""From a confidence (0..1) and the name of a field to the calibrated confidence."""


def calibrated(
    report: Report[T], confidence: Confidence, members: Mapping[str, Members], mark: Calibrated
) -> Report[T]:
    """The report with calibrated confidences, marked."""
    parts = {
        field.path: (0, _calibrated(field, confidence, members)) for field in report.fields.values()
    }
    calibrated = assembled(report, (), report.data, parts, requests=()) if parts else report
    wholes = {  # an object whose formula is not that of ``assembled``
        name: replace(calibrated.fields[name], confidence=field.confidence, basis=field.basis,
                      why=field.why)
        for name, field in ((name, parts[old.path][1]) for name, old in report.fields.items())
        if _is_whole(field) and field.basis == "joint"
    }  # fmt: skip
    return replace(
        calibrated, fields={**calibrated.fields, **wholes}, calibration=mark,
        requests=report.requests,
        input_tokens=report.input_tokens, output_tokens=report.output_tokens,
    )  # fmt: skip


def _is_whole(field: Field) -> bool:
    """Whether it is an object with something inside."""
    return field.kind == "object" and not field.is_leaf


def _calibrated(field: Field, confidence: Confidence, members: Mapping[str, Members]) -> Field:
    raw = field.confidence
    if raw is None or (_is_whole(field) and field.basis != "joint"):
        return replace(field, raw=raw)
    name = general(field.path)
    distribution, own = field.distribution, own_member(field)
    if (
        distribution is not None
        and own is not None
        and name in members
        and distribution.rest is None
    ):
        moved = members[name].moved(distribution)
        now = moved[field.value]
        low, high = now.low, now.high
    else:
        low, high = (None if p is None else confidence(p, name) for p in (field.low, field.high))
        sure = confidence(raw, name)
        now = Member(
            field.value, sure, sure if low is None else low, sure if high is None else high
        )
        moved = (
            distribution
            if distribution is None or own is None
            else _rescaled(distribution, own, now)
        )
    field = replace(
        field, raw=raw, confidence=now.probability, low=low, high=high, distribution=moved
    )
    if moved is None or moved is distribution:
        return field
    if field.expected is not None:
        expected, std = moved.moments
        field = replace(field, expected=expected, std=std)
    is_likeliest = same(moved.candidates[0].value, field.value)
    return field if is_likeliest else replace(field, flags=(*field.flags, LIKELIER))


def own_member(field: Field) -> Member | None:
    """The candidate that was written, if the field's confidence is its probability."""
    candidates = field.distribution.candidates if field.distribution else ()
    own = next((member for member in candidates if same(member.value, field.value)), None)
    return own if own is not None and own.probability == field.confidence else None


def _rescaled(distribution: Distribution, own: Member, now: Member) -> Distribution:
    """The distribution where one member has another probability: the others share the rest.

    They share it as before; evenly, where they had nothing.
    """
    others = [member for member in distribution.candidates if member is not own]
    total = sum(member.probability for member in others) + (distribution.rest or 0.0)
    count = len(others) + (distribution.rest is not None)
    if now.probability == own.probability or not count:
        return distribution
    left = 1 - now.probability
    most, least = 1 - now.low, 1 - now.high

    def share(part: float) -> float:
        return left * (part / total if total > 0 else 1 / count)

    def moved(member: Member) -> Member:
        if member is own:
            return now
        probability = share(member.probability)
        low = member.low / (1 - own.low) * least if own.low < 1 else 0.0
        high = min(1.0, member.high / (1 - own.high)) * most if own.high < 1 else most
        return Member(member.value, probability, min(low, probability), max(high, probability))

    rescaled = reordered(distribution, [moved(member) for member in distribution.candidates])
    return replace(
        rescaled, rest=None if distribution.rest is None else share(distribution.rest),
        beginnings=tuple(
            rival._replace(probability=share(rival.probability))
            for rival in distribution.beginnings
        ),
    )  # fmt: skip
