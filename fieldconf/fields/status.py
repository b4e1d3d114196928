"""Ending: how an answer ended.

In:    nothing.
Out:   ``Status``, and ``Stopped`` for an answer that a rule of the user's cut short.
Never: a guess: what a stop spared is given as bounds.
Why:   a report says first of all whether there is a whole answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

Status: TypeAlias = Literal[
    "complete", "truncated", "refused", "malformed", "unaligned", "no_logprobs", "text"
]

Outcome: TypeAlias = Literal["accept", "review", "reject"]
"""What to do with a value: use it; have somebody look at it; ask again, or leave it."""


class Judge(Protocol):
    """Says what a policy does with a field."""

    def outcome(self, field: Any, parent: Any) -> Outcome | None:
        """The outcome of a field that is written in ``parent``; None of an object."""
        ...


WHOLE: frozenset[Status] = frozenset({"complete", "unaligned", "no_logprobs"})
"""Those of an answer that is all there, and is validated."""


OTHER_JSON, OTHER_KIND = "other_json", "other_kind"
OTHERS: dict[str, str] = {
    OTHER_KIND: "the answer is JSON of another kind than the schema asks for",
    OTHER_JSON: "other JSON stands beside the answer",
}
"""Flags of an answer none of whose fields can be taken as it is, and what they say."""


def is_alone(flags: Iterable[str]) -> bool:
    """Whether nothing speaks against all of an answer."""
    return OTHERS.keys().isdisjoint(flags)


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where and why reading was stopped early, and what that spared.

    Attributes:
        pointer: the field that a rule stopped at.
        rule: the rule, in words.
        read: tokens that had been read.
        saved: tokens that the rest would have needed at least: the shortest rest that the schema
            allows, at the answer's own bytes a token (an estimate).
        saved_at_most: the token limit of the request minus those read; None where none was set.
    """

    pointer: str
    rule: str
    read: int
    saved: int
    saved_at_most: int | None = None
