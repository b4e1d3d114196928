"""Law 9, of streams: a chunk costs the same, however much came before; and so does what is held.

Counted, not timed: the function calls that a chunk needs, and the tokens that are held.
"""

import asyncio
import json
import sys
from inspect import isawaitable
from itertools import pairwise

import pytest
from answers import chunk, entry
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from test_law_8_live import streams

import fieldconf as fc
from fieldconf import strategies
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer
from fieldconf.scoring.stream_buffer import LOST, StreamBuffer
from fieldconf.scoring.window import TokenWindow
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient

ITEM = ['{"', "name", '":"', "Ann", " Lee", '","', "age", '":', "41", ', "', "ok", '": ', "true"]


def items(count):
    """A list of many equal items, a token a chunk; no two chunks are equal to the last digit."""
    pieces = ["[", *[p for i in range(count) for p in [*ITEM, "}]" if i == count - 1 else "},"]]]
    texts = [chunk({"role": "assistant", "content": ""}, [])]
    made = [
        chunk({"content": p}, [entry(p, 0.9 - i / len(pieces) / 9, {"zz": 0.01})])
        for i, p in enumerate(pieces)
    ]
    return [*texts, *made, chunk({}, None, "stop")]


def live(made, **options):
    """The fields of a stream, and its scorer."""
    scorer = LiveScorer(compile_schema(None), **options)
    return [field for one in made for field in scorer.feed(one)], scorer


# -- without its tokens, a report is the same -----------------------------------------------------


@settings(deadline=None)
@given(streams())
@example([chunk({"content": "[1"}, [entry("[1", 0.5)]), chunk({"content": ",2]"}, None)])
@example(  # a token before its text, and at the end a text without tokens
    [
        chunk({"content": ""}, [entry("[", 0.5)]),
        chunk({"content": "["}, []),
        chunk({"content": "]"}, None),
        chunk({}, None, "stop"),
    ]
)
@example(  # the text goes on where the tokens end, and both are cut off
    [
        chunk({"content": ""}, [entry('{"a": 1', 0.5)]),
        chunk({"content": '{"a": 1, "b": 2}'}, None),
        chunk({}, None, "length"),
    ]
)
@example([chunk({"content": "🎉"}, [entry("\ufffd", 0.5) | {"bytes": [159, 142, 137]}])])
def test_a_report_without_tokens_says_what_the_other_does(made):
    """Whatever the cuts; unless what is needed for it was dropped, and then it says that."""
    every, whole = live(made)
    fields, scorer = live(made, keep="fields")
    wanted, report = whole.finish(), scorer.finish()
    assert [one.to_dict() for one in fields] == [one.to_dict() for one in every]
    assert (report.tokens, report.owners) == ((), ())
    assert not any(field.tokens or field.indexes for field in report.fields.values())
    if LOST in (report.reason, *(field.reason for field in report.fields.values())):
        assert report.data == wanted.data
        assert all(field.confidence is None for field in report.leaves.values())
    else:
        assert report.to_dict() == wanted.to_dict()
        assert report.text == wanted.text


@settings(deadline=None)
@given(strategies.completions(), st.data())
def test_nothing_is_lost_where_tokens_spell_the_text(case, data):
    """Of a stream as servers send it, in any cuts, all numbers are there."""
    made = data.draw(strategies.streams(case))
    schema = compile_schema(case.schema)
    reports = []
    for keep in ("all", "fields"):
        scorer = LiveScorer(schema, keep=keep)
        for one in made:
            scorer.feed(one)
        reports.append(scorer.finish())
    whole, report = reports
    assert report.to_dict() == whole.to_dict()
    assert report.value == whole.value


def test_what_comes_after_the_dropped_and_does_not_fit_withdraws_the_numbers():
    """Without the tokens it cannot be told which fit; the report says how to keep them."""
    made = [
        chunk({"content": "[1,"}, [entry("[1", 0.5), entry(",", 0.5)]),
        chunk({"content": "2]"}, [entry("zz", 0.5)]),
        chunk({}, None, "stop"),
    ]
    fields, scorer = live(made, keep="fields")
    report = scorer.finish()
    assert [field.pointer for field in fields] == ["/0"]
    assert (report.status, report.reason, report.data) == ("no_logprobs", LOST, [1, 2])


# -- what is held ---------------------------------------------------------------------------------


def most_held(count):
    """The most that is held of tokens and of chunks, at any time."""
    scorer = LiveScorer(compile_schema(None), keep="fields")
    came = scorer._came
    held = []
    for one in items(count):
        scorer.feed(one)
        held.append((came.tokens.held, len(came._deltas), len(came._run.tokens)))
    return [max(column) for column in zip(*held, strict=True)]


