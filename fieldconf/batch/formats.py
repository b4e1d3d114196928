"""Formats: files of rows.

In:    Arrow tables of one schema, one after the other.
Out:   a file: Parquet, Arrow, CSV or JSON Lines.
Never: more rows in memory than one table; other bytes for the same tables; a cell of CSV that a
       spreadsheet runs as a formula.
Why:   every tool for tables reads one of these formats.

A text in CSV that begins with one of = + - @, a tab or a carriage return has an apostrophe before
it, as OWASP advises against CSV injection: what a model wrote is nothing to run. A text that is a
number as a whole ("-5") stays as it is.
"""

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from fieldconf.batch.arrow import arrow, compute
from fieldconf.batch.remote_files import AnyPath, RemoteFile
from fieldconf.errors import OutputError

Format: TypeAlias = Literal["parquet", "arrow", "csv", "jsonl"]

FORMATS: tuple[Format, ...] = get_args(Format)

Write: TypeAlias = Callable[[Any], object]
"""Writes the next table."""

_ENDINGS: Mapping[str, Format] = {
    ".parquet": "parquet", ".pq": "parquet",
    ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".csv": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip


_FIRST = ("source", "line", "response_id", "custom_id")
"""The first columns of all rows."""
_OUR_TEXT = re.compile(
    rb'"source","line","response_id","custom_id",'
    rb'|\{"source": ?"(?:[^"\\]|\\.)*", ?"line": ?(?:\d+|null), ?"(?:response_id|reason)"'
)
"""The beginning of a file of rows as CSV or JSON Lines, or of a list of errors."""
_HEAD = 1 << 16

_FORMULA = r"\A[=+\-@\t\r]"
_NUMBER = r"\A[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\z"


def format_of(path: AnyPath, format_name: str | None = None) -> Format:
    """The format with this name; without a name, the format of the file's ending.

    Raises:
        OutputError: if the name or the ending is unknown.

    >>> format_of(Path("rows.parquet")), format_of(Path("rows.pq"), "csv")
    ('parquet', 'csv')
    """
    names = ", ".join(FORMATS)
    if format_name is not None:
        if format_name not in FORMATS:
            raise OutputError(f"{format_name!r} is no format", remedy=f"Give one of {names}")
        return format_name
    format_of_name = _ENDINGS.get(path.suffix.lower())
    if format_of_name is None:
        raise OutputError(
            f"the ending of {path.name} is no known format", remedy=f"Give the format: {names}"
        )
    return format_of_name


def holds_rows(file: AnyPath) -> bool:
    """Whether a file is empty, or a run wrote it: rows in any format, or the list of errors.

    Raises:
        OSError: if it cannot be read.
    """
    with file.open() if isinstance(file, RemoteFile) else arrow().OSFile(str(file)) as stream:
        head = stream.read(_HEAD)
        stream.seek(0)
        try:
            if head.startswith(b"PAR1"):
                names = _parquets().read_schema(stream).names
            elif head.startswith(b"ARROW1"):
                names = arrow().ipc.open_file(stream).schema.names
            else:
                return not head or _OUR_TEXT.match(head) is not None
        except (arrow().ArrowException, OSError):  # damaged, whoever wrote it
            return False
    return tuple(names[: len(_FIRST)]) == _FIRST


@contextmanager
def _parquet(path: Path, schema: Any) -> Generator[Write]:
    with _parquets().ParquetWriter(str(path), schema, compression="zstd") as file_writer:
        yield file_writer.write_table


def _parquets() -> Any:
    arrow()
    import pyarrow.parquet as pq  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    return pq


@contextmanager
def _arrow(path: Path, schema: Any) -> Generator[Write]:
    ipc = arrow().ipc
    options = ipc.IpcWriteOptions(compression="zstd")
    with path.open("wb") as file, ipc.new_file(file, schema, options=options) as file_writer:
        yield lambda table: file_writer.write_table(table.combine_chunks())


@contextmanager
def _csv(path: Path, schema: Any) -> Generator[Write]:
    arrow()
    from pyarrow import csv  # noqa: PLC0415

    csv_of: Any = csv
    with csv_of.CSVWriter(str(path), schema) as csv_writer:
        yield lambda table: csv_writer.write_table(_without_formulas(table))


def _without_formulas(table: Any) -> Any:
    """A table whose texts a spreadsheet takes for texts."""
    pc, is_text = compute(), arrow().types.is_string
    for place, column in enumerate(table.schema):
        if not is_text(column.type):
            continue
        texts = table[place]
        is_formula = pc.and_not(
            pc.match_substring_regex(texts, _FORMULA), pc.match_substring_regex(texts, _NUMBER)
        )
        if pc.any(is_formula).as_py():
            escaped = pc.binary_join_element_wise("'", texts, "")
            table = table.set_column(place, column, pc.if_else(is_formula, escaped, texts))
    return table


@contextmanager
def _jsonl(path: Path, schema: Any) -> Generator[Write]:
    del schema
    with path.open("wb") as file:
        yield lambda table: file.writelines(
            msgspec.json.encode(row) + b"\n"
            for batch in table.to_batches(max_chunksize=1000)
            for row in batch.to_pylist()
        )


WRITERS: Mapping[Format, Callable[[Path, Any], AbstractContextManager[Write]]] = {
    "parquet": _parquet, "arrow": _arrow, "csv": _csv, "jsonl": _jsonl,
}  # fmt: skip
"""Each writes a file table by table; the file is complete at the end of the ``with`` block."""
