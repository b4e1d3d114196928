"""Schema loading: finds a schema by its name.

In:    "module:Model", "file.py:Model", "file.py" or "file.json".
Out:   the model, the JSON Schema or the label set.
Never: a traceback of the user's own module: its exception is the message.
Why:   a name can be sent to other processes and machines; a model of a script cannot.
"""

import importlib
import importlib.util
import inspect
import json
import os
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from fieldconf.errors import SchemaError
from fieldconf.schema import LabelSet


def load_schema(target: str) -> Any:
    """The model, JSON Schema or label set with the name MODULE:Model, FILE.py:Model or FILE.json.

    A JSON list of texts is a label set.

    Raises:
        SchemaError: if there is none; the message says what is missing.
    """
    place, _, name = (
        target.rpartition(":") if not target.endswith((".json", ".py")) else (target, "", "")
    )
    if place.endswith(".json"):
        return _load_json(place)
    if not place:
        raise SchemaError(
            f"{target!r} names no schema", remedy="Give MODULE:Model or FILE.py:Model"
        )
    module = _load_module(place)
    if name:
        if not hasattr(module, name):
            raise SchemaError(f"{place} has no {name!r}", remedy="Check the name after the colon")
        return getattr(module, name)
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
    return LabelSet(plain) if isinstance(plain, list) else plain


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
