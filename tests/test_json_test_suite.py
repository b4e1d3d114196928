"""JSONTestSuite: 95 texts are JSON, 188 are not, at 35 the standard leaves the choice."""

import runpy
from pathlib import Path

import pytest
from builders import JSON_TEST_SUITE
from json_texts import byte_by_byte, loads, run
from oracles_json import read

from fieldconf.parsing.parser import JSONParser
from fieldconf.parsing.values import ValueBuilder

PROJECT = Path(__file__).parents[1]
FILES = sorted(JSON_TEST_SUITE.glob("*.json"))

needs_suite = pytest.mark.corpora(JSON_TEST_SUITE)


def files(first):
    """Run the test below on each file whose name begins so."""
    chosen = [file for file in FILES if file.name.startswith(first)]
    each = pytest.mark.parametrize("file", chosen, ids=[file.stem for file in chosen])
    return lambda test: needs_suite(each(test))


def root_of(events):
    tree = ValueBuilder()
    for event in events:
        tree.take(event)
    return tree.root


@needs_suite
def test_the_suite_is_whole():
    assert [sum(file.name[0] == first for file in FILES) for first in "yni"] == [95, 188, 35]


@files("y")
def test_accepted(file):
    text = file.read_bytes()
    events, error = run(JSONParser(), [text])
    assert error is None
    assert repr(root_of(events)) == repr(loads(text))
    assert run(JSONParser(), byte_by_byte(text)) == (events, None)


@files("n")
def test_rejected(file):
    text = file.read_bytes()
    whole = run(JSONParser(), [text])
    assert whole[1] is not None
    assert run(JSONParser(), byte_by_byte(text)) == whole
    if len(text) < 10_000:  # two files nest 50,000 and 100,000 deep: too deep for the oracle
        assert whole[1][1] == read(text).offset


@files("i")
def test_left_open(file):
    text = file.read_bytes()
    events, error = run(JSONParser(), [text])
    assert run(JSONParser(), byte_by_byte(text)) == (events, error)
    if error is None:
        assert repr(root_of(events)) == repr(loads(text))


@files(("y", "i"))
def test_every_prefix(file):
    """All prefixes of all these texts (the longest has 1,000 bytes, so none is left out)."""
    text = file.read_bytes()
    whole, _ = run(JSONParser(), [text])
    parser, seen = JSONParser(), []
    for position, byte in enumerate(byte_by_byte(text)):
        again = JSONParser()
        assert again.feed(text[:position]) == seen == whole[: len(seen)]
        last = again.close()
        # At the root alone, the end of the text ends a number, too.
        assert not last or (last[0].path, last[0].raw) == ((), text[:position].strip())
        assert last or again.done or again.error is not None
        seen += parser.feed(byte)
    assert seen + parser.close() == whole


@pytest.mark.parametrize("count", [50_000, 100_000])
def test_nesting_as_deep_as_the_deepest_files(count):
    _, error = run(JSONParser(), [b"[" * count])
    assert error == ("nested deeper than 1024", 1024)


@needs_suite
def test_the_page_of_verdicts_is_up_to_date():
    made = runpy.run_path(str(PROJECT / "docs" / "generate_json_verdicts.py"))
    written = made["PAGE"].read_text(encoding="utf-8")
    assert written == made["page"](JSON_TEST_SUITE), "run: python docs/generate_json_verdicts.py"
    rows = [line for line in written.splitlines() if line.startswith("| `i_")]
    assert len(rows) == 35
