"""Law 4: every token is owned exactly once (fields + structure + outside)."""

import math
from collections import defaultdict

import pytest
from builders import LOGPROBS, cuts, report_of, token, tokenised
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracles import touching


@st.composite
def surrounded(draw):
    """Tokens of a document with prose or a fence around it."""
    _, tokens = draw(tokenised())
    before, after = draw(st.sampled_from([("", ""), ("Sure:\n```json\n", "\n```"), ("\n", " ok?")]))
    first, last = token(before, draw(LOGPROBS)), token(after, draw(LOGPROBS))
    return [first, *tokens, last]


def expected_owners(report):
    """By the rule, token by token: the first leaf it touches, else structure, else outside."""
    pieces = [t.bytes for t in report.tokens]
    owners = ["outside"] * len(pieces)
    root = report[""]
    for index in touching(pieces, root.start, root.stop):
        owners[index] = "structure"
    for leaf in sorted(report.leaves.values(), key=lambda leaf: -leaf.start):
        for index in touching(pieces, leaf.start, leaf.stop):
            owners[index] = leaf.pointer
    return tuple(owners)


@settings(deadline=None, max_examples=200)
@given(surrounded())
@example([token('{"a":1'), token(',"b":true}'), token(b"")])
def test_every_token_has_one_owner(tokens):
    """Law 4, and the totals of the owners are the total of the tokens."""
    report = report_of(*tokens)
    assert len(report.owners) == len(tokens)
    assert set(report.owners) <= {"structure", "outside", *report.leaves}
    assert report.owners == expected_owners(report)
    totals = defaultdict(float)
    for owner, made in zip(report.owners, tokens, strict=True):
        totals[owner] += made.logprob
    assert sum(totals.values()) == pytest.approx(math.fsum(t.logprob for t in tokens), abs=1e-6)


@settings(deadline=None, max_examples=100)
@given(tokenised(), st.data())
def test_tokens_of_a_truncated_answer_too(case, data):
    """Law 4 for an answer that was cut off: what is open owns the tokens of its beginning."""
    text, _ = case
    beginning = text[: data.draw(st.integers(1, len(text)))]
    report = report_of(*data.draw(cuts(beginning)))
    assert len(report.owners) == len(report.tokens)
    assert set(report.owners) <= {"structure", "outside", *report.leaves}


def test_owners_of_a_small_answer():
    report = report_of('{"a":', '"x","', 'b":', "1", "}", "\n")
    assert report.owners == ("structure", "/a", "structure", "/b", "structure", "outside")


def test_tokens_of_a_replaced_value_are_structure():
    report = report_of('{"a":', "1", ',"a":', "2", "}")
    assert report.owners == ("structure", "structure", "structure", "/a", "structure")
