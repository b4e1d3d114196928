"""What ranks values better than the logprobs of one answer?  Rankers, the source, a second prompt.

In:    the stored files (`stored.py`); nothing else.
Out:   AUROC (the mean over fields) of each score by set, and how much higher it is than that of the
       confidence, with 95 % intervals over draws of documents; what a second prompt costs.
Never: a ranker judged on documents that it was fitted on.
Why:   docs/ranking.md quotes these figures.

    python bench/quality/ranking.py [--draws 200]

"other sets": fitted on the four other sets, without fields of its own. "own set": fitted on four
fifths of the set's own documents, judged on the last fifth, in turn.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
import numpy as np
from sets import PLANS, schema_of
from stored import SCHEMAS, report_of, stored

import fieldconf as fc
from fieldconf.paths import general
from fieldconf.ranking.features import GROUPS, features_of, numbers_of
from fieldconf.ranking.regression import fit_logistic, folds_of, logistic_scores, macro_auroc

FEATURES = features_of("all")
RIDGE, SEED = 100.0, 0
STEPS: Mapping[str, tuple[str, ...]] = {
    "logprobs": ("logprobs",),
    "+ source": ("logprobs", "source"),
    "+ null, validators": ("logprobs", "source", "null", "validators"),
    "+ second prompt": GROUPS,
}

VALUES = frozenset({"member", "number", "date", "pattern"})
"""The kinds of candidates that could have been the value."""

Row = Mapping[str, Any]


def rows_of(name: str, second: str) -> list[dict[str, Any]]:
    """The values of prompt "a", with the features of each, also after a second prompt."""
    schema = json.loads(SCHEMAS.read_text())[name]
    lines = {(line["document"], line["prompt"]): line for line in stored(name)}
    rows: list[dict[str, Any]] = []
    for (document, prompt), line in lines.items():
        if prompt != "a":
            continue
        report = report_of(line, schema)
        other = lines.get((document, second))
        merged = None
        if other is not None:
            answer = report_of(other, schema_of(schema, second))
            merged = fc.second_prompt(report, answer=answer)
        for pointer, right in line["right"].items():
            field = report.fields[pointer]
            after = None if merged is None else merged.fields[pointer]
            rows.append({
                "document": document, "field": general(field.path), "right": float(right),
                "confidence": field.confidence, "rank": field.rank,
                "features": numbers_of(field, FEATURES),
                "candidates": None if field.source_candidates is None
                else {candidate.kind for candidate in field.source_candidates},
                "second": None if after is None else after.confidence,
                "features after": None if after is None else numbers_of(after, FEATURES),
            })  # fmt: skip
    return rows


def columns(groups: Sequence[str]) -> list[int]:
    """The places of the features of some groups."""
    return [at for at, feature in enumerate(FEATURES) if feature.group in groups]


def codes(rows: Sequence[Row], name: str) -> Any:
    """A column of names as numbers."""
    return np.unique([row[name] for row in rows], return_inverse=True)[1]


def fitted(train: Sequence[Row], test: Sequence[Row], groups: Sequence[str], weight: Any) -> Any:
    """The scores of the test rows by a logistic regression on the training rows."""
    key = "features after" if groups == GROUPS else "features"
    chosen = columns(groups)
    signs = [FEATURES[at].sign for at in chosen]
    matrix = np.array([row[key] for row in train])[:, chosen]
    right = np.array([row["right"] for row in train])
    model = fit_logistic(matrix, right, signs, RIDGE, weight)
    return logistic_scores(model, np.array([row[key] for row in test])[:, chosen])


def by_other_sets(name: str, tables: Mapping[str, Sequence[Row]], groups: Sequence[str]) -> Any:
    """Scores of a set's rows by a ranker of the other sets, each with the root of its size."""
    others = {other: rows for other, rows in tables.items() if other != name and rows}
    train = [row for rows in others.values() for row in rows]
    weight = np.concatenate([np.full(len(rows), len(rows) ** -0.5) for rows in others.values()])
    return fitted(train, tables[name], groups, weight * len(weight) / weight.sum())


def by_own_set(rows: Sequence[Row], groups: Sequence[str]) -> Any:
    """Scores of a set's rows, each by a ranker of the other documents."""
    folds = folds_of(codes(rows, "document"), SEED)
    scores = np.empty(len(rows))
    for fold in np.unique(folds):
        own = folds == fold
        train = [row for row, inside in zip(rows, own, strict=True) if not inside]
        test = [row for row, inside in zip(rows, own, strict=True) if inside]
        scores[own] = fitted(train, test, groups, None)
    return scores


def column(rows: Sequence[Row], name: str) -> Any:
    """A column of numbers; what is not known is NaN."""
    return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=float)


