"""Score command: ``fieldconf score`` and ``fieldconf classify``.

In:    a saved response of any provider or framework.
Out:   its fields, or its label, with their confidences.
Never: a request.
Why:   a saved response is scored without paying for it again.
"""

from pathlib import Path
from typing import Literal

import click

from fieldconf.cli import epilogs
from fieldconf.cli.arguments import (
    asked_at,
    check_names,
    judging,
    matching,
    policy_of,
    read_bytes,
)
from fieldconf.cli.showing import one_line_errors, show, show_all


@click.command(
    "score",
    short_help="Score a saved response: its fields and their confidences.",
    epilog=epilogs.SCORE,
)
@click.argument("response")
@click.option(
    "--schema",
    help="MODULE:Model, FILE.py:Model (or a LabelSet's name) or a JSON Schema FILE.json.",
)
@click.option("--why", is_flag=True, help="Below each field, what decided it.")
@click.option("--choice", type=click.IntRange(0), default=0, help="Which choice of several.")
@click.option("--call", type=click.IntRange(0), default=0, help="Which tool call of the choice.")
@click.option("--all", "every", is_flag=True, help="Every choice and tool call, one by one.")
@click.option("--prompt", help="What the prompt was, for a completion that echoes it.")
@asked_at
@judging
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def score_command(
    response: str,
    schema: str | None,
    why: bool,
    choice: int,
    call: int,
    every: bool,
    prompt: str | None,
    temperature: float | None,
    policy: Path | None,
    accept: float | None,
    review: float | None,
    calibration: Path | None,
    exit_by_outcome: bool,
    as_json: bool,
) -> None:
    """Score a saved RESPONSE (a file, or -): JSON, JSON Lines or server-sent events.

    It may come from any provider, or as a framework keeps it. With --all and --json a line each.
    """
    from fieldconf.batch.schema_loading import load_schema
    from fieldconf.scoring.scorer import score, score_all

    with one_line_errors():
        kind, data = load_schema(schema) if schema is not None else None, read_bytes(response)
        limits = policy_of(policy, accept, review)
        if every:
            reports = score_all(
                data, kind, prompt=prompt, policy=limits, calibration=calibration,
                temperature=temperature,
            )  # fmt: skip
        else:
            reports = [score(
                data, kind, choice=choice, call=call, prompt=prompt, policy=limits,
                calibration=calibration, temperature=temperature,
            )]  # fmt: skip
        if kind is None:
            check_names(limits, reports)
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
