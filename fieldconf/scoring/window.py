"""Window: the tokens of a stream, kept only as long as an open value may need them.

In:    tokens as they arrive; the index of the last token that closed a value; a report.
Out:   ``TokenWindow``, a sequence of all tokens that holds only the last ones; a report without
       tokens.
Never: a token dropped that an open value may need. A value needs the tokens since the value before
       it closed, and only the logprobs of those before.
Why:   the candidates of a token take kilobytes, its text and its logprob a few bytes. A caller that
       reads only fields does not need the candidates.
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias, TypeVar, overload

from fieldconf.report import Report
from fieldconf.tokens.token import Token

Keep: TypeAlias = Literal["all", "fields", "response"]
"""What is kept of an answer: everything, its fields without tokens, or everything and the response
itself."""

T = TypeVar("T")


class TokenWindow(Sequence[Token]):
    """All tokens that came; of a dropped token only the logprob is left, in 8 bytes.

    A token without a logprob stays (without candidates): a reason may have to name it.

    >>> tokens = TokenWindow()
    >>> tokens.extend([Token("a", None, -0.5), Token("b", None, -0.25)])
    >>> tokens.drop(1)
    >>> len(tokens), tokens[0].text, tokens[0].logprob, tokens[1].text, tokens.held
    (2, '', -0.5, 'b', 1)
    """

    __slots__ = ("_first", "_held", "_numbers", "_unknown")

    def __init__(self) -> None:
        self._first = 0  # the index of the first token that is held
        self._held: list[Token] = []
        self._numbers = array("d")  # the logprobs of the tokens before, in nats
        self._unknown: dict[int, Token] = {}  # those of them that have none

    @property
    def held(self) -> int:
        """How many tokens are held with their candidates."""
        return len(self._held)

    def extend(self, tokens: Iterable[Token]) -> None:
        """Add tokens."""
        self._held.extend(tokens)

    def __setitem__(self, places: slice, tokens: Iterable[Token]) -> None:
        """Replace tokens that are held."""
        start, stop, _ = places.indices(len(self))
        self._held[start - self._first : stop - self._first] = tokens

    def drop(self, stop: int) -> None:
        """Drop the tokens before an index."""
        dropped = self._held[: stop - self._first]
        for index, token in enumerate(dropped, start=self._first):
            if token.logprob is None:
                self._unknown[index] = token._replace(candidates=())
            self._numbers.append(token.logprob or 0.0)
        self._first += len(dropped)
        del self._held[: len(dropped)]

    @overload
    def __getitem__(self, index: int) -> Token: ...
    @overload
    def __getitem__(self, index: slice) -> list[Token]: ...
    def __getitem__(self, index: int | slice) -> Token | list[Token]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index - self._first
        if place >= 0:
            return self._held[place]
        if index < 0:
            return self[len(self) + index]
        return self._unknown.get(index) or Token("", b"", self._numbers[index])

    def __len__(self) -> int:
        return self._first + len(self._held)


TOKENLESS: dict[str, Any] = {"source": (), "indexes": ()}
"""The attributes of a field that has no tokens."""


def without_tokens(report: Report[T]) -> Report[T]:
    """A report without tokens; its fields and its sums over all tokens stay."""
    fields = {name: replace(field, **TOKENLESS) for name, field in report.fields.items()}
    errors = tuple(replace(error, tokens=()) for error in report.errors)
    return replace(report, tokens=(), prompt_tokens=(), owners=(), fields=fields, errors=errors)
