"""Arguments: reads the arguments that several commands share.

In:    names of files; ``-`` for standard input; a server's address; limits.
Out:   texts, bytes, clients, policies.
Never: the name of an unreadable file taken for a text.
Why:   every command reads them alike.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fieldconf.errors import PayloadError, RequestError

if TYPE_CHECKING:
    from fieldconf.policy import Policy

F = TypeVar("F", bound=Callable[..., Any])

_LIMITS = (
    click.option(
        "--policy", type=click.Path(path_type=Path),
        help="Limits by field and kind: a TOML or JSON file (docs/policies.md).",
    ),
    click.option("--accept", type=click.FloatRange(0, 1), help="Accept from this confidence on."),
    click.option("--review", type=click.FloatRange(0, 1), help="Reject below this confidence."),
    click.option(
        "--calibration", type=click.Path(path_type=Path),
        help="Calibrate the confidences first: a file that Calibrator.save wrote.",
    ),
)  # fmt: skip
_BY_OUTCOME = click.option(
    "--exit-by-outcome", is_flag=True, help="Exit code 0: accept, 10: review, 11: reject."
)
matching = click.option(
    "--match", type=click.Choice(["exact", "loose"]), default="exact", show_default=True,
    help="Whether letter case, white space around and full stops count.",
)  # fmt: skip
"""The option ``match``: how a text is compared with the labels."""


def limiting(command: F) -> F:
    """Add the options that decide outcomes: policy, accept, review, calibration."""
    for option in reversed(_LIMITS):
        command = option(command)
    return command


def judging(command: F) -> F:
    """Add the options of ``limiting``, and exit_by_outcome."""
    return limiting(_BY_OUTCOME(command))


def policy_of(path: Path | None, accept: float | None, review: float | None) -> "Policy":
    """The policy of a file, with the limits that are given in its place.

    Raises:
        PolicyError: if the file holds no policy, or review is above accept.
    """
    from dataclasses import replace

    from fieldconf.policy import Policy

    policy = Policy.of(path)
    if accept is not None:
        policy = replace(policy, accept=accept, review=min(policy.review, accept))
    return policy if review is None else replace(policy, review=review)


def read_text(text: str) -> str:
    """The text itself, or the text of the file with this name, or standard input for "-"."""
    if text == "-" or os.path.isfile(text):  # noqa: PTH113  # Path.is_file may raise
        try:
            text = read_bytes(text).decode()
        except UnicodeDecodeError as error:
            raise PayloadError(f"{text} is not UTF-8 text (byte {error.start})") from error
    if not text.strip():
        raise PayloadError(
            "the text is empty", remedy="Give a text, a file, or - for standard input"
        )
    return text


def read_bytes(place: str) -> bytes:
    """The bytes of a file, or of standard input for "-"."""
    if place == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise PayloadError(f"cannot read {place}: {error.strerror}") from error


def client_of(
    model: str | None, base_url: str | None, api_key: str | None, gguf: Path | None, timeout: float
) -> Any:
    """A client of the server; the embedded model if neither a model nor a server is named.

    Raises:
        RequestError: if the client needs a key.
    """
    if model is None and base_url is None:
        from fieldconf.embedded import local

        return local(gguf)
    from openai import OpenAI, OpenAIError

    try:
        # A server on one's own machine needs no key, but the client insists on one.
        key = api_key or ("none" if base_url else None)
        return OpenAI(base_url=base_url, api_key=key, timeout=timeout)
    except OpenAIError as error:
        raise RequestError(str(error).splitlines()[0], remedy="Give --api-key") from error
