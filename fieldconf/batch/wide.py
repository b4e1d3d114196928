"""Wide: a report as one row, with columns for the declared fields.

In:    a compiled schema; reports.
Out:   a ``RowFormat``: for each declared field outside of lists its value and its confidence.
Never: a column that depends on the answers; a value of another type than its column's.
Why:   most analyses need a table of answers with their confidences.

A field whose values are always texts, whole numbers, numbers or booleans has a column of that type.
Anything else in it (an answer that breaks its schema, a whole number beyond 64 bits) is null.
Lists, unions of kinds, free keys and recursive schemas are JSON text.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from fieldconf.batch.response_ids import Saved
from fieldconf.batch.rows import (
    ANSWER,
    CONFIDENCE,
    JUDGED,
    Column,
    Row,
    RowFormat,
    is_value,
    json_of,
    outcomes,
    text_of,
)
from fieldconf.errors import SchemaError
from fieldconf.fields.field import Field
from fieldconf.parsing.kinds import KINDS
from fieldconf.paths import Path, pointer
from fieldconf.report import Report
from fieldconf.schema import Schema, SchemaNode
from fieldconf.schema.declared import kinds_of_parts
from fieldconf.schema.keywords import Keywords

HEAD = (*ANSWER, *JUDGED)
"""The columns before those of the fields."""

ROOT = "value"
"""The column name of an answer that is not an object."""


_OBJECT, _NUMBER = frozenset({"object"}), frozenset({"number"})
_ANY = KINDS - {"null"}  # a schema with properties and no type describes an object
_TYPES = {frozenset({"string"}): "string", frozenset({"boolean"}): "bool"}
_KINDS = {"string": "string", "bool": "boolean", "int64": "number", "double": "number"}
"""The kind of the values in a column, by the column's type."""


class _Cell(NamedTuple):
    """A declared field: its pointer, and its column's name and type."""

    pointer: str
    name: str
    type: str


@lru_cache(maxsize=64)
def _cells(root: SchemaNode, others: tuple[str, ...]) -> tuple[_Cell, ...]:
    """The cells of a schema; a cell whose name is in use has its pointer as its name."""
    used_names = {*others, *(column.name for column in HEAD)}
    cells: list[_Cell] = []
    for path, type_ in _leaves(root, (), ()):
        where = pointer(path)
        dotted = ".".join(map(str, path)) or ROOT
        is_taken = not used_names.isdisjoint((dotted, dotted + CONFIDENCE))
        name = where if is_taken else dotted
        if not used_names.isdisjoint((name, name + CONFIDENCE)):
            raise SchemaError(
                f"no free column name is left for {where}",
                remedy="Use the long form, which has one row for each field",
            )
        used_names |= {name, name + CONFIDENCE}
        cells.append(_Cell(where, name, type_))
    return tuple(cells)


def _leaves(
    node: SchemaNode, path: Path, around: tuple[frozenset[Keywords], ...]
) -> Iterator[tuple[Path, str]]:
    """The paths whose values are cells, with their columns' types."""
    declared = node.declared
    kinds = declared.possible_kinds - {"null"}
    own = frozenset(p for case in node.object_cases for p in case.parts if p.properties)
    is_object = kinds in (_OBJECT, _ANY) and declared.keys
    if is_object and own not in around:
        for key in declared.keys:
            yield from _leaves(node.inside(key), (*path, key), (*around, own))
    else:
        number = "int64" if kinds == _NUMBER and _is_whole(node) else "double"
        yield path, number if kinds == _NUMBER else _TYPES.get(kinds, "json")


def _is_whole(node: SchemaNode) -> bool:
    """Whether only whole numbers are declared."""
    numbers = [case.parts for case in node.cases if "number" in kinds_of_parts(case.parts)]
    return all(
        any(
            part.is_integer
            or (part.members and all(isinstance(m, int) or m is None for m in part.members))
            for part in parts
        )
        for parts in numbers
    )


# -- rows -----------------------------------------------------------------------------------------


def wide_form(schema: Schema, others: Iterable[str] = ()) -> RowFormat:
    """The wide form of a schema's answers, beside columns of other names.

    Raises:
        SchemaError: if the schema declares nothing, or no names for columns are left.
    """
    if not schema.json:
        raise SchemaError(
            "the wide form needs a schema", remedy="Give a schema: its fields are the columns"
        )
    cells = _cells(schema.root, tuple(others))
    columns = list(HEAD)
    for cell in cells:
        type_ = "string" if cell.type == "json" else cell.type
        columns += [Column(cell.name, type_), Column(cell.name + CONFIDENCE, "double")]

    def rows(saved: Saved, report: Report[Any]) -> list[Row]:
        reason = "; ".join(filter(None, (report.reason, outcomes(report.verdicts)))) or None
        head = saved.response_id, saved.custom_id, report.choice, report.status
        row: list[Any] = [*head, report.outcome, reason]
        text, fields = text_of(report), report.fields
        for cell in cells:
            field = fields.get(cell.pointer)
            if field is None:
                row += (None, None)
            else:
                value = _value(field, text, cell.type) if is_value(report, field) else None
                row += (value, field.confidence)
        return [tuple(row)]

    return RowFormat(tuple(columns), rows)


def _value(field: Field, text: bytes | None, type_: str) -> Any:
    """The value for a column of this type; None if it is of another type."""
    if type_ == "json":
        return json_of(field, text)
    if field.kind != _KINDS[type_]:
        return None
    value = field.value
    if type_ == "double":
        return float(value)
    if type_ == "int64":
        is_whole = not isinstance(value, Decimal) and value == value // 1
        return int(value) if is_whole and -(2**63) <= value < 2**63 else None
    return value
