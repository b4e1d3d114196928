"""Dialects: one completion in the formats of different providers, servers and frameworks.

In:    a ``Case``.
Out:   ``Dialect`` values: a small writer each, and what it loses; strategies of them.
Never: a field that no server sends; a recorded response.
Why:   a pipeline should decide the same with another provider.

A dialect loses numbers if it has no bytes and a token is a part of a character, if it lists
candidates by text and two have the same text, if it rounds, or if it lists no candidates.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias, cast

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from fieldconf.strategies.cases import (
    Case,
    chunks_of,
    ending,
    entry,
    response,
    texts_of,
    token_row,
)
from fieldconf.testing.payloads import chat_chunk, chat_usage
from fieldconf.tokens.token import Candidate, Token

Json: TypeAlias = dict[str, Any]
Keeps: TypeAlias = Callable[[Case], bool]


@dataclass(frozen=True)
class Dialect:
    """How one provider writes a completion down.

    Attributes:
        name: of the provider as in ``request(provider=...)``, or of a framework; with " stream".
        write: a ``Case`` to what a client returns: a dict, or a list of chunks; plain JSON.
        keeps: whether all numbers of a case survive, so that its report has the same confidences.
    """

    name: str
    write: Callable[[Case], Any]
    keeps: Keeps = lambda _: True

    def __repr__(self) -> str:
        return f"<Dialect {self.name}>"


# -- what is lost ---------------------------------------------------------------------------------


def _whole_characters(case: Case) -> bool:
    """Whether no token is a part of a character, for formats that send texts only."""
    return all(token.text.encode() == token.bytes for token in _everything(case))


def _everything(case: Case) -> Iterable[Token | Candidate]:
    for token in case.tokens:
        yield token
        yield from token.candidates


# -- tokens ---------------------------------------------------------------------------------------


def _escaped(token: Token | Candidate) -> str:
    r"""OpenAI's text of a token that is a part of a character: ``\xf0\x9f``."""
    if token.text.encode() == token.bytes:
        return token.text
    return "".join(f"\\x{byte:02x}" for byte in token.bytes)


def _openai_entries(case: Case, digits: int | None = None) -> list[Json]:
    def named(token: Token | Candidate) -> Json:
        logprob = token.logprob
        if digits is not None and logprob is not None:
            logprob = round(logprob, digits)
        return {**token_row(token), "token": _escaped(token), "logprob": logprob}

    return [entry(token, named) for token in case.tokens]


def _text_entries(case: Case) -> list[Json]:
    """Entries of servers that send no bytes."""

    def without_bytes(token: Token | Candidate) -> Json:
        return {"token": token.text, "logprob": token.logprob}

    return [entry(token, without_bytes) for token in case.tokens]


def _legacy_text(token: Token | Candidate) -> str:
    return token.text if token.text.encode() == token.bytes else f"bytes:{_escaped(token)}"


def _ids(case: Case) -> Mapping[bytes, int]:
    """Made-up ids: one for each token that occurs."""
    texts = dict.fromkeys(token.bytes for token in _everything(case))
    return {raw: 1000 + place for place, raw in enumerate(texts)}


# -- OpenAI's chat, and those who copy it ---------------------------------------------------------


def _chat(entries: Callable[[Case], Sequence[Json]]) -> Callable[[Case], Json]:
    return lambda case: response(case, entries(case))


def _chat_stream(entries: Callable[[Case], Sequence[Json]]) -> Callable[[Case], list[Json]]:
    return lambda case: chunks_of(case, entries(case))


def _azure(case: Case) -> Json:
    payload = response(case, _openai_entries(case))
    payload["choices"][0]["content_filter_results"] = {"hate": {"filtered": False}}
    return {**payload, "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]}


def _azure_stream(case: Case) -> list[Json]:
    first: Json = {
        "id": "", "object": "", "model": "", "choices": [],
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}],
    }  # fmt: skip
    return [first, *_chat_stream(_openai_entries)(case)]


def _sampled_first(case: Case) -> list[Json]:
    """As vLLM lists them: the sampled token first, whatever its rank."""
    entries = [entry(token) for token in case.tokens]
    for token in entries:
        rows: list[Json] = token["top_logprobs"]
        rows.sort(key=lambda row: row["bytes"] != token["bytes"])
    return entries


