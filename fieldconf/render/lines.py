"""Lines: a whole report for a terminal: its table, and the lines below the table.

In:    a report's plain dict (``Report.to_dict``).
Out:   rich renderables, and plain text for ``print``.
Never: more than ``MOST_ROWS`` rows; a control character.
Why:   the command line, ``print(report)``, a notebook and the HTML page show the same text.
"""

import io
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fieldconf.render.table import Row, number, printable, table

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

MOST_ROWS = 200

_WIDTH = 100
_MOST_NAMED = 8
_SHOWN_ALREADY = frozenset({"below_threshold", "unknown", "not_aligned", "truncated"})

READING = "Confidence (0 to 1) is how sure the model was, not whether the value is true."
MASKS = {
    "before": ", logprobs before the schema constraint",
    "after": ", logprobs after the schema constraint",
}
FLAGS = {
    "temperature": "the server took its logprobs after the temperature: they were put back to 1",
    "temperature_unknown": "the logprobs may be from after the temperature, which was not 1",
    "saturated": "nearly all tokens are above .999: these numbers do not rank the fields",
    "fewer_samples": "some of the requested samples failed: these are the others",
    "other_json": "the response contains other JSON beside the answer: no field is accepted",
    "other_kind": "the answer is not of the kind that the schema requires: no field is accepted",
}


def text(report: Mapping[str, Any]) -> str:
    """The text that ``print`` shows for a report."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None, highlight=False)
    with console.capture() as captured:
        console.print(whole(report))
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def whole(report: Mapping[str, Any]) -> "RenderableType":
    """The table, the number of omitted rows, and the lines below it."""
    from rich.console import Group
    from rich.text import Text

    shown, left = first_rows(report)
    parts: list[RenderableType] = [table(shown)] if shown else []
    parts += [Text(f"... and {left} more", style="dim")] if left else []
    return Group(*parts, summary(report), *map(Text, details(report)))


def first_rows(report: Mapping[str, Any]) -> tuple[list[Row], int]:
    """The first rows of a report, and how many more there are."""
    every = rows(report["fields"], report["reason"])
    return every[:MOST_ROWS], max(len(every) - MOST_ROWS, 0)


def rows(fields: Mapping[str, Any], reason: str = "") -> list[Row]:
    """The rows of leaves and lists, and of objects that have an outcome of their own.

    Other objects would only repeat their least sure field. A row does not repeat ``reason``, which
    holds for the whole report.
    """
    return [
        (name, {**field, "reason": ""} if reason and field["reason"] == reason else field)
        for name, field in fields.items()
        if "value" in field
        or field["kind"] == "array"
        or "truncated" in field["flags"]
        or field.get("outcome")
    ]


def summary(report: Mapping[str, Any]) -> "Text":
    """How the answer ended, its confidence, and what holds for all fields."""
    from rich.text import Text

    confidence, stopped = report["confidence"], report["stopped"]
    line = report["status"]
    if report["status"] != "text":
        least = (
            "unknown" if confidence is None else f"{confidence:.3f} (the least sure required field)"
        )
        line += f", confidence {least}"
    line += MASKS.get(report["mask"], "")
    if report["reason"] and stopped is None:  # the line of an early stop repeats the reason
        line += f": {printable(report['reason'])}"
    if report["prompt_score"] or report["status"] == "text":
        line += _text_scores(report)
    line += "".join(f"\n{FLAGS[flag]}" for flag in report["flags"])
    if stopped is not None:
        most = stopped["saved_at_most"]
        spared = f"at least {stopped['saved']}" + ("" if most is None else f", at most {most}")
        where = printable(f"stopped at {stopped['pointer'] or '(whole)'}: {stopped['rule']}")
        line += f"\n{where}; {stopped['read']} tokens read, {spared} spared"
    return Text(line, style="bold")


def details(report: Mapping[str, Any], notes: Iterable[str] = ()) -> list[str]:
    """The lines below the summary: outcomes, errors, ``notes``, how to read it, the least sure."""
    lines = [*outcomes(report), *problems(report), *notes]
    scored = [
        (field["confidence"], name or "(whole)")
        for name, field in rows(report["fields"])
        if field["confidence"] is not None and field["kind"] != "object"
    ]
    if scored:
        confidence, name = min(scored, key=lambda pair: pair[0])
        lines += [READING, printable(f"least sure: {name}, {number(confidence)}")]
    return lines


def outcomes(report: Mapping[str, Any]) -> list[str]:
    """The outcome of the answer, the number of fields for each outcome, and the doubtful fields.

    Empty for a free text, which has no fields.
    """
    if report["status"] == "text":
        return []
    groups: dict[str, list[str]] = {"accept": [], "review": [], "reject": []}
    for name, field in report["fields"].items():
        if field["outcome"]:
            groups[field["outcome"]].append(_with_notes(name, field))
    counts = {name: len(group) for name, group in groups.items()}
    totals = (
        f"{counts['accept']} accepted, {counts['review']} to review, {counts['reject']} rejected"
    )
    lines = [f"outcome {report['outcome']}: {totals}"]
    for name in ("review", "reject"):
        shown, more = groups[name][:_MOST_NAMED], counts[name] - _MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        lines += [printable(f"  {name}: {', '.join(shown)}{rest}")] if shown else []
    return lines


def _with_notes(name: str, field: Mapping[str, Any]) -> str:
    """A field's name, and the reasons against it that its number does not show."""
    names = dict.fromkeys(reason["name"] for reason in field["reasons"])
    notes = ", ".join(name.replace("_", " ") for name in names if name not in _SHOWN_ALREADY)
    return f"{name or '(whole)'}{f' ({notes})' if notes else ''}"


def problems(report: Mapping[str, Any]) -> list[str]:
    """One line for each way in which the answer breaks its schema."""
    lines: list[str] = []
    for error in report["errors"]:
        where, confidence = error["pointer"] or "(whole)", error["confidence"]
        sure = "" if confidence is None else f" (written with confidence {confidence:.3f})"
        lines.append(printable(f"invalid {where}: {error['problem']}{sure}"))
    return lines


def _text_scores(report: Mapping[str, Any]) -> str:
    """The lines of prompt and answer: their total logprob, mean and perplexity."""
    lines = ""
    for name in ("prompt", "answer"):
        score = report[f"{name}_score"]
        if score and score["logprob"] is not None:
            perplexity = score["perplexity"]
            shown = "too large to compute" if perplexity is None else f"{perplexity:.3f}"
            lines += f"\n{name}: logprob {score['logprob']:.3f} over {score['tokens']} tokens, "
            lines += f"mean {score['mean']:.3f}, perplexity {shown}"
    return lines
