"""Value questions: is an open value (a string, a number, null) exactly the one that was written?

In:    the value, where it stands, what is declared there; a place and a candidate.
Out:   which outcomes the candidate leaves: 0 is this value, 1 + i another value of the i-th kind.
Never: a list of all values; "no" to what was written: it is possible even if it breaks the schema.
Why:   an open value has few outcomes, too. The tree of a finite domain answers it: the sign, null
       and the empty string in the token before all count, and a rival that is a beginning of what
       was written is undecided.
"""

import math
import re
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from fieldconf.distributions.cache import CandidateCache, Table, remember
from fieldconf.distributions.continuation import (
    Continuation,
    State,
    TokenPosition,
    ValueSite,
    may_be,
    read,
)
from fieldconf.distributions.decoding_step import (
    NO_BRANCH,
    NOTHING_WRITTEN,
    AddedText,
    Branch,
    CompletedValue,
    Name,
    Outcomes,
    bytes_of,
    candidate_of,
    every,
)
from fieldconf.distributions.distribution import (
    MOST_RIVALS,
    Distribution,
    Member,
    likeliest,
)
from fieldconf.distributions.other_values import others
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.distributions.questions import TargetQuestion
from fieldconf.parsing.grammar import decode, kind_begun
from fieldconf.parsing.kinds import KINDS, kind_of
from fieldconf.parsing.prefix import may_become
from fieldconf.schema import Declared
from fieldconf.tokens.spelling import is_control
from fieldconf.tokens.token import Candidate, utf8

# Bytes that mean themselves inside of a string; bytes that begin a value without ending it.
_LETTERS = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7f]+").fullmatch
_BEGINS = re.compile(rb'"[\x20\x21\x23-\x5b\x5d-\x7f]*|[1-9][0-9]*').fullmatch
_DIGITS = re.compile(rb"(?=.{1,15}\Z)(-?[1-9][0-9]*|0)(\.[0-9]*[1-9])?").fullmatch
_DECIMAL = re.compile(rb"-?(?:0|[1-9][0-9]*)\.([0-9]*)").fullmatch
_STRING, _ZERO, _INTEGER, _POINT, _FRACTION = "string", "zero", "integer", "point", "fraction"
_NOTHING: Outcomes = frozenset()
_THIS: Outcomes = frozenset({0})


class _Meaning(NamedTuple):
    """What a candidate adds to a value, independent of the value that was written.

    ``text`` is the value's text with the candidate; inside of a ``free`` state it is only what the
    candidate adds. The branches are for a candidate that can only become another value
    (``differs``), only the one written (``agrees``), or ``both``. ``is_fixed``: it always differs.
    """

    state: State
    text: bytes
    is_fixed: bool
    differs: Branch
    agrees: Branch
    both: Branch


def _inside(begun: bytes) -> str | None:
    """The part of a value that a place is in; only it decides what a candidate adds there."""
    if not begun:
        return None
    if begun[:1] == b'"':
        return _STRING if begun[-1] < 0x80 and b"\\" not in begun else None
    if begun.isdigit():
        return _ZERO if begun[:1] == b"0" else _INTEGER
    decimal = _DECIMAL(begun)
    return decimal and (_FRACTION if decimal[1] else _POINT)


class _ValuePlan:
    """The outcomes and checks of any value at places with the same declaration.

    Attributes:
        kinds: the JSON kinds that another value may have, in the order of the outcomes.
        others: by kind, the outcome in which the value is another one of that kind.
        allows: whether a beginning is one of an allowed value; None where only the kind counts.
        free: the parts of a value, see ``_inside``, in which the schema restricts only its kind.
        about: the key of this plan.
    """

    __slots__ = ("about", "allows", "before", "free", "kinds", "others")

    def __init__(self, declared: Declared, *, is_null: bool, about: Hashable) -> None:
        # There is only one null. If nothing is allowed, the model did not follow the schema.
        possible = declared.possible_kinds or KINDS
        self.about = about
        self.kinds = tuple(sorted(possible - {"null"} if is_null else possible))
        self.others = {kind: frozenset({1 + i}) for i, kind in enumerate(self.kinds)}
        self.allows = declared.allows if declared.restricts else None
        self.before = Branch(every(1 + len(self.kinds)), None, NOTHING_WRITTEN)
        any_integer = all(rule.is_any_integer for rules in declared.rules for rule in rules)
        free = {_ZERO, _INTEGER} if "number" in declared.kinds and any_integer else set[str]()
        if not declared.restricts:
            free |= {_STRING} if "string" in declared.kinds else set()
            free |= {_ZERO, _INTEGER, _POINT, _FRACTION} if "number" in declared.kinds else set()
        self.free = frozenset(free)

    def meaning(self, state: State, text: bytes, begun: bytes, *, is_added: bool) -> _Meaning:
        """What a reading means; ``is_added``: the text is only what the candidate adds."""
        if state in ("dead", "before"):
            branch = NO_BRANCH if state == "dead" else self.before
            return _Meaning(state, b"", True, branch, branch, branch)  # noqa: FBT003
        is_container = text[:1] in (b"{", b"[")
        is_done = state == "done" and not is_container
        other = self.others.get(kind_begun(text), _NOTHING)
        if other and self.allows and not self.allows(text, done=is_done):
            other = _NOTHING
        value_prefix: Hashable = AddedText(text[len(begun) :], is_done) if is_added else text
        differs = NO_BRANCH
        if other:
            differs = Branch(
                other, None, CompletedValue(text) if is_done and not is_added else value_prefix
            )
        agrees = Branch(_THIS, None, value_prefix)
        both = agrees if is_done or not other else Branch(_THIS | other, None, value_prefix)
        own = text[len(begun) :] if is_added else text
        return _Meaning(state, own, is_container, differs, agrees, both)


