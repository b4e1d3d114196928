"""Fuzzy: where a similar text stands.

In:    a text and a source, both folded.
Out:   half-open spans of the source, whole words, each with a similarity.
Never: another digit: "12 Main Street" does not match "13 Main Street"; another e-mail address; a
       word with another first letter: "unavailable" for "available".
Why:   people mistype, scanners misread, and languages inflect.

RapidFuzz aligns the value with the source and measures: the similarity is ``2 * M / T``, where T is
the length of both texts together and M that of their longest common subsequence (its ``ratio``).
The span is widened or narrowed to whole words, and measured again. The letters alone must be as
similar, too: equal digits of a code must not hide other letters.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

CUTOFF = 0.85
"""The least similarity: one letter replaced in seven, or one too many in three."""
SHORTEST = 4
"""Characters of the shortest value that is searched for: in shorter ones, one letter matters."""
LONGEST = 300
"""Characters of the longest one: longer values are no quotations, and slow to align."""
MOST_ALIGNED = 50
"""How often one value is aligned: each time with the text left before or behind a place."""
_ROUGH = 75.0
"""Least similarity of the aligned part in percent; it is not on whole words yet."""
_MOST_MOVES = 20


class NearMatch(NamedTuple):
    """A place where a similar text stands: half-open, in characters; similarity 0..1."""

    start: int
    stop: int
    similarity: float


def fuzzy_matches(line: str, words: Sequence[tuple[int, int]], value: str) -> Iterator[NearMatch]:
    """Where a text similar to a folded value stands in a folded text, in no order.

    ``words`` are the spans of the text's words.

    Raises:
        ImportError: if RapidFuzz is not installed.

    >>> list(fuzzy_matches("by anna schmitt.", [(0, 2), (3, 7), (8, 15)], "anna schmidt"))[0][:2]
    (3, 15)
    """
    from rapidfuzz import fuzz  # noqa: PLC0415  # of an extra

    is_sought = SHORTEST <= len(value) <= LONGEST and "@" not in value
    parts = [(0, len(line))] if words and is_sought else []
    least = CUTOFF / (2 - CUTOFF) * len(value)  # what is shorter cannot be as similar
    for _ in range(MOST_ALIGNED):
        if not parts:
            return
        start, stop = parts.pop()
        rough = fuzz.partial_ratio_alignment(value, line[start:stop], score_cutoff=_ROUGH)
        if rough is None:
            continue
        place = _on_words(line, words, value, start + rough.dest_start, start + rough.dest_end)
        if place.similarity >= CUTOFF and _is_plausible(value, line[place.start : place.stop]):
            yield place
        parts += [
            (begin, end)
            for begin, end in ((place.stop, stop), (start, place.start))
            if end - begin >= least
        ]


def _on_words(
    line: str, words: Sequence[tuple[int, int]], value: str, start: int, stop: int
) -> NearMatch:
    """The whole words around an aligned part; words are added or dropped while it helps."""
    from rapidfuzz import fuzz  # noqa: PLC0415

    def measured(first: int, last: int) -> NearMatch:
        begin, end = words[first][0], words[last][1]
        return NearMatch(begin, end, fuzz.ratio(value, line[begin:end]) / 100)

    first = max(bisect_right(words, (start, len(line))) - 1, 0)
    last = max(bisect_left(words, (stop, 0)) - 1, first)
    best = measured(first, last)
    for _ in range(_MOST_MOVES):
        moves = [(first + 1, last), (first, last - 1), (first - 1, last), (first, last + 1)]
        tried = [(measured(*m), m) for m in moves if 0 <= m[0] <= m[1] < len(words)]
        nearer = max(tried, key=lambda move: move[0].similarity, default=None)
        if nearer is None or nearer[0].similarity <= best.similarity:
            break
        best, (first, last) = nearer
    return best


def _is_plausible(value: str, match: str) -> bool:
    """Whether digits and the first character are the value's, and the letters are similar."""
    from rapidfuzz import fuzz  # noqa: PLC0415

    digits, other_digits = ("".join(filter(str.isdigit, text)) for text in (value, match))
    if match[:1] != value[:1] or digits != other_digits:
        return False
    letters, other_letters = ("".join(filter(str.isalpha, text)) for text in (value, match))
    return bool(letters) and fuzz.ratio(letters, other_letters) >= 100 * CUTOFF
