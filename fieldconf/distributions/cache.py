"""Cache: the meaning of candidates at a place, for all answers to one schema.

In:    keys: everything that the meaning of candidates at a place depends on.
Out:   tables from a candidate's name to its meaning there; numbers that stand for long keys.
Never: a logprob; anything of one answer alone; more than a bounded number of tables or numbers.
Why:   thousands of answers to one schema have the same candidates: `"billing` at one place means
       the same in all of them. Reading it takes a parser, looking it up does not.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache, partial
from itertools import count
from typing import Any, TypeAlias, TypeVar

Table: TypeAlias = dict[Any, Any]
"""By a candidate's name (see ``decoding_step.Name``): what it means at one place."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MOST_ROWS = 512
"""A table takes no more candidates than this; the others are read each time."""

_MOST_TABLES = 1024
_MOST_NUMBERS = 8192


def remember(table: dict[K, T], key: K, value: T) -> None:
    """Store a value in a table that lives as long as its schema, unless the table is full."""
    if len(table) < MOST_ROWS:
        table[key] = value


class CandidateCache:
    """The tables used last, by key; a cache serves one schema, layout and way to match.

    >>> cache = CandidateCache()
    >>> cache.table("here") is cache.table("here"), cache.number((1, 2)) == cache.number((1, 3))
    (True, False)
    """

    def __init__(self) -> None:
        numbers = count(1)  # never reused, even for a key that was dropped
        self._values: dict[Hashable, Any] = {}
        self._identities: dict[int, tuple[int, Any]] = {}
        self._next = partial(next, numbers)

        @lru_cache(maxsize=_MOST_TABLES)
        def table(key: Hashable) -> Table:  # noqa: ARG001  # lru_cache reads it
            return {}

        @lru_cache(maxsize=_MOST_NUMBERS)
        def number(key: Hashable) -> int:  # noqa: ARG001  # the same
            return next(numbers)

        self.table, self.number = table, number

    def of(self, thing: Any, what: Hashable, make: Callable[[Hashable], T]) -> T:
        """The value that ``make`` made for this object; ``make`` gets its unique key.

        The key has a number of the object's identity: to hash a declaration takes long.
        """
        numbered = self._identities.get(id(thing))
        if numbered is None:
            if len(self._identities) >= _MOST_NUMBERS:
                self._identities.clear()
            numbered = self._identities[id(thing)] = self._next(), thing  # kept: so is its identity
        key = what, numbered[0]
        value = self._values.get(key)
        if value is None:
            if len(self._values) >= _MOST_TABLES:
                self._values.clear()
            value = self._values[key] = make(key)
        return value

    def at(self, about: Hashable, seen: Hashable) -> Table:
        """The table of a place, by the question and the place's key (None: a new table)."""
        return {} if seen is None else self.table((about, seen))
