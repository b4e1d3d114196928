"""Output lines: a result as a line of JSON, and back.

In:    a result and its key; or a line, and the input it answers.
Out:   a plain dict with ``index``, ``id``, ``place``, ``key``, ``outcome``, ``data``, ``error`` and
       ``report``.
Never: a time, an address or a number of the run: equal answers are written as equal lines.
Why:   people, other programs and the next run read the file.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias, cast

from fieldconf import errors
from fieldconf.errors import FieldconfError, RequestError
from fieldconf.fields.plain_values import plain_value
from fieldconf.policy import Policy
from fieldconf.report import Report
from fieldconf.report.results import Ending, Result
from fieldconf.schema import Schema

Name: TypeAlias = str | int
"""The name of an input: its id, or its number."""

_KEYS = frozenset({"index", "id", "key", "outcome", "data", "error", "report"})


def text_of(line: Mapping[str, Any]) -> bytes:
    """A line as bytes, with its line break."""
    return json.dumps(line, allow_nan=False).encode() + b"\n"


def parsed(text: bytes) -> Mapping[str, Any] | None:
    """The line that a text is; None if it is no line of ours."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    line = cast("dict[str, Any]", value)
    if not _KEYS <= line.keys() <= _KEYS | {"place"}:  # lines of earlier versions have no place
        return None
    is_ours = isinstance(line["key"], str) and line["key"].count("-") == 2
    return line if is_ours and isinstance(line["id"], (str, type(None))) else None


def name_of(line: Mapping[str, Any]) -> Name:
    """The name of the input of a line."""
    return line["index"] if line["id"] is None else line["id"]


def line_of(result: Result[Any], key: str, *, tokens: bool = False) -> dict[str, Any]:
    """The plain form of a result; ``tokens`` as for ``Report.to_dict``."""
    report = result.report or getattr(result.error, "report", None)
    plain = report.to_dict(tokens=tokens) if isinstance(report, Report) else None
    return {
        "index": result.index,
        "id": result.id,
        "place": result.place or None,
        "key": key,
        "outcome": result.outcome,
        "data": None if result.report is None else plain_value(result.report.data),
        "error": None if result.error is None else _plain_error(result.error),
        "report": plain,
    }


def result_of(
    line: Mapping[str, Any], input: Any, schema: Schema, instructions: str | None,
    policy: Policy | None,
) -> Result[Any]:  # fmt: skip
    """The result of a line, judged by ``policy``; by its own policy if that is None.

    Raises:
        PayloadError: if its report is of another version.
    """
    report = None
    if line["report"] is not None:
        saved = Report.from_dict(line["report"], schema)
        today = saved.policy if policy is None else policy
        report = replace(saved, input=input, instructions=instructions, policy=today)
    error = None if line["error"] is None else _error(line["error"], report)
    outcome: Ending = "failed" if error is not None or report is None else report.outcome
    return Result(
        line["index"], input, outcome, report=None if error is not None else report, error=error,
        id=line["id"], resumed=True,
    )  # fmt: skip


def _plain_error(error: Exception) -> dict[str, Any]:
    return {
        "type": type(error).__name__,
        "message": str(error) or type(error).__name__,
        "remedy": error.remedy if isinstance(error, FieldconfError) else "",
        "status": error.status if isinstance(error, RequestError) else None,
        "provider": error.provider if isinstance(error, RequestError) else "",
    }


def _error(plain: Mapping[str, Any], report: Report[Any] | None) -> FieldconfError:
    """The saved error; an error of another library is a ``FieldconfError`` that names it."""
    kind: Any = getattr(errors, plain["type"], None)
    message = plain["message"]
    if isinstance(kind, type) and issubclass(kind, RequestError):
        error = kind(message, status=plain["status"], provider=plain["provider"])
        error.report = report
    elif kind is FieldconfError:
        error = FieldconfError(message)
    else:
        error = FieldconfError(f"{plain['type']}: {message}")
    error.remedy = plain["remedy"]
    return error
