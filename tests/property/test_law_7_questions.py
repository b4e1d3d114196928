"""Law 7 for what is decided between values: kinds, keys, the end of a list, the arms of a union.

As in ``test_law_7_bounds``: bounds always; equality where all was listed and nothing was left open,
and after settling.
"""

import math
import re

import pytest
from builders import completion, token
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_law_7_bounds import MODES, decided, list_of, object_of
from tiny import (
    BLANKS,
    STRING,
    Setup,
    cases,
    equals,
    holds,
    in_words,
    more_of_object,
)  # fmt: skip

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.token import Layout

KS = st.integers(0, 20) | st.just(1000)
HOW = ["bounds", "exact", "settled"]
CLAIMS = {"bounds": holds, "exact": equals, "settled": equals}
BOOLEAN = {"type": "boolean"}


def report_of(case, how, k, mode):
    """The case as it is used, its report, and its truth."""
    mask = mode.split()[1]
    if how == "exact":
        case = decided(case)
        return case, case.report(1000, mask), case.truth()
    if how == "settled":
        return case, case.settled(k, mask)[0], case.truth()
    return case, case.report(k, mask), case.truth()


def scored(schema, *tokens):
    return score_completion(completion(*tokens), compile_schema(schema))


def one_of(patterns):
    return b"(?:%s)" % b"|".join(patterns)


# -- the end of a list ----------------------------------------------------------------------------

ITEMS = ['"a"', '"ab"']
OUTSIDE = {
    "root": (lambda schema: schema, [], [], []),
    "last": (lambda schema: object_of({"l": schema}), ["{", '"l"', ":"], ["}"], []),
    "more": (
        lambda schema: object_of({"l": schema, "p": BOOLEAN}), ["{", '"l"', ":"], [",", '"p"'],
        [":", "true", "}"],
    ),
}  # fmt: skip


@st.composite
def ends(draw):
    """Does a list end after so many items? Of (where it is, its count of items, the setup)."""
    where, count, compact = draw(
        st.tuples(st.sampled_from(sorted(OUTSIDE)), st.integers(0, 2), st.booleans())
    )
    fewest = draw(st.integers(0, count))
    most = draw(st.none() | st.integers(count + 1, 3))
    wrap, before, behind, rest = OUTSIDE[where]
    layout, blanks = Layout(compact=compact), b"" if compact else BLANKS
    bounds = {"minItems": fewest} | ({} if most is None else {"maxItems": most})
    schema = wrap(list_of({"enum": ["a", "ab"]}, **bounds))
    given_ = [*before, "[", *[w for _ in range(count) for w in ('"a"', ",")][:-1]]
    # Whether it is empty may be decided before its bracket, or by the token that writes that.
    opener = given_[-1:] if count == 0 and before and draw(st.booleans()) else []
    given_ = given_[: len(given_) - len(opener)]
    after = in_words(behind, blanks) + (more_of_object(blanks) if rest else blanks)
    comma = [","] * (count > 0)
    item = one_of([in_words([*opener, *comma, word], blanks) for word in ITEMS])
    more_items = b"(?:%s,%s%s)*" % (blanks, blanks, one_of([in_words([w], b"") for w in ITEMS]))
    ending = in_words(["]"], blanks)
    empty = in_words([*opener, "]"], blanks)
    given_, start = tuple(given_), [*given_, *opener]
    some = [[], *([*comma, word] for word in ITEMS), [*comma, '"a"', ",", '"a"']]
    documents = [[*start, *words, "]", *behind, *rest] for words in some]
    return Setup(
        schema, given_,
        (empty + after, item + more_items + ending + after),
        one_of([empty, item + blanks + rb"[,\]]"]) + b"(?s:.*)",
        (*documents, (*start, "]", "]"), (*start, "]", ",", '"a"')),
        layout,
    )  # fmt: skip


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("mode", MODES[:2])
def test_the_end_of_a_list(mode, how):
    """Law 7 for each decision to end a list, between fewest and most items."""

    @settings(max_examples=40)
    @given(cases(ends(), mode, most=8, is_cut_anywhere=False), KS)
    def law(case, k):
        case, report, truth = report_of(case, how, k, mode)
        words = case.setup.given
        count = sum(word in ITEMS for word in words)
        path = ("l",) if words[0] == "{" else ()
        assert CLAIMS[how](report[path].end_probabilities[count], truth[0]), (
            report[path].end_probabilities,
            truth,
        )

    law()


