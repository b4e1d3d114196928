"""Evaluation: an evaluation as terminal tables, and as a stand-alone HTML page.

In:    plain dicts (``Evaluation.to_dict``, ``Comparison.to_dict``, errors as dicts).
Out:   rich renderables; HTML text without a script and without a reference to anything outside.
Never: a number for an undefined measure; an unescaped value.
Why:   a measure without its interval and its verdict is misread.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from fieldconf.errors import printable
from fieldconf.render.notebook import escaped

_WIDTH = 126
_SHOWN: Mapping[str, str] = {
    "accuracy": "accuracy", "auroc": "AUROC", "augrc": "AUGRC", "caught_at_20": "caught at 20 %",
    "coverage_at_05": "coverage at 5 % risk", "ece": "ECE", "bias": "bias",
}  # fmt: skip
"""The columns of the table; all measures are in the plain form."""
_LONGEST = 60  # characters of a value
_CELL = "padding:.3em .8em;border-top:1px solid rgba(128,128,128,.35);vertical-align:top"
_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark">'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:\"><title>Evaluation</title></head>"
    '<body style="font-family:system-ui,sans-serif;margin:2em;line-height:1.4;max-width:80em">'
)


def table(plain: Mapping[str, Any]) -> RenderableType:
    """A row for each group; below it the verdicts and what was not counted."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column(plain["by"] if plain["by"] != "overall" else "", overflow="fold")
    grid.add_column("labels", justify="right")
    for title in _SHOWN.values():
        grid.add_column(title, justify="right", min_width=10)
    for row in plain["rows"]:
        grid.add_row(Text(_name(row)), f"{row['labels']:,}", *_cells(row))
    lines = [Text(line, style="bold" if first else "") for first, line in _lines(plain)]
    return Group(Text(heading(plain)), grid, *lines)


def heading(plain: Mapping[str, Any]) -> str:
    """What was evaluated, in one line."""
    return printable(
        f"{plain['score']}: {plain['labels']:,} values of {plain['documents']:,} documents; "
        f"intervals at {plain['level']:.0%} from {plain['resamples']:,} resamples of documents"
    )


def page(
    plain: Mapping[str, Any], errors: Sequence[Mapping[str, Any]] | None = None, image: str = ""
) -> str:
    """A stand-alone page: the table, the verdicts, and the errors if they are given.

    ``image`` is a picture as a data URI.
    """
    titles = [plain["by"], "labels", *_SHOWN.values()]
    rows = [[_name(row), f"{row['labels']:,}", *_cells(row)] for row in plain["rows"]]
    parts = [f"<p>{escaped(heading(plain))}</p>", _html_table(titles, rows)]
    for is_first, line in _lines(plain):
        tag = "h3" if is_first else "div"
        parts.append(f"<{tag}>{escaped(line)}</{tag}>")
    if image:
        parts.append(f'<p><img alt="curves" style="max-width:100%" src="{escaped(image)}"></p>')
    if errors is not None:
        titles = ["document", "field", "confidence", "value", "right", "text", "why"]
        cells = [
            [str(e["document"]), e["pointer"], figure(e["confidence"]), shown(e["value"]),
             shown(e["truth"]), shown(e["text"]), e["why"]]
            for e in errors
        ]  # fmt: skip
        parts += [f"<h3>{len(cells):,} confidently wrong</h3>", _html_table(titles, cells)]
    return f"{_HEAD}{''.join(parts)}</body></html>\n"


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


def _lines(plain: Mapping[str, Any]) -> Iterable[tuple[bool, str]]:
    """(whether it is a heading, the line): the verdicts of each group, then the notes."""
    for row in plain["rows"]:
        yield True, _name(row)
        yield from ((False, f"  {printable(line)}") for line in row["verdicts"])
    if plain["notes"]:
        yield True, "not counted"
        yield from ((False, f"  {printable(line)}") for line in plain["notes"])


def _html_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(
        f'<th style="padding:.3em .8em;text-align:left">{escaped(t)}</th>' for t in titles
    )
    lines = ""
    for row in rows:
        cells = ["<br>".join(map(escaped, cell.split("\n"))) for cell in row]
        line = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
        lines += f"<tr>{line}</tr>"
    return f'<table style="border-collapse:collapse"><tr>{head}</tr>{lines}</table>'
