"""Law 7 for open values: strings, numbers and null against all other values that are allowed.

As in ``test_law_7_bounds``, with two outcomes: the value that was written, and anything else. The
bounds hold the truth, they are those of a slow reference that looks at every text (no wider than
the evidence), and after settling they meet at the truth.
"""

import math
import random

import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import Answers, TinyModel, spelled, written_held
from test_law_7_bounds import AROUND, MODES, WRONG, decided, more_of_list, more_of_object
from tiny import (
    NO_ESCAPES,
    STRING,
    Case,
    Setup,
    dumped,
    equals,
    in_words,
    listed,
    tail_of,
    vocabularies,
)  # fmt: skip

from fieldconf.tokens.token import Layout

KS = st.integers(0, 20) | st.just(1000)
HELD = MODES[:2]

# -- domains: a schema, values that may be written, all texts of the others, some of them ----------

CHARACTER = rb'(?:[^"\\\x00-\x1f]|\\["\\/bfnrt])'
NATURAL = rb"(?:0|[1-9][0-9]*)"


def other_naturals(digits):
    """Texts of the natural numbers but one."""
    if digits == "0":
        return rb"[1-9][0-9]*"
    ways = [rb"0", rb"[1-9](?<!%s)[0-9]*" % digits[0].encode()]
    for at in range(1, len(digits)):
        before, digit = digits[:at].encode(), digits[at].encode()
        ways += [before, rb"%s[0-9](?<!%s)[0-9]*" % (before, digit)]
    return b"(?:%s)" % b"|".join([*ways, digits.encode() + rb"[0-9]+"])


def other_integers(value, *, signed=True):
    digits, zeros = str(abs(value)), rb"(?:\.0+)?"
    same_sign = other_naturals(digits) + zeros
    if value < 0:
        return rb"%s%s|-0%s|-(?!0)%s" % (NATURAL, zeros, zeros, same_sign)
    return same_sign + (rb"|-[1-9][0-9]*" + zeros) * signed


def other_strings(value, longest=None):
    """Texts of all strings but one, written without escapes."""

    def more(least, written):
        most = b"" if longest is None else str(max(longest - written, 0)).encode()
        return rb"%s{%d,%s}" % (CHARACTER, least, most)

    ways = []
    for at, character in enumerate(value):
        before = value[:at].encode()
        ways += [
            before,
            rb"%s(?!%s)%s%s" % (before, character.encode(), CHARACTER, more(0, at + 1)),
        ]
    if longest is None or len(value) < longest:
        ways.append(value.encode() + more(1, len(value)))
    return b'"(?:%s)"' % b"|".join(ways)


def listed_others(values, value):
    return b"|".join(spelled(other) for other in values if other != value)


def with_null(texts):
    return texts + b"|null"


