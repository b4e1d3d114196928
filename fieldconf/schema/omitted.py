"""Omitted: null values that stand for left-out keys.

In:    a decoded answer; the schema node of the whole answer.
Out:   the answer without such nulls, or with the schema's defaults instead of them.
Never: the removal of a null that the schema allows; a change to the caller's answer.
Why:   strict structured output requires every key, so a model writes null for "left out".
"""

from typing import Any, cast

from fieldconf.parsing.json_writing import opening_text
from fieldconf.schema.places import SchemaNode


def restored(data: Any, node: SchemaNode, *, has_defaults: bool) -> Any:
    """The answer in which each null for a left-out key is removed, or replaced by the default.

    Values that need no change are the same objects.
    """
    try:
        return _restored(data, node, has_defaults)
    except RecursionError:
        return data


def _restored(data: Any, node: SchemaNode, has_defaults: bool) -> Any:  # noqa: FBT001
    if isinstance(data, list):
        items = cast("list[Any]", data)
        new_items = [_restored(v, node.inside(i), has_defaults) for i, v in enumerate(items)]
        return items if all(a is b for a, b in zip(new_items, items, strict=True)) else new_items
    if not isinstance(data, dict):
        return data
    values = cast("dict[str, Any]", data)
    for key, value in values.items():  # the scalars leave fewer variants of a union
        if value is not None and len(node.cases) > 1:
            node = node.with_key(key).with_value(key, opening_text(value))
    new_values: dict[str, Any] = {}
    for key, value in values.items():
        inner = node.inside(key)
        if value is not None or not inner.declared.may_be_null:
            new_values[key] = _restored(value, inner, has_defaults)
        elif has_defaults and inner.default is not None:
            new_values[key] = inner.default
    is_same = len(new_values) == len(values) and all(new_values[k] is values[k] for k in values)
    return values if is_same else new_values
