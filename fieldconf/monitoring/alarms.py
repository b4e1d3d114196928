"""Alarms: sequential tests of what labels say, document by document.

In:    a table of judged values in the order in which the labels came; a policy, or a baseline.
Out:   ``Alarm``.
Never: a test from the labels that the policy or the baseline was made of (the caller's part).
Why:   a guarantee that no longer holds must be seen, however often somebody looks.

See ``fieldconf.statistics.sequential`` for the formula and its source.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from fieldconf.errors import EvaluationError
from fieldconf.monitoring.baseline import Baseline, per_document
from fieldconf.policy import Policy
from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.packages import package
from fieldconf.statistics.sequential import rise_wealth, risk_wealth


@dataclass(frozen=True)
class Alarm:
    """A sequential test.

    Attributes:
        name: "risk": the share of wrong values among the accepted ones is at most ``limit``;
            "accuracy": the share of right values is at least ``limit``, which is the baseline's
            accuracy less the fall that is allowed.
        limit: see ``name``; the baseline's accuracy is an estimate, and the test allows for that.
        observed: the share of wrong accepted values, or of right values; None without any.
        values, documents: of how many.
        alpha: the chance of an alarm at any time, if the hypothesis holds.
        p: its p-value, which may be read after any document; None if it was not tested.
        document: the id of the document at which the alarm came; None without an alarm.
        number: how many documents had come then, 0 without an alarm.
        reason: why it was not tested; empty if it was.
    """

    name: Literal["risk", "accuracy"]
    limit: float
    observed: float | None
    values: int
    documents: int
    alpha: float
    p: float | None = None
    document: Any = None
    number: int = 0
    reason: str = ""

    @property
    def is_alarm(self) -> bool:
        """Whether the hypothesis is rejected."""
        return self.number > 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "is_alarm": self.is_alarm}


def risk_alarm(table: Table, policy: Policy, risk: float, *, alpha: float = 0.01) -> Alarm:
    """Whether what a policy accepts is wrong more often than ``risk``.

    Args:
        table: the judged values, in the order in which their documents came.
        policy: which of them are accepted. Under a guarantee for documents, documents are counted.
        risk: the share (0..1) of accepted values that may be wrong.
        alpha: the chance of a false alarm, over all time.

    >>> rows = [{"document": n, "field": "/a", "confidence": 0.95, "right": n % 2 == 0}
    ...         for n in range(40)]
    >>> alarm = risk_alarm(Table.read(rows), Policy(0.9), 0.1)
    >>> alarm.is_alarm, alarm.document
    (True, 13)
    """
    values, wrong = per_document(table, policy.accepts(table))
    if policy.guarantee is not None and policy.guarantee.unit == "document":
        values, wrong = ([min(n, 1) for n in counts] for counts in (values, wrong))
    accepted, errors = sum(values), sum(wrong)
    if not accepted:
        reason = "no labelled value is accepted"
        return Alarm("risk", risk, None, 0, len(values), alpha, reason=reason)
    wealth = risk_wealth(wrong, values, risk, max(values))
    shown = Alarm("risk", risk, errors / accepted, accepted, sum(map(bool, values)), alpha)
    return _decided(shown, wealth, table)


def accuracy_alarm(
    table: Table, baseline: Baseline, *, fall: float = 0.0, alpha: float = 0.01
) -> Alarm:
    """Whether the accuracy is lower than the baseline's by more than ``fall``.

    Args:
        table: the judged values, in the order in which their documents came.
        baseline: one that was made with labels, of other documents.
        fall: what is allowed, 0..1.
        alpha: the chance of a false alarm, over all time.

    Raises:
        EvaluationError: if the baseline has no labels.
    """
    accuracy = baseline.accuracy
    if accuracy is None:
        raise EvaluationError(
            "the baseline has no accuracy", remedy="Make it with labels, or give policy= and risk="
        )
    values, wrong = per_document(table, package("numpy").ones(len(table), dtype=bool))
    total, documents = sum(values), sum(map(bool, values))
    limit = max(accuracy - fall, 0.0)
    if not total:
        return Alarm("accuracy", limit, None, 0, 0, alpha, reason="no value is labelled")
    most = max(*values, *(size for size, _, _ in baseline.judged))
    wealth = rise_wealth(wrong, values, baseline.judged, fall, most)
    shown = Alarm("accuracy", limit, 1 - sum(wrong) / total, total, documents, alpha)
    return _decided(shown, wealth, table)


def _decided(alarm: Alarm, wealth: Any, table: Table) -> Alarm:
    """The alarm with its p-value, and the first document at which the wealth was large enough."""
    np = package("numpy")
    reached = np.flatnonzero(wealth >= -math.log(alarm.alpha))
    facts: dict[str, Any] = {**alarm.__dict__, "p": math.exp(-max(float(wealth.max()), 0.0))}
    if len(reached):
        facts |= {"document": table.documents[int(reached[0])], "number": int(reached[0]) + 1}
    return Alarm(**facts)
