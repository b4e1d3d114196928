"""How good are the confidences on the stored set?  Ranking, calibration, the second prompt.

In:    the stored files (`stored.py`); nothing else.
Out:   tables by set: AUROC macro over fields of each score, with intervals over document splits;
       ECE beside a perfect score's; log loss before and after calibration; the guarantee's risk.
Never: a number fitted and judged on the same documents.
Why:   these are the figures that the README and docs/calibration.md quote.

    python bench/quality/judge.py [--set NAME ...] [--draws N]
"""

import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from sets import PLANS
from sklearn.metrics import roc_auc_score
from stored import body, rows, stored

import fieldconf as fc

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from peers import PEERS, NotInstalledError, environment  # noqa: E402  # beside this folder

SPLITS, SEED = 5, 0
SCORES = ("rank", "confidence", "low", "exp_mean", "exp_joint", "first", "least")
"""Ours, and the baselines: what one makes of the tokens without their rivals."""

FEWEST = 5  # right and wrong values of a field in a split, for an AUROC of it

Row = Mapping[str, Any]


def split_of(table: Sequence[Row]) -> Mapping[str, int]:
    """Which of the splits a document belongs to."""
    documents = sorted({row["document"] for row in table})
    order = np.random.default_rng(SEED).permutation(len(documents))
    return {documents[number]: place % SPLITS for place, number in enumerate(order)}


def macro_auroc(table: Sequence[Row], score: str) -> float:
    """The mean of the AUROC of each field that has right and wrong values enough."""
    by_field: dict[str, list[Row]] = {}
    for row in table:
        if row.get(score) is not None:
            by_field.setdefault(row["field"], []).append(row)
    found: list[float] = []
    for part in by_field.values():
        right = [row["right"] for row in part]
        if min(sum(right), len(right) - sum(right)) >= FEWEST:
            found.append(float(roc_auc_score(right, [row[score] for row in part])))
    return float(np.mean(found)) if found else math.nan


def bootstrapped(table: Sequence[Row], score: str, times: int = 200) -> tuple[float, float, float]:
    """Macro AUROC with its 95 % interval over draws of documents."""
    by_document: dict[str, list[Row]] = {}
    for row in table:
        by_document.setdefault(row["document"], []).append(row)
    names = sorted(by_document)
    chance = np.random.default_rng(SEED)
    draws = [
        macro_auroc([row for name in chance.choice(names, len(names)) for row in by_document[name]],
                    score)
        for _ in range(times)
    ]  # fmt: skip
    low, high = np.nanquantile(draws, (0.025, 0.975))
    return macro_auroc(table, score), float(low), float(high)


