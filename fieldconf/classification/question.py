"""The question: which label does a text become?

In:    a label set, and how far the answer's text has come (``matching``).
Out:   for any token behind any beginning the meanings that it leaves possible.
Never: a token's mass; a label before the mark that has to stand before it.
Why:   several texts may mean the same, and a beginning may still become several of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
from fieldconf.distributions.labels import Beginning, LabelMatcher, beginning
from fieldconf.schema import LabelSet
from fieldconf.tokens.token import Candidate


class LabelPosition(NamedTuple):
    """How far the answer has come.

    Attributes:
        text: the answer's text, from the first token on that may have decided.
        stripped: whether white space before the label does not count: the server dropped it, or
            the label stands behind a mark.
        mark: how that token must begin: with what was left to write of the mark.
    """

    text: bytes = b""
    stripped: bool = False
    mark: bytes = b""


@dataclass(frozen=True)
class LabelQuestion:
    """Which label does the text become? Made of a label set; remembers what it was asked."""

    of: LabelSet
    labels: LabelMatcher
    _known: dict[tuple[LabelPosition, bool], Branch] = field(
        default_factory=dict[tuple[LabelPosition, bool], Branch], repr=False
    )

    @property
    def size(self) -> int:
        """How many meanings there are."""
        return len(self.of.members)

    def branches(self, place: LabelPosition, names: Sequence[Name]) -> list[Branch]:
        """What candidates leave possible behind a text."""
        return [self.branch(place, candidate_of(name)) for name in names]

    def branch(self, place: LabelPosition, candidate: Candidate) -> Branch:
        """The members that a candidate leaves possible behind a text."""
        ended = is_end(candidate)
        key = place if ended else place._replace(text=place.text + candidate.bytes), ended
        found = self._known.get(key)
        if found is None:
            found = self._branch(*key)
            if len(self._known) < MOST_ROWS:  # it lives as long as its schema
                self._known[key] = found
        return found

    def _branch(self, place: LabelPosition, ended: bool) -> Branch:  # noqa: FBT001  # as it is remembered
        text, mark = place.text, place.mark
        if mark and not text.startswith(mark):
            is_on_its_way = mark.startswith(text) and not ended
            return Branch(
                every(self.size) if is_on_its_way else frozenset(), place, NOTHING_WRITTEN
            )
        text = text[len(mark) :]
        if place.stripped:
            text = text.lstrip()
        begun = beginning(text)
        outcomes = self.possible(begun, ended=ended)
        is_silent = not text.strip() and len(outcomes) == self.size
        said = (self.labels.text_form(begun.text), begun.cut)
        here = LabelPosition(text, place.stripped)
        return Branch(outcomes, here, NOTHING_WRITTEN if is_silent else said)

    def possible(self, begun: Beginning, *, ended: bool = False) -> Outcomes:
        """The members that a text can still mean."""
        return frozenset(self.of.outcomes[i] for i in self.labels.possible(begun, ended=ended))


def question_of(labels: LabelSet) -> LabelQuestion:
    """The question that a label set asks."""
    return LabelQuestion(
        labels, LabelMatcher(labels.texts, labels.match, first_word=labels.first_word)
    )  # fmt: skip
