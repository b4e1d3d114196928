"""Text Generation Inference: ``details.tokens``, or one ``token`` a line of a stream.

In:    one response or one line.
Out:   one ``Delta``.
Never: the text of a special token as part of the answer.
Why:   Hugging Face's server in its own words; its chat face is OpenAI's.

Quirks:

* A logprob may be null: JSON has no -inf.
* The numbers stand after the grammar's mask and after all that sampling does to them.
* The last line repeats the whole text; ``details.prefill`` are the prompt's tokens, if asked for.
"""

from typing import Any

from fieldconf.tokens import Candidate, Token, candidate_logprob
from fieldconf.wire import entries
from fieldconf.wire.delta import Delta, finish
from fieldconf.wire.plain import at, count, get, items, members, text

NAME = "TGI (`details.tokens`, or lines with a `token`)"

_UNEQUAL = "comes in lists of different lengths: it is not known which candidates are its own"

_NOT_ASKED = "the response has no logprobs: ask for them (details=true, top_n_tokens=5)"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    is_line = isinstance(at(item, "token", "text"), str)
    return is_line or isinstance(get(item, "generated_text"), str)


def read(item: Any) -> list[Delta]:
    """What the item adds."""
    details, line = get(item, "details"), get(item, "token")
    found: list[Delta] = []
    if get(line, "text") is not None:
        shown = "" if get(line, "special") else text(get(line, "text"))
        found.append(
            Delta(content=shown, tokens=(_token(line, get(item, "top_tokens")),), mask="post")
        )
    if isinstance(get(item, "generated_text"), str) or members(details):
        found.append(_whole(item, details))
    return found


def _whole(item: Any, details: Any) -> Delta:
    return Delta(
        content=text(get(item, "generated_text")),
        tokens=_tokens(items(get(details, "tokens")), items(get(details, "top_tokens"))),
        prompt=_tokens(items(get(details, "prefill")), ()) or (),
        finish_reason=finish(get(details, "finish_reason")),
        extent="so far",
        note=_NOT_ASKED,
        mask="post",
        completion_tokens=count(get(details, "generated_tokens")),
    )


def _tokens(found: Any, tops: Any) -> tuple[Token, ...] | None:
    if tops and len(tops) != len(found):
        return tuple(Token(text(get(t, "text")), None, None, note=_UNEQUAL) for t in found) or None
    return tuple(map(_token, found, tops or [()] * len(found))) or None


def _token(token: Any, top: Any) -> Token:
    candidates = tuple(
        Candidate(text(get(c, "text")), None, logprob, count(get(c, "id")))
        for c in items(top)
        if (logprob := candidate_logprob(get(c, "logprob"))) is not None
    )
    shown, number = text(get(token, "text")), count(get(token, "id"))
    return entries.make(shown, None, get(token, "logprob"), candidates, number)
