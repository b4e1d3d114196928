"""Doubts: which places of an answer must be asked for again.

In:    a report with its verdicts.
Out:   the paths of what is in doubt, missing or wrong.
Never: a whole object because of one field in it; a threshold: the policy has those.
Why:   low confidence is only one reason: a truncated answer, or one that violates its schema, also
       needs values that are not there.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from fieldconf.fields.field import Field
from fieldconf.fields.pickling import value_at
from fieldconf.paths import Path
from fieldconf.policy import Verdict
from fieldconf.reasking.subschema import node_at
from fieldconf.report import Report

_BY_STRUCTURE = frozenset({"truncated", "invalid"})
"""Reasons of an object that lead to single keys of it: what is missing can be asked for alone."""


def doubtful(report: Report[Any]) -> set[Path]:
    """The paths of everything that counts and is not accepted, is missing, or is wrong."""
    doubts = gaps(report) | wrong(report)
    for name, verdict in report.verdicts.items():
        if verdict.outcome == "accept" or not verdict.counts:
            continue
        field = report.fields[name]
        if field.is_leaf or field.kind != "object":
            doubts.add(field.path)
        else:
            doubts |= _doubts_of_object(report, field, verdict)
    return doubts


def _doubts_of_object(report: Report[Any], field: Field, verdict: Verdict) -> set[Path]:
    """The object itself if it is in doubt, or else its keys that were possibly left out."""
    others = [reason for reason in verdict.reasons if reason.name not in _BY_STRUCTURE]
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

    Leaves inside an object that is wrong as a whole are left out: one of them must be wrong.
    """
    objects = [path for path in wrong(report) if isinstance(value_at(path, report.data), dict)]
    outcomes = {name: verdict.outcome for name, verdict in report.verdicts.items()}
    leaves = [f.path for name, f in report.leaves.items() if outcomes.get(name) == "accept"]
    return {path for path in leaves if not any(path[: len(o)] == o for o in objects)}


def gaps(report: Report[Any]) -> set[Path]:
    """What is missing from a truncated answer; the whole if there is no answer."""
    if "" not in report.fields:
        return {()}
    cut = [field for field in report.fields.values() if "truncated" in field.flags]
    return {path for field in cut for path in _missing(report, field)}


def _missing(report: Report[Any], field: Field) -> Iterator[Path]:
    """The declared keys that a truncated object lacks; any other truncated value as a whole."""
    here = field.path
    declared = node_at(report.schema.root, report.data, here).declared
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
    """What violates the schema; if an object only lacks required keys, these keys."""
    counts = Counter(error.path for error in report.errors)
    return {path for at, count in counts.items() for path in _blamed(report, at, count)}


def _blamed(report: Report[Any], path: Path, count: int) -> list[Path]:
    value = value_at(path, report.data)
    if isinstance(value, dict):
        node = node_at(report.schema.root, report.data, path)
        lacks = [key for key in node.declared.required_keys if key not in value]
        if len(lacks) == count:  # one error for each
            return [(*path, key) for key in lacks]
    return [path]
