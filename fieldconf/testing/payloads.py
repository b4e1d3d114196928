"""Payloads: an answer in the formats of OpenAI's servers, whole and streamed.

In:    an ``Answer``.
Out:   dicts: a Chat Completion, its chunks, a Responses object, its events.
Never: a connection, or a fault of one (faults of the answer itself are here).
Why:   tests of code that reads saved responses need no client.

Each is what the openai package's own types accept. Streams have one token a chunk.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fieldconf.testing.fake_answers import Answer
from fieldconf.testing.token_writing import WrittenToken, entries, text_entries

_ID, _CREATED, _PROMPT_TOKENS = "chatcmpl-made-up", 1_700_000_000, 1
_ITEM = {"item_id": "msg_made-up", "output_index": 0, "content_index": 0}
_ENDINGS = {"length": "max_output_tokens", "content_filter": "content_filter"}
_DECIMALS = 6  # to which Responses objects are rounded; their streams are not


@dataclass(frozen=True)
class RequestShape:
    """What of a request changes how the answer is written.

    Attributes:
        logprobs: whether logprobs come with it.
        top: how many candidates are listed for a token.
        usage: whether a Chat stream ends with the number of tokens.
        schema: the JSON Schema that the request asks for; or None.
    """

    logprobs: bool = True
    top: int = 20
    usage: bool = False
    schema: Any = None


@dataclass(frozen=True)
class WrittenAnswer:
    """The tokens of an answer, after its cuts and the faults of its contents."""

    tokens: tuple[WrittenToken, ...]
    refusal: tuple[WrittenToken, ...]
    finish_reason: str
    model: str

    @property
    def text(self) -> str:
        """The answer's text."""
        return "".join(entry.text for entry in self.tokens)

    @property
    def refused(self) -> str:
        """The refusal's text."""
        return "".join(entry.text for entry in self.refusal)

    @property
    def count(self) -> int:
        """How many tokens were written."""
        return len(self.tokens) + len(self.refusal)


def written_answer(answer: Answer, requested: Any = None) -> WrittenAnswer:
    """Cut the tokens of an answer as it says.

    Raises:
        AnswerError: if the answer cannot have the confidences that it should have.
    """
    tokens, finish_reason = entries(answer, requested), answer.finish_reason
    refusal = answer.refusal
    if answer.refuse_after is not None:
        tokens, refusal = tokens[: answer.refuse_after], "I cannot help with that."
    if answer.cut_after is not None and answer.cut_after < len(tokens):
        tokens, finish_reason = tokens[: answer.cut_after], "length"
    fault = answer.fault
    if fault is not None and fault.kind == "content_filter":
        tokens, finish_reason = tokens[: fault.after], "content_filter"
    if fault is not None and fault.kind == "without_logprobs":
        tokens = tuple(
            WrittenToken(token.text, None) if index == fault.after else token
            for index, token in enumerate(tokens)
        )
    return WrittenAnswer(tokens, text_entries(refusal or ""), finish_reason, answer.model)


# -- entries ------------------------------------------------------------------------------------


def _logprob_rows(
    tokens: Sequence[WrittenToken], shape: RequestShape, *, digits: int | None = None
) -> list[Any] | None:
    """The list of logprobs; None where none were asked for."""
    if not shape.logprobs:
        return None
    return [
        _named(token.text, token.logprob, digits)
        | {"top_logprobs": [_named(*pair, digits) for pair in islice(token.listed, shape.top)]}
        for token in tokens
        if token.logprob is not None
    ]


def _named(text: str, logprob: float, digits: int | None) -> dict[str, Any]:
    rounded = logprob if digits is None else round(logprob, digits)
    return {"token": text, "bytes": list(text.encode()), "logprob": rounded}


# -- Chat Completions ---------------------------------------------------------------------------


