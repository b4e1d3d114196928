"""Parts: the finished blocks of a run, on disk.

In:    the rows of a block, as an Arrow table.
Out:   all rows in the order of the blocks, in this run or a later one.
Never: half a part; parts of other inputs or settings; two runs on one output.
Why:   a run of many hours that is killed continues where it stopped.

Until a run ends, the folder ``out.parquet.parts`` is beside ``out.parquet``. It holds
``settings.json``, ``lock``, and an Arrow file for each finished block, with the block's name. A
part is written under a temporary name, and renamed when all of it is on the disk.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Generator, Iterator, Mapping
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from fieldconf.batch.arrow import arrow
from fieldconf.errors import OutputError
from fieldconf.many.locks import own

_ABOUT = b"fieldconf"
_AGAIN = "Fix that and run the same command again: finished blocks are kept"


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
    """The folder of the parts. It is sent to other processes."""

    path: Path

    def about(self, name: str) -> About | None:
        """The counts of a part; None if there is no such part.

        Raises:
            OutputError: if it cannot be read.
        """
        try:
            with _reading(self.path / f"{name}.arrow") as (about, _):
                return about
        except FileNotFoundError:
            return None

    def write(self, name: str, table: Any, about: About) -> None:
        """Write a part.

        Raises:
            OutputError: if it cannot be written.
        """
        pa = arrow()
        schema = table.schema.with_metadata({_ABOUT: json.dumps(asdict(about))})
        part = self.path / f"{name}.arrow"
        new = part.with_suffix(f".{os.getpid()}.new")
        with writing(self.path), removed_if_not_moved(new):
            with new.open("wb") as file:
                options = pa.ipc.IpcWriteOptions(compression="lz4")
                with pa.ipc.new_file(file, schema, options=options) as writer:
                    writer.write_table(table)
                file.flush()
                os.fsync(file.fileno())
            new.replace(part)

    def batches(self) -> Iterator[tuple[About, list[Any]]]:
        """All parts in the order of the inputs, each with its record batches.

        Raises:
            OutputError: if one cannot be read.
        """
        for file in sorted(self.path.glob("*.arrow")):
            with _reading(file) as (about, reader):
                yield about, [reader.get_batch(i) for i in range(reader.num_record_batches)]


def folder_beside(output: Path) -> Path:
    """The folder of the parts of an output.

    >>> folder_beside(Path("rows.parquet")).name
    'rows.parquet.parts'
    """
    return output.with_name(f"{output.name}.parts")


@contextlib.contextmanager
def parts_of(output: Path, settings: Mapping[str, Any]) -> Generator[Folder]:
    """The parts of an output, for one run at a time.

    Args:
        output: the path of the output.
        settings: all settings that decide the rows, as plain JSON values by name; if they differ
            from those of an earlier run, the error lists the names.

    Raises:
        OutputError: if the folder cannot be written, is in use, or has other settings.
    """
    folder = folder_beside(output)
    with writing(folder):
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is no folder", remedy="Move it away")
        lock = _locked(folder, output)
        try:
            _check(folder, output, settings)
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
    with writing(folder.path):
        for file in folder.path.glob("*.arrow"):
            file.unlink(missing_ok=True)
        shutil.rmtree(folder.path, ignore_errors=os.name == "nt")  # where the lock is still open


@contextlib.contextmanager
def writing(path: Path) -> Generator[None]:
    """Turn errors of the operating system into errors of this library.

    Raises:
        OutputError: instead of any ``OSError``.
    """
    try:
        yield
    except OSError as error:  # Arrow's own as well
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise OutputError(f"cannot write {path} ({reason})", remedy=_AGAIN) from error


@contextlib.contextmanager
def removed_if_not_moved(new: Path) -> Generator[None]:
    """Remove a temporary file if an error comes before it is renamed: it takes disk space."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise


# -- helpers ------------------------------------------------------------------------------------


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


def _check(folder: Path, output: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings; if there are parts of an earlier run, compare them with its settings."""
    path = folder / "settings.json"
    if not path.exists() or not any(folder.glob("*.arrow")):
        new = path.with_suffix(".new")
        new.write_text(json.dumps(settings), encoding="utf-8")
        new.replace(path)
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    current = json.loads(json.dumps(settings))
    other = [name for name in {**current, **before} if current.get(name) != before.get(name)]
    if other:
        raise OutputError(
            f"{output} was begun with other settings: {', '.join(other)}",
            remedy=f"Give the same again, or another output, or remove {folder}",
        )


@contextlib.contextmanager
def _reading(file: Path) -> Generator[tuple[About, Any]]:
    """The counts of a part, and an Arrow reader of its rows."""
    pa = arrow()
    if not file.exists():
        raise FileNotFoundError(file)
    try:
        with pa.OSFile(str(file), "rb") as opened, pa.ipc.open_file(opened) as reader:
            plain: dict[str, Any] = json.loads(reader.schema.metadata[_ABOUT])
            for name in ("lines", "problems"):
                plain[name] = tuple(tuple(row) for row in plain[name])
            yield About(**plain), reader
    except (OSError, pa.ArrowInvalid) as error:
        raise OutputError(
            f"cannot read {file} ({str(error).splitlines()[0]})", remedy="Remove it, and run again"
        ) from error
