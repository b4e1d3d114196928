"""A summary of many answers as terminal tables: how they ended, and how sure each field is.

In:    counts as plain dicts (as in ``batch.summary.Summary.to_dict``).
Out:   a rich renderable.
Never: a share of nothing.
Why:   a histogram of ten small bars shows at a glance which field to look at.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from fieldconf.render.table import HUES, printable

BARS = " ▁▂▃▄▅▆▇█"
_REASONS = 10  # as many as fit beside the tables
_LONGEST = 100  # characters of a reason


def whole(counts: Mapping[str, Any]) -> RenderableType:
    """All of it: a line of counts, a table of fields, and what went wrong."""
    parts: list[RenderableType] = [_heading(counts), _statuses(counts)]
    if counts["fields"]:
        parts.append(_fields(counts["fields"]))
    if counts["reasons"]:
        parts.append(_reasons(counts["reasons"]))
    return Group(*parts)


def bars(counts: Sequence[int]) -> str:
    """A histogram, a character a count; the highest is full, and what is there at all shows.

    >>> bars([0, 1, 0, 50, 100])
    ' ▁ ▄█'
    """
    most = max(counts, default=0)
    return "".join(BARS[-(-count * (len(BARS) - 1) // most)] if count else " " for count in counts)


def _heading(counts: Mapping[str, Any]) -> Text:
    line = Text(f"{counts['responses']:,} answers, {counts['rows']:,} rows")
    for outcome, hue in HUES.items():
        if count := counts["outcomes"].get(outcome):
            line.append(f"  {outcome} {_share(count, counts['responses'])}", style=hue)
    return line


def _statuses(counts: Mapping[str, Any]) -> Text:
    ranked = sorted(counts["statuses"].items(), key=lambda pair: -pair[1])
    return Text("  ".join(f"{printable(name)} {count:,}" for name, count in ranked), style="dim")


def _fields(fields: Mapping[str, Any]) -> Table:
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("field", overflow="fold")
    made.add_column("count", justify="right")
    for outcome in HUES:
        made.add_column(outcome, justify="right")
    made.add_column("unknown", justify="right")
    made.add_column("0 confidence 1", no_wrap=True)
    for path, one in fields.items():
        shares = (Text(_share(one["outcomes"].get(outcome), one["fields"]), style=hue)
                  for outcome, hue in HUES.items())  # fmt: skip
        made.add_row(
            Text(printable(path) or "(whole)"), f"{one['fields']:,}", *shares,
            _share(one["unknown"], one["fields"]), Text(f"|{bars(one['confidence'])}|"),
        )  # fmt: skip
    return made


def _reasons(reasons: Mapping[str, int]) -> Table:
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(justify="right")
    made.add_column(overflow="fold")
    ranked = sorted(reasons.items(), key=lambda pair: -pair[1])
    for reason, count in ranked[:_REASONS]:
        shown = reason if len(reason) <= _LONGEST else reason[: _LONGEST - 3] + "..."
        made.add_row(f"{count:,}", Text(printable(shown)))
    if len(ranked) > _REASONS:
        rest = sum(count for _, count in ranked[_REASONS:])
        made.add_row(f"{rest:,}", Text("for other reasons", style="dim"))
    return made


def _share(count: int | None, of: int) -> str:
    """A part of a whole in per cent; nothing where there is none."""
    return f"{100 * count / of:.1f} %" if count else ""
