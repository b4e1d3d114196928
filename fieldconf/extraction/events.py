"""Events: the items of a stream of an answer.

In:    fields that closed, strings that grow, a report.
Out:   one small frozen value for each, distinguished by ``type``.

       ========= ==================================== =================================
       type      when                                 attributes
       ========= ==================================== =================================
       partial   a string value grew by a chunk       pointer, added, value (so far)
       field     a value closed, leaf or container    pointer, value, confidence, field
       item      an element of a list closed          the same, and index
       report    the answer ended, or was stopped     report
       ========= ==================================== =================================

       A ``field`` event comes after those of all values inside it, and an ``item`` event directly
       after its ``field``. The single ``report`` is the last event.
Never: a confidence for a value that is not complete.
Why:   a live view shows text as it grows; a pipeline needs each item once it is complete.
"""

from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from fieldconf.fields.field import Field
from fieldconf.paths import Path, pointer
from fieldconf.report import Report

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PartialEvent:
    """A string value grew; it has no confidence until it closes.

    Attributes:
        path: keys and indexes from the root.
        added: the text that this chunk added; it never ends inside a character.
    """

    path: Path
    added: str
    _pieces: list[str] = field(repr=False, compare=False)  # grows with the stream
    _count: int = field(repr=False, compare=False)
    type: Literal["partial"] = "partial"

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer."""
        return pointer(self.path)

    @property
    def value(self) -> str:
        """The text so far."""
        return "".join(self._pieces[: self._count])

    @property
    def confidence(self) -> None:
        """None: the value is not complete."""
        return


@dataclass(frozen=True, slots=True)
class _Closed:
    """A value that closed."""

    field: Field

    @property
    def path(self) -> Path:
        """Keys and indexes from the root."""
        return self.field.path

    @property
    def pointer(self) -> str:
        """The path as a JSON Pointer."""
        return self.field.pointer

    @property
    def value(self) -> Any:
        """The decoded JSON value."""
        return self.field.value

    @property
    def confidence(self) -> float | None:
        """0..1, or None: then ``field.reason`` says why."""
        return self.field.confidence


@dataclass(frozen=True, slots=True)
class FieldEvent(_Closed):
    """A value closed, and its confidence is known.

    Attributes:
        field: the field, as the report will have it.
    """

    type: Literal["field"] = "field"


@dataclass(frozen=True, slots=True)
class ItemEvent(_Closed):
    """An element of a list closed, with everything inside it.

    Attributes:
        field: its field; that of an object has the least confidence inside.
    """

    type: Literal["item"] = "item"

    @property
    def index(self) -> int:
        """Its index in the list, from 0."""
        return int(self.field.path[-1])


@dataclass(frozen=True, slots=True)
class ReportEvent(Generic[T]):
    """The answer ended, or was stopped.

    Attributes:
        report: the report of the answer.
    """

    report: Report[T]
    type: Literal["report"] = "report"


Event: TypeAlias = PartialEvent | FieldEvent | ItemEvent | ReportEvent[T]
