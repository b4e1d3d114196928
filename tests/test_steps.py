"""Steps of an open domain: what agrees, what the schema lets be possible, who the rivals are."""

import math

import pytest
from builders import log, token

from fieldconf.distributions.cache import CandidateCache
from fieldconf.distributions.candidates import candidates_of
from fieldconf.distributions.context import OpenLevel
from fieldconf.distributions.continuation import ValueSite
from fieldconf.distributions.distribution import MOST_RIVALS, Rival
from fieldconf.distributions.open_values import open_value_step
from fieldconf.distributions.other_values import others
from fieldconf.distributions.questions import grow
from fieldconf.distributions.value_questions import ValueQuestion
from fieldconf.parsing.grammar import decode
from fieldconf.parsing.parser import JSONParser
from fieldconf.schema import Declared, compile_schema
from fieldconf.tokens.alignment import AlignedStep


def steps_of(*pieces):
    """Steps of the text that the pieces spell; a piece is a text or (text, candidates' masses)."""
    parser, made = JSONParser(), []
    for index, piece in enumerate(pieces):
        text, masses = piece if isinstance(piece, tuple) else (piece, {piece: 1.0})
        before, start = parser.fork(), parser.offset
        parser.feed(text.encode())
        made.append(
            (
                AlignedStep(index, index, before, text.encode(), start),
                token(text, math.log(masses[text]), log(masses)),
            )
        )
    return made


def choices(steps, path, text, start, declared, *, level=None, compact=False):
    """The choices of these steps, with nothing read before."""
    target = ValueSite(path, level, compact, start, text)
    question = ValueQuestion(target, decode(text), declared, CandidateCache())
    tokens = {step.piece: token for step, token in steps}
    tree = grow(
        question, [step for step, _ in steps], lambda s: candidates_of(s.written, tokens[s.piece])
    )
    return list(map(open_value_step, tree.steps))


def judged(node, *pieces, text, first=1):
    """The choices made in writing ``text`` as the item of a list that the pieces spell."""
    declared = compile_schema({"items": node}).declared((0,))
    return choices(steps_of(*pieces)[first:], (0,), text.encode(), 1, declared)


STRING = Declared(kinds=frozenset({"string"}))
DATE = {"type": "string", "format": "date"}


def test_without_a_test_every_value_of_the_kind_is_possible():
    masses = {"1": 0.5, "zz": 0.3, '"': 0.1, "[": 0.1}
    made = choices(steps_of('["', ("1", masses), '"]')[1:], (0,), b'"1"', 1, STRING)
    assert made[0].agreeing == pytest.approx(0.5)
    assert made[0].possible == pytest.approx(1.0)  # the bracket is a letter here


def test_what_breaks_a_format_is_no_rival():
    """Letters, a thirteenth month and a closing quote before the day are off the schema."""
    masses = {"05": 0.4, "06": 0.1, "13": 0.2, "May": 0.2, '"]': 0.1}
    step = judged(DATE, '["2024-', ("05", masses), '-01"]', text='"2024-05-01"')[0]
    assert (step.agreeing, step.possible, step.off_schema) == pytest.approx((0.4, 0.5, 0.5))
    assert step.probability == pytest.approx(0.8)
    assert step.rivals == (Rival("06", pytest.approx(0.2)),)


def test_the_closing_quote_is_the_decision_to_stop():
    """With a least length, stopping early is no choice; with a longest, going on is none."""
    masses = {'"]': 0.6, "b": 0.4}
    pieces = ('["', "a", ('"]', masses))
    assert judged({"type": "string"}, *pieces, text='"a"')[1].probability == pytest.approx(0.6)
    steps = judged({"type": "string", "maxLength": 1}, *pieces, text='"a"')
    assert [step.token for step in steps] == [1]  # behind "a" nothing is left to choose
    masses = {"b": 0.4, '"]': 0.6}
    shortest = {"type": "string", "minLength": 2}
    step = judged(shortest, '["', "a", ("b", masses), '"]', text='"ab"')[1]
    assert (step.probability, step.off_schema) == pytest.approx((1.0, 0.6))


@pytest.mark.parametrize(
    ("masses", "agreeing", "rivals"),
    [
        ({"2": 0.5, "3": 0.3, "9": 0.2}, 0.5, ["3", "9"]),
        ({"2": 0.5, "25": 0.25, "]": 0.25}, 0.75, ["]"]),  # 12 is more than 1
        ({"2": 0.5, "5": 0.2, ".": 0.3}, 0.5, ["5", "."]),
    ],
)
def test_the_digit_where_mass_splits(masses, agreeing, rivals):
    """The step, and the digits that stood against it: 1, then 2 against others, then 5."""
    made = judged({"type": "number"}, "[", "1", ("2", masses), "5", "]", text="125")
    least = min(made, key=lambda step: step.probability)
    assert least.token == 2
    assert least.agreeing == pytest.approx(agreeing)
    assert {rival.text for rival in least.rivals} == set(rivals)
    assert sum(r.probability for r in least.rivals) == pytest.approx(1 - least.probability)


