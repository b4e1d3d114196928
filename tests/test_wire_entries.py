"""A token's own list as the witness of its number."""

import math

import pytest

import fieldconf as fc
from fieldconf.responses.formats.entries import (
    ABSENT,
    CONTRADICTED,
    COPIED,
    REPEATED,
    SAME,
    make,
)
from fieldconf.tokens.token import Candidate


def listed(*pairs, ids=None):
    numbers = ids or [None] * len(pairs)
    return tuple(Candidate(text, None, p, n) for (text, p), n in zip(pairs, numbers, strict=True))


def test_a_list_that_agrees():
    candidates = listed(("yes", -0.2), ("no", -1.8))
    assert make("yes", None, -0.2, candidates).logprob == -0.2
    assert make("yes", None, -0.2 - SAME / 2, candidates).candidates == candidates


def test_a_list_that_gives_the_token_another_number():
    token = make("yes", None, 0.0, listed(("yes", -0.7), ("no", -0.8)))
    assert (token.logprob, token.candidates, token.note) == (None, (), CONTRADICTED)


def test_a_list_that_leaves_out_a_likely_token():
    """By construction, if all of them have at most mass 1; else the list is another token's."""
    candidates = listed(("no", -0.9), ("maybe", -1.8))
    assert make("yes", None, -0.5, candidates).note == CONTRADICTED
    assert make("yes", None, -1.5, candidates) == ("yes", None, -1.5, candidates, None, "")
    assert make("yes", None, -1.5, candidates, is_whole=False).note == CONTRADICTED
    assert make("yes", None, -2.5, candidates).logprob == -2.5  # beyond the end of the list


def test_a_list_with_more_than_all_the_mass():
    """Logits, or numbers of another kind."""
    token = make("yes", None, -0.1, listed(("yes", -0.1), ("no", -0.5)))
    assert (token.logprob, token.note) == (None, CONTRADICTED)
    rounded = listed(("yes", math.log(0.7)), ("no", math.log(0.34)))  # 4 % more
    assert make("yes", None, math.log(0.7), rounded).logprob is not None


def test_excluded_candidates_are_no_end_of_the_list():
    candidates = listed(("yes", -0.1), ("no", -math.inf))
    assert make("other", None, -3.0, candidates).logprob == -3.0
    assert make("other", None, -0.05, candidates).logprob is None


def test_broken_characters_prove_nothing():
    candidates = listed(("\ufffd", -0.4), ("\ufffd", -1.2))
    assert make("\ufffd", None, -0.8, candidates).logprob == -0.8
    assert make("", None, -0.01, listed(("a", -0.5))).logprob == -0.01


def test_ids_tell_tokens_of_the_same_text_apart():
    candidates = listed(("a", -0.5), ("a", -1.5), ids=[1, 2])
    assert make("a", None, -1.5, candidates, 2).logprob == -1.5
    assert make("a", None, -0.5, candidates, 2).note == CONTRADICTED


def test_a_token_without_a_number_keeps_a_list_that_has_it():
    candidates = listed(("yes", -0.2), ("no", -1.8))
    assert make("yes", None, None, candidates).candidates == candidates
    assert make("maybe", None, None, candidates) == ("maybe", None, None, (), None, ABSENT)


@pytest.mark.parametrize("value", [-9999.0, "-9999", -3.4028234663852886e38, -math.inf])
def test_a_token_that_was_sampled_outside_of_its_list(value):
    """It has at most the mass of the last one listed, and at most what is left."""
    token = make("maybe", None, value, listed(("yes", math.log(0.6)), ("no", math.log(0.1))))
    assert (token.logprob, token.is_outside, len(token.candidates)) == (None, True, 2)
    assert "at most 0.1" in token.note
    few = make("maybe", None, value, listed(("yes", math.log(0.6)), ("no", math.log(0.38))))
    assert "at most 0.02" in few.note
    assert make("maybe", None, value, listed(("yes", -0.1), ("no", -0.1))).note == ABSENT
    assert make("maybe", None, value, listed(("yes", -math.inf))).note == ABSENT


def test_a_list_that_is_the_one_before_is_a_copy():
    candidates = listed(("yes", -0.2), ("no", -1.8))
    token = make("maybe", None, -9.0, candidates, before=candidates)
    assert (token.logprob, token.candidates, token.note) == (-9.0, (), COPIED)
    assert make("no", None, -0.1, candidates, before=candidates).note == COPIED
    assert make("no", None, -1.8, candidates, before=candidates).candidates == candidates
    assert make("maybe", None, -9.0, candidates).candidates == candidates


def test_a_candidate_that_is_listed_many_times():
    """By its id, or as nothing but one text; the same row twice is one candidate."""
    ids = [7, 7, 8]
    token = make("a", None, -0.5, listed(("a", -0.5), ("a", -1.5), ("b", -4.0), ids=ids), 7)
    assert (token.logprob, token.candidates, token.note) == (-0.5, (), REPEATED)
    twice = listed(("a", -0.5), ("b", -1.5), ("b", -1.5), ids=[7, 8, 8])
    assert make("a", None, -0.5, twice, 7).candidates == twice[:2]
    assert make("a", None, -0.5, listed(("a", -0.5), ("a", -2.0), ("a", -3.0))).note == REPEATED
    alike = listed(("a", -0.5), ("a", -2.0))  # two tokens that are shown alike
    assert make("a", None, -0.5, alike).candidates == alike


def test_names_of_a_vocabulary_beside_a_text():
    named = listed(("Ġyes", -0.2), ("Ġno", -1.8))
    token = make(" yes", None, -0.2, named)
    assert [candidate.bytes for candidate in token.candidates] == [b" yes", b" no"]
    plain = listed(("Ġyes", -2.9), (" no", -1.8))
    assert make(" yes", None, -0.4, plain).candidates == plain


@pytest.mark.parametrize(
    "probabilities",
    [{"a": 0.6, "b": 0.3}, {"a": 0.6, "b": 0.5}, {"a": 1.2}, {"a": None, "b": 1.0}, {}, [], None],
)
def test_probabilities_that_are_none(probabilities):
    answer = {"type": "choice", "choice": "a", "probabilities": probabilities}
    report = fc.score({"answers": {"label": answer}})
    assert report["label"].confidence is None
    assert report["label"].reason
    assert report.confidence is None


def test_probabilities_that_are_rounded():
    answer = {"type": "score", "score": 3.4, "probabilities": {"3": 0.333, "4": 0.666}}
    field = fc.score({"answers": {"stars": answer}})["stars"]
    assert (field.value, field.confidence) == (4, 0.666)
    assert field.expected == pytest.approx((3 * 0.333 + 4 * 0.666) / 0.999)
