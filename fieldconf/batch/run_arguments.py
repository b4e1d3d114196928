"""Run arguments: the arguments of a run, checked before it begins.

In:    the arguments of ``score_files``.
Out:   the output's path, the files, the block size, the number of workers; a digest of all that
       decides the rows.
Never: work that ends with an error for a wrong argument; a byte written.
Why:   a wrong argument is an error at once, not after an hour.
"""

import json
import os
import pickle
import sys
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict

from fieldconf.batch.arrow import arrow
from fieldconf.batch.blocks import BLOCK
from fieldconf.batch.formats import holds_rows
from fieldconf.batch.input_files import ENDINGS, InputFiles, file_identity, find
from fieldconf.batch.output import errors_beside
from fieldconf.batch.parts import folder_beside
from fieldconf.batch.processes import cores
from fieldconf.batch.remote_files import AnyPath, RemoteFile, is_remote, local_name, shown
from fieldconf.batch.rows import FORM
from fieldconf.batch.schema_loading import load_schema
from fieldconf.batch.sources import FileState
from fieldconf.batch.storage import writing
from fieldconf.batch.worker import RESPONSE, BlockTask
from fieldconf.calibration.calibrator import Calibrator, CalibratorLike
from fieldconf.distributions.label_matching import Match
from fieldconf.errors import OutputError, PayloadError, SchemaError
from fieldconf.policy import Policy, PolicyLike
from fieldconf.schema import compile_schema
from fieldconf.tokens.token import Mask

_SMALL = BLOCK // 16
"""The smallest block, in bytes; less than this is not worth another worker."""
_BLOCKS = 64
"""The number of blocks into which files are divided, if the blocks do not become too small."""

Engine: TypeAlias = Literal["local", "ray"]
"""Where blocks are scored."""


class BatchOptions(TypedDict, total=False):
    """Options of ``score_files`` that decide the rows."""

    wide: bool
    policy: PolicyLike | None
    match: Match
    mask: Mask | None
    calibration: CalibratorLike | None
    temperature: float | None


def output_of(output: str | os.PathLike[str]) -> AnyPath:
    """The file to write; a symbolic link is followed, not replaced.

    Raises:
        OutputError: if the path cannot be that of a file.
    """
    name = local_name(os.fspath(output))
    try:
        if is_remote(name):
            return _remote_output(name)
        path = Path(os.path.realpath(name))
        if path.exists() and not path.is_file():
            raise OutputError(f"the output {output} is no file", remedy="Give the path of a file")
        if not path.parent.is_dir():
            raise OutputError(
                f"cannot write the output {output}: its folder is not there", remedy="Make it first"
            )
    except ValueError as error:  # a NUL, or a password
        raise OutputError(f"cannot write the output {shown(name)!r} ({error})") from error
    return path


def _remote_output(name: str) -> RemoteFile:
    file = RemoteFile.of(name)
    if file.is_web:
        raise OutputError(
            f"cannot write the output {file}: a web server takes no files",
            remedy="Give a path, or an address of a store such as s3://",
        )
    with writing(file):
        if file.info().type.name == "Directory" or not file.name:
            raise OutputError(f"the output {file} is no file", remedy="Give the path of a file")
    return file


def input_files(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], path: AnyPath,
    *, overwrite: bool = False,
) -> InputFiles:  # fmt: skip
    """The input files.

    Raises:
        PayloadError: if there are none.
        OutputError: if one of them is the output, and does not hold rows of an earlier run; or if
            the output, or the file of errors beside it, is of something else, and ``overwrite`` is
            False.
    """
    places = [inputs] if isinstance(inputs, (str, os.PathLike)) else inputs
    names = [os.fspath(place) for place in places]
    _check_output(path, names, overwrite=overwrite)
    ours = [path, errors_beside(path), folder_beside(path)]
    files = find(names, without=ours)
    if not files.names:
        problems = "; ".join(f"{problem.source}: {problem.reason}" for problem in files.problems)
        raise PayloadError(
            f"there is nothing to read ({problems})" if problems else "there is nothing to read",
            remedy="Check the names; a file given by its own name may have any ending",
        )
    return files