def _llama_cpp_entries(case: Case) -> list[Json]:
    """Parts of a character are listed with the token that completes it."""
    ids = _ids(case)

    def row(raw: bytes, token: Token | Candidate) -> Json:
        shown = raw.decode("utf-8", "replace")
        return {
            "id": ids[token.bytes], "token": shown, "bytes": list(raw), "logprob": token.logprob,
        }  # fmt: skip

    entries: list[Json] = []
    waiting = b""
    for token in case.tokens:
        waiting += token.bytes
        try:
            waiting.decode()
        except UnicodeDecodeError:
            continue
        top = [row(candidate.bytes, candidate) for candidate in token.candidates]
        entries.append({**row(waiting, token), "top_logprobs": top})
        waiting = b""
    return entries


def _llama_cpp_chat(case: Case) -> Json:
    payload = response(case, _llama_cpp_entries(case))
    return {**payload, "timings": {"predicted_n": len(case.tokens)}}


def _batch(case: Case) -> Json:
    body = response(case, _openai_entries(case))
    answer = {"status_code": 200, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": "ticket-1", "response": answer, "error": None}


# -- OpenAI's Responses ---------------------------------------------------------------------------


def _responses(case: Case) -> Json:
    part = {
        "type": "output_text", "text": case.text, "annotations": [],
        "logprobs": _openai_entries(case, digits=6),  # only whole responses are rounded
    }  # fmt: skip
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
        "content": [part],
    }  # fmt: skip
    return {
        "id": "resp_1", "object": "response", "status": "completed", "model": case.model,
        "output": [message], "usage": {"input_tokens": 1, "output_tokens": len(case.tokens)},
    }  # fmt: skip


def _responses_stream(case: Case) -> list[Json]:
    where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    entries = _openai_entries(case)
    deltas = [
        {"type": "response.output_text.delta", **where, "delta": text, "logprobs": [entry]}
        for text, entry in zip(texts_of(case.tokens), entries, strict=True)
    ]
    done = {"type": "response.output_text.done", **where, "text": case.text, "logprobs": entries}
    empty: Json = {"id": "resp_1", "object": "response", "status": "in_progress", "output": []}
    return [
        {"type": "response.created", "response": empty}, *deltas, done,
        {"type": "response.completed", "response": _responses(case)},
    ]  # fmt: skip


# -- legacy lists ---------------------------------------------------------------------------------


def _lists(case: Case) -> Json:
    return {
        "tokens": [_legacy_text(token) for token in case.tokens],
        "token_logprobs": [token.logprob for token in case.tokens],
        "top_logprobs": [
            {_legacy_text(c): c.logprob for c in token.candidates} for token in case.tokens
        ],
    }


def _completions(case: Case) -> Json:
    offsets = accumulate((len(token.text) for token in case.tokens[:-1]), initial=0)
    choice = {
        "index": 0, "text": case.text, "finish_reason": "stop",
        "logprobs": {**_lists(case), "text_offset": list(offsets)},
    }  # fmt: skip
    return {
        "id": "cmpl-1", "object": "text_completion", "created": 0, "model": case.model,
        "choices": [choice], "usage": chat_usage(len(case.tokens)),
    }  # fmt: skip


def _together(case: Case) -> Json:
    payload = response(case, [])
    ids, lists = _ids(case), _lists(case)
    lists["tokens"].append("<|eot_id|>")
    lists["token_logprobs"].append(-0.001)
    lists["top_logprobs"].append({"<|eot_id|>": -0.001})
    payload["choices"][0]["logprobs"] = {
        **lists, "token_ids": [*(ids[token.bytes] for token in case.tokens), 1],
    }  # fmt: skip
    return payload


def _together_stream(case: Case) -> list[Json]:
    ids, chunks = _ids(case), list[Json]()
    for text, token in zip(texts_of(case.tokens), case.tokens, strict=True):
        part = chat_chunk({"token_id": ids[token.bytes], "content": text}, model=case.model)
        part["choices"][0]["logprobs"] = token.logprob
        part["choices"][0]["top_logprobs"] = {c.text: c.logprob for c in token.candidates}
        chunks.append(part)
    return [*chunks, *ending(len(case.tokens), case.model)]


# -- servers in their own words -------------------------------------------------------------------


def _llama_cpp(case: Case) -> Json:
    return {
        "index": 0, "content": case.text, "tokens": [], "stop": True, "stop_type": "eos",
        "model": case.model, "tokens_predicted": len(case.tokens), "tokens_evaluated": 1,
        "completion_probabilities": _llama_cpp_entries(case),
    }  # fmt: skip


