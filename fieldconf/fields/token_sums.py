"""Evidence: what the tokens of an answer say, value by value.

In:    tokens, one after the other, and which of them wrote each piece of the answer.
Out:   of a value the sum of its logprobs, its tokens, and the steps that led to it with what the
       server listed there.
Never: a number where a touching token has none: then the reason names that token; a judgment.
Why:   every formula begins with these, and what a value costs must not depend on what stands
       before it.
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from fieldconf import formulas
from fieldconf.distributions.candidates import candidates_of, candidates_of_all
from fieldconf.distributions.decoding_step import StepCandidates
from fieldconf.tokens.alignment import Aligned, AlignedStep
from fieldconf.tokens.token import Token

NO_MASS = -700.0
"""Nats; of a token of which a bound is known: exp of it is still above zero."""
LEAST_LEFT = 0.001
"""Mass that may be left by a list of nearly all of it: servers round."""
LONGEST_TOKEN = 256
"""Bytes; what is longer is no token of a vocabulary, and has no alternatives."""

_SHORT = LONGEST_TOKEN // 4  # characters: no more bytes than that
_MOST_CANDIDATES = 256  # kept for the next questions about the same tokens


class DecisionSteps(NamedTuple):
    """The tokens that decided a value, or what comes next.

    Attributes:
        steps: those whose logprobs are known, up to the end without a gap.
        has_gap: whether a token before them is not known that might have decided it.
    """

    steps: Sequence[AlignedStep]
    has_gap: bool


class Evidence:
    """What is known of an answer's tokens.

    Args:
        tokens: the tokens of the answer; may grow while it arrives.
        missing: why there are no tokens at all; empty where there are.
        are_named: whether candidates that look like a vocabulary's names are names.
    """

    def __init__(
        self, tokens: Sequence[Token], missing: str = "", *, are_named: bool = True
    ) -> None:
        self.tokens, self.missing, self._are_named = tokens, missing, are_named
        # Of the first n pieces: the sum of the known logprobs (nats), and how many have none.
        # Doubtful are those that ``steps`` has to look at.
        self._sums, self._unknown = array("d", [0.0]), array("q", [0])
        self._doubtful = array("q", [0])
        self._last_steps: tuple[Aligned | None, DecisionSteps] = (
            None,
            DecisionSteps([], has_gap=False),
        )
        self._candidates: dict[int, StepCandidates] = {}  # of the last pieces

    def learn(self, index: int | None) -> None:
        """Take note of the next piece: the index of its token, or None."""
        token = None if index is None else self.tokens[index]
        logprob = None if token is None else token.logprob
        self._sums.append(self._sums[-1] + (logprob or 0.0))
        self._unknown.append(self._unknown[-1] + (logprob is None))
        self._doubtful.append(self._doubtful[-1] + _is_doubtful(token))

    def learn_all(self, indexes: Sequence[int | None]) -> None:
        """The same of several pieces."""
        tokens = [None if index is None else self.tokens[index] for index in indexes]
        logprobs = [None if token is None else token.logprob for token in tokens]
        sums = accumulate([p or 0.0 for p in logprobs], initial=self._sums.pop())
        self._sums.extend(sums)
        for column, counts in (
            (self._unknown, [p is None for p in logprobs]),
            (self._doubtful, map(_is_doubtful, tokens)),
        ):
            column.extend(accumulate(counts, initial=column.pop()))

    def read_candidates(self, indexes: Sequence[int | None], written: Sequence[bytes]) -> None:
        """Look at once at what is listed with several pieces, the last that were learnt of."""
        tokens = [None if index is None else self.tokens[index] for index in indexes]
        first = len(self._sums) - 1 - len(indexes)
        candidates = candidates_of_all(written, tokens, are_named=self._are_named)
        self._candidates = {
            number: each for number, each in enumerate(candidates, first) if each is not None
        }

    def total(self, item: Aligned) -> tuple[float | None, str]:
        """Sum of the logprobs of the touching tokens (nats), or None and the reason."""
        if self.missing:
            return None, self.missing
        first, last = item.first, item.last
        if self._unknown[last] > self._unknown[first]:
            return None, missing_reason(item.by.tokens[first:last], self.tokens)
        if item.event.type == "close":
            return self._sums[last] - self._sums[first], ""
        return formulas.total(self.tokens[index].logprob for index in self.indexes(item)), ""

    def indexes(self, item: Aligned) -> tuple[int, ...]:
        """The indexes of the tokens that touch a value."""
        indexes = item.by.tokens[item.first : item.last]
        if None in indexes:
            return tuple(index for index in indexes if index is not None)
        return tuple(indexes)  # pyright: ignore[reportReturnType]  # there is no None

    def steps(self, item: Aligned) -> "DecisionSteps":
        """The approach as far as its logprobs are known without a gap up to the value's end."""
        if self._last_steps[0] is not item:  # several questions ask
            steps = item.decision_steps
            if steps and self._doubtful[steps[-1].piece + 1] == self._doubtful[steps[0].piece]:
                decision_steps = DecisionSteps(steps, has_gap=False)
            else:
                decision_steps = self._without_gap(item, is_reliable)
            self._last_steps = item, decision_steps
        return self._last_steps[1]

    def _without_gap(self, item: Aligned, is_usable: Callable[[Token], bool]) -> "DecisionSteps":
        """The last part of the approach of which every token is known up to the value's end.

        Blanks and brackets before the value that no token wrote (a gateway laid the text out anew)
        are no gap: nobody chose them.
        """
        steps: list[AlignedStep] = []
        has_gap = False
        for step in item.decision_steps:
            token = None if step.token is None else self.tokens[step.token]
            if token is not None and len(step.written) <= LONGEST_TOKEN and is_usable(token):
                steps.append(step)
            elif token is None and step.piece < item.first:
                continue
            elif step.piece < item.last:
                steps, has_gap = [], True
            else:
                break
        return DecisionSteps(steps, has_gap)

    def candidates_at(self, step: AlignedStep) -> StepCandidates:
        """What is listed at a step; several questions ask."""
        candidates = self._candidates.get(step.piece)
        if candidates is None:
            if len(self._candidates) >= _MOST_CANDIDATES:
                self._candidates.clear()
            assert step.token is not None  # of such are ``steps``
            token = self.tokens[step.token]
            candidates = candidates_of(step.written, token, are_named=self._are_named)
            self._candidates[step.piece] = candidates
        return candidates

    def bounded_steps(self, item: Aligned) -> Sequence[AlignedStep]:
        """The same as ``steps`` where of some tokens only a bound is known, see ``bounding``."""
        steps, has_gap = self._without_gap(
            item, lambda token: is_reliable(token) or token.is_outside
        )
        return steps if not has_gap and steps and steps[0].piece <= item.first else []

    def bounded_candidates(self, step: AlignedStep) -> StepCandidates:
        """What is listed; a token outside of it has next to no mass, and all that is not listed."""
        assert step.token is not None  # of such are ``bounded``
        token = self.tokens[step.token]
        if not token.is_outside:
            return self.candidates_at(step)
        candidates = candidates_of(
            step.written, token._replace(logprob=NO_MASS), are_named=self._are_named
        )
        return candidates._replace(unseen=max(candidates.unseen, LEAST_LEFT))

    def doubt_reason(self, item: Aligned) -> str:
        """Why candidates on the way to a value cannot be believed; empty if they can."""
        for step in item.decision_steps:
            token = None if step.token is None else self.tokens[step.token]
            if token is not None and token.logprob is not None and token.note:
                return f"token {step.token} ({token.text!r}) {token.note}"
        return ""


def is_reliable(token: Token) -> bool:
    """Whether a token has a logprob, and candidates that can be believed if it has some."""
    return token.logprob is not None and not token.note


def _is_doubtful(token: Token | None) -> bool:
    return token is None or len(token[0]) > _SHORT or token[2] is None or bool(token[5])


def missing_reason(indexes: Iterable[int | None], tokens: Sequence[Token]) -> str:
    """Why the tokens that wrote a value have no sum; empty if they have one."""
    for index in indexes:
        if index is None:
            return "a part of it was written by no token that the server listed"
        token = tokens[index]
        if token.logprob is None:
            return f"token {index} ({token.text!r}) {token.note or 'has no logprob'}"
    return ""
