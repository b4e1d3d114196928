"""Replies: the bytes that a server sends for a request.

In:    answers in order, and the bodies of requests.
Out:   ``Reply`` values: a status, the parts of a body, and how the connection ends.
Never: a socket: the fake client and the fake server send the same replies.
Why:   a test must not depend on which fake it uses.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from fieldconf.testing import payloads
from fieldconf.testing.endpoint_answers import decisions
from fieldconf.testing.fake_answers import Answer, AnswerError, HttpError
from fieldconf.testing.payloads import RequestShape
from fieldconf.threads import Lock

Ending: TypeAlias = Literal["end", "reset", "drop", "stall"]
Given: TypeAlias = Answer | HttpError | BaseException | Callable[[dict[str, Any]], Any] | Any
"""What a test gives for an answer: one of these, a function of the request, or any JSON value."""

CHAT, RESPONSES, DECISIONS = "/chat/completions", "/responses", "/decisions"
_CHAT_SCHEMA = ("response_format", "json_schema", "schema")
_RESPONSES_SCHEMA = ("text", "format", "schema")
_INCLUDED = "message.output_text.logprobs"
_BROKEN = b'{"id": "made-up", "choices": [{"del'
_CONNECTION_FAULTS = {"reset", "drop", "stall"}


class BodyPart(NamedTuple):
    """Some bytes of a body, and how many tokens of the answer are in them."""

    data: bytes
    tokens: int = 0


@dataclass(frozen=True)
class Reply:
    """What is sent.

    Attributes:
        parts: the pieces of the body, sent one after the other.
        status: the HTTP status.
        headers: those beyond the usual ones.
        ending: how the connection ends behind the last part.
        streams: whether the body is a stream of server-sent events.
        missing: bytes of the body that were promised and are not among the parts.
    """

    parts: tuple[BodyPart, ...]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    ending: Ending = "end"
    streams: bool = False
    missing: int = 0


class Script:
    """The answers of a test, in their order. One is given again and again; several, once each.

    Attributes:
        requests: the bodies of the requests so far.
        sent: of each request, how many tokens of its answer were sent so far.
    """

    def __init__(self, replies: Iterable[Given]) -> None:
        self.requests: list[dict[str, Any]] = []
        self.sent: list[int] = []
        self._given = tuple(replies)
        self._used = 0
        self._lock = Lock()
        if not self._given:
            raise AnswerError("there is no answer to give", remedy="Give at least one")

    def take(self, body: dict[str, Any]) -> tuple[int, Given]:
        """Note a request; return its number, and what the test gave for it.

        Raises:
            AnswerError: if all answers have been given.
        """
        with self._lock:
            self.requests.append(body)
            self.sent.append(0)
            number, used = len(self.requests) - 1, self._used
            if len(self._given) > 1 and used == len(self._given):
                raise AnswerError(
                    f"request {number + 1} has no answer: all {used} have been given",
                    remedy="Give one more answer, or a single one for every request",
                )
            source = self._given[used % len(self._given)]
            self._used += 1
        if callable(source) and not isinstance(source, type):
            source = source(body)
        return number, source


def reply(source: Given, path: str, body: Mapping[str, Any]) -> Reply:
    """What is sent for a request at a path.

    Raises:
        AnswerError: if the answer cannot be given; what the test gave, if that is an exception.
    """
    if isinstance(source, BaseException):
        raise source
    if isinstance(source, HttpError):
        return _refused(source)
    answer = source if isinstance(source, Answer) else Answer(source)
    if path.endswith(DECISIONS):
        return _whole(answer, decisions(answer, body.get("questions") or ()))
    if not path.endswith((CHAT, RESPONSES)):
        paths = f"{CHAT}, {RESPONSES} or {DECISIONS}"
        return _refused(HttpError(404, f"there is no {path} here; ask at {paths}"))
    is_chat = path.endswith(CHAT)
    shape = RequestShape(
        logprobs=bool(body.get("logprobs")) if is_chat
        else _INCLUDED in (body.get("include") or ()),
        top=body.get("top_logprobs") or 0,
        usage=bool(_inside(body, "stream_options", "include_usage")),
        schema=_inside(body, *(_CHAT_SCHEMA if is_chat else _RESPONSES_SCHEMA)),
    )  # fmt: skip
    if body.get("stream"):
        parts = payloads.chat_parts if is_chat else payloads.response_parts
        return _streamed(answer, parts(answer, shape), is_chat=is_chat)
    whole = payloads.chat if is_chat else payloads.response
    return _whole(answer, whole(answer, shape))


def _refused(error: HttpError) -> Reply:
    headers = {"Content-Type": "application/json"}
    if error.retry_after is not None:
        headers["Retry-After"] = f"{error.retry_after:g}"
    return Reply((BodyPart(error.data),), error.status, headers)


# -- what a request asks for --------------------------------------------------------------------


def _inside(body: Any, *names: str) -> Any:
    for name in names:
        body = cast("Any", body.get(name)) if isinstance(body, Mapping) else None
    return body


# -- bodies, with what goes wrong ---------------------------------------------------------------


def _streamed(
    answer: Answer, events: Iterable[tuple[dict[str, Any], int]], *, is_chat: bool
) -> Reply:
    parts = [BodyPart(_event(event), tokens) for event, tokens in events]
    if is_chat:
        parts.append(BodyPart(b"data: [DONE]\n\n"))
    fault, ending = answer.fault, "end"
    if fault is not None:
        at = _index_after(parts, fault.after)
        before, after = parts[:at], parts[at:]
        if fault.kind in _CONNECTION_FAULTS:
            parts, ending = before, fault.kind
        elif fault.kind == "error_event":
            parts = [*before, BodyPart(_event(_error(len(before), is_chat=is_chat)))]
        elif fault.kind == "malformed":
            parts = [*before, BodyPart(b"data: " + _BROKEN + b"\n\n"), *after]
        elif fault.kind == "duplicate":
            again = [BodyPart(part.data) for part in before[-1:] if part.tokens]
            parts = [*before, *again, *after]
    headers = {"Content-Type": "text/event-stream"}
    return Reply(tuple(parts), 200, headers, ending, streams=True)  # pyright: ignore[reportArgumentType]  # as checked above


def _index_after(parts: Sequence[BodyPart], tokens: int) -> int:
    """The index of the part that comes next once so many tokens have come, one in each part."""
    with_token = [index for index, part in enumerate(parts) if part.tokens]
    if tokens < len(with_token):
        return with_token[tokens]
    return with_token[-1] + 1 if with_token else len(parts)


def _event(event: Mapping[str, Any]) -> bytes:
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


def _error(number: int, *, is_chat: bool) -> dict[str, Any]:
    message = "made up by fieldconf.testing"
    if is_chat:
        return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}
    return {
        "type": "error", "code": "server_error", "message": message, "param": None,
        "sequence_number": number,
    }  # fmt: skip


def _whole(answer: Answer, body: dict[str, Any]) -> Reply:
    kind = answer.fault.kind if answer.fault else ""
    if kind == "error_event":
        return _refused(HttpError(500))
    data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    half = data[: len(data) // 2]
    if kind == "malformed":
        return Reply((BodyPart(half),), 200, headers)
    if kind in _CONNECTION_FAULTS:
        return Reply((BodyPart(half),), 200, headers, kind, missing=len(data) - len(half))  # pyright: ignore[reportArgumentType]  # as checked above
    usage = body["usage"]
    tokens = usage.get("completion_tokens", usage.get("output_tokens"))
    return Reply((BodyPart(data, tokens),), 200, headers)
