"""What docs/batch.md says is so: its command and its programs run, and print what stands there."""

import re
import shlex
from pathlib import Path

import pytest
from installed import CliRunner

from fieldconf.batch.rows import COLUMNS
from fieldconf.cli import main

pytest.importorskip("duckdb")
pytest.importorskip("pandas")
pytest.importorskip("polars")

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "batch.md").read_text()
HERE = TEXT.partition("\n## Past one machine")[0]  # what stands there needs engines of its own
BLOCKS = re.findall(r"```([^\n]*)\n(.*?)```", HERE, re.DOTALL)


def test_the_page_prints_what_it_says(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, ran = {}, []
    for (language, code), (behind, said) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        kind, _, file = language.partition(" file=")
        if file:
            Path(file).write_text(code)
        elif kind == "python":
            exec(code, names)
            assert trimmed(capsys.readouterr().out) == (said if not behind else ""), code
        elif kind == "sh":
            command = [*shlex.split(code)[1:], "--workers", "1"]
            assert CliRunner().invoke(main, command).exit_code == 1  # a line is no response
        ran.append(kind)
    assert (ran.count("python"), ran.count("sh")) == (9, 1)


def trimmed(printed):
    """Without blanks at the ends of lines, which no editor keeps."""
    return "".join(line.rstrip() + "\n" for line in printed.splitlines())


def test_the_table_has_the_columns_and_their_types():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", HERE, re.MULTILINE)
    assert rows == [("source", "string"), ("line", "int64"), *COLUMNS]


def test_what_is_named_is_there():
    linked = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert linked
    assert all((ROOT / "docs" / name).exists() for name in linked)
    known = CliRunner().invoke(main, ["batch", "--help"]).stdout
    options = set(re.findall(r"`(--[\w-]+)", HERE))
    assert {"--wide", "--summary", "--format", "--policy"} <= options
    assert all(option in known for option in options)
