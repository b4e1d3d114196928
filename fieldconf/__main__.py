"""The command line as ``python -m fieldconf``.

In:    the process's arguments.
Out:   what ``fieldconf.cli`` prints, and its exit code.
Never: anything on being imported.
Why:   where several Pythons are installed, this says whose fieldconf it is.
"""

from fieldconf.cli import main

if __name__ == "__main__":
    main(prog_name="python -m fieldconf")
