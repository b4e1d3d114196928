"""Saved response: the options that say which answer in it is read, and by what it is judged.

In:    a file, or - for standard input, with a response or a saved report; a schema, a choice,
       limits.
Out:   a report; a policy.
Never: a request.
Why:   ``score``, ``tokens`` and ``explain`` read the same responses in the same way.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from fieldconf.cli.arguments import asked_at, check_names, limiting, policy_of, read_bytes
from fieldconf.errors import PayloadError

if TYPE_CHECKING:
    from fieldconf.report import Report

F = TypeVar("F", bound=Callable[..., Any])

_WHICH = (
    click.option(
        "--schema",
        help="MODULE:Model, FILE.py:Model (or a LabelSet's name) or a JSON Schema FILE.json.",
    ),
    click.option("--choice", type=click.IntRange(0), default=0, help="Which choice of several."),
    click.option(
        "--call", type=click.IntRange(0), default=0, help="Which tool call of the choice."
    ),
    click.option("--prompt", help="What the prompt was, for a completion that echoes it."),
    asked_at,
    limiting,
)


class SavedOptions(TypedDict):
    """The values of these options."""

    schema: str | None
    choice: int
    call: int
    prompt: str | None
    temperature: float | None
    policy: Path | None
    accept: float | None
    review: float | None
    calibration: Path | None


def saved_options(command: F) -> F:
    """The options of a saved response."""
    for option in reversed(_WHICH):
        command = option(command)
    return command


def reports_of(response: str, options: SavedOptions, *, every: bool = False) -> "list[Report[Any]]":
    """The report of the chosen answer; of every choice and tool call if ``every``.

    Raises:
        PayloadError: if the file cannot be read, or holds no such answer.
        SchemaError, PolicyError, CalibrationError: if one of them cannot be used.
    """
    return _reports(read_bytes(response), _kind(options), options, every=every)


def report_of(response: str, options: SavedOptions) -> "Report[Any]":
    """The report of the chosen answer, or the report that was saved in the file.

    A saved report without tokens is scored again where it has its response.

    Raises:
        As ``reports_of``.
    """
    from dataclasses import replace

    data, kind = read_bytes(response), _kind(options)
    saved = _saved(data, kind)
    if saved is None or (not saved.tokens and saved.response is not None):
        return _reports(data, kind, options)[0]
    has_limits = any(options[name] is not None for name in ("policy", "accept", "review"))
    if not has_limits:
        return saved
    limits = policy_of(options["policy"], options["accept"], options["review"])
    check_names(limits, [saved])
    return replace(saved, policy=limits)


def _kind(options: SavedOptions) -> Any:
    """The model, JSON Schema or label set of ``--schema``; None without it. It may run a file."""
    from fieldconf.batch.schema_loading import load_schema

    schema = options["schema"]
    return None if schema is None else load_schema(schema)


def _saved(data: bytes, kind: Any) -> "Report[Any] | None":
    """The saved report that the bytes are; None if they are something else."""
    from fieldconf.report import Report

    try:
        return Report.from_json(data, kind)
    except PayloadError:
        return None


def _reports(
    data: bytes, kind: Any, options: SavedOptions, *, every: bool = False
) -> "list[Report[Any]]":
    from fieldconf.scoring.scorer import score, score_all

    limits = policy_of(options["policy"], options["accept"], options["review"])
    prompt, temperature = options["prompt"], options["temperature"]
    if every:
        reports = score_all(
            data, kind, prompt=prompt, policy=limits, calibration=options["calibration"],
            temperature=temperature,
        )  # fmt: skip
    else:
        reports = [score(
            data, kind, choice=options["choice"], call=options["call"], prompt=prompt,
            policy=limits, calibration=options["calibration"], temperature=temperature,
        )]  # fmt: skip
    if kind is None:
        check_names(limits, reports)
    return reports
