"""Numerals: where the same number stands, in any notation.

In:    a number, or a text that is one; a folded source.
Out:   half-open spans of the folded source, each with a similarity.
Never: a guess between two readings: "1,234" is 1234 in some countries, and 1.234 in others.
Why:   a model writes 1234.5 for "$1,234.50".

A text can have several *readings*. The similarity of two texts is the probability that they mean
the same, if all readings of a text are equally likely: the sum of ``P(r | value) * P(r | source)``
over the readings they share; 1 if each has one only. These have two readings: a single mark with
three digits behind it ("1,234": 1234 or 1.234), groups divided by spaces ("1 234": perhaps two
numbers), a number with a leading zero ("03": perhaps no number), percents ("12 %": 12 or 0.12),
parentheses ("(12)": 12 or, in accounting, -12), and letters that are a factor or a unit ("3k": 3 or
3000). Of numbers in words "zero" to "twelve" are known, of factors the English words.
"""

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

_LONGEST = 40
"""Characters of a number; a longer one is searched for as a text only."""
MOST_READ = 100_000
"""Numbers of one source that are read; later ones are searched for as texts only."""
_CODES = (
    "usd|us|eur|gbp|chf|jpy|cny|rmb|inr|rs|aud|a|cad|c|nzd|nz|sgd|s|hkd|hk|myr|rm|thb|php|idr|rp|"
    "krw|twd|sek|nok|dkk|kr|pln|zl|czk|huf|try|tl|zar|r|brl|mxn|ars|aed|sar|ils"
)
_SYMBOLS = "$€£¥₹₩₽₺₫฿₱₪"
_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip
_FACTORS = {
    "hundred": 2, "thousand": 3, "lakh": 5, "million": 6, "millions": 6, "mio": 6, "mn": 6,
    "crore": 7, "billion": 9, "billions": 9, "bn": 9, "mrd": 9, "trillion": 12,
}  # fmt: skip
_UNITS_OR_FACTORS = {"k": 3, "m": 6, "b": 9, "%": -2, "percent": -2, "per cent": -2, "pct": -2}

_RUN = re.compile(r"(?<![\w.])\.[0-9]+|[0-9](?:[0-9.,']*[0-9])?(?:e[-+]?[0-9]{1,3}(?![^\W_]))?")
_SPACED = re.compile(r"(?<![0-9.,'])[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]+)?(?![0-9])")
_PIECE = re.compile("[0-9]+")
_CODE_NUMBER = re.compile(
    "0[0-9]"
)  # a leading zero that numbers do not have: "007", "03" of a date
_NO_DIGITS = re.compile("[^0-9]+")
_WORD = re.compile(rf"(?<![^\W_])(?:{'|'.join(_WORDS)})(?![^\W_])")
# A sign that is no dash between two things, and a currency by its code or its symbol.
_CODE = rf"(?<![^\W_])(?:{_CODES})\.? ?"
_BEFORE = re.compile(rf"(?:(?<![\w)])-)?(?:(?:{_CODE})?[{_SYMBOLS}] ?-?|{_CODE}-?)$|(?<![\w)])-$")
_MINUSES = "-\u2212"
_MINUS = re.compile(rf"(?:(?<![\w)])|[{_SYMBOLS}])[{_MINUSES}][{_SYMBOLS}]?$")
_WIDEST = 8  # characters of it
_AFTER = re.compile(
    r" ?(%|(?:" + "|".join([*_FACTORS, *_UNITS_OR_FACTORS]).replace("|%", "") + r")(?![^\W_]))"
)
_UNIT = re.compile(r"[^\W\d_]*(?!\w)")  # letters to the end of the word: "450mg", not "12ab3"


class Number(NamedTuple):
    """A place where a number stands.

    Attributes:
        start, stop: half-open, in characters of the text; currency, sign and factor included.
        readings: the numbers that it may be.
        share: how likely each of them is, 0..1.
    """

    start: int
    stop: int
    readings: frozenset[Decimal]
    share: float


def numbers_in(text: str) -> Iterator[Number]:
    """The numbers of a folded text.

    >>> [(n.start, n.stop, *sorted(n.readings)) for n in numbers_in("rm1,234.50 for three")]
    [(0, 10, Decimal('1234.50')), (15, 20, Decimal('3'))]
    """
    for run in _RUN.finditer(text):
        readings = readings_of(run[0])
        # What is no number as a whole is several: a date, a version, a list.
        pieces = [run] if readings else _PIECE.finditer(text, *run.span())
        for piece in pieces:
            is_code = _CODE_NUMBER.match(piece[0]) is not None
            values = readings or readings_of(piece[0])
            yield from _placed(text, *piece.span(), values, ways=1 + is_code)
    for run in _SPACED.finditer(text):
        yield from _placed(text, *run.span(), readings_of(run[0].replace(" ", "'")), ways=2)
    for word in _WORD.finditer(text):
        yield Number(*word.span(), frozenset([Decimal(_WORDS[word[0]])]), 1.0)


