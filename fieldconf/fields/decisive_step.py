"""Decisive step: the confidence of an object, which is the least confidence inside it.

In:    the fields of a container in document order, and what the schema declares of it.
Out:   a ``LeafSummary``: the field with the least confidence, or the reason why there is none.
Never: a confidence where a required value inside has none.
Why:   scoring a response and combining several readings into a report must give the same number.

The least is taken over leaves: a container inside counts with its required leaves, or with all of
them if it requires none. An item of a list is required, and so is every key of an object that
declares no keys. If no leaf is required, the least of all leaves counts. A field with the setting
``counts=False`` is skipped, with everything inside it.
"""

from collections.abc import Iterable
from typing import NamedTuple, cast

from fieldconf.fields.field import Field
from fieldconf.schema import Declared


class LeafSummary(NamedTuple):
    """What is known of the leaves inside of a value.

    Attributes:
        least: the field with the least confidence among those that are required; or None.
        least_of_any: the same among all.
        unknown: the JSON Pointer of the first required value that has no confidence; or None.
        is_empty: whether nothing inside counts.
    """

    least: Field | None = None
    least_of_any: Field | None = None
    unknown: str | None = None
    is_empty: bool = True

    def joined(self, later: "LeafSummary", *, is_required: bool) -> "LeafSummary":
        """The same with a value that stands behind it."""
        any_ = _least(self.least_of_any, later.least_of_any)
        is_empty = self.is_empty and later.is_empty
        if not is_required:
            return self._replace(least_of_any=any_, is_empty=is_empty)
        unknown = later.unknown if self.unknown is None else self.unknown
        return LeafSummary(_least(self.least, later.least), any_, unknown, is_empty)

    @property
    def result(self) -> tuple[Field | None, str]:
        """The field whose confidence an object has; or None, and the reason."""
        if self.unknown is not None:
            return None, f"{self.unknown or 'the answer'} has no confidence"
        least = self.least or self.least_of_any
        if least is None:
            return None, f"no value inside {'counts' if self.is_empty else 'has a confidence'}"
        return least, ""


NOTHING = LeafSummary()


def summary_of(field: Field, inside: LeafSummary) -> LeafSummary:
    """What a value tells the container around it; ``inside`` is what it holds itself."""
    if not field.counts:
        return NOTHING
    unknown = field.pointer if field.confidence is None else None
    if field.is_leaf:
        least = field if unknown is None else None
        return LeafSummary(least, least, unknown, is_empty=False)
    if field.kind == "object" and inside.is_empty:
        return NOTHING
    inner = unknown if inside.unknown is None else inside.unknown
    any_ = inside.least_of_any
    return LeafSummary(inside.least or any_, any_, inner, is_empty=False)


def summed_up(declared: Declared, values: Iterable[tuple[str | int, LeafSummary]]) -> LeafSummary:
    """What is inside of a container, from what its values tell in document order."""
    total = NOTHING
    for step, summary in values:
        total = total.joined(summary, is_required=declared.requires(step))
    return total


def _least(first: Field | None, other: Field | None) -> Field | None:
    """The field with the lower confidence; of equal ones the first."""
    fields = [field for field in (first, other) if field is not None]
    return min(fields, key=lambda field: cast("float", field.confidence), default=None)
