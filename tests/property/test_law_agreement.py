"""Laws of agreement: what most of several answers say does not depend on how it is looked at."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fieldconf.agreement.agree import agree
from fieldconf.agreement.equivalence import normal, same_value
from fieldconf.agreement.pairing import Pairing, tree_of
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.strategies import instances, schemas
from fieldconf.tokens.token import Completion

# Few values, many of which say the same as another: ties and near misses are the rule.
SCALARS = st.sampled_from(
    ["a", "A.", "b", " b ", "“b”", "", "?", 1, 1.0, 2, -0.0, 0, True, False, None, "1",
     "2026-03-01", "2026-03-01T12:00Z", "2026-03-01 13:00+01:00", "03/04/2026"]
)  # fmt: skip
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=10,
)
# Items that share some of their leaves with many others.
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={key: st.integers(1, 2) for key in "abc"}),
    min_size=1, max_size=4,
)  # fmt: skip
LISTS = st.lists(st.sampled_from(["a", "b", "c", 1, None]), max_size=5)


def report_of(text, schema=None):
    """The report of an answer without logprobs; JSON text that may be cut off."""
    made = Completion(text, None, finish_reason="stop")
    return score_completion(made, compile_schema(schema).as_requested)


def written(value):
    return json.dumps(value)


@st.composite
def answers(draw):
    """Answers to one question: variations of a few documents, some of them cut off."""
    pool = draw(st.lists(DOCUMENTS | ROWS, min_size=1, max_size=3))
    made = []
    for _ in range(draw(st.integers(1, 6))):
        text = written(draw(variations(draw(st.sampled_from(pool)))))
        if draw(st.integers(0, 5)) == 0:
            text = text[: draw(st.integers(0, len(text)))]
        made.append(text)
    return made


@st.composite
def variations(draw, value):
    """A document with some of its leaves changed, keys left out and items moved."""
    if isinstance(value, list):
        kept = [draw(variations(item)) for item in value if draw(st.integers(0, 5))]
        return draw(st.permutations(kept))
    if isinstance(value, dict):
        kept = [key for key in value if draw(st.integers(0, 5))]
        return {key: draw(variations(value[key])) for key in draw(st.permutations(kept))}
    return value if draw(st.integers(0, 3)) else draw(SCALARS)


def plain(report):
    """What must not depend on the order of the answers."""
    fields = {
        name: (one.value, one.agreement, one.confidence, one.low, one.high, one.basis,
               Counter(map(repr, one.readings)))
        for name, one in report.fields.items()
    }  # fmt: skip
    return report.status, repr(report.value), repr(report.data), report.errors, fields


# -- agreement ----------------------------------------------------------------------------------


@given(answers(), st.randoms(use_true_random=False))
@example(['["a"]', '["b"]', '["c"]'], None)
@example(['{"a": [1, 2', '{"a": [1, 2]}', '{"a": 3}'], None)
@example(['[{"a": 1, "b": 2}]', '[{"a": 1, "b": 3}]', '[{"b": 2}, {"a": 1}]'], None)
def test_the_order_of_the_answers_changes_nothing(texts, random):
    """Agreement is invariant under the order of samples: values and agreement per field."""
    reports = [report_of(text) for text in texts]
    expected = plain(agree(reports))
    moved = list(reversed(reports))
    assert plain(agree(moved)) == expected
    if random is not None:
        random.shuffle(moved)
        assert plain(agree(moved)) == expected


@given(st.lists(ROWS, min_size=2, max_size=5), st.permutations(range(5)), st.data())
def test_neither_order_decides_which_items_are_one(lists, order, data):
    """Where several pairs of items share as much, their content decides which are one item."""
    reports = [report_of(written(rows)) for rows in lists]
    expected = agree(reports)
    moved = agree([reports[at] for at in order if at < len(reports)])
    assert plain(moved) == plain(expected)
    shuffled = agree([report_of(written(data.draw(st.permutations(rows)))) for rows in lists])
    assert said(shuffled) == said(expected)


def said(report):
    """How often which value stands where, and who agrees; not at which index of a list."""
    return Counter(
        (tuple("#" if isinstance(step, int) else step for step in one.path),
         normal(one.value), one.agreement)
        for one in report.fields.values()
    )  # fmt: skip


@given(answers(), st.data())
@example(["[1, 2]", "[2, 1]", "[2, 3]"], None)
def test_where_an_item_stands_in_its_list_changes_nothing(texts, data):
    """List items are matched by content, not position."""
    assume(all(_is_json(text) for text in texts))
    values = [json.loads(text) for text in texts]
    moved = [_reversed(v) if data is None else data.draw(_moved(v)) for v in values]
    before = agree([report_of(written(value)) for value in values])
    after = agree([report_of(written(value)) for value in moved])
    assert said(after) == said(before)


def _is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _reversed(value):
    return value[::-1] if isinstance(value, list) else value


@st.composite
def _moved(draw, value):
    if isinstance(value, list):
        return draw(st.permutations([draw(_moved(item)) for item in value]))
    if isinstance(value, dict):
        return {key: draw(_moved(item)) for key, item in value.items()}
    return value


@given(DOCUMENTS, st.integers(1, 5))
def test_equal_answers_agree_everywhere(value, count):
    """n samples that are the same: the share is 1 at every field, and the value is theirs."""
    one = report_of(written(value))
    made = agree([one] * count)
    assert repr(made.data) == repr(one.data)
    for field in made.fields.values():
        assert (field.agreement.count, field.agreement.of) == (count, count)
        assert field.confidence == 1


@given(answers())
def test_every_number_is_what_it_says(texts):
    """low <= share <= high; the readings that agree are those that are counted."""
    made = agree([report_of(text) for text in texts])
    for field in made.fields.values():
        if field.agreement is None:  # what did not close
            assert "truncated" in field.flags
            continue
        agreement = field.agreement
        assert 0 <= agreement.low <= agreement.share <= agreement.high <= 1
        assert agreement.of == len(texts)
        if field.is_leaf:
            assert sum(one.agrees for one in field.readings) == agreement.count
            for one in field.readings:
                assert not one.agrees or same_value(one.value, field.value)
        if field.basis == "agreement":
            assert field.confidence == agreement.share


@given(answers())
def test_a_leaf_has_a_value_that_an_answer_has(texts):
    """No value that no answer has at its place: each leaf is somebody's reading."""
    made = agree([report_of(text) for text in texts])
    for field in made.leaves.values():
        if field.agreement is not None and field.kind not in ("object", "array"):
            assert field.agreement.count >= 1


