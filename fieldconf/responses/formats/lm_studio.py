"""LM Studio's SDK: fragments with candidates only, ``logprobs: [[{text, logprob}]]``.

In:    one fragment.
Out:   one ``Delta``.
Never: a number for a token that is not among its candidates.
Why:   the response does not say which candidate was chosen: the fragment's text tells it.
"""

from typing import Any

from fieldconf.responses.delta import Delta
from fieldconf.responses.formats import entries
from fieldconf.responses.payload_access import at, get, items, text
from fieldconf.tokens.token import Candidate, Token

NAME = "LM Studio's fragments (`fragment.content` with `logprobs`)"

_UNCLEAR = "is not among its candidates, or several of them could be it"


def matches(item: Any) -> bool:
    """Whether an item has this shape."""
    return isinstance(at(item, "fragment", "content"), str)


def read(item: Any) -> list[Delta]:
    """What the fragment adds; thoughts are tokens outside of the answer."""
    written = text(at(item, "fragment", "content"))
    is_thought = at(item, "fragment", "reasoningType") not in (None, "none")
    lists = [
        entries.candidates(
            (text(get(c, "text")), None, get(c, "logprob"), None) for c in items(entry)
        )
        for entry in items(get(item, "logprobs"))
    ]
    tokens = _tokens(written, lists) if lists else None
    return [Delta(content="" if is_thought else written, tokens=tokens)]


def _tokens(written: str, lists: list[tuple[Candidate, ...]]) -> tuple[Token, ...]:
    """The only way to write the text with one candidate of each list; else one unknown token."""
    if len(lists) == 1:
        own = next((c.logprob for c in lists[0] if c.text == written), None)
        return (entries.make(written, None, own, lists[0]),)
    ways: list[list[Candidate]] = [[]]
    for candidates in lists:
        ways = [
            [*way, c]
            for way in ways
            for c in candidates
            if c.text and written.startswith("".join(w.text for w in way) + c.text)
        ]
    whole = [way for way in ways if "".join(c.text for c in way) == written]
    if len(whole) != 1:
        return (Token(written, None, None, note=_UNCLEAR),)
    return tuple(
        entries.make(c.text, None, c.logprob, candidates)
        for c, candidates in zip(whole[0], lists, strict=True)
    )
