"""The question: which label does a text become?

In:    the labels as they are given, and how they are matched (``matching``).
Out:   for any token behind any beginning the meanings that it leaves possible.
Never: a token's mass; two labels that match alike and mean different things.
Why:   several texts may mean the same, and a beginning may still become several of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, NamedTuple, cast, get_args, get_origin

from fieldconf.alternatives.fan import NOTHING_SAID, Branch, Outcomes
from fieldconf.classification.ending import is_end
from fieldconf.errors import SchemaError
from fieldconf.matching import Beginning, Labels, Match, beginning
from fieldconf.schema import kind_of
from fieldconf.tokens import Candidate


class Place(NamedTuple):
    """The answer's text so far; ``stripped`` if the server dropped white space before it."""

    text: bytes = b""
    stripped: bool = False


@dataclass(frozen=True)
class Question:
    """Which label does the text become?

    Attributes:
        labels: what the label texts are and how they match.
        outcomes: what each of them means, as a position among the members.
        members: what they mean, each once, as JSON values.
        texts: the labels' texts.
        meanings: what each of them means, as given.
    """

    labels: Labels
    outcomes: tuple[int, ...]
    members: tuple[Any, ...]
    texts: tuple[str, ...]
    meanings: tuple[Any, ...]
    _known: dict[tuple[bytes, bool], Branch] = field(default_factory=dict[Any, Branch], repr=False)

    def branch(self, place: Place, candidate: Candidate) -> Branch:
        """The members that a candidate leaves possible behind a text."""
        ended = is_end(candidate)
        text = place.text if ended else place.text + candidate.bytes
        if place.stripped:
            text = text.lstrip()
        if (text, ended) not in self._known:
            self._known[text, ended] = self._branch(text, ended=ended, stripped=place.stripped)
        return self._known[text, ended]

    def _branch(self, text: bytes, *, ended: bool, stripped: bool) -> Branch:
        begun = beginning(text)
        outcomes = self.possible(begun, ended=ended)
        is_silent = not text.strip() and len(outcomes) == len(self.members)
        said = (self.labels.said(begun.text), begun.cut)
        return Branch(outcomes, Place(text, stripped), NOTHING_SAID if is_silent else said)

    def possible(self, begun: Beginning, *, ended: bool = False) -> Outcomes:
        """The members that a text can still mean."""
        return frozenset(self.outcomes[i] for i in self.labels.possible(begun, ended=ended))


def question_of(labels: Any, match: Match, *, first_word: bool) -> Question:
    """The question that labels ask; see ``classify`` for what they may be.

    Raises:
        SchemaError: if they are none, or two that mean different things match alike.
    """
    texts = _texts(labels)
    keys = [_key(as_json(value)) for value in texts.values()]
    members = list(dict.fromkeys(keys))
    place = {key: number for number, key in enumerate(members)}
    read = Labels(list(texts), match, first_word=first_word)
    outcomes = tuple(place[key] for key in keys)
    by_form: dict[str, int] = {}
    for form, outcome in zip(read.forms, outcomes, strict=False):
        if by_form.setdefault(form, outcome) != outcome:
            raise SchemaError(
                f"two labels match alike and mean different things: {form!r}",
                remedy='Give match="exact", or labels that differ in more than that',
            )
    values = tuple(value for _, value in members)
    return Question(read, outcomes, values, tuple(texts), tuple(texts.values()))


def _texts(labels: Any) -> Mapping[str, Any]:
    """What may be written, and what it means."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(labels, Mapping):
        pairs = list(cast("Mapping[Any, Any]", labels).items())
    elif isinstance(labels, type) and issubclass(labels, Enum):
        pairs = [(_written(member.value), member) for member in labels]
    elif not isinstance(labels, str):
        given = cast("Any", get_args(labels) if get_origin(labels) is Literal else labels)
        pairs = [(_written(label), label) for label in given]
    if not pairs or not all(isinstance(text, str) for text, _ in pairs):
        raise SchemaError("there are no labels", remedy='Give a list of texts, as ["spam", "work"]')
    return dict(pairs)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def as_json(value: Any) -> Any:
    """What a label means as a JSON scalar."""
    return value.value if isinstance(value, Enum) else value


def _key(value: Any) -> tuple[str, Any]:
    """What is the same for values that are the same in JSON: not ``True`` and ``1``."""
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise SchemaError(
            f"a label means {value!r}, which is no JSON scalar",
            remedy="Let it mean a text or a number, and look that up",
        )
    return kind_of(value), value
