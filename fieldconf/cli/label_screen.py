"""Label screen: one value to label, in 80 columns and about 20 lines.

In:    a session, and its current value.
Out:   text on standard output, colored on a terminal.
Never: a line wider than 80 columns; a control character of a text.
Why:   all that is needed to judge a value fits on the smallest terminal.
"""

import json
import re
from typing import TYPE_CHECKING

import click

from fieldconf.render.table import HUES, number, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from fieldconf.labelling import Excerpt, LabelItem, LabelProgress, LabelSession

WIDTH = 80
_TEXT_LINES = 8
_USUAL_LINES = 6
"""The lines above the text, if little is said of the last value."""
_VALUE_LINES = 4
_REASON_LINES = 2
_OTHER_LINES = 3
_ALTERNATIVE = 40  # characters


def show(session: "LabelSession", item: "LabelItem", said: str, keys: str) -> None:
    """Show a value, and above it what became of the last one."""
    from rich.console import Console

    console = Console(highlight=False)
    console = Console(highlight=False, width=min(console.width, WIDTH))
    if console.is_terminal:
        click.clear()
    for line in lines_of(session, item, said, console):
        console.print(line, no_wrap=True, crop=True)
    console.print(keys, markup=False, style="bold")


def lines_of(
    session: "LabelSession", item: "LabelItem", said: str, console: "Console"
) -> "list[Text]":
    """The lines of a value, without the keys."""
    from rich.text import Text

    from fieldconf.labelling import excerpt

    field, known, hue = item.field, session.progress, HUES[item.outcome]
    left = len(session.queue) - len(session.labels)
    skipped = f", {known.skipped} skipped" if known.skipped else ""
    lines = [line for one in said.splitlines() for line in _wrapped(one, console, style="dim")]
    lines += _wrapped(f"{counted(known.labels)}{skipped}, {left} left", console)
    lines += [part for line in audited(known) for part in _wrapped(line, console)]
    lines.append(Text("─" * console.width, style="dim"))
    lines += _wrapped(f"document {item.document}", console, most=1, style="bold")
    found = excerpt(item)
    if found is None:
        lines += _wrapped("(the text is not known: give --source)", console, style="dim")
    else:
        room = _TEXT_LINES - max(len(lines) - _USUAL_LINES, 0)  # help takes it
        lines += _around(found, console, max(room, 0))
    lines.append(Text("─" * console.width, style="dim"))
    value = json.dumps(item.value, ensure_ascii=False)
    shown = f"{field.pointer or '(whole)'} = {value}"
    lines += _wrapped(shown, console, most=_VALUE_LINES, style="bold")
    if field.kind == "array":
        lines += _wrapped("Is no item missing, and none too many?", console)
    lines += _wrapped(_confidence(item), console, style=hue)
    if item.alternatives:
        others = "   ".join(
            f"[{place}] {_shortened(json.dumps(other.value, ensure_ascii=False, default=str))}"
            + ("" if other.probability is None else f" {number(other.probability)}")
            for place, other in enumerate(item.alternatives, 1)
        )
        lines += _wrapped(f"or {others}", console, most=_OTHER_LINES)
    if item.drawn == "audit":
        lines += _wrapped("audit: drawn at random from the accepted values", console)
    else:
        reason = item.reason or "the policy does not accept it"
        lines += _wrapped(f"doubtful: {reason}", console, most=_REASON_LINES)
    if field.why is not None:
        lines += _wrapped(field.why.sentence, console, most=_REASON_LINES, style="dim")
    return lines


def counted(labels: int) -> str:
    """So many labels, in words."""
    return f"{labels} label{'s' * (labels != 1)}"


def audited(known: "LabelProgress") -> list[str]:
    """What the audit sample tells, in a line or two."""
    if not known.audited:
        return ["no accepted value is audited yet"]
    skipped = f" ({known.audit_skipped} skipped)" if known.audit_skipped else ""
    share = f"{known.low:.1%} to {known.high:.1%} with 95 % confidence"
    lines = [
        f"audited accepted values: {known.audited_right} of {known.audited} right{skipped}, {share}"
    ]
    if known.needed:
        lines.append(
            f"for a risk of {known.risk:.1%}: {known.needed} more audited in a row must be right"
        )
    else:
        lines.append(f"enough for a risk of {known.risk:.1%}, at 95 %")
    return lines


def _confidence(item: "LabelItem") -> str:
    field = item.field
    if field.confidence is None:
        return f"confidence unknown, {item.outcome}"
    bounds = ""
    if field.low is not None and field.high is not None and field.high - field.low >= 0.0005:
        bounds = f" (between {number(field.low)} and {number(field.high)})"
    return f"confidence {number(field.confidence)}{bounds}, {item.outcome}"


def _shortened(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _ALTERNATIVE else text[: _ALTERNATIVE - 1] + "…"


def _wrapped(text: str, console: "Console", most: int = 10, style: str = "") -> "list[Text]":
    """A text as lines of the console's width, at most so many."""
    from rich.text import Text

    longest = console.width * most
    text = printable(text)
    lines = Text(text[: longest + 1], style=style).wrap(console, console.width)
    if len(lines) > most or len(text) > longest:
        lines = lines[:most]
        last = lines[-1]
        last.truncate(console.width - 2)
        last.append(" …")
    for line in lines:
        line.rstrip()
    return [*lines]


def _around(found: "Excerpt", console: "Console", most: int) -> "list[Text]":
    """The lines of the text around the value, with the value marked; blank lines are left out."""
    from rich.text import Text

    width = console.width - 4  # two blanks before a line, and what is cut off behind it
    text = Text("" if found.starts else "… ")
    text.append(_lines(found.before, width))
    if found.found:
        text.append(f"»{_lines(found.found, width)}«", style="reverse")
    text.append(_lines(found.after, width))
    lines = [line for line in text.wrap(console, width) if line.plain.strip()]
    marked = next((place for place, line in enumerate(lines) if "»" in line.plain), 0)
    first = max(min(marked - most // 2, len(lines) - most), 0)
    shown = [Text("  ").append_text(line) for line in lines[first : first + most]]
    for line in shown:
        line.rstrip()
    if shown and (first + most < len(lines) or not found.ends):
        shown[-1].append(" …")
    return shown


def _lines(text: str, width: int) -> str:
    """A text whose lines are printable; lines that are too long flow into the next one."""
    lines = [printable(line.replace("\t", " ").rstrip("\r")) for line in text.split("\n")]
    return re.sub(rf"([^\n]{{{width},}})\n(?=\S)", r"\1 ", "\n".join(lines))
