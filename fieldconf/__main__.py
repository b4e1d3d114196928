"""The command line as ``python -m fieldconf``.

In:    the process's arguments.
Out:   what ``fieldconf.cli`` prints, and its exit code.
Never: an effect when it is only imported.
Why:   if several Pythons are installed, this chooses the fieldconf of one of them.
"""

import sys

__all__ = ["run"]


def run(name: str | None = None) -> None:
    """Run the command line; Ctrl-C while it is imported ends it without a traceback, too."""
    try:
        from fieldconf.cli import main  # noqa: PLC0415  # so that Ctrl-C meanwhile is caught
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted\n")
        sys.exit(130)
    main(prog_name=name)


if __name__ == "__main__":
    run("python -m fieldconf")
