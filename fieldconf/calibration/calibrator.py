"""Calibrator: the maps of all fields and what they were fitted on; saved and loaded.

In:    a table or a report with confidences to calibrate; plain JSON values.
Out:   calibrated numbers (0..1); plain JSON values.
Never: a number for an unknown confidence; a report of another model or schema calibrated silently.
Why:   a map is fitted once, and used for months by other people.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar, cast

from pydantic import ConfigDict

from fieldconf.calibration.applying import calibrated
from fieldconf.calibration.curve import CalibrationCurve
from fieldconf.calibration.members import Members
from fieldconf.errors import CalibrationError
from fieldconf.fields.plain_values import digest_of
from fieldconf.fields.readings import Calibrated
from fieldconf.json_records import json_of, record_of, write_text
from fieldconf.report import Report
from fieldconf.statistics.judged_table import Table
from fieldconf.statistics.packages import package

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")

VERSION = 1
_REMEDY = "Give what Calibrator.save wrote, with this version of fieldconf"
"""Of the plain form."""
SCOPE = ("model", "provider", "schema", "prompt")
"""What a calibrator holds for, as far as it is known."""
_ANOTHER = (
    "Fit one on labels of such answers, or apply it all the same: "
    "report.calibrated(calibrator, force=True)"
)


@dataclass(frozen=True)
class Calibrator:
    """Maps from confidences to how often such values are right. Made by ``fc.calibrate``.

    ``calibrator(report)`` is ``report.calibrated(calibrator)``.

    Attributes:
        chosen: "ridge": the maps beat doing nothing; "identity": they did not, and confidences
            stay as they are.
        reason: why, one sentence with the figures.
        pool: the map of fields that had no label.
        fields: the map of each field that had some, by its pointer with "*" for positions in lists.
        members: of fields with a list of members: how the members are moved, by the same pointer.
        scope: what it was fitted for, by name: "model", "provider", "schema" (``Schema.digest``),
            "prompt" (a digest of the instructions); empty where that is not known.
        losses: "ridge" and "identity": the mean log loss (nats) on documents that were not
            fitted on; empty where there were too few to cross-validate.
        labels: how many labelled values with a confidence each field had.
        documents: in how many documents.
        unknown: how many labelled values had no confidence, and were not used.
        strengths: how strongly the pool was shrunk to doing nothing, and fields to the pool.
        date: the day on which it was fitted (ISO 8601, UTC); no part of what makes two equal.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)  # how it is read back

    chosen: Literal["ridge", "identity"] = "identity"
    reason: str = ""
    pool: CalibrationCurve = field(default_factory=CalibrationCurve)
    fields: Mapping[str, CalibrationCurve] = field(default_factory=dict[str, CalibrationCurve])
    members: Mapping[str, Members] = field(default_factory=dict[str, Members])
    scope: Mapping[str, str] = field(default_factory=dict[str, str])
    losses: Mapping[str, float] = field(default_factory=dict[str, float])
    labels: Mapping[str, int] = field(default_factory=dict[str, int])
    documents: int = 0
    unknown: int = 0
    strengths: tuple[float, ...] = ()
    date: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.chosen}: {self.reason}"

    @property
    def digest(self) -> str:
        """A short text that tells it from other calibrators; the date is no part of it."""
        return digest_of(json.dumps(self.to_dict() | {"date": ""}, sort_keys=True))

    # -- applying -------------------------------------------------------------------------------

    def confidence(self, confidence: float, field: str) -> float:
        """The calibrated confidence (0..1) of a field's confidence (0..1).

        >>> fields = {"/a": CalibrationCurve(1.0)}
        >>> calibrator = Calibrator("ridge", pool=CalibrationCurve(-1.0), fields=fields)
        >>> calibrator.confidence(0.5, "/a")
        0.7310585786300049
        """
        if self.chosen == "identity":
            return confidence
        return self.fields.get(field, self.pool)(confidence)

    def confidences(self, source: Any) -> "NDArray[np.float64]":
        """The calibrated confidences of a table, row by row.

        Args:
            source: a ``Table``, or a plain one with the columns ``document, field, confidence``.

        Returns:
            An array as long as the table, 0..1; NaN where a confidence is not known.

        Raises:
            EvaluationError: if it is no such table.

        >>> row = {"document": 1, "field": "/a", "confidence": 0.25}
        >>> Calibrator().confidences([row, row | {"confidence": None}]).tolist()
        [0.25, nan]
        """
        table = Table.read(source, is_labelled=False)
        names = table.fields
        rows: Iterable[tuple[float, int]]
        rows = zip(table.confidence.tolist(), table.field.tolist(), strict=True)
        return package("numpy").asarray(
            [p if math.isnan(p) else self.confidence(p, names[code]) for p, code in rows], "float64"
        )

    def __call__(self, report: Report[T], *, force: bool = False, provider: str = "") -> Report[T]:
        """The report with calibrated confidences, see ``Report.calibrated``.

        ``provider`` is who was asked, where that is known.

        Raises:
            CalibrationError: if it is of another model, schema or prompt than this was fitted for
                (``force=True`` takes it all the same), or calibrated already.
        """
        if report.calibration is not None:
            raise CalibrationError(
                f"the report is calibrated already, by {report.calibration.digest}",
                remedy="Calibrate the report as it was scored",
            )
        if not force:
            self.check(scope_of(report) | {"provider": provider})
        mark = Calibrated(
            self.digest, self.chosen, self.date, sum(self.labels.values()), self.documents,
            self.scope.get("model", ""),
        )  # fmt: skip
        return calibrated(report, self.confidence, self.members, mark)

    def check(self, actual: Mapping[str, str]) -> None:
        """Check that the calibrator was fitted for answers of this scope.

        Names that are unknown on either side are not compared.

        Raises:
            CalibrationError: if it was fitted for another; with what was expected and what is so.
        """
        pairs = ((name, self.scope.get(name, ""), actual.get(name, "")) for name in SCOPE)
        wrong = [(name, own, other) for name, own, other in pairs if own and other and own != other]
        if wrong:
            differences = "; ".join(f"{name} {own!r}, not {other!r}" for name, own, other in wrong)
            raise CalibrationError(
                f"the calibrator was fitted for {differences}",
                expected={name: own for name, own, _ in wrong},
                actual={name: other for name, _, other in wrong}, remedy=_ANOTHER,
            )  # fmt: skip

    # -- saving and reading back ----------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, see ``from_dict``."""
        return {"version": VERSION, **json.loads(json.dumps(asdict(self)))}

    def to_json(self, *, indent: int | None = 1) -> str:
        """``to_dict`` as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as a JSON file.

        Raises:
            CalibrationError: if it cannot be written.
        """
        write_text(path, self.to_json() + "\n", error_type=CalibrationError)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The calibrator of which this is the ``to_dict``.

        Raises:
            CalibrationError: if it is no such form, or that of another version.

        >>> Calibrator.from_dict(Calibrator(reason="so").to_dict()) == Calibrator(reason="so")
        True
        """
        return record_of(
            cls,
            plain,
            name="calibrator",
            version=VERSION,
            error_type=CalibrationError,
            remedy=_REMEDY,
        )

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """The calibrator in a file that ``save`` wrote.

        Raises:
            CalibrationError: if it cannot be read, or is none.
        """
        return cls.from_dict(
            json_of(path, name="calibrator", error_type=CalibrationError, remedy=_REMEDY)
        )

    @classmethod
    def of(cls, source: "CalibratorLike | None") -> "Calibrator | None":
        """The calibrator that was meant: one, or its file; of None, none.

        Raises:
            CalibrationError: if it is neither, or as ``read`` does.
        """
        if source is None or isinstance(source, Calibrator):
            return source
        path: Any = source
        if isinstance(path, (str, PathLike)):
            return cls.read(cast("str", path))
        raise CalibrationError(
            f"a {type(path).__name__} is no calibrator",
            remedy="Give what fc.calibrate gave, or the path of its file",
        )


CalibratorLike: TypeAlias = Calibrator | str | PathLike[str]
"""A calibrator, or the path of its file."""


def scope_of(report: Report[Any]) -> dict[str, str]:
    """What a report says of who was asked and how; empty texts where it does not."""
    return {name: value for name, value in report.scope.items() if name in SCOPE}
