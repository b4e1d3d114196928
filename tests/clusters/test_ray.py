"""Ray Data: the same rows, on a cluster (of this machine alone)."""

import gzip
import importlib
import os
import secrets
import tempfile
from contextlib import nullcontext
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

# Read where ray is imported: nothing is told to anybody, only this machine can connect, and only
# with a password of this run.
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # a "cluster" would listen everywhere
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(16),
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns of what will be so
}
ray = pytest.importorskip("ray", reason="Ray is missing: pip install -e . --group clusters")

from drawn import (  # noqa: E402
    SCHEMA,
    assert_ended,
    assert_on_loopback,
    children,
    expected,
    responses,
    texts,
    unsure,
)
from installed import CliRunner  # noqa: E402

from fieldconf.batch import ray_data  # noqa: E402
from fieldconf.batch.blocks import BLOCK  # noqa: E402
from fieldconf.batch.input_files import Problem, find  # noqa: E402
from fieldconf.batch.parts import Folder, parts_of  # noqa: E402
from fieldconf.batch.ray_data import run_on_ray  # noqa: E402
from fieldconf.batch.runner import score_files  # noqa: E402
from fieldconf.batch.sources import stat_of  # noqa: E402
from fieldconf.batch.worker import BlockTask  # noqa: E402
from fieldconf.cli import main  # noqa: E402
from fieldconf.errors import OutputError  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")]

STARTED = {
    "address": "local", "num_cpus": 2, "include_dashboard": False, "logging_level": "error",
    "object_store_memory": 100 << 20, "log_to_driver": False, "_node_ip_address": "127.0.0.1",
}  # fmt: skip


@pytest.fixture(scope="module")
def short():
    """A folder for what Ray writes down: the names of its sockets must be short."""
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder:
        yield folder


@pytest.fixture(scope="module")
def cluster(short):
    before = set(children())
    ray.init(_temp_dir=short, **STARTED)
    ray.data.DataContext.get_current().enable_progress_bars = False
    begun = set(children()) - before
    assert_on_loopback(begun)
    yield
    begun |= set(children()) - before
    ray.shutdown()
    assert_ended(begun)


