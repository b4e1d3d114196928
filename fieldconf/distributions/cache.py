"""Memory: what candidates were found to mean, by everything that this depends on.

In:    keys: a place as a question sees it, in any answer of one schema.
Out:   tables, from a candidate's name to what it meant there; numbers for long keys.
Never: a logprob; anything of one answer alone; more than a bounded number of either.
Why:   of thousands of answers to one schema nearly every rival was read before: `"billing` at this
       place means the same in all of them. Reading it anew takes a parser, looking it up does not.
"""

from collections.abc import Callable, Hashable
from functools import lru_cache, partial
from itertools import count
from typing import Any, TypeAlias, TypeVar

Table: TypeAlias = dict[Any, Any]
"""By a candidate's name (see ``fan.Name``): what it means at one place."""

T = TypeVar("T")

MOST_ROWS = 512
"""A table takes no more candidates than this; the rest are read anew each time."""

_MOST_TABLES = 1024
_MOST_NUMBERS = 8192


class CandidateCache:
    """Tables by key, those used last; one is for one schema, layout and way to match.

    >>> memory = CandidateCache()
    >>> memory.table("here") is memory.table("here"), memory.number((1, 2)) == memory.number((1, 3))
    (True, False)
    """

    def __init__(self) -> None:
        numbers = count(1)  # never given twice, also for a key that was forgotten
        self._made: dict[Hashable, Any] = {}
        self._identities: dict[int, tuple[int, Any]] = {}
        self._next = partial(next, numbers)

        @lru_cache(maxsize=_MOST_TABLES)
        def table(key: Hashable) -> Table:  # noqa: ARG001  # the cache looks at it
            return {}

        @lru_cache(maxsize=_MOST_NUMBERS)
        def number(key: Hashable) -> int:  # noqa: ARG001  # the same
            return next(numbers)

        self.table, self.number = table, number

    def identity(self, thing: Any) -> int:
        """The number of this very thing: to hash what a schema declares takes long."""
        known = self._identities.get(id(thing))
        if known is None:
            if len(self._identities) >= _MOST_NUMBERS:
                self._identities.clear()
            known = self._identities[id(thing)] = self._next(), thing  # kept: so is its identity
        return known[0]

    def of(self, thing: Any, what: Hashable, make: Callable[[Hashable], T]) -> T:
        """What was made of this very thing; ``make`` gets the key, which nothing else has."""
        key = what, self.identity(thing)
        known = self._made.get(key)
        if known is None:
            if len(self._made) >= _MOST_TABLES:
                self._made.clear()
            known = self._made[key] = make(key)
        return known

    def at(self, about: Hashable, seen: Hashable) -> Table:
        """The table of a place, by what is asked there and how it is seen; None: one of its own."""
        return {} if seen is None else self.table((about, seen))
