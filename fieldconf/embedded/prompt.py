"""Prompt: the schema and the messages of a request to the embedded model.

In:    a JSON Schema and the input text.
Out:   a schema that the embedded runtime enforces and whose values end; the messages of a request.
Never: a changed argument, a narrower ``enum`` or ``const``.
Why:   a model of 135 million parameters writes without end if the schema allows it, and needs a
       short prompt in plain words.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

LONGEST_STRING = 200
"""Characters allowed to a string whose schema sets no ``maxLength``."""
LARGEST_NUMBER = 1_000_000_000
"""Magnitude allowed to a number whose schema sets no bound on that side."""
FINEST_NUMBER = 0.000001
"""Step of a number (not an integer) whose schema sets no ``multipleOf``: its digits must end."""
MOST_ITEMS = 10
"""Items allowed to a list, and free keys to an object, whose schema sets no limit."""

_SIZES = {
    "string": ("minLength", "maxLength", LONGEST_STRING),
    "array": ("minItems", "maxItems", MOST_ITEMS),
    "object": ("minProperties", "maxProperties", MOST_ITEMS),
}
_WORKED_EXAMPLE = re.compile(r"(?ms)^Text:\s+(.+?)\nJSON:\s+(.+?)(?=\n\n|\Z)")
Schema = dict[str, Any]

_SCHEMAS = ("items", "additionalProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
_MAPS = ("properties", "patternProperties", "$defs", "definitions")
_COMBINERS = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"})
# The runtime's regular expressions have no look-around and no back-references. If it cannot compile
# a pattern, it silently ignores the whole schema.
_UNSUPPORTED_PATTERN = re.compile(r"\(\?<?[=!]|\\[1-9]|\(\?P=")


def embedded_schema(schema: Mapping[str, Any], *, compact: bool = True) -> Schema:
    """Make a schema that the embedded runtime enforces, and in which every value ends.

    Unbounded strings, numbers, lists and free-form objects get a bound. Objects without
    ``additionalProperties`` are closed, and without ``required`` they require every property
    (unless the schema combines objects of parts: closing a part would forbid the other parts).
    A ``pattern`` that the runtime cannot compile is dropped: validate the answer by the original.

    Args:
        schema: the caller's JSON Schema; it is not modified.
        compact: no whitespace between JSON tokens, so that every structural token is decided.

    Returns:
        A new schema. Everything it accepts that the runtime can check, the original accepts too.
    """
    bounded = _bounded(schema, close=not any(map(_composes, _dicts(schema))))
    # "lenient" skips keywords the runtime does not know; otherwise it skips the whole schema.
    guidance = {"whitespace_flexible": not compact, "lenient": True}
    return {**bounded, "x-guidance": guidance | bounded.get("x-guidance", {})}


def _bounded(node: Any, *, close: bool) -> Any:
    if not isinstance(node, Mapping) or "enum" in node or "const" in node:
        return copy.deepcopy(node)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    schema = cast("Mapping[str, Any]", node)
    bounded = {key: _inside(key, value, close=close) for key, value in schema.items()}
    if _UNSUPPORTED_PATTERN.search(str(bounded.get("pattern", ""))):
        del bounded["pattern"]
    if _COMBINERS.isdisjoint(bounded):  # else a bound could cut a member of an enum below
        for kind in _kinds(bounded):
            if kind in ("number", "integer"):
                bounded |= _number_bounds(bounded)
            elif kind in _SIZES and not (kind == "object" and "properties" in bounded):
                least, most, size = _SIZES[kind]
                bounded.setdefault(most, max(size, bounded.get(least, 0)))
        bounded |= _closed(bounded) if close else {}
    return bounded


def _inside(key: str, value: Any, *, close: bool) -> Any:
    if key in _MAPS and isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {name: _bounded(part, close=close) for name, part in members.items()}
    if key in _LISTS and isinstance(value, list):
        return [_bounded(part, close=close) for part in cast("list[Any]", value)]
    return _bounded(value, close=close) if key in _SCHEMAS else copy.deepcopy(value)


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


def _number_bounds(schema: Schema) -> Schema:
    low = max(schema.get("minimum", -LARGEST_NUMBER), _exclusive(schema, "exclusiveMinimum", -1))
    high = min(schema.get("maximum", LARGEST_NUMBER), _exclusive(schema, "exclusiveMaximum", 1))
    bounds: Schema = {}
    if "number" in _kinds(schema) and "multipleOf" not in schema:
        bounds["multipleOf"] = FINEST_NUMBER
    if schema.keys().isdisjoint({"minimum", "exclusiveMinimum"}) and high > -LARGEST_NUMBER:
        bounds["minimum"] = -LARGEST_NUMBER
    if schema.keys().isdisjoint({"maximum", "exclusiveMaximum"}) and low < LARGEST_NUMBER:
        bounds["maximum"] = LARGEST_NUMBER
    return bounds


def _exclusive(schema: Schema, key: str, side: int) -> float:
    bound = schema.get(key)  # draft 4 has a boolean here
    return side * LARGEST_NUMBER if bound is None or isinstance(bound, bool) else bound


# -- the messages -------------------------------------------------------------------------------


def embedded_messages(
    schema: Mapping[str, Any], text: str, instructions: str | None = None
) -> list[dict[str, Any]]:
    """The messages that ask for the schema's fields in a text, as the embedded model answers best.

    The system message is the JSON to fill in: choices are written as ``a|b``, other values as their
    description (or their key in plain words). A choice's description comes after it.

    Measured on 18 short texts (``python bench/embedded_prompt.py`` prints the table). Columns: mean
    mass on allowed tokens where a boolean and an enum is decided; right values of 72; how many of
    the 36 choices are the first member (16 would be right); Brier score of the choices (an even
    guess has .62)::

        keys and descriptions               .09  .16   32  15  .69
        JSON Schema                         .02  .46   32  31  .78
        JSON Schema, one worked exchange    .79  .84   30  35  .84
        allowed values in words             .49  .33   32  23  .71
        questions                           .54  .28   37  23  .64
        JSON to fill in, bare               .92  .81   36  32  .72
        this one                            .92  .76   39  32  .72

    So with this prompt the mass is mostly on allowed tokens, and the numbers and strings are the
    best. But with every prompt this model tells choices apart no better than chance, and most often
    repeats the first one listed. It is a toy.

    The schema's description (a model's docstring) may hold worked examples: ``Text:`` and a text,
    then on a new line ``JSON:`` and the right answer, up to an empty line. Each becomes an exchange
    before the text (see examples/ticket.py).

    Args:
        schema: the caller's schema, or the result of ``embedded_schema``.
        text: what to read; it becomes the last user message unchanged.
        instructions: the caller's own words, put first.
    """
    form = _form(dict(schema), _FormPlace(schema))
    lead = f"{instructions}\n\n" if instructions else ""
    examples: list[dict[str, Any]] = []
    for text_read, answer in _WORKED_EXAMPLE.findall(str(schema.get("description", ""))):
        examples.append({"role": "user", "content": text_read.strip()})
        examples.append({"role": "assistant", "content": _compact(answer)})
    return [
        {"role": "system", "content": f"{lead}Fill in this JSON from the text:\n{form}"},
        *examples,
        {"role": "user", "content": text},
    ]


def _compact(answer: str) -> str:
    """JSON without white space between tokens, as the runtime's grammar writes it."""
    try:
        return json.dumps(json.loads(answer), ensure_ascii=False, separators=(",", ":"))
    except ValueError:
        return answer.strip()


