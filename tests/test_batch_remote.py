"""Files in object stores and on servers: a local S3 server, a web server, and fsspec's memory."""

import functools
import http.server
import json
import sys
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desks import SCHEMA
from installed import CliRunner
from warehouse import line, text, write

from fieldconf.batch import score_files
from fieldconf.batch.input_files import find
from fieldconf.batch.remote_files import RemoteFile
from fieldconf.cli import main
from fieldconf.errors import MissingPackageError, OutputError, PayloadError

COUNT = 6
SECRET = "wJalrXUtnFEMI"


@pytest.fixture(scope="module")
def server():
    """The address of a server that speaks S3, on this machine."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server, tmp_path, monkeypatch):
    """An empty bucket, and the environment by which it is found."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_ENDPOINT_URL": server,
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    sent(server, "/moto-api/reset", "POST")
    sent(server, "/warehouse", "PUT")
    return "s3://warehouse"


def sent(server, path, method):
    urllib.request.urlopen(urllib.request.Request(server + path, method=method)).close()


def put(address, data):
    RemoteFile.of(address).put(data)
    return address


def inside(address):
    return [str(file) for file, _ in RemoteFile.of(address).inside()]


def table_at(address):
    return pq.read_table(pa.BufferReader(RemoteFile.of(address).read_bytes()))


def scored(*inputs, output, **options):
    options = {"schema": SCHEMA, "workers": 1, "progress": False} | options
    return score_files(list(inputs), output=output, **options)


def zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


# -- an object store ------------------------------------------------------------------------------


def test_a_bucket_has_the_rows_of_a_folder(bucket):
    """The same files on this machine and in a bucket: equal tables but for the names of files."""
    files = {"b/x.jsonl": text(3) + b"none\n", "a.jsonl.zst": zstd(text(3, 3)), ".c/y.jsonl": b"-",
             "notes.txt": b"-"}  # fmt: skip
    for name, data in files.items():
        put(f"{bucket}/saved/{name}", data)
        Path("saved", name).parent.mkdir(parents=True, exist_ok=True)
        write(Path("saved", name), data)
    here = scored("saved", output="rows.parquet", block=1500)
    there = scored(f"{bucket}/saved", output=f"{bucket}/out/rows.parquet", block=1500)
    assert (there.output, there.errors) == (
        "s3://warehouse/out/rows.parquet", "s3://warehouse/out/rows.parquet.errors.jsonl",
    )  # fmt: skip
    assert (there.rows, there.responses, there.failed) == (here.rows, here.responses, here.failed)
    expected = pq.read_table("rows.parquet").to_pylist()
    found = table_at(there.output).to_pylist()
    assert [row | {"source": row["source"].removeprefix("s3://warehouse/")} for row in found] == (
        expected
    )
    assert {row["source"] for row in found} == {
        "s3://warehouse/saved/a.jsonl.zst", "s3://warehouse/saved/b/x.jsonl",
    }  # fmt: skip
    (failed,) = RemoteFile.of(there.errors).read_bytes().splitlines()
    assert json.loads(failed)["source"] == "s3://warehouse/saved/b/x.jsonl"
    assert inside(f"{bucket}/out") == [there.output, there.errors]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv", "jsonl"])
def test_all_formats_are_written_and_replaced(bucket, ending):
    write(Path("a.jsonl"), 2)
    scored("a.jsonl", output=f"rows.{ending}")
    for _ in range(2):
        scored("a.jsonl", output=f"{bucket}/rows.{ending}")
    there = RemoteFile.of(f"{bucket}/rows.{ending}").read_bytes()
    assert there == Path(f"rows.{ending}").read_bytes()
    assert inside(bucket) == [f"{bucket}/rows.{ending}"]


def test_patterns_are_matched_in_the_bucket(bucket):
    for name in ("2024-01/a.jsonl", "2024-02/b/c.jsonl", "2025-01/d.jsonl", "2024-02/e.txt"):
        put(f"{bucket}/saved/{name}", b"{}")

    def names(pattern):
        found = find([f"{bucket}/{pattern}"])
        return [name.removeprefix(f"{bucket}/saved/") for name in found.names]

    assert names("saved/2024-*/*.jsonl") == ["2024-01/a.jsonl"]
    assert names("saved/2024-*/**/*.jsonl") == ["2024-01/a.jsonl", "2024-02/b/c.jsonl"]
    assert names("**/[cd].jsonl") == ["2024-02/b/c.jsonl", "2025-01/d.jsonl"]
    assert names("saved/2024-02/e.txt") == ["2024-02/e.txt"]
    assert names("saved") == ["2024-01/a.jsonl", "2024-02/b/c.jsonl", "2025-01/d.jsonl"]


def test_several_workers_read_ranges_of_one_object(bucket):
    put(f"{bucket}/a.jsonl", text(40))
    one = scored(f"{bucket}/a.jsonl", output="one.parquet", block=4000)
    two = scored(f"{bucket}/a.jsonl", output=f"{bucket}/two.parquet", block=4000, workers=2)
    assert (one.responses, two.responses) == (40, 40)
    assert RemoteFile.of(two.output).read_bytes() == Path("one.parquet").read_bytes()


