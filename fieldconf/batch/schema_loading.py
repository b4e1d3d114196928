"""Schema loading: finds a schema by its name.

In:    "module:Model", "file.py:Model", "file.py" or "file.json".
Out:   the model, the JSON Schema or the label set.
Never: a traceback of the user's own module: its exception is the message; a file that says nothing
       of the answer (a response, an empty object) taken for a schema that allows everything.
Why:   a name can be sent to other processes and machines; a model of a script cannot.
"""

import importlib
import importlib.util
import inspect
import json
import os
import sys
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from fieldconf.errors import SchemaError, one_line
from fieldconf.schema import LabelSet

_WRAPPERS = ("schema", "json_schema", "parameters", "input_schema", "function")
"""Below which key requests of OpenAI and others hold a schema, beside its name."""
_AROUND = frozenset({*_WRAPPERS, "name", "strict", "type"})
_KEYWORDS = frozenset(
    {
        "$ref",
        "$dynamicRef",
        "type",
        "properties",
        "patternProperties",
        "additionalProperties",
        "required",
        "enum",
        "const",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "if",
        "items",
        "prefixItems",
        "contains",
        "minimum",
        "maximum",
        "pattern",
        "format",
        "minItems",
        "minLength",
        "maxLength",
        "maxItems",
        "propertyNames",
        "minProperties",
        "dependentSchemas",
        "unevaluatedProperties",
    }
)
"""Keywords that allow some values and forbid others."""
REMEDY = "Give MODULE:Model, FILE.py:Model or FILE.json"
_SAYS_NOTHING = frozenset(
    {"$schema", "$id", "$comment", "$defs", "definitions", "title", "description"}
)
_RESPONSE_KEYS = frozenset(
    {"choices", "candidates", "output", "logprobs", "completion_probabilities"}
)


def load_schema(target: str) -> Any:
    """The model, JSON Schema or label set with the name MODULE:Model, FILE.py:Model or FILE.json.

    A JSON list of texts is a label set. Of a request's ``response_format``, or of a tool, only the
    schema inside is read.

    Raises:
        SchemaError: if there is none; the message says what is missing.
    """
    if not target.strip():
        raise SchemaError("the schema's name is empty", remedy=REMEDY)
    place, _, name = (
        target.rpartition(":") if not target.endswith((".json", ".py")) else (target, "", "")
    )
    if place.endswith(".json"):
        return _load_json(place)
    if not place:
        raise SchemaError(f"{target!r} names no schema", remedy=REMEDY)
    module = _load_module(place)
    if name:
        if not hasattr(module, name):
            raise SchemaError(f"{place} has no {name!r}", remedy="Check the name after the colon")
        found = getattr(module, name)
        return _schema_in(found, target) if isinstance(found, dict) else found
    models = [m for _, m in inspect.getmembers(module, inspect.isclass)
              if issubclass(m, BaseModel) and m.__module__ == module.__name__]  # fmt: skip
    if len(models) != 1:
        raise SchemaError(f"{place} has {len(models)} models", remedy=f"Say which: {place}:Model")
    return models[0]


def _load_json(place: str) -> Any:
    try:
        plain = json.loads(Path(place).read_bytes())
    except OSError as error:
        raise SchemaError(
            f"cannot read the schema {place}: {error.strerror}", remedy="Check the path"
        ) from error
    except ValueError as error:  # UnicodeDecodeError as well
        raise SchemaError(f"the schema {place} is no JSON ({error})", remedy="Mend it") from error
    except RecursionError as error:
        raise SchemaError(
            f"the schema {place} is nested too deep", remedy="Use fewer levels of objects and lists"
        ) from error
    if isinstance(plain, list):
        return LabelSet(cast("list[Any]", plain))
    return _schema_in(plain, place)


def _schema_in(plain: Any, place: str) -> dict[str, Any]:
    """The JSON Schema in what a file holds.

    Raises:
        SchemaError: if it is none, a response, or allows every value.
    """
    if not isinstance(plain, dict):
        raise SchemaError(
            f"{place} holds {one_line(json.dumps(plain))}, which is no schema",
            remedy="Give a JSON object with the keywords of JSON Schema, or a list of labels",
        )
    schema = cast("dict[str, Any]", plain)
    if schema.keys() - _SAYS_NOTHING <= _AROUND and (
        inner := next((schema[key] for key in _WRAPPERS if isinstance(schema.get(key), dict)), None)
    ):
        return _schema_in(inner, place)
    if (found := sorted(schema.keys() & _RESPONSE_KEYS)) and not schema.keys() & _KEYWORDS:
        raise SchemaError(
            f"{place} is no schema: with the key {found[0]!r} it looks like a response",
            remedy="Give the schema that the request had",
        )
    if not schema.keys() & _KEYWORDS:
        keys = ", ".join(map(repr, [*schema][:5])) or "nothing"
        raise SchemaError(
            f"the schema {place} says nothing about the answer: it has {keys}",
            remedy='Give a JSON Schema, such as {"type": "object", "properties": {...}}',
        )
    return schema


def _load_module(place: str) -> Any:
    try:
        if place.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(place).stem, place)
            assert spec is not None  # .py files have a loader
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module  # pydantic looks up annotations there
            spec.loader.exec_module(module)
            return module
        sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as "python -m" does
        return importlib.import_module(place)
    except Exception as error:  # whatever the user's module raises is the answer
        raise SchemaError(f"cannot load {place}: {type(error).__name__}: {error}") from error
