"""Settling: ask the server what one response cannot say, until the bounds are narrow.

In:    the trees of an answer, and something that can be asked for next-token logprobs after any
       prefix (a ``Probe``).
Out:   the same trees, with their widest gaps filled, and the likeliest other values of open ones
       followed to their end.
Never: more questions than the budget; a question about a field that is narrow enough, or unwanted.
Why:   mass sits in spellings and branches that the chosen path never shows: of a five-way enum one
       response gave two members nothing, and its winner .17 too much.
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
    """The trees of an answer in the order in which they grew.

    A second pass over the same answer asks the same questions in the same order: after ``rewind``
    it gets the same trees back, with what was added to them. ``unsettled`` are the fields whose
    bounds stayed wider than was asked for.

    Args:
        keeps: whether there will be a second pass; else a tree is nobody's once it was read.
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
        """What was read so far was a draft: nobody needs to know more of it."""
        if self._next is None:
            self.trees = [(path, None) for path, _ in self.trees]

    def rewind(self) -> None:
        """Begin the second pass."""
        self._next = 0


def token_id(probe: Probe, token: Token | Candidate) -> int | None:
    """The id that the response gave, or the vocabulary's; None if neither knows the token."""
    return token.id if token.id is not None else probe.vocabulary.id_of(token.bytes)


@dataclass(frozen=True, slots=True)
class PrefixProbe:
    """Who is asked, and where the answer stands: token ids of the question and of the answer.

    An id is None where the response does not tell it; what stands behind it cannot be asked about.
    """

    probe: Probe
    prompt: Sequence[int]
    answer: Sequence[int | None]

    def prefix(self, gap: UndecidedMass | UnfollowedBranch) -> list[int] | None:
        """The tokens up to a gap; None if one of them is not known."""
        trail = gap.fan.trail if gap.at is None else (*gap.fan.trail, gap.fan.names[gap.at])
        ids = [
            *self.prompt,
            *self.answer[: gap.fan.index],
            *(token_id(self.probe, candidate_of(name)) for name in trail),
        ]
        return None if None in ids else [token for token in ids if token is not None]

    def ask(
        self, tree: OutcomeTree, gap: UndecidedMass | UnfollowedBranch, prefix: Sequence[int]
    ) -> list[Candidate]:
        """All tokens that leave some outcome at a gap, with their logprobs.

        In an open domain nearly every token does: there all of the vocabulary is asked for.
        """
        if tree.is_open:
            return self._listed(prefix, self.probe.vocabulary.every)
        place = tree.behind(gap)

        def is_possible(data: bytes) -> bool:
            [branch] = tree.read(place, [Candidate("", data, 0.0)])
            return not branch.outcomes.isdisjoint(gap.outcomes)

        return self._listed(prefix, self.probe.vocabulary.possible(is_possible))

    def _listed(self, prefix: Sequence[int], wanted: Sequence[int]) -> list[Candidate]:
        logprobs = self.probe.logprobs(prefix, wanted) if wanted else []
        top = max((p for p in logprobs if p > -math.inf), default=0.0)  # the constant is theirs
        pairs = zip(wanted, logprobs, strict=True)
        return [self._candidate(token, logprob - top) for token, logprob in pairs]

    def _candidate(self, token: int, logprob: float) -> Candidate:
        written = self.probe.vocabulary.bytes_of(token) or b""
        return Candidate(written.decode("utf-8", "replace"), written, logprob, token)


def settle(
    trees: Sequence[OutcomeTree], asker: PrefixProbe, *, tolerance: float, budget: int
) -> None:
    """Fill the gaps of these trees, the one with the largest mass first; then name rivals.

    Args:
        trees: what is to be settled.
        asker: who is asked.
        tolerance: how wide the bounds of an outcome may stay (0..1); rivals of an open value below
            it are not named.
        budget: how many questions may be asked.
    """
    open_ = [_open(tree, asker, tolerance) for tree in trees]
    while budget:
        best = max(open_, key=lambda found: found.mass)
        if best.gap is None:
            break
        budget -= 1
        number = open_.index(best)
        trees[number].expand(best.gap, asker.ask(trees[number], best.gap, best.prefix))
        open_[number] = _open(trees[number], asker, tolerance)
    for tree in trees:
        if tree.is_open:
            budget -= _name_rivals(tree, asker, tolerance, budget)


_MOST_CALLS_FOR_RIVALS = 8  # of one value; a text of many tokens keeps its beginning


def _name_rivals(tree: OutcomeTree, asker: PrefixProbe, tolerance: float, budget: int) -> int:
    """Follow the likeliest beginnings of other values until a few are known to their end.

    Returns how many questions that took.
    """
    calls = 0
    while calls < min(budget, _MOST_CALLS_FOR_RIVALS):
        ways = list(tree.ways())
        ends = sorted(
            (w.probability for w in ways if isinstance(w.said, CompletedValue)), reverse=True
        )
        least = max([tolerance, *ends[MOST_RIVALS - 1 : MOST_RIVALS]])
        begun = [way for way in ways if way.is_scalar_beginning and way.probability > least]
        known = (
            (way, asker.prefix(way)) for way in sorted(begun, key=lambda way: -way.probability)
        )
        way, prefix = next(((w, p) for w, p in known if p is not None), (None, None))
        if way is None or prefix is None:
            break
        tree.follow_rival(way, asker.ask(tree, way, prefix))
        calls += 1
    return calls


class _Widest(NamedTuple):
    """What to ask next about a tree; without a gap: nothing."""

    mass: float = 0.0
    gap: UndecidedMass | None = None
    prefix: Sequence[int] = ()


def _open(tree: OutcomeTree, asker: PrefixProbe, tolerance: float) -> _Widest:
    if tree.width <= tolerance:
        return _Widest()
    for gap in sorted(tree.gaps(), key=lambda gap: -gap.mass):
        if gap.at is not None or not gap.fan.is_asked:
            prefix = asker.prefix(gap)
            if prefix is not None:
                return _Widest(gap.mass, gap, prefix)
    return _Widest()
