"""Input files: finds the files to read.

In:    names of files, folders and patterns; ``-`` for standard input.
Out:   names of files in a fixed order, each once; a ``Problem`` for each name without files.
Never: an output of this library among them; a run that ends because one name matches nothing.
Why:   saved responses are in folders, by day or by hour, compressed or not.

In a folder, and in the folders inside it, the files with an ending of ``ENDINGS`` are inputs, in
order of their names; hidden files are not. A file or pattern that is named may have any ending.
"""

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fieldconf.many.input_readers import MAGIC, STDIN, is_hidden

FORMS = (".jsonl", ".ndjson", ".json", ".sse")
CODECS = (".gz", ".zst", ".zstd", ".bz2", ".lz4")
ENDINGS = tuple(form + codec for form in FORMS for codec in ("", *CODECS))
"""The endings of files in folders that are read as responses."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A file, folder or pattern that could not be read to its end, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class InputFiles:
    """The files to read, and the names that match none."""

    names: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


def find(places: Sequence[str], *, without: Iterable[Path] = ()) -> InputFiles:
    """The files that names and patterns match.

    Args:
        places: names of files and folders, patterns ("saved/**/*.jsonl.gz"), or "-".
        without: files and folders that are never inputs.
    """
    ours = {os.path.realpath(path) for path in without}
    names: dict[str, str] = {}
    problems: list[Problem] = []
    for place in places:
        here = [name for name in _matches(place) if not _is_in(name, ours)]
        for name in here:
            names.setdefault(os.path.normpath(name), name)  # two names may be of one file
        if not here:
            problems.append(Problem(place, _why_none(Path(place))))
    return InputFiles(tuple(names.values()), tuple(problems))


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


def _is_in(name: str, ours: set[str]) -> bool:
    if name == STDIN or not ours:
        return False
    path = Path(os.path.realpath(name))
    return any(str(parent) in ours for parent in (path, *path.parents))


def _why_none(path: Path) -> str:
    if path.is_dir():
        return f"no file in this folder ends in {', '.join(FORMS)} (or with .gz, .zst)"
    if os.path.lexists(path):
        return "it is the output of this run"
    return "no file matches" if MAGIC & set(str(path)) else "there is no such file"
