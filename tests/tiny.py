"""Questions put to the tiny model of ``oracles``: drawn answers with numbers as servers list them.

A ``Setup`` is a question: a schema, what the answer begins with, and the texts of each outcome.
A ``Case`` is one answer to it, written by a model over a drawn vocabulary.
"""

import json
import math
import random
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import jsonschema
import regex
from builders import completion, token
from hypothesis import assume
from hypothesis import strategies as st
from oracles import (
    Answers,
    TinyModel,
    enumerate_outcomes,
    masked,
    spelled,
    written_freely,
    written_held,
)

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.token import Candidate, Layout, Token
from fieldconf.tokens.vocabulary import Vocabulary

ANY_LAYOUT = Layout()
END = b""  # the end token, as llama.cpp lists it
JUNK = (b"zz", b"Hi", b"[", b"{", b'x"', END)
BLANKS = rb"[ \t\n\r]*"
STRING = rb'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"'
SCALAR = STRING + rb"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|true|false|null"
# Two blanks in a row, two zeros at a fraction's end, exponents: without them no walk is endless.
_NEVER = rb"[ \t\n\r]{2}|\.[0-9]*00|(?<!\\u[0-9a-fA-F]{0,3})[0-9][eE]"
# Where not all of an escape's digits are tokens: no \\u, and no escape in two tokens.
NEVER = regex.compile(_NEVER)
NO_ESCAPES = regex.compile(_NEVER + rb"|\\u|(?<!\\)(?:\\\\)*\\\Z")


# -- questions ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setup:
    """A question.

    Attributes:
        schema: the JSON Schema of the whole answer.
        given: the words (JSON texts) that stand before the choice; it begins where they end.
        outcomes: of each outcome a regular expression of what follows them.
        stop: a regular expression of what follows them once it is clear to any reader.
        documents: whole answers as lists of words, legal or not; tokens are cut out of them.
        layout: what the grammar forbids beyond the schema.
        escapes: whether the vocabulary can write every escape.
    """

    schema: dict
    given: tuple
    outcomes: tuple
    stop: bytes
    documents: tuple
    layout: Layout = ANY_LAYOUT
    escapes: bool = False

    @property
    def blanks(self):
        """What may stand between words."""
        return b"" if self.layout.compact else BLANKS

    @property
    def beginning(self):
        """A regular expression of the ways to write what is given."""
        return in_words(self.given, self.blanks)

    @cached_property
    def answers(self):
        """The texts of each outcome."""
        return _answers(tuple(self.beginning + outcome for outcome in self.outcomes))

    def texts(self):
        """The documents' texts, with and without blanks."""
        return [blank.join(words).encode() for words in self.documents for blank in ("", " ")]


@lru_cache(maxsize=200)
def _answers(patterns):
    return Answers(patterns)


def in_words(words, blanks):
    """A regular expression of these words in a row; scalars may be spelled in any way."""
    return blanks + blanks.join(_word(word) for word in words)


def more_of_object(blanks, depth=1):
    """What may follow a key at this depth, as far as JSON goes: it is another question's business.

    Around the object only objects are thought of, of further pairs of scalars.
    """
    simple = b"%s%s%s:%s(?:%s)" % (blanks, STRING, blanks, blanks, SCALAR)
    inner = rb"\{(?:%s(?:%s,%s)*)?%s\}" % (simple, blanks, simple, blanks)
    value = SCALAR + rb"|%s|\[%s\]" % (inner, blanks)
    pair = b"%s:%s(?:%s)" % (blanks, blanks, value)
    more_pairs = b"(?:%s,%s%s%s)*" % (blanks, blanks, STRING, pair)
    return pair + b"(?:%s%s[}\\]])" % (more_pairs, blanks) * depth + blanks


def more_of_list(blanks):
    """What may follow a comma: items."""
    item = b"%s(?:%s)%s" % (blanks, SCALAR, blanks)
    return b"%s(?:,%s)*\\]%s" % (item, item, blanks)


