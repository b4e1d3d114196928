"""Scalars: strategies for the strings and numbers that several plain schemas allow.

In:    the JSON Schema keywords of the schemas, all of which a value must satisfy.
Out:   a strategy of JSON strings or numbers.
Never: a guarantee: combined patterns and unknown formats are left to the filter of
       ``instances``.
Why:   formats are a table, and bounds are arithmetic.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from fieldconf.errors import SchemaError

CHARACTERS = st.characters(exclude_categories=["Cs"])
"""All but lone surrogates, which no server can send."""

TEXT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12) | st.text(
    CHARACTERS, max_size=12
)
"""Texts without any demand: plain ones first."""

_MOST_MORE = 12  # characters beyond the fewest
_NAME = st.from_regex(r"[a-z][a-z0-9]{0,7}", fullmatch=True)
_OFFSETS = ("Z", "+02:00")
_DATES = st.dates()
_CLOCKS = st.times().map(lambda at: at.isoformat())


def _moments(offsets: Sequence[str]) -> SearchStrategy[str]:
    return st.tuples(_DATES, _CLOCKS, st.sampled_from(offsets)).map(
        lambda parts: f"{parts[0]}T{parts[1]}{parts[2]}"
    )


_DURATIONS = st.integers(0, 999).map(lambda n: f"P{n}D") | st.integers(0, 9999).map(
    lambda n: f"PT{n}S"
)
_HOSTS = st.lists(_NAME, min_size=1, max_size=2).map(lambda parts: ".".join([*parts, "com"]))
_EMAILS = st.tuples(_NAME, _HOSTS).map("@".join)
_PATHS = st.lists(_NAME, max_size=3).map(lambda parts: "/" + "/".join(parts))
_URIS = st.tuples(_HOSTS, _PATHS).map(lambda parts: f"https://{parts[0]}{parts[1]}")
_FOUR, _SIX = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)
_FOURS, _SIXES = _FOUR.map("{}/32".format), _SIX.map("{}/128".format)

FORMATS: Mapping[str, SearchStrategy[str]] = {
    "date": _DATES.map(lambda day: day.isoformat()),
    "time": st.tuples(_CLOCKS, st.sampled_from(_OFFSETS)).map("".join),
    "date-time": _moments(_OFFSETS),
    "duration": _DURATIONS,
    "uuid": st.uuids().map(str),
    **{f"uuid{n}": st.uuids(version=n).map(str) for n in (1, 3, 4, 5)},
    "email": _EMAILS, "idn-email": _EMAILS,
    "name-email": st.tuples(_NAME, _EMAILS).map(lambda parts: f"{parts[0]} <{parts[1]}>"),
    "hostname": _HOSTS, "idn-hostname": _HOSTS,
    "uri": _URIS, "iri": _URIS, "url": _URIS,
    "uri-reference": _URIS | _PATHS, "iri-reference": _URIS | _PATHS,
    "ipv4": _FOUR, "ipv6": _SIX, "ipvanyaddress": _FOUR | _SIX,
    "ipv4network": _FOURS, "ipv6network": _SIXES, "ipvanynetwork": _FOURS | _SIXES,
    "ipv4interface": _FOURS, "ipv6interface": _SIXES, "ipvanyinterface": _FOURS | _SIXES,
    "json-pointer": _PATHS,
    "path": _PATHS,
    "regex": st.sampled_from(["", "^a+$", "[0-9]"]),
    "base64": st.just("") | st.binary(max_size=6).map(lambda raw: raw.hex()).filter(
        lambda text: len(text) % 4 == 0),
    "base64url": st.sampled_from(["", "YQ==", "YWI=", "YWJj"]),
    "color": st.from_regex(r"#[0-9a-f]{6}", fullmatch=True),
}  # fmt: skip
"""Strategies for the names of formats that are known; both JSON Schema's and pydantic's."""

LOCAL = {"date-time": _moments((*_OFFSETS, "")), "time": _CLOCKS | FORMATS["time"]}
"""Those of Python's types, where an offset may be missing; moments shrink to one that has it, which
all of the types take."""


def strings(words: Sequence[Mapping[str, Any]], *, is_python: bool) -> SearchStrategy[str]:
    """Strings that keep to the words of some schemas.

    Raises:
        SchemaError: if a pattern is none that Python knows, or no length is left.
    """
    least = max((math.ceil(w["minLength"]) for w in words if "minLength" in w), default=0)
    most = min((math.floor(w["maxLength"]) for w in words if "maxLength" in w), default=None)
    if most is not None and least > most:
        raise SchemaError(
            f"no string has at least {least} and at most {most} characters",
            remedy="Mend minLength and maxLength",
        )
    patterns = [w["pattern"] for w in words if isinstance(w.get("pattern"), str)]
    by_name = {**FORMATS, **LOCAL} if is_python else FORMATS
    formats = [by_name[w["format"]] for w in words if w.get("format") in by_name]
    if patterns or formats:
        strategy = _of_pattern(patterns[0]) if patterns else formats[0]
        longest = math.inf if most is None else most
        return strategy.filter(lambda text: least <= len(text) <= longest)
    most = least + _MOST_MORE if most is None else min(most, least + _MOST_MORE)
    plain = st.characters(codec="ascii", exclude_categories=["Cc"])
    return st.text(plain, min_size=least, max_size=most) | st.text(
        CHARACTERS, min_size=least, max_size=most
    )


def _of_pattern(pattern: str) -> SearchStrategy[str]:
    """Texts in which a pattern is found; "$" is their end, not a line's before it."""
    try:
        strategy = st.from_regex(pattern, alphabet=CHARACTERS)
        strategy.validate()
    except (re.error, InvalidArgument, OverflowError, RecursionError) as error:
        raise SchemaError(
            f"no text can be drawn for the pattern {pattern!r} ({error})",
            remedy="Draw these instances yourself, or write the pattern as Python's re knows it",
        ) from None
    if pattern.endswith("$"):
        return strategy.map(lambda text: text.removesuffix("\n"))
    return strategy


