"""Doubts: which places of an answer one has to ask for again.

In:    a report, with its verdicts.
Out:   paths of what is in doubt, of what is missing, and of what is wrong.
Never: an object for the sake of one field in it; a threshold: the policy has those.
Why:   what has to be asked for is more than what has a low number: an answer that broke off, and
       one that breaks its schema, need what is not there.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fieldconf.fields.field import Field
from fieldconf.fields.pickling import value_at
from fieldconf.paths import Path
from fieldconf.policy import Verdict
from fieldconf.reasking.subschema import place_at
from fieldconf.report import Report

_BY_STRUCTURE = frozenset({"truncated", "invalid"})
"""Reasons of an object that are looked into here: what is missing can be asked for by itself."""


def doubtful(report: Report[Any]) -> set[Path]:
    """The paths of all that counts and is not accepted, and of all that is missing or wrong."""
    found = gaps(report) | wrong(report)
    for name, verdict in report.verdicts.items():
        if verdict.outcome == "accept" or not verdict.counts:
            continue
        field = report.fields[name]
        if field.is_leaf or field.kind != "object":
            found.add(field.path)
        else:
            found |= _of_object(report, field, verdict)
    return found


def _of_object(report: Report[Any], field: Field, verdict: Verdict) -> set[Path]:
    """An object that is in doubt itself, or the keys that perhaps should be there."""
    others = [one for one in verdict.reasons if one.name not in _BY_STRUCTURE]
    limit = report.policy.null
    left_out = [
        key for key, member in field.presence.items()
        if not member.value and min(member.probability, 1 - member.probability) > limit
    ]  # fmt: skip
    if len(others) > len(left_out):
        return {field.path}
    return {(*field.path, key) for key in left_out}


def accepted(report: Report[Any]) -> set[Path]:
    """The paths of the leaves that are accepted.

    Those inside of an object that is wrong as a whole are not: one of them must be.
    """
    objects = [path for path in wrong(report) if isinstance(value_at(path, report.data), dict)]
    judged = {name: verdict.outcome for name, verdict in report.verdicts.items()}
    found = [f.path for name, f in report.leaves.items() if judged.get(name) == "accept"]
    return {path for path in found if not any(path[: len(o)] == o for o in objects)}


def gaps(report: Report[Any]) -> set[Path]:
    """What is missing of an answer that broke off, or that there is none of."""
    if "" not in report.fields:
        return {()}
    cut = [field for field in report.fields.values() if "truncated" in field.flags]
    return {path for field in cut for path in _missing(report, field)}


def _missing(report: Report[Any], field: Field) -> Iterator[Path]:
    """Of an object that broke off the keys that did not come; of all else the whole."""
    here = field.path
    declared = place_at(report.schema.root, report.data, here).declared
    value = value_at(here, report.data)
    if (
        field.kind != "object"
        or declared.more_keys
        or declared.variants
        or not isinstance(value, dict)
    ):
        yield here
        return
    yield from ((*here, key) for key in declared.keys if key not in value)


def wrong(report: Report[Any]) -> set[Path]:
    """What breaks the schema: of an object that lacks keys these keys, if nothing else is wrong."""
    counts = Counter(error.path for error in report.errors)
    return {path for at, count in counts.items() for path in _blamed(report, at, count)}


def _blamed(report: Report[Any], path: Path, count: int) -> list[Path]:
    value = value_at(path, report.data)
    if isinstance(value, dict):
        place = place_at(report.schema.root, report.data, path)
        lacks = [key for key in place.declared.required_keys if key not in value]
        if len(lacks) == count:  # one error for each
            return [(*path, key) for key in lacks]
    return [path]
