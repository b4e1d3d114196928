"""Law 7 where the server took its logprobs after a temperature: bounds hold what is true at 1.

The truth is a softmax over a small vocabulary, or the model of ``tiny``. Numbers are listed as a
server does after a temperature: the likeliest, and the written token wherever it stands.
"""

import math
from dataclasses import replace

import pytest
from builders import completion
from hypothesis import given, settings
from hypothesis import strategies as st
from test_law_7_bounds import MODES, member_field, setups
from tiny import cases, holds, listed

from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.temperature import MOST_TOKENS, at_temperature_one, put_back
from fieldconf.tokens.token import Candidate, Token

TEMPERATURES = st.floats(0.3, 2)


def softmax(logits, temperature=1.0):
    """The logprobs of some logits at a temperature; -inf is a token that a grammar excluded."""
    hot = [logit / temperature for logit in logits]
    largest = max(hot)
    norm = largest + math.log(math.fsum(math.exp(logit - largest) for logit in hot))
    return [logit - norm for logit in hot]


def listing(logprobs, written, most, *, repeats=True):
    """A token with the likeliest candidates; ``repeats``: it is a candidate even if unlikely."""
    ranked = sorted(range(len(logprobs)), key=lambda at: -logprobs[at])
    top = ranked[:most]
    top += [written] if repeats and top and written not in top else []
    named = [Candidate(f"t{at}", None, logprobs[at]) for at in top]
    return Token(f"t{written}", None, logprobs[written], tuple(named)), top


LOGITS = st.lists(st.floats(-12, 12), min_size=2, max_size=12)


@settings(max_examples=400)
@given(LOGITS, TEMPERATURES, st.data())
def test_the_probability_at_one_is_within_what_is_put_back(logits, temperature, data):
    """Law 7: the true p is in [new p, new p + new unlisted mass], and so is every sum of them."""
    written = data.draw(st.integers(0, len(logits) - 1))
    most = data.draw(st.integers(0, len(logits)))
    truth = [math.exp(p) for p in softmax(logits)]
    hot = softmax(logits, temperature)
    token, top = listing(hot, written, most, repeats=data.draw(st.booleans()))
    is_whole = len({*top, written}) == len(logits)
    rounding = data.draw(st.sampled_from([0.0, 1e-6])) if is_whole else 1e-6
    [cold] = at_temperature_one([token], temperature, rounding=rounding)
    new = {at: math.exp(c.logprob) for at, c in zip(top, cold.candidates, strict=True)}
    new.setdefault(written, cold.probability)
    assert math.isclose(new[written], cold.probability)
    unseen = 1 - math.fsum(new.values())
    assert unseen >= -1e-12
    for some in [[at] for at in new] + [list(new)[:2]]:
        least = math.fsum(new[at] for at in some)
        true = math.fsum(truth[at] for at in some)
        assert least - 1e-9 <= true <= least + unseen + 1e-9
    if not rounding:
        assert all(math.isclose(new[at], truth[at], rel_tol=1e-9, abs_tol=1e-12) for at in new)


@settings(max_examples=100)
@given(st.integers(1, 8), st.floats(0.3, 2), st.floats(-3, 25), st.integers(2, MOST_TOKENS))
def test_a_flat_tail_of_a_whole_vocabulary_is_within(most, temperature, lead, size):
    """The worst case below 1: all that is unlisted is spread over as many tokens as there are."""
    tail = size - 1
    top = math.exp(lead)
    hot_top = math.exp(lead / temperature)
    true = top / (top + tail)
    p = lead / temperature - math.log(hot_top + tail)
    rest = -math.log(hot_top + tail)
    shown = min(most, tail)
    named = [Candidate("a", None, p), *(Candidate(f"t{i}", None, rest) for i in range(shown))]
    rounded = min(p, math.log(1 - 2e-07))  # as float32 does
    [cold] = at_temperature_one([Token("a", None, rounded, tuple(named))], temperature)
    masses = [cold.probability, *(math.exp(c.logprob) for c in cold.candidates[1:])]
    unseen = 1 - math.fsum(masses)
    assert masses[0] - 1e-6 <= true <= masses[0] + unseen + 1e-6


@settings(max_examples=100)
@given(LOGITS, st.sets(st.integers(0, 11)), TEMPERATURES, st.data())
def test_what_a_grammar_excluded_stays_excluded(logits, masked, temperature, data):
    logits = [-math.inf if at in masked else logit for at, logit in enumerate(logits)] + [0.0]
    written = data.draw(st.sampled_from([a for a, p in enumerate(logits) if p > -math.inf]))
    most = data.draw(st.integers(1, len(logits)))
    truth = [math.exp(p) for p in softmax(logits)]
    token, top = listing(softmax(logits, temperature), written, most)
    [cold] = at_temperature_one([token], temperature)
    new = {at: math.exp(c.logprob) for at, c in zip(top, cold.candidates, strict=True)}
    unseen = 1 - math.fsum(new.values())
    for at, c in zip(top, cold.candidates, strict=True):
        assert (c.logprob == -math.inf) == (logits[at] == -math.inf)
        assert new[at] - 1e-9 <= truth[at] <= new[at] + unseen + 1e-9


def heated(case, k, mask, temperature):
    """The completion of a case as a server lists it after a temperature."""
    cold = case.completion(k, mask)
    tokens, pieces = list(cold.tokens), case.pieces
    for number, (text, piece) in enumerate(pieces, 1):
        masses = listed(case.model, case.setup.answers, text, mask)
        names = list(masses)
        hot = dict(zip(names, softmax(list(masses.values()), temperature), strict=True))
        token = tokens[number]
        candidates = tuple(c._replace(logprob=hot[c.bytes]) for c in token.candidates)
        tokens[number] = token._replace(logprob=hot[piece], candidates=candidates)
    return replace(completion(*tokens), content=cold.content)


def check(case, k, mask, temperature):
    hot = put_back(heated(case, k, mask, temperature), temperature)
    schema = compile_schema(case.setup.schema)
    report = score_completion(hot, schema, layout=case.setup.layout)
    assert report.flags.count("temperature") == 1
    field, members = member_field(case, report)
    assert field.distribution is not None
    for value, exact in zip(members, case.truth(), strict=True):
        assert holds(field.distribution[value], exact), (value, exact, field.distribution)


@pytest.mark.parametrize("mode", MODES)
def test_the_bounds_of_members_hold_the_truth_at_one(mode):
    """Law 7 for whole answers: [low, high] of every member of an enum, for any k."""

    @settings(max_examples=60)
    @given(cases(setups(), mode), st.integers(0, 20) | st.just(1000), TEMPERATURES)
    def law(case, k, temperature):
        check(case, k, mode.split()[1], temperature)

    law()
