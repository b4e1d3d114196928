"""Runner: scores files and writes a file of rows.

In:    names of files, folders and patterns; a schema; the path of the output.
Out:   ``Scored``: a file of rows, and counts.
Never: a half-written output; a row lost or doubled, however often a run was killed.
Why:   the command line and scripts call the same function.
"""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from fieldconf.batch.arrow import compute
from fieldconf.batch.blocks import blocks
from fieldconf.batch.formats import format_of
from fieldconf.batch.input_files import Problem
from fieldconf.batch.json_lines import LONGEST
from fieldconf.batch.output import errors_beside, merge
from fieldconf.batch.parts import parts_of, remove
from fieldconf.batch.processes import run
from fieldconf.batch.remote_files import AnyPath, RemoteFile, shown
from fieldconf.batch.run_arguments import (
    BatchOptions,
    Engine,
    block_of,
    input_files,
    output_of,
    settings_of,
    task_of,
    total_of,
    workers_of,
)
from fieldconf.batch.run_summary import BatchSummary
from fieldconf.batch.sources import stat_of
from fieldconf.errors import PolicyError
from fieldconf.many.progress import Bar, Progress, is_shown
from fieldconf.policy import Policy, UnmatchedNames


@dataclass(frozen=True, slots=True)
class Scored:
    """The result of ``score_files``.

    Attributes:
        output: the file of rows: its path, or its address.
        errors: the file that lists what failed; None if nothing did.
        rows: the number of rows.
        responses: how many lines were scored.
        failed: how many of them were no responses; each has a row with status "error".
        problems: files, folders and patterns that could not be read, or not to the end.
        resumed: how many of the responses an earlier, interrupted run had scored.
        summary: counts of the rows; None if they were not requested.
        unmatched: for each name in the policy that no answer has, an error; empty with a schema,
            which is checked before.
    """

    output: Path | str
    errors: Path | str | None
    rows: int
    responses: int
    failed: int
    problems: tuple[Problem, ...]
    resumed: int
    summary: BatchSummary | None
    unmatched: tuple[PolicyError, ...] = ()


