"""Pydantic errors: the path in an answer of an error that pydantic reports.

In:    one of pydantic's error details; the decoded answer.
Out:   the path of the invalid value, or of the missing value.
Never: a step that is not in the answer, except the last step of a missing value.
Why:   pydantic's locations also contain the names of union variants and of validators.
"""

from typing import Any, NamedTuple, cast

from fieldconf.paths import Path

_MOST_READINGS = 64
_NO_INPUT = object()


class _PathReading(NamedTuple):
    """One reading of a location: the path of its steps that are in the answer."""

    path: Path
    value: Any
    skipped: int = 0


def path_of(error: Any, data: Any) -> Path:
    """The path in the answer of an error that pydantic reports.

    Some steps of the error's ``loc`` are not in the answer: union variants, names of validators,
    and steps inside of a string of JSON. Among the possible paths, the one whose value equals the
    error's input is chosen.
    """
    loc: Path = error["loc"]
    value = error.get("input", _NO_INPUT)
    if error["type"] == "missing":
        return _missing_path(loc, value, data)
    if loc[-1:] == ("[key]",):  # the input is the key, not a value
        loc, value = loc[:-1], _NO_INPUT
    readings = _readings(loc, data)[-1]
    return next((r for r in readings if _equal(r.value, value)), readings[0]).path


def _missing_path(loc: Path, parent: Any, data: Any) -> Path:
    """The path that the missing value would have: from its parent by one step, or several."""
    paths: list[tuple[int, int, Path]] = []  # after how many skipped and how many additional steps
    readings_by_length = _readings(loc, data)[:-1]
    for length, readings in enumerate(readings_by_length):
        rest = loc[length:]
        paths += [
            (reading.skipped + _absent(rest, reading.value), len(rest), (*reading.path, *rest))
            for reading in readings
            if _equal(reading.value, parent)
        ]
    if paths:
        return min(paths, key=lambda path: path[:2])[2]
    likeliest = readings_by_length[-1][0]  # the parent is inside of a string of JSON
    return (*likeliest.path, *(loc[-1:] if isinstance(likeliest.value, dict) else ()))


def _absent(steps: Path, value: Any) -> int:
    """How many of the steps before the last lead to no value."""
    for count, step in enumerate(steps[:-1]):
        if not leads(step, value):
            return len(steps) - 1 - count
        value = value[step]
    return 0


def _readings(loc: Path, data: Any) -> list[list[_PathReading]]:
    """The readings of the first 0, 1, ... steps of a location, the likeliest first."""
    readings = [[_PathReading((), data)]]
    for step in loc:
        following: list[_PathReading] = []
        for reading in readings[-1]:
            if leads(step, reading.value):
                path = (*reading.path, step)
                following.append(_PathReading(path, reading.value[step], reading.skipped))
            following.append(reading._replace(skipped=reading.skipped + 1))
        # Few skipped steps are likely; among equals, late ones.
        best: dict[Path, _PathReading] = {}
        for reading in sorted(following, key=lambda reading: reading.skipped):
            best.setdefault(reading.path, reading)
        readings.append(list(best.values())[:_MOST_READINGS])
    return readings


def _equal(value: Any, other: Any) -> bool:
    """Whether a value of the answer is the one that pydantic read there."""
    return type(value) is type(other) and bool(value == other)


def leads(step: str | int, value: Any) -> bool:
    """Whether a step leads from a value to a value inside of it."""
    if isinstance(value, dict):
        return isinstance(step, str) and step in value
    return isinstance(value, list) and isinstance(step, int) and 0 <= step < len(cast("Any", value))
