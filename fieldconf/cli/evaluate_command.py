"""Evaluate command: ``fieldconf evaluate``.

In:    a table of judged values, or the output of ``fieldconf batch`` and labels.
Out:   a table for people, JSON for machines, an HTML page, a picture.
Never: a value or a text on standard output, except with ``--errors``.
Why:   one command tells whether the confidences of a file mean anything.

Exit codes: 0 success; 2 wrong arguments, or a file that cannot be read.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from fieldconf.cli import epilogs
from fieldconf.cli.showing import one_line_errors

if TYPE_CHECKING:
    from fieldconf.evaluation.groups import By

_WIDTH = 126
_PICTURES = (".png", ".svg", ".pdf")


def _picture(context: click.Context, option: click.Parameter, value: Path | None) -> Path | None:
    """The file of a picture, if its ending tells how to draw it."""
    if value is None or value.suffix.lower() in _PICTURES:
        return value
    raise click.BadParameter(
        f"{str(value)!r} does not end in {', '.join(_PICTURES)}", context, option
    )


@click.command(
    "evaluate",
    short_help="Compare confidences with labels: how good are they?",
    epilog=epilogs.EVALUATE,
)
@click.argument("source", type=click.Path(exists=True))
@click.option(
    "--labels",
    type=click.Path(exists=True),
    help="Right values by document: .jsonl, .csv, .parquet.",
)
@click.option(
    "--rules",
    type=click.Path(exists=True, path_type=Path),
    help='When a value is right: a JSON file, such as {"/total": "amount"}.',
)
@click.option("--id", "column", default="document", show_default=True, help="Of the labels.")
@click.option(
    "--by",
    type=click.Choice(["field", "kind", "overall"]),
    default="field",
    show_default=True,
    help="What is measured together.",
)
@click.option("--score", default="confidence", show_default=True, help="The column to evaluate.")
@click.option("--compare", "others", multiple=True, help="A score to compare it with; repeatable.")
@click.option(
    "--errors",
    type=click.FloatRange(0, 1),
    is_flag=False,
    flag_value=0.9,
    help="List the wrong values from this confidence on. [default: 0.9]",
)
@click.option("--json", "as_json", is_flag=True, help="JSON in place of a table.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page as well.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    callback=_picture,
    help="Draw the curves as well: a .png, .svg or .pdf file.",
)
@click.option("--redact", is_flag=True, help="Mask values and texts.")
@click.option("--seed", type=int, default=0, show_default=True)
def evaluate_command(
    source: str,
    labels: str | None,
    rules: Path | None,
    column: str,
    by: "By",
    score: str,
    others: tuple[str, ...],
    errors: float | None,
    as_json: bool,
    html: Path | None,
    plot: Path | None,
    redact: bool,
    seed: int,
) -> None:
    """How good are the confidences in SOURCE?

    SOURCE is a table with the columns document, field, confidence and right (.csv, .jsonl,
    .parquet), or, with --labels, what `fieldconf batch` wrote: a file, or a folder of Parquet.
    """
    from fieldconf.evaluation.evaluate import evaluate
    from fieldconf.evaluation.labels import labels as labels_of
    from fieldconf.many.progress import working

    with one_line_errors():
        if labels is None and (rules is not None or column != "document"):
            raise click.UsageError("--rules and --id are for --labels")
        truths = None
        if labels is not None:
            read = None if rules is None else _rules(rules)
            truths = labels_of(labels, rules=read, id=column)
        with working("measuring") as tell:
            evaluation = evaluate(
                source, truths, by, score=score, seed=seed, redact=redact, progress=tell
            )
        compared = evaluation.compare(score, *others) if others else None
        wrong = None if errors is None else [row.to_dict() for row in evaluation.errors(errors)]
        if html is not None:
            html.write_text(evaluation.to_html(errors=errors), encoding="utf-8")
        if plot is not None:
            evaluation.plot().savefig(plot)
    if as_json:
        plain = evaluation.to_dict()
        if compared is not None:
            plain["comparison"] = compared.to_dict()
        if wrong is not None:
            plain["errors"] = wrong
        click.echo(json.dumps(plain, indent=2, allow_nan=False, default=str))
        return
    from rich.console import Console

    from fieldconf.render.evaluation import errors_table

    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=_WIDTH)
    console.print(evaluation)
    if compared is not None:
        console.print(compared)
    if wrong is not None:
        console.print(f"{len(wrong):,} wrong with a confidence of {errors:g} or more")
        console.print(errors_table(wrong))


def _rules(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.UsageError(f"{path.name} is no JSON: {error}") from None
    if not isinstance(read, dict):
        raise click.UsageError(f'{path.name} is no object, such as {{"/total": "amount"}}')
    return cast("dict[str, Any]", read)
