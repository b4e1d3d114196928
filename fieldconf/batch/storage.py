"""Storage: files of ours, written whole or not at all, here or in an object store.

In:    a path or a remote file; bytes, or a complete file.
Out:   the file under its name, once it is complete and safe from a power cut.
Never: a half-written file under its name.
Why:   parts, settings and outputs are kept in the same way, wherever they are.

On this machine: a temporary file, fsync, a rename, fsync of the folder. In an object store: one
upload, see ``remote_files``.
"""

import contextlib
import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from fieldconf.batch.remote_files import AnyPath, RemoteFile
from fieldconf.errors import OutputError

_AGAIN = "Fix that and run the same command again: finished blocks are kept"


def put(file: AnyPath, data: Any) -> None:
    """Write a file of these bytes.

    Raises:
        OSError: if it cannot be written; an earlier file is then unchanged.
    """
    if isinstance(file, RemoteFile):
        file.put(data)
        return
    new = file.with_name(f"{file.stem}.{os.getpid()}.new")
    with removed_if_not_moved(new):
        with new.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)


def move(new: Path, file: AnyPath) -> None:
    """Give a complete file of this machine its name and its place.

    Raises:
        OSError: if it cannot be written; an earlier file is then unchanged.
    """
    with new.open("rb+") as stream:
        os.fsync(stream.fileno())
    if isinstance(file, RemoteFile):
        file.upload(new)
        new.unlink()
    else:
        new.replace(file)
        sync_folder(file.parent)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder safe from a power cut, where the system can."""
    if os.name == "nt":  # where a folder cannot be opened
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextlib.contextmanager
def workshop(folder: AnyPath) -> Generator[Path]:
    """A folder of this machine for files that are not complete: this one, or a temporary one."""
    if isinstance(folder, Path):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="fieldconf-") as temporary:
        yield Path(temporary)


@contextlib.contextmanager
def writing(file: AnyPath) -> Generator[None]:
    """Turn errors of the operating system into errors of this library.

    Raises:
        OutputError: instead of any ``OSError``.
    """
    try:
        yield
    except OSError as error:  # Arrow's own as well
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise OutputError(f"cannot write {file} ({reason})", remedy=_AGAIN) from error


@contextlib.contextmanager
def removed_if_not_moved(new: Path) -> Generator[None]:
    """Remove a temporary file if an error comes before it is renamed: it takes disk space."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
