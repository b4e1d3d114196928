"""Following: what may stand behind a value, as the containers around it are declared.

In:    a container's declaration and how far it is filled; what a candidate closed behind a value.
Out:   whether the schema allows that.
Never: a look into the value itself, or into the one behind it.
Why:   behind the last property only ``}`` is possible, and ``true,`` is no way to write true there.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fieldconf.parsing.parser import Event, JSONParser
from fieldconf.parsing.prefix import may_become
from fieldconf.paths import Path

_NOTHING: Mapping[str, int] = MappingProxyType({})


class OpenLevel(NamedTuple):
    """A container, as it is once the value in question stands in it.

    Attributes:
        path: where it is.
        may_end: whether it may close here: nothing required is missing.
        may_go_on: whether something more may stand in it.
        keys: the names that something more may have; None for any, or for a list.
        up: the container around it.
        written: the names that stand in it, numbered in their order; it may grow later.
        until: how many of them stood in it here: those have been used up.
        number: of all this, without the path: levels that admit the same have the same.
    """

    path: Path
    may_end: bool
    may_go_on: bool
    keys: tuple[str, ...] | None = None
    up: "OpenLevel | None" = None
    written: Mapping[str, int] = _NOTHING
    until: int = 0
    number: int = 0

    def admits(self, events: Sequence[Event], fork: JSONParser) -> bool:
        """Whether these events may follow the value, and the fork's place after them.

        What begins behind the value is another value's business, as soon as it has a name.
        """
        level: OpenLevel | None = self
        for event in events:
            if level is None:
                return True
            if event.type != "close" or event.path != level.path:
                return level.may_go_on and level.knows(event)
            if not level.may_end:
                return False
            level = level.up
        if level is None or fork.place in ("after", "done"):
            return True
        if fork.place == "key" and fork.path == level.path:
            is_name = not fork.text or level.keys is None
            return level.may_go_on and (
                is_name
                or any(may_become(fork.text, key) for key in level.keys or () if level.is_left(key))
            )
        return level.may_go_on

    def knows(self, event: Event) -> bool:
        """Whether the name that an event carries may stand here."""
        if event.type != "key" or self.keys is None:
            return True
        name = str(event.path[-1])
        return name in self.keys and self.is_left(name)

    def is_left(self, name: str) -> bool:
        """Whether the name has not been written yet."""
        return self.written.get(name, self.until) >= self.until
