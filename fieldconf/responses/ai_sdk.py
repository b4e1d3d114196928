"""AI SDK: the parts of its streams (``fullStream``), in the form of each of its versions.

In:    one part, or a part of a provider's own stream.
Out:   one ``Delta``.
Never: a list of tokens twice: the part that ends a step and the part that ends the stream have it.
Why:   the text comes in many parts, and all tokens come with the last one.

Quirks:

* The text of a ``text-delta`` is ``textDelta`` (4), ``text`` (5 on) or ``delta`` (a provider's).
* A step ends with ``step-finish`` (4) or ``finish-step`` (5 on). Logprobs are in it (4), or below
  ``providerMetadata`` (5 on). Other parts hold objects, calls and times, and are ignored.
* The finish reason may be an object with the SDK's reason and the provider's (6 on).
"""

from typing import Any

from fieldconf.responses import ai_sdk_losses
from fieldconf.responses.delta import Delta, finish
from fieldconf.responses.formats import entries
from fieldconf.responses.frameworks import (
    AI_SDK_ENDS,
    ai_sdk_delta,
    ai_sdk_logprobs,
)
from fieldconf.responses.payload_access import first, get, text

_SOURCE = "AI SDK"  # the end of a step and that of the stream say the same

NAME = "a part of an AI SDK stream (`text-delta`, `finish`)"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    kind = text(get(item, "type"))
    return kind in AI_SDK_ENDS or (kind == "text-delta" and ai_sdk_delta(item) is not None)


def read(item: Any) -> list[Delta]:
    """What the part adds."""
    if text(get(item, "type")) == "text-delta":
        return [Delta(content=ai_sdk_delta(item))]
    reason = get(item, "finishReason")
    tokens = entries.read(ai_sdk_logprobs(item)) or None
    return [
        Delta(
            content=None,
            tokens=tokens,
            note="" if tokens else ai_sdk_losses.reason(item),
            finish_reason=finish(first(reason, "unified") or reason),
            extent="cumulative",
            source=_SOURCE,
        )
    ]
