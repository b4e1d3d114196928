"""Explain command: ``fieldconf explain``.

In:    a saved response or report, and the name of a field.
Out:   all that is known of the field, in sentences.
Never: a request.
Why:   who doubts a number wants to know where it comes from, and what to do.
"""

from typing import Unpack

import click

from fieldconf.cli import epilogs
from fieldconf.cli.arguments import read_text
from fieldconf.cli.saved_response import SavedOptions, report_of, saved_options
from fieldconf.cli.showing import console, is_sound, leave, one_line_errors


@click.command(
    "explain",
    short_help="Explain one field of a saved response: its number, and what to do.",
    epilog=epilogs.EXPLAIN,
)
@click.argument("response")
@click.argument("field")
@click.option("--source", help="The text that was read (a file): where the value stands in it.")
@saved_options
def explain_command(
    response: str, field: str, source: str | None, **options: Unpack[SavedOptions]
) -> None:
    """Explain FIELD of a saved RESPONSE or report (a file, or -).

    FIELD is a JSON Pointer (/items/0/price), attributes (items[0].price), or "" for the whole
    answer.
    """
    from fieldconf.grounding.locating import locate
    from fieldconf.render.explained import whole

    with one_line_errors():
        report = report_of(response, options)
        if source is not None:
            report = locate(report, read_text(source))
    try:
        pointer = report[field].pointer
    except KeyError as error:
        raise click.UsageError(str(error.args[0])) from error
    console().print(whole(report.to_dict(tokens=True), pointer))
    leave(report.outcome, is_sound=is_sound(report), by_outcome=False)
