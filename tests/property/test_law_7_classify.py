"""Law 7 for bare labels: the bounds hold the truth, and meet where all is known or was asked.

The truth is listed by brute force over a made-up model that may say anything and then ends. What a
text means, and what it may become, is read by the slow functions here, which know no prefixes.
"""

import math
import random
import re
from dataclasses import dataclass
from functools import cached_property

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracles import TinyModel

import fieldconf as fc
from fieldconf.tokens.vocabulary import Vocabulary

END = b""
NEVER = re.compile(rb"[ \n]{2}|[.,]{2}|[ .][.,]|\. ")  # or a walk could be endless
PROMPT = (900,)

SETS = {
    "plain": {"spam": "spam", "work": "work", "other": "other"},
    "prefixes": {"pos": "pos", "positive": "positive", "neg": "neg"},
    "words": {"not": "not", "not spam": "not spam", "no": "no"},
    "several": {"yes": True, "yeah": True, "ye": False, "no": False},
    "letters": {"A": "spam", "B": "work", "AB": "both"},
    "cut": {"né": 1, "nê": 2, "n": 3},
}


# -- what a text means -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """The labels, and how they are read."""

    texts: dict
    match: str
    first_word: bool

    def meaning(self, data):
        """What a whole text means; None if it is no label."""
        text, labels = data.decode("utf-8", "replace"), self.texts
        if self.match == "loose":
            text = re.sub(r"\s+", " ", text.lower()).lstrip()
            labels = {label.lower(): value for label, value in labels.items()}
        if not self.first_word:
            return labels.get(text.rstrip(" .") if self.match == "loose" else text)
        text = text.lstrip()
        found = [
            label
            for label in labels
            if text.startswith(label) and not re.match(r"\w", text[len(label) :])
        ]
        return labels[max(found, key=len)] if found else None

    @cached_property
    def _known(self):
        return {}

    def may_become(self, data):
        """What a beginning can still mean: every rest of every label is tried behind it."""
        if data not in self._known:
            labels = [label.encode() for label in self.texts]
            rests = [label[i:] + e for label in labels for i in range(len(label) + 1)
                     for e in (b"", b" x")]  # fmt: skip
            found = [self.meaning(data + rest) for rest in rests]
            self._known[data] = [m for m in self.members if any(m is f for f in found)]
        return self._known[data]

    @cached_property
    def members(self):
        return list({id(value): value for value in self.texts.values()}.values())

    def masked(self, model, text):
        """The distribution over tokens behind a text, held to the labels."""
        free = model.distribution(text)
        legal = {t: p for t, p in free.items() if p and self.is_legal(text, t)}
        total = math.fsum(legal.values())
        return {t: p / total for t, p in legal.items()}

    def is_legal(self, text, token):
        return self.meaning(text) is not None if token == END else self.may_become(text + token)

    def mass(self, model, text, known=None):
        """The joint mass of the tokens that decide for each member: every path is walked."""
        known = {} if known is None else known
        if text not in known:
            left, found = self.may_become(text), [0.0] * len(self.members)
            if len(left) == 1:
                found[self.members.index(left[0])] = 1.0
            else:
                for token, p in model.distribution(text).items():
                    if not p or not self.is_legal(text, token):
                        continue
                    if token == END:
                        found[self.members.index(self.meaning(text))] += p
                        continue
                    below = self.mass(model, text + token, known)
                    found = [f + p * b for f, b in zip(found, below, strict=True)]
            known[text] = found
        return known[text]

    def truth(self, model, text, known=None):
        """The probability of each member under the masked process: every path is walked."""
        known = {} if known is None else known
        if text not in known:
            left, found = self.may_become(text), [0.0] * len(self.members)
            if len(left) == 1:
                found[self.members.index(left[0])] = 1.0
            else:
                for token, p in self.masked(model, text).items():
                    if token == END:
                        found[self.members.index(self.meaning(text))] += p
                        continue
                    below = self.truth(model, text + token, known)
                    found = [f + p * b for f, b in zip(found, below, strict=True)]
            known[text] = found
        return known[text]


# -- an answer, and how a server shows it ----------------------------------------------------------


@dataclass(frozen=True)
class Case:
    reader: Reader
    model: TinyModel
    pieces: tuple  # (text before, token), the end token last

    def __repr__(self):
        said = [token for _, token in self.pieces]
        return f"Case({self.reader}, {self.model.vocabulary}, {self.model.seed}, {said})"

    def response(self, k, end):
        """The k likeliest tokens at each place; the end as ``end``, hidden if that is None."""
        pieces = self.pieces if end is not None else self.pieces[:-1]
        entries = []
        for text, token in pieces:
            listed = sorted(self.model.distribution(text).items(), key=lambda pair: -pair[1])[:k]
            top = [self._entry(t, p, end) for t, p in listed if p and (t or end is not None)]
            chosen = self._entry(token, self.model.distribution(text)[token], end)
            entries.append(chosen | {"top_logprobs": top})
        content = b"".join(token for _, token in self.pieces).decode("utf-8", "replace")
        return {"choices": [{"message": {"content": content}, "finish_reason": "stop",
                             "logprobs": {"content": entries}}]}  # fmt: skip

    def _entry(self, token, p, end):
        written = token or end
        return {
            "token": written.decode("utf-8", "replace"), "bytes": list(written),
            "logprob": math.log(p), "id": self.model.vocabulary.index(token),
        }  # fmt: skip

    def sharers(self):
        """The tokens that would leave several labels somewhere off the path."""
        return {
            other
            for text, token in self.pieces
            for other, p in self.model.distribution(text).items()
            if p and other not in (token, END) and len(self.reader.may_become(text)) > 1
            if len(self.reader.may_become(text + other)) > 1
        }

    def without_sharers(self):
        """The same answer of a model that lacks them."""
        gone = self.sharers() - {token for _, token in self.pieces}
        left = [token for token in self.model.vocabulary if token not in gone]
        return Case(self.reader, TinyModel(left, self.model.seed, NEVER), self.pieces)

    def report(self, k=1000, end=END, **more):
        reader = self.reader
        return fc.classify(self.response(k, end), reader.texts, match=reader.match,
                           first_word=reader.first_word, **more)  # fmt: skip

    def check(self, report, claim):
        found = report[""].distribution
        assert found is not None, report[""].reason
        truth = self.reader.truth(self.model, b"")
        for value, exact in zip(self.reader.members, truth, strict=True):
            assert claim(found[value], exact), (value, exact, found)
        assert bool(found.unnormalised) == (not found.calls)
        masses = self.reader.mass(self.model, b"") if found.unnormalised else ()
        for value, exact in zip(self.reader.members, masses, strict=bool(masses)):
            member = next(
                m for m in found.unnormalised if m.value == value and type(m.value) is type(value)
            )
            assert claim(member, exact), (value, exact, found.unnormalised)
        assert math.isclose(sum(m.probability for m in found.candidates), 1)


