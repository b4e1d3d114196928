"""Law 9 for the alternatives: what is read of candidates grows with their number, and only with it.

Work is counted in forks of the parser: each candidate that is looked at needs one.
"""

import math

import pytest
from builders import completion, token

from fieldconf.parsing.parser import JSONParser
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion

ENUM = {"enum": ["pos", "positive", "neg"]}


@pytest.fixture
def forks(monkeypatch):
    """Scores an answer; returns how many forks that took."""

    def counted(schema, tokens):
        made, answer, fork, count = compile_schema(schema), completion(*tokens), JSONParser.fork, 0

        def one_more(parser):
            nonlocal count
            count += 1
            return fork(parser)

        with monkeypatch.context() as patch:
            patch.setattr(JSONParser, "fork", one_more)
            score_completion(answer, made)
        return count

    return counted


def object_of(**properties):
    required = list(properties)
    return {
        "type": "object", "properties": properties, "required": required,
        "additionalProperties": False,
    }  # fmt: skip


def with_rivals(piece, count):
    """A token with so many candidates; some say something, some are no JSON."""
    rivals = [f'{start}{i}"' for i in range(count) for start in ("pos", "neg", "x")][: count - 1]
    mass = math.log(0.5 / max(1, count))
    return token(piece, math.log(0.5), [(piece, math.log(0.5)), *((r, mass) for r in rivals)])


def enum_answer(count):
    return [with_rivals(p, count) for p in ['{"', "a", '":"', "pos", "it", "ive", '"}']]


def test_reads_are_linear_in_the_candidates(forks):
    """Law 9: ten times the candidates are at most ten times the reads, and a constant."""
    schema = object_of(a=ENUM)
    few, many, none = (forks(schema, enum_answer(count)) for count in (20, 200, 1))
    assert many - none <= 10.5 * (few - none)
    assert few - none <= 20 * 7  # each candidate of each token once at most


def test_nothing_is_read_behind_the_decision(forks):
    """Law 9: once a value is decided, the candidates of its other tokens are not read."""
    schema = object_of(a={"enum": ["no", "x" * 200]})
    short = [token('{"a":"', 0.0), with_rivals("x", 20)]
    one, many = ([*short, *[with_rivals("x" * size, 20)] * (199 // size), token('"}', 0.0)]
                 for size in (199, 1))  # fmt: skip
    assert forks(schema, many) - forks(schema, one) <= 2 * 199  # the aligner's own, two a token


@pytest.mark.parametrize("count", [1, 40])
def test_structure_of_required_keys_costs_no_reads(forks, count):
    """Law 9: candidates of keys and punctuation that nothing asks about are not read."""
    schema = object_of(a={"type": "object"}, b={"type": "object"})
    pieces = ['{"', "a", '":', "{", "}", ',"', "b", '":', "{", "}", "}"]
    answer = [with_rivals(piece, count) for piece in pieces]
    assert forks(schema, answer) <= 2 * len(pieces) + 2


def test_free_text_costs_no_reads(forks):
    """Law 9: the middle of a long text is not read, whatever was listed there."""
    schema = object_of(a={"type": "string"})
    plain, rich = (
        [token('{"a":"', 0.0), *[with_rivals("so it goes ", count)] * 50, token('"}', 0.0)]
        for count in (1, 40)
    )
    assert forks(schema, rich) <= forks(schema, plain) + 2 * 40
