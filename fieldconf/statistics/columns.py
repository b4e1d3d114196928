"""Columns: one column of a table of any kind.

In:    a mapping of columns, a sequence of rows, or a frame of pandas, Polars or PyArrow.
Out:   a list of plain Python values; the names of the columns.
Never: an import of a data frame library: frames are recognised by their methods.
Why:   confidences and labels of other systems come in any kind of table.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from fieldconf.errors import EvaluationError, nearest

_MISSING = frozenset({"NAType", "NaTType"})
"""What pandas puts where a nullable column has nothing."""


def column_names(source: Any) -> tuple[str, ...]:
    """The names of the columns.

    Raises:
        EvaluationError: if it is no table.

    >>> column_names([{"document": 1, "right": True}, {"document": 2, "field": "a"}])
    ('document', 'right', 'field')
    """
    if isinstance(source, Mapping):
        return tuple(cast("Mapping[str, Any]", source))
    names = getattr(source, "column_names", None)  # PyArrow
    if names is None:
        names = getattr(source, "columns", None)  # pandas, Polars
    if names is not None:
        return tuple(map(str, cast("Iterable[Any]", names)))
    return tuple(dict.fromkeys(name for row in _rows(source) for name in row))


def column(source: Any, name: str) -> list[Any]:
    """A column's values, from the top; None where a row has none.

    Raises:
        EvaluationError: if there is no such column.

    >>> column({"right": (True, False)}, "right")
    [True, False]
    """
    names = column_names(source)
    if name not in names:
        raise EvaluationError(
            f"the table has no column {name!r}, but {', '.join(map(repr, names)) or 'none'}",
            column=name, remedy=nearest(name, names),
        )  # fmt: skip
    if isinstance(source, Sequence):
        return [row.get(name) for row in _rows(cast("Any", source))]
    columns: Any = source
    values = columns[name]
    for method in ("to_pylist", "to_list", "tolist"):  # PyArrow; pandas and Polars; numpy
        convert = getattr(values, method, None)
        if convert is not None:
            return [None if type(value).__name__ in _MISSING else value for value in convert()]
    return list(values)


def _rows(source: Any) -> Sequence[Mapping[str, Any]]:
    is_rows = isinstance(source, Sequence) and not isinstance(source, (str, bytes))
    rows = cast("Sequence[Any]", source) if is_rows else ()
    if not is_rows or not all(isinstance(row, Mapping) for row in rows):
        raise EvaluationError(
            f"{type(cast('object', source)).__name__} is no table",
            remedy="Give a mapping of columns, a list of rows, or a frame of pandas, Polars or "
            "PyArrow, with the columns document, field, confidence, right",
        )
    return rows
