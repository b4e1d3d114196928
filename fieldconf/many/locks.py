"""Locks: a file that one run at a time may use, locked by the operating system.

In:    a file, or its path.
Out:   whether this process has the lock.
Never: a lock that outlives its process, however that ended; waiting.
Why:   a file that only says "locked" would still say so after a run was killed.
"""

import contextlib
import errno
import importlib
import os
import sys
from io import FileIO
from pathlib import Path
from typing import Any

_TAKEN = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
_FAR = 1 << 40  # a byte that is never written: Windows locks bytes, and others could not read them


def lock(file: FileIO) -> bool:
    """Lock a file until it is closed or the process ends; False if another process has it.

    Raises:
        OSError: if the file system has no locks.
    """
    try:
        if sys.platform == "win32":
            msvcrt: Any = importlib.import_module("msvcrt")
            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  # Windows has none

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def own(path: Path) -> FileIO | None:
    """A file, created if needed, open for appending and locked; None if another process has it.

    Raises:
        OSError: if it cannot be opened, or the file system has no locks.
    """
    while True:
        file = FileIO(path, "a+")
        try:
            if not lock(file):
                file.close()
                return None
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return file
        except BaseException:
            file.close()
            raise
        file.close()  # the run that had it ended just now, and removed it
