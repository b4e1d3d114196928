r"""Other values: can this beginning still become an allowed value other than the one written?

In:    the value that was written, what is declared at its place, and a beginning of its JSON text.
Out:   yes or no.
Never: "no" where the schema still allows another value.
Why:   behind ``"AB-12`` of a pattern for two digits only the closing quote can follow: such a step
       decides nothing, and bounds that count it as undecided are too wide.

A string is followed character by character. If the schema names characters beyond ASCII, or long
lists of members, the answer is always yes. A number without an exponent so far is assumed to have
none, as in ``prefix``; steps finer than 1e-12 are ignored.
"""

import string
from collections.abc import Callable
from typing import Any

from fieldconf.parsing.grammar import NUMBER, NUMBER_MAY_END, decode, decode_begun
from fieldconf.parsing.json_writing import unescaped_text
from fieldconf.parsing.kinds import kind_of, same
from fieldconf.parsing.prefix import may_become
from fieldconf.schema import Declared
from fieldconf.threads import cached_property

_CHARACTERS = string.printable + "\x00\xe9\u4e2d"  # beyond ASCII: a letter, an ideograph
_MOST_ZEROS = 12  # zeros at a fraction's end that are followed
_LONGEST_NUMBER = 64  # bytes; for a longer one the answer is yes

MayDiffer = Callable[[bytes], bool]


def others(value: Any, declared: Declared) -> MayDiffer:
    """A test of beginnings of ``value``: whether another value is still possible behind them.

    >>> from fieldconf.schema import compile_schema
    >>> code = compile_schema({"type": "string", "pattern": "^[A-Z]{2}$"}).root.declared
    >>> may_differ = others("AB", code)
    >>> may_differ(b'"A'), may_differ(b'"AB')
    (True, False)
    """
    kind = kind_of(value)
    if kind not in ("string", "number"):
        return lambda _: False  # another literal has another first byte
    if not declared.restricts or kind not in declared.kinds:
        return lambda _: True
    return _StringTest(value, declared) if kind == "string" else _NumberTest(value, declared)


class _StringTest:
    """The test for a string."""

    def __init__(self, value: str, declared: Declared) -> None:
        self._value, self._declared = value, declared

    def __call__(self, text: bytes) -> bool:
        return len(decode_begun(text)[0]) < self._length

    @cached_property
    def _length(self) -> int:
        """The number of characters behind which no other string is allowed."""
        value, length = self._value, len(self._value)
        if any(rule.is_beyond_ascii for rules in self._declared.rules for rule in rules):
            return length + 1
        longest = max(min(r.longest for r in rules) for rules in self._declared.rules)
        if length < longest and self._goes_on(value, ""):
            return length + 1
        for at in range(length - 1, -1, -1):
            before = value[:at]
            may_end = self._declared.allows(unescaped_text(before), done=True)
            if may_end or self._goes_on(before, value[at]):
                return at + 1
        return 0

    def _goes_on(self, before: str, following: str) -> bool:
        """Whether another character than the following one is allowed there."""
        allows = self._declared.allows
        return any(
            character != following and allows(unescaped_text(before + character)[:-1], done=False)
            for character in _CHARACTERS
        )


class _NumberTest:
    """The test for a number."""

    def __init__(self, value: Any, declared: Declared) -> None:
        self._value, self._allows = value, declared.allows
        self._known: dict[bytes, bool] = {}
        rules = [rule for rules in declared.rules for rule in rules]
        numbers = [rule for rule in rules if "number" in rule.kinds]
        self._may_grow = all(rule.is_any_integer for rule in rules)
        self._are_whole = all(rule.is_whole for rule in numbers)

    def __call__(self, text: bytes) -> bool:
        if self._may_grow and text[:1] not in b"0-" and b"e" not in text.lower():
            if b"." not in text:
                return True
            if self._are_whole:
                return False  # behind a point only zeros can follow
        if text not in self._known:
            self._known[text] = self._may_differ(text)
        return self._known[text]

    def _may_differ(self, text: bytes) -> bool:
        if len(text) > _LONGEST_NUMBER or b"e" in text.lower():
            return True
        todo = [text]
        while todo:
            text = todo.pop()
            is_whole = _state(text) in NUMBER_MAY_END
            if is_whole and not same(decode(text), self._value) and self._allows(text, done=True):
                return True
            for byte in b"0123456789.":
                longer = text + bytes((byte,))
                if _state(longer) is None or not self._allows(longer, done=False):
                    continue
                if not may_become(longer, self._value):
                    return True
                fraction = longer.partition(b".")[2]
                if len(fraction) - len(fraction.rstrip(b"0")) <= _MOST_ZEROS:
                    todo.append(longer)
        return False


def _state(text: bytes) -> str | None:
    """The state of the number grammar behind a text; None if it begins no number."""
    state: str | None = "start"
    for byte in text:
        state = NUMBER[state].get(byte) if state else None
    return state
