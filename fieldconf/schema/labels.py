r"""Labels: a schema whose answers are bare texts, one of a few, and no JSON.

In:    the labels; how a text is matched with them; the mark behind which the label stands, if any.
Out:   ``LabelSet``: what may be written, what each text means, and the words that ask for it.
Never: two labels that match alike and mean different things; a meaning that is no JSON scalar.
Why:   whoever asks for ``spam`` or ``ham`` wants all that there is for JSON; one frozen value takes
       the place of a model or a JSON Schema, wherever one is taken.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias, cast, get_args, get_origin

from fieldconf.errors import SchemaError
from fieldconf.parsing.kinds import kind_of
from fieldconf.schema.validation import SchemaViolation
from fieldconf.threads import cached_property

Match: TypeAlias = Literal["exact", "loose"] | Callable[[str], Any]
"""How a text is matched with the labels:

* ``"exact"``: it is the label, character for character;
* ``"loose"``: letter case and white space around it do not count, white space inside counts as one
  space, and full stops behind it do not count;
* a function ``text -> label``, which is also asked about texts that are only begun. A label is its
  last word: all that begins so has that label. None is "not yet": while the text goes on, anything
  may become of it (the bounds count it for no label and for each); when it has ended, it is no
  label. Anything else says that no label will ever come of it.
