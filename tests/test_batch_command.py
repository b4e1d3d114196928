"""``fieldconf batch``: what it prints, and how it ends."""

import gzip
import json
from pathlib import Path

import pytest
from desks import SCHEMA
from installed import CliRunner
from warehouse import line, text, write

from fieldconf.cli import main
from fieldconf.many.progress import Bar

COUNT = 6


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    write(tmp_path / "a.jsonl", COUNT)
    return tmp_path


def run(*arguments, output="rows.jsonl", **more):
    command = ["batch", *arguments, "--schema", "schema.json", "-o", output]
    return CliRunner().invoke(main, command, **more)


def rows(output="rows.jsonl"):
    return [json.loads(one) for one in Path(output).read_text().splitlines()]


def test_all_is_well():
    result = run("a.jsonl")
    assert (result.exit_code, result.stdout) == (0, "")
    (told,) = result.stderr.splitlines()
    assert told.startswith(f"{COUNT} responses, {len(rows())} rows in ")
    assert told.endswith("rows.jsonl")
    assert {row["pointer"] for row in rows()} == {"", "/team", "/urgent"}


def test_standard_input_and_the_wide_form():
    result = run("-", "--wide", input=gzip.compress(text(COUNT)))
    assert result.exit_code == 0
    assert [row["line"] for row in rows()] == list(range(1, COUNT + 1))
    assert {row["source"] for row in rows()} == {"-"}
    assert all(isinstance(row["urgent"], bool) for row in rows())


def test_lines_that_fail_are_exit_code_1(here):
    write(here / "a.jsonl", b"no\n" + line(1))
    result = run("a.jsonl")
    assert result.exit_code == 1
    assert "1 failed; see rows.jsonl.errors.jsonl" in result.stderr
    assert rows("rows.jsonl.errors.jsonl")[0]["line"] == 1


@pytest.mark.parametrize("engine", [[], ["--summary"]])
def test_a_field_of_the_policy_that_no_answer_has_is_told_without_a_schema(here, engine):
    (here / "policy.toml").write_text("[fields]\n'/taem' = 0.9\n'/urgent' = 0.8\n")
    command = ["batch", "a.jsonl", "--policy", "policy.toml", "-o", "rows.jsonl", *engine]
    result = CliRunner().invoke(main, command)
    *_, told = result.stderr.splitlines()
    assert told == (
        "Error: no answer has the field '/taem' of the policy. Did you mean '/team'? "
        "If answers may leave it out, pass --schema"
    )
    assert result.exit_code == 2
    assert len({row["line"] for row in rows()}) == COUNT  # the rows are there all the same
    (here / "policy.toml").write_text("[fields]\n'/**' = 0.9\nteam = 0.8\n")
    assert CliRunner().invoke(main, command).exit_code == 0


def test_logprobs_from_after_a_temperature_are_put_back():
    def sure():
        return [row["confidence"] for row in rows() if row["pointer"] == "/team"]

    run("a.jsonl")
    before = sure()
    assert run("a.jsonl", "--temperature", "0.5").exit_code == 0
    assert all(after < first for first, after in zip(before, sure(), strict=True))


def test_a_field_of_the_policy_is_not_missed_where_nothing_could_be_read(here):
    write(here / "a.jsonl", b"no\n")
    (here / "policy.toml").write_text("[fields]\n'/team' = 0.9\n")
    result = CliRunner().invoke(
        main, ["batch", "a.jsonl", "--policy", "policy.toml", "-o", "rows.jsonl"]
    )
    assert (result.exit_code, "/team" in result.stderr) == (1, False)


def test_files_that_fail_are_exit_code_2_and_the_rest_is_scored(here):
    write(here / "b.jsonl", b"\0\1\2")
    result = run("b.jsonl", "none*", "a.jsonl")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert lines[:2] == ["none*: no file matches", "b.jsonl: it is binary, no text"]
    assert "2 of the inputs could not be read to the end" in lines[2]
    assert {row["source"] for row in rows()} == {"a.jsonl"}


