"""Monitoring: ``fieldconf drift``.

In:    a baseline, and current answers; or reference answers to make one of.
Out:   a table for people, JSON for machines; a lock file.
Never: a value or a text of an answer.
Why:   a job that runs every night can stop when answers have changed.

Exit codes: 0 no drift (or the baseline was written); 1 drift; 2 wrong arguments, or what cannot be
read.
"""

import json
from pathlib import Path

import click

from fieldconf.cli.showing import one_line_errors


@click.command("drift", short_help="Compare answers with a baseline: do they still look alike?")
@click.argument("baseline", type=click.Path(path_type=Path))
@click.argument("answers", type=click.Path(exists=True))
@click.option("--write", is_flag=True, help="Write BASELINE from reference ANSWERS.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="The chance of a false alarm.",
)
@click.option(
    "--labels",
    type=click.Path(exists=True),
    help="Right values by document: .jsonl, .csv, .parquet.",
)
@click.option("--id", "column", default="document", show_default=True, help="Of the labels.")
@click.option(
    "--policy",
    type=click.Path(exists=True, path_type=Path),
    help="With labels: what it accepts is tested (docs/policies.md).",
)
@click.option(
    "--risk",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The share of accepted values that may be wrong. [default: as the policy guarantees]",
)
@click.option(
    "--fall",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="With labels: by how much the accuracy may fall.",
)
@click.option("--model", default="", help="Who answered, if ANSWERS do not tell.")
@click.option("--provider", default="", help="The same of the provider.")
@click.option("--json", "as_json", is_flag=True, help="JSON in place of a table.")
def drift_command(
    baseline: Path,
    answers: str,
    write: bool,
    alpha: float,
    labels: str | None,
    column: str,
    policy: Path | None,
    risk: float | None,
    fall: float,
    model: str,
    provider: str,
    as_json: bool,
) -> None:
    """Do ANSWERS still look like those of BASELINE?

    ANSWERS is what `fieldconf batch` or `fieldconf extract --each` wrote, a file of saved reports,
    or a table with the columns document, field and confidence (.jsonl, .csv, .parquet). BASELINE is
    a file that --write wrote.

    \b
    Example:
      fieldconf drift --write baseline.json november.parquet
      fieldconf drift baseline.json december.parquet

    \b
    Exit codes:
      0  no drift (or the baseline was written)
      1  drift
      2  wrong arguments, or a file that cannot be read
      130  interrupted (Ctrl-C)
    """  # noqa: D301  # \b is click's
    from fieldconf.evaluation.labels import labels as labels_of
    from fieldconf.many.progress import working
    from fieldconf.monitoring.baseline import Baseline
    from fieldconf.monitoring.drift import drift

    with one_line_errors():
        if labels is None and column != "document":
            raise click.UsageError("--id is for --labels")
        truths = None if labels is None else labels_of(labels, id=column)
        if write:
            if policy is not None or risk is not None or fall:
                raise click.UsageError("--policy, --risk and --fall are not for --write")
            with working("counting"):
                written = Baseline.from_reports(answers, truths, model=model, provider=provider)
            written.save(baseline)
            click.echo(
                f"{baseline}: {written.documents:,} documents, {len(written.fields):,} fields",
                err=True,
            )
            return
        with working("comparing"):
            result = drift(
                Baseline.read(baseline), answers, alpha=alpha, labels=truths, policy=policy,
                risk=risk, fall=fall, model=model, provider=provider,
            )  # fmt: skip
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2, allow_nan=False, default=str))
    else:
        from rich.console import Console

        from fieldconf.render.drift import WIDTH

        console = Console(highlight=False)
        console = console if console.is_terminal else Console(highlight=False, width=WIDTH)
        console.print(result)
    if result.is_drifted:
        raise SystemExit(1)