def holds(member, exact):
    return (
        member.low - 1e-9 <= exact <= member.high + 1e-9
        and 0 <= member.low <= member.probability <= member.high <= 1
    )


def equals(member, exact):
    return (member.probability, member.low, member.high) == pytest.approx((exact,) * 3, abs=1e-9)


@st.composite
def cases(draw, *, is_held=True, sets=tuple(SETS)):
    texts = SETS[draw(st.sampled_from(sets))]
    reader = Reader(texts, draw(st.sampled_from(["exact", "loose"])), draw(st.booleans()))
    whole = " ".join(texts).encode()
    vocabulary = {bytes([byte]) for byte in whole + b" .xS"} | {b"zz", b"spammy", b" ,", END}
    for label in texts:
        data = label.encode()
        at, size = draw(st.integers(0, len(data) - 1)), draw(st.integers(1, 6))
        vocabulary |= {data, data[at:][:size], b" " + data, data + b".", data.upper()}
    model = TinyModel(sorted(vocabulary), draw(st.integers(0, 10**6)), NEVER)
    dice = random.Random(draw(st.integers(0, 10**6)))
    pieces, text = [], b""
    for _ in range(16):
        free = reader.masked(model, text) if is_held else model.distribution(text)
        token = dice.choices(list(free), list(free.values()))[0]
        pieces.append((text, token))
        text += token
        if token == END:
            break
    assume(pieces[-1][1] == END and len(pieces) > 1 and is_utf8(text))
    return Case(reader, model, tuple(pieces))


def is_utf8(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


# -- the laws --------------------------------------------------------------------------------------

KS = st.integers(0, 20) | st.just(1000)
ENDS = st.sampled_from([END, b"<|im_end|>", None])


@settings(max_examples=200)
@given(cases(), KS, ENDS)
def test_the_bounds_hold_the_truth(case, k, end):
    """Law 7: low <= truth <= high always, for every member and any k."""
    report = case.report(k, end)
    case.check(report, holds)
    said = b"".join(token for _, token in case.pieces)
    assert report.value is case.reader.meaning(said)
    assert report.confidence == report[""].distribution[report.value].probability


@settings(max_examples=200)
@given(cases(is_held=False), KS, ENDS)
def test_the_bounds_hold_the_truth_for_an_answer_that_nothing_holds(case, k, end):
    """Law 7 where the answer may be no label at all: the labels' distribution is known still."""
    report = case.report(k, end)
    meaning = case.reader.meaning(b"".join(token for _, token in case.pieces))
    assert report.value is meaning
    assert (report.confidence is None) == (meaning is None) == bool(report.errors)
    if report[""].distribution is not None:
        case.check(report, holds)


@settings(max_examples=150)
@given(cases())
def test_the_distribution_is_exact(case):
    """Law 7: with the whole vocabulary listed and no undecided branch, exact enumeration (1e-9).

    The end has a name: a rival that is listed without a byte may be a part of any character.
    """
    case = case.without_sharers()
    assume(not case.sharers())
    case.check(case.report(end=b"<|im_end|>"), equals)


class Probe:
    """Asked after any tokens of the tiny model."""

    def __init__(self, model):
        self.model = model
        self.vocabulary = Vocabulary(dict(enumerate(model.vocabulary)))

    def prompt(self, messages):
        return PROMPT

    def logprobs(self, prefix, wanted):
        text = b"".join(self.model.vocabulary[token] for token in prefix[len(PROMPT) :])
        free = self.model.distribution(text)
        found = [free[self.model.vocabulary[token]] for token in wanted]
        return [math.log(p) if p else -math.inf for p in found]


@settings(max_examples=100)
@given(cases(), KS)
def test_what_was_asked_for_is_exact(case, k):
    """Law 7 after settling: low, probability and high meet at the truth."""
    tokens = [token for _, token in case.pieces]
    assume(case.reader.is_legal(b"", tokens[0]))
    settle = fc.Settle(tolerance=1e-10, budget=100_000, probe=Probe(case.model), prompt=[*PROMPT])
    report = case.report(k, settle=settle)
    case.check(report, lambda member, exact: holds(member, exact) and equals(member, exact))
    assert "unsettled" not in report[""].flags


@settings(max_examples=100)
@given(cases(), KS)
def test_an_end_that_cannot_be_asked_about_stays_open(case, k):
    """Law 7 after settling where no end token was shown: the bounds hold the truth."""
    settle = fc.Settle(tolerance=1e-9, budget=300, probe=Probe(case.model), prompt=[*PROMPT])
    case.check(case.report(k, None, settle=settle), holds)
