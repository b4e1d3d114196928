"""Attributes: from the attributes of a Python value to the path of its field.

In:    ``lambda ticket: ticket.customer.email`` or ``"customer.email"``; the root place.
Out:   the path in the answer: an alias is a key, an item of a named tuple an index, and the root of
       a ``RootModel`` is where the model is.
Never: a look at a value: the path is known where the answer did not validate, too.
Why:   who holds a model thinks in its attributes, and an editor can complete and rename them.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from fieldconf.paths import Path
from fieldconf.schema.field_settings import ATTRIBUTES
from fieldconf.schema.places import SchemaNode

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(-?\d+)\]|\[(['\"])(.*?)\3\]")


class _Recorder:
    """Takes note of the attributes and items that are asked of it."""

    def __init__(self, path: Path = ()) -> None:
        object.__setattr__(self, "_path", path)

    def __getattr__(self, name: str) -> "_Recorder":
        return _Recorder((*object.__getattribute__(self, "_path"), name))

    def __getitem__(self, key: Any) -> "_Recorder":
        return _Recorder((*object.__getattribute__(self, "_path"), key))


def steps_of(pick: Callable[[Any], Any] | str) -> Path:
    """The attributes and items that a function takes of its argument, or that a text names.

    Raises:
        ValueError: if the text is no such path, or the function returns something else.

    >>> steps_of(lambda order: order.items[0].price), steps_of("items[0].price")
    (('items', 0, 'price'), ('items', 0, 'price'))
    """
    if isinstance(pick, str):
        return tuple(_read(pick))
    found = pick(_Recorder())
    if not isinstance(found, _Recorder):
        message = f"{found!r} is no attribute of the value: give lambda value: value.some.field"
        raise ValueError(message)  # noqa: TRY004  # it is the function's answer that is wrong
    return object.__getattribute__(found, "_path")


def _read(text: str) -> Iterator[str | int]:
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            message = f"{text!r} is no path of attributes, such as customer.email or items[0].price"
            raise ValueError(message)
        name, index, _, key = step.groups()
        yield int(index) if index is not None else name if name is not None else key
        position = step.end()


def paths_of(steps: Path, root: SchemaNode) -> list[Path]:
    """The paths in an answer that attributes can lead to: of each arm of a union its own."""
    found: list[tuple[Path, SchemaNode]] = [((), root)]
    for step in steps:
        found = [
            ((*path, *way), place.at(way)) for path, place in found for way in _ways(place, step)
        ]
    return list(dict.fromkeys(path for path, _ in found))


def _ways(place: SchemaNode, step: str | int) -> list[Path]:
    parts = (part for case in place.cases for part in case.parts)
    named = [part.notes[ATTRIBUTES] for part in parts if ATTRIBUTES in part.notes]
    ways = [tuple(names[step]) for names in named if step in names]
    return list(dict.fromkeys([*ways, (step,)]))
