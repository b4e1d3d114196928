r"""Feasible: can this beginning of a scalar's JSON text still become a value the schema allows?

In:    one JSON Schema whose references and unions are undone; the JSON text of a scalar as the
       parser read it, as far as it is written, and whether it closed. Of an object or an array
       only the opening byte is looked at.
Out:   a ``ScalarRule``, and its yes or no.
Never: "no" to the beginning of an allowed value. What cannot be judged counts as allowed: unknown
       formats and keywords, patterns that dialects read differently; the keywords of one string
       are judged one by one.
Why:   mass on text that no allowed value begins with is no rival of the value that was written.

Numbers are exact (fractions, a float by its shortest spelling). As in ``prefix``, a number without
an exponent so far is held to be written without one; while an exponent is being written only the
sign counts.

Patterns are searched for, as JSON Schema has it, by the ``regex`` package, whose partial matches
say whether more text could match. A pattern with lookarounds, word boundaries or back references
is judged at the string's end only: a partial match would take the end of the text for it. Which
letters beyond ASCII ``\w``, ``\d`` and ``\s`` mean, dialects differ on: with these, text with such
letters is not judged.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from fieldconf.parsing.grammar import STRING_BODY, decode, kind_begun
from fieldconf.parsing.prefix import may_become
from fieldconf.schema.regexes import (
    LONGEST,
    Patience,
    compiled_as_is,
    written_out,
)

if TYPE_CHECKING:
    import regex

LONGEST_NUMBER = 500
"""A number of more bytes is not compared with its bounds: it may stand."""

_MANY = 50  # members from which on strings are searched in order
_LAST = "\U0010ffff"  # sorts behind every character
_LARGEST_EXPONENT = 5000  # beyond every bound that a schema can spell; larger ones compare the same


# -- strings: pattern and format ------------------------------------------------------------------


@dataclass(eq=False)
class _Form:
    """How a string must look; whether beginnings, and text beyond ASCII, can be judged."""

    pattern: "regex.Pattern[str]"
    is_partial: bool = True
    is_unicode: bool = True
    patience: Patience = field(default_factory=Patience)

    @property
    def is_beyond_ascii(self) -> bool:
        """Whether it may ask for characters that ASCII does not have."""
        return _BEYOND_ASCII.search(self.pattern.pattern) is not None

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
# A little wider than the standards where pydantic is: seconds, offsets and times may be left out.
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

_LENGTHS: Mapping[Any, int] = {"date": 10}  # beyond that nothing can follow

# What a pattern may be made of to mean the same in every dialect: ECMA's, Python's, Rust's.
_ESCAPE = r"\\(?:[dDwWsSnrtfv0]|[^\w\s]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[pP]\{\w+\})"
_WORD = re.compile(
    rf"(?P<end>\$)|(?P<times>[*+?]|\{{[0-9]+(?:,[0-9]*)?\}})\??(?!\+)"
    rf"|[^\\\[\](){{}}?*+$]|{_ESCAPE}|\[\^?(?:{_ESCAPE}|[^\\\[\]])+\]|\((?:\?:|\?P?<\w+>)?(?!\?)|\)"
    r"|(?P<looks>\(\?<?[=!]|\\[bB]|\\[1-9]|\\k<\w+>)"
)
_ASCII_ONLY = re.compile(r"\\[dDwWsSbB]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]|\\[xupP]")


@lru_cache(maxsize=256)
def _form_of_format(name: str) -> _Form | None:
    known = _FORMATS.get(name)
    return None if known is None else _Form(compiled_as_is(rf"^(?:{known})\Z"))


@lru_cache(maxsize=256)
def _form_of_pattern(pattern: str) -> _Form | None:
    """A pattern as ``regex`` spells it; None if it cannot be judged."""
    import regex  # most schemas have no patterns

    if written_out(pattern) > LONGEST:
        return None
    words: list[str] = []
    position, is_partial, is_unicode = 0, True, True
    while position < len(pattern):
        word = _WORD.match(pattern, position)
        if word is None:
            return None
        # Lazy or greedy makes no difference to whether a text matches.
        words.append(r"\Z" if word["end"] else word["times"] or word[0])
        is_partial = is_partial and not word["looks"]
        is_unicode = is_unicode and not _ASCII_ONLY.search(word[0])
        position = word.end()
    try:
        return _Form(compiled_as_is("".join(words)), is_partial, is_unicode)
    except (regex.error, RecursionError, OverflowError):
        return None


class _StringRule(NamedTuple):
    """What a schema asks of a string: its length in code points, how it looks."""

    shortest: int
    longest: int | None
    forms: tuple[_Form, ...]

    def allows(self, text: bytes, *, done: bool) -> bool:
        written, goes_on = (decode(text), False) if done else _characters(text)
        size = len(written)
        if self.longest is not None and size + goes_on > self.longest:
            return False
        is_whole = done or size == self.longest  # then only the closing quote can follow
        if is_whole and size < self.shortest:
            return False
        return all(form.allows(written, done=is_whole) for form in self.forms)


def _characters(text: bytes) -> tuple[str, bool]:
    """The whole characters of a string that is not closed; whether one more has begun."""
    stop = STRING_BODY.match(text, 1).end()  # pyright: ignore[reportOptionalMemberAccess]  # "*" matches always
    written = decode(text[:stop] + b'"')
    if "\ud800" <= written[-1:] <= "\udbff":  # the first half of a pair, written as an escape
        return written[:-1], True
    return written, stop < len(text)


def _strings(node: Mapping[str, Any]) -> _StringRule | None:
    shortest, longest = size_of(node.get("minLength")) or 0, size_of(node.get("maxLength"))
    pattern, form = node.get("pattern"), node.get("format")
    forms = (
        _form_of_pattern(pattern) if isinstance(pattern, str) else None,
        _form_of_format(form) if isinstance(form, str) else None,
    )
    if form in _LENGTHS:
        longest = _LENGTHS[form] if longest is None else min(longest, _LENGTHS[form])
    found = _StringRule(shortest, longest, tuple(form for form in forms if form is not None))
    return found if found != _StringRule(0, None, ()) else None


def size_of(value: Any) -> int | None:
    """A length or a count that a schema gives; None if it gives none.

    >>> size_of(3), size_of(3.0), size_of(None)
    (3, 3, None)
    """
    number = exact(value)
    return None if number is None else math.floor(number)


# -- numbers: bounds and steps --------------------------------------------------------------------

_NUMBER = re.compile(rb"(-?)([0-9]*)(\.[0-9]*)?([eE][+-]?[0-9]*)?")
# A lower bound is (value, whether it is excluded), an upper one (value, whether it is included):
# so the tighter of two lower ones is their max, of two upper ones their min.
_Bound = tuple[Fraction, bool]


class _NumberRule(NamedTuple):
    """What a schema asks of a number: bounds, and a step of which it must be a multiple."""

    low: _Bound | None
    high: _Bound | None
    step: Fraction | None

    def allows(self, text: bytes, *, done: bool) -> bool:
        if len(text) > LONGEST_NUMBER or (self is _INTEGER and text.isdigit()):
            return True
        minus, whole, fraction, exponent = _NUMBER.match(text).groups(b"")  # pyright: ignore[reportOptionalMemberAccess]  # matches always
        size = self._mirrored() if minus else self  # from here on without the sign
        mantissa, unit = int(whole + fraction[1:] or b"0"), len(fraction[1:])
        if done:
            value = Fraction(mantissa, 10**unit) * _power(exponent)
            return size.holds(value, (value, True))
        if not whole or (exponent and mantissa):
            return size.holds(Fraction(0), None)
        if exponent:
            return size.holds(Fraction(0), (Fraction(0), True))
        if fraction or whole == b"0":  # more digits make it larger by less than one unit
            above = Fraction(mantissa + 1, 10**unit)
            return size.holds(Fraction(mantissa, 10**unit), (above, False))
        return size.holds_longer(mantissa)

    def _mirrored(self) -> "_NumberRule":
        """The same for numbers of the other sign."""
        low = None if self.high is None else (-self.high[0], not self.high[1])
        high = None if self.low is None else (-self.low[0], not self.low[1])
        return _NumberRule(low, high, self.step)

    def holds_longer(self, whole: int) -> bool:
        """Whether a number that begins with these digits is held, however many follow."""
        if self.high is None:
            return True
        first, stop = whole, whole + 1
        while first <= self.high[0]:
            if self.holds(Fraction(first), (Fraction(stop), False)):
                return True
            first, stop = first * 10, stop * 10
        return False

    def holds(self, first: Fraction, last: _Bound | None) -> bool:
        """Whether any number from ``first`` to ``last`` is held."""
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


def _power(exponent: bytes) -> Fraction:
    shift = int(exponent[1:] or b"0")
    return Fraction(10) ** max(-_LARGEST_EXPONENT, min(shift, _LARGEST_EXPONENT))


def _numbers(node: Mapping[str, Any]) -> _NumberRule | None:
    lows = [(node.get("minimum"), False), (node.get("exclusiveMinimum"), True)]
    highs = [(node.get("maximum"), True), (node.get("exclusiveMaximum"), False)]
    found = _NumberRule(
        max(_bounds(lows), default=None), min(_bounds(highs), default=None), step_of(node)
    )
    if found == _INTEGER:
        return _INTEGER
    return found if any(part is not None for part in found) else None


def _bounds(given: list[tuple[Any, bool]]) -> list[_Bound]:
    found = ((exact(value), flag) for value, flag in given)
    return [(value, flag) for value, flag in found if value is not None]


def step_of(node: Mapping[str, Any]) -> Fraction | None:
    """The step of which a number must be a multiple: a whole one where it must be an integer."""
    step = exact(node.get("multipleOf"))
    kind = node.get("type")
    names: list[str] = [kind] if isinstance(kind, str) else list(kind or ())
    if "integer" not in names or "number" in names:
        return step or None
    return Fraction(step.numerator if step else 1)  # the least common multiple of it and 1


def exact(value: Any) -> Fraction | None:
    """A number of a schema as a fraction, a float by its shortest spelling; None for others."""
    if isinstance(value, float):
        return Fraction(repr(value)) if math.isfinite(value) else None
    return Fraction(value) if isinstance(value, int) and not isinstance(value, bool) else None


# -- rules ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScalarRule:
    """What one schema asks of a scalar. Made by ``rule_of``."""

    kinds: frozenset[str]
    members: tuple[Any, ...] | None = None
    strings: _StringRule | None = None
    numbers: _NumberRule | None = None
    never: tuple[Any, ...] = ()  # scalars that are not allowed
    labels: tuple[str, ...] = ()  # the strings among many members, sorted

    @property
    def asks(self) -> bool:
        """Whether it asks for more than a kind."""
        return bool(self.strings or self.numbers or self.never) or self.members is not None

    @property
    def longest(self) -> float:
        """The most characters of a string."""
        longest = self.strings.longest if self.strings else None
        return math.inf if longest is None else longest

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are integers, of any size."""
        return self.numbers is _INTEGER

    @property
    def is_any_integer(self) -> bool:
        """Whether it asks no more of a number than to be whole."""
        is_other = self.members is not None or bool(self.never)
        return not is_other and (self.numbers is None or self.is_whole)

    @property
    def is_beyond_ascii(self) -> bool:
        """Whether the strings that it allows may differ in characters beyond ASCII alone."""
        forms = self.strings.forms if self.strings else ()
        return self.members is not None or any(form.is_beyond_ascii for form in forms)

    def allows(self, text: bytes, *, done: bool) -> bool:
        """Whether ``text`` may still become an allowed value; if ``done``, whether it is one."""
        kind = kind_begun(text)
        if not kind:
            return True
        if kind not in self.kinds:
            return False
        if kind == "string" and self.strings and not self.strings.allows(text, done=done):
            return False
        if kind == "number" and self.numbers and not self.numbers.allows(text, done=done):
            return False
        if self.members is not None and not self._leads_to_a_member(text, kind, done=done):
            return False
        return not (done and any(_leads_to(text, m, done=True) for m in self.never))

    def _leads_to_a_member(self, text: bytes, kind: str, *, done: bool) -> bool:
        members: Sequence[Any] = self.members or ()
        if self.labels and kind == "string":
            written, goes_on = (decode(text), False) if done else _characters(text)
            first = bisect_left(self.labels, written)
            if done or not goes_on:
                found = self.labels[first : first + 1]
                return bool(found) and (
                    found[0] == written if done else found[0].startswith(written)
                )
            members = self.labels[first : bisect_right(self.labels, written + _LAST)]
        return any(_leads_to(text, member, done=done) for member in members)