def chat(answer: Answer, shape: RequestShape = RequestShape()) -> dict[str, Any]:  # frozen
    """The answer as a Chat Completion.

    >>> made = chat(Answer(True, confidences={"": 0.8}))
    >>> made["choices"][0]["message"]["content"]
    'true'
    """
    it = written_answer(answer, shape.schema)
    content, refusal = it.text or None, it.refused or None
    logprobs: Any = None
    if shape.logprobs:
        logprobs = {
            "content": _logprob_rows(it.tokens, shape) if it.tokens or not refusal else None,
            "refusal": _logprob_rows(it.refusal, shape) if refusal else None,
        }
    return chat_body(
        {"content": content, "refusal": refusal}, logprobs, it.finish_reason,
        model=it.model, count=it.count,
    )  # fmt: skip


def chat_chunks(answer: Answer, shape: RequestShape = RequestShape()) -> list[dict[str, Any]]:
    """The answer as the chunks of a Chat stream."""
    return [chunk for chunk, _ in chat_parts(answer, shape)]


def chat_parts(answer: Answer, shape: RequestShape) -> Iterator[tuple[dict[str, Any], int]]:
    """The chunks, each with the number of the answer's tokens in it."""
    it = written_answer(answer, shape.schema)
    nothing: Any = {"content": [], "refusal": None} if shape.logprobs else None
    first = {"role": "assistant", "content": "", "refusal": None}
    yield chat_chunk(first, nothing, model=it.model), 0
    for name, tokens in (("content", it.tokens), ("refusal", it.refusal)):
        for token in tokens:
            rows = _logprob_rows([token], shape)
            logprobs = {"content": None, "refusal": None, name: rows} if rows else None
            yield chat_chunk({name: token.text}, logprobs, model=it.model), int(name == "content")
    yield chat_chunk({}, model=it.model, finish_reason=it.finish_reason), 0
    if shape.usage:
        yield usage_chunk(it.count, model=it.model), 0


# -- the bodies of Chat Completions, also of other writers ---------------------------------------


def chat_body(
    message: Mapping[str, Any], logprobs: Any, finish_reason: str = "stop", *, model: str,
    count: int,
) -> dict[str, Any]:  # fmt: skip
    """A whole Chat Completion of so many tokens."""
    choice = {
        "index": 0, "message": {"role": "assistant", **message}, "logprobs": logprobs,
        "finish_reason": finish_reason,
    }  # fmt: skip
    return {
        "id": _ID, "object": "chat.completion", "created": _CREATED, "model": model,
        "choices": [choice], "usage": chat_usage(count),
    }  # fmt: skip


def chat_chunk(
    delta: Mapping[str, Any], logprobs: Any = None, *, model: str, finish_reason: str | None = None
) -> dict[str, Any]:
    """A chunk of a Chat stream."""
    choice = {
        "index": 0, "delta": dict(delta), "logprobs": logprobs, "finish_reason": finish_reason,
    }  # fmt: skip
    return {
        "id": _ID, "object": "chat.completion.chunk", "created": _CREATED, "model": model,
        "choices": [choice],
    }  # fmt: skip


def usage_chunk(count: int, *, model: str) -> dict[str, Any]:
    """The chunk behind the others, which tells the usage."""
    return {**chat_chunk({}, model=model), "choices": [], "usage": chat_usage(count)}


def chat_usage(count: int) -> dict[str, int]:
    """The usage of a prompt of one token and so many more."""
    return {
        "prompt_tokens": _PROMPT_TOKENS, "completion_tokens": count,
        "total_tokens": _PROMPT_TOKENS + count,
    }  # fmt: skip


# -- Responses ----------------------------------------------------------------------------------


def response(answer: Answer, shape: RequestShape = RequestShape()) -> dict[str, Any]:
    """The answer as a Responses object; its numbers are rounded, as OpenAI's are.

    >>> response(Answer("hi"))["output"][0]["content"][0]["text"]
    '"hi"'
    """
    return _response(written_answer(answer, shape.schema), shape)


def response_events(answer: Answer, shape: RequestShape = RequestShape()) -> list[dict[str, Any]]:
    """The answer as the events of a Responses stream."""
    return [event for event, _ in response_parts(answer, shape)]


