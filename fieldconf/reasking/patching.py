"""Patching: new values at some places of an answer.

In:    a decoded answer, new values by their paths, and what must keep its value.
Out:   the answer with them; which of them leave it valid.
Never: a change to the answer that was given.
Why:   two readings become one value here, whatever is known of either beside it.
"""

from collections.abc import Collection
from typing import Any, TypeAlias

from fieldconf.fields.pickling import value_at
from fieldconf.parsing.kinds import same_json
from fieldconf.parsing.writing import json_text
from fieldconf.paths import Path
from fieldconf.schema import Schema
from fieldconf.schema.pydantic_errors import leads

Values: TypeAlias = dict[Path, Any]
"""New values of places, none inside of another."""

MISSING = object()
"""Stands for a value that is not there; None is one."""


def fitting(schema: Schema, data: Any, new: Values) -> Values:
    """As many of some new values as leave the whole valid; none if that cannot be.

    >>> from fieldconf.schema import compile_schema
    >>> schema = compile_schema({"properties": {"a": {"type": "integer"}, "b": {"type": "null"}}})
    >>> fitting(schema, {"a": 1, "b": None}, {("a",): 2, ("b",): 3})
    {('a',): 2}
    """
    while new:
        whole = put(data, new)
        _, errors = schema.validate(json_text(whole), whole)
        if not errors:
            return new
        places = {error.path for error in errors}
        new = without(new, _about(new, places) or set(new))
    return {}


def _about(new: Collection[Path], errors: Collection[Path]) -> set[Path]:
    """The new values that errors are in or at; if there are none, those with errors above them."""
    above = {path[:end] for path in errors for end in range(len(path) + 1)}
    inside = above.intersection(new)
    return inside or {p for p in new if any(p[:end] in errors for end in range(len(p)))}


def without(values: Values, dropped: Collection[Path]) -> Values:
    """New values but some of them."""
    return {path: value for path, value in values.items() if path not in dropped}


def put(data: Any, new: Values) -> Any:
    """A decoded value with others at some places; what is not changed is shared with the old one.

    >>> put({"a": [1, 2], "b": 3}, {("a", 1): 4})
    {'a': [1, 4], 'b': 3}
    """
    holder: list[Any] = [data]
    own: set[Path] = set()  # the containers that were copied
    for path, value in new.items():
        around: Any = holder
        step: str | int = 0
        for depth, further in enumerate(path):
            if path[:depth] not in own:
                own.add(path[:depth])
                around[step] = around[step].copy()
            around, step = around[step], further
        around[step] = value
    return holder[0]


def kept(value: Any, path: Path, data: Any, settled: Collection[Path]) -> Any:
    """A new value for a place, with the settled ones inside of it as they were.

    ``MISSING`` where one of them cannot stay.
    """
    for leaf in settled:
        inside = leaf[len(path) :]
        old, found = value_at(leaf, data), found_at(inside, value)
        if found is not MISSING and same_json(found, old):
            continue
        around = found_at(inside[:-1], value) if inside else MISSING
        if not isinstance(around, dict) or any(isinstance(step, int) for step in inside):
            return MISSING
        value = put(value, {inside: old})
    return value


def found_at(path: Path, data: Any) -> Any:
    """The value at a path; ``MISSING`` where there is none."""
    for step in path:
        if not leads(step, data):
            return MISSING
        data = data[step]
    return data
