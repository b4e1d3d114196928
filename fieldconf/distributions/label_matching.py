r"""Matching: which label does a text mean, and which can a beginning of it still become?

In:    labels, how they are to be matched, and a text as far as it is written (the last character
       may be cut off).
Out:   the labels that are still possible, by position; once the text has ended, one or none.
Never: a token, a mass; a label that comes back after it was excluded.
Why:   bare answers and the enums of JSON ask the same: is `` Billing`` a way to say ``billing``?

Both rules below are monotone: what they exclude for a beginning they exclude for everything that
begins so, and what they keep can still be written. That is what the bounds of a distribution rest
on. A function of the user's own cannot promise it; see ``Match`` for what is asked of it.
"""

import codecs
import itertools
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from fieldconf.distributions.cache import MOST_ROWS
from fieldconf.distributions.continuation import Continuation, may_be
from fieldconf.distributions.decoding_step import Outcomes
from fieldconf.distributions.questions import Domain
from fieldconf.errors import SchemaError
from fieldconf.parsing.grammar import decode_begun
from fieldconf.parsing.kinds import same
from fieldconf.schema.label_set import Match, loose_form, loosely
from fieldconf.tokens.token import utf8


class Cut(NamedTuple):
    """What is there of a character that was cut off: bytes of UTF-8, or of JSON's escape of it."""

    data: bytes
    is_escape: bool = False

    def fits(self, char: str) -> bool:
        """Whether this may be the character."""
        if self.is_escape:
            return _escaped(char).startswith(self.data.lower())
        return utf8(char).startswith(self.data)


class Beginning(NamedTuple):
    """A text as far as it is written: whole characters, and what was cut off behind them."""

    text: str
    cut: Cut | None = None


