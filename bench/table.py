"""What is printed: one table, the reasons under it, the verdict on linearity.

In: measurements.
Out: a rich table with footnotes; growth factors; plain data for `--json`.
Never: a cell that hides a failure, or an answer that is wrong without a footnote.
Why: a ratio without the size and the right answers beside it says nothing.
"""

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from measure import Measurement
from ours import YARDSTICK
from rich.console import Console
from rich.markup import escape
from rich.table import Table

ALLOWED = 1.2  # times what the document grew: 12 for ten times the document


@dataclass(frozen=True)
class Growth:
    """How the time grew between two sizes, as if the larger were exactly `factor` times longer."""

    contender: str
    factor: float
    times: float | None

    @property
    def passed(self) -> bool:
        """Whether that is linear, with some room for a machine's caches."""
        return self.times is not None and self.times <= ALLOWED * self.factor

    def __str__(self) -> str:
        times = "no time" if self.times is None else f"{self.times:.2f}x the time"
        verdict = "PASS" if self.passed else "FAIL"
        bound = f"at most {ALLOWED * self.factor:g}x"
        return f"{verdict}: {self.contender}: {self.factor:g}x the document, {times} ({bound})"


@dataclass(frozen=True)
class Results:
    """Every measurement of a run, in the order taken."""

    measurements: list[Measurement]

    def split(self, contender: str) -> Measurement | None:
        """On the response whose tokens cut characters."""
        mine = (m for m in self.measurements if m.contender == contender and m.split)
        return next(mine, None)

    def of(self, contender: str) -> list[Measurement]:
        """On the others, smallest first."""
        mine = (m for m in self.measurements if m.contender == contender and not m.split)
        return sorted(mine, key=lambda m: m.size)

    def growth(self, contender: str) -> Growth | None:
        """Between the two largest sizes, the median of the rounds; None when there is one size."""
        mine = self.of(contender)[-2:]
        if len(mine) < 2:
            return None
        small, large = mine
        factor = large.size / small.size
        pairs = [b / a for a, b in zip(small.samples, large.samples, strict=False)]
        return Growth(contender, factor, factor * median(pairs) if pairs else None)

    def data(self) -> dict[str, Any]:
        """The same as plain data."""
        grown = [
            self.growth(name) for name in dict.fromkeys(m.contender for m in self.measurements)
        ]
        return {
            "measurements": [
                {**asdict(m), "microseconds": m.microseconds} for m in self.measurements
            ],
            "growth": [{**asdict(g), "passed": g.passed} for g in grown if g is not None],
        }


def show(console: Console, results: Results, notes: dict[str, str]) -> None:
    """Print the table and its footnotes; `notes` says how a contender is called."""
    names = list(dict.fromkeys(m.contender for m in results.measurements))
    yardsticks = {m.size: m.microseconds for m in results.of(YARDSTICK)}
    title = "µs per token (and as a multiple of the openai package's own parse)"
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for measurement in results.of(YARDSTICK):
        table.add_column(f"{measurement.tokens:,} tokens", justify="right")
    for heading in ("growth", "right leaves", "split characters"):
        table.add_column(heading, justify="right")
    footnotes: list[str] = []
    for name in names:
        mine = results.of(name)
        grown = results.growth(name)
        table.add_row(
            escape(f"{name} [{len(footnotes) + 1}]"),
            *[_cell(m, yardsticks[m.size]) for m in mine],
            f"{grown.times:.1f}x" if grown and grown.times else "-",
            _share(next((m for m in reversed(mine) if m.reason is None), None)),
            _share(results.split(name)),
        )
        footnotes.append("\n    ".join([notes[name], *_complaints(mine, results.split(name))]))
    console.print(table)
    for number, text in enumerate(footnotes, 1):
        console.print(f"[{number}] {text}", markup=False, highlight=False, soft_wrap=True)


def _complaints(mine: list[Measurement], split: Measurement | None) -> list[str]:
    """The largest size's wrong answers, every size's failure, the split characters."""
    shown = [m for m in mine if m.reason or m is mine[-1]]
    texts = [f"{m.tokens:,} tokens: {m.complaint}" for m in shown if m.complaint]
    if split is not None and split.complaint:
        texts.append(f"split characters: {split.complaint}")
    return texts


def _cell(measurement: Measurement, yardstick: float | None) -> str:
    if measurement.microseconds is None:
        over = (measurement.reason or "").startswith("TimeoutError")
        return "over the limit" if over else "failed"
    ratio = f" ({_digits(measurement.microseconds / yardstick)}x)" if yardstick else ""
    return _digits(measurement.microseconds) + ratio


def _share(measurement: Measurement | None) -> str:
    if measurement is None or (measurement.reason is None and not measurement.leaves):
        return "-"
    if measurement.reason is not None:
        return "failed"
    if measurement.right == measurement.leaves:
        return "all"
    return f"{measurement.right:,} of {measurement.leaves:,}"


def _digits(value: float) -> str:
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"
