"""Verification: whether the embedded model can judge its own answers.

In:    the folder of labelled texts (``../shared/data``); how many restaurants to read.
Out:   of first confidences, of P(true), and of each rule that combines them: how well they tell
       right values from wrong ones (AUROC), and how far they are from the truth (Brier's score);
       the tokens of both requests.
Never: a rule fitted to these texts.
Why:   a second request is worth its price only where the second reading knows something.

    python bench/verification.py ../shared/data 40    # some seconds a text
"""

import json
import sys
from itertools import islice
from pathlib import Path

from outside import present

import fieldconf as fc
from fieldconf.verification.combining import BoundedConfidence, combined

RULES = ("pool", "minimum", "product")


def auroc(pairs):
    """The chance that a right value has a higher number than a wrong one, a tie counting half."""
    right = [number for number, is_right in pairs if is_right]
    wrong = [number for number, is_right in pairs if not is_right]
    wins = sum((a > b) + 0.5 * (a == b) for a in right for b in wrong)
    return wins / (len(right) * len(wrong))


def brier(pairs):
    return sum((number - is_right) ** 2 for number, is_right in pairs) / len(pairs)


def readings(folder, count):
    """For each field its first confidence, P(true), and whether its value is right."""
    schema = json.loads((folder / "schema.json").read_text())
    with fc.local() as client, (folder / "examples.jsonl").open(encoding="utf-8") as lines:
        for example in map(json.loads, islice(lines, count)):
            report = fc.extract(schema, example["text"], client=client, temperature=0)
            checked = fc.verify(report, client=client, temperature=0)
            gold = example["gold"]
            yield checked.requests, [
                (*(one.confidence for one in field.readings), gold[name[1:]] == field.value)
                for name, field in checked.leaves.items()
            ]  # fmt: skip


def main():
    folder = present(Path(sys.argv[1]) / "e2e_restaurants")
    found = list(readings(folder, int(sys.argv[2])))
    fields = [field for _, several in found for field in several]
    by_rule = {
        "the first confidence": [(first, right) for first, _, right in fields],
        "P(true)": [(true, right) for _, true, right in fields],
        **{
            rule: [
                (combined(BoundedConfidence(a), BoundedConfidence(b), rule).confidence, right)
                for a, b, right in fields
            ]
            for rule in RULES
        },
    }  # fmt: skip
    print(f"{len(fields)} fields, {sum(right for *_, right in fields)} right")
    for name, pairs in by_rule.items():
        print(f"{name:<22} AUROC {auroc(pairs):.3f}  Brier {brier(pairs):.3f}")
    for number, name in enumerate(("answers", "verifications")):
        asked = [requests[number] for requests, _ in found]
        print(f"tokens of {name}: {sum(one.input_tokens + one.output_tokens for one in asked):,}")


main()
