"""A draft in the reasoning is not the answer, whichever marks stand around it."""

import json
from dataclasses import replace

import pytest
from builders import chunks, entry, response
from hypothesis import example, given, settings
from hypothesis import strategies as st
from live import cut, report_of

import fieldconf as fc
from fieldconf.parsing.reasoning import FINAL, REASONING, answer_start
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
ANSWER = [entry('{"a":'), entry("1", -0.3, [("1", -0.3), ("2", -1.5)]), entry("}")]
ALONE = report_of(ANSWER, SCHEMA)

PAIRS = [(marks.opening.decode(), marks.closing.decode()) for marks in REASONING]
# What ends reasoning that nothing opened; what opens it, for those that need it.
BEGINNINGS = [
    *(("", marks.closing.decode()) for marks in REASONING if marks.stands_alone),
    *(("", mark.decode()) for mark in FINAL),
]
TO_FINAL = "<|start|>assistant<|channel|>final<|message|>"

DRAFTS = st.lists(
    st.sampled_from([
        '{"a":2}', '{"a": 2, ...}', "[1]", '[{"a":2}', "{see", "null", "12", "so ", "\n", "é", "a]",
        '"a"', "{} ", "<b>", "[x",
    ]),
    max_size=4,
).map("".join)  # fmt: skip
BETWEEN = st.sampled_from(["", "\n", "\n\n", "```json\n", "So: "])
CUTS = st.lists(st.integers(0, 200), max_size=30)
SIZES = st.lists(st.integers(1, 4), max_size=20)


def same_answer(report):
    """Whether a report says of the answer's value what that of the answer alone says."""
    names = ("value", "logprob", "confidence", "low", "high", "flags")
    own, other = report["/a"], ALONE["/a"]
    alike = replace(own.distribution, decided_at=other.distribution.decided_at)
    return alike == other.distribution and [getattr(own, name) for name in names] == [
        getattr(other, name) for name in names
    ]


@settings(deadline=None)
@given(
    st.sampled_from(PAIRS + BEGINNINGS), DRAFTS, st.integers(1, 3), BETWEEN, CUTS, SIZES
)  # fmt: skip
@example(("", "</think>"), 'So {"a":2} is a start. ', 1, "\n\n", [], [])
@example(("<thought>", "</thought>"), 'So {"a":2}.', 1, "\n", [3, 9], [2])
@example(("[THINK]", "[/THINK]"), '{"a":2}', 1, "", list(range(30)), [])
@example(("<reasoning>", "</reasoning>"), '{"a":2}', 3, "", [], [1])
@example(("<|channel|>analysis", "<|end|>"), '<|message|>{"a":2}', 2, TO_FINAL, [], [])
def test_a_draft_is_not_the_answer(marks, draft, times, between, places, sizes):
    """What is accepted, and each of its numbers, is that of the answer alone."""
    opening, closing = marks
    report = report_of(
        [*cut((opening + draft + closing) * times + between, places), *ANSWER], SCHEMA, sizes
    )
    assert report.status == "complete"
    assert report.data == {"a": 1}
    assert report.flags == ()
    assert same_answer(report)


@settings(deadline=None)
@given(st.sampled_from(PAIRS), st.sampled_from(['["', '{"a": "', "```\n["]), CUTS, SIZES)
def test_a_draft_that_does_not_end(marks, draft, places, sizes):
    """Between two marks nothing is read, so that a string which is left open does no harm."""
    opening, closing = marks
    report = report_of([*cut(opening + draft + closing, places), *ANSWER], SCHEMA, sizes)
    assert same_answer(report)


# -- fixed examples -----------------------------------------------------------------------------


def test_the_answer_does_not_stand_before_the_mark():
    """A draft, the end of reasoning, and no answer: the draft is not given for one."""
    for text, finish, status in [
        ('{"a":2} or so</think>', "stop", "malformed"),
        ('{"a":2} or so</think>\n', "length", "truncated"),
        ('{"a":2} or so</think>\n{"a":', "length", "truncated"),
    ]:
        report = report_of(["So ", text], SCHEMA, finish_reason=finish)
        assert (report.status, report.value) == (status, None)
        assert "/a" not in report.fields or report["/a"].value is None
        assert report.accepted == {}


