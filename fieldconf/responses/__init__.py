"""Responses: from any response of any client to ``Completion`` values.

In:    an SDK object, a dict, JSON text or bytes, server-sent-event text, or a list of chunks.
Out:   one ``Completion`` for each choice or tool call; for a stream, ``Delta`` values by chunk.
Never: I/O; a client's package imported; a guess if the shape is unknown; an exception other than
       the library's own.
Why:   all providers are read in one place, whatever client or framework delivered the response.

* ``envelopes``: opens text, bytes, objects and lists;
* ``frameworks``, ``engines``, ``objects``, ``records``, ``ai_sdk``, ``kept``: unwrap parts of
  responses, and responses of frameworks and records; ``wrapper``: a row of their tables;
* ``without_logprobs``: what people pass in place of a response; ``ai_sdk_losses``: what it lost;
* ``formats/``: one module for each shape; ``fast/``: faster readers of the most frequent shape;
* ``delta``: adds up the parts of a response; ``answer_bounds``: where another answer begins;
* ``token_names``, ``echo``, ``text_repair``: repair token names, echoed prompts, and the text;
* ``payload_access``: access to untrusted values.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from types import ModuleType
from typing import Any, cast

from msgspec import structs

from fieldconf.errors import FieldconfError, NoLogprobsError, PayloadError, one_line
from fieldconf.providers.refusals import refusal, server_message
from fieldconf.responses import ai_sdk, ai_sdk_losses, echo, frameworks, kept, token_names
from fieldconf.responses.answer_bounds import Answers
from fieldconf.responses.delta import Delta, fold, several
from fieldconf.responses.envelopes import REMEDY, open_payload
from fieldconf.responses.fast.from_json import RawBody
from fieldconf.responses.formats import (
    bare_list,
    cohere,
    decisions,
    gemini,
    legacy,
    llama_cpp,
    lm_studio,
    openai_chat,
    openai_responses,
    sglang,
    tgi,
    together_stream,
    transformers,
)
from fieldconf.responses.payload_access import first, get, listed
from fieldconf.responses.text_repair import fitted
from fieldconf.responses.without_logprobs import without_logprobs
from fieldconf.tokens.spelling import undisguised
from fieldconf.tokens.token import Completion

FAMILIES: tuple[ModuleType, ...] = (
    gemini, sglang, llama_cpp, tgi, openai_responses, ai_sdk, bare_list,
    legacy, together_stream, openai_chat,
    cohere, lm_studio, transformers, decisions,
)  # fmt: skip
"""The known shapes, in the order in which they are tried: the most specific first. The last of the
three with ``choices`` also reads responses without logprobs."""

_DEEPEST = 4  # a cassette in a log is 2 texts or lists deep


def completions(
    payload: Any, *, tokenizer: Any = None, prompt: str | None = None
) -> list[Completion]:
    """The completions in a payload: one for each choice, or for each tool call of a choice.

    Choices of several whole answers are numbered consecutively. Items of unknown shapes are
    skipped if there are others, as in a live stream.

    Args:
        payload: see ``scoring.score``.
        tokenizer: for responses that list only ids, see ``token_names``.
        prompt: the prompt, for responses that echo it.

    Raises:
        PayloadError: if no known shape fits. It names the known shapes and what was found; its
            ``came`` has the completions before it.
        NoLogprobsError: if the payload is an error in which a server refuses logprobs.
    """
    answers = _answers(payload, tokenizer, prompt)
    if len(answers) == 1:
        return answers[0]
    every = [(place, completion) for place, answer in enumerate(answers) for completion in answer]
    choices = groupby(every, key=lambda pair: (pair[0], pair[1].choice))
    return [
        replace(completion, choice=number)
        for number, (_, calls) in enumerate(choices)
        for _, completion in calls
    ]


def _answers(payload: Any, tokenizer: Any, prompt: str | None) -> list[list[Completion]]:
    """The completions of each whole answer in a payload; most have one answer."""
    dull: list[Any] = []
    unknown: list[Any] = []
    answers: list[list[Delta]] = [[]]
    borders = Answers()
    try:
        for deltas in _read_all(payload, dull, unknown):
            if borders.begins(deltas):
                answers.append([])
            answers[-1] += deltas
    except PayloadError as error:
        error.came = tuple(completion for deltas in answers for completion in fold(deltas))
        raise
    complete = [completion for deltas in answers if (completion := fold(deltas))]
    if not complete:
        raise _unknown(next(iter([*filter(_is_error, dull), *unknown, *dull]), None))
    reader = None if tokenizer is None else token_names.reader_of(tokenizer)
    return [[mended(completion, reader, prompt) for completion in answer] for answer in complete]


def mended(
    completion: Completion, reader: token_names.Reader | None = None, prompt: str | None = None
) -> Completion:
    """The completion with named tokens, without an echoed prompt, and with a text that they spell.

    Raises:
        PayloadError: if an echo does not begin with ``prompt``.
    """
    return fitted(undisguised(echo.split(token_names.named(completion, reader), prompt)), prompt)


def completion(
    payload: Any, choice: int, call: int = 0, *, tokenizer: Any = None, prompt: str | None = None
) -> Completion:
    """One completion of a payload: the call at a position of a choice.

    Raises:
        PayloadError: if no known shape fits, there is no such choice or call, or the payload holds
            several whole answers.
        NoLogprobsError: if it is an error in which a server refuses logprobs.
    """
    answers = _answers(payload, tokenizer, prompt)
    if len(answers) > 1:
        error = several(len(answers))
        error.came = tuple(each for answer in answers for each in answer)
        raise error
    [answer] = answers
    choices = [list(calls) for _, calls in groupby(answer, key=lambda each: each.choice)]
    calls = choices[_place(choice, choices, "choice")]
    return calls[_place(call, calls, "tool call")]


def read_chunk(chunk: Any) -> list[Delta]:
    """What one chunk of a stream adds; nothing if it does not concern the answer.

    Raises:
        PayloadError: if no known shape fits, or if it is an error (``found`` is then "error").
        NoLogprobsError: if it is an error in which a server refuses logprobs.
    """
    dull: list[Any] = []
    unknown: list[Any] = []
    deltas = [delta for item_deltas in _read_all(chunk, dull, unknown) for delta in item_deltas]
    useless = [*filter(_is_error, dull), *unknown]
    if useless:
        raise _unknown(useless[0])
    return deltas


def _place(wanted: int, sequence: Sequence[Any], what: str) -> int:
    if not 0 <= wanted < len(sequence):
        raise PayloadError(
            f"the response has no {what} {wanted}", found=f"{len(sequence)} of them",
            remedy=f"Choose one of 0 to {len(sequence) - 1}",
        )  # fmt: skip
    return wanted


def _read_all(
    payload: Any, dull: list[Any], unknown: list[Any], depth: int = 0
) -> Iterator[list[Delta]]:
    """What each item of a payload adds, one by one: long streams are not held in memory.

    ``dull`` gets an item that adds nothing to an answer, preferably an error; ``unknown`` gets the
    first item of an unknown shape.
    """
    for item in open_payload(payload):
        if isinstance(item, RawBody):  # only this format reads it
            yield _read_as(openai_chat, item)
            continue
        if (saved := kept.opened(item)) is not None:
            settings: dict[str, Any] = {
                "layout": saved.layout, "temperature": saved.temperature, "flags": saved.flags
            }  # fmt: skip
            if saved.mask != "unknown":
                settings["mask"] = saved.mask
            for deltas in _read_all(saved.response, dull, unknown, depth):
                yield [structs.replace(delta, **settings) for delta in deltas]
            continue
        inner = frameworks.unwrap(listed(item))
        if inner is not item and isinstance(
            inner, (str, bytes, list)
        ):  # a record's body, or several records
            if depth < _DEEPEST:
                yield from _read_all(inner, dull, unknown, depth + 1)
                continue
            inner = None
        deltas = _read(listed(inner), item)
        if deltas is None:
            unknown[:] = unknown or [item]
            continue
        is_dull = all(delta.index is None for delta in deltas)
        if is_dull and (not dull or _is_error(item)):
            dull[:] = [item]
        yield deltas


def _read(inner: Any, item: Any) -> list[Delta] | None:
    """What the response inside an item adds, read by the first family that it matches; or None."""
    if inner is None:
        return []
    family = next((family for family in FAMILIES if family.matches(inner)), None)
    if family is None and _is_error(inner):
        raise _unknown(inner)
    if family is None:
        return None
    deltas = _read_as(family, inner)
    if inner is not item and frameworks.is_ai_sdk(item):
        note = ai_sdk_losses.reason(item)  # it is shown where there are no tokens
        deltas = [structs.replace(delta, note=note) for delta in deltas]
    return deltas


def _read_as(family: ModuleType, inner: Any) -> list[Delta]:
    """What an item of a family's shape adds."""
    try:
        return family.read(inner)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise PayloadError(
            f"the response looks like {family.NAME}, but a part of it is of the wrong type "
            f"({one_line(str(error))})",
            looked_for=family.NAME,
            remedy=REMEDY,
        ) from error


