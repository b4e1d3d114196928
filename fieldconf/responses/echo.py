"""Echo: separates the prompt from an answer whose text begins with it.

In:    a completion with ``echo``; the prompt, if the caller gave it.
Out:   the completion with ``prompt`` tokens, without them in the answer's text and tokens.
Never: a prompt's JSON scored as the answer: the end of the prompt must be known.
Why:   legacy Completions give the prompt's logprobs only this way.

The end of the prompt is taken, in this order, from the prompt itself; from the server's count of
its tokens; or from the first token from which on the text is JSON.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from fieldconf.errors import PayloadError
from fieldconf.responses.payload_access import is_json
from fieldconf.tokens.spelling import is_control
from fieldconf.tokens.token import Completion, Token, utf8

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
    sizes = list(accumulate((_size([token]) for token in tokens), initial=0))
    if prompt is not None:
        prompt_size = len(utf8(prompt))
        count = next((c for c, size in enumerate(sizes) if size >= prompt_size), len(tokens))
        is_prompt = sizes[count] == prompt_size
        if not is_prompt or not (completion.content or "").startswith(prompt):
            raise PayloadError(
                "the response does not begin with the tokens of the prompt given",
                found=(completion.content or "")[:40], remedy="Give the prompt that was sent",
            )  # fmt: skip
        return count
    if completion.prompt_tokens is not None and completion.prompt_tokens <= len(tokens):
        return completion.prompt_tokens
    whole = utf8(completion.content or "")
    return next((c for c, size in enumerate(sizes) if is_json(whole[size:])), None)


def _size(tokens: Sequence[Token]) -> int:
    """How many bytes of the text the tokens wrote."""
    return sum(len(token.bytes) for token in tokens if not is_control(token))
