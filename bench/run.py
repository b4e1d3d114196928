"""`make bench`: what scoring costs, beside parsing and beside the peers.

In: nothing but options; responses are made here (`corpus.py`).
Out: one table: µs, growth, peak memory, instructions, `fieldconf batch`; or the same as JSON. Exit
    code 1 when a number is wrong, or when what is to be shown is not.
Never: a peer in our environment, a hidden failure, a network request but for installing peers.
Why: what is claimed about speed is measured in one run on one machine, as ratios, with the answers
    checked.

    python bench/run.py                          # all of it, a quarter of an hour on two cores
    python bench/run.py --only speed --quick     # a part alone, see PARTS; fewer bodies, no peers
    python bench/run.py --profile invoice        # where the time of one kind goes
    python bench/run.py --only batch --responses 100000
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click
from corpus import KINDS
from rich.console import Console
from table import WIDTH, Part, show


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    quick: bool
    responses: int
    save: bool


PARTS: dict[str, Callable[[Options], Part]] = {
    "speed": lambda o: import_module("speed").part(quick=o.quick),
    "growth": lambda o: import_module("speed").growth(quick=o.quick),
    "memory": lambda o: import_module("memory").part([20_000] if o.quick else [20_000, 200_000]),
    "instructions": lambda o: import_module("instructions").part(save=o.save),
    "batch": lambda o: import_module("batch").part(400 if o.quick else o.responses),
}


@click.command()
@click.option("--quick", is_flag=True, help="No peers, few bodies, small sizes.")
@click.option("--only", multiple=True, type=click.Choice(list(PARTS)), help="These parts alone.")
@click.option("--responses", default=4_000, show_default=True, help="For batch; 75 kB each.")
@click.option("--save", is_flag=True, help="Keep the instruction counts to compare with.")
@click.option("--profile", type=click.Choice(list(KINDS)), help="Where the time of a kind goes.")
@click.option("--top", default=5, show_default=True, help="Candidates a token, for --profile.")
@click.option("--json", "as_json", is_flag=True, help="Print data instead of the table.")
def main(
    *, only: tuple[str, ...], profile: str | None, top: int, as_json: bool, **given: Any
) -> None:
    """Measure fieldconf, the openai package, parsers and the peers on the same responses."""
    if profile:
        import_module("speed").profile(profile, top)
        return
    options, parts = Options(**given), {}
    for name in only or PARTS:
        click.echo(f"{name} ...", err=True)
        parts[name] = PARTS[name](options)
    if as_json:
        click.echo(json.dumps({name: part.data() for name, part in parts.items()}, indent=2))
    else:
        show(Console() if sys.stdout.isatty() else Console(width=WIDTH), list(parts.values()))
    sys.exit(0 if all(claim.passed for part in parts.values() for claim in part.claims) else 1)


if __name__ == "__main__":
    main()