def score_files(  # noqa: PLR0913  # options, by keyword
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    schema: Any = None,
    output: str | os.PathLike[str] = "rows.parquet",
    *,
    format: str | None = None,  # noqa: A002
    workers: int | None = None,
    progress: bool | Callable[[Progress], object] | None = None,
    summary: bool = False,
    engine: Engine = "local",
    overwrite: bool = False,
    block: int | None = None,
    longest: int = LONGEST,
    **options: Unpack[BatchOptions],
) -> Scored:
    r"""Score the responses in files, on all cores, and write a file of rows.

    Each line of a file is one response: what ``score`` reads, or a line of a batch API's output.
    Files may be compressed (gzip, zstd, bzip2, LZ4). A ``.json`` file of several lines, or a file
    of server-sent events, is one response. Blank lines are skipped.

    A line that is no response, and a file that cannot be read, is listed in
    ``OUTPUT.errors.jsonl`` ("source", "line", "reason"), and the run continues. Until a run is
    complete, its finished parts are in the folder ``OUTPUT.parts``: the same call continues from
    them, and its output is the same to the last byte. With several workers, a script must start
    under ``if __name__ == "__main__":``.

    Args:
        inputs: names of files and folders, patterns ("saved/**/*.jsonl.gz"), or "-" for standard
            input; one of them or several. Also addresses: "s3://bucket/saved/", "gs://...",
            "https://...", see docs/batch.md.
        schema: what ``score`` takes; or its name: "module:Model", "file.py:Model", "file.json".
        output: the path or the address of the file of rows. It has the columns "source" (the name
            of the file) and "line" (its number, from 1), then those of ``score_batch``.
        format: "parquet", "arrow", "csv" or "jsonl"; None: by the ending of the output's name.
        workers: how many processes score; 1: only this one; None: by the number of cores and the
            size of the files.
        progress: True: a bar; False: nothing; None: a bar if standard error is a terminal; or a
            function that is called with a ``Progress`` whenever a block is done.
        summary: whether to count the rows.
        engine: "local": on this machine; "ray": on a cluster of Ray, by Ray Data; the files and the
            output must lie where all its machines see them under the same name.
        overwrite: whether an existing output may be replaced that no run wrote.
        block: about how many bytes are scored at a time; None: by the files and the engine.
        longest: the longest allowed line, in bytes; longer lines fail. A worker needs about two and
            a half times as much memory.
        options: ``wide``, ``policy``, ``match``, ``mask``, ``calibration`` and ``temperature``, as
            for ``score_batch``.

    Raises:
        SchemaError: if the schema is not valid, or cannot be sent to other processes.
        PolicyError: if the policy is not valid, or names a field that the schema does not have.
        CalibrationError: if the calibration is not valid, or was fitted for another schema.
        PayloadError: if no input exists.
        OutputError: if the output cannot be written, is one of the inputs, is a file that no run
            wrote, is in use by another run, or was begun with other inputs or options; or if a
            worker process died. Finished parts are kept.
        MissingPackageError: if pyarrow, or ray for that engine, is not installed.

    >>> import json, tempfile
    >>> entry = {"token": "true", "logprob": -0.25}
    >>> saved = {"id": "r-1", "choices": [
    ...     {"message": {"content": "true"}, "logprobs": {"content": [entry]}}]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "saved.jsonl")
    ...     _ = file.write_text(json.dumps(saved) + "\noops\n")
    ...     done = score_files(file, bool, Path(folder, "rows.csv"))
    ...     done.responses, done.failed, done.rows, done.errors.name
    (2, 1, 2, 'rows.csv.errors.jsonl')
    """
    path = output_of(output)
    file_format = format_of(path, format)
    task = task_of(schema, longest, options)
    row_schema = task.schema_of("string")
    listing = input_files(inputs, path, overwrite=overwrite)
    files = [listing.states.get(name) or stat_of(name) for name in listing.names]
    sources = [shown(name) for name in listing.names]
    total = total_of(files)
    count = workers_of(workers, total, task)
    block = block_of(block, total, engine)
    counts = BatchSummary() if summary else None
    names = UnmatchedNames(Policy.of(task.policy)) if task.schema is None else None
    problems = dict.fromkeys(listing.problems)  # in order, each once
    state, resumed = Progress(), 0
    parts: list[str] = []
    with parts_of(path, settings_of(task, files, block, engine)) as folder:
        if engine == "ray":
            from fieldconf.batch.ray_data import run_on_ray  # noqa: PLC0415  # of another extra

            results = run_on_ray(files, problems.setdefault, task, folder, size=block)
        else:
            divided = blocks(files, problems.setdefault, size=block, longest=longest)
            results = run(divided, task, folder, count)
        with closing(results), _showing(progress, total) as tell:
            for done, about, is_new in results:
                parts.append(done.name)
                resumed += 0 if is_new else about.responses
                for number, reason in about.problems:
                    problems.setdefault(Problem(sources[number], reason))
                state = Progress(
                    state.read + done.cost, total, state.responses + about.responses,
                    state.failed + about.failed,
                )  # fmt: skip
                tell(state)
        places = {name: number for number, name in enumerate(sources)}
        ordered = tuple(sorted(problems, key=lambda problem: places.get(problem.source, -1)))

        def see(table: Any) -> None:
            if counts is not None:
                counts.add(table)
            if names:
                names.see(compute().unique(table["pointer"].drop_null()).to_pylist())

        rows = merge(folder, parts, sources, path, row_schema, file_format, ordered, see)
        remove(folder)
    beside = errors_beside(path) if state.failed or ordered else None
    scored = state.responses > state.failed  # else there is no answer that could have a field
    unmatched = tuple(names.errors()) if names and scored else ()
    return Scored(
        _as_given(path), beside and _as_given(beside), rows, state.responses, state.failed, ordered,
        resumed, counts, unmatched,
    )  # fmt: skip


def _as_given(file: AnyPath) -> Path | str:
    """A path as it is, a remote file as its address."""
    return str(file) if isinstance(file, RemoteFile) else file


@contextmanager
def _showing(
    progress: bool | Callable[[Progress], object] | None, total: int | None,  # noqa: FBT001
) -> Generator[Callable[[Progress], object]]:  # fmt: skip
    """The function to call with the progress, while the block lasts."""
    if callable(progress):
        yield progress
    elif is_shown(progress):
        with Bar(total, of_files=True) as bar:
            yield bar.show_files
    else:
        yield lambda _: None
