"""Values: is an open value (a string, a number, null) exactly the one that was written?

In:    the value, where it stands, what is declared there; a place and a candidate.
Out:   which outcomes the candidate leaves: 0 is this value, 1 + i another value of the i-th kind.
Never: a list of all values; "no" to what was written: it counts as possible even where it breaks
       the schema.
Why:   an open value is a finite question, too. Asked over the same steps as a member's, by the same
       tree, the sign, the null and the empty string that stood in the token before all count, and
       a rival that is only a beginning of what was written is undecided.
"""

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from fieldconf.alternatives.distribution import MOST_RIVALS, Distribution, Member, likeliest
from fieldconf.alternatives.fan import (
    ADDED,
    NO_BRANCH,
    NOTHING_SAID,
    Branch,
    Closed,
    Name,
    Outcomes,
    bytes_of,
    candidate_of,
    every,
)
from fieldconf.alternatives.memory import MOST_ROWS, Memory, Table
from fieldconf.alternatives.others import others
from fieldconf.alternatives.questions import TargetQuestion
from fieldconf.alternatives.reading import Place, Reading, State, Target, may_be, read
from fieldconf.alternatives.tree import Tree
from fieldconf.grammar import decode, kind_begun
from fieldconf.prefix import may_become
from fieldconf.schema import KINDS, Declared, kind_of
from fieldconf.spelling import is_control
from fieldconf.tokens import Candidate, utf8

_QUOTE = 0x22
# Texts that mean themselves inside a string: a candidate of these alone needs no parser.
_PLAIN = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7f]+").fullmatch
_DIGITS = re.compile(rb"(?=.{1,15}\Z)(-?[1-9][0-9]*|0)(\.[0-9]*[1-9])?").fullmatch
_NOTHING: Outcomes = frozenset()
_THIS: Outcomes = frozenset({0})


class _Meaning(NamedTuple):
    """What a candidate adds to a value, whatever value was written.

    ``text`` is what it adds inside of a plain string, else the value's text with it; ``other`` are
    the outcomes of the other values that begin or end so.
    """

    state: State
    text: bytes
    other: Outcomes
    is_done: bool


_LETTERS = _Meaning("partial", b"", _NOTHING, is_done=False)  # of a string that may be any


class ValueQuestion(TargetQuestion):
    """Is the value at the target exactly the one that was written?

    Attributes:
        value: the value that was written, decoded.
        kinds: the JSON kinds that another value may have, in the order of the outcomes.
        is_anything: whether nothing is declared of it.
    """

    is_open = True

    __slots__ = (
        "_allows", "_digits", "_is_free", "_is_plain", "_letters", "_may_differ", "_others",
        "is_anything", "kinds", "value",
    )  # fmt: skip

    def __init__(self, target: Target, value: Any, declared: Declared, memory: Memory) -> None:
        # There is one null. Where nothing is allowed, nobody held the model to the schema.
        possible = declared.possible_kinds or KINDS
        self.kinds = tuple(sorted(possible - {"null"} if value is None else possible))
        about = "reading", memory.identity(declared), value is None
        super().__init__(1 + len(self.kinds), target, about, memory)
        self.value, self.is_anything = value, declared.is_anything
        self._others = {kind: frozenset({1 + i}) for i, kind in enumerate(self.kinds)}
        self._allows = declared.allows if declared.rules else None
        self._is_free = "string" in declared.kinds and not declared.restricts
        self._may_differ = others(value, declared)
        self._is_plain = target.text[:1] == b'"' and b"\\" not in target.text
        self._digits = _DIGITS(target.text)
        string = self._others.get("string", _NOTHING)
        self._letters = Branch(_THIS | string, None, ADDED), Branch(string, None, ADDED)

    def of_kind(self, kind: str) -> Outcomes:
        """The outcomes in which the value has this kind."""
        own = _THIS if kind == kind_of(self.value) else _NOTHING
        return own | self._others.get(kind, _NOTHING)

    def branches(self, place: Place, names: Sequence[Name]) -> list[Branch]:
        """What candidates leave possible; what each adds to a value is read once."""
        begun, table = place.begun, place.known
        is_inside = begun[:1] == b'"' and begun[-1] < 0x80 and b"\\" not in begun
        # What a candidate adds inside of a string that may be any does not depend on the string.
        is_free = is_inside and self._is_free
        if table is None:
            seen = _QUOTE if is_free else place.seen_from(self.path)
            table = place.known = self.memory.at(self.about, seen)
        if not is_free:
            return [self._branch(table.get(n) or self._meaning(place, n, table)) for n in names]
        rest = self.target.text[len(begun) :].decode("utf-8", "replace") if self._is_plain else None
        agrees, differs = self._letters
        branches: list[Branch] = []
        for name in names:
            known = table.get(name) or self._meaning(place, name, table)
            if known is not _LETTERS:
                branches.append(self._branch(known._replace(text=begun + known.text)))
            elif rest is not None:
                text = name if type(name) is str else bytes_of(name).decode()
                branches.append(agrees if rest.startswith(text) else differs)
            else:
                text = begun + bytes_of(name)
                branches.append(self._branch(known._replace(text=text, other=differs.outcomes)))
        return branches

    def _meaning(self, place: Place, name: Name, table: Table) -> _Meaning:
        begun = place.begun
        is_inside = self._is_free and table is not None and begun[:1] == b'"'
        is_inside = is_inside and begun[-1] < 0x80 and b"\\" not in begun
        if is_inside and _PLAIN(bytes_of(name)) and not is_control(candidate_of(name)):
            meaning = _LETTERS
        else:
            reading = read(place, candidate_of(name), self.target)
            meaning = self._judged(reading.state, reading.text)
            if is_inside and reading.text:
                meaning = meaning._replace(text=reading.text[len(begun) :])
        if len(table) < MOST_ROWS:
            table[name] = meaning
        return meaning

    def _judged(self, state: State, text: bytes) -> _Meaning:
        if state in ("dead", "before"):
            return _Meaning(state, text, _NOTHING, is_done=False)
        is_done = state == "done" and text[:1] not in (b"{", b"[")
        other = self._others.get(kind_begun(text), _NOTHING)
        if other and self._allows and not self._allows(text, done=is_done):
            other = _NOTHING
        return _Meaning(state, text, other, is_done)

    def written(self, place: Place) -> Branch:
        """Where the answer's own token leads: with text around the JSON it cannot be read."""
        step, end = place.step, self.target.start + len(self.target.text)
        assert step is not None  # it is the answer's
        is_over = step.start + len(step.written) >= end + (self.target.text[:1] != b'"')
        return Branch(_THIS if is_over else every(self.size), None, place)

    def read(self, place: Place, candidate: Candidate) -> Branch:
        """The same by the parser, with the place that the candidate leads to."""
        reading = read(place, candidate, self.target)
        if reading.place is not None and reading.state == "partial":
            reading.place.begun = reading.text
        return self._branch(self._judged(reading.state, reading.text)).at(reading.place)

    def _branch(self, meaning: _Meaning) -> Branch:
        state, text, other, is_done = meaning
        if state == "dead":
            return NO_BRANCH
        if state == "before":
            return Branch(every(self.size), None, NOTHING_SAID)
        if text[:1] not in (b"{", b"[") and self._agrees(state, text):
            if is_done or not other or not self._may_differ(text):
                return Branch(_THIS, None, text)
            return Branch(_THIS | other, None, text)
        if not other:
            return NO_BRANCH
        return Branch(other, None, Closed(text) if is_done else text)

    def _agrees(self, state: State, text: bytes) -> bool:
        """Whether a reading may end as the value that was written."""
        whole = self.target.text
        if state == "partial" and whole.startswith(text):
            return True
        if self._is_plain and text[:1] == b'"' and b"\\" not in text:
            return state == "done" and text == whole  # without escapes it has one spelling
        if self._digits and text.isdigit():
            digits, fraction = self._digits.groups()
            return not fraction and digits == text if state == "done" else digits.startswith(text)
        return may_be(Reading(state, text), self.value) or (state == "done" and text == whole)


