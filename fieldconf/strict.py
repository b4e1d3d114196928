"""The strict form: a JSON Schema as strict structured output demands it.

In:    a JSON Schema.
Out:   a new one in which every property is required and no other is allowed.
Never: a changed argument; a member of an ``enum`` touched.
Why:   servers that hold the model to a schema refuse schemas that leave keys open.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The form of a JSON Schema that strict structured output demands, as far as objects go.

    Every property is required and no other is allowed; defaults are dropped.

    >>> strict_schema({"type": "object", "properties": {"a": {"type": "string", "default": ""}}})
    {'type': 'object', 'properties': {'a': {'type': 'string'}}, 'additionalProperties': False, \
'required': ['a']}
    """
    strict: dict[str, Any] = {
        key: _strict_below(key, value) for key, value in schema.items() if key != "default"
    }
    if "properties" in strict:
        strict.setdefault("additionalProperties", False)
        strict["required"] = list(strict["properties"])
    return strict


def _strict_below(key: str, value: Any) -> Any:
    if key in ("enum", "const", "examples"):
        return deepcopy(value)
    if isinstance(value, list):
        return [_strict_below(key, item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    named = cast("dict[str, Any]", value)
    if key in ("properties", "$defs", "definitions", "patternProperties"):
        return {name: _strict_below("", node) for name, node in named.items()}
    return strict_schema(named)
