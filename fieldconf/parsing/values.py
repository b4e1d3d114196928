"""The tree: decoded values from parser events, as they come.

In:    events in order.
Out:   ``root``, and ``value``: what the last ``scalar`` or ``close`` event closed.
Never: recursion (answers may be nested deeper than the interpreter's stack), a second parse.
Why:   a truncated answer still has all the values that closed before its end.
"""

from typing import Any

from fieldconf.parsing.grammar import decode
from fieldconf.parsing.parser import Event


class ValueBuilder:
    """Feed it events. Of a repeated key the last value stays, as in ``json.loads``.

    >>> from fieldconf.parsing.parser import parse
    >>> tree = ValueBuilder()
    >>> for event in parse(b'{"a": [1, 2]}'):
    ...     tree.take(event)
    >>> tree.root
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
