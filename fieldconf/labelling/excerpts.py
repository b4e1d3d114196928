"""Excerpts: the text around a value.

In:    a value to label, with the text that was read.
Out:   ``Excerpt``: the text before the value, the value in the text, and the text behind it.
Never: a place that was not found: then it is the beginning of the text.
Why:   whoever labels needs to see where a value comes from.
"""

from contextlib import suppress
from typing import NamedTuple

from fieldconf.errors import MissingPackageError
from fieldconf.fields.readings import FoundHow
from fieldconf.grounding.locating import WAYS, check_ways
from fieldconf.grounding.searching import SourceText
from fieldconf.labelling.queue import LabelItem

AROUND = 300
"""How many characters are shown on either side."""


class Excerpt(NamedTuple):
    """A part of the text that was read.

    Attributes:
        before, found, after: the text around the value; ``found`` is empty if the value was not
            found, and ``after`` is then the beginning of the text.
        starts, ends: whether the text begins and ends with the excerpt.
    """

    before: str
    found: str
    after: str
    starts: bool
    ends: bool


def excerpt(item: LabelItem, around: int = AROUND) -> Excerpt | None:
    """The text around a value; None where the text is not known.

    Args:
        item: the value.
        around: how many characters on either side.
    """
    text, value = item.source, item.value
    spans = item.field.source_spans
    if text is None and spans:
        return Excerpt("", spans[0].text, "", starts=False, ends=False)
    if text is None:
        return None
    is_searched = isinstance(value, (str, float, int)) and not isinstance(value, bool)
    if spans is None and is_searched and str(value).strip():
        installed: list[FoundHow] = []
        for way in WAYS:
            with suppress(MissingPackageError):
                installed += check_ways([way])
        spans = SourceText(text).places(value, installed)
    start, stop = (spans[0].start, spans[0].stop) if spans else (0, 0)
    first, last = max(start - around, 0), stop + around * (1 if spans else 2)
    return Excerpt(
        text[first:start], text[start:stop], text[stop:last],
        starts=first == 0, ends=last >= len(text),
    )  # fmt: skip
