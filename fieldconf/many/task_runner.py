"""Task runner: many inputs with an asynchronous client, in tasks.

In:    a run and its tasks.
Out:   ``AsyncResultStream``, which yields results and has counts and failures.
Never: more requests at a time than ``concurrency``; an input read far ahead of the results; a
       task that outlives the iteration.
Why:   one event loop waits for thousands of answers without a thread for each.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from fieldconf.extraction.extract import aextract
from fieldconf.many.input_items import Task
from fieldconf.many.thread_runner import Showing, ahead_of
from fieldconf.many.work import Run, RunView
from fieldconf.reasking.cascade import acascade
from fieldconf.report.results import Result, Results, RunSummary

T = TypeVar("T")


class AsyncResultStream(RunView[T]):
    """A ``ResultStream`` for ``async for``; ``aextract_many`` returns it.

    Leaving it early (``aclose``, the end of an ``async with`` block, a cancelled task) cancels the
    requests that run. A bare ``break`` leaves that to the event loop, which may take its time.
    """

    def __init__(self, work: Run[T], tasks: AsyncIterator[Task], showing: Showing) -> None:
        super().__init__(work)
        self._results = _results(work, tasks, showing)

    def __aiter__(self) -> AsyncIterator[Result[T]]:
        return self._results

    async def __anext__(self) -> Result[T]:
        return await anext(self._results)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        await self.aclose()

    async def all(self) -> Results[T]:
        """Run to the end; the results that nobody has taken yet, in memory."""
        results = [result async for result in self._results]
        return Results(results, self.summary)

    async def run(self) -> RunSummary:
        """Run to the end and keep only the counts and the failures: for an output file."""
        async for _ in self._results:
            pass
        return self.summary

    async def aclose(self) -> None:
        """Ask nothing more; what runs is cancelled."""
        await self._results.aclose()


async def _results(
    work: Run[T], tasks: AsyncIterator[Task], showing: Showing
) -> AsyncGenerator[Result[T]]:
    with work.output(), showing():
        window = _TaskWindow(work, tasks)
        try:
            while (first := await window.first()) is not None:
                result = await first
                if result is not None:
                    yield result
            if error := work.over or window.error:
                raise error
        finally:
            await window.cancel()


class _TaskWindow(Generic[T]):
    """The inputs under way, in their order, and the one that is being read."""

    def __init__(self, work: Run[T], tasks: AsyncIterator[Task]) -> None:
        self._work, self._tasks = work, tasks
        self._gate = asyncio.Semaphore(work.plan.concurrency)
        self._waiting: deque[asyncio.Task[Result[T] | None]] = deque()
        self._reading: asyncio.Task[Task | None] | None = None
        self._is_read = False
        self._most = ahead_of(work.plan.concurrency)
        self.error: Exception | None = None
        """Why no more inputs can be read; those that were are asked about."""

    async def first(self) -> "asyncio.Task[Result[T] | None] | None":
        """Take inputs until that of the next result is done; None if there are no more.

        The next input is read at the same time as the answers are awaited.
        """
        while True:
            is_read = self._is_read or self._work.over or self.error
            if self._reading is None and not is_read and len(self._waiting) < self._most:
                self._reading = asyncio.ensure_future(_next(self._tasks))
            first = self._waiting[0] if self._waiting else None
            reading = self._reading if self._work.over is None else None
            if first is not None and first.done():
                await asyncio.sleep(0)  # the next input may be there at once
                self._take()
                return self._waiting.popleft()
            pending: set[asyncio.Task[Any]] = {t for t in (reading, first) if t is not None}
            if not pending:
                return None
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            self._take()

    async def cancel(self) -> None:
        """End whatever is under way, and wait until it has ended."""
        left: list[asyncio.Task[Any]] = [*self._waiting]
        left += [self._reading] if self._reading is not None else []
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _take(self) -> None:
        """Begin with the input that was read."""
        if self._reading is None or not self._reading.done():
            return
        reading, self._reading = self._reading, None
        try:
            task = reading.result()
            if task is None:
                self._is_read = True
                return
            self._work.take(task)
        except Exception as error:  # noqa: BLE001  # the iterable's own; raised in the end
            self.error = error
            return
        self._waiting.append(asyncio.create_task(_result_of_task(self._work, task, self._gate)))


async def _next(tasks: AsyncIterator[Task]) -> Task | None:
    return await anext(tasks, None)


async def _result_of_task(work: Run[T], task: Task, gate: asyncio.Semaphore) -> Result[T] | None:
    """The result of one input; None if the run is over."""
    async with gate:
        if work.over is not None:
            return None
        try:
            reads = callable(task.entry.input)  # a file, say: others must not wait for it
            ready = await asyncio.to_thread(work.begin, task) if reads else work.begin(task)
            if isinstance(ready, Result):
                return ready
            try:
                report = await work.answer(ready, aextract, acascade)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is this input's alone
                return work.failed(ready, error)
            return work.answered(ready, report)
        except Exception as error:  # noqa: BLE001  # of the journal, or of a callback
            work.over = work.over or error
            return None
