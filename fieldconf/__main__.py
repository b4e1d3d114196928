"""The command line as ``python -m fieldconf``.

In:    the process's arguments.
Out:   what ``fieldconf.cli`` prints, and its exit code.
Never: an effect when it is only imported.
Why:   if several Pythons are installed, this chooses the fieldconf of one of them.
"""

from fieldconf.cli import main

if __name__ == "__main__":
    main(prog_name="python -m fieldconf")
