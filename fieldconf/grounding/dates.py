"""Dates: where the same day or time stands, in any notation.

In:    a text that is a date, a time or both; a folded source.
Out:   half-open spans of the folded source, each with a similarity.
Never: a guess which number is the month: "10/01/2018" has two readings; an invented year.
Why:   a model writes 2026-11-22 for "Nov 22nd".

Regular expressions find candidates; python-dateutil reads them. Months are known in English,
German, French, Spanish, Italian, Portuguese and Dutch. Times are compared to the minute, without
their zones.

The similarity is the share of the value's parts (year, month, day, time of day) that the source
has, times the probability that both have the same reading, if day and month may change places:
"22 November" has 2/3 of 2026-11-22, and "10/01/2018" is 2018-01-10 by 1/2. All parts that both have
must agree, and the day must be among them if the value has one (else the time of day, or the
month). A year of two digits agrees with that year of any century. Midnight counts as no time of
day, because models write it behind days.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

MOST_READ = 2000
"""Dates and times of one source that are read; later ones are not."""
_MONTHS = (
    "jan january januar janvier enero gennaio janeiro januari ene janv genn",
    "feb february februar fevrier febrero febbraio fevereiro februari fev fevr febr",
    "mar march marz mars marzo marco maart mrz mrt",
    "apr april avril abril aprile avr abr",
    "may mai mayo maggio maio mei mag",
    "jun june juni juin junio giugno junho giu",
    "jul july juli juillet julio luglio julho juil lug",
    "aug august aout agosto augustus",
    "sep september sept septembre septiembre settembre setembro",
    "oct october oktober octobre octubre ottobre outubro okt ott",
    "nov november novembre noviembre novembro",
    "dec december dezember decembre diciembre dicembre dezembro dez dic",
)
"""Folded names of the months."""
_ENGLISH = {name: names[:3] for names in _MONTHS for name in names.split()}
_MONTH = "(?:" + "|".join(sorted(_ENGLISH, key=len, reverse=True)) + r")(?![^\W\d_])"
_NAME = rf"{_MONTH}\.?"
_DAY = r"(?:3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th|er|\.)?"
_YEAR = "[1-9][0-9]{3}"
_GAP = r"(?: (?:of|de|del) | ?[-/.,] ?| )"
_SHAPES = (
    rf"{_YEAR}(?P<a>[-/.] ?)[01]?[0-9](?P=a)[0-3]?[0-9]",
    rf"[0-3]?[0-9](?P<b>[-/.] ?)[0-3]?[0-9](?P=b)(?:{_YEAR}|[0-9]{{2}})",
    rf"{_DAY}{_GAP}?{_NAME}(?:{_GAP}?(?:{_YEAR}|'?[0-9]{{2}}(?![0-9:h])))?",
    rf"{_NAME}{_GAP}?{_DAY}(?:{_GAP}(?:{_YEAR}|'[0-9]{{2}}))?(?![0-9])",
    rf"{_YEAR}{_GAP}?{_NAME}{_GAP}?{_DAY}",
    rf"{_NAME}{_GAP}{_YEAR}",
    rf"{_YEAR}-[01][0-9]",
    r"[12][0-9]{3}[01][0-9][0-3][0-9]",
)
_TIME = (
    r"(?:2[0-3]|[01]?[0-9])(?:[:h][0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(?: ?[ap]\.?m\b\.?)?"
    r"| ?[ap]\.?m\b\.?)(?: ?(?:z|utc|gmt)\b)?(?:[-+][0-9]{2}:?[0-9]{2})?"
)
_WHEN = re.compile(
    rf"(?<![^\W_])(?<![0-9][-/.:])"
    rf"(?:(?P<date>{'|'.join(_SHAPES)})(?:(?:t| at |, ?| )(?P<time>{_TIME}))?|(?P<clock>{_TIME}))"
    r"(?![^\W_])(?![-/.:][0-9])"
)
_DEFAULTS = (datetime(1904, 1, 1), datetime(1908, 3, 2))  # zones are not compared
"""dateutil takes missing parts from these: two dates of leap years without a common part."""


class PartialDate(NamedTuple):
    """A day, a time of day, or both; parts that are not known are None.

    Attributes:
        year: of two digits only, where it has no century.
        month, day: counted from 1.
        clock: hour and minute.
    """

    year: int | None
    month: int | None
    day: int | None
    clock: tuple[int, int] | None


class DateMatch(NamedTuple):
    """A place where a date or a time stands.

    Attributes:
        start, stop: half-open, in characters of the text.
        day_stop: where the day ends, if a time stands behind it.
        readings: the possible dates: several if day and month may change places.
    """

    start: int
    stop: int
    day_stop: int
    readings: frozenset[PartialDate]


def dates_in(line: str) -> Iterator[DateMatch]:
    """The dates and times of a folded text, on one line.

    Raises:
        ImportError: if python-dateutil is not installed.

    >>> [(d.start, d.stop, len(d.readings)) for d in dates_in("on 22 nov 2026, or 10/01/18")]
    [(3, 14, 1), (19, 27, 2)]
    """
    for match in islice(_WHEN.finditer(line), MOST_READ):
        has_clock = bool(match["time"] or match["clock"])
        readings = _readings(match[0], match["date"] or "", has_clock=has_clock)
        if readings:
            day_stop = match.end("date" if match["date"] else "clock")
            yield DateMatch(*match.span(), day_stop, readings)


def is_date(line: str) -> bool:
    """Whether a whole folded text looks like a date or a time, without python-dateutil.

    >>> is_date("2026-11-22"), is_date("12-1234")
    (True, False)
    """
    return _WHEN.fullmatch(line) is not None


def date_of(line: str) -> frozenset[PartialDate]:
    """The readings of a whole folded text as a date or time; empty if it is none.

    >>> date_of("2026-11-22t14:30:00z")
    frozenset({PartialDate(year=2026, month=11, day=22, clock=(14, 30))})
    """
    match = next(dates_in(line), None) if is_date(line) else None
    return match.readings if match and match.stop == len(line) else frozenset()


def same_date(value: frozenset[PartialDate], source: frozenset[PartialDate]) -> float:
    """The similarity of two dates, 0..1, see the top of this file.

    >>> day = date_of("2018-01-10")
    >>> [round(same_date(day, date_of(text)), 2) for text in ("10 jan 18", "10/01/2018", "jan 10")]
    [1.0, 0.5, 0.67]
    """
    shares = sum(_share(first, second) for first in value for second in source)
    return shares / (len(value) * len(source))


def _share(value: PartialDate, source: PartialDate) -> float:
    """The share of the value's parts that a date has; 0 if one differs, or too few are there."""
    if value.day is not None and value.clock == (0, 0):
        value = value._replace(clock=None)  # a day, written as a point in time
    finest = next(n for n in ("day", "clock", "month") if getattr(value, n) is not None)
    pairs = [pair for pair in zip(value, source, strict=True) if pair[0] is not None]
    both = [pair for pair in pairs if pair[1] is not None]
    if getattr(source, finest) is None:
        return 0.0
    for part, counterpart in both:
        # A year of two digits agrees with that year of any century.
        if isinstance(part, int) and isinstance(counterpart, int) and min(part, counterpart) < 100:
            agrees = part % 100 == counterpart % 100
        else:
            agrees = part == counterpart
        if not agrees:
            return 0.0
    return len(both) / len(pairs)