def rule_of(
    node: Mapping[str, Any], kinds: frozenset[str], *, never: tuple[Any, ...] = ()
) -> ScalarRule:
    """The rule of one JSON Schema without references and unions.

    ``kinds`` are the JSON kinds that its type stands for, ``never`` the scalars it forbids.

    >>> rule = rule_of({"type": "integer", "minimum": 10, "maximum": 50}, frozenset({"number"}))
    >>> [rule.allows(text, done=False) for text in (b"4", b"7", b"12", b"123")]
    [True, False, True, False]
    """
    given: Any = [node["const"]] if "const" in node else node.get("enum")
    members = tuple(cast("list[Any]", given)) if isinstance(given, list) else None
    scalars = tuple(m for m in never if not isinstance(m, (dict, list)))
    return ScalarRule(
        kinds, members, _strings(node), _numbers(node), scalars, _labels(members or ())
    )


def _labels(members: Sequence[Any]) -> tuple[str, ...]:
    if len(members) < _MANY:
        return ()
    return tuple(sorted(member for member in members if isinstance(member, str)))


def _leads_to(text: bytes, member: Any, *, done: bool) -> bool:
    if isinstance(member, (dict, list)):
        return text[:1] == (b"{" if isinstance(member, dict) else b"[")
    if done and kind_begun(text) == "number":
        is_number = isinstance(member, (int, float)) and not isinstance(member, bool)
        return is_number and decode(text) == member
    return may_become(text, member)