# -- keys -----------------------------------------------------------------------------------------

NAMES = ["a", "b", "bc", "c"]


@st.composite
def keys(draw):
    """Which key comes next in an object, or does it end?"""
    compact, ordered = draw(st.booleans()), draw(st.booleans())
    layout, blanks = Layout(compact=compact, ordered=ordered), b"" if compact else BLANKS
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    required = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    written = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    if ordered:
        written = sorted(written, key=names.index)
        first = names.index(written[-1]) + 1 if written else 0
        passed = [name for name in names[:first] if name not in written]
        assume(not set(passed) & set(required))
        left = names[first:]
        stop = next((i + 1 for i, name in enumerate(left) if name in required), len(left))
        left = left[:stop]
    else:
        left = [name for name in names if name not in written]
    may_end = set(required) <= set(written)
    assume(len(left) + may_end > 1)
    assume(set(left) - set(required))
    where = draw(st.sampled_from(sorted(OUTSIDE)))
    wrap, before, behind, rest = OUTSIDE[where]
    schema = wrap(object_of(dict.fromkeys(names, BOOLEAN), required))
    given_ = [*before, "{"]
    for name in written:
        given_ += [f'"{name}"', ":", "true", ","]
    given_, comma = (given_[:-1], [","]) if written else (given_, [])
    opener = given_[-1:] if before and not written and draw(st.booleans()) else []
    given_, start = given_[: len(given_) - len(opener)], given_
    after = in_words(behind, blanks) + (more_of_object(blanks) if rest else blanks)
    rest_of_it = more_of_object(blanks, 1 + bool(before))
    named = [in_words([*opener, *comma, f'"{name}"'], blanks) for name in left]
    end = in_words([*opener, "}"], blanks)
    more = [[], *([*comma, f'"{n}"', ":", "true"] for n in names)]
    missing = [name for name in names if name in required and name not in written]
    for first in [*left, *[None]]:
        words = list(comma)
        chosen = [*([first] if first else []), *[m for m in missing if m != first]]
        for name in chosen:
            words += [f'"{name}"', ":", "true", ","]
        more.append(words[:-1])
    return Setup(
        schema, tuple(given_),
        tuple([name + rest_of_it for name in named] + [end + after] * may_end),
        one_of([name + blanks + b":" for name in named] + [end] * may_end) + b"(?s:.*)",
        tuple([*start, *words, "}", *behind, *rest] for words in more),
        layout,
    ), tuple(left), frozenset(required), tuple(before)  # fmt: skip


@st.composite
def key_cases(draw, mode):
    setup, left, required, before = draw(keys())
    case = draw(cases(st.just(setup), mode, most=8, is_cut_anywhere=False))
    behind = case.pieces[-1][1].partition(b":")[2]
    assume(re.fullmatch(rb"\s*(?:t|tr|tru|true)?", behind))  # or the next key is a choice, too
    return case, left, required, before


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("mode", MODES[:2])
def test_presence(mode, how):
    """Law 7 for the chance of an optional key: of the one written, and of those left out."""

    @settings(max_examples=40)
    @given(key_cases(mode), KS)
    def law(drawn, k):
        case, left, required, before = drawn
        case, report, truth = report_of(case, how, k, mode)
        field = report[("l",) if before else ()]
        written = list(field.value)
        at = sum(word == ":" for word in case.setup.given) - bool(before)
        for name, exact in zip(left, truth, strict=False):
            if name in required or name in written[at + 1 :]:
                continue  # it has no presence; or it came later, which was certain
            member = field.presence[name]
            assert member.value == (name in written)
            assert CLAIMS[how](member, exact), (name, member, exact)

    law()


