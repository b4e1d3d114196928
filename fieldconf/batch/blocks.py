"""Blocks: the units in which files are scored.

In:    files, in their order.
Out:   ``Block`` values of about the same size, each with a unique name.
Never: another division of the same files; a block that carries the text of a plain file.
Why:   a worker scores a block without the others, and its rows are stored under its name.

Plain files are divided by their sizes alone, and the worker reads its block itself. Small files
share a block. Compressed files and standard input can only be read from the start: they are read
here, and their blocks carry their lines.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fieldconf.batch.input_files import Problem
from fieldconf.batch.json_lines import LONGEST, FilePart, Lines, lines_at, split
from fieldconf.batch.remote_files import shown
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
    pieces: list[LineBlock] = []
    cost = 0
    for piece, bytes_on_disk in _pieces(files, tell, size, longest):
        is_carried = isinstance(piece.text, bytes)
        if is_carried and pieces:
            yield Block(tuple(pieces), cost)
            pieces, cost = [], 0
        pieces.append(piece)
        cost += bytes_on_disk
        if is_carried or cost >= size:
            yield Block(tuple(pieces), cost)
            pieces, cost = [], 0
    if pieces:
        yield Block(tuple(pieces), cost)


def read(piece: LineBlock, longest: int = LONGEST) -> Lines:
    """The lines of a piece.

    Raises:
        PayloadError: if its file cannot be read.
    """
    text = piece.text
    if piece.is_too_long:
        return Lines([], [], 1, (1,))
    if not piece.is_whole:
        return split(text, longest) if isinstance(text, bytes) else lines_at(text, longest)
    if isinstance(text, FilePart):
        if text.end > longest:
            return Lines([], [], 1, (1,))
        text = text.read()
    response = text.strip()
    return Lines([response], [1], 1) if response else Lines([], [], 1)


def _pieces(
    files: Iterable[FileState], tell: Callable[[Problem], object], size: int, longest: int
) -> Iterator[tuple[LineBlock, int]]:
    """The pieces of files, each with the number of bytes on disk that it stands for."""
    for number, file in enumerate(files):
        try:
            with opened(number, file) as text:
                if text.source.codec is None and text.source.size is not None:
                    yield from _plain(text.source, text.source.size, size)
                else:
                    yield from _carried(text, size, longest)
        except PayloadError as error:
            tell(Problem(shown(file.name), error.found or str(error)))


def _plain(source: SourceFile, end: int, size: int) -> Iterator[tuple[LineBlock, int]]:
    """The pieces of an uncompressed file: reading may begin at any offset."""
    step = max(end, 1) if source.is_whole else size
    for nth, start in enumerate(range(source.start, end, step)):
        stop = min(start + step, end)
        part = FilePart(source.name, source.start, start, stop, end)
        yield LineBlock(source.number, source.name, nth, part, source.is_whole), stop - start


def _carried(text: Text, size: int, longest: int) -> Iterator[tuple[LineBlock, int]]:
    """The pieces of a text that is read from its start."""
    source, before = text.source, 0
    for nth, data in enumerate(_texts(text, size, longest)):
        piece = LineBlock(
            source.number, source.name, nth, data or b"", source.is_whole, is_too_long=data is None
        )
        yield piece, text.raw.taken - before
        before = text.raw.taken


def _texts(text: Text, size: int, longest: int) -> Iterator[bytes | None]:
    """Whole lines, about ``size`` bytes at a time; or the file, if it is one response.

    None stands for a line or a file that is too long. If the file breaks off, its complete lines
    come before the error.
    """
    buffer = bytearray()
    complete = 0  # how many bytes of the buffer are complete lines
    is_skipping = False  # the rest of a line that is too long
    to_skip = text.source.start  # the byte order mark
    error: OSError | None = None
    try:
        while step := text.stream.read(_STEP):
            step, to_skip = step[to_skip:], 0
            if is_skipping:
                if text.source.is_whole:
                    continue
                _, line_break, step = step.partition(b"\n")
                is_skipping = not line_break
            cut = 0 if text.source.is_whole else step.rfind(b"\n") + 1
            if cut:
                complete = len(buffer) + cut
            buffer += step
            is_too_long = len(buffer) - complete > longest
            if complete and (is_too_long or len(buffer) >= size):
                lines = bytes(memoryview(buffer)[:complete])
                del buffer[:complete]  # before the lines are handed on: they may be long
                complete = 0
                yield lines
            if is_too_long:
                yield None
                buffer.clear()
                is_skipping = True
    except OSError as found:
        error = found
    rest = bytes(buffer if error is None else buffer[:complete])
    buffer.clear()
    if rest:
        yield rest
    if error is not None:
        reason = error.strerror or str(error).splitlines()[0]
        raise PayloadError(
            f"{shown(text.source.name)} breaks off", found=f"it breaks off ({reason})"
        )