def _check_output(path: AnyPath, names: Sequence[str], *, overwrite: bool) -> None:
    """Raise if the output would replace a file of responses, or a file that no run wrote.

    A file that is empty or was written by an earlier run may be replaced: nothing is lost.
    """
    for file in (path, errors_beside(path)):
        with writing(file):
            if not (file.info().is_file if isinstance(file, RemoteFile) else file.is_file()):
                continue
            is_ours = holds_rows(file)
        is_input = file_identity(str(file)) in map(file_identity, names)
        if not is_input and not is_ours and file.name.lower().endswith(ENDINGS):
            is_input = file_identity(str(file)) in map(file_identity, find(names).names)
        if is_input:
            raise OutputError(f"{file} is an input and the output", remedy="Give another output")
        if not is_ours and not overwrite:
            raise OutputError(
                f"{file} is there, and fieldconf batch did not write it",
                remedy="Give another output, or overwrite=True to replace it",
            )


def task_of(schema: Any, longest: int, options: BatchOptions) -> BlockTask:
    """The task for each line, after a check with no lines that it can be done.

    Raises:
        SchemaError, PolicyError, CalibrationError: if the schema, the policy or the calibration is
            not valid.
    """
    if schema is not None and not isinstance(schema, str):
        schema = compile_schema(schema)
    task = BlockTask(schema, longest=longest, **{  # pyright: ignore[reportArgumentType]
        **options, "policy": Policy.of(options.get("policy")),
        "calibration": Calibrator.of(options.get("calibration")),
    })  # fmt: skip
    task.score(arrow().record_batch({RESPONSE: []}))
    return task


def workers_of(workers: int | None, total: int | None, task: BlockTask) -> int:
    """How many processes score ``total`` bytes.

    Raises:
        OutputError: if the number is below 1.
        SchemaError: if the schema cannot be sent to other processes.
    """
    if workers is not None and workers < 1:
        raise OutputError(f"workers={workers} is below 1", remedy="Give 1 or more")
    worth = cores() if total is None else min(cores(), 1 + total // _SMALL)
    count = worth if workers is None else workers
    if count == 1:
        return 1
    remedy = 'Say where it is ("file.py:Model"), or workers=1'
    try:
        pickle.dumps(task)
    except Exception as error:  # whatever a class of the user's raises
        raise SchemaError(
            f"the schema cannot be sent to workers: {error}", remedy=remedy
        ) from error
    kind = getattr(task.schema, "type", None)
    is_typed_in = not hasattr(sys.modules["__main__"], "__file__")
    if is_typed_in and getattr(kind, "__module__", "") == "__main__":
        raise SchemaError("workers cannot find a model that was typed in", remedy=remedy)
    return count


def block_of(size: int | None, total: int | None, engine: Engine) -> int:
    """The size of a block in bytes: the same for the same ``total`` bytes on every machine.

    Raises:
        OutputError: if the size is below 1.
    """
    if size is not None and size < 1:
        raise OutputError(f"block={size} bytes is below 1", remedy="Give 1 or more")
    if size is not None or total is None or engine == "ray":  # where a task has its price
        return size or BLOCK
    return min(BLOCK, max(_SMALL, total // _BLOCKS))


def total_of(files: Sequence[FileState]) -> int | None:
    """How many bytes there are to read; None if a size is unknown."""
    sizes = [file.size for file in files]
    return None if None in sizes else sum(filter(None, sizes))


def settings_of(
    task: BlockTask, files: Sequence[FileState], block: int, engine: Engine
) -> Mapping[str, Any]:
    """All settings that decide the rows, by names for messages."""
    schema_source = load_schema(task.schema) if isinstance(task.schema, str) else task.schema
    policy, schema = Policy.of(task.policy).to_dict(), compile_schema(schema_source)
    return {
        "inputs": _digest([(shown(file.name), file.size, file.changed) for file in files]),
        "schema": _digest(schema.labels.plain if schema.labels else schema.json),
        "policy": _digest(policy),
        "calibration": task.calibration and task.calibration.digest,
        "form of rows": FORM,
        "wide": task.wide,
        "match": task.match,
        "mask": task.mask,
        "temperature": task.temperature,
        "longest line": task.longest,
        "size of blocks": block,
        "engine": engine,
        "version of fieldconf": version("fieldconf"),
    }


def _digest(plain: Any) -> str:
    return blake2b(json.dumps(plain).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
