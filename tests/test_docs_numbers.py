"""The examples of docs/numbers.md: as the page says, and as an enumeration of all answers says."""

import json
import math
import re
from pathlib import Path

import jsonschema
import pytest
from builders import completion, token

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion

PAGE = Path(__file__).parents[1] / "docs/numbers.md"
KINDS = {"int": {"type": "integer"}, "string": {"type": "string"}, "null": {"type": "null"}}


def rows():
    """(schema, steps as {text: mass}, (low, confidence, high)) of each row of the table."""
    table = PAGE.read_text().partition("| schema | tokens")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        schema, steps, numbers = (cell.strip() for cell in line.strip("|").split(" | "))
        yield (
            schema.replace("`", ""),
            [step_of(step) for step in steps.split(";")],
            tuple(float(number) for number in numbers.strip("| ").split(",")),
        )


def step_of(text):
    found = re.findall(r"`([^`]+)`(?: (\.[0-9]+))?", text)
    return {word: float(mass or 1) for word, mass in found}


def node_of(words):
    if words.startswith("list of "):
        return {"type": "array", "items": node_of(words.removeprefix("list of "))}
    parts = [KINDS[word] for word in words.split(" or ")]
    return parts[0] if len(parts) == 1 else {"anyOf": parts}


ROWS = list(rows())


def report_of(words, steps):
    schema = {
        "type": "object", "properties": {"n": node_of(words)}, "required": ["n"],
        "additionalProperties": False,
    }  # fmt: skip
    tokens = [
        token(next(iter(step)), math.log(next(iter(step.values()))),
              [(text, math.log(mass)) for text, mass in step.items()])
        for step in steps
    ]  # fmt: skip
    return score_completion(completion(*tokens), compile_schema(schema)), schema


def test_the_page_has_its_table():
    assert len(ROWS) == 7


@pytest.mark.parametrize(("words", "steps", "numbers"), ROWS)
def test_the_numbers_are_those_of_the_page(words, steps, numbers):
    report, _ = report_of(words, steps)
    field = report["n"]
    assert (field.low, field.confidence, field.high) == pytest.approx(numbers)


@pytest.mark.parametrize(("words", "steps", "numbers"), ROWS)
def test_the_bounds_are_those_of_all_answers(words, steps, numbers):
    """Whatever the unlisted ways off the path do, a share between low and high is this value's.

    Each listed candidate off the answer's path is continued in the way that is best for the value,
    and in the way that is worst: the shares of both are the bounds.
    """
    report, schema = report_of(words, steps)
    written = report.data
    texts = [next(iter(step)) for step in steps]
    worst = best = 0.0
    reach = 1.0
    for at, step in enumerate(steps):
        for text, mass in list(step.items())[1:]:
            begun = "".join(texts[:at]) + text
            ends = [end for end in ENDS if is_answer(begun + end, schema)]
            values = [json.loads(begun + end) for end in ends]
            assert values, f"nothing follows {begun}"
            agrees = [same_count(value, written, words) for value in values]
            worst += reach * mass * all(agrees)
            best += reach * mass * any(agrees)
        reach *= step[texts[at]]
    assert (worst + reach, best + reach) == pytest.approx((numbers[0], numbers[2]))


DIGITS = [*map(str, range(10)), "12", "22", "-5"]
HEADS = ["", *DIGITS, "null", '"', 'abc"', 'x"', '"abc"', '"x"', '""']
ENDS = [head + tail for head in HEADS for tail in ("}", "]}", "")]


def is_answer(text, schema):
    try:
        jsonschema.validate(json.loads(text), schema)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


def same_count(value, written, words):
    """Whether it is the same value; of a list, whether it ends after as many items."""
    if words.startswith("list"):
        return len(value["n"]) == len(written["n"])
    return value == written
