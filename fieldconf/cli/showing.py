"""Showing: tables, summaries and exit codes.

In:    reports, and fields as they arrive.
Out:   a table for people or JSON for machines; the exit code.
Never: a control character sent to the terminal.
Why:   every command shows a report in the same way, and has the same exit codes.
"""

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from fieldconf.cli.option_words import in_options
from fieldconf.cli.program import code_of
from fieldconf.errors import FieldconfError
from fieldconf.render import lines
from fieldconf.render.table import Row, printable, table

if TYPE_CHECKING:
    from rich.console import Console

    from fieldconf.extraction.streams import FieldStream
    from fieldconf.fields.field import Field
    from fieldconf.policy import FieldLimits, Outcome
    from fieldconf.report import Report

EXIT_CODES: "Mapping[Outcome, int]" = {"accept": 0, "review": 10, "reject": 11}

_MOST_NAMED = 8
_WIDTH = 100  # of the table in a file or a pipe


@contextmanager
def one_line_errors() -> Generator[None]:
    """Print our errors as one line on standard error; the exit code tells the kind of error."""
    try:
        yield
    except FieldconfError as error:
        click.echo(f"Error: {printable(in_options(str(error)))}", err=True)
        raise SystemExit(code_of(error)) from error
    except RecursionError as error:
        click.echo("Error: the schema or the response is nested too deep to be read", err=True)
        raise SystemExit(2) from error


def show_live(
    fields: "FieldStream[Any]", *, limits: "FieldLimits", settle: bool, why: bool
) -> "Report[Any]":  # fmt: skip
    """Show rows as they arrive: a growing table on a terminal, a line for each row elsewhere.

    Fields that need the whole answer to be scored come at the end. Settled numbers replace the
    others on a terminal; elsewhere only the settled ones are printed. A printed row shows the
    outcome of the field by itself; the last lines show what depends on the whole answer.
    """
    from rich.live import Live

    screen = console()
    seen: dict[str, Field] = {}
    if not screen.is_terminal:
        if settle:
            screen.print(table(_rows(fields.report.fields.values(), fields.report), why=why))
            return fields.report
        screen.print(table([]))
        for field in fields.fields():
            seen[field.pointer] = field
            screen.print(table(_live_rows([field], limits), header=False, why=why))
        late = _rows(_late(fields.report, seen), fields.report)
        screen.print(table(late, header=False, why=why), end="")
        return fields.report
    with Live(table([]), console=screen, refresh_per_second=12) as live:
        for field in fields.fields():
            seen[field.pointer] = field
            live.update(table(_live_rows(seen.values(), limits), why=why))
        report = fields.report
        last = report.fields.values() if settle else [*seen.values(), *_late(report, seen)]
        live.update(table(_rows(last, report), why=why))
    return report


def _late(report: "Report[Any]", seen: "Mapping[str, Field]") -> "list[Field]":
    return [field for name, field in report.fields.items() if name not in seen]


def _live_rows(fields: "Iterable[Field]", limits: "FieldLimits") -> list[Row]:
    """The rows of fields whose answer is still being written."""
    from fieldconf.policy import Facts, is_judged, judged

    plain: dict[str, dict[str, Any]] = {}
    for field in fields:
        verdict = judged(Facts(field, limits.of(field), limits.policy))
        judgement = verdict.to_dict() if is_judged(field, verdict) else {}
        plain[field.pointer] = field.to_dict() | judgement
    return lines.rows(plain)


def _rows(fields: "Iterable[Field]", report: "Report[Any]") -> list[Row]:
    """The table's rows; a reason that holds for the whole report is not repeated in them."""
    plain = report.to_dict()["fields"]
    return lines.rows({field.pointer: plain[field.pointer] for field in fields}, report.reason)


def console() -> "Console":
    """Standard output; a file or a pipe has room for a fixed width."""
    from rich.console import Console

    screen = Console(highlight=False)
    return screen if screen.is_terminal else Console(highlight=False, width=_WIDTH)


def show(report: "Report[Any]", *, as_json: bool, why: bool, by_outcome: bool) -> None:
    """Show one report, and end the command."""
    if not as_json:
        console().print(table(_rows(report.fields.values(), report), why=why))
    end(report, as_json=as_json, by_outcome=by_outcome)


