"""Laws of the source: what is found stands there, and what stands there is found."""

import itertools
import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from reports import REPORTS

from fieldconf.grounding import WAYS, locate
from fieldconf.grounding.folding import fold, folded_character
from fieldconf.grounding.searching import MOST, SourceText

# Letters, digits and signs that something is done about, beside all of Unicode.
TRICKY = (
    "aAbB 12.,-'\"\n\t/@ßſİıﬁǅé\u0301\u0338\u200b\u00ad\ufe0f😀👩\u200d👧½²٣Ⅷ東京ー서กำ"
    "\u0915\u093f\xb4¨\u2019“\u2013\ud800"
)
TEXTS = st.text(st.one_of(st.sampled_from(TRICKY), st.characters()), max_size=60)
WORDS = [
    "the", "Cat", "12", "1,234.50", "10/01/2018", "22", "nov", "(5)", "-7", "$3k", "Ünter", "at",
    "AB-12", "naïve",
]  # fmt: skip
PROSE = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
SOURCES = st.one_of(TEXTS, PROSE)
VALUES = st.one_of(TEXTS, PROSE, st.integers(), st.floats())


def places(text, value, ways=WAYS):
    return SourceText(text).places(value, ways)


# -- folding ------------------------------------------------------------------------------------


@given(TEXTS)
@example("e\u0301\u0301 \u0301")
@example("\u200bﬁ\u200b")
def test_folded_text_is_the_folded_characters(text):
    """What a text folds to is what its characters fold to; runs of white space are one space."""
    runs = itertools.groupby(text, str.isspace)
    made = [" " if blank else "".join(map(folded_character, run)) for blank, run in runs]
    assert fold(text).line == "".join(made)


@given(TEXTS, st.data())
@example("x\u00a0\u2003y", None)
def test_folding_leads_back(text, data):
    """Folding maps offsets back: what a span of the folded text stands for folds to that span."""
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.stops)
    ends = st.integers(0, len(folded.text))
    start, stop = (
        (0, len(folded.text)) if data is None else sorted((data.draw(ends), data.draw(ends)))
    )
    span = folded.span(start, stop)
    if span is not None:
        assert 0 <= span[0] < span[1] <= len(text)
        assert fold(text[slice(*span)]).text == folded.text[start:stop]


@given(st.characters())
@example("ẞ")
@example("ΐ")
def test_folding_twice_is_folding_once(one):
    """What is folded is as it is compared: folding it again changes nothing."""
    folded = fold(one).line
    assert fold(folded).line == folded


@given(TEXTS)
def test_only_accents_of_letters_are_dropped(text):
    """Folding keeps every letter: only accents and what is invisible leave nothing behind."""
    for one in text:
        if one.isalnum():
            assert folded_character(one)
        if not one.isspace() and not folded_character(one):
            assert unicodedata.category(one) in ("Mn", "Cf")


# -- searching ----------------------------------------------------------------------------------


@given(SOURCES, VALUES)
@example("1" * 50, 10**49)
@example("(1,234", "1,234")
@example("00/00/0000 99:99 31 feb", "2018-02-31")
@example("\ud800", "\ud800")
@example("0e9", "0e999")
def test_what_is_found_stands_there(text, value):
    """Spans are within the text, best first, and ``source[start:stop] == found.text``."""
    found = places(text, value)
    assert len(found) <= MOST
    assert list(found) == sorted(found, key=lambda one: (-one.similarity, one.start))
    assert len({one.how for one in found}) <= 1
    for one in found:
        assert 0 <= one.start < one.stop <= len(text)
        assert text[one.start : one.stop] == one.text
        assert 0 < one.similarity <= 1


@given(SOURCES, st.one_of(TEXTS, PROSE), SOURCES)
@example("3.", "5", "")
@example("12", "345", "678")
@example("", "1-2", "")
@example("a", "a a", "a")
def test_a_value_between_words_is_found_as_it_is(before, value, after):
    """A value planted verbatim between white space is found "exact" there, or overlapping it."""
    value = value.strip()
    assume(value)
    text = f"{before} {value}\n{after}"
    found = places(text, value)
    start = len(before) + 1
    assert found[0].how == "exact"
    hits = [one for one in found if one.start < start + len(value) and one.stop > start]
    assert hits or len(found) == MOST


