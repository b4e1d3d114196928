"""Which files are meant, what they are, and how they are divided."""

import bz2
import gzip
import io
import os
import socket
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from fieldconf.batch.blocks import blocks, read
from fieldconf.batch.input_files import Problem, find
from fieldconf.batch.sources import stat_of
from fieldconf.errors import PayloadError

TEXT = b'{"a": 1}\n\n[2]\r\n  \n"three"'
LINES = [(1, b'{"a": 1}'), (3, b"[2]"), (5, b'"three"')]
PACKED = {
    "gz": gzip.compress,
    "zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
    "bz2": bz2.compress,
    "lz4": lambda data: pa.Codec("lz4").compress(data, asbytes=True),
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(name, data=b""):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(data)
    return name


def lines_of(name):
    """The lines of a file, each with its number; what is wrong with it behind them."""
    problems, before = [], 0
    for block in blocks([stat_of(name)], problems.append):
        for piece in block.pieces:
            found = read(piece)
            for number, text in zip(found.numbers, found.texts, strict=True):
                yield before + number, text
            before += found.count
    for problem in problems:
        raise PayloadError(problem.reason)


# -- which files ----------------------------------------------------------------------------------


def test_files_of_folders_and_patterns_come_sorted_and_once():
    for name in ("d/b.jsonl", "d/a.jsonl.gz", "d/sub/c.json", "d/.hidden/x.jsonl", "d/notes.txt"):
        made(name)
    made("d/.x.jsonl")
    assert find(["d"]).names == ("d/a.jsonl.gz", "d/b.jsonl", "d/sub/c.json")
    assert find(["d/*.txt", "d/b.jsonl", "d", "./d/b.jsonl"]).names == (
        "d/notes.txt", "d/b.jsonl", "d/a.jsonl.gz", "d/sub/c.json",
    )  # fmt: skip
    assert find(["-", "d/**/*.json", "-"]).names == ("-", "d/sub/c.json")


def test_a_name_with_the_signs_of_a_pattern_is_a_file_if_there_is_one():
    made("a[1].jsonl")
    assert find(["a[1].jsonl"]).names == ("a[1].jsonl",)


def test_what_is_not_there_is_told_and_the_rest_is_found():
    made("a.jsonl")
    Path("empty.jsonl").mkdir()
    Path("broken.jsonl").symlink_to("nowhere")
    found = find(["none.jsonl", "empty.jsonl", "x*", "a.jsonl", "broken.jsonl"])
    assert found.names == ("a.jsonl", "broken.jsonl")
    assert [problem.source for problem in found.problems] == ["none.jsonl", "empty.jsonl", "x*"]
    assert [problem.reason.split()[-1] for problem in found.problems] == [
        "file",
        ".zst)",
        "matches",
    ]


def test_what_the_run_writes_is_no_input(here):
    for name in ("in.jsonl", "out.jsonl", "out.jsonl.parts/x.jsonl"):
        made(name)
    ours = [here / "out.jsonl", here / "out.jsonl.parts"]
    assert find(["."], without=ours).names == ("in.jsonl",)
    found = find(["out.jsonl"], without=ours)
    assert found.problems == (Problem("out.jsonl", "it is the output of this run"),)


# -- what they are --------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
@pytest.mark.parametrize("name", ["x.jsonl", "packed"])
def test_packed_files_are_told_by_their_bytes_and_hold_the_same_lines(pack, name):
    made(name, pack(TEXT))
    assert list(lines_of(name)) == LINES


def test_several_packed_texts_one_behind_the_other_are_one():
    made("x.gz", gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]))
    assert list(lines_of("x.gz")) == LINES


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_mark_of_utf_8_is_no_part_of_the_text(pack):
    made("x.jsonl", pack(b"\xef\xbb\xbf" + TEXT))
    assert list(lines_of("x.jsonl")) == LINES


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("name", "data", "count"),
    [
        ("x.json", b'{\n  "a": 1\n}\n', 1),
        ("x.json", b'{"a": 1}\n{"a": 2}\n', 2),
        ("x.json", b'{"a": 1}', 1),
        ("x.jsonl", b'{\n  "a": 1\n}\n', 3),
        ("x.jsonl", b'data: {"a": 1}\n\ndata: [DONE]\n\n', 1),
        ("x.json", b"\n  \n", 0),
        ("x.jsonl", b"", 0),
    ],
)
def test_a_file_is_a_response_a_line_or_one_as_a_whole(pack, name, data, count):
    named = name if pack is bytes else f"{name}.gz"
    assert len(list(lines_of(made(named, pack(data))))) == count


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.jsonl", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        ("x.jsonl", b"PK\x03\x04\0\0", "binary"),
        ("x.jsonl", TEXT.decode().encode("utf-16"), "binary"),
        ("x.jsonl", gzip.compress(b"\0\1\2", mtime=0), "binary"),
        ("x.gz", b"\x1f\x8b\x08 no gzip", "inflate"),
        ("x.parquet", b"PAR1\x15\0", "it is Parquet: read it with pyarrow"),
        ("x.arrow", b"ARROW1\0\0", "it is Arrow: read it with pyarrow"),
    ],
)
def test_what_is_no_text_is_refused(name, data, words):
    made(name, data)
    with pytest.raises(PayloadError, match=words):
        list(lines_of(name))