class StopError(Exception):
    pass


def stop(progress):
    if progress.responses >= 3:
        raise StopError


def test_a_run_that_was_ended_is_gone_on_with_on_any_machine(bucket):
    """The parts are in the bucket, not here."""
    put(f"{bucket}/a.jsonl", text(COUNT))
    options = {"output": f"{bucket}/rows.parquet", "block": 1500}
    with pytest.raises(StopError):
        scored(f"{bucket}/a.jsonl", progress=stop, **options)
    kept = inside(f"{bucket}/rows.parquet.parts")
    assert len(kept) > 1
    assert f"{bucket}/rows.parquet.parts/settings.json" in kept
    assert not RemoteFile.of(f"{bucket}/rows.parquet").info().is_file
    with pytest.raises(OutputError, match="with other settings: wide"):
        scored(f"{bucket}/a.jsonl", wide=True, **options)
    found = scored(f"{bucket}/a.jsonl", **options)
    assert found.resumed >= 3
    scored(f"{bucket}/a.jsonl", output="whole.parquet")
    assert RemoteFile.of(found.output).read_bytes() == Path("whole.parquet").read_bytes()
    assert inside(bucket) == [f"{bucket}/a.jsonl", f"{bucket}/rows.parquet"]


def test_objects_that_changed_are_not_gone_on_with(bucket):
    put(f"{bucket}/a.jsonl", text(COUNT))
    options = {"output": f"{bucket}/rows.parquet", "block": 1500}
    with pytest.raises(StopError):
        scored(f"{bucket}/a.jsonl", progress=stop, **options)
    put(f"{bucket}/a.jsonl", text(COUNT + 1))
    with pytest.raises(OutputError, match="with other settings: inputs"):
        scored(f"{bucket}/a.jsonl", **options)


def test_parts_in_a_bucket_that_were_damaged_are_told(bucket):
    put(f"{bucket}/a.jsonl", text(COUNT))
    options = {"output": f"{bucket}/rows.parquet", "block": 1500}
    with pytest.raises(StopError):
        scored(f"{bucket}/a.jsonl", progress=stop, **options)
    part, *_, settings = inside(f"{bucket}/rows.parquet.parts")
    put(part, RemoteFile.of(part).read_bytes()[:-1])
    with pytest.raises(OutputError, match=rf"cannot read {part} \(it is damaged\)"):
        scored(f"{bucket}/a.jsonl", **options)
    put(settings, b"{")
    with pytest.raises(OutputError, match=rf"{settings} is missing or damaged"):
        scored(f"{bucket}/a.jsonl", **options)


def test_a_run_beside_another_does_not_lose_rows(bucket, monkeypatch):
    """There are no locks: the other one ended first, and removed the parts."""
    from fieldconf.batch import runner

    put(f"{bucket}/a.jsonl", text(COUNT))
    merge = runner.merge

    def late(folder, *given):
        folder.path.remove_folder()
        return merge(folder, *given)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "merge", late)
        with pytest.raises(OutputError, match="is gone: another run removed it"):
            scored(f"{bucket}/a.jsonl", output=f"{bucket}/rows.parquet")
    assert not RemoteFile.of(f"{bucket}/rows.parquet").info().is_file


def test_an_upload_that_fails_leaves_the_output_as_it_was(bucket, monkeypatch):
    write(Path("a.jsonl"), 1)
    first = scored("a.jsonl", output=f"{bucket}/rows.csv").rows
    before = RemoteFile.of(f"{bucket}/rows.csv").read_bytes()
    write(Path("a.jsonl"), 3)

    def broken(file, local):
        raise OSError(5, "the connection broke")

    with monkeypatch.context() as patch:
        patch.setattr(RemoteFile, "upload", broken)
        with pytest.raises(OutputError, match=r"cannot write s3://.*the connection broke"):
            scored("a.jsonl", output=f"{bucket}/rows.csv")
    assert RemoteFile.of(f"{bucket}/rows.csv").read_bytes() == before
    assert scored("a.jsonl", output=f"{bucket}/rows.csv").rows == 3 * first


def test_an_object_that_no_run_wrote_is_left_alone(bucket):
    put(f"{bucket}/rows.csv", b"mine")
    put(f"{bucket}/a.jsonl", line(0))
    with pytest.raises(
        OutputError, match=r"s3://warehouse/rows\.csv is there, and fieldconf batch"
    ):
        scored(f"{bucket}/a.jsonl", output=f"{bucket}/rows.csv")
    with pytest.raises(OutputError, match=r"s3://warehouse/a\.jsonl is an input and the output"):
        scored(bucket, output=f"{bucket}/a.jsonl", overwrite=True)
    assert RemoteFile.of(f"{bucket}/a.jsonl").read_bytes() == line(0)
    scored(f"{bucket}/a.jsonl", output=f"{bucket}/rows.csv", overwrite=True)


