"""Label files: tables and labels in files.

In:    a path of JSON Lines, CSV, Parquet or Arrow; a folder of Parquet files.
Out:   rows, or columns.
Never: a text of a CSV converted to a number: "01234" may be an id.
Why:   confidences and labels are stored in files of many formats.
"""

import csv
import json
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from fieldconf.errors import EvaluationError
from fieldconf.evaluation.correctness import Written
from fieldconf.statistics.columns import column, column_names
from fieldconf.statistics.packages import package

FileLike: TypeAlias = str | PathLike[str]

_TEXTS = frozenset({
    "document", "field", "kind", "pointer", "path", "value", "value_json", "right value",
    "text", "why", "response_id", "custom_id", "status", "basis", "outcome", "reason",
})  # fmt: skip
"""The columns of a table that are texts, whatever they look like."""


def is_file(source: Any) -> bool:
    """Whether a source is the name of a file."""
    return isinstance(source, (str, PathLike))


def read_file(place: FileLike) -> Any:
    """The rows or the columns of a file: a list of dicts of JSON Lines, ``Written`` texts of CSV.

    Raises:
        EvaluationError: if it cannot be read, or its name tells no format.
    """
    path = Path(place)
    ending = path.suffix.lower()
    try:
        if path.is_dir() or ending in (".parquet", ".pq"):
            return package("pyarrow.parquet", extra="batch").read_table(str(path))
        if ending in (".arrow", ".feather", ".ipc"):
            return package("pyarrow.feather", extra="batch").read_table(str(path))
        if ending in (".jsonl", ".ndjson"):
            return _json_lines(path)
        if ending == ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        if ending in (".csv", ".tsv"):
            return _csv(path, "\t" if ending == ".tsv" else ",")
    except (OSError, ValueError, csv.Error) as error:  # pyarrow's errors are among them
        raise EvaluationError(
            f"{path.name} cannot be read: {error}", remedy="See that it is there, and whole"
        ) from None
    raise EvaluationError(
        f"the name {path.name} tells no format",
        remedy="Give a .jsonl, .json, .csv, .tsv, .parquet or .arrow file, or a folder of Parquet",
    )


def typed(source: Any) -> Any:
    """A table whose ``Written`` texts are what they say as JSON, but for those of text columns.

    >>> typed({"field": [Written("1")], "right": [Written("True")], "confidence": [Written("")]})
    {'field': ['1'], 'right': [True], 'confidence': [None]}
    """
    columns = {name: column(source, name) for name in column_names(source)}
    if not any(isinstance(value, Written) for values in columns.values() for value in values[:1]):
        return source
    return {
        name: values if name in _TEXTS else [_typed(value) for value in values]
        for name, values in columns.items()
    }


def _typed(text: Any) -> Any:
    if not isinstance(text, Written):
        return text
    word = text.strip().lower()
    if word in ("", "nan", "null", "none"):
        return None
    return Written(word if word in ("true", "false") else text).readings()[-1]


def _json_lines(path: Path) -> list[Any]:
    rows: list[Any] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except ValueError as error:
                    raise EvaluationError(
                        f"line {number} of {path.name} is no JSON: {error}",
                        remedy="Give one JSON object a line",
                    ) from None
    return rows


def _csv(path: Path, delimiter: str) -> dict[str, list[Written]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines, delimiter=delimiter)
        names = next(rows, list[str]())
        columns: dict[str, list[Written]] = {name: [] for name in names}
        for row in rows:
            if row:
                for name, text in zip(names, [*row, *[""] * len(names)], strict=False):
                    columns[name].append(Written(text))
    return columns
