"""Patching: new values at some places of an answer.

In:    a decoded answer, new values by their paths, and the leaves that must keep their value.
Out:   the answer with the new values; those new values that leave it valid.
Never: the original answer changed.
Why:   this part of merging two readings needs only decoded values, no fields.
"""

from collections.abc import Collection
from typing import Any, TypeAlias

from fieldconf.fields.pickling import value_at
from fieldconf.parsing.json_writing import json_text
from fieldconf.parsing.kinds import same_json
from fieldconf.paths import Path
from fieldconf.schema import Schema
from fieldconf.schema.pydantic_errors import leads

Values: TypeAlias = dict[Path, Any]
"""New values by path; no path is inside another."""

MISSING = object()
"""Stands for a value that is not there: None is a value."""


def valid_patches(schema: Schema, data: Any, new: Values) -> Values:
    """The new values with which the whole is valid: those that errors are about are dropped.

    >>> from fieldconf.schema import compile_schema
    >>> schema = compile_schema({"properties": {"a": {"type": "integer"}, "b": {"type": "null"}}})
    >>> valid_patches(schema, {"a": 1, "b": None}, {("a",): 2, ("b",): 3})
    {('a',): 2}
    """
    while new:
        whole = patched(data, new)
        _, errors = schema.validate(json_text(whole), whole)
        if not errors:
            return new
        places = {error.path for error in errors}
        above = {path[:end] for path in places for end in range(len(path) + 1)}
        # The new values at or around errors; if there are none, those inside a value with an error.
        at_fault = above.intersection(new) or {
            path for path in new if any(path[:end] in places for end in range(len(path)))
        }
        new = without(new, at_fault or new)
    return {}


def without(values: Values, dropped: Collection[Path]) -> Values:
    """The values that are not dropped."""
    return {path: value for path, value in values.items() if path not in dropped}


def patched(data: Any, new: Values) -> Any:
    """A decoded value with new values at some places; it shares all else with the original.

    >>> patched({"a": [1, 2], "b": 3}, {("a", 1): 4})
    {'a': [1, 4], 'b': 3}
    """
    holder: list[Any] = [data]
    copied: set[Path] = set()  # paths of containers
    for path, value in new.items():
        around: Any = holder
        step: str | int = 0
        for depth, further in enumerate(path):
            if path[:depth] not in copied:
                copied.add(path[:depth])
                around[step] = around[step].copy()
            around, step = around[step], further
        around[step] = value
    return holder[0]


def keep_settled(value: Any, path: Path, data: Any, settled: Collection[Path]) -> Any:
    """A new value for a place, whose settled leaves keep their old values.

    ``MISSING`` if one of them has no place in the new value.
    """
    for leaf in settled:
        inside = leaf[len(path) :]
        old, new = value_at(leaf, data), value_or_missing(inside, value)
        if new is not MISSING and same_json(new, old):
            continue
        around = value_or_missing(inside[:-1], value) if inside else MISSING
        if not isinstance(around, dict) or any(isinstance(step, int) for step in inside):
            return MISSING
        value = patched(value, {inside: old})
    return value


def value_or_missing(path: Path, data: Any) -> Any:
    """The value at a path; ``MISSING`` if there is none."""
    for step in path:
        if not leads(step, data):
            return MISSING
        data = data[step]
    return data