def with_calibrated(table: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with ``calibrated``, each by a calibration of the documents of the other splits."""
    place = split_of(table)
    made: list[dict[str, Any]] = []
    for split in range(SPLITS):
        own = [row for row in table if place[row["document"]] == split]
        others = [row for row in table if place[row["document"]] != split]
        numbers = fc.calibrate(others).confidences(own)
        made += [{**row, "calibrated": float(n)} for row, n in zip(own, numbers, strict=True)]
    return made


def with_second(table: Sequence[Row], second: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with ``two prompts``: the mean of both confidences in log odds.

    Where the second answer has another value, its confidence speaks against this one.
    """
    others = {(row["document"], row["pointer"]): row for row in second}
    made: list[dict[str, Any]] = []
    for row in table:
        other = others.get((row["document"], row["pointer"]))
        if other is None or row["confidence"] is None or other["confidence"] is None:
            continue
        agrees = other["value"] == row["value"]
        beside = other["confidence"] if agrees else 1 - other["confidence"]
        mean = (logit(row["confidence"]) + logit(beside)) / 2
        made.append({**row, "two prompts": 1 / (1 + math.exp(-mean))})
    return made


def logit(share: float) -> float:
    """The log odds of a probability, which is kept from 0 and 1."""
    clipped = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(clipped / (1 - clipped))


def with_peers(name: str, table: Sequence[Row]) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows with what each peer says of them that can be installed, and the peers' names."""
    lines = [line for line in stored(name) if line["prompt"] == "a"]
    bodies = "\n".join(json.dumps(body(line)) for line in lines) + "\n"
    made = [dict(row) for row in table]
    names: list[str] = []
    for peer in PEERS:
        try:
            python = environment(peer)
        except NotInstalledError as error:
            print(f"  {peer.name} is not installed: {error}")
            continue
        done = subprocess.run(
            [str(python), str(HERE / "peer_worker.py"), peer.name], input=bodies, text=True,
            capture_output=True, check=True,
        )  # fmt: skip
        answers = map(json.loads, done.stdout.splitlines())
        known = {line["document"]: answer for line, answer in zip(lines, answers, strict=True)}
        for row in made:
            row[peer.name] = known[row["document"]].get(row["pointer"])
        names.append(peer.name)
    return made, names


def show_ranking(name: str, table: Sequence[Row]) -> None:
    """AUROC macro over fields of each score."""
    documents = len({row["document"] for row in table})
    share = sum(row["right"] for row in table) / len(table)
    print(f"\n{name}: {len(table)} values of {documents} documents, {share:.1%} right")
    second = with_second(table, list(rows(name, "b")))
    beside, peers = with_peers(name, table)
    listed = [*((s, table) for s in SCORES), ("two prompts", second)]
    for score, part in [*listed, *((peer, beside) for peer in peers)]:
        point, low, high = bootstrapped(part, score)
        count = sum(row.get(score) is not None for row in part)
        print(f"  AUROC {score:<26} {point:.3f} [{low:.3f}, {high:.3f}]  {count} values")
    fitted = with_calibrated(table)
    for score in ("confidence", "calibrated"):
        found = fc.evaluate(fitted, score=score).overall
        perfect = found.perfect.mean if found.perfect else math.nan
        print(
            f"  {score:<12} ECE {found['ece'].value:.3f} (a perfect score {perfect:.3f}), "
            f"log loss {found['log_loss'].value:.4f}, Brier {found['brier'].value:.4f}, "
            f"bias {found['bias'].value:+.3f}"
        )


def settled_rows(name: str) -> list[dict[str, Any]]:
    """The rows of a set whose distributions are settled, with the settled confidence."""
    made: list[dict[str, Any]] = []
    lines = {line["document"]: line for line in stored(name) if "settled" in line}
    for row in rows(name):
        members = lines.get(row["document"], {}).get("settled", {}).get(row["pointer"], ())
        shares = [share for member, share in members if member == row["value"]]
        made += [{**row, "confidence": share} for share in shares]
    return made


def show_settled(name: str) -> None:
    """Settled and calibrated: ECE beside a perfect score's, and whether any number is 0 or 1."""
    table = settled_rows(name)
    if not table:
        return
    found = fc.evaluate(with_calibrated(table), score="calibrated").overall
    perfect = found.perfect.mean if found.perfect else math.nan
    ends = sum(row["confidence"] in (0, 1) for row in table)
    print(
        f"  settled and calibrated: ECE {found['ece'].value:.3f} (a perfect score {perfect:.3f}), "
        f"{len(table)} values, {ends} of them exactly 0 or 1"
    )


def show_guarantee(table: Sequence[Row], draws: int) -> None:
    """How often a guarantee is broken in draws of documents with replacement from the set.

    The set is then the population: the risk of a policy is the share of what it accepts there that
    is wrong.
    """
    by_document: dict[str, list[Row]] = {}
    for row in table:
        by_document.setdefault(row["document"], []).append(row)
    names = sorted(by_document)
    right = np.array([row["right"] for row in table])
    chance = np.random.default_rng(SEED)
    for risk in (0.02, 0.05, 0.10):
        broken = refused = 0
        covered = 0.0
        for _ in range(draws):
            drawn = [
                {**row, "document": number}
                for number, each in enumerate(chance.choice(names, len(names)))
                for row in by_document[each]
            ]
            policy = fc.Policy.guaranteed(drawn, risk=risk)
            accepted = policy.accepts(table)
            refused += not accepted.any()
            broken += bool(accepted.any() and 1 - right[accepted].mean() > risk)
            covered += accepted.mean()
        print(
            f"  guarantee, risk {risk:.2f}: broken in {broken / draws:.1%} of {draws} draws, "
            f"nothing accepted in {refused / draws:.1%}, coverage {covered / draws:.2f}"
        )


@click.command()
@click.option("--draws", default=1000, show_default=True, help="Of documents, for the guarantee.")
@click.option("--set", "names", multiple=True, type=click.Choice(list(PLANS)))
def main(names: tuple[str, ...], draws: int) -> None:
    """Print how good the confidences on the stored set are."""
    for name in names or PLANS:
        table = list(rows(name))
        if table:
            show_ranking(name, table)
            show_settled(name)
            show_guarantee(table, draws)


if __name__ == "__main__":
    main()
