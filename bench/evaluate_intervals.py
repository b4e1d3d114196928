"""How often the intervals of an evaluation hold what a very large sample shows.

In: nothing; documents are drawn, seeded: eight values each, right and wrong together.
Out: for each number of documents and measure: the share of draws whose 95 % interval holds the
    large sample's number, and how many draws had an interval; the same of a difference; and how
    often the verdicts call a perfect score miscalibrated, and noise a ranking.
Never: a network.
Why: an interval that is right 80 % of the time is no 95 % interval.

    python bench/evaluate_intervals.py [DRAWS]
"""

import sys
from collections import Counter

import numpy as np

import fieldconf as fc
from fieldconf.evaluation.curves import RankedRows
from fieldconf.statistics.judged_table import Table

MEASURES = ("accuracy", "auroc", "augrc", "aurc", "risk_at_80", "caught_at_20", "coverage_at_10",
            "brier", "log_loss", "ece", "bias")  # fmt: skip
PER = 8


def drawn(rng, documents: int, *, kind: str = "biased"):
    """A table: hard documents are wrong together, and the score does not see which are."""
    document = np.repeat(np.arange(documents), PER)
    logit = rng.normal(1.5, 1.5, size=len(document))
    hard = rng.normal(0, 0.7 if kind == "biased" else 0, size=documents)[document]
    p = 1 / (1 + np.exp(-logit))
    truth = (
        np.full(len(p), 0.8)
        if kind == "noise"
        else 1 / (1 + np.exp(-(logit - 0.4 * (kind == "biased") - hard)))
    )
    right = rng.random(len(p)) < truth
    other = 1 / (1 + np.exp(-(logit + rng.normal(0, 0.7, size=len(p)))))
    return Table.of(document.tolist(), ["/a"] * len(p), p, right, scores={"other": other})


def main():
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rng = np.random.default_rng(0)
    large = drawn(rng, 250_000)
    curves = {
        name: RankedRows.of(large.document, large.score(name), large.right)
        for name in ("confidence", "other")
    }
    truth = {name: curves["confidence"].measure(name) for name in MEASURES}
    gap = truth["auroc"] - curves["other"].measure("auroc")
    print("documents " + " ".join(f"{name:>14}" for name in (*MEASURES, "difference")))
    for documents in (30, 100, 300):
        held, known = Counter(), Counter()
        for _ in range(draws):
            found = fc.evaluate(drawn(rng, documents), by="overall", resamples=300)
            (difference,) = found.compare("confidence", "other", measures=["auroc"]).rows
            ends = {name: (found.overall[name], truth[name]) for name in MEASURES}
            ends["difference"] = difference.difference, gap
            for name, (one, expected) in ends.items():
                if one.low is not None:
                    known[name] += 1
                    held[name] += one.low <= expected <= one.high
        shown = (f"{held[n] / max(known[n], 1):8.3f} /{known[n]:4}" for n in ends)
        print(f"{documents:9} " + " ".join(shown))
    for documents in (30, 100, 300):
        false = Counter()
        for _ in range(draws):
            perfect = fc.evaluate(
                drawn(rng, documents, kind="perfect"), by="overall", resamples=300
            )
            noise = fc.evaluate(drawn(rng, documents, kind="noise"), by="overall", resamples=300)
            false["calibrate"] += any(
                "calibrate" in v.split(":")[-1] for v in perfect.overall.verdicts
            )
            false["ranks"] += "ranks better" in noise.overall.verdicts[0]
        print(documents, "documents:", {name: count / draws for name, count in false.items()},
              "of a perfect score called miscalibrated, of noise said to rank")  # fmt: skip


main()
