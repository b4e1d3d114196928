"""Law 7: low <= truth <= high always, for every member and any k; and equality where all is known.

The truth is listed by brute force over a made-up language model (``oracles``). Schema, members,
what surrounds the value, the tokens, who wrote the answer and whose numbers are listed are drawn.
"""

import math
import random
import re
from functools import partial

import pytest
from builders import completion, token
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import TinyModel, enumerate_outcomes, written_freely, written_held
from tiny import (
    STRING,
    Case,
    Setup,
    cases,
    dumped,
    equals,
    holds,
    in_words,
    more_of_list,
    more_of_object,
)  # fmt: skip

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.token import Layout

KS = st.integers(0, 20) | st.just(1000)

# -- what may surround a value: (schema of the whole, words before, words of how it may go on) -----
# A list of words that ends in ... is followed by something more.

ONE = {"type": "integer"}


def object_of(properties, required=None, **more):
    named = sorted(properties) if required is None else required
    made = {"type": "object", "properties": properties, "required": named}
    return made | {"additionalProperties": False} | more


def list_of(items, **more):
    return {"type": "array", "items": items} | more


AROUND = {
    "alone": (lambda m: object_of({"a": m}), ["{", '"a"'], [":"], [["}"]]),
    "one more required": (
        lambda m: object_of({"a": m, "b": ONE}), ["{", '"a"'], [":"],
        [[",", '"b"', ..., ":", "1", "}"]],
    ),
    "one more optional": (
        lambda m: object_of({"a": m, "bc": ONE}, ["a"]), ["{", '"a"'], [":"],
        [["}"], [",", '"bc"', ..., ":", "1", "}"]],
    ),
    "last of two": (
        lambda m: object_of({"a": m, "b": ONE}), ["{", '"b"', ":", "1", ",", '"a"'], [":"],
        [["}"]],
    ),
    "any more": (
        lambda m: object_of({"a": m}, additionalProperties=True), ["{", '"a"'], [":"],
        [["}"], [",", "any", ..., ":", "1", "}"]],
    ),
    "second of three": (
        lambda m: object_of({"a": ONE, "b": m, "c": ONE}, ["a"]),
        ["{", '"a"', ":", "1", ",", '"b"'], [":"],
        [["}"], [",", '"c"', ..., ":", "1", "}"]],
    ),
    "second of three in order": (
        lambda m: object_of({"a": ONE, "b": m, "c": ONE}, ["b"]),
        ["{", '"b"'], [":"],
        [["}"], [",", '"c"', ..., ":", "1", "}"]],
    ),
    "last of three in order": (
        lambda m: object_of({"a": ONE, "b": ONE, "c": m}, ["c"]), ["{", '"c"'], [":"], [["}"]],
    ),
    "inside, one more required outside": (
        lambda m: object_of({"o": object_of({"a": m}), "p": ONE}),
        ["{", '"o"', ":", "{", '"a"'], [":"],
        [["}", ",", '"p"', ..., ":", "1", "}"]],
    ),
    "inside, nothing more": (
        lambda m: object_of({"o": object_of({"a": m})}),
        ["{", '"o"', ":", "{", '"a"'], [":"], [["}", "}"]],
    ),
    "inside of a list": (
        lambda m: list_of(object_of({"a": m}), maxItems=1),
        ["[", "{", '"a"'], [":"], [["}", "]"]],
    ),
    "only item": (lambda m: list_of(m, maxItems=1), ["["], [], [["]"]]),
    "first of two items": (lambda m: list_of(m, minItems=2), ["["], [], [[",", ..., "m", "]"]]),
    "any item": (list_of, ["["], [], [["]"], [",", ..., "m", "]"]]),
    "second item": (
        list_of, ["[", "m"], [","], [["]"], [",", ..., "m", "]"]],
    ),
}  # fmt: skip
WRONG = (["}"], ["]"], [",", '"a"', ":", "1", "}"], [",", '"b"', ":", "1", "}"])