"""

_SHOWN = 6  # labels in a message
_LONGEST = 40  # characters of an answer in a message


def loosely(text: str) -> str:
    r"""A text without what loose matching ignores; a space at its end is kept: it ends a word.

    >>> loosely("  Not\n SPAM"), loosely("Spam. ")
    ('not spam', 'spam. ')
    """
    words = text.casefold().split()
    return " ".join(words) + " " * (bool(words) and text[-1].isspace())


def loose_form(label: str) -> str:
    """What loose matching keeps of a whole label."""
    return loosely(label).rstrip(" .")


_FORMS: Mapping[tuple[Any, bool], Callable[[str], str]] = {
    ("exact", False): str,
    ("exact", True): str.strip,
    ("loose", False): loose_form,
    ("loose", True): loose_form,
}


@dataclass(frozen=True, init=False, eq=False, repr=False)
class LabelSet:
    """Labels as a schema: the answer is one of a few texts, not JSON.

    It is taken wherever a schema is: by ``score``, ``request``, ``extract`` and its like,
    ``reask``, ``cascade``, ``verify``, ``score_batch``, ``confident`` and the command line. A
    report has one field, ``report[""]``, and ``report.value`` is what the label means. If the
    answer is none of the labels, ``value`` is None and ``errors`` says so.

    Args:
        labels: the texts that may be answered; or a mapping from texts to what they mean (JSON
            scalars; several texts may mean the same); or an ``Enum``, or a ``Literal`` type. Of
            another label set, its labels.
        match: how the answer is matched: "exact" (character for character), "loose" (letter case,
            white space around and full stops behind do not count), or a function of yours that
            gives a label for a text, None for "not yet" (see ``schema.labels.Match``).
        first_word: look at the label's place only as far as its first word: white space before it
            is skipped, and what follows it is not read. Labels of several words are fine; the
            longest that fits counts.
        after: the mark behind which the label stands, in an answer that reasons first. The last
            one in the answer counts; white space directly behind it is skipped. Empty or None: the
            label is the whole answer.

    Attributes:
        texts, meanings: what may be written, and what each text means, as given.
        match, first_word, after: as given; no mark is the empty text.

    Raises:
        SchemaError: if there are no labels, if one is empty, if two that mean different things
            match alike, or if a meaning is no JSON scalar.

    >>> LabelSet({"A": "spam", "B": "ham"}, after="Final:")
    LabelSet({'A': 'spam', 'B': 'ham'}, after='Final:')
    >>> LabelSet(["spam", "ham"]) == LabelSet({"spam": "spam", "ham": "ham"})
    True
    """

    texts: tuple[str, ...]
    meanings: tuple[Any, ...]
    match: Match
    first_word: bool
    after: str

    def __init__(
        self, labels: Any, *, match: Match = "exact", first_word: bool = False,
        after: str | None = None,
    ) -> None:  # fmt: skip
        pairs = _pairs(labels)
        values = {
            "texts": tuple(pairs), "meanings": tuple(pairs.values()), "match": match,
            "first_word": first_word, "after": after or "",
        }  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if after and not after.strip():
            raise SchemaError("the mark is white space only", remedy='Give words, as "Final:"')
        self._check_forms()

    def _check_forms(self) -> None:
        """Raise if texts that mean different things are matched alike."""
        outcomes = self.outcomes
        if callable(self.match):
            return
        form = _FORMS.get((self.match, bool(self.first_word)))
        if form is None:
            raise SchemaError(
                f"match={self.match!r} is no way to match",
                remedy='Give "exact", "loose" or a function',
            )
        by_form: dict[str, int] = {}
        for text, outcome in zip(self.texts, outcomes, strict=True):
            if not form(text):
                raise SchemaError(
                    "a label is empty", remedy="Give labels with at least one character"
                )
            if by_form.setdefault(form(text), outcome) != outcome:
                raise SchemaError(
                    f"two labels match alike and mean different things: {form(text)!r}",
                    remedy='Give match="exact", or labels that differ in more than that',
                )

    def __repr__(self) -> str:
        is_plain = self.texts == self.meanings
        shown = [repr(list(self.texts) if is_plain else self.labels)]
        shown += [f"match={self.match!r}"] if self.match != "exact" else []
        shown += ["first_word=True"] if self.first_word else []
        shown += [f"after={self.after!r}"] if self.after else []
        return f"LabelSet({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelSet) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        """What two label sets have in common if they are equal: ``True`` is not 1."""
        kinds: list[type[Any]] = [type(meaning) for meaning in self.meanings]
        way = self.match, bool(self.first_word), self.after
        return self.texts, self.meanings, tuple(kinds), way

    @property
    def bare(self) -> "LabelSet":
        """The same as a plain label set, without what a subclass adds."""
        if type(self) is LabelSet:
            return self
        return LabelSet(
            self.labels, match=self.match, first_word=self.first_word, after=self.after
        )  # fmt: skip

    # -- what the texts mean ----------------------------------------------------------------------

    @property
    def labels(self) -> dict[str, Any]:
        """What may be written, and what it means."""
        return dict(zip(self.texts, self.meanings, strict=True))

    @cached_property
    def members(self) -> tuple[Any, ...]:
        """What the labels mean, each once, as JSON values.

        >>> LabelSet({"yes": True, "yeah": True, "no": False}).members
        (True, False)
        """
        return tuple(value for _, value in dict.fromkeys(self._keys))

    @cached_property
    def outcomes(self) -> tuple[int, ...]:
        """Of each text, what it means as a position among the members."""
        places = {key: number for number, key in enumerate(dict.fromkeys(self._keys))}
        return tuple(places[key] for key in self._keys)

    @cached_property
    def _keys(self) -> tuple[tuple[str, Any], ...]:
        return tuple(_json_key(as_json(meaning)) for meaning in self.meanings)

    def validated(self, data: Any) -> tuple[Any, tuple[SchemaViolation, ...]]:
        """The meaning that a JSON value stands for and no errors; or None and the error.

        >>> LabelSet({"A": "spam"}).validated("spam")
        ('spam', ())
        """
        key = kind_of(data), data
        for own, meaning in zip(self._keys, self.meanings, strict=True):
            if own == key:
                return meaning, ()
        return None, (SchemaViolation("", f"{data!r} is none of the labels' values", value=data),)

    def problem(self, text: str) -> str:
        """The sentence that says that a text is none of the labels.

        >>> LabelSet(["spam", "ham"]).problem("eggs")
        "'eggs' is none of the labels 'spam', 'ham'"
        """
        shown = ", ".join(map(repr, self.texts[:_SHOWN])) + ", ..." * (len(self.texts) > _SHOWN)
        text = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
        return f"{text!r} is none of the labels {shown}"

    # -- how they are asked for -------------------------------------------------------------------

    @property
    def instruction(self) -> str:
        r"""What a model is told, so that it answers with a label: for your own system message.

        >>> print(LabelSet({"A": "spam", "B": "ham"}).instruction)
        Answer with one of these labels and nothing else:
        A: spam
        B: ham
        """
        lead = "Answer with one of these labels and nothing else:"
        if self.after:
            lead = (
                f"Think as long as you need. Then end the answer with {self.after!r} and one of "
                "these labels, and nothing behind it:"
            )
        return "\n".join([lead, *map(_line, self.texts, self.meanings)])

    @property
    def plain(self) -> dict[str, Any]:
        """Plain JSON values that tell this label set from others; of a function its name."""
        match = self.match
        name = getattr(match, "__qualname__", type(match).__qualname__)
        return {
            "labels": [[text, key[1]] for text, key in zip(self.texts, self._keys, strict=True)],
            "match": ["function", name] if callable(match) else match,
            "first_word": bool(self.first_word), "after": self.after,
        }  # fmt: skip


def as_json(meaning: Any) -> Any:
    """What a label means as a JSON scalar."""
    return meaning.value if isinstance(meaning, Enum) else meaning


def _pairs(labels: Any) -> dict[str, Any]:
    """What may be written, and what it means."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(labels, LabelSet):
        return labels.labels
    if isinstance(labels, Mapping):
        pairs = list(cast("Mapping[Any, Any]", labels).items())
    elif isinstance(labels, type) and issubclass(labels, Enum):
        pairs = [(_text_of(member.value), member) for member in labels]
    elif not isinstance(labels, str):
        listed = cast("Any", get_args(labels) if get_origin(labels) is Literal else labels)
        pairs = [(_text_of(label), label) for label in _iterated(listed)]
    if not pairs or not all(isinstance(text, str) for text, _ in pairs):
        raise SchemaError("there are no labels", remedy='Give a list of texts, as ["spam", "work"]')
    return dict(pairs)


def _iterated(labels: Any) -> Sequence[Any]:
    return tuple(cast("Iterable[Any]", labels)) if isinstance(labels, Iterable) else ()


def _text_of(label: Any) -> Any:
    if isinstance(label, str):
        return label
    try:
        return json.dumps(label)
    except (TypeError, ValueError):
        return None


def _json_key(value: Any) -> tuple[str, Any]:
    """What is the same for values that are the same in JSON: not ``True`` and ``1``."""
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise SchemaError(
            f"a label means {value!r}, which is no JSON scalar",
            remedy="Let it mean a text or a number, and look that up",
        )
    return kind_of(value), value


def _line(text: str, meaning: Any) -> str:
    """A label in the instruction, with what it means if the text does not say it."""
    value = as_json(meaning)
    is_telling = isinstance(value, str) and value != text
    return f"{text}: {value}" if is_telling else text
