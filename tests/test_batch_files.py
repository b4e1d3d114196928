"""Files of saved responses to a file of rows."""

import bz2
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from desks import SCHEMA
from warehouse import line, lines, text, write
from wire_samples import INDEX, sample

import fieldconf as fc
from fieldconf.batch import BatchSummary, score_batch, score_files
from fieldconf.batch import output as merging_room
from fieldconf.errors import OutputError, PayloadError, PolicyError, SchemaError
from fieldconf.testing import Answer, payloads

COUNT = 6
_LONG = "the line has more than 50000 bytes. Raise longest= (--max-line)"
READERS = {
    "parquet": pa.parquet.read_table,
    "arrow": lambda path: pa.ipc.open_file(path).read_all(),
    "csv": lambda path: pa.csv.read_csv(path, convert_options=pa.csv.ConvertOptions(
        strings_can_be_null=True, quoted_strings_can_be_null=False)),
    "jsonl": lambda path: pa.Table.from_pylist(
        [json.loads(one) for one in Path(path).read_text().splitlines()]),
}  # fmt: skip


def zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


def names_here():
    return sorted(one.name for one in Path().iterdir())


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scored(*inputs, output="rows.parquet", **options):
    """What came of it, and the rows as plain values."""
    options = {"schema": SCHEMA, "workers": 1, "progress": False} | options
    found = score_files(list(inputs), output=output, **options)
    return found, pa.parquet.read_table(found.output).to_pylist()


def without_places(rows):
    return [{name: row[name] for name in row if name not in ("source", "line")} for row in rows]


def failures(output="rows.parquet"):
    path = Path(f"{output}.errors.jsonl")
    return [json.loads(one) for one in path.read_text().splitlines()] if path.exists() else None


# -- rows -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wide", [False, True])
def test_rows_are_those_of_score_batch_with_their_places(wide):
    write(Path("a.jsonl"), COUNT)
    found, rows = scored("a.jsonl", wide=wide)
    batch = score_batch(pa.record_batch({"response": lines(COUNT)}), SCHEMA, wide=wide)
    assert without_places(rows) == batch.to_pylist()
    assert (found.responses, found.failed, found.rows) == (COUNT, 0, batch.num_rows)
    assert {row["source"] for row in rows} == {"a.jsonl"}
    assert list(dict.fromkeys(row["line"] for row in rows)) == list(range(1, COUNT + 1))
    assert found.errors is failures() is None


@pytest.mark.parametrize("name", READERS)
def test_all_formats_hold_the_same_rows(name):
    write(Path("a.jsonl"), text(COUNT) + b"none\n")
    _, expected = scored("a.jsonl")
    found = score_files("a.jsonl", SCHEMA, f"out.{name}", workers=1)
    assert READERS[name](str(found.output)).to_pylist() == expected
    assert score_files("a.jsonl", SCHEMA, "out.x", format=name).rows == len(expected)
    assert Path("out.x").read_bytes() == found.output.read_bytes()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstd])
def test_packed_files_have_the_rows_of_plain_ones(pack):
    write(Path("a.jsonl"), text(COUNT) + b"\nnone\n")
    _, expected = scored("a.jsonl")
    write(Path("a.jsonl"), pack(text(COUNT) + b"\nnone\n"))
    assert scored("a.jsonl")[1] == expected


