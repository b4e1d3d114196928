"""Token text: an answer whose tokens are tinted by their probabilities, or a table of the tokens.

In:    a report's plain dict with its tokens (``Report.to_dict(tokens=True)``).
Out:   rich renderables.
Never: a tint that differs from others by its color alone; a control character.
Why:   the text itself shows at once where the model hesitated.
"""

import codecs
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fieldconf.errors import printable
from fieldconf.render.table import number

if TYPE_CHECKING:
    from rich.console import RenderableType

_UNKNOWN = "dim italic"
_TRUSTED = 0.9


class Band(NamedTuple):
    """How tokens are shown whose probability (0..1) is at least ``least``."""

    least: float
    style: str
    words: str


BANDS = (
    Band(0.99, "", "0.99 and above"),
    Band(0.9, "cyan", "0.9 to 0.99"),
    Band(0.5, "underline yellow", "0.5 to 0.9"),
    Band(0.0, "bold reverse red", "below 0.5"),
)


def tinted(report: Mapping[str, Any]) -> "RenderableType":
    """The answer's text, each token by its probability, a legend and the least sure token."""
    from rich.console import Group
    from rich.text import Text

    text = Text()
    for piece, probability in _pieces(report["tokens"]):
        text.append(piece, style_of(probability))
    legend = Text("\nprobability of the token: ")
    for band in BANDS:
        legend.append(band.words, band.style).append("  ")
    if any(token["logprob"] is None for token in report["tokens"]):
        legend.append("unknown", _UNKNOWN)
    return Group(text, legend, Text(least_sure(report)))


def style_of(probability: float | None) -> str:
    """The style of a token.

    >>> style_of(0.999), style_of(0.4), style_of(None)
    ('', 'bold reverse red', 'dim italic')
    """
    if probability is None:
        return _UNKNOWN
    return next(band.style for band in BANDS if probability >= band.least)


def _pieces(tokens: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float | None]]:
    """The text of the tokens with their probabilities; line breaks stay.

    A character whose bytes several tokens wrote stands once, with the least of their probabilities.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    waiting: list[float | None] = []
    for at, token in enumerate(tokens):
        waiting.append(probability_of(token))
        text = decoder.decode(_bytes(token), final=at == len(tokens) - 1)
        if text:
            known = [share for share in waiting if share is not None]
            yield (
                "\n".join(printable(line.replace("\t", "    ")) for line in text.split("\n")),
                min(known) if len(known) == len(waiting) else None,
            )
            waiting = []


def table(report: Mapping[str, Any], *, rivals: int = 2) -> "RenderableType":
    """A row for each token: its text, its probability, the likeliest others, and its field."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    grid.add_column("token", justify="right")
    grid.add_column("text", overflow="fold", max_width=30)
    grid.add_column("probability", justify="right")
    grid.add_column("likeliest others", overflow="fold")
    grid.add_column("field", overflow="fold")
    touched = _touched(report)
    for at, token in enumerate(report["tokens"]):
        share = probability_of(token)
        figure = "unknown" if share is None else number(share)
        grid.add_row(
            str(at), Text(_quoted(token["text"])), Text(figure, style_of(share)),
            Text(", ".join(others_of(token)[:rivals])), Text(_place(report, at, touched)),
        )  # fmt: skip
    return Group(grid, Text(least_sure(report)))


def others_of(token: Mapping[str, Any]) -> list[str]:
    """The other candidates at a token, likeliest first, each with its probability.

    What the grammar excluded is not among them.
    """
    listed = [
        (share, candidate["text"]) for candidate in token.get("candidates", ())
        if _bytes(candidate) != _bytes(token) and (share := probability_of(candidate))
    ]  # fmt: skip
    listed.sort(key=lambda pair: -pair[0])
    return [f"{_quoted(text)} {number(share)}" for share, text in listed]


def least_sure(report: Mapping[str, Any]) -> str:
    """How many tokens there are, how many are below 0.9, and which has the least probability.

    The last two are of the answer's own tokens, where others stand around it.
    """
    tokens: Sequence[Mapping[str, Any]] = report["tokens"]
    owners: Sequence[str] = report["owners"]
    own = [at for at, owner in enumerate(owners) if owner != "outside"] or range(len(tokens))
    known = [(share, at) for at in own if (share := probability_of(tokens[at])) is not None]
    count = f"{len(tokens):,} {'token' if len(tokens) == 1 else 'tokens'}"
    if not known:
        return f"{count}, none with a probability"
    low = sum(share < _TRUSTED for share, _ in known)
    share, at = min(known)
    where = _place(report, at, _touched(report))
    least = f"the least sure is {at}, {_quoted(tokens[at]['text'])} {number(share)} ({where})"
    return f"{count}, {low:,} below {_TRUSTED}; {least}"


def probability_of(entry: Mapping[str, Any]) -> float | None:
    """The probability (0..1) of a plain token or candidate; None if it is not known."""
    logprob = entry["logprob"]
    if logprob is None:
        return None
    return min(math.exp(float(logprob)), 1.0)  # "-inf" is a text


def _place(report: Mapping[str, Any], at: int, touched: Mapping[int, Sequence[str]]) -> str:
    """The field that owns a token, and those of whose values it wrote a part, too."""
    owners: Sequence[str] = report["owners"]
    fields = touched.get(at, ())
    owner = owners[at] if at < len(owners) else (fields[0] if fields else "")
    also = [name or "(whole)" for name in fields if name != owner]
    shown = printable(owner or "(whole)")
    return f"{shown}, also {printable(', '.join(also))}" if also else shown


def _touched(report: Mapping[str, Any]) -> Mapping[int, list[str]]:
    """For each token the scalars and empty containers of whose values it wrote a part."""
    touched: dict[int, list[str]] = {}
    for name, field in report["fields"].items():
        if "value" in field:
            for at in field["indexes"]:
                touched.setdefault(at, []).append(name)
    return touched


def _quoted(text: str) -> str:
    return f"`{printable(text)}`"


def _bytes(entry: Mapping[str, Any]) -> bytes:
    raw = entry.get("bytes")
    return bytes(raw) if raw is not None else entry["text"].encode("utf-8", "surrogatepass")