def _ollama_entries(case: Case) -> list[Json]:
    """The bytes are those of the text, even where the token is a part of a character."""

    def row(token: Token | Candidate) -> Json:
        return {"token": token.text, "logprob": token.logprob, "bytes": list(token.text.encode())}

    return [entry(token, row) for token in case.tokens]


def _ollama(case: Case) -> Json:
    return {
        "model": case.model, "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": case.text},
        "done": True, "done_reason": "stop", "logprobs": _ollama_entries(case),
    }  # fmt: skip


def _ollama_stream(case: Case) -> list[Json]:
    lines: list[Json] = [
        {"model": case.model, "message": {"role": "assistant", "content": text}, "done": False,
         "logprobs": [entry]}
        for text, entry in zip(texts_of(case.tokens), _ollama_entries(case), strict=True)
    ]  # fmt: skip
    end = {"model": case.model, "message": {"role": "assistant", "content": ""}, "done": True}
    return [*lines, {**end, "done_reason": "stop", "eval_count": len(case.tokens)}]


def _gemini(case: Case) -> Json:
    """A logprob of 0 is left out."""
    ids = _ids(case)

    def row(token: Token | Candidate) -> Json:
        entry: Json = {"token": token.text, "tokenId": ids[token.bytes]}
        return {**entry, "logProbability": token.logprob} if token.logprob else entry

    result = {
        "chosenCandidates": [row(token) for token in case.tokens],
        "topCandidates": [{"candidates": [row(c) for c in t.candidates]} for t in case.tokens],
    }
    candidate = {
        "content": {"role": "model", "parts": [{"text": case.text}]}, "finishReason": "STOP",
        "avgLogprobs": -0.1, "logprobsResult": result,
    }  # fmt: skip
    return {
        "candidates": [candidate], "modelVersion": case.model,
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": len(case.tokens)},
    }  # fmt: skip


def _tgi_rows(case: Case) -> list[tuple[Json, list[Json]]]:
    ids = _ids(case)

    def row(token: Token | Candidate) -> Json:
        entry = {"id": ids[token.bytes], "text": token.text, "logprob": token.logprob}
        return {**entry, "special": False}

    return [(row(token), [row(c) for c in token.candidates]) for token in case.tokens]


_TGI_END: Json = {"id": 1, "text": "<|eot_id|>", "logprob": 0.0, "special": True}


def _tgi(case: Case) -> Json:
    rows = [*_tgi_rows(case), (_TGI_END, [_TGI_END])]
    details = {
        "finish_reason": "eos_token", "generated_tokens": len(rows), "seed": None, "prefill": [],
        "tokens": [token for token, _ in rows], "top_tokens": [top for _, top in rows],
    }  # fmt: skip
    return {"generated_text": case.text, "details": details}


def _tgi_stream(case: Case) -> list[Json]:
    rows = [*_tgi_rows(case), (_TGI_END, [_TGI_END])]
    lines: list[Json] = [
        {"index": i, "token": token, "top_tokens": top, "generated_text": None, "details": None}
        for i, (token, top) in enumerate(rows, 1)
    ]
    details = {"finish_reason": "eos_token", "generated_tokens": len(rows), "seed": None}
    lines[-1] |= {"generated_text": case.text, "details": details}
    return lines


def _sglang(case: Case) -> Json:
    ids = _ids(case)

    def triple(token: Token | Candidate) -> list[Any]:
        return [token.logprob, ids[token.bytes], token.text]

    about = {
        "id": "1", "finish_reason": {"type": "stop", "matched": 1}, "prompt_tokens": 1,
        "completion_tokens": len(case.tokens), "input_token_logprobs": [],
        "output_token_logprobs": [triple(token) for token in case.tokens],
        "output_top_logprobs": [[triple(c) for c in token.candidates] for token in case.tokens],
    }  # fmt: skip
    payload = {"text": case.text, "output_ids": [ids[token.bytes] for token in case.tokens]}
    return {**payload, "meta_info": about}


def _cohere(case: Case) -> Json:
    """One run for each token, without candidates."""
    ids = _ids(case)
    runs = [
        {"text": text, "token_ids": [ids[token.bytes]], "logprobs": [token.logprob]}
        for text, token in zip(texts_of(case.tokens), case.tokens, strict=True)
    ]
    message = {"role": "assistant", "content": [{"type": "text", "text": case.text}]}
    return {"id": "1", "finish_reason": "COMPLETE", "message": message, "logprobs": runs}


