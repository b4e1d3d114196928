"""Tree store: the trees of an answer, and requests that make their bounds narrow.

In:    the trees of an answer, and a ``Probe`` that gives the logprobs of the next token after any
       prefix.
Out:   the same trees with their largest undecided masses expanded, and with the likeliest other
       values of open questions followed to their end.
Never: more requests than the budget; a request for a tree whose bounds are narrow enough.
Why:   spellings and branches beside the chosen path have mass, too: in a five-way enum one response
       gave two members nothing, and the winner 0.17 too much.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fieldconf.distributions.decoding_step import CompletedValue, candidate_of
from fieldconf.distributions.distribution import MOST_RIVALS
from fieldconf.distributions.outcome_tree import OutcomeTree, UndecidedMass, UnfollowedBranch
from fieldconf.paths import Path
from fieldconf.probes.base import Probe
from fieldconf.tokens.token import Candidate, Token


class TreeStore:
    """The trees of an answer in the order in which they were built.

    A second pass over the same answer asks the same questions in the same order. After
    ``start_second_pass`` it gets the same trees, with the steps that were added to them.
    ``unsettled`` has the fields whose bounds stayed wider than the tolerance.

    Args:
        keeps: whether there will be a second pass; without one no tree is kept.
    """

    def __init__(self, *, keeps: bool = True) -> None:
        self._keeps = keeps
        self.trees: list[tuple[Path, OutcomeTree | None]] = []
        self.unsettled: frozenset[Path] = frozenset()
        self._next: int | None = None

    def tree(self, path: Path, grow: Callable[[], OutcomeTree | None]) -> OutcomeTree | None:
        """The tree of the next question, about the field at a path."""
        if self._next is not None:
            self._next += 1
            return self.trees[self._next - 1][1]
        tree = grow()
        if self._keeps:
            self.trees.append((path, tree))
        return tree

    def forget(self) -> None:
        """Drop the trees so far: they were of a draft of the answer."""
        if self._next is None:
            self.trees = [(path, None) for path, _ in self.trees]

    def start_second_pass(self) -> None:
        """Begin the second pass."""
        self._next = 0


def token_id(probe: Probe, token: Token | Candidate) -> int | None:
    """A token's id from the response, else from the vocabulary; None if neither has one."""
    return token.id if token.id is not None else probe.vocabulary.id_of(token.bytes)


@dataclass(frozen=True, slots=True)
class PrefixProbe:
    """A probe, with the token ids of the prompt and of the answer.

    An unknown id of the answer is None; behind it no prefix can be asked for.
    """

    probe: Probe
    prompt: Sequence[int]
    answer: Sequence[int | None]

    def prefix(self, undecided: UndecidedMass | UnfollowedBranch) -> list[int] | None:
        """The token ids up to an undecided mass or behind a branch; None if one is unknown."""
        step = undecided.step
        trail = map(candidate_of, step.trail_to(undecided.at))
        trail_ids = (token_id(self.probe, candidate) for candidate in trail)
        ids = [*self.prompt, *self.answer[: step.index], *trail_ids]
        return None if None in ids else [token for token in ids if token is not None]

    def ask(
        self, tree: OutcomeTree, undecided: UndecidedMass | UnfollowedBranch, prefix: Sequence[int]
    ) -> list[Candidate]:
        """All tokens that leave some outcome there, with their logprobs.

        For an open question that is nearly every token, so the whole vocabulary is asked for.
        """
        vocabulary, place = self.probe.vocabulary, tree.place_of(undecided)

        def is_possible(data: bytes) -> bool:
            [branch] = tree.read(place, [Candidate("", data, 0.0)])
            return not branch.outcomes.isdisjoint(undecided.outcomes)

        tokens = vocabulary.every if tree.is_open else vocabulary.possible(is_possible)
        logprobs = self.probe.logprobs(prefix, tokens) if tokens else []
        top = max((p for p in logprobs if p > -math.inf), default=0.0)  # removes the constant
        texts = [vocabulary.bytes_of(token) or b"" for token in tokens]
        return [
            Candidate(data.decode("utf-8", "replace"), data, logprob - top, token)
            for token, data, logprob in zip(tokens, texts, logprobs, strict=True)
        ]


def settle(
    trees: Sequence[OutcomeTree], prefix_probe: PrefixProbe, *, tolerance: float, budget: int
) -> None:
    """Expand the undecided masses of these trees, the largest first; then complete likely rivals.

    Args:
        trees: the trees to settle.
        prefix_probe: returns the next tokens.
        tolerance: how wide the bounds of an outcome may stay (0..1); rivals of an open value that
            are less probable are not followed.
        budget: how many requests may be made.
    """
    widest_masses = [_widest_mass(tree, prefix_probe, tolerance) for tree in trees]
    while budget:
        best = max(widest_masses, key=lambda widest: widest.mass)
        if best.undecided is None:
            break
        budget -= 1
        number = widest_masses.index(best)
        trees[number].expand(
            best.undecided, prefix_probe.ask(trees[number], best.undecided, best.prefix)
        )
        widest_masses[number] = _widest_mass(trees[number], prefix_probe, tolerance)
    for tree in trees:
        if tree.is_open:
            budget -= _complete_rivals(tree, prefix_probe, tolerance, budget)


_MOST_CALLS_FOR_RIVALS = 8  # for one value: a text of many tokens stays incomplete


def _complete_rivals(
    tree: OutcomeTree, prefix_probe: PrefixProbe, tolerance: float, budget: int
) -> int:
    """Follow the likeliest beginnings of other values until a few values are complete.

    Returns the number of requests.
    """
    calls = 0
    while calls < min(budget, _MOST_CALLS_FOR_RIVALS):
        branches = sorted(tree.unfollowed_branches(), key=lambda branch: -branch.probability)
        complete = [b.probability for b in branches if isinstance(b.value_prefix, CompletedValue)]
        least = max([tolerance, *complete[MOST_RIVALS - 1 : MOST_RIVALS]])
        for branch in branches:
            if branch.is_scalar_beginning and branch.probability > least:
                prefix = prefix_probe.prefix(branch)
                if prefix is not None:
                    tree.follow_rival(branch, prefix_probe.ask(tree, branch, prefix))
                    break
        else:
            break
        calls += 1
    return calls


class _WidestMass(NamedTuple):
    """The largest mass of a tree that can be expanded, and the prefix to ask for; or no mass."""

    mass: float = 0.0
    undecided: UndecidedMass | None = None
    prefix: Sequence[int] = ()


def _widest_mass(tree: OutcomeTree, prefix_probe: PrefixProbe, tolerance: float) -> _WidestMass:
    if tree.width <= tolerance:
        return _WidestMass()
    for undecided in sorted(tree.undecided_masses(), key=lambda undecided: -undecided.mass):
        if undecided.at is not None or not undecided.step.is_asked:
            prefix = prefix_probe.prefix(undecided)
            if prefix is not None:
                return _WidestMass(undecided.mass, undecided, prefix)
    return _WidestMass()
