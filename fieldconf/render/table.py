"""A report as a terminal table: field, value, confidence as number and bar, outcome, rivals.

In:    fields as plain dicts (as in ``Report.to_dict``), each with its pointer.
Out:   rich renderables whose column widths depend on the terminal only, so that rows printed one
       by one stay in line.
Never: a number for what is not known: the reason stands there instead.
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
"""The default limits, for a field that no report has judged."""

HUES = {"accept": "green", "review": "yellow", "reject": "red"}

_WIDTHS = {"field": 24, "value": 27, "confidence": 10, "bar": 10, "outcome": 6, "beside": 44}
_TITLED = frozenset({"field", "value", "confidence"})
_GIVE = (
    ("beside", 20), ("bar", 0), ("value", 14), ("field", 12), ("beside", 0), ("outcome", 0),
)  # fmt: skip
"""What gives way on a narrow terminal, in this order, and how far; the number never does."""
_RIVALS = 2
_WIDE, _MUCH = 0.05, 0.01  # what is worth a line
_BASIS = {
    "distribution": "the only member",
    "null_or_value": "null against any value",
    "joint": "all its tokens together",
    "geometric_mean": "per token (long text)",
    "list_end": "the list ends here, not before",
    "least_required": "least of its required fields",
    "decision": "the only answer listed",
    "agreement": "the share of answers that agree",
    "verification": "two readings combined",
    "none": "",
}


def table(fields: Iterable[Row], *, header: bool = True, why: bool = False) -> "RenderableType":
    """A table with one row a field; ``fields`` are (JSON Pointer, plain field) pairs.

    ``why`` adds below each field what decided it, and what speaks against its number.
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

        del console
        widths = fitted(options.max_width)
        made = Table(
            box=None, show_header=self.header, pad_edge=False, padding=(0, 1, 0, 0),
            header_style="bold",
        )  # fmt: skip
        for name, width in widths.items():
            title = name if name in _TITLED else ""
            made.add_column(title, width=width, no_wrap=name != "beside", overflow="ellipsis")
        for name, field in self.fields:
            cells = _cells(name, field)
            made.add_row(*(cells[column] for column in widths))
        yield made


def fitted(width: int) -> dict[str, int]:
    """How wide each column is on a terminal of so many characters; those left out are not in it.

    >>> fitted(80)
    {'field': 24, 'value': 16, 'confidence': 10, 'outcome': 6, 'beside': 20}
    """
    widths = dict(_WIDTHS)
    for name, least in _GIVE:
        over = sum(widths.values()) + len(widths) - 1 - width
        kept = max(widths.get(name, 0) - max(over, 0), least)
        if kept and not (name == "outcome" and over > 0):  # half a word says nothing
            widths[name] = kept
        else:
            widths.pop(name, None)
    return widths


def _cells(name: str, field: Mapping[str, Any]) -> "dict[str, Text | Bar]":
    from rich.bar import Bar
    from rich.text import Text

    confidence: float | None = field["confidence"]
    outcome: str = field.get("outcome") or ""
    hue = color(field)
    if confidence is None:
        figure, bar = Text("unknown", style="dim"), Text("")
    else:
        figure = Text(number(confidence), style=hue)
        bar = Bar(1.0, 0.0, confidence, width=_WIDTHS["bar"], color=hue)
    return {
        "field": Text(printable(name) or "(whole)"), "value": Text(shown(field)),
        "confidence": figure, "bar": bar, "outcome": Text(outcome, style=hue),
        "beside": beside(field),
    }  # fmt: skip


def number(confidence: float) -> str:
    """Three digits; never "1.000" or "0.000" for what is neither."""
    if 0.9995 <= confidence < 1:
        return ">0.999"
    return "<0.001" if 0 < confidence < 0.0005 else f"{confidence:.3f}"


def color(field: Mapping[str, Any]) -> str:
    """Green to accept, yellow to review, red to reject: by the verdict, or by the defaults."""
    if field.get("outcome"):
        return HUES[field["outcome"]]
    confidence = field["confidence"] or 0.0
    return "green" if confidence >= TRUST else "yellow" if confidence >= SHOW else "red"


def shown(field: Mapping[str, Any]) -> str:
    """The value as JSON; of a container, that it is one."""
    if "truncated" in field["flags"]:
        return "(cut off)"
    if "value" in field:
        return printable(json.dumps(field["value"], ensure_ascii=False))
    return "[...]" if field["kind"] == "array" else "{...}"


def _both(field: Mapping[str, Any]) -> str:
    """What the confidence is made of: how sure each reading was; of which value, if another."""
    known = [r for r in field.get("readings", ()) if r["confidence"] is not None]
    return ", ".join(map(_reading, known)) or _BASIS["verification"]


def _reading(reading: Mapping[str, Any]) -> str:
    is_other = reading["agrees"] is False and reading["how"] != "verification"
    other = f" {printable(json.dumps(reading['value'], ensure_ascii=False))}" if is_other else ""
    return f"{reading['how']}{other} {number(reading['confidence'])}"


def beside(field: Mapping[str, Any]) -> "Text":
    """The rivals of a finite value, the reason of an unknown one, else what was measured."""
    from rich.text import Text

    if field["reason"]:
        return Text(printable(field["reason"]), style="dim")
    if field["basis"] == "verification":
        return Text(_both(field), style="dim")
    distribution = field["distribution"]
    rivals = [m for m in distribution["candidates"] if m["value"] != field["value"]] if (
        distribution
    ) else []  # fmt: skip
    if not rivals:
        return Text(_BASIS[field["basis"]], style="dim")
    named = [
        f"{printable(json.dumps(m['value'], ensure_ascii=False))} {number(m['probability'])}"
        for m in rivals[:_RIVALS]
    ]
    more = f", {len(rivals) - _RIVALS} more" if len(rivals) > _RIVALS else ""
    return Text("not " + ", ".join(named) + more)


_FLAGS = {
    "against_schema": "the schema fights the model: it allows under 10 % of what was listed",
    "unsettled": "not settled: its bounds stayed wider than was asked for",
    "not_a_member": "the value is not one of the allowed ones",
}


def reasons(field: Mapping[str, Any]) -> list[str]:
    """Why the number is what it is, a sentence a line."""
    lines = [field["why"]["sentence"]] if field["why"] else []
    low, high = field["low"], field["high"]
    if low is not None and high is not None and high - low > _WIDE:
        lines.append(f"bounds {number(low)} to {number(high)}: not all was listed")
    found = field["distribution"]
    if found and found["other"] and found["off_schema"] > _MUCH:
        other = ", ".join(f"`{o['text']}` {number(o['probability'])}" for o in found["other"][:2])
        lines.append(f"off the schema {number(found['off_schema'])}: {other}")
    lines += [text for flag, text in _FLAGS.items() if flag in field["flags"]]
    lines += [
        f"optional {json.dumps(name)} {'written' if m['value'] else 'left out'}: "
        f"written with {number(m['probability'])}"
        for name, m in field["presence"].items()
    ]
    lines += [f"{reason['outcome']}: {reason['sentence']}" for reason in field.get("reasons", ())]
    return [printable(line) for line in lines]
