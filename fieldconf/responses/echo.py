"""Echo: a completion whose text begins with the prompt, taken apart.

In:    a completion with ``echo``; what the caller or the server says of the prompt.
Out:   the same with ``prompt`` tokens apart from the answer's text and tokens.
Never: a prompt's JSON scored as the answer: where it ends must be known.
Why:   legacy Completions give the prompt's logprobs only this way.

Where the prompt ends is known, in this order: from the prompt itself; from the server's count of
its tokens; or since from one token on the text is JSON, and from none before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from fieldconf.errors import PayloadError
from fieldconf.responses.payload_access import parsed
from fieldconf.tokens.spelling import is_control
from fieldconf.tokens.token import Completion, Token, utf8

_NONE = object()
_UNKNOWN = (
    "the response echoes its prompt, and does not say where that ends: give prompt=... to score"
)


def split(completion: Completion, prompt: str | None) -> Completion:
    """The completion without the echo of its prompt.

    Raises:
        PayloadError: if ``prompt`` is not what the text begins with.
    """
    if not completion.echo or completion.tokens is None:
        return completion
    count = _count(completion, prompt)
    if count is None:
        return replace(completion, tokens=None, note=_UNKNOWN)
    tokens = completion.tokens
    whole = utf8(completion.content or "")
    content = whole[_size(tokens[:count]) :].decode("utf-8", "surrogatepass")
    return replace(
        completion, content=content, tokens=tokens[count:], prompt=tokens[:count], echo=False
    )


def _count(completion: Completion, prompt: str | None) -> int | None:
    """How many tokens the prompt has; None if that cannot be known."""
    tokens = completion.tokens or ()
    if prompt is not None:
        count = next((c for c, size in _sizes(tokens) if size >= len(utf8(prompt))), len(tokens))
        is_prompt = _size(tokens[:count]) == len(utf8(prompt))
        if not is_prompt or not (completion.content or "").startswith(prompt):
            raise PayloadError(
                "the response does not begin with the tokens of the prompt given",
                found=(completion.content or "")[:40], remedy="Give the prompt that was sent",
            )  # fmt: skip
        return count
    if completion.prompt_tokens is not None and completion.prompt_tokens <= len(tokens):
        return completion.prompt_tokens
    whole = utf8(completion.content or "")
    return next((c for c, size in _sizes(tokens) if parsed(whole[size:], _NONE) is not _NONE), None)


def _size(tokens: Sequence[Token]) -> int:
    return sum(len(token.bytes) for token in tokens if not is_control(token))


def _sizes(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """How many bytes of the text the first so many tokens wrote."""
    sizes = accumulate((_size([token]) for token in tokens), initial=0)
    yield from enumerate(sizes)
