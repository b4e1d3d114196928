"""Lines: a report for a terminal, whole: its table, and below it what holds for all of it.

In:    a report's plain dict (``Report.to_dict``).
Out:   rich renderables, and plain text for ``print``.
Never: more rows than anybody reads; a character that a terminal would obey.
Why:   the command line, ``print(report)``, a notebook and the page say the same of a report.
"""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fieldconf.render.table import Row, printable, table

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

MOST_ROWS = 200

_WIDTH = 130
_MOST_NAMED = 8
_SHOWN_ALREADY = frozenset({"below_threshold", "unknown", "not_aligned", "truncated"})

FLAGS = {
    "saturated": "nearly all tokens are above .999: these numbers tell no field from another",
    "fewer_samples": "some of the samples asked for failed: these are the others",
    "other_json": "other JSON stands beside the answer: no field of it is accepted",
    "other_kind": "the answer is not of the kind that the schema asks for: no field is accepted",
}


def text(report: Mapping[str, Any]) -> str:
    """What ``print`` shows of a report."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None, highlight=False)
    with console.capture() as captured:
        console.print(whole(report))
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def whole(report: Mapping[str, Any]) -> "RenderableType":
    """The table, how many rows it leaves out, the summary and what is wrong."""
    from rich.console import Group
    from rich.text import Text

    found, left = first_rows(report)
    parts: list[RenderableType] = [table(found)] if found else []
    parts += [Text(f"... and {left} more", style="dim")] if left else []
    return Group(*parts, summary(report), *map(Text, [*outcomes(report), *problems(report)]))


def first_rows(report: Mapping[str, Any]) -> tuple[list[Row], int]:
    """The first rows of a report, and how many more there are."""
    found = rows(report["fields"], report["reason"])
    return found[:MOST_ROWS], max(len(found) - MOST_ROWS, 0)


def rows(fields: Mapping[str, Any], said: str = "") -> list[Row]:
    """Leaves and lists; an object only if it is judged: else it would repeat its least field.

    A reason that is ``said`` of all fields is not repeated beside each.
    """
    return [
        (name, {**field, "reason": ""} if said and field["reason"] == said else field)
        for name, field in fields.items()
        if "value" in field
        or field["kind"] == "array"
        or "truncated" in field["flags"]
        or field.get("outcome")
    ]


def summary(report: Mapping[str, Any]) -> "Text":
    """One line on the whole report."""
    from rich.text import Text

    confidence = report["confidence"]
    shown = "unknown" if confidence is None else f"{confidence:.3f}"
    least = "" if report["status"] == "text" else f", least required confidence {shown}"
    line = f"{report['status']}{least}, mask {report['mask']}"
    is_said = report["stopped"] is not None  # below, with what was spared
    reason = f": {printable(report['reason'])}" if report["reason"] and not is_said else ""
    flags = "".join(f"\n{FLAGS[flag]}" for flag in report["flags"])
    has_texts = report["prompt"] or report["status"] == "text"
    texts = _texts(report) if has_texts else ""
    return Text(line + reason + texts + flags + _stopped(report["stopped"]), style="bold")


def outcomes(report: Mapping[str, Any]) -> list[str]:
    """What to do with the answer, how many fields lead to what, and which are not accepted.

    Nothing of a free text: it has no fields, and nobody asked for any.
    """
    if report["status"] == "text":
        return []
    groups: dict[str, list[str]] = {"accept": [], "review": [], "reject": []}
    for name, field in report["fields"].items():
        if field["outcome"]:
            groups[field["outcome"]].append(_named(name, field))
    counts = {name: len(group) for name, group in groups.items()}
    said = f"{counts['accept']} accepted, {counts['review']} to review, {counts['reject']} rejected"
    lines = [f"{report['outcome']}: {said}"]
    for name in ("review", "reject"):
        shown, more = groups[name][:_MOST_NAMED], counts[name] - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        lines += [printable(f"  {name} {', '.join(shown)}{rest}")] if shown else []
    return lines


def _named(name: str, field: Mapping[str, Any]) -> str:
    """A field, and in a word or two what speaks against it that its number does not say."""
    found = dict.fromkeys(reason["name"] for reason in field["reasons"])
    notes = ", ".join(one.replace("_", " ") for one in found if one not in _SHOWN_ALREADY)
    return f"{name or '(whole)'}{f' ({notes})' if notes else ''}"


def problems(report: Mapping[str, Any]) -> list[str]:
    """One line for each way in which the answer breaks its schema."""
    lines: list[str] = []
    for error in report["errors"]:
        where, confidence = error["pointer"] or "(whole)", error["confidence"]
        sure = "" if confidence is None else f" (written with confidence {confidence:.3f})"
        lines.append(printable(f"invalid {where}: {error['problem']}{sure}"))
    return lines


def _stopped(stopped: Mapping[str, Any] | None) -> str:
    if stopped is None:
        return ""
    most = stopped["saved_at_most"]
    spared = f"at least {stopped['saved']}" + ("" if most is None else f", at most {most}")
    where = printable(f"stopped at {stopped['pointer'] or '(whole)'}: {stopped['rule']}")
    return f"\n{where}; {stopped['read']} tokens read, {spared} spared"


def _texts(report: Mapping[str, Any]) -> str:
    """Two lines on prompt and answer, for who asked for the prompt's logprobs or a free text."""
    lines = ""
    for name in ("prompt", "answer"):
        score = report[name]
        if score and score["logprob"] is not None:
            perplexity = score["perplexity"]
            shown = "beyond counting" if perplexity is None else f"{perplexity:.3f}"
            lines += f"\n{name}: logprob {score['logprob']:.3f} over {score['tokens']} tokens, "
            lines += f"mean {score['mean']:.3f}, perplexity {shown}"
    return lines
