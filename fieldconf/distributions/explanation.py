"""Explanation: the token at which a value was least sure, and its rivals.

In:    a tree and the outcome that was written; or a token of a long text.
Out:   ``Explanation``: the decisive token, its rivals with their mass, and one sentence.
Never: a number of its own: the masses are the tree's.
Why:   "0.59" starts a question; "at `8` the model gave `6` 41 %" answers it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from fieldconf.distributions.distribution import Rival, likeliest
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.errors import printable
from fieldconf.tokens.token import Token


class Explanation(NamedTuple):
    """Where a value was decided.

    Attributes:
        token: the index of the decisive token: the one whose rivals had the most mass.
        text: its text.
        share: the part (0..1) of the possible mass there that agrees with what was written.
        rivals: the likeliest other candidates, with their parts of the possible mass.
    """

    token: int
    text: str
    share: float
    rivals: tuple[Rival, ...] = ()

    @property
    def sentence(self) -> str:
        """The explanation as a sentence.

        >>> Explanation(3, "8", 0.59, (Rival("6", 0.41),)).sentence
        'at `8` the model gave `6` 41 %'
        """
        if not self.rivals:
            sure = _percent(self.share)
            return printable(
                f"at `{self.text}` the model gave it {sure}, no possible rival was listed"
            )
        masses = [f"`{rival.text}` {_percent(rival.probability)}" for rival in self.rivals]
        return printable(f"at `{self.text}` the model gave {' and '.join(masses[:2])}")


def _percent(share: float) -> str:
    """Whole percents; "0 %" and "100 %" are exact."""
    if share < 0.005:
        return "under 1 %" if share else "0 %"
    return "over 99 %" if 0.995 < share < 1 else f"{share:.0%}".replace("%", " %")


def why_outcome(tree: OutcomeTree, outcome: int, tokens: Sequence[Token]) -> Explanation:
    """The token on the path at which the written outcome was decided."""
    step, share, against = tree.decisive_step(outcome)
    return Explanation(step.index, tokens[step.index].text, share, likeliest(against.items()))


def why_token(index: int, tokens: Sequence[Token]) -> Explanation:
    """A token of a long text: every other candidate counts as a rival."""
    token = tokens[index]
    rivals = {c.text: math.exp(c.logprob) for c in token.candidates if c.bytes != token.bytes}
    return Explanation(index, token.text, math.exp(token.logprob or 0.0), likeliest(rivals.items()))
