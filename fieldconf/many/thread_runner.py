"""Running: many inputs with a synchronous client, in threads.

In:    the work, and tasks.
Out:   ``ResultStream``: iterate over it; it has counts and failures.
Never: more requests at a time than was said; an input read far ahead of who takes the results.
Why:   the requests wait, not the processor.

Threads ask; the inputs are read, and the results handed out, in the thread of who iterates. Of the
inputs at most ``AHEAD`` times ``concurrency`` are under way or wait for one before them.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from contextvars import copy_context
from types import TracebackType
from typing import Any, Generic, Self, TypeAlias, TypeVar

from fieldconf.extraction.extract import extract
from fieldconf.extraction.inputs import Input
from fieldconf.extraction.options import Options
from fieldconf.many.input_items import Task
from fieldconf.many.work import Run, RunOptions
from fieldconf.reasking.cascade import cascade
from fieldconf.report import Report
from fieldconf.report.results import Result, Results, RunSummary, counts

T = TypeVar("T")

AHEAD = 4
"""So many inputs for each request that may run: one slow answer does not stop the others."""

Showing: TypeAlias = Callable[[], AbstractContextManager[object]]
"""What shows the progress, while a ``with`` block lasts."""


def ahead_of(concurrency: int) -> int:
    """How many inputs may be under way; one by one, none waits for another."""
    return concurrency if concurrency == 1 else concurrency * AHEAD


class ResultStream(Generic[T]):
    """Results in the order of the inputs, as they come. Made by ``extract_many``.

    Iterate over it, once; or take ``all()``. Nothing is asked before that. Leaving it early
    (``close``, the end of a ``with`` block, an interrupt, or letting go of it) waits for the
    requests that run, and keeps their answers in the output.
    """

    def __init__(self, work: Run[T], tasks: Iterator[Task], showing: Showing) -> None:
        self._work = work
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

    def __repr__(self) -> str:
        return f"<ResultStream: {counts(self.summary)}>"

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

    @property
    def summary(self) -> RunSummary:
        """How far it is."""
        return self._work.tally.summary

    @property
    def failures(self) -> tuple[Result[T], ...]:
        """What failed so far, each with its input and its error."""
        return tuple(self._work.tally.failures)


def _results(work: Run[T], tasks: Iterator[Task], showing: Showing) -> Generator[Result[T]]:
    with ExitStack() as stack:
        work.open()
        stack.callback(work.close)
        stack.enter_context(showing())
        pool = ThreadPoolExecutor(work.plan.concurrency, thread_name_prefix="fieldconf")
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        window = _ThreadWindow(work, tasks, pool)
        while window.fill():
            result = window.first()
            if result is not None:
                yield result
        if error := work.over or window.error:
            raise error
        work.finish()


class _ThreadWindow(Generic[T]):
    """The inputs under way, in their order."""

    def __init__(self, work: Run[T], tasks: Iterator[Task], pool: ThreadPoolExecutor) -> None:
        self._work, self._tasks, self._pool = work, tasks, pool
        self._waiting: deque[Future[Result[T] | None]] = deque()
        self._most = ahead_of(work.plan.concurrency)
        self.error: Exception | None = None
        """Why no more inputs can be read; those that were are asked about."""

    def fill(self) -> bool:
        """Take inputs as long as there is room; whether any is under way."""
        while len(self._waiting) < self._most and not (self._work.over or self.error):
            try:
                task = next(self._tasks, None)
                if task is None:
                    break
                self._work.take(task)
            except Exception as error:  # noqa: BLE001  # the iterable's own; raised in the end
                self.error = error
                break
            # The context of who iterates: a span of OpenTelemetry, say.
            self._waiting.append(
                self._pool.submit(copy_context().run, result_of_task, self._work, task)
            )
        return bool(self._waiting)

    def first(self) -> Result[T] | None:
        """The result of the input that comes next; None if the run was over before it."""
        return self._waiting.popleft().result()


def result_of_task(work: Run[T], task: Task) -> Result[T] | None:
    """The result of one input; None if the run is over."""
    if work.over is not None:
        return None
    try:
        return _ask(work, task)
    except Exception as error:  # noqa: BLE001  # of the journal, or of who is told: it ends the run
        work.over = work.over or error
        return None


def _ask(work: Run[T], task: Task) -> Result[T]:
    ready = work.begin(task)
    if isinstance(ready, Result):
        return ready
    plan = work.plan
    try:
        report = _answer(plan, ready.input, work.options)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this input's alone
        return work.failed(ready, error)
    return work.answered(ready, report)


def _answer(plan: RunOptions, input: Input, options: Options) -> Report[Any]:
    if not plan.steps:
        return extract(plan.schema, input, client=plan.client, **options)
    return cascade(plan.schema, input, steps=plan.all_steps, budget=plan.budget, **options)
