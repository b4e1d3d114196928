"""Drift as a terminal table: a row for each field, and below it what changed.

In:    plain dicts (``DriftResult.to_dict``).
Out:   rich renderables; plain text.
Never: a number for what was not tested: a dash, and the reason below.
Why:   the person who reads it in a CI log wants to know which field changed, and how much.
"""

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from fieldconf.errors import printable
from fieldconf.render.evaluation import figure, short

WIDTH = 126
_SHARES = {
    "null": "null", "off_schema": "off schema", "unknown": "unknown", "saturated": ">.999",
    "absent": "absent", "incomplete": "incomplete",
}  # fmt: skip
"""The columns of the shares of documents."""
_MOST_NAMED = 4


def table(plain: Mapping[str, Any]) -> RenderableType:
    """A row for each field; below it differences, tests that show drift, alarms, the verdict."""
    before, now = plain["documents"]
    date = f" of {plain['date']}" if plain["date"] else ""
    heading = f"{before:,} documents of the baseline{date}, {now:,} now; alpha {plain['alpha']:g}"
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("field", overflow="fold")
    for title in ("confidence", "distance", "p"):
        grid.add_column(title, justify="right")
    fields: dict[str, dict[str, Any]] = {}
    for row in plain["rows"]:
        fields.setdefault(row["field"], {})[row["test"]] = row
    shares = [name for name in _SHARES if any(name in tests for tests in fields.values())]
    for name in shares:
        grid.add_column(_SHARES[name], justify="right")
    for name, tests in fields.items():
        confidence = tests.get("confidence")
        cells = [
            _confidence(confidence),
            _cell(confidence, "distance"),
            _cell(confidence, "adjusted"),
        ]
        grid.add_row(Text(_name(name)), *cells, *(_share(tests.get(each)) for each in shares))
    lines = [Text(line) for line in _lines(plain)]
    color = "red" if plain["is_drifted"] else "green"
    last = Text(verdict(plain), style=f"bold {color}")
    return Group(Text(heading), grid, *lines, last)


def text(plain: Mapping[str, Any]) -> str:
    """The table as plain text."""
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None)
    with console.capture() as capture:
        console.print(table(plain))
    return capture.get()


def verdict(plain: Mapping[str, Any]) -> str:
    """What changed, in a line."""
    changed = [each["name"] for each in plain["differences"]]
    changed += [f"{_name(r['field'])} {_word(r['test'])}" for r in plain["rows"] if r["is_drifted"]]
    changed += [f"alarm of the {each['name']}" for each in plain["alarms"] if each["is_alarm"]]
    tested = sum(row["p"] is not None for row in [*plain["rows"], *plain["alarms"]])
    if not changed:
        many = f"{tested:,} test" + "s" * (tested != 1)
        return f"no drift in {many}" if tested else "no drift: nothing could be tested"
    more = len(changed) - _MOST_NAMED
    rest = f" and {more:,} more" if more > 0 else ""
    return printable(f"drift: {', '.join(changed[:_MOST_NAMED])}{rest}")


def _lines(plain: Mapping[str, Any]) -> Iterator[str]:
    for each in plain["differences"]:
        yield printable(f"{each['name']}: {each['before']} before, {each['now']} now")
    for row in plain["rows"]:
        if row["is_drifted"]:
            change = f"{figure(row['before'])} before, {figure(row['now'])} now"
            yield printable(
                f"{_name(row['field'])} {_word(row['test'])}: {change} "
                f"(distance {short(row['distance'])}, p {_chance(row['adjusted'])})"
            )
    for alarm in plain["alarms"]:
        yield printable(_alarm(alarm))
    reasons = Counter(
        (row["reason"], row["test"] == "confidence")
        for row in plain["rows"]
        if row["reason"] and not row["reason"].endswith("on both sides")
    )
    for (reason, is_confidence), count in reasons.items():
        what = "confidences" if is_confidence else "shares"
        yield printable(f"not tested: {what} of {count:,} field{'s' * (count != 1)}: {reason}")


def _alarm(alarm: Mapping[str, Any]) -> str:
    """A sequential test in a sentence."""
    is_risk = alarm["name"] == "risk"
    what = "accepted values wrong" if is_risk else "accuracy"
    if alarm["reason"]:
        return f"{alarm['name']}: not tested: {alarm['reason']}"
    bound = f"{'at most' if is_risk else 'at least'} {figure(alarm['limit'])}"
    head = (
        f"{alarm['name']}: {what} {figure(alarm['observed'])} ({alarm['values']:,} labels, "
        f"{alarm['documents']:,} documents), should be {bound}, p {_chance(alarm['p'])}"
    )
    if not alarm["is_alarm"]:
        return f"{head}: no alarm"
    return f"{head}: ALARM at document {alarm['document']} (number {alarm['number']:,})"


def _confidence(row: Mapping[str, Any] | None) -> Text:
    if row is None:
        return Text("-")
    return _marked(f"{figure(row['before'])} > {figure(row['now'])}", row)


def _cell(row: Mapping[str, Any] | None, name: str) -> Text:
    if row is None or row[name] is None:
        return Text("-")
    return Text(_chance(row[name]) if name == "adjusted" else short(row[name]))


def _share(row: Mapping[str, Any] | None) -> Text:
    if row is None:
        return Text("-")
    sides = ["-" if each is None else f"{each:.1%}" for each in (row["before"], row["now"])]
    return _marked(sides[0] if sides[0] == sides[1] else " > ".join(sides), row)


def _marked(cell: str, row: Mapping[str, Any]) -> Text:
    return Text(f"{cell} !", style="bold red") if row["is_drifted"] else Text(cell)


def _chance(p: float) -> str:
    """A p-value of three digits.

    >>> _chance(0.0123), _chance(1e-9), _chance(1.0)
    ('.012', '<.001', '1')
    """
    return f"{p:.3f}".removeprefix("0") if 0.0005 <= p < 0.9995 else short(round(p, 6) or 1e-9)


def _word(test: str) -> str:
    return test.replace("_", " ")


def _name(name: str) -> str:
    return printable(name) or "(whole)"
