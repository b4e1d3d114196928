"""Extracting: ``fieldconf extract``.

In:    a schema, a text, whom to ask and how.
Out:   rows as they come, or JSON.
Never: a request before the arguments are known to be good.
Why:   the quickest way to see what a model makes of a text.
"""

from pathlib import Path

import click

from fieldconf.cli.arguments import client_of, judging, load_schema, policy_of, read_text
from fieldconf.cli.showing import end, one_line_errors, show_live
from fieldconf.extraction.faces import stream
from fieldconf.policy import Bands
from fieldconf.schema import compile_schema


@click.command()
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
@judging
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
    policy: Path | None,
    accept: float | None,
    review: float | None,
    exit_by_outcome: bool,
    as_json: bool,
) -> None:
    """Ask a model for the fields of SCHEMA in TEXT.

    SCHEMA is MODULE:Model, FILE.py:Model or a JSON Schema FILE.json; TEXT is a text, a file, or -.
    """
    with one_line_errors():
        kind, words = load_schema(schema), read_text(text)
        compiled = compile_schema(kind).asked
        limits = policy_of(policy, accept, review).check(compiled)
        bands = Bands(limits, compiled.root)
        client = client_of(model, base_url, api_key, gguf, timeout)
        with client, stream(
            kind, words, client=client, model=model, provider=provider, instructions=instructions,
            temperature=temperature, seed=seed, max_tokens=max_tokens, top_logprobs=top_logprobs,
            settle=exact, policy=limits,
        ) as fields:  # fmt: skip
            report = fields.report if as_json else show_live(
                fields, bands=bands, exact=exact, why=why
            )  # fmt: skip
    end(report, as_json=as_json, by_outcome=exit_by_outcome)
