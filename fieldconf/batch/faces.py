"""Faces: what people call to score files.

In:    names of files, folders and patterns; a schema; where the rows are to be.
Out:   ``Scored``: a file of rows, and counts.
Never: an output that is half there; a row lost or doubled, however often a run was killed.
Why:   the command line and a script do the same.
"""

import json
import os
import pickle
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, Unpack

from fieldconf.batch.arrow import arrow
from fieldconf.batch.blocks import BLOCK, blocks
from fieldconf.batch.formats import format_of
from fieldconf.batch.inputs import Found, Problem, find
from fieldconf.batch.lines import LONGEST
from fieldconf.batch.merging import errors_beside, merge
from fieldconf.batch.parts import Folder, folder_beside, parts_of, remove
from fieldconf.batch.progress import Bar, Progress, Told
from fieldconf.batch.running import cores, run
from fieldconf.batch.schemas import load_schema
from fieldconf.batch.sources import Stat, stat_of
from fieldconf.batch.summary import Summary
from fieldconf.batch.working import RESPONSE, Asked, Done
from fieldconf.errors import OutputError, PayloadError, SchemaError
from fieldconf.matching import Match
from fieldconf.policy import Policy, PolicyLike
from fieldconf.schema import compile_schema
from fieldconf.tokens import Mask

_SMALL = BLOCK // 16
"""Less than so many bytes are not worth a block, or a worker."""
_BLOCKS = 64
"""In so many blocks, at least, are files divided that are worth it."""


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
    summary: Summary | None


Engine: TypeAlias = Literal["local", "ray"]
"""Where blocks are scored."""


class BatchOptions(TypedDict, total=False):
    """Options of ``score_files`` that decide the rows."""

    wide: bool
    policy: PolicyLike | None
    match: Match
    mask: Mask | None


def score_files(  # noqa: PLR0913  # options, by keyword
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    schema: Any = None,
    output: str | os.PathLike[str] = "rows.parquet",
    *,
    format: str | None = None,  # noqa: A002
    workers: int | None = None,
    progress: bool | Told | None = None,
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
        options: ``wide``, ``policy``, ``match`` and ``mask``, as for ``score_batch``.

    Raises:
        SchemaError: if the schema is none, or cannot be sent to other processes.
        PolicyError: if the policy is none, or names a field that the schema does not have.
        PayloadError: if none of the inputs is there.
        OutputError: if the output cannot be written, is in use by another run, or was begun with
            other inputs or options; or if a worker ended by itself. What is done is kept.
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
    path = _output(output)
    named = format_of(path, format)
    asked = _asked(schema, longest, options)
    made = asked.schema_of("string")
    found = _found(inputs, path)
    files = [stat_of(name) for name in found.names]
    count = _workers(workers, files, asked)
    block = _block(block, files, engine)
    counts = Summary() if summary else None
    with parts_of(path, _settings(asked, files, block, engine)) as folder:
        tally = _Tally(found)
        if engine == "ray":
            done = _on_ray(files, tally.problem, asked, folder, block)
        else:
            divided = blocks(files, tally.problem, size=block, longest=longest)
            done = run(divided, asked, folder, count)
        with closing(done), _showing(progress) as tell:
            for told in tally.follow(done, _total(files)):
                tell(told)
        problems = tally.problems()
        see = _nobody if counts is None else counts.add
        rows = merge(folder, found.names, path, made, named, problems, see)
        remove(folder)
    return tally.scored(path, rows, counts)


# -- arguments ------------------------------------------------------------------------------------


def _output(given: str | os.PathLike[str]) -> Path:
    """The file to be written; a link is kept, not replaced.

    Raises:
        OutputError: if that is no path of a file.
    """
    try:
        path = Path(os.path.realpath(given))
        if path.exists() and not path.is_file():
            raise OutputError(f"the output {given} is no file", remedy="Give the path of a file")
        if not path.parent.is_dir():
            raise OutputError(
                f"cannot write the output {given}: its folder is not there", remedy="Make it first"
            )
    except ValueError as error:  # a NUL
        raise OutputError(f"cannot write the output {given!r} ({error})") from error
    return path


def _found(inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], path: Path) -> Found:
    """The files that are meant.

    Raises:
        PayloadError: if there is none.
    """
    given = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    ours = [path, errors_beside(path), folder_beside(path)]
    found = find([os.fspath(place) for place in given], without=ours)
    if not found.names:
        said = "; ".join(f"{problem.source}: {problem.reason}" for problem in found.problems)
        raise PayloadError(f"there is nothing to read ({said})", remedy="Look at the names")
    return found


