"""Question: which labels can a text still become?

In:    a label set, and the beginning of an answer.
Out:   for any token after any beginning the meanings that remain possible.
Never: a token's mass; a label before the mark that must precede it.
Why:   several texts may have one meaning, and a beginning may still become several of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from fieldconf.classification.ending import is_end
from fieldconf.distributions.cache import MOST_ROWS
from fieldconf.distributions.decoding_step import (
    NOTHING_WRITTEN,
    Branch,
    Name,
    Outcomes,
    candidate_of,
    every,
)
from fieldconf.distributions.label_matching import Beginning, LabelMatcher, beginning
from fieldconf.schema import LabelSet
from fieldconf.tokens.token import Candidate


class LabelPosition(NamedTuple):
    """A position in the answer.

    Attributes:
        text: the answer's text so far, from the first token that may decide the label.
        stripped: whether white space before the label is ignored: the server dropped it, or the
            label follows a mark.
        mark: the rest of the mark, with which the first token must begin.
    """

    text: bytes = b""
    stripped: bool = False
    mark: bytes = b""


class LabelQuestion:
    """Which labels can a text still become? Caches its results.

    Attributes:
        label_set: the labels.
        labels: matches texts with the labels.
        size: the number of meanings.
    """

    def __init__(self, labels: LabelSet) -> None:
        self.label_set, self.size = labels, len(labels.members)
        self.labels = LabelMatcher(labels.texts, labels.match, first_word=labels.first_word)
        self._cached: dict[tuple[LabelPosition, bool], Branch] = {}

    def branches(self, position: LabelPosition, names: Sequence[Name]) -> list[Branch]:
        """The members that remain possible after each candidate."""
        return [self.branch(position, candidate_of(name)) for name in names]

    def branch(self, position: LabelPosition, candidate: Candidate) -> Branch:
        """The members that remain possible after a candidate."""
        ended = is_end(candidate)
        text = position.text if ended else position.text + candidate.bytes
        key = position._replace(text=text), ended
        branch = self._cached.get(key)
        if branch is None:
            branch = self._branch(*key)
            if len(self._cached) < MOST_ROWS:  # it lives as long as its schema
                self._cached[key] = branch
        return branch

    def _branch(self, position: LabelPosition, ended: bool) -> Branch:  # noqa: FBT001  # the cache's key
        text, mark = position.text, position.mark
        if mark and not text.startswith(mark):
            may_become_mark = mark.startswith(text) and not ended
            return Branch(
                every(self.size) if may_become_mark else frozenset(), position, NOTHING_WRITTEN
            )
        text = text[len(mark) :]
        if position.stripped:
            text = text.lstrip()
        begun = beginning(text)
        outcomes = self.possible(begun, ended=ended)
        is_silent = not text.strip() and len(outcomes) == self.size
        label_text = (self.labels.text_form(begun.text), begun.cut)
        here = LabelPosition(text, position.stripped)
        return Branch(outcomes, here, NOTHING_WRITTEN if is_silent else label_text)

    def possible(self, begun: Beginning, *, ended: bool = False) -> Outcomes:
        """The members that a text can still mean."""
        return frozenset(
            self.label_set.outcomes[i] for i in self.labels.possible(begun, ended=ended)
        )