class _FormPlace(NamedTuple):
    """Where a part of the form is written."""

    root: Mapping[str, Any]
    hint: str = "value"
    newline: str = "\n"
    open: frozenset[str] = frozenset()  # the references that led here


def _form(node: Schema, place: _FormPlace) -> str:
    if "enum" in node or "const" in node:
        return "|".join(map(_json, node.get("enum", [node.get("const")])))
    if "$ref" in node:
        reference: str = node["$ref"]
        if reference in place.open:  # a schema that contains itself
            return "..."
        target: Any = place.root if reference.startswith("#") else {}
        for part in reference.split("/")[1:]:
            target = target.get(part.replace("~1", "/").replace("~0", "~"), {})
        return _form(target, place._replace(open=place.open | {reference}))
    place = place._replace(hint=str(node.get("description", place.hint)).strip())
    branches = node.get("anyOf") or node.get("oneOf") or node.get("allOf")
    if branches:
        return "|".join(dict.fromkeys(_form(branch, place) for branch in branches))
    kinds = _kinds(node) or ["object" if "properties" in node else ""]
    return "|".join(_plain(kind, node, place) for kind in kinds)


def _plain(kind: str, node: Schema, place: _FormPlace) -> str:
    if kind == "object":
        return _object(node, place)
    if kind == "array":
        parts = node.get("prefixItems") or [node.get("items", {})]
        return f"[{', '.join(_form(part, place) for part in parts)}]"
    written = {"boolean": "true|false", "null": "null", "string": f'"<{place.hint}>"'}
    return written.get(kind, f"<{place.hint}>" if kind in ("number", "integer") else "...")


def _object(node: Schema, place: _FormPlace) -> str:
    inner = place._replace(newline=place.newline + "  ")
    lines = [_line(name, part, inner) for name, part in node.get("properties", {}).items()]
    return f"{{{inner.newline}{inner.newline.join(lines)}{place.newline}}}" if lines else "{...}"


def _line(name: str, node: Schema, place: _FormPlace) -> str:
    value = _form(node, place._replace(hint=name.replace("_", " ")))
    about = str(node.get("description", "")).strip()
    is_choice = about and "<" not in value and "\n" not in value
    note = f"  // {about.rstrip('.?')}?" if is_choice else ""
    return f"{_json(name)}: {value},{note}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
