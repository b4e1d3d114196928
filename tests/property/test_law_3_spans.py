"""Law 3: for every leaf, ``json.loads(bytes[start:stop])`` equals the value at its path."""

import functools
import operator

from hypothesis import example, given, settings
from json_texts import ANSWERS, DOCUMENTS, MUTATED, loads
from oracles_json import find, read

from fieldconf.parsing.finder import Finder
from fieldconf.parsing.grammar import decode
from fieldconf.parsing.parser import JSONParser, parse
from fieldconf.parsing.values import ValueBuilder


def closed(events):
    """Path, start, stop and value of each value that closed, as the tree gives it."""
    tree, values = ValueBuilder(), []
    for event in events:
        if event.path == () and event.type in ("open", "scalar"):
            tree = ValueBuilder()  # what came before was a draft
        tree.take(event)
        if event.type in ("scalar", "close"):
            values.append((event.path, event.start, event.stop, repr(tree.value)))
    return values


def expected(reading):
    return [(found.path, found.start, found.stop, repr(found.value)) for found in reading.values]


@settings(deadline=None, max_examples=150)
@given(DOCUMENTS)
@example(b'{"a": 1, "a": [2]}')
@example(b'"\\ud83d\\ude00 \\ud83d \\ude00\\ud83d"')
@example(b"[-0, -0.0, 0e0, 1E400, 1e-400]")
def test_a_span_spells_its_value(text):
    """Law 3: ``json.loads(bytes[start:stop])`` equals the value at its path."""
    events = parse(text)
    assert closed(events) == expected(read(text))
    for path, start, stop, value in closed(events):
        assert repr(loads(text[start:stop])) == value, path
    for event in events:
        if event.type in ("key", "scalar"):
            assert event.raw == text[event.start : event.stop]
            assert repr(decode(event.raw)) == repr(loads(event.raw))
        if event.type == "key":
            assert decode(event.raw) == event.path[-1]


@settings(deadline=None, max_examples=100)
@given(DOCUMENTS)
def test_a_path_leads_to_its_value(text):
    """Law 3, from the root: of repeated keys the last one's value stands at the path."""
    events = parse(text)
    root = loads(text)
    last = {event.path: event for event in events if event.type in ("scalar", "close")}
    keys = [event.path for event in events if event.type == "key"]
    if len(keys) == len(set(keys)):
        for path, event in last.items():
            value = functools.reduce(operator.getitem, path, root)
            assert repr(value) == repr(loads(text[event.start : event.stop]))


@settings(deadline=None, max_examples=100)
@given(MUTATED)
def test_values_before_an_error_are_those_of_the_oracle(text):
    """Law 3 for what a broken or truncated text had closed before it broke."""
    parser = JSONParser()
    assert closed(parser.feed(text) + parser.close()) == expected(read(text))


@settings(deadline=None, max_examples=150)
@given(ANSWERS)
@example(b'{"{{":{"{{":{"{{":x [1]')  # attempts inside of keys, and containers passed over
@example(b'{"":""</thought>{')  # a draft that the end of reasoning breaks off
@example(b'{":{":{":{":{":x [{"a":1}]')  # two attempts, each inside the other's keys
def test_values_inside_of_other_text_are_those_of_the_oracle(text):
    """Law 3 for the finder: offsets count over the whole text."""
    finder = Finder()
    events = finder.feed(text) + finder.close()
    reading = find(text)
    assert list(map(tuple, events)) == reading.events
    assert closed(events) == expected(reading)
    for _, start, stop, value in closed(events):
        assert repr(loads(text[start:stop])) == value


@settings(deadline=None, max_examples=60)
@given(ANSWERS)
def test_offsets_move_with_the_start(text):
    """Law 3 for a parser that begins elsewhere: spans shift, nothing else does."""
    moved = JSONParser(offset=1000)
    events = moved.feed(text) + moved.close()
    here = JSONParser()
    assert [
        event._replace(start=event.start - 1000, stop=event.stop - 1000) for event in events
    ] == (here.feed(text) + here.close())
    assert moved.offset - 1000 == here.offset
