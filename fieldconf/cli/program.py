"""Program: how every command starts and ends.

In:    the process's arguments; what a command raises.
Out:   an exit code; one line on standard error for whatever went wrong.
Never: a traceback for Ctrl-C, a full disk, a closed pipe, or a file that cannot be written.
Why:   the person at the terminal did not write the code.
"""

import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import click

from fieldconf.errors import FieldconfError, LocalModelError, RequestError, printable

INTERRUPTED = 130
"""The exit code after Ctrl-C, as of every program that a shell starts: 128 and the signal's 2."""


class Program(click.Group):
    """A group of commands; whatever they raise is told in one line."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command that the arguments name, and end the process."""
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **extra)
        _replace_what_cannot_be_written()
        try:
            code = super().main(*args, standalone_mode=False, **extra)
            sys.stdout.flush()
        except click.Abort:  # click's word for KeyboardInterrupt
            _end("Interrupted", INTERRUPTED)
        except click.ClickException as error:
            _end_usage(error)
        except BrokenPipeError:  # `fieldconf ... | head` has read enough
            _let_go_of_stdout()
            sys.exit(1)
        except OSError as error:
            _let_go_of_stdout()
            _end(f"Error: {told(error)}", 2)
        sys.exit(code if isinstance(code, int) else 0)


def told(error: OSError) -> str:
    """What the operating system refused, and for which file, in one line."""
    name = error.filename
    what = "write standard output" if name is None else f"use {os.fsdecode(name)}"
    return printable(f"cannot {what}: {error.strerror or error}")


def code_of(error: FieldconfError) -> int:
    """3 for a request or an embedded model that failed, else 2."""
    return 3 if isinstance(error, (RequestError, LocalModelError)) else 2


def _replace_what_cannot_be_written() -> None:
    """Write ``?`` for a character that the output's encoding (cp1252, ASCII) does not have.

    Where nothing is known of the terminal (``LC_ALL=C``), Python's usual mode is another one.
    """
    stream: Any = sys.stdout
    is_usual = getattr(stream, "errors", "") in ("strict", "surrogateescape")
    if is_usual and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")


def _let_go_of_stdout() -> None:
    """Drop what could not be written; else the interpreter tries again when it ends, and fails."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def _end_usage(error: click.ClickException) -> NoReturn:
    """Show an error of the arguments, and the command whose help lists them."""
    if type(error).__name__ == "NoArgsIsHelpError":  # `fieldconf` alone: its help is the message
        error.show()
        sys.exit(error.exit_code)
    message = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    if context:
        stop = "" if message.endswith("?") else "."
        message = f"{message}{stop} See: {context.command_path} --help"
    _end(f"Error: {printable(message)}", error.exit_code)


def _end(line: str, code: int) -> NoReturn:
    click.echo(line, err=True)
    sys.exit(code)
