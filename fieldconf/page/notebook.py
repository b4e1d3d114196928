"""Notebook: reports, fields, distributions and evaluations as small tables for a notebook.

In:    plain dicts (``to_dict`` of a report or field; a distribution's members).
Out:   HTML text: one element with inline styles.
Never: unescaped text; a script, a link, a class, a style sheet: notebooks remove them; a color that
       is readable on a light or a dark background only.
Why:   notebooks show the result of ``_repr_html_``, in light and dark themes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from fieldconf.page.document import render
from fieldconf.page.report_view import ENDS, Row, rows_of
from fieldconf.render.lines import details, first_rows, summary
from fieldconf.render.table import number, printable

Candidate: TypeAlias = tuple[Any, float, float, float]
"""A value of a distribution, its probability, and bounds of it (0..1)."""

_MOST_MEMBERS = 20
_TITLES = ("field", "value", "confidence", "outcome", "reason")


def report_table(report: Mapping[str, Any]) -> str:
    """The rows of a report, and the lines below them."""
    shown, left = first_rows(report)
    lines = [f"... and {left} more"] if left else []
    lines += [*summary(report).plain.splitlines(), *details(report)]
    rows = [_with_pointer(row) for row in rows_of(dict(shown)) if row.form not in ENDS]
    return render("small.html", rows=rows, lines=lines, titles=_TITLES if rows else (), cells=())


def field_table(pointer: str, field: Mapping[str, Any]) -> str:
    """The row of one field, and all that decided it."""
    row = rows_of({pointer: field})[0]
    rows = [_with_pointer(row)]
    return render("small.html", rows=rows, lines=row.lines, titles=_TITLES, cells=())


def distribution_table(
    candidates: Sequence[Candidate], *, rest: float | None, off_schema: float, unseen: float
) -> str:
    """The candidates with their probabilities and bounds, and the mass of what is none of them."""
    shown = [json.dumps(value, ensure_ascii=False, default=str) for value, *_ in candidates]
    rows = [
        Row(
            number=at, pointer="", key=printable(shown[at]),
            kind="", value="", figure=number(probability), confidence=round(100 * probability, 1),
            low=None, high=None, outcome="", tone="none", lines=(), place=False, form="leaf",
            reason=f"between {number(low)} and {number(high)}",
        )
        for at, (_, probability, low, high) in enumerate(candidates[:_MOST_MEMBERS])
    ]  # fmt: skip
    left = len(candidates) - _MOST_MEMBERS
    lines = [f"... and {left} more"] if left > 0 else []
    masses = (
        ("all other values", rest), ("not allowed by the schema", off_schema),
        ("not listed by the server", unseen),
    )  # fmt: skip
    lines += [f"{words}: {number(mass)}" for words, mass in masses if mass]
    titles = ("value", "probability", "", "bounds")
    return render("small.html", rows=rows, lines=lines, titles=titles, cells=())


def cells_table(titles: Sequence[str], cells: Sequence[Sequence[str]], lines: Sequence[str]) -> str:
    """A table of texts, and lines below it."""
    return render("small.html", rows=(), lines=lines, titles=titles, cells=cells)


def _with_pointer(row: Row) -> Row:
    return replace(row, key=row.pointer or "(whole)")
