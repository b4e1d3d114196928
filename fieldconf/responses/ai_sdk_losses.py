"""AI SDK losses: why a result of the AI SDK has no logprobs, and what to write instead.

In:    a result, a step, or the last part of a stream, without logprobs.
Out:   one line in the words of JavaScript; "" for an item of another framework.
Never: a version or a provider that the item does not show.
Why:   what is lost depends on the version and the provider; docs/typescript.md has the table.

Quirks:

* The counts of tokens show the version: ``promptTokens`` (4), ``inputTokens`` (5 on), with
  ``inputTokenDetails`` (6 on). Only the steps of 7 have a ``callId``.
* The only key of ``providerMetadata`` is ``openai``, or the ``name`` of ``createOpenAICompatible``.
  Our ``metadataExtractor`` adds ``fieldconf``.
"""

import json
from collections.abc import Mapping
from typing import Any

from fieldconf.responses.payload_access import at, first, get, items, members, text

_KEPT = "fieldconf"
_LONGEST = 40  # characters of a provider's name

_PAGE = "docs/typescript.md"
_CHAT = "openai.chat(model, {{ logprobs: 5 }})"
_ASK = "ask with providerOptions: {{ openai: {{ logprobs: 5 }} }}"
_ASK_BY_NAME = "ask with providerOptions: {{ {name}: {{ logprobs: true, top_logprobs: 5 }} }}"
_ROWS: tuple[tuple[str, str, str], ...] = (
    (
        "4",
        "responses",
        f"this version does not ask Responses for them: use {_CHAT}, or version 5",
    ),
    (
        "4",
        "openai",
        f"ask with {_CHAT}; this version's streamObject loses them: use streamText",
    ),
    (
        "4",
        "other",
        (
            "this version loses those of streams of createOpenAICompatible: use generateObject or "
            f"generateText, or version 5 and the metadataExtractor of {_PAGE}"
        ),
    ),
    (
        "5",
        "last token",
        (
            "this version keeps only the last token of openai.chat's streams: use generateObject, "
            f"streamText with includeRawChunks: true ({_PAGE}), or version 6"
        ),
    ),
    ("", "responses", _ASK),
    ("", "openai", _ASK),
    ("", "kept", _ASK_BY_NAME),
    (
        "",
        "other",
        (
            "createOpenAICompatible loses those of streams, and in version 7 of generateText: give "
            f"it the metadataExtractor of {_PAGE}, and {_ASK_BY_NAME}"
        ),
    ),
    ("", "", f"ask for them, and see {_PAGE} for what each version keeps"),
)
"""The version (empty: any), the provider, and the remedy; the first row that fits counts."""


def reason(item: Any) -> str:
    """Why an item of the AI SDK has no logprobs, and the remedy."""
    step = (items(get(item, "steps")) or [item])[-1]
    version, provider = _version(step), _provider(step)
    remedy = next(
        words for of_version, of_provider, words in _ROWS
        if of_version in ("", version) and of_provider in ("", provider)
    )  # fmt: skip
    name = next((key for key in _metadata(step) if key != _KEPT), "")[:_LONGEST]
    shown = name if name.isidentifier() else json.dumps(name)
    return f"the result of AI SDK {version} has no logprobs: {remedy.format(name=shown)}"


def _metadata(step: Any) -> Mapping[str, Any]:
    return members(first(step, "providerMetadata", "experimental_providerMetadata"))


def _version(step: Any) -> str:
    usage = first(step, "usage", "totalUsage")
    counts = members(usage)
    if "promptTokens" in counts:
        return "4"
    if "inputTokenDetails" in counts:
        has_number = get(step, "stepNumber") is not None
        return "7" if get(step, "callId") else "6" if has_number else "6 or 7"
    return "4 to 7" if usage is None else "5"


def _provider(step: Any) -> str:
    metadata = _metadata(step)
    if _KEPT in metadata:
        return "kept"
    about = get(metadata, "openai")
    if get(about, "logprobs"):
        return "last token"
    if get(about, "responseId") or text(at(step, "model", "provider")).endswith(".responses"):
        return "responses"
    return "openai" if about is not None else "other" if metadata else ""