@lru_cache(maxsize=4096)
def _readings(text: str, date: str, *, has_clock: bool) -> frozenset[PartialDate]:
    english = re.sub(rf"{_MONTH}|\b(?:de|del)\b|'", lambda word: _ENGLISH.get(word[0], " "), text)
    has_century = re.search(_YEAR, date) is not None
    orders = (False,) if re.match(_YEAR, date) else (True, False)  # a leading year has one order
    readings = set[PartialDate]()
    for day_first in orders:
        reading = _reading(english, day_first=day_first)
        if reading is not None:
            year = reading.year if has_century or reading.year is None else reading.year % 100
            clock = reading.clock if has_clock else None
            readings.add(reading._replace(year=year, clock=clock))
    return frozenset(readings)


def _reading(text: str, *, day_first: bool) -> PartialDate | None:
    """The date that dateutil reads, without the parts of its default; None if it reads none."""
    from dateutil import parser  # noqa: PLC0415  # of an extra

    try:
        first, second = (
            parser.parse(text, dayfirst=day_first, default=default) for default in _DEFAULTS
        )
    except (ValueError, OverflowError):
        return None
    dates = zip(first.timetuple()[:3], second.timetuple()[:3], strict=True)
    year, month, day = (part if part == other else None for part, other in dates)
    return PartialDate(year, month, day, (first.hour, first.minute))
