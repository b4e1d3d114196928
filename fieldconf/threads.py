"""Threads: values that are computed once, and locks that are released in a forked process.

In:    a method whose value never changes; code for one thread at a time.
Out:   the value, computed at the first read and then stored; a lock.
Never: a lock that stays locked in a forked process by a thread that it does not have.
Why:   web servers fork while other threads work. ``functools.cached_property`` of Python 3.11 has
       one lock for all objects of a class: a child that was forked while a thread held the lock
       waits forever.
"""

import os
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class cached_property(Generic[T]):  # noqa: N801  # stands where that of functools would
    """A property that is computed when it is first read, and then kept in the object.

    It has no lock: threads that read it at the same time may each compute the value; all of them
    get the value of the thread that finished first.

    >>> class Answer:
    ...     @cached_property
    ...     def words(self):
    ...         return ["yes"]
    >>> answer = Answer()
    >>> answer.words is answer.words
    True
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        self._function = function
        self._name = function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: Any = None) -> "cached_property[T]": ...
    @overload
    def __get__(self, instance: object, owner: Any = None) -> T: ...
    def __get__(self, instance: object, owner: Any = None) -> "cached_property[T] | T":
        if instance is None:
            return self
        return instance.__dict__.setdefault(self._name, self._function(instance))


class Lock:
    """A lock for ``with`` that is unlocked in a forked process.

    The thread that held it in the parent does not exist in the child.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _LOCKS.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_error: object) -> None:
        with suppress(RuntimeError):  # in a child whose own thread held it while it forked
            self._lock.release()

    def renew(self) -> None:
        """Unlock it, whichever thread held it."""
        self._lock = threading.Lock()


_LOCKS: "weakref.WeakSet[Lock]" = weakref.WeakSet()


def _renew_all() -> None:
    for lock in list(_LOCKS):
        lock.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_all)