def test_what_is_held_does_not_grow_with_the_answer():
    """Only tokens since the last value that closed; and what the first chunks said of all."""
    few = most_held(5)
    assert few[0] <= len(ITEM)
    assert most_held(500) == few


def test_of_what_was_dropped_the_number_is_left_or_the_reason():
    tokens = TokenWindow()
    known = live(items(1))[1].finish().tokens
    unknown = known[0]._replace(logprob=None, note="was not scored")
    tokens.extend([*known, unknown, *known])
    tokens.drop(len(known) + 3)
    assert [token.logprob for token in tokens] == [
        token.logprob for token in (*known, unknown, *known)
    ]
    assert tokens[len(known)] == unknown._replace(candidates=())
    assert (tokens[-1], tokens[len(known) + 3 :]) == (known[-1], [*known[2:]])
    assert tokens.held == len(known) - 2


# -- what a chunk costs ---------------------------------------------------------------------------


def calls_of(made):
    """How many functions are called for each chunk, until the text has its tokens."""
    came, counts = StreamBuffer(), []

    def note(_frame, event, _argument):
        if event in ("call", "c_call"):
            counts[-1] += 1

    for one in made:
        counts.append(0)
        sys.setprofile(note)
        try:
            came.take(one)
            while came.following() is not None:
                pass
        finally:
            sys.setprofile(None)
    return counts


def test_a_chunk_costs_the_same_however_many_were_before_it():
    counts = calls_of(items(60))[1:-1]
    period = len(ITEM) + 1
    assert counts[1 + period : 1 + 2 * period] == counts[-period - 1 : -1]


@pytest.mark.parametrize("keep", ["all", "fields"])
def test_text_may_come_long_before_its_tokens(keep):
    """All text first, then the tokens: nothing is lost or given out twice."""
    made = items(3)
    text = "".join(one["choices"][0]["delta"].get("content", "") for one in made)
    late = [
        chunk({"content": text}, None),
        *[chunk({}, one["choices"][0]["logprobs"]["content"]) for one in made[1:-1]],
        made[-1],
    ]
    fields, scorer = live(late, keep=keep)
    wanted, whole = live(made)
    assert [one.to_dict() for one in fields] == [one.to_dict() for one in wanted]
    assert scorer.finish().to_dict() == whole.finish().to_dict()
    assert json.loads(text) == whole.data


def test_paths_of_fields_are_in_the_order_of_the_text():
    fields, _ = live(items(4), keep="fields")
    assert all(a.stop <= b.stop for a, b in pairwise(fields))


# -- as an option ---------------------------------------------------------------------------------


class Mood(BaseModel):
    """What is asked for."""

    happy: bool
    why: str


ANSWER = Answer(Mood(happy=True, why="The sun shines, and there is cake."), {"happy": 0.8})


async def asked(face, client, **options):
    """The report by any of the four faces."""
    found = face(Mood, "How is she?", client=client, model="m", **options)
    if face is fc.astream:
        return await found.finish()
    return await found if isawaitable(found) else found.report if face is fc.stream else found


@pytest.mark.parametrize("face", [fc.extract, fc.stream, fc.aextract, fc.astream])
@pytest.mark.parametrize("stop", [None, fc.StopWhen("happy", value=False)])
def test_every_face_can_leave_the_tokens_out(face, stop):
    """Streamed (always where there is a rule) or not: the same but for the tokens."""
    client = (AsyncFakeClient if face in (fc.aextract, fc.astream) else FakeClient)(ANSWER)
    every, fields = (
        asyncio.run(asked(face, client, stop_when=stop, keep=keep)) for keep in ("all", "fields")
    )
    assert every.tokens
    assert fields.tokens == fields["happy"].tokens == ()
    assert (fields.to_dict(), fields.value) == (every.to_dict(), every.value)


def test_settling_needs_the_tokens_up_to_the_end():
    """They are left out of the report only."""
    schema = compile_schema(Mood)
    scorer = LiveScorer(schema, keep="fields", settle=fc.Settle())
    for one in FakeClient(ANSWER).chat.completions.create(
        messages=[], model="m", stream=True, logprobs=True, top_logprobs=5
    ):
        scorer.feed(one)
    assert scorer._came.tokens
    assert not isinstance(scorer._came.tokens, TokenWindow)
    assert scorer.finish(settle=False).tokens == ()


def test_what_is_kept_is_one_of_two():
    with pytest.raises(fc.RequestError, match="keep"):
        fc.stream(Mood, "x", client=FakeClient(ANSWER), model="m", keep="none")
