"""Wide: a report as one row, with columns for the declared fields.

In:    a compiled schema; reports.
Out:   a ``RowFormat``: for each declared field outside of lists its value and its confidence.
Never: a column that depends on the answers; a value of another type than its column's.
Why:   most analyses need a table of answers with their confidences.

A field whose values are always texts, whole numbers, numbers or booleans has a column of that type.
Anything else in it (an answer that breaks its schema, a whole number beyond 64 bits) is null. A
``Decimal`` has a column of numbers, also where the model wrote it as a text. A field of several
kinds of scalars has a column of plain texts. Beside numbers and these there is the JSON text: a
double does not hold every number, and "5" is not 5. Lists, free keys and recursive schemas are JSON
text alone.
"""

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from fieldconf.batch.response_ids import Saved
from fieldconf.batch.rows import (
    ANSWER,
    CONFIDENCE,
    JSON_TEXT,
    JUDGED,
    Column,
    Row,
    RowFormat,
    is_value,
    json_of,
    outcomes,
    plain_of,
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
_SCALARS = frozenset({"string", "number", "boolean"})
_DECIMALS = "schema with decimals as numbers"
_ANY = KINDS - {"null"}  # a schema with properties and no type describes an object
_TYPES = {frozenset({"string"}): "string", frozenset({"boolean"}): "bool"}
_KINDS = {
    "string": ("string",), "bool": ("boolean",), "int64": ("number",), "double": ("number",),
    "decimal": ("number", "string"),
}  # fmt: skip
"""The kinds of the values that a column holds, by its type; "json" and "text" hold any."""
_ARROW = {"json": "string", "text": "string", "decimal": "double"}
"""Arrow's types of the columns whose types are not Arrow's."""
_WITH_TEXT = frozenset({"int64", "double", "decimal", "text"})
"""The types that have a column of JSON text beside them."""


class _Cell(NamedTuple):
    """A declared field: its pointer, and its column's name and type."""

    pointer: str
    name: str
    type: str

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the field."""
        text = (Column(self.name + JSON_TEXT, "string"),) if self.type in _WITH_TEXT else ()
        value = Column(self.name, _ARROW.get(self.type, self.type))
        return value, *text, Column(self.name + CONFIDENCE, "double")


@lru_cache(maxsize=64)
def _cells(
    root: SchemaNode, accepted: SchemaNode, others: tuple[str, ...]
) -> tuple[_Cell, ...]:  # fmt: skip
    """The cells of a schema; a cell whose name is in use has its pointer as its name.

    Args:
        root: the schema with each ``Decimal`` as a number.
        accepted: the schema as answers are read by it.
        others: the names of the other columns.
    """
    used_names = {*others, *(column.name for column in HEAD)}
    cells: list[_Cell] = []
    for path, declared_type in _leaves(root, (), ()):
        is_text_too = "string" in accepted.at(path).declared.possible_kinds
        is_decimal = declared_type in ("double", "int64") and is_text_too
        where, type_ = pointer(path), "decimal" if is_decimal else declared_type
        for name in (".".join(map(str, path)) or ROOT, where):
            cell = _Cell(where, name, type_)
            names = {column.name for column in cell.columns}
            if used_names.isdisjoint(names):
                break
        else:
            raise SchemaError(
                f"no free column name is left for {where}",
                remedy="Use the long form, which has one row for each field",
            )
        used_names |= names
        cells.append(cell)
    return tuple(cells)


def _with_decimals_as_numbers(schema: Schema) -> SchemaNode:
    """The root of a schema whose values of type ``Decimal`` are numbers."""
    if schema.adapter is None:
        return schema.root
    if _DECIMALS not in schema.caches:
        from fieldconf.schema.pydantic_models import json_schema_of  # noqa: PLC0415  # as its own

        plain = json_schema_of(schema.adapter, decimals_are_numbers=True)
        schema.caches[_DECIMALS] = Schema(plain, may_be_null=schema.may_be_null)
    return schema.caches[_DECIMALS].root


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
        other = "text" if len(kinds) > 1 and kinds <= _SCALARS else "json"
        number = "int64" if kinds == _NUMBER and _is_whole(node) else "double"
        yield path, number if kinds == _NUMBER else _TYPES.get(kinds, other)


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
    cells = _cells(_with_decimals_as_numbers(schema), schema.root, tuple(others))
    columns = [*HEAD, *(column for cell in cells for column in cell.columns)]

    def rows(saved: Saved, report: Report[Any]) -> list[Row]:
        reason = "; ".join(filter(None, (report.reason, outcomes(report.verdicts)))) or None
        head = saved.response_id, saved.custom_id, report.choice, report.status
        row: list[Any] = [*head, report.outcome, reason]
        text, fields = text_of(report), report.fields
        for cell in cells:
            field = fields.get(cell.pointer)
            if field is None:
                row += (None,) * (2 + (cell.type in _WITH_TEXT))
                continue
            is_known = is_value(report, field)
            row.append(_value(field, text, cell.type) if is_known else None)
            if cell.type in _WITH_TEXT:
                row.append(json_of(field, text) if is_known else None)
            row.append(field.confidence)
        return [tuple(row)]

    return RowFormat(tuple(columns), rows)


def _value(field: Field, text: bytes | None, type_: str) -> Any:
    """The value for a column of this type; None if it is of another type."""
    value = field.value
    if type_ in ("json", "text"):
        written = json_of(field, text)
        value = written if type_ == "json" else plain_of(field, written)
    elif field.kind not in _KINDS[type_]:
        value = None
    elif type_ in ("double", "decimal"):
        value = _number_of(value)
    elif type_ == "int64":
        is_whole = not isinstance(value, Decimal) and value == value // 1
        value = int(value) if is_whole and -(2**63) <= value < 2**63 else None
    return value


def _number_of(value: Any) -> float | None:
    """The number of a ``Decimal``, which may be written as a text; None if the text is none."""
    try:
        number = float(Decimal(value)) if isinstance(value, str) else float(value)
    except (InvalidOperation, OverflowError):
        return None
    return number if math.isfinite(number) or not isinstance(value, str) else None