@pytest.mark.parametrize("block", [300, 2000, 5000, 1 << 20])
def test_any_division_gives_the_same_output(block):
    """To the last byte, packed files and several of them included."""
    write(Path("a.jsonl"), b"\n" + text(3) + b"none\n\n" + text(2, 3))
    write(Path("b.jsonl.gz"), gzip.compress(b"none\n" + text(2)))
    write(Path("c.jsonl"), line(9))
    scored("a.jsonl", "b.jsonl.gz", "c.jsonl", output="expected.parquet")
    scored("a.jsonl", "b.jsonl.gz", "c.jsonl", block=block)
    assert Path("rows.parquet").read_bytes() == Path("expected.parquet").read_bytes()
    assert failures() == failures("expected.parquet")
    assert [(one["source"], one["line"]) for one in failures()] == [
        ("a.jsonl", 5), ("b.jsonl.gz", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(("cells", "largest"), [(1, 1 << 30), (68, 1 << 30), (1 << 20, 100)])
def test_groups_of_rows_are_small_enough(monkeypatch, cells, largest):
    write(Path("a.jsonl"), COUNT)
    _, expected = scored("a.jsonl", output="expected.parquet")
    monkeypatch.setattr(merging_room, "CELLS", cells)
    monkeypatch.setattr(merging_room, "LARGEST", largest)
    assert scored("a.jsonl", block=2000)[1] == expected
    assert pa.parquet.ParquetFile("rows.parquet").num_row_groups > 1


def test_windows_line_ends_blank_lines_a_mark_and_no_end():
    write(Path("a.jsonl"), b"\xef\xbb\xbf" + b"\r\n\r\n  \r\n".join(lines(3)))
    found, rows = scored("a.jsonl")
    assert (found.responses, found.failed) == (3, 0)
    assert sorted({row["line"] for row in rows}) == [1, 4, 7]


def test_payloads_of_all_providers_in_one_file():
    data = [sample(name) for name in INDEX]
    write(Path("a.jsonl"), b"".join(json.dumps(one).encode() + b"\n" for one in data))
    found, rows = scored("a.jsonl", schema=None)
    batch = score_batch(pa.record_batch({"response": [json.dumps(one) for one in data]}))
    assert without_places(rows) == batch.to_pylist()
    assert found.responses == len(data)
    assert {row["line"] for row in rows} == set(range(1, len(data) + 1))
    assert [one["line"] for one in failures()] == [
        row["line"] for row in rows if row["status"] == "error"
    ]


# -- what fails -----------------------------------------------------------------------------------


def test_a_line_that_fails_is_told_and_the_rest_goes_on():
    write(
        Path("a.jsonl"), b"no\n" + line(0) + b"\n\xff\xfe\n{}\n" + line(1)[:300] + b"\n" + line(1)
    )
    found, rows = scored("a.jsonl")
    assert (found.responses, found.failed) == (6, 4)
    assert found.errors.name == "rows.parquet.errors.jsonl"
    assert [one["line"] for one in failures()] == [1, 3, 4, 5]
    assert all(one["source"] == "a.jsonl" and one["reason"] for one in failures())
    bad = [row for row in rows if row["status"] == "error"]
    assert [(row["line"], row["reason"]) for row in bad] == [
        (one["line"], one["reason"]) for one in failures()
    ]
    assert {row["line"] for row in rows if row["status"] == "complete"} == {2, 6}


def test_files_that_fail_are_told_and_the_rest_goes_on():
    write(Path("a.jsonl"), 2)
    write(Path("broken.gz"), gzip.compress(text(400))[:-60])
    write(Path("picture.jsonl"), b"\x89PNG\r\n\x1a\n\0\0\0")
    Path("lost.jsonl").symlink_to("nowhere")
    Path("empty").mkdir()
    found, rows = scored(
        "empty", "lost.jsonl", "broken.gz", "picture.jsonl", "a.jsonl", schema=None
    )
    named = [one.source for one in found.problems]
    assert named == ["empty", "lost.jsonl", "broken.gz", "picture.jsonl"]
    assert [(one["source"], one["line"]) for one in failures()] == [(name, None) for name in named]
    assert {row["source"] for row in rows} == {"broken.gz", "a.jsonl"}
    assert found.responses > 100  # of the broken one what is before its end


def test_a_file_that_cannot_be_read_any_more_is_told(monkeypatch):
    """An error of the disk: nothing of a piece, and the others all the same."""
    write(Path("a.jsonl"), 2)
    write(Path("b.jsonl"), 2)
    opened = Path.open

    def open_(path, *given, **named):
        file = opened(path, *given, **named)
        return Broken(file) if path.name == "a.jsonl" else file

    class Broken:
        def __init__(self, file):
            self._file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self._file.close()

        def seek(self, place):
            raise OSError(5, "Input/output error")

        def read(self, size):
            return self._file.read(size)

    monkeypatch.setattr(Path, "open", open_)
    found = score_files(["a.jsonl", "b.jsonl"], SCHEMA, "rows.csv", workers=1)
    assert [(one.source, one.reason) for one in found.problems] == [
        ("a.jsonl", "Input/output error")
    ]
    assert found.responses == 2


def test_a_line_of_many_megabytes_is_scored():
    big = json.loads(line(1))
    big["noise"] = "x" * 20_000_000
    write(Path("a.jsonl"), line(0) + b"\n" + json.dumps(big).encode() + b"\n" + line(2))
    found, rows = scored("a.jsonl", block=1 << 20)
    assert (found.responses, found.failed) == (3, 0)
    write(Path("b.jsonl"), 3)
    assert without_places(rows) == without_places(scored("b.jsonl")[1])


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_line_that_is_too_long_fails_alone(pack):
    write(Path("a.jsonl"), pack(b"\n".join([line(0), b'"' + b"x" * 100_000 + b'"', line(1)])))
    found, rows = scored("a.jsonl", longest=50_000, block=10_000)
    assert (found.responses, found.failed) == (3, 1)
    assert failures() == [{"source": "a.jsonl", "line": 2, "reason": _LONG}]
    assert list(dict.fromkeys(row["line"] for row in rows)) == [1, 2, 3]


def test_a_fault_in_scoring_fails_one_line(monkeypatch):
    """As where memory does not suffice for it."""
    from fieldconf.batch import worker

    score = worker.score_batch

    def short_of_memory(batch, *given, **named):
        if any(b'"r-2"' in one for one in batch["response"].to_pylist()):
            raise MemoryError
        return score(batch, *given, **named)

    monkeypatch.setattr(worker, "score_batch", short_of_memory)
    write(Path("a.jsonl"), 5)
    found, rows = scored("a.jsonl")
    assert (found.responses, found.failed) == (5, 1)
    assert [(one["line"], one["reason"]) for one in failures()] == [(3, "MemoryError: ")]
    assert list(dict.fromkeys(row["line"] for row in rows)) == [1, 2, 3, 4, 5]


def test_a_file_without_any_response_has_no_rows():
    write(Path("a.jsonl"), b"\n \n")
    found, rows = scored("a.jsonl")
    assert (found.rows, rows) == (0, [])
    assert "pointer" in pa.parquet.read_schema("rows.parquet").names


def test_errors_of_an_earlier_run_are_gone():
    write(Path("a.jsonl"), b"no\n")
    scored("a.jsonl")
    write(Path("a.jsonl"), 1)
    scored("a.jsonl")
    assert failures() is None
    assert names_here() == ["a.jsonl", "rows.parquet"]


@pytest.mark.parametrize("place", ["folder", "folder/*.jsonl", "folder/a.jsonl"])
def test_responses_are_not_written_over(place):
    Path("folder").mkdir()
    write(Path("folder/a.jsonl"), 1)
    write(Path("folder/b.jsonl"), 1)
    before = Path("folder/a.jsonl").read_bytes()
    with pytest.raises(OutputError, match=r"a\.jsonl is an input and the output"):
        score_files([place, "folder/b.jsonl"], SCHEMA, "folder/a.jsonl", workers=1)
    assert Path("folder/a.jsonl").read_bytes() == before


def test_rows_of_an_earlier_run_may_lie_among_the_responses():
    Path("folder").mkdir()
    write(Path("folder/b.jsonl"), 1)
    for _ in range(2):
        found = score_files("folder", SCHEMA, "folder/rows.jsonl", workers=1)
        assert found.responses == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.parquet", b"mine"),
        ("rows.csv", b"a,b\n1,2\n"),
        ("rows.jsonl", b'{"source": "mine"}\n'),
        ("rows.parquet", b"PAR1 damaged"),
    ],
)
def test_a_file_that_no_run_wrote_is_not_written_over(name, content):
    write(Path("a.jsonl"), 1)
    for kept in (Path(name), Path(f"{name}.errors.jsonl")):
        kept.write_bytes(content)
        with pytest.raises(OutputError, match=r"batch did not write it\..*overwrite=True"):
            score_files("a.jsonl", SCHEMA, name, workers=1)
        assert kept.read_bytes() == content
        assert names_here() == ["a.jsonl", kept.name]
        kept.unlink()
    Path(name).write_bytes(content)
    assert score_files("a.jsonl", SCHEMA, name, workers=1, overwrite=True).rows
    assert Path(name).read_bytes() != content


