"""Response ids: the ids of a saved response, and the response in a line of a batch API's output.

In:    the bytes of one raw response, or of one line of a batch API's output.
Out:   ``Saved``: the response's bytes, and its ids.
Never: an exception: bytes that are no envelope are passed on, and the scorer reports the error.
Why:   results are joined by ids, and the response itself is parsed only once.

Quirks:

* OpenAI Batch (Azure, Mistral and Morph write the same line): ``{"id", "custom_id", "response":
  {"status_code", "request_id", "body"}, "error"}``. Lines are not in the order of the requests,
  so they are joined by ``custom_id``. Azure leaves out ``id``.
* If a request failed, ``error`` says why, or the body does and the status is 400 or more.
* Most servers write the response's ``id`` first; Gemini calls it ``responseId``; some have none.
"""

import json
import re
from typing import Any, NamedTuple, TypeVar

import msgspec

from fieldconf.providers.refusals import server_message

T = TypeVar("T")

_MARKS = (b'"custom_id"', b'"status_code"')
_FIRST_ID = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*(?:event:[^\n]*\n)?(?:data:\s*)?(?:\[\s*)?\{\s*"id"\s*:\s*'
    rb'("(?:[^"\\]|\\.)*")'
)
_NEAR = 4096  # bytes in which an id that comes first ends


class Saved(NamedTuple):
    """One saved response.

    Attributes:
        payload: what ``score`` reads.
        response_id: the response's own id, or the line's id if the request failed; or None.
        custom_id: the id that the user gave to the request of a batch; or None.
    """

    payload: Any
    response_id: str | None = None
    custom_id: str | None = None


def opened(data: bytes) -> Saved:
    """The response in some bytes, with its ids.

    >>> line = b'{"custom_id": "row-17", "response": {"status_code": 200, "body": {"id": "c-1"}}}'
    >>> opened(line)
    Saved(payload=b'{"id": "c-1"}', response_id='c-1', custom_id='row-17')
    >>> opened(b'{"id": "c-1", "choices": []}').response_id
    'c-1'
    """
    line = _read(data, _LINES) if any(mark in data for mark in _MARKS) else None
    if line is None:
        return Saved(data, _id_of(data))
    response, custom_id = line.response or _Response(), _text(line.custom_id)
    if custom_id is None and response.status_code is None:  # a response that has such keys
        return Saved(data, _id_of(data))
    body = bytes(response.body)
    is_refused = response.status_code is not None and response.status_code >= 400
    if not line.error and not is_refused and body not in (b"", b"null"):
        return Saved(body, _id_of(body) or _text(line.id), custom_id)
    words = server_message(line.error) or server_message(body) or f"status {response.status_code}"
    return Saved({"error": {"message": words}}, _text(line.id), custom_id)


# -- batch lines --------------------------------------------------------------------------------

_Id = str | int | None


class _Response(msgspec.Struct):
    status_code: int | float | None = None
    body: msgspec.Raw = msgspec.Raw()


class _Line(msgspec.Struct):
    id: _Id = None
    custom_id: _Id = None
    response: _Response | None = None
    error: Any = None


_LINES = msgspec.json.Decoder(_Line)


# -- the response's own id ----------------------------------------------------------------------


class _Ids(msgspec.Struct):
    id: _Id = None
    responseId: _Id = None  # noqa: N815  # Gemini's spelling


_NAMES = msgspec.json.Decoder(_Ids)


def _id_of(data: bytes) -> str | None:
    """The id of a response; if the id comes first, nothing behind it is parsed."""
    match = _FIRST_ID.match(data, 0, _NEAR)
    if match:
        try:
            return json.loads(match[1])
        except ValueError:  # no JSON text, and so no JSON
            return None
    names = _read(data, _NAMES) if data[:1] == b"{" else None
    return names and _text(names.id if names.id is not None else names.responseId)


def _read(data: bytes, decoder: msgspec.json.Decoder[T]) -> T | None:
    """The decoded JSON; None if it is not valid, or has other types."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def _text(name: _Id) -> str | None:
    return None if name is None else str(name)