def around(name, members, schema, *, compact=False, escapes=False):
    """The question which of these members stands there."""
    make, before, between, endings = AROUND[name]
    first = dumped(members[0])
    before, blanks = (
        [first if word == "m" else word for word in before],
        (b"" if compact else rb"[ \t\n\r]*"),
    )
    ends, documents = [], []
    for ending in endings:
        words = [first if word == "m" else word for word in ending]
        stop = words.index(...) if ... in words else len(words)
        ends.append(
            blanks + blanks.join(_end(word) for word in words[:stop])
            + (_more(words[:stop], blanks) if ... in words else blanks)
        )  # fmt: skip
        documents.append(['"b"' if word == "any" else word for word in words if word is not ...])
    legal = b"(?:%s)" % b"|".join(ends)
    values = [in_words([*between, dumped(member)], blanks) for member in members]
    return Setup(
        make(schema),
        tuple(before),
        tuple(value + legal for value in values),
        b"(?:%s)" % b"|".join(values) + blanks + rb"[,}\]](?s:.*)",
        tuple(
            [*before, *between, dumped(member), *ending]
            for ending in [*documents, *WRONG]
            for member in members
        ),
        Layout(compact=compact, ordered="order" in name),
        escapes,
    )


def _end(word):
    return STRING if word == "any" else in_words([word], b"")


def _more(words, blanks):
    """What follows words that are not the end: the rest of an object, or items after a comma."""
    return more_of_object(blanks) if len(words) > 1 else more_of_list(blanks)


POOL = [
    "", "a", "ab", "abn", "b", "n", "na", "true", "null", "1", "é", "né", "\U0001f389", '"', 'a"',
    "\\", "\n", "a b", "/", None, True, False, 0, 1, 2, 10, 12, 100, -1, -10, 0.5, 1.5, 1.25,
]  # fmt: skip
MEMBERS = st.lists(st.sampled_from(POOL), min_size=2, max_size=4, unique_by=repr)
FEW = st.lists(
    st.sampled_from(["a", "ab", "é", "né", "ê", "\U0001f389", '"', "\n", None]),
    min_size=2, max_size=2, unique_by=repr,
)  # fmt: skip


@st.composite
def setups(draw, members=MEMBERS, *, escapes=False, compact=None):
    """A question which of some drawn members stands somewhere."""
    found, name = draw(members), draw(st.sampled_from(sorted(AROUND)))
    is_compact = draw(st.booleans()) if compact is None else compact
    return around(name, found, {"enum": found}, compact=is_compact, escapes=escapes)


def member_field(case: Case, report):
    """The field that the question is about, and its members in the setup's order."""
    schema, path = case.setup.schema, ()
    while "enum" not in schema:
        if "properties" in schema:
            name = next(n for n, s in schema["properties"].items() if s != ONE)
            path, schema = (*path, name), schema["properties"][name]
        else:
            is_second = case.setup.given[-1] not in ("[", "{") and case.setup.given[0] == "["
            index = 1 if is_second and schema["items"].get("enum") else 0
            path, schema = (*path, index), schema["items"]
    return report[path], schema["enum"]


def check(case, k, mask, claim):
    field, members = member_field(case, case.report(k, mask))
    assert field.distribution is not None
    for value, exact in zip(members, case.truth(), strict=True):
        assert claim(field.distribution[value], exact), (value, exact, field.distribution)
    assert math.isclose(sum(m.probability for m in field.distribution.candidates), 1)


def law_of(claim, mode, examples, found, ks=KS, prepare=lambda case: case):
    """A law about drawn answers, as a test without arguments."""

    @settings(max_examples=examples)
    @given(cases(found, mode), ks)
    def law(case, k):
        check(prepare(case), k, mode.split()[1], claim)

    return law


MODES = ["held, post", "held, pre", "free, pre"]
"""Who wrote the answer (a sampler held to the schema, or one that nothing holds, whose answers were
thrown away until one was valid), and whether the numbers were taken before the mask or after."""


@pytest.mark.parametrize("mode", MODES)
def test_the_bounds_hold_the_truth(mode):
    """Law 7: low <= truth <= high always, for every member and any k."""
    law_of(holds, mode, 200, setups())()


@pytest.mark.parametrize("mode", MODES)
def test_the_bounds_hold_the_truth_about_escapes(mode):
    """Law 7 where characters may be escaped, by halves of a surrogate pair, too."""
    law_of(holds, mode, 60, setups(FEW, escapes=True))()


