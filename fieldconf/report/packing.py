"""Packing: what of a report goes into a pickle or a copy.

In:    what a report holds, by name.
Out:   the same without what stands in the data and in the tokens already, and without nesting; and
       the way back.
Never: a field's tokens written once more for each field.
Why:   reports travel between processes and lie in caches.
"""

from dataclasses import replace
from typing import Any

from fieldconf.fields.pickling import flat, value_at, whole


def packed(state: dict[str, Any]) -> dict[str, Any]:
    """What is to be pickled."""
    data, errors = state["data"], state["errors"]
    shared = {
        name for name, field in state["fields"].items()
        if value_at(field.path, data) is field.value
    }  # fmt: skip
    fields = {
        name: replace(
            field, source=(), judged_by=None, value=None if name in shared else field.value
        )
        for name, field in state["fields"].items()
    }
    are_shared = [value_at(error.path, data) is error.value for error in errors]
    bare = [
        replace(error, value=None) if is_shared else error
        for error, is_shared in zip(errors, are_shared, strict=True)
    ]
    is_plain = state["value"] is data
    return state | {
        "fields": fields, "errors": bare, "data": flat(data),
        "value": None if is_plain else state["value"], "shared": (is_plain, shared, are_shared),
    }  # fmt: skip


def unpacked(state: dict[str, Any]) -> dict[str, Any]:
    """What was packed, as it was; what is given is used up."""
    is_plain, shared, are_shared = state.pop("shared")
    data, tokens = whole(state["data"]), state["tokens"]
    state["data"] = data
    if is_plain:
        state["value"] = data
    state["fields"] = {
        name: replace(
            field, source=tokens,
            value=value_at(field.path, data) if name in shared else field.value,
        )
        for name, field in state["fields"].items()
    }  # fmt: skip
    state["errors"] = tuple(
        replace(error, value=value_at(error.path, data)) if is_shared else error
        for error, is_shared in zip(state["errors"], are_shared, strict=True)
    )
    return state
