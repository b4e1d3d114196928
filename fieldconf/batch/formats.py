"""Formats: files of rows.

In:    Arrow tables of one schema, one after the other.
Out:   a file: Parquet, Arrow, CSV or JSON Lines.
Never: more rows in memory than one table; other bytes for the same tables.
Why:   every tool for tables reads one of these formats.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import msgspec

from fieldconf.batch.arrow import arrow
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


def format_of(path: Path, format_name: str | None = None) -> Format:
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


@contextmanager
def _parquet(path: Path, schema: Any) -> Generator[Write]:
    arrow()
    import pyarrow.parquet as pq  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    parquet_of: Any = pq
    with parquet_of.ParquetWriter(str(path), schema, compression="zstd") as file_writer:
        yield file_writer.write_table


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
        yield csv_writer.write_table


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
