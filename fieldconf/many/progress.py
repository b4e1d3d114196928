"""Progress: how far something long is, on a terminal.

In:    counts, whenever an input or a block of a file is done; shares of other work.
Out:   a bar with the rate, the counts and the time that is left.
Never: a byte on standard output, which may be redirected to a file; by default a byte on a
       standard error that is no terminal.
Why:   users want to know how long a run will take, and whether its results are worth it.
"""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeAlias

from fieldconf.many.thread_runner import Showing
from fieldconf.report.results import RunSummary


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the scoring of files is.

    Attributes:
        read: bytes of the files, as stored on disk.
        total: bytes of all files; None if that is not known.
        responses: how many responses are scored.
        failed: how many of them could not be read as responses.
    """

    read: int = 0
    total: int | None = None
    responses: int = 0
    failed: int = 0


ProgressCallback: TypeAlias = Callable[[RunSummary], object]
"""Called with the counts whenever an input is done, by one thread at a time."""


def is_shown(progress: bool | None = None) -> bool:  # noqa: FBT001  # as users give it
    """Whether progress is shown; None: if standard error is a terminal."""
    return sys.stderr.isatty() if progress is None else progress


def shown(
    progress: bool | ProgressCallback | None, total: int | None = None  # noqa: FBT001
) -> tuple[ProgressCallback | None, Showing]:  # fmt: skip
    """The function to call with each summary, and the context in which the progress is shown.

    Args:
        progress: True: a bar; False: nothing; None: a bar if standard error is a terminal; or
            a function to call.
        total: how many inputs there are, if it is known.
    """
    if callable(progress):
        return progress, nullcontext
    if not is_shown(progress):
        return None, nullcontext
    bar = Bar(total)
    return bar.show_run, lambda: bar


def share(summary: RunSummary) -> str:
    """The share of each outcome, in few words.

    >>> share(RunSummary(accept=3, review=1))
    'accept 75 %, review 25 %, reject 0 %'
    >>> share(RunSummary(accept=1, reject=1, failed=2))
    'accept 25 %, review 0 %, reject 25 %, 2 failed'
    """
    outcomes = ("accept", "review", "reject")
    parts = [f"{name} {round(100 * (summary.share(name) or 0))} %" for name in outcomes]
    return ", ".join([*parts, *([f"{summary.failed} failed"] if summary.failed else [])])


def rate(speed: float | None) -> str:
    """Inputs per second, or per minute if they are slow; ``speed`` is in inputs per second.

    >>> rate(2.5), rate(0.05), rate(None)
    ('2.5/s', '3.0/min', '')
    """
    if not speed:
        return ""
    return f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min"


def counts(progress: Progress, speed: float | None) -> str:
    """The counts of a run over files, with its speed in responses per second.

    >>> counts(Progress(responses=12_000, failed=2), 610.04)
    '12,000 responses, 610.0/s, 2 failed'
    """
    failed = f"{progress.failed:,} failed" if progress.failed else ""
    return ", ".join(filter(None, [f"{progress.responses:,} responses", rate(speed), failed]))


class Bar:
    """A bar on standard error, for the length of a ``with`` block.

    Args:
        total: how many inputs there are, or bytes to read; None if that is not known.
        of_files: whether it shows bytes of files instead of counts of inputs.
    """

    def __init__(self, total: int | None = None, *, of_files: bool = False) -> None:
        from rich import progress as rich  # noqa: PLC0415  # slow to import

        self._progress = _on_stderr(
            rich.BarColumn(bar_width=20),
            rich.DownloadColumn() if of_files else rich.MofNCompleteColumn(),
            rich.TextColumn("{task.fields[before]}"), rich.TimeRemainingColumn(),
            rich.TextColumn("{task.fields[after]}", markup=False),
        )  # fmt: skip
        before = counts(Progress(), None) if of_files else ""
        self._task = self._progress.add_task("", total=total, before=before, after="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._progress.stop()

    def show_run(self, summary: RunSummary) -> None:
        """Show how far a run over inputs is."""
        self._progress.update(
            self._task, completed=summary.done, total=summary.total,
            before=rate(self._progress.tasks[0].speed), after=share(summary),
        )  # fmt: skip

    def show_files(self, progress: Progress) -> None:
        """Show how far the scoring of files is."""
        elapsed = self._progress.tasks[0].elapsed
        speed = progress.responses / elapsed if elapsed else None
        self._progress.update(
            self._task, completed=progress.read, total=progress.total,
            before=counts(progress, speed),
        )  # fmt: skip


@contextmanager
def working(words: str) -> Generator[Callable[[float], object]]:
    """Show on a terminal that something takes its time, until the block ends.

    Args:
        words: what is being done.

    Yields:
        A function to call with the share (0..1) that is done, if that is known.
    """
    if not is_shown():
        yield lambda share: None  # noqa: ARG005
        return
    from rich import progress as rich  # noqa: PLC0415

    bar = _on_stderr(
        rich.TextColumn(words, markup=False), rich.BarColumn(bar_width=20),
        rich.TimeElapsedColumn(), is_gone_at_the_end=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("", total=None)
        yield lambda share: bar.update(task, total=1.0, completed=share)


def _on_stderr(*columns: Any, is_gone_at_the_end: bool = False) -> Any:
    """Rich's progress with these columns."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    return RichProgress(
        *columns, console=Console(stderr=True), transient=is_gone_at_the_end,
        redirect_stdout=sys.stdout.isatty(),  # else printed text would not reach its file
    )  # fmt: skip
