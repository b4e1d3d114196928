r"""Tokenisations: ways in which a tokeniser may cut a text.

In:    a text or bytes, and where cuts may fall.
Out:   a strategy of lists of bytes that join to the text.
Never: an empty token, unless requested; a claim that a real tokeniser cuts in this way.
Why:   the reading of tokens must not depend on the cuts; real tokenisers cut inside of characters
       and across quotes and commas.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress, pairwise
from typing import Any, Literal, TypeAlias, get_args

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

Cuts: TypeAlias = Literal["anywhere", "characters", "words", "marks", "merged"]
"""Where cuts may fall: "anywhere", also inside of characters; between "characters"; around "words"
and single marks; around JSON's "marks" and nothing else; "merged" as byte-pair tokenisers do it,
with runs of marks (``","``, ``"}``) in one token and a blank in that of the word behind it."""

Tokeniser: TypeAlias = Callable[[Any], Iterable[str | bytes]]
"""A function from a text to its pieces, texts or bytes."""

Cut: TypeAlias = Cuts | Tokeniser | None

_PIECES: Mapping[str, "re.Pattern[bytes]"] = {
    "words": re.compile(rb"[ ]?[\w\x80-\xff]+|[^\w\x80-\xff]"),
    "marks": re.compile(rb'[{}\[\]:,"]|[^{}\[\]:,"]+'),
    "merged": re.compile(rb"[ ]?[\w\x80-\xff]+|[^\w\x80-\xff]+?(?=[ ]?[\w\x80-\xff]|\Z)"),
}
_FEW = 48  # places
_MOST_CUTS = 24  # drawn, of the many that a long text may have


def tokenisations(
    text: str | bytes,
    *,
    cuts: Cut = None,
    may_be_empty: bool = False,
) -> SearchStrategy[list[bytes]]:
    r"""Ways to cut a text into tokens: lists of bytes that join to it. It shrinks to one token.

    Args:
        text: a text, or its UTF-8 bytes.
        cuts: where cuts may fall, see ``Cuts``; or a tokeniser: a function from the text to its
            pieces, texts or bytes. Any of ``Cuts`` where nothing is said.
        may_be_empty: whether tokens without bytes may stand between the others, as servers list
            them for control tokens.

    Raises:
        InvalidArgument: (hypothesis' own) if the pieces of a tokeniser do not join to the text.

    >>> from hypothesis import given
    >>> @given(tokenisations('{"é": 1}'))
    ... def test(tokens):
    ...     assert b"".join(tokens).decode() == '{"é": 1}'
    >>> test()
    """
    data = text.encode() if isinstance(text, str) else text
    if callable(cuts):
        pieces = [p.encode() if isinstance(p, str) else bytes(p) for p in cuts(text)]
        if b"".join(pieces) != data:
            raise InvalidArgument(f"the pieces from {cuts!r} do not join to the text {text!r}")
        strategy = st.just(pieces)
    elif cuts is None:
        names: tuple[Cuts, ...] = ("marks", "merged", "words", "characters", "anywhere")
        strategy = st.one_of(*(_drawn_cuts(data, _places(data, name)) for name in names))
    else:
        if cuts not in get_args(Cuts):
            raise InvalidArgument(
                f"cuts={cuts!r} is no kind of cuts; there are {', '.join(get_args(Cuts))}"
            )
        strategy = _drawn_cuts(data, _places(data, cuts))
    return strategy.flatmap(_with_empty) if may_be_empty else strategy


def _places(data: bytes, cuts: Cuts) -> Sequence[int]:
    """Where a text may be cut: half-open byte offsets inside of it."""
    if cuts == "anywhere":
        return range(1, len(data))
    if cuts == "characters":
        return [at for at in range(1, len(data)) if data[at] & 0xC0 != 0x80]
    return [match.start() for match in _PIECES[cuts].finditer(data) if match.start()]


def _drawn_cuts(data: bytes, places: Sequence[int]) -> SearchStrategy[list[bytes]]:
    if not data:
        return st.just([])
    if not places:
        return st.just([data])
    if len(places) <= _FEW:  # each by itself: every cut that does not matter goes when it shrinks
        return st.tuples(*[st.booleans()] * len(places)).map(
            lambda flags: cut_at(data, compress(places, flags))
        )
    some = st.lists(st.sampled_from(places), unique=True, max_size=_MOST_CUTS)
    return (some | st.just([*places])).map(lambda at: cut_at(data, at))


def cut_at(parts: Any, places: Iterable[int]) -> list[Any]:
    """The pieces of a sequence that is cut before these positions."""
    return [parts[a:b] for a, b in pairwise([0, *sorted(places), len(parts)])]


def _with_empty(tokens: list[bytes]) -> SearchStrategy[list[bytes]]:
    places = st.lists(st.integers(0, len(tokens)), max_size=3)

    def filled(at: list[int]) -> list[bytes]:
        pieces = [*tokens]
        for index in sorted(at, reverse=True):
            pieces.insert(index, b"")
        return pieces

    return places.map(filled)
