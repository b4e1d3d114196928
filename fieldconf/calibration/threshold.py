"""Threshold: the cut on a probability that decides the label.

In:    probabilities of members, and the right member; a metric or costs.
Out:   ``Threshold``: frozen; what it decides for a report.
Never: a figure on the labels that chose the cut without one on other labels beside it.
Why:   a biased classifier is right more often with another cut than .5.
"""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeAlias, cast

from fieldconf.calibration.labelled_tables import (
    LabelJudgement,
    choices_of,
    member_text,
    probabilities_of,
    scope_of_all,
)
from fieldconf.errors import EvaluationError
from fieldconf.evaluation.labels import labels
from fieldconf.paths import general, pointer
from fieldconf.report import Report
from fieldconf.schema.attribute_paths import steps_of
from fieldconf.statistics.columns import column, column_names
from fieldconf.statistics.packages import minimize, package
from fieldconf.statistics.resampling import FEWEST, resampled, times_for
from fieldconf.statistics.threshold_decisions import Decided

if TYPE_CHECKING:
    from fieldconf.statistics.judged_table import Floats

Metric: TypeAlias = str | float | Mapping[str, float]
"""Of two classes: "accuracy"; "f1"; the beta of an F-beta; or costs, "false_positive" and
"false_negative"."""

FOLDS = 5


