"""Merging: one validated report from two readings.

In:    the first report, the second request, and the report of its answer.
Out:   one report of the whole: the chosen values, both readings of each, all costs.
Never: a value that the schema forbids beside the others; a settled value changed; a reading lost.
Why:   the second reading is not always the better one, and two valid parts may be invalid together.

The rule, for each place that was asked for:

1. If both readings have the same JSON value, it stays, with the field of the more confident reading
   (the second one if both are equally confident).
2. Else the second value is taken, but settled values inside it stay: keys of objects keep their
   first values. If a settled value in a list would change, or a settled key is not declared in the
   new variant of a union, the whole first value stays.
3. If the whole is then invalid, the new values that the errors are about are dropped until it is
   valid; if that does not help, all of them.
4. If the outcome of a new value (accept, review, reject) is worse than that of the first value, the
   new value is dropped, too.

What the second answer lacks (it was truncated, or left out a key) stays as it was.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from fieldconf.fields.field import Field
from fieldconf.fields.readings import How, Reading, RequestCost
from fieldconf.fields.status import WHOLE
from fieldconf.parsing.kinds import same_json
from fieldconf.paths import Path, pointer
from fieldconf.policy import OUTCOMES
from fieldconf.reasking.doubts import gaps
from fieldconf.reasking.patching import (
    MISSING,
    Values,
    keep_settled,
    patched,
    valid_patches,
    value_or_missing,
    without,
)
from fieldconf.reasking.subschema import SubschemaRequest, node_at
from fieldconf.report import Report
from fieldconf.report.combine import Part, assembled, requests_of

T = TypeVar("T")


def merged(
    first: Report[T],
    second: Report[Any],
    request: SubschemaRequest,
    *,
    settled: Collection[Path] = (),
) -> Report[T]:
    """One report from two readings, by the rule at the head of this module.

    Args:
        first: the report of the whole.
        second: the report of the second answer.
        request: the places that the second answer was asked for.
        settled: the leaves that must keep their value.
    """
    pair = _Pair(first, second, request)
    same, new = pair.values(settled)
    new = valid_patches(first.schema, first.data, new)
    report = pair.report(same, new)
    old_ranks, new_ranks = _ranks(first, request), _ranks(report, request)
    worse = {path for path in new if new_ranks.get(path, 0) > old_ranks.get(path, len(OUTCOMES))}
    if worse:
        new = valid_patches(first.schema, first.data, without(new, worse))
        report = pair.report(same, new)
    return report


def _ranks(report: Report[Any], request: SubschemaRequest) -> dict[Path, int]:
    """The worst outcome in each requested place, as an index of ``OUTCOMES``."""
    ranks: dict[Path, int] = {}
    for name, verdict in report.verdicts.items():
        place = request.enclosing(report.fields[name].path)
        if place is not None:
            ranks[place] = max(ranks.get(place, 0), OUTCOMES.index(verdict.outcome))
    return ranks


# -- two readings -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two readings, and the places that the second one was asked for."""

    first: Report[Any]
    second: Report[Any]
    request: SubschemaRequest

    def values(self, settled: Collection[Path]) -> tuple[set[Path], Values]:
        """The places where both readings agree, and the new values of others."""
        same: set[Path] = set()
        new: Values = {}
        inside: dict[Path | None, list[Path]] = {}
        for leaf in settled:
            inside.setdefault(self.request.enclosing(leaf), []).append(leaf)
        for path in self.request.paths:
            field = self._second_field(path)
            if field is None:
                continue
            old = value_or_missing(path, self.first.data)
            if self._first_field(path) is not None and same_json(old, field.value):
                same.add(path)
                continue
            leaves = inside.get(path, [])
            value = keep_settled(field.value, path, self.first.data, leaves)
            if value is not MISSING and self._has_room(path, value, leaves):
                new[path] = value
        return same, new

    def _has_room(self, path: Path, value: Any, leaves: Collection[Path]) -> bool:
        """Whether the settled leaves are still declared: another union variant may lack them."""
        before, root = self.first.data, self.first.schema.root
        after = patched(before, {path: value}) if leaves else before
        return all(
            node_at(root, after, leaf).cases or not node_at(root, before, leaf).cases
            for leaf in leaves
        )

    def _second_field(self, path: Path) -> Field | None:
        """The field of the second reading at a path of the whole."""
        field = self.second.fields.get(pointer(self.request.answer_path(path)))
        return None if field is None or "truncated" in field.flags else field

    def _first_field(self, path: Path) -> Field | None:
        field = self.first.fields.get(pointer(path))
        return None if field is None or "truncated" in field.flags else field

    def report(self, same: Collection[Path], new: Values) -> Report[Any]:
        """The report with some new values; equal values have the more confident field."""
        first = self.first
        data = patched(first.data, new) if new else first.data
        parts: dict[Path, Part] = {}
        for place in self.request.paths:
            is_resolved = place in new or place in same
            for path, value in _values_in(place, data):
                part = self._part(path, value, is_resolved=is_resolved)
                if part is not None:
                    parts[path] = part
        is_used = any(number for number, _ in parts.values())
        is_whole = self._is_whole({*same, *new})
        cost = RequestCost(
            "reask", self.second.model, self.second.input_tokens, self.second.output_tokens
        )
        costs = self.second.requests or (cost,)  # samples have one each
        status: dict[str, Any] = {}
        if not is_whole:
            status = {"status": first.status, "reason": first.reason}
        report = assembled(
            first, [self.second] if is_used else [], data, parts,
            requests=(*requests_of(first), *costs), **status,
        )  # fmt: skip
        return report if report.status in WHOLE else replace(report, value=None, errors=())

    def _part(self, path: Path, value: Any, *, is_resolved: bool) -> Part | None:
        """The field that has this value, with the readings of both; None if neither has a field."""
        first, second = self._first_field(path), self._second_field(path)
        parts = [] if first is None else [(0, first)]
        if is_resolved and second is not None:
            parts.append((1, second))
        if not parts:
            return None
        agreeing = [part for part in parts if same_json(part[1].value, value)]
        number, field = max(agreeing, key=_confidence_of) if agreeing else parts[-1]
        if second is None:
            return number, field
        return number, replace(field, readings=self._readings(first, second, value))

    def _readings(self, first: Field | None, second: Field, value: Any) -> tuple[Reading, ...]:
        """All readings of a field, each with whether it agrees with the merged value."""
        readings: tuple[Reading, ...] = ()
        if first is not None:
            readings = first.readings or (_reading("answer", first, self.first.model),)
        readings = (*readings, _reading("reask", second, self.second.model))
        return tuple(
            reading if reading.how == "verification"
            else replace(reading, agrees=same_json(reading.value, value)) for reading in readings
        )  # fmt: skip

    def _is_whole(self, resolved: Collection[Path]) -> bool:
        """Whether nothing is missing any more."""
        if self.first.status == "complete":
            return True
        if self.first.status in WHOLE:  # complete, but without confidences
            missing = {field.path for field in self.first.leaves.values()}
        else:
            missing = gaps(self.first)
        answered = {*resolved}
        if self.second.status in WHOLE:  # it may leave out an optional key
            answered.update(
                path for path in self.request.paths
                if self._second_field(path) is None
                and value_or_missing(path, self.first.data) is MISSING
            )  # fmt: skip
        return all(self.request.enclosing(path) in answered for path in missing)


def _reading(how: How, field: Field, model: str) -> Reading:
    return Reading(how, field.value, field.confidence, field.basis, model)


def _confidence_of(part: Part) -> tuple[float, int]:
    """Sorts by confidence; the second reading is preferred if both are equally confident."""
    number, field = part
    return (-1.0 if field.confidence is None else field.confidence), number


def _values_in(place: Path, data: Any) -> Iterator[tuple[Path, Any]]:
    """A path and all paths inside it, with their values; nothing if there is no value."""
    pending = [(place, value_or_missing(place, data))]
    while pending:
        path, value = pending.pop()
        if value is MISSING:
            continue
        yield path, value
        if isinstance(value, dict):
            pending += [
                ((*path, key), inner) for key, inner in cast("dict[str, Any]", value).items()
            ]
        elif isinstance(value, list):
            pending += [((*path, i), inner) for i, inner in enumerate(cast("list[Any]", value))]
