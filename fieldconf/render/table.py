"""Table: a report for a terminal: field, value, confidence, bar, outcome, and the other values.

In:    fields as plain dicts (as in ``Report.to_dict``), each with its pointer.
Out:   rich renderables whose column widths depend on the terminal only, so that rows printed one
       by one stay in line.
Never: a number for an unknown confidence: the reason stands there instead.
Why:   the same rows serve a live view, a log file and the HTML page.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from fieldconf.errors import printable

if TYPE_CHECKING:
    from rich.bar import Bar
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text

Row: TypeAlias = tuple[str, Mapping[str, Any]]
"""The pointer of a field, and its plain form."""

TRUST, SHOW = 0.9, 0.5
"""The limits of the default policy, for a field that no report has judged."""

HUES = {"accept": "green", "review": "yellow", "reject": "red"}

NOTES = "other values / formula"
"""The title of the last column: the other values, else the formula of the confidence."""

_WIDTHS = {"field": 24, "value": 27, "confidence": 10, "bar": 10, "outcome": 7, NOTES: 44}
_SHRINK = (
    (NOTES, 34), ("value", 20), (NOTES, 22), ("value", 14), ("bar", 6), ("field", 16),
    ("bar", 0), ("field", 12), (NOTES, 0), ("outcome", 0),
)  # fmt: skip
"""Which columns shrink on a narrow terminal, in this order, and to which width."""
_VALUE_LINES = 2
_RIVALS = 2
_SMALLEST = 0.0005  # of a string's or number's rivals: what is not shown as <0.001
_WIDE_BOUNDS, _LARGE_MASS = 0.05, 0.01  # from here on they are worth a line
_FORMULAS = {
    "distribution": "the only allowed value",
    "null_or_value": "P(null)",
    "joint": "joint probability",
    "geometric_mean": "mean per token (long text)",
    "list_end": "P(list is complete)",
    "least_required": "its least sure required field",
    "decision": "the only answer listed",
    "agreement": "share of answers that agree",
    "verification": "two readings combined",
    "none": "",
}


def table(fields: Iterable[Row], *, header: bool = True, why: bool = False) -> "RenderableType":
    """A table with one row for each field; ``fields`` are (JSON Pointer, plain field) pairs.

    ``why`` adds the lines of ``reasons`` below each field.
    """
    if not why:
        return _FittingRows(tuple(fields), header=header)
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [_FittingRows((), header=True)] if header else []
    for name, field in fields:
        lines = [Text(f"    {line}", style="dim") for line in reasons(field)]
        parts += [_FittingRows(((name, field),), header=False), *lines]
    return Group(*parts)


@dataclass(frozen=True, slots=True)
class _FittingRows:
    """Rows that fit the terminal."""

    fields: tuple[Row, ...]
    header: bool

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        from rich.table import Table
        from rich.text import Text

        del console
        widths = fitted(options.max_width)
        grid = Table(
            box=None, show_header=self.header, pad_edge=False, padding=(0, 1, 0, 0),
            header_style="bold",
        )  # fmt: skip
        for name, width in widths.items():
            title = f"0{'1':>{width - 1}}" if name == "bar" else name
            wraps = name in ("value", NOTES)
            overflow = "fold" if name == "value" else "ellipsis"
            header = Text(title, no_wrap=True, overflow="ellipsis")
            grid.add_column(header, width=width, no_wrap=not wraps, overflow=overflow)
        for name, field in self.fields:
            cells = _cells(name, field, widths, is_ascii=options.ascii_only)
            grid.add_row(*(cells[column] for column in widths))
        yield grid


def fitted(width: int) -> dict[str, int]:
    """The width of each column on a terminal of ``width`` characters; some are left out.

    >>> list(fitted(80).values())
    [16, 14, 10, 6, 7, 22]
    """
    widths = dict(_WIDTHS)
    for name, least in _SHRINK:
        excess = sum(widths.values()) + len(widths) - 1 - width
        narrower = max(widths.get(name, 0) - max(excess, 0), least)
        if narrower and not (name == "outcome" and excess > 0):  # half a word says nothing
            widths[name] = narrower
        else:
            widths.pop(name, None)
    return widths


def _cells(
    name: str, field: Mapping[str, Any], widths: Mapping[str, int], *, is_ascii: bool = False
) -> "dict[str, Text | Bar]":
    from rich.bar import Bar
    from rich.text import Text

    confidence: float | None = field["confidence"]
    outcome: str = field.get("outcome") or ""
    hue = color(field)
    if confidence is None:
        figure, bar = Text("unknown", style="dim"), Text("")
    else:
        figure, width = Text(number(confidence), style=hue), widths.get("bar", 0)
        bar = Bar(1.0, 0.0, confidence, width=width, color=hue)
        if is_ascii:
            bar = Text("#" * round(confidence * width), style=hue)
    value, most = shown(field), _VALUE_LINES * widths["value"]
    more = "..." if is_ascii else "…"
    return {
        "field": Text(printable(name) or "(whole)"),
        "value": Text(value if len(value) <= most else value[: most - len(more)] + more),
        "confidence": figure, "bar": bar, "outcome": Text(outcome, style=hue), NOTES: notes(field),
    }  # fmt: skip


def number(confidence: float) -> str:
    """Three digits; "1.000" and "0.000" only for exactly 1 and 0."""
    if 0.9995 <= confidence < 1:
        return ">0.999"
    return "<0.001" if 0 < confidence < 0.0005 else f"{confidence:.3f}"


def color(field: Mapping[str, Any]) -> str:
    """The color of the field's outcome; for a field without one, by the default limits."""
    if field.get("outcome"):
        return HUES[field["outcome"]]
    confidence = field["confidence"] or 0.0
    return "green" if confidence >= TRUST else "yellow" if confidence >= SHOW else "red"