REWRITTEN = {
    "case": str.swapcase,
    "line ends": lambda text: text.replace(" ", " \r\n "),
    "full width": lambda text: "".join(
        chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text
    ),
    "accents": lambda text: "".join(f"{one}\u0301" if one.isalpha() else one for one in text),
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "soft hyphens": "\u00ad".join,
}


@pytest.mark.parametrize("how", REWRITTEN)
@given(before=SOURCES, value=st.one_of(PROSE, st.text("aÄß ñé-'", min_size=1)))
def test_a_value_written_otherwise_is_found(how, before, value):
    """A value that was planted in other letter case, width, white space ... is found as well."""
    written = REWRITTEN[how](value).strip()
    assume(fold(value).line.strip() == fold(written).line.strip() != "")
    found = places(f"{before}\t{written}", value, ["exact", "folded"])
    assert found
    assert found[0].similarity == 1


WRITTEN = [
    "{:,.2f}", "{:.2f}", "${:,.2f}", "EUR {:,.2f}", "rm{:.2f}", "{:,.2f} kg", "({:,.2f})",
    "{:,.2f}%",
]  # fmt: skip


@given(
    st.integers(0, 10**12),
    st.sampled_from(WRITTEN),
    st.sampled_from([",.", ".,", "\u00a0,", "'.", " ."]),
    st.booleans(),
)
def test_a_number_is_found_however_it_is_written(cents, form, marks, is_text):
    """The same number is found with thousands and decimal marks, currencies and units."""
    number = Decimal(cents) / 100
    written = form.format(number).translate(dict(zip(map(ord, ",."), marks, strict=True)))
    value = str(number) if is_text else float(number)
    assume(is_text or Decimal(repr(value)) == number)
    assert places(f"It is {written}, no more", value, ["number"])


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_another_number_is_not_found(number, other):
    """A number of one reading is found where it stands, and no other one is."""
    assume(number != other)
    assert not places(f"costs {number} each", other)


DATES = [
    "%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%b %d %Y", "%d.%m.%Y", "%d/%m/%y", "%m/%d/%Y", "%d-%b-%y",
    "%d. %B", "%A, %d %B %Y at 10:30", "%Y%m%d", "%Y/%m/%d 00:15:00", "%dth of %B, %Y",
]  # fmt: skip


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from(DATES), PROSE)
def test_a_date_is_found_however_it_is_written(day, form, after):
    """The same day is found in other orders, in words and with two digits of the year."""
    written = day.strftime(form)
    found = places(f"on: {written}; {after}", day.isoformat(), ["date"])
    first = 4 + len(day.strftime("%A, ")) * form.startswith("%A")
    assert first in {one.start for one in found}


@given(st.dates(date(1900, 1, 1)), st.dates(date(1900, 1, 1)), st.sampled_from(DATES[:4]))
@example(date(3000, 1, 1), date(2000, 1, 1), "%d %B %Y")
def test_another_day_is_not_found(day, other, form):
    """A day that can be read in one way only is no other day."""
    assume(day != other)
    assert not places(f"on {day.strftime(form)}.", other.isoformat())


@given(
    PROSE, st.sampled_from(["12 Main Street", "Ünter den Linden 12", "the naive Cat"]), st.data()
)
def test_nearly_the_same_has_the_same_digits(text, value, data):
    """What is found "fuzzy" has the digits of the value, in their order."""
    at = data.draw(st.integers(0, len(value) - 1))
    changed = value[:at] + data.draw(st.sampled_from("xyz0123")) + value[at + 1 :]
    for one in places(f"{text} {changed}", value, ["fuzzy"]):
        digits = [[c for c in text if c.isdigit()] for text in (one.text, value)]
        assert digits[0] == digits[1]
        assert one.similarity >= 0.85


# -- reports ------------------------------------------------------------------------------------


@given(REPORTS, SOURCES)
def test_locating_changes_nothing_else(report, text):
    """``locate`` says where values were found, and changes nothing else of a report."""
    located = locate(report, text)
    assert [*located.fields] == [*report.fields]
    for name, field in located.fields.items():
        unlocated = replace(field, source_spans=None, source_candidates=None)
        assert unlocated == report.fields[name]
        assert unlocated.declared is report.fields[name].declared
    assert replace(located, fields=report.fields) == report
    assert locate(located, text) == located
