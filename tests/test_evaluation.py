"""``fc.evaluate``: tables, verdicts, comparisons, pages, pictures and the command."""

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from builders import report_of, token
from click.testing import CliRunner
from scipy.stats import binomtest

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.errors import EvaluationError, MissingPackageError
from fieldconf.evaluation.curves import MEASURES
from fieldconf.statistics.judged_table import Table


def rows_of(documents=60, seed=0, *, skill=1.0, fields=("a", "b"), **more):
    """Rows whose confidences are shares of right values, as far as ``skill`` goes."""
    rng = np.random.default_rng(seed)
    found = []
    for document in range(documents):
        for field in fields:
            p = rng.random()
            right = rng.random() < (p if rng.random() < skill else 0.5)
            found.append({"document": document, "field": f"/{field}", "confidence": p,
                          "right": bool(right), "noise": rng.random(), **more})  # fmt: skip
    return found


# -- what it takes --------------------------------------------------------------------------------


def test_a_table_of_any_kind_gives_the_same_numbers(tmp_path):
    rows = rows_of()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    expected = fc.evaluate(rows).to_dict()
    frame = pd.DataFrame(columns)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    frame.to_parquet(tmp_path / "rows.parquet")
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    files = [tmp_path / f"rows.{ending}" for ending in ("csv", "parquet", "jsonl")]
    frames = [columns, frame, pl.DataFrame(columns), pa.table(columns), Table.read(rows)]
    for source in (*frames, *files):
        assert fc.evaluate(source).to_dict() == expected


def test_reports_and_labels_are_evaluated_by_field():
    reports, truths = {}, []
    for number in range(20):
        text = json.dumps({"team": "ab"[number % 2], "tags": ["x"] * (number % 3)})
        reports[number] = report_of(*(token(c, -0.001 * number) for c in text))
        truths.append({"document": number, "team": "a", "tags": ["x"]})
    found = fc.evaluate(reports, fc.labels(truths))
    assert [row.name for row in found.rows] == ["/team", "/tags", "/tags/*", "overall"]
    assert found["team"]["accuracy"].value == 0.5
    assert found["/tags"].wrong == sum(number % 3 != 1 for number in range(20))
    assert found["/tags"].kind == "list"
    assert {row.name for row in fc.evaluate(reports, truths, by="kind").rows} >= {"list", "overall"}
    assert len(fc.evaluate(reports, truths, by="overall").rows) == 1
    wrong = found.errors(0.5)
    assert {one.pointer for one in wrong} <= {"/team", "/tags", "/tags/1"}
    team = next(one for one in wrong if one.pointer == "/team")
    assert (team.value, team.truth) == ("b", "a")
    assert "the model gave" in team.why
    assert list(wrong) == sorted(wrong, key=lambda one: -one.confidence)
    compared = found.compare("confidence", "exp_mean", "exp_joint", "min", "low")
    assert {one.other for one in compared.rows} == {"exp_mean", "exp_joint", "min", "low"}


