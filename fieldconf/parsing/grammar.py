"""Grammar: the tokens of JSON as tables, and the decoding of scalars.

In:    nothing; the tables are RFC 8259 and RFC 3629 (UTF-8) as data.
Out:   patterns and transitions for the parser; ``decode`` for the value of a scalar.
Never: a parser state.
Why:   the form of a scalar does not depend on its place in the value.
"""

import json
import re
from decimal import Decimal
from typing import Any

WHITESPACE = re.compile(rb"[ \t\n\r]*")
# The characters of a string; and the incomplete characters with which a chunk may end.
STRING_BODY = re.compile(
    rb"(?:[\x20\x21\x23-\x5b\x5d-\x7f]+"
    rb"|[\xc2-\xdf][\x80-\xbf]"
    rb"|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
    rb'|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+'
)
STRING_CUT = re.compile(
    rb"\\(?:u[0-9a-fA-F]{0,3})?|[\xc2-\xdf]"
    rb"|\xe0[\xa0-\xbf]?|[\xe1-\xec\xee\xef][\x80-\xbf]?|\xed[\x80-\x9f]?"
    rb"|\xf0(?:[\x90-\xbf][\x80-\xbf]?)?|[\xf1-\xf3][\x80-\xbf]{0,2}"
    rb"|\xf4(?:[\x80-\x8f][\x80-\xbf]?)?"
)


def _row(**classes: str) -> dict[int, str]:
    """A row of the number table: from bytes to the name of the next state."""
    spelled = {"digit": b"0123456789", "nonzero": b"123456789", "zero": b"0", "dot": b"."}
    spelled |= {"e": b"eE", "sign": b"+-", "minus": b"-"}
    return {byte: state for name, state in classes.items() for byte in spelled[name]}


NUMBER: dict[str, dict[int, str]] = {
    "start": _row(minus="minus", zero="zero", nonzero="int"),
    "minus": _row(zero="zero", nonzero="int"),
    "zero": _row(dot="dot", e="e"),
    "int": _row(digit="int", dot="dot", e="e"),
    "dot": _row(digit="frac"),
    "frac": _row(digit="frac", e="e"),
    "e": _row(sign="sign", digit="exp"),
    "sign": _row(digit="exp"),
    "exp": _row(digit="exp"),
}
NUMBER_MAY_END = frozenset({"zero", "int", "frac", "exp"})
LITERALS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_BOOLEANS = {b"true": True, b"false": False}


def decode(raw: bytes) -> Any:
    r"""The Python value of a scalar's JSON text, as ``json.loads`` gives it.

    One case differs: an integer with more digits than the interpreter converts (4,300), which
    ``json.loads`` refuses, becomes a ``decimal.Decimal``. Numbers beyond a double are ``inf``.

    >>> decode(b'"caf\\u00e9"'), decode(b"12"), decode(b"1e3"), decode(b"null")
    ('café', 12, 1000.0, None)
    """
    if raw[0] == 0x22:
        return json.loads(raw) if b"\\" in raw else raw[1:-1].decode()
    if raw[0] in LITERALS:
        return _BOOLEANS.get(raw)
    if not raw.isdigit() and not raw.removeprefix(b"-").isdigit():
        return float(raw)
    try:
        return int(raw)
    except ValueError:
        return Decimal(raw.decode())


def decode_begun(text: bytes, *, keeps_half: bool = False) -> tuple[str, bytes]:
    r"""The whole characters of a string's JSON text, which may be incomplete; the bytes after them.

    The bytes after them are the closing quote, an incomplete character or escape, or nothing. The
    first escape of a surrogate pair counts as incomplete while the string is open; with
    ``keeps_half`` it counts as a character.

    >>> decode_begun(b'"caf\\u00'), decode_begun(b'"caf\\u00e9"'), decode_begun(b'"\\ud83d')
    (('caf', b'\\u00'), ('café', b'"'), ('', b'\\ud83d'))
    """
    stop = STRING_BODY.match(text, 1).end()  # pyright: ignore[reportOptionalMemberAccess]  # "*" matches always
    written = decode(text[:stop] + b'"')
    if not keeps_half and text[stop:] != b'"' and "\ud800" <= written[-1:] <= "\udbff":
        return written[:-1], text[stop - _ESCAPE_LENGTH :]
    return written, text[stop:]


_ESCAPE_LENGTH = len(rb"\ud83d")

_KIND_OF_FIRST = {
    **dict.fromkeys(b"-0123456789", "number"),
    **dict.fromkeys(b"tf", "boolean"),
    **dict(zip(b'"n{[', ("string", "null", "object", "array"), strict=True)),
}


def kind_begun(text: bytes) -> str:
    """The JSON kind of a value by the first byte of its text; "" for no text.

    >>> kind_begun(b'"ab'), kind_begun(b"-"), kind_begun(b"")
    ('string', 'number', '')
    """
    return _KIND_OF_FIRST[text[0]] if text else ""
