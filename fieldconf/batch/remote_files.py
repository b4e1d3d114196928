"""Remote files: files in object stores and on servers, by their addresses.

In:    an address: s3://, gs://, abfs://, hdfs://, https://, or another one that fsspec knows.
Out:   ``RemoteFile``: what is there, its bytes, and an upload that is whole or not there at all.
Never: credentials in an address, a message or a row; a file system of our own.
Why:   saved responses and tables of a warehouse are in buckets.

The file systems are pyarrow's; those that it lacks are fsspec's. Each finds its credentials and its
options by its own means (the environment, the machine's role, a configuration file).

An object store has no rename, no lock and no fsync. It has one promise, and all here relies on it:
an object appears when its upload is complete. Closing a stream completes an upload, also after an
error, so bytes are given in one call, or copied from a complete file.
"""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from urllib.request import url2pathname

from fieldconf.batch.arrow import arrow
from fieldconf.errors import FieldconfError, MissingPackageError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+)://")
_WEB = ("http", "https")
_BUFFER = 1 << 18
"""The number of bytes that one request reads of a file that is read from its start."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file or a folder by its address.

    Attributes:
        root: the scheme and the server or bucket: "s3://bucket".
        path: the rest, without a slash at its ends.
        query: what follows a question mark: options of the file system, or a signature.
    """

    root: str
    path: str
    query: str = ""

    @classmethod
    def of(cls, address: str) -> "RemoteFile":
        """The file at an address.

        Raises:
            ValueError: if there is a password in it.

        >>> file = RemoteFile.of("s3://bucket/saved/monday.jsonl?region=eu-west-1")
        >>> file.root, file.path, file.query, str(file)
        ('s3://bucket', 'saved/monday.jsonl', 'region=eu-west-1', 's3://bucket/saved/monday.jsonl')
        """
        scheme, rest = address.split("://", 1)
        rest, _, query = rest.partition("?")
        server, _, path = rest.partition("/")
        if ":" in server.rpartition("@")[0]:
            message = "credentials are read from the environment, not from an address"
            raise ValueError(message)
        return cls(f"{scheme}://{server}", path.strip("/"), query)

    def __str__(self) -> str:
        return f"{self.root}/{self.path}"

    @property
    def address(self) -> str:
        """The whole address."""
        return f"{self}?{self.query}" if self.query else str(self)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The ending of the name, with its full stop."""
        return PurePosixPath(self.path).suffix

    @property
    def is_web(self) -> bool:
        """Whether it is on a web server, which lists no files and takes none."""
        return self.root.partition("://")[0].lower() in _WEB

    @property
    def is_foreign(self) -> bool:
        """Whether its file system is fsspec's, not pyarrow's own."""
        return _arrows_own(self.root, self.query) is None

    def with_name(self, name: str) -> "RemoteFile":
        """The file of another name in the same folder."""
        folder = self.path.rpartition("/")[0]
        return replace(self, path=f"{folder}/{name}" if folder else name)

    def __truediv__(self, name: str) -> "RemoteFile":
        return replace(self, path=f"{self.path}/{name}" if self.path else name)

    # -- reading --------------------------------------------------------------------------------

    def info(self) -> Any:
        """What is there, as a ``pyarrow.fs.FileInfo``."""
        files, path = self._located()
        with _as_os_errors():
            return files.get_file_info(path)

    def inside(self) -> Iterator[tuple["RemoteFile", Any]]:
        """All files in this folder and in those inside it, in order of their paths."""
        files, base = self._located()
        with _as_os_errors():
            selector = _fs().FileSelector(base, recursive=True)
            entries = sorted(files.get_file_info(selector), key=lambda entry: entry.path)
        for entry in entries:
            if entry.is_file:
                inner = entry.path[len(base) :].strip("/")
                yield self / inner, entry

    def open(self) -> Any:
        """The file, to be read at any offset."""
        files, path = self._located()
        with _as_os_errors():
            return files.open_input_file(path)

    def stream(self) -> Any:
        """The file, to be read from its start."""
        files, path = self._located()
        with _as_os_errors():
            if self.is_web:  # without ranges of bytes, which not every server has
                return files.handler.fs.open(path, "rb", block_size=0)
            return files.open_input_stream(path, compression=None, buffer_size=_BUFFER)

    def read_bytes(self) -> bytes:
        """The bytes of the file."""
        with self.open() as file:
            return file.read()

    # -- writing --------------------------------------------------------------------------------

    def put(self, data: Any) -> None:
        """Write the file, in one call."""
        files, path = self._writable()
        with _as_os_errors(), files.open_output_stream(path, compression=None) as stream:
            stream.write(data)

    def upload(self, file: Path) -> None:
        """Write the file as a copy of a complete one on this machine.

        All of it happens inside of Arrow: an interrupt comes after it, not in between.
        """
        files, path = self._writable()
        fs = _fs()
        with _as_os_errors():
            fs.copy_files(
                str(file), path, source_filesystem=fs.LocalFileSystem(),
                destination_filesystem=files, use_threads=False,
            )  # fmt: skip

    def make_folder(self) -> None:
        """Make the folder, where the file system has folders."""
        files, path = self._writable()
        with _as_os_errors():
            files.create_dir(path, recursive=True)

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove the file."""
        files, path = self._located()
        with _as_os_errors():
            if missing_ok and not files.get_file_info(path).is_file:
                return
            files.delete_file(path)

    def remove_folder(self) -> None:
        """Remove the folder and all that is in it."""
        files, path = self._located()
        with _as_os_errors():
            files.delete_dir(path)

    # -- the file system ------------------------------------------------------------------------

    def _writable(self) -> tuple[Any, str]:
        if self.is_web:
            message = "a web server takes no files"
            raise OSError(message)
        return self._located()

    def _located(self) -> tuple[Any, str]:
        """The file system, and the path in it."""
        with _as_os_errors():
            native = _arrows_own(self.root, self.query)
            if native is not None:
                files, base = native
                return files, f"{base.rstrip('/')}/{self.path}".rstrip("/") or "/"
            return _from_fsspec(self.address)


