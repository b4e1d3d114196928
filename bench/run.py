"""`make bench`: what scoring costs, beside parsing and beside the peers.

In: nothing but options; responses are made here (`corpus.py`).
Out: one table: µs a token, peak memory, instructions, `fieldconf batch`; or the same as JSON. Exit
    code 1 when a number is wrong, or when what is to be shown is not.
Never: a peer in our environment, a hidden failure, a network request but for installing peers.
Why: what is claimed about speed is measured in one run on one machine, as ratios, with the answers
    checked.

    python bench/run.py                          # all of it, half an hour on two cores
    python bench/run.py --quick                  # no peers, small sizes: about two minutes
    python bench/run.py --only speed --tops 5    # a part alone; see PARTS
    python bench/run.py --only batch --responses 100000
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import click
from rich.console import Console
from table import WIDTH, Part, show


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    sizes: list[int]
    tops: list[int]
    seconds: float
    limit: float
    responses: int
    save: bool


PARTS: dict[str, Callable[[Options], Part]] = {
    "speed": lambda o: import_module("speed").part(o.sizes, o.tops, o.seconds),
    "peers": lambda o: import_module("peers").part([s for s in o.sizes if s <= 20_000], o.limit),
    "memory": lambda o: import_module("memory").part([s for s in o.sizes if s >= 20_000]),
    "instructions": lambda o: import_module("instructions").part(save=o.save),
    "batch": lambda o: import_module("batch").part(o.responses),
}
QUICK = {"sizes": "200,2000", "responses": 400, "seconds": 10.0}


@click.command()
@click.option("--quick", is_flag=True, help="No peers, small sizes, few responses.")
@click.option("--only", multiple=True, type=click.Choice(list(PARTS)), help="These parts alone.")
@click.option("--sizes", default="200,2000,20000,200000", show_default=True, help="In tokens.")
@click.option("--tops", default="0,5,20", show_default=True, help="Candidates a token.")
@click.option("--seconds", default=60.0, show_default=True, help="For each of --tops, at least.")
@click.option("--limit", default=30.0, show_default=True, help="Seconds a peer may take a sample.")
@click.option("--responses", default=4_000, show_default=True, help="For batch; 100 kB each.")
@click.option("--save", is_flag=True, help="Keep the instruction counts to compare with.")
@click.option("--json", "as_json", is_flag=True, help="Print data instead of the table.")
@click.pass_context
def main(
    context: click.Context, *, quick: bool, only: tuple[str, ...], as_json: bool, **given
) -> None:
    """Measure fieldconf, the openai package, JSON parsers and the peers on the same responses."""
    if quick:
        plain = click.core.ParameterSource.DEFAULT
        given |= {k: v for k, v in QUICK.items() if context.get_parameter_source(k) is plain}
    given |= {key: sorted(map(int, given[key].split(","))) for key in ("sizes", "tops")}
    options = Options(**given)
    parts: dict[str, Part] = {}
    for name in only or [part for part in PARTS if not (quick and part == "peers")]:
        click.echo(f"{name} ...", err=True)
        parts[name] = PARTS[name](options)
    if as_json:
        click.echo(json.dumps({name: part.data() for name, part in parts.items()}, indent=2))
    else:
        show(Console() if sys.stdout.isatty() else Console(width=WIDTH), list(parts.values()))
    sys.exit(0 if all(claim.passed for part in parts.values() for claim in part.claims) else 1)


if __name__ == "__main__":
    main()
