r"""Legacy lists: ``choices[].logprobs`` with ``tokens``, ``token_logprobs``, ``top_logprobs``.

In:    one response, or one chunk of a stream.
Out:   a ``Delta`` for each choice; with ``echo`` its tokens begin with those of the prompt.
Never: a logprob if the lists differ in length: its token is not known.
Why:   OpenAI Completions, vLLM's and SGLang's completions, Together's chat, Fireworks with an
       integer, old vLLM and llama-cpp-python.

Quirks:

* Candidates are a dict by text: two tokens with the same text are one candidate.
* A part of a character is written ``bytes:\xf0\x9f``.
* ``echo``: the first token has neither a logprob nor candidates.
* Together's first token could have a positive logprob; its last may be the end token.
"""

from typing import Any

from msgspec.structs import replace

from fieldconf.responses.delta import Delta
from fieldconf.responses.formats import choices, entries
from fieldconf.responses.payload_access import at, count, get, items, members, text
from fieldconf.tokens.spelling import unescaped
from fieldconf.tokens.token import Token

NAME = "legacy Completions (`choices[].logprobs.token_logprobs`)"

_UNEQUAL = "comes in lists of different lengths: it is not known which number is whose"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    return choices.have(
        item,
        lambda choice: (
            isinstance(at(choice, "logprobs", "token_logprobs"), (list, tuple))
            # Newer models at Together have both lists: then the other one is read.
            and not isinstance(at(choice, "logprobs", "content"), (list, tuple))
        ),
    )


def read(item: Any) -> list[Delta]:
    """What the item adds, choice by choice."""
    return choices.deltas(item, _tokens)


def pieces(shown: str) -> bytes | None:
    r"""The bytes of a text that writes them out (``bytes:\xf0``); None for any other text."""
    return unescaped(shown) if shown.startswith("bytes:\\x") else None


def rows(top: Any) -> list[entries.Row]:
    """The candidates in a dict from text to logprob."""
    return [(shown, pieces(shown), value, None) for shown, value in members(top).items()]


def _tokens(choice: Any, delta: Delta) -> Delta:
    logprobs = get(choice, "logprobs")
    tokens = _read(logprobs)
    is_echo = bool(tokens) and items(get(logprobs, "token_logprobs"))[:1] == [None]
    return replace(delta, tokens=tokens, echo=is_echo)


def _read(logprobs: Any) -> tuple[Token, ...]:
    shown, numbers = items(get(logprobs, "tokens")), items(get(logprobs, "token_logprobs"))
    if len(shown) != len(numbers):
        return tuple(Token(text(s), pieces(text(s)), None, note=_UNEQUAL) for s in shown)
    ids = items(get(logprobs, "token_ids"))
    ids = ids if len(ids) == len(shown) else [None] * len(shown)
    chosen = [
        (text(s), pieces(text(s)), number, _whole(token_id))
        for s, number, token_id in zip(shown, numbers, ids, strict=True)
    ]
    tops = [rows(top) for top in items(get(logprobs, "top_logprobs"))]
    return entries.parallel(chosen, tops) or ()


def _whole(token_id: Any) -> int | None:
    """An id as an integer; Together's SDK has floats."""
    is_whole = isinstance(token_id, float) and token_id.is_integer()
    return count(int(token_id) if is_whole else token_id)
