"""Draw docs/pictures/*.svg: what the numbers mean, on real answers of the embedded model.

In:    `data/first_answer.json`, the response of the tutorial's first request, with 20 candidates a
       token; `data/messages.jsonl`, the labelled answers.
Out:   a picture each of: tokens and fields, the mask, a guaranteed cut, a calibration.
Never: a number that is not computed from these files.
Why:   a picture that somebody drew by hand would soon disagree with the library.

    python docs/generate_pictures.py    # needs the extra `pictures`
"""

import json
import math
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pydantic import BaseModel

import fieldconf as fc

HERE = Path(__file__).parent
FOLDER = HERE / "pictures"
# Colours that colour-blind people can tell (Okabe and Ito).
COLOURS = {"billing": "#0072B2", "technical": "#E69F00", "sales": "#009E73"}
OUTSIDE, UNLISTED, GRID = "#BBBBBB", "#E8E8E8", "#DDDDDD"


class Message(BaseModel):
    """What the desk wants to know of a message."""

    urgent: bool
    team: Literal["billing", "technical", "sales"]


def first_answer() -> fc.Report[Any]:
    """The tutorial's first report."""
    return fc.score(json.loads((HERE / "data" / "first_answer.json").read_text()), Message)


def tokens(report: fc.Report[Any]) -> Figure:
    """The answer's tokens, each with its probability, and the fields that they write."""
    figure, axes = _canvas(8.6, 2.3)
    written = [token for token in report.tokens if token.text and not token.is_outside]
    edges = [0.0]
    for token in written:
        width = max(len(token.text), 4) + 0.8
        axes.barh(0, width, left=edges[-1], height=0.8, color=_blue(token.probability), ec="white")
        middle = edges[-1] + width / 2
        dark = token.probability < 0.9
        axes.text(middle, 0.12, token.text, ha="center", va="center", family="monospace",
                  fontsize=11, color="black" if dark else "white")  # fmt: skip
        axes.text(middle, -0.24, f"{token.probability:.2f}", ha="center", va="center",
                  fontsize=8, color="black" if dark else "white")  # fmt: skip
        edges.append(edges[-1] + width)
    for field in report.leaves.values():
        indexes = [number for number in field.indexes if number < len(written)]
        left, right = edges[indexes[0]], edges[indexes[-1] + 1]
        axes.plot([left, right], [-0.62, -0.62], color="black", lw=1.5)
        axes.text((left + right) / 2, -0.85, f"{field.pointer} = {json.dumps(field.value)}",
                  ha="center", va="top", fontsize=9)  # fmt: skip
        axes.text((left + right) / 2, -1.22, f"confidence {field.confidence:.2f}", ha="center",
                  va="top", fontsize=9)  # fmt: skip
    axes.set(xlim=(0, edges[-1]), ylim=(-1.6, 0.5))
    axes.axis("off")
    return figure


def mask(report: fc.Report[Any]) -> Figure:
    """The deciding token's candidates before the schema's mask, and the members after it."""
    field = report["team"]
    assert field.why is not None
    assert field.distribution is not None
    candidates = report.tokens[field.why.token].candidates
    mass = dict.fromkeys(COLOURS, 0.0)
    outside = 0.0
    for candidate in candidates:
        share = math.exp(candidate.logprob)
        meant = [name for name in COLOURS if name.startswith(candidate.text)]
        if len(meant) == 1:
            mass[meant[0]] += share
        else:
            outside += share
    figure, axes = _canvas(8.6, 2.9)
    before = [(name, share, COLOURS[name]) for name, share in mass.items()]
    unlisted = 1 - sum(mass.values()) - outside
    before += [("outside\nschema", outside, OUTSIDE), ("not listed", unlisted, UNLISTED)]
    after = [
        (str(member.value), member.probability, COLOURS[str(member.value)])
        for member in field.distribution
    ]
    for height, parts in ((1, before), (0, after)):
        left = 0.0
        for name, share, colour in parts:
            axes.barh(height, share, left=left, height=0.6, color=colour, ec="white")
            light = colour in (OUTSIDE, UNLISTED, COLOURS["technical"])
            axes.text(left + share / 2, height, f"{name}\n{share:.2f}", ha="center", va="center",
                      fontsize=7, color="black" if light else "white")  # fmt: skip
            left += share
    written = field.distribution[field.value]
    axes.plot([written.low, written.high], [-0.45, -0.45], color="black", lw=1.5)
    for end in (written.low, written.high):
        axes.plot([end, end], [-0.51, -0.39], color="black", lw=1.5)
    axes.text(written.low - 0.01, -0.45, f"{field.value}: between {written.low:.2f} and "
              f"{written.high:.2f}", ha="right", va="center", fontsize=9)  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(-0.65, 1.4), xlabel="probability")
    axes.set_yticks([1, 0], ["the server's list", "among the allowed\nvalues"])
    return figure


