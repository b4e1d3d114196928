"""Parts: the finished blocks of a run, on disk or in an object store.

In:    the rows of a block, as an Arrow table.
Out:   all rows in the order of the blocks, in this run or a later one.
Never: half a part; parts of other inputs or settings; a damaged part used; on this machine two runs
       on one output; a folder of other files removed.
Why:   a run of many hours that is killed continues where it stopped.

Until a run ends, the folder ``out.parquet.parts`` is beside ``out.parquet``. It holds
``settings.json``, ``lock``, and a file for each finished block, with the block's name: an Arrow
file, and behind it a checksum of its bytes. An object store has no locks: there two runs on one
output are not kept apart, but a run that misses a part does not write an output.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from fieldconf.batch.arrow import arrow
from fieldconf.batch.remote_files import AnyPath, RemoteFile
from fieldconf.batch.storage import put, sync_folder, writing
from fieldconf.errors import OutputError
from fieldconf.many.locks import own

P = TypeVar("P", Path, RemoteFile, AnyPath)

PART = ".part"
"""The ending of the file of a part."""

_ABOUT = b"fieldconf"
_SETTINGS = "settings.json"
_CHECKSUM = 16  # bytes


@dataclass(frozen=True, slots=True)
class About:
    """The counts of a part.

    Attributes:
        responses: how many lines were scored.
        failed: how many of them could not be read as responses.
        lines: for each piece: the number of its file, its number in it, and how many lines it has.
        problems: the numbers of the files that could not be read, each with the reason.
        digest: a digest of the text, if the block carries its text; else empty.
    """

    responses: int = 0
    failed: int = 0
    lines: tuple[tuple[int, int, int], ...] = ()
    problems: tuple[tuple[int, str], ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of the parts. It is sent to other processes.

    Attributes:
        path: the folder.
        earlier: the names of the parts in it when the run began: a request to an object store for
            each block that is not there would take long. None: look for each.
    """

    path: AnyPath
    earlier: frozenset[str] | None = None

    def about(self, name: str) -> About | None:
        """The counts of a part; None if there is no such part.

        Raises:
            OutputError: if it cannot be read.
        """
        if self.earlier is not None and name not in self.earlier:
            return None
        try:
            return _read(self.path / f"{name}{PART}")[0]
        except FileNotFoundError:
            return None

    def write(self, name: str, table: Any, about: About) -> None:
        """Write a part.

        Raises:
            OutputError: if it cannot be written.
        """
        pa = arrow()
        schema = table.schema.with_metadata({_ABOUT: json.dumps(asdict(about))})
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(sink, schema, options=options) as writer:
            writer.write_table(table)
        rows = sink.getvalue()
        with writing(self.path):
            put(self.path / f"{name}{PART}", rows.to_pybytes() + _checksum(rows))

    def batches(self, names: Iterable[str]) -> Iterator[tuple[About, list[Any]]]:
        """The parts of these names in the order of the inputs, each with its record batches.

        Raises:
            OutputError: if one cannot be read.
        """
        for name in sorted(names):
            file = self.path / f"{name}{PART}"
            try:
                about, reader = _read(file)
            except FileNotFoundError:
                raise OutputError(
                    f"{file} is gone: another run removed it", remedy="Run the same command again"
                ) from None
            yield about, [reader.get_batch(i) for i in range(reader.num_record_batches)]


def folder_beside(output: P) -> P:
    """The folder of the parts of an output.

    >>> folder_beside(Path("rows.parquet")).name
    'rows.parquet.parts'
    """
    return output.with_name(f"{output.name}.parts")