# -- errors -------------------------------------------------------------------------------------


def _unknown(item: Any) -> FieldconfError:
    looked_for = "; ".join(family.NAME for family in FAMILIES)
    if _is_error(item):
        message = server_message(item) or server_message(get(item, "response"))
        if remedy := refusal(None, message):
            return NoLogprobsError(f"the response is an error: {one_line(message)}", remedy=remedy)
        is_value = isinstance(item, dict) and not _ERROR_KEYS.issuperset(cast("Any", item))
        return PayloadError(
            f"the response is an error of the server: {one_line(message) or 'it has no message'}",
            looked_for=looked_for,
            found="error",
            remedy="Fix the request: the response has no answer to score"
            + ("; if this is the answer's value, pass `completion`" if is_value else ""),
        )
    if found := without_logprobs(item):
        what, remedy = found
        return PayloadError(
            f"this is {what}", looked_for=looked_for, found=_describe(item), remedy=remedy
        )
    description = _describe(item)
    return PayloadError(
        f"no known response shape: found {description}",
        looked_for=looked_for,
        found=description,
        remedy="Pass `completion`, the whole response of the request, as an SDK object, a dict, or "
        "its JSON: the answer's value alone has no logprobs",
    )


_ERROR_KEYS = frozenset(
    {
        "code", "created", "detail", "error", "error_code", "error_type", "event_id", "id",
        "message", "metadata", "model", "object", "param", "request_id", "response",
        "sequence_number", "status", "status_code", "success", "timestamp", "type", "user_id",
    }
)  # fmt: skip
"""Keys beside the error of a server; with others it may be a value about an error."""


def _is_error(item: Any) -> bool:
    is_event = get(item, "type") in ("error", "response.failed") or get(item, "object") == "error"
    return is_event or first(item, "error", "detail") is not None


def _describe(item: Any) -> str:
    if item is None:
        return "nothing"
    if isinstance(item, dict):
        keys = list(cast("dict[str, Any]", item))
        return f"an object with the keys {', '.join(map(repr, keys[:8]))}" if keys else "{}"
    return f"{type(item).__name__} {one_line(str(item))}"