def _asked(schema: Any, longest: int, options: BatchOptions) -> Asked:
    """What is asked of each line, once it is known that all of it can be done.

    Raises:
        SchemaError, PolicyError: if the schema or the policy is none.
    """
    if schema is not None and not isinstance(schema, str):
        schema = compile_schema(schema)
    asked = Asked(schema, longest=longest, **{  # pyright: ignore[reportArgumentType]
        **options, "policy": Policy.of(options.get("policy")),
    })  # fmt: skip
    asked.score(arrow().record_batch({RESPONSE: []}))
    return asked


def _workers(given: int | None, files: Sequence[Stat], asked: Asked) -> int:
    """How many processes score.

    Raises:
        OutputError: if so many cannot be.
        SchemaError: if the schema cannot be sent to them.
    """
    if given is not None and given < 1:
        raise OutputError(f"{given} workers cannot be", remedy="Give 1 or more")
    total = _total(files)
    worth = cores() if total is None else min(cores(), 1 + total // _SMALL)
    count = worth if given is None else given
    if count > 1:
        _check_sending(asked)
    return count


def _check_sending(asked: Asked) -> None:
    remedy = 'Say where it is ("file.py:Model"), or workers=1'
    try:
        pickle.dumps(asked)
    except Exception as error:  # whatever a class of the user's raises
        raise SchemaError(
            f"the schema cannot be sent to workers: {error}", remedy=remedy
        ) from error
    kind = getattr(asked.schema, "type", None)
    is_typed_in = not hasattr(sys.modules["__main__"], "__file__")
    if is_typed_in and getattr(kind, "__module__", "") == "__main__":
        raise SchemaError("workers cannot find a model that was typed in", remedy=remedy)


def _block(given: int | None, files: Sequence[Stat], engine: Engine) -> int:
    """How many bytes to score at a time: the same for the same files, wherever they are scored.

    Raises:
        OutputError: if so many cannot be.
    """
    if given is not None and given < 1:
        raise OutputError(f"blocks of {given} bytes cannot be", remedy="Give 1 or more")
    total = _total(files)
    if given is not None or total is None or engine == "ray":  # where a task has its price
        return given or BLOCK
    return min(BLOCK, max(_SMALL, total // _BLOCKS))


def _total(files: Sequence[Stat]) -> int | None:
    """How many bytes there are to read; None if that is not known."""
    sizes = [file.size for file in files]
    return None if None in sizes else sum(filter(None, sizes))


def _settings(asked: Asked, files: Sequence[Stat], block: int, engine: Engine) -> Mapping[str, Any]:
    """What decides the rows, by the words for it."""
    named = load_schema(asked.schema) if isinstance(asked.schema, str) else asked.schema
    policy = Policy.of(asked.policy).to_dict()
    return {
        "inputs": _digest([(one.name, one.size, one.changed) for one in files]),
        "schema": _digest(compile_schema(named).json),
        "policy": _digest(policy),
        "options": [asked.wide, asked.match, asked.mask, asked.longest, block],
        "engine": engine,
        "version of fieldconf": version("fieldconf"),
    }


def _digest(plain: Any) -> str:
    return blake2b(json.dumps(plain).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


# -- the run --------------------------------------------------------------------------------------


def _on_ray(
    files: Sequence[Stat], tell: Callable[[Problem], object], asked: Asked, folder: Folder,
    block: int,
) -> Generator[Done]:  # fmt: skip
    from fieldconf.batch.ray_data import run_on_ray  # noqa: PLC0415  # of another extra

    return run_on_ray(files, tell, asked, folder, size=block)


class _Tally:
    """What is known of a run so far."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._problems: dict[Problem, None] = dict.fromkeys(found.problems)
        self._progress = Progress()
        self._resumed = 0

    def problem(self, problem: Problem) -> None:
        """Note what cannot be read."""
        self._problems.setdefault(problem)

    def problems(self) -> tuple[Problem, ...]:
        """All of them, in the order of the inputs; first what is not there."""
        places = {name: number for number, name in enumerate(self._found.names)}
        return tuple(sorted(self._problems, key=lambda one: places.get(one.source, -1)))

    def follow(self, run: Iterable[Done], total: int | None) -> Iterator[Progress]:
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

    def scored(self, path: Path, rows: int, summary: Summary | None) -> Scored:
        """What came of it."""
        now, problems = self._progress, self.problems()
        errors = errors_beside(path) if now.failed or problems else None
        return Scored(
            path, errors, rows, now.responses, now.failed, problems, self._resumed, summary
        )  # fmt: skip


@contextmanager
def _showing(progress: bool | Told | None) -> Generator[Told]:  # noqa: FBT001  # as it was said
    """Whom to tell, meanwhile."""
    if callable(progress):
        yield progress
    elif progress or (progress is None and sys.stderr.isatty()):
        with Bar() as bar:
            yield bar
    else:
        yield _nobody


def _nobody(_: Any) -> None:
    pass
