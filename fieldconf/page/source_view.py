"""Source view: the text that was read, cut where the places of values begin and end.

In:    the text, and the fields of a plain report with ``source_spans``.
Out:   ``SourcePart``: pieces that give the text when they are joined, each with its fields.
Never: a piece that overlaps another: HTML elements nest.
Why:   a reader checks a value by looking at the words around it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fieldconf.errors import printable

MOST = 200_000
"""Characters of a source that a page shows; a browser needs seconds for millions."""
_BEST = ("reject", "review", "unknown", "accept", "none")


@dataclass(frozen=True, slots=True)
class SourcePart:
    """A piece of the text.

    Attributes:
        text: as it is shown.
        numbers: the fields whose values stand here, by their numbers; empty for other text.
        tone: the worst outcome of these fields.
        is_best: whether it is the best place of one of them, not only another one.
        starts: the fields whose best place begins here.
    """

    text: str
    numbers: tuple[int, ...] = ()
    tone: str = ""
    is_best: bool = False
    starts: tuple[int, ...] = ()


def source_parts(
    source: str, fields: Sequence[Mapping[str, Any]], tones: Sequence[str]
) -> tuple[list[SourcePart], int]:
    """The parts of a text, and how many characters at its end are left out.

    ``fields`` and ``tones`` (outcomes) are in the order of the report's fields.
    """
    shown = source[:MOST]
    places: list[tuple[int, int, int, bool]] = []
    for number, field in enumerate(fields):
        for rank, span in enumerate(field.get("source_spans") or ()):
            start, stop = max(span["start"], 0), min(span["stop"], len(shown))
            if start < stop:
                places.append((start, stop, number, rank == 0))
    edges = sorted({0, len(shown), *(e for start, stop, *_ in places for e in (start, stop))})
    places.sort()
    parts: list[SourcePart] = []
    open_places: list[tuple[int, int, int, bool]] = []
    following = iter(places)
    coming = next(following, None)
    for start, stop in pairwise(edges):
        open_places = [place for place in open_places if place[1] > start]
        while coming is not None and coming[0] <= start:
            open_places.append(coming)
            coming = next(following, None)
        numbers = tuple(dict.fromkeys(place[2] for place in open_places))
        parts.append(
            SourcePart(
                lines_of(shown[start:stop]),
                numbers,
                min((tones[n] for n in numbers), key=_BEST.index) if numbers else "",
                any(place[3] for place in open_places),
                tuple(place[2] for place in open_places if place[3] and place[0] == start),
            )
        )
    return parts, len(source) - len(shown)


def lines_of(text: str) -> str:
    r"""A text with its lines and tabs, and all other control characters escaped.

    >>> lines_of("a\r\nb\x00")
    'a\nb\\x00'
    """
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in lines)
