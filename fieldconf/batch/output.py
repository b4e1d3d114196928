"""Output: merges parts to one file of rows.

In:    parts, in the order of the inputs; the names of the inputs.
Out:   one file of rows; one of the failures, if there are any.
Never: an output that is half written; more than a group of rows in memory.
Why:   parts let a killed run continue; users want one file.

All blocks before a block are known here, so line numbers are converted to those of the file. Groups
of rows have the same size however the inputs were divided, unless their texts are very long.
"""

import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fieldconf.batch.arrow import arrow
from fieldconf.batch.formats import Format, Write, writer
from fieldconf.batch.input_files import Problem
from fieldconf.batch.parts import About, Folder, removed_if_not_moved, writing
from fieldconf.batch.rows import ERROR

CELLS = 1 << 20
"""The number of values in a group of rows, approximately."""
LARGEST = 128 << 20
"""The number of bytes at which a group is large enough, however few rows it has."""


def errors_beside(output: Path) -> Path:
    """The file that lists the lines and files that failed.

    >>> errors_beside(Path("rows.parquet")).name
    'rows.parquet.errors.jsonl'
    """
    return output.with_name(f"{output.name}.errors.jsonl")


def merge(
    folder: Folder, names: Sequence[str], output: Path, schema: Any, format: Format,  # noqa: A002
    problems: Iterable[Problem], see: Callable[[Any], object],
) -> int:  # fmt: skip
    """Write the output and the file of errors; returns the number of rows.

    Args:
        folder: the parts.
        names: the names of the inputs, by their numbers.
        output: the path of the output.
        schema: the schema of its rows.
        format: the format of the output.
        problems: which inputs could not be read.
        see: called with each group of rows.

    Raises:
        OutputError: if the output cannot be written; an earlier output is then unchanged.
    """
    count = 0
    with ExitStack() as stack:
        errors = stack.enter_context(_errors(errors_beside(output)))
        write = stack.enter_context(_replaced(output, schema, format))
        for table in _groups(_numbered(folder, names, schema), schema):
            _tell_failed(table, errors)
            write(table)
            see(table)
            count += table.num_rows
        for problem in problems:
            errors({"source": problem.source, "line": None, "reason": problem.reason})
    return count


def _numbered(folder: Folder, names: Sequence[str], schema: Any) -> Iterator[Any]:
    """The rows of all parts, with the names of files and the numbers of their lines."""
    pa = arrow()
    name_array = pa.array(names, "string")
    before = _Before()
    for about, batches in folder.batches():
        for batch in batches:
            columns = list(batch.columns)
            columns[1] = before.add_to(columns[0], columns[1])
            columns[0] = name_array.take(columns[0])
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
        before.pass_by(about)


class _Before:
    """Counts the lines of a file in the parts before the current one."""

    def __init__(self) -> None:
        self._source, self._lines = -1, 0

    def add_to(self, sources: Any, lines: Any) -> Any:
        if not self._lines or not len(lines):
            return lines
        arrow()
        import pyarrow.compute as pc  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

        compute: Any = pc
        is_begun = compute.equal(sources, self._source)
        return compute.if_else(is_begun, compute.add(lines, self._lines), lines)

    def pass_by(self, about: About) -> None:
        for source, _, count in about.lines:
            self._lines = count + (self._lines if source == self._source else 0)
            self._source = source


def _groups(batches: Iterable[Any], schema: Any) -> Iterator[Any]:
    """Tables with the same number of rows, except the last one and those with very long texts."""
    pa = arrow()
    size = max(1, CELLS // len(schema))
    waiting: list[Any] = []
    rows = length = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.num_rows
        length += batch.nbytes
        while rows >= size or length >= LARGEST:
            table = pa.Table.from_batches(waiting, schema=schema)
            yield table.slice(0, size).combine_chunks()
            rest = table.slice(size)
            waiting, rows, length = rest.to_batches(), rest.num_rows, rest.nbytes
    if rows:
        yield pa.Table.from_batches(waiting, schema=schema).combine_chunks()


# -- files ----------------------------------------------------------------------------------------


@contextmanager
def _replaced(output: Path, schema: Any, format: Format) -> Generator[Write]:  # noqa: A002
    """A file that replaces the output when it is complete and on the disk."""
    new = output.with_name(f"{output.name}.new")
    with writing(output), removed_if_not_moved(new):
        with writer(new, schema, format) as write:
            yield write
        _settle(new, output)


@contextmanager
def _errors(path: Path) -> Generator[Callable[[dict[str, Any]], object]]:
    """A file of JSON Lines; removed at the end if it is empty."""
    new = path.with_name(f"{path.name}.new")
    with writing(path), removed_if_not_moved(new):
        with new.open("w", encoding="utf-8", newline="\n") as file:
            yield lambda row: file.write(json.dumps(row, ensure_ascii=False) + "\n")
            is_empty = not file.tell()
        if is_empty:
            new.unlink()
            path.unlink(missing_ok=True)
        else:
            _settle(new, path)


def _settle(new: Path, path: Path) -> None:
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    new.replace(path)


def _tell_failed(table: Any, tell: Callable[[dict[str, Any]], object]) -> None:
    arrow()
    import pyarrow.compute as pc  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    compute: Any = pc
    failed = table.filter(compute.equal(table["status"], ERROR))
    for row in failed.select(["source", "line", "reason"]).to_pylist():
        tell(row)