# -- what a tree says of an open value ------------------------------------------------------------


def open_distribution(tree: Tree, question: ValueQuestion) -> Distribution:
    """The value written and what else is known: whole values, beginnings, and the rest."""
    results = tree.results()
    members = [Member(question.value, *results[0])]
    if "null" in question.kinds:
        (number,) = question.of_kind("null")
        null = Member(None, *results[number])
        # Where nothing is declared, null is a rival only if the model thought of it.
        members += [null] if null.low or not question.is_anything else []
    values: dict[Any, list[float]] = {}  # probability and what is sure of it
    closed: dict[bytes, list[float]] = {}
    low_of: dict[bytes, float] = {}  # of beginnings
    beginnings: dict[str, float] = {}  # of other values
    blank = 0.0  # of what says nothing yet
    for said, outcomes, probability, low, _, _ in tree.ways():
        if said == NOTHING_SAID:
            blank += low
        elif isinstance(said, Closed):
            sums = closed.setdefault(said.text, [0.0, 0.0])
            sums[0] += probability
            sums[1] += low
        elif isinstance(said, bytes):
            low_of[said] = low_of.get(said, 0.0) + low
            if 0 not in outcomes:
                text = said.decode("utf-8", "replace")
                beginnings[text] = beginnings.get(text, 0.0) + probability
    for said, (probability, low) in closed.items():
        value = decode(said)
        if value is not None and not _is_beyond_doubles(value):
            sums = values.setdefault((kind_of(value), value), [0.0, 0.0])
            sums[0] += probability
            sums[1] += low
    unseen = math.fsum(gap.mass for gap in tree.gaps() if gap.at is None) if values else 0.0
    ranked = sorted(values.items(), key=lambda item: -item[1][0])
    for (_, value), (probability, low) in ranked[:MOST_RIVALS]:
        more = blank + math.fsum(own for said, own in low_of.items() if _may(said, value))
        probability = min(1.0, probability)
        high = min(1.0, max(low + more + unseen, probability))
        members.append(Member(value, max(probability, low), low, high))
    members.sort(key=lambda member: -member.probability)
    rest = max(0.0, 1.0 - math.fsum([member.probability for member in members]))
    return Distribution(
        tuple(members), tree.off, tree.unseen, tree.ended_at, likeliest(tree.others.items()),
        tree.calls, rest, likeliest(beginnings.items()),
    )  # fmt: skip


def _is_beyond_doubles(value: Any) -> bool:
    """Whether a number has no place in JSON as readers take it; then it stays in the rest."""
    return isinstance(value, Decimal) or value in (math.inf, -math.inf)


def _may(text: bytes, value: Any) -> bool:
    """Whether a beginning may still become a value."""
    if isinstance(value, str) and b"\\" not in text:  # without escapes it has one spelling
        return text[:1] == b'"' and utf8(value).startswith(text[1:])
    return may_become(text, value)
