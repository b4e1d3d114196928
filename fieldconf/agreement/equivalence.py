"""Equivalence: when two values mean the same.

In:    decoded JSON values, and what the schema says of their place.
Out:   a key; two values mean the same if, and only if, their keys are equal.
Never: a comparison of two values: keys make sure that "means the same" is an equivalence, as votes
       need; a guess: an ambiguous value is the same only as itself.
Why:   "Anna Berg" and "anna berg." are one vote, and so are 3 and 3.0; 03/04 and 3 April are not.

The rules, by what the schema declares:

* booleans, null and members of an enum (or of any other finite domain): as they are, by kind:
  ``true`` is not 1, nor is ``"1"``;
* numbers by value: 1, 1.0 and 1e0;
* where a number is declared, a string that spells one is that number: ``"1,234.50"`` is 1234.5, but
  ``"1,234"``, which is 1.234 in other countries, is a text;
* strings of a declared form (pattern, format): as they are, except dates and times;
* dates and times in ISO 8601, whatever string is declared, by their meaning:
  ``"2026-03-01T12:00Z"`` is ``"2026-03-01 13:00:00+01:00"``. A date differs from its midnight, and
  a time without an offset differs from a time with one. Other forms of dates are texts;
* all other strings: Unicode's compatibility forms (NFKC) and letter case are folded, typographic
  quotes and dashes become plain ones, white space collapses, and quotes around the whole and
  trailing ``.,;:!`` do not count. Accents count, and so does a question mark;
* lists by their items, in any order; objects by their keys and values.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple, TypeAlias, cast

from fieldconf.parsing.kinds import kind_of
from fieldconf.schema import Declared


class Key(NamedTuple):
    """The meaning of a value, without its spelling. Keys are hashable, small, and sortable.

    Attributes:
        kind: a JSON kind, or "date", "moment" ...
        text: the meaning in a canonical form.
    """

    kind: str
    text: str


Step: TypeAlias = str | int

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt _](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?) ?([Zz]|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_ISO_TIME = re.compile(
    r"(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?) ?([Zz]|[+-]\d{2}:?\d{2})?", re.ASCII
)
_GROUPED = re.compile(r"-?\d{1,3}(?:,\d{3})+(\.\d+)?", re.ASCII)
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER = 300  # characters of a string that is read as a number
_SIGNS = str.maketrans({
    **dict.fromkeys("‘’‚‛`", "'"),  # noqa: RUF001  # these are meant
    **dict.fromkeys("“”„‟«»", '"'),
    **dict.fromkeys("‐‑‒–—−", "-"),  # noqa: RUF001
})  # fmt: skip
_QUOTES = frozenset("'\"‹›")  # noqa: RUF001
_BEHIND = ".,;:!。、 "


def same_value(first: Any, second: Any, declared: Declared | None = None) -> bool:
    """Whether two values mean the same, by the rules at the head of this module.

    It is an equivalence for each ``declared``.

    >>> same_value("  Anna  BERG.", "anna berg"), same_value(True, 1), same_value(1, 1.0)
    (True, False, True)
    >>> same_value("2026-03-01T12:00Z", "2026-03-01 13:00+01:00"), same_value("03/04", "04/03")
    (True, False)
    >>> same_value([1, 2], [2, 1.0])
    True
    """
    return normal(first, declared) == normal(second, declared)


def normal(value: Any, declared: Declared | None = None) -> Key:
    """The key of a value: equal for two values that mean the same.

    Args:
        value: any decoded JSON value, however deep.
        declared: what the schema declares for it (``field.declared``). Values inside a list or an
            object are treated as undeclared.

    >>> normal("Yes."), normal(2.0)
    (Key(kind='string', text='yes'), Key(kind='number', text='0x2'))
    """
    nodes: list[tuple[Any, int, Step]] = [(value, -1, 0)]
    for number, (item, _, _) in enumerate(nodes):  # grows as it goes: answers are nested deep
        if isinstance(item, dict):
            pairs = cast("dict[str, Any]", item).items()
            nodes.extend((inner, number, key) for key, inner in pairs)
        elif isinstance(item, (list, tuple)):
            pairs = enumerate(cast("list[Any]", item))
            nodes.extend((inner, number, index) for index, inner in pairs)
    inside: dict[int, list[tuple[Step, Key]]] = {}
    key = Key("null", "")
    for number in range(len(nodes) - 1, -1, -1):
        item, parent, step = nodes[number]
        kind = kind_of(item)
        if kind in ("object", "array"):
            key = container_key(kind, inside.pop(number, []))
        else:
            key = scalar_key(item, None if number else declared)
        inside.setdefault(parent, []).append((step, key))
    return key


def container_key(kind: str, parts: Iterable[tuple[Step, Key]], *, fixed_positions: int = 0) -> Key:
    """The key of a list or an object, from the keys of its parts.

    It contains a digest: it is as small for a long list as for a short one.

    Args:
        kind: "array" or "object".
        parts: (index or name, key) of each part.
        fixed_positions: so many items at the head of a list count by their position (a tuple's).
    """
    if kind == "object":
        parts_text = sorted(repr((str(step), *key)) for step, key in parts)
    else:
        parts_text = sorted(
            repr((step if isinstance(step, int) and step < fixed_positions else -1, *key))
            for step, key in parts
        )
    digest = hashlib.blake2b("\n".join(parts_text).encode("utf-8", "surrogatepass"), digest_size=16)
    return Key(kind, digest.hexdigest())


def scalar_key(value: Any, declared: Declared | None = None) -> Key:
    """The key of a scalar."""
    kind = kind_of(value)
    if kind == "number":
        return Key(kind, _number(value))
    if kind != "string":
        return Key(kind, str(value))
    if declared is not None and declared.members is not None:
        return Key(kind, value)
    return _text_key(value, declared or _ANYTHING)


_ANYTHING = Declared()


def _text_key(text: str, declared: Declared) -> Key:
    stripped = text.strip()
    if "number" in declared.kinds and not declared.is_anything:
        spelt = _spelt_number(stripped)
        if spelt is not None:
            return Key("number", spelt)
    moment = _moment(stripped) or (_time(stripped) if declared.constrained else None)
    if moment is not None:
        return moment
    return Key("string", text if declared.constrained else _folded(text))


# -- numbers ------------------------------------------------------------------------------------


def _number(value: Any) -> str:
    """A number by its value, exactly, whatever its size: 1 is 1.0, but no integer is its neighbour.

    Hexadecimal, since decimal texts of huge integers are refused by Python.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return hex(int(value)) if value == int(value) else float(value).hex()


def _spelt_number(text: str) -> str | None:
    """The number that a string spells in one way only; None if it spells none."""
    if len(text) > _LONGEST_NUMBER:
        return None
    grouped = _GROUPED.fullmatch(text)
    if grouped and (grouped[1] or text.count(",") > 1):
        text = text.replace(",", "")
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    is_whole = text.removeprefix("-").isdecimal()
    return _number(int(text) if is_whole else float(text))


# -- dates and times ----------------------------------------------------------------------------


def _moment(text: str) -> Key | None:
    """The date, or the date and time, that a text is in ISO 8601's form; None if it is none."""
    try:
        if _ISO_DATE.fullmatch(text):
            return Key("date", date.fromisoformat(text).isoformat())
        match = _ISO_MOMENT.fullmatch(text)
        if match is None:
            return None
        day, clock, offset = match.groups()
        moment = datetime.fromisoformat(f"{day}T{clock}{_offset(offset)}")
        if moment.tzinfo is None:
            return Key("local moment", moment.isoformat())
        return Key("moment", moment.astimezone(UTC).isoformat())
    except (ValueError, OverflowError):  # 2026-02-30; the year 1 in another zone
        return None


def _time(text: str) -> Key | None:
    match = _ISO_TIME.fullmatch(text)
    if match is None:
        return None
    try:
        clock = time.fromisoformat(match[1] + _offset(match[2]))
    except ValueError:
        return None
    return Key("time", clock.isoformat())


def _offset(text: str | None) -> str:
    """An offset with a colon, Z among them."""
    if text in ("Z", "z"):
        return "+00:00"
    return f"{text[:3]}:{text[-2:]}" if text else ""


# -- texts --------------------------------------------------------------------------------------


def _folded(text: str) -> str:
    """A text without letter case, width, ligatures, white space and what stands around it.

    What is nothing but such marks stays what it is.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_SIGNS)
    plain = " ".join(unicodedata.normalize("NFKC", folded).split())
    while True:
        bare = plain.rstrip(_BEHIND)
        if len(bare) > 1 and bare[0] in _QUOTES and bare[-1] in _QUOTES:
            bare = bare[1:-1].strip()
        if not bare or bare == plain:
            return plain
        plain = bare
