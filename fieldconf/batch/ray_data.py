"""Ray Data: scores files on the machines of a cluster.

In:    a Ray dataset with a column of responses; or files, what is asked, and where parts are kept.
Out:   a Ray dataset of rows; or the parts, each reported as soon as it is done.
Never: a scheduler, a queue or a retry of our own: these are Ray's.
Why:   what takes one machine a day takes twenty an hour.

Ray's tasks divide the files: some read (a compressed file is decompressed by one of them), others
score one block each. A block that Ray scores twice, because a machine was lost, has one part.
(Ray's own ``read_text`` holds a whole file in memory, and splits JSON at U+2028.)
"""

import logging
import os
import pickle
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from fieldconf.batch.arrow import arrow
from fieldconf.batch.blocks import BLOCK, blocks
from fieldconf.batch.input_files import Problem
from fieldconf.batch.parts import Folder
from fieldconf.batch.scoring import score_batch
from fieldconf.batch.sources import FileState
from fieldconf.batch.worker import BlockResult, BlockTask, earlier_counts, score_and_write
from fieldconf.calibration.calibrator import Calibrator, CalibratorLike
from fieldconf.distributions.label_matching import Match
from fieldconf.errors import (
    FieldconfError,
    MissingPackageError,
    OutputError,
    PayloadError,
)
from fieldconf.many.input_readers import STDIN
from fieldconf.policy import Policy, PolicyLike
from fieldconf.tokens.token import Mask

_TOGETHER = 8
"""Small files are divided together, up to about so many blocks of them."""


def scored(  # noqa: PLR0913  # options, by keyword
    dataset: Any, schema: Any = None, *, column: str = "response", wide: bool = False,
    policy: PolicyLike | None = None, match: Match = "exact", mask: Mask | None = None,
    calibration: CalibratorLike | None = None, temperature: float | None = None,
) -> Any:  # fmt: skip
    """The fields of saved responses as a dataset of rows.

    Args:
        dataset: a ``ray.data.Dataset``; whatever Ray reads.
        schema: see ``score_batch``. A name must mean the same on all machines of the cluster; a
            model itself travels with the task.
        column: see ``score_batch``.
        wide: see ``score_batch``.
        policy: see ``score_batch``; a file is read here and now.
        match: see ``score_batch``.
        mask: see ``score_batch``.
        calibration: see ``score_batch``; a file is read here and now.
        temperature: see ``score_batch``.

    Returns:
        A ``ray.data.Dataset`` of ``output_schema``; nothing is scored before it is asked for.

    >>> import ray                                                    # doctest: +SKIP
    >>> saved = ray.data.read_parquet("s3://bucket/responses/")       # doctest: +SKIP
    >>> scored(saved, "tickets:Ticket").write_parquet("s3://bucket/fields/")  # doctest: +SKIP
    """
    options = {
        "schema": schema, "column": column, "wide": wide,
        "policy": None if policy is None else Policy.of(policy), "match": match, "mask": mask,
        "calibration": Calibrator.of(calibration), "temperature": temperature,
    }  # fmt: skip
    return dataset.map_batches(
        _rows, batch_size=None, batch_format="pyarrow", zero_copy_batch=True, fn_kwargs=options
    )


