"""Fuzzy: where a text stands nearly.

In:    a text and a source, both folded.
Out:   half-open spans of the source, whole words, each with a similarity.
Never: another digit: "12 Main Street" is not "13 Main Street", however near their letters are.
Why:   people mistype, scanners misread, and languages inflect.

RapidFuzz aligns the value with the source and measures: the similarity is ``2 * M / T``, where T is
the length of both texts together and M that of their longest common subsequence (its ``ratio``).
The span is widened or narrowed to whole words, and measured again.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

CUTOFF = 0.85
"""The least similarity: one letter replaced in seven, or one too many in three."""
SHORTEST = 4
"""Characters of the shortest value that is looked for: of shorter ones, one letter is too much."""
LONGEST = 300
"""Characters of the longest one: what is longer is no quotation, and takes long to align."""
MOST_ALIGNED = 20
"""How often a source is aligned with one value: each time, what was found before is cut out."""


_ROUGH = 75.0
"""Percent that the aligned part has at least: it has the value's length, the place may have not."""
_MOST_MOVES = 20


class Near(NamedTuple):
    """A place where a text stands nearly: half-open, in characters; similarity 0..1."""

    start: int
    stop: int
    similarity: float


def near(line: str, words: Sequence[tuple[int, int]], value: str) -> Iterator[Near]:
    """Where a folded value nearly stands in a folded text, both on one line; in no order.

    ``words`` are the spans of the text's words. Values shorter than ``SHORTEST`` or longer than
    ``LONGEST`` are not looked for.

    Raises:
        ImportError: if RapidFuzz is not installed.

    >>> list(near("by anna schmitt.", [(0, 2), (3, 7), (8, 15)], "anna schmidt"))[0][:2]
    (3, 15)
    """
    from rapidfuzz import fuzz  # noqa: PLC0415  # of an extra

    parts = [(0, len(line))] if words and SHORTEST <= len(value) <= LONGEST else []
    for _ in range(MOST_ALIGNED):
        if not parts:
            return
        start, stop = parts.pop()
        rough = fuzz.partial_ratio_alignment(value, line[start:stop], score_cutoff=_ROUGH)
        if rough is None:
            continue
        place = _on_words(line, words, value, start + rough.dest_start, start + rough.dest_end)
        if place.similarity >= CUTOFF and _may_be(line[place.start : place.stop], value):
            yield place
        parts += [
            (one, other)
            for one, other in ((start, place.start), (place.stop, stop))
            if other - one >= SHORTEST
        ]


def _on_words(
    line: str, words: Sequence[tuple[int, int]], value: str, start: int, stop: int
) -> Near:
    """The whole words around an aligned part, fewer or more of them as long as it gets nearer."""
    from rapidfuzz import fuzz  # noqa: PLC0415

    def measured(first: int, last: int) -> Near:
        begin, end = words[first][0], words[last][1]
        return Near(begin, end, fuzz.ratio(value, line[begin:end]) / 100)

    first = max(bisect_right(words, (start, len(line))) - 1, 0)
    last = max(bisect_left(words, (stop, 0)) - 1, first)
    best = measured(first, last)
    for _ in range(_MOST_MOVES):
        moves = [(first + 1, last), (first, last - 1), (first - 1, last), (first, last + 1)]
        tried = [(measured(*m), m) for m in moves if 0 <= m[0] <= m[1] < len(words)]
        nearer = max(tried, key=lambda one: one[0].similarity, default=None)
        if nearer is None or nearer[0].similarity <= best.similarity:
            break
        best, (first, last) = nearer
    return best


def _may_be(found: str, value: str) -> bool:
    """Whether digits and the first letter are the value's: "stable" is no way to write "table"."""
    return found[:1] == value[:1] and _digits(found) == _digits(value)


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isdigit())