class ValueQuestion(TargetQuestion):
    """Is the value at the target exactly the one that was written?

    Attributes:
        value: the value that was written, decoded.
        kinds: the JSON kinds that another value may have, in the order of the outcomes.
        is_anything: whether nothing is declared for it.
    """

    is_open = True

    __slots__ = ("_digits", "_is_plain", "_may_differ", "_plan", "is_anything", "kinds", "value")

    def __init__(
        self, target: ValueSite, value: Any, declared: Declared, cache: CandidateCache
    ) -> None:
        is_null = value is None
        plan = cache.of(
            declared,
            (_ValuePlan, is_null),
            lambda key: _ValuePlan(declared, is_null=is_null, about=key),
        )
        super().__init__(1 + len(plan.kinds), target, plan.about, cache)
        self._plan, self.kinds = plan, plan.kinds
        self.value, self.is_anything = value, declared.is_anything
        self._may_differ = others(value, declared)
        self._is_plain = target.text[:1] == b'"' and b"\\" not in target.text
        digits = _DIGITS(target.text)
        self._digits = digits and digits.groups()

    def of_kind(self, kind: str) -> Outcomes:
        """The outcomes in which the value has this kind."""
        own = _THIS if kind == kind_of(self.value) else _NOTHING
        return own | self._plan.others.get(kind, _NOTHING)

    def branches(self, place: TokenPosition, names: Sequence[Name]) -> list[Branch]:
        """What candidates leave possible; the meaning of each is read once."""
        begun, table = place.begun, place.cached
        inside = _inside(begun)
        is_free = inside in self._plan.free
        if table is None:
            seen = inside if is_free else place.seen_from(self.path)
            table = place.cached = self.cache.at(self.about, seen)
        meanings = [table.get(name) or self._meaning(place, name, table) for name in names]
        whole, branches, at = self.target.text, list[Branch](), len(begun)
        is_text = is_free and inside == _STRING and self._is_plain
        for meaning in meanings:
            text = meaning.text
            if is_text and meaning.state == "partial" and b"\\" not in text:  # most are so
                branches.append(meaning.both if whole.startswith(text, at) else meaning.differs)
            else:
                branches.append(self._branch(meaning, begun + text if is_free else text))
        return branches

    def _branch(self, meaning: _Meaning, text: bytes) -> Branch:
        """The branch of a candidate that makes the value's text this one."""
        if meaning.is_fixed or not self._agrees(meaning.state, text):
            return meaning.differs
        both = meaning.both
        return both if both is meaning.agrees or self._may_differ(text) else meaning.agrees

    def _meaning(self, place: TokenPosition, name: Name, table: Table) -> _Meaning:
        """What a candidate means at a place whose table does not have it yet."""
        begun = place.begun
        inside = _inside(begun)
        state, text = self._continuation(place, name, inside)
        is_added = inside in self._plan.free
        meaning = self._plan.meaning(state, text, begun if is_added else b"", is_added=is_added)
        remember(table, name, meaning)
        return meaning

    def _continuation(
        self, place: TokenPosition, name: Name, inside: str | None
    ) -> tuple[State, bytes]:
        """Where a candidate leads; for most candidates no parser is needed."""
        begun, data, candidate = place.begun, bytes_of(name), candidate_of(name)
        if inside == _STRING and _LETTERS(data) and not is_control(candidate):
            return "partial", begun + data
        if inside in (_INTEGER, _POINT, _FRACTION) and data.isdigit():
            return "partial", begun + data
        is_next = place.step is not None and place.step.start == self.target.start
        if is_next and _BEGINS(data) and not is_control(candidate):
            return "partial", data
        cached = None
        if inside is not None:  # what it adds does not depend on the text before it
            cached = self.cache.at(("added", self.about), inside)
            if name in cached:
                state, text = cached[name]
                return state, b"" if state in ("dead", "before") else begun + text
        state, text, _ = read(place, candidate, self.target)
        if cached is not None:
            remember(cached, name, (state, text[len(begun) :]))
        return state, text

    def written(self, place: TokenPosition) -> Branch:
        """Where the answer's own token leads, if text around the JSON prevents reading it."""
        step, end = place.step, self.target.start + len(self.target.text)
        assert step is not None  # it is the answer's
        is_over = step.start + len(step.written) >= end + (self.target.text[:1] != b'"')
        return Branch(_THIS if is_over else every(self.size), None, place)

    def read(self, place: TokenPosition, candidate: Candidate) -> Branch:
        """The branch by the parser, with the place that the candidate leads to."""
        state, text, following = read(place, candidate, self.target)
        if following is not None and state == "partial":
            following.begun = text
        meaning = self._plan.meaning(state, text, b"", is_added=False)
        return self._branch(meaning, text).at(following)

    def _agrees(self, state: State, text: bytes) -> bool:
        """Whether a reading may end as the value that was written."""
        whole = self.target.text
        if text == whole or (state == "partial" and whole.startswith(text)):
            return True
        if self._is_plain and text[:1] == b'"' and b"\\" not in text:
            return False  # without escapes it has one spelling
        if text[:1] != whole[:1] and not text[:1].isdigit() and text[:1] != b"-":
            return False  # of another kind
        if self._digits and text.isdigit():
            digits, fraction = self._digits
            return not fraction and digits == text if state == "done" else digits.startswith(text)
        return may_be(Continuation(state, text), self.value)


