"""Law 7 for the tree: adding up masses by shapes gives what the definition gives, step by step."""

import math

import oracle_tree
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fieldconf.distributions.decoding_step import NOTHING_WRITTEN, Branch, StepCandidates
from fieldconf.distributions.outcome_tree import OutcomeTree
from fieldconf.distributions.value_questions import possible
from fieldconf.tokens.token import Candidate

NAMES = ["a", "b", "c", "d", "e"]


@st.composite
def trees(draw):
    """Size, whether it is open, and for each step the candidates (name, mass, outcomes, said)."""
    size = draw(st.integers(1, 4))
    texts = [b"x", b"xy", b"xyz", b"q"]
    # Branches that say the same leave the same; those that say nothing leave all.
    meant = {said: draw(st.frozensets(st.integers(0, size - 1))) for said in texts}
    meant[NOTHING_WRITTEN] = frozenset(range(size))
    rows = st.lists(
        st.tuples(st.floats(0.001, 1), st.sampled_from([*texts, NOTHING_WRITTEN])),
        min_size=1, max_size=len(NAMES),
    )  # fmt: skip
    steps = []
    for parts in draw(st.lists(rows, min_size=1, max_size=4)):
        whole = sum(mass for mass, _ in parts) / draw(st.sampled_from([1.0, 0.9, 0.5]))
        named = zip(NAMES, parts, strict=False)
        steps.append([(name, mass / whole, meant[said], said) for name, (mass, said) in named])
    positions = [draw(st.integers(0, len(step) - 1)) for step in steps]
    added = draw(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(NAMES)), max_size=2))
    return size, draw(st.booleans()), steps, positions, added


def unseen_of(step) -> float:
    return max(0.0, 1.0 - math.fsum(mass for _, mass, _, _ in step))


def slow(size, is_open, steps, positions):
    rows = [
        (index, [oracle_tree.Candidate(*parts) for parts in step], at, unseen_of(step))
        for index, (step, at) in enumerate(zip(steps, positions, strict=True))
    ]
    return oracle_tree.Tree(size, rows, is_open=is_open)


def fast(size, is_open, steps, positions):
    meant = {
        (index, name): Branch(own, index, said)
        for index, step in enumerate(steps) for name, _, own, said in step
    }  # fmt: skip

    def read(place, names):
        return [meant[place, name if isinstance(name, str) else name.text] for name in names]

    path = [
        (
            index,
            StepCandidates(
                [name for name, *_ in step], at, unseen_of(step), [m for _, m, *_ in step]
            ),
            index,
        )
        for index, (step, at) in enumerate(zip(steps, positions, strict=True))
    ]
    return OutcomeTree(read, size, path, is_open=is_open)


def said_by(tree) -> dict:
    """All that a slow or a fast tree says, numbers rounded."""
    if not tree.steps:
        return {"broken": tree.is_broken}
    is_slow = isinstance(tree, oracle_tree.Tree)
    halves = (frozenset(range(0, tree.size, 2)), frozenset(range(1, tree.size, 2)))
    groups = halves if tree.size > 1 else ()
    last = tree.steps[-1]
    written = last.left[last.position] if is_slow else last.shape.chosen
    decisive = [tree.decisive_step(outcome) for outcome in sorted(written)]
    gaps, ways = list(tree.undecided_masses()), list(tree.unfollowed_branches())
    if not is_slow:
        decisive = [(d.step.index, d.share, d.against) for d in decisive]
        gaps = [(g.mass, g.outcomes, None if g.at is None else g.step.names[g.at]) for g in gaps]
        ways = [way[:4] for way in ways]
    found = {
        "broken": tree.is_broken, "decided": tree.decided_at, "off": tree.off,
        "valid": tree.valid, "unseen": tree.unseen, "others": tree.others,
        "results": tree.results(), "groups": tree.results(groups), "decisive": decisive,
        "gaps": gaps, "ways": ways,
    }  # fmt: skip
    return {name: oracle_tree.rounded(value) for name, value in found.items()}


@settings(deadline=None, max_examples=400)
@given(trees())
@example((2, True, [[("a", 0.5, frozenset({0, 1}), NOTHING_WRITTEN)]], [0], []))  # ends undecided
@example((3, False, [[("a", 0.6, frozenset({0}), b"x"), ("b", 0.3, frozenset({0, 1}), b"q")]],
          [0], [(0, "b")]))  # fmt: skip
def test_shapes_add_up_to_what_the_definition_says(case):
    """Probability, bounds, the decisive place, what is undecided and what was not followed."""
    size, is_open, steps, positions, added = case
    expected, tree = slow(size, is_open, steps, positions), fast(size, is_open, steps, positions)
    assert said_by(tree) == said_by(expected)
    for number, name in added:
        _follow(expected, tree, number, name, steps)
        assert said_by(tree) == said_by(expected)


def _follow(expected, tree, number, name, steps) -> None:
    """Say to both what comes behind an open branch beside the path."""
    if number >= len(tree.steps) or tree.is_broken:
        return
    wanted = tree.undecided_masses()
    wanted = [gap for gap in wanted if gap.step is tree.steps[number] and gap.at is not None]
    gap = next((gap for gap in wanted if gap.step.names[gap.at] == name), None)
    if gap is None or gap.at == gap.step.position:  # a path that does not end decides nothing
        return
    place = gap.step.branches[gap.at].place
    rows = steps[place]
    candidate = expected.steps[number].candidates[gap.at]
    inside = [oracle_tree.Candidate(n, m, own, said) for n, m, own, said in rows]
    candidate.step = oracle_tree.Step(number, gap.outcomes, inside, None, 0.0)
    tree.expand(gap, [Candidate(n, None, math.log(m)) for n, m, _, _ in rows])


def test_the_definition_is_not_empty():
    """Hand-made: 0.6 for this value, 0.3 for another one, 0.1 not listed."""
    step = [("a", 0.6, frozenset({0}), b"x"), ("b", 0.3, frozenset({1}), b"q")]
    tree = slow(2, True, [step], [0])
    assert tree.results()[0] == pytest.approx((0.6, 0.6, 0.7))
    assert fast(2, True, [step], [0]).results()[0] == pytest.approx((0.6, 0.6, 0.7))


def test_what_a_shortened_list_drops_still_counts():
    """Of 200 candidates behind a branch 64 are kept, and all of their mass is."""
    steps = [[("a", 0.5, frozenset({0}), b"x"), ("b", 0.5, frozenset({0, 1}), b"q")]]
    tree = fast(2, False, steps, [0])
    many = [Candidate(f"{at}", None, math.log(1 / 200), at) for at in range(200)]

    def read(_, names):
        return [Branch(frozenset({name.id % 4 == 0}), None, b"y") for name in names]

    [gap] = [gap for gap in tree.undecided_masses() if gap.at is not None]
    tree.read = read
    tree.expand(gap, many)
    assert tree.results()[1] == pytest.approx((0.5 * 0.25, 0.5 * 0.25, 0.5 * 0.25))


@pytest.mark.parametrize("text", [b"0", b"-0", b"-0.0"])
def test_a_zero_with_a_sign_is_a_zero(text):
    assert possible(-0.0)(text)
    assert possible(0)(text)
