"""Processes: scores blocks on all cores.

In:    blocks, as the files are divided; the task for their lines.
Out:   each scored block, as soon as it is done.
Never: more blocks in memory than keep the cores busy; a process left behind, however this one ends.
Why:   scoring uses all cores, and memory stays constant.

Worker processes are started anew, not forked: this process may have threads. A script that uses
several workers must therefore start under ``if __name__ == "__main__":``.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager

from fieldconf.batch.blocks import BLOCK, Block
from fieldconf.batch.parts import About, Folder
from fieldconf.batch.remote_files import shown
from fieldconf.batch.worker import BlockResult, BlockTask, earlier_counts, score_and_write
from fieldconf.errors import OutputError

AHEAD = 2
"""Blocks for each worker: one is scored, one waits."""


def cores() -> int:
    """How many cores this process may use."""
    if count := getattr(os, "process_cpu_count", None):  # since Python 3.13
        return count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(
    blocks: Iterable[Block], task: BlockTask, folder: Folder, workers: int
) -> Generator[BlockResult]:
    """Score blocks and write their rows, if no earlier run did; in any order.

    Raises:
        OutputError: if a part cannot be written, or a worker process died.
    """
    before: list[BlockResult] = []
    coming = _new(blocks, folder, before)
    if workers == 1:
        results = (BlockResult(b, score_and_write(b, task, folder), is_new=True) for b in coming)
    else:
        results = _together(coming, task, folder, workers)
    with closing(results):
        for result in results:
            yield from before
            before.clear()
            yield result
    yield from before


def _new(blocks: Iterable[Block], folder: Folder, before: list[BlockResult]) -> Iterator[Block]:
    """The blocks that no earlier run scored; the results of the others go to ``before``."""
    for block in blocks:
        about = earlier_counts(block, folder)
        if about is None:
            yield block
        else:
            before.append(BlockResult(block, about, is_new=False))


def _together(
    blocks: Iterable[Block], task: BlockTask, folder: Folder, workers: int
) -> Generator[BlockResult]:  # fmt: skip
    with _pool(task, folder, workers) as pool:
        under_way: dict[Future[About], Block] = {}
        coming, is_first = iter(blocks), True
        while _fill(under_way, coming, pool, workers):
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in ended:
                try:
                    about = future.result()
                except BrokenProcessPool:
                    names = dict.fromkeys(
                        shown(block.pieces[0].name) for block in under_way.values()
                    )
                    script = 'begin a script under if __name__ == "__main__":, or '
                    raise OutputError(
                        f"a worker ended by itself while it read {' or '.join(names)}"
                        " (out of memory?)",
                        remedy=f"What is done is kept: {script if is_first else ''}"
                        "run again with fewer workers",
                    ) from None
                is_first = False
                yield BlockResult(under_way.pop(future), about, is_new=True)


def _fill(
    under_way: dict[Future[About], Block], coming: Iterator[Block],
    pool: ProcessPoolExecutor, workers: int,
) -> bool:  # fmt: skip
    """Submit blocks while there is room; returns whether any is under way."""
    most = workers * AHEAD
    while len(under_way) < most and sum(b.carried for b in under_way.values()) < most * BLOCK:
        block = next(coming, None)
        if block is None:
            break
        try:
            under_way[pool.submit(_work, block)] = block
        except BrokenProcessPool:
            failed: Future[About] = Future()
            failed.set_exception(BrokenProcessPool())
            under_way[failed] = block
            break
    return bool(under_way)


@contextmanager
def _pool(task: BlockTask, folder: Folder, workers: int) -> Generator[ProcessPoolExecutor]:
    """A pool of worker processes; when it closes, they finish the blocks they are scoring."""
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    # The server that forks may be older than a change to the environment, such as credentials.
    arguments = dict(os.environ), task, folder
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=arguments)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# -- in a worker ----------------------------------------------------------------------------------

_worker_state: list[tuple[BlockTask, Folder]] = []


def _begin(environment: dict[str, str], task: BlockTask, folder: Folder) -> None:
    os.environ.clear()
    os.environ.update(environment)
    _worker_state[:] = [(task, folder)]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent dies; else it would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(block: Block) -> About:
    task, folder = _worker_state[0]
    return score_and_write(block, task, folder)
