"""Attribute paths: from the attributes of a Python value to the path of its field.

In:    ``lambda ticket: ticket.customer.email`` or ``"customer.email"``; the root node.
Out:   the path in the answer: an alias is a key, an item of a named tuple an index, and the root of
       a ``RootModel`` is at the path of the model.
Never: a value: the path is also known where the answer did not validate.
Why:   users of a model think in its attributes, and an editor can complete and rename them.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from fieldconf.paths import Path
from fieldconf.schema.field_settings import ATTRIBUTES
from fieldconf.schema.places import SchemaNode

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(-?\d+)\]|\[(['\"])(.*?)\3\]")


class _Recorder:
    """Records the attributes and items that a function takes of it."""

    def __init__(self, path: Path = ()) -> None:
        object.__setattr__(self, "_path", path)

    def __getattr__(self, name: str) -> "_Recorder":
        return _Recorder((*object.__getattribute__(self, "_path"), name))

    def __getitem__(self, key: Any) -> "_Recorder":
        return _Recorder((*object.__getattribute__(self, "_path"), key))


def steps_of(pick: Callable[[Any], Any] | str) -> Path:
    """The attributes and items that a function takes of its argument, or that a text lists.

    Raises:
        ValueError: if the text is no such path, or the function returns something else.

    >>> steps_of(lambda order: order.items[0].price), steps_of("items[0].price")
    (('items', 0, 'price'), ('items', 0, 'price'))
    """
    if isinstance(pick, str):
        return tuple(_read(pick))
    recorder = pick(_Recorder())
    if not isinstance(recorder, _Recorder):
        message = f"{recorder!r} is no attribute of the value: give lambda value: value.some.field"
        raise ValueError(message)  # noqa: TRY004  # the function has the right type, not its result
    return object.__getattribute__(recorder, "_path")


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
    """The paths in an answer to which attributes lead; each variant of a union may have its own."""
    ends: list[tuple[Path, SchemaNode]] = [((), root)]
    for step in steps:
        ends = [((*path, *way), node.at(way)) for path, node in ends for way in _ways(node, step)]
    return list(dict.fromkeys(path for path, _ in ends))


def _ways(node: SchemaNode, step: str | int) -> list[Path]:
    """The paths from a node to which one attribute or item leads."""
    notes = [part.notes for case in node.cases for part in case.parts]
    renamed = [note[ATTRIBUTES] for note in notes if ATTRIBUTES in note]
    ways = [tuple(paths[step]) for paths in renamed if step in paths]
    return list(dict.fromkeys([*ways, (step,)]))
