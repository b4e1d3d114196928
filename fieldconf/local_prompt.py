"""What the embedded model is asked: its schema and its messages.

In:    a JSON Schema and the text to read.
Out:   a schema that the embedded runtime enforces and that ends; the messages of one question.
Never: a changed argument, a narrower ``enum`` or ``const``.
Why:   a model of 135 million parameters runs on for ever where the schema lets it, and answers
       well only when it is asked in few and plain words.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

LONGEST_STRING = 200
"""Characters allowed to a string whose schema sets no ``maxLength``."""
LARGEST_NUMBER = 1_000_000_000
"""Magnitude allowed to a number whose schema sets no bound on that side."""
MOST_ITEMS = 20
"""Items allowed to a list, and free keys to an object, whose schema sets no limit."""

Schema = dict[str, Any]

_ONE = ("items", "additionalProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
_MAPS = ("properties", "patternProperties", "$defs", "definitions")
_COMBINERS = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"})
# The runtime's regular expressions have no look-around and no back-references; a pattern that it
# cannot compile makes it drop the whole schema without a word.
_UNSUPPORTED_PATTERN = re.compile(r"\(\?<?[=!]|\\[1-9]|\(\?P=")


def embedded_schema(schema: Mapping[str, Any], *, compact: bool = True) -> Schema:
    """Make a schema that the embedded runtime enforces, and in which every value ends.

    Unbounded strings, numbers, lists and free-form objects get a bound; objects without
    ``additionalProperties`` are closed and without ``required`` require every property (unless
    the schema composes objects out of parts, where closing a part would forbid the others).
    A ``pattern`` the runtime cannot compile is left out: check the answer against the original.

    Args:
        schema: the caller's JSON Schema; it is not modified.
        compact: no whitespace between JSON tokens, so that every structural token is decided.

    Returns:
        A new schema. Everything it accepts that the runtime can check, the original accepts too.
    """
    made = _bounded(schema, close=not any(map(_composes, _dicts(schema))))
    # "lenient" skips keywords the runtime does not know; otherwise it skips the whole schema.
    guidance = {"whitespace_flexible": not compact, "lenient": True}
    return {**made, "x-guidance": guidance | made.get("x-guidance", {})}


def _bounded(node: Any, *, close: bool) -> Any:
    if not isinstance(node, Mapping) or "enum" in node or "const" in node:
        return copy.deepcopy(node)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    schema = cast("Mapping[str, Any]", node)
    made = {key: _inside(key, value, close=close) for key, value in schema.items()}
    if _UNSUPPORTED_PATTERN.search(str(made.get("pattern", ""))):
        del made["pattern"]
    if _COMBINERS.isdisjoint(made):  # a bound beside a combiner could cut a member of an enum below
        for kind in _kinds(made):
            made |= _BOUNDS[kind](made) if kind in _BOUNDS else {}
        made |= _closed(made) if close else {}
    return made


def _inside(key: str, value: Any, *, close: bool) -> Any:
    if key in _MAPS and isinstance(value, Mapping):
        named = cast("Mapping[str, Any]", value)
        return {name: _bounded(part, close=close) for name, part in named.items()}
    if key in _LISTS and isinstance(value, list):
        return [_bounded(part, close=close) for part in cast("list[Any]", value)]
    return _bounded(value, close=close) if key in _ONE else copy.deepcopy(value)


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _dicts(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield cast("Mapping[str, Any]", node)
        node = list(cast("Mapping[str, Any]", node).values())
    if isinstance(node, list):
        for part in cast("list[Any]", node):
            yield from _dicts(part)


def _composes(schema: Mapping[str, Any]) -> bool:
    parts = schema.get("allOf", [])
    several = isinstance(parts, list) and len(cast("list[Any]", parts)) > 1
    return several or ("properties" in schema and not _COMBINERS.isdisjoint(schema))


def _closed(schema: Schema) -> Schema:
    if "properties" not in schema:
        return {}
    defaults: Schema = {"required": list(schema["properties"])}
    if schema.keys().isdisjoint({"patternProperties", "unevaluatedProperties"}):
        defaults["additionalProperties"] = False
    return {key: value for key, value in defaults.items() if key not in schema}


def _string_bounds(schema: Schema) -> Schema:
    if "maxLength" in schema:
        return {}
    return {"maxLength": max(LONGEST_STRING, schema.get("minLength", 0))}


def _number_bounds(schema: Schema) -> Schema:
    low = max(schema.get("minimum", -LARGEST_NUMBER), _exclusive(schema, "exclusiveMinimum", -1))
    high = min(schema.get("maximum", LARGEST_NUMBER), _exclusive(schema, "exclusiveMaximum", 1))
    made: Schema = {}
    if schema.keys().isdisjoint({"minimum", "exclusiveMinimum"}) and high > -LARGEST_NUMBER:
        made["minimum"] = -LARGEST_NUMBER
    if schema.keys().isdisjoint({"maximum", "exclusiveMaximum"}) and low < LARGEST_NUMBER:
        made["maximum"] = LARGEST_NUMBER
    return made


def _exclusive(schema: Schema, key: str, side: int) -> float:
    bound = schema.get(key)  # draft 4 has a boolean here
    return side * LARGEST_NUMBER if bound is None or isinstance(bound, bool) else bound


def _array_bounds(schema: Schema) -> Schema:
    return {} if "maxItems" in schema else {"maxItems": max(MOST_ITEMS, schema.get("minItems", 0))}


def _object_bounds(schema: Schema) -> Schema:
    if "properties" in schema or "maxProperties" in schema:
        return {}
    return {"maxProperties": max(MOST_ITEMS, schema.get("minProperties", 0))}


_BOUNDS: dict[str, Callable[[Schema], Schema]] = {
    "string": _string_bounds,
    "number": _number_bounds,
    "integer": _number_bounds,
    "array": _array_bounds,
    "object": _object_bounds,
}
