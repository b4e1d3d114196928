r"""Prefix: whether a prefix of a scalar's JSON text can still become a given value.

In:    a prefix of a scalar's JSON text (it may be empty or complete), and a decoded value.
Out:   yes or no; "no" for a text that begins no scalar.
Never: a comparison of spellings: ``"caf\u00`` may become ``"café"``, ``1.`` may become ``1``.
Why:   members are values, and a model may spell each of them in many ways.

Numbers are compared as decimals, a float by its shortest spelling (``0.1`` is one tenth); no text
becomes an infinity. A number without an exponent so far counts as complete without one (no model
writes 1 as ``100e-2``); once an exponent has begun, the comparison is exact.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from fieldconf.parsing.grammar import STRING_CUT, decode_begun
from fieldconf.parsing.json_writing import unescaped_text

_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*|)((?<=[0-9])\.[0-9]*)?(?:(?<=[0-9])[eE]([+-]?)([0-9]*))?")
_LITERALS = {b"t": (b"true", True), b"f": (b"false", False), b"n": (b"null", None)}


def may_become(text: bytes, value: Any) -> bool:
    """Whether more bytes can make ``text`` a JSON spelling of the scalar ``value``.

    >>> may_become(b'"pos', "positive"), may_become(b"1", 10), may_become(b"tr", False)
    (True, True, False)
    """
    first = text[:1]
    if first in _LITERALS:
        spelled, literal = _LITERALS[first]
        return value is literal and spelled.startswith(text)
    if isinstance(value, str):
        return not text or (first == b'"' and _string(text, value))
    if value is None or isinstance(value, bool):
        return not text
    if not isinstance(value, (int, float, Decimal)):
        return False
    return _number(text, Decimal(repr(value) if isinstance(value, float) else value))


def may_become_plainly(text: bytes, value: Any) -> bool:
    r"""Whether ``text`` begins the usual spelling of a scalar, without needless escapes.

    >>> may_become_plainly(b'"caf', "café"), may_become_plainly(rb'"\u0063', "café")
    (True, False)
    """
    return _unescaped_text(value).startswith(text)


_unescaped_text = lru_cache(maxsize=4096, typed=True)(unescaped_text)


def _string(text: bytes, value: str) -> bool:
    characters, cut = decode_begun(text, keeps_half=True)
    written, whole = _units(characters), _units(value)
    if cut == b'"' or not whole.startswith(written):
        return written == whole
    rest = whole[len(written) :]
    if not cut or not rest or not STRING_CUT.fullmatch(cut):
        return not cut
    if cut.startswith(b"\\"):
        return f"\\u{int.from_bytes(rest[:2], 'big'):04x}".encode().startswith(cut.lower())
    following = rest.decode("utf-16-be", "surrogatepass")[0]
    return following.encode("utf-8", "replace").startswith(cut)  # a surrogate has no UTF-8


def _units(text: str) -> bytes:
    """UTF-16, in which each surrogate escape is one unit."""
    return text.encode("utf-16-be", "surrogatepass")


def _number(text: bytes, value: Decimal) -> bool:
    match = _NUMBER.fullmatch(text.decode("ascii", "replace"))
    if match is None or not value.is_finite():
        return False
    minus, whole, fraction, sign, digits = match.groups()
    if text and (minus == "-") != value.is_signed() and not value.is_zero():
        return False
    if digits is not None:
        return _exponent(Decimal(whole + (fraction or "")), sign, digits, value.copy_abs())
    spelled_whole, _, spelled_fraction = f"{value.copy_abs():f}".partition(".")
    if fraction is None:
        return spelled_whole.startswith(whole)
    padded = spelled_fraction.ljust(len(fraction) - 1, "0")
    return whole == spelled_whole and padded.startswith(fraction[1:])


def _exponent(mantissa: Decimal, sign: str, digits: str, value: Decimal) -> bool:
    """Whether the only exponent with which the mantissa is this value begins with these digits."""
    if mantissa.is_zero() or value.is_zero():
        return mantissa.is_zero() and value.is_zero()
    # The digits without the zeros around them; arithmetic would round.
    first, other = ("".join(map(str, n.as_tuple().digits)).strip("0") for n in (mantissa, value))
    if first != other:
        return False
    shift = value.adjusted() - mantissa.adjusted()
    may_have_sign = {"-": shift <= 0, "+": shift >= 0, "": shift >= 0 or not digits}[sign]
    return may_have_sign and str(abs(shift)).startswith(digits.lstrip("0"))
