"""How often is a guarantee broken, and how much is accepted?  Draws whose population is known.

In:    options; generators of documents, each with the population that its draws come from.
Out:   per generator, risk and number of documents: the share of draws whose true risk exceeds the
       one that was asked for, what is accepted as a share of the oracle's, the rate of refusals.
Never: a risk estimated on the labels that the policy was made of.
Why:   "at most so often, with 95 % confidence" is a claim about draws, and refusing all keeps it.

    python bench/guarantee.py [--draws N] [--world NAME]... [--strict] [--documents] [--finite]

The oracle knows the population: it accepts from the lowest cut on at which the true risk is at most
the one that was asked for.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import click
import numpy as np

from fieldconf.policy import Policy
from fieldconf.statistics.judged_table import Table

POPULATION = 100_000  # documents
DOCUMENTS = (50, 100, 300, 1000)
RISKS = (0.02, 0.05, 0.10)
LEAST = 0.02  # of the oracle's coverage, for a share of it to say anything
FINITE = 300  # documents of a population that draws with replacement come from

Rng = np.random.Generator
Rows = tuple[Any, Any]
"""Confidences, and whether they are right: a row for each document, a column for each field."""


def sigmoid(logit: Any) -> Any:
    return 1 / (1 + np.exp(-logit))


def drawn(rng: Rng, confidence: Any, right: Any) -> Rows:
    return confidence, rng.random(confidence.shape) < right


def severe(rng: Rng, documents: int, loss: float = 0.15, mean: float = 3.0) -> Rows:
    """Eight fields; in one document of eight each is wrong more often, which no score shows."""
    logit = rng.normal(mean, 2.0, (documents, 8))
    bad = rng.random((documents, 1)) < 1 / 8
    return drawn(rng, sigmoid(logit), sigmoid(0.9 * logit) * np.where(bad, 1 - loss, 1))


def severest(rng: Rng, documents: int) -> Rows:
    """The same, and bad documents lose four in ten of what would be right (else 15 %)."""
    return severe(rng, documents, 0.4, 2.5)


def hard(rng: Rng, documents: int) -> Rows:
    """The same as the severe one with less confident answers."""
    return severe(rng, documents, 0.2, 2.0)


def independent(rng: Rng, documents: int) -> Rows:
    logit = rng.normal(2.0, 1.6, (documents, 8))
    return drawn(rng, sigmoid(logit), sigmoid(0.8 * logit))


def one_field(rng: Rng, documents: int) -> Rows:
    logit = rng.normal(2.0, 1.6, (documents, 1))
    return drawn(rng, sigmoid(logit), sigmoid(0.9 * logit))


def saturated(rng: Rng, documents: int) -> Rows:
    """Nine confidences in ten are 1.0; 4 % of these are wrong."""
    is_sure = rng.random((documents, 8)) < 0.9
    return drawn(rng, np.where(is_sure, 1.0, 0.6), np.where(is_sure, 0.96, 0.5))


def ties(rng: Rng, documents: int) -> Rows:
    logit = rng.normal(2.0, 1.6, (documents, 8))
    return drawn(rng, np.round(sigmoid(logit), 1), sigmoid(0.9 * logit))


def clusters(rng: Rng, documents: int) -> Rows:
    """An effect of the document on the logit of each of its fields, which no score shows."""
    logit = rng.normal(2.5, 1.5, (documents, 8))
    effect = rng.normal(0, 1.5, (documents, 1))
    return drawn(rng, sigmoid(logit), sigmoid(logit + effect))


def whole(rng: Rng, documents: int) -> Rows:
    """A document is right or wrong as a whole: 6 % are wrong."""
    right = np.broadcast_to(rng.random((documents, 1)) > 0.06, (documents, 8))
    return sigmoid(rng.normal(2.5, 1.5, (documents, 8))), right


def scans(rng: Rng, documents: int) -> Rows:
    """One document in twenty is wrong as a whole; the others as often as they are unsure."""
    logit = rng.normal(2.5, 2.0, (documents, 8))
    bad = rng.random((documents, 1)) < 0.05
    return drawn(rng, sigmoid(logit), np.where(bad, 0, sigmoid(logit)))


def rare(rng: Rng, documents: int) -> Rows:
    """A document is right or wrong as a whole: 2.5 % are wrong; few draws show it."""
    right = np.broadcast_to(rng.random((documents, 1)) > 0.025, (documents, 8))
    return sigmoid(rng.normal(2.5, 1.5, (documents, 8))), right


WORLDS: dict[str, Callable[[Rng, int], Rows]] = {
    world.__name__: world
    for world in (
        severe, severest, hard, independent, one_field, saturated, ties, clusters, whole, scans,
        rare,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """Of each cut of a population, what is accepted from it on, as a share, and the risk."""

    cut: Any
    coverage: Any
    risk: Any

    @classmethod
    def of(cls, confidence: Any, right: Any) -> "Truth":
        """What a population says."""
        order = np.argsort(-confidence, kind="stable")
        confidence, wrong = confidence[order], np.cumsum(~right[order])
        ends = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True))
        return cls(confidence[ends], (ends + 1) / len(order), wrong[ends] / (ends + 1))

    def at(self, cut: float | None) -> tuple[float, float]:
        """The coverage and the risk of a cut."""
        number = -1 if cut is None else int(np.searchsorted(-self.cut, -cut, side="right")) - 1
        return (0.0, 0.0) if number < 0 else (self.coverage[number], self.risk[number])

    def oracle(self, risk: float) -> float:
        """The largest coverage with at most this risk."""
        return float(self.coverage[self.risk <= risk].max(initial=0.0))


def table_of(rows: Rows) -> Table:
    confidence, right = rows
    documents, fields = confidence.shape
    return Table(
        np.repeat(np.arange(documents), fields), np.tile(np.arange(fields), documents),
        confidence.ravel(), right.ravel(), tuple(range(documents)),
        tuple(f"/f{number}" for number in range(fields)), ("",) * fields,
    )  # fmt: skip


def truth_of(rows: Rows, *, is_documents: bool) -> Truth:
    confidence, right = rows
    if is_documents:
        return Truth.of(confidence.min(axis=1), right.all(axis=1))
    return Truth.of(confidence.ravel(), right.ravel())


@dataclass(frozen=True)
class Result:
    """Of draws: how many broke the guarantee; coverage over the oracle's; how many refused."""

    broken: float
    coverage: float
    refused: float
    oracle: float
    effect: float