def show_all(
    reports: "Sequence[Report[Any]]", *, as_json: bool, why: bool, by_outcome: bool
) -> None:  # fmt: skip
    """Show several reports, or a line of JSON for each, and end the command."""
    from fieldconf.policy import worst

    for report in reports:
        if as_json:
            click.echo(report.to_json())
            continue
        called = f", call of {report.tool}" if report.tool else ""
        console().print(printable(f"choice {report.choice}{called}"), markup=False)
        console().print(table(_rows(report.fields.values(), report), why=why))
        _summarise(report)
    outcome = worst(report.outcome for report in reports)
    leave(outcome, is_sound=all(map(is_sound, reports)), by_outcome=by_outcome)


def end(report: "Report[Any]", *, as_json: bool, by_outcome: bool) -> None:
    """Show the lines below a table that was shown, or JSON, and end the command."""
    if as_json:
        click.echo(report.to_json(indent=2))
    else:
        _summarise(report)
    leave(report.outcome, is_sound=is_sound(report), by_outcome=by_outcome)


def leave(outcome: "Outcome", *, is_sound: bool, by_outcome: bool) -> None:
    """End the command with its exit code, if that is not 0."""
    if code := EXIT_CODES[outcome] if by_outcome else int(not is_sound):
        raise SystemExit(code)


def _summarise(report: "Report[Any]") -> None:
    screen = console()
    plain = report.to_dict()
    screen.print(lines.summary(plain), soft_wrap=True)
    for line in lines.details(plain, [*agreeing(report), *standing(report)]):
        screen.print(line, markup=False, soft_wrap=True)


def agreeing(report: "Report[Any]") -> list[str]:
    """How many samples there were, and of each field on which they differ, how many have its value.

    Empty without samples.
    """
    counts = [
        (field.pointer or "(whole)", field.agreement)
        for field in report.leaves.values() if field.agreement is not None
    ]  # fmt: skip
    if not counts:
        return []
    samples = max(agreement.of for _, agreement in counts)
    differing = [
        f"{name} {agreement.count} of {agreement.of}"
        for name, agreement in counts if agreement.count < agreement.of
    ]  # fmt: skip
    result = f"differ on {_listed(differing)}" if differing else "agree on every value"
    return [printable(f"samples: {samples} answers {result}")]


def standing(report: "Report[Any]") -> list[str]:
    """Where the values stand in the text, a line each, and those that do not; else empty."""
    lines = [
        f"in the text: {field.pointer or '(whole)'} at character {span.start}: {_cut(span.text)}"
        + ("" if span.how == "exact" else f" ({span.how})")
        for field in report.leaves.values() for span in (field.source_spans or ())[:1]
    ]  # fmt: skip
    more = len(lines) - _MOST_NAMED
    rest = [f"in the text: {more} more (--json has all places)"] if more > 0 else []
    return [*map(printable, lines[:_MOST_NAMED]), *rest, *filter(None, [absent(report)])]


def standing_briefly(report: "Report[Any]") -> list[str]:
    """The same for one line: where the values begin, and those that do not stand in the text."""
    places = [
        f"{field.pointer or '(whole)'} at character {field.source_spans[0].start}"
        for field in report.leaves.values() if field.source_spans
    ]  # fmt: skip
    present = [printable(f"in the text: {_listed(places)}")] if places else []
    return [*present, *filter(None, [absent(report)])]


def _cut(text: str) -> str:
    return json.dumps(text if len(text) <= 60 else f"{text[:57]}...", ensure_ascii=False)


def _listed(names: "Sequence[str]") -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def absent(report: "Report[Any]") -> str:
    """The fields whose values were searched in the text and not found, as a line; else empty."""
    names = [
        field.pointer or "(whole)" for field in report.leaves.values() if field.source_spans == ()
    ]
    return printable(f"not in the text: {_listed(names)}") if names else ""


def is_sound(report: "Report[Any]") -> bool:
    """Whether a report is a scored text, or complete, valid and with a confidence."""
    from fieldconf.fields.status import is_alone

    if report.status == "text":
        return report.answer_score is not None
    return not report.errors and report.confidence is not None and is_alone(report.flags)