@given(st.data())
def test_a_whole_keeps_to_its_schema_if_an_answer_does(data):
    """The merged whole validates, or one that does is taken."""
    schema = data.draw(schemas())
    values = data.draw(st.lists(instances(schema), min_size=1, max_size=5))
    reports = [report_of(written(value), schema) for value in values]
    assume(any(not one.errors for one in reports))
    assert agree(reports).errors == ()


# -- against slow, obvious versions ---------------------------------------------------------------


@given(st.lists(LISTS, min_size=1, max_size=7).filter(lambda lists: len(lists) % 2))
def test_a_list_of_scalars_has_what_most_lists_have(lists):
    """A copy of an item stands in the list if more than half of the lists have so many of it."""
    keys = [Counter(map(normal, one)) for one in lists]
    expected = Counter()
    for key in set().union(*keys):
        while 2 * sum(one[key] > expected[key] for one in keys) > len(keys):
            expected[key] += 1
    made = agree([report_of(written(one)) for one in lists])
    found = Counter(map(normal, made.data))
    if expected.total() or 2 * sum(map(bool, lists)) < len(lists):
        assert found == expected
    else:  # no item has a majority, but most lists have items: one of the lists
        assert found in keys
        assert found
    same = sum(one == found for one in keys)
    assert made[""].agreement.count == same


@given(LISTS, LISTS)
def test_lists_of_scalars_share_what_both_have(one, other):
    """As many as the intersection of the multisets has."""
    trees = [tree_of(report_of(written(value))) for value in (one, other)]
    both = Counter(map(normal, one)) & Counter(map(normal, other))
    is_empty = not one and not other  # an empty list is a leaf of its own
    assert Pairing().shared(*trees) == (1 if is_empty else both.total())


@given(st.lists(st.fixed_dictionaries({"a": SCALARS, "b": SCALARS}), min_size=1, max_size=7))
def test_a_field_has_the_value_that_most_answers_have(values):
    """Per field the most frequent normalised value, where there is one such."""
    made = agree([report_of(written(value)) for value in values])
    for key in "ab":
        counts = Counter(normal(value[key]) for value in values).most_common()
        best, count = counts[0]
        assert made[key].agreement.count == count
        if len(counts) == 1 or counts[1][1] < count:
            assert normal(made[key].value) == best


# -- what says the same -------------------------------------------------------------------------

TEXTS = st.text(st.sampled_from("aAß .\"'!1,é\u00a0ﬁﬃ０İ"), max_size=6)  # noqa: RUF001
VALUES = st.one_of(SCALARS, TEXTS, st.floats(), st.integers(), st.text(max_size=5), DOCUMENTS)
DECLARED = [
    None, {"type": "number"}, {"type": ["number", "string"]}, {"type": "string"},
    {"type": "string", "format": "date-time"}, {"type": "string", "pattern": "a"},
    {"enum": ["a", "A.", 1, None]}, {"type": "string", "format": "time"},
]  # fmt: skip


@given(VALUES, VALUES, VALUES, st.sampled_from(DECLARED))
@example("a", "A.", " a", None)
@example("1.0", 1, "1e0", {"type": ["number", "string"]})
def test_to_say_the_same_is_an_equivalence(one, other, third, schema):
    """Reflexive, symmetric and transitive, for every declaration."""
    declared = compile_schema(schema).root.declared
    assert same_value(one, one, declared)
    assert same_value(one, other, declared) == same_value(other, one, declared)
    if same_value(one, other, declared) and same_value(other, third, declared):
        assert same_value(one, third, declared)


@given(TEXTS | st.text(), st.sampled_from([str.upper, str.strip, lambda t: f"  {t}\n"]))
def test_case_and_white_space_do_not_count(text, change):
    """But where an upper case stands for two letters (the dotless i of Turkish)."""
    assume(change is not str.upper or text.upper().casefold() == text.casefold())
    assert same_value(text, change(text))


@given(DOCUMENTS, st.data())
def test_the_order_of_items_and_keys_does_not_count(value, data):
    assert same_value(value, data.draw(_moved(value)))


@given(st.integers() | st.floats(allow_nan=False), st.integers() | st.floats(allow_nan=False))
def test_numbers_are_the_same_by_value(one, other):
    """As Python compares integers and floats: exactly."""
    assert same_value(one, other) == (one == other)


@pytest.mark.parametrize("depth", [50, 900])
def test_depth_is_no_limit(depth):
    """What is nested deeper than one looks is compared as a whole."""
    texts = ["[" * depth + inner + "]" * depth for inner in ("1", "1.0", "2")]
    made = agree([report_of(text) for text in texts])
    assert (made[""].agreement.count, made[""].agreement.of) == (2, 3)
    other = agree([replace(report_of(text)) for text in reversed(texts)])
    assert [one.agreement for one in other.fields.values()] == [
        one.agreement for one in made.fields.values()
    ]
