r"""Label matching: which label does a text mean, and which can a beginning of it still become?

In:    labels, the way to match them, and a text as far as it is written (the last character may be
       cut off).
Out:   the labels that are still possible, by position; once the text has ended, one or none.
Never: a token, a mass; a label that comes back after it was excluded.
Why:   bare answers and JSON enums need the same answer: does `` Billing`` mean ``billing``?

The rules below are monotone: what they exclude for a beginning, they exclude for every text with
that beginning, and what they keep can still be written. The bounds of a distribution depend on it.
A function of the user cannot guarantee it; ``Match`` says what it has to do.
"""

import codecs
import itertools
import operator
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from fieldconf.distributions.cache import remember
from fieldconf.distributions.continuation import Continuation
from fieldconf.distributions.decoding_step import Outcomes
from fieldconf.distributions.questions import Domain
from fieldconf.errors import SchemaError
from fieldconf.parsing.grammar import decode_begun
from fieldconf.parsing.kinds import same
from fieldconf.schema.label_set import Match, loose_form, loosely
from fieldconf.tokens.token import utf8


class Cut(NamedTuple):
    """The written part of a character that was cut off: bytes of UTF-8, or of a JSON escape."""

    data: bytes
    is_escape: bool = False

    def fits(self, char: str) -> bool:
        """Whether this may be the character."""
        if not self.is_escape:
            return utf8(char).startswith(self.data)
        units = char.encode("utf-16-be", "surrogatepass").hex("-", 2).encode()
        return (b"\\u" + units.replace(b"-", b"\\u")).startswith(self.data.lower())


class Beginning(NamedTuple):
    """A text as far as it is written: whole characters, and a character that was cut off."""

    text: str
    cut: Cut | None = None


