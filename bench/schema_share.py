"""How much of scoring is work on the schema: a profile of many responses to one schema.

In:    a number of responses; the schema has 200 fields of all kinds.
Out:   the share of the time in looking up what is declared, in validating, and in judging what is
       possible; and exit code 1 if the first two are more than LIMIT together.
Never: the making of the responses counted; a clock outside of the profiler.
Why:   a schema is compiled once, and what is left of it should cost next to nothing.
"""

import argparse
import cProfile
import json
import pstats
import random
import sys

import bpe_openai

import fieldconf as fc

LIMIT = 0.05
FIELDS = 200
O200K = bpe_openai.get_encoding("o200k_base")
KINDS = [
    ({"type": "boolean"}, lambda dice: dice.random() < 0.5),
    ({"enum": ["billing", "sales", "support"]}, lambda dice: dice.choice(["billing", "sales"])),
    ({"type": "integer", "minimum": 0, "maximum": 10}, lambda dice: dice.randint(0, 10)),
    ({"type": "string"}, lambda dice: f"some {dice.randint(1, 99)} words"),
    ({"type": "number"}, lambda dice: round(dice.uniform(0, 100), 2)),
    (
        {"type": ["string", "null"], "format": "date"},
        lambda dice: dice.choice([None, "2026-11-22"]),
    ),
    ({"type": "array", "items": {"type": "string"}}, lambda dice: ["x"] * dice.randint(0, 3)),
    (
        {
            "type": "object",
            "properties": {"ok": {"type": "boolean"}, "code": {"pattern": "^[A-Z]{3}$"}},
            "required": ["ok", "code"],
        },
        lambda dice: {"ok": dice.random() < 0.5, "code": "ABC"},
    ),
]
NAMES = [f"field_{number}" for number in range(FIELDS)]
SCHEMA = {
    "type": "object",
    "properties": {name: KINDS[i % len(KINDS)][0] for i, name in enumerate(NAMES)},
    "required": NAMES,
}
RIVALS = [(" true", -3.0), ("null", -4.0), ('"', -5.0), ("1", -6.0)]


def response(dice):
    """A Chat Completions body with true o200k tokens and made-up logprobs."""
    answer = {name: KINDS[i % len(KINDS)][1](dice) for i, name in enumerate(NAMES)}
    text = json.dumps(answer)
    pieces = [O200K.decode_single_token_bytes(i) for i in O200K.encode(text)]
    listed = [(piece, -dice.expovariate(9)) for piece in pieces]
    entries = [
        entry(*own) | {"top_logprobs": [entry(*own), *(entry(t.encode(), p) for t, p in RIVALS)]}
        for own in listed
    ]
    choice = {"message": {"content": text}, "logprobs": {"content": entries}}
    return {"choices": [choice | {"finish_reason": "stop"}]}


def entry(piece, logprob):
    return {"token": piece.decode("utf-8", "replace"), "bytes": list(piece), "logprob": logprob}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--responses", type=int, default=100)
    count = parser.parse_args().responses
    dice = random.Random(20_261_122)
    bodies = [response(dice) for _ in range(min(count, 20))]
    profile = cProfile.Profile()
    profile.enable()
    for number in range(count):
        fc.score(bodies[number % len(bodies)], SCHEMA)
    profile.disable()
    stats = pstats.Stats(profile)
    total = stats.total_tt
    own, possible = (
        _own(stats, ("/fieldconf/schema/",)),
        _cumulative(stats, "declared.py", "allows"),
    )
    theirs = _own(stats, ("/jsonschema/", "/referencing/", "/rpds/"))
    tokens = sum(len(body["choices"][0]["logprobs"]["content"]) for body in bodies) // len(bodies)
    print(f"{count:,} responses of {FIELDS} fields, about {tokens:,} tokens each, under cProfile")
    print(f"{'fieldconf.schema: compiling, places, validation':52} {own / total:7.2%}")
    print(f"{'jsonschema and referencing: checking, validation':52} {theirs / total:7.2%}")
    print(f"{'both':52} {(own + theirs) / total:7.2%}  (limit {LIMIT:.0%})")
    print(f"{'beside it: judging candidates by the rules (feasible)':52} {possible / total:7.2%}")
    stats.sort_stats("tottime").print_stats(12)
    sys.exit((own + theirs) / total > LIMIT)


def _own(stats, folders):
    """Seconds in the functions of some folders themselves."""
    timed = stats.stats.items()
    return sum(row[2] for (file, _, _), row in timed if any(part in file for part in folders))


def _cumulative(stats, file, name):
    """Seconds in a function and what it calls."""
    return sum(row[3] for (f, _, n), row in stats.stats.items() if f.endswith(file) and n == name)


if __name__ == "__main__":
    main()
