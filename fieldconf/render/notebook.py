"""Notebook: a report or a field as a small HTML table for a notebook, or as a page of its own.

In:    plain dicts (``Report.to_dict``, ``Field.to_dict``).
Out:   HTML text: one element with inline styles; or a page that refers to nothing outside it.
Never: unescaped text (a model wrote the values and keys); a script, a link, a class; a color that
       is readable on a light or a dark background only; a character that changes the writing
       direction.
Why:   notebooks show the result of ``_repr_html_``, in light and dark themes; a page can be mailed.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from fieldconf.render.lines import details, first_rows, summary
from fieldconf.render.table import NOTES, Row, color, notes, number, printable, reasons, shown

_COLORS = {"green": "#2e9e5b", "yellow": "#c98a00", "red": "#d6455d"}  # on white and on black
_LINE = "1px solid rgba(128,128,128,.35)"
_CELL = f"padding:.3em .8em;border:0;border-top:{_LINE};vertical-align:top;text-align:left"
_HEAD = "padding:.3em .8em;border:0;text-align:left;font-weight:600;white-space:nowrap"
_WORDS = "min-width:9em;overflow-wrap:anywhere;font-family:ui-monospace,monospace"
_DIM = "opacity:.7"
_LONGEST = 1000  # characters of a value
_PAGE_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark">'
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'\"><title>Report</title></head>"
    '<body style="font-family:system-ui,sans-serif;margin:2em">'
)


def report_table(report: Mapping[str, Any], *, why: bool = False) -> str:
    """The table of a report, and the lines below it."""
    rows, left = first_rows(report)
    ends = [f"... and {left} more"] if left else []
    ends += [*summary(report).plain.splitlines(), *details(report)]
    below = "".join(f"<div>{escaped(line)}</div>" for line in ends)
    return _framed(rows, f'<div style="margin-top:.6em">{below}</div>', why=why)


def page(report: Mapping[str, Any]) -> str:
    """A stand-alone page: the table of a report, with what decided each field."""
    return f"{_PAGE_HEAD}{report_table(report, why=True)}</body></html>\n"


def field_table(pointer: str, field: Mapping[str, Any]) -> str:
    """The one row of a field, and what decided it."""
    return _framed([(pointer, field)], "", why=True)


def _framed(rows: Sequence[Row], below: str, *, why: bool) -> str:
    titles = "".join(
        f'<th style="{_HEAD}">{title}</th>' for title in ("field", "value", "confidence", NOTES)
    )
    lines = "".join(_row(name, field, why=why) for name, field in rows)
    head = f"<thead><tr>{titles}</tr></thead><tbody>{lines}</tbody>" if rows else ""
    return (
        '<div style="font-size:.9em;line-height:1.4;max-width:72em">'
        '<table style="border-collapse:collapse;border:0;background:none;color:inherit">'
        f"{head}</table>{below}</div>"
    )


def _row(name: str, field: Mapping[str, Any], *, why: bool) -> str:
    lines = [notes(field).plain, *(reasons(field) if why else [])]
    value = shown(field)
    if len(value) > _LONGEST:
        value = f"{value[:_LONGEST]} ... ({len(value) - _LONGEST} more characters)"
    last = "".join(f"<div>{escaped(line)}</div>" for line in lines if line)
    return (
        f'<tr style="background:none"><td style="{_CELL};{_WORDS}">{escaped(name) or "(whole)"}'
        f'</td><td style="{_CELL};{_WORDS}">{escaped(value)}</td>'
        f'<td style="{_CELL};white-space:nowrap">{_bar(field)}</td>'
        f'<td style="{_CELL};{_DIM}">{last}</td></tr>'
    )


def _bar(field: Mapping[str, Any]) -> str:
    """The number, below it a bar (full length: 1), and the field's outcome."""
    confidence, hue = field["confidence"], _COLORS[color(field)]
    outcome = field.get("outcome")
    label = f'<div style="color:{hue}">{outcome}</div>' if outcome else ""
    if confidence is None:
        return f'<span style="{_DIM}">unknown</span>{label}'
    length = f"{100 * confidence:.1f}%"
    return (
        f"{escaped(number(confidence))}"
        '<div style="width:6em;height:.35em;border-radius:.2em;background:rgba(128,128,128,.25)">'
        f'<div style="width:{length};height:100%;border-radius:.2em;background:{hue}"></div></div>'
        f"{label}"
    )


def escaped(text: str) -> str:
    """Text for HTML, without control characters."""
    return html.escape(printable(text))
