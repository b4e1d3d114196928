"""Paths: the place of a value in a JSON document.

In:    tuples of object keys (str) and array indexes (int); the root is ``()``.
Out:   the same as JSON Pointers (RFC 6901), and back.
Never: a lookup in a document, or a guess whether ``"0"`` is a key or an index.
Why:   tuples are exact and cheap for code, pointers are short and unambiguous for people.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]


def pointer(path: Iterable[str | int]) -> str:
    """The JSON Pointer of a path.

    >>> pointer(("items", 0, "a/b"))
    '/items/0/a~1b'
    >>> pointer(())
    ''
    """
    steps = [str(step) for step in path]
    plain = "".join(["/" + step for step in steps])
    if "~" not in plain and plain.count("/") == len(steps):  # nearly always, in half of the time
        return plain
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


@lru_cache(maxsize=10_000)
def general(path: Path) -> str:
    """The pointer of a path with "*" for positions in lists.

    >>> general(("items", 0, "price"))
    '/items/*/price'
    """
    return pointer("*" if isinstance(step, int) else step for step in path)


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


def matches(pattern: Sequence[str], path: Path) -> bool:
    """Whether a pattern matches a path; "*" stands for any one step, "**" for any number of steps.

    ``pattern`` has the steps that ``parse_pointer`` returns. A key that is called "*" cannot be
    matched alone.

    >>> matches(("items", "*", "price"), ("items", 3, "price"))
    True
    >>> matches(("customer", "**"), ("customer", "address", "city")), matches(("**",), ())
    (True, True)
    """
    reached = _past_any(pattern, {0})
    for step in path:
        ahead = {i + (pattern[i] != "**") for i in reached
                 if i < len(pattern) and pattern[i] in ("*", "**", str(step))}  # fmt: skip
        reached = _past_any(pattern, ahead)
    return len(pattern) in reached


def _past_any(pattern: Sequence[str], reached: set[int]) -> set[int]:
    """These positions in a pattern, and those after each "**", which may match no step."""
    names = set(reached)
    for i in sorted(reached):
        while i < len(pattern) and pattern[i] == "**":
            i += 1  # noqa: PLW2901
            names.add(i)
    return names
