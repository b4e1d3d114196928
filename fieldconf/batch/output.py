"""Output: merges parts to one file of rows.

In:    parts, in the order of the inputs; the names of the inputs.
Out:   one file of rows; one of the failures, if there are any.
Never: a half-written output; more than a group of rows in memory.
Why:   parts let a killed run continue; users want one file.

All blocks before a block are known here, so line numbers are converted to those of the file. Groups
of rows have the same size however the inputs were divided, unless their texts are very long.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from fieldconf.batch.arrow import arrow, compute
from fieldconf.batch.formats import WRITERS, Format, Write
from fieldconf.batch.input_files import Problem
from fieldconf.batch.parts import Folder
from fieldconf.batch.remote_files import AnyPath, RemoteFile
from fieldconf.batch.rows import ERROR
from fieldconf.batch.storage import move, removed_if_not_moved, workshop, writing

P = TypeVar("P", Path, RemoteFile, AnyPath)

CELLS = 1 << 20
"""The number of values in a group of rows, approximately."""
LARGEST = 128 << 20
"""The number of bytes at which a group is large enough, however few rows it has."""


def errors_beside(output: P) -> P:
    """The file that lists the lines and files that failed.

    >>> errors_beside(Path("rows.parquet")).name
    'rows.parquet.errors.jsonl'
    """
    return output.with_name(f"{output.name}.errors.jsonl")


def merge(
    folder: Folder, parts: Iterable[str], names: Sequence[str], output: AnyPath, schema: Any,
    format: Format, problems: Iterable[Problem],  # noqa: A002
    see: Callable[[Any], object] | None = None,
) -> int:  # fmt: skip
    """Write the output and the file of errors; returns the number of rows.

    Args:
        folder: the folder of the parts.
        parts: the names of the parts.
        names: the names of the inputs, by their numbers.
        output: the path of the output.
        schema: the schema of its rows.
        format: the format of the output.
        problems: which inputs could not be read.
        see: called with each group of rows, if it is given.

    Raises:
        OutputError: if the output cannot be written; an earlier output is then unchanged.
    """
    count = 0
    with ExitStack() as stack:
        place = stack.enter_context(workshop(folder.path))
        errors = stack.enter_context(_errors(errors_beside(output), place))
        write = stack.enter_context(_replaced(output, place, schema, format))
        for table in _groups(_numbered(folder, parts, names, schema), schema):
            failed = table.filter(compute().equal(table["status"], ERROR))
            for row in failed.select(["source", "line", "reason"]).to_pylist():
                errors(row)
            write(table)
            if see is not None:
                see(table)
            count += table.num_rows
        for problem in problems:
            errors({"source": problem.source, "line": None, "reason": problem.reason})
    return count


def _numbered(
    folder: Folder, parts: Iterable[str], names: Sequence[str], schema: Any
) -> Iterator[Any]:  # fmt: skip
    """The rows of all parts, with the names of files and the numbers of their lines."""
    pa, pc = arrow(), compute()
    name_array = pa.array(names, "string")
    current, lines_before = -1, 0  # the last file of the earlier parts, and its lines in them
    for about, batches in folder.batches(parts):
        for batch in batches:
            sources, lines, *others = batch.columns
            if lines_before:
                is_current = pc.equal(sources, current)
                lines = pc.if_else(is_current, pc.add(lines, lines_before), lines)
            columns = [name_array.take(sources), lines, *others]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
        for source, _, count in about.lines:
            lines_before = count + (lines_before if source == current else 0)
            current = source


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
def _replaced(
    output: AnyPath, place: Path, schema: Any, format: Format,  # noqa: A002
) -> Generator[Write]:  # fmt: skip
    """A file that replaces the output when it is complete and on the disk.

    Args:
        output: the path of the output.
        place: the folder in which it is written.
        schema: the schema of its rows.
        format: its format.
    """
    new = place / f"{output.name}.new"
    with writing(output), removed_if_not_moved(new):
        with WRITERS[format](new, schema) as write:
            yield write
        move(new, output)


@contextmanager
def _errors(path: AnyPath, place: Path) -> Generator[Callable[[dict[str, Any]], object]]:
    """A file of JSON Lines; removed at the end if it is empty."""
    new = place / f"{path.name}.new"
    with writing(path), removed_if_not_moved(new):
        with new.open("w", encoding="utf-8", newline="\n") as file:
            yield lambda row: file.write(json.dumps(row, ensure_ascii=False) + "\n")
            is_empty = not file.tell()
        if is_empty:
            new.unlink()
            path.unlink(missing_ok=True)
        else:
            move(new, path)
