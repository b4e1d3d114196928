"""Ask the embedded model about every document of the sets; the answers are kept, one a line.

    python bench/quality/ask.py [--hours 3] [--set NAME ...] [--threads 1]

It may be ended at any time and goes on where it was. The answers (`.answers/` beside this file)
hold the responses with the 20 likeliest tokens of each place; `pack.py` makes of them what is
stored. Where all fields are finite, the distributions of the first prompt are settled, too.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
from sets import PLANS, DataSet, Prompt

import fieldconf as fc
from fieldconf.errors import FieldconfError

ANSWERS = Path(__file__).parent / ".answers"
SETTLED = ("sms_spam", "banking77")
"""The sets whose every field is a boolean or an enum."""

PARTS = 20  # of a set; the sets take turns after each


def known_in(path: Path) -> set[tuple[str, str]]:
    """The documents and prompts that have an answer."""
    if not path.exists():
        return set()
    lines = path.read_text().splitlines()
    return {(row["document"], row["prompt"]) for row in map(json.loads, lines)}


def tasks(names: list[str]) -> Iterator[tuple[DataSet, int, Prompt]]:
    """What is still to be asked: all sets grow together, so that a short run has some of each."""
    sets = [DataSet.read(name) for name in names]
    known = {one.name: known_in(ANSWERS / f"{one.name}.jsonl") for one in sets}
    for part in range(PARTS):
        for one in sets:
            count = min(one.plan.documents, len(one.documents))
            size = -(-count // PARTS)
            for number in range(part * size, min((part + 1) * size, count)):
                for prompt in get_args(Prompt):
                    if (one.documents[number].id, prompt) not in known[one.name]:
                        yield one, number, prompt


def answer(client: Any, one: DataSet, number: int, prompt: Prompt) -> dict[str, Any]:
    """The line of one answer."""
    row: dict[str, Any] = {"document": one.documents[number].id, "prompt": prompt}
    settle = fc.Settle(tolerance=0.01) if one.name in SETTLED and prompt == "a" else None
    try:
        report = fc.extract(
            one.schema_of(prompt), one.messages(number, prompt), client=client, top_logprobs=20,
            max_tokens=400, keep="response", settle=settle,
        )  # fmt: skip
    except FieldconfError as error:
        return row | {"error": str(error)}
    if settle is not None:
        row["settled"] = {
            name: [[m.value, m.probability] for m in field.distribution.candidates]
            for name, field in report.fields.items() if field.distribution is not None
        }  # fmt: skip
    return row | {"response": report.response}


@click.command()
@click.option("--hours", default=3.0, show_default=True, help="When to stop.")
@click.option("--set", "names", multiple=True, type=click.Choice(list(PLANS)))
@click.option("--threads", default=1, show_default=True, help="Of the model.")
def main(hours: float, names: tuple[str, ...], threads: int) -> None:
    """Ask about every document that has no answer yet."""
    ANSWERS.mkdir(exist_ok=True)
    end = time.monotonic() + hours * 3600
    count = 0
    with fc.local(context=8192, threads=threads) as client:
        for one, number, prompt in tasks(list(names or PLANS)):
            if time.monotonic() > end:
                break
            line = json.dumps(answer(client, one, number, prompt))
            with (ANSWERS / f"{one.name}.jsonl").open("a") as file:
                file.write(line + "\n")
            count += 1
            if count % 20 == 0:
                print(f"{count} answers, {one.name}", flush=True)
    print(f"{count} answers")


if __name__ == "__main__":
    main()
