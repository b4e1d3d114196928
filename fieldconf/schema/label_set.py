r"""Label set: a schema whose answers are bare texts, one of a few labels, instead of JSON.

In:    the labels; how a text is matched with them; the mark before the label, if there is one.
Out:   ``LabelSet``: the texts, what each text means, and the instruction for the model.
Never: two labels that match the same text and have different meanings; a meaning that is no JSON
       scalar.
Why:   classification with bare labels should have all features that JSON answers have, so a label
       set is accepted wherever a model or a JSON Schema is.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias, cast, get_args, get_origin

from fieldconf.errors import SchemaError
from fieldconf.parsing.kinds import kind_of
from fieldconf.schema.validation import SchemaViolation
from fieldconf.threads import cached_property

Match: TypeAlias = Literal["exact", "loose"] | Callable[[str], Any]
"""How a text is matched with the labels:

* ``"exact"``: the text is the label, character for character;
* ``"loose"``: letter case, white space around the text and full stops at its end are ignored;
  white space inside counts as one space;
* a function ``text -> label``, which is also called with unfinished texts. If it returns a label,
  every text with this beginning has the label. None means "undecided": an unfinished text may
  still get any label (in the bounds it counts for no ``low`` and for each ``high``); a finished
  text has no label. Any other result means that no text with this beginning has a label.