def response_parts(answer: Answer, shape: RequestShape) -> Iterator[tuple[dict[str, Any], int]]:
    """The events, each with the number of the answer's tokens in it."""
    for number, (event, count) in enumerate(_events(written_answer(answer, shape.schema), shape)):
        yield {**event, "sequence_number": number}, count


def _events(it: WrittenAnswer, shape: RequestShape) -> Iterator[tuple[dict[str, Any], int]]:
    begun = _frame(it, "in_progress")
    yield {"type": "response.created", "response": begun}, 0
    yield {"type": "response.in_progress", "response": begun}, 0
    item = _message([], "in_progress")
    yield {"type": "response.output_item.added", "output_index": 0, "item": item}, 0
    place = dict(_ITEM)
    if it.tokens or not it.refusal:
        yield from _text_events(it, shape, place)
        place = {**place, "content_index": 1}
    if it.refusal:
        yield {"type": "response.content_part.added", **place, "part": _refusal_part("")}, 0
        for entry in it.refusal:
            yield {"type": "response.refusal.delta", **place, "delta": entry.text}, 0
        part = _refusal_part(it.refused)
        yield {"type": "response.refusal.done", **place, "refusal": it.refused}, 0
        yield {"type": "response.content_part.done", **place, "part": part}, 0
    done = _response(it, shape)
    yield {"type": "response.output_item.done", "output_index": 0, "item": done["output"][0]}, 0
    kind = "completed" if done["status"] == "completed" else "incomplete"
    yield {"type": f"response.{kind}", "response": done}, 0


def _text_events(
    it: WrittenAnswer, shape: RequestShape, place: Any
) -> Iterator[tuple[dict[str, Any], int]]:
    yield {"type": "response.content_part.added", **place, "part": _text_part("", [])}, 0
    kind = "response.output_text"
    for entry in it.tokens:
        logprobs = _logprob_rows([entry], shape) or []
        yield {"type": f"{kind}.delta", **place, "delta": entry.text, "logprobs": logprobs}, 1
    logprobs = _logprob_rows(it.tokens, shape) or []
    yield {"type": f"{kind}.done", **place, "text": it.text, "logprobs": logprobs}, 0
    yield {"type": "response.content_part.done", **place, "part": _text_part(it.text, [])}, 0


def _response(it: WrittenAnswer, shape: RequestShape) -> dict[str, Any]:
    ending = _ENDINGS.get(it.finish_reason)
    status = "incomplete" if ending else "completed"
    parts: list[dict[str, Any]] = []
    if it.tokens or not it.refusal:
        parts.append(_text_part(it.text, _logprob_rows(it.tokens, shape, digits=_DECIMALS) or []))
    if it.refusal:
        parts.append(_refusal_part(it.refused))
    return _frame(it, status) | {
        "output": [_message(parts, status)],
        "incomplete_details": {"reason": ending} if ending else None,
        "usage": {
            "input_tokens": _PROMPT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": it.count, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": _PROMPT_TOKENS + it.count,
        },
    }  # fmt: skip


def _frame(it: WrittenAnswer, status: str) -> dict[str, Any]:
    return {
        "id": "resp_made-up", "object": "response", "created_at": _CREATED, "status": status,
        "model": it.model, "output": [], "parallel_tool_calls": True, "tool_choice": "auto",
        "tools": [], "error": None, "incomplete_details": None, "instructions": None,
        "metadata": {}, "temperature": 1.0, "top_p": 1.0,
    }  # fmt: skip


def _message(parts: list[dict[str, Any]], status: str) -> dict[str, Any]:
    return {
        "id": _ITEM["item_id"], "type": "message", "status": status, "role": "assistant",
        "content": parts,
    }  # fmt: skip


def _text_part(text: str, logprobs: list[Any]) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}


def _refusal_part(text: str) -> dict[str, Any]:
    return {"type": "refusal", "refusal": text}