@dataclasses.dataclass(frozen=True)
class Threshold:
    """From which probability on a member is decided; or what is added to each member's.

    Attributes:
        field: the pointer of the field, with "*" for positions in lists.
        positive: the member that the cut is for; None where several have offsets.
        cut: from this P(positive) on (0..1) it is decided, else the likeliest other member;
            ``math.inf``: never; None where several members have offsets.
        low, high: the interval (95 %) of the cut, by drawing documents; None if not known.
        offsets: nats that are added to the log of each member's probability, by its JSON text,
            before the largest decides; empty where there is a cut.
        metric: what was optimised: "accuracy", "f1", "f0.5", "cost" ...
        before, after: the metric of what was written (or, if that is not known, of what is most
            probable), and with the threshold, on the same labels; costs are means per label.
        checked: the metric of labels whose documents did not choose the threshold (5 folds); None
            where there are too few.
        labels, documents: how many labels, in how many documents.
        unknown: how many labelled values had no probability, and were not used.
        scope: what the answers are of, see ``Report.scope``; empty where it is not known.
    """

    field: str
    positive: Any = None
    cut: float | None = None
    low: float | None = None
    high: float | None = None
    offsets: Mapping[str, float] = dataclasses.field(default_factory=dict[str, float])
    metric: str = "accuracy"
    before: float = math.nan
    after: float = math.nan
    checked: float | None = None
    labels: int = 0
    documents: int = 0
    unknown: int = 0
    scope: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    def label(self, probabilities: Mapping[str, float]) -> str:
        """The JSON text of the member that is decided, of the probabilities by JSON texts.

        >>> threshold = Threshold("/spam", True, 0.3)
        >>> [threshold.label({"true": p, "false": 1 - p}) for p in (0.4, 0.2)]
        ['true', 'false']
        """
        if self.cut is None:
            logs = {name: math.log(max(p, 1e-300)) for name, p in probabilities.items()}
            return max(logs, key=lambda name: logs[name] + self.offsets.get(name, 0.0))
        positive = member_text(self.positive)
        others = {name: p for name, p in probabilities.items() if name != positive}
        if probabilities.get(positive, 0.0) >= self.cut or not others:
            return positive
        return max(others, key=lambda name: others[name])

    def decide(self, report: Report[Any]) -> dict[str, Decided]:
        """What it decides of a report, by pointer; see ``Report.decided``."""
        decided: dict[str, Decided] = {}
        for name, value in report.fields.items():
            if general(value.path) == self.field:
                members = probabilities_of(value)
                if not members:
                    why = value.reason or "it has no distribution over members"
                    decided[name] = Decided(None, value.value, None, why)
                else:
                    label = self.label(members)
                    decided[name] = Decided(json.loads(label), value.value, members[label])
        return decided

    @classmethod
    def fitted(
        cls, source: Any, truths: Any = None, *, field: str = "", positive: Any = None,
        metric: Metric = "accuracy", seed: int = 0,
    ) -> Self:  # fmt: skip
        """The threshold that is best on labelled values.

        Every probability that occurs is tried as a cut, and never; of several that are equally good
        the one nearest to .5. Of several members, offsets are the most likely ones (the least log
        loss, with a standard normal prior), so that the largest sum is right most often.

        Args:
            source: reports, with ``truths``; or a table with the columns ``document, probability,
                truth``: the probability (0..1) of the positive member, or a mapping of all members
                to theirs; and the right member. A column ``written`` may say what was written.
            truths: ``fc.labels(...)``, or what they are made of.
            field: of reports, which field: a JSON Pointer or attributes.
            positive: the member that gets a cut; None: True where members are true and false, else
                all members get offsets.
            metric: "accuracy", "f1", the beta of an F-beta, or {"false_positive": cost,
                "false_negative": cost}. Several members have "accuracy".
            seed: of the documents that are drawn.

        Raises:
            EvaluationError: if nothing is labelled, all labels are of one class, or it is no table.
            MissingPackageError: without the extra ``calibrate``.

        >>> rows = [{"document": n, "probability": p, "truth": p > 0.25}
        ...         for n, p in enumerate([0.1, 0.2, 0.3, 0.4, 0.6, 0.9] * 10)]
        >>> threshold = Threshold.fitted(rows)
        >>> threshold.cut, round(threshold.before, 3), threshold.after, threshold.checked
        (0.3, 0.667, 1.0, 1.0)
        """
        scope: Mapping[str, str] = {}
        if truths is None:
            choices = _choices(source, positive)
        else:
            if field and not field.startswith("/"):
                field = pointer(steps_of(field))
            judged_by = labels(truths)
            choices = list(choices_of(judged_by, source, field))
            scope = scope_of_all(source)
        usable = [each for each in choices if each.probabilities is not None]
        if not usable:
            raise EvaluationError(
                f"no labelled value of {field!r} has probabilities of members",
                remedy="See that the field has a finite list of values, and labels",
            )
        members = sorted({name for each in usable for name in each.probabilities or ()})
        if positive is None and set(members) <= {"true", "false", _OTHER}:
            positive = True
        metric_name, beta, costs = _metric(metric)
        if positive is None and metric_name != "accuracy":
            raise EvaluationError(
                f"metric {metric_name!r} needs a member that is positive",
                remedy='Give positive=..., or metric="accuracy"',
            )
        task = _Task(
            usable, members, None if positive is None else member_text(positive), beta, costs
        )
        if len(task.classes) < 2:
            raise EvaluationError(
                f"all {len(usable)} labels are {next(iter(task.classes))}: no cut can be told",
                remedy="Label values of the other class, too",
            )
        fit = task.fitted(task.everything)
        low, high = (None, None) if positive is None else task.interval(seed)
        return cls(
            field, positive, fit if positive is not None else None, low, high,
            {} if positive is not None else dict(zip(members, fit, strict=True)), metric_name,
            task.figure(task.written), task.figure(task.decided(fit)), task.checked(seed),
            len(usable), task.documents, len(choices) - len(usable), scope,
        )  # fmt: skip


# -- what is fitted -------------------------------------------------------------------------------

_OTHER = "(another)"  # the member that is not the positive one, where a table has one probability


