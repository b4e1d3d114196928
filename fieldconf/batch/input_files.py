"""Input files: finds the files to read.

In:    names of files, folders and patterns, addresses of remote ones; ``-`` for standard input.
Out:   names of files in a fixed order, each once; a ``Problem`` for each name without files.
Never: an output of this library among them; a run that ends because one name matches nothing; a
       pipe, a socket or a device that was not named itself: reading it could wait forever.
Why:   saved responses are in folders, by day or by hour, compressed or not.

In a folder, and in the folders inside it, the files with an ending of ``ENDINGS`` are inputs, in
order of their names; hidden files are not. A file or pattern that is named may have any ending.
"""

import glob
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from fieldconf.batch.remote_files import AnyPath, RemoteFile, is_remote, local_name, shown
from fieldconf.errors import FieldconfError
from fieldconf.many.input_readers import MAGIC, STDIN, is_hidden

FORMS = (".jsonl", ".ndjson", ".json", ".sse")
CODECS = (".gz", ".zst", ".zstd", ".bz2", ".lz4")
ENDINGS = tuple(form + codec for form in FORMS for codec in ("", *CODECS))
"""The endings of files in folders that are read as responses."""

_NOT_FILES = (
    (stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"), (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """A file, folder or pattern that could not be read to its end, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileState:
    """The state of a file, by which a later run sees whether it changed.

    Attributes:
        name: its name, as the user wrote it.
        size: its size on disk, in bytes; None for what is only read from its start: standard input,
            pipes, files on web servers and of other file systems than pyarrow's own.
        changed: when it was last written, in nanoseconds; None for these, too.
    """

    name: str
    size: int | None = None
    changed: int | None = None


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The files to read, the names that match none, and what a listing told of remote files."""

    names: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    states: Mapping[str, FileState] = field(default_factory=dict[str, FileState])


def find(places: Sequence[str], *, without: Iterable[AnyPath] = ()) -> InputFiles:
    """The files that names and patterns match.

    Args:
        places: names of files and folders, patterns ("saved/**/*.jsonl.gz"), or "-".
        without: files and folders that are never inputs.
    """
    ours = {file_identity(str(path)) for path in without}
    names: dict[str, str] = {}
    problems: list[Problem] = []
    states: dict[str, FileState] = {}
    for place in map(local_name, places):
        if is_remote(place):
            try:
                matches = _remote_matches(place, states)
            except (OSError, ValueError, FieldconfError) as error:
                reason = (getattr(error, "strerror", None) or str(error)).splitlines()[0]
                problems.append(Problem(shown(place), reason.replace(place, shown(place))))
                continue
        else:
            matches = _matches(place)
        here = [name for name in matches if not _is_in(name, ours)]
        for name in here:
            kind = "" if name == place else _kind(name)
            if kind:
                reason = f"it is a {kind}, not a file" + (
                    "; give it by its own name to read it" if kind == "pipe" else ""
                )
                problems.append(Problem(name, reason))
            else:
                normal = shown(name) if is_remote(name) else os.path.normpath(name)
                names.setdefault(normal, name)  # two names may be of one file
        if not here:
            problems.append(Problem(shown(place), _why_none(place)))
    return InputFiles(tuple(names.values()), tuple(problems), states)


def remote_state(file: RemoteFile, info: Any) -> FileState:
    """The state of a remote file; ``info`` is pyarrow's."""
    has_ranges = info.is_file and not file.is_foreign
    return FileState(file.address, *((info.size, info.mtime_ns) if has_ranges else ()))


# -- on this machine --------------------------------------------------------------------------


def _matches(place: str) -> list[str]:
    path = Path(place)
    if place == STDIN:
        return [place]
    if path.is_dir():
        return sorted(
            str(file) for file in path.rglob("*")
            if file.name.lower().endswith(ENDINGS) and not file.is_dir()
            and not is_hidden(file, path)
        )  # fmt: skip
    if os.path.lexists(place) or not MAGIC & set(place):
        return [place] if os.path.lexists(place) else []
    matches = glob.iglob(place, recursive=True)  # noqa: PTH207  # Path.glob takes no absolute one
    return sorted(name for name in matches if not Path(name).is_dir())


def _kind(name: str) -> str:
    """What is there if it is no file: "pipe", "socket" or "device"; else empty."""
    if name == STDIN or is_remote(name):
        return ""
    try:
        mode = Path(name).stat().st_mode
    except OSError:  # it is told when it is read
        return ""
    return next((kind for is_kind, kind in _NOT_FILES if is_kind(mode)), "")


def file_identity(name: str) -> str:
    """A text that is equal for names of one file."""
    if is_remote(name):
        return shown(name)
    return name if name == STDIN else os.path.realpath(name)


def _is_in(name: str, ours: set[str]) -> bool:
    if name == STDIN or not ours:
        return False
    identity = file_identity(name)
    return any(identity == own or identity.startswith((f"{own}/", own + os.sep)) for own in ours)


# -- remote files -----------------------------------------------------------------------------


def _remote_matches(place: str, states: dict[str, FileState]) -> list[str]:
    """The addresses that a remote place stands for; their states are added to ``states``.

    Raises:
        OSError, ValueError: if it cannot be listed.
    """
    file = RemoteFile.of(place)
    info = file.info()
    if info.is_file:
        matches = {file.address: remote_state(file, info)}
    elif file.is_web:
        matches = {}
    elif MAGIC & set(file.path):
        parts = file.path.split("/")
        fixed = next(number for number, part in enumerate(parts) if MAGIC & set(part))
        folder, pattern = RemoteFile(file.root, "/".join(parts[:fixed]), file.query), parts[fixed:]
        matches = {
            item.address: remote_state(item, state) for item, state in folder.inside()
            if _is_match(_inner(item, folder).split("/"), pattern)
        }  # fmt: skip
    else:
        matches = {
            item.address: remote_state(item, state) for item, state in file.inside()
            if item.name.lower().endswith(ENDINGS)
            and not any(part.startswith(".") for part in _inner(item, file).split("/"))
        } if info.type.name == "Directory" else {}  # fmt: skip
    states |= matches
    return list(matches)


def _inner(file: RemoteFile, folder: RemoteFile) -> str:
    """The path of a file in a folder."""
    return file.path[len(folder.path) :].lstrip("/")


def _is_match(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path matches a pattern, part by part; "**" stands for any number of parts."""
    if not pattern:
        return not parts
    first, *rest = pattern
    if first == "**":
        return any(_is_match(parts[start:], rest) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], first) and _is_match(parts[1:], rest)


def _why_none(place: str) -> str:
    if is_remote(place):
        is_pattern = bool(MAGIC & set(place)) and not RemoteFile.of(place).is_web
        return "no file matches" if is_pattern else "there is no such file, and no folder of files"
    path = Path(place)
    if path.is_dir():
        return f"no file in this folder ends in {', '.join(FORMS)} (or with .gz, .zst)"
    if os.path.lexists(path):
        return "it is the output of this run"
    return "no file matches" if MAGIC & set(place) else "there is no such file"
