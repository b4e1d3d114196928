"""JSON records: records of ours in files of JSON, read back strictly.

In:    a record class; plain values, or the path of a file.
Out:   the record.
Never: an unknown key, another version, or a number that JSON does not have.
Why:   calibrators, rankers and baselines are written today and read next year, by somebody else.
"""

import json
from collections.abc import Mapping
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from fieldconf.errors import CalibrationError, EvaluationError

R = TypeVar("R")

ErrorType = type[CalibrationError] | type[EvaluationError]


def record_of(
    kind: type[R], plain: Any, *, name: str, version: int, error_type: ErrorType, remedy: str
) -> R:
    """The record with these plain values.

    Args:
        kind: its class, whose ``__pydantic_config__`` forbids unknown keys.
        plain: a mapping of its attributes, and its ``version``.
        name: what it is called in messages.
        version: the version that is read.
        error_type: raised if it is no such record.
        remedy: what to do then.
    """
    if not isinstance(plain, Mapping) or plain.get("version") != version:  # pyright: ignore[reportUnknownMemberType]  # from a file
        raise error_type(f"not a saved {name}", remedy=remedy)
    form = {key: value for key, value in plain.items() if key != "version"}  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    try:
        return _adapter(kind).validate_python(form)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = "/".join(map(str, first["loc"]))
        problem = f"not a saved {name}: {where}: {first['msg']}"
        raise error_type(problem, remedy=remedy) from None


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Building one takes longer than reading a file, and each request may read a calibrator."""
    return TypeAdapter(kind)


def json_of(path: str | PathLike[str], *, name: str, error_type: ErrorType, remedy: str) -> Any:
    """The JSON in a file; ``error_type`` if it cannot be read."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise error_type(f"cannot read the {name} {path}: {reason}", remedy=remedy) from error


def write_text(path: str | PathLike[str], text: str, *, error_type: ErrorType) -> None:
    """Write a file; ``error_type`` if it cannot be written."""
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise error_type(
            f"cannot write {path}: {error.strerror}", remedy="Give a file that can be written"
        ) from error
