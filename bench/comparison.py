"""Write docs/comparison.md: fieldconf beside the peers, every cell made by this script.

In:    the held cases of `tests/fixtures/alignment_cases.json`; ordinary answers of `corpus.py`; the
       peers, each in an environment of its own (`peers.py`).
Out:   the page: right, wrong and missing values; distributions; time; features in the peers' words.
Never: a cell written by hand; a peer's failure that is hidden, or counted twice.
Why:   whoever chooses a library wants to see others on the same inputs, and to be able to check it.

    python bench/comparison.py    # some minutes; the first time, it installs the peers
"""

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

from comparison_features import FEATURES, OURS
from contenders import BYTES, CONTENDERS
from corpus import KINDS, Response, responses
from peers import PEERS, Peer, Running, environment
from timing import block

import fieldconf as fc

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGE = ROOT / "docs" / "comparison.md"
HELD = ROOT / "tests" / "fixtures" / "alignment_cases.json"
MINE = "fieldconf"
EXACT, ROUNDED, NEAR = 1e-6, 1e-3, 0.01  # of logprobs; of rounded probabilities; of distributions
ORDINARY, TIMED, ROUNDS = 10, 15, 5  # answers of a kind; invoices a sample; samples
COMPARED = (*PEERS, Peer("distenum", ("distenum==0.1.1",), note="Distributions of enums only."))

Shares = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Case:
    """A response with its right answers by JSON Pointer: sums, fieldconf's first, and shares."""

    body: str
    schema: Any
    sums: dict[str, list[float]]
    shares: Shares


@dataclass
class Score:
    """Of one library on a set of cases."""

    right: int = 0
    wrong: int = 0
    missing: int = 0
    failed: int = 0  # cases that raised an error; their values are missing

    def count(self, given: float | None, accepted: Sequence[float], within: float) -> None:
        """One value more."""
        if given is None:
            self.missing += 1
        elif any(abs(given - each) <= within for each in accepted):
            self.right += 1
        else:
            self.wrong += 1

    def cells(self) -> str:
        """As cells of a table."""
        return f"{self.right} | {self.wrong} | {self.missing} | {self.failed}"


def held_cases() -> list[Case]:
    """The hard ones, each of which has broken some library."""
    return [
        Case(
            _body(case["content"], case["finish_reason"], case["tokens"]),
            case["schema"],
            {name: _readings(case["tokens"], known) for name, known in case["expected"].items()},
            case["expected_distribution"],
        )
        for case in json.loads(HELD.read_text())
    ]  # fmt: skip


def _readings(tokens: Sequence[Any], known: dict[str, Any]) -> list[float]:
    """With and without the tokens that hold only a quote; the same for the key and the value."""
    found = [known["joint_logprob"]]
    for kind in ("", "pair_"):
        needed, optional = known.get(f"{kind}required"), known.get(f"{kind}optional", [])
        for count in range(len(optional) + 1) if needed else ():
            found += [
                math.fsum(tokens[index]["logprob"] for index in (*needed, *chosen))
                for chosen in combinations(optional, count)
            ]
    return found


def ordinary_cases() -> list[Case]:
    """Ordinary answers of four kinds, five candidates a token."""
    drawn = [responses(kind, seed, (5,))[0] for kind in KINDS for seed in range(ORDINARY)]
    return [
        Case(
            one.raw.decode(), one.model.model_json_schema(),
            {leaf.pointer: [leaf.touching, *leaf.accepted] for leaf in one.leaves}, {},
        )
        for one in drawn
    ]  # fmt: skip


