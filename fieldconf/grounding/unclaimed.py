"""Unclaimed: what the source text has that a null field could have held.

In:    a report whose values are located, and the text that it was read from.
Out:   for each null field the spans of the text that its schema allows as a value and that no
       other field has, and the spans that mention the field by name.
Never: a guess which of them is the value; a rule for one data set; a changed confidence.
Why:   the most common error of extraction is null in place of a value, and logprobs hardly show
       it: a model that overlooks a value is sure that there is none.

The schema decides what is searched for:

* ``member``: the members of an enum, of a list those of its items;
* ``number``: the numbers that the schema allows here;
* ``date``: dates and times, where a pattern or format allows one of their ISO forms;
* ``pattern``: words that the pattern or format allows;
* ``name``: runs of capitalised words, for strings without a pattern or format;
* ``mention``: the words of the field's own name, or of its description, that no sibling shares.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from itertools import islice
from typing import Any

import regex

from fieldconf.fields.field import Field
from fieldconf.fields.readings import CandidateKind, SourceCandidate
from fieldconf.grounding.folding import fold
from fieldconf.grounding.numerals import Number, numbers_in
from fieldconf.grounding.searching import SourceText
from fieldconf.parsing.json_writing import json_text
from fieldconf.paths import Path
from fieldconf.schema import Schema
from fieldconf.schema.declared import Declared
from fieldconf.threads import cached_property

MOST = 20
"""Candidates of one field that are listed."""

_NAME_PARTS = regex.compile(r"\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+|\p{Lo}+")
_WORD = re.compile(r"[^\W\d_][\w'’&-]*")  # noqa: RUF001  # the apostrophe of typesetting
_TOKEN = re.compile(r"[^\s\"'<>()\[\]{},;]+")
_FUNCTION_WORDS = """
a an the this that these those it its is are was were be been has have had do does did can could
will would should may might must i me my we us our you your he him his she her they them their there
here what when where which who whose why how if and or but so as at by for from in into of on off
out to up with not no yes one some any all each every both more most please dear hi hello thanks
thank
"""
_MEANINGLESS = frozenset(_FUNCTION_WORDS.split())
_LEAST_STEM = 4  # letters that two forms of a word share
_LEAST_DESCRIBING = 5  # letters of a word of a description: shorter ones say little
_SEARCHED_WAYS = ("exact", "folded", "number")


def unclaimed(
    fields: Mapping[str, Field], schema: Schema, source: SourceText
) -> dict[str, tuple[SourceCandidate, ...]]:
    """For each null field, by pointer, what stands in the source that it could have held.

    A field is searched for if its value is null and the schema allows something else there. A
    field without candidates has an empty tuple.

    Args:
        fields: the fields of a report, by pointer, with their ``source_spans``.
        schema: what they were read by.
        source: the text.

    >>> from fieldconf.scoring.scorer import score
    >>> schema = {"type": "object", "properties": {"age": {"type": ["integer", "null"]}}}
    >>> report = score({"choices": [{"message": {"content": '{"age": null}'}}]}, schema)
    >>> found = unclaimed(report.fields, report.schema, SourceText("Anna, age 41"))
    >>> [(candidate.text, candidate.kind) for candidate in found["/age"]]
    [('41', 'number'), ('age', 'mention')]
    """
    claimed = [
        (span.start, span.stop) for field in fields.values() for span in field.source_spans or ()
    ]
    search = _Search(source, schema, claimed)
    return {
        name: tuple(islice(search.candidates(field.path), MOST))
        for name, field in fields.items()
        if field.kind == "null" and field.declared is not None and field.declared.nullable
    }


class _Search:
    """What is searched for in one text, for all null fields of a report."""

    def __init__(
        self, source: SourceText, schema: Schema, claimed: Sequence[tuple[int, int]]
    ) -> None:
        self._source = source
        self._schema = schema
        self._claimed = claimed

    def candidates(self, path: Path) -> Iterator[SourceCandidate]:
        """All candidates of the null field at a path: those that could be its value first."""
        declared = self._schema.declared(path)
        if "array" in declared.kinds:
            declared = self._schema.declared((*path, 0))
        yield from self._values(declared)
        yield from self._mentions(path)

    def _values(self, declared: Declared) -> Iterator[SourceCandidate]:
        if declared.members is not None:
            yield from self._members(declared.members)
            return
        if "number" in declared.kinds:
            yield from self._numbers(declared)
        if "string" in declared.kinds:
            yield from (
                self._patterns(declared)
                if declared.constrained
                else self._free("name", self._all_names)
            )

    def _free(
        self, kind: CandidateKind, spans: Iterable[tuple[int, int]]
    ) -> Iterator[SourceCandidate]:
        """The spans that overlap no value of another field."""
        for start, stop in spans:
            if all(stop <= first or last <= start for first, last in self._claimed):
                yield SourceCandidate(start, stop, self._source.text[start:stop], kind)

    def _members(self, members: Sequence[Any]) -> Iterator[SourceCandidate]:
        for member in members:
            if isinstance(member, (str, int, float)) and not isinstance(member, bool):
                places = self._source.places(member, _SEARCHED_WAYS)
                yield from self._free("member", ((place.start, place.stop) for place in places))

    @cached_property
    def _all_numbers(self) -> list[tuple[tuple[int, int], Number]]:
        """The numbers of the text with their spans; those written as words are too common."""
        folded = self._source.folded
        numbers = ((folded.span(n.start, n.stop), n) for n in numbers_in(folded.text))
        return [
            (span, number) for span, number in numbers
            if span and any(map(str.isdigit, self._source.text[slice(*span)]))
        ]  # fmt: skip

    def _numbers(self, declared: Declared) -> Iterator[SourceCandidate]:
        spans = {
            span: None for span, number in self._all_numbers
            if any(declared.allows(f"{n:f}".encode(), done=True) for n in number.readings)
        }  # fmt: skip
        yield from self._free("number", spans)

    def _patterns(self, declared: Declared) -> Iterator[SourceCandidate]:
        if find_spec("dateutil") is not None:
            folded = self._source.folded
            for match in self._source.dates:
                span = folded.span(match.start, match.stop)
                if span and _allows_date(declared, match.readings):
                    yield from self._free("date", [span])
        tokens = (_stripped(match) for match in _TOKEN.finditer(self._source.text))
        yield from self._free("pattern", (
            span for span in tokens
            if span[0] < span[1]
            and declared.allows(json_text(self._source.text[slice(*span)]), done=True)
        ))  # fmt: skip

    @cached_property
    def _all_names(self) -> list[tuple[int, int]]:
        return names_in(self._source.text)

    @cached_property
    def _words_by_beginning(self) -> dict[str, list[tuple[str, tuple[int, int]]]]:
        """The words of the text by their first letters: equal words have equal ones."""
        words: dict[str, list[tuple[str, tuple[int, int]]]] = {}
        for start, stop in self._source.words:
            span = self._source.folded.span(start, stop)
            word = self._source.line[start:stop]
            if span:
                words.setdefault(word[:_LEAST_STEM], []).append((word, span))
        return words

    def _mentions(self, path: Path) -> Iterator[SourceCandidate]:
        spans = {
            span
            for own in _own_words(self._schema, path)
            for word, span in self._words_by_beginning.get(own[:_LEAST_STEM], ())
            if is_same_word(word, own)
        }
        for start, stop in sorted(spans):
            yield SourceCandidate(start, stop, self._source.text[start:stop], "mention")


def _own_words(schema: Schema, path: Path) -> frozenset[str]:
    """The words of a field's name that no sibling's name has; all of them where that leaves none.

    Of the description, words of at least five letters count likewise.
    """
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return frozenset()
    depth = max(at for at, step in enumerate(path) if isinstance(step, str))
    parent = schema.declared(path[:depth])
    siblings = [key for key in parent.keys if key != names[-1]]
    own = name_words(names[-1])
    shared = {word for key in siblings for word in name_words(key)}
    described = name_words(schema.declared(path[: depth + 1]).description)
    others = {
        word for key in siblings
        for word in name_words(schema.declared((*path[:depth], key)).description)
    }  # fmt: skip
    describing = {word for word in described - others - shared if len(word) >= _LEAST_DESCRIBING}
    return (own - shared or own) | describing


@lru_cache(maxsize=4096)
def name_words(name: str) -> frozenset[str]:
    """The words of a name or sentence, without those that carry no meaning.

    >>> sorted(name_words("has_linuxRelease")), sorted(name_words("the GST total"))
    (['linux', 'release'], ['gst', 'total'])
    """
    words = (fold(word).text for word in _NAME_PARTS.findall(name))
    return frozenset(word for word in words if len(word) > 1 and word not in _MEANINGLESS)


def is_same_word(first: str, second: str) -> bool:
    """Whether two words differ in their ending only: short words must be equal.

    >>> is_same_word("developed", "developer"), is_same_word("mac", "macro")
    (True, False)
    """
    short, long = sorted((first, second), key=len)
    if len(short) < _LEAST_STEM:
        return first == second
    common = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b),
                  len(short))  # fmt: skip
    return common >= max(_LEAST_STEM, len(short) - 1) and len(long) - common <= 3


def names_in(text: str) -> list[tuple[int, int]]:
    """The spans of runs of capitalised words; none in a text that is mostly capitalised.

    Function words ("The", "I") belong to no run.

    >>> text = "The Wrestlers is near Raja Indian Cuisine."
    >>> [text[a:b] for a, b in names_in(text)]
    ['Wrestlers', 'Raja Indian Cuisine']
    """
    words = [match.span() for match in _WORD.finditer(text)]
    capitalised = [span for span in words if text[span[0]].isupper()]
    if len(capitalised) > 0.8 * len(words) and len(words) > 1:
        return []
    runs: list[tuple[int, int]] = []
    for start, stop in capitalised:
        if text[start:stop].casefold() in _MEANINGLESS:
            continue
        if runs and text[runs[-1][1] : start] == " ":
            runs[-1] = (runs[-1][0], stop)
        else:
            runs.append((start, stop))
    return runs


def _stripped(match: re.Match[str]) -> tuple[int, int]:
    """The span of a token without the punctuation of a sentence at its end."""
    return match.start(), match.start() + len(match[0].rstrip(".:!?"))


def _allows_date(declared: Declared, readings: Any) -> bool:
    return any(
        declared.allows(json_text(text), done=True)
        for reading in readings for text in _iso_forms(reading)
    )  # fmt: skip


def _iso_forms(reading: Any) -> Iterator[str]:
    """A date as ISO 8601 writes it: the day, the time of day, or both."""
    clock = None if reading.clock is None else "{:02}:{:02}:00".format(*reading.clock)
    if reading.month is not None and reading.day is not None:
        year = 2000 if reading.year is None else reading.year + 2000 * (reading.year < 100)
        day = f"{year:04}-{reading.month:02}-{reading.day:02}"
        yield day
        yield f"{day}T{clock or '00:00:00'}Z"
        yield f"{day}T{clock or '00:00:00'}"
    if clock is not None:
        yield clock
