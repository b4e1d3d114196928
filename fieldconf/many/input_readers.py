"""Input readers: the inputs in files.

In:    names of files and folders, and patterns; ``-`` for standard input.
Out:   ``InputItem`` values: one for each line, each value of JSON Lines, or each file.
Never: a whole file in memory if its lines are the inputs; a run ended by an unreadable line.
Why:   texts usually are in files.

Blank lines are skipped. The files of a folder, and of folders inside it, are sorted; hidden files
are skipped.
"""

import glob
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, cast

from fieldconf.errors import PayloadError
from fieldconf.extraction.inputs import Image, Input
from fieldconf.many.input_items import InputItem

Per: TypeAlias = Literal["line", "file"]

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
"""The suffixes of images."""
JSON_LINES = frozenset({".jsonl", ".ndjson"})
STDIN = "-"

MAGIC = frozenset("*?[")
"""The characters that make a name a pattern."""


class Inputs:
    """Inputs that can be counted before they are read, except those of standard input."""

    def __init__(
        self, entries: Callable[[], Iterator[InputItem]], count: Callable[[], int | None]
    ) -> None:
        self._entries, self._count = entries, count

    def __iter__(self) -> Iterator[InputItem]:
        return self._entries()

    def __len__(self) -> int:
        count = self._count()
        if count is None:
            raise TypeError("standard input cannot be counted")
        return count


def inputs_in(
    places: Sequence[str], *, per: Per | None = None, text_field: str | None = None,
    id_field: str | None = None,
) -> Inputs:  # fmt: skip
    """The inputs in files.

    Args:
        places: names of files and folders, patterns ("mails/**/*.txt"), or "-".
        per: what one input is: a line, or a whole file. If it is not said, the lines of a single
            file or of standard input, and else the files.
        text_field: of lines that are JSON objects, which field is read; then all lines are JSON.
            In .jsonl and .ndjson files they always are, and the field is "text".
        id_field: which field of them is the input's name.

    Raises:
        PayloadError: if there is no such file, or none at all.
    """
    files = [file for place in places for file in _files(place)]
    if not files:
        raise PayloadError(f"there are no files in {', '.join(places)}", remedy="Look at the name")
    is_one = [str(file) for file in files] == list(places) and not _is_image(files[0])
    if (per or ("line" if is_one and len(files) == 1 else "file")) == "file":
        entries = [InputItem(partial(_read, file), id=file, place=file) for file in files]
        return Inputs(lambda: iter(entries), lambda: len(entries))
    return Inputs(
        lambda: _each_line(files, text_field, id_field), lambda: _count(files)
    )  # fmt: skip


# -- files --------------------------------------------------------------------------------------


def _files(place: str) -> Iterable[str]:
    path = Path(place)
    if place == STDIN or path.is_file():
        return [place]
    if path.is_dir():
        return sorted(
            str(file) for file in path.rglob("*") if file.is_file() and not is_hidden(file, path)
        )
    if MAGIC & set(place):
        paths = glob.iglob(place, recursive=True)  # noqa: PTH207  # Path.glob takes no absolute one
        return sorted(name for name in paths if Path(name).is_file())
    raise PayloadError(f"cannot read {place}: there is no such file", remedy="Look at the name")


def is_hidden(file: Path, folder: Path) -> bool:
    """Whether a file, or a folder between it and this one, begins with a full stop."""
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _is_image(place: str) -> bool:
    return Path(place).suffix.lower() in IMAGES


def _read(place: str) -> Input:
    """A whole file.

    Raises:
        PayloadError: if it cannot be read, or is no text and no image.
    """
    if _is_image(place):
        return Image(place)
    try:
        data = sys.stdin.buffer.read() if place == STDIN else Path(place).read_bytes()
    except OSError as error:
        raise PayloadError(f"cannot read {place}: {error.strerror}") from error
    return _text(data, place)


def _text(data: bytes, where: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise PayloadError(f"{where} is not UTF-8 text (byte {error.start})") from error
    if not text.strip():
        raise PayloadError(f"{where} is empty")
    return text


# -- lines --------------------------------------------------------------------------------------


def _each_line(
    files: Sequence[str], text_field: str | None, id_field: str | None
) -> Iterator[InputItem]:
    for place in files:
        is_json = (
            text_field is not None
            or id_field is not None
            or Path(place).suffix.lower() in JSON_LINES
        )
        with _opened(place) as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                name = "standard input" if place == STDIN else place
                where = f"line {number} of {name}"
                if is_json:
                    item = _record(line, where, text_field or "text", id_field)
                    yield replace(item, place=where)
                else:
                    yield InputItem(partial(_text, line.rstrip(b"\r\n"), where), place=where)


def _record(line: bytes, where: str, text_field: str, id_field: str | None) -> InputItem:
    """The input of a line of JSON; an invalid line fails when its turn comes."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return InputItem(partial(_refuse, f"{where} is no JSON"))
    record: Any = cast("dict[str, Any]", value) if isinstance(value, dict) else {text_field: value}
    name = record.get(id_field) if id_field is not None else None
    if id_field is not None and name is None:
        return InputItem(partial(_refuse, f"{where} has no {id_field!r}"), id=where)
    item_id = None if name is None else str(name)
    if not isinstance(record.get(text_field), (str, list)):
        return InputItem(partial(_refuse, f"{where} has no text {text_field!r}"), id=item_id)
    return InputItem(record[text_field], id=item_id)


def _refuse(message: str) -> Input:
    raise PayloadError(message)


def _opened(place: str) -> AbstractContextManager[Iterable[bytes]]:
    if place == STDIN:
        return nullcontext(cast("BinaryIO", sys.stdin.buffer))
    try:
        return Path(place).open("rb")
    except OSError as error:
        raise PayloadError(f"cannot read {place}: {error.strerror}") from error


def _count(files: Sequence[str]) -> int | None:
    if STDIN in files:
        return None
    total = 0
    for place in files:
        with _opened(place) as file:
            total += sum(1 for line in file if line.strip())
    return total
