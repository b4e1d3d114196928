r"""Constraints: can this prefix of a scalar's JSON text still become a value the schema allows?

In:    the keywords of one JSON Schema whose references and unions are resolved; the prefix of a
       scalar's JSON text, and whether the scalar has closed. Of an object or an array only the
       opening byte is read.
Out:   a ``ScalarRule``, which answers yes or no.
Never: "no" to a prefix of an allowed value. What cannot be decided counts as allowed: unknown
       formats and keywords, and patterns that dialects read differently. The keywords of a string
       are checked one by one, not in combination.
Why:   candidates whose text no allowed value begins with are no alternatives to the written value.

Numbers are exact (fractions, a float by its shortest spelling). As in ``prefix``, a number without
an exponent so far counts as one that is written without an exponent; while an exponent is being
written only the sign is checked.

Patterns are searched for, as JSON Schema defines it, with the ``regex`` package, whose partial
matches tell whether more text could match. A pattern with lookarounds, word boundaries or back
references is checked at the string's end only: a partial match would treat the end of the prefix
as the end of the string. Dialects disagree on which letters beyond ASCII match ``\w``, ``\d`` and
``\s``: for patterns with these, text with such letters is not checked.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from fieldconf.parsing.grammar import decode, decode_begun, kind_begun
from fieldconf.parsing.prefix import may_become
from fieldconf.schema.regexes import (
    LONGEST,
    Patience,
    compiled_as_is,
    expanded_length,
)

if TYPE_CHECKING:
    import regex

LONGEST_NUMBER = 500
"""A number with more bytes is not compared with its bounds and counts as allowed."""

_MANY_MEMBERS = 50  # from this number on, members that are strings are found by binary search
_LAST = "\U0010ffff"  # sorts after every other character
_LARGEST_EXPONENT = 5000  # beyond every bound that a schema can have: larger ones compare the same


# -- strings: pattern and format ------------------------------------------------------------------


@dataclass(eq=False)
class _StringForm:
    """A pattern for strings; whether it can check prefixes, and text beyond ASCII."""

    pattern: "regex.Pattern[str]"
    is_partial: bool = True
    is_unicode: bool = True
    patience: Patience = field(default_factory=Patience)

    def allows(self, text: str, *, done: bool) -> bool:
        if not (done or self.is_partial) or not (self.is_unicode or text.isascii()):
            return True
        return self.patience.search(self.pattern, text, partial=not done) is not False


# Two digits each: months, days of a month, years with 366 days.
_LEAP = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DATE = (
    r"(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP}-02-29)"
)
_CLOCK = (
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:\.[0-9]+)?)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?"
)
_AMOUNT = r"[0-9]+(?:[.,][0-9]+)?"
_DAYS, _HOURS = rf"(?:{_AMOUNT}[YMWD])+", rf"T(?:{_AMOUNT}[HMS])+"
_SPAN = rf"[+-]?P(?:{_DAYS}(?:{_HOURS})?|{_HOURS})"
_STOPWATCH = r"[+-]?(?:[0-9]+ days?,? )?[0-9]{1,2}:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
_HEX = "[0-9A-Fa-f]"
_UUID = rf"(?:urn:uuid:)?{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}|{_HEX}{{32}}"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
# Wider than the standards where pydantic is: seconds, offsets and times are optional.
_FORMATS = {
    "date": _DATE,
    "date-time": rf"{_DATE}(?:[Tt _]{_CLOCK})?",
    "time": _CLOCK,
    "duration": rf"{_SPAN}|{_STOPWATCH}",
    "email": r'(?:[^@\s]+|"(?:[^"\\]|\\.)*")@[^@\s]+',
    "uuid": _UUID,
    **{f"uuid{version}": _UUID for version in (1, 3, 4, 5, 6, 7, 8)},  # pydantic's names
    "ipv4": _IPV4,
    "ipv6": rf"(?:{_HEX}{{0,4}}:){{2,8}}(?:{_HEX}{{0,4}}|{_IPV4})(?:%.+)?",
    "hostname": rf"(?:{_LABEL}\.)*{_LABEL}\.?",
}  # fmt: skip

_LENGTHS: Mapping[Any, int] = {"date": 10}  # the greatest length of a format

# The elements of patterns that mean the same in the dialects of ECMAScript, Python and Rust.
_ESCAPE = r"\\(?:[dDwWsSnrtfv0]|[^\w\s]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[pP]\{\w+\})"
_ELEMENT = re.compile(
    rf"(?P<end>\$)|(?P<times>[*+?]|\{{[0-9]+(?:,[0-9]*)?\}})\??(?!\+)"
    rf"|[^\\\[\](){{}}?*+$]|{_ESCAPE}|\[\^?(?:{_ESCAPE}|[^\\\[\]])+\]|\((?:\?:|\?P?<\w+>)?(?!\?)|\)"
    r"|(?P<looks>\(\?<?[=!]|\\[bB]|\\[1-9]|\\k<\w+>)"
)
_ASCII_ONLY = re.compile(r"\\[dDwWsSbB]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]|\\[xupP]")


@lru_cache(maxsize=256)
def _form_of_format(name: str) -> _StringForm | None:
    pattern = _FORMATS.get(name)
    return None if pattern is None else _StringForm(compiled_as_is(rf"^(?:{pattern})\Z"))


@lru_cache(maxsize=256)
def _form_of_pattern(pattern: str) -> _StringForm | None:
    """A pattern compiled by ``regex``; None if it has elements on which dialects disagree."""
    import regex  # most schemas have no patterns

    if expanded_length(pattern) > LONGEST:
        return None
    elements: list[str] = []
    position, is_partial, is_unicode = 0, True, True
    while position < len(pattern):
        element = _ELEMENT.match(pattern, position)
        if element is None:
            return None
        # Lazy or greedy makes no difference to whether a text matches.
        elements.append(r"\Z" if element["end"] else element["times"] or element[0])
        is_partial = is_partial and not element["looks"]
        is_unicode = is_unicode and not _ASCII_ONLY.search(element[0])
        position = element.end()
    try:
        return _StringForm(compiled_as_is("".join(elements)), is_partial, is_unicode)
    except (regex.error, RecursionError, OverflowError):
        return None


class _StringRule(NamedTuple):
    """The rule for a string: its length in code points, and its patterns."""

    shortest: int
    longest: int | None
    forms: tuple[_StringForm, ...]

    def allows(self, text: bytes, *, done: bool) -> bool:
        written, cut = (decode(text), b"") if done else decode_begun(text)
        size = len(written)
        if self.longest is not None and size + bool(cut) > self.longest:
            return False
        is_whole = done or size == self.longest  # then only the closing quote can follow
        if is_whole and size < self.shortest:
            return False
        return all(form.allows(written, done=is_whole) for form in self.forms)


def _string_rule(words: Mapping[str, Any]) -> _StringRule | None:
    shortest, longest = size_of(words.get("minLength")) or 0, size_of(words.get("maxLength"))
    pattern, format_name = words.get("pattern"), words.get("format")
    forms = (
        _form_of_pattern(pattern) if isinstance(pattern, str) else None,
        _form_of_format(format_name) if isinstance(format_name, str) else None,
    )
    if format_name in _LENGTHS:
        limit = _LENGTHS[format_name]
        longest = limit if longest is None else min(longest, limit)
    rule = _StringRule(shortest, longest, tuple(form for form in forms if form is not None))
    return rule if rule != _StringRule(0, None, ()) else None


def size_of(value: Any) -> int | None:
    """The value of a keyword for a length or a count; None if it is no number.

    >>> size_of(3), size_of(3.0), size_of(None)
    (3, 3, None)
    """
    number = exact(value)
    return None if number is None else math.floor(number)


# -- numbers: bounds and steps --------------------------------------------------------------------

_NUMBER = re.compile(rb"(-?)([0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]*)?")
# A lower bound is (value, whether it is excluded), an upper bound (value, whether it is included),
# so the tighter of two lower bounds is their max, and of two upper bounds their min.
_Bound = tuple[Fraction, bool]


class _NumberRule(NamedTuple):
    """The rule for a number: bounds, and a step of which it must be a multiple."""

    low: _Bound | None
    high: _Bound | None
    step: Fraction | None

    def allows(self, text: bytes, *, done: bool) -> bool:
        if len(text) > LONGEST_NUMBER or (self is _INTEGER and text.isdigit()):
            return True
        minus, whole, fraction, exponent = _NUMBER.match(text).groups(b"")  # pyright: ignore[reportOptionalMemberAccess]  # matches always
        rule = self
        if minus:  # the rule for the number without its sign
            low = None if self.high is None else (-self.high[0], not self.high[1])
            high = None if self.low is None else (-self.low[0], not self.low[1])
            rule = _NumberRule(low, high, self.step)
        mantissa, digits = int(whole + fraction[1:] or b"0"), len(fraction[1:])
        if done:
            power = max(-_LARGEST_EXPONENT, min(int(exponent[1:] or b"0"), _LARGEST_EXPONENT))
            value = Fraction(mantissa, 10**digits) * Fraction(10) ** power
            return rule.allows_between(value, (value, True))
        if not whole or (exponent and mantissa):
            return rule.allows_between(Fraction(0), None)
        if exponent:
            return rule.allows_between(Fraction(0), (Fraction(0), True))
        if fraction or whole == b"0":  # more digits add less than one unit of the last digit
            above = Fraction(mantissa + 1, 10**digits)
            return rule.allows_between(Fraction(mantissa, 10**digits), (above, False))
        return rule.allows_longer(mantissa)

    def allows_longer(self, whole: int) -> bool:
        """Whether a number that begins with these digits is allowed, however many follow."""
        if self.high is None:
            return True
        first, stop = whole, whole + 1
        while first <= self.high[0]:
            if self.allows_between(Fraction(first), (Fraction(stop), False)):
                return True
            first, stop = first * 10, stop * 10
        return False

    def allows_between(self, first: Fraction, last: _Bound | None) -> bool:
        """Whether any number from ``first`` to ``last`` is allowed."""
        low, is_above = max((first, False), self.low) if self.low else (first, False)
        ends = [end for end in (last, self.high) if end is not None]
        if not ends:
            return True
        high, is_included = min(ends)
        if self.step is None:
            return low < high or (low == high and is_included and not is_above)
        least, most = math.ceil(low / self.step), math.floor(high / self.step)
        least += is_above and least * self.step == low
        most -= not is_included and most * self.step == high
        return least <= most


_INTEGER = _NumberRule(None, None, Fraction(1))


def _number_rule(words: Mapping[str, Any]) -> _NumberRule | None:
    lows = [(words.get("minimum"), False), (words.get("exclusiveMinimum"), True)]
    highs = [(words.get("maximum"), True), (words.get("exclusiveMaximum"), False)]
    rule = _NumberRule(
        max(_bounds(lows), default=None), min(_bounds(highs), default=None), step_of(words)
    )
    if rule == _INTEGER:
        return _INTEGER
    return rule if any(part is not None for part in rule) else None


def _bounds(keywords: list[tuple[Any, bool]]) -> list[_Bound]:
    bounds = ((exact(value), flag) for value, flag in keywords)
    return [(value, flag) for value, flag in bounds if value is not None]


def step_of(words: Mapping[str, Any]) -> Fraction | None:
    """The step of which a number must be a multiple; a whole step where it must be an integer."""
    step = exact(words.get("multipleOf"))
    kind = words.get("type")
    names: list[str] = [kind] if isinstance(kind, str) else list(kind or ())
    if "integer" not in names or "number" in names:
        return step or None
    return Fraction(step.numerator if step else 1)  # the least common multiple of it and 1


def exact(value: Any) -> Fraction | None:
    """A number as a fraction, a float by its shortest spelling; None for all other values."""
    if isinstance(value, float):
        return Fraction(repr(value)) if math.isfinite(value) else None
    return Fraction(value) if isinstance(value, int) and not isinstance(value, bool) else None


# -- rules ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScalarRule:
    """The rule of one schema for scalars. Built by ``rule_of``."""

    kinds: frozenset[str]
    members: tuple[Any, ...] | None = None
    strings: _StringRule | None = None
    numbers: _NumberRule | None = None
    never: tuple[Any, ...] = ()  # scalars that are not allowed
    labels: tuple[str, ...] = ()  # the strings among many members, sorted

    @property
    def restricts(self) -> bool:
        """Whether it restricts more than the kind."""
        return bool(self.strings or self.numbers or self.never) or self.members is not None

    @property
    def longest(self) -> float:
        """The greatest length of a string, in characters."""
        longest = self.strings.longest if self.strings else None
        return math.inf if longest is None else longest

    @property
    def is_whole(self) -> bool:
        """Whether numbers must be integers, and nothing else is required of them."""
        return self.numbers is _INTEGER

    @property
    def is_any_integer(self) -> bool:
        """Whether every integer is allowed."""
        is_other = self.members is not None or bool(self.never)
        return not is_other and (self.numbers is None or self.is_whole)

    @property
    def is_beyond_ascii(self) -> bool:
        """Whether allowed strings may differ only in characters beyond ASCII."""
        forms = self.strings.forms if self.strings else ()
        patterns = (form.pattern.pattern for form in forms)
        return self.members is not None or any(map(_BEYOND_ASCII.search, patterns))

    def allows(self, text: bytes, *, done: bool) -> bool:
        """Whether ``text`` can still become an allowed value; if ``done``, whether it is one."""
        kind = kind_begun(text)
        if not kind:
            return True
        if kind not in self.kinds:
            return False
        if kind == "string" and self.strings and not self.strings.allows(text, done=done):
            return False
        if kind == "number" and self.numbers and not self.numbers.allows(text, done=done):
            return False
        if self.members is not None and not self._may_become_member(text, kind, done=done):
            return False
        return not (done and any(_may_become(text, m, done=True) for m in self.never))

    def _may_become_member(self, text: bytes, kind: str, *, done: bool) -> bool:
        members: Sequence[Any] = self.members or ()
        if self.labels and kind == "string":
            written, cut = (decode(text), b"") if done else decode_begun(text)
            first = bisect_left(self.labels, written)
            if done or not cut:
                following = self.labels[first : first + 1]
                return any(m == written if done else m.startswith(written) for m in following)
            members = self.labels[first : bisect_right(self.labels, written + _LAST)]
        return any(_may_become(text, member, done=done) for member in members)


def rule_of(
    words: Mapping[str, Any], kinds: frozenset[str], *, never: tuple[Any, ...] = ()
) -> ScalarRule:
    """The rule of the keywords of one JSON Schema without references and unions.

    ``kinds`` are the allowed JSON kinds, ``never`` the forbidden values.

    >>> rule = rule_of({"type": "integer", "minimum": 10, "maximum": 50}, frozenset({"number"}))
    >>> [rule.allows(text, done=False) for text in (b"4", b"7", b"12", b"123")]
    [True, False, True, False]
    """
    values: Any = [words["const"]] if "const" in words else words.get("enum")
    members = tuple(cast("list[Any]", values)) if isinstance(values, list) else None
    scalars = tuple(value for value in never if not isinstance(value, (dict, list)))
    labels: tuple[str, ...] = ()
    if members is not None and len(members) >= _MANY_MEMBERS:
        labels = tuple(sorted(member for member in members if isinstance(member, str)))
    return ScalarRule(kinds, members, _string_rule(words), _number_rule(words), scalars, labels)


def _may_become(text: bytes, member: Any, *, done: bool) -> bool:
    if isinstance(member, (dict, list)):
        return text[:1] == (b"{" if isinstance(member, dict) else b"[")
    if done and kind_begun(text) == "number":
        is_number = isinstance(member, (int, float)) and not isinstance(member, bool)
        return is_number and decode(text) == member
    return may_become(text, member)
