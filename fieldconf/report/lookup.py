"""Lookup: from the name that somebody writes to the JSON Pointer of a field.

In:    a JSON Pointer, a path, one step of a path, or attributes ("items[0].price").
Out:   the pointer of a field that the answer has; dicts by pointer that take all of these names.
Never: a guess: a name that means no field is an error that lists near names.
Why:   people name a field as they think of it, and everything of a report takes the same names.
"""

import difflib
from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from fieldconf.paths import Path, pointer
from fieldconf.schema import SchemaNode
from fieldconf.schema.attribute_paths import paths_of, steps_of

V = TypeVar("V")

Name: TypeAlias = str | int | Path
"""``"/items/0/price"``, ``"items[0].price"``, ``("items", 0, "price")``, or one step alone."""

_LISTED = 8  # names in a message


class _Values(Protocol):
    @property
    def value(self) -> Any: ...


class Lookup:
    """The names of the fields of one answer.

    Args:
        fields: the fields by pointer.
        root: what the schema says of the root.
    """

    __slots__ = ("_fields", "_root")

    def __init__(self, fields: Mapping[str, _Values], root: SchemaNode) -> None:
        self._fields, self._root = fields, root

    def pointer(self, name: Any) -> str | None:
        """The pointer of the field that a name means; None if the answer has no such field."""
        if isinstance(name, (int, tuple)):
            path = cast("Path", name if isinstance(name, tuple) else (name,))
            return self._present(self._counted(path))
        if not isinstance(name, str):
            return None
        for plain in (name, f"/{name}"):
            if plain in self._fields:
                return plain
        if not name or name.startswith("/"):
            return None
        try:
            steps = steps_of(name)
        except ValueError:
            return None
        return self.attributes(steps)

    def attributes(self, steps: Path) -> str | None:
        """The pointer of the field that attributes lead to; None if there is none."""
        paths = map(self._counted, paths_of(steps, self._root))
        return next((name for path in paths if (name := self._present(path)) is not None), None)

    def missing(self, name: Any) -> KeyError:
        """The error for a name that means no field: near names, and some of those there are."""
        names = [field_pointer for field_pointer in self._fields if field_pointer]
        text = (
            name if isinstance(name, str) else pointer((name,) if isinstance(name, int) else name)
        )
        near = difflib.get_close_matches("/" + text.lstrip("/").replace(".", "/"), names, n=2)
        hint = f"did you mean {' or '.join(map(repr, near))}? It" if near else "it"
        shown = ", ".join(map(repr, list(self._fields)[:_LISTED])) or "none"
        return KeyError(f"no field {text!r} in the answer; {hint} has {shown}")

    def _present(self, path: Path) -> str | None:
        name = pointer(path)
        return name if name in self._fields else None

    def _counted(self, path: Path) -> Path:
        """A path whose negative indexes count from the end."""
        counted: Path = ()
        for step in path:
            if isinstance(step, int) and step < 0 and pointer(counted) in self._fields:
                step += len(self._fields[pointer(counted)].value or ())  # noqa: PLW2901
            counted = (*counted, step)
        return counted


class ByPointer(dict[str, V]):
    """A dict by JSON Pointer that takes every name of a field: ``verdicts["items[0].price"]``.

    Raises:
        KeyError: for a name that means nothing here; the message lists near names.
    """

    def __init__(self, values: Mapping[str, V], lookup: Lookup) -> None:
        super().__init__(values)
        self._lookup = lookup

    def __missing__(self, name: Any) -> V:
        field_pointer = self._lookup.pointer(name)
        if field_pointer is None:
            raise self._lookup.missing(name)
        if not super().__contains__(field_pointer):
            raise KeyError(
                f"the field {field_pointer!r} is not among these: {list(self)[:_LISTED]}"
            )
        return super().__getitem__(field_pointer)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or super().__contains__(self._lookup.pointer(name))

    def get(self, name: Any, default: Any = None) -> Any:
        """The value of a name, or the default."""
        return self[name] if name in self else default  # noqa: SIM401  # this is that method

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)
