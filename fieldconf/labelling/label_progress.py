"""Label progress: what the labels tell so far.

In:    labels; the risk (0..1) that is allowed.
Out:   ``LabelProgress``.
Never: a doubtful value in the accuracy of accepted ones: only audit labels are a random sample.
Why:   whoever labels wants to know when it is enough.

The accuracy of accepted values has the two-sided interval of Clopper and Pearson (1934) at 95 %.
The guarantee "at most ``risk`` of accepted values are wrong, with 95 % confidence" can hold once
the one-sided upper bound on the share of wrong ones (w of n audit labels) is at most ``risk``: the
quantile .95 of the Beta distribution (w + 1, n - w). Without an error that takes n = ln(.05) /
ln(1 - risk) labels: 59 for a risk of .05. Both hold for a number of labels that was fixed before;
whoever stops when the number looks good gets a bound that is too good.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fieldconf.labelling.label_lines import Label
from fieldconf.statistics.bounds import binomial_bound

LEVEL = 0.05
"""The chance that a bound does not hold."""


@dataclass(frozen=True)
class LabelProgress:
    """What labels tell.

    Attributes:
        labels, right: how many values are labelled, and how many of them are right; of all values,
            doubtful ones too: this is no estimate of anything.
        skipped: how many were skipped; of these ``audit_skipped`` are accepted values. If people
            skip what is hard to judge, the bounds do not hold for it.
        audited, audited_right: the same counts of the audit sample.
        low, high: bounds of the share (0..1) of accepted values that is right.
        risk: the share of accepted values that may be wrong.
        needed: how many more audit labels, all right, until the guarantee can hold; 0 if it can.
    """

    labels: int
    right: int
    skipped: int
    audited: int
    audited_right: int
    audit_skipped: int
    low: float
    high: float
    risk: float
    needed: int

    @property
    def accuracy(self) -> float | None:
        """The share (0..1) of all labels that is right; None without labels."""
        return self.right / self.labels if self.labels else None

    @property
    def audited_accuracy(self) -> float | None:
        """The share (0..1) of the audit labels that is right; None without any."""
        return self.audited_right / self.audited if self.audited else None


def progress_of(given: Iterable[Label], risk: float = 0.05) -> LabelProgress:
    """What labels tell, at a risk (0..1).

    Raises:
        MissingPackageError: without the extra ``calibrate``.

    >>> right = [Label(str(n), "/a", True, (1,), 1, "audit", 0.9) for n in range(20)]
    >>> known = progress_of(right)
    >>> round(known.low, 3), known.high, known.needed
    (0.832, 1.0, 39)
    """
    every = list(given)
    labels = [label for label in every if label.right is not None]
    audit = [label.right is True for label in labels if label.drawn == "audit"]
    count, right = len(audit), sum(audit)
    audited_in_all = sum(label.drawn == "audit" for label in every)
    return LabelProgress(
        len(labels), sum(label.right is True for label in labels), len(every) - len(labels),
        count, right, audited_in_all - count,
        1 - binomial_bound(count - right, count, LEVEL / 2),
        binomial_bound(right, count, LEVEL / 2), risk, needed(count - right, count, risk),
    )  # fmt: skip


def needed(wrong: int, labels: int, risk: float) -> int:
    """The least number of further right labels with which the upper bound is at most ``risk``.

    >>> needed(0, 0, 0.05), needed(0, 59, 0.05), needed(1, 59, 0.05)
    (59, 0, 34)
    """
    low, high = -1, 1
    if binomial_bound(wrong, labels, LEVEL) <= risk:
        return 0
    while binomial_bound(wrong, labels + high, LEVEL) > risk:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        is_enough = binomial_bound(wrong, labels + middle, LEVEL) <= risk
        low, high = (low, middle) if is_enough else (middle, high)
    return high
