"""Regexes: the patterns of schemas, with the meaning of ``re``, matched by ``regex``.

In:    a pattern of a schema.
Out:   a compiled pattern that can stop (``timeout=``) and match prefixes (``partial=``).
Never: a pattern that fills the memory while it is compiled.
Why:   schemas come from strangers, and a pattern of ten characters can take a century.
"""

import re
import time
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

LONGEST = 200_000
"""The greatest length of a pattern with its repetitions expanded, as ``regex`` expands them."""

PATIENCE, REFILL = 0.05, 0.0002
"""The seconds that a pattern may take in total, and the seconds that each match adds to them."""


class Patience:
    """The time that one pattern may still take, over all its matches.

    Each match adds a little, up to the initial time. So a pattern that is slow once, or often a
    little slow, costs a bounded time for each match, and gets its full time back when its texts
    are harmless again.
    """

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = PATIENCE

    def search(
        self, pattern: "regex.Pattern[str]", text: str, *, partial: bool = False
    ) -> bool | None:
        """Whether it matches, or with ``partial`` may match more text; None: it takes too long."""
        self.seconds = min(self.seconds + REFILL, PATIENCE)
        # The time of this thread alone: other work of the machine does not count.
        start = time.thread_time()
        try:
            return bool(pattern.search(text, partial=partial, timeout=self.seconds))
        except TimeoutError:
            return None
        finally:
            self.seconds = max(self.seconds - (time.thread_time() - start), 0.0)


class SlowPatternError(Exception):
    """A pattern takes too long."""

    def __init__(self, pattern: str) -> None:
        super().__init__(f"the pattern {pattern!r} takes too long to match")


# ``regex`` and ``re`` disagree on a brace that repeats nothing ("{e}" is a fuzzy match to
# ``regex``) and on a bracket inside of brackets.
_UNLIKE = re.compile(
    r"(?P<same>\\N\{[^}]*\}|\\.|\{(?:[0-9]+|[0-9]*,[0-9]*)\})"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<brace>\{)",
    re.DOTALL,
)
_IN_SET = re.compile(r"\\.|\[", re.DOTALL)
# Letters and white space in ``re``: without marks, but with digits like ``²`` and separators.
_LETTER, _BLANK = r"\p{L}\p{N}_", r"\s\x1c-\x1f"
_CLASSES = {
    r"\w": f"[{_LETTER}]",
    r"\W": f"[^{_LETTER}]",
    r"\s": f"[{_BLANK}]",
    r"\S": f"[^{_BLANK}]",
}
_CLASSES_IN_SET = {r"\w": _LETTER, r"\s": _BLANK, "[": r"\["}
_PART = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<least>[0-9]{1,9})(?:,[0-9]*)?\}|.", re.DOTALL
)


def _escaped(match: "re.Match[str]") -> str:
    """A part of a pattern in a form that ``re`` and ``regex`` read alike."""
    if match["set"]:
        inner = _IN_SET.sub(lambda part: _CLASSES_IN_SET.get(part[0], part[0]), match["set"][1:])
        return f"[{inner}"
    return r"\{" if match["brace"] else _CLASSES.get(match[0], match[0])


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> "regex.Pattern[str]":
    r"""The pattern with the meaning of ``re``; with that of ``regex`` where ``re`` rejects it.

    Raises:
        re.error: if both reject it.
        SlowPatternError: if it is too long when its repetitions are expanded.

    >>> compiled("[[:x]{e}a{2}").pattern, compiled(r"[^\w-]").pattern
    ('[\\[:x]\\{e}a{2}', '[^\\p{L}\\p{N}_-]')
    """
    import regex  # most schemas have no patterns

    if expanded_length(pattern) > LONGEST:
        raise SlowPatternError(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about syntax that later versions of Python may change
            re.compile(pattern)
    except re.error as error:
        try:
            return compiled_as_is(pattern)  # \p{L} is valid in JSON Schema
        except regex.error:
            raise error from None
    return compiled_as_is(_UNLIKE.sub(_escaped, pattern))


def compiled_as_is(pattern: str) -> "regex.Pattern[str]":
    """The pattern with the meaning of ``regex``, without its cache; callers should cache it.

    The cache of ``regex`` has a lock, and a process that is forked while it is held would hang.

    Raises:
        regex.error: if ``regex`` rejects it.
    """
    import regex

    return regex.compile(pattern, regex.V0, cache_pattern=False)


def expanded_length(pattern: str) -> int:
    """The approximate length of a pattern when ``a{3}`` is written as ``aaa``.

    >>> expanded_length("(ab{3}){10,}c")
    41
    """
    totals, last = [0], 0
    for part in _PART.finditer(pattern):
        if part[0] == "(":
            totals.append(0)
        elif part[0] == ")" and len(totals) > 1:
            last = totals.pop()
            totals[-1] += last
        elif part["least"]:
            totals[-1] += last * (int(part["least"]) - 1)
            last *= int(part["least"])
        else:
            last = 1
            totals[-1] += 1
    return sum(totals)
