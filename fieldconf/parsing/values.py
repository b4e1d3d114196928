"""Values: decoded values from parser events, as they arrive.

In:    events in order.
Out:   ``root``, the decoded value so far; ``value``, the value of the last ``scalar`` or ``close``.
Never: recursion (answers may be nested deeper than the interpreter's stack); a second parse.
Why:   a truncated answer still has every value that closed before its end.
"""

from typing import Any

from fieldconf.parsing.grammar import decode
from fieldconf.parsing.parser import Event


class ValueBuilder:
    """Builds a value from events. The last value of a repeated key counts, as in ``json.loads``.

    >>> from fieldconf.parsing.parser import parse
    >>> builder = ValueBuilder()
    >>> for event in parse(b'{"a": [1, 2]}'):
    ...     builder.take(event)
    >>> builder.root
    {'a': [1, 2]}
    """

    def __init__(self) -> None:
        self.root: Any = None
        self.value: Any = None
        self._open: list[Any] = []

    def take(self, event: Event) -> None:
        """Take the next event."""
        kind, path, _, _, raw = event
        if kind == "scalar":
            value: Any = decode(raw)
            self.value = value
        elif kind == "open":
            value = {} if raw == b"{" else []
        else:
            if kind == "close":
                self.value = self._open.pop()
            return
        if not self._open:
            self.root = value
        elif isinstance(around := self._open[-1], dict):
            around[path[-1]] = value
        else:
            around.append(value)
        if kind == "open":
            self._open.append(value)