@pytest.mark.parametrize(
    ("arguments", "output", "words"),
    [
        (["none.jsonl"], "rows.csv", "none.jsonl: there is no such file"),
        (["a.jsonl"], "rows", "is no known format. Give the format: parquet, arrow, csv, jsonl"),
        (["a.jsonl"], "a.jsonl", "a.jsonl is an input and the output. Give another output"),
        (["none.jsonl", "a.jsonl"], "a.jsonl", "is an input and the output"),
        (["a.jsonl"], "none/rows.csv", "its folder is not there. Make it first"),
        (["a.jsonl", "--policy", "none.toml"], "rows.csv", "cannot read the policy"),
        (["a.jsonl", "--accept", "0.4", "--review", "0.6"], "rows.csv", "above accept"),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(arguments, output, words):
    before = Path("a.jsonl").read_bytes()
    result = run(*arguments, output=output)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert result.stderr.startswith("Error: ")
    assert words in result.stderr
    assert Path("a.jsonl").read_bytes() == before


def test_a_schema_that_is_no_json_is_told(here):
    (here / "schema.json").write_text("{")
    result = run("a.jsonl")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: the schema schema.json is no JSON (")


def test_limits_decide_the_outcomes(here):
    (here / "policy.toml").write_text("accept = 0.0\nreview = 0.0\n")
    run("a.jsonl", "--policy", "policy.toml")
    assert {row["outcome"] for row in rows()} == {"accept"}
    run("a.jsonl", "--accept", "1", "--review", "1")
    assert {row["outcome"] for row in rows()} == {"reject"}


def test_the_format_may_be_said():
    assert run("a.jsonl", "--format", "csv", output="rows.txt").exit_code == 0
    assert Path("rows.txt").read_text().startswith('"source","line",')


def test_a_foreign_output_is_left_alone_unless_it_is_said():
    Path("rows.csv").write_text("mine\n")
    result = run("a.jsonl", output="rows.csv")
    assert result.exit_code == 2
    assert result.stderr.endswith("Give another output, or pass --overwrite to replace it\n")
    assert Path("rows.csv").read_text() == "mine\n"
    assert run("a.jsonl", "--overwrite", output="rows.csv").exit_code == 0


def test_the_longest_line_is_said_in_units(here):
    write(here / "a.jsonl", line(0) + b"\n" + line(1) + b" " * 3000 + b"\n")
    limit = len(line(0)) + 1000
    result = run("a.jsonl", "--max-line", f"{limit / 1024} KiB")
    assert result.exit_code == 1
    assert "--max-line" in rows("rows.jsonl.errors.jsonl")[0]["reason"]
    assert run("a.jsonl", "--max-line", "1MB").exit_code == 0
    for wrong in ("many", "0", "-1", "5 lines"):
        refused = run("a.jsonl", "--max-line", wrong)
        assert refused.exit_code == 2
        assert f"'{wrong}' is no size. Give a number of bytes, such as 64MiB" in refused.stderr


def test_a_summary_is_printed():
    result = run("a.jsonl", "--summary")
    assert "/team" in result.stdout
    assert "accept" in result.stdout


def test_a_bar_is_on_standard_error_only():
    result = run("a.jsonl", "--progress")
    assert result.stdout == ""
    assert f"{COUNT} responses" in result.stderr.splitlines()[0]


def test_the_bar_tells_how_much_there_is_before_the_first_block_is_done(capsys):
    with Bar(2_500_000, of_files=True):
        pass
    assert "0.0/2.5 MB 0 responses" in capsys.readouterr().err


def test_a_run_that_was_ended_is_gone_on_with(monkeypatch, here):
    from fieldconf.batch import runner

    merge = runner.merge

    def interrupted(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(runner, "merge", interrupted)
        result = run("a.jsonl")
    assert result.exit_code == 130
    assert result.stderr == "Interrupted: the same command goes on where it ended\n"
    assert not Path("rows.jsonl").exists()
    result = run("a.jsonl")
    assert f"{COUNT} of an earlier run" in result.stderr
    assert runner.merge is merge
