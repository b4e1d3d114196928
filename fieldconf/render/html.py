"""A report as a stand-alone HTML page: the terminal's table, exported by rich.

In:    a report's plain dict (``Report.to_dict``).
Out:   HTML text, with no reference to anything outside of it.
Never: a value unescaped.
Why:   for a notebook, a ticket, a mail to the person who has to look at the doubtful fields.
"""

import io
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from fieldconf.render.table import printable, table

_WIDTH = 130

FLAGS = {"saturated": "nearly all tokens are above .999: these numbers tell no field from another"}


def page(report: Mapping[str, Any]) -> str:
    """The page."""
    console = Console(record=True, file=io.StringIO(), width=_WIDTH, color_system="truecolor")
    leaves = [(name, f) for name, f in report["fields"].items() if "value" in f or f["reason"]]
    console.print(table(leaves, why=True))
    console.print(summary(report))
    for problem in problems(report):
        console.print(problem, markup=False, highlight=False)
    return console.export_html(inline_styles=True)


def summary(report: Mapping[str, Any]) -> Text:
    """One line on the whole report."""
    confidence = report["confidence"]
    shown = "unknown" if confidence is None else f"{confidence:.3f}"
    line = f"{report['status']}, least required confidence {shown}, mask {report['mask']}"
    reason = f": {printable(report['reason'])}" if report["reason"] else ""
    flags = "".join(f"\n{FLAGS[flag]}" for flag in report["flags"])
    texts = _texts(report) if report["prompt"] else ""
    return Text(line + reason + texts + flags, style="bold")


def problems(report: Mapping[str, Any]) -> list[str]:
    """One line for each way in which the answer breaks its schema."""
    lines: list[str] = []
    for error in report["errors"]:
        where, confidence = error["pointer"] or "(whole)", error["confidence"]
        sure = "" if confidence is None else f" (written with confidence {confidence:.3f})"
        lines.append(printable(f"invalid {where}: {error['problem']}{sure}"))
    return lines


def _texts(report: Mapping[str, Any]) -> str:
    """Two lines on prompt and answer, for who asked for the prompt's logprobs."""
    lines = ""
    for name in ("prompt", "answer"):
        score = report[name]
        if score and score["logprob"] is not None:
            perplexity = score["perplexity"]
            shown = "beyond counting" if perplexity is None else f"{perplexity:.3f}"
            lines += f"\n{name}: logprob {score['logprob']:.3f} over {score['tokens']} tokens, "
            lines += f"mean {score['mean']:.3f}, perplexity {shown}"
    return lines