def show_nulls(name: str, rows: Sequence[Row]) -> None:
    """Print how often null was right, by what the text had in its place."""
    nulls = [row for row in rows if row["candidates"] is not None]
    groups: dict[str, list[float]] = {"a value": [], "a mention": [], "a name": [], "nothing": []}
    for row in nulls:
        kinds = {"a value" if kind in VALUES else f"a {kind}" for kind in row["candidates"]}
        strongest = next((group for group in groups if group in kinds), "nothing")
        groups[strongest].append(row["right"])
    shares = (f"{group}: {np.mean(right):.1%} of {len(right)}"
              for group, right in groups.items() if right)  # fmt: skip
    if nulls:
        print(f"{name}: null was right, where the text had", "; ".join(shares))


class Judge:
    """Mean AUROC over fields and sets of a score, beside that of the confidence."""

    def __init__(self, tables: Mapping[str, Sequence[Row]], draws: int) -> None:
        self.tables = {name: rows for name, rows in tables.items() if rows}
        self.draws = draws

    def show(self, title: str, scores: Mapping[str, Any]) -> None:
        """Print the AUROC of each set, their mean, and the gain with its interval."""
        own = {name: self._auroc(name, scores[name]) for name in self.tables}
        plain = {name: self._auroc(name, column(rows, "confidence"))
                 for name, rows in self.tables.items()}  # fmt: skip
        known = [name for name in own if own[name] is not None and plain[name] is not None]
        gain = float(np.mean([own[name] - plain[name] for name in known]))
        low, high = np.quantile([self._drawn_gain(scores, known, n) for n in range(self.draws)],
                                (0.025, 0.975))  # fmt: skip
        cells = " ".join(f"{own[name]:.3f}" if name in known else "  -  " for name in self.tables)
        mean = np.mean([own[name] for name in known])
        print(f"{title:<34} {cells}   {mean:.3f}  {gain:+.3f} [{low:+.3f}, {high:+.3f}]")

    def _auroc(self, name: str, score: Any, chosen: Any = None) -> float | None:
        rows = self.tables[name]
        picked = np.arange(len(rows)) if chosen is None else chosen
        right = column(rows, "right")[picked]
        return macro_auroc(score[picked], right, codes(rows, "field")[picked])

    def _drawn_gain(self, scores: Mapping[str, Any], names: Sequence[str], seed: int) -> float:
        gains: list[float] = []
        for at, name in enumerate(names):
            rows = self.tables[name]
            documents = codes(rows, "document")
            count = int(documents.max()) + 1
            chance = np.random.default_rng([seed, at])
            places = {code: np.flatnonzero(documents == code) for code in range(count)}
            drawn = np.concatenate([places[code] for code in chance.integers(0, count, count)])
            own = self._auroc(name, scores[name], drawn)
            plain = self._auroc(name, column(rows, "confidence"), drawn)
            if own is not None and plain is not None:
                gains.append(own - plain)
        return float(np.mean(gains))


@click.command()
@click.option("--draws", default=200, show_default=True, help="Of documents, for the intervals.")
@click.option("--second", default="c", show_default=True, type=click.Choice(["b", "c", "d"]),
              help="Which stored prompt is the second one.")  # fmt: skip
def main(draws: int, second: str) -> None:
    """Print how well each score ranks the values of the stored sets."""
    tables = {name: rows_of(name, second) for name in PLANS}
    judge = Judge(tables, draws)
    print("AUROC, mean over fields        ", *(f"{name[:8]:>8}" for name in tables), "mean  gain")
    for name in ("confidence", "rank"):
        judge.show(name, {own: column(rows, name) for own, rows in tables.items()})
    for title, groups in STEPS.items():
        if groups == GROUPS:
            continue
        judge.show(f"other sets, {title}",
                   {name: by_other_sets(name, tables, groups) for name in tables})  # fmt: skip
        judge.show(f"own set, {title}",
                   {name: by_own_set(rows, groups) for name, rows in tables.items()})  # fmt: skip
    for name, rows in tables.items():
        show_nulls(name, rows)
    print(f'\nDocuments with an answer to prompt "{second}":')
    tables = {name: [row for row in rows if row["second"] is not None]
              for name, rows in tables.items()}  # fmt: skip
    tables = {name: rows for name, rows in tables.items() if len({r["right"] for r in rows}) > 1}
    judge = Judge(tables, draws)
    print(", ".join(f"{name} {len({row['document'] for row in rows})}"
                    for name, rows in tables.items()))  # fmt: skip
    for name in ("confidence", "rank", "second"):
        title = "second prompt, no labels" if name == "second" else name
        judge.show(title, {own: column(rows, name) for own, rows in tables.items()})
    for title, groups in list(STEPS.items())[-2:]:
        judge.show(f"other sets, {title}",
                   {name: by_other_sets(name, tables, groups) for name in tables})  # fmt: skip


if __name__ == "__main__":
    main()
