"""Locating: where the values of a report stand in the text that was read.

In:    a report, a text.
Out:   the same report whose leaves say where they were ``found``.
Never: a confidence changed: a summary is no quotation, and a label often no word of the text.
Why:   a value that stands in the text was at least not made up, and a reader wants to see where.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, TypeAlias, TypeVar, cast, get_args

from fieldconf.errors import MissingPackageError, RequestError
from fieldconf.fields.field import Field
from fieldconf.fields.readings import FoundHow
from fieldconf.grounding.numerals import written
from fieldconf.grounding.searching import SourceText
from fieldconf.report import Report
from fieldconf.responses.plain import get

T = TypeVar("T")
Ways: TypeAlias = Sequence[FoundHow]

WAYS: tuple[FoundHow, ...] = get_args(FoundHow)
"""All ways of looking, in the order in which they are tried."""
_NEEDED = {"date": ("dateutil", "python-dateutil"), "fuzzy": ("rapidfuzz", "rapidfuzz")}
"""The module and the package that a way needs."""


def locate(report: Report[T], text: str | None = None, *, how: Ways | None = None) -> Report[T]:
    """Look where the values of a report stand in the text that it was read from.

    Each text and number among the leaves gets ``found``: the places, best first, at most 20; empty
    where there is none. ``found`` stays None where nothing was looked for: booleans, null, empty
    containers, blank texts, values that the schema leaves no choice about. Nothing else of the
    report changes. Labels of an enum are looked for, too; that one is absent means little.

    The ways are tried one after the other, and the first that finds something is the last:

    * "exact": as it is, as whole words;
    * "folded": but for letter case, accents, Unicode forms, white space, quotes and dashes; then
      but for all punctuation ("AB-1234" and "ab 1234", words divided at the end of a line);
    * "number": the same number ("1,234.50", "1.234,50", "$1.2 million", "twelve");
    * "date": the same day or time ("22 November 2026", "22/11/26", "2:30 pm");
    * "fuzzy": nearly the same words, similarity 0.85 or more, and the same digits.

    A text that is a number or a date is looked for as such, and never "fuzzy".

    Args:
        report: of ``extract``, ``score`` and the like.
        text: what was read; by default what the report has as its ``input``, and of messages the
            text of the last one by the user. Offsets are characters of it.
        how: which ways to look, all by default. "date" and "fuzzy" need python-dateutil and
            RapidFuzz: ``pip install "fieldconf[source]"``; the others need nothing.

    Raises:
        RequestError: if no text is known; or a way is none of these.
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
    ways = ways_of(how)
    source = SourceText(text_of(report.input if text is None else text))
    fields = {name: _located(field, source, ways) for name, field in report.fields.items()}
    return replace(report, fields=fields)


def ways_of(how: Ways | None) -> Ways:
    """The ways to look, in the order in which they are tried.

    Raises:
        RequestError: if there is no such way.
        MissingPackageError: if a package that it needs is not installed.

    >>> ways_of(["number", "exact"])
    ('exact', 'number')
    """
    wanted: tuple[Any, ...] = (
        (how,) if isinstance(how, str) else tuple(WAYS if how is None else how)
    )
    for way in wanted:
        if way not in WAYS:
            raise RequestError(
                f"there is no way {way!r} to look for a value",
                remedy=f"Give some of {', '.join(map(repr, WAYS))}",
            )
        module, package = _NEEDED.get(way, ("", ""))
        if module and find_spec(module) is None:
            raise MissingPackageError(
                f"fc.locate, to look for how={way!r},", package, extra="source"
            )
    return tuple(way for way in WAYS if way in wanted)


def ways_in(given: Any, wanted: Ways | bool | None) -> Ways | None:  # noqa: FBT001  # an option's value
    """The ways to look in what a model is given, as the option ``locate`` asks; None for none.

    Raises:
        RequestError, MissingPackageError: if it could not be looked for, see ``locate``.

    >>> ways_in("Dear Anna", ["exact"]), ways_in("Dear Anna", False)
    (('exact',), None)
    """
    if wanted is None or wanted is False:
        return None
    text_of(given)
    return ways_of(None if wanted is True else wanted)


def text_of(given: Any) -> str:
    """The text in which values are looked for, of what a model was given to read.

    Of messages it is the text of the user's last one: those before it are examples, most often.

    Raises:
        RequestError: if it is not one text, so that nobody could say what an offset counts from.

    >>> text_of(["Dear Anna"])
    'Dear Anna'
    >>> text_of([{"role": "system", "content": "Find the name."},
    ...          {"role": "user", "content": [{"type": "text", "text": "Dear Anna"}]}])
    'Dear Anna'
    """
    parts = _parts(given)
    contents = [get(part, "content") for part in parts if get(part, "role") == "user"]
    if contents:
        given = contents[-1]
        parts = _parts(given)
    if len(parts) == 1:
        given = get(parts[0], "text") or parts[0]
    if isinstance(given, str):
        return given
    kind = type(given).__name__  # pyright: ignore[reportUnknownArgumentType]
    shown = "nothing" if given is None else f"a {kind}"
    raise RequestError(
        f"there is no one text to look for values in ({shown} was given)",
        remedy="Give it the text that the model read: fc.locate(report, text)",
    )


def _parts(given: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", given) if isinstance(given, (list, tuple)) else ()


def _located(field: Field, source: SourceText, ways: Ways) -> Field:
    found = source.places(field.value, ways) if _is_sought(field) else None
    return field if found == field.source_spans else replace(field, source_spans=found)


def _is_sought(field: Field) -> bool:
    """Whether it can be looked for: a text or a number that need not have been what it is."""
    value, members = field.value, field.declared.members if field.declared else None
    if members is not None and len(members) < 2:
        return False
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(written(value))
