"""Label sets over saved responses: columns, files, the command line."""

import json
import math
import sys

import pyarrow as pa
import pytest
from builders import entry, response
from installed import CliRunner
from servers import answer_stream, serving

import fieldconf as fc
from fieldconf.batch import score_batch, score_files
from fieldconf.batch.run_arguments import settings_of, task_of
from fieldconf.batch.schema_loading import load_schema
from fieldconf.cli import main
from fieldconf.errors import SchemaError

LABELS = fc.LabelSet({"A": "spam", "B": "ham"})
MODULE = """
import fieldconf as fc
LABELS = fc.LabelSet({"A": "spam", "B": "ham"}, after="Final:")
"""


def answered(text, p=0.8):
    other = {"A": "B", "B": "A"}.get(text, "A")
    return response([entry(text, math.log(p), [(text, math.log(p)), (other, math.log(1 - p))])])


SAVED = [json.dumps(answered(text)) for text in ("A", "B", "spam", "C")]


def test_rows_hold_what_labels_mean():
    batch = pa.record_batch({"response": SAVED})
    rows = score_batch(batch, LABELS).to_pylist()
    assert [(row["value"], row["confidence"]) for row in rows] == [
        ("spam", pytest.approx(0.8)), ("ham", pytest.approx(0.8)), (None, None), (None, None),
    ]  # fmt: skip
    assert [row["outcome"] for row in rows[2:]] == ["reject", "reject"]
    assert "'C' is none of the labels" in rows[3]["reason"]


@pytest.mark.parametrize(
    ("labels", "kind", "values"),
    [
        ({"A": "spam", "B": "ham"}, "string", ["spam", "ham", None, None]),
        ({"A": 1, "B": 2}, "int64", [1, 2, None, None]),
        ({"A": True, "B": False}, "bool", [True, False, None, None]),
        ({"A": True, "B": "no"}, "string", ["true", "no", None, None]),
    ],
)
def test_a_wide_table_has_a_column_of_their_type(labels, kind, values):
    made = score_batch(pa.record_batch({"response": SAVED}), fc.LabelSet(labels), wide=True)
    assert str(made.schema.field("value").type) == kind
    assert [row["value"] for row in made.to_pylist()] == values


def test_how_it_is_matched_is_said_once():
    with pytest.raises(SchemaError, match="how it is matched"):
        score_batch(pa.record_batch({"response": SAVED}), LABELS, match="loose")


def test_files_are_scored_by_a_label_set(tmp_path):
    saved, output = tmp_path / "saved.jsonl", tmp_path / "rows.jsonl"
    saved.write_text("\n".join(SAVED))
    score_files(saved, LABELS, output, workers=1)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["value"] for row in rows] == ["spam", "ham", None, None]


def test_a_run_is_not_gone_on_with_by_other_labels(tmp_path):
    """What tells label sets apart is more than their JSON Schema."""

    def settings(labels):
        return settings_of(task_of(labels, 1000, {}), [], 1, "local")["schema"]

    same_schema = fc.LabelSet({"a": "spam", "b": "ham"}), fc.LabelSet(LABELS, after="Final:")
    assert settings(LABELS) == settings(fc.LabelSet(LABELS.labels))
    assert settings(LABELS) not in map(settings, same_schema)


# -- the command line ------------------------------------------------------------------------------


@pytest.fixture
def module(tmp_path):
    path = tmp_path / "labels_of_mine.py"
    path.write_text(MODULE)
    yield f"{path}:LABELS"
    sys.modules.pop("labels_of_mine", None)


def run(*arguments, **more):
    return CliRunner().invoke(main, [str(one) for one in arguments], **more)


def test_a_name_or_a_list_in_a_file_means_a_label_set(tmp_path, module):
    path = tmp_path / "labels.json"
    path.write_text('["spam", "ham"]')
    assert load_schema(str(path)) == fc.LabelSet(["spam", "ham"])
    assert load_schema(module) == fc.LabelSet({"A": "spam", "B": "ham"}, after="Final:")
    path.write_text("[]")
    with pytest.raises(SchemaError, match="no labels"):
        load_schema(str(path))


def test_score_and_classify(module):
    marked = json.dumps(response([entry("Hm. Final:", -0.1), entry(" A", -0.1)]))
    ran = run("score", "-", "--schema", module, "--json", input=marked)
    assert (ran.exit_code, json.loads(ran.stdout)["data"]) == (0, "spam")
    named = ["--label", "A=spam", "--label", "B=ham"]
    ran = run("classify", "-", *named, "--after", "Final:", "--json", input=marked)
    assert json.loads(ran.stdout)["data"] == "spam"
    assert run("classify", "-", *named, input=marked).exit_code == 1


def test_batch(tmp_path, module):
    saved, output = tmp_path / "saved.jsonl", tmp_path / "rows.jsonl"
    saved.write_text(json.dumps(answered("Final: B")))
    ran = run("batch", saved, "--schema", module, "-o", output, "--workers", "1")
    assert (ran.exit_code, json.loads(output.read_text())["value"]) == (0, "ham")
    ran = run("batch", saved, "--schema", module, "-o", output, "--match", "loose")
    assert (ran.exit_code, "how it is matched" in ran.stderr) == (2, True)


def chunks(*texts):
    made = [
        {"choices": [{"index": 0, "delta": {"content": text},
                      "logprobs": {"content": [{"token": text, "logprob": -0.01}]}}]}
        for text in texts
    ]  # fmt: skip
    return [*made, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]


def test_extract(module):
    with serving(answer_stream(chunks("Hm. ", "Final:", " A"))) as server:
        ran = run(
            "extract", module, "--text", "Win!", "--base-url", server.base_url, "--model", "m"
        )
    assert (ran.exit_code, "spam" in ran.stdout) == (0, True)
    assert "'Final:'" in server.requests[0]["messages"][0]["content"]
    with serving(answer_stream(chunks("nothing"))) as server:
        ran = run(
            "extract", module, "--text", "Win!", "--base-url", server.base_url, "--model", "m"
        )
    assert ran.exit_code == 1
