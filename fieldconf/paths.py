"""Paths: where a value stands in a JSON document.

In:    tuples of object keys (str) and array indexes (int); the root is ``()``.
Out:   the same as JSON Pointers (RFC 6901), and back.
Never: a lookup in a document, or a guess whether ``"0"`` is a key or an index.
Why:   tuples are exact and cheap for code, pointers are short and unambiguous for people.
"""

from collections.abc import Iterable
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]


def pointer(path: Iterable[str | int]) -> str:
    """The JSON Pointer of a path.

    >>> pointer(("items", 0, "a/b"))
    '/items/0/a~1b'
    >>> pointer(())
    ''
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def parse_pointer(text: str) -> tuple[str, ...]:
    """The reference tokens of a JSON Pointer, unescaped. Indexes stay text.

    Raises:
        ValueError: if the text is not empty and does not begin with a slash.

    >>> parse_pointer("/items/0/a~1b")
    ('items', '0', 'a/b')
    """
    if not text:
        return ()
    if not text.startswith("/"):
        raise ValueError(f"a JSON Pointer begins with '/': {text!r}")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/"))
