"""Each: ``fieldconf extract --each``, many texts by one command.

In:    files, folders, patterns or standard input; a client and the options of its requests.
Out:   a line for each input, or an output file that a later run continues; a progress bar and a
       summary on standard error; an exit code.
Never: a received answer lost when the command ends early.
Why:   a folder of mails should not need a program.

Exit codes: 0 every input has a sound answer; 1 some have none; 2 and 3 as for every command. With
``--exit-by-outcome`` 0, 10 or 11: the worst outcome; an input that failed counts as rejected.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from fieldconf.cli.arguments import checked_text, read_text
from fieldconf.cli.option_words import in_options
from fieldconf.cli.showing import agreeing, is_sound, standing_briefly
from fieldconf.render.table import number, printable

if TYPE_CHECKING:
    from fieldconf.extraction.options import Options
    from fieldconf.many.input_readers import Per
    from fieldconf.policy import Outcome
    from fieldconf.reasking.cascade import CascadeStep
    from fieldconf.report.results import Result, RunSummary

F = TypeVar("F", bound=Callable[..., Any])

_MOST_FAILURES = 5
"""The number of failures shown at the end; all of them are in the output file."""

_LONGEST_VALUE = 120
"""Characters of a value in a result's line."""

_OPTIONS = (
    click.option(
        "--each", is_flag=True, help="Many inputs: each line of FILE, or each file of several."
    ),
    click.option(
        "--per", type=click.Choice(["line", "file"]),
        help="What one input is. [default: a line of a single file or of -; else a file]",
    ),
    click.option("--text-field", help='Lines are JSON; what is read. [default: "text" in .jsonl]'),
    click.option("--id-field", help="Lines are JSON; what is the input's name."),
    click.option(
        "-o", "--output", type=click.Path(path_type=Path),
        help="A JSON Lines file, a line an input; the same command goes on where it ended.",
    ),
    click.option(
        "--concurrency", type=click.IntRange(1), default=8, show_default=True,
        help="How many requests may run at once.",
    ),
    click.option(
        "--give-up-after", type=click.IntRange(1),
        help="End when so many inputs in a row fail alike. [default: never]",
    ),
    click.option(
        "--progress/--no-progress", default=None, help="A bar. [default: on a terminal]"
    ),
)  # fmt: skip


class EachOptions(TypedDict):
    """The values of these options."""

    each: bool
    per: "Per | None"
    text_field: str | None
    id_field: str | None
    output: Path | None
    concurrency: int
    give_up_after: int | None
    progress: bool | None


def each_options(command: F) -> F:
    """The options of many inputs."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def only_text(places: Sequence[str], literal: str | None, many: EachOptions) -> str:
    """The one text, without ``--each``: that of ``--text``, of a file or of standard input.

    Raises:
        UsageError: if there are several texts or none, or options that need ``--each``.
        PayloadError: if it cannot be read.
    """
    many_options = [
        f"--{name.replace('_', '-')}"
        for name in ("per", "text_field", "id_field", "output", "give_up_after")
        if many.get(name) is not None
    ]
    if many_options:
        raise click.UsageError(f"{many_options[0]} is for many inputs: add --each")
    if literal is not None and not places:
        return checked_text(literal, "--text")
    if literal is not None:
        raise click.UsageError("--text stands in place of FILE: give one of them")
    if not places:
        raise click.UsageError("there is no text: give a FILE, - for standard input, or --text")
    if len(places) != 1:
        raise click.UsageError(f"{len(places)} files were given: add --each")
    return read_text(places[0])


def extract_each(
    schema: Any, places: Sequence[str], client: Any, many: EachOptions, options: "Options",
    steps: "Sequence[CascadeStep]", *, as_json: bool,
) -> "ExitStatus":  # fmt: skip
    """Ask for each input, then ``steps`` for doubtful fields; print the results and a summary.

    Raises:
        PayloadError: if there are no such files.
        RequestError: if the run was given up, or the request is known to be refused.
        OutputError: if the output cannot be used.
    """
    from fieldconf.many.extract_many import extract_many
    from fieldconf.many.input_readers import inputs_in
    from fieldconf.many.output_lines import line_of

    inputs = inputs_in(
        places, per=many["per"], text_field=many["text_field"], id_field=many["id_field"]
    )
    output, run = many["output"], ExitStatus()
    results = extract_many(
        schema, inputs, client=client, concurrency=many["concurrency"], output=output,
        progress=many["progress"], give_up_after=many["give_up_after"], steps=steps, **options,
    )  # fmt: skip
    try:
        for result in results:
            run.add(result)
            if output is None and as_json:
                line = line_of(result, "")
                del line["key"]
                click.echo(json.dumps(line))
            elif output is None:
                click.echo(_line(result))
    except KeyboardInterrupt:
        hint = "with --output it could be gone on with"
        if output:
            hint = f"what is done is kept: the same command goes on with {output}"
        summary = _summary(results.summary, output)
        click.echo(printable(f"Interrupted. {summary}; {hint}"), err=True)
        raise SystemExit(130) from None
    finally:
        results.close()
    for result in results.failures[:_MOST_FAILURES] if output is not None else ():
        click.echo(_line(result), err=True)
    click.echo(_summary(results.summary, output), err=True)
    return run


@dataclass
class ExitStatus:
    """What decides the exit code."""

    is_sound: bool = True
    outcome: "Outcome" = "accept"

    def add(self, result: "Result[Any]") -> None:
        """Add a result."""
        from fieldconf.policy import worst

        report = result.report
        self.is_sound = self.is_sound and report is not None and is_sound(report)
        self.outcome = worst([self.outcome, "reject" if report is None else report.outcome])


def _line(result: "Result[Any]") -> str:
    """A result in one line: outcome, the input's place and name, its value, what is doubtful."""
    from fieldconf.fields.plain_values import plain_value

    place = result.place
    name = place if result.id in (None, place) else f"{result.id} ({place})"
    report = result.report
    if report is None:
        message = in_options(str(result.error))
    else:
        doubtful = [
            (pointer, field.confidence) for pointer, field in
            [*report.rejected.items(), *report.to_review.items()]
        ]  # fmt: skip
        message = report.reason or ", ".join(
            f"{pointer or '(whole)'} {'?' if confidence is None else number(confidence)}"
            for pointer, confidence in doubtful
        )
        value = json.dumps(plain_value(report.data), ensure_ascii=False)
        name += (
            f"  {value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 3] + '...'}"
        )
        message = "; ".join(filter(None, [message, *agreeing(report), *standing_briefly(report)]))
    return printable(f"{result.outcome:<6}  {name}{f'  {message}' if message else ''}")


def _summary(summary: "RunSummary", output: Path | None) -> str:
    from fieldconf.report.results import counts

    of = f"{summary.done} inputs" if summary.done != 1 else "1 input"
    parts = [f"{of}: {counts(summary)}"]
    parts += [f"{summary.resumed} of them from {output}"] if summary.resumed else []
    if summary.damaged:
        lines = "1 line" if summary.damaged == 1 else f"{summary.damaged} lines"
        parts += [f"{lines} of {output}.journal damaged on the disk, and asked again"]
    parts += [f"{summary.input_tokens} input and {summary.output_tokens} output tokens"]
    return printable("; ".join(parts))
