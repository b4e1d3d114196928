"""Ending: how an answer ended.

In:    nothing.
Out:   ``Status``, and ``Stopped`` for an answer that a rule of the user's cut short.
Never: a guess: what a stop spared is given as bounds.
Why:   a report says first of all whether there is a whole answer.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal[
    "complete", "truncated", "refused", "malformed", "unaligned", "no_logprobs"
]

WHOLE: frozenset[Status] = frozenset({"complete", "unaligned", "no_logprobs"})
"""Those of an answer that is all there, and is validated."""


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