def mine(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """What fieldconf says of them, in the form of `comparison_peer.py`."""
    answers = []
    for case in cases:
        fields = fc.score(case.body, case.schema).fields
        known = {name: field.distribution for name, field in fields.items() if field.distribution}
        answers.append({
            "sums": {name: field.logprob for name, field in fields.items()},
            "shares": {
                name: {_label(member.value): member.probability for member in each}
                for name, each in known.items()
            },
            "error": "",
        })  # fmt: skip
    return answers


def theirs(peer: Peer, cases: Sequence[Case]) -> tuple[list[dict[str, Any]], str]:
    """What a peer says of them, and its description."""
    done = subprocess.run(
        [str(environment(peer)), str(HERE / "comparison_peer.py"), peer.name],
        input=json.dumps([[case.body, case.schema if case.shares else None] for case in cases]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    return told["answers"], told["words"]


def judged(name: str, answers: Sequence[Any], cases: Sequence[Case]) -> tuple[Score, Score]:
    """The score of the values, and that of the distributions."""
    values, shares = Score(), Score()
    rounded = any(peer.rounded for peer in COMPARED if peer.name == name)
    for answer, case in zip(answers, cases, strict=True):
        values.failed += bool(answer["error"])
        for pointer, accepted in case.sums.items():
            given = answer["sums"].get(pointer)
            if name == MINE:
                values.count(given, accepted[:1], EXACT)
            elif rounded and given is not None:
                values.count(math.exp(given), [math.exp(each) for each in accepted], ROUNDED)
            else:
                values.count(given, accepted, EXACT)
        for pointer, right in case.shares.items():
            found = answer["shares"].get(pointer)
            off = [abs((found or {}).get(member, 0) - share) for member, share in right.items()]
            shares.count(max(off) if found else None, [0], NEAR)
    return values, shares


def times() -> dict[str, float | None]:
    """The peers' time for an invoice, as a multiple of fieldconf's: the median of the rounds."""
    running = [Running(peer) for peer in PEERS]
    spent: dict[str, list[float]] = {name: [] for name in (MINE, *(peer.name for peer in PEERS))}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(ROUNDS + 1):
            bodies = [responses("invoice", turn * TIMED + n, (5,))[0] for n in range(TIMED)]
            files = [_file(Path(folder) / f"{n}.json", one) for n, one in enumerate(bodies)]
            contender = CONTENDERS[BYTES]
            taken = block(contender.call, [contender.door(one) for one in bodies], [])
            samples = {MINE: taken} | {
                each.peer.name: each.sample(files).get("spent")
                for each in running
                if not each.reason
            }
            if turn:  # the first one warms up
                for name, sample in samples.items():
                    spent[name] += [sample] if sample else []
    for each in running:
        each.end()
    return {
        name: median(a / b for a, b in zip(found, spent[MINE], strict=False)) if found else None
        for name, found in spent.items()
    }


def _file(path: Path, response: Response) -> str:
    path.write_bytes(response.raw)
    return str(path)


def _body(content: str, finish_reason: str, tokens: list[Any]) -> str:
    """A Chat Completion with all that the openai package requires of one."""
    message = {"role": "assistant", "content": content, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason,
              "logprobs": {"content": tokens, "refusal": None}}  # fmt: skip
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m"}
    return json.dumps(head | {"choices": [choice]})


def _label(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


# -- the page -------------------------------------------------------------------------------------

HEAD = """\
# Comparison with other libraries

`python bench/comparison.py` writes this page. It installs each library in an environment of its
own, runs it on the same responses, and fills in every cell. Run it to check a cell, or to compare
newer versions.

"""
VALUES = """\
## Values

A library has a number for each value, in one of several conventions: with or without the tokens
that hold only a quote; for the value alone, or for the key and the value. Each of these counts as
*right*; for fieldconf only its documented one does. *Missing* are the values that a library does
not mention. If a case raises an error, all of its values are missing. distenum gives distributions
only.

**{cases} hard cases with {values} values** (`tests/fixtures/alignment_cases.json`): escapes, split
characters, values that also stand in their key, a Markdown fence, a bare value, an end token in the
list. They are fieldconf's own tests, so it gets all of them right.
"""
ORDINARY_VALUES = """\
**{cases} ordinary answers with {values} values** (`bench/corpus.py`): invoices, dense objects, long
texts and booleans, with the tokens of a real tokenizer.
"""
DISTRIBUTIONS = """\
## Distributions

Does a library tell how likely the other members of an enum were? {cases} of the hard cases have
known distributions. One is right if no probability is off by more than {near}. The alternatives of
llm-structured-confidence are those that it resolves to members itself; here they are divided by
their sum.
"""
TIMES = """\
## Time

From the bytes of an invoice of about 150 tokens, with five candidates each, to the numbers.
fieldconf validates the answer and computes every number of every field: probabilities, bounds,
alternatives. The others compute one number a value. Medians of {rounds} rounds, in which all take
turns.
"""
FEATURE_WORDS = """\
## Features

A cell is *yes* if the description in the package's own metadata says so, in the words quoted below;
the script refuses words that do not stand there. All else is *not stated*, which is not *no*:
logprobs-parser, for one, comes without a description.
"""


def page() -> str:
    """The whole page."""
    held, ordinary = held_cases(), ordinary_cases()
    told = {peer.name: theirs(peer, [*held, *ordinary]) for peer in COMPARED}
    answers = {MINE: mine([*held, *ordinary])} | {name: each for name, (each, _) in told.items()}
    versions = {MINE: version("fieldconf")}
    versions |= {peer.name: peer.requirements[0].partition("==")[2] for peer in COMPARED}
    hard = {name: judged(name, each[: len(held)], held) for name, each in answers.items()}
    easy = {name: judged(name, each[len(held) :], ordinary) for name, each in answers.items()}
    count = sum(len(case.shares) for case in held)
    parts = [
        *_libraries(versions),
        VALUES.format(cases=len(held), values=sum(len(case.sums) for case in held)),
        *_scores(hard),
        ORDINARY_VALUES.format(cases=len(ordinary), values=sum(len(c.sums) for c in ordinary)),
        *_scores(easy),
        DISTRIBUTIONS.format(cases=count, near=NEAR),
        *_distributions(hard),
        TIMES.format(rounds=ROUNDS),
        *_times(times()),
        FEATURE_WORDS,
        *_features({name: words for name, (_, words) in told.items()}),
    ]
    return HEAD + "\n".join(parts) + "\n"


def _libraries(versions: dict[str, str]) -> Iterator[str]:
    yield "| library | version | how it is called |\n|---|---|---|"
    notes = {MINE: "fc.score(body, schema)"} | {peer.name: peer.note for peer in COMPARED}
    for name, number in versions.items():
        yield f"| {name} | {number} | {notes[name]} |"
    yield ""


def _scores(scores: dict[str, tuple[Score, Score]]) -> Iterator[str]:
    yield "| library | right | wrong | missing | cases with an error |\n|---|---|---|---|---|"
    for name, (values, _) in scores.items():
        if values.right + values.wrong:  # distenum gives distributions only
            yield f"| {name} | {values.cells()} |"
    yield ""


def _distributions(scores: dict[str, tuple[Score, Score]]) -> Iterator[str]:
    yield "| library | distributions | right | wrong | missing |\n|---|---|---|---|---|"
    for name, (_, score) in scores.items():
        has = "yes" if score.right + score.wrong else "no"
        yield f"| {name} | {has} | {score.right} | {score.wrong} | {score.missing} |"
    yield ""


def _times(known: dict[str, float | None]) -> Iterator[str]:
    yield "| library | time, fieldconf = 1 |\n|---|---|"
    for name, ratio in known.items():
        yield f"| {name} | {'failed' if ratio is None else f'{ratio:.2g}'} |"
    yield "| distenum | not measured: it reads enums only |\n"


def _features(words: dict[str, str]) -> Iterator[str]:
    names = [peer.name for peer in COMPARED]
    yield f"| feature | {MINE} | {' | '.join(names)} |\n|---|{'---|' * (1 + len(names))}"
    quotes = []
    for feature, stated in FEATURES.items():
        cells = [f"[yes]({OURS[feature]})"]
        for name in names:
            quote = stated.get(name)
            if quote and " ".join(quote.split()) not in words[name]:
                raise SystemExit(f"{name} does not say: {quote}")
            cells.append(f"yes ({len(quotes) + 1})" if quote else "not stated")
            quotes += [f"{len(quotes) + 1}. {name}: \u201c{quote}\u201d"] if quote else []
        yield f"| {feature} | {' | '.join(cells)} |"
    yield ""
    yield from quotes


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written", file=sys.stderr)
