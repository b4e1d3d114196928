"""Results: what became of each input, and of all of them.

In:    reports and errors, one an input.
Out:   ``Result``, ``Results`` and ``RunSummary``: frozen values.
Never: a failure without its input.
Why:   what is accepted is filed, what is to be reviewed goes to people, what failed is asked again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeAlias, TypeVar, overload

from fieldconf.report.frame import Library, frame
from fieldconf.report.report import Report
from fieldconf.threads import Lock

T = TypeVar("T")

Ending: TypeAlias = Literal["accept", "review", "reject", "failed"]
"""What to do with an answer (``Report.outcome``), or that there is none."""


@dataclass(frozen=True, repr=False)
class Result(Generic[T]):
    """What became of one input.

    Attributes:
        index: its number among the inputs, from 0.
        input: what was read; None if it could not be.
        outcome: what to do with the answer: "accept", "review", "reject"; or "failed".
        report: the answer; None if it failed.
        error: why it failed, or None. An answer that broke off is its ``report``, and so is what
            the steps had found before the one that failed.
        id: the input's name, if it has one.
        resumed: whether it was read from the output file, and nobody was asked.
        place: where the input stands, such as "line 3 of mails.txt"; empty where that is not known.
    """

    index: int
    input: Any
    outcome: Ending
    report: Report[T] | None = None
    error: Exception | None = None
    id: str | None = None
    resumed: bool = False
    place: str = ""

    @property
    def value(self) -> T | None:
        """The validated value; None if there is none."""
        return None if self.report is None else self.report.value

    def __repr__(self) -> str:
        name = "" if self.id is None else f" {self.id!r}"
        what = f"{type(self.error).__name__}: {self.error}" if self.error else repr(self.report)
        return f"<Result {self.index}{name} {self.outcome}: {what}>"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How far a run is.

    Attributes:
        total: how many inputs there are; None where that is not known.
        accept, review, reject: how many answers are to be treated so.
        failed: how many inputs have no answer.
        resumed: how many of all these were read from the output file.
        input_tokens, output_tokens: what all requests cost, as far as the servers said it, also
            those of an input of which a later step failed; what was read from the output file was
            paid for before, and is not counted.
        damaged: how many lines of an interrupted run were damaged on the disk; they were skipped,
            and their inputs asked again.
    """

    total: int | None = None
    accept: int = 0
    review: int = 0
    reject: int = 0
    failed: int = 0
    resumed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    damaged: int = 0

    @property
    def done(self) -> int:
        """How many inputs are done with, one way or another."""
        return self.accept + self.review + self.reject + self.failed

    def share(self, ending: Ending) -> float | None:
        """The share (0..1) of those done that ended so; None where nothing is done.

        >>> RunSummary(accept=3, review=1).share("accept")
        0.75
        """
        return getattr(self, ending) / self.done if self.done else None


class Results(Sequence[Result[T]]):
    """The results of a whole run, in the order of the inputs."""

    def __init__(self, results: Iterable[Result[T]], summary: RunSummary) -> None:
        self._results = tuple(results)
        self.summary = summary

    @overload
    def __getitem__(self, index: int) -> Result[T]: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Result[T], ...]: ...
    def __getitem__(self, index: int | slice) -> Result[T] | tuple[Result[T], ...]:
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[Result[T]]:
        return iter(self._results)

    def __repr__(self) -> str:
        return f"<Results: {counts(self.summary)}>"

    def to_frame(self, library: Library | None = None) -> Any:
        """A data frame with a row for each scalar of each answer.

        "index", "id" and "status" name the answer; the other columns are those of
        ``Report.to_frame``. An input without an answer has no row: see ``failures``.

        Args:
            library: "pandas" or "polars"; None: pandas if it is installed, else Polars.

        Raises:
            MissingPackageError: if the library is not installed.
        """
        rows = (
            (
                {"index": result.index, "id": result.id, "status": result.report.status},
                result.report.leaves, result.report.verdicts,
            )
            for result in self if result.report is not None
        )  # fmt: skip
        return frame(rows, {"index": int, "id": str, "status": str}, library)

    def of(self, ending: Ending) -> tuple[Result[T], ...]:
        """Those that ended so."""
        return tuple(result for result in self if result.outcome == ending)

    @property
    def accepted(self) -> tuple[Result[T], ...]:
        """Those whose answer is to be taken as it is."""
        return self.of("accept")

    @property
    def to_review(self) -> tuple[Result[T], ...]:
        """Those that somebody should look at."""
        return self.of("review")

    @property
    def rejected(self) -> tuple[Result[T], ...]:
        """Those whose answer is of no use."""
        return self.of("reject")

    @property
    def failures(self) -> tuple[Result[T], ...]:
        """Those without an answer, each with its input and its error."""
        return self.of("failed")

    @property
    def reports(self) -> tuple[Report[T], ...]:
        """The reports of all that have an answer."""
        return tuple(result.report for result in self if result.report is not None)


def counts(summary: RunSummary) -> str:
    """What a summary says, in a few words.

    >>> counts(RunSummary(accept=2, failed=1))
    '2 accepted, 0 to review, 0 rejected, 1 failed'
    """
    return (
        f"{summary.accept} accepted, {summary.review} to review, "
        f"{summary.reject} rejected, {summary.failed} failed"
    )


@dataclass
class RunCounts:
    """Counts results as they come, from any thread; tells who wants to know."""

    summary: RunSummary
    tell: Callable[[RunSummary], object] | None = None
    failures: list[Result[Any]] = field(default_factory=list[Result[Any]])
    in_a_row: int = 0
    """So many failures came one after the other, all of the same kind."""
    _kind: Any = None
    _lock: Lock = field(default_factory=Lock)

    def add(self, result: Result[Any]) -> None:
        """Count a result."""
        with self._lock:
            self.summary = replace(self.summary, **self._more(result))
            if result.error is None:
                self.in_a_row = 0
            elif not result.resumed:
                kind = type(result.error), getattr(result.error, "status", None)
                self.in_a_row = self.in_a_row + 1 if kind == self._kind else 1
                self._kind = kind
            if result.error is not None:
                self.failures.append(result)
            if self.tell is not None:
                self.tell(self.summary)

    def _more(self, result: Result[Any]) -> Mapping[str, int]:
        now = self.summary
        more = {result.outcome: getattr(now, result.outcome) + 1}
        if result.resumed:
            return {**more, "resumed": now.resumed + 1}
        report = result.report or getattr(result.error, "report", None)  # of the steps before
        if isinstance(report, Report):
            more["input_tokens"] = now.input_tokens + (report.input_tokens or 0)
            more["output_tokens"] = now.output_tokens + (report.output_tokens or 0)
        return more
