"""Curve: the map from a confidence of one field to a calibrated one.

In:    a confidence (0..1), and three coefficients.
Out:   a probability, strictly between 0 and 1.
Never: a decreasing map: a larger confidence never gets a smaller calibrated one.
Why:   the same code calibrates a table of a million rows and one field of a report, to the bit.
"""

import math
from dataclasses import dataclass

from pydantic import ConfigDict

SOFT = 1e-4
"""Confidences are moved away from 0 and 1 by so much before logarithms are taken."""
DIGITS = 10
"""Confidences are rounded to so many decimal digits: rounding errors then reverse no order."""
MOST = 30.0
"""The largest calibrated log-odds, and the least, with its sign."""


def softened(confidence: float) -> float:
    """A confidence moved away from 0 and 1: (p + SOFT) / (1 + 2 SOFT).

    >>> softened(0.5), 0 < softened(0.0) < softened(1.0) < 1
    (0.5, True)
    """
    return (confidence + SOFT) / (1 + 2 * SOFT)


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """Log-odds of being right: intercept + below * log(2 q) - above * log(2 (1 - q)).

    q is the confidence, ``softened``. This is the map of beta calibration (Kull, Silva Filho and
    Flach, AISTATS 2017), which has temperature (below = above, intercept 0) and Platt's scaling of
    log-odds (below = above) in it. With 0, 1, 1 it changes nothing but the softening.

    Attributes:
        intercept: the log-odds (nats) at a confidence of 1/2.
        below, above: the slopes against the log-odds of a confidence near 0, and near 1; not
            negative.

    >>> round(CalibrationCurve(0.0, 0.5, 0.5)(0.9), 3)  # a temperature of 2
    0.75
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    intercept: float = 0.0
    below: float = 1.0
    above: float = 1.0

    def __call__(self, confidence: float) -> float:
        """The calibrated confidence (0..1) of a confidence (0..1)."""
        soft = softened(round(confidence, DIGITS))
        rest = softened(round(1 - confidence, DIGITS))
        logit = self.intercept + self.below * math.log(2 * soft) - self.above * math.log(2 * rest)
        return 1 / (1 + math.exp(-max(-MOST, min(MOST, logit))))
