"""Searching: one value in one text, by one way after the other.

In:    a text; a value and the ways to search.
Out:   a ``SourceSpan`` for each place, best first.
Never: a further way after one has found something; work on the text before a value needs it.
Why:   a text is folded once for all fields, and its dates are read only if a field is a date.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import TypeAlias

from fieldconf.fields.readings import FoundHow, SourceSpan
from fieldconf.grounding import dates, fuzzy, numerals, quotations
from fieldconf.grounding.folding import Folded, fold, letters_of, words_of
from fieldconf.threads import cached_property

MOST = 20
"""Places of one value that are listed."""

_Hit: TypeAlias = tuple[int, int, float]
"""A half-open span in characters of a text, and a similarity 0..1."""


class SearchTarget:
    """A value that is searched for.

    Args:
        value: a text or a number.
    """

    def __init__(self, value: str | float) -> None:
        self.is_text = isinstance(value, str)
        self.text = value.strip() if isinstance(value, str) else numerals.number_text(value)
        self._value = value

    @cached_property
    def line(self) -> str:
        """The folded text, on one line."""
        return fold(self.text).line.strip()

    @cached_property
    def readings(self) -> Mapping[Decimal, float]:
        """The numbers that it may mean, each with its share; empty if it is none."""
        if isinstance(self._value, str):
            number = numerals.number_of(self.line)
            return dict.fromkeys(number.readings, number.share) if number else {}
        exact = numerals.decimal_of(self._value)
        return {} if exact is None else {exact: 1.0}

    @cached_property
    def is_quoted(self) -> bool:
        """Whether it is a text that is no number and no date."""
        return self.is_text and not self.readings and not dates.is_date(self.line)


class SourceText:
    """A text in which values are searched for.

    >>> SourceText("It is 12,5 % of 12,50.").places(0.125, ["exact", "number"])[0].text
    '12,5 %'
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def places(self, value: str | float, ways: Sequence[FoundHow]) -> tuple[SourceSpan, ...]:
        """Where a text or a number stands, best first and from the left; empty if nowhere."""
        target = SearchTarget(value)
        for way in ways:
            hits = sorted(_WAYS[way](self, target), key=lambda hit: (-hit[2], hit[0]))
            if hits:
                return tuple(
                    SourceSpan(a, b, self.text[a:b], way, like) for a, b, like in hits[:MOST]
                )
        return ()

    # -- the text as each way needs it ----------------------------------------------------------

    @cached_property
    def folded(self) -> Folded:
        """The text folded."""
        return fold(self.text)

    @cached_property
    def line(self) -> str:
        """The folded text, on one line."""
        return self.folded.line

    @cached_property
    def letters(self) -> Folded:
        """The line without punctuation."""
        return letters_of(self.line)

    @cached_property
    def words(self) -> list[tuple[int, int]]:
        """The spans of its words."""
        return words_of(self.line)

    @cached_property
    def numbers(self) -> Mapping[Decimal, Sequence[numerals.Number]]:
        """Its numbers, by their readings."""
        numbers_by_value: dict[Decimal, list[numerals.Number]] = {}
        for number in islice(numerals.numbers_in(self.folded.text), numerals.MOST_READ):
            for reading in number.readings:
                numbers_by_value.setdefault(reading, []).append(number)
        return numbers_by_value

    @cached_property
    def dates(self) -> Sequence[dates.DateMatch]:
        """Its dates and times."""
        return list(dates.dates_in(self.line))

    def outer(self, hits: Iterable[_Hit]) -> Iterator[_Hit]:
        """Spans of the folded text, translated to the text."""
        for start, stop, similarity in hits:
            span = self.folded.span(start, stop)
            if span is not None:
                yield *span, similarity


# -- the ways -----------------------------------------------------------------------------------


def _exact(source: SourceText, target: SearchTarget) -> Iterator[_Hit]:
    spans = quotations.exact_matches(source.text, target.text)
    if not target.is_text:
        is_negative = target.text.startswith("-")
        spans = (s for s in spans if numerals.is_negative(source.text, s[0]) == is_negative)
    return ((*span, 1.0) for span in islice(spans, MOST))


def _folded(source: SourceText, target: SearchTarget) -> Iterator[_Hit]:
    """Search with punctuation; then without it, if the value is words or digits only."""
    if not target.is_text:
        return iter(())
    spans = list(islice(quotations.folded_matches(source.folded, target.text), MOST))
    if not spans and (target.is_quoted or target.text.isdecimal()):
        spans = islice(quotations.letter_matches(source.folded, source.letters, target.text), MOST)
    return ((*span, 1.0) for span in spans)


def _number(source: SourceText, target: SearchTarget) -> Iterator[_Hit]:
    similarities: dict[tuple[int, int], float] = {}
    for reading, share in target.readings.items():
        for number in source.numbers.get(reading, ()):
            span = number.start, number.stop
            similarities[span] = similarities.get(span, 0.0) + share * number.share
    return source.outer((*span, similarity) for span, similarity in similarities.items())


def _date(source: SourceText, target: SearchTarget) -> Iterator[_Hit]:
    value = dates.date_of(target.line) if target.is_text else frozenset[dates.PartialDate]()
    has_clock = any(date.clock for date in value)
    shares = (
        (d.start, d.stop if has_clock else d.day_stop, dates.same_date(value, d.readings))
        for d in (source.dates if value else ())
    )
    return source.outer(hit for hit in shares if hit[2])


def _fuzzy(source: SourceText, target: SearchTarget) -> Iterator[_Hit]:
    if not target.is_quoted:
        return iter(())
    return source.outer(fuzzy.fuzzy_matches(source.line, source.words, target.line))


_WAYS: Mapping[FoundHow, Callable[[SourceText, SearchTarget], Iterator[_Hit]]] = {
    "exact": _exact, "folded": _folded, "number": _number, "date": _date, "fuzzy": _fuzzy,
}  # fmt: skip
