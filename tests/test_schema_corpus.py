"""JSONSchemaBench: schemas that other people wrote, each with an answer made by hand.

``python bench/schemas.py`` asks the same of all of them, and of more answers; this is a slice.
"""

import sys
from pathlib import Path

import pytest
from builders import JSON_SCHEMA_BENCH

pytest.importorskip("bpe_openai", reason="bpe-openai carries the o200k tokens")
sys.path.append(str(Path(__file__).parents[1] / "bench"))  # scripts, no package
import schemas

sys.path.pop()

EVERY = 25  # schemas, one is looked at

if not JSON_SCHEMA_BENCH.exists():  # one line for all of them
    absent = f"{JSON_SCHEMA_BENCH} is absent: see CONTRIBUTING.md, Corpora"
    pytest.skip(absent, allow_module_level=True)

pytestmark = [
    pytest.mark.corpora(JSON_SCHEMA_BENCH),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # re says so of other people's patterns
]


@pytest.fixture(scope="module")
def results():
    rows = list(schemas.rows_of(JSON_SCHEMA_BENCH))[::EVERY]
    return [examined(row, list(schemas.LAYOUTS)[i % 3]) for i, row in enumerate(rows)]


def examined(row, layout):
    return schemas.examine(row, schemas.Options(count=0, by_hand=1, layouts=(layout,)))


def misses(results, *beginnings):
    return [(r.id, *miss) for r in results for miss in r.misses if miss[0].startswith(beginnings)]


def test_most_schemas_have_an_answer(results):
    counts = schemas.Table(results).counts
    assert counts["schemas",] == 60
    assert counts["instances", "by hand", "valid"] >= 57
    assert counts["leaves",] > 500


def test_every_schema_is_compiled_and_requested(results):
    assert not misses(results, "compile", "request: crash", "read", "make")


def test_every_leaf_of_every_answer_is_aligned(results):
    assert not misses(results, "score")


def test_leaves_have_a_declared_kind(results):
    assert not misses(results, "declared: d")
    figures = [
        line for line in schemas.Table(results).lines if line.name == "declared kind, closed"
    ]
    assert [line.is_met for line in figures] == [True], misses(results, "declared: c")


def test_valid_answers_contradict_nothing_declared(results):
    assert not misses(results, "declared by")


def test_verdicts_are_those_of_jsonschema(results):
    assert not misses(results, "verdict")