def decided(case):
    """The same answer, but no token off its path leaves several outcomes."""
    case = case.without_sharers()
    assume(not case.sharers())
    return case


@pytest.mark.parametrize("mode", MODES)
def test_the_distribution_is_exact(mode):
    """Law 7: with a full vocabulary and no undecided branch, exact enumeration (1e-9)."""
    law_of(equals, mode, 80, setups(), st.just(1000), decided)()


# -- the oracle itself ----------------------------------------------------------------------------


def test_enumeration_is_what_held_draws_do():
    # What is enumerated is how often a sampler held to the schema writes each member. Answers that
    # nothing held, thrown away until one is valid, have another distribution: it is not claimed.
    setup = around("alone", ["a", "ab"], {}, compact=True)
    model = TinyModel([b"a", b'"a', b'"ab"', b'"', b"b", b'b"', b"}", b"x"], seed=6)
    stop, dice = re.compile(setup.beginning + setup.stop).fullmatch, random.Random(0)
    truth = enumerate_outcomes(model, setup.answers, b'{"a":')

    def share(write):
        answers = [write(model, setup.answers, b'{"a":', stop, dice) for _ in range(800)]
        texts = [b"".join(piece for _, piece in pieces) for pieces in answers]
        return sum(text == b'"a"}' for text in texts) / len(texts)

    assert share(written_held) == pytest.approx(truth[0], abs=0.06)
    assert abs(share(partial(written_freely, patience=10**6)) - truth[0]) > 0.1


# -- counterexamples ------------------------------------------------------------------------------


def probability_of(value, schema, *tokens, layout=None):
    """The probability of a member after these tokens, which are the whole answer."""
    made = compile_schema(schema)
    return score_completion(completion(*tokens), made, layout=layout)["a"].distribution[value]


def test_a_blank_before_what_is_given_is_no_dead_end():
    # The token wrote the end of b's value, the key and the choice: a blank in front of all that
    # leaves everything possible.
    schema = object_of({"b": ONE, "a": {"enum": [True, False]}})
    first = token(
        '1,"a":true', math.log(0.5), [('1,"a":true', math.log(0.5)), (" ", math.log(0.5))]
    )
    member = probability_of(True, schema, token('{"b":', 0.0), first, token("}", 0.0))
    assert (member.low, member.high) == pytest.approx((0.5, 1.0))


def test_a_comma_where_the_end_is_given_is_a_dead_end():
    # Given is that the list ended: "," is no way to get to a's value.
    schema = object_of({"b": list_of(ONE), "a": {"enum": [True, False]}})
    first = token(
        '],"a":true', math.log(0.5), [('],"a":true', math.log(0.5)), (",", math.log(0.5))]
    )
    member = probability_of(True, schema, token('{"b":[1', 0.0), first, token("}", 0.0))
    assert (member.low, member.high) == pytest.approx((1.0, 1.0))


@pytest.mark.parametrize("rival", ['false,"a', 'false,"b"', 'false,"x', "false]"])
def test_a_key_does_not_come_twice(rival):
    # Only c may follow: a rival that goes on with a key that was written is impossible.
    schema = object_of({"b": ONE, "a": {"enum": [True, False]}, "c": ONE})
    tokens = [
        token('{"b":1,"a":', 0.0),
        token('true,"c"', math.log(0.5), [('true,"c"', math.log(0.5)), (rival, math.log(0.5))]),
        token(":1}", 0.0),
    ]
    member = probability_of(True, schema, *tokens)
    assert (member.low, member.high) == (1.0, 1.0)


def test_a_grammar_in_order_does_not_go_back():
    # b is optional and was passed: behind a, the last property, only "}" is possible.
    schema = object_of({"b": ONE, "a": {"enum": [True, False]}}, ["a"])
    tokens = [
        token('{"a":', 0.0),
        token("true", math.log(0.5), [("true", math.log(0.5)), ("false,", math.log(0.5))]),
        token("}", 0.0),
    ]
    in_order = probability_of(True, schema, *tokens, layout=Layout(ordered=True))
    in_any_order = probability_of(True, schema, *tokens)
    assert (in_order.low, in_any_order.low) == pytest.approx((1.0, 0.5))