INTEGER = {"type": "integer"}
NUMBERS = [0, 1, 5, 12, 120, -3, -12]
WORDS = ["", "a", "ab", "n", "null"]
QUARTERS = [n // 4 if n % 4 == 0 else n / 4 for n in range(13)]
CODES = ["aa", "ab", "ba", "bb"]
YEARS = [str(year) for year in range(2000, 2100)]
NULL = {"type": "null"}
ANYTHING = rb'"%s*"|-?[0-9]+(?:\.[0-9]+)?|true|false|null|[{\[](?s:.*)' % CHARACTER


DOMAINS = {
    "integer": (INTEGER, NUMBERS, other_integers, ["13", "-5"]),
    "integer from 0": (
        INTEGER | {"minimum": 0}, NUMBERS[:5], lambda v: other_integers(v, signed=False), ["13"],
    ),
    "integer to 1999": (
        INTEGER | {"minimum": 0, "maximum": 1999}, [0, 7, 19, 199, 1999],
        lambda v: listed_others(range(2000), v), ["200", "1990"],
    ),
    "nullable integer": (
        {"anyOf": [INTEGER, NULL]}, [*NUMBERS, None],
        lambda v: rb"-?%s(?:\.0+)?" % NATURAL if v is None else with_null(other_integers(v)),
        ["13", "null"],
    ),
    "quarters": (
        {"type": "number", "minimum": 0, "maximum": 3, "multipleOf": 0.25}, [0, 0.25, 1, 2.5, 3],
        lambda v: listed_others(QUARTERS, v), ["0.5", "2"],
    ),
    "string": ({"type": "string"}, WORDS, other_strings, ['"abc"', '"b"']),
    "nullable string": (
        {"type": ["string", "null"]}, [*WORDS, None],
        lambda v: b'"%s*"' % CHARACTER if v is None else with_null(other_strings(v)),
        ['"abc"', "null"],
    ),
    "at most two": (
        {"type": "string", "maxLength": 2}, WORDS[:4], lambda v: other_strings(v, 2), ['"ba"'],
    ),
    "two letters": (
        {"type": "string", "pattern": "^[ab]{2}$"}, CODES, lambda v: listed_others(CODES, v),
        ['"ab"', '"bb"'],
    ),
    "year": (
        {"type": "string", "pattern": "^20[0-9]{2}$"}, ["2001", "2023"],
        lambda v: listed_others(YEARS, v), ['"2033"'],
    ),
    "string or integer or boolean": (
        {"type": ["string", "integer", "boolean"]}, [*WORDS[:3], 0, 12, True],
        lambda v: b"|".join([
            (other_strings(v) if isinstance(v, str) else b'"%s*"' % CHARACTER),
            (rb"-?%s(?:\.0+)?" % NATURAL if isinstance(v, (str, bool)) else other_integers(v)),
            b"false" + b"|true" * (v is not True),
        ]),
        ['"abc"', "13", "false"],
    ),
}  # fmt: skip


@st.composite
def setups(draw, domain, *, compact=None):
    """The question whether a drawn value of a domain stands in a drawn place."""
    node, values, others, samples = DOMAINS[domain]
    value = draw(st.sampled_from(values))
    name = draw(st.sampled_from(sorted(AROUND)))
    make, before, between, endings = AROUND[name]
    is_compact = draw(st.booleans()) if compact is None else compact
    blanks = b"" if is_compact else rb"[ \t\n\r]*"
    words = [dumped(value) if word == "m" else word for word in before]
    follow, documents = [], []
    for ending in endings:
        plain = [dumped(value) if word == "m" else word for word in ending]
        stop = plain.index(...) if ... in plain else len(plain)
        rest = blanks.join(STRING if w == "any" else in_words([w], b"") for w in plain[:stop])
        more = more_of_object(blanks) if stop > 1 else more_of_list(blanks)
        follow.append(blanks + rest + (more if ... in plain else blanks))
        documents.append(['"b"' if word == "any" else word for word in plain if word is not ...])
    legal = b"(?:%s)" % b"|".join(follow)
    lead = in_words(between, blanks) + blanks
    this = lead + spelled(value)
    return Setup(
        make(node), tuple(words),
        (this + legal, lead + b"(?:%s)" % others(value) + legal),
        this + blanks + rb"[,}\]](?s:.*)",
        tuple(
            [*words, *between, text, *ending]
            for ending in [*documents, *WRONG] for text in [dumped(value), *samples]
        ),
        Layout(compact=is_compact, ordered="order" in name),
    )  # fmt: skip


@st.composite
def cases(draw, domain, *, most=12):
    """An answer with the setup's own value, by a drawn model that is held to it."""
    setup = draw(setups(domain))
    model = TinyModel(draw(vocabularies(setup, most=most)), draw(st.integers(0, 10**6)), NO_ESCAPES)
    blank = "" if setup.layout.compact else draw(st.sampled_from(["", " "]))
    head = blank.join(setup.given).encode()
    start = head[: draw(st.integers(1, len(head)))]
    stop = regex.compile(setup.beginning + setup.stop, cache_pattern=False)
    dice = random.Random(draw(st.integers(0, 10**6)))
    this = Answers((setup.beginning + setup.outcomes[0],))
    pieces = written_held(model, this, start, stop.fullmatch, dice)
    text = start + b"".join(piece for _, piece in pieces)
    tail = tail_of(setup, text)
    assume(tail is not None)  # the last token wrote a part of what no document goes on with
    return Case(setup, model, start, tuple(pieces), tail)


def field_of(case, report):
    """The field of the value in question, whose schema is the only one that is not of an 1."""
    schema, path = case.setup.schema, ()
    while {"properties", "items"} & schema.keys():
        if "items" in schema:
            schema, path = schema["items"], (*path, int(case.setup.given[-1] not in ("[", "{")))
            path = path if "properties" not in schema else (*path[:-1], 0)
        else:
            name = str(case.setup.given[-1]).strip('"')
            inside = [n for n, s in schema["properties"].items() if "properties" in s]
            name = inside[0] if inside else name
            schema, path = schema["properties"][name], (*path, name)
    return report[path]


# -- the slow reference ----------------------------------------------------------------------------


def sharp(case, k, mask):
    """(low, high) of the value that was written: what was listed, added up text by text."""
    answers = case.setup.answers

    def bounds(text, rest):
        if answers.allows(text) == [0]:
            return 1.0, 1.0
        (_, piece), *following = rest
        logprobs = listed(case.model, answers, text, mask)
        top = sorted(logprobs, key=lambda t: -logprobs[t])[:k]
        masses = {t: math.exp(logprobs[t]) for t in {*top, piece}}
        unseen = max(0.0, 1 - math.fsum(masses.values()))
        left = {t: answers.allows(text + t) if t else [] for t in masses}
        total = math.fsum(m for t, m in masses.items() if left[t]) + unseen
        below = bounds(text + piece, following)
        low = math.fsum(m for t, m in masses.items() if left[t] == [0] and t != piece)
        high = math.fsum(m for t, m in masses.items() if 0 in left[t] and t != piece) + unseen
        return (
            (low + masses[piece] * below[0]) / total,
            (high + masses[piece] * below[1]) / total,
        )

    return bounds(case.choice, [p for p in case.pieces if len(p[0]) >= len(case.choice)])


# -- the law ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("mode", HELD)
def test_the_bounds_hold_the_truth_and_are_no_wider_than_the_evidence(mode, domain):
    """Law 7: low <= truth <= high for any k; and both are the reference's."""

    @settings(max_examples=60)
    @given(cases(domain), KS)
    def law(case, k):
        mask = mode.split()[1]
        field = field_of(case, case.report(k, mask))
        truth = case.truth()[0]
        assert field.low - 1e-9 <= truth <= field.high + 1e-9, (field, truth)
        assert field.low <= field.confidence <= field.high
        assert (field.low, field.high) == pytest.approx(sharp(case, k, mask), abs=1e-9)

    law()


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("mode", HELD)
def test_the_number_is_exact_where_nothing_is_undecided(mode, domain):
    """Law 7: with a full vocabulary and no undecided branch, exact enumeration (1e-9)."""

    @settings(max_examples=25)
    @given(cases(domain))
    def law(case):
        case = decided(case)
        field = field_of(case, case.report(1000, mode.split()[1]))
        exact = pytest.approx(case.truth()[0], abs=1e-9)
        assert (field.low, field.confidence, field.high) == (exact, exact, exact)

    law()


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("mode", HELD)
def test_settled_bounds_meet_at_the_truth(mode, domain):
    """Law 7: after settling, exact enumeration (1e-9), for any k; rivals that are named hold."""

    @settings(max_examples=20)
    @given(cases(domain, most=6), st.sampled_from([0, 3, 100]))
    def law(case, k):
        report, _ = case.settled(k, mode.split()[1])
        field, truth = field_of(case, report), case.truth()[0]
        assert equals(field.distribution[field.value], truth)
        assert (field.low, field.confidence, field.high) == pytest.approx((truth,) * 3, abs=1e-9)
        others = [m for m in field.distribution.candidates if m.value != field.value]
        assert math.fsum(m.low for m in others) <= 1 - truth + 1e-9

    law()
