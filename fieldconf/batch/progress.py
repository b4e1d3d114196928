"""Progress: how far scoring is, on a terminal.

In:    counts, whenever a block is done.
Out:   a bar with responses a second, what is read, the time that is left, and what failed.
Never: a byte on standard output.
Why:   whoever waits for hours wants to know for how many.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias

from fieldconf.many.progress import bar_of, rate


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is.

    Attributes:
        read: bytes of the files, as they lie there.
        total: of all files; None where that is not known.
        responses: how many are scored.
        failed: how many of them were no responses.
    """

    read: int = 0
    total: int | None = None
    responses: int = 0
    failed: int = 0


Told: TypeAlias = Callable[[Progress], object]
"""Called whenever a block is done."""


class Bar:
    """A bar on standard error, for the length of a ``with`` block; called with the counts."""

    def __init__(self, total: int | None = None) -> None:
        from rich.progress import (  # noqa: PLC0415  # only who looks at it needs it
            BarColumn,
            DownloadColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bar = bar_of(
            BarColumn(bar_width=20), DownloadColumn(), TextColumn("{task.fields[count]}"),
            TimeRemainingColumn(),
        )  # fmt: skip
        self._task = self._bar.add_task("", total=total, count=counted(Progress(), None))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Show how far it is."""
        elapsed = self._bar.tasks[0].elapsed
        speed = progress.responses / elapsed if elapsed else None
        self._bar.update(
            self._task, completed=progress.read, total=progress.total,
            count=counted(progress, speed),
        )  # fmt: skip


def counted(progress: Progress, speed: float | None) -> str:
    """The counts in words, with so many responses a second.

    >>> counted(Progress(responses=12_000, failed=2), 610.04)
    '12,000 responses, 610.0/s, 2 failed'
    """
    parts = [f"{progress.responses:,} responses", rate(speed)]
    return ", ".join(filter(None, [*parts, f"{progress.failed:,} failed" * bool(progress.failed)]))
