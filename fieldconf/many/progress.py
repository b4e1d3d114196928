"""Progress: how far a run is, on a terminal.

In:    summaries, one for each input that is done.
Out:   a bar with the rate, the share of each outcome, failures, and the time that is left.
Never: a byte on standard output, which may be somebody's file.
Why:   whoever waits wants to know for how long, and whether it is worth it.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from types import TracebackType
from typing import Any, Self, TypeAlias

from fieldconf.many.threads import Showing
from fieldconf.report.results import RunSummary

Told: TypeAlias = Callable[[RunSummary], object]
"""Called with the counts whenever an input is done, by one thread at a time."""


def shown(progress: bool | Told | None) -> tuple[Told | None, Showing]:  # noqa: FBT001  # as it was said
    """Whom to tell of each summary, and what shows it meanwhile.

    Args:
        progress: True: a bar; False: nothing; None: a bar if standard error is a terminal; or
            a function that is told.
    """
    if progress is None:
        progress = sys.stderr.isatty()
    if callable(progress):
        return progress, nullcontext
    if not progress:
        return None, nullcontext
    bar = Bar()
    return bar, lambda: bar


def share(summary: RunSummary) -> str:
    """The running shares, in words for a narrow place.

    >>> share(RunSummary(accept=3, review=1))
    'accept 75 %, review 25 %, reject 0 %'
    >>> share(RunSummary(accept=1, reject=1, failed=2))
    'accept 25 %, review 0 %, reject 25 %, 2 failed'
    """
    named = ("accept", "review", "reject")
    parts = [f"{name} {round(100 * (summary.share(name) or 0))} %" for name in named]
    return ", ".join([*parts, *([f"{summary.failed} failed"] if summary.failed else [])])


def rate(speed: float | None) -> str:
    """Inputs a second, or a minute where they are slow; of ``speed`` in inputs a second.

    >>> rate(2.5), rate(0.05), rate(None)
    ('2.5/s', '3.0/min', '')
    """
    if not speed:
        return ""
    return f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.1f}/min"


def bar_of(*columns: Any) -> Any:
    """A ``rich.progress.Progress`` on standard error."""
    from rich.console import Console  # noqa: PLC0415  # only who looks at it needs it
    from rich.progress import Progress  # noqa: PLC0415

    return Progress(
        *columns,
        console=Console(stderr=True),
        redirect_stdout=sys.stdout.isatty(),  # else what is printed would not reach its file
    )


class Bar:
    """A bar on standard error, for the length of a ``with`` block; called with each summary."""

    def __init__(self) -> None:
        from rich.progress import (  # noqa: PLC0415  # only who looks at it needs it
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self._progress = bar_of(
            BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(), TextColumn("{task.fields[share]}", markup=False),
        )  # fmt: skip
        self._task = self._progress.add_task("", total=None, rate="", share="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._progress.stop()

    def __call__(self, summary: RunSummary) -> None:
        """Show how far it is."""
        self._progress.update(
            self._task, completed=summary.done, total=summary.total,
            share=share(summary), rate=rate(self._progress.tasks[0].speed),
        )  # fmt: skip
