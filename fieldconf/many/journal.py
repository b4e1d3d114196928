"""Journal: lines on disk, written as soon as they are known, and sorted at the end.

In:    lines (plain dicts), each with a key; the path of the output.
Out:   the lines of earlier runs; in the end one file in the order of the inputs.
Never: a written line lost, whenever the process ends; a file overwritten that is not ours; lines
       of other inputs or settings mixed with these; two runs on one file; a damaged line used.
Why:   every answer was paid for.

During a run ``out.jsonl.journal`` is beside ``out.jsonl``. A line counts once its line break is
written: an incomplete line of a killed run is cut off. At the end all lines are written to
``out.jsonl.new``, which then replaces ``out.jsonl`` atomically.

Each line of the journal has a checksum (``sealed_lines``). A damaged line is skipped, and its input
is asked again. Journals of earlier versions have lines without one: these come first.

The journal is locked by the operating system, which releases the lock when the process ends.
"""

import contextlib
import json
import os
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self, cast

from fieldconf.errors import OutputError
from fieldconf.many.locks import own
from fieldconf.many.output_lines import Name, name_of, parsed, text_of
from fieldconf.many.sealed_lines import LineSpan, intact, looks_ours, sealed, unsealed
from fieldconf.threads import Lock

_OTHERS = "Give the inputs as before (new ones at the end), or another output"


class _LinePlace(NamedTuple):
    """The position of a line."""

    is_new: bool
    """Whether it is in the journal, not in the output."""
    offset: int
    length: int
    """In bytes, without the line break."""
    number: int
    """The index of its input when it was written."""
    key: str
    failed: bool


def _place(line: Mapping[str, Any], span: LineSpan, *, is_new: bool) -> _LinePlace:
    length = span.stop - span.start
    is_failed = line["error"] is not None
    return _LinePlace(is_new, span.start, length, line["index"], line["key"], is_failed)


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """The keys of the schema, and of everything else that decides the answers."""

    schema: str
    request: str

    def key(self, given: str) -> str:
        """The key of a line, with that of its input."""
        return f"{self.schema}-{self.request}-{given}"

    def other(self, key: str) -> str:
        """Which of the two a key does not match, in words; empty if it matches both."""
        schema, request, _ = key.split("-")
        if schema != self.schema:
            return "another schema"
        return "another model, or other options" if request != self.request else ""