"""

_SHOWN = 6  # labels in a message
_LONGEST = 40  # characters of an answer in a message


def loosely(text: str) -> str:
    r"""A text without what loose matching ignores; a space at its end stays: it ends a word.

    >>> loosely("  Not\n SPAM"), loosely("Spam. ")
    ('not spam', 'spam. ')
    """
    words = text.casefold().split()
    return " ".join(words) + " " * (bool(words) and text[-1].isspace())


def loose_form(label: str) -> str:
    """A whole label without what loose matching ignores."""
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

    It is accepted wherever a schema is: by ``score``, ``request``, the ``extract`` functions,
    ``reask``, ``cascade``, ``verify``, ``score_batch``, ``confident`` and the command line. A
    report has one field, ``report[""]``, and ``report.value`` is the meaning of the label. If the
    answer is none of the labels, ``value`` is None and ``errors`` says so.

    Args:
        labels: the allowed texts; or a mapping from texts to their meanings (JSON scalars; several
            texts may have one meaning); or an ``Enum``, or a ``Literal`` type; or another label
            set, whose labels are used.
        match: how the answer is matched: "exact" (character for character), "loose" (letter case,
            white space around and full stops at the end are ignored), or your function that
            returns a label for a text, or None for "undecided" (see ``schema.label_set.Match``).
        first_word: match only the beginning of the answer: white space before the label is
            skipped, and text after the label is ignored. Labels may have several words; the
            longest label that matches counts.
        after: the mark before the label, for answers that reason first. The last mark in the
            answer counts; white space directly after it is skipped. Empty or None: the label is
            the whole answer.

    Attributes:
        texts, meanings: the allowed texts, and the meaning of each.
        match, first_word, after: the arguments; ``after`` is "" if there is no mark.

    Raises:
        SchemaError: if there are no labels, if one is empty, if two with different meanings match
            the same text, or if a meaning is no JSON scalar.

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
            raise SchemaError(
                "the mark before the label is white space only", remedy='Use words, as "Final:"'
            )
        self._check_forms()

    def _check_forms(self) -> None:
        """Raise if labels with different meanings match the same text."""
        outcomes = self.outcomes
        if callable(self.match):
            return
        form = _FORMS.get((self.match, bool(self.first_word)))
        if form is None:
            raise SchemaError(
                f"unknown match={self.match!r}",
                remedy='Use "exact", "loose" or a function',
            )
        by_form: dict[str, int] = {}
        for text, outcome in zip(self.texts, outcomes, strict=True):
            if not form(text):
                raise SchemaError(
                    "a label is empty", remedy="Use labels with at least one character"
                )
            if by_form.setdefault(form(text), outcome) != outcome:
                raise SchemaError(
                    f"two labels with different meanings match the same text: {form(text)!r}",
                    remedy='Use match="exact", or labels that differ in more than letter case,'
                    " white space and full stops",
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
        """Equal for equal label sets; the types distinguish ``True`` from 1."""
        types: list[type[Any]] = [type(meaning) for meaning in self.meanings]
        matching = self.match, bool(self.first_word), self.after
        return self.texts, self.meanings, tuple(types), matching

    @property
    def bare(self) -> "LabelSet":
        """A plain ``LabelSet`` with the same labels, without additions of a subclass."""
        if type(self) is LabelSet:
            return self
        return LabelSet(
            self.labels, match=self.match, first_word=self.first_word, after=self.after
        )  # fmt: skip

    # -- what the texts mean ----------------------------------------------------------------------

    @property
    def labels(self) -> dict[str, Any]:
        """The allowed texts, and the meaning of each."""
        return dict(zip(self.texts, self.meanings, strict=True))

    @cached_property
    def members(self) -> tuple[Any, ...]:
        """The distinct meanings of the labels, as JSON values.

        >>> LabelSet({"yes": True, "yeah": True, "no": False}).members
        (True, False)
        """
        return tuple(value for _, value in dict.fromkeys(self._keys))

    @cached_property
    def outcomes(self) -> tuple[int, ...]:
        """For each text, the position of its meaning among the members."""
        positions = {key: number for number, key in enumerate(dict.fromkeys(self._keys))}
        return tuple(positions[key] for key in self._keys)

    @cached_property
    def _keys(self) -> tuple[tuple[str, Any], ...]:
        """The kind and value of each meaning: in JSON, ``True`` and ``1`` are not equal."""
        values = [as_json(meaning) for meaning in self.meanings]
        for value in values:
            if value is not None and not isinstance(value, (bool, int, float, str)):
                raise SchemaError(
                    f"the meaning {value!r} of a label is no JSON scalar",
                    remedy="Use a text or a number as the meaning, and map it to the object"
                    " afterwards",
                )
        return tuple((kind_of(value), value) for value in values)

    def validated(self, data: Any) -> tuple[Any, tuple[SchemaViolation, ...]]:
        """The meaning that equals a JSON value, and no errors; or None and the error.

        >>> LabelSet({"A": "spam"}).validated("spam")
        ('spam', ())
        """
        key = kind_of(data), data
        for own, meaning in zip(self._keys, self.meanings, strict=True):
            if own == key:
                return meaning, ()
        return None, (SchemaViolation("", f"{data!r} is none of the labels' values", value=data),)

    def problem(self, text: str) -> str:
        """The message that a text is none of the labels.

        >>> LabelSet(["spam", "ham"]).problem("eggs")
        "'eggs' is none of the labels 'spam', 'ham'"
        """
        shown = ", ".join(map(repr, self.texts[:_SHOWN])) + ", ..." * (len(self.texts) > _SHOWN)
        text = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
        return f"{text!r} is none of the labels {shown}"

    # -- the request ------------------------------------------------------------------------------

    @property
    def instruction(self) -> str:
        r"""An instruction to answer with a label, for your own system message.

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
        lines = [lead]
        for text, (kind, value) in zip(self.texts, self._keys, strict=True):
            lines.append(f"{text}: {value}" if kind == "string" and value != text else text)
        return "\n".join(lines)

    @property
    def plain(self) -> dict[str, Any]:
        """Plain JSON values that identify this label set; a function is its name."""
        match = self.match
        name = getattr(match, "__qualname__", type(match).__qualname__)
        return {
            "labels": [[text, key[1]] for text, key in zip(self.texts, self._keys, strict=True)],
            "match": ["function", name] if callable(match) else match,
            "first_word": bool(self.first_word), "after": self.after,
        }  # fmt: skip


def as_json(meaning: Any) -> Any:
    """The meaning of a label as a JSON scalar."""
    return meaning.value if isinstance(meaning, Enum) else meaning


def _pairs(labels: Any) -> dict[str, Any]:
    """The texts of the labels, and the meaning of each."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(labels, LabelSet):
        return labels.labels
    if isinstance(labels, Mapping):
        pairs = list(cast("Mapping[Any, Any]", labels).items())
    elif isinstance(labels, type) and issubclass(labels, Enum):
        pairs = [(_text_of(member.value), member) for member in labels]
    elif get_origin(labels) is Literal:
        pairs = [(_text_of(label), label) for label in get_args(labels)]
    elif isinstance(labels, Iterable) and not isinstance(labels, str):
        pairs = [(_text_of(label), label) for label in cast("Iterable[Any]", labels)]
    if not pairs or not all(isinstance(text, str) for text, _ in pairs):
        raise SchemaError("there are no labels", remedy='Use a list of texts, as ["spam", "work"]')
    return dict(pairs)


def _text_of(label: Any) -> Any:
    if isinstance(label, str):
        return label
    try:
        return json.dumps(label)
    except (TypeError, ValueError):
        return None
