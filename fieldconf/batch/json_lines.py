"""JSON Lines: the lines of a piece of a file, with their numbers.

In:    a part of a file, as byte offsets or as bytes.
Out:   the lines that begin in it; blank ones are counted and left out; which ones are too long.
Never: a line in two pieces, or in none; more of a file in memory than a piece and one line.
Why:   workers read their pieces at the same time, without a first pass over the file.

A line belongs to the piece in which it begins: after a line break, or at the start of the text. It
may end in a later piece.
"""

from dataclasses import dataclass

from fieldconf.batch.sources import opened_at

LONGEST = 64 << 20
"""The longest line in bytes; a longer one is not read, and reported. Scoring a line takes about two
and a half times its size in memory, in each worker."""

_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class FilePart:
    """A range of bytes of a file.

    Attributes:
        name: the file's name.
        first: the byte offset at which its text begins.
        start, stop: the range (half-open) in which lines may begin.
        end: the file's size when it was divided, whatever is appended later.
    """

    name: str
    first: int
    start: int
    stop: int
    end: int

    def read(self) -> bytes:
        """These bytes.

        Raises:
            PayloadError: if the file cannot be read.
        """
        with opened_at(self.name, self.start) as file:
            return file.read(self.stop - self.start)


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a piece.

    Attributes:
        texts: the lines that are not blank, without line breaks, in their order.
        numbers: the number of each in the piece, from 1.
        count: how many lines there are, blank ones included.
        too_long: the numbers of the lines that are longer than allowed.
    """

    texts: list[bytes]
    numbers: list[int]
    count: int
    too_long: tuple[int, ...] = ()


def split(data: bytes, longest: int = LONGEST) -> Lines:
    r"""The lines of a text.

    >>> split(b'{"a": 1}\r\n\n  \n{"b": 2}')
    Lines(texts=[b'{"a": 1}', b'{"b": 2}'], numbers=[1, 4], count=4, too_long=())
    >>> split(b"")
    Lines(texts=[], numbers=[], count=0, too_long=())
    """
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()  # no line begins after the last line break
    texts: list[bytes] = []
    numbers: list[int] = []
    too_long: list[int] = []
    for number, line in enumerate(lines, 1):
        if len(line) > longest:
            too_long.append(number)
        elif text := line.strip():
            texts.append(text)
            numbers.append(number)
    return Lines(texts, numbers, len(lines), tuple(too_long))


def lines_at(part: FilePart, longest: int = LONGEST) -> Lines:
    """The lines that begin in a range of bytes of a file.

    Raises:
        PayloadError: if it cannot be read.
    """
    before = int(part.start > part.first)  # the byte before tells whether a line begins here
    with opened_at(part.name, part.start - before) as file:
        data = file.read(part.stop - part.start + before)
        if before:
            _, _, data = data.partition(b"\n")
        parts = [data]
        is_begun = bool(data) and not data.endswith(b"\n")  # the last line ends in a later piece
        left = part.end - part.stop
        room = longest - (len(data) - data.rfind(b"\n") - 1)
        while is_begun and room >= 0 and (step := file.read(min(_STEP, left))):
            rest, line_break, _ = step.partition(b"\n")
            parts.append(rest)
            is_begun = not line_break
            left -= len(step)
            room -= len(rest)
    return split(b"".join(parts), longest)
