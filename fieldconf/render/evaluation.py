"""Evaluation: an evaluation as terminal tables.

In:    plain dicts (``Evaluation.to_dict``, ``Comparison.to_dict``, errors as dicts).
Out:   rich renderables, and the texts of their cells, which its page shows, too.
Never: a number for an undefined measure.
Why:   a measure without its interval and its verdict is misread.
"""

import io
from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from fieldconf.errors import printable

_WIDTH = 126
_SHOWN: Mapping[str, str] = {
    "accuracy": "accuracy", "auroc": "AUROC", "augrc": "AUGRC", "caught_at_20": "caught at 20 %",
    "coverage_at_05": "coverage at 5 % risk", "ece": "ECE", "bias": "bias",
}  # fmt: skip
"""The columns of the table; all measures are in the plain form."""
_LONGEST = 60  # characters of a value


def table(plain: Mapping[str, Any]) -> RenderableType:
    """A row for each group; below it the verdicts and what was not counted."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    name, labels, *measures = titles(plain)
    grid.add_column(name, overflow="fold")
    grid.add_column(labels, justify="right")
    for title in measures:
        grid.add_column(title, justify="right", min_width=10)
    for name, *texts in cells(plain):
        grid.add_row(Text(name), *texts)
    lines = [Text(line, style="bold" if first else "") for first, line in verdict_lines(plain)]
    return Group(Text(heading(plain)), grid, *lines)


def heading(plain: Mapping[str, Any]) -> str:
    """What was evaluated, in one line."""
    return printable(
        f"{plain['score']}: {plain['labels']:,} values of {plain['documents']:,} documents; "
        f"intervals at {plain['level']:.0%} from {plain['resamples']:,} resamples of documents"
    )


def titles(plain: Mapping[str, Any]) -> list[str]:
    """The titles of the columns: the group, the number of labels, the measures."""
    return [plain["by"] if plain["by"] != "overall" else "", "labels", *_SHOWN.values()]


def cells(plain: Mapping[str, Any]) -> list[list[str]]:
    """The texts of each row; a line feed is before an interval."""
    return [[_name(row), f"{row['labels']:,}", *_cells(row)] for row in plain["rows"]]


def errors_table(errors: Iterable[Mapping[str, Any]]) -> RenderableType:
    """A row for each wrong value."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("document", "field", "confidence", "value", "right value", "text", "why"):
        grid.add_column(title, overflow="fold")
    for error in errors:
        grid.add_row(*(Text(printable(cell)) for cell in (
            str(error["document"]), error["pointer"] or "(whole)", figure(error["confidence"]),
            shown(error["value"]), shown(error["truth"]), shown(error["text"]), error["why"],
        )))  # fmt: skip
    return grid


def comparison_table(plain: Mapping[str, Any]) -> RenderableType:
    """A line for each difference."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("group", "measure", "first", "", "other", "", "difference"):
        grid.add_column(title, overflow="fold")
    for row in plain["rows"]:
        grid.add_row(
            Text(printable(row["group"]) or "(whole)"), _SHOWN.get(row["measure"], row["measure"]),
            Text(printable(row["first"])), figure(row["first_value"]),
            Text(printable(row["other"])), figure(row["other_value"]),
            Text(interval(row["difference"])),
        )  # fmt: skip
    head = f"{plain['labels']:,} values of {plain['documents']:,} documents; first less other"
    return Group(Text(head), grid, *(Text(printable(note)) for note in plain["notes"]))


def plain_text(renderable: RenderableType) -> str:
    """A table as plain text."""
    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def figure(value: float | None) -> str:
    """Three digits; "1.000" and "0.000" only for exactly 1 and 0; a dash for None.

    >>> figure(0.5), figure(0.99999), figure(None)
    ('0.500', '>0.999', '-')
    """
    if value is None:
        return "-"
    if 0.9995 <= abs(value) < 1:
        return ">0.999" if value > 0 else "<-0.999"
    if 0 < abs(value) < 0.0005:
        return "<0.001" if value > 0 else ">-0.001"
    return f"{value:.3f}"


def short(value: float) -> str:
    """A number of two digits, or three below .1; "0" and "1" only for exactly 0 and 1.

    >>> short(0.531), short(0.9987), short(1.0), short(-0.0501), short(0.0001)
    ('.53', '>.99', '1', '-.05', '<.001')
    """
    if value in (0, 1, -1):
        return f"{value:.0f}"
    size = abs(value)
    if 0.995 <= size < 1:
        return ">.99" if value > 0 else "<-.99"
    if size < 0.0005:
        return "<.001" if value > 0 else ">-.001"
    text = f"{size:.2f}" if size >= 0.1 else f"{size:.3f}".rstrip("0")
    return "-" * (value < 0) + text.removeprefix("0")


def interval(measured: Mapping[str, Any]) -> str:
    """A number with its interval.

    >>> interval({"value": 0.5, "low": 0.4, "high": 0.6}), interval({"value": None, "low": None})
    ('0.500 [.40, .60]', '-')
    """
    value = figure(measured["value"])
    if measured["low"] is None:
        return value
    return f"{value} [{short(measured['low'])}, {short(measured['high'])}]"


def shown(value: Any) -> str:
    """A value, short; nothing for None."""
    text = "" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [interval(row["measures"][name]).replace(" [", "\n[") for name in _SHOWN]


def _name(row: Mapping[str, Any]) -> str:
    return printable(row["name"]) or "(whole)"


def verdict_lines(plain: Mapping[str, Any]) -> Iterable[tuple[bool, str]]:
    """(whether it is a heading, the line): the verdicts of each group, then the notes."""
    for row in plain["rows"]:
        yield True, _name(row)
        yield from ((False, f"  {printable(line)}") for line in row["verdicts"])
    if plain["notes"]:
        yield True, "not counted"
        yield from ((False, f"  {printable(line)}") for line in plain["notes"])
