"""Local command: ``fieldconf local``, the embedded model.

In:    nothing.
Out:   its weights in the user's cache folder.
Never: weights whose checksum differs.
Why:   a first try needs no account.
"""

import click

from fieldconf.cli import epilogs
from fieldconf.cli.showing import one_line_errors


@click.group("local")
def local_group() -> None:
    """The embedded model: fetch its weights."""


@local_group.command(epilog=epilogs.FETCH)
def fetch() -> None:
    """Fetch the embedded model's weights into the user's cache folder, and check them."""
    from fieldconf.embedded import weights
    from fieldconf.many.progress import is_shown

    with one_line_errors():
        path = weights.fetch(
            progress=(lambda line: click.echo(line, err=True)) if is_shown() else None
        )
    click.echo(path)