class _Task:
    """Labelled choices in arrays: ``probabilities`` has a row each, and a column for each member.

    With a positive member, classes are whether it is right: 1 or 0. Else they are the members.
    """

    def __init__(
        self, judgements: Sequence[LabelJudgement], members: Sequence[str], positive: str | None,
        beta: float | None, costs: Mapping[str, float] | None,
    ) -> None:  # fmt: skip
        np = package("numpy")
        self._np, self._positive, self._beta, self._costs = np, positive, beta, costs
        rows = [each.probabilities or {} for each in judgements]
        self._table: Any = np.asarray([[row.get(name, 0.0) for name in members] for row in rows])
        most = [max(row, key=lambda name: row[name]) for row in rows]
        texts = [each.written or name for each, name in zip(judgements, most, strict=True)]
        if positive is None:
            place = {name: number for number, name in enumerate(members)}
            self._truth: Any = np.asarray([place.get(each.truth, -1) for each in judgements])
            self.written: Any = np.asarray([place.get(text, -1) for text in texts])
            self.classes = {each.truth for each in judgements}
        else:
            self._score: Any = np.asarray([row.get(positive, 0.0) for row in rows])
            self._truth = np.asarray([each.truth == positive for each in judgements])
            self.written = np.asarray([text == positive for text in texts])
            self.classes = {positive if is_ else f"not {positive}" for is_ in self._truth.tolist()}
        ids = sorted({each.document for each in judgements}, key=repr)
        place = {document: number for number, document in enumerate(ids)}
        self._document: Any = np.asarray([place[each.document] for each in judgements])
        self.documents = len(ids)
        self.everything: Any = np.ones(len(ids))

    def fitted(self, weights: "Floats") -> Any:
        """The best cut, or the offsets, with these weights of documents."""
        return self._offsets(weights) if self._positive is None else float(self._cuts(weights))

    def decided(self, fit: Any) -> Any:
        """The class of each row by a cut or by offsets."""
        if self._positive is not None:
            return self._score >= fit
        return (self._np.log(self._np.maximum(self._table, 1e-300)) + fit).argmax(axis=1)

    def figure(self, decided: Any, rows: Any = slice(None)) -> float:
        """The metric of decisions."""
        metrics, truth, decided = package("sklearn.metrics"), self._truth[rows], decided[rows]
        if self._costs is not None:
            wrong_yes, wrong_no = (decided & ~truth).mean(), (~decided & truth).mean()
            return float(
                self._costs["false_positive"] * wrong_yes + self._costs["false_negative"] * wrong_no
            )
        if self._beta is not None:
            return float(metrics.fbeta_score(truth, decided, beta=self._beta, zero_division=0.0))
        return float(metrics.accuracy_score(truth, decided))

    def checked(self, seed: int) -> float | None:
        """The metric where each fifth of the documents is decided by a fit to the others."""
        if self.documents < FOLDS:
            return None
        np, decided = self._np, self._np.zeros_like(self._truth)
        folds = package("sklearn.model_selection").KFold(FOLDS, shuffle=True, random_state=seed)
        for _, held_out in folds.split(self.everything):
            weights = self.everything.copy()
            weights[held_out] = 0.0
            rows = np.isin(self._document, held_out)
            decided[rows] = self.decided(self.fitted(weights))[rows]
        return self.figure(decided)

    def interval(self, seed: int) -> tuple[float | None, float | None]:
        """The interval of the cut, by drawing documents."""
        if self.documents < FEWEST:
            return None, None
        rows = len(self._truth)
        drawn = resampled(
            lambda weights: self._cuts(weights)[None], self.documents, rows=rows,
            times=times_for(rows), seed=seed,
        )  # fmt: skip
        ends = self._np.quantile(drawn[0], [0.025, 0.975], method="inverted_cdf").tolist()
        return ends[0], ends[1]

    def _cuts(self, weights: Any) -> Any:
        """The best cut, nearest to .5, for weights of documents along the last axis."""
        np = self._np
        order = np.argsort(-self._score, kind="stable")
        score, truth = self._score[order], self._truth[order]
        ends = np.flatnonzero(np.append(score[1:] != score[:-1], True))
        levels = np.append(np.inf, score[ends])
        rows = weights[..., self._document[order]]

        def sums(values: Any) -> Any:
            total = np.cumsum(rows * values, axis=-1)
            return np.concatenate([0 * total[..., :1], total[..., ends]], axis=-1)

        right, wrong = sums(truth), sums(~truth)  # decided positive, from each cut on
        positives, negatives = right[..., -1:], wrong[..., -1:]
        if self._costs is not None:
            missed = positives - right
            gain = -self._costs["false_positive"] * wrong - self._costs["false_negative"] * missed
        elif self._beta is not None:
            square = self._beta**2
            whole = square * positives + right + wrong
            gain = (1 + square) * right / np.where(whole > 0, whole, 1)
        else:
            gain = right + negatives - wrong
        is_best = gain >= gain.max(axis=-1, keepdims=True) - 1e-9
        return levels[np.where(is_best, np.abs(levels - 0.5), np.inf).argmin(axis=-1)]

    def _offsets(self, weights: "Floats") -> Any:
        """The most likely offsets: the least weighted log loss, with a standard normal prior."""
        np, special = self._np, package("scipy.special")
        rows = weights[self._document] * (self._truth >= 0)
        logs = np.log(np.maximum(self._table, 1e-300))
        is_true = np.arange(logs.shape[1]) == self._truth[:, None]

        def loss(offsets: Any) -> tuple[float, Any]:
            shares = special.log_softmax(logs + offsets, axis=1)
            slope = (rows[:, None] * (np.exp(shares) - is_true)).sum(axis=0) + offsets
            total = -(rows[:, None] * np.where(is_true, shares, 0)).sum() + (offsets**2).sum() / 2
            return float(total), slope

        return minimize(loss, np.zeros(logs.shape[1])).x


