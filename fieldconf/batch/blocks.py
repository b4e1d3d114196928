"""Blocks: the units in which files are scored.

In:    files, in their order.
Out:   ``Block`` values of about the same size, each with a unique name.
Never: another division of the same files; the text of a plain file read here and sent on.
Why:   a worker scores a block without the others, and its rows are stored under its name.

Plain files are divided by their sizes alone, and the worker reads its block itself; small files
share a block. Compressed files and standard input can only be read from the start: they are read
here, and their blocks carry their lines.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from fieldconf.batch.input_files import Problem
from fieldconf.batch.json_lines import LONGEST, FilePart, Lines, lines_at, split
from fieldconf.batch.sources import FileState, SourceFile, Text, opened
from fieldconf.errors import PayloadError

BLOCK = 4 << 20
"""The largest size of a block, in bytes; a block may be longer by a line."""

_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Consecutive lines of one file.

    Attributes:
        source: the file's number.
        name: the file's name.
        nth: the number of the piece in the file, from 0.
        text: its lines; or where they are in the file.
        is_whole: whether all of it is one response, with any number of lines.
        is_too_long: whether it is one line that is longer than allowed, and left out.
    """

    source: int
    name: str
    nth: int
    text: bytes | FilePart
    is_whole: bool = False
    is_too_long: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Pieces that are scored together.

    Attributes:
        pieces: one or more.
        cost: how many bytes of the files on disk it stands for.
    """

    pieces: tuple[LineBlock, ...]
    cost: int

    @property
    def name(self) -> str:
        """A unique name; names sort in the order of the inputs."""
        first = self.pieces[0]
        return f"{first.source:08}-{first.nth:08}"

    @property
    def carried(self) -> int:
        """How many bytes of text it carries."""
        return sum(len(piece.text) for piece in self.pieces if isinstance(piece.text, bytes))


def blocks(
    files: Iterable[FileState], tell: Callable[[Problem], object], *, size: int = BLOCK,
    longest: int = LONGEST,
) -> Iterator[Block]:  # fmt: skip
    """The blocks of files; always the same for the same files.

    Args:
        files: the files, in their order.
        tell: called with each file that cannot be read to its end.
        size: the size of a block, in bytes; it may be longer by a line.
        longest: the longest allowed line, in bytes.
    """
    group = _Group(size)
    for number, file in enumerate(files):
        try:
            with opened(number, file) as text:
                if text.source.is_plain:
                    for piece in _plain(text.source, size):
                        yield from group.add(*piece)
                else:
                    yield from group.end()
                    yield from _carried(text, size, longest)
        except PayloadError as error:
            tell(Problem(file.name, error.found or str(error)))
    yield from group.end()


def read(piece: LineBlock, longest: int = LONGEST) -> Lines:
    """The lines of a piece.

    Raises:
        PayloadError: if its file cannot be read.
    """
    if piece.is_too_long:
        return Lines([], [], 1, (1,))
    if isinstance(piece.text, bytes):
        return _single_line(piece.text) if piece.is_whole else split(piece.text, longest)
    if not piece.is_whole:
        return lines_at(piece.text, longest)
    if piece.text.end > longest:
        return Lines([], [], 1, (1,))
    return _single_line(piece.text.read())


def _single_line(data: bytes) -> Lines:
    text = data.strip()
    return Lines([text], [1], 1) if text else Lines([], [], 1)


class _Group:
    """Collects pieces until they are enough for a block."""

    def __init__(self, size: int) -> None:
        self._size, self._cost = size, 0
        self._pieces: list[LineBlock] = []

    def add(self, piece: LineBlock, cost: int) -> Iterator[Block]:
        self._pieces.append(piece)
        self._cost += cost
        if self._cost >= self._size:
            yield from self.end()

    def end(self) -> Iterator[Block]:
        if self._pieces:
            yield Block(tuple(self._pieces), self._cost)
            self._pieces, self._cost = [], 0


def _plain(source: SourceFile, size: int) -> Iterator[tuple[LineBlock, int]]:
    """The pieces of a plain file, each with its size."""
    end = source.size or 0
    step = max(end, 1) if source.is_whole else size
    for nth, start in enumerate(range(source.start, end, step)):
        stop = min(start + step, end)
        part = FilePart(source.name, source.start, start, stop, end)
        yield LineBlock(source.number, source.name, nth, part, source.is_whole), stop - start


def _carried(text: Text, size: int, longest: int) -> Iterator[Block]:
    """The blocks of a text that is read from its start."""
    source, before = text.source, 0
    for nth, data in zip(count(), _texts(text, size, longest)):  # it ends with the texts
        piece = LineBlock(
            source.number, source.name, nth, data or b"", source.is_whole, is_too_long=data is None
        )
        yield Block((piece,), text.position - before)
        before = text.position


def _texts(text: Text, size: int, longest: int) -> Iterator[bytes | None]:
    """Whole lines, about ``size`` bytes at a time; None for a line that is too long.

    If the file breaks off, the complete lines come before the error.
    """
    buffer = _FileBuffer(longest) if text.source.is_whole else _LineBuffer(size, longest)
    error: OSError | None = None
    passed = text.source.start  # the mark of UTF-8
    while True:
        try:
            step = text.read(_STEP)
        except OSError as found:
            error = found
            break
        if not step:
            break
        yield from buffer.add(step[passed:])
        passed = 0
    if error is not None:  # what was begun has no end
        yield from buffer.whole_lines()
        reason = error.strerror or str(error).splitlines()[0]
        raise PayloadError(f"{text.source.name} breaks off", found=f"it breaks off ({reason})")
    yield from buffer.end()


class _LineBuffer:
    """Collects lines until they are enough for a block; the last line may be incomplete."""

    def __init__(self, size: int, longest: int) -> None:
        self._size, self._longest = size, longest
        self._bytes = bytearray()
        self._whole = 0  # how many of the bytes are complete lines
        self._is_passing = False  # the rest of a line that is too long

    def add(self, step: bytes) -> Iterator[bytes | None]:
        if self._is_passing:
            _, line_break, step = step.partition(b"\n")
            self._is_passing = not line_break
        cut = step.rfind(b"\n") + 1
        if cut:
            self._whole = len(self._bytes) + cut
        self._bytes += step
        if self._whole and len(self._bytes) >= self._size:
            yield from self.whole_lines()
        if len(self._bytes) - self._whole > self._longest:
            yield from self.whole_lines()
            yield None
            self._bytes.clear()
            self._is_passing = True

    def whole_lines(self) -> Iterator[bytes]:
        if self._whole:
            lines = bytes(memoryview(self._bytes)[: self._whole])
            del self._bytes[: self._whole]  # before it is handed on: there may be much of it
            self._whole = 0
            yield lines

    def end(self) -> Iterator[bytes]:
        if self._bytes:
            rest = bytes(self._bytes)
            self._bytes.clear()
            yield rest


class _FileBuffer:
    """Collects a file that is one response."""

    def __init__(self, longest: int) -> None:
        self._longest, self._bytes, self._is_passing = longest, bytearray(), False

    def add(self, step: bytes) -> Iterator[bytes | None]:
        if self._is_passing:
            return
        self._bytes += step
        if len(self._bytes) > self._longest:
            self._bytes.clear()
            self._is_passing = True
            yield None

    def whole_lines(self) -> Iterator[bytes]:
        return iter(())

    def end(self) -> Iterator[bytes]:
        if self._bytes:
            text = bytes(self._bytes)
            self._bytes.clear()
            yield text
