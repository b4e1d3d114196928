"""Law 7: low <= truth <= high always, for every member and any k.

The truth is listed by brute force over a made-up language model, see ``oracles``.
"""

import json
import math
import random

import pytest
import regex
from builders import report_of, token
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import Place, TinyModel, enumerate_members, masked

from fieldconf.tokens import Candidate, Token

END = b""  # the end token, as llama.cpp lists it
JUNK = (b"zz", b"Hi", b"[", END)
DOMAINS = {
    "booleans": (
        [True, False],
        [b"true", b"false", b"t", b"f", b"rue", b"alse", b"true}", b"fa", b"lse"],
    ),
    "prefixes": (
        ["pos", "positive", "neg"],
        [
            b"pos",
            b"po",
            b"s",
            b"itive",
            b"neg",
            b'neg"',
            b'pos"',
            b'"pos',
            b'"ne',
            b"g",
            b'"p',
            b"os",
            b'"positive"',
            b'"posit',
            b"ive",
        ],
    ),
    "escapes": (
        ["né", "no"],
        [b"n", b'"n', b"o", "é".encode(), b"\xc3", b"\xa9", b"\\u00e9", b'"no"', 'né"'.encode()],
    ),
    "integers": ([1, 2, 10], [b"1", b"10", b"0", b"2", b"1}", b"0}"]),
    "nullable": (
        [None, "no", "n"],
        [b"null", b"n", b"nul", b"l", b"ull", b'"n', b'"no', b"o", b'n"'],
    ),
    "kinds": ([True, "true", 1], [b"true", b'"true', b"1", b'"', b"tr", b"ue", b"t", b"rue"]),
}
CLOSERS = [b'"', b'"}', b"}", b'"\n}']
# What is written before the choice begins, and the ways in which the vocabulary can go on.
KEYS = {
    b'{"a":': [],
    b'{"a': [b":", b'":', b'": ', b'":"', b'": "', b'" :', b'":\n', b': "'],
}


def vocabulary(start, domain):
    """Tokens for one way to begin and one domain; single bytes among them, so no path is stuck."""
    members, pieces = DOMAINS[domain]
    bytes_ = "".join(json.dumps(m, ensure_ascii=False) for m in members).encode()
    singles = [bytes([byte]) for byte in bytes_]
    return list(dict.fromkeys([*KEYS[start], *CLOSERS, *pieces, *JUNK, *singles]))


def answer(model, place, text, dice):
    """The tokens of an answer drawn from the masked process, and the text before each."""
    pieces = [(b"", text)]
    while place.decided(text) is None:
        legal = masked(model, place, text)
        piece = dice.choices(list(legal), list(legal.values()))[0]
        pieces.append((text, piece))
        text += piece
    return pieces


def listing(model, place, text, k, mask):
    """The k likeliest tokens as a server lists them, and the logprob of every token."""
    if mask == "pre":
        logprobs = {t: math.log(p) for t, p in model.distribution(text).items()}
    else:
        legal = masked(model, place, text)
        logprobs = {t: math.log(legal[t]) if t in legal else -math.inf for t in model.vocabulary}
    top = sorted(logprobs, key=lambda t: -logprobs[t])[:k]
    return logprobs, tuple(Candidate(t.decode("utf-8", "replace"), t, logprobs[t]) for t in top)


@st.composite
def cases(draw, starts=tuple(KEYS), domains=tuple(DOMAINS)):
    """(model, place, (text before, token) pairs) of one answer ``{"a": member}``."""
    start, domain = draw(st.sampled_from(starts)), draw(st.sampled_from(domains))
    model = TinyModel(vocabulary(start, domain), draw(st.integers(0, 10**6)))
    place = Place(rb'\{"a"\s?:\s?', DOMAINS[domain][0], rb"\s?\}")
    return model, place, answer(model, place, start, random.Random(draw(st.integers(0, 10**6))))


def scored(case, k, mask):
    """The field, and the truth about it, from the token on that goes beyond the key."""
    model, place, ((_, start), *pieces) = case
    tokens = [token(start, 0.0)]
    for text, piece in pieces:
        logprobs, candidates = listing(model, place, text, k, mask)
        tokens.append(Token(piece.decode("utf-8", "replace"), piece, logprobs[piece], candidates))
    schema = {"properties": {"a": {"enum": place.members}}, "required": ["a"]}
    given_text = next((t for t, piece in pieces if len(t + piece) > len('{"a"')), start)
    return report_of(*tokens, schema=schema)["a"], enumerate_members(model, place, given_text)


def is_decided_on_path(case):
    """Whether every candidate off the chosen path leads to one member or none."""
    model, place, (_, *pieces) = case
    return all(
        other == piece or not other or len(place.allows(text + other)) <= 1
        for text, piece in pieces
        if len(place.allows(text)) > 1
        for other in model.vocabulary
    )


