"""Restoring: the way back from the strict form, in which null stands for what was left out.

In:    a decoded answer; the place of the whole.
Out:   the answer without such nulls, or with the defaults that the schema names.
Never: a null taken away that the schema allows; a change to the answer that was given.
Why:   strict structured output demands every key, and a model must be able to say "nothing".
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from fieldconf.schema.places import SchemaNode


def restored(data: Any, place: SchemaNode, *, has_defaults: bool) -> Any:
    """An answer in which each null that stands for "left out" is left out, or is the default.

    What needs no change is the same object.
    """
    try:
        return _restored(data, place, has_defaults)
    except RecursionError:
        return data


def written(data: Any) -> bytes:
    """The JSON text of a value; empty where Python's writer has none."""
    try:
        return json.dumps(data).encode()
    except (TypeError, ValueError, RecursionError):  # numbers beyond a double are no JSON to it
        return b""


def _restored(data: Any, place: SchemaNode, has_defaults: bool) -> Any:  # noqa: FBT001
    if isinstance(data, list):
        items = cast("list[Any]", data)
        places = map(place.inside, range(len(items)))
        made = [_restored(*pair, has_defaults) for pair in zip(items, places, strict=True)]
        return items if all(a is b for a, b in zip(made, items, strict=True)) else made
    if not isinstance(data, dict):
        return data
    values = cast("dict[str, Any]", data)
    place = _narrowed(place, values)
    kept: dict[str, Any] = {}
    for key, value in values.items():
        inner = place.inside(key)
        if value is not None or not inner.declared.may_be_null:
            kept[key] = _restored(value, inner, has_defaults)
        elif has_defaults and inner.default is not None:
            kept[key] = inner.default
    is_same = len(kept) == len(values) and all(kept[key] is values[key] for key in values)
    return values if is_same else kept


def _narrowed(place: SchemaNode, values: Mapping[str, Any]) -> SchemaNode:
    """The place of an object, as far as its keys and scalars decide between the arms of a union."""
    for key, value in values.items():
        if len(place.cases) < 2:
            break
        if value is not None:
            place = place.having(key).after(key, _opener(value))
    return place


def _opener(value: Any) -> bytes:
    if isinstance(value, (dict, list)):
        return b"{" if isinstance(value, dict) else b"["
    return written(value)
