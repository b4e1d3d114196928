"""The command line: ``fieldconf extract``, ``score``, ``classify`` and ``local``.

In:    arguments; files; standard input for ``-``.
Out:   a table for people or JSON for machines; an exit code.
Never: a traceback for a wrong input: one line on standard error, with the remedy.
Why:   the quickest way to see what the library says of a text or of a saved response.

Exit codes: 0 the answer is complete and valid, and every required field is scored; 1 it is not
(truncated, refused, malformed, without logprobs, not aligned, or against its schema); 2 wrong
arguments or unreadable input; 3 the request failed or the embedded model cannot run.
"""

import importlib
import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import click
from pydantic import BaseModel
from rich.console import Console
from rich.live import Live

from fieldconf.classify import classify
from fieldconf.embedded import local, weights
from fieldconf.errors import (
    FieldconfError,
    LocalModelError,
    PayloadError,
    RequestError,
    SchemaError,
)
from fieldconf.extraction.faces import stream
from fieldconf.extraction.streams import FieldStream
from fieldconf.render import lines
from fieldconf.render.table import Row, printable, table
from fieldconf.report import Field, Report
from fieldconf.scoring import score, score_all

_WIDTH = 126  # the table's; a narrower terminal wraps


@contextmanager
def _one_line_errors() -> Generator[None]:
    try:
        yield
    except FieldconfError as error:
        click.echo(f"Error: {printable(str(error))}", err=True)
        is_remote = isinstance(error, (RequestError, LocalModelError))
        raise SystemExit(3 if is_remote else 2) from error


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fieldconf")
def main() -> None:
    """How sure was the model of each field?"""


