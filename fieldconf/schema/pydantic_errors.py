"""Located: where in an answer an error of pydantic's is.

In:    an error as pydantic lists it; the decoded answer.
Out:   the path of the value that is wrong, or of the one that is missing.
Never: a step that is not in the answer, the missing one apart.
Why:   pydantic names the arms of unions and its validators among the steps.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from fieldconf.paths import Path

_MOST_WAYS = 64
_UNSEEN = object()


class _PathReading(NamedTuple):
    """One reading of the steps that pydantic names: which of them are in the answer."""

    path: Path
    value: Any
    skipped: int = 0


def place_of(error: Any, data: Any) -> Path:
    """Where in the answer an error of pydantic's is.

    Some steps of its ``loc`` are not in the answer: the arms of a union, the names of validators,
    what is inside of a JSON text. The place's value is the error's input, where it can be found.
    """
    loc: Path = error["loc"]
    seen = error.get("input", _UNSEEN)
    if error["type"] == "missing":
        return _missing_place(loc, seen, data)
    if loc[-1:] == ("[key]",):  # the input is the key, and no value
        loc, seen = loc[:-1], _UNSEEN
    ways = _ways(loc, data)[-1]
    return next((way for way in ways if _equal(way.value, seen)), ways[0]).path


def _missing_place(loc: Path, parent: Any, data: Any) -> Path:
    """Where the missing value would be: in its parent, by one step or (aliases) by several."""
    found: list[tuple[int, int, Path]] = []
    *known, last = _ways(loc, data)[:-1]
    for count, ways in enumerate((*known, last)):
        rest = loc[count:]
        found += [
            (way.skipped + _absent(rest, way.value), len(rest), (*way.path, *rest))
            for way in ways
            if _equal(way.value, parent)
        ]
    if found:
        return min(found, key=lambda one: one[:2])[2]
    likeliest = last[0]  # inside of a JSON text there are no places
    return (*likeliest.path, *(loc[-1:] if isinstance(likeliest.value, dict) else ()))


def _absent(steps: Path, value: Any) -> int:
    """How many steps lead nowhere, the last one apart."""
    for count, step in enumerate(steps[:-1]):
        if not leads(step, value):
            return len(steps) - 1 - count
        value = value[step]
    return 0


def _skipped(way: _PathReading) -> int:
    return way.skipped


def _ways(loc: Path, data: Any) -> list[list[_PathReading]]:
    """The readings of the first 0, 1, ... steps, the likeliest first."""
    ways = [[_PathReading((), data)]]
    for step in loc:
        ways.append(_likeliest(_onward(ways[-1], step)))
    return ways


def _onward(ways: Iterable[_PathReading], step: str | int) -> Iterator[_PathReading]:
    for way in ways:
        if leads(step, way.value):
            yield _PathReading((*way.path, step), way.value[step], way.skipped)
        yield way._replace(skipped=way.skipped + 1)


def _likeliest(ways: Iterable[_PathReading]) -> list[_PathReading]:
    """Those that leave out few steps; of the same number, late ones."""
    best: dict[Path, _PathReading] = {}
    for way in sorted(ways, key=_skipped):
        best.setdefault(way.path, way)
    return list(best.values())[:_MOST_WAYS]


def _equal(one: Any, other: Any) -> bool:
    """Whether a value of the answer is the one that pydantic read there."""
    return type(one) is type(other) and bool(one == other)


def leads(step: str | int, value: Any) -> bool:
    """Whether a step leads from a value to one inside of it."""
    if isinstance(value, dict):
        return isinstance(step, str) and step in value
    return isinstance(value, list) and isinstance(step, int) and 0 <= step < len(cast("Any", value))
