"""Batch command: ``fieldconf batch``.

In:    files of saved responses, a schema, the path of the output.
Out:   a file of rows; a file of failures; a progress bar and a summary line on standard error.
Never: a request to a model; a run ended by one bad line or file.
Why:   one command scores a warehouse of saved responses.

Exit codes: 0 all was scored; 1 some lines are no responses; 2 wrong arguments, an output that
cannot be written, a file that cannot be read (the other files are in the output), or a field of the
policy that no answer has (all rows are in the output, judged without it).
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fieldconf.cli import epilogs
from fieldconf.cli.arguments import asked_at, limiting, matching, policy_of
from fieldconf.cli.option_words import in_options
from fieldconf.cli.showing import one_line_errors
from fieldconf.errors import printable

if TYPE_CHECKING:
    from fieldconf.batch.run_arguments import BatchOptions, Engine
    from fieldconf.batch.runner import Scored
    from fieldconf.distributions.label_matching import Match
    from fieldconf.tokens.token import Mask

_MOST_PROBLEMS = 5
"""The number of problems shown at the end; all of them are in the file of errors."""


def _bytes(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
    """A number of bytes with or without a unit."""
    from pydantic import ByteSize, TypeAdapter, ValidationError

    if text is None:
        return None
    try:
        size = int(TypeAdapter(ByteSize).validate_python(text))
    except ValidationError:
        size = 0
    if size < 1:
        raise click.BadParameter(
            f"{text!r} is no size. Give a number of bytes, such as 64MiB", context, option
        )
    return size


@click.command(
    "batch", short_help="Score files of saved responses, and write a table.", epilog=epilogs.BATCH
)
@click.argument("places", metavar="IN...", nargs=-1, required=True)
@click.option("--schema", help="MODULE:Model, FILE.py:Model or a JSON Schema FILE.json.")
@click.option(
    "-o",
    "--output",
    required=True,
    help="The file of rows; the same command goes on where it ended.",
)
@click.option(
    "--overwrite", is_flag=True, help="Replace an OUTPUT that this command did not write."
)
@click.option("--wide", is_flag=True, help="A row a response, with columns for each field.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["parquet", "arrow", "csv", "jsonl"]),
    help="What is written. [default: as OUTPUT ends]",
)
@asked_at
@limiting
@matching
@click.option(
    "--mask",
    type=click.Choice(["before", "after", "unknown"]),
    help="Where the logprobs stand, if the responses do not tell.",
)
@click.option(
    "--max-line",
    callback=_bytes,
    help="The longest line, such as 500MB or 1GiB; longer ones fail. [default: 64MiB]",
)
@click.option("--workers", type=click.IntRange(1), help="Processes. [default: one a core]")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where it runs: on this machine, or by Ray Data on a cluster.",
)
@click.option("--summary", is_flag=True, help="Print what the rows say: counts, histograms.")
@click.option("--progress/--no-progress", default=None, help="A bar. [default: on a terminal]")
def batch_command(
    places: tuple[str, ...],
    schema: str | None,
    output: str,
    overwrite: bool,
    wide: bool,
    file_format: str | None,
    temperature: float | None,
    policy: Path | None,
    accept: float | None,
    review: float | None,
    calibration: Path | None,
    match: "Match",
    mask: "Mask | None",
    max_line: int | None,
    workers: int | None,
    engine: "Engine",
    summary: bool,
    progress: bool | None,
) -> None:
    """Score the saved responses IN files, folders and patterns (or -), a line each.

    Lines are raw responses or lines of a batch API's output; files may be packed (gzip, zstd). IN
    and OUTPUT may be addresses: s3://, gs://, and https:// to read. What fails is told in
    OUTPUT.errors.jsonl, and the rest goes on.
    """
    from fieldconf.batch.json_lines import LONGEST
    from fieldconf.batch.runner import score_files

    with one_line_errors():
        options: BatchOptions = {
            "wide": wide, "policy": policy_of(policy, accept, review), "match": match, "mask": mask,
            "calibration": calibration, "temperature": temperature,
        }  # fmt: skip
        try:
            scored = score_files(
                places, schema, output, format=file_format, workers=workers, progress=progress,
                summary=summary, engine=engine, overwrite=overwrite, longest=max_line or LONGEST,
                **options,
            )  # fmt: skip
        except KeyboardInterrupt:
            click.echo("Interrupted: the same command goes on where it ended", err=True)
            raise SystemExit(130) from None
    _tell(scored)
    if scored.problems or scored.unmatched or scored.failed:
        raise SystemExit(2 if scored.problems or scored.unmatched else 1)


def _tell(scored: "Scored") -> None:
    if scored.summary is not None:
        from rich.console import Console

        Console(highlight=False).print(scored.summary)
    for problem in scored.problems[:_MOST_PROBLEMS]:
        click.echo(printable(f"{problem.source}: {problem.reason}"), err=True)
    parts = [f"{scored.responses:,} responses, {scored.rows:,} rows in {_near(scored.output)}"]
    parts += [f"{scored.resumed:,} of an earlier run"] * bool(scored.resumed)
    parts += [f"{scored.failed:,} failed"] * bool(scored.failed)
    unread = len(scored.problems)
    parts += [f"{unread:,} of the inputs could not be read to the end"] * bool(unread)
    parts += [f"see {_near(scored.errors)}"] if scored.errors else []
    click.echo(printable("; ".join(parts)), err=True)
    for error in scored.unmatched:
        click.echo(f"Error: {in_options(str(error))}", err=True)


def _near(path: Path | str) -> Path | str:
    """The path relative to the current folder, if it is in that folder; an address as it is."""
    if isinstance(path, str):
        return path
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
