"""Correctness: when a value of an answer is right.

In:    a value of an answer, the right value, and a rule.
Out:   whether it is right; ``Rule`` and ``Rules``: the rule for a field.
Never: another rule in place of a misspelt one; a value in an error message.
Why:   "$1,234.50" for 1234.5 is right, and which differences matter depends on the field.

The rules:

* ``exact``: the same JSON value (1 is 1.0, true is not 1);
* ``number``: numbers that differ by at most ``tolerance``, or ``relative`` of the larger one;
* ``amount``: numbers and texts that are numbers, however written ("$1,234.50", "1.234,50 EUR"), as
  for ``number``. The currency does not count. "1,234" has two readings, and may be either one;
* ``date``: dates and times, however written; all parts that the right one has must be there and
  agree. "10/01/2018" has two readings, and may be either one;
* ``text``: letter case, accents, width, quotes and white space do not count, see
  ``fieldconf.grounding.folding``, nor the words of ``drop``;
* ``fuzzy``: as ``text``, nearly: RapidFuzz's ``ratio`` (``2 * M / T``, see ``source.fuzzy``) of the
  two is ``least`` or more;
* ``items``: a list whose items are matched by content, or by ``key``, and judged one by one;
* ``positions``: a list whose items are judged one by one, each at its position.

``amount`` and ``date`` compare others as ``text``. ``exact``, or a function, for
a list or an object judges it as a whole; else objects are judged part by part.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast, get_args

from fieldconf.errors import EvaluationError, nearest
from fieldconf.grounding.dates import date_of, same_date
from fieldconf.grounding.folding import fold, words_of
from fieldconf.grounding.numerals import decimal_of, number_of
from fieldconf.parsing.kinds import kind_of, same_json
from fieldconf.paths import Path, matches, parse_pointer, pointer
from fieldconf.policy.pointers import rank
from fieldconf.schema.attribute_paths import steps_of
from fieldconf.statistics.packages import package

RuleName: TypeAlias = Literal[
    "exact", "number", "amount", "date", "text", "fuzzy", "items", "positions"
]
RuleLike: TypeAlias = "Rule | RuleName | Mapping[str, Any] | Callable[[Any, Any], Any]"

KINDS = ("string", "enum", "number", "boolean", "null", "list", "object")
"""The kinds that a rule may be for: those of right values; "enum" is a string with few values."""


class Written(str):
    """A right value from a column of texts: the text, or what it says as JSON."""

    __slots__ = ()

    def readings(self) -> tuple[Any, ...]:
        """What it may be.

        >>> Written("12").readings(), Written("a b").readings(), Written("").readings()
        (('12', 12), ('a b',), ('', None))
        """
        try:
            return (str(self), json.loads(self))
        except (ValueError, RecursionError):
            return (str(self),) if self.strip() else (str(self), None)


@dataclass(frozen=True)
class Rule:
    """When a value is right, see the head of this module.

    Attributes:
        name: of the rule.
        tolerance: of numbers and amounts: by so much they may differ, in their own unit.
        relative: by so much of the larger one.
        drop: of texts: words that do not count.
        least: of fuzzy texts: the least similarity, 0..1.
        key: of items: the keys inside of an item (JSON Pointers, or names) that say which items
            are the same one; their content, if empty.

    >>> Rule("text", drop=("the",)).is_right("The  Hague", "hague")
    True
    >>> Rule("amount").is_right("$1,234.50", 1234.5), Rule("date").is_right("Nov 22nd", "22 nov")
    (True, True)
    """

    name: RuleName
    tolerance: float = 0.0
    relative: float = 1e-9
    drop: tuple[str, ...] = ()
    least: float = 0.9
    key: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in get_args(RuleName):
            raise EvaluationError(
                f"no rule is called {self.name!r}", remedy=nearest(self.name, get_args(RuleName))
            )
        limits = {"tolerance": self.tolerance, "relative": self.relative, "least": self.least}
        for name, value in limits.items():
            most = 1.0 if name == "least" else math.inf
            if not 0 <= value <= most:
                raise EvaluationError(
                    f"{name} {value!r} of the rule {self.name!r} is no number from 0 to {most:g}"
                )
        for name in ("drop", "key"):
            values = getattr(self, name)
            object.__setattr__(self, name, (values,) if isinstance(values, str) else tuple(values))

    def is_right(self, answer: Any, truth: Any) -> bool:
        """Whether a value is right."""
        if self.name in ("items", "positions", "exact"):
            return same_json(answer, truth)
        return _TESTS[self.name](answer, truth, self)


def _numbers(answer: Any, truth: Any, rule: Rule) -> bool:
    if kind_of(answer) != "number" or kind_of(truth) != "number":
        return False
    return answer == truth or _close(answer, truth, rule)


def _close(first: Any, second: Any, rule: Rule) -> bool:
    try:
        return math.isclose(first, second, rel_tol=rule.relative, abs_tol=rule.tolerance)
    except OverflowError:  # an integer beyond a double
        return False


def _amounts(answer: Any, truth: Any, rule: Rule) -> bool:
    readings = _amount_of(answer), _amount_of(truth)
    if not all(readings):
        return _texts(answer, truth, rule)
    return any(a == b or _close(a, b, rule) for a in readings[0] for b in readings[1])


def _amount_of(value: Any) -> frozenset[Decimal]:
    if kind_of(value) == "number":
        number = decimal_of(value)
        return frozenset() if number is None else frozenset([number])
    text = _plain(value) if isinstance(value, str) else ""
    number = number_of(text) or number_of(_CURRENCY_BEHIND.sub(r"\2 \1", text))
    return frozenset() if number is None else number.readings


def _dates(answer: Any, truth: Any, rule: Rule) -> bool:
    if isinstance(answer, str) and isinstance(truth, str):
        days, rights = date_of(_plain(answer)), date_of(_plain(truth))
        if days and rights:
            pairs = ((frozenset([right]), frozenset([day])) for right in rights for day in days)
            return any(same_date(*pair) == 1 for pair in pairs)
    return _texts(answer, truth, rule)


def _texts(answer: Any, truth: Any, rule: Rule) -> bool:
    if not (isinstance(answer, str) and isinstance(truth, str)):
        return same_json(answer, truth)
    first, second = _worded(answer, rule), _worded(truth, rule)
    is_fuzzy = rule.name == "fuzzy"
    return first == second or (is_fuzzy and likeness(first, second) >= rule.least)


def likeness(first: str, second: str) -> float:
    """How alike two texts are (0..1), by RapidFuzz's ``ratio``.

    >>> round(likeness("anna schmitt", "anna schmidt"), 3)
    0.917
    """
    return package("rapidfuzz.fuzz").ratio(first, second) / 100


def _plain(text: str) -> str:
    return fold(text).line.strip()


def _worded(text: str, rule: Rule) -> str:
    """A folded text without the words that do not count."""
    line = _plain(text)
    if not rule.drop:
        return line
    dropped = {_plain(word) for word in rule.drop}
    parts, at = list[str](), 0
    for start, stop in words_of(line):
        if line[start:stop] in dropped:
            parts.append(line[at:start])
            at = stop
    return " ".join("".join([*parts, line[at:]]).split())


_TESTS: Mapping[str, Callable[[Any, Any, Rule], bool]] = {
    "number": _numbers, "amount": _amounts, "date": _dates, "text": _texts, "fuzzy": _texts,
}  # fmt: skip

_USUAL: Mapping[str, Rule] = {
    "string": Rule("text"), "enum": Rule("exact"), "number": Rule("number"),
    "boolean": Rule("exact"), "null": Rule("exact"), "list": Rule("items"), "object": Rule("items"),
}  # fmt: skip

_ITEMS = _USUAL["list"]
_CURRENCY_BEHIND = re.compile(r"^(.*[0-9]) ?([a-z]{2,3}|[^\w\s])$")  # "5 eur" as "eur 5"


@dataclass(frozen=True)
class Rules:
    """Which rule is for which field.

    Attributes:
        kinds: by the kind of the right value.
        patterns: (steps of a pointer, rule), the most specific first.

    >>> rules = Rules.of({"/total": "amount", "number": {"rule": "number", "tolerance": 0.5}})
    >>> rules.is_right(("total",), "$5", 5), rules.is_right(("age",), 41.5, 42)
    (True, True)
    """

    kinds: Mapping[str, Any] = field(default_factory=lambda: _USUAL)
    patterns: tuple[tuple[tuple[str, ...], Any], ...] = ()

    @classmethod
    def of(cls, rules: "Mapping[str, RuleLike] | Rules | None") -> "Rules":
        """The rules of a mapping: names are kinds, JSON Pointers with "*" and "**", or attributes.

        Raises:
            EvaluationError: if a rule or a name is none.
        """
        if isinstance(rules, Rules):
            return rules
        read = {name: _rule(rule) for name, rule in (rules or {}).items()}
        try:
            patterns = [(field_steps(name), r) for name, r in read.items() if name not in KINDS]
        except ValueError as error:
            kinds = ", ".join(KINDS)
            raise EvaluationError(
                str(error), remedy=f'Give a JSON Pointer, such as "/a/*/b", or a kind: {kinds}'
            ) from None
        patterns.sort(key=lambda pair: rank(pair[0]))
        kinds = {name: rule for name, rule in read.items() if name in KINDS}
        return cls({**_USUAL, **kinds}, tuple(patterns))

    def at(self, path: Path, truth: Any, *, is_member: bool = False) -> Any:
        """The rule for a path: a ``Rule`` or a function."""
        for steps, rule in self.patterns:
            if matches(steps, path):
                return rule
        kind = kind_of(truth)
        policy_kind = {"array": "list", "string": "enum" if is_member else "string"}.get(kind, kind)
        return self.kinds[policy_kind]

    def pointwise(self, path: Path, truth: Any) -> Rule | None:
        """The rule by which the parts of a list or an object are judged; None: as a whole."""
        if kind_of(truth) not in ("array", "object"):
            return None
        rule = self.at(path, truth)
        if not isinstance(rule, Rule) or rule.name == "exact":
            return None
        return rule if rule.name in ("items", "positions") else _ITEMS

    def is_right(self, path: Path, answer: Any, truth: Any, *, is_member: bool = False) -> bool:
        """Whether the value at a path is right.

        Raises:
            EvaluationError: if a function says neither yes nor no.
        """
        readings = truth.readings() if isinstance(truth, Written) else (truth,)
        for reading in readings:
            rule = self.at(path, reading, is_member=is_member)
            if isinstance(rule, Rule):
                if rule.is_right(answer, reading):
                    return True
                continue
            verdict = rule(answer, reading)
            if not (isinstance(verdict, bool) or type(verdict).__name__ in ("bool_", "bool")):
                raise EvaluationError(
                    f"the rule for {pointer(path)!r} returned {type(verdict).__name__}",
                    remedy="Return True where the value is right, False where it is wrong",
                )
            if verdict:
                return True
        return False


def _rule(rule: Any) -> Any:
    if isinstance(rule, Rule) or (callable(rule) and not isinstance(rule, type)):
        return rule
    if isinstance(rule, str):
        return Rule(cast("Any", rule))
    if isinstance(rule, Mapping):
        options = dict(cast("Mapping[str, Any]", rule))
        name = options.pop("rule", options.pop("name", None))
        names = [attribute.name for attribute in fields(Rule) if attribute.name != "name"]
        for option in options:
            if option not in names:
                raise EvaluationError(
                    f"a rule has no option {option!r}", remedy=nearest(option, names)
                )
        return Rule(name, **options)
    raise EvaluationError(
        f"{type(rule).__name__} is no rule",
        remedy='Give a name ("amount"), {"rule": "number", "tolerance": .5}, or a function',
    )


def field_steps(name: str) -> tuple[str, ...]:
    """The steps of a field's name: a JSON Pointer, or attributes.

    Raises:
        ValueError: if it is neither.

    >>> field_steps("/items/*/price") == field_steps("items[*].price") == ("items", "*", "price")
    True
    """
    if not name or name.startswith("/"):
        return parse_pointer(name)
    return tuple(map(str, steps_of(name.replace("[*]", ".*"))))