def _metric(metric: Any) -> tuple[str, float | None, Mapping[str, float] | None]:
    """The name of a metric, the beta of an F-beta, the costs."""
    if metric == "accuracy":
        return "accuracy", None, None
    if metric == "f1":
        return "f1", 1.0, None
    if isinstance(metric, Mapping):
        costs = cast("Mapping[str, float]", metric)
        if set(costs) == {"false_positive", "false_negative"} and min(costs.values()) >= 0:
            return "cost", None, costs
    elif isinstance(metric, (int, float)) and not isinstance(metric, bool) and metric > 0:
        return f"f{metric:g}", float(metric), None
    raise EvaluationError(
        f"metric {metric!r} is none",
        remedy='Give "accuracy", "f1", the beta of an F-beta, or '
        '{"false_positive": 1, "false_negative": 5}',
    )


def _choices(source: Any, positive: Any) -> list[LabelJudgement]:
    """The choices in a plain table; rows without a right member are left out."""
    yes = member_text(True if positive is None else positive)
    written: Iterable[Any] = (
        column(source, "written") if "written" in column_names(source)
        else [None] * len(column(source, "truth"))
    )  # fmt: skip
    rows = zip(
        column(source, "document"), column(source, "probability"), column(source, "truth"), written,
        strict=True,
    )  # fmt: skip
    choices: list[LabelJudgement] = []
    for number, (document, probability, truth, text) in enumerate(rows):
        if truth is None or truth != truth:  # NaN  # noqa: PLR0124
            continue
        is_flag = positive is None and not isinstance(probability, Mapping) and truth in (0, 1)
        right = member_text(bool(truth) if is_flag else truth)
        label = None if text is None else member_text(bool(text) if is_flag else text)
        choices.append(
            LabelJudgement(document, _probabilities(probability, yes, number), right, label)
        )
    return choices


def _probabilities(raw: Any, yes: str, row: int) -> dict[str, float] | None:
    """The probabilities of members, by their JSON texts; None where they are not known."""
    if raw is None or raw != raw:  # NaN  # noqa: PLR0124
        return None
    by_label: dict[str, Any] = {yes: raw}
    if isinstance(raw, Mapping):
        members = cast("Mapping[Any, Any]", raw)
        by_label = {member_text(member): value for member, value in members.items()}
    for value in by_label.values():
        if not isinstance(value, (int, float)) or not 0 <= value <= 1:
            raise EvaluationError(
                f"probability {value!r} (row {row}) is no number from 0 to 1",
                column="probability", row=row,
            )  # fmt: skip
    if not isinstance(raw, Mapping):
        by_label[_OTHER] = 1 - by_label[yes]
    return {name: float(value) for name, value in by_label.items()}
