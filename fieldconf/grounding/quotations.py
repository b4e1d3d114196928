"""Quotations: where a text stands in a source, exactly or in another spelling.

In:    a value and a source, as they are or folded.
Out:   half-open spans of the source, in characters.
Never: a part of a word ("cat" in "concatenate"), or of a number ("3.5" in "13.5" or "3.52").
Why:   most values are quoted, and a quotation is certain.
"""

from collections.abc import Iterator

from fieldconf.grounding.folding import Folded, fold, letters_of, splits_word

_LEAST_LETTERS = 4  # in shorter values punctuation matters: "C++" is not "C"
_LEAST_DIGITS = 7  # as in telephone numbers; in shorter values the separators matter


def exact_matches(source: str, value: str) -> Iterator[tuple[int, int]]:
    """Where a value stands exactly, as whole words.

    >>> list(exact_matches("cat, concatenate; cat.", "cat"))
    [(0, 3), (18, 21)]
    >>> list(exact_matches("0.12 and 12", "12"))
    [(9, 11)]
    """
    at = source.find(value) if value else -1
    while at >= 0:
        stop = at + len(value)
        is_match = stands_alone(source, at, stop)
        if is_match:
            yield at, stop
        at = source.find(value, stop if is_match else at + 1)


def folded_matches(folded: Folded, value: str) -> Iterator[tuple[int, int]]:
    r"""Where a value stands, ignoring letter case, accents, white space, quotes and dashes.

    >>> list(folded_matches(fold("the\n CAFE"), "The café"))
    [(0, 9)]
    """
    wanted = fold(value).line.strip()
    spans = (folded.span(*span) for span in exact_matches(folded.line, wanted))
    return (span for span in spans if span is not None)


def letter_matches(folded: Folded, letters: Folded, value: str) -> Iterator[tuple[int, int]]:
    r"""Where the letters and digits of a value stand, ignoring other characters between them.

    Values with few letters are not searched for, nor values of few digits alone (unlike telephone
    and account numbers): "1-12" is not "11-2".

    Args:
        folded: the source.
        letters: ``letters_of`` its text.
        value: the value to search for.

    >>> folded = fold("Order AB 1234, infor-\nmation")
    >>> letters = letters_of(folded.text)
    >>> [list(letter_matches(folded, letters, value)) for value in ("ab-1234", "Information")]
    [[(6, 13)], [(15, 28)]]
    """
    wanted = letters_of(fold(value).line).text
    least = _LEAST_LETTERS if any(map(str.isalpha, wanted)) else _LEAST_DIGITS
    at = letters.text.find(wanted) if len(wanted) >= least else -1
    while at >= 0:
        inner = letters.span(at, at + len(wanted))
        whole = inner is not None and stands_alone(folded.text, *inner)
        span = folded.span(*inner) if inner and whole else None
        if span is not None:
            yield span
        at = letters.text.find(wanted, at + (len(wanted) if span else 1))


def stands_alone(text: str, start: int, stop: int) -> bool:
    """Whether a span of a text is no part of a longer word or number."""
    if start and splits_word(text[start - 1], text[start]):
        return False
    if stop < len(text) and splits_word(text[stop - 1], text[stop]):
        return False
    before, behind = text[max(start - 2, 0) : start], text[stop : stop + 2]
    if text[start].isdigit() and len(before) == 2 and before[0].isdigit() and before[1] in ".,":
        return False
    return not (text[stop - 1].isdigit() and behind[:1] in (".", ",") and behind[1:].isdigit())
