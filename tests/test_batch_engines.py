"""Engines of clusters, as far as they can be tested without one; the rest is in ``clusters``."""

import ast
import re
import sys
from pathlib import Path

import pytest
from installed import CliRunner

from fieldconf.batch import score_files
from fieldconf.batch.blocks import blocks
from fieldconf.batch.parts import Folder
from fieldconf.batch.processes import run as run_here
from fieldconf.batch.sources import FileState
from fieldconf.batch.worker import BlockTask
from fieldconf.cli import main
from fieldconf.errors import MissingPackageError, PayloadError

ROOT = Path(__file__).parents[1]
_, _, SECTION = (ROOT / "docs" / "batch.md").read_text().partition("\n## Past one machine")


def run(name):
    from fieldconf.batch.ray_data import run_on_ray

    return list(
        run_on_ray([FileState(name, 1, 1)], print, BlockTask(bool), Folder(Path("rows.parts")))
    )


def test_without_ray_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPackageError, match=r'pip install "fieldconf\[ray\]"'):
        run("saved.jsonl")


def test_the_command_says_so_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    saved = tmp_path / "saved.jsonl"
    saved.write_text("{}\n")
    given = [str(saved), "-o", str(tmp_path / "rows.parquet"), "--engine", "ray"]
    result = CliRunner().invoke(main, ["batch", *given])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.endswith('Install it: pip install "fieldconf[ray]"')


def test_a_cluster_does_not_read_standard_input():
    with pytest.raises(PayloadError, match="standard input of this machine"):
        run("-")


def test_an_engine_has_the_size_of_blocks_and_tells_what_was_done_before(monkeypatch, tmp_path):
    sizes = []

    def engine(files, tell, asked, folder, *, size):
        sizes.append(size)
        return run_here(blocks(files, tell, size=size), asked, folder, 1)

    def stop(progress):
        raise KeyboardInterrupt

    monkeypatch.setattr("fieldconf.batch.ray_data.run_on_ray", engine)
    (tmp_path / "saved.jsonl").write_text("{}\n" * 6)
    options = {"engine": "ray", "block": 9}  # three lines
    given = tmp_path / "saved.jsonl", bool, tmp_path / "rows.parquet"
    with pytest.raises(KeyboardInterrupt):
        score_files(*given, progress=stop, **options)
    found = score_files(*given, **options)
    assert (found.resumed, found.responses) == (3, 6)
    assert sizes == [9, 9]


@pytest.mark.parametrize("engine", ["spark", "daft", "ray"])
def test_the_page_shows_what_the_example_does(engine):
    """The examples run in an environment of their own: ``tests/clusters``."""
    source = (ROOT / "examples" / f"batch_{engine}.py").read_text()
    shown = [code for code in re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
             if f"# examples/batch_{engine}.py\n" in code]  # fmt: skip
    (code,) = shown
    lines = [line.strip() for line in source.splitlines()]
    assert ast.parse(code)
    assert {line.strip() for line in code.splitlines()[1:]} <= {*lines, ""}


def test_what_is_linked_is_there():
    assert all((ROOT / "docs" / name).exists() for name in re.findall(r"\]\(([^)#:]+)\)", SECTION))
