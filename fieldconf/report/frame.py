"""Frame: the scalars of reports as a data frame of pandas or Polars.

In:    reports, each with what names it.
Out:   a data frame with a row a scalar or empty container, in document order.
Never: pandas or Polars imported before it is called; a number in place of one that is not known.
Why:   people sort, group and plot confidences where their other data is.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

from fieldconf.errors import MissingPackageError
from fieldconf.fields.field import Field
from fieldconf.parsing.json_writing import json_text
from fieldconf.policy import Verdict, outcome_and_reason

Library: TypeAlias = Literal["pandas", "polars"]

_TEXTS = "pointer", "value", "kind"
_NUMBERS = "confidence", "low", "high", "logprob", "rank"


def frame(
    rows: Iterable[tuple[Mapping[str, Any], Mapping[str, Field], Mapping[str, Verdict]]],
    head: Mapping[str, type],
    library: Library | None,
) -> Any:
    """A data frame of the leaves of several answers.

    Args:
        rows: of each answer what names it, its leaves and its verdicts, both by pointer.
        head: the columns that name an answer, with their types.
        library: which data frame to make; None: of pandas if it is installed, else of Polars.

    Raises:
        MissingPackageError: if the library is not installed.
    """
    types = {
        **head, **dict.fromkeys(_TEXTS, str), **dict.fromkeys(_NUMBERS, float),
        "basis": str, "outcome": str, "reason": str,
    }  # fmt: skip
    columns: dict[str, list[Any]] = {name: [] for name in types}
    for names, leaves, verdicts in rows:
        for pointer, field in leaves.items():
            row = {**names, **_row(pointer, field, verdicts.get(pointer))}
            for name, values in columns.items():
                values.append(row.get(name))
    module = _library(library)
    if module.__name__ == "polars":
        polars = {str: module.String, float: module.Float64, int: module.Int64}
        schema = {name: polars[kind] for name, kind in types.items()}
        return module.DataFrame(columns, schema=schema)
    pandas = {float: "float64", int: "Int64", str: "object"}
    return module.DataFrame(
        {name: module.Series(columns[name], dtype=pandas[kind]) for name, kind in types.items()}
    )


def _row(pointer: str, field: Field, verdict: Verdict | None) -> dict[str, Any]:
    is_text = isinstance(field.value, str)
    outcome, reason = outcome_and_reason(field, verdict)
    return {
        "pointer": pointer, "value": field.value if is_text else json_text(field.value).decode(),
        **{name: getattr(field, name) for name in ("kind", *_NUMBERS, "basis")},
        "outcome": outcome, "reason": reason,
    }  # fmt: skip


def _library(library: Library | None) -> Any:
    names = ("pandas", "polars") if library is None else (library,)
    name = next((name for name in names if find_spec(name) is not None), None)
    if name is None:
        raise MissingPackageError("to_frame", " or ".join(names), extra="frames")
    return import_module(name)
