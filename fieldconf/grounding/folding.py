"""Folding: a text normalised for comparison, with offsets into the original.

In:    a text.
Out:   ``Folded``: the normalised text, and for each character its span in the original.
Never: an offset inside of a character; an exception, whatever the text.
Why:   "Café" and "CAFE" are the same value, but a reader wants to see the original place.

What is folded: letter case (full Unicode case folding); compatibility forms (NFKD: ligatures, full
width, circled); the accents of Latin, Greek and Cyrillic letters (U+0300 to U+036F; the vowel signs
and voicing marks of other scripts are letters of theirs and stay); decimal digits of all scripts;
typographic quotes and dashes; white space, line breaks included, to one space; and what is
invisible (soft hyphens, joiners, variation selectors) is left out.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")  # ASCII words a space apart: only their case is folded
_BLANK = re.compile(r"\s+")
_SIGNS = {
    **dict.fromkeys("‘’‚‛′ʼ´", "'"),  # noqa: RUF001  # these are meant
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−﹘", "-"),  # noqa: RUF001
    "⁄": "/",  # noqa: RUF001  # what NFKD makes of fractions
}
_SIGNIFICANT = frozenset("%@&+=<>$€£¥")
"""Signs that change what a word means: they stay where punctuation does not count."""
_ACCENTS = frozenset(map(chr, range(0x300, 0x370)))
_SCRIPTS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー]"
_UNSPACED = regex.compile(_SCRIPTS)
_WORD = regex.compile(rf"{_SCRIPTS}\p{{M}}*|(?:(?!{_SCRIPTS})[\p{{L}}\p{{N}}\p{{M}}_])+")
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


_ONE_SPACE = str.maketrans("\t\n", "  ")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is compared.

    Attributes:
        text: a run of white space is one space where it was one, else one tab, and one line feed
            where it held the end of a line.
        starts, stops: for each character of ``text`` the half-open span of what it stands for in
            the source, in characters. Those of one character have one span ("ß" is "ss").
    """

    text: str
    starts: list[int]
    stops: list[int]

    @property
    def line(self) -> str:
        """The text with one space for each run of white space, ends of lines among them."""
        return self.text.translate(_ONE_SPACE)

    def span(self, start: int, stop: int) -> tuple[int, int] | None:
        """The span in the source of a span of ``text``; None if it begins or ends inside of one
        character of the source, or is empty.

        >>> fold("Groß er").span(0, 5), fold("Groß er").span(0, 4)
        ((0, 4), None)
        """  # noqa: D205  # one sentence
        starts = self.starts
        if not 0 <= start < stop <= len(starts):
            return None
        if start and starts[start - 1] == starts[start]:
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
        text = _space(blank[0]) if blank else folded_character(source[at])
        parts.append(text)
        starts.extend([at] * len(text))
        stops.extend([stop] * len(text))
        if not text and stops and source[at] in _ACCENTS:  # it belongs to the letter before it
            _widen(starts, stops, stop)
        at = stop
    return Folded("".join(parts), starts, stops)


def letters_of(text: str) -> Folded:
    """What is left of a folded text without white space and punctuation; spans are those of it.

    Signs that change what a word means stay, and so do points and commas between digits.

    >>> letters = letters_of("ab-1234, 1.50 %")
    >>> letters.text, letters.span(0, 6)
    ('ab12341.50%', (0, 7))
    """
    offsets = list(_significant(text))
    return Folded("".join(text[at] for at in offsets), offsets, [at + 1 for at in offsets])


def words_of(text: str) -> list[tuple[int, int]]:
    """The spans of a text's words; where nothing divides words, of its characters.

    >>> words_of("by Anna, 東京")
    [(0, 2), (3, 7), (9, 10), (10, 11)]
    """
    return [match.span() for match in _WORD.finditer(text)]


@lru_cache(maxsize=4096)
def folded_character(character: str) -> str:
    """What one character that is no white space is compared as; perhaps nothing.

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
    """Whether two neighbouring characters belong to one word; empty ones are a text's ends.

    Scripts that put no space between words have no boundaries: a value may stand anywhere.

    >>> splits_word("n", "c"), splits_word("n", "."), splits_word("東", "京")
    (True, False, False)
    """
    return (
        is_word(before) and is_word(after)
        and _UNSPACED.match(before) is None and _UNSPACED.match(after) is None
    )  # fmt: skip


def is_word(character: str) -> bool:
    """Whether a character is one of words: a letter, a digit, an underscore, or a mark on one."""
    if character.isascii():
        return character.isalnum() or character == "_"
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _decomposed(character: str) -> str:
    if character in _SIGNS:
        return _SIGNS[character]
    text = unicodedata.normalize("NFKD", character.casefold())
    digits = (str(unicodedata.decimal(part, part)) for part in text)
    parts = [part for part in digits if not _is_left_out(part)]
    # "¨" decomposes into a space and an accent: it stays what it is.
    return character if any(map(str.isspace, parts)) else "".join(parts)


def _is_left_out(character: str) -> bool:
    is_selector = "\ufe00" <= character <= "\ufe0f"
    return character in _ACCENTS or is_selector or unicodedata.category(character) == "Cf"


def _space(blank: str) -> str:
    if not _LINE_ENDS.isdisjoint(blank):
        return "\n"
    return "\t" if len(blank) > 1 or blank == "\t" else " "


def _widen(starts: list[int], stops: list[int], stop: int) -> None:
    """Let the last character of the source end later."""
    last = starts[-1]
    at = len(starts) - 1
    while at >= 0 and starts[at] == last:
        stops[at] = stop
        at -= 1


def _significant(text: str) -> Iterator[int]:
    """The offsets of all characters except white space and punctuation."""
    for at, character in enumerate(text):
        is_mark = character in _SIGNIFICANT or unicodedata.category(character)[0] in "MS"
        before, after = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
        is_decimal = character in ".," and before.isdigit() and after.isdigit()
        if character.isalnum() or is_mark or is_decimal:
            yield at
