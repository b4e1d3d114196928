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
from decimal import Decimal
from typing import Any

from fieldconf.align import Step
from fieldconf.alternatives.distribution import MOST_RIVALS, Distribution, Member, likeliest
from fieldconf.alternatives.fan import NOTHING_SAID, Branch, Closed, Outcomes, every
from fieldconf.alternatives.memory import MOST_ROWS, Memory
from fieldconf.alternatives.others import others
from fieldconf.alternatives.questions import TargetQuestion
from fieldconf.alternatives.reading import Place, Reading, State, Target, may_be, read
from fieldconf.alternatives.tree import Tree, Way
from fieldconf.grammar import decode, kind_begun
from fieldconf.prefix import may_become
from fieldconf.schema import KINDS, Declared, kind_of
from fieldconf.spelling import is_control
from fieldconf.tokens import Candidate, unchecked

_QUOTE = 0x22
# Bytes that mean themselves inside a string: a candidate of these alone needs no parser.
_PLAIN = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7f]+")
_NOTHING: Outcomes = frozenset()
_THIS: Outcomes = frozenset({0})
_NONE = Branch(_NOTHING)
_branch = unchecked(Branch)


class ValueQuestion(TargetQuestion):
    """Is the value at the target exactly the one that was written?

    Attributes:
        value: the value that was written, decoded.
        kinds: the JSON kinds that another value may have, in the order of the outcomes.
        is_anything: whether nothing is declared of it.
    """

    is_open = True

    __slots__ = ("_allows", "_is_plain", "_may_differ", "_others", "is_anything", "kinds", "value")

    def __init__(self, target: Target, value: Any, declared: Declared, memory: Memory) -> None:
        # There is one null. Where nothing is allowed, nobody held the model to the schema.
        possible = declared.possible_kinds or KINDS
        self.kinds = tuple(sorted(possible - {"null"} if value is None else possible))
        super().__init__(1 + len(self.kinds), target, "reading", memory)
        self.value, self.is_anything = value, declared.is_anything
        self._others = {kind: frozenset({1 + i}) for i, kind in enumerate(self.kinds)}
        self._allows = declared.allows if declared.rules else None
        self._may_differ = others(value, declared)
        self._is_plain = target.text[:1] == b'"' and b"\\" not in target.text

    def of_kind(self, kind: str) -> Outcomes:
        """The outcomes in which the value has this kind."""
        own = _THIS if kind == kind_of(self.value) else _NOTHING
        return own | self._others.get(kind, _NOTHING)

    def branch(self, place: Place, candidate: Candidate) -> Branch:
        """What a candidate leaves possible; what it adds to a value is read once."""
        begun = place.begun
        # What a candidate adds inside of a string does not depend on what stands there.
        is_inside = begun[:1] == b'"' and begun[-1] < 0x80 and b"\\" not in begun
        if is_inside and _PLAIN.fullmatch(candidate.bytes) and not is_control(candidate):
            return self._branch("partial", begun + candidate.bytes)
        table = place.known
        if table is None:
            seen = _QUOTE if is_inside else place.seen_from(self.path)
            table = place.known = self.memory.at(self.about, seen)
        name = candidate[:2]
        known: tuple[State, bytes] | None = table.get(name)
        if known is None:
            reading = read(place, candidate, self.target)
            text = reading.text[len(begun) :] if is_inside and reading.text else reading.text
            known = reading.state, text
            if len(table) < MOST_ROWS:
                table[name] = known
        state, text = known
        return self._branch(state, begun + text if is_inside else text)

    def written(self, step: Step) -> Branch:
        """Where the answer's own token leads: with text around the JSON it cannot be read."""
        end = self.target.start + len(self.target.text)
        is_over = step.start + len(step.written) >= end + (self.target.text[:1] != b'"')
        return Branch(_THIS if is_over else every(self.size), None, step)

    def read(self, place: Place, candidate: Candidate) -> Branch:
        """The same by the parser, with the place that the candidate leads to."""
        reading = read(place, candidate, self.target)
        if reading.place is not None and reading.state == "partial":
            reading.place.begun = reading.text
        return self._branch(reading.state, reading.text)._replace(place=reading.place)

    def _branch(self, state: State, text: bytes) -> Branch:
        if state == "dead":
            return _NONE
        if state == "before":
            return Branch(every(self.size), None, NOTHING_SAID)
        is_container = text[:1] in (b"{", b"[")
        is_done = state == "done" and not is_container
        other = self._others.get(kind_begun(text))
        if other is not None and self._allows and not self._allows(text, done=is_done):
            other = None
        if not is_container and self._agrees(state, text):
            if is_done or other is None or not self._may_differ(text):
                return _branch((_THIS, None, text))
            return _branch((_THIS | other, None, text))
        if other is None:
            return _NONE
        return _branch((other, None, Closed(text) if is_done else text))

    def _agrees(self, state: State, text: bytes) -> bool:
        """Whether a reading may end as the value that was written."""
        whole = self.target.text
        if state == "partial" and whole.startswith(text):
            return True
        if self._is_plain and text[:1] == b'"' and b"\\" not in text:
            return state == "done" and text == whole  # without escapes it has one spelling
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
    ways = list(tree.ways())
    unseen = math.fsum(gap.mass for gap in tree.gaps() if gap.twig is None)
    values: dict[Any, list[Way]] = {}
    beginnings: dict[str, float] = {}
    for way in ways:
        said = way.branch.said
        if isinstance(said, Closed):
            value = decode(said.text)
            if value is not None and not _is_beyond_doubles(value):
                values.setdefault((kind_of(value), value), []).append(way)
        elif isinstance(said, bytes) and way.is_beginning:
            text = said.decode("utf-8", "replace")
            beginnings[text] = beginnings.get(text, 0.0) + way.probability
    ranked = sorted(values.items(), key=lambda item: -math.fsum(w.probability for w in item[1]))
    for (_, value), known in ranked[:MOST_RIVALS]:
        low = math.fsum(way.low for way in known)
        more = math.fsum(way.low for way in ways if _may_become(way, value))
        probability = min(1.0, math.fsum(way.probability for way in known))
        high = min(1.0, max(low + more + unseen, probability))
        members.append(Member(value, max(probability, low), low, high))
    members.sort(key=lambda member: -member.probability)
    rest = max(0.0, 1.0 - math.fsum(member.probability for member in members))
    return Distribution(
        tuple(members), tree.off, tree.unseen, tree.ended_at, likeliest(tree.others.items()),
        tree.calls, rest, likeliest(beginnings.items()),
    )  # fmt: skip


def _is_beyond_doubles(value: Any) -> bool:
    """Whether a number has no place in JSON as readers take it; then it stays in the rest."""
    return isinstance(value, Decimal) or value in (math.inf, -math.inf)


def _may_become(way: Way, value: Any) -> bool:
    """Whether a branch is undecided or a beginning, and may still become this value."""
    said = way.branch.said
    if said == NOTHING_SAID:
        return True
    return isinstance(said, bytes) and may_become(said, value)
