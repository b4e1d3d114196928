"""A batch on several cores, and what ends it before its end."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from desks import PATIENCE, SCHEMA
from warehouse import text, write

from fieldconf.batch import parts as parts_room
from fieldconf.batch import processes as running_room
from fieldconf.batch import score_files
from fieldconf.errors import OutputError, SchemaError
from fieldconf.many.locks import own

COUNT = 12
MODEL = """
import os
from pydantic import BaseModel, model_validator

class Answer(BaseModel):
    team: str
    urgent: bool

class Deadly(Answer):
    @model_validator(mode="after")
    def end(self):
        os._exit(9)
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.jsonl", text(COUNT) + b"no\n")
    (tmp_path / "answer.py").write_text(MODEL)
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    return tmp_path


def scored(output="rows.parquet", **options):
    options = {"schema": SCHEMA, "workers": 1, "progress": False, "block": 4000} | options
    return score_files("a.jsonl", output=output, **options)


def output(name="rows.parquet"):
    return Path(name).read_bytes(), Path(f"{name}.errors.jsonl").read_bytes()


def parts():
    return sorted(one.name for one in Path("rows.parquet.parts").glob("*.part"))


# -- workers --------------------------------------------------------------------------------------


def test_several_workers_have_the_output_of_one():
    """And know the models of files."""
    scored(schema="answer.py:Answer", output="one.parquet")
    found = scored(schema="answer.py:Answer", workers=2)
    assert (found.responses, found.failed) == (COUNT + 1, 1)
    assert output() == output("one.parquet")


def test_workers_have_the_environment_of_their_run(here, monkeypatch):
    """Counterexample: they had that of the first run, without credentials that were set later."""
    scored(schema="answer.py:Answer", output="one.parquet", workers=2)
    (here / "later.py").write_text(MODEL + '\nos.environ["SET_LATER"]\n')
    monkeypatch.setenv("SET_LATER", "1")
    assert scored(schema="later.py:Answer", workers=2).responses == COUNT + 1


def test_a_worker_that_ends_by_itself_is_told_and_what_is_done_is_kept():
    scored(output="one.parquet")
    with pytest.raises(OutputError, match=r"a worker ended by itself while it read a\.jsonl"):
        scored(schema="answer.py:Deadly", workers=2)


def test_a_model_that_cannot_be_sent_is_told(monkeypatch):
    from pydantic import create_model

    local = create_model("Local", team=(str, ...))
    with pytest.raises(SchemaError, match=r"cannot be sent to workers.*workers=1"):
        scored(schema=local, workers=2)
    assert scored(schema=local).responses == COUNT + 1


def test_few_bytes_are_not_worth_a_worker(monkeypatch):
    monkeypatch.setattr(running_room, "_pool", pytest.fail)
    assert scored(workers=None).responses == COUNT + 1


@pytest.mark.parametrize("option", ["workers", "block"])
def test_less_than_one_cannot_be(option):
    with pytest.raises(OutputError, match=r"(workers=0|block=0 bytes) is below 1.*Give 1"):
        scored(**{option: 0})


# -- ends -----------------------------------------------------------------------------------------


class StopError(Exception):
    pass


def stop_after(count):
    def tell(progress):
        if progress.responses >= count:
            raise StopError

    return tell


def test_a_run_that_was_ended_is_gone_on_with():
    scored(output="one.parquet")
    with pytest.raises(StopError):
        scored(progress=stop_after(5))
    done = parts()
    assert done
    found = scored(format="parquet", workers=2)
    assert found.resumed >= 5
    assert output() == output("one.parquet")
    assert not Path("rows.parquet.parts").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it asks which file is written")
@pytest.mark.parametrize("word", ["part", "output"])
def test_a_full_disk_is_told_and_a_later_run_goes_on(monkeypatch, word):
    """While a part is written; while the output is; and what is begun does not take the room."""
    scored(output="one.parquet")
    sync = os.fsync

    def full(number):
        name = Path(f"/proc/self/fd/{number}").readlink().name
        if parts() and name.startswith("0000" if word == "part" else "rows.parquet.new"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return sync(number)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match=r"No space left on device.*finished blocks are kept"):
            scored()
    assert not list(Path().rglob("*.new"))
    assert not Path("rows.parquet").exists()
    assert parts()
    scored()
    assert output() == output("one.parquet")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits are the system's")
