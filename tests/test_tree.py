"""The tree: values as they come."""

import json
import sys

from hypothesis import given, settings
from json_texts import MUTATED, loads
from oracles_json import read

from fieldconf.parsing.parser import JSONParser, parse
from fieldconf.parsing.values import ValueBuilder


def taken(events) -> ValueBuilder:
    tree = ValueBuilder()
    for event in events:
        tree.take(event)
    return tree


def test_the_last_of_repeated_keys_stays_where_the_first_was():
    text = b'{"a": 1, "b": 2, "a": {"c": 3}}'
    assert json.dumps(taken(parse(text)).root) == json.dumps(loads(text))


def test_value_is_what_closed_last():
    tree, closed = ValueBuilder(), []
    for event in parse(b'[1, {"a": "b"}, []]'):
        tree.take(event)
        if event.type in ("scalar", "close"):
            closed.append(tree.value)
    assert closed == [1, "b", {"a": "b"}, [], [1, {"a": "b"}, []]]


def test_a_truncated_text_has_the_values_that_closed():
    parser = JSONParser()
    assert taken(parser.feed(b'{"a": [1, {"b": null, "c": "trunc')).root == {"a": [1, {"b": None}]}


def test_no_events_no_value():
    assert (ValueBuilder().root, ValueBuilder().value) == (None, None)


def test_deeper_than_the_interpreters_stack():
    assert sys.getrecursionlimit() < 3_000
    depth = 3_000
    tree = taken(parse(b"[" * depth + b"]" * depth, max_depth=depth))
    seen, value = 0, tree.root
    while value:
        seen, value = seen + 1, value[0]
    assert seen == depth - 1


@settings(deadline=None, max_examples=60)
@given(MUTATED)
def test_of_any_text_the_root_is_the_last_value_to_close(text):
    reading = read(text)
    parser = JSONParser()
    tree = taken(parser.feed(text) + parser.close())
    if reading.values:
        assert repr(tree.value) == repr(reading.values[-1].value)
    if reading.problem is None:
        assert repr(tree.root) == repr(reading.values[-1].value)