def test_what_leads_out_of_the_bounds_is_no_rival():
    """Of 10 to 50: after 4, a third digit is none, nor is a point in an integer, nor 4 alone."""
    node = {"type": "integer", "minimum": 10, "maximum": 500}
    masses = {"2": 0.3, "0": 0.1, "]": 0.2, ".5": 0.2, "2]": 0.1, "9999": 0.1}
    step = judged(node, "[", "4", ("2", masses), "]", text="42")[1]
    assert (step.agreeing, step.possible, step.off_schema) == pytest.approx((0.4, 0.5, 0.5))
    assert [rival.text for rival in step.rivals] == ["0"]


def test_a_candidate_that_begins_the_value():
    """White space says nothing yet; a bracket, a number and null are of other kinds."""
    masses = {'"2': 0.4, ' "2': 0.1, " ": 0.1, '"x': 0.1, "null": 0.1, "3": 0.1, "{": 0.1}
    made = judged(DATE, "[", ('"2', masses), '024-05-01"]', text='"2024-05-01"')
    assert (made[0].agreeing, made[0].possible) == pytest.approx((0.6, 0.6))
    nullable = {"anyOf": [DATE, {"type": "null"}, {"type": "object"}]}
    step = judged(nullable, "[", ('"2', masses), '024-05-01"]', text='"2024-05-01"')[0]
    assert [rival.text for rival in step.rivals] == ["null", "{"]


def test_what_was_written_counts_even_where_it_breaks_the_schema():
    step = judged(DATE, '["', ("x", {"x": 0.2, "2": 0.8}), '"]', text='"x"')[0]
    assert (step.agreeing, step.possible, step.off_schema) == pytest.approx((0.2, 1.0, 0.0))


def test_escapes_and_characters_in_parts_are_judged_too():
    node = {"type": "string", "pattern": "^[é-ü]{2}$"}
    masses = {"\\u00e9": 0.25, "é": 0.25, "\\u00": 0.25, "a": 0.125, '\\"': 0.125}
    step = judged(node, '["é', ("é", masses), '"]', text='"éé"')[0]
    assert (step.agreeing, step.possible) == pytest.approx((0.75, 0.75))


def test_rivals_are_the_likeliest_and_share_the_unseen():
    masses = {"a": 0.3, "b": 0.05, "c": 0.2, "d": 0.1, "e": 0.15, "\n": 0.1}  # 0.1 is unseen
    step = judged({"type": "string"}, '["', ("a", masses), '"]', text='"a"')[0]
    assert [rival.text for rival in step.rivals] == ["c", "e", "d"]
    assert len(step.rivals) == MOST_RIVALS
    whole = 0.8 + 0.1 * 0.8 / 0.9
    assert step.rivals[0].probability == pytest.approx(0.2 / whole)
    assert step.probability == pytest.approx(0.3 / whole)
    assert step.probability + sum(r.probability for r in step.rivals) <= 1


def test_what_may_stand_behind_the_value_is_judged_with_it():
    """Where the list ends and the grammar has no blanks, ``",`` and ``" ]`` are off the schema."""
    masses = {'"]': 0.4, '"': 0.1, '",': 0.2, '" ]': 0.2, "x y": 0.1}
    steps, text = steps_of('["a', ('"]', masses)), b'"a"'
    level = OpenLevel((), may_end=True, may_go_on=False)
    anything = choices(steps[1:], (0,), text, 1, STRING)[0]
    assert (anything.agreeing, anything.possible) == pytest.approx((0.9, 1.0))
    ended = choices(steps[1:], (0,), text, 1, STRING, level=level)[0]
    assert (ended.agreeing, ended.possible) == pytest.approx((0.7, 0.8))
    tight = choices(steps[1:], (0,), text, 1, STRING, level=level, compact=True)[0]
    assert (tight.agreeing, tight.possible) == pytest.approx((0.5, 0.6))


def test_a_token_that_ends_the_item_before():
    """What it would have written there is given; rivals are of this item only."""
    masses = {',"a': 0.4, ',"b': 0.3, '0,"a': 0.2, "]": 0.1}
    steps = steps_of("[1", (',"a', masses), '"]')
    step = choices(steps[1:], (1,), b'"a"', 3, STRING)[0]
    assert (step.agreeing, step.possible) == pytest.approx((0.4, 0.7))


def test_a_sure_step_has_no_rivals():
    made = judged(DATE, '["2024-01-01"', "]", text='"2024-01-01"', first=0)
    assert [step.rivals for step in made] == [()]


def test_what_ends_a_number_leaves_another_value():
    """`1,` is the number 1: a rival of 12, though the candidate adds nothing to it."""
    masses = {"2": 0.5, ",": 0.3, "]": 0.2}
    step = judged({"type": "number"}, "[", "1", ("2", masses), "]", text="12")[1]
    assert (step.agreeing, step.possible) == pytest.approx((0.5, 1.0))


@pytest.mark.parametrize(
    ("node", "may"),
    [
        ({"type": "integer"}, False),  # only zeros can follow
        ({"type": "number"}, True),
        ({"anyOf": [{"type": "number"}, {"type": "string", "format": "date"}]}, True),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, True),
    ],
)
def test_whether_a_number_may_differ_behind_its_point(node, may):
    assert others(888, compile_schema(node).root.declared)(b"888.") is may
