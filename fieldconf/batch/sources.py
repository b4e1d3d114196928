"""Sources: the type of a file, by its first bytes, and a stream of its text.

In:    the name of a file, or ``-``.
Out:   ``SourceFile``: its size, its compression, where its text begins; a stream of its bytes.
Never: a type by the file's name alone; a binary file read as lines.
Why:   ``.jsonl`` may be compressed, ``.json`` may hold lines, and Windows writes a byte order mark.

* Compression is recognised by the first bytes: gzip, zstd, bzip2, LZ4.
* A file is one response as a whole if its first line is one of server-sent events, or if its name
  ends in ``.json`` and its first line alone is not valid JSON. Else each line is a response.
* A file is binary if there is a zero among its first bytes and these do not begin as JSON does.
"""

import json
import stat
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldconf.batch.arrow import arrow
from fieldconf.batch.input_files import CODECS, FileState, remote_state
from fieldconf.batch.remote_files import RemoteFile, is_remote, shown
from fieldconf.errors import FieldconfError, PayloadError
from fieldconf.many.input_readers import STDIN

HEAD = 1 << 16
"""The number of first bytes that decide the type of a file."""

_PACKED = {
    b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bz2", b"\x04\x22\x4d\x18": "lz4",
}  # fmt: skip
_TABLES = {b"PAR1": "Parquet", b"ARROW1": "Arrow"}
_STEP = 1 << 14
"""The number of bytes decompressed at a time: at most these are lost if a file breaks off."""
_BOM = b"\xef\xbb\xbf"
_EVENTS = (b"data:", b"event:", b"id:", b"retry:")
_JSON = (b"{", b"[", b'"')


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of responses.

    Attributes:
        number: its number among all inputs, from 0.
        name: its name, as the user wrote it.
        size: its size on disk, in bytes; None for standard input and pipes.
        codec: Arrow's name of its compression; None if it is not compressed.
        start: the byte offset at which its text begins: after a byte order mark, if there is one.
        is_whole: whether all of it is one response.
    """

    number: int
    name: str
    size: int | None
    codec: str | None = None
    start: int = 0
    is_whole: bool = False


def stat_of(name: str) -> FileState:
    """The state of a file before it is read; never an error."""
    if name == STDIN:
        return FileState(name)
    try:
        if is_remote(name):
            file = RemoteFile.of(name)
            return remote_state(file, file.info())
        state = Path(name).stat()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return FileState(name)
    if not stat.S_ISREG(state.st_mode):
        return FileState(name)
    return FileState(name, state.st_size, state.st_mtime_ns)


@contextmanager
def opened(number: int, file: FileState) -> Generator["Text"]:
    """The text of a file, from its start.

    Raises:
        PayloadError: if it cannot be opened or read, or is no text.
    """
    with (
        unreadable(file.name),
        _stream(file.name) as binary,
    ):
        raw = BufferedLines(binary, HEAD)
        codec = next((name for magic, name in _PACKED.items() if raw.head.startswith(magic)), None)
        stream = raw
        if codec is not None:
            packed = arrow().PythonFile(raw, mode="r")
            stream = BufferedLines(arrow().CompressedInputStream(packed, codec), _STEP)
        start = len(_BOM) if stream.head.startswith(_BOM) else 0
        head = stream.head[start:].lstrip()
        for magic, kind in _TABLES.items():
            if head.startswith(magic):
                reason = f"it is {kind}: read it with pyarrow, and give its batches to score_batch"
                raise PayloadError(f"cannot read {shown(file.name)}", found=reason)
        if b"\0" in head and not head.startswith(_JSON):
            raise PayloadError(
                f"cannot read {shown(file.name)}: it is binary", found="it is binary, no text",
                remedy="Give JSON Lines, plain or packed by gzip, zstd, bzip2 or LZ4",
            )  # fmt: skip
        is_whole = _is_whole(head, file.name)
        yield Text(SourceFile(number, file.name, file.size, codec, start, is_whole), stream, raw)


def _stream(name: str) -> Any:
    """A file to be read from its start, closed at the end of the ``with`` block."""
    if name == STDIN:
        return nullcontext(sys.stdin.buffer)
    return closing(RemoteFile.of(name).stream()) if is_remote(name) else Path(name).open("rb")


@contextmanager
def opened_at(name: str, offset: int) -> Generator[Any]:
    """A file to be read from an offset on.

    Raises:
        PayloadError: if it cannot be read.
    """
    with (
        unreadable(name),
        RemoteFile.of(name).open() if is_remote(name) else Path(name).open("rb") as file,
    ):
        file.seek(offset)
        yield file


@contextmanager
def unreadable(name: str) -> Generator[None]:
    """Turn errors of the operating system and of Arrow into a ``PayloadError`` of this file."""
    try:
        yield
    except (FieldconfError, MemoryError):
        raise
    except Exception as error:
        # ValueError: a NUL in the name. Each package of fsspec has errors of its own.
        if not isinstance(error, (OSError, ValueError)) and not is_remote(name):
            raise
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        reason = reason.replace(name, shown(name))
        raise PayloadError(f"cannot read {shown(name)}: {reason}", found=reason) from error


class BufferedLines:
    """A stream whose first bytes can be inspected; it has the methods that Arrow needs.

    If a file breaks off, the bytes before that come first, and then the error.
    """

    closed = False

    def __init__(self, file: Any, step: int) -> None:
        self._file, self._step, self._error = file, step, None
        self.taken = 0
        """How many bytes have been read from it."""
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
        """Does nothing: the file is closed where it was opened."""


@dataclass(frozen=True, slots=True)
class Text:
    """The decompressed text of a file.

    Attributes:
        source: what the file is.
        stream: the bytes of the text.
        raw: the bytes on disk; ``raw.taken`` of them have been read.
    """

    source: SourceFile
    stream: BufferedLines
    raw: BufferedLines


def _is_whole(text: bytes, name: str) -> bool:
    if text.startswith(_EVENTS):
        return True
    line, end, _ = text.partition(b"\n")
    suffixes = [suffix for suffix in Path(name.lower()).suffixes if suffix not in CODECS]
    if not end or suffixes[-1:] != [".json"]:
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False