# -- the distribution of an open value ------------------------------------------------------------


def open_distribution(tree: OutcomeTree, question: ValueQuestion) -> Distribution:
    """The value written and what else is known: whole values, beginnings, and the rest."""
    results = tree.results()
    members = [Member(question.value, *results[0])]
    if "null" in question.kinds:
        (number,) = question.of_kind("null")
        null = Member(None, *results[number])
        # Where nothing is declared, null is a rival only if the model thought of it.
        members += [null] if null.low or not question.is_anything else []
    closed: dict[bytes, list[float]] = {}  # probability and lower bound of complete values
    values: dict[Any, list[float]] = {}  # the same by value
    beginnings: dict[str, float] = {}  # probability of beginnings of other values, as shown
    begun: list[tuple[bytes, float]] = []  # lower bound of beginnings of any value
    blank = 0.0  # lower bound of branches that wrote nothing of the value
    for value_prefix, outcomes, probability, low, _, _ in tree.unfollowed_branches():
        if type(value_prefix) is bytes:
            begun.append((value_prefix, low))
            if 0 not in outcomes:
                text = value_prefix.decode("utf-8", "replace")
                beginnings[text] = beginnings.get(text, 0.0) + probability
        elif type(value_prefix) is CompletedValue:
            sums = closed.setdefault(value_prefix[0], [0.0, 0.0])
            sums[0] += probability
            sums[1] += low
        elif value_prefix == NOTHING_WRITTEN:
            blank += low
    for value_prefix, (probability, low) in closed.items():
        value = decode(value_prefix)
        # A number beyond doubles cannot be a candidate: it stays in the rest.
        is_beyond_doubles = isinstance(value, Decimal) or value in (math.inf, -math.inf)
        if value is not None and not is_beyond_doubles:
            sums = values.setdefault((kind_of(value), value), [0.0, 0.0])
            sums[0] += probability
            sums[1] += low
    unseen = tree.unlisted if values else 0.0
    ranked = sorted(values.items(), key=lambda item: -item[1][0])
    for (_, value), (probability, low) in ranked[:MOST_RIVALS]:
        is_possible = possible(value)
        more = blank + sum([own for value_prefix, own in begun if is_possible(value_prefix)])
        high = min(1.0, max(low + more + unseen, probability))
        members.append(Member(value, max(min(1.0, probability), low), low, high))
    members.sort(key=lambda member: -member.probability)
    rest = max(0.0, 1.0 - math.fsum([member.probability for member in members]))
    return Distribution(
        tuple(members), tree.off, tree.unseen, tree.ended_at, likeliest(tree.others.items()),
        tree.calls, rest, likeliest(beginnings.items()),
    )  # fmt: skip


def possible(value: Any) -> Callable[[bytes], bool]:
    """A test whether a beginning may still become a value; it mostly avoids ``may_become``."""
    is_text = isinstance(value, str)
    spelled = b'"' + utf8(value) if is_text else repr(value).encode()
    whole = spelled.partition(b".")[0] if value and b"e" not in spelled else b""

    def is_possible(text: bytes) -> bool:
        if is_text and b"\\" not in text:  # without escapes it has one spelling
            return spelled.startswith(text)
        if whole and text.isdigit() and not is_text:
            return whole.startswith(text)
        return may_become(text, value)

    return is_possible