def number_of(text: str) -> Number | None:
    """The number that a whole folded text means; None if it is something else.

    >>> [bool(number_of(text)) for text in ("1,5", "$12", "seven", "2026-11-22", "r2d2")]
    [True, True, True, False, False]
    """
    if len(text) > _LONGEST:
        return None
    return next((number for number in numbers_in(text) if number[:2] == (0, len(text))), None)


def decimal_of(value: float) -> Decimal | None:
    """A JSON number, exactly as it is written; None if it is too long to be looked for.

    >>> decimal_of(0.1), decimal_of(float("inf"))
    (Decimal('0.1'), None)
    """
    if isinstance(value, int):
        return Decimal(value) if abs(value) < 10**_LONGEST else None
    return Decimal(repr(value)) if math.isfinite(value) else None


def number_text(value: float) -> str:
    """A JSON number as it is written; empty if that would be too long.

    >>> number_text(12), number_text(1.50), number_text(10**50)
    ('12', '1.5', '')
    """
    return "" if decimal_of(value) is None else repr(value)


def is_negative(text: str, start: int) -> bool:
    """Whether the number that begins here is negative; a dash between two words is no minus.

    >>> [is_negative(*place) for place in (("at -5", 3), ("at -5", 4), ("3-5", 2), ("-$5", 2))]
    [True, True, False, True]
    """
    stop = start + (text[start] in _MINUSES)
    return _MINUS.search(text, max(start - _WIDEST, 0), stop) is not None


def readings_of(run: str) -> frozenset[Decimal]:
    """The readings of digits with marks between them; empty if they are no number.

    >>> [sorted(map(str, readings_of(run))) for run in ("1,234", "1.234,5", "1'000", "1.2.3")]
    [['1.234', '1234'], ['1234.5'], ['1000'], []]
    """
    digits, marks = run.partition("e")[0], [character for character in run if character in ".,'"]
    if len(run) > _LONGEST:
        return frozenset()
    if not marks:
        return frozenset([Decimal(run)])
    last = marks[-1]
    readings = set[Decimal]()
    if last != "'" and marks.count(last) == 1:
        head, _, tail = run.rpartition(last)
        if len(marks) == 1 or _is_grouped(head, marks[0]):
            readings.add(Decimal(f"{_NO_DIGITS.sub('', head)}.{tail}"))
    if "e" not in run and _is_grouped(digits, last):
        readings.add(Decimal(_NO_DIGITS.sub("", digits)))
    return frozenset(readings)


def _is_grouped(digits: str, mark: str) -> bool:
    """Whether all marks are this one and divide thousands, or lakhs as in India."""
    first, *groups = digits.split(mark)
    if not groups or not all(map(str.isdigit, [first, *groups])) or first.startswith("0"):
        return False
    lengths = {len(group) for group in groups[:-1]}
    is_indian = mark == "," and lengths == {2} and len(first) <= 2
    return len(groups[-1]) == 3 and len(first) <= 3 and (lengths <= {3} or is_indian)


def _placed(
    text: str, start: int, stop: int, readings: frozenset[Decimal], ways: int = 1
) -> Iterator[Number]:
    """A number with its sign, currency and factor; none if it is a part of a word."""
    before = _BEFORE.search(text, max(start - _WIDEST, 0), start)
    begin = before.start() if before else start
    if not readings or not _UNIT.match(text, stop):
        return
    if begin == start and start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        return
    if "-" in text[begin:start]:
        readings = frozenset(-reading for reading in readings)
    after = _AFTER.match(text, stop)
    if after:
        stop, word = after.end(), after[1]
        if word in _FACTORS:
            readings = frozenset(reading.scaleb(_FACTORS[word]) for reading in readings)
        else:
            exponent = _UNITS_OR_FACTORS[word]
            readings |= {reading.scaleb(exponent) for reading in readings}
    if text[begin - 1 : begin] == "(" and text[stop : stop + 1] == ")":
        ways *= 2
        negative = frozenset(-reading for reading in readings)
        yield Number(begin - 1, stop + 1, negative, 1 / (len(readings) * ways))
    yield Number(begin, stop, readings, 1 / (len(readings) * ways))
