"""Token names: the bytes of tokens that a response lists only by id.

In:    completions; a tokenizer, if the caller gave one.
Out:   completions with texts; without a tokenizer, completions without tokens and with a note.
Never: a guess.
Why:   SGLang, MLX-LM, Hugging Face and vLLM (``return_tokens_as_token_ids``) know tokens by id.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar, cast

from fieldconf.errors import PayloadError
from fieldconf.responses.fast.lazy_candidates import LazyCandidates
from fieldconf.responses.formats.entries import id_in
from fieldconf.tokens.token import Candidate, Completion, Token
from fieldconf.tokens.tokenizer import vocabulary_of

Reader: TypeAlias = Callable[[int], bytes | None]
"""From a token's id to its bytes; None or b"" for special tokens."""

_T = TypeVar("_T", Token, Candidate)

_NAMELESS = (
    "the response lists tokens by their ids, without their texts: give tokenizer=... to score, "
    "or ask for the texts"
)


def reader_of(tokenizer: Any) -> Reader:
    """The reader of a tokenizer, which is a function from id to bytes or a Hugging Face tokenizer.

    Raises:
        PayloadError: if the tokenizer is neither.
    """
    if hasattr(tokenizer, "get_vocab"):
        return vocabulary_of(tokenizer).bytes_of
    if callable(tokenizer):
        return cast("Reader", tokenizer)
    raise PayloadError(
        f"{type(tokenizer).__name__} is not a tokenizer",
        remedy="Pass a function from token id to bytes, or a Hugging Face tokenizer",
    )


def named(completion: Completion, reader: Reader | None) -> Completion:
    """The completion with the texts of its tokens."""
    tokens = completion.tokens or ()
    if not has_nameless(tokens):
        return completion
    if reader is None:
        is_lost = sum(map(_is_nameless, tokens)) > len(tokens) / 2
        if is_lost:
            return replace(completion, tokens=None, note=_NAMELESS)
        return replace(completion, tokens=tuple(
            token._replace(candidates=tuple(c for c in token.candidates if not _is_nameless(c)))
            for token in tokens
        ))  # fmt: skip
    # What stays without bytes is a special token: it counts as a mark, like the end of an answer.
    return replace(completion, tokens=tuple(
        _read(token, reader)._replace(candidates=tuple(_read(c, reader) for c in token.candidates))
        for token in tokens
    ))  # fmt: skip


def has_nameless(tokens: Iterable[Token]) -> bool:
    """Whether tokens or candidates are known only by id.

    A server names all candidates of a list in the same way, so the first of each list is enough.
    """
    for token in tokens:
        if token.raw is None and _is_nameless(token):
            return True
        candidates = token.candidates
        if (
            candidates
            and not isinstance(candidates, LazyCandidates)
            and _is_nameless(candidates[0])
        ):
            return True  # raw lists are left as they are only if they name texts
    return False


def _is_nameless(token: Token | Candidate) -> bool:
    return token.raw is None and id_in(token.text) is not None


def _read(token: _T, reader: Reader) -> _T:
    number = id_in(token.text) if _is_nameless(token) else None
    raw = reader(number) if number is not None else None
    return token._replace(text=raw.decode("utf-8", "replace"), raw=raw) if raw else token
