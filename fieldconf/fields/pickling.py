"""Keeping: the state of a report or a field for ``pickle`` and ``copy``.

In:    what a report or a field holds.
Out:   the same without what is there twice, and without nesting; and the way back.
Never: recursion: answers may be nested deeper than the interpreter's stack, which pickle uses.
Why:   reports travel between processes and lie in caches.

Pickles are for the same version of this library; what is to be kept for years is JSON.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias, cast

from fieldconf.paths import Path

Flat: TypeAlias = list[Any]


class _Inside(NamedTuple):
    """Stands for the container of this number."""

    number: int


def flat(value: Any) -> Flat:
    """A decoded JSON value as a list of containers that hold scalars, and each other's numbers.

    >>> whole(flat({"a": [1, []]}))
    {'a': [1, []]}
    """
    containers: Flat = [[value]]
    copies: Flat = []
    for container in containers:  # grows as it goes
        copy = container.copy()
        for key, item in _pairs(copy):
            if isinstance(item, (dict, list)):
                copy[key] = _Inside(len(containers))
                containers.append(item)
        copies.append(copy)
    return copies


def whole(flat: Flat) -> Any:
    """The value that ``flat`` made this of."""
    copies: Flat = [container.copy() for container in flat]
    for container in copies:
        for key, item in _pairs(container):
            if isinstance(item, _Inside):
                container[key] = copies[item.number]
    return copies[0][0]


def _pairs(container: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(container, dict):
        return list(cast("dict[str, Any]", container).items())
    return list(enumerate(cast("list[Any]", container)))


def value_at(path: Path, data: Any) -> Any:
    """The value at a path; None where there is none."""
    for step in path:
        try:
            data = data[step]
        except (LookupError, TypeError):
            return None
    return data