# -- the table ------------------------------------------------------------------------------------

_DIALECTS = (
    Dialect("openai", _chat(_openai_entries)),
    Dialect("openai stream", _chat_stream(_openai_entries)),
    Dialect("openai-responses", _responses, lambda _: False),
    Dialect("openai-responses stream", _responses_stream),
    Dialect("openai-completions", _completions),
    Dialect("openai batch line", _batch),
    Dialect("azure", _azure),
    Dialect("azure stream", _azure_stream),
    Dialect("together", _together),
    Dialect("together stream", _together_stream, _whole_characters),
    Dialect("deepseek", _chat(_openai_entries)),
    Dialect("gemini", _gemini, _whole_characters),
    Dialect("vllm", _chat(_sampled_first)),
    Dialect("vllm stream", _chat_stream(_sampled_first)),
    Dialect("vllm-completions", _completions),
    Dialect("sglang-generate", _sglang, _whole_characters),
    Dialect("tgi", _chat(_text_entries), _whole_characters),
    Dialect("tgi-generate", _tgi, _whole_characters),
    Dialect("tgi-generate stream", _tgi_stream, _whole_characters),
    Dialect("llama.cpp", _llama_cpp_chat, _whole_characters),
    Dialect("llama.cpp-completion", _llama_cpp, _whole_characters),
    Dialect("ollama", _ollama, _whole_characters),
    Dialect("ollama stream", _ollama_stream, _whole_characters),
    Dialect("cohere", _cohere, lambda _: False),
    Dialect("litellm", _chat(_text_entries), _whole_characters),
)

DIALECTS: Mapping[str, Dialect] = {dialect.name: dialect for dialect in _DIALECTS}
"""All of them by name."""


def dialects(*names: str, keeping: Case | None = None) -> SearchStrategy[Dialect]:
    """Ways in which providers write a completion down; OpenAI's first.

    Args:
        names: of those that are wanted, see ``DIALECTS``; all of them where nothing is said.
        keeping: only those that lose none of the numbers of this case.

    Raises:
        InvalidArgument: (hypothesis' own) if there is none of that name, or none is left.

    >>> from hypothesis import given
    >>> @given(dialects("ollama", "gemini"))
    ... def test(dialect):
    ...     assert dialect.name in ("ollama", "gemini")
    >>> test()
    """
    unknown = [name for name in names if name not in DIALECTS]
    if unknown:
        raise InvalidArgument(f"no dialect {unknown[0]!r}; there are {', '.join(DIALECTS)}")
    candidates = [DIALECTS[name] for name in names or DIALECTS]
    matching = [dialect for dialect in candidates if keeping is None or dialect.keeps(keeping)]
    if not matching:
        raise InvalidArgument(f"each of {', '.join(names)} loses numbers of this completion")
    return st.sampled_from(matching)


def payloads(case: Case, *names: str, keeps_numbers: bool = False) -> SearchStrategy[Any]:
    """A completion as it may reach your code: any dialect, as plain values or as saved text.

    Whole responses come as a dict, as JSON text or as bytes; streams as a list of chunks, as JSON
    Lines or as server-sent events.

    Args:
        case: the completion.
        names: of the dialects that are wanted, see ``DIALECTS``; all of them where nothing is said.
        keeps_numbers: only of dialects that lose none of the numbers of this case, so that their
            reports have the same confidences.

    Raises:
        InvalidArgument: (hypothesis' own) if there is no such dialect, or none is left.

    >>> import fieldconf as fc
    >>> from hypothesis import given
    >>> from fieldconf.strategies.completions import completions
    >>> @given(completions(bool).flatmap(lambda case: st.tuples(st.just(case), payloads(case))))
    ... def test(drawn):
    ...     case, payload = drawn
    ...     assert fc.score(payload, bool).value == case.value
    >>> test()
    """
    choices = dialects(*names, keeping=case if keeps_numbers else None)
    return choices.flatmap(lambda dialect: _saved(dialect.write(case)))


def _saved(payload: Any) -> SearchStrategy[Any]:
    """A payload as it is, or as people keep it."""
    if isinstance(payload, list):
        chunks = [json.dumps(chunk) for chunk in cast("list[Json]", payload)]
        events = "".join(f"data: {chunk}\n\n" for chunk in [*chunks, "[DONE]"])
        return st.sampled_from([cast("Any", payload), "\n".join(chunks), events])
    text = json.dumps(payload)
    return st.sampled_from([payload, text, text.encode()])
