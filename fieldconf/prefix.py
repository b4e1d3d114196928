"""Prefixes: can this beginning of a scalar's JSON text still become this value?

In:    the JSON text of a scalar as far as it is written, and a decoded value.
Out:   yes or no.
Never: a comparison of spellings: ``"caf\\u00`` may become ``"café"``, ``1.`` may become ``1``.
Why:   members are values; a model may write each of them in many ways.

A number without an exponent so far is held to be written without one (``100e-2`` is a way to write
1 that no model takes); one whose exponent has begun is followed exactly.
"""

import json
import re
from decimal import Decimal
from typing import Any

_COMPLETE = re.compile(rb'(?:[^\\"\x80-\xff]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}'
                       rb"|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
                       rb"|[\xf0-\xf4][\x80-\xbf]{3})*")  # fmt: skip
_NUMBER = re.compile(r"(-?)(\d*)(\.\d*)?(?:[eE](.*))?")
_LITERALS = {b"t": True, b"f": False, b"n": None}


def may_become(text: bytes, value: Any) -> bool:
    """Whether more bytes can make ``text`` a JSON spelling of the scalar ``value``.

    >>> may_become(b'"pos', "positive"), may_become(b"1", 10), may_become(b"tr", False)
    (True, True, False)
    """
    first = text[:1]
    if first == b'"':
        return isinstance(value, str) and _string(text[1:], value)
    if first in _LITERALS:
        return value is _LITERALS[first]
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return False
    return _number(text.decode("ascii"), Decimal(str(value)))


def _string(body: bytes, value: str) -> bool:
    match = _COMPLETE.match(body)
    complete, cut = body[: match.end()], body[match.end() :]  # pyright: ignore[reportOptionalMemberAccess]  # "*" matches always
    written, whole = _units(json.loads(b'"' + complete + b'"')), _units(value)
    if not whole.startswith(written):
        return False
    rest = whole[len(written) :]
    if not cut:
        return True
    if not rest:
        return False
    if cut.startswith(b"\\"):
        return f"\\u{int.from_bytes(rest[:2], 'big'):04x}".encode().startswith(cut.lower())
    following = rest.decode("utf-16-be", "surrogatepass")[0]
    return following.encode("utf-8", "surrogatepass").startswith(cut)


def _units(text: str) -> bytes:
    """UTF-16, in which a surrogate escape is one unit whether or not its partner has come yet."""
    return text.encode("utf-16-be", "surrogatepass")


def _number(text: str, value: Decimal) -> bool:
    match = _NUMBER.fullmatch(text)
    if match is None or not value.is_finite():
        return False
    minus, whole, fraction, exponent = match.groups()
    if exponent is not None:
        return _exponent(
            Decimal(minus + (whole or "0") + (fraction or "").rstrip(".")), exponent, value
        )
    if (minus == "-") != value.is_signed() and not (minus and value.is_zero()):
        return False
    spelled_whole, _, spelled_fraction = f"{abs(value):f}".partition(".")
    if fraction is None:
        return spelled_whole.startswith(whole)
    digits = fraction[1:]
    padded = spelled_fraction.ljust(len(digits), "0")
    return whole == spelled_whole and padded.startswith(digits)


def _exponent(mantissa: Decimal, exponent: str, value: Decimal) -> bool:
    """Whether an exponent that begins so makes the mantissa this value. Only one exponent can."""
    if mantissa.is_zero() or value.is_zero():
        return mantissa.is_zero() and value.is_zero()
    shift = value.adjusted() - mantissa.adjusted()
    if mantissa.scaleb(shift) != value:
        return False
    sign, digits = exponent[:1], exponent.lstrip("+-")
    if (sign == "-") != (shift < 0) and sign and shift != 0:
        return False
    if not sign or sign.isdigit():
        return shift >= 0 and str(shift).startswith(digits.lstrip("0")) if sign else True
    return str(abs(shift)).startswith(digits.lstrip("0"))
