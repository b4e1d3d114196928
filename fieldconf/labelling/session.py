"""Session: labels, one after the other, kept in a file.

In:    a queue; what a person says of the current value.
Out:   the labels; a file of JSON Lines, a line a label.
Never: a label lost that was given; labels of other reports mixed with these; two processes with
       one file; input or output of a terminal.
Why:   labels take hours of people's time.

A line is written and synced to the disk before the label counts. A process may be killed at any
moment: an incomplete last line is cut off when the file is opened again. ``undo`` cuts the last
line off: the file never has a label that was withdrawn. The operating system locks the file until
the process ends.
"""

import contextlib
import json
import os
from collections.abc import Generator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fieldconf.errors import EvaluationError, OutputError
from fieldconf.labelling.label_lines import (
    BEGINNING,
    Label,
    check_head,
    head_of,
    label_of,
    line_of,
    parsed,
    text_of,
)
from fieldconf.labelling.label_progress import LabelProgress, progress_of
from fieldconf.labelling.queue import LabelItem, LabelQueue
from fieldconf.many.locks import own
from fieldconf.parsing.kinds import same_json


class LabelSession:
    """Labels of a queue in a file; a file that exists is continued.

    Args:
        queue: the values to label.
        path: of the file.
        risk: the share (0..1) of accepted values that may be wrong, for ``progress``.

    Attributes:
        queue: the queue.
        path: of the file.

    Raises:
        OutputError: if the file cannot be written, is in use, is no such file, or is of other
            reports.
    """

    def __init__(self, queue: LabelQueue, path: str | os.PathLike[str], risk: float = 0.05) -> None:
        self.queue, self.path, self._risk = queue, Path(path), risk
        self._labels: list[Label] = []
        self._starts: list[int] = []
        self._audited = 0
        with self._ours():
            file = own(self.path)
            if file is None:
                raise OutputError(
                    f"another process labels with {self.path}",
                    remedy="End it, or give another file",
                )
            self._file: FileIO = file
        try:
            with self._ours():
                self._read()
        except BaseException:
            self._file.close()
            raise

    # -- what is known --------------------------------------------------------------------------

    @property
    def labels(self) -> tuple[Label, ...]:
        """All labels and skipped values, in order."""
        return tuple(self._labels)

    @property
    def current(self) -> LabelItem | None:
        """The value to label now; None if all are done."""
        return self.queue.next({label.key for label in self._labels}, self._audited)

    @property
    def progress(self) -> LabelProgress:
        """What the labels tell."""
        return progress_of(self._labels, self._risk)

    # -- actions --------------------------------------------------------------------------------

    def right(self) -> Label:
        """The current value is right."""
        return self._add(Label.of(self._asked(), right=True))

    def wrong(self) -> Label:
        """The current value is wrong, and the right one is not known."""
        return self._add(Label.of(self._asked(), right=False))

    def correct(self, value: Any) -> Label:
        """The right value in place of the current one; it may be the same one.

        Raises:
            EvaluationError: if it is no JSON value.
        """
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise EvaluationError(
                "the right value is no JSON value",
                remedy="Give a text, a number, true, false, null, a list or an object",
            ) from None
        item = self._asked()
        if same_json(value, item.value):
            return self.right()
        return self._add(Label.of(item, right=False, truth=(value,)))

    def skip(self) -> Label:
        """The current value is not labelled."""
        return self._add(Label.of(self._asked(), right=None))

    def undo(self) -> Label | None:
        """Withdraw the last label, also one of an earlier session; None if there is none."""
        if not self._labels:
            return None
        with self._ours():
            self._cut(self._starts[-1])
        self._starts.pop()
        label = self._labels.pop()
        self._audited -= label.drawn == "audit"
        return label

    def _asked(self) -> LabelItem:
        item = self.current
        if item is None:
            raise EvaluationError("all values are labelled", remedy="Undo a label to change it")
        return item

    # -- the file -------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read the labels of earlier sessions, or write the first line."""
        self._file.seek(0)
        data = self._file.readall()
        size = data.rfind(b"\n") + 1
        rest, is_torn = data[size:], False
        if rest:
            try:
                json.loads(rest)  # only the line break is lost: an editor may have taken it
            except ValueError:
                is_torn = True
                if not size and rest[: len(BEGINNING)] != BEGINNING[: len(rest)]:
                    parsed(rest, 1, self.path)  # it is not ours
        whole, at = data[:size] if is_torn else data, 0
        for number, text in enumerate(whole.splitlines(keepends=True), 1):
            row = parsed(text, number, self.path)
            if number == 1:
                check_head(row, self.queue, self.path)
            else:
                self._note(label_of(row), at)
            at += len(text)
        if is_torn:
            self._cut(size)
        if not whole:
            self._write(text_of(head_of(self.queue)))
            self._sync_folder()
        elif not whole.endswith(b"\n"):
            self._write(b"\n")

    def _sync_folder(self) -> None:
        with contextlib.suppress(OSError):  # not every system can
            folder = os.open(self.path.absolute().parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _note(self, label: Label, start: int) -> None:
        self._labels.append(label)
        self._starts.append(start)
        self._audited += label.drawn == "audit"

    def _add(self, label: Label) -> Label:
        with self._ours():
            start = self._write(text_of(line_of(label)))
        self._note(label, start)
        return label

    def _write(self, text: bytes) -> int:
        """Write a line at the end, and sync it; where it begins."""
        start = self._file.seek(0, os.SEEK_END)
        try:
            rest = memoryview(text)
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(start)
            raise
        return start

    def _cut(self, size: int) -> None:
        self._file.truncate(size)
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, which releases its lock."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    @contextlib.contextmanager
    def _ours(self) -> Generator[None]:
        """Turn the system's errors into ours."""
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path, or it is closed
            reason = getattr(error, "strerror", None) or str(error)
            raise OutputError(
                f"cannot write the labels {self.path} ({reason})",
                remedy="What was written before is kept: run again, once it can be written",
            ) from error