def run_on_ray(
    files: Sequence[FileState], tell: Callable[[Problem], object], task: BlockTask, folder: Folder,
    *, size: int = BLOCK,
) -> Generator[BlockResult]:  # fmt: skip
    """Score the blocks of files and keep their rows, as ``processes.run`` does on one machine.

    The cluster is the one that is connected (``ray.init``), or that the environment names
    (RAY_ADDRESS), or that runs on this machine; else one is started here and ended. Files and
    folder must lie where all its machines see them under the same name.

    Args:
        files: in their order.
        tell: is called with each file that cannot be read, or not to its end.
        task: what is asked of each line.
        folder: where rows are kept; blocks that are kept there already are not scored again.
        size: about how many bytes are scored at a time.

    Yields:
        Each scored block, without the lines it carried, as soon as it is done; in any order.

    Raises:
        PayloadError: if standard input is among the files.
        OutputError: if a part cannot be written, or Ray gives up.
        MissingPackageError: if ray is not installed.
    """
    if any(file.name == STDIN for file in files):
        raise PayloadError(
            "a cluster cannot read the standard input of this machine",
            remedy="Save it to a file that all machines see",
        )
    try:
        import ray  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
        import ray.data  # noqa: PLC0415  # pyright: ignore[reportMissingImports, reportUnusedImport]
    except ImportError:
        raise MissingPackageError("--engine ray", "ray", extra="ray") from None
    data = cast("Any", ray).data
    groups = [{"item": pickle.dumps(group)} for group in _groups(files, size * _TOGETHER)]
    if not groups:
        return
    with _cluster(ray):
        divided = data.from_items(groups, override_num_blocks=len(groups)).map_batches(
            _divided, batch_size=1, batch_format="pyarrow", fn_args=(size, task.longest)
        )
        divided.context.enable_progress_bars = False  # whoever asked shows how far it is
        each = divided.repartition(target_num_rows_per_block=1)  # a task each
        results = each.map_batches(
            _done, batch_size=1, batch_format="pyarrow", fn_args=(task, folder)
        )
        for table in results.iter_batches(batch_size=None, batch_format="pyarrow"):
            for item in _items(table):
                if isinstance(item, Problem):
                    tell(item)
                else:
                    yield item


# -- tasks ----------------------------------------------------------------------------------------


def _rows(table: Any, **options: Any) -> Iterator[Any]:
    """The rows of a table of responses, a table for each of its batches."""
    pa = arrow()
    empty = pa.RecordBatch.from_pylist([], schema=table.schema)
    for batch in table.to_batches() or [empty]:
        yield pa.Table.from_batches([score_batch(batch, **options)])


def _divided(groups: Any, size: int, longest: int) -> Iterator[Any]:
    """The blocks of files; what cannot be read comes behind them."""
    for numbered in _items(groups):
        problems: list[Problem] = []
        numbers, files = zip(*numbered, strict=True)
        for block in blocks(files, problems.append, size=size, longest=longest):
            pieces = (replace(piece, source=numbers[piece.source]) for piece in block.pieces)
            yield _table(replace(block, pieces=tuple(pieces)))
        yield from map(_table, problems)


def _done(items: Any, task: BlockTask, folder: Folder) -> Iterator[Any]:
    """What is known of blocks, once their rows are kept."""
    for item in _items(items):
        if isinstance(item, Problem):
            yield _table(item)
            continue
        earlier = earlier_counts(item, folder)
        about = earlier or score_and_write(item, task, folder)
        block = replace(item, pieces=tuple(replace(piece, text=b"") for piece in item.pieces))
        yield _table(BlockResult(block, about, is_new=earlier is None))


def _table(item: object) -> Any:
    return arrow().table({"item": arrow().array([pickle.dumps(item)], "large_binary")})


def _items(table: Any) -> Iterator[Any]:
    for item in table["item"]:
        yield pickle.loads(item.as_py())  # noqa: S301  # it was pickled above


def _groups(files: Sequence[FileState], most: int) -> Iterator[list[tuple[int, FileState]]]:
    """Files with their numbers, small ones together."""
    group: list[tuple[int, FileState]] = []
    total = 0
    for number, file in enumerate(files):
        if group and total + (file.size or 0) > most:
            yield group
            group, total = [], 0
        group.append((number, file))
        total += file.size or 0
    if group:
        yield group


# -- Ray ------------------------------------------------------------------------------------------


@contextmanager
def _cluster(ray: Any) -> Generator[None]:
    """The cluster that is connected, else one of our own for this time; Ray Data logs errors only.

    An exception of a task is raised as it is, and one of Ray itself as ours.
    """
    log = logging.getLogger("ray.data")
    level = log.level
    is_ours = not ray.is_initialized()
    if is_ours:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        ray.init(include_dashboard=False, logging_level="error")
    log.setLevel(logging.ERROR)
    try:
        yield
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, FieldconfError):
            raise cause from None
        reason = str(cause or error).strip().splitlines()[-1]
        raise OutputError(
            f"Ray gave up ({reason})", remedy="Run the same again: what is done is kept"
        ) from error
    finally:
        log.setLevel(level)
        if is_ours:
            ray.shutdown()