def test_what_is_not_there_is_told_and_the_rest_is_scored(bucket):
    put(f"{bucket}/a.jsonl", text(2))
    command = [
        "batch",
        f"{bucket}/none.jsonl",
        f"{bucket}/x*",
        "s3://nowhere/a",
        f"{bucket}/a.jsonl",
    ]
    result = CliRunner().invoke(main, [*command, "-o", f"{bucket}/rows.csv", "--workers", "1"])
    assert result.exit_code == 2
    *told, last = result.stderr.splitlines()
    assert told[:2] == [
        "s3://warehouse/none.jsonl: there is no such file, and no folder of files",
        "s3://warehouse/x*: no file matches",
    ]
    assert told[2].startswith("s3://nowhere/a: ")
    assert last.startswith("2 responses, 6 rows in s3://warehouse/rows.csv; ")
    assert last.endswith("see s3://warehouse/rows.csv.errors.jsonl")


def test_a_store_that_takes_nothing_is_told_before_anything_is_scored(bucket):
    write(Path("a.jsonl"), 1)
    with pytest.raises(OutputError, match=r"cannot write s3://nowhere/rows\.csv.*kept"):
        scored("a.jsonl", output="s3://nowhere/rows.csv")
    put(f"{bucket}/folder/x", b"")
    with pytest.raises(OutputError, match="s3://warehouse/folder is no file"):
        scored("a.jsonl", output=f"{bucket}/folder", format="csv")


def test_no_password_in_an_address(bucket):
    write(Path("a.jsonl"), 1)
    address = f"s3://key:{SECRET}@warehouse/a.jsonl"
    with pytest.raises(OutputError, match="credentials are read from the environment") as refused:
        scored("a.jsonl", output=f"{address}.csv")
    assert SECRET not in str(refused.value)
    with pytest.raises(PayloadError, match="credentials are read from the environment") as refused:
        scored(address, output="rows.csv")
    assert SECRET not in str(refused.value)


# -- a web server ---------------------------------------------------------------------------------


@contextmanager
def web_server(folder):
    """A plain server of files: it knows no ranges of bytes."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *given):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()
            thread.join()


@pytest.fixture
def web(tmp_path, monkeypatch):
    pytest.importorskip("aiohttp", reason="fsspec[http] is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "served").mkdir()
    with web_server(tmp_path / "served") as address:
        yield address


def test_files_of_a_web_server_are_read(web):
    write(Path("served/a.jsonl"), 3)
    write(Path("served/b.jsonl.zst"), zstd(text(3, 3) + b"none\n"))
    found = scored(f"{web}/a.jsonl?token={SECRET}", f"{web}/b.jsonl.zst", output="rows.parquet")
    assert (found.responses, found.failed) == (7, 1)
    sources = dict.fromkeys(pq.read_table("rows.parquet")["source"].to_pylist())
    assert [*sources] == [f"{web}/a.jsonl", f"{web}/b.jsonl.zst"]


def test_what_a_web_server_has_not_is_told_and_it_takes_nothing(web):
    write(Path("served/a.jsonl"), 3)
    found = scored(f"{web}/none.jsonl?token={SECRET}", f"{web}/a.jsonl", output="rows.csv")
    (problem,) = found.problems
    assert problem.source == f"{web}/none.jsonl"
    assert SECRET not in problem.reason
    with pytest.raises(OutputError, match=r"a web server takes no files\. Give a path"):
        scored(f"{web}/a.jsonl", output=f"{web}/rows.csv")


# -- other file systems ---------------------------------------------------------------------------


def test_a_file_system_of_fsspec_reads_and_writes():
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    files = fsspec.filesystem("memory")
    files.pipe_file("/saved/a.jsonl", text(3))
    try:
        found = scored("memory://saved", output="memory://out/rows.csv")
        assert (found.output, found.responses) == ("memory://out/rows.csv", 3)
        assert files.cat_file("/out/rows.csv").startswith(b'"source","line",')
        assert files.find("/out") == ["/out/rows.csv"]
    finally:
        files.store.clear()
        files.pseudo_dirs.clear()


def test_a_file_of_this_machine_may_be_an_address(tmp_path):
    write(tmp_path / "a b.jsonl", 2)
    found = scored((tmp_path / "a b.jsonl").as_uri(), output=(tmp_path / "rows.csv").as_uri())
    assert (found.output, found.responses) == (tmp_path / "rows.csv", 2)


def test_without_fsspec_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    write(tmp_path / "a.jsonl", 1)
    with pytest.raises(PayloadError, match=r"https:// needs fsspec.*fieldconf\[remote\]"):
        scored("https://example.invalid/a.jsonl", output=tmp_path / "rows.csv")
    with pytest.raises(MissingPackageError, match=r'pip install "fieldconf\[remote\]"'):
        scored(tmp_path / "a.jsonl", output="memory://rows.csv")


def test_a_scheme_that_nobody_knows_is_told(tmp_path):
    pytest.importorskip("fsspec", reason="fsspec is not installed")
    write(tmp_path / "a.jsonl", 1)
    with pytest.raises(OutputError, match=r"cannot write nonsense://a/rows\.csv .*nonsense"):
        scored(tmp_path / "a.jsonl", output="nonsense://a/rows.csv")
