"""What docs/comparison.md says of fieldconf is so; the others' cells need their packages."""

import importlib
import re

import pytest
from pages import ROOT

TEXT = (ROOT / "docs" / "comparison.md").read_text()


@pytest.fixture
def comparison(monkeypatch):
    pytest.importorskip("bpe_openai")
    pytest.importorskip("orjson")
    monkeypatch.syspath_prepend(ROOT / "bench")
    return importlib.import_module("comparison")


def test_the_scores_of_fieldconf_are_those_of_the_page(comparison):
    rows = re.findall(r"^\| fieldconf \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", TEXT, re.MULTILINE)
    held, ordinary = comparison.held_cases(), comparison.ordinary_cases()
    for cases, shown in zip((held, ordinary), rows, strict=True):
        values, _ = comparison.judged("fieldconf", comparison.mine(cases), cases)
        assert shown == tuple(map(str, (values.right, values.wrong, values.missing, 0)))
    _, shares = comparison.judged("fieldconf", comparison.mine(held), held)
    assert f"| fieldconf | yes | {shares.right} | {shares.wrong} | {shares.missing} |" in TEXT


def test_a_library_that_is_wrong_is_seen(comparison):
    held = comparison.held_cases()[:1]
    (answer,) = comparison.mine(held)
    first, second, *others = sorted(held[0].sums)
    answer["sums"] |= {first: answer["sums"][first] - 0.01}
    del answer["sums"][second]
    values, _ = comparison.judged("another", [answer | {"error": "it failed"}], held)
    assert (values.right, values.wrong, values.missing, values.failed) == (len(others), 1, 1, 1)


def test_every_statement_of_a_feature_is_quoted(comparison):
    stated = re.findall(r"yes \((\d+)\)", TEXT)
    quotes = re.findall(r"^(\d+)\. ([\w-]+): “(.+)”$", TEXT, re.MULTILINE)
    assert stated == [number for number, _, _ in quotes]
    known = [(name, quote) for each in comparison.FEATURES.values() for name, quote in each.items()]
    assert sorted((name, quote) for _, name, quote in quotes) == sorted(known)
