"""Text Generation Inference: ``details.tokens``, or one ``token`` a line of a stream.

In:    one response or one line.
Out:   one ``Delta``.
Never: the text of a special token as part of the answer.
Why:   Hugging Face's native API; its chat endpoint has OpenAI's shape.

Quirks:

* DJL writes ``log_prob``; it is not known whether that is from after the mask.
* A logprob may be null: JSON has no -inf.
* Logprobs are from after the grammar's mask and all sampling steps.
* The last line repeats the whole text; ``details.prefill`` are the prompt's tokens, if requested.
"""

from typing import Any

from fieldconf.responses.delta import Delta, finish, not_asked
from fieldconf.responses.formats import entries
from fieldconf.responses.payload_access import at, count, first, get, items, members, text

NAME = "TGI (`details.tokens`, or lines with a `token`)"

_NOT_ASKED = not_asked("details=true, top_n_tokens=5")


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    is_line = isinstance(at(item, "token", "text"), str)
    return is_line or isinstance(get(item, "generated_text"), str)


def read(item: Any) -> list[Delta]:
    """What the item adds."""
    details, line = get(item, "details"), get(item, "token")
    deltas: list[Delta] = []
    if get(line, "text") is not None:
        shown = "" if get(line, "special") else text(get(line, "text"))
        tokens = entries.paired([line], [get(item, "top_tokens")], _row)
        deltas.append(Delta(content=shown, tokens=tokens, mask="after"))
    if isinstance(get(item, "generated_text"), str) or members(details):
        is_djl = any(get(token, "log_prob") is not None for token in items(get(details, "tokens")))
        whole = Delta(
            content=text(get(item, "generated_text")),
            tokens=entries.paired(get(details, "tokens"), get(details, "top_tokens"), _row),
            prompt=entries.paired(get(details, "prefill"), None, _row) or (),
            finish_reason=finish(get(details, "finish_reason")),
            extent="final" if line is None else "cumulative",
            last=True,
            note=_NOT_ASKED,
            mask="unknown" if is_djl else "after",
            completion_tokens=count(get(details, "generated_tokens")),
        )
        deltas.append(whole)
    return deltas


def _row(token: Any) -> entries.Row:
    logprob = first(token, "logprob", "log_prob")
    return text(get(token, "text")), None, logprob, count(get(token, "id"))