def beginning(data: bytes) -> Beginning:
    r"""A text's first bytes as a ``Beginning``; each invalid byte is one broken character.

    >>> beginning("né".encode()[:2]).text
    'n'
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text, cut = decoder.decode(data), decoder.getstate()[0]
    return Beginning(text, Cut(cut) if cut else None)


def json_beginning(text: bytes) -> tuple[Beginning, bool] | None:
    r"""The text of a JSON string so far, and whether it has ended; None if it is no string.

    >>> json_beginning(b'"n\\u00E9 "'), json_beginning(b"tru")
    ((Beginning(text='né ', cut=None), True), None)
    """
    if text[:1] != b'"':
        return None
    written, cut = decode_begun(text)
    if cut == b'"':
        return Beginning(written), True
    return Beginning(written, Cut(cut, cut.startswith(b"\\")) if cut else None), False


# -- the two rules ------------------------------------------------------------------------------


class _MatchRule(NamedTuple):
    """One way to match: how texts and labels are read, and what may follow a label.

    ``read`` normalises a text, ``form`` a whole label; ``may_follow`` says whether a text still has
    a label if this rest follows the label's form.
    """

    read: Callable[[str], str]
    form: Callable[[str], str]
    may_follow: Callable[[str], bool]


def is_word(char: str) -> bool:
    """Whether a character is part of a word: a letter, a digit, a mark on one, or ``_``."""
    return char.isalnum() or char == "_" or unicodedata.category(char).startswith("M")


def _is_full_stop(rest: str) -> bool:
    return not rest.strip(" .")


def _ends_word(rest: str) -> bool:
    return not rest or not is_word(rest[0])


_RULES: dict[tuple[str, bool], _MatchRule] = {
    ("exact", False): _MatchRule(str, str, operator.not_),
    ("loose", False): _MatchRule(loosely, loose_form, _is_full_stop),
    ("exact", True): _MatchRule(str.lstrip, str.strip, _ends_word),
    ("loose", True): _MatchRule(loosely, loose_form, _ends_word),
}


# -- labels -------------------------------------------------------------------------------------


class LabelMatcher:
    """The labels of a question and how they are matched.

    Args:
        labels: the labels, by position.
        match: how, see ``Match``.
        first_word: whether only the first words of the text are the label: white space before them
            is skipped, and text after the first character that is no part of a word is ignored. Of
            several matching labels the longest counts (``not spam`` rather than ``not``).

    >>> labels = LabelMatcher(["pos", "positive"], "loose")
    >>> sorted(labels.possible(beginning(b" Pos"))), labels.find("Positive.")
    ([0, 1], 1)
    """

    def __init__(
        self, labels: Sequence[Any], match: Match = "exact", *, first_word: bool = False
    ) -> None:
        self._labels, self._match, self._first_word = tuple(labels), match, first_word
        rule = None if callable(match) else _RULES.get((match, first_word))
        if rule is None and not callable(match):
            raise SchemaError(
                f"match={match!r} is no way to match", remedy='Give "exact", "loose" or a function'
            )
        self._rule = rule
        self.forms: tuple[str, ...] = tuple(map(rule.form, labels)) if rule else ()
        if "" in self.forms:
            raise SchemaError("a label is empty", remedy="Give labels with at least one character")
        self._cached: dict[str, Outcomes] = {}

    def possible(self, begun: Beginning, *, ended: bool = False) -> Outcomes:
        """The labels that a text can still become; once it has ended, those that it means."""
        if self._rule is None:
            return self._judged(begun, ended=ended)
        if begun.cut is None:
            return self._whole(self._rule, begun.text, ended=ended)
        if ended:  # inside of a character
            return self._whole(self._rule, begun.text + "\ufffd", ended=True)
        # The character may also stay broken, which ends a word.
        chars = ["\ufffd", *filter(begun.cut.fits, self._deciding_characters(self._rule, begun))]
        outcomes = (self._whole(self._rule, begun.text + char) for char in chars)
        return frozenset[int]().union(*outcomes)

    def find(self, text: str) -> int | None:
        """The label that a whole text means, or None; the first of several equal ones."""
        return min(self.possible(Beginning(text), ended=True), default=None)

    def text_form(self, text: str) -> str:
        """The normalised text: texts with the same form can become the same labels."""
        return text if self._rule is None else self._rule.read(text)

    def span(self, text: str) -> tuple[int, int]:
        """Where the label, or the text in its place, stands in a whole text (in characters)."""
        start = len(text) - len(text.lstrip())
        if (self._match, self._first_word) == ("exact", False):
            return 0, len(text)
        index = self.find(text)
        if self._rule is not None and index is not None:
            form = self.forms[index]
            stops = (i for i in range(start, len(text) + 1) if self._rule.read(text[:i]) == form)
            return start, next(stops, len(text.rstrip()))
        word = _first_word(text) if self._first_word else ""
        return start, start + len(word) if word else max(start, len(text.rstrip()))

    # -- the rules ------------------------------------------------------------------------------

    def _whole(self, rule: _MatchRule, text: str, *, ended: bool = False) -> Outcomes:
        """As ``possible``, for a text of whole characters."""
        text_form = rule.read(text)
        key = f"{ended:d}{text_form}"
        outcomes = self._cached.get(key)
        if outcomes is None:
            # While the text goes on, a form at its very end may become a longer word.
            written = {
                form for form in self.forms
                if text_form.startswith(form) and rule.may_follow(text_form[len(form) :])
                and (ended or text_form != form)
            }  # fmt: skip
            longest = max(map(len, written), default=0)
            outcomes = frozenset(
                index for index, form in enumerate(self.forms)
                if (not ended and form.startswith(text_form))
                or (form in written and len(form) == longest)
            )  # fmt: skip
            remember(self._cached, key, outcomes)
        return outcomes

    def _deciding_characters(self, rule: _MatchRule, begun: Beginning) -> Iterator[str]:
        """Characters that decide which labels stay possible behind a text."""
        text_form = rule.read(begun.text)
        nexts = {
            form[len(text_form) : len(text_form) + 1]
            for form in self.forms
            if form.startswith(text_form)
        }
        yield from nexts - {""}
        if rule.read is not loosely and not self._first_word:
            return
        yield from "".join(map(_spaces_and_cases().get, nexts, itertools.repeat("")))
        yield from _spaces_and_cases()[" "] + "."

    # -- a function -----------------------------------------------------------------------------

    def _judged(self, begun: Beginning, *, ended: bool) -> Outcomes:
        text = begun.text
        if self._first_word:
            text = _first_word(text)
            ended = ended or len(text) < len(begun.text.lstrip())
        everything = frozenset(range(len(self._labels)))
        if not text and not ended:
            return everything
        assert callable(self._match)  # or there would be a way
        label = self._match(text)
        if label is None:
            return frozenset() if ended else everything
        return frozenset(i for i, own in enumerate(self._labels) if same(own, label))


def _first_word(text: str) -> str:
    return "".join(itertools.takewhile(is_word, text.lstrip()))


@lru_cache(maxsize=1)
def _spaces_and_cases() -> dict[str, str]:
    """The characters by the first character of their case folding; white space by a space."""
    characters: dict[str, str] = {}
    for char in map(chr, range(0x110000)):
        folded = " " if char.isspace() else char.casefold()
        if folded != char or char == " ":
            characters[folded[0]] = characters.get(folded[0], "") + char
    return characters


# -- members of JSON ----------------------------------------------------------------------------


def domain(members: Sequence[Any], match: Match = "exact") -> Domain:
    """A finite domain of JSON values whose strings are matched in this way.

    >>> domain(["billing", "sales"], "loose").index("Billing ")
    0
    """
    return Domain(members) if match == "exact" else _Matched(members, match)


class _Matched(Domain):
    """JSON members whose strings may be written in other ways.

    A value that equals a member is that member. With "loose", members with the same form (``A`` and
    ``a``) and strings without a letter are matched exactly. A function decides about strings only.
    """

    def __init__(self, members: Sequence[Any], match: Match) -> None:
        super().__init__(members)
        self._is_function = callable(match)
        strings = [i for i, member in enumerate(self.members) if isinstance(member, str)]
        if not self._is_function:
            forms = {i: loose_form(self.members[i]) for i in strings}
            counts = Counter(forms.values())
            strings = [i for i in strings if forms[i] and counts[forms[i]] == 1]
        self._string_members = strings
        self._strings = LabelMatcher([self.members[i] for i in strings], match)

    def index(self, value: Any) -> int | None:
        """The position of the member that a written value means, or None."""
        exact = super().index(value)
        if not isinstance(value, str) or (exact is not None and not self._is_function):
            return exact
        position = self._strings.find(value)
        return None if position is None else self._string_members[position]

    def outcomes(self, continuation: Continuation) -> Outcomes:
        """The indexes of the members that a reading can still end as."""
        exact = super().outcomes(continuation)
        begun = (
            json_beginning(continuation.text) if continuation.state in ("partial", "done") else None
        )
        if begun is None or (begun[1] and exact and not self._is_function):
            return exact
        strings = self._strings.possible(begun[0], ended=begun[1])
        matched = frozenset(self._string_members[i] for i in strings)
        return matched if self._is_function else exact | matched