@settings(deadline=None, max_examples=400)
@given(cases(), st.integers(0, 20) | st.just(100), st.sampled_from(["pre", "post"]))
def test_the_bounds_hold_the_truth(case, k, mask):
    """Law 7: low <= truth <= high always, for every member and any k."""
    field, truth = scored(case, k, mask)
    assert field.distribution is not None
    for value, exact in zip(case[1].members, truth, strict=True):
        member = field.distribution[value]
        assert member.low - 1e-9 <= exact <= member.high + 1e-9
        assert 0 <= member.low <= member.probability <= member.high <= 1
    assert math.isclose(sum(m.probability for m in field.distribution.candidates), 1)


@settings(deadline=None, max_examples=300)
@given(
    cases(starts=[b'{"a":'], domains=["booleans", "nullable", "integers"]),
    st.sampled_from(["pre", "post"]),
)
def test_the_distribution_is_exact(case, mask):
    """Law 7: with a full vocabulary and no undecided branch, exact enumeration (1e-9)."""
    assume(is_decided_on_path(case))
    field, truth = scored(case, 1000, mask)
    for value, exact in zip(case[1].members, truth, strict=True):
        member = field.distribution[value]
        assert member.probability == pytest.approx(exact, abs=1e-9)
        assert (member.low, member.high) == pytest.approx((exact, exact), abs=1e-9)


# -- the second item of a list: its first token may end the first item ----------------------------

ITEMS = [
    b'","',
    b'"',
    b",",
    b',"',
    b'",',
    b'"]',
    b"]",
    b'", "',
    b"pos",
    b"po",
    b"s",
    b"neg",
    b"itive",
    b"p",
    b"o",
    b"n",
    b"e",
    b"g",
    b"i",
    b"t",
    b"v",
    b'neg"',
    b'"ne',
    b'itive",',
    b'itive","',
    b'itive"]',
    b's"]',
    b's","',
    b'","neg"',
    b'","neg"]',
    b's"',
    b's",',
    *JUNK,
]
ITEM_SCHEMA = {"type": "array", "items": {"enum": ["pos", "positive", "neg"]}}


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), st.integers(0, 20) | st.just(100), st.sampled_from(["pre", "post"]))
def test_the_bounds_hold_the_truth_about_an_item(seed, k, mask):
    """Law 7 where a token wrote the end of one value and the beginning of the next."""
    model, members = TinyModel(ITEMS, seed), ITEM_SCHEMA["items"]["enum"]
    place = Place(rb'\["pos"\s?,\s?', members, rb"\s?(?s:[,\]].*)")
    (_, start), *pieces = answer(model, place, b'["po', random.Random(seed))
    tokens = [token(start, 0.0)]
    for text, piece in pieces:
        logprobs, candidates = listing(model, place, text, k, mask)
        tokens.append(Token(piece.decode(), piece, logprobs[piece], candidates))
    written = start + b"".join(piece for _, piece in pieces)
    rest = b"" if written.rstrip().endswith(b"]") else b'"neg"]'
    report = report_of(
        *tokens, token(rest.removeprefix(b'"' * written.endswith(b'"'))), schema=ITEM_SCHEMA
    )
    given_text = next(t for t, piece in pieces if len(t + piece) > len('["pos"'))
    truth = enumerate_members(model, place, given_text)
    for value, exact in zip(members, truth, strict=True):
        member = report[1].distribution[value]
        assert member.low - 1e-9 <= exact <= member.high + 1e-9


# -- whether a list ends --------------------------------------------------------------------------


class Ending(Place):
    """A list of "pos": it ends after one item (member 0) or goes on (member 1)."""

    def __init__(self, texts):
        super().__init__(b"", [], b"")
        self.members = texts
        self._one = [regex.compile(text) for text in texts]


ENDS, GOES_ON = rb'\["pos"\s?\]', rb'\["pos"\s?,\s?".*'


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), st.integers(0, 20) | st.just(100), st.sampled_from(["pre", "post"]))
def test_the_bounds_hold_the_truth_about_the_end_of_a_list(seed, k, mask):
    """Law 7 for the decision to end a list."""
    model, place = TinyModel(ITEMS, seed), Ending([ENDS, GOES_ON])
    (_, start), *pieces = answer(model, Ending([ENDS]), b'["po', random.Random(seed))
    tokens = [token(start, 0.0)]
    for text, piece in pieces:
        logprobs, candidates = listing(model, place, text, k, mask)
        tokens.append(Token(piece.decode(), piece, logprobs[piece], candidates))
    report = report_of(*tokens, schema={"type": "array", "items": {"type": "string"}})
    given_text = next(t for t, piece in pieces if len(t + piece) > len('["pos"'))
    exact, _ = enumerate_members(model, place, given_text)
    assert report[""].basis == "list_end"
    # The decision to have a first item at all was taken in the first token, with certainty.
    assert report[""].low - 1e-9 <= exact <= report[""].high + 1e-9
