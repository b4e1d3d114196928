"""How near are the numbers of open values to the settled ones?  Strings, numbers, dates, lists.

In:    the texts of `exact_prompts.py`; a client of the embedded model.
Out:   tables by kind of field: brackets of one answer that hold what settling finds, their width,
       and the mean error of `confidence`, `low` and the tokens' own product beside it.
Never: a truth from one answer: it is what the model says after every beginning that matters.
Why:   an open value has no list of members that could be walked; settling asks until its bounds
       are within the tolerance, so the truth is known that well.

    python bench/exact.py            # prints this, too
    python bench/exact_open.py [--prompts N] [--known FILE]

With a file, what was settled is kept there, and another version of fieldconf can be judged by it.
"""

import datetime as dt
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import click
from exact_prompts import PROMPTS
from pydantic import BaseModel, Field, create_model

import fieldconf as fc
from fieldconf.embedded import local

TOLERANCE, BUDGET = 0.01, 40  # of settling: width, and questions an answer
PROMPTS_JUDGED = 42  # some 160 fields
ROUNDING = 1e-3  # of the runtime, in a probability: batches of other sizes round differently

Short = Annotated[str, Field(max_length=24)]
Code = Annotated[str, Field(pattern="^[A-Z]{2}-[0-9]{3}$")]


def _shape(**fields: Any) -> type[BaseModel]:
    return create_model("Answer", **{name: (kind, ...) for name, kind in fields.items()})


SHAPES = [
    _shape(name=Short, amount=int | None, place=Short | None),
    _shape(product=Short, price=float, quantity=int),
    _shape(date=dt.date, code=Code, year=int | None),
    _shape(things=Annotated[list[Short], Field(max_length=4)], count=int, remark=Short | None),
]


class Known(NamedTuple):
    """A field of one answer: what one answer says of it, and what settling found."""

    kind: str
    point: float
    low: float
    high: float
    product: float
    settled_low: float
    settled_high: float

    @property
    def truth(self) -> float:
        """The middle of the settled bounds (0..1)."""
        return (self.settled_low + self.settled_high) / 2

    @property
    def is_held(self) -> bool:
        """Whether the bracket of one answer holds what settling found, but for rounding."""
        return self.low - ROUNDING <= self.settled_high and self.settled_low <= self.high + ROUNDING


def kind_of(name: str, value: Any) -> str:
    """The kind under which a field is counted."""
    nullable = ("amount", "place", "year", "remark")
    if name in ("date", "code"):
        return name
    if isinstance(value, list):
        return "list end"
    kind = "number" if name in ("price", "quantity", "count", "amount", "year") else "string"
    return f"nullable {kind}" if name in nullable else kind


def fields_of(report: Any) -> dict[str, tuple[str, Any]]:
    """The fields that are judged, by pointer: name and value; an item has its list's name."""
    found = {}
    for name, value in report.data.items():
        found[f"/{name}"] = name, value
        if isinstance(value, list):
            found |= {f"/{name}/{i}": (name, item) for i, item in enumerate(value)}
    return found


def measured(client: Any, prompts: int, cache: Path | None = None) -> Iterator[Known]:
    """Every open field of the answers to these prompts."""
    known: dict[str, Any] = json.loads(cache.read_text()) if cache and cache.is_file() else {}
    for number, prompt in enumerate(PROMPTS[:prompts]):
        model = SHAPES[number % len(SHAPES)]
        report = fc.extract(model, prompt.text, client=client, top_logprobs=20)
        if str(number) not in known:
            settle = fc.Settle(tolerance=TOLERANCE, budget=BUDGET)
            settled = fc.extract(model, prompt.text, client=client, top_logprobs=20, settle=settle)
            known[str(number)] = {
                "data": json.loads(json.dumps(settled.data)),
                "fields": {p: (f.low, f.high) for p, f in settled.fields.items()},
            }
            if cache:
                cache.write_text(json.dumps(known))
        if json.loads(json.dumps(report.data)) != known[str(number)]["data"]:
            raise click.ClickException(f"another answer than before: {report.data}")
        for pointer, (name, value) in fields_of(report).items():
            field, bounds = report.fields[pointer], known[str(number)]["fields"][pointer]
            if None in (field.confidence, field.low, *bounds):
                continue
            yield Known(
                kind_of(name, value), field.confidence, field.low, field.high,
                math.exp(field.logprob), *bounds,
            )  # fmt: skip
        click.echo(f"\ropen values: {number + 1} of {prompts}", nl=number + 1 == prompts, err=True)


def mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers) if numbers else math.nan


HEADER = (
    f"{'':18}{'fields':>7}{'held':>6}{'settled':>9}{'width':>8}{'settled':>9}"
    f"{'error':>8}{'worst':>7}{'signed':>8}{'low':>8}{'product':>9}"
)

EXPLAINED = """
held     fields whose bracket of one answer holds what settling found (to .001: the runtime's own
         rounding); settled: fields that it brought to .01; width: of the brackets, and settled
error    |confidence - settled|, mean and worst; signed: above 0 where it is overstated
low      the same error if `low` were the point; product: exp of the tokens' summed logprobs"""


def line(label: str, rows: Sequence[Known]) -> str:
    errors = [abs(row.point - row.truth) for row in rows]
    return (
        f"{label:18}{len(rows):7}{sum(row.is_held for row in rows):6}"
        f"{sum(r.settled_high - r.settled_low <= TOLERANCE for r in rows):9}"
        f"{mean([r.high - r.low for r in rows]):8.3f}"
        f"{mean([r.settled_high - r.settled_low for r in rows]):9.3f}"
        f"{mean(errors):8.4f}{max(errors, default=math.nan):7.3f}"
        f"{mean([r.point - r.truth for r in rows]):+8.4f}"
        f"{mean([abs(r.low - r.truth) for r in rows]):8.4f}"
        f"{mean([abs(r.product - r.truth) for r in rows]):9.4f}"
    )


def table(rows: Sequence[Known]) -> Iterator[str]:
    yield from ("\nopen values, one answer with top_logprobs 20 against settling", HEADER)
    yield from (line(kind, [r for r in rows if r.kind == kind]) for kind in _kinds(rows))
    yield line("all", rows)
    yield EXPLAINED


def _kinds(rows: Sequence[Known]) -> list[str]:
    return sorted({row.kind for row in rows})


@click.command()
@click.option("--prompts", default=PROMPTS_JUDGED, show_default=True, type=click.IntRange(1, 72))
@click.option("--known", type=click.Path(path_type=Path), help="Keep what was settled here.")
def main(*, prompts: int, known: Path | None) -> None:
    """Judge the numbers of open values by settling."""
    began = time.perf_counter()
    with local() as client:
        rows = list(measured(client, prompts, known))
    click.echo("\n".join(table(rows)))
    click.echo(f"{time.perf_counter() - began:.0f} s")
    sys.exit(0 if all(row.is_held for row in rows) else 1)


if __name__ == "__main__":
    main()
