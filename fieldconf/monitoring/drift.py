"""Drift: the differences between a baseline and current answers, by tests.

In:    two sets of answers, or their baselines; labels of the current ones, if there are any.
Out:   ``DriftResult``: frozen.
Never: a number from too few documents; a claim about accuracy without labels.
Why:   thresholds and calibrations hold for answers like those that they were made on.

Other models, providers, schemas, prompts and calibrations are facts, and are told as such. For each
field the documents' mean confidences and the shares of documents are compared, see
``fieldconf.statistics.two_samples``; p-values are Holm's over all tests of all fields together.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias, cast

from fieldconf.errors import EvaluationError
from fieldconf.monitoring.alarms import Alarm, accuracy_alarm, risk_alarm
from fieldconf.monitoring.baseline import (
    SCOPE,
    Baseline,
    BaselineLike,
    FieldBaseline,
    Share,
    judged_table,
    read_source,
)
from fieldconf.policy import Policy, PolicyLike
from fieldconf.render import drift as render
from fieldconf.statistics.two_samples import compared_numbers, compared_shares, holm

FEWEST = 30
"""Documents on either side from which something is tested."""
_SHARES = ("null", "off_schema", "unknown", "saturated", "absent", "incomplete")
_Side: TypeAlias = tuple[float | None, int]
"""A mean or a share, and of how many documents."""


@dataclass(frozen=True)
class ScopeChange:
    """What answers are of, if it changed.

    Attributes:
        name: "model", "provider", "schema", "prompt" or "calibration".
        before, now: what it was and is; digests of schemas, prompts and calibrations.
    """

    name: str
    before: str
    now: str


@dataclass(frozen=True)
class DriftRow:
    """One test of one field.

    Attributes:
        field: its pointer, with "*" for positions in lists; "" is the whole answer.
        test: "confidence", or a share of documents: see ``FieldBaseline.shares``.
        before, now: the mean confidence of documents, or the share of documents; None if not known.
        documents: of how many documents these are, before and now.
        distance: how large the difference is (0..1): the largest one between the two distribution
            functions of confidences, or that of the shares; None if it was not tested.
        p: the p-value by itself; None if it was not tested.
        adjusted: that which holds for all tests together.
        is_drifted: whether that is at most alpha.
        reason: why it was not tested; empty if it was.
    """

    field: str
    test: str
    before: float | None
    now: float | None
    documents: tuple[int, int]
    distance: float | None = None
    p: float | None = None
    adjusted: float | None = None
    is_drifted: bool = False
    reason: str = ""


@dataclass(frozen=True, repr=False)
class DriftResult:
    """What changed between a baseline and current answers.

    Attributes:
        differences: what the answers are of, where that changed.
        rows: the tests, by field.
        alarms: the sequential tests with labels; empty without any.
        documents: how many there are, before and now.
        alpha: the chance that any of the rows says "drift" if nothing changed.
        date: the baseline's.
    """

    differences: tuple[ScopeChange, ...]
    rows: tuple[DriftRow, ...]
    alarms: tuple[Alarm, ...]
    documents: tuple[int, int]
    alpha: float
    date: str = ""

    @property
    def is_drifted(self) -> bool:
        """Whether anything changed: a difference, a row or an alarm."""
        has_drifted = any(row.is_drifted for row in self.rows)
        return bool(self.differences) or has_drifted or any(a.is_alarm for a in self.alarms)

    def __repr__(self) -> str:
        return f"<DriftResult: {render.verdict(self.to_dict())}>"

    def __str__(self) -> str:
        return self.text()

    def __rich__(self) -> Any:
        return render.table(self.to_dict())

    def text(self) -> str:
        """The table for terminals."""
        return render.text(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **asdict(self), "is_drifted": self.is_drifted,
            "alarms": [alarm.to_dict() for alarm in self.alarms],
        }  # fmt: skip


def drift(  # noqa: PLR0913  # options, by keyword
    baseline: "BaselineLike | Any", current: Any, *, alpha: float = 0.01, labels: Any = None,
    policy: PolicyLike | None = None, risk: float | None = None, fall: float = 0.0,
    model: str = "", provider: str = "",
) -> DriftResult:  # fmt: skip
    """Whether current answers still look like those of a baseline.

    Args:
        baseline: a ``Baseline``, its file, or the reference answers themselves.
        current: answers as ``Baseline.from_reports`` takes them; with labels in the order in which
            these came.
        alpha: the chance of a false alarm: of all tests without labels together, in one call; of
            each sequential test with labels, over all calls with more and more labels.
        labels: right values of current answers, as ``fc.evaluate`` takes them. Label documents that
            were chosen at random, and not those that the baseline or the policy was made on. With
            them and a baseline that had labels, the accuracy is tested.
        policy: with labels, whether what it accepts is wrong more often than ``risk``.
        risk: 0..1; by default that of the policy's guarantee.
        fall: by how much the accuracy may be lower than the baseline's, 0..1.
        model: who gave the current answers, if they do not tell.
        provider: the same of the provider.

    Raises:
        EvaluationError: if something cannot be read, or arguments do not fit together.
        MissingPackageError: without the extra ``calibrate``.

    >>> before = [{"document": n, "field": "/a", "confidence": n % 50 / 50} for n in range(200)]
    >>> now = [row | {"confidence": row["confidence"] / 2} for row in before]
    >>> drift(before, now)
    <DriftResult: drift: /a confidence>
    >>> drift(before, before).is_drifted
    False
    """
    for name, value, most in (("alpha", alpha, 1), ("risk", risk, 1), ("fall", fall, 1)):
        least_ok = name == "fall" and value == 0
        if value is not None and not (0 < value < most or least_ok):
            raise EvaluationError(f"{name} {value!r} is not between 0 and 1", remedy="Such as .05")
    reference = _baseline(baseline)
    read = current if isinstance(current, Baseline) else read_source(current)
    if isinstance(read, Baseline):
        recent = read
        if labels is not None:
            raise EvaluationError("labels are of answers", remedy="Give the current answers")
    else:
        recent = Baseline.from_reports(
            read, model=model, provider=provider, off_schema=reference.off_schema
        )
    limits = None if policy is None else Policy.of(policy)
    return DriftResult(
        _differences(reference, recent), _rows(reference, recent, alpha),
        _alarms(reference, read, labels, limits, risk, fall, alpha),
        (reference.documents, recent.documents), alpha, reference.date,
    )  # fmt: skip


def _baseline(source: Any) -> Baseline:
    if isinstance(source, Baseline):
        return source
    is_path = isinstance(source, str) or hasattr(source, "__fspath__")
    return Baseline.read(cast("str", source)) if is_path else Baseline.from_reports(source)


def _differences(before: Baseline, now: Baseline) -> tuple[ScopeChange, ...]:
    """What is known of both, and differs."""
    pairs = ((name, before.scope.get(name), now.scope.get(name)) for name in SCOPE)
    return tuple(ScopeChange(name, a, b) for name, a, b in pairs if a and b and a != b)


# -- tests without labels -------------------------------------------------------------------------


def _rows(before: Baseline, now: Baseline, alpha: float) -> tuple[DriftRow, ...]:
    is_other = any(each.name == "schema" for each in _differences(before, now))
    rows: list[DriftRow] = []
    for name in dict.fromkeys([*before.fields, *now.fields]):
        sides = [
            each.fields.get(name) or _missing(each, is_other_schema=is_other)
            for each in (before, now)
        ]
        first, second = sides
        if first is None or second is None:
            either = first or second or FieldBaseline()
            which = "the baseline" if second is None else "the current answers"
            mean = (either.mean, None) if second is None else (None, either.mean)
            counts = (either.known, 0) if second is None else (0, either.known)
            rows.append(DriftRow(name, "confidence", *mean, counts, reason=f"only in {which}"))
            continue
        is_on_both = name in before.fields and name in now.fields
        if is_on_both and (first.known or second.known):
            rows.append(_confidence_row(name, first, second))
        rows += [
            _share_row(name, share, first.shares.get(share), second.shares.get(share))
            for share in (_SHARES if is_on_both else ("absent",))
            if share in first.shares or share in second.shares
        ]
    places = [place for place, row in enumerate(rows) if row.p is not None]
    chances = holm([cast("float", rows[place].p) for place in places])
    for place, chance in zip(places, chances, strict=True):
        rows[place] = replace(rows[place], adjusted=chance, is_drifted=chance <= alpha)
    return tuple(rows)


def _missing(side: Baseline, *, is_other_schema: bool) -> FieldBaseline | None:
    """A field that no whole answer of this side has; None if that says nothing new."""
    incomplete = side.fields.get("", FieldBaseline()).shares.get("incomplete")
    if is_other_schema or incomplete is None:
        return None
    whole = incomplete.of - incomplete.number
    return FieldBaseline(shares={"absent": Share(whole, whole)})


def _confidence_row(name: str, before: FieldBaseline, now: FieldBaseline) -> DriftRow:
    row = DriftRow(name, "confidence", before.mean, now.mean, (before.known, now.known))
    sizes = len(before.confidences), len(now.confidences)
    if reason := _too_few(*sizes):
        return replace(row, reason=reason)
    result = compared_numbers(before.confidences, now.confidences)
    return replace(row, distance=result.distance, p=result.p)


def _share_row(name: str, share: str, before: Share | None, now: Share | None) -> DriftRow:
    (first, many_before), (second, many_now) = _side(before), _side(now)
    row = DriftRow(name, share, first, second, (many_before, many_now))
    if before is None or now is None:
        which = "the baseline" if before is None else "the current answers"
        return replace(row, reason=f"{which} do{'es' * (before is None)} not tell")
    if reason := _too_few(before.of, now.of):
        return replace(row, reason=reason)
    total = before.number + now.number
    if total in (0, before.of + now.of):  # no counts of this total could show a difference
        return replace(row, reason=f"{'every' if total else 'no'} document on both sides")
    result = compared_shares(before, now)
    return replace(row, distance=result.distance, p=result.p)


def _side(share: Share | None) -> _Side:
    if share is None or not share.of:
        return None, 0
    return share.number / share.of, share.of


def _too_few(before: int, now: int) -> str:
    if min(before, now) >= FEWEST:
        return ""
    which, many = ("before", before) if before < FEWEST else ("now", now)
    return f"too few documents {which}: {many} (at least {FEWEST})"


# -- tests with labels ----------------------------------------------------------------------------


def _alarms(
    baseline: Baseline, read: Any, labels: Any, policy: Policy | None, risk: float | None,
    fall: float, alpha: float,
) -> tuple[Alarm, ...]:  # fmt: skip
    table = None if isinstance(read, Baseline) else judged_table(read, labels)
    if policy is None and risk is not None:
        raise EvaluationError("a risk is that of a policy", remedy="Give policy=, too")
    if table is None:
        if policy is not None or fall:
            raise EvaluationError(
                "the risk and the accuracy are tested with labels",
                remedy="Give labels=fc.labels(...)",
            )
        return ()
    alarms: list[Alarm] = []
    if policy is not None:
        if risk is None and policy.guarantee is not None:
            risk = policy.guarantee.risk
        if risk is None:
            raise EvaluationError("the policy has no guarantee", remedy="Give risk=, such as .05")
        alarms.append(risk_alarm(table, policy, risk, alpha=alpha))
    if baseline.judged:
        alarms.append(accuracy_alarm(table, baseline, fall=fall, alpha=alpha))
    elif labels is not None and not alarms:
        raise EvaluationError(
            "the baseline has no accuracy that the labels could be compared with",
            remedy="Make it with labels, or give policy= and risk=",
        )
    return tuple(alarms)
