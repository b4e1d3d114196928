"""Verdicts: what measures mean, in words.

In:    the measures of a group, and the ECE that a perfect score would show.
Out:   sentences.
Never: a sentence that its interval does not bear.
Why:   "AUROC .53 [.44, .62]" is no answer to "may I triage with it?".
"""

from collections.abc import Mapping
from typing import NamedTuple

from fieldconf.evaluation.resampling import Measured

_NEAR = 0.6
"""An AUROC below it that may be chance is taken for chance; above it, for too few labels."""


class Perfect(NamedTuple):
    """The ECE (0..1) that a perfect score shows on so many rows: its mean, and its upper bound."""

    mean: float
    high: float


def verdicts(
    measures: Mapping[str, Measured], perfect: Perfect | None, *, labels: int, unknown: int
) -> tuple[str, ...]:
    """What the measures of a group mean.

    Args:
        measures: by name.
        perfect: what ECE a perfect score would show.
        labels: how many rows the group has.
        unknown: how many of them have no confidence.
    """
    found = [_ranking(measures, labels), _calibration(measures, perfect, labels)]
    if unknown:
        found.append(f"{unknown:,} of {labels:,} values have no confidence: review them first")
    return tuple(filter(None, found))


def short(value: float) -> str:
    """A number of two digits, or three below .1; never 0 or 1 for what is neither.

    >>> short(0.531), short(0.9987), short(1.0), short(-0.0501), short(0.0001)
    ('.53', '>.99', '1', '-.05', '<.001')
    """
    if value in (0, 1, -1):
        return f"{value:.0f}"
    size = abs(value)
    if 0.995 <= size < 1:
        return ">.99" if value > 0 else "<-.99"
    if size < 0.0005:
        return "<.001" if value > 0 else ">-.001"
    text = f"{size:.2f}" if size >= 0.1 else f"{size:.3f}".rstrip("0")
    return "-" * (value < 0) + text.removeprefix("0")


def _ranking(measures: Mapping[str, Measured], labels: int) -> str:
    auroc, caught = measures["auroc"], measures["caught_at_20"]
    if auroc.value is None:
        return f"cannot tell whether it ranks: {auroc.reason} ({labels:,} labels)"
    figure = f"AUROC {short(auroc.value)}, {labels:,} labels"
    if auroc.low is None or auroc.high is None:
        why = auroc.reason.removeprefix("no interval: ")
        return f"too little to tell whether it ranks ({figure}; {why}): do not triage with it yet"
    if auroc.high < 0.5:
        return f"ranks the wrong way round ({figure}): do not triage with it"
    if auroc.low <= 0.5:
        if auroc.value < _NEAR:
            return f"ranks no better than chance here ({figure}): do not triage with it"
        return f"may rank no better than chance ({figure}): label more before you triage with it"
    share = "" if caught.value is None else (
        f": the least confident 20 % hold {100 * caught.value:.0f} % of the errors"
    )  # fmt: skip
    return f"ranks better than chance ({figure}){share}"


def _calibration(measures: Mapping[str, Measured], perfect: Perfect | None, labels: int) -> str:
    ece, bias = measures["ece"], measures["bias"]
    if ece.value is None or perfect is None:
        return ""
    figure = f"ECE {short(ece.value)}, a perfect score shows {short(perfect.mean)}"
    if ece.value <= perfect.high:
        return f"no error of calibration shows in {labels:,} labels ({figure})"
    if bias.low is not None and bias.value is not None and bias.low > 0:
        return f"too sure by {short(bias.value)} on average ({figure}): calibrate"
    if bias.high is not None and bias.value is not None and bias.high < 0:
        return f"too unsure by {short(-bias.value)} on average ({figure}): calibrate"
    return f"its numbers are no shares of right values ({figure}): calibrate"
