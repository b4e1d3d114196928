"""Locating: where the values of a report stand in the text that was read.

In:    a report, a text.
Out:   the same report, whose leaves have ``source_spans``.
Never: a confidence changed: a correct summary or label need not stand in the text.
Why:   a value that stands in the text was not invented, and a reader wants to see where it stands.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, TypeAlias, TypeVar, get_args

from fieldconf.errors import MissingPackageError, RequestError
from fieldconf.fields.field import Field
from fieldconf.fields.readings import FoundHow
from fieldconf.grounding.numerals import number_text
from fieldconf.grounding.searching import SourceText
from fieldconf.grounding.unclaimed import unclaimed
from fieldconf.report import Report
from fieldconf.report.input_text import searched_text

T = TypeVar("T")
Ways: TypeAlias = Sequence[FoundHow]

WAYS: tuple[FoundHow, ...] = get_args(FoundHow)
"""All ways to search for a value, in the order in which they are tried."""
_PACKAGES = {"date": ("dateutil", "python-dateutil"), "fuzzy": ("rapidfuzz", "rapidfuzz")}
"""The module and the package that some ways need."""


def locate(report: Report[T], text: str | None = None, *, how: Ways | None = None) -> Report[T]:
    """Find where the values of a report stand in the text that it was read from.

    Each string and number among the leaves gets ``source_spans``: the places, best first, at most
    20; empty if there are none. It is None for values that are not searched for: booleans, null,
    empty containers, blank strings, and values that the schema fixes. Each null where the schema
    allows a value gets ``source_candidates``: what stands in the text that it could have been.
    Nothing else of the report changes. Labels of an enum are searched for, too; a label that is
    absent means little.

    The ways are tried in this order, until one of them finds something:

    * "exact": the same characters, as whole words;
    * "folded": without regard to letter case, accents, Unicode forms, white space, quotes and
      dashes; then without all punctuation ("AB-1234" and "ab 1234", words hyphenated at the end of
      a line);
    * "number": the same number ("1,234.50", "1.234,50", "$1.2 million", "twelve");
    * "date": the same day or time ("22 November 2026", "22/11/26", "2:30 pm");
    * "fuzzy": similar words, similarity 0.85 or more, with the same digits.

    A string that is a number or a date is searched for as such, and never "fuzzy".

    Args:
        report: from ``extract``, ``score`` and similar functions.
        text: the text that was read; by default the report's ``input``; of messages, the text of
            the user's last one. Offsets count its characters.
        how: the ways to search, all by default. "date" and "fuzzy" need python-dateutil and
            RapidFuzz: ``pip install "fieldconf[source]"``; the others need nothing.

    Raises:
        RequestError: if there is no text, or no such way.
        MissingPackageError: if a package for one of the ways is not installed.

    >>> import fieldconf as fc
    >>> from fieldconf.testing import FakeClient
    >>> client = FakeClient({"name": "Anna", "total": 1234.5})
    >>> text = "Dear ANNA, it is 1,234.50 in all."
    >>> report = locate(fc.extract({"type": "object"}, text, client=client, model="m"))
    >>> report["name"].source_spans[0]
    SourceSpan(start=5, stop=9, text='ANNA', how='folded', similarity=1.0)
    >>> [place.text for place in report["total"].source_spans]
    ['1,234.50']
    """
    ways = check_ways(how)
    source = SourceText(searched_text(report.input if text is None else text))
    fields = dict(report.fields)
    for name, field in fields.items():
        spans = source.places(field.value, ways) if _is_searchable(field) else None
        if spans != field.source_spans:
            fields[name] = replace(field, source_spans=spans)
    for name, candidates in unclaimed(fields, report.schema, source).items():
        fields[name] = replace(fields[name], source_candidates=candidates)
    return replace(report, fields=fields)


def locate_merged(
    report: Report[T],
    first: Report[Any],
    source: Any,
    how: Ways | bool | None,  # noqa: FBT001  # an option's value
) -> Report[T]:
    """Locate the values of a report that merges two readings.

    Args:
        report: the merged report.
        first: the first reading.
        source: the model's input.
        how: the option ``locate``: all values are located, in these ways. None: only values without
            a place, if the first reading was located in the same text, and in those ways whose
            package is installed.

    Raises:
        RequestError, MissingPackageError: if the values cannot be located in these ways.
    """
    ways = requested_ways(source, how)
    if ways is not None:
        return locate(report, searched_text(source), how=ways)
    if how is False or not _is_located_in(first, source):
        return report
    installed: list[FoundHow] = []
    for way in WAYS:
        with suppress(MissingPackageError):
            installed += check_ways([way])
    located = locate(report, searched_text(source), how=installed)
    fields = {
        name: field if (own := report.fields[name]).source_spans is None else own
        for name, field in located.fields.items()
    }
    return replace(located, fields=fields)


def _is_located_in(report: Report[Any], source: Any) -> bool:
    """Whether a report was located, and its places have the same text in the source."""
    all_spans = [field.source_spans for field in report.leaves.values()]
    try:
        text = searched_text(source)
    except RequestError:  # the report was located in the text of an image, for example
        return False
    if all(own is None for own in all_spans):
        return False
    spans = [span for own in all_spans for span in own or ()]
    return all(text[span.start : span.stop] == span.text for span in spans)


def check_ways(how: Ways | None) -> Ways:
    """The ways to search, in the order in which they are tried.

    Raises:
        RequestError: if there is no such way.
        MissingPackageError: if a package that a way needs is not installed.

    >>> check_ways(["number", "exact"])
    ('exact', 'number')
    """
    ways: tuple[Any, ...] = (how,) if isinstance(how, str) else tuple(WAYS if how is None else how)
    for way in ways:
        if way not in WAYS:
            raise RequestError(
                f"there is no way {way!r} to search for a value",
                remedy=f"Use some of {', '.join(map(repr, WAYS))}",
            )
        module, package = _PACKAGES.get(way, ("", ""))
        if module and find_spec(module) is None:
            raise MissingPackageError(f"fc.locate(how={way!r})", package, extra="source")
    return tuple(way for way in WAYS if way in ways)


def requested_ways(source: Any, how: Ways | bool | None) -> Ways | None:  # noqa: FBT001  # an option's value
    """The ways that the option ``locate`` requests; None if values are not to be located.

    Raises:
        RequestError, MissingPackageError: if they cannot be located in ``source``.

    >>> requested_ways("Dear Anna", ["exact"]), requested_ways("Dear Anna", False)
    (('exact',), None)
    """
    if how is None or how is False:
        return None
    searched_text(source)
    return check_ways(None if how is True else how)


def _is_searchable(field: Field) -> bool:
    """Whether a value can be searched for: a string or a number that the schema does not fix."""
    value, members = field.value, field.declared.members if field.declared else None
    if members is not None and len(members) < 2:
        return False
    if isinstance(value, str):
        return bool(value.strip())
    return (
        isinstance(value, (int, float)) and not isinstance(value, bool) and bool(number_text(value))
    )
