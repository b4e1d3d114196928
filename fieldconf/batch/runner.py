"""Faces: what people call to score files.

In:    names of files, folders and patterns; a schema; where the rows are to be.
Out:   ``Scored``: a file of rows, and counts.
Never: an output that is half there; a row lost or doubled, however often a run was killed.
Why:   the command line and a script do the same.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from fieldconf.batch.blocks import blocks
from fieldconf.batch.formats import format_of
from fieldconf.batch.input_files import InputFiles, Problem
from fieldconf.batch.json_lines import LONGEST
from fieldconf.batch.output import errors_beside, merge
from fieldconf.batch.parts import Folder, parts_of, remove
from fieldconf.batch.processes import run
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
from fieldconf.batch.sources import FileState, stat_of
from fieldconf.batch.worker import BlockResult, BlockTask
from fieldconf.many.progress import Bar, Progress


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of scoring files.

    Attributes:
        output: the file of rows.
        errors: the file that tells what failed; None if nothing did.
        rows: how many there are.
        responses: how many lines were scored.
        failed: how many of them were no responses; each has a row with status "error".
        problems: files, folders and patterns of which nothing, or not all, could be read.
        resumed: how many of the responses an earlier run had scored, which did not come to its end.
        summary: counts of the rows; None if they were not asked for.
    """

    output: Path
    errors: Path | None
    rows: int
    responses: int
    failed: int
    problems: tuple[Problem, ...]
    resumed: int
    summary: BatchSummary | None


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
    block: int | None = None,
    longest: int = LONGEST,
    **options: Unpack[BatchOptions],
) -> Scored:
    r"""Score the responses in files, on all cores, and write a file of rows.

    The files hold one response a line, each what ``score`` reads or a line of a batch API's output;
    plain or packed (gzip, zstd, bzip2, LZ4). A ``.json`` file of several lines, or one of
    server-sent events, is one response. Blank lines are none.

    A line that is no response, and a file that cannot be read, is told in ``OUTPUT.errors.jsonl``
    ("source", "line", "reason"); the rest goes on. While a run is not at its end its parts are in
    the folder ``OUTPUT.parts``: the same call goes on with them, and its output is the same to the
    last byte. With several workers a script must begin under ``if __name__ == "__main__":``.

    Args:
        inputs: names of files and folders, patterns ("saved/**/*.jsonl.gz"), or "-" for standard
            input; one of them or several.
        schema: what ``score`` takes; or where it is: "module:Model", "file.py:Model", "file.json".
        output: the path of the file of rows. It has the columns "source" (the name of the file) and
            "line" (its number, from 1), then those of ``score_batch``.
        format: "parquet", "arrow", "csv" or "jsonl"; None: as the name of the output ends.
        workers: how many processes score; 1: this one alone; None: as many as there are cores and
            the files are worth.
        progress: True: a bar; False: nothing; None: a bar if standard error is a terminal; or a
            function that is called with a ``Progress`` whenever a block is done.
        summary: whether the rows are counted, too.
        engine: "local": on this machine; "ray": on a cluster of Ray, by Ray Data; the files and the
            output must lie where all its machines see them under the same name.
        block: about how many bytes are scored at a time; None: as suits the files and the engine.
        longest: how long a line may be, in bytes; longer ones fail.
        options: ``wide``, ``policy``, ``match``, ``mask`` and ``calibration``, as for
            ``score_batch``.

    Raises:
        SchemaError: if the schema is none, or cannot be sent to other processes.
        PolicyError: if the policy is none, or names a field that the schema does not have.
        CalibrationError: if the calibration is none, or was fitted for another schema.
        PayloadError: if none of the inputs is there.
        OutputError: if the output cannot be written, is one of the inputs, is in use by another
            run, or was begun with other inputs or options; or if a worker ended by itself. What is
            done is kept.
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
    files_found = input_files(inputs, path)
    files = [stat_of(name) for name in files_found.names]
    count = workers_of(workers, files, task)
    block = block_of(block, files, engine)
    counts = BatchSummary() if summary else None
    with parts_of(path, settings_of(task, files, block, engine)) as folder:
        tally = _Tally(files_found)
        if engine == "ray":
            done = _on_ray(files, tally.problem, task, folder, block)
        else:
            divided = blocks(files, tally.problem, size=block, longest=longest)
            done = run(divided, task, folder, count)
        total = total_of(files)
        with closing(done), _showing(progress, total) as tell:
            for progress_now in tally.follow(done, total):
                tell(progress_now)
        problems = tally.problems()
        see = _nobody if counts is None else counts.add
        rows = merge(folder, files_found.names, path, row_schema, file_format, problems, see)
        remove(folder)
    return tally.scored(path, rows, counts)


# -- the run --------------------------------------------------------------------------------------


def _on_ray(
    files: Sequence[FileState], tell: Callable[[Problem], object], task: BlockTask, folder: Folder,
    block: int,
) -> Generator[BlockResult]:  # fmt: skip
    from fieldconf.batch.ray_data import run_on_ray  # noqa: PLC0415  # of another extra

    return run_on_ray(files, tell, task, folder, size=block)


class _Tally:
    """What is known of a run so far."""

    def __init__(self, files: InputFiles) -> None:
        self._found = files
        self._problems: dict[Problem, None] = dict.fromkeys(files.problems)
        self._progress = Progress()
        self._resumed = 0

    def problem(self, problem: Problem) -> None:
        """Note what cannot be read."""
        self._problems.setdefault(problem)

    def problems(self) -> tuple[Problem, ...]:
        """All of them, in the order of the inputs; first what is not there."""
        places = {name: number for number, name in enumerate(self._found.names)}
        return tuple(sorted(self._problems, key=lambda problem: places.get(problem.source, -1)))

    def follow(self, run: Iterable[BlockResult], total: int | None) -> Iterator[Progress]:
        """How far it is, after each block."""
        for block, about, is_new in run:
            now = self._progress
            self._resumed += 0 if is_new else about.responses
            for number, reason in about.problems:
                self.problem(Problem(self._found.names[number], reason))
            self._progress = Progress(
                now.read + block.cost, total, now.responses + about.responses,
                now.failed + about.failed,
            )  # fmt: skip
            yield self._progress

    def scored(self, path: Path, rows: int, summary: BatchSummary | None) -> Scored:
        """What came of it."""
        now, problems = self._progress, self.problems()
        errors = errors_beside(path) if now.failed or problems else None
        return Scored(
            path, errors, rows, now.responses, now.failed, problems, self._resumed, summary
        )  # fmt: skip


@contextmanager
def _showing(
    progress: bool | Callable[[Progress], object] | None, total: int | None,  # noqa: FBT001
) -> Generator[Callable[[Progress], object]]:  # fmt: skip
    """The function to call with the progress, while the block lasts."""
    if callable(progress):
        yield progress
    elif progress or (progress is None and sys.stderr.isatty()):
        with Bar(total, of_files=True) as bar:
            yield bar.show_files
    else:
        yield _nobody


def _nobody(_: Any) -> None:
    pass
