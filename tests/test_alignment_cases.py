"""Hard cases, one by one: exact sums, values, kinds and distributions."""

import json
import math

import pytest
from builders import FIXTURES

from fieldconf.scoring.scorer import score

CASES = json.loads((FIXTURES / "alignment_cases.json").read_text("utf-8"))


def report_of(case):
    message = {"role": "assistant", "content": case["content"]}
    choice = {"index": 0, "message": message, "finish_reason": case["finish_reason"]}
    choice["logprobs"] = {"content": case["tokens"]}
    return score({"choices": [choice]}, case["schema"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_sums_values_and_kinds(case):
    report = report_of(case)
    assert case["expected"]
    for name, expected in case["expected"].items():
        field = report[name]
        assert field.value == expected["value"]
        assert field.kind == expected["kind"]
        if expected["joint_logprob"] is None:
            assert field.logprob is None
            assert field.reason
        else:
            assert math.isclose(field.logprob, expected["joint_logprob"], rel_tol=0, abs_tol=1e-9)
        inside = {*expected["required"], *expected["optional"]}
        assert set(field.indexes) == inside


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["expected_distribution"]], ids=lambda case: case["name"]
)
def test_distributions(case):
    report = report_of(case)
    for name, expected in case["expected_distribution"].items():
        found = {_label(m.value): m.probability for m in report[name].distribution.candidates}
        assert found == pytest.approx(expected, abs=1e-9)


def _label(value):
    return value if isinstance(value, str) else json.dumps(value)
