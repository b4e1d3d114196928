"""How often does drift alarm for nothing, and what does it see?  Months of answers that are drawn.

In:    options; a generator of documents whose confidences are skewed, and clustered by document.
Out:   the share of quiet months with a false alarm; the share of changed months that are seen.
Never: a figure without its interval.
Why:   an alarm that is false every other month is switched off, and one that never comes is none.

    python bench/drift.py [--months N] [--draws N] [--documents N]

A document has six fields and a list of up to eight values. How sure the model is depends on the
document (the values of one are correlated by about .3) and on the field. A tenth of the values is
saturated at 1, some are null, and some have no confidence. The values are as often right as a
calibrated model's would be.
"""

import warnings
from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import click
import numpy as np
from scipy import stats

import fieldconf as fc
from fieldconf.monitoring.alarms import accuracy_alarm, risk_alarm
from fieldconf.monitoring.baseline import judged_documents
from fieldconf.policy import Policy
from fieldconf.statistics.judged_table import Table

Rng = np.random.Generator
EASE = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 2.5, 3.0])
"""The mean logit of the confidence of each field; the last one is the list's."""
FIELDS = ("/team", "/date", "/total", "/currency", "/urgent", "/name", "/items/*")
SHIFTS = (0.1, 0.2, 0.3, 0.5)


def month(rng: Rng, documents: int, shift: float = 0.0) -> Table:
    """Answers of a month; ``shift`` is by how much all logits are lower."""
    sizes = np.ones((documents, 7), dtype=int)
    sizes[:, 6] = rng.integers(0, 9, documents)
    document = np.repeat(np.arange(documents), sizes.sum(axis=1))
    field = np.repeat(np.tile(np.arange(7), documents), sizes.ravel())
    mood = rng.normal(0, 1.0, documents)[document]
    logit = EASE[field] + mood + rng.normal(0, 1.5, len(field)) - shift
    confidence = 1 / (1 + np.exp(-logit))
    right = rng.random(len(field)) < confidence
    confidence = np.where(rng.random(len(field)) < 0.1, 1.0, confidence)
    confidence = np.where(rng.random(len(field)) < 0.002, np.nan, confidence)
    names = tuple(range(documents))
    return Table(document, field, confidence, right, names, FIELDS, ("",) * len(FIELDS))


def labelled(rng: Rng, documents: int, accuracy: float, rho: float, size: int = 8) -> Table:
    """Documents of so many labelled values each, whose errors are correlated by ``rho``."""
    total = 1 / rho - 1
    rate = rng.beta((1 - accuracy) * total, accuracy * total, documents)
    right = rng.random((documents, size)) >= rate[:, None]
    return Table(
        np.repeat(np.arange(documents), size), np.tile(np.arange(size), documents),
        np.full(right.size, 0.95), right.ravel(), tuple(range(documents)),
        tuple(f"/f{n}" for n in range(size)), ("",) * size,
    )  # fmt: skip


def share(name: str, draws: int, holds: Callable[[], bool]) -> None:
    """Print in how many draws something holds, with Clopper and Pearson's interval."""
    seen = sum(holds() for _ in range(draws))
    low, high = stats.binomtest(seen, draws).proportion_ci(0.95)
    print(f"{name:66} {seen:4d} of {draws:4d}  {seen / draws:.3f} [{low:.3f}, {high:.3f}]")


@click.command()
@click.option("--months", default=300, show_default=True, help="Quiet months.")
@click.option("--draws", default=200, show_default=True, help="Of each change.")
@click.option("--documents", default=1000, show_default=True, help="Of a month.")
@click.option("--seed", default=0, show_default=True)
def main(months: int, draws: int, documents: int, seed: int) -> None:
    """Print the shares."""
    warnings.simplefilter("error")
    rng = np.random.default_rng(seed)

    def drifts(shift: float) -> bool:
        """A month beside a baseline of its own, so that months are independent."""
        return fc.drift(
            unjudged(month(rng, documents)), unjudged(month(rng, documents, shift))
        ).is_drifted

    print(f"without labels: {documents:,} documents before and now, 7 fields, alpha .01")
    share("quiet", months, lambda: drifts(0.0))
    for shift in SHIFTS:
        means = [
            np.nanmean(month(np.random.default_rng(1), 20_000, s).confidence) for s in (0, shift)
        ]
        change = f"mean confidence {means[0]:.3f} -> {means[1]:.3f}"
        share(f"logits lower by {shift} ({change})", draws, lambda s=shift: drifts(s))

    print("risk of accepted values: documents of 8 labels, alpha .01")
    for rho, risk in product((0.02, 0.1, 0.2), (0.05, 0.1, 0.2)):
        name = f"risk {risk}, errors correlated by {rho}"
        quiet = partial(is_risky, rng, 1000, 1 - risk, rho, risk)
        share(f"{name}: true risk equal, 8,000 labels", months, quiet)
        changed = partial(is_risky, rng, 250, 0.95 - risk, rho, risk)
        share(f"{name}: 5 points more, 2,000 labels", draws, changed)

    print("accuracy beside a baseline's .9: documents of 8 labels, 2,000 labels now, alpha .01")
    for rho, before in product((0.02, 0.1, 0.2), (250, 500, 1000)):
        name = f"{8 * before:,} labels before, errors correlated by {rho}"
        share(f"{name}: the same", draws, partial(falls, rng, before, 0.9, rho))
        share(f"{name}: 5 points less", draws, partial(falls, rng, before, 0.85, rho))


def is_risky(rng: Rng, documents: int, accuracy: float, rho: float, risk: float) -> bool:
    """Whether there is an alarm at any of these documents."""
    return risk_alarm(labelled(rng, documents, accuracy, rho), Policy(0.9), risk).is_alarm


def falls(rng: Rng, before: int, accuracy: float, rho: float) -> bool:
    """The same of an accuracy, beside a baseline of its own."""
    judged = judged_documents(labelled(rng, before, 0.9, rho))
    table = labelled(rng, 250, accuracy, rho)
    return accuracy_alarm(table, fc.Baseline(before, judged=judged)).is_alarm


def unjudged(table: Table) -> dict[str, Any]:
    """The columns without labels."""
    names = np.asarray(table.fields)
    return {
        "document": table.document.tolist(), "field": names[table.field].tolist(),
        "confidence": table.confidence.tolist(),
    }  # fmt: skip


if __name__ == "__main__":
    main()
