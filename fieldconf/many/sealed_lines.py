"""Sealed lines: lines of a journal that carry a checksum, and what is intact of damaged bytes.

In:    a line of the output, as bytes; later the bytes of a journal, whatever happened to them.
Out:   the line with its checksum; the lines in some bytes whose checksums are right.
Never: a line taken for intact of which one byte has changed.
Why:   a disk that loses a byte must cost one answer, not all answers of a run.

The checksum is the last key of the line, ``"check"``, over the bytes before it. A line break may be
damaged, too: two lines are then one, and both are still found in it.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

_BEGIN = re.compile(rb'\{"index": \d+, "id": (?:null|")')
_SEAL = re.compile(rb', "check": "([0-9a-f]{16})"\}')
_SEAL_SIZE = len(b', "check": ""}') + 16


class LineSpan(NamedTuple):
    """Where a line is in some bytes (half-open, without its line break)."""

    start: int
    stop: int


def sealed(text: bytes) -> bytes:
    r"""A line of the output with its checksum.

    >>> sealed(b'{"index": 0, "id": null}\n')
    b'{"index": 0, "id": null, "check": "038e0cda5f5de93b"}\n'
    """
    body = text.removesuffix(b"}\n")
    return b'%s, "check": "%s"}\n' % (body, _checksum(body))


def unsealed(text: bytes) -> bytes:
    r"""The line of the output that was sealed; a line without a checksum as it is.

    >>> unsealed(sealed(b'{"index": 0, "id": null}\n'))
    b'{"index": 0, "id": null}\n'
    """
    line = text.removesuffix(b"\n")
    return (line[:-_SEAL_SIZE] + b"}" if is_sealed(line) else line) + b"\n"


def is_sealed(line: bytes) -> bool:
    """Whether a line (without its line break) ends as a sealed one does; right or not."""
    return _SEAL.fullmatch(line[-_SEAL_SIZE:]) is not None


def looks_ours(line: bytes) -> bool:
    """Whether a line was one of ours, whole or damaged."""
    begin = b'{"index": '
    return line.startswith(begin) or begin.startswith(line) or is_sealed(line)


def intact(line: bytes) -> Iterator[LineSpan]:
    r"""The sealed lines in some bytes, in their order.

    >>> line = sealed(b'{"index": 0, "id": null}\n')[:-1]
    >>> [*intact(line)] == [(0, len(line))], [*intact(line.replace(b"0", b"1", 1))]
    (True, [])
    """
    begins = [match.start() for match in _BEGIN.finditer(line)]
    stop = 0
    for seal in _SEAL.finditer(line):
        for start in begins:
            is_between = stop <= start < seal.start()
            if is_between and _checksum(line[start : seal.start()]) == seal[1]:
                stop = seal.end()
                yield LineSpan(start, stop)
                break


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=8).hexdigest().encode()
