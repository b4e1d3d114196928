"""Merging: from parts to the output.

In:    parts, in the order of the inputs; the names of these.
Out:   one file of rows; one with what failed, if anything did.
Never: an output that is half there; more than a group of rows in memory.
Why:   a part is for going on, a file is for whoever asked.

Where a block begins in its file is known here, since all blocks before it are: the numbers of lines
are made those of the file. Groups of rows have the same size however the inputs were divided,
unless their texts are very long.
"""

import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from fieldconf.batch.arrow import arrow
from fieldconf.batch.formats import Format, Write, writer
from fieldconf.batch.inputs import Problem
from fieldconf.batch.parts import About, Folder, removed_if_not_moved, writing
from fieldconf.batch.rows import ERROR

CELLS = 1 << 20
"""So many values, about, are in a group of rows."""
LARGEST = 128 << 20
"""A group with so many bytes is large enough, however few rows it has."""


def errors_beside(output: Path) -> Path:
    """Where the lines and files that failed are told.

    >>> errors_beside(Path("rows.parquet")).name
    'rows.parquet.errors.jsonl'
    """
    return output.with_name(f"{output.name}.errors.jsonl")


def merge(
    folder: Folder, names: Sequence[str], output: Path, schema: Any, format: Format,  # noqa: A002
    problems: Iterable[Problem], see: Callable[[Any], object],
) -> int:  # fmt: skip
    """Write the output and the errors beside it; how many rows there are.

    Args:
        folder: the parts.
        names: the files, by their numbers.
        output: the path of the file to be written.
        schema: of its rows.
        format: of the file.
        problems: what could not be read of the inputs.
        see: is called with each group of rows.

    Raises:
        OutputError: if it cannot be written; what was there before is then still there.
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
    """How many lines of a file are in parts that have been passed."""

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
    """Tables of the same number of rows, but for the last one and those with very long texts."""
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
    """A file that takes the place of the output once it is whole and on the disk."""
    new = output.with_name(f"{output.name}.new")
    with writing(output), removed_if_not_moved(new):
        with writer(new, schema, format) as write:
            yield write
        _settle(new, output)


@contextmanager
def _errors(path: Path) -> Generator[Callable[[dict[str, Any]], object]]:
    """A file of JSON Lines; none is there in the end if nothing was told."""
    new = path.with_name(f"{path.name}.new")
    with writing(path), removed_if_not_moved(new):
        with new.open("w", encoding="utf-8", newline="\n") as file:
            yield _teller(file)
            is_empty = not file.tell()
        if is_empty:
            new.unlink()
            path.unlink(missing_ok=True)
        else:
            _settle(new, path)


def _teller(file: TextIO) -> Callable[[dict[str, Any]], object]:
    return lambda row: file.write(json.dumps(row, ensure_ascii=False) + "\n")


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