@pytest.fixture
def saved(tmp_path):
    """Files of three kinds, one of them packed, one that is no text, one of many blocks."""
    folder = tmp_path / "saved"
    folder.mkdir()
    lines = [line.encode() for line in texts()]
    for number, start in enumerate(range(0, 60, 20)):
        (folder / f"{number}.jsonl").write_bytes(b"\n".join(lines[start : start + 20]) + b"\n\n")
    (folder / "packed.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines[60:120])))
    (folder / "picture.jsonl").write_bytes(b"\x89PNG\0\0\0")
    (folder / "whole.jsonl").write_bytes(b"\r\n".join(lines[120:]))
    return folder


def test_a_cluster_that_the_command_starts_is_ended(saved, tmp_path, monkeypatch, short):
    monkeypatch.setenv("RAY_TMPDIR", short)
    before = set(children())
    output = tmp_path / "rows.parquet"
    given = [str(saved / "0.jsonl"), "--schema", SCHEMA, "-o", str(output), "--engine", "ray"]
    result = CliRunner().invoke(main, ["batch", *given])
    assert result.exit_code == 1  # some lines are no responses
    assert pq.read_table(output)["line"][-1].as_py() == 20
    assert not ray.is_initialized()
    assert_ended(set(children()) - before)


@pytest.mark.parametrize("wide", [False, True])
def test_the_rows_of_a_dataset_are_those_of_one_call(cluster, wide):
    table = responses(texts())
    dataset = ray.data.from_arrow([table.slice(start, 40) for start in range(0, len(table), 40)])
    found = pa.concat_tables(
        ray_data.scored(dataset, SCHEMA, wide=wide).iter_batches(batch_format="pyarrow")
    )
    wanted = expected(table, wide=wide)
    assert found.sort_by([("line", "ascending")]).cast(wanted.schema).equals(wanted)


@pytest.mark.parametrize("size", [20_000, BLOCK])
@pytest.mark.parametrize("wide", [False, True])
def test_the_files_are_those_of_one_machine(cluster, saved, tmp_path, wide, size):
    options = {"wide": wide, "policy": {"accept": 0.8}, "progress": False}
    here = score_files(saved, SCHEMA, tmp_path / "here.parquet", workers=1, **options)
    there = score_files(
        saved, SCHEMA, tmp_path / "there.parquet", engine="ray", block=size, **options
    )
    assert pq.read_table(there.output).equals(pq.read_table(here.output))
    assert there.errors.read_bytes() == here.errors.read_bytes()
    assert [problem.source for problem in here.problems] == [str(saved / "picture.jsonl")]
    assert there.problems == here.problems
    assert (there.rows, there.responses, there.failed) == (here.rows, here.responses, here.failed)
    assert there.responses == len(texts())
    assert there.failed > 0


def test_blocks_that_an_earlier_run_kept_are_not_scored_again(cluster, saved, tmp_path):
    files = [stat_of(name) for name in find([str(saved)]).names]

    def run(folder):
        found = list(run_on_ray(files, told.append, BlockTask(SCHEMA), folder, size=20_000))
        new = {block.name for block, _, is_new in found if is_new}
        return {block.name: about for block, about, _ in found}, new

    told = []
    with parts_of(tmp_path / "rows.parquet", {}) as folder:
        first, new = run(folder)
        assert len(first) > len(files)
        assert new == first.keys()
        kept = {file: written(file) for file in sorted(folder.path.glob("*.part"))}
        lost = list(kept)[1]
        lost.unlink()
        assert run(folder) == (first, {lost.stem})
        assert {file for file in kept if written(file) != kept[file]} == {lost}
    assert told == [Problem(str(saved / "picture.jsonl"), "it is binary, no text")] * 2


def test_a_run_that_was_ended_tells_what_it_had_done(cluster, saved, tmp_path):
    def run(progress, output="rows.parquet"):
        return score_files(
            saved, SCHEMA, tmp_path / output, engine="ray", block=20_000, progress=progress
        )

    def stop(progress):
        assert progress.responses < len(texts())  # of several blocks this is one
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stop)
    found = run(False)
    assert 0 < found.resumed <= found.responses == len(texts())
    whole = run(False, "whole.parquet")
    assert whole.resumed == 0
    assert found.output.read_bytes() == whole.output.read_bytes()


def written(file):
    return file.stat().st_ino, file.stat().st_mtime_ns


def test_what_a_task_raises_comes_as_itself(cluster, saved, tmp_path):
    files = [stat_of(str(saved / "0.jsonl"))]
    with pytest.raises(OutputError, match=r"cannot write .* run the same command again") as caught:
        list(run_on_ray(files, print, BlockTask(SCHEMA), Folder(tmp_path / "nowhere")))
    assert type(caught.value) is OutputError


def test_what_ray_itself_dies_of_is_told_with_the_remedy(cluster, saved, tmp_path, monkeypatch):
    lost = ray.exceptions.OutOfMemoryError("a task was killed")
    monkeypatch.setattr(ray.data, "from_items", Mock(side_effect=lost))
    files = [stat_of(str(saved / "0.jsonl"))]
    with pytest.raises(OutputError, match=r"a task was killed.* Run the same again: what is done"):
        list(run_on_ray(files, print, BlockTask(SCHEMA), Folder(tmp_path)))


def test_the_example_prints_what_is_unsure(cluster, capsys, monkeypatch):
    example = importlib.import_module("batch_ray")
    monkeypatch.setattr(ray, "init", lambda **_: nullcontext())
    example.main()
    said = unsure(f"{example.HERE}/score_saved.py:Ticket")
    assert capsys.readouterr().out.splitlines() == said
