"""Label lines: labels as lines of JSON, and back.

In:    a label, or a line; the queue that a file is of.
Out:   bytes, a line each; ``Label``; the first line, which says what the labels are of.
Never: a line that ``fc.labels`` misreads.
Why:   a file that people can read and other programs can use.

The first line has the key "labelling" (the version of the form), the seed of the audit sample, and
digests of what is labelled. Every other line is a row as ``fc.labels`` reads it, with "answer" (the
value that was judged), "drawn" and "confidence" beside it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from fieldconf.errors import OutputError
from fieldconf.evaluation.labels import HEAD
from fieldconf.labelling.queue import Drawn, Key, LabelItem, LabelQueue, has_verdict_only

VERSION = 1
BEGINNING = f'{{"{HEAD}": '.encode()
"""How a file begins."""

_ROW = frozenset({"document", "field", "right", "answer", "drawn", "confidence"})
_TRUTH = "right value"


@dataclass(frozen=True)
class Label:
    """What a person said of a value.

    Attributes:
        document, field: the value: its document, and its pointer.
        right: whether it is right; None if it was skipped.
        truth: the right value, alone in a tuple; empty if it is not known.
        answer: the value as plain JSON.
        drawn: "audit" or "doubtful", see ``LabelItem``.
        confidence: that the value had (0..1); None if not known.
    """

    document: str
    field: str
    right: bool | None
    truth: tuple[Any, ...]
    answer: Any
    drawn: Drawn
    confidence: float | None

    @property
    def key(self) -> Key:
        """The document and the pointer."""
        return self.document, self.field

    @classmethod
    def of(cls, item: LabelItem, right: bool | None, truth: tuple[Any, ...] = ()) -> "Label":  # noqa: FBT001
        """The label of a value; a right scalar is its own right value."""
        if right and not truth and not has_verdict_only(item):
            truth = (item.value,)
        document, field = item.key
        return cls(document, field, right, truth, item.value, item.drawn, item.field.confidence)


def head_of(queue: LabelQueue) -> dict[str, Any]:
    """The first line of the file of a queue."""
    return {
        HEAD: VERSION, "seed": queue.seed, "audit": queue.share, "ids": queue.has_ids,
        "reports": queue.reports, "values": queue.values, "accepted": queue.accepted,
    }  # fmt: skip


def text_of(line: Mapping[str, Any]) -> bytes:
    """A line as bytes, with its line break."""
    return json.dumps(line, allow_nan=False).encode() + b"\n"


def line_of(label: Label) -> dict[str, Any]:
    """A label as a row."""
    row: dict[str, Any] = {"document": label.document, "field": label.field, "right": label.right}
    row |= {_TRUTH: label.truth[0]} if label.truth else {}
    return row | {"answer": label.answer, "drawn": label.drawn, "confidence": label.confidence}


def parsed(text: bytes, number: int, path: Any) -> dict[str, Any]:
    """The row of a line.

    Raises:
        OutputError: if it is none.
    """
    try:
        row: Any = json.loads(text)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not (HEAD in row if number == 1 else row.keys() >= _ROW):
        raise OutputError(
            f"{path} is no file of fieldconf label (line {number})",
            remedy="Give another file with --labels, or move that one away",
        )
    return cast("dict[str, Any]", row)


def label_of(row: Mapping[str, Any]) -> Label:
    """The label of a row."""
    return Label(
        row["document"], row["field"], row["right"], (row[_TRUTH],) if _TRUTH in row else (),
        row["answer"], row["drawn"], row["confidence"],
    )  # fmt: skip


def seed_of(path: Path) -> int | None:
    """The seed of a file; None if there is no such file, or it has no first line yet.

    Raises:
        OutputError: if it cannot be read, or is no such file.
    """
    try:
        with path.open("rb") as file:
            text = file.readline()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot read {path} ({reason})", remedy="Give another file") from None
    return parsed(text, 1, path)["seed"] if text.endswith(b"\n") else None


def check_head(head: Mapping[str, Any], queue: LabelQueue, path: Any) -> None:
    """Check that the first line of a file is of this queue.

    The share of audit labels may have changed: the order of each kind does not depend on it.

    Raises:
        OutputError: if it is of other reports, another policy or another seed.
    """
    own = head_of(queue)
    for name, what, remedy in (
        (HEAD, "in another version of this form", "Give another file with --labels"),
        ("ids", "for other reports", "Give the same reports, or another file with --labels"),
        ("values", "for other reports or other fields",
         "Give the same reports and fields, or another file with --labels"),
        ("accepted", "with a policy that accepts other values",
         "Give the same policy: the audit sample is of what it accepts; or another file"),
        ("seed", f"with the seed {head.get('seed')}", "Leave the seed out, or give the same"),
    ):  # fmt: skip
        if head.get(name) != own[name]:
            raise OutputError(f"{path} was begun {what}", remedy=remedy)
