"""View command: ``fieldconf view``.

In:    saved responses of any provider, or saved reports; the texts that were read.
Out:   an HTML file, or a folder of them; its name on standard output.
Never: a request; a browser that nobody asked for.
Why:   looking at an answer is the quickest way to see what is doubtful.

Exit codes: 0 the page is written; 2 wrong arguments, or a file that cannot be read or written.
"""

from pathlib import Path
from typing import Any

import click

from fieldconf.cli import epilogs
from fieldconf.cli.arguments import limiting, policy_of, source_texts
from fieldconf.cli.label_command import check_texts, texts_in
from fieldconf.cli.showing import one_line_errors
from fieldconf.render.table import printable


@click.command(
    "view", short_help="Write saved responses as an HTML page.", epilog=epilogs.VIEW
)  # fmt: skip
@click.argument("responses", nargs=-1, required=True, metavar="RESPONSE...")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("fieldconf.html"),
    show_default=True,
    help="The file to write (.html), or else a folder with a page for each report.",
)  # fmt: skip
@click.option(
    "--schema",
    help="MODULE:Model, FILE.py:Model (or a LabelSet's name) or a JSON Schema FILE.json.",
)
@source_texts
@click.option(
    "--labels", type=click.Path(exists=True), help="Right values: shows how often values are right."
)
@click.option("--redact", is_flag=True, help="Mask values and texts.")
@click.option("--title", default="", help="Of the page.")
@limiting
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def view_command(
    responses: tuple[str, ...],
    output: Path,
    schema: str | None,
    places: tuple[str, ...],
    per: Any,
    text_field: str | None,
    id_field: str | None,
    labels: str | None,
    redact: bool,
    title: str,
    policy: Path | None,
    accept: float | None,
    review: float | None,
    calibration: Path | None,
    opens: bool,
) -> None:
    """Write saved RESPONSEs, or saved reports, as an HTML page.

    RESPONSE is a file: a response of any provider, lines of them (.jsonl), a saved report, or what
    `fieldconf extract --each -o` wrote. The page needs no other file and no network.
    """
    from fieldconf.batch.schema_loading import load_schema
    from fieldconf.many.progress import working
    from fieldconf.scoring.scorer import score
    from fieldconf.viewing.named_reports import named_reports
    from fieldconf.viewing.response_files import results_of, saved_reports
    from fieldconf.viewing.view import view

    with one_line_errors(), working("writing the page"):
        kind = load_schema(schema) if schema is not None else None
        has_policy = policy is not None or accept is not None or review is not None
        limits = policy_of(policy, accept, review) if has_policy else None
        texts = texts_in(places, per, text_field, id_field) if places else None
        reports = saved_reports(responses[0]) if len(responses) == 1 else None
        if reports is None:
            reports = results_of(
                responses, lambda payload: score(payload, kind, calibration=calibration)
            )
        elif calibration is not None or schema is not None:
            raise click.UsageError("--schema and --calibration are for responses, not for reports")
        if texts is not None:
            check_texts(texts, [each.name for each in named_reports(reports)])
        path = view(
            reports, output, labels=labels, policy=limits, texts=texts, redact=redact, title=title
        )
    click.echo(printable(str(path)))
    if opens:
        click.launch(path.absolute().as_uri())
