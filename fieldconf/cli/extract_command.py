"""Extract command: ``fieldconf extract``.

In:    a schema, a text, a client and the options of its request.
Out:   rows as they arrive, if a single answer is streamed; else one table at the end, or JSON.
Never: a request before the arguments are checked.
Why:   this is the quickest way to see what a model extracts from a text.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from fieldconf.cli import epilogs
from fieldconf.cli.arguments import (
    address,
    client_of,
    judging,
    known_provider,
    policy_of,
    seconds,
)
from fieldconf.cli.each import EachOptions, each_options, extract_each, only_text
from fieldconf.cli.showing import end, leave, one_line_errors, show, show_live

if TYPE_CHECKING:
    from fieldconf.extraction.options import Options


@click.command(
    "extract",
    short_help="Ask a model for the fields of a schema in a text, or in many.",
    epilog=epilogs.EXTRACT,
)
@click.argument("schema")
@click.argument("places", metavar="[FILE|-]...", nargs=-1)
@click.option("--text", help="The text itself, in place of FILE.")
@click.option("--model", help="The model's name at the server.")
@click.option(
    "--base-url",
    callback=address,
    help="An OpenAI-compatible server; without it or --model, the embedded model.",
)
@click.option("--api-key", envvar="OPENAI_API_KEY", help="The server's key. [env: OPENAI_API_KEY]")
@click.option(
    "--gguf", type=click.Path(path_type=Path), help="Another model file for the embedded runtime."
)
@click.option(
    "--provider",
    callback=known_provider,
    help="Who answers, if the address does not tell (docs/providers.md).",
)
@click.option("--instructions", help="What the model is told to do.")
@click.option("--temperature", type=click.FloatRange(0), help="As the server understands it.")
@click.option("--seed", type=int, help="As the server understands it.")
@click.option("--max-tokens", type=click.IntRange(1), help="The longest answer.")
@click.option("--top-logprobs", type=click.IntRange(0), help="How many candidates to ask for.")
@click.option("--why", is_flag=True, help="Below each field, what decided it.")
@click.option(
    "--settle",
    is_flag=True,
    help="Ask the server for what the answer's own logprobs leave open (embedded model).",
)
@click.option(
    "--samples", type=click.IntRange(1), help="Ask so many times, and take what most answers say."
)
@click.option("--locate", is_flag=True, help="Look where the values stand in the text.")
@click.option(
    "--step",
    multiple=True,
    metavar="MODEL",
    help="A further model of the server, asked for what is still in doubt; may be repeated.",
)
@click.option(
    "--timeout",
    type=float,
    callback=seconds,
    default=120.0,
    show_default=True,
    help="Seconds to wait.",
)
@judging
@each_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--keep-response",
    is_flag=True,
    help="In JSON, add the response itself, which `fieldconf score` reads again.",
)
def extract_command(
    schema: str,
    places: tuple[str, ...],
    text: str | None,
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
    settle: bool,
    samples: int | None,
    locate: bool,
    step: tuple[str, ...],
    timeout: float,
    policy: Path | None,
    accept: float | None,
    review: float | None,
    calibration: Path | None,
    exit_by_outcome: bool,
    as_json: bool,
    keep_response: bool,
    **many: Unpack[EachOptions],
) -> None:
    """Ask a model for the fields of SCHEMA in a text.

    SCHEMA is MODULE:Model, FILE.py:Model or a JSON Schema FILE.json; a LabelSet's name, or a
    FILE.json with a list of labels, asks for a bare label. The text is that of FILE, of standard
    input for -, or of --text. With --each, FILE is a file whose lines are read one by one (or -),
    or files, folders and patterns.
    """
    from fieldconf.batch.schema_loading import load_schema
    from fieldconf.extraction.calls import prepare
    from fieldconf.extraction.extract import extract, stream
    from fieldconf.many.progress import working
    from fieldconf.policy import FieldLimits
    from fieldconf.reasking.cascade import CascadeStep, cascade
    from fieldconf.schema import compile_schema

    if many["each"] and why:
        raise click.UsageError("--why is for one text")
    if base_url is not None and model is None:
        raise click.UsageError("the server has to know which model: pass --model")
    if step and model is None:
        raise click.UsageError("--step is a further model of a server: add --model")
    if many["each"] and (text is not None or not places):
        raise click.UsageError("--each reads files, folders, patterns or -: name some")
    with one_line_errors():
        kind = load_schema(schema)
        words = "" if many["each"] else only_text(places, text, many)
        compiled = compile_schema(kind).as_requested
        limits = policy_of(policy, accept, review).check(compiled)
        field_limits = FieldLimits(limits, compiled.root)
        options: Options = {
            "model": model, "provider": provider, "instructions": instructions,
            "temperature": temperature, "seed": seed, "max_tokens": max_tokens,
            "top_logprobs": top_logprobs, "settle": settle, "samples": samples,
            "locate": locate or None, "policy": limits, "calibration": calibration,
            "keep": "response" if keep_response else None,
        }  # fmt: skip
        client = client_of(model, base_url, api_key, gguf, timeout)
        steps = [CascadeStep(client, model=name) for name in step]
        if many["each"]:
            with client:
                run = extract_each(kind, places, client, many, options, steps, as_json=as_json)
            leave(run.outcome, is_sound=run.is_sound, by_outcome=exit_by_outcome)
            return
        with client:
            is_one_answer = not steps and samples in (None, 1)
            is_shown = (
                is_one_answer and not as_json
                and prepare(kind, words, client, options).api.has_stream
            )  # fmt: skip
            if is_shown:
                with stream(kind, words, client=client, **options) as fields:
                    report = show_live(fields, limits=field_limits, settle=settle, why=why)
            else:
                with working("waiting for the answer"):
                    report = (
                        cascade(kind, words, steps=[CascadeStep(client), *steps], **options)
                        if steps else extract(kind, words, client=client, **options)
                    )  # fmt: skip
    if is_shown:
        end(report, as_json=False, by_outcome=exit_by_outcome)
    else:
        show(report, as_json=as_json, why=why, by_outcome=exit_by_outcome)