def test_the_text_of_an_error_is_where_the_value_stands():
    text = "word " * 40 + "Team: SALES " + "word " * 40
    given = replace(report_of('{"team":', '"sales"', "}"), input=text)
    found = fc.evaluate({1: fc.locate(given)}, [{"document": 1, "team": "ops"}])
    (wrong,) = found.errors(0)
    assert "Team: SALES word" in wrong.text
    assert len(wrong.text) < len(text) / 2


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ([], {}, "nothing to evaluate"),
        ({}, {}, "nothing to evaluate"),
        (7, {}, "no table"),
        (
            [{"document": 1, "field": "a", "confidence": 0.5, "right": None}],
            {},
            "no row has a label",
        ),
        ([{"document": 1, "field": "a", "confidence": 1.5, "right": True}], {}, "from 0 to 1"),
        ([{"document": 1, "field": "a", "confidence": 1, "right": "x"}], {}, "no boolean"),
        ([{"document": 1, "confidence": 1, "right": True}], {}, "no column 'field'"),
        (rows_of(3), {"by": "feild"}, "Did you mean 'field'"),
        (rows_of(3), {"by": "kind"}, "no kind"),
        (rows_of(3), {"score": "margin"}, "'noise'"),
        (rows_of(3), {"labels": [{"document": 1, "a": 1}]}, "takes no labels"),
        (rows_of(3), {"level": 1}, "level"),
        (rows_of(3), {"resamples": 0}, "resamples"),
        (rows_of(3), {"redact": 3}, "masks nothing"),
        ([report_of("1")], {}, "labels=fc.labels"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(source, options, words):
    with pytest.raises(EvaluationError, match=words):
        fc.evaluate(source, **options)


# -- what it says ---------------------------------------------------------------------------------


def verdicts(rows):
    return " | ".join(fc.evaluate(rows).overall.verdicts)


def test_verdicts_are_in_words():
    assert "ranks better than chance" in verdicts(rows_of(200))
    assert "no error of calibration shows" in verdicts(rows_of(400))
    assert "ranks no better than chance here" in verdicts(rows_of(300, seed=3, skill=0))
    turned = [{**row, "confidence": 1 - row["confidence"]} for row in rows_of(200)]
    assert "ranks the wrong way round" in verdicts(turned)
    sure = [{**row, "confidence": 0.5 + row["confidence"] / 2} for row in rows_of(200)]
    assert "too sure by" in verdicts(sure)
    assert "too unsure by" in verdicts(
        [{**row, "confidence": row["confidence"] / 2} for row in rows_of(200)]
    )
    constant = [{**row, "confidence": 0.7} for row in rows_of(30)]
    assert "all 60 confidences are equal: they rank nothing" in verdicts(constant)
    few = rows_of(3)[:5]
    assert "too little to tell whether it ranks" in verdicts(few)
    unknown = [{**row, "confidence": None} for row in rows_of(30)]
    assert "no value has a confidence" in verdicts(unknown)
    half = [{**row, "confidence": None if row["noise"] < 0.5 else 0.5} for row in rows_of(60)]
    assert (
        f"{sum(row['noise'] < 0.5 for row in half)} of 120 values have no confidence"
        in verdicts(half)
    )


@pytest.mark.parametrize("right", [True, False])
def test_one_class_has_an_exact_interval_of_accuracy_and_no_auroc(right):
    found = fc.evaluate([{**row, "right": right} for row in rows_of(50)]).overall
    bounds = binomtest(50 * right, 50).proportion_ci(0.95)
    assert found["accuracy"][:3] == (float(right), bounds.low, bounds.high)
    assert found["auroc"].value is None
    assert found["auroc"].reason == ("no value is wrong" if right else "no value is right")


def test_few_documents_have_no_interval_however_many_rows():
    rows = [{**row, "document": row["document"] % 9} for row in rows_of(200)]
    found = fc.evaluate(rows).overall
    assert found["auroc"].value is not None
    for name, one in found.measures.items():
        assert one.low is None, name
        assert one.reason == "no interval: 9 documents"


def test_values_without_a_confidence_are_counted_and_reviewed_first():
    rows = [{"document": i, "field": "a", "confidence": None if i < 20 else 0.9, "right": i >= 20}
            for i in range(100)]  # fmt: skip
    found = fc.evaluate(rows).overall
    assert (found.unknown, found["auroc"].value, found["caught_at_20"].value) == (20, 1.0, 1.0)
    assert found["coverage_at_02"].value == 0.8
    assert found["risk_at_90"].value is None
    assert "80 of 100" in found["risk_at_90"].reason


def test_a_nullable_column_of_pandas_has_nothing_where_it_has_nothing():
    rows = pd.DataFrame({"document": [1, 2, 3], "field": ["a"] * 3})
    rows["confidence"] = pd.array([0.5, None, 0.7], dtype="Float64")
    rows["right"] = pd.array([True, False, None], dtype="boolean")
    found = fc.evaluate(rows)
    assert (found.labels, found.overall.unknown, found.overall.wrong) == (2, 1, 1)


def test_rows_without_a_label_are_counted():
    rows = rows_of(20)
    found = fc.evaluate([*rows, {**rows[0], "right": None}])
    assert (found.labels, found.notes) == (40, ("1 cell of the labels says nothing",))


def test_documents_that_repeat_do_not_narrow_the_interval():
    once, twice = fc.evaluate(rows_of(60)), fc.evaluate(rows_of(60) * 3)
    assert twice.labels == 3 * once.labels
    assert twice.overall["accuracy"][:3] == pytest.approx(once.overall["accuracy"][:3])
    fresh = [{**row, "document": number} for number, row in enumerate(rows_of(60) * 3)]
    assert fc.evaluate(fresh).overall["accuracy"].width < 0.8 * twice.overall["accuracy"].width


def test_a_perfect_score_shows_less_ece_with_more_labels():
    few, many = (fc.evaluate(rows_of(n)).overall for n in (40, 1000))
    assert many.perfect.mean < few.perfect.mean / 3
    assert many["ece"].value < 2 * many.perfect.high


def test_a_score_that_is_no_probability_ranks_only():
    rows = [{**row, "logit": 10 * row["confidence"] - 5} for row in rows_of(60)]
    found, plain = fc.evaluate(rows, score="logit").overall, fc.evaluate(rows).overall
    for name, one in MEASURES.items():
        if one.of_probability:
            assert (found[name].value, found[name].reason) == (None, "the score is no probability")
        else:
            assert found[name].value == plain[name].value
    assert found.perfect is None


def test_how_many_more_documents_it_takes():
    rows = rows_of(100, fields=("a",))
    found = fc.evaluate(rows)
    more = found.more_documents(0.05)
    width = found.overall["accuracy"].width
    assert (100 + more) * 0.05**2 == pytest.approx(100 * width**2, rel=0.01)
    assert found.labels_for(0.05).startswith("label about ")
    assert "narrower than .90 already" in found.labels_for(0.9)
    assert "cannot tell" in fc.evaluate(rows[:5]).labels_for(0.05)
    with pytest.raises(EvaluationError, match="width"):
        found.labels_for(0)
    with pytest.raises(EvaluationError, match="Did you mean 'auroc'"):
        found.labels_for(0.05, "aurok")
    with pytest.raises(EvaluationError, match="no group is called 'c'"):
        found["c"]


# -- comparisons ----------------------------------------------------------------------------------


def test_a_score_is_compared_with_others_on_the_rows_that_have_both():
    rows = rows_of(100)
    rows[0]["noise"] = None
    found = fc.evaluate(rows).compare("confidence", "noise")
    (one,) = found.of("auroc")
    assert found.labels == 199
    assert found.notes == ("1 of the rows lack a number for one of these scores",)
    assert one.difference.value == pytest.approx(one.first_value - one.other_value)
    assert one.difference.low > 0
    assert one.sentence.startswith("confidence is better than noise: difference of AUROC")
    assert "accuracy" not in {each.measure for each in found.rows}
    assert "AUROC" in str(found)


def test_paired_differences_are_narrower_than_the_intervals_of_each():
    rows = [{**row, "near": 0.9 * row["confidence"] + 0.1 * row["noise"]} for row in rows_of(150)]
    found = fc.evaluate(rows)
    (one,) = found.compare("confidence", "near", measures=["auroc"]).of("auroc")
    assert one.difference.width < found.overall["auroc"].width / 2


def test_two_runs_are_compared_on_the_documents_of_both():
    rows = rows_of(100)
    better = [{**row, "right": row["right"] or row["noise"] < 0.6} for row in rows[40:]]
    first, other = fc.evaluate(rows), fc.evaluate([*better, {**rows[0], "document": "new"}])
    found = first.compare(other, names=("old prompt", "new prompt"))
    assert found.documents == 80
    assert found.notes == (
        "20 of the documents are in 'old prompt' only",
        "1 of the documents are in 'new prompt' only",
    )
    (one,) = found.of("accuracy")
    kept = rows[40:]
    assert one.first_value == pytest.approx(np.mean([row["right"] for row in kept]))
    assert one.difference.high < 0
    with pytest.raises(EvaluationError, match="no document in common"):
        first.compare(fc.evaluate([{**row, "document": f"x{row['document']}"} for row in rows]))


@pytest.mark.parametrize("others", [(), ("confidence",), ("confidence", "noize"), (1, 2)])
def test_what_cannot_be_compared_is_refused(others):
    with pytest.raises(EvaluationError):
        fc.evaluate(rows_of(20)).compare(*others)
    with pytest.raises(EvaluationError, match="no measure"):
        fc.evaluate(rows_of(20)).compare("confidence", "noise", measures=["x"])


# -- pages, pictures, the command -----------------------------------------------------------------


def test_a_page_stands_alone_and_escapes_values():
    rows = rows_of(20, value="<script>alert(1)</script>", why="a & b")
    page = fc.evaluate(rows).to_html(errors=0.0)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_page_is_written_to_a_file_and_a_notebook_shows_a_table(tmp_path):
    found = fc.evaluate(rows_of(20, value="<script>"))
    path = found.to_html(tmp_path / "evaluation.html")
    assert path.read_text().startswith("<!doctype html>")
    small = found._repr_html_()
    assert small.startswith("<div")
    assert small.count("<tr") == len(found.rows) + 1
    assert f"{found['overall']['accuracy'].value:.3f}" in small


def test_pictures(tmp_path):
    pytest.importorskip("matplotlib")
    found = fc.evaluate(rows_of(40))
    found.plot().savefig(tmp_path / "curves.svg")
    assert (tmp_path / "curves.svg").read_text().count("overall") >= 1
    assert "data:image/png;base64," in found.to_html(plot=True)


def test_pictures_need_matplotlib_only_when_they_are_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    found = fc.evaluate(rows_of(10))
    with pytest.raises(MissingPackageError, match="pictures"):
        found.plot()


def run(*arguments):
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


@pytest.mark.parametrize(("ending", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_the_command_draws_the_curves(tmp_path, ending, start):
    pytest.importorskip("matplotlib")
    rows, picture = tmp_path / "rows.csv", tmp_path / f"curves{ending}"
    pd.DataFrame(rows_of(40)).to_csv(rows, index=False)
    assert run(rows, "--plot", picture).exit_code == 0
    assert picture.read_bytes().startswith(start)
    wrong = run(rows, "--plot", tmp_path / "curves.txt")
    assert (wrong.exit_code, len(wrong.stderr.splitlines())) == (2, 1)
    assert "does not end in .png, .svg, .pdf" in wrong.stderr
    lost = run(rows, "--plot", tmp_path / "none" / f"curves{ending}")
    assert (lost.exit_code, len(lost.stderr.splitlines())) == (2, 1)


def test_the_command_evaluates_a_table(tmp_path):
    path, page = tmp_path / "rows.csv", tmp_path / "page.html"
    rows = rows_of(60, value="secret", text="secret too")
    pd.DataFrame(rows).to_csv(path, index=False)
    shown = run(path, "--errors", "0.8", "--compare", "noise")
    assert shown.exit_code == 0, shown.output
    assert "ranks better than chance" in shown.stdout
    assert "secret too" in shown.stdout
    found = run(path, "--json", "--errors", "--redact", "--html", page, "--seed", 1)
    plain = json.loads(found.stdout)
    expected = fc.evaluate(rows, seed=1)
    assert plain["rows"] == expected.to_dict()["rows"]
    assert len(plain["errors"]) == len(expected.errors())
    assert "secret" not in found.stdout + page.read_text()


def test_the_command_takes_what_batch_wrote_with_labels(tmp_path):
    lines = []
    for number in range(12):
        content = json.dumps({"team": "ab"[number % 2]})
        entry = {"token": content, "bytes": list(content.encode()), "logprob": -0.1 * number}
        choice = {"message": {"content": content}, "logprobs": {"content": [entry]}}
        lines.append(json.dumps({"id": f"r{number}", "choices": [choice]}))
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    labels = pd.DataFrame({"key": [f"r{n}" for n in range(13)], "team": ["A"] * 13})
    labels.to_csv(tmp_path / "labels.csv", index=False)
    rules = tmp_path / "rules.json"
    rules.write_text('{"/team": "exact"}')
    for output in ("rows.parquet", "rows.csv", "rows.jsonl"):
        path = tmp_path / output
        made = CliRunner().invoke(main, ["batch", str(tmp_path / "in.jsonl"), "-o", str(path)])
        assert made.exit_code == 0, made.output
        options = (path, "--labels", tmp_path / "labels.csv", "--id", "key", "--json")
        found = json.loads(run(*options).stdout)
        assert found["rows"][-1]["measures"]["accuracy"]["value"] == 0.5
        assert found["notes"] == ["1 labelled document has no report: 'r12'"]
        exact = json.loads(run(*options, "--rules", rules).stdout)
        assert exact["rows"][-1]["measures"]["accuracy"]["value"] == 0


@pytest.mark.parametrize("content", ["", "document,field\n1,a\n", "\x00\x01"])
def test_the_command_says_what_is_wrong_in_a_line(tmp_path, content):
    path = tmp_path / "rows.csv"
    path.write_text(content)
    found = run(path)
    assert found.exit_code == 2
    assert found.stderr.startswith("Error: ")
    assert len(found.stderr.splitlines()) == 1


def test_importing_the_library_imports_no_numpy():
    import subprocess

    code = "import sys, fieldconf; assert fieldconf.evaluate; print('numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
