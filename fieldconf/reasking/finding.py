"""Finding: where the values of a second reading stand in the source.

In:    a first report, what became of it, what was read.
Out:   the new report, whose fields say where they were ``found`` if those of the first one do.
Never: offsets of two texts in one report; a reading lost because a package is missing.
Why:   who asked where the values stand means those that stay in the end.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeVar

from fieldconf.errors import MissingPackageError, RequestError
from fieldconf.extraction.inputs import Input
from fieldconf.fields.readings import SourceSpan
from fieldconf.grounding.locating import (
    WAYS,
    Ways,
    locate,
    text_of,
    ways_in,
    ways_of,
)
from fieldconf.report import Report

T = TypeVar("T")


def found_again(
    first: Report[Any],
    made: Report[T],
    given: Input,
    wanted: Ways | bool | None,  # noqa: FBT001
) -> Report[T]:
    """The report with the places of values that no first reading had.

    Args:
        first: the first reading.
        made: the report of both.
        given: what was read.
        wanted: the option ``locate``: all values are then looked for. If nothing is said, only
            those that are new, where the first reading was located in the same text; by each way
            whose package is installed.

    Raises:
        RequestError, MissingPackageError: if ``wanted`` cannot be done.
    """
    ways = ways_in(given, wanted)
    if ways is not None:
        return locate(made, text_of(given), how=ways)
    if wanted is False or not _is_located_in(first, given):
        return made
    located = locate(made, text_of(given), how=[way for way in WAYS if _is_there(way)])
    fields = {
        name: field if (own := made.fields[name]).source_spans is None else own
        for name, field in located.fields.items()
    }
    return replace(located, fields=fields)


def _is_located_in(report: Report[Any], given: Input) -> bool:
    """Whether values were looked for, and, as far as one can tell, in this text."""
    if all(field.source_spans is None for field in report.leaves.values()):
        return False
    try:
        text = text_of(given)
    except RequestError:  # it was located in the text of an image, say
        return False
    return all(text[one.start : one.stop] == one.text for one in _places(report))


def _places(report: Report[Any]) -> Iterator[SourceSpan]:
    return (place for field in report.leaves.values() for place in field.source_spans or ())


def _is_there(way: Any) -> bool:
    try:
        return bool(ways_of([way]))
    except MissingPackageError:
        return False
