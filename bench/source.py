"""Source: which values of labelled texts are found in them, by which way, and which by mistake.

In:    the folder of labelled texts (``../shared/data``).
Out:   a table: for each field the share of the labels that each way finds in their own text; of
       them written as a model writes them (ISO dates, JSON numbers); of wrong ones: with one digit
       changed, and looked for in the text of another example.
       With a number of receipts also what the embedded model extracts of them: which of its values
       are found, and which are right.
Never: a threshold fitted to these texts.
Why:   ``source_spans`` is worth something only where wrong values are not found.

    python bench/source.py ../shared/data
    python bench/source.py ../shared/data 31    # and the embedded model: some seconds a receipt
"""

import json
import re
import sys
import time
from collections import Counter
from pathlib import Path

from dateutil import parser
from outside import present

from fieldconf.grounding import WAYS
from fieldconf.grounding.searching import SourceText

FIELDS = {
    "sroie_receipts": ("company", "date", "address", "total"),
    "e2e_restaurants": ("name", "near", "area", "eatType", "food", "priceRange", "customer_rating"),
    "viggo": (
        "name", "developer", "release_year", "exp_release_date", "esrb", "platforms", "genres",
        "specifier",
    ),
}  # fmt: skip


def examples(folder, name):
    with (folder / name / "examples.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def values(example, field):
    """The labels of a field: none, one, or the items of a list."""
    given = example["gold"].get(field)
    return [] if not given else given if isinstance(given, list) else [given]


def iso(value):
    year_first = re.match("[0-9]{4}", value) is not None
    return parser.parse(value, dayfirst=not year_first).date().isoformat()


def as_number(value):
    return float(re.sub(r"[^0-9.-]", "", value))


def other_digit(value):
    """The value with its last digit but two, or its first one, counted on."""
    text = str(value)
    digits = [at for at, one in enumerate(text) if one.isdigit()]
    if not digits:
        return None
    at = digits[-3] if len(digits) > 2 else digits[0]
    made = f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}"
    return made if isinstance(value, str) else int(made)


def own(read, field, change=lambda value: value):
    """Each label, as something made of it, in its own text."""
    for source, example in read:
        for value in values(example, field):
            made = change(value)
            if made is not None:
                yield source, made


def strange(read, field):
    """Each label in the text of the next example that does not have it."""
    for number, (_, example) in enumerate(read):
        for value in values(example, field):
            others = (read[(number + step) % len(read)] for step in range(1, len(read)))
            yield next((s, value) for s, other in others if value not in values(other, field))


def row(title, looked_for):
    counts = Counter()
    for source, value in looked_for:
        places = source.places(value, WAYS)
        counts[places[0].how if places else "absent"] += 1
    total = counts.total()
    if total:
        shares = [f"{100 * counts[how] / total:6.1f}" for how in (*WAYS, "absent")]
        print(f"| {title:30} | {total:4} | " + " | ".join(shares) + " |")


def cost(read):
    """Milliseconds for the four values of a receipt, its folding included."""
    begun = time.perf_counter()
    for source, example in read:
        fresh = SourceText(source.text)
        for field in FIELDS["sroie_receipts"]:
            for value in values(example, field):
                fresh.places(value, WAYS)
    return 1000 * (time.perf_counter() - begun) / len(read)


def asked(folder, count):
    """How many values of the embedded model are found and right, of so many short receipts."""
    import fieldconf as fc

    client, names = fc.local(), ("company", "date", "total")
    properties = {name: {"type": "string"} for name in names}
    schema = {"type": "object", "properties": properties, "required": list(names)}
    counts = Counter()
    short = [e for e in examples(folder, "sroie_receipts") if len(e["text"]) <= 900]
    for example in short[:count]:
        report = fc.extract(
            schema, example["text"], client=client, locate=True, max_tokens=120, temperature=0
        )
        for name in names if report.status == "complete" else ():
            label = str(example["gold"][name])
            is_right = report[name].value.strip().casefold() == label.casefold()
            counts[bool(report[name].source_spans), is_right] += 1
    print(f"\n{counts.total()} values of the embedded model:")
    for is_found in (True, False):
        all_of_them = counts[is_found, True] + counts[is_found, False]
        print(f"{'found' if is_found else 'absent'}: {all_of_them}, right {counts[is_found, True]}")


def main(folder, receipts=0):
    heads = " | ".join(f"{how:>6}" for how in (*WAYS, "absent"))
    print(f"| {'percent of the values':30} | {'n':>4} | {heads} |")
    print(f"|{'-' * 32}|{'-' * 5}:|" + "-------:|" * 6)
    for name, fields in FIELDS.items():
        read = [(SourceText(example["text"]), example) for example in examples(folder, name)]
        for field in fields:
            row(f"{name.split('_')[0]} {field}", own(read, field))
            row("- in another's text", strange(read, field))
            row("- with one digit changed", own(read, field, other_digit))
            if (name, field) == ("sroie_receipts", "date"):
                row("- as an ISO date", own(read, field, iso))
            if (name, field) == ("sroie_receipts", "total"):
                row("- as a JSON number", own(read, field, as_number))
    read = [(SourceText(e["text"]), e) for e in examples(folder, "sroie_receipts")]
    long = sum(len(source.text) for source, _ in read) / len(read)
    print(f"\n{cost(read):.1f} ms for the four values of a receipt of {long:.0f} characters")
    if receipts:
        asked(folder, receipts)


if __name__ == "__main__":
    main(present(Path(sys.argv[1])), *map(int, sys.argv[2:]))
