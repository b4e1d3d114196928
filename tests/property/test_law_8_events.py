"""Law 8, for events: whatever the chunks, events are what the report says, bit by bit."""

import json
from itertools import pairwise

import pytest
from answers import chunk, chunks, entry
from builders import plain
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_law_8_live import streams

from fieldconf.extraction.calls import prepare
from fieldconf.extraction.live_answer import LiveAnswer
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer


class Client:
    """Nobody is asked."""

    base_url = "https://localhost/v1"


def reading(schema=None, **options):
    return LiveAnswer(prepare(schema, "x", Client(), {"model": "m", **options}))


def events_of(made, one):
    return [event for piece in made for event in one.feed(piece)]


@settings(deadline=None)
@given(streams())
def test_fields_are_those_of_the_scorer_and_items_follow_theirs(made):
    """A field event for each field that closes; directly behind those of list elements an item."""
    events = events_of(made, one := reading())
    live = LiveScorer(compile_schema(None))
    fields = [field for piece in made for field in live.feed(piece)]
    assert [event.field for event in events if event.type == "field"] == fields
    for before, event in pairwise([None, *events]):
        if event.type == "item":
            assert before.type == "field"
            assert before.field is event.field
            assert event.index == event.path[-1]
    items = [event.field for event in events if event.type == "item"]
    assert items == [field for field in fields if field.path and isinstance(field.path[-1], int)]
    assert plain(one.end()) == plain(live.finish())


@st.composite
def texts(draw):
    """A string value, and its JSON text as tokens cut anywhere, several a chunk."""
    text = draw(st.text(st.sampled_from('aé🎉"\\\n\u2028'), max_size=12))
    raw = json.dumps({"t": text}, ensure_ascii=draw(st.booleans()))
    places = sorted(draw(st.sets(st.integers(1, len(raw) - 1), max_size=12)))
    pieces = [raw[a:b] for a, b in pairwise([0, *places, len(raw)])]
    return text, pieces


@settings(deadline=None)
@given(texts())
@example(("🎉", ['{"t":"\\ud83c', '\\udf89"}']))
@example(("🎉", ['{"t":"\\ud8', "3c\\udf", '89"', "}"]))
def test_a_growing_text_is_the_beginning_of_its_value(case):
    """What was added, put together, is the value so far; it never ends inside of a character."""
    text, pieces = case
    made = [chunk({"content": piece}, [entry(piece, 0.9)]) for piece in pieces]
    partial = [event for event in events_of(made, reading()) if event.type == "partial"]
    so_far = ""
    for event in partial:
        assert event.added
        so_far += event.added
        assert event.value == so_far
        assert event.pointer == "/t"
        assert event.confidence is None
    assert text.startswith(so_far)
    assert so_far.encode().decode() == so_far  # no half of a character


def test_two_texts_do_not_run_into_each_other():
    """One ends and the next begins within a chunk, the first inside of a character."""
    pieces = ['["a', "b\\ud83c", '\\udf89","c', 'd"]']
    made = [chunk({"content": piece}, [entry(piece, 0.9)]) for piece in pieces]
    partial = [event for event in events_of(made, reading()) if event.type == "partial"]
    assert [(e.pointer, e.added, e.value) for e in partial] == [
        ("/0", "a", "a"),
        ("/0", "b", "ab"),
        ("/1", "c", "c"),
    ]


@settings(deadline=None)
@given(streams(), st.integers(0, 5))
def test_what_was_read_before_a_stop_is_what_would_have_been_read(made, wanted):
    """Stopping changes nothing of what had come: events, and fields of the report."""
    seen = []

    def after_some(field):
        seen.append(field)
        return len(seen) > wanted

    one = reading(stop_when=after_some)
    events = []
    for piece in made:
        if one.stopped:
            break
        events += one.feed(piece)
    whole = events_of(made, reading())
    assert events == whole[: len(events)]
    fields = [event.field for event in events if event.type == "field"]
    report = one.end()
    assert one.stopped == (len(seen) > wanted)
    assert (report.stopped is not None) == one.stopped
    if one.stopped:
        assert len(fields) == wanted + 1
        assert report.stopped.pointer == fields[-1].pointer
    if report.owners:  # aligned: otherwise numbers are withdrawn
        kept = {field.path: field for field in fields}
        for path, field in kept.items():
            assert report[path].value == field.value
            assert report[path].confidence == field.confidence


LONG = 'a long text with an emoji 🎉 and a quote " in it ' * 200


@pytest.mark.parametrize("size", [1, 7])
def test_the_work_of_a_growing_text_does_not_grow_with_it(size):
    """Each character of it is given out once; nothing before is decoded again."""
    raw = json.dumps([LONG], ensure_ascii=False)
    made = chunks([(raw[i : i + size], 0.9, {}) for i in range(0, len(raw), size)])
    partial = [event for event in events_of(made, reading()) if event.type == "partial"]
    assert sum(len(event.added) for event in partial) == len(partial[-1].value)
    assert LONG.startswith(partial[-1].value)
    assert len(LONG) - len(partial[-1].value) <= size
