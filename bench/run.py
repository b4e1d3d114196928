"""`make bench`: what scoring a response costs, beside parsing it and beside the peers.

In: nothing but options; responses are made here (`corpus.py`).
Out: one table of µs per token, or the same as JSON; exit code 1 when fieldconf does not grow
    linearly or gives a wrong number.
Never: a peer in our environment, a hidden failure, a network request but for installing peers.
Why: what is claimed about speed, and that ten times the document takes ten times the time, is
    measured in one run on one machine, with the answers checked.
"""

import json
import sys

import click
import ours
import peers
from corpus import response
from measure import Measurement
from rich.console import Console
from table import Results, show

SPLIT_SIZE = 200
NOTES = {
    ours.JSON: "the standard library, the body alone.",
    ours.YARDSTICK: "json and SDK objects: what the client does once the bytes have arrived.",
    ours.BYTES: "the body as it arrives; no schema. Every field's confidence is read in the time.",
    ours.OBJECT: "the SDK's object, built before; no schema.",
    ours.SCHEMA: "a pydantic model as schema: distributions computed and read, answer validated.",
    ours.STREAM: "the SDK's chunk objects, one token each, built before; no schema.",
    **{peer.name: peer.note for peer in peers.PEERS},
}


@click.command()
@click.option("--quick", is_flag=True, help="Leave the peers out.")
@click.option("--sizes", default="200,2000,20000", show_default=True, help="Tokens a response.")
@click.option("--limit", default=120.0, show_default=True, help="Seconds a peer may take a sample.")
@click.option("--json", "as_json", is_flag=True, help="Print data instead of the table.")
def main(*, quick: bool, sizes: str, limit: float, as_json: bool) -> None:
    """Time fieldconf, the openai package, json and the peers on the same responses."""
    asked = sorted({int(text) for text in sizes.split(",")})
    responses = [response(size) for size in asked] + [response(SPLIT_SIZE, split=True)]
    results = Results([])
    results.measurements.extend(map(_told, ours.run(responses)))
    for peer in () if quick else peers.PEERS:
        results.measurements.extend(map(_told, peers.run(peer, responses, limit=limit)))
    grown = [found for name in ours.FIELDCONF if (found := results.growth(name))]
    if as_json:
        click.echo(json.dumps(results.data(), indent=2))
    else:
        show(Console() if sys.stdout.isatty() else Console(width=140), results, NOTES)
        click.echo("\n".join(["linearity:", *[f"  {found}" for found in grown]]))
    sound = not any(m.complaint for m in results.measurements if m.contender in ours.FIELDCONF)
    if not sound:
        click.echo("fieldconf failed or gave a wrong number, see above", err=True)
    sys.exit(0 if sound and all(found.passed for found in grown) else 1)


def _told(measurement: Measurement) -> Measurement:
    """Say on the error stream what was just measured: a run takes minutes."""
    time = measurement.microseconds
    took = measurement.reason if time is None else f"{time:.2f} µs a token"
    click.echo(f"{measurement.tokens:>7,} tokens  {measurement.contender}: {took}", err=True)
    return measurement


if __name__ == "__main__":
    main()