@main.command()
@click.argument("schema")
@click.argument("text")
@click.option("--model", help="The model's name at the server.")
@click.option(
    "--base-url", help="An OpenAI-compatible server; without it or --model, the embedded model."
)
@click.option("--api-key", envvar="OPENAI_API_KEY", help="The server's key. [env: OPENAI_API_KEY]")
@click.option(
    "--gguf", type=click.Path(path_type=Path), help="Another model file for the embedded runtime."
)
@click.option("--provider", help="Who answers, if the address does not tell (docs/providers.md).")
@click.option("--instructions", help="What the model is told to do.")
@click.option("--temperature", type=click.FloatRange(0), help="As the server understands it.")
@click.option("--seed", type=int, help="As the server understands it.")
@click.option("--max-tokens", type=click.IntRange(1), help="The longest answer.")
@click.option("--top-logprobs", type=click.IntRange(0), help="How many candidates to ask for.")
@click.option("--why", is_flag=True, help="Below each field, what decided it.")
@click.option(
    "--exact",
    is_flag=True,
    help="Ask the server for what the answer's own logprobs leave open (embedded model).",
)
@click.option("--timeout", type=float, default=120.0, show_default=True, help="Seconds to wait.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def extract(
    schema: str,
    text: str,
    model: str | None,
    base_url: str | None,
    api_key: str | None,
    gguf: Path | None,
    provider: str | None,
    instructions: str | None,
    temperature: float | None,
    seed: int | None,
    max_tokens: int | None,
    top_logprobs: int | None,
    why: bool,
    exact: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Ask a model for the fields of SCHEMA in TEXT.

    SCHEMA is MODULE:Model, FILE.py:Model or a JSON Schema FILE.json; TEXT is a text, a file, or -.
    """
    with _one_line_errors():
        kind, words = load_schema(schema), _read_text(text)
        client = _client(model, base_url, api_key, gguf, timeout)
        with client, stream(
            kind, words, client=client, model=model, provider=provider, instructions=instructions,
            temperature=temperature, seed=seed, max_tokens=max_tokens, top_logprobs=top_logprobs,
            settle=exact,
        ) as fields:  # fmt: skip
            report = fields.report if as_json else _show_live(fields, exact=exact, why=why)
    _end(report, as_json=as_json)


@main.command("score")
@click.argument("response")
@click.option("--schema", help="MODULE:Model, FILE.py:Model or a JSON Schema FILE.json.")
@click.option("--why", is_flag=True, help="Below each field, what decided it.")
@click.option("--choice", type=click.IntRange(0), default=0, help="Which choice of several.")
@click.option("--call", type=click.IntRange(0), default=0, help="Which tool call of the choice.")
@click.option("--all", "every", is_flag=True, help="Every choice and tool call, one by one.")
@click.option("--prompt", help="What the prompt was, for a completion that echoes it.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def score_command(
    response: str,
    schema: str | None,
    why: bool,
    choice: int,
    call: int,
    every: bool,
    prompt: str | None,
    as_json: bool,
) -> None:
    """Score a saved RESPONSE (a file, or -): JSON, JSON Lines or server-sent events.

    It may come from any provider, or as a framework keeps it. With --all and --json a line each.
    """
    with _one_line_errors():
        kind, data = load_schema(schema) if schema else None, _read_bytes(response)
        if every:
            reports = score_all(data, kind, prompt=prompt)
        else:
            reports = [score(data, kind, choice=choice, call=call, prompt=prompt)]
    if every:
        _show_all(reports, as_json=as_json, why=why)
    else:
        _show(reports[0], as_json=as_json, why=why)


@main.command("classify")
@click.argument("response")
@click.option(
    "--label", "labels", multiple=True, required=True, help="A label, or TEXT=MEANING; for each."
)
@click.option(
    "--match",
    type=click.Choice(["exact", "loose"]),
    default="exact",
    show_default=True,
    help="Whether letter case, white space around and full stops count.",
)
@click.option("--first-word", is_flag=True, help="Look at the answer's first word only.")
@click.option("--why", is_flag=True, help="Below the label, what decided it.")
@click.option("--choice", type=click.IntRange(0), default=0, help="Which choice of several.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def classify_command(
    response: str,
    labels: tuple[str, ...],
    match: Literal["exact", "loose"],
    first_word: bool,
    why: bool,
    choice: int,
    as_json: bool,
) -> None:
    """Score a saved RESPONSE (a file, or -) whose text is a bare label."""
    meanings = {text: meaning or text for text, _, meaning in (la.partition("=") for la in labels)}
    with _one_line_errors():
        report = classify(
            _read_bytes(response), meanings, match=match, first_word=first_word, choice=choice
        )
    _show(report, as_json=as_json, why=why)


@main.group("local")
def local_group() -> None:
    """The embedded model."""


@local_group.command()
def fetch() -> None:
    """Fetch the embedded model's weights into the user's cache folder, and check them."""
    with _one_line_errors():
        path = weights.fetch(progress=lambda line: click.echo(line, err=True))
    click.echo(path)


# -- what the arguments mean --------------------------------------------------------------------


def load_schema(target: str) -> Any:
    """The model or JSON Schema that MODULE:Model, FILE.py:Model or FILE.json names.

    Raises:
        SchemaError: if there is none; it says what was looked for.
    """
    place, _, name = (
        target.rpartition(":") if not target.endswith((".json", ".py")) else (target, "", "")
    )
    if place.endswith(".json"):
        return _load_json(place)
    if not place:
        raise SchemaError(
            f"{target!r} names no schema", remedy="Give MODULE:Model or FILE.py:Model"
        )
    module = _load_module(place)
    if name:
        if not hasattr(module, name):
            raise SchemaError(f"{place} has no {name!r}", remedy="Check the name after the colon")
        return getattr(module, name)
    models = [m for _, m in inspect.getmembers(module, inspect.isclass)
              if issubclass(m, BaseModel) and m.__module__ == module.__name__]  # fmt: skip
    if len(models) != 1:
        raise SchemaError(f"{place} has {len(models)} models", remedy=f"Say which: {place}:Model")
    return models[0]


def _load_json(place: str) -> Any:
    try:
        return json.loads(Path(place).read_bytes())
    except (OSError, ValueError) as error:
        raise SchemaError(f"cannot read the schema {place}: {error}") from error


def _load_module(place: str) -> Any:
    try:
        if place.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(place).stem, place)
            assert spec is not None  # .py files have a loader
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module  # pydantic looks up annotations there
            spec.loader.exec_module(module)
            return module
        sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as "python -m" does
        return importlib.import_module(place)
    except Exception as error:  # whatever the user's module raises is the answer
        raise SchemaError(f"cannot load {place}: {type(error).__name__}: {error}") from error


def _read_text(text: str) -> str:
    if text == "-" or _is_file(text):
        try:
            text = _read_bytes(text).decode()
        except UnicodeDecodeError as error:
            raise PayloadError(f"{text} is not UTF-8 text (byte {error.start})") from error
    if not text.strip():
        raise PayloadError(
            "the text is empty", remedy="Give a text, a file, or - for standard input"
        )
    return text


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long, or with a NUL: a text
        return False


def _read_bytes(place: str) -> bytes:
    if place == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise PayloadError(f"cannot read {place}: {error.strerror}") from error


def _client(
    model: str | None, base_url: str | None, api_key: str | None, gguf: Path | None, timeout: float
) -> Any:
    if model is None and base_url is None:
        return local(gguf)
    from openai import OpenAI, OpenAIError  # noqa: PLC0415  # not needed to score

    try:
        # A server on one's own machine needs no key, but the client insists on one.
        key = api_key or ("none" if base_url else None)
        return OpenAI(base_url=base_url, api_key=key, timeout=timeout)
    except OpenAIError as error:
        raise RequestError(str(error).splitlines()[0], remedy="Give --api-key") from error


# -- showing ------------------------------------------------------------------------------------


def _show_live(fields: FieldStream[Any], *, exact: bool, why: bool) -> Report[Any]:
    """Rows as they come: a growing table on a terminal, a line each elsewhere.

    What could not be scored before the whole answer was there comes at the end. Settled numbers
    replace the others on a terminal; elsewhere only they are printed.
    """
    console = _console()
    seen: dict[str, Field] = {}
    if not console.is_terminal:
        if exact:
            console.print(table(_rows(fields.report.fields.values(), fields.report), why=why))
            return fields.report
        console.print(table([]))
        for field in fields.fields():
            seen[field.pointer] = field
            console.print(table(_rows([field]), header=False, why=why))
        late = _rows(_late(fields.report, seen), fields.report)
        console.print(table(late, header=False, why=why), end="")
        return fields.report
    with Live(table([]), console=console, refresh_per_second=12) as live:
        for field in fields.fields():
            seen[field.pointer] = field
            live.update(table(_rows(seen.values()), why=why))
        report = fields.report
        last = report.fields.values() if exact else [*seen.values(), *_late(report, seen)]
        live.update(table(_rows(last, report), why=why))
    return report


def _late(report: Report[Any], seen: Mapping[str, Field]) -> list[Field]:
    return [field for name, field in report.fields.items() if name not in seen]


def _rows(fields: Iterable[Field], report: Report[Any] | None = None) -> list[Row]:
    """The table's rows; without the reason that the report's last line gives for all of them."""
    plain = {field.pointer: field.to_dict() for field in fields}
    return lines.rows(plain, report.reason if report else "")


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def _show(report: Report[Any], *, as_json: bool, why: bool) -> None:
    if not as_json:
        _console().print(table(_rows(report.fields.values(), report), why=why))
    _end(report, as_json=as_json)


def _show_all(reports: Sequence[Report[Any]], *, as_json: bool, why: bool) -> None:
    for report in reports:
        if as_json:
            click.echo(report.to_json())
            continue
        called = f", call of {report.tool}" if report.tool else ""
        _console().print(printable(f"choice {report.choice}{called}"), markup=False)
        _console().print(table(_rows(report.fields.values(), report), why=why))
        _summarise(report)
    if not all(map(_is_sound, reports)):
        raise SystemExit(1)


def _end(report: Report[Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(report.to_json(indent=2))
    else:
        _summarise(report)
    if not _is_sound(report):
        raise SystemExit(1)


def _summarise(report: Report[Any]) -> None:
    console = _console()
    plain = report.to_dict()
    console.print(lines.summary(plain), soft_wrap=True)
    for problem in lines.problems(plain):
        console.print(problem, markup=False, soft_wrap=True)


def _is_sound(report: Report[Any]) -> bool:
    """Complete, valid, and with a confidence, which only a complete answer has."""
    return not report.errors and report.confidence is not None
