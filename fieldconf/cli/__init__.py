"""The command line: a file for each command, from ``extract`` to ``drift``.

In:    arguments; files; standard input for ``-``.
Out:   a table for people or JSON for machines; an exit code.
Never: a traceback for a wrong input: one line on standard error, with the remedy.
Why:   this is the quickest way to see the confidences of a text or of a saved response.

A command imports what it needs when it runs, so that help is shown at once.

Exit codes: 0 the answer is complete and valid, and every required field is scored; 1 it is not
(truncated, refused, malformed, without logprobs, not aligned, or against its schema); 2 wrong
arguments or unreadable input; 3 the request failed or the embedded model cannot run. With
``--exit-by-outcome`` 0, 10 and 11 in place of 0 and 1: accept, review, reject. For ``batch``: 0 all
was scored; 1 some lines are no responses; 2 also if only some inputs could not be read. For
``drift``: 0 no drift; 1 drift. For ``label``: 0 the session ended. 130: interrupted by Ctrl-C.
"""

import click

from fieldconf.cli import epilogs
from fieldconf.cli.batch_command import batch_command
from fieldconf.cli.drift_command import drift_command
from fieldconf.cli.evaluate_command import evaluate_command
from fieldconf.cli.explain_command import explain_command
from fieldconf.cli.extract_command import extract_command
from fieldconf.cli.label_command import label_command
from fieldconf.cli.local_command import local_group
from fieldconf.cli.program import Program
from fieldconf.cli.score_command import classify_command, score_command
from fieldconf.cli.tokens_command import tokens_command
from fieldconf.cli.view_command import view_command

__all__ = ["main"]


@click.group(
    cls=Program, epilog=epilogs.PROGRAM, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="fieldconf")
def main() -> None:
    """How sure was the model of each field?"""


for _command in (
    extract_command, score_command, tokens_command, explain_command, view_command,
    classify_command, batch_command, label_command, evaluate_command, drift_command, local_group,
):  # fmt: skip
    main.add_command(_command)
