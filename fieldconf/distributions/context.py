"""Context: what may follow a value, as the containers around it are declared.

In:    a container's declaration and how far it is filled; a candidate's events behind a value.
Out:   whether the schema allows them.
Never: the value itself, or the one behind it.
Why:   behind the last property only ``}`` is possible: ``true,`` does not write true there.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from fieldconf.parsing.parser import Event, JSONParser
from fieldconf.parsing.prefix import may_become
from fieldconf.paths import Path

_NOTHING: Mapping[str, int] = MappingProxyType({})


class OpenLevel(NamedTuple):
    """A container that has the value in question as its last entry.

    Attributes:
        path: where it is.
        may_end: whether it may close here: nothing required is missing.
        may_go_on: whether a further entry is allowed.
        keys: the names that a further entry may have; None for any, or for a list.
        up: the container around it.
        written: the names in it, numbered in their order; it may grow later.
        until: how many of them stand before this place: those may not come again.
        number: equal for levels that admit the same, whatever their path.
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

        A following value is checked up to its name only.
        """
        level: OpenLevel | None = self
        for event in events:
            if level is None:
                return True
            if event.type != "close" or event.path != level.path:
                is_key = event.type == "key" and level.keys is not None
                return level.may_go_on and (not is_key or level.is_left(str(event.path[-1])))
            if not level.may_end:
                return False
            level = level.up
        if level is None or fork.place in ("after", "done"):
            return True
        if fork.place == "key" and fork.path == level.path:
            is_name = not fork.text or level.keys is None
            left = filter(level.is_left, level.keys or ())
            return level.may_go_on and (is_name or any(may_become(fork.text, key) for key in left))
        return level.may_go_on

    def is_left(self, name: str) -> bool:
        """Whether the name is allowed and has not been written yet."""
        is_allowed = self.keys is None or name in self.keys
        return is_allowed and self.written.get(name, self.until) >= self.until
