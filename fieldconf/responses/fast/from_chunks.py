"""From chunks: a fast reader of the usual chunk of a stream.

In:    a chunk, as a dict or as the SDK's object.
Out:   a ``ChunkPiece``: text and tokens of the first choice; None for any other chunk.
Never: another result than the general reader (``responses.read_chunk``): chunks that could differ
       (a finish reason, a call, a name by id, a list that contradicts its token) are left to it.
Why:   the general reader tries fourteen shapes and dumps SDK objects, which is slow for each token
       of a live view. Candidates are built when they are accessed: most never are.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

from fieldconf.responses.delta import Delta
from fieldconf.responses.fast import from_objects
from fieldconf.responses.fast.from_objects import NOT_PLAIN, members
from fieldconf.responses.fast.lazy_candidates import has_forbidden
from fieldconf.responses.formats import choices
from fieldconf.tokens.token import Token

_HARMLESS = frozenset({
    "choices", "created", "id", "model", "moderation", "object", "obfuscation", "provider",
    "service_tier", "system_fingerprint", "usage",
})  # fmt: skip
"""Members that a plain chunk may have; a chunk with any other is not read here."""


class ChunkPiece(NamedTuple):
    """What a plain chunk adds to the first choice.

    Attributes:
        content: text of the answer.
        tokens: with their logprobs; as many as there are, and some if there is text.
        is_masked: whether a candidate is listed that the grammar excluded.
        common: what the chunk says of all choices; the same object as long as it says the same.
        source: the id of the response.
    """

    content: str
    tokens: tuple[Token, ...]
    is_masked: bool
    common: Delta
    source: str

    @property
    def delta(self) -> Delta:
        """The delta of the general reader."""
        return Delta(content=self.content, tokens=self.tokens, source=self.source)


# Skips the checks of a named tuple's call, which take as long as everything else here.
_new_piece = cast("Callable[[Any], ChunkPiece]", partial(cast("Any", tuple).__new__, ChunkPiece))


def read(chunk: Any) -> ChunkPiece | None:
    """What a plain chunk adds; None if it is not plain."""
    try:
        item = members(chunk)
        (only,) = item["choices"]
        choice = members(only)
        content = _text(item, choice, members(choice["delta"]))
        logprobs = choice["logprobs"]
        entries: list[Any] = [] if logprobs is None else members(logprobs)["content"]
        if type(entries) is not list:
            return None
        tokens = tuple(map(from_objects.token, entries))
    except NOT_PLAIN:
        return None
    if content and not tokens:
        return None
    model, server = item["model"], item.get("system_fingerprint") or ""
    source = item.get("id") or ""
    if type(model) is not str or type(server) is not str or type(source) is not str:
        return None
    is_masked = any(has_forbidden(token.candidates) for token in tokens)
    return _new_piece((content, tokens, is_masked, choices.common(model, server), source))


def _text(item: dict[str, Any], choice: dict[str, Any], delta: dict[str, Any]) -> str:
    """The text of a chunk of the first choice that is not the last, and holds nothing else."""
    member, changes = choice.get, delta.get
    if (
        choice["index"] != 0
        or member("finish_reason")
        or member("message") is not None
        or changes("refusal")
        or changes("tool_calls")
        or any(map(changes, choices.THOUGHTS))
        or changes("function_call") is not None
        or item.get("usage") is not None
        or not item.keys() <= _HARMLESS
        or item.get("object") == "response"
        or type(item["choices"]) is not list
    ):
        raise ValueError
    content = changes("content")
    if content is None:
        return ""
    if type(content) is not str:
        raise TypeError
    return content
