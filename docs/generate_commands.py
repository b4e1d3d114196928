"""Write docs/reference/commands.md: every command, its options, examples and exit codes.

In:    the command line's own definitions.
Out:   the page; it is not committed, `make docs` writes it first.
Never: a text that ``--help`` does not have.
Why:   options change often, and a page that is written from them cannot be stale.

    python docs/generate_commands.py
"""

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from fieldconf.cli import main

PAGE = Path(__file__).parent / "reference" / "commands.md"
HEAD = """\
# The command fieldconf

Every command and option, as `--help` shows them. [Command line](../command-line.md) has longer
examples.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_command(main, click.Context(main, info_name="fieldconf"))]) + "\n"


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    depth = len(context.command_path.split())
    yield f"#{'#' * min(depth, 2)} {context.command_path}\n"
    yield f"{_plain(command.help)}\n"
    yield f"```\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield "| option | meaning |\n|---|---|"
    for parameter in command.get_params(context):
        names, meaning = parameter.get_help_record(context) or ("", "")
        if meaning:
            meaning = _plain(meaning).replace("|", "\\|")  # in code, a bar ends no cell
            yield f"| `{names}` | {meaning} |"
    yield f"\n```\n{_plain(command.epilog)}\n```\n" if command.epilog else ""
    if isinstance(command, click.Group):
        for name, part in command.commands.items():
            yield from _command(part, click.Context(part, info_name=name, parent=context))


def _plain(text: str | None) -> str:
    """Without click's mark for lines that it must not wrap."""
    return cleandoc(text or "").replace("\b\n", "").strip()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