@contextlib.contextmanager
def parts_of(output: AnyPath, settings: Mapping[str, Any]) -> Generator[Folder]:
    """The parts of an output; on this machine for one run at a time.

    Args:
        output: the path of the output.
        settings: all settings that decide the rows, as plain JSON values by name; if they differ
            from those of an earlier run, the error lists the names.

    Raises:
        OutputError: if the folder cannot be written, is in use, is not ours, or has other settings.
    """
    if isinstance(output, RemoteFile):
        folder = folder_beside(output)
        with writing(folder):
            folder.make_folder()
            names = frozenset(str(file.path)[len(folder.path) + 1 :] for file, _ in folder.inside())
            _check(folder, names, output, settings)
        yield Folder(folder, frozenset(_parts(names)))
        return
    folder = folder_beside(output)
    with writing(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is no folder", remedy="Move it away")
        _check_ours(folder, {file.name for file in folder.glob("*")})
        lock = _locked(folder, output)
        try:
            _check(folder, {file.name for file in folder.glob("*")}, output, settings)
            for left in folder.glob("*.new"):  # of a run that was killed
                left.unlink(missing_ok=True)
        except BaseException:
            lock.close()
            raise
    try:
        yield Folder(folder)
    finally:
        lock.close()


def remove(folder: Folder) -> None:
    """Remove the parts, after the output is written."""
    path = folder.path
    with writing(path):
        if isinstance(path, RemoteFile):
            path.remove_folder()
            return
        for file in path.glob(f"*{PART}"):
            file.unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=os.name == "nt")  # where the lock is still open


# -- the folder -----------------------------------------------------------------------------------


def _locked(folder: Path, output: Path) -> FileIO:
    while True:
        folder.mkdir(parents=False, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # the run that had it ended just now
            file = own(folder / "lock")
            if file is None:
                raise OutputError(
                    f"another run is writing {output}",
                    remedy="Wait for it, or give another output",
                )
            return file


def _parts(names: Iterable[str]) -> Iterator[str]:
    """The names of the parts among names of files."""
    return (name.removesuffix(PART) for name in names if name.endswith(PART))


def _check_ours(folder: AnyPath, names: Iterable[str]) -> None:
    """Raise if there are files in the folder that no run wrote: it is removed in the end."""
    ours = (PART, ".new")
    others = [name for name in names if name not in (_SETTINGS, "lock") and not name.endswith(ours)]
    if others:
        raise OutputError(
            f"{folder} holds {min(others)}, which is not of a run",
            remedy="Move that folder away, or give another output",
        )


def _check(
    folder: AnyPath, names: Iterable[str], output: AnyPath, settings: Mapping[str, Any]
) -> None:
    """Write the settings; if there are parts of an earlier run, compare them with its settings."""
    _check_ours(folder, names)
    file = folder / _SETTINGS
    if not any(_parts(names)):
        put(file, json.dumps(settings).encode())
        if isinstance(folder, Path):
            sync_folder(folder)  # before any part
        return
    before = _settings_in(file, folder)
    current = json.loads(json.dumps(settings))
    other = [name for name in {**current, **before} if current.get(name) != before.get(name)]
    if other:
        raise OutputError(
            f"{output} was begun with other settings: {', '.join(other)}",
            remedy=f"Give the same again, or another output, or remove {folder}",
        )


def _settings_in(file: AnyPath, folder: AnyPath) -> dict[str, Any]:
    try:
        settings = json.loads(file.read_bytes())
    except FileNotFoundError:
        settings = None
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise OutputError(
            f"{file} is missing or damaged, so the parts beside it cannot be used",
            remedy=f"Remove {folder}, and run again",
        )
    return settings  # pyright: ignore[reportUnknownVariableType]  # of JSON


# -- parts ----------------------------------------------------------------------------------------


def _read(file: AnyPath) -> tuple[About, Any]:
    """The counts of a part, and an Arrow reader of its rows.

    Raises:
        FileNotFoundError: if it is not there.
        OutputError: if it cannot be read, or is damaged.
    """
    try:
        data = memoryview(file.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _damaged(file, error.strerror or str(error).splitlines()[0]) from error
    rows, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
    if _checksum(rows) != bytes(checksum):
        raise _damaged(file, "it is damaged")
    pa = arrow()
    try:
        reader = pa.ipc.open_file(pa.py_buffer(rows))
        plain: dict[str, Any] = json.loads(reader.schema.metadata[_ABOUT])
        for name in ("lines", "problems"):
            plain[name] = tuple(tuple(row) for row in plain[name])
        return About(**plain), reader
    except (pa.ArrowException, ValueError, TypeError, KeyError) as error:  # of another program
        raise _damaged(file, "it is no part of a run") from error


def _damaged(file: AnyPath, reason: str) -> OutputError:
    return OutputError(f"cannot read {file} ({reason})", remedy="Remove it, and run again")


def _checksum(rows: Any) -> bytes:
    return blake2b(rows, digest_size=_CHECKSUM).digest()