# -- kinds ----------------------------------------------------------------------------------------

INTEGER = rb"-?(?:0|[1-9][0-9]*)"
KINDS = {
    "null": ("null", {"type": "null"}, b"null"),
    "string": ('"a"', {"type": "string"}, STRING),
    "number": ("-10", {"type": "integer"}, INTEGER),
    "boolean": ("true", BOOLEAN, b"true|false"),
    "array": ("[", list_of({"type": "integer"}), None),
}


@st.composite
def kinds(draw):
    """Which kind of value stands there?"""
    found = [
        "null",
        *draw(
            st.lists(
                st.sampled_from(["array", "boolean", "number", "string"]),
                min_size=1,
                max_size=3,
                unique=True,
            )
        ),
    ]
    compact = draw(st.booleans())
    layout, blanks = Layout(compact=compact), b"" if compact else BLANKS
    found = [kind for kind in found if kind != "null"] + ["null"]
    assume(set(found) - {"boolean", "null"})
    is_last = draw(st.booleans())
    properties = {"a": {"anyOf": [KINDS[kind][1] for kind in found]}}
    schema = object_of(properties if is_last else properties | {"b": BOOLEAN})
    ending, rest = (["}"], []) if is_last else ([",", '"b"'], [":", "true", "}"])
    after = in_words(ending, blanks) + (more_of_object(blanks) if rest else blanks)
    array = rb"\[%s(?:%s(?:%s%s,%s%s)*)?%s\]" % (
        blanks, INTEGER, blanks, b"", blanks, INTEGER, blanks,
    )  # fmt: skip
    values = [blanks + b":" + blanks + b"(?:%s)" % (KINDS[kind][2] or array) for kind in found]
    samples = [[KINDS[kind][0]] + ["1", "]"] * (kind == "array") for kind in KINDS]
    return Setup(
        schema, ("{", '"a"'), tuple(value + after for value in values),
        one_of(values) + blanks + b"[,}](?s:.*)",
        tuple(["{", '"a"', ":", *sample, *ending, *rest] for sample in samples)
        + tuple(["{", '"a"', ":", *sample, wrong] for sample in samples for wrong in ("}", ",")),
        layout,
    ), tuple(found)  # fmt: skip


@st.composite
def kind_cases(draw, mode):
    setup, found = draw(kinds())
    return draw(cases(st.just(setup), mode, most=8)), found


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("mode", MODES[:2])
def test_kinds(mode, how):
    """Law 7 for null against a value, and for each kind of a union."""

    @settings(max_examples=40)
    @given(kind_cases(mode), KS)
    def law(drawn, k):
        case, found = drawn
        case, report, truth = report_of(case, how, k, mode)
        field = report["a"]
        if field.kind == "null":
            exact, claim = truth[found.index("null")], CLAIMS[how]
            assert field.low - 1e-9 <= exact <= field.high + 1e-9
            assert claim is holds or abs(field.confidence - exact) <= 1e-9
            return
        if field.distribution is None:
            for kind, exact in zip(found, truth, strict=True):
                assert CLAIMS[how](field.variants[kind], exact), (kind, exact, field.variants)

    law()


@pytest.mark.parametrize("rival", ["[]}", "[1]]", '[],"b"'])
def test_what_follows_a_whole_list_is_looked_at(rival):
    # c must come: neither the end nor another key may stand behind the list.
    a_list_or_null = {"anyOf": [list_of({"type": "integer"}), {"type": "null"}]}
    schema = object_of({"a": a_list_or_null, "c": BOOLEAN})
    first = token("null", math.log(0.5), [("null", math.log(0.5)), (rival, math.log(0.5))])
    field = scored(schema, token('{"a":', 0.0), first, token(',"c":true}', 0.0))["a"]
    assert field.confidence == 1.0