def test_a_file_that_may_not_grow_is_told(here):
    """The system's own error, from Arrow's writer."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000));"
        "from fieldconf.cli import main; main(sys.argv[1:])"
    )
    command = ["batch", "a.jsonl", "--schema", "schema.json", "-o", "rows.csv", "--workers", "1"]
    ended = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True,
                           timeout=PATIENCE, check=False)  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: cannot write ")
    assert "File too large" in ended.stderr
    assert not Path("rows.csv").exists()


@pytest.mark.parametrize("change", [
    {"schema": {"type": "object"}}, {"wide": True}, {"policy": {"accept": 0.1}}, {"match": "loose"},
    {"mask": "after"}, {"longest": 50_000, "block": 5000},
])  # fmt: skip
def test_parts_of_other_settings_are_not_taken(change):
    with pytest.raises(StopError):
        scored(progress=stop_after(1))
    done = parts()
    settings = {"longest": "longest line, size of blocks"}
    said = (
        f"with other settings: {settings.get(next(iter(change)), next(iter(change)))}[.] .*remove"
    )
    with pytest.raises(OutputError, match=said):
        scored(**change)
    assert parts() == done


def test_where_no_part_is_done_other_settings_may_be_said():
    Path("rows.parquet.parts").mkdir()
    Path("rows.parquet.parts/settings.json").write_text('{"wide": true}')
    assert scored().responses == COUNT + 1


def test_parts_of_other_inputs_are_not_taken(here):
    with pytest.raises(StopError):
        scored(progress=stop_after(1))
    write(here / "a.jsonl", text(COUNT + 1))
    with pytest.raises(OutputError, match="was begun with other settings: inputs"):
        scored()


def test_standard_input_must_be_the_same_to_go_on(monkeypatch):
    import io

    def run(data, **options):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        return score_files("-", SCHEMA, "in.csv", workers=1, block=2000, **options)

    with pytest.raises(StopError):
        run(text(3), progress=stop_after(1))
    with pytest.raises(OutputError, match="- is not what it was"):
        run(text(3, 5))
    assert run(text(3)).resumed == 3


def test_two_runs_do_not_write_one_output():
    with pytest.raises(StopError):
        scored(progress=stop_after(1))
    with own(Path("rows.parquet.parts/lock")), pytest.raises(OutputError, match="another run"):
        scored()
    assert scored().responses == COUNT + 1


def test_a_run_that_ends_while_another_begins(monkeypatch):
    """Between making the folder and locking it, the run before removed it."""
    tries = []

    def late(path):
        tries.append(path)
        if len(tries) == 1:
            path.parent.rmdir()
        return own(path)

    monkeypatch.setattr(parts_room, "own", late)
    assert scored().responses == COUNT + 1
    assert len(tries) == 2


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: b"no part", "it is damaged"),
        (lambda data: b"", "it is damaged"),
        (lambda data: data[:-40], "it is damaged"),
        (lambda data: data[:500] + bytes([data[500] ^ 1]) + data[501:], "it is damaged"),
        (lambda data: another_part(), "it is no part of a run"),
    ],
)
def test_a_part_that_was_damaged_is_told(here, damage, words):
    """Also by one bit, of which Arrow would not know."""
    with pytest.raises(StopError):
        scored(progress=stop_after(1))
    part = here / "rows.parquet.parts" / parts()[0]
    part.write_bytes(damage(part.read_bytes()))
    with pytest.raises(OutputError, match=rf"cannot read .*{part.name} \({words}\).*Remove it"):
        scored()
    part.unlink()
    assert scored().responses == COUNT + 1


def another_part():
    """A whole file with a right checksum, of a table that no run wrote."""
    sink = pa.BufferOutputStream()
    table = pa.table({"a": [1]})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    rows = sink.getvalue().to_pybytes()
    return rows + hashlib.blake2b(rows, digest_size=16).digest()


@pytest.mark.parametrize("content", [b"", b'{"wide": tr', b"[]", b"\xff", None])
def test_settings_that_were_damaged_are_told(here, content):
    with pytest.raises(StopError):
        scored(progress=stop_after(1))
    settings = here / "rows.parquet.parts" / "settings.json"
    if content is None:
        settings.unlink()
    else:
        settings.write_bytes(content)
    with pytest.raises(OutputError, match=r"settings\.json is missing or damaged.*Remove .*parts"):
        scored()
    assert parts()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it asks which file is written")
def test_settings_and_the_output_are_safe_from_a_power_cut(here, monkeypatch):
    """The settings and their folder before any part; then the output and its folder."""
    sync, names = os.fsync, []

    def noted(number):
        names.append(Path(f"/proc/self/fd/{number}").readlink().relative_to(here).as_posix())
        return sync(number)

    monkeypatch.setattr(os, "fsync", noted)
    scored()
    first, folder, part, *_ = names
    assert first.startswith("rows.parquet.parts/settings.")
    assert folder == "rows.parquet.parts"
    assert part.startswith("rows.parquet.parts/00000000-")
    assert names[-4:] == [
        "rows.parquet.parts/rows.parquet.new", ".",
        "rows.parquet.parts/rows.parquet.errors.jsonl.new", ".",
    ]  # fmt: skip


def test_a_folder_of_other_files_is_not_taken_for_parts(here):
    """It would be removed in the end."""
    folder = here / "rows.parquet.parts"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds notes\.txt, which is not of a run\. Move"):
        scored()
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


def test_a_part_that_is_gone_is_no_output(monkeypatch):
    """As where there are no locks, and another run ended first: no row is lost silently."""
    from fieldconf.batch import runner

    merge = runner.merge

    def late(folder, parts, *given):
        (folder.path / f"{parts[0]}.part").unlink()
        return merge(folder, parts, *given)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "merge", late)
        with pytest.raises(OutputError, match="is gone: another run removed it"):
            scored()
    assert not Path("rows.parquet").exists()
    assert scored().responses == COUNT + 1


# -- processes --------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals are the system's")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_is_left_behind(here, number):
    """All of them have its standard output: it is at its end when they are."""
    write(here / "a.jsonl", text(100) * 20)
    code = "from fieldconf.cli import main; main()"
    command = ["batch", "a.jsonl", "--schema", "schema.json", "-o", "rows.csv", "--workers", "2"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not list(Path().glob("rows.csv.parts/*.part")):
            assert process.poll() is None
        process.send_signal(number)
        said, told = process.communicate(timeout=PATIENCE)
    assert said == b""
    assert not Path("rows.csv").exists()
    assert list(Path().glob("rows.csv.parts/*.part"))
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert b"Interrupted: the same command goes on where it ended" in told
        assert b"Traceback" not in told