AnyPath: TypeAlias = Path | RemoteFile


def is_remote(name: str) -> bool:
    """Whether a name is an address of a file that is not on this machine.

    >>> is_remote("s3://bucket/a.jsonl"), is_remote("saved/a.jsonl"), is_remote("file:///a.jsonl")
    (True, False, False)
    """
    address = _ADDRESS.match(name)
    return address is not None and address[1].lower() != "file"


def local_name(name: str) -> str:
    """The path of a file on this machine that is given as ``file://``; other names as they are."""
    return url2pathname(urlsplit(name).path) if name.startswith("file://") else name


def shown(name: str) -> str:
    """A name as messages and rows have it: an address without its query and password."""
    if not is_remote(name):
        return name
    address, *_ = name.partition("?")
    return re.sub(r"(://[^/@]*:)[^/@]*@", r"\1...@", address)


# -- file systems ---------------------------------------------------------------------------------


def _fs() -> Any:
    arrow()
    from pyarrow import fs  # noqa: PLC0415

    return fs


@lru_cache(maxsize=64)
def _arrows_own(root: str, query: str) -> tuple[Any, str] | None:
    """The file system of pyarrow, and its path of the root; None if it has none."""
    try:
        return _fs().FileSystem.from_uri(f"{root}/?{query}" if query else f"{root}/")
    except arrow().ArrowInvalid as error:
        if "Unrecognized filesystem type" in str(error):
            return None
        raise


def _from_fsspec(address: str) -> tuple[Any, str]:
    try:
        from fsspec import core  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

        fsspec_of: Any = core
        files, path = fsspec_of.url_to_fs(address)
    except ImportError:
        scheme = address.partition("://")[0]
        raise MissingPackageError(f"{scheme}://", "fsspec[http]", extra="remote") from None
    fs = _fs()
    return fs.PyFileSystem(fs.FSSpecHandler(files)), path


@contextmanager
def _as_os_errors() -> Generator[None]:
    """Turn the errors of any file system into ``OSError``."""
    try:
        yield
    except (OSError, FieldconfError, MemoryError):
        raise
    except Exception as error:  # each package of fsspec has its own
        raise OSError(str(error) or type(error).__name__) from error
