"""Folding: a text normalised for comparison, with offsets into the original.

In:    a text.
Out:   ``Folded``: the normalised text, and for each character its span in the original.
Never: an offset inside of a character; an exception, whatever the text.
Why:   "Café" and "CAFE" are the same value, but a reader wants to see the original place.

Folding covers letter case (full Unicode case folding); compatibility forms (NFKD: ligatures, full
width, circled); the accents of Latin, Greek and Cyrillic letters (U+0300 to U+036F; the vowel signs
and voicing marks of other scripts stay); decimal digits of all scripts; typographic quotes and
dashes; and white space, line breaks included, which becomes one space. Invisible characters (soft
hyphens, joiners, variation selectors) are removed.
"""

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

import regex

from fieldconf.distributions.label_matching import is_word

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")  # ASCII words a space apart: only their case is folded
_BLANK = re.compile(r"\s+")
_SIGNS = {
    **dict.fromkeys("‘’‚‛′ʼ´", "'"),  # noqa: RUF001  # these are meant
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−﹘", "-"),  # noqa: RUF001
    "⁄": "/",  # noqa: RUF001  # in the NFKD form of fractions
}
_SIGNIFICANT = frozenset("%@&+=<>$€£¥")
"""Signs that change the meaning of a word: they stay where punctuation is ignored."""
_ACCENTS = frozenset(map(chr, range(0x300, 0x370)))
_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
_SCRIPTS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]"
_UNSPACED = regex.compile(_SCRIPTS)
_WORD = regex.compile(rf"{_SCRIPTS}\p{{M}}*|(?:(?!{_SCRIPTS})[\p{{L}}\p{{N}}\p{{M}}_])+")
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_ONE_SPACE = str.maketrans("\t\n", "  ")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in the form in which it is compared.

    Attributes:
        text: the folded text. A single space stays; other white space becomes one tab, or one line
            feed if it holds the end of a line.
        starts, stops: for each character of ``text`` its half-open span in the source, in
            characters. Characters that were one in the source have the same span ("ß" is "ss").
    """

    text: str
    starts: list[int]
    stops: list[int]

    @property
    def line(self) -> str:
        """The text with one space for each run of white space, line ends included."""
        return self.text.translate(_ONE_SPACE)

    def span(self, start: int, stop: int) -> tuple[int, int] | None:
        """The span in the source of a span of ``text``; None if it begins or ends inside of one
        character of the source, or is empty.

        >>> fold("Groß er").span(0, 5), fold("Groß er").span(0, 4)
        ((0, 4), None)
        """  # noqa: D205  # one sentence
        starts = self.starts
        is_span = 0 <= start < stop <= len(starts)
        if not is_span or (start and starts[start - 1] == starts[start]):
            return None
        if stop < len(starts) and starts[stop - 1] == starts[stop]:
            return None
        return starts[start], self.stops[stop - 1]


def fold(source: str) -> Folded:
    r"""A text, folded.

    >>> folded = fold("Café\n  “ﬁn”")
    >>> folded.text, folded.span(6, 9)
    ('cafe\n"fin"', (8, 10))
    """
    parts, starts, stops = list[str](), list[int](), list[int]()
    at = 0
    while at < len(source):
        plain = _PLAIN.match(source, at)
        if plain is not None:
            parts.append(plain[0].lower())
            starts.extend(range(at, plain.end()))
            stops.extend(range(at + 1, plain.end() + 1))
            at = plain.end()
            continue
        blank = _BLANK.match(source, at)
        stop = blank.end() if blank else at + 1
        if blank is None:
            text = folded_character(source[at])
        elif not _LINE_ENDS.isdisjoint(blank[0]):
            text = "\n"
        else:
            text = " " if blank[0] != "\t" and len(blank[0]) == 1 else "\t"
        parts.append(text)
        starts.extend([at] * len(text))
        stops.extend([stop] * len(text))
        if not text and stops and source[at] in _ACCENTS:
            # The accent belongs to the letter before it: all characters of that letter end later.
            first = bisect_left(starts, starts[-1])
            stops[first:] = [stop] * (len(stops) - first)
        at = stop
    return Folded("".join(parts), starts, stops)


def letters_of(text: str) -> Folded:
    """A folded text without white space and punctuation; its spans are those in the folded text.

    Signs that change the meaning of a word stay, and so do points and commas between digits.

    >>> letters = letters_of("ab-1234, 1.50 %")
    >>> letters.text, letters.span(0, 6)
    ('ab12341.50%', (0, 7))
    """
    offsets: list[int] = []
    for at, character in enumerate(text):
        is_mark = character in _SIGNIFICANT or unicodedata.category(character)[0] in "MS"
        before, after = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
        is_decimal = character in ".," and before.isdigit() and after.isdigit()
        if character.isalnum() or is_mark or is_decimal:
            offsets.append(at)
    return Folded("".join(text[at] for at in offsets), offsets, [at + 1 for at in offsets])


def words_of(text: str) -> list[tuple[int, int]]:
    """The spans of a text's words; where nothing divides words, of its characters.

    >>> words_of("by Anna, 東京")
    [(0, 2), (3, 7), (9, 10), (10, 11)]
    """
    return [match.span() for match in _WORD.finditer(text)]


@lru_cache(maxsize=4096)
def folded_character(character: str) -> str:
    """The folded form of a character that is no white space; it may be empty.

    >>> [folded_character(character) for character in "Éßﬁ٣”"]
    ['e', 'ss', 'fi', '3', '"']
    """
    folded = character
    for _ in range(4):  # case folding and decomposition lead into each other
        before, folded = folded, "".join(map(_decomposed, folded))
        if folded == before:
            break
    return folded


def splits_word(before: str, after: str) -> bool:
    """Whether two neighbouring characters belong to one word.

    In scripts without spaces between words no characters do: a value may stand anywhere.

    >>> splits_word("n", "c"), splits_word("n", "."), splits_word("東", "京")
    (True, False, False)
    """
    return (
        is_word(before) and is_word(after)
        and _UNSPACED.match(before) is None and _UNSPACED.match(after) is None
    )  # fmt: skip


def _decomposed(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    text = unicodedata.normalize("NFKD", character.casefold())
    digits = (str(unicodedata.decimal(part, part)) for part in text)
    parts = [
        part for part in digits
        if part not in _ACCENTS and part not in _SELECTORS and unicodedata.category(part) != "Cf"
    ]  # fmt: skip
    # "¨" decomposes into a space and an accent: it stays unchanged.
    return character if any(map(str.isspace, parts)) else "".join(parts)