def test_a_mark_inside_of_a_value_is_a_part_of_it():
    text = '{"a": 1, "b": "</think>", "c": "[/THINK]<think>"}'
    assert report_of([c.encode() for c in text], SCHEMA).data == json.loads(text)


def test_reasoning_behind_the_answer_changes_nothing():
    for more in ["<think>why [2]</think>", "\nReason: <reasoning>{}</reasoning>", "<thought>{"]:
        report = report_of([*ANSWER, more], SCHEMA)
        assert (same_answer(report), report.flags) == (True, ())


def test_a_text_may_mention_a_mark():
    report = report_of(["I write no <think> here: ", *ANSWER], SCHEMA)
    assert same_answer(report)


def test_a_stream_takes_the_draft_back():
    """A field of the draft is given out, as nothing speaks against it yet; then the answer's."""
    live = LiveScorer(compile_schema(SCHEMA))
    entries = [entry('{"a":'), entry("2"), entry("}"), entry(" hm </think>"), *ANSWER]
    seen = [field for one in chunks(entries) for field in live.feed(one)]
    values = [field.value for field in seen if field.pointer == "/a"]
    assert values == [2, 1]
    assert live.finish()["/a"].value == 1


def test_a_draft_and_the_answer_in_one_token():
    token = [entry('{"a":2} hm </think> {"a":1}', -0.3)]
    report = report_of(token, SCHEMA)
    assert (report["/a"].value, report["/a"].logprob) == (1, -0.3)


LISTED = [
    ["<think>", "hm", "</think>", "\n\n"],
    ["hm {", "</think>"],
    ["<|channel|>", "analysis", "<|message|>", '{"a":', "2", "}", "<|end|>", "<|start|>", "final"],
]


@pytest.mark.parametrize("end", ["<turn|>", "<seed:eos>", "[e~[", "</s>", "<|whatever|>"])
@pytest.mark.parametrize("before", LISTED, ids=repr)
def test_tokens_of_reasoning_and_an_end_mark_that_the_content_lacks(before, end):
    """What the content lacks at either end of the tokens is outside of the answer."""
    made = response([*map(entry, before), *ANSWER, entry(end)], content='{"a":1}')
    report = fc.score(made, SCHEMA)
    assert (report.status, same_answer(report)) == ("complete", True)
    assert report.owners[: len(before)] == ("outside",) * len(before)
    assert report.owners[-1] == "outside"


def test_a_last_token_that_is_no_mark_is_not_left_out():
    """Else a number's end would be cut off, and a draft taken for the answer."""
    made = response([entry("x"), entry("1"), entry("2")], content="1")
    report = fc.score(made, {"type": "integer"})
    assert report.status == "unaligned"


def test_reasoning_wrapped_with_each_chunk():
    """The wrappers are in no token; the tokens of reasoning have marks of their own."""
    before = [
        "<|channel|>",
        "analysis",
        "<|message|>",
        "It",
        " smells",
        " sweet",
        "<|end|>",
        "final",
    ]
    content = '<reasoning>It smells</reasoning><reasoning> sweet</reasoning>{"a":1}'
    report = fc.score(response([*map(entry, before), *ANSWER], content=content), SCHEMA)
    assert (report.status, same_answer(report)) == ("complete", True)


@pytest.mark.parametrize("marks", PAIRS + BEGINNINGS, ids=repr)
def test_a_label_behind_reasoning(marks):
    """The same of an answer that is a label: a draft of another label is none."""
    opening, closing = marks
    text = f"{opening}work? No.{closing}\n"
    assert answer_start(text.encode()) == len(text.encode())
    spam = entry("spam", -0.3, [("spam", -0.3), ("work", -1.5)])
    report = fc.classify(response([entry(text), spam]), ["spam", "work"])
    assert (report.value, report[""].logprob) == ("spam", -0.3)
