"""Data frames of reports: a row a leaf, with the numbers and outcomes of its field."""

import math

import pytest

import fieldconf as fc
from fieldconf.errors import MissingPackageError
from fieldconf.report import frame as frame_module
from fieldconf.testing import FakeClient

SCHEMA = {
    "type": "object",
    "properties": {"team": {"enum": ["billing", "sales"]}, "tags": {"type": "array"},
                   "count": {"type": ["integer", "null"]}},
}  # fmt: skip
ANSWER = {"team": "billing", "tags": [], "count": None}
LIBRARIES = ["pandas", "polars"]


def rows_of(frame):
    return frame.to_dicts() if hasattr(frame, "to_dicts") else frame.to_dict("records")


def same(value, expected):
    return value == expected or (expected is None and (value is None or math.isnan(value)))


def run(*answers):
    return fc.extract_many(
        SCHEMA, list("ab"[: len(answers)]), client=FakeClient(*answers), model="m"
    ).all()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_row_for_each_leaf(library):
    report = fc.extract(SCHEMA, "x", client=FakeClient(ANSWER), model="m")
    rows = rows_of(report.to_frame(library))
    assert [row["pointer"] for row in rows] == list(report.leaves)
    assert [row["value"] for row in rows] == ["billing", "[]", "null"]
    for row, field in zip(rows, report.leaves.values(), strict=True):
        for name in ("confidence", "low", "high", "logprob", "rank", "basis", "kind", "outcome"):
            assert same(row[name], getattr(field, name)), (row, name)


@pytest.mark.parametrize("library", LIBRARIES)
def test_results_have_the_rows_of_all_their_reports(library):
    results = run(ANSWER, ANSWER)
    rows = rows_of(results.to_frame(library))
    assert [(row["index"], row["pointer"]) for row in rows] == [
        (result.index, pointer) for result in results for pointer in result.report.leaves
    ]
    assert {row["status"] for row in rows} == {"complete"}


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_answer_is_an_empty_frame_with_the_same_columns(library):
    empty, full = (
        fc.Report(status="refused"),
        fc.extract(SCHEMA, "x", client=FakeClient(ANSWER), model="m"),
    )
    assert list(empty.to_frame(library).columns) == list(full.to_frame(library).columns)
    assert len(empty.to_frame(library)) == 0


def test_a_library_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(frame_module, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"to_frame needs pandas or polars.*frames"):
        fc.Report(status="refused").to_frame()
