"""Merging: two readings as one report, validated.

In:    the first report, what was asked again, and the report of that answer.
Out:   one report of the whole: the values that were chosen, both readings of each, all costs.
Never: a value that the schema forbids beside the others; a value that was settled changed; a
       reading lost.
Why:   a second reading is not always the better one, and two halves need not make a whole.

The rule, for each place that was asked for:

1. If both readings have the same JSON value, it stays, and its field is that of the surer reading
   (the second one where both are as sure).
2. Else the second value is taken, with what was settled inside of it kept: keys of objects keep
   their first value. Where a settled value in a list would change, or a settled key has no place
   in another arm of a union, all of the first value stays.
3. If the whole does not validate then, the new values that the errors are about are dropped, until
   it does; if that helps nothing, all of them.
4. If the outcome of a new value (accept, review, reject) is worse than that of the first one, it is
   dropped as well.

What the second answer does not have (it broke off, or left a key out) stays as it was.
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
    fitting,
    found_at,
    kept,
    put,
    without,
)
from fieldconf.reasking.subschema import SubschemaRequest, place_at
from fieldconf.report import Report
from fieldconf.report.combine import Part, assembled, requests_of

T = TypeVar("T")


def merged(
    first: Report[T],
    second: Report[Any],
    asked: SubschemaRequest,
    *,
    settled: Collection[Path] = (),
) -> Report[T]:
    """One report of two readings, see the rule above.

    Args:
        first: the report of the whole.
        second: the report of the answer to what was asked again.
        asked: what that was.
        settled: the leaves that must keep their value.
    """
    pair = _Pair(first, second, asked)
    same, new = pair.values(settled)
    new = fitting(first.schema, first.data, new)
    made = pair.report(same, new)
    worse = _worse(first, made, asked)
    if not worse.isdisjoint(new):
        new = fitting(first.schema, first.data, without(new, worse))
        made = pair.report(same, new)
    return made


def _worse(before: Report[Any], after: Report[Any], asked: SubschemaRequest) -> set[Path]:
    """The places of which the worst outcome is worse than it was; what was missing had none."""
    old, new = _ranks(before, asked), _ranks(after, asked)
    return {path for path, rank in new.items() if rank > old.get(path, rank)}


def _ranks(report: Report[Any], asked: SubschemaRequest) -> dict[Path, int]:
    """How bad the worst outcome in each place is."""
    found: dict[Path, int] = {}
    for name, verdict in report.verdicts.items():
        place = asked.around(report.fields[name].path)
        if place is not None:
            found[place] = max(found.get(place, 0), OUTCOMES.index(verdict.outcome))
    return found


# -- two readings -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two readings, and what the second one was asked for."""

    first: Report[Any]
    second: Report[Any]
    asked: SubschemaRequest

    def values(self, settled: Collection[Path]) -> tuple[set[Path], Values]:
        """The places of which both readings say the same, and the new values of others."""
        same: set[Path] = set()
        new: Values = {}
        inside: dict[Path | None, list[Path]] = {}
        for leaf in settled:
            inside.setdefault(self.asked.around(leaf), []).append(leaf)
        for path in self.asked.paths:
            field = self._again(path)
            if field is None:
                continue
            old = found_at(path, self.first.data)
            if self._before(path) is not None and same_json(old, field.value):
                same.add(path)
                continue
            leaves = inside.get(path, [])
            value = kept(field.value, path, self.first.data, leaves)
            if value is not MISSING and self._has_room(path, value, leaves):
                new[path] = value
        return same, new

    def _has_room(self, path: Path, value: Any, leaves: Collection[Path]) -> bool:
        """Whether what is settled in a place is still declared there: other arms lack keys."""
        before, root = self.first.data, self.first.schema.root
        after = put(before, {path: value}) if leaves else before
        return all(
            place_at(root, after, leaf).cases or not place_at(root, before, leaf).cases
            for leaf in leaves
        )

    def _again(self, path: Path) -> Field | None:
        """What the second reading has at a path of the whole."""
        field = self.second.fields.get(pointer(self.asked.there(path)))
        return None if field is None or "truncated" in field.flags else field

    def _before(self, path: Path) -> Field | None:
        field = self.first.fields.get(pointer(path))
        return None if field is None or "truncated" in field.flags else field

    def report(self, same: Collection[Path], new: Values) -> Report[Any]:
        """The report with some new values; of those that are the same with the surer field."""
        first = self.first
        data = put(first.data, new) if new else first.data
        parts: dict[Path, Part] = {}
        for place in self.asked.paths:
            is_taken = place in new or place in same
            for path, value in _values_in(place, data):
                part = self._part(path, value, is_taken=is_taken)
                if part is not None:
                    parts[path] = part
        is_used = any(number for number, _ in parts.values())
        is_whole = self._is_whole({*same, *new})
        again = RequestCost(
            "reask", self.second.model, self.second.input_tokens, self.second.output_tokens
        )
        asked = self.second.requests or (again,)  # of samples each
        ended: dict[str, Any] = {} if is_whole else {"status": first.status, "reason": first.reason}
        made = assembled(
            first, [self.second] if is_used else [], data, parts,
            requests=(*requests_of(first), *asked), **ended,
        )  # fmt: skip
        return made if made.status in WHOLE else replace(made, value=None, errors=())

    def _part(self, path: Path, value: Any, *, is_taken: bool) -> Part | None:
        """Whose field has this value, with what both readings said; None where none has."""
        before, again = self._before(path), self._again(path)
        found = [] if before is None else [(0, before)]
        if is_taken and again is not None:
            found.append((1, again))
        agreeing = [part for part in found if same_json(part[1].value, value)]
        if not found:
            return None
        number, field = max(agreeing, key=_sureness) if agreeing else found[-1]
        if again is None:
            return number, field
        return number, replace(field, readings=self._readings(before, again, value))

    def _readings(self, before: Field | None, again: Field, value: Any) -> tuple[Reading, ...]:
        """All that was read of a field, and whether it is for the value that the field has now."""
        known: tuple[Reading, ...] = ()
        if before is not None:
            known = before.readings or (_reading("answer", before, self.first.model),)
        known = (*known, _reading("reask", again, self.second.model))
        return tuple(
            one if one.how == "verification"
            else replace(one, agrees=same_json(one.value, value)) for one in known
        )  # fmt: skip

    def _is_whole(self, taken: Collection[Path]) -> bool:
        """Whether nothing is missing any more."""
        if self.first.status == "complete":
            return True
        if self.first.status in WHOLE:  # but without numbers
            lacking = {field.path for field in self.first.leaves.values()}
        else:
            lacking = gaps(self.first)
        answered = {*taken}
        if self.second.status in WHOLE:  # what it may leave out, and has left out, is answered
            answered |= {path for path in self.asked.paths if self._is_left_out(path)}
        return all(self.asked.around(path) in answered for path in lacking)

    def _is_left_out(self, path: Path) -> bool:
        return self._again(path) is None and found_at(path, self.first.data) is MISSING


def _reading(how: How, field: Field, model: str) -> Reading:
    return Reading(how, field.value, field.confidence, field.basis, model)


def _sureness(part: Part) -> tuple[float, int]:
    """How sure a reading is; of two that are as sure the second one is preferred."""
    number, field = part
    return (-1.0 if field.confidence is None else field.confidence), number


def _values_in(place: Path, data: Any) -> Iterator[tuple[Path, Any]]:
    """A place and all inside of it, with their values; nothing if it is not there."""
    todo = [(place, found_at(place, data))]
    while todo:
        path, value = todo.pop()
        if value is MISSING:
            continue
        yield path, value
        if isinstance(value, dict):
            todo += [((*path, key), inner) for key, inner in cast("dict[str, Any]", value).items()]
        elif isinstance(value, list):
            todo += [((*path, i), inner) for i, inner in enumerate(cast("list[Any]", value))]
