"""Threads: values that are computed once, and locks that a fork does not hand on.

In:    a method whose value is the same each time; a part of the code for one thread at a time.
Out:   the value, computed when it is first read and then an attribute; a lock.
Never: a lock that a forked process finds locked by a thread that it does not have.
Why:   web servers fork while other threads work, and ``functools.cached_property`` of Python 3.11
       has one lock for all objects of a class: a child that was forked while some thread held it
       waits for ever.
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

    Without a lock: threads that read it at the same time may each compute it, and all of them get
    the value of the thread that was done first.

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
    """A lock for ``with``, which a forked process begins with unlocked.

    Whichever thread held it in the parent does not go on in the child.
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
        """Be unlocked, whoever held it."""
        self._lock = threading.Lock()


_LOCKS: "weakref.WeakSet[Lock]" = weakref.WeakSet()


def _renew_all() -> None:
    for lock in list(_LOCKS):
        lock.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_all)