def _word(word):
    return re.escape(word.encode()) if word in "{}[]:," else spelled(json.loads(word))


def dumped(value):
    """A word of a scalar, all its characters as they are."""
    return json.dumps(value, ensure_ascii=False)


# -- vocabularies ---------------------------------------------------------------------------------


@st.composite
def vocabularies(draw, setup, *, most=12):
    """Tokens that can write every outcome: all single bytes, and pieces that straddle words."""
    texts, escapes = setup.texts(), setup.escapes
    if escapes:
        texts += [json.dumps(json.loads(text)).encode() for text in texts if is_json(text)]
    whole = b"".join(texts)
    singles = {bytes([byte]) for byte in whole}
    singles |= {b"0"} if b"." in whole else set()
    singles |= {bytes([byte]) for byte in rb"\u0123456789abcdef"} if escapes else set()
    found = re.findall(rb"\\.", whole)
    for which, at, size in draw(
        st.lists(
            st.tuples(st.integers(0, len(texts) - 1), st.integers(0, 60), st.integers(2, 9)),
            max_size=most,
        )
    ):
        text = texts[which]
        found.append(text[at % len(text) :][:size])
    return list(dict.fromkeys([*sorted(singles), *found, *JUNK]))


# -- answers --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """An answer: its question, who wrote it, its first text, and (text before, token) behind it."""

    setup: Setup
    model: TinyModel
    start: bytes
    pieces: tuple
    tail: bytes

    def __repr__(self):
        written = [piece for _, piece in self.pieces]
        return (
            f"Case({self.setup.schema}, {self.setup.layout}, {self.model.vocabulary}, "
            f"seed={self.model.seed}, {self.start} {written} {self.tail})"
        )

    @property
    def text(self):
        """The whole answer."""
        return self.start + b"".join(piece for _, piece in self.pieces) + self.tail

    @property
    def choice(self):
        """The text at which the choice begins: before the first token beyond what is given."""
        edge = re.match(self.setup.beginning, self.text).end()
        if len(self.start) > edge:
            return self.start
        return next(text for text, piece in self.pieces if len(text + piece) > edge)

    def truth(self):
        """The probability of each outcome."""
        return enumerate_outcomes(self.model, self.setup.answers, self.choice)

    def sharers(self):
        """The tokens off the answer's path that leave several outcomes."""
        answers, found = self.setup.answers, set()
        for text, piece in self.pieces:
            if len(text) < len(self.choice) or len(answers.allows(text)) < 2:
                continue
            legal = masked(self.model, answers, text)
            found |= {t for t in legal if t != piece and len(answers.allows(text + t)) > 1}
        return found

    def without_sharers(self):
        """The same answer by a model whose tokens off the path all leave one outcome or none."""
        dropped = self.sharers()
        assume(not dropped & {piece for _, piece in self.pieces})
        kept = [t for t in self.model.vocabulary if t not in dropped]
        model = TinyModel(kept, self.model.seed, self.model.never, self.model.leaning)
        return replace(self, model=model)

    def completion(self, k, mask):
        """The answer with the k likeliest tokens at each step."""
        tokens = [token(self.start, 0.0)]
        for text, piece in self.pieces:
            logprobs = listed(self.model, self.setup.answers, text, mask)
            top = sorted(logprobs, key=lambda t: -logprobs[t])[:k]
            candidates = tuple(Candidate(shown(t), t, logprobs[t]) for t in top)
            tokens.append(Token(shown(piece), piece, logprobs[piece], candidates))
        return completion(*tokens, *([token(self.tail, 0.0)] if self.tail else []))

    def report(self, k, mask, settle=None):
        """What the library says of it."""
        return score_completion(
            self.completion(k, mask), compile_schema(self.setup.schema), layout=self.setup.layout,
            settle=settle,
        )  # fmt: skip

    def settled(self, k, mask, budget=5000, tolerance=1e-10):
        """The same after settling, and the probe that was asked."""
        probe = TinyProbe(self.model, [self.start, self.tail])
        settle = fc.Settle(tolerance=tolerance, budget=budget, probe=probe, prompt=[])
        return self.report(k, mask, settle), probe