def judged(
    draw: Callable[[], Rows], truth: Truth, risk: float, draws: int, **options: Any
) -> Result:
    broken, refused, coverage, effects = 0, 0, 0.0, []
    for _ in range(draws):
        guarantee = Policy.guaranteed(table_of(draw()), risk=risk, **options).guarantee
        assert guarantee is not None
        cut = guarantee.certificates[0].cut
        accepted, true_risk = truth.at(cut)
        broken += true_risk > risk
        refused += cut is None
        coverage += accepted / draws
        effects += [] if guarantee.design_effect is None else [guarantee.design_effect]
    oracle = truth.oracle(risk)
    share = coverage / oracle if oracle else math.nan
    effect = float(np.median(effects)) if effects else math.nan
    return Result(broken / draws, share, refused / draws, oracle, effect)


def draws_of(world: str, *, is_finite: bool) -> tuple[Rows, Callable[[int], Rows]]:
    """A population, and what draws documents of it."""
    rng = np.random.default_rng(0)
    draw = WORLDS[world]
    if not is_finite:
        return draw(rng, POPULATION), lambda documents: draw(rng, documents)
    confidence, right = draw(rng, FINITE)

    def again(documents: int) -> Rows:
        chosen = rng.integers(0, FINITE, documents)
        return confidence[chosen], right[chosen]

    return (confidence, right), again


@click.command()
@click.option("--draws", default=1000, show_default=True)
@click.option("--world", "worlds", multiple=True, type=click.Choice([*WORLDS]))
@click.option("--risk", "risks", multiple=True, type=float, default=RISKS)
@click.option("--strict", is_flag=True, help="The bound that needs no design effect.")
@click.option("--documents", is_flag=True, help="Whole documents are accepted.")
@click.option("--finite", is_flag=True, help="Documents drawn with replacement from a few.")
def main(
    *, draws: int, worlds: tuple[str, ...], risks: tuple[float, ...], strict: bool,
    documents: bool, finite: bool,
) -> None:  # fmt: skip
    """Print how often guarantees are broken, and how much they accept."""
    unit = "document" if documents else "field"
    print("world        risk documents  broken  of oracle's  refused  oracle's  design effect")
    for world in worlds or WORLDS:
        for risk in risks:
            for count in DOCUMENTS:
                population, draw = draws_of(world, is_finite=finite)
                truth = truth_of(population, is_documents=documents)
                drawing = partial(draw, count)
                r = judged(drawing, truth, risk, draws, strict=strict, unit=unit)
                share = f"{r.coverage:.2f}" if r.oracle >= LEAST else "-"
                print(
                    f"{world:12} {risk:4.2f} {count:9} {r.broken:7.3f} {share:>12} "
                    f"{r.refused:8.3f} {r.oracle:9.3f} {r.effect:14.2f}", flush=True,
                )  # fmt: skip


if __name__ == "__main__":
    main()