def beginning(data: bytes) -> Beginning:
    r"""A text's first bytes; bytes that are no UTF-8 count as a broken character each.

    >>> beginning("né".encode()[:2]).text
    'n'
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text, cut = decoder.decode(data), decoder.getstate()[0]
    return Beginning(text, Cut(cut) if cut else None)


def json_beginning(text: bytes) -> tuple[Beginning, bool] | None:
    r"""What a beginning of a JSON string says, and whether it has ended; None if it is no string.

    >>> json_beginning(b'"n\\u00E9 "'), json_beginning(b"tru")
    ((Beginning(text='né ', cut=None), True), None)
    """
    if text[:1] != b'"':
        return None
    written, cut = decode_begun(text)
    if cut == b'"':
        return Beginning(written), True
    return Beginning(written, Cut(cut, cut.startswith(b"\\")) if cut else None), False


def _escaped(char: str) -> bytes:
    units = char.encode("utf-16-be", "surrogatepass")
    return b"".join(b"\\u" + units[i : i + 2].hex().encode() for i in range(0, len(units), 2))


# -- the two rules ------------------------------------------------------------------------------


class _MatchRule(NamedTuple):
    """One way to match: how texts and labels are read, and what may stand behind a label.

    ``read`` keeps what a text says of a label, ``form`` is what it keeps of a whole label;
    ``may_follow`` says of the rest behind a form whether the text still has that label.
    """

    read: Callable[[str], str]
    form: Callable[[str], str]
    may_follow: Callable[[str], bool]


def is_word(char: str) -> bool:
    """Whether a character goes on with a word: letters, digits, marks on them, and ``_``."""
    return char.isalnum() or char == "_" or unicodedata.category(char).startswith("M")


def _is_nothing(rest: str) -> bool:
    return not rest


def _is_full_stop(rest: str) -> bool:
    return not rest.strip(" .")


def _ends_word(rest: str) -> bool:
    return not rest or not is_word(rest[0])


_RULES: dict[tuple[str, bool], _MatchRule] = {
    ("exact", False): _MatchRule(str, str, _is_nothing),
    ("loose", False): _MatchRule(loosely, loose_form, _is_full_stop),
    ("exact", True): _MatchRule(str.lstrip, str.strip, _ends_word),
    ("loose", True): _MatchRule(loosely, loose_form, _ends_word),
}


# -- labels -------------------------------------------------------------------------------------


class LabelMatcher:
    """The labels of a question and how they are matched.

    Args:
        labels: what a text can say, by position.
        match: how, see ``Match``.
        first_word: whether the label is only how the text begins: white space before it is skipped,
            and what comes after the first character that is no part of a word is not looked at.
            Of labels that begin alike the longest counts (``not spam`` rather than ``not``).

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
        """The labels that a text can still become; once it has ended, those that it is."""
        if self._rule is None:
            return self._judged(begun, ended=ended)
        if begun.cut is None:
            return self._whole(self._rule, begun.text, ended=ended)
        if ended:  # inside of a character
            return self._whole(self._rule, begun.text + "\ufffd", ended=True)
        # It may also stay broken, which ends a word.
        chars = ["\ufffd", *filter(begun.cut.fits, self._deciding_characters(self._rule, begun))]
        outcomes = (self._whole(self._rule, begun.text + char) for char in chars)
        return frozenset[int]().union(*outcomes)

    def find(self, text: str) -> int | None:
        """The label that a whole text says, or None; the first one, if several are the same."""
        return min(self.possible(Beginning(text), ended=True), default=None)

    def text_form(self, text: str) -> str:
        """What a text says: texts that say the same can become the same."""
        return text if self._rule is None else self._rule.read(text)

    def span(self, text: str) -> tuple[int, int]:
        """Where the label, or what stands in its place, is in a whole text (in characters)."""
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
        """The same of a text of whole characters."""
        text_form = rule.read(text)
        key = f"{ended:d}{text_form}"
        outcomes = self._cached.get(key)
        if outcomes is None:
            outcomes = frozenset(self._read(rule, text_form, ended=ended))
            if len(self._cached) < MOST_ROWS:  # labels may live as long as their schema
                self._cached[key] = outcomes
        return outcomes

    def _read(self, rule: _MatchRule, text_form: str, *, ended: bool) -> Iterator[int]:
        longest = 0
        is_written: list[bool] = []
        for form in self.forms:
            rest = text_form.startswith(form) and text_form[len(form) :]
            # While the text goes on, a form that stands at its very end may become a longer word.
            is_done = isinstance(rest, str) and rule.may_follow(rest) and (ended or rest != "")
            longest = max(longest, len(form) if is_done else 0)
            is_written.append(is_done)
        for index, form in enumerate(self.forms):
            is_open = not ended and form.startswith(text_form)
            if is_open or (is_written[index] and len(form) == longest):
                yield index

    def _deciding_characters(self, rule: _MatchRule, begun: Beginning) -> Iterator[str]:
        """Characters of which one, if any can, keeps a label possible behind a text."""
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
    """By a folded character those whose folding begins so; by a space all white space."""
    characters: dict[str, str] = {}
    for char in map(chr, range(0x110000)):
        folded = char.casefold()
        if char.isspace():
            folded = " "
        if folded != char or char == " ":
            characters[folded[0]] = characters.get(folded[0], "") + char
    return characters


# -- members of JSON ----------------------------------------------------------------------------


def may_be_loosely(continuation: Continuation, member: Any) -> bool:
    """Whether a reading of a JSON value can still end as this member, if strings match loosely."""
    begun = json_beginning(continuation.text) if continuation.state in ("partial", "done") else None
    if begun is None or not isinstance(member, str) or not loose_form(member):
        return may_be(continuation, member)
    return bool(LabelMatcher([member], "loose").possible(begun[0], ended=begun[1]))


def domain(members: Sequence[Any], match: Match = "exact") -> Domain:
    """A finite domain of JSON values whose strings are matched so.

    >>> domain(["billing", "sales"], "loose").index("Billing ")
    0
    """
    return Domain(members) if match == "exact" else _Matched(members, match)


class _Matched(Domain):
    """Members of JSON that may be written in other ways.

    What is a member exactly is that member. Loosely, members that would be mixed up (``A`` and
    ``a``) and strings without a letter are matched exactly. A function is asked about strings only,
    and its word counts for them alone.
    """

    def __init__(self, members: Sequence[Any], match: Match) -> None:
        super().__init__(members)
        self._is_function = callable(match)
        members_of_text = [i for i, member in enumerate(self.members) if isinstance(member, str)]
        if not self._is_function:
            forms = {i: loose_form(self.members[i]) for i in members_of_text}
            members_of_text = [
                i for i in members_of_text if forms[i] and list(forms.values()).count(forms[i]) == 1
            ]
        self._string_members = members_of_text
        self._strings = LabelMatcher([self.members[i] for i in members_of_text], match)

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