def numbers(words: Sequence[Mapping[str, Any]], *, is_whole: bool) -> SearchStrategy[int | float]:
    """Numbers that keep to the words of some schemas: whole ones first.

    Raises:
        SchemaError: if no number is left.
    """
    low = _bound(words, "minimum", "exclusiveMinimum", max)
    high = _bound(words, "maximum", "exclusiveMaximum", min)
    steps = [Fraction(str(w["multipleOf"])) for w in words if w.get("multipleOf")]
    step = math.lcm(*(s.numerator for s in steps)) if steps else 1
    pitch = Fraction(step, math.gcd(*(s.denominator for s in steps)) if steps else 1)
    if is_whole:
        pitch = Fraction(pitch.numerator)
    first, last = _multiples(low, high, pitch)
    options: list[SearchStrategy[int | float]] = []
    if first is None or last is None or first <= last:
        options.append(st.integers(first, last).map(lambda n: _plain(n * pitch)))
    floats = None if is_whole or steps else _floats(low, high)
    if floats is not None:
        options.append(floats)
    if not options:
        raise SchemaError("no number is within its bounds", remedy="Mend the bounds")
    return st.one_of(*options)


def _bound(
    words: Sequence[Mapping[str, Any]], word: str, exclusive: str, strictest: Callable[..., Any]
) -> tuple[Fraction, bool] | None:
    """The strictest bound, and whether it is excluded itself."""
    inside = [Fraction(str(w[word])) for w in words if word in w]
    outside = [Fraction(str(w[exclusive])) for w in words if exclusive in w]
    if not inside and not outside:
        return None
    bound = strictest([*inside, *outside])
    return bound, bound in outside


def _multiples(
    low: tuple[Fraction, bool] | None, high: tuple[Fraction, bool] | None, pitch: Fraction
) -> tuple[int | None, int | None]:
    """The first and the last multiple of a pitch between two bounds."""
    first = None if low is None else math.ceil(low[0] / pitch)
    last = None if high is None else math.floor(high[0] / pitch)
    if first is not None and low is not None and low[1] and first * pitch == low[0]:
        first += 1
    if last is not None and high is not None and high[1] and last * pitch == high[0]:
        last -= 1
    return first, last


def _plain(number: Fraction) -> int | float:
    return int(number) if number.denominator == 1 else float(number)


def _floats(
    low: tuple[Fraction, bool] | None, high: tuple[Fraction, bool] | None
) -> SearchStrategy[float] | None:
    least, most = low and float(low[0]), high and float(high[0])
    if least is not None and most is not None and least > most:
        return None
    strategy = st.floats(least, most, allow_nan=False, allow_infinity=False)
    return strategy.filter(lambda number: _is_within(number, low, high))


def _is_within(
    number: float, low: tuple[Fraction, bool] | None, high: tuple[Fraction, bool] | None
) -> bool:
    exact = Fraction(json.dumps(number))
    above = low is None or exact > low[0] or (exact == low[0] and not low[1])
    below = high is None or exact < high[0] or (exact == high[0] and not high[1])
    return above and below
