"""Tokens command: ``fieldconf tokens``.

In:    a saved response, or a saved report.
Out:   the answer, each token tinted by its probability; or a table of the tokens.
Never: a tinted text where colors are not shown: there it is the table.
Why:   a look at the text shows where the model hesitated.
"""

from typing import Unpack

import click

from fieldconf.cli import epilogs
from fieldconf.cli.saved_response import SavedOptions, report_of, saved_options
from fieldconf.cli.showing import console, is_sound, leave, one_line_errors

_RIVALS = 2


@click.command(
    "tokens",
    short_help="Show a saved response's text, its tokens tinted by probability.",
    epilog=epilogs.TOKENS,
)
@click.argument("response")
@click.option(
    "--table",
    "as_table",
    is_flag=True,
    help="A row a token: probability, other candidates, field. [default: where colors are not "
    "shown]",
)
@click.option(
    "--candidates",
    type=click.IntRange(0),
    help=f"The table, with so many other candidates. [default: {_RIVALS}]",
)
@saved_options
def tokens_command(
    response: str, as_table: bool, candidates: int | None, **options: Unpack[SavedOptions]
) -> None:
    """Show each token of a saved RESPONSE or report (a file, or -) by its probability."""
    from fieldconf.render.token_text import table, tinted

    with one_line_errors():
        report = report_of(response, options)
    screen = console()
    if not report.tokens:
        why = report.reason or "the report was saved without them (--keep-response keeps them)"
        click.echo(f"Error: there are no tokens to show: {why}", err=True)
    else:
        plain = report.to_dict(tokens=True)
        has_colors = screen.color_system is not None and not screen.no_color
        is_tinted = has_colors and not as_table and candidates is None
        rivals = _RIVALS if candidates is None else candidates
        screen.print(tinted(plain) if is_tinted else table(plain, rivals=rivals))
    leave(report.outcome, is_sound=bool(report.tokens) and is_sound(report), by_outcome=False)