def test_null_is_no_rival_where_it_is_not_allowed():
    # Of string and number, null is neither: its mass is outside of the question.
    schema = object_of({"a": {"anyOf": [{"type": "string"}, {"type": "integer"}]}})
    listed = [('"', 0.5), ("1", 0.3), ("null", 0.2)]
    first = token('"', math.log(0.5), [(text, math.log(p)) for text, p in listed])
    arms = scored(schema, token('{"a":', 0.0), first, token('x"}', 0.0))["a"].variants
    assert arms["string"].probability == pytest.approx(0.5 / 0.8)


def test_a_kind_is_begun_by_what_may_begin_its_values():
    # No string of this pattern begins with z.
    schema = object_of({"a": {"anyOf": [{"type": "string", "pattern": "^x"}, {"type": "null"}]}})
    listed = [('"x', 0.5), ('"z', 0.3), ("null", 0.2)]
    first = token('"x', math.log(0.5), [(text, math.log(p)) for text, p in listed])
    arms = scored(schema, token('{"a":', 0.0), first, token('"}', 0.0))["a"].variants
    assert arms["string"].probability == pytest.approx(0.5 / 0.7)


def test_a_token_that_wrote_two_keys():
    # The second key is asked about, too: its presence is known.
    schema = object_of(dict.fromkeys("abc", BOOLEAN), [])
    field = scored(schema, token('{"a":true,"b":', 0.0), token("true", 0.0), token("}", 0.0))[""]
    assert {name: member.value for name, member in field.presence.items()} == {
        "a": True, "b": True, "c": False,
    }  # fmt: skip


# -- the arms of a union --------------------------------------------------------------------------

ANIMALS = {"Cat": "cat", "Calf": "ca", "Dog": "dog"}


@st.composite
def discriminated(draw):
    """Which arm has an object, by a constant of its own?"""
    compact, name = draw(st.booleans()), draw(st.sampled_from(["kind", "k"]))
    blanks = b"" if compact else BLANKS
    schema = {"anyOf": [
        {"title": title} | object_of({name: {"const": word}, "x": BOOLEAN})
        for title, word in ANIMALS.items()
    ]}  # fmt: skip
    after = in_words([",", '"x"'], blanks) + more_of_object(blanks)
    values = [in_words([":", f'"{word}"'], blanks) for word in ANIMALS.values()]
    return Setup(
        schema, ("{", f'"{name}"'), tuple(value + after for value in values),
        one_of(values) + blanks + b",(?s:.*)",
        tuple(
            ["{", f'"{name}"', ":", f'"{word}"', *rest]
            for word in ANIMALS.values() for rest in ([",", '"x"', ":", "true", "}"], ["}"])
        ),
        Layout(compact=compact),
    )  # fmt: skip


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("mode", MODES[:2])
def test_arms(mode, how):
    """Law 7 for the arms of a union, by a discriminator."""

    @settings(max_examples=20)
    @given(cases(discriminated(), mode, most=8, is_cut_anywhere=False), KS)
    def law(case, k):
        case, report, truth = report_of(case, how, k, mode)
        titles = [arm["title"] for arm in case.setup.schema["anyOf"]]
        for title, exact in zip(titles, truth, strict=True):
            assert CLAIMS[how](report[""].variants[title], exact), (
                title,
                exact,
                report[""].variants,
            )

    law()


def test_a_union_of_objects_that_need_a_key_each_does_not_end_empty():
    arms = [{"title": title} | object_of({key: BOOLEAN}) for title, key in [("A", "a"), ("B", "b")]]
    listed = [('"a', 0.4), ('"b', 0.2), ("}", 0.4)]
    first = token('"a', math.log(0.4), [(text, math.log(p)) for text, p in listed])
    field = scored({"anyOf": arms}, token("{", 0.0), first, token('":true}', 0.0))[""]
    assert field.variants["A"].probability == pytest.approx(0.4 / 0.6)