@pytest.mark.parametrize(
    ("name", "words"),
    [("nowhere", "No such file"), (".", "Is a directory"), ("a\0b", "null")],
)
def test_what_cannot_be_opened_is_refused(name, words):
    with pytest.raises(PayloadError, match=words):
        list(lines_of(name))


def test_lines_before_the_place_where_a_packed_file_breaks_off_are_read():
    data = b"".join(b'{"number": %d, "noise": "%s"}\n' % (n, os.urandom(20).hex().encode())
                    for n in range(3000))  # fmt: skip
    made("x.gz", gzip.compress(data)[:-500])
    found = []
    with pytest.raises(PayloadError, match=r"it breaks off \(Truncated"):
        found.extend(lines_of("x.gz"))
    assert 2000 < len(found) < 3000
    assert found == list(enumerate(data.splitlines(), 1))[: len(found)]


def test_standard_input_may_be_packed(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(TEXT))))
    assert list(lines_of("-")) == LINES


def test_a_pipe_is_read_from_its_beginning_on(here):
    """As ``<(zcat ...)`` makes one."""
    os.mkfifo("pipe")
    writer = threading.Thread(target=made, args=("pipe", TEXT))
    writer.start()
    assert list(lines_of("pipe")) == LINES
    writer.join()


def test_what_is_no_file_in_a_folder_is_told_and_not_waited_for(here):
    """Reading a pipe in which nobody writes would wait forever."""
    Path("d").mkdir()
    made("d/a.jsonl", TEXT)
    os.mkfifo("d/b.jsonl")
    Path("d/c.jsonl").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("d/d.jsonl")
        for place in ("d", "d/*"):
            found = find([place])
            assert found.names == ("d/a.jsonl",)
            assert found.problems == (
                Problem(
                    "d/b.jsonl", "it is a pipe, not a file; give it by its own name to read it"
                ),
                Problem("d/c.jsonl", "it is a device, not a file"),
                Problem("d/d.jsonl", "it is a socket, not a file"),
            )


def test_what_is_written_behind_the_end_later_is_no_input():
    made("x.jsonl", b'"one"\n"tw')
    stat = stat_of("x.jsonl")
    with Path("x.jsonl").open("ab") as file:
        file.write(b'o"\n"three"\n')
    (block,) = blocks([stat], pytest.fail)
    assert read(block.pieces[0]).texts == [b'"one"', b'"tw']


def test_small_files_come_together_and_packed_ones_alone():
    for number in range(5):
        made(f"{number}.jsonl", TEXT)
    made("9.jsonl.gz", gzip.compress(TEXT))
    files = [stat_of(name) for name in (*(f"{n}.jsonl" for n in range(5)), "9.jsonl.gz")]
    found = list(blocks(files, pytest.fail, size=2 * len(TEXT)))
    assert [len(block.pieces) for block in found] == [2, 2, 1, 1]
    assert [block.cost for block in found[:3]] == [2 * len(TEXT), 2 * len(TEXT), len(TEXT)]
    assert [block.carried > 0 for block in found] == [False, False, False, True]
    names = [block.name for block in found]
    assert names == sorted(set(names))