def test_a_table_that_no_run_wrote_is_not_written_over():
    write(Path("a.jsonl"), 1)
    for name, writer in (
        ("r.parquet", pa.parquet.write_table),
        ("r.arrow", pa.feather.write_feather),
    ):
        writer(pa.table({"source": ["mine"], "more": [1]}), name)
        with pytest.raises(OutputError, match="did not write it"):
            score_files("a.jsonl", SCHEMA, name, workers=1)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", READERS)
def test_the_output_of_an_earlier_run_is_replaced(name, wide):
    """In any format, with and without rows, and the list of what failed beside it."""
    for content in (b"none\n", b"", text(1)):
        write(Path("a.jsonl"), content)
        score_files("a.jsonl", SCHEMA, f"out.{name}", workers=1, wide=wide)
    assert names_here() == ["a.jsonl", f"out.{name}"]


def test_files_with_the_names_of_temporary_ones_are_left_alone():
    write(Path("a.jsonl"), 1)
    Path("rows.parquet.new").write_text("mine")
    scored("a.jsonl")
    assert Path("rows.parquet.new").read_text() == "mine"


# -- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"inputs": ["nowhere"]}, PayloadError, "nowhere: there is no such file"),
        ({"inputs": []}, PayloadError, "nothing to read[.] Check the names"),
        ({"schema": "nowhere:Model"}, SchemaError, "nowhere"),
        ({"schema": "nowhere.json"}, SchemaError, "nowhere.json: No such .*[.] Check the path"),
        ({"schema": 3}, SchemaError, "3|int"),
        ({"schema": None, "wide": True}, SchemaError, "schema"),
        ({"policy": {"fields": {"/taem": 0.9}}}, PolicyError, "/taem"),
        ({"output": "rows.xyz"}, OutputError, "is no known format"),
        ({"format": "xml"}, OutputError, "'xml' is no format"),
        ({"output": "none/rows.csv"}, OutputError, "its folder is not there"),
        ({"output": "folder", "format": "csv"}, OutputError, "is no file"),
        ({"output": "a\0.csv"}, OutputError, "null"),
        ({"workers": 0}, OutputError, "workers=0"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_done(change, error, words):
    Path("folder").mkdir()
    write(Path("a.jsonl"), 1)
    given = {"inputs": "a.jsonl", "schema": SCHEMA, "output": "rows.csv", "workers": 1} | change
    with pytest.raises(error, match=words):
        score_files(**given)
    assert names_here() == ["a.jsonl", "folder"]


def test_a_summary_counts_the_rows():
    write(Path("a.jsonl"), text(COUNT) + b"no\n")
    found, _ = scored("a.jsonl", summary=True, block=2000)
    whole = BatchSummary()
    whole.add(score_batch(pa.record_batch({"response": [*lines(COUNT), b"no"]}), SCHEMA))
    assert found.summary.to_dict() == whole.to_dict()
    assert scored("a.jsonl")[0].summary is None


def test_progress_is_told_after_each_block():
    write(Path("a.jsonl"), text(COUNT) + b"no\n")
    told = []
    scored("a.jsonl", progress=told.append, block=2000)
    size = Path("a.jsonl").stat().st_size
    assert [(one.read, one.responses, one.failed) for one in told][-1] == (size, COUNT + 1, 1)
    assert all(one.total == size for one in told)
    assert len(told) == -(-size // 2000)


def test_a_policy_decides_the_outcomes():
    write(Path("a.jsonl"), COUNT)
    _, rows = scored("a.jsonl", policy=fc.Policy(0.0, 0.0))
    assert {row["outcome"] for row in rows} == {"accept"}


# -- CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-5", "-5"),
        ("+4.5e3", "+4.5e3"),
        ("-5\n=1", "'-5\n=1"),
        ("EUR", "EUR"),
        ("a=1", "a=1"),
    ],
)
@pytest.mark.parametrize("wide", [False, True])
def test_no_cell_of_csv_is_a_formula(text, cell, wide):
    """As Python's own reader of CSV sees it; in Parquet it is unchanged."""
    import csv

    saved = json.dumps(payloads.chat(Answer({"note": text})) | {"id": text}).encode()
    write(Path("a.jsonl"), saved)
    options = {"schema": {"properties": {"note": {"type": "string"}}}, "wide": wide, "workers": 1}
    score_files("a.jsonl", output="rows.csv", **options)
    with Path("rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[-1]["note" if wide else "value"] == rows[-1]["response_id"] == cell
    score_files("a.jsonl", output="rows.parquet", **options)
    (*_, row) = pa.parquet.read_table("rows.parquet").to_pylist()
    assert row["note" if wide else "value"] == row["response_id"] == text


def test_the_names_of_documents_in_csv_are_read_back():
    """Labels are joined by them."""
    pytest.importorskip("scipy", reason="scipy is not installed")
    saved = payloads.chat(Answer({"team": "sales", "urgent": True})) | {"id": "@a"}
    write(Path("a.jsonl"), json.dumps(saved).encode())
    score_files("a.jsonl", SCHEMA, "rows.csv", workers=1)
    Path("labels.jsonl").write_text('{"document": "@a", "field": "/team", "value": "sales"}\n')
    found = fc.evaluate("rows.csv", "labels.jsonl")
    assert "'@a" in Path("rows.csv").read_text()
    assert found.documents == 1
