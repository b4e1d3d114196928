"""What a token says by itself: its probability, its margin, and what is known of the entropy."""

import math

import pytest
from builders import token
from hypothesis import given
from hypothesis import strategies as st

from fieldconf.tokens.token import Candidate, Token

DISTRIBUTIONS = st.lists(st.floats(1e-6, 1), min_size=2, max_size=8).map(
    lambda weights: [weight / math.fsum(weights) for weight in weights]
)


def listed(shares, chosen, count):
    """The token of this index, with the likeliest so many tokens of the vocabulary listed."""
    ranked = sorted(range(len(shares)), key=lambda index: -shares[index])
    pairs = [(f"t{index}", math.log(shares[index])) for index in ranked[:count]]
    return token(f"t{chosen}", math.log(shares[chosen]), pairs)


@given(DISTRIBUTIONS, st.data())
def test_a_partial_list_says_less_but_nothing_wrong(shares, data):
    """The margin is that of the whole distribution, the entropy at most its entropy."""
    chosen = data.draw(st.integers(0, len(shares) - 1))
    count = data.draw(st.integers(0, len(shares)))
    entropy = -math.fsum(share * math.log(share) for share in shares)
    made = listed(shares, chosen, count)
    assert made.probability == pytest.approx(shares[chosen])
    others = [share for index, share in enumerate(shares) if index != chosen]
    if made.margin is not None:
        assert made.margin == pytest.approx(shares[chosen] - max(others))
    if count > 1:
        assert made.margin is not None
    if count:
        assert made.entropy <= entropy + 1e-9
    if count == len(shares):
        assert made.entropy == pytest.approx(entropy)


@pytest.mark.parametrize(
    ("made", "probability", "margin", "entropy"),
    [
        (Token("a", None, None), None, None, None),
        (Token("a", None, 0.0), 1.0, None, None),
        (token("a", math.log(0.5), [("a", math.log(0.5))]), 0.5, None, 0.5 * math.log(2)),
        (token("a", math.log(0.25), [("b", math.log(0.5))]), 0.25, -0.25, math.log(2)),
        (token("a", None, [("b", math.log(0.5))]), None, None, 0.5 * math.log(2)),
        (token("a", 0.0, [("a", 0.0), ("b", -math.inf)]), 1.0, 1.0, 0.0),
    ],
)  # fmt: skip
def test_what_is_not_known_is_none(made, probability, margin, entropy):
    found = (made.probability, made.margin, made.entropy)
    assert found == pytest.approx((probability, margin, entropy))


def test_two_tokens_of_the_same_text():
    """By their ids they are two."""
    half = math.log(0.5)
    made = Token("a", b"a", half, (Candidate("a", b"a", half, 7), Candidate("a", b"a", half, 8)), 7)
    assert made.margin == 0.0
    assert made.entropy == pytest.approx(math.log(2))
