"""Ranker: a fitted score for the values of reports, applied, explained, saved and loaded.

In:    the fields of a report.
Out:   the same report, whose fields have the ranker's number as ``rank``.
Never: a changed confidence; a rank that is called a probability for answers of another task.
Why:   sorting by all evidence puts the errors first; deciding needs a confidence that means one.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from os import PathLike
from typing import Any, Literal, NamedTuple, Self, TypeAlias, TypeVar

from pydantic import ConfigDict

from fieldconf.errors import CalibrationError
from fieldconf.fields.field import Field
from fieldconf.json_records import json_of, record_of, write_text
from fieldconf.paths import general
from fieldconf.ranking.features import FEATURES, Feature, log_odds, numbers_of
from fieldconf.ranking.regression import Logistic, fit_trees
from fieldconf.report import Report
from fieldconf.statistics.packages import package
from fieldconf.threads import cached_property

T = TypeVar("T")

Method: TypeAlias = Literal["logistic", "boosting"]

VERSION = 1
_REMEDY = "Give what Ranker.save wrote, with this version of fieldconf"
FIELD_PREFIX = "field "
"""Begins the name of a feature that is 1 for one field, 0 for all others."""


class Contribution(NamedTuple):
    """What one feature does to the rank of a value.

    Attributes:
        feature: its name.
        number: its number for this value.
        effect: what it adds to the log odds, beside a typical value: above 0 is surer.
    """

    feature: str
    number: float
    effect: float


class TrainingRows(NamedTuple):
    """The rows that boosted trees are fitted on again when they are loaded.

    Attributes:
        features: the numbers of each row.
        right: whether each value is right.
    """

    features: tuple[tuple[float, ...], ...]
    right: tuple[bool, ...]

    @classmethod
    def of(cls, features: Any, right: Any) -> "TrainingRows":
        """The rows of arrays."""
        return cls(tuple(tuple(map(float, row)) for row in features), tuple(map(bool, right)))


@dataclass(frozen=True)
class Ranker:
    """Ranks values by how likely they are to be right. ``fc.fit_ranker`` fits it.

    Call it with a report: the fields of the result have its number as ``rank`` (0..1, the higher
    the surer).

    Attributes:
        method: "logistic" or "boosting".
        features: the names of the features, in order; "field /a" is 1 for the field /a.
        model: the weights; of boosted trees those of the logistic regression beside them.
        rows: what boosted trees are fitted on; None of a logistic regression.
        scope: of what answers the labels were: "model", "schema", "prompt"; empty where they are of
            several, or not known.
        aurocs: mean AUROC over fields on documents that were not fitted on, for "rank" (this
            ranker) and "confidence" (the confidences alone); empty where labels were too few.
        labels, documents: how many labelled values there were, in how many documents.
        reason: why this method was chosen.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)  # how it is read back

    method: Method
    features: tuple[str, ...]
    model: Logistic
    rows: TrainingRows | None = None
    scope: Mapping[str, str] = field(default_factory=dict[str, str])
    aurocs: Mapping[str, float] = field(default_factory=dict[str, float])
    labels: int = 0
    documents: int = 0
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.method}: {self.reason}"

    def __call__(self, report: Report[T]) -> Report[T]:
        """The report whose scalars and lists have this ranker's number as ``rank``.

        A value of which no logprobs are known gets none.
        """
        fields = dict(report.fields)
        ranked = [name for name, field in fields.items() if _is_ranked(field)]
        for name, rank in zip(ranked, self._ranks([fields[name] for name in ranked]), strict=True):
            fields[name] = replace(fields[name], fitted_rank=rank)
        return replace(report, fields=fields)

    def rank(self, field: Field) -> float | None:
        """The number (0..1) of one field; None if no logprobs of it are known."""
        return self._ranks([field])[0] if _is_ranked(field) else None

    def _ranks(self, fields: Sequence[Field]) -> list[float]:
        """The numbers of fields, all at once: trees take a millisecond for one row or for many."""
        rows = [self._numbers(field) for field in fields]
        if self.method == "boosting":
            return self._trees(package("numpy").asarray(rows)).tolist() if rows else []
        sums = (self.model.intercept + sum(self.model.contributions(row)) for row in rows)
        return list(map(_probability, sums))

    def is_probability(self, report: Report[Any]) -> bool:
        """Whether the rank of this report's values is a calibrated probability.

        It is one if the labels were of this model, schema and prompt alone, as far as both sides
        know them, and there were enough to judge it on documents that it was not fitted on.
        """
        own = report.scope
        names = [name for name in ("model", "schema", "prompt") if own.get(name)]
        return (
            bool(self.aurocs) and bool(self.scope)
            and all(self.scope.get(name, own[name]) == own[name] for name in names)
        )  # fmt: skip

    def explain(self, field: Field) -> list[Contribution]:
        """What each feature does to the rank of a field, the strongest first; those with none left
        out.

        For a logistic regression, the effects sum to the log odds of the rank beside those of a
        typical value. For boosted trees each effect is what replacing that feature alone by its
        mean would take away.
        """  # noqa: D205
        numbers = self._numbers(field)
        if self.method == "boosting":
            np = package("numpy")
            rows = np.tile(np.asarray(numbers), (len(numbers) + 1, 1))
            for at, centre in enumerate(self.model.centre):
                rows[at + 1, at] = centre
            odds = [log_odds(p, least=1e-9) for p in self._trees(rows).tolist()]
            effects = [odds[0] - without for without in odds[1:]]
        else:
            effects = self.model.contributions(numbers)
        entries = map(Contribution, self.features, numbers, effects)
        strong = (entry for entry in entries if abs(entry.effect) > 1e-9)
        return sorted(strong, key=lambda entry: -abs(entry.effect))

    @cached_property
    def _table(self) -> tuple[Feature, ...]:
        by_name = {feature.name: feature for feature in FEATURES}
        names = [name for name in self.features if not name.startswith(FIELD_PREFIX)]
        unknown = [name for name in names if name not in by_name]
        if unknown:
            raise CalibrationError(
                f"the ranker reads a feature {unknown[0]!r}, which this version does not know",
                remedy="Fit it again with this version of fieldconf",
            )
        return tuple(by_name[name] for name in names)

    @cached_property
    def _fields(self) -> tuple[str, ...]:
        prefix = FIELD_PREFIX
        return tuple(n.removeprefix(prefix) for n in self.features if n.startswith(prefix))

    @cached_property
    def _trees(self) -> Any:
        np = package("numpy")
        rows = self.rows or TrainingRows((), ())
        signs = [*(feature.sign for feature in self._table), *([0] * len(self._fields))]
        return fit_trees(np.asarray(rows.features), np.asarray(rows.right, dtype=float), signs)

    def _numbers(self, field: Field) -> list[float]:
        name = general(field.path)
        return [*numbers_of(field, self._table), *(float(name == own) for own in self._fields)]

    # -- saving and reading back ----------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, see ``from_dict``."""
        return {"version": VERSION} | json.loads(json.dumps(asdict(self), allow_nan=False))

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as a JSON file: names and numbers, no values and no texts.

        Raises:
            CalibrationError: if it cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=1) + "\n"
        write_text(path, text, error_type=CalibrationError)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The ranker of which this is the ``to_dict``.

        Raises:
            CalibrationError: if it is no such form, or that of another version.
        """
        return record_of(
            cls, plain, name="ranker", version=VERSION, error_type=CalibrationError, remedy=_REMEDY
        )

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """The ranker in a file that ``save`` wrote.

        Raises:
            CalibrationError: if it cannot be read, or is none.
        """
        return cls.from_dict(
            json_of(path, name="ranker", error_type=CalibrationError, remedy=_REMEDY)
        )


def _is_ranked(field: Field) -> bool:
    is_value = field.is_leaf or field.kind == "array"
    return is_value and (field.confidence is not None or field.logprob is not None)


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-min(max(odds, -30.0), 30.0)))