def shown(piece):
    """A token's text."""
    return piece.decode("utf-8", "replace")


def listed(model, answers, text, mask):
    """The logprob of every token: before the mask, or after it."""
    mass = model.distribution(text) if mask == "before" else masked(model, answers, text)
    return {t: math.log(mass[t]) if mass.get(t) else -math.inf for t in model.vocabulary}


def tail_of(setup, text):
    """What makes the text a whole answer: the end of a document that fits; None if none does."""
    for words in setup.documents:
        document = "".join(words).encode()
        for at in range(len(document) + 1):
            if is_answer(setup.schema, text + document[at:]):
                return document[at:]
    return None


def is_json(text):
    """Whether a text is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def is_answer(schema, text):
    """Whether a text is JSON that keeps to a schema and has no key twice."""
    try:
        jsonschema.validate(json.loads(text, object_pairs_hook=_once), schema)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


def _once(pairs):
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError(pairs)
    return dict(pairs)


@st.composite
def cases(draw, setups, mode="held, post", *, most=12, is_cut_anywhere=True):
    """An answer to a drawn question, by a drawn model.

    Where its first text is not cut anywhere, what comes before the choice was certain.
    """
    setup = draw(setups)
    vocabulary = draw(vocabularies(setup, most=most))
    seed, answers = draw(st.integers(0, 10**6)), setup.answers
    is_free = mode.startswith("free")
    model = TinyModel(
        vocabulary,
        seed,
        NEVER if setup.escapes else NO_ESCAPES,
        answers.allows if is_free else None,
    )
    blank = "" if setup.layout.compact else draw(st.sampled_from(["", " "]))
    head = blank.join(setup.given).encode()
    least = 1 if is_cut_anywhere else len(head) - len(setup.given[-1].encode()) + 1
    start = head[: draw(st.integers(least, len(head)))]
    stop = regex.compile(setup.beginning + setup.stop, cache_pattern=False)
    write = written_freely if is_free else written_held
    dice = random.Random(draw(st.integers(0, 10**6)))
    pieces = write(model, answers, start, stop.fullmatch, dice)
    assume(pieces is not None)
    text = start + b"".join(piece for _, piece in pieces)
    tail = tail_of(setup, text)
    assume(tail is not None)  # None where the last token cut an escape of what comes next
    return Case(setup, model, start, tuple(pieces), tail)


# -- whom to ask ----------------------------------------------------------------------------------


class TinyProbe:
    """The tiny model as something to ask. Each answer is shifted by another constant."""

    MARK = 1000  # a prompt of one token, which has no bytes

    def __init__(self, model, more=()):
        self.model, self.calls = model, 0
        self.vocabulary = Vocabulary(dict(enumerate(dict.fromkeys([*model.vocabulary, *more]))))

    def prompt(self, messages):
        return (self.MARK,)

    def logprobs(self, prefix, wanted):
        self.calls += 1
        assert prefix[0] == self.MARK
        text = b"".join(self.vocabulary.bytes_of(t) for t in prefix[1:])
        shift = random.Random(repr((self.model.seed, text))).uniform(-5, 5)
        mass = self.model.distribution(text)
        masses = [mass.get(self.vocabulary.bytes_of(t), 0.0) for t in wanted]
        return [math.log(m) + shift if m else -math.inf for m in masses]


def asked(report):
    """How many calls the fields' distributions tell of."""
    found = [field.distribution for field in report.fields.values()]
    return sum(one.calls for one in found if one is not None)


# -- what is claimed ------------------------------------------------------------------------------


def holds(member, truth):
    """Whether the truth is within the bounds, and the estimate too."""
    within = member.low - 1e-9 <= truth <= member.high + 1e-9
    return within and 0 <= member.low <= member.probability <= member.high <= 1


def equals(member, truth):
    """Whether probability and bounds all are the truth."""
    found = (member.low, member.probability, member.high)
    return all(abs(number - truth) <= 1e-9 for number in found)
