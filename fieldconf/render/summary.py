"""Summary: many answers as terminal tables: their statuses, and the confidences by field.

In:    counts as plain dicts (as in ``BatchSummary.to_dict``).
Out:   a rich renderable.
Never: a percentage of zero rows.
Why:   a histogram of ten bars shows at a glance which field needs attention.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fieldconf.render.table import HUES, printable

BARS = " ▁▂▃▄▅▆▇█"
_REASONS = 10
_LONGEST = 100  # characters of a reason


def whole(counts: Mapping[str, Any]) -> RenderableType:
    """A line of counts, a table of fields, and the most frequent reasons."""
    heading = Text(f"{counts['responses']:,} answers, {counts['rows']:,} rows")
    for outcome, hue in HUES.items():
        if count := counts["outcomes"].get(outcome):
            heading.append(f"  {outcome} {_share(count, counts['responses'])}", style=hue)
    ranked = sorted(counts["statuses"].items(), key=lambda pair: -pair[1])
    statuses = "  ".join(f"{printable(name)} {count:,}" for name, count in ranked)
    parts: list[RenderableType] = [heading, Text(statuses, style="dim")]
    if counts["fields"]:
        parts.append(_fields(counts["fields"]))
    if counts["reasons"]:
        parts.append(_reasons(counts["reasons"]))
    return Group(*parts)


def bars(counts: Sequence[int]) -> str:
    """A histogram with one character for each count; a count above 0 is always visible.

    >>> bars([0, 1, 0, 50, 100])
    ' ▁ ▄█'
    """
    most = max(counts, default=0)
    return "".join(BARS[-(-count * (len(BARS) - 1) // most)] if count else " " for count in counts)


def _fields(fields: Mapping[str, Any]) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("field", overflow="fold")
    grid.add_column("count", justify="right")
    for outcome in HUES:
        grid.add_column(outcome, justify="right")
    grid.add_column("unknown", justify="right")
    grid.add_column("0 confidence 1", no_wrap=True)
    for path, row in fields.items():
        shares = (Text(_share(row["outcomes"].get(outcome), row["fields"]), style=hue)
                  for outcome, hue in HUES.items())  # fmt: skip
        grid.add_row(
            Text(printable(path) or "(whole)"), f"{row['fields']:,}", *shares,
            _share(row["unknown"], row["fields"]), Text(f"|{bars(row['confidence'])}|"),
        )  # fmt: skip
    return grid


def _reasons(reasons: Mapping[str, int]) -> Table:
    grid = Table(box=None, show_header=False, pad_edge=False)
    grid.add_column(justify="right")
    grid.add_column(overflow="fold")
    ranked = sorted(reasons.items(), key=lambda pair: -pair[1])
    for reason, count in ranked[:_REASONS]:
        shown = reason if len(reason) <= _LONGEST else reason[: _LONGEST - 3] + "..."
        grid.add_row(f"{count:,}", Text(printable(shown)))
    if len(ranked) > _REASONS:
        rest = sum(count for _, count in ranked[_REASONS:])
        grid.add_row(f"{rest:,}", Text("for other reasons", style="dim"))
    return grid


def _share(count: int | None, of: int) -> str:
    """``count`` of ``of`` in per cent; empty if it is 0."""
    return f"{100 * count / of:.1f} %" if count else ""
