"""Arguments: reads the arguments that several commands share.

In:    names of files; ``-`` for standard input; a server's address; limits.
Out:   texts, bytes, clients, policies.
Never: the name of a file that is not there taken for a text: a model would be paid to read it.
Why:   every command reads them alike.
"""

import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fieldconf.errors import PayloadError, RequestError, printable

if TYPE_CHECKING:
    from fieldconf.policy import Policy
    from fieldconf.report import Report

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
by_outcome = click.option(
    "--exit-by-outcome", is_flag=True, help="Exit code 0: accept, 10: review, 11: reject."
)
"""The option ``exit_by_outcome``."""


_TEXTS = (
    click.option(
        "--source", "places", multiple=True,
        help="The texts that were read: files, folders or patterns, as for extract --each; "
        "repeatable.",
    ),
    click.option("--per", type=click.Choice(["line", "file"]), help="What one text is."),
    click.option(
        "--text-field", help='Lines are JSON; what was read. [default: "text" in .jsonl]'
    ),
    click.option("--id-field", help="Lines are JSON; what is the document's id."),
)  # fmt: skip


def _positive(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """A positive number, if it is one."""
    if value is not None and not 0 < value < math.inf:  # false of nan, too
        raise click.BadParameter(f"{value:g} is no positive number", context, option)
    return value


asked_at = click.option(
    "--temperature", type=float, callback=_positive,
    help="The request's, if the server took its logprobs after it (SGLang, TGI): they are put back "
    "to 1.",
)  # fmt: skip
"""The option ``temperature`` of saved responses."""
matching = click.option(
    "--match", type=click.Choice(["exact", "loose"]), default="exact", show_default=True,
    help="Whether letter case, white space around and full stops count.",
)  # fmt: skip
"""The option ``match``: how a text is compared with the labels."""


def source_texts(command: F) -> F:
    """Add the options that find the texts that were read: places, per, text_field, id_field."""
    for option in reversed(_TEXTS):
        command = option(command)
    return command


def limiting(command: F) -> F:
    """Add the options that decide outcomes: policy, accept, review, calibration."""
    for option in reversed(_LIMITS):
        command = option(command)
    return command


def judging(command: F) -> F:
    """Add the options of ``limiting``, and exit_by_outcome."""
    return limiting(by_outcome(command))


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


def check_names(policy: "Policy", reports: "Sequence[Report[Any]]") -> None:
    """Check that each name of a policy is that of a field, in answers that had no schema.

    Raises:
        PolicyError: if it is none; only a schema knows the fields that an answer may leave out.
    """
    from fieldconf.policy import UnmatchedNames

    if not all(report.status == "complete" for report in reports):
        return
    names = UnmatchedNames(policy)
    for report in reports:
        names.see(report.fields)
    for error in names.errors():
        raise error


def read_text(place: str) -> str:
    """The text of a file, or of standard input for "-".

    Raises:
        PayloadError: if there is no such file, or it is no text.
    """
    name = printable(place if len(place) <= 80 else f"{place[:77]}...")
    if place != "-" and os.path.isdir(place):  # noqa: PTH112  # Path.is_dir may raise
        raise PayloadError(f"{name} is a folder", remedy="Add --each to read its files one by one")
    try:
        if place != "-" and not os.path.exists(place):  # noqa: PTH110  # Path.exists may raise
            raise PayloadError(
                f"there is no file {name}", remedy="Look at the path, or give the text by --text"
            )
        return checked_text(read_bytes(place).decode(), "standard input" if place == "-" else name)
    except UnicodeDecodeError as error:
        raise PayloadError(f"{name} is not UTF-8 text (byte {error.start})") from error


def checked_text(text: str, name: str) -> str:
    """The text itself, if it is not empty."""
    if not text.strip():
        raise PayloadError(
            f"the text is empty: {name}", remedy="Give a file, - for standard input, or --text"
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


_LONGEST_WAIT = 1_000_000.0  # seconds: 11 days; sockets refuse much longer ones


def seconds(context: click.Context, option: click.Parameter, value: float) -> float:
    """A time to wait, if it is one."""
    if not 0 < value <= _LONGEST_WAIT:  # false of nan, too
        raise click.BadParameter(
            f"{value:g} is not between 0 and 1,000,000 seconds", context, option
        )
    return value


def address(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """The address of a server, if it is one."""
    if value is None or _is_address(value):
        return value
    raise click.BadParameter(f"{value!r} {_NO_ADDRESS}", context, option)


_NO_ADDRESS = "is no address such as http://localhost:8000/v1"


def _is_address(value: str) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(value)
        is_of_server = parts.scheme in ("http", "https") and bool(parts.hostname)
        return is_of_server and parts.port != 0 and value.isprintable() and " " not in value
    except ValueError:  # a broken port or IPv6 address
        return False


def known_provider(
    context: click.Context, option: click.Parameter, value: str | None
) -> str | None:  # fmt: skip
    """The name of a provider, if it is known."""
    from fieldconf.requests.request import provider_row

    try:
        return None if value is None else provider_row(value) and value
    except RequestError as error:
        raise click.BadParameter(str(error), context, option) from error


def client_of(
    model: str | None, base_url: str | None, api_key: str | None, gguf: Path | None, timeout: float
) -> Any:
    """A client of the server; the embedded model if neither a model nor a server is named.

    Raises:
        UsageError: if the client needs a key, or the environment has a broken address.
    """
    if model is None and base_url is None:
        from fieldconf.embedded import local

        return local(gguf)
    from openai import OpenAI, OpenAIError

    usual = os.environ.get("OPENAI_BASE_URL")  # the client would take it
    if base_url is None and usual is not None and not _is_address(usual):
        raise click.UsageError(f"OPENAI_BASE_URL: {usual!r} {_NO_ADDRESS}")
    # A server on one's own machine needs no key, but the client insists on one.
    key = api_key or ("none" if base_url else None)
    if key and not (key.isascii() and key.isprintable()):
        raise click.UsageError("the server's key has characters that no key has: copy it again")
    try:
        return OpenAI(base_url=base_url, api_key=key, timeout=timeout)
    except OpenAIError as error:
        name = "the server" if base_url else "OpenAI"
        raise click.UsageError(
            f"{name} needs a key: pass --api-key, or set OPENAI_API_KEY"
        ) from error
    except Exception as error:  # of the HTTP library: a proxy or a certificate of the environment
        raise click.UsageError(f"the HTTP client cannot start: {error}") from error
