"""Judged table: a row for each judged value, in columns of numbers.

In:    a plain table with the columns ``document``, ``field``, ``confidence``, ``right``.
Out:   ``Table``: numpy arrays of equal length.
Never: a row without a confidence dropped (it is NaN, and counted); a row without a label.
Why:   evaluation, calibration and guarantees read the same rows.
"""

import dataclasses
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from fieldconf.errors import EvaluationError
from fieldconf.statistics.columns import column, column_names
from fieldconf.statistics.packages import package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers: TypeAlias = NDArray[np.int64]
    Floats: TypeAlias = NDArray[np.float64]
    Booleans: TypeAlias = NDArray[np.bool_]

REQUIRED = ("document", "field", "confidence", "right")
"""The columns of a plain table; further columns of numbers are other scores of the same rows."""


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """Values that were judged, a row each.

    Attributes:
        document: of each row, the index of its document in ``documents``.
        field: of each row, the index of its field in ``fields``.
        confidence: 0..1; NaN where none is known.
        right: whether the value is right.
        documents: the ids, in the order in which they came.
        fields: the names, in the order in which they came; positions in lists are "*".
        kinds: the kind of each field of ``fields``; empty where it is not known.
        scores: other scores of the same rows, by name; NaN where one is not known.

    >>> table = Table.read([
    ...     {"document": "a", "field": "/team", "confidence": 0.9, "right": True},
    ...     {"document": "b", "field": "/team", "confidence": None, "right": False}])
    >>> len(table), table.documents, table.confidence.tolist()
    (2, ('a', 'b'), [0.9, nan])
    """

    document: "Integers"
    field: "Integers"
    confidence: "Floats"
    right: "Booleans"
    documents: tuple[Hashable, ...]
    fields: tuple[str, ...]
    kinds: tuple[str, ...]
    scores: Mapping[str, "Floats"] = dataclasses.field(default_factory=dict[str, "Floats"])

    def __len__(self) -> int:
        return len(self.right)

    @classmethod
    def read(cls, source: Any, *, is_labelled: bool = True) -> "Table":
        """The table of a plain one.

        Args:
            source: a ``Table``; a mapping of columns, a list of rows, or a frame of pandas, Polars
                or PyArrow. ``right`` is a boolean, or 0 or 1; a row where it is None has no label,
                and is left out. ``kind`` may say the kind of a field. Further columns of numbers
                are other scores.
            is_labelled: if False, every row is kept, and ``right`` may be missing (then False).

        Raises:
            EvaluationError: if a column is missing, or a value is none that it can hold.
        """
        if isinstance(source, Table):
            return source
        names = column_names(source)
        right: list[bool | None]
        if is_labelled:
            right = [_truth(value, row) for row, value in enumerate(column(source, "right"))]
        else:
            right = [False] * len(column(source, "confidence"))
        known_rows = [row for row, value in enumerate(right) if value is not None]
        wanted = (*REQUIRED[:3], *(name for name in names if name not in REQUIRED))
        columns = {
            name: [values[row] for row in known_rows]
            for name, values in ((name, column(source, name)) for name in wanted)
        }
        confidences = zip(columns.pop("confidence"), known_rows, strict=True)
        return cls.of(
            columns.pop("document"), map(str, columns.pop("field")),
            [_confidence(value, row) for value, row in confidences],
            [right[row] for row in known_rows], kinds=columns.pop("kind", ()),
            scores={name: values for name, values in columns.items() if _are_numbers(values)},
        )  # fmt: skip

    @classmethod
    def of(
        cls,
        document: Iterable[Hashable], field: Iterable[str], confidence: Iterable[float | None],
        right: Iterable[Any], *, kinds: Iterable[str | None] = (),
        scores: Mapping[str, Iterable[float | None]] | None = None,
    ) -> "Table":  # fmt: skip
        """The table of columns that were checked; ``kinds`` has one for each row, or nothing."""
        np = package("numpy")
        documents, document_codes = _coded(document)
        names, field_codes = _coded(field)
        kind_of = dict(zip(field_codes, kinds, strict=False))
        return cls(
            np.asarray(document_codes, dtype=np.int64),
            np.asarray(field_codes, dtype=np.int64),
            _floats(confidence),
            np.asarray(list(right), dtype=bool),
            documents,
            names,
            tuple(kind_of.get(code) or "" for code in range(len(names))),
            {name: _floats(values) for name, values in (scores or {}).items()},
        )

    def where(self, mask: "Booleans") -> "Table":
        """The rows that a mask chooses; documents and fields keep their codes."""
        return dataclasses.replace(
            self,
            document=self.document[mask], field=self.field[mask],
            confidence=self.confidence[mask], right=self.right[mask],
            scores={name: values[mask] for name, values in self.scores.items()},
        )  # fmt: skip

    def score(self, name: str) -> "Floats":
        """A column of scores, by name.

        Raises:
            EvaluationError: if there is none of this name.
        """
        if name == "confidence":
            return self.confidence
        if name not in self.scores:
            names = ", ".join(map(repr, ("confidence", *self.scores)))
            raise EvaluationError(f"no score is called {name!r}, but {names}", column=name)
        return self.scores[name]


def _coded(values: Iterable[Any]) -> tuple[tuple[Any, ...], list[int]]:
    """The distinct values in the order in which they came, and which of them each is."""
    codes: dict[Any, int] = {}
    coded = [codes.setdefault(value, len(codes)) for value in values]
    return tuple(codes), coded


def _truth(value: Any, row: int) -> bool | None:
    """Whether a label says that a value is right; None where it says nothing."""
    if value is None or value != value:  # NaN  # noqa: PLR0124
        return None
    if value in (0, 1):
        return bool(value)
    raise EvaluationError(
        f"right {value!r} (row {row}) is no boolean", column="right", row=row,
        remedy="Give true or false, 1 or 0, or nothing where it is not known",
    )  # fmt: skip


def _confidence(value: Any, row: int) -> float | None:
    """A confidence; None where none is known."""
    if value is None or value != value:  # NaN  # noqa: PLR0124
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.inf
    if 0 <= number <= 1:
        return number
    raise EvaluationError(
        f"confidence {value!r} (row {row}) is no number from 0 to 1", column="confidence", row=row,
        remedy="Give a probability, or nothing where it is not known; exp of a logprob is one",
    )  # fmt: skip


def _floats(values: Iterable[float | None]) -> Any:
    np = package("numpy")
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)


def _are_numbers(values: Sequence[Any]) -> bool:
    """Whether a column holds numbers, or nothing."""
    present = [value for value in values if value is not None]
    return bool(present) and all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in present
    )
