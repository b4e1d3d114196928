"""What is printed: one table in sections, the notes under it, and what was to be shown.

In: sections of rows, claims; measurements to make rows of.
Out: a rich table with footnotes; PASS or FAIL for each claim; plain data for `--json`.
Never: a cell that hides a failure, or an answer that is wrong without a footnote.
Why: a ratio without the size and the right answers beside it says nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from measure import Measurement, ratio
from rich.console import Console
from rich.markup import escape
from rich.table import Table

WIDTH = 150


@dataclass(frozen=True)
class Row:
    """A name, its cells, and what is said of it under the table."""

    name: str
    cells: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Rows under headings of their own."""

    title: str
    headings: tuple[str, ...]
    rows: list[Row]


@dataclass(frozen=True)
class Claim:
    """What was to be shown: a value with its bound, above or below; None is not shown."""

    text: str
    value: float | None
    bound: float
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Whether it was shown."""
        if self.value is None:
            return False
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        value = "not measured" if self.value is None else f"{self.value:.3g}"
        bound = f"at {'least' if self.at_least else 'most'} {self.bound:g}"
        return f"{'PASS' if self.passed else 'FAIL'}: {self.text}: {value} ({bound})"


@dataclass(frozen=True)
class Part:
    """What one part of the benchmark has found."""

    sections: list[Section]
    claims: list[Claim] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)

    def data(self) -> dict[str, Any]:
        """The same as plain data."""
        best = [{**asdict(m), "microseconds": m.microseconds} for m in self.measurements]
        claims = [{**asdict(claim), "passed": claim.passed} for claim in self.claims]
        return {**asdict(self), "measurements": best, "claims": claims}


def show(console: Console, parts: Sequence[Part]) -> None:
    """Print the table, its notes, what was left out, and what is shown."""
    sections = [section for part in parts for section in part.sections]
    table = Table(show_header=False)
    for column in range(1 + max(len(section.headings) for section in sections)):
        table.add_column(justify="right" if column else "left", no_wrap=not column)
    notes: list[str] = []
    for section in sections:
        titles = (section.title, *section.headings)
        table.add_row(*[f"[bold]{escape(title)}[/]" for title in titles])
        for row in section.rows:
            table.add_row(escape(row.name + _mark(row.note, notes)), *row.cells)
        table.add_section()
    console.print(table)
    for number, text in enumerate(notes, 1):
        console.print(f"[{number}] {text}", markup=False, highlight=False, soft_wrap=True)
    for text in [text for part in parts for text in part.left_out]:
        console.print(f"left out: {text}", markup=False, highlight=False, soft_wrap=True)
    for claim in [claim for part in parts for claim in part.claims]:
        console.print(str(claim), markup=False, highlight=False, soft_wrap=True)


def digits(value: float) -> str:
    """A number with as many decimals as matter."""
    if value < 10:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _mark(note: str, notes: list[str]) -> str:
    if not note:
        return ""
    if note not in notes:
        notes.append(note)
    return f" [{notes.index(note) + 1}]"


def cells(name: str, mine: Measurement, beside: Sequence[Measurement | None], note: str) -> Row:
    """A row: µs a response and a token, times each of the others, and the right leaves."""
    if mine.microseconds is None:
        return Row(name, ("failed", *["-"] * (len(beside) + 2)), f"{note}\n    {mine.reason}")
    known = [ratio(mine, other) for other in beside]
    times = ["-" if one is None or other is mine else f"{digits(one)}x"
             for one, other in zip(known, beside, strict=True)]  # fmt: skip
    right = mine.leaves - mine.missing - mine.wrong
    share = "all" if right == mine.leaves else f"{right:,} of {mine.leaves:,}"
    a_token = digits(mine.microseconds / mine.tokens)
    shown = (digits(mine.microseconds), a_token, *times, share if mine.leaves else "-")
    return Row(name, shown, f"{note}\n    {mine.complaint}" if mine.complaint else note)
