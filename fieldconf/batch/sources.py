"""Sources: what a file is, by its first bytes, and the bytes that it holds.

In:    the name of a file, or ``-``.
Out:   ``SourceFile``: its size, how it is packed, where its text begins; a stream of its bytes.
Never: a file believed by its name alone; a picture read as lines.
Why:   ``.jsonl`` may be packed, ``.json`` may hold lines, and Windows puts a mark in front.

* Packed files are told by their first bytes: gzip, zstd, bzip2, LZ4.
* A file is one response as a whole if its first line is one of server-sent events, or if its name
  ends in ``.json`` and its first line alone is no JSON. Else each line is a response.
* A file is binary if there is a zero among its first bytes and these do not begin as JSON does.
"""

import json
import stat
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldconf.batch.arrow import arrow
from fieldconf.batch.inputs import CODECS
from fieldconf.errors import PayloadError
from fieldconf.many.files import STDIN

HEAD = 1 << 16
"""So many bytes tell what a file is."""

_PACKED = {
    b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2", b"\x04\x22\x4d\x18": "lz4",
}  # fmt: skip
_TABLES = {b"PAR1": "Parquet", b"ARROW1": "Arrow"}
_STEP = 1 << 14
"""So many bytes are unpacked at a time: at most these are lost where a file breaks off."""
_BOM = b"\xef\xbb\xbf"
_EVENTS = (b"data:", b"event:", b"id:", b"retry:")
_JSON = (b"{", b"[", b'"')


@dataclass(frozen=True, slots=True)
class FileState:
    """What the file system says of a file, by which it is known again.

    Attributes:
        name: its name, as it was given.
        size: in bytes, as it lies there; None of what is no file (standard input, a pipe).
        changed: when it was last written, in nanoseconds; None likewise.
    """

    name: str
    size: int | None = None
    changed: int | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of responses.

    Attributes:
        number: its place among all inputs, from 0.
        name: its name, as it was given.
        size: in bytes, as it lies there; None of what is no file.
        codec: how it is packed, in Arrow's words; None if it is not.
        start: the byte of its text at which it begins: behind the mark of UTF-8, if there is one.
        is_whole: whether all of it is one response.
    """

    number: int
    name: str
    size: int | None
    codec: str | None = None
    start: int = 0
    is_whole: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether its bytes are those of a file, so that reading may begin anywhere."""
        return self.codec is None and self.size is not None


def stat_of(name: str) -> FileState:
    """What is known of a file before it is read; never an error."""
    if name == STDIN:
        return FileState(name)
    try:
        state = Path(name).stat()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return FileState(name)
    if not stat.S_ISREG(state.st_mode):
        return FileState(name)
    return FileState(name, state.st_size, state.st_mtime_ns)


@contextmanager
def opened(number: int, file: FileState) -> Generator["Text"]:
    """The text of a file, from its beginning on.

    Raises:
        PayloadError: if it cannot be opened or read, or is no text.
    """
    with unreadable(file.name), _raw(file.name) as binary:
        raw = BufferedLines(binary, HEAD)
        codec = next((name for magic, name in _PACKED.items() if raw.head.startswith(magic)), None)
        stream = raw
        if codec is not None:
            packed = arrow().PythonFile(raw, mode="r")
            stream = BufferedLines(arrow().CompressedInputStream(packed, codec), _STEP)
        start = len(_BOM) if stream.head.startswith(_BOM) else 0
        head = stream.head[start:].lstrip()
        _check(head, file.name)
        is_whole = _is_whole(head, file.name)
        yield Text(SourceFile(number, file.name, file.size, codec, start, is_whole), stream, raw)


@contextmanager
def unreadable(name: str) -> Generator[None]:
    """The system's errors and Arrow's as ours: what of a file cannot be read."""
    try:
        yield
    except (OSError, ValueError) as error:  # Arrow's own as well; ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise PayloadError(f"cannot read {name}: {reason}", found=reason) from error


class BufferedLines:
    """A stream whose first bytes have been looked at; just enough of a file for Arrow.

    What was unpacked before a file breaks off is not lost: the error comes behind it.
    """

    closed = False

    def __init__(self, file: Any, step: int) -> None:
        self._file, self._step, self._error = file, step, None
        self.taken = 0
        """How many bytes have been handed out."""
        parts: list[bytes] = []
        length = 0
        try:
            while length < HEAD and (part := file.read(min(step, HEAD - length))):
                parts.append(part)
                length += len(part)
        except OSError as error:
            if not parts:
                raise
            self._error = error
        self.head = self._left = b"".join(parts)

    def read(self, size: int) -> bytes:
        """The next bytes, at most so many; none at the end."""
        if self._left:
            part, self._left = self._left[:size], self._left[size:]
        elif self._error is not None:
            raise self._error
        else:
            part = self._file.read(min(size, self._step))
        self.taken += len(part)
        return part

    def readable(self) -> bool:
        """Whether it can be read: Arrow asks."""
        return True

    def close(self) -> None:
        """Nothing: who opened the file closes it."""


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file, unpacked: a stream of bytes.

    Attributes:
        source: what the file is.
    """

    source: SourceFile
    _stream: BufferedLines
    _raw: BufferedLines

    def read(self, size: int) -> bytes:
        """The next bytes, at most so many; none at the end."""
        return self._stream.read(size)

    @property
    def position(self) -> int:
        """How many bytes of the file, as it lies there, have been read."""
        return self._raw.taken


def _raw(name: str) -> AbstractContextManager[Any]:
    return nullcontext(sys.stdin.buffer) if name == STDIN else Path(name).open("rb")


def _check(text: bytes, name: str) -> None:
    """Raise if these are the first bytes of no text."""
    for magic, kind in _TABLES.items():
        if text.startswith(magic):
            reason = f"it is {kind}: read it with pyarrow, and give its batches to score_batch"
            raise PayloadError(f"cannot read {name}", found=reason)
    if b"\0" in text and not text.startswith(_JSON):
        raise PayloadError(
            f"cannot read {name}: it is binary", found="it is binary, no text",
            remedy="Give JSON Lines, plain or packed by gzip, zstd, bzip2 or LZ4",
        )  # fmt: skip


def _is_whole(text: bytes, name: str) -> bool:
    if text.startswith(_EVENTS):
        return True
    line, end, _ = text.partition(b"\n")
    if not end or not _is_named_json(name):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False


def _is_named_json(name: str) -> bool:
    suffixes = [suffix for suffix in Path(name.lower()).suffixes if suffix not in CODECS]
    return suffixes[-1:] == [".json"]