def guarantee(reports: dict[str, Any], truth: dict[str, Any]) -> Figure:
    """How many of the accepted values are wrong, by the cut; and the cut that was certified."""
    labels = fc.labels([{"document": name, "value": truth[name]} for name in reports])
    policy = fc.Policy.guaranteed(reports, labels, risk=0.10)
    confidence, right = _judged(reports, truth, ("urgent", "team"))
    order = np.argsort(-confidence)
    wrong = np.cumsum(~right[order])
    accepted = np.arange(1, len(order) + 1)
    figure, axes = _canvas(8.6, 3.2)
    axes.plot(accepted / len(order), wrong / accepted, color=COLOURS["billing"], lw=1.5)
    axes.axhline(0.10, color="black", lw=1, ls="--")
    axes.text(1, 0.104, "allowed: 10 % wrong", ha="right", va="bottom", fontsize=9)
    (signed,) = policy.guarantee.certificates
    share, failed = signed.coverage, signed.wrong / signed.accepted
    axes.plot([share, share], [failed, signed.bound], color="black", lw=1.5)
    axes.plot([share], [failed], "o", color=COLOURS["billing"])
    axes.plot([share], [signed.bound], "_", color="black", ms=14, mew=2)
    axes.annotate(
        f"signed: accept from {signed.cut:.3f} on\n"
        f"{share:.0%} accepted, {failed:.1%} wrong on the labels,\n"
        f"at most {signed.bound:.1%} with 95 % confidence",
        (share, failed), (share + 0.06, 0.01), fontsize=9,
    )  # fmt: skip
    axes.set(xlim=(0, 1.01), ylim=(0, 0.19), xlabel="share of the values that is accepted",
             ylabel="wrong among the accepted")  # fmt: skip
    return figure


def calibration(reports: dict[str, Any], truth: dict[str, Any]) -> Figure:
    """Of values with a confidence, the share that is right; and the fitted curve."""
    labels = fc.labels([{"document": name, "value": truth[name]} for name in reports])
    calibrator = fc.calibrate(reports, labels)
    figure, axes = _canvas(4.6, 4.2)
    axes.plot([0.5, 1], [0.5, 1], color=OUTSIDE, lw=1)
    confidence, right = _judged(reports, truth, ("urgent",))
    for part in np.array_split(np.argsort(confidence), 6):
        axes.plot(confidence[part].mean(), right[part].mean(), "o", color=COLOURS["billing"])
    grid = np.linspace(0.5, 0.995, 60)
    fitted = [calibrator.confidence(float(each), "/urgent") for each in grid]
    axes.plot(grid, fitted, color=COLOURS["technical"], lw=2)
    axes.text(0.7, 0.73, "0.9 means 90 %", rotation=38, fontsize=8, color="#777777")
    axes.set(xlim=(0.5, 1), ylim=(0.3, 1.02), xlabel="confidence of /urgent",
             ylabel="share of right values")  # fmt: skip
    return figure


def _judged(reports: dict[str, Any], truth: dict[str, Any], names: tuple[str, ...]) -> Any:
    """The confidence of each value, and whether it is right."""
    pairs = [
        (report[name].confidence, report[name].value == truth[document][name])
        for document, report in reports.items()
        for name in names
    ]
    return np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _blue(probability: float) -> tuple[float, float, float]:
    """From nearly white at 0 to dark blue at 1."""
    return (0.9 - 0.85 * probability, 0.93 - 0.6 * probability, 0.97 - 0.35 * probability)


def pictures() -> dict[str, Figure]:
    """Each picture with its name."""
    lines = (HERE / "data" / "messages.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines][:150]
    reports = {row["document"]: fc.score(row["response"], Message) for row in rows}
    truth = {row["document"]: row["value"] for row in rows}
    report = first_answer()
    return {
        "tokens": tokens(report), "mask": mask(report),
        "guarantee": guarantee(reports, truth), "calibration": calibration(reports, truth),
    }  # fmt: skip


def main(folder: Path = FOLDER) -> None:
    """Write them as SVG whose text stays text."""
    folder.mkdir(exist_ok=True)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "fieldconf"}):
        for name, figure in pictures().items():
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