def shown(field: Mapping[str, Any]) -> str:
    """The value as JSON; a placeholder for a list, an object or a value that was cut off."""
    if "truncated" in field["flags"]:
        return "(cut off)"
    if "value" in field:
        return printable(json.dumps(field["value"], ensure_ascii=False))
    return "[...]" if field["kind"] == "array" else "{...}"


def notes(field: Mapping[str, Any]) -> "Text":
    """The other values and their probabilities; else the formula, or why there is no number."""
    from rich.text import Text

    if field["reason"]:
        return Text(printable(field["reason"]), style="dim")
    if field["basis"] == "verification":
        readings: list[str] = []
        for reading in field.get("readings", ()):
            if reading["confidence"] is not None:
                is_other = reading["agrees"] is False and reading["how"] != "verification"
                other = (
                    f" {printable(json.dumps(reading['value'], ensure_ascii=False))}"
                    if is_other
                    else ""
                )
                readings.append(f"{reading['how']}{other} {number(reading['confidence'])}")
        return Text(", ".join(readings) or _FORMULAS["verification"], style="dim")
    candidates: list[Any] = field["distribution"]["candidates"] if field["distribution"] else []
    least = 0.0 if field["basis"] == "distribution" else _SMALLEST
    rivals = [
        candidate for candidate in candidates
        if candidate["value"] != field["value"] and candidate["probability"] >= least
    ]  # fmt: skip
    if not rivals:
        return Text(_FORMULAS[field["basis"]], style="dim")
    texts = [
        f"{printable(json.dumps(m['value'], ensure_ascii=False))} {number(m['probability'])}"
        for m in rivals[:_RIVALS]
    ]
    more = f", {len(rivals) - _RIVALS} more" if len(rivals) > _RIVALS else ""
    return Text(", ".join(texts) + more)


_FLAGS = {
    "against_schema": "the schema allows less than 10 % of what the model wanted to write here",
    "unsettled": "not settled: the bounds stayed wider than the tolerance",
    "not_a_member": "the value is not one of the allowed ones",
}


def reasons(field: Mapping[str, Any]) -> list[str]:
    """The lines that explain the number; one sentence each."""
    lines = [field["why"]["sentence"]] if field["why"] else []
    low, high = field["low"], field["high"]
    if low is not None and high is not None and high - low > _WIDE_BOUNDS:
        bounds = f"between {number(low)} and {number(high)}"
        lines.append(f"{bounds}: the server listed only some candidates")
    distribution = field["distribution"]
    if distribution and distribution["other"] and distribution["off_schema"] > _LARGE_MASS:
        other = ", ".join(
            f"`{text['text']}` {number(text['probability'])}" for text in distribution["other"][:2]
        )
        lines.append(f"not allowed by the schema {number(distribution['off_schema'])}: {other}")
    lines += [text for flag, text in _FLAGS.items() if flag in field["flags"]]
    lines += [
        f"optional {json.dumps(name)} {'written' if m['value'] else 'left out'}: "
        f"P(written) {number(m['probability'])}"
        for name, m in field["presence"].items()
    ]
    lines += [f"{reason['outcome']}: {reason['sentence']}" for reason in field.get("reasons", ())]
    return [printable(line) for line in lines]