class Journal:
    """The lines of a run and of those before it; of one process at a time.

    Args:
        output: the path of the final file.
        settings: what decides the answers.

    Raises:
        OutputError: if it cannot be written, is in use, is not ours, or has other settings.
    """

    def __init__(self, output: str | os.PathLike[str], settings: JournalSettings) -> None:
        self._path = Path(output)
        self._settings = settings
        self._lock = Lock()
        self._places: dict[Name, _LinePlace] = {}
        self._kinds: set[type] = set()
        self._order: dict[Name, int] = {}  # of the inputs of this run
        self._error: OutputError | None = None
        self.damaged = 0
        """The number of damaged lines of the journal."""
        with self._ours():
            self._path = Path(os.path.realpath(output))  # a link is to be kept, not replaced
            self._beside = self._path.with_name(f"{self._path.name}.journal")
            if self._path.exists() and not self._path.is_file():
                raise OutputError(
                    f"the output {self._path} is no file", remedy="Give the path of a file"
                )
            file = own(self._beside)
            if file is None:
                raise OutputError(
                    f"another run is writing {self._path}",
                    remedy="Wait for it, or give another output",
                )
            self._file = file
            try:
                self._done = self._path.open("rb") if self._path.exists() else None
                self._read_all()
                self._new = self._beside.open("rb")
            except BaseException:
                self.close()
                raise

    # -- lines of earlier runs ------------------------------------------------------------------

    def find(self, name: Name, key: str) -> Mapping[str, Any] | None:
        """The line of an input, if there is one.

        Raises:
            OutputError: if there is one of another input.
        """
        with self._lock:
            place = self._places.get(name)
            if place is None:
                if self._kinds - {type(name)}:  # a name would not find the answer of a number
                    words = "have names" if isinstance(name, int) else "have no names"
                    raise OutputError(f"the inputs in {self._path} {words}", remedy=_OTHERS)
                return None
            if place.key != key and place.failed:
                return None  # there is no answer that could be taken for another's
            if place.key != key:
                raise OutputError(
                    f"the input {name!r} is another one than in {self._path}", remedy=_OTHERS
                )
            return json.loads(self._text(place))

    def take(self, name: Name) -> None:
        """Note that an input comes next.

        Raises:
            OutputError: if another one has the same name.
        """
        with self._lock:
            if name in self._order:
                raise OutputError(
                    f"two inputs have the name {name!r}",
                    remedy="Leave the names out, or give each input its own",
                )
            self._order[name] = len(self._order)

    def _text(self, place: _LinePlace) -> bytes:
        """The line as it is in the output."""
        file = self._new if place.is_new else cast("BinaryIO", self._done)
        file.seek(place.offset)
        return unsealed(file.read(place.length))

    def _read_all(self) -> None:
        if self._done is not None:
            for number, offset, text in _lines(self._done):
                span = LineSpan(offset, offset + len(text.removesuffix(b"\n")))
                self._note(parsed(text), self._path, number, span, is_new=False)
        self._file.truncate(self._read_journal())

    def _read_journal(self) -> int:
        """Note the intact lines of the journal; returns where its last complete line ends.

        Raises:
            OutputError: if it is no journal, or has other settings.
        """
        end, are_sealed, are_ours, unknown = 0, False, True, 0
        with self._beside.open("rb") as new:
            for number, offset, text in _lines(new):
                line = text.removesuffix(b"\n")
                are_ours = looks_ours(line) if number == 1 else are_ours or looks_ours(line)
                if line == text:
                    break  # the process ended before the line did
                spans = list(intact(line))
                plain = parsed(line) if not spans and not are_sealed else None
                if plain is not None:  # of a version that wrote no checksums
                    spans = [LineSpan(0, len(line))]
                are_sealed = are_sealed or (plain is None and bool(spans))
                if spans != [(0, len(line))]:
                    self.damaged += 1
                    unknown = unknown or number
                for start, stop in spans:
                    entry = plain or parsed(unsealed(line[start:stop]))
                    span = LineSpan(offset + start, offset + stop)
                    self._note(entry, self._beside, number, span, is_new=True)
                end = offset + len(text)
        if not self._places and not are_ours:
            self._note(None, self._beside, unknown or 1, LineSpan(0, 0), is_new=True)
        return end

    def _note(self, line: Any, path: Path, number: int, span: LineSpan, *, is_new: bool) -> None:
        if line is None:
            raise OutputError(
                f"{path} is no output of extract_many (line {number})",
                remedy="Give another output, or move that file away",
            )
        if other := self._settings.other(line["key"]):
            raise OutputError(
                f"{path} was begun with {other}",
                remedy="Give the same again, or another output",
            )
        self._kinds.add(type(name_of(line)))
        self._places[name_of(line)] = _place(line, span, is_new=is_new)

    # -- lines of this run ----------------------------------------------------------------------

    def write(self, line: Mapping[str, Any]) -> None:
        """Write a line.

        Raises:
            OutputError: if it cannot be written; then no other can, either.
        """
        text = sealed(text_of(line))
        with self._lock:
            if self._error is not None:
                raise self._error
            with self._ours():
                offset = self._file.seek(0, os.SEEK_END)
                rest = memoryview(text)
                while rest:
                    rest = rest[self._file.write(rest) :]
            span = LineSpan(offset, offset + len(text) - 1)
            self._places[name_of(line)] = _place(line, span, is_new=True)

    def finish(self) -> None:
        """Write the output; all inputs are done.

        Raises:
            OutputError: if it cannot be written; the journal is then still there.
        """
        with self._lock, self._ours():
            if any(place.is_new for place in self._places.values()) or not self._path.exists():
                new = self._path.with_name(f"{self._path.name}.new")
                with new.open("wb") as file:
                    file.writelines(self._sorted())
                    file.flush()
                    os.fsync(file.fileno())
                if self._done is not None:
                    self._done.close()
                new.replace(self._path)
            self._remove()

    def _sorted(self) -> Iterator[bytes]:
        """All lines: first those of this run's inputs, then the others of earlier runs."""
        order, places = self._order, self._places
        rest = [name for name in places if name not in order]
        for index, name in enumerate([*order, *sorted(rest, key=lambda n: places[n].number)]):
            place = places[name]
            if isinstance(name, str) and place.number != index:
                yield text_of({**json.loads(self._text(place)), "index": index})
            else:
                yield self._text(place)

    # -- its end --------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the files; a journal without lines is removed."""
        with self._lock:
            self._error = self._error or OutputError(f"the run that wrote {self._path} has ended")
            with contextlib.suppress(OSError):
                if not self._file.closed and not self._file.seek(0, os.SEEK_END):
                    self._remove()
            for name in ("_new", "_done", "_file"):
                file = getattr(self, name, None)
                if file is not None:
                    file.close()

    def _remove(self) -> None:
        if os.name == "nt":  # where what is open cannot be removed
            self._new.close()
            self._file.close()
        self._beside.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    @contextlib.contextmanager
    def _ours(self) -> Generator[None]:
        """Turn the system's errors into ours; after one of them nothing more is written."""
        try:
            yield
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            reason = getattr(error, "strerror", None) or str(error)
            self._error = OutputError(
                f"cannot write the output {self._path} ({reason})",
                remedy="What was written before is kept: run again, once it can be written",
            )
            raise self._error from error


def _lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """The lines with their numbers, from 1, and the bytes at which they begin."""
    offset = 0
    for number, text in enumerate(file, 1):
        yield number, offset, text
        offset += len(text)
