"""Patterns: regular expressions of schemas, as ``re`` means them, matched by ``regex``.

In:    a pattern as a schema spells it.
Out:   a compiled one that can give up (``timeout=``) and match beginnings (``partial=``).
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
"""Characters of a pattern with its repetitions written out, as ``regex`` does; more is too slow."""


PATIENCE, REFILL = 0.05, 0.0002
"""Seconds that a pattern may take beyond so many a match."""


class Patience:
    """How much longer one pattern may take, over all of its matches.

    Each match adds a little, up to the most that there was in the beginning; so a pattern of which
    one match takes too long, or many matches take long, costs a bounded time a match, and is asked
    as before when its texts are harmless again.
    """

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = PATIENCE

    def search(
        self, pattern: "regex.Pattern[str]", text: str, *, partial: bool = False
    ) -> bool | None:
        """Whether it matches (``partial``: or may with more text); None: it takes too long."""
        self.seconds = min(self.seconds + REFILL, PATIENCE)
        # Of this thread alone: what else the machine does is not the pattern's fault.
        start = time.thread_time()
        try:
            return bool(pattern.search(text, partial=partial, timeout=self.seconds))
        except TimeoutError:
            return None
        finally:
            self.seconds = max(self.seconds - (time.thread_time() - start), 0.0)


class SlowPatternError(Exception):
    """A pattern takes longer than patterns may."""

    def __init__(self, pattern: str) -> None:
        super().__init__(f"the pattern {pattern!r} takes too long to match")


# Where ``regex`` reads a pattern otherwise than ``re``: a brace that repeats nothing ("{e}" would
# be a fuzzy match), and a bracket inside of brackets.
_UNLIKE = re.compile(
    r"(?P<same>\\N\{[^}]*\}|\\.|\{(?:[0-9]+|[0-9]*,[0-9]*)\})"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<brace>\{)",
    re.DOTALL,
)
_IN_SET = re.compile(r"\\.|\[", re.DOTALL)
# Letters and white space as ``re`` counts them: no marks, but digits like ``²``, and separators.
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


def _respelled(pattern: str) -> str:
    r"""A pattern that means the same to ``re`` and to ``regex``.

    >>> _respelled("[[:x]{e}a{2}"), _respelled(r"[^\w-]")
    ('[\\[:x]\\{e}a{2}', '[^\\p{L}\\p{N}_-]')
    """
    return _UNLIKE.sub(_escaped, pattern)


def _escaped(word: "re.Match[str]") -> str:
    if word["set"]:
        inner = _IN_SET.sub(lambda one: _CLASSES_IN_SET.get(one[0], one[0]), word["set"][1:])
        return f"[{inner}"
    return r"\{" if word["brace"] else _CLASSES.get(word[0], word[0])


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> "regex.Pattern[str]":
    """The pattern as ``re`` reads it; as ``regex`` does where ``re`` refuses.

    Raises:
        re.error: if both refuse.
        SlowPatternError: if it is long when its repetitions are written out, as ``regex`` does.
    """
    import regex  # most schemas have no patterns

    if written_out(pattern) > LONGEST:
        raise SlowPatternError(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what may mean something else in a later Python
            re.compile(pattern)
    except re.error as error:
        try:
            return compiled_as_is(pattern)  # \p{L} is good JSON Schema
        except regex.error:
            raise error from None
    return compiled_as_is(_respelled(pattern))


def compiled_as_is(pattern: str) -> "regex.Pattern[str]":
    """The pattern as ``regex`` reads it; whoever asks for it again and again keeps it.

    ``regex`` has a cache with a lock, in which a process that was forked meanwhile would hang.

    Raises:
        regex.error: if it refuses.
    """
    import regex

    return regex.compile(pattern, regex.V0, cache_pattern=False)


def written_out(pattern: str) -> int:
    """About how long a pattern is when ``a{3}`` is written ``aaa``.

    >>> written_out("(ab{3}){10,}c")
    41
    """
    totals, last = [0], 0
    for word in _PART.finditer(pattern):
        if word[0] == "(":
            totals.append(0)
        elif word[0] == ")" and len(totals) > 1:
            last = totals.pop()
            totals[-1] += last
        elif word["least"]:
            totals[-1] += last * (int(word["least"]) - 1)
            last *= int(word["least"])
        else:
            last = 1
            totals[-1] += 1
    return sum(totals)
