"""Plotting: the curves of an evaluation as pictures.

In:    the parts of an evaluation.
Out:   a matplotlib figure.
Never: an import of matplotlib before a picture is drawn; a window.
Why:   a curve shows how much has to be reviewed.
"""

from collections.abc import Sequence
from typing import Any

from fieldconf.errors import MissingPackageError
from fieldconf.evaluation.groups import OVERALL, UnmeasuredGroup
from fieldconf.statistics.packages import package

_MOST = 10  # curves that one can tell apart


def plotted(parts: Sequence[UnmeasuredGroup]) -> Any:
    """Risk by coverage of each group, and accuracy by confidence of all rows.

    Raises:
        MissingPackageError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError:
        raise MissingPackageError("plot", "matplotlib", extra="pictures") from None
    np = package("numpy")
    figure: Any = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for part in parts[-_MOST:]:
        curve = part.curve
        accepted, wrong = curve.ends + 1, np.cumsum(curve.wrong)[curve.ends]
        is_whole = part.name == OVERALL
        left.step(
            accepted / len(curve), wrong / accepted, where="post",
            label=part.name or "(whole)", linewidth=2.5 if is_whole else 1,
        )  # fmt: skip
    left.set(
        xlabel="coverage", ylabel="share wrong of what is accepted", xlim=(0, 1), ylim=(0, None)
    )
    left.legend(fontsize="small")
    curve = parts[-1].curve
    if curve.is_probability:
        p, truth = curve.confidence[: curve.known_count], 1 - curve.wrong[: curve.known_count]
        sizes = np.diff(np.append(curve.bins, curve.known_count))
        means = [np.add.reduceat(values, curve.bins) / sizes for values in (p, truth)]
        right.plot([0, 1], [0, 1], color="gray", linewidth=1, linestyle="--")
        right.plot(*means, marker="o")
    right.set(xlabel="mean confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    return figure
