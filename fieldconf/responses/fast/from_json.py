"""From JSON: a saved response of the OpenAI chat family; its entries are read from the bytes.

In:    JSON as bytes or text.
Out:   a ``RawBody``: an object with the attributes that ``openai_chat`` and ``choices`` read, its
       tokens as ``RawEntry`` values; None for any other body.
Never: an error; a body that ``json.loads`` would refuse, or would read differently.
Why:   nearly all bytes of a response with logprobs are candidates, and most are never used: a dict
       and a list of integers for each of them cost ten times as much as everything else.

Other bodies are read by ``json.loads`` and the formats. So the types here are narrow: a field of
type None is a key of another format, and a body with that key is not read here. Keys that no reader
uses are only checked to be valid JSON.
"""

import codecs
import json
import sys
from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Raw, Struct

from fieldconf.responses.payload_access import octets

T = TypeVar("T")

_NULL = Raw(b"null")
_MOST_OCTETS = 1 << 15  # spellings of tokens: some megabytes, and more than a body has
_STEP = 1 << 12  # bytes that are checked at once


class RawCandidate(Struct, gc=False, forbid_unknown_fields=True, rename={"listed": "bytes"}):
    """A candidate as OpenAI lists it, without other members."""

    token: str = ""
    logprob: float | int | None = None
    listed: Raw = _NULL

    @property
    def bytes(self) -> bytes | None:
        """The listed bytes; None if there are none, or something else."""
        return OCTETS[bytes(self.listed)]


class RawEntry(RawCandidate, gc=False):
    """A token as OpenAI lists it, without other members."""

    top_logprobs: tuple[RawCandidate, ...] | None = None


class RawNumbered(RawCandidate, gc=False, forbid_unknown_fields=False):
    """A candidate as other servers list it: with an id, or with members that are not read."""

    id: int | None = None
    token_id: int | None = None


class RawNumberedEntry(RawNumbered, gc=False):
    """A token as others list it."""

    top_logprobs: tuple[RawNumbered, ...] | None = None
    topLogprobs: None = None  # noqa: N815  # the wire's name


_Entry = TypeVar("_Entry", RawEntry, RawNumberedEntry)


class RawLogprobs(Struct, Generic[_Entry]):
    """The ``logprobs`` of a choice."""

    content: list[_Entry] | None = None
    token_logprobs: Any = None


class RawChoice(Struct, Generic[_Entry]):
    """An item of ``choices``."""

    logprobs: RawLogprobs[_Entry] | None = None
    index: Any = None
    message: Any = None
    delta: Any = None
    text: Any = None
    finish_reason: Any = None
    content_filter_offsets: Any = None


class RawBody(Struct, Generic[_Entry]):
    """A response, or one chunk of a stream."""

    choices: list[RawChoice[_Entry]] | None = None
    object: str | None = None
    id: Any = None
    model: Any = None
    usage: Any = None
    system_fingerprint: Any = None
    timings: Any = None
    custom_id: Any = None
    response: "RawAnswered[_Entry] | None" = None
    # The keys of other formats.
    candidates: None = None
    promptFeedback: None = None  # noqa: N815
    prompt_feedback: None = None
    meta_info: None = None
    completion_probabilities: None = None
    generated_text: None = None
    output: None = None
    type: None = None
    done: None = None
    stop: None = None
    text: None = None
    content: None = None
    message: None = None
    token: None = None
    logprob: None = None
    logprobs: None = None
    error: None = None
    detail: None = None


class RawAnswered(Struct, Generic[_Entry]):
    """The ``response`` of a line of OpenAI's Batch output."""

    status_code: int | float | None = None
    body: RawBody[_Entry] | None = None


_AnyBody: TypeAlias = RawBody[RawEntry] | RawBody[RawNumberedEntry]

_PLAIN = msgspec.json.Decoder(RawBody[RawEntry])
_NUMBERED = msgspec.json.Decoder(RawBody[RawNumberedEntry])


def opened(data: bytes | str) -> _AnyBody | None:
    """The body in a JSON text; None if another reader must read it.

    >>> body = opened(b'{"choices": [{"message": {"content": "1"}, "logprobs": {"content": ['
    ...     b'{"token": "1", "bytes": [49], "logprob": -0.5}]}}]}')
    >>> body.choices[0].logprobs.content[0].bytes
    b'1'
    >>> opened(b'{"error": {"message": "no"}}') is None
    True
    """
    names = ('"choices"', '"logprobs"') if isinstance(data, str) else (b'"choices"', b'"logprobs"')
    if not all(name in data for name in names):  # pyright: ignore[reportOperatorIssue]  # of one kind
        return None
    body = _decoded(data)
    if body is not None and body.choices is None:
        body = _answered(body)
    is_plain = body is not None and _is_plain(body)
    return body if is_plain and _is_text(data) and not _has_long_number(data) else None


def _decoded(data: bytes | str) -> _AnyBody | None:
    """The body, with the types of OpenAI's own entries, or else those of other servers."""
    try:
        try:
            return _PLAIN.decode(data)
        except msgspec.ValidationError:
            return _NUMBERED.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _answered(line: _AnyBody) -> _AnyBody | None:
    """The body in a line of Batch output, if its request did not fail."""
    answer = line.response
    if answer is None or (line.custom_id is None and answer.status_code is None):
        return None
    return answer.body if (answer.status_code or 0) < 400 else None


def _is_plain(body: _AnyBody) -> bool:
    """Whether it has lists of entries, and nothing that another format reads."""
    logprobs = [choice.logprobs for choice in body.choices or () if choice.logprobs is not None]
    return (
        any(part.content for part in logprobs)
        and all(part.content is not None or part.token_logprobs is None for part in logprobs)
        and any(
            part is not None
            for choice in body.choices or ()
            for part in (choice.message, choice.delta, choice.text, choice.content_filter_offsets)
        )
        and body.object not in ("response", "error")
        and body.response is None
    )


# -- checks of the bytes that are not decoded -----------------------------------------------------


def _is_text(data: bytes | str) -> bool:
    """Whether bytes are UTF-8; msgspec has not checked the raw values."""
    if isinstance(data, str) or data.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _STEP):
            part = data[start : start + _STEP]
            if not part.isascii() or decoder.getstate()[0]:
                decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _has_long_number(data: bytes | str) -> bool:
    """Whether there may be an integer with more digits than Python reads.

    It checks one run of digits for each half of that length: a longer number contains one of them.
    """
    half = sys.get_int_max_str_digits() // 2
    places = range(0, len(data), half) if half else ()
    return any(data[place : place + half].isdigit() for place in places)


# -- bytes ----------------------------------------------------------------------------------------


class _Known(dict[bytes, T | None]):
    """A cache by the JSON that lists a token's bytes.

    One vocabulary is bounded, but there are many: a full table is cleared.
    """

    def __init__(self, make: Callable[[bytes], T | None]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, raw: bytes) -> T | None:
        value = self._make(raw)
        if len(self) >= _MOST_OCTETS:
            self.clear()
        self[raw] = value
        return value


def _octets(raw: bytes) -> bytes | None:
    try:
        return octets(json.loads(raw))
    except (ValueError, RecursionError):
        return None


def _text(raw: bytes) -> str | None:
    spelled = OCTETS[raw]
    try:
        return None if spelled is None else spelled.decode()
    except UnicodeDecodeError:
        return None


OCTETS = _Known(_octets)
"""The bytes of a token."""
SPELT = _Known(_text)
"""Its text, if its bytes are one."""
