"""Records: HTTP responses that a recorder or a logger stored, with what it stored beside them.

In:    one item of a payload: an interaction, a list of them, or a line of a log.
Out:   the body of the response, as text, bytes or an object; of several interactions their list.
Never: a decoder that is not in the standard library; a body without end.
Why:   recorders differ in the names of a body and in how they store its bytes.

Quirks:

* VCR in Python stores compressed bodies as bytes (``!!binary`` in YAML), the one in Ruby any body
  as ``base64_string``. The header may remain after the body was decoded.
* The test proxy of Azure and OpenAI .NET has a body as JSON, as text, as a list of the text's
  lines, or in base64 if its content type is not text.
* llama-stack stores ``__type__`` and ``__data__`` for each object.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any

from fieldconf.errors import PayloadError, one_line
from fieldconf.responses.payload_access import first, get, items, members, parsed, text
from fieldconf.responses.wrapper import Wrapper, has

_BODY_KEYS = ("choices", "candidates", "output", "generated_text", "message", "results", "content")
_LONGEST = 1 << 30  # bytes of a decoded body: a few compressed ones decode to much more
_BINARY = "application/octet-stream"
_WINDOWS = (47, -15)  # of zlib: a header of gzip or zlib; none, as some servers send "deflate"


# -- bodies -------------------------------------------------------------------------------------


def _body(stored: Any, headers: Any) -> Any:
    """A stored body as a server sent it; None if it is empty.

    Raises:
        PayloadError: if it is compressed in a way that the standard library does not know.
    """
    encoded = get(stored, "base64_string")
    body: Any = first(members(stored), "string", "parsed_body")
    body = stored if body is None else body
    lines = items(body)
    if isinstance(encoded, str):
        body = _from_base64(encoded)
    elif lines and all(isinstance(line, str) for line in lines):
        body = "".join(lines)
    elif isinstance(body, str) and _header(headers, "content-type").startswith(_BINARY):
        body = _from_base64(body) or body
    if isinstance(body, bytes):
        body = _decompressed(body, headers)
    return body or None


def _header(headers: Any, name: str) -> str:
    """A header in any case; recorders store a text or a list of texts."""
    values = [value for key, value in members(headers).items() if str(key).lower() == name]
    listed = [text(part) for value in values for part in (items(value) or [value])]
    return ",".join(listed).lower()


def _from_base64(value: str) -> bytes | None:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _decompressed(body: bytes, headers: Any) -> bytes:
    encoding = _header(headers, "content-encoding")
    if _is_utf8(body):
        return body
    for window in _WINDOWS:
        decoder = zlib.decompressobj(window)
        try:
            opened = decoder.decompress(body, _LONGEST)
        except zlib.error:
            continue
        if decoder.unconsumed_tail:
            raise PayloadError(
                "the body of the recorded response is longer than 1 GiB when decoded",
                found=f"{len(body)} bytes", remedy="Give the body of one response",
            )  # fmt: skip
        if decoder.eof:
            return opened
    if encoding:
        raise PayloadError(
            f"the body of the recorded response is encoded with {one_line(encoding)}, which is not "
            "in Python's standard library, or it is damaged",
            found=one_line(encoding),
            remedy="Decode it first; VCR does with decode_compressed_response=True",
        )
    return body


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return True


# -- records ------------------------------------------------------------------------------------


def _holds_response(item: Any) -> bool:
    """Whether an item is a record with a response, and not an event or an answer of a server."""
    response = get(item, "response")
    if has(item, "type") or has(item, "error") or has(item, "done"):
        return False
    if isinstance(response, str):
        return any(has(parsed(response), key) for key in _BODY_KEYS[:3])
    is_record = isinstance(item, Mapping) and bool(members(response) or _is_object(response))
    return is_record or has(item, "request", "response")


def _is_object(value: Any) -> bool:
    return any(has(value, key) for key in _BODY_KEYS)


def _recorded(item: Any) -> Any:
    """The body of a recorded HTTP response, or the response itself."""
    response = get(item, "response")
    headers = get(response, "headers")
    body = get(response, "body")
    if body is None and has(response, "status"):
        body = get(response, "parsed_body")
    if body is None and has(response, "http_version"):
        body = get(response, "content")  # VCR before version 6, for httpx
    if body is None:
        return get(response, "parsed_body") if headers is not None else response
    return _body(body, headers)


def _interactions(item: Any) -> list[Any]:
    """The interactions of a cassette or of a session; [] if it has none."""
    listed = items(first(item, "interactions", "http_interactions", "Entries"))
    return list(listed) if any(has(each, "response") or _is_entry(each) for each in listed) else []


def _is_entry(item: Any) -> bool:
    return has(item, "RequestUri", "StatusCode") and "ResponseBody" in members(item)


WRAPPERS: tuple[Wrapper, ...] = (
    Wrapper(
        "typed data of llama-stack",
        ("__type__",),
        lambda item: has(item, "__type__", "__data__"),
        lambda item: get(item, "__data__"),
    ),
    Wrapper(
        "cassette of VCR, session of the test proxy",
        ("interactions", "http_interactions", "Entries"),
        lambda item: bool(_interactions(item)),
        _interactions,
    ),
    Wrapper(
        "entry of a session of the test proxy",
        ("RequestUri",),
        _is_entry,
        lambda item: _body(get(item, "ResponseBody"), get(item, "ResponseHeaders")),
    ),
    Wrapper("saved response", ("response",), _holds_response, _recorded),
)
"""Tried after those of ``objects``, in this order."""
