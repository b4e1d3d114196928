"""Verdicts: what measures mean, in words.

In:    the measures of a group, and the ECE that a perfect score would show.
Out:   sentences.
Never: a sentence that the interval does not support.
Why:   "AUROC .53 [.44, .62]" does not answer "may I use it for triage?".
"""

from collections.abc import Mapping
from typing import NamedTuple

from fieldconf.render.evaluation import short
from fieldconf.statistics.resampling import Measured

_NEAR = 0.6
"""An AUROC below it that may be chance is taken for chance; above it, for too few labels."""


_COARSE = 0.1
"""Where a perfect score shows more ECE than this, errors of calibration would not show."""


class Perfect(NamedTuple):
    """The ECE (0..1) that a perfect score shows on so many rows: its mean, and its upper bound."""

    mean: float
    high: float


def verdicts(
    measures: Mapping[str, Measured], perfect: Perfect | None, *, labels: int, unknown: int,
    is_constant: bool = False,
) -> tuple[str, ...]:  # fmt: skip
    """What the measures of a group mean.

    Args:
        measures: by name.
        perfect: what ECE a perfect score would show.
        labels: how many rows the group has.
        unknown: how many of them have no confidence.
        is_constant: whether all have the same confidence.
    """
    ranking = _ranking(measures, labels)
    if is_constant and measures["auroc"].value is not None:
        ranking = f"all {labels:,} confidences are equal: they rank nothing"
    sentences = [ranking, _calibration(measures, perfect, labels)]
    if unknown:
        sentences.append(f"{unknown:,} of {labels:,} values have no confidence: review them first")
    return tuple(filter(None, sentences))


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
    hold = "" if caught.value is None else f"{100 * caught.value:.0f} % of the errors"
    return f"ranks better than chance ({figure}): the least confident 20 % hold {hold}"


def _calibration(measures: Mapping[str, Measured], perfect: Perfect | None, labels: int) -> str:
    ece, bias = measures["ece"], measures["bias"]
    if ece.value is None or perfect is None:
        return ""
    figure = f"ECE {short(ece.value)}, a perfect score shows {short(perfect.mean)}"
    if ece.low is None or bias.value is None or bias.low is None or bias.high is None:
        return f"too little to tell whether it is calibrated ({figure})"
    if ece.value <= perfect.high or (bias.low <= 0 <= bias.high and ece.low <= perfect.mean):
        word = f"no error of calibration shows in {labels:,} labels"
        if perfect.mean > _COARSE:
            word = "too few labels to tell whether it is calibrated"
        return f"{word} ({figure})"
    word = "its numbers are no shares of right values"
    if bias.low > 0 or bias.high < 0:
        word = f"too {'sure' if bias.low > 0 else 'unsure'} by {short(abs(bias.value))} on average"
    return f"{word} ({figure}): calibrate"
