"""Thread runner: many inputs with a synchronous client, in threads.

In:    a run and its tasks.
Out:   ``ResultStream``, which yields results and has counts and failures.
Never: more requests at a time than ``concurrency``; an input read far ahead of the results.
Why:   most of the time is spent waiting for servers.

Worker threads send the requests; the thread that iterates reads the inputs and gets the results. At
most ``AHEAD`` times ``concurrency`` inputs are under way or wait for an earlier result.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from contextvars import copy_context
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

from fieldconf.extraction.extract import extract
from fieldconf.many.input_items import Task
from fieldconf.many.work import Run, RunView
from fieldconf.reasking.cascade import cascade
from fieldconf.report.results import Result, Results, RunSummary

T = TypeVar("T")

AHEAD = 4
"""Inputs under way for each request that may run: one slow answer does not stop the others."""

Showing: TypeAlias = Callable[[], AbstractContextManager[object]]
"""Makes the context in which the progress is shown."""


def ahead_of(concurrency: int) -> int:
    """The largest number of inputs under way."""
    return concurrency if concurrency == 1 else concurrency * AHEAD


class ResultStream(RunView[T]):
    """Results in the order of the inputs, as they come. Made by ``extract_many``.

    Iterate over it, once; or take ``all()``. Nothing is asked before that. Leaving it early
    (``close``, the end of a ``with`` block, an interrupt, or letting go of it) waits for the
    requests that run, and keeps their answers in the output.
    """

    def __init__(self, work: Run[T], tasks: Iterator[Task], showing: Showing) -> None:
        super().__init__(work)
        self._results = _results(work, tasks, showing)

    def __iter__(self) -> Iterator[Result[T]]:
        return self._results

    def __next__(self) -> Result[T]:
        return next(self._results)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def all(self) -> Results[T]:
        """Run to the end; the results that nobody has taken yet, in memory."""
        results = list(self._results)
        return Results(results, self.summary)

    def run(self) -> RunSummary:
        """Run to the end and keep only the counts and the failures: for an output file."""
        for _ in self._results:
            pass
        return self.summary

    def close(self) -> None:
        """Ask nothing more; what runs is waited for."""
        self._results.close()


def _results(work: Run[T], tasks: Iterator[Task], showing: Showing) -> Generator[Result[T]]:
    waiting: deque[Future[Result[T] | None]] = deque()  # the inputs under way, in their order
    unreadable: Exception | None = None  # why no more inputs can be read; the others are asked
    most = ahead_of(work.plan.concurrency)
    with work.output(), showing(), ExitStack() as stack:
        pool = ThreadPoolExecutor(work.plan.concurrency, thread_name_prefix="fieldconf")
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        while True:
            while len(waiting) < most and not (work.over or unreadable):
                try:
                    task = next(tasks, None)
                    if task is None:
                        break
                    work.take(task)
                except Exception as error:  # noqa: BLE001  # the iterable's own; raised in the end
                    unreadable = error
                    break
                # In the context of the iterating thread: an OpenTelemetry span, for example.
                waiting.append(pool.submit(copy_context().run, _result_of_task, work, task))
            if not waiting:
                break
            result = waiting.popleft().result()
            if result is not None:
                yield result
        if error := work.over or unreadable:
            raise error


def _result_of_task(work: Run[T], task: Task) -> Result[T] | None:
    """The result of one input; None if the run is over."""
    if work.over is not None:
        return None
    try:
        ready = work.begin(task)
        if isinstance(ready, Result):
            return ready
        try:
            report = work.answer(ready, extract, cascade)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this input's alone
            return work.failed(ready, error)
        return work.answered(ready, report)
    except Exception as error:  # noqa: BLE001  # of the journal, or of a callback: it ends the run
        work.over = work.over or error
        return None
