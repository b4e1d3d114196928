"""Score command: ``fieldconf score`` and ``fieldconf classify``.

In:    a saved response of any provider or framework.
Out:   its fields, or its label, with their confidences.
Never: a request.
Why:   a saved response is scored without paying for it again.
"""

from pathlib import Path
from typing import Literal, Unpack

import click

from fieldconf.cli import epilogs
from fieldconf.cli.arguments import asked_at, by_outcome, judging, matching, policy_of, read_bytes
from fieldconf.cli.saved_response import SavedOptions, reports_of, saved_options
from fieldconf.cli.showing import one_line_errors, show, show_all


@click.command(
    "score",
    short_help="Score a saved response: its fields and their confidences.",
    epilog=epilogs.SCORE,
)
@click.argument("response")
@click.option("--why", is_flag=True, help="Below each field, what decided it.")
@click.option("--all", "every", is_flag=True, help="Every choice and tool call, one by one.")
@saved_options
@by_outcome
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def score_command(
    response: str,
    why: bool,
    every: bool,
    exit_by_outcome: bool,
    as_json: bool,
    **options: Unpack[SavedOptions],
) -> None:
    """Score a saved RESPONSE (a file, or -): JSON, JSON Lines or server-sent events.

    It may come from any provider, or as a framework keeps it. With --all and --json a line each.
    """
    with one_line_errors():
        reports = reports_of(response, options, every=every)
    if every:
        show_all(reports, as_json=as_json, why=why, by_outcome=exit_by_outcome)
    else:
        show(reports[0], as_json=as_json, why=why, by_outcome=exit_by_outcome)


@click.command(
    "classify",
    short_help="Score a saved response whose text is a bare label.",
    epilog=epilogs.CLASSIFY,
)
@click.argument("response")
@click.option(
    "--label", "labels", multiple=True, required=True, help="A label, or TEXT=MEANING; for each."
)
@matching
@click.option("--first-word", is_flag=True, help="Look at the answer's first word only.")
@click.option("--after", help="The mark behind which the label stands.")
@click.option("--why", is_flag=True, help="Below the label, what decided it.")
@click.option("--choice", type=click.IntRange(0), default=0, help="Which choice of several.")
@asked_at
@judging
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def classify_command(
    response: str,
    labels: tuple[str, ...],
    match: Literal["exact", "loose"],
    first_word: bool,
    after: str | None,
    why: bool,
    choice: int,
    temperature: float | None,
    policy: Path | None,
    accept: float | None,
    review: float | None,
    calibration: Path | None,
    exit_by_outcome: bool,
    as_json: bool,
) -> None:
    """Score a saved RESPONSE (a file, or -) whose text is a bare label."""
    from fieldconf.classification import classify
    from fieldconf.schema import LabelSet

    meanings = {text: meaning or text for text, _, meaning in (la.partition("=") for la in labels)}
    with one_line_errors():
        report = classify(
            read_bytes(response),
            LabelSet(meanings, match=match, first_word=first_word, after=after),
            choice=choice, policy=policy_of(policy, accept, review), calibration=calibration,
            temperature=temperature,
        )  # fmt: skip
    show(report, as_json=as_json, why=why, by_outcome=exit_by_outcome)
