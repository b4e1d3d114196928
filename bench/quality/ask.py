"""Ask the embedded model about every document of the sets; the answers are kept, one a line.

    python bench/quality/ask.py [--hours 3] [--set NAME ...] [--threads 1]

It may be ended at any time and goes on where it was. The answers (`.answers/` beside this file)
hold the responses with the 20 likeliest tokens of each place; `pack.py` makes of them what is
stored. Where all fields are finite, the distributions of the first prompt are settled, too.
"""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import click
from sets import PLANS, DataSet, Prompt
from stored import ANSWERS, payload, stored

import fieldconf as fc
from fieldconf.errors import FieldconfError

SETTLED = ("sms_spam", "banking77")
"""The sets whose every field is a boolean or an enum."""

ASKED: tuple[Prompt, ...] = ("a", "b", "d")

PARTS = 20  # of a set; the sets take turns after each


def answered_in(name: str) -> set[tuple[str, str]]:
    """The documents and prompts of a set that have an answer, here or in the stored files."""
    path = ANSWERS / f"{name}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [*map(json.loads, lines), *stored(name)]
    return {(row["document"], row["prompt"]) for row in rows}


def tasks(names: list[str], prompts: Sequence[Prompt]) -> Iterator[tuple[DataSet, int, Prompt]]:
    """What is still to be asked: all sets grow together, so that a short run has some of each."""
    sets = [DataSet.read(name) for name in names]
    answered = {each.name: answered_in(each.name) for each in sets}
    for part in range(PARTS):
        for each in sets:
            count = min(each.plan.documents, len(each.documents))
            size = -(-count // PARTS)
            for number in range(part * size, min((part + 1) * size, count)):
                for prompt in prompts:
                    if (each.documents[number].id, prompt) not in answered[each.name]:
                        yield each, number, prompt


def answer(client: Any, each: DataSet, number: int, prompt: Prompt) -> dict[str, Any]:
    """The line of one answer."""
    row: dict[str, Any] = {"document": each.documents[number].id, "prompt": prompt}
    settle = fc.Settle(tolerance=0.01) if each.name in SETTLED and prompt == "a" else None
    try:
        if prompt == "d":
            return row | {"response": second_response(client, each, number)}
        report = fc.extract(
            each.schema_of(prompt), each.messages(number, prompt), client=client, top_logprobs=20,
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


def second_response(client: Any, each: DataSet, number: int) -> Any:
    """The response to what `fc.second_prompt` asks after the stored answer to prompt "a"."""
    document = each.documents[number].id
    lines = (line for line in stored(each.name) if line["document"] == document)
    line = next(line for line in lines if line["prompt"] == "a")
    report = fc.score(payload(line), each.schema_of("a"))
    responses: list[Any] = []
    fc.second_prompt(
        report, each.messages(number, "a"), client=client, top_logprobs=20, max_tokens=400,
        keep="response", observe=lambda answer: responses.append(answer.response),
    )  # fmt: skip
    return responses[0]


@click.command()
@click.option("--hours", default=3.0, show_default=True, help="When to stop.")
@click.option("--set", "names", multiple=True, type=click.Choice(list(PLANS)))
@click.option("--prompt", "prompts", multiple=True, type=click.Choice(ASKED))
@click.option("--threads", default=1, show_default=True, help="Of the model.")
def main(hours: float, names: tuple[str, ...], prompts: tuple[Prompt, ...], threads: int) -> None:
    """Ask about every document that has no answer yet."""
    ANSWERS.mkdir(exist_ok=True)
    end = time.monotonic() + hours * 3600
    count = 0
    with fc.local(context=8192, threads=threads) as client:
        for each, number, prompt in tasks(list(names or PLANS), prompts or ASKED):
            if time.monotonic() > end:
                break
            line = json.dumps(answer(client, each, number, prompt))
            with (ANSWERS / f"{each.name}.jsonl").open("a") as file:
                file.write(line + "\n")
            count += 1
            if count % 20 == 0:
                print(f"{count} answers, {each.name}", flush=True)
    print(f"{count} answers")


if __name__ == "__main__":
    main()
