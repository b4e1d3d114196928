"""The tree: decoded values from parser events, as they come.

In:    events in order.
Out:   ``root``, and ``value``: what the last ``scalar`` or ``close`` event closed.
Never: recursion (answers may be nested deeper than the interpreter's stack), a second parse.
Why:   a truncated answer still has all the values that closed before its end.
"""

from typing import Any

from fieldconf.grammar import decode
from fieldconf.jsonparser import Event


class Tree:
    """Feed it events. Of a repeated key the last value stays, as in ``json.loads``.

    >>> from fieldconf.jsonparser import parse
    >>> tree = Tree()
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
        if event.type == "scalar":
            self.value = decode(event.raw)
            self._attach(event, self.value)
        elif event.type == "open":
            container: Any = {} if event.raw == b"{" else []
            self._attach(event, container)
            self._open.append(container)
        elif event.type == "close":
            self.value = self._open.pop()

    def _attach(self, event: Event, value: Any) -> None:
        if not self._open:
            self.root = value
        elif isinstance(self._open[-1], dict):
            self._open[-1][event.path[-1]] = value
        else:
            self._open[-1].append(value)
