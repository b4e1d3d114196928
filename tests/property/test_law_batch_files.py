"""Law 1 for files: dividing the input differently changes nothing."""

import gzip
import json
import tempfile
from pathlib import Path

import pyarrow.parquet
from desks import SCHEMA
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.batch import score_files
from fieldconf.batch.blocks import blocks, read
from fieldconf.batch.sources import stat_of
from fieldconf.strategies import DIALECTS, completions

LINE = st.one_of(
    st.binary(max_size=12).map(lambda data: data.replace(b"\0", b"").replace(b"\n", b"")),
    st.sampled_from([b"", b" ", b"\r", b'{"a": 1}', b'{"a": 1}\r']),
)
TEXTS = st.lists(LINE, max_size=12).map(b"\n".join)
PACKS = st.sampled_from([bytes, gzip.compress])
LONGEST = 10


def read_all(files, size, longest):
    """The lines of files, with their numbers in these, and those that are too long."""
    found, before = [], {}
    for block in blocks(map(stat_of, files), found.append, size=size, longest=longest):
        for piece in block.pieces:
            lines = read(piece, longest)
            start = before.get(piece.name, 0)
            numbered = list(zip(lines.numbers, lines.texts, strict=True))
            numbered += [(number, None) for number in lines.too_long]
            found += [(piece.name, start + number, text) for number, text in sorted(
                numbered, key=lambda one: one[0])]  # fmt: skip
            before[piece.name] = start + lines.count
    return found


def plainly(data, longest):
    """The slow and obvious way: all of it in memory."""
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if len(line) > longest:
            yield number, None
        elif line.strip():
            yield number, line.strip()


@given(st.lists(st.tuples(TEXTS, PACKS), min_size=1, max_size=4), st.integers(1, 40))
@example([(b'"a"\n"b"\n', bytes)], 4)  # a line that begins where a piece does
@example([(b'"a"\n\n\n\n"b"', bytes)], 1)  # pieces in which no line begins, or only blank ones
@example([(b"x" * 30 + b"\n1", bytes)], 7)  # pieces inside of one line
@example([(b"x" * 11 + b"\n" + b"y" * 11 + b"\n1\n", gzip.compress)], 3)  # two that are too long
@example([(b"\xef\xbb\xbf1\n2", bytes), (b"", bytes), (b"\xef\xbb\xbf1\n2", gzip.compress)], 1)
def test_any_division_gives_the_same_lines(texts, size):
    """Law 1: cutting the input differently changes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, (data, pack) in enumerate(texts):
            files.append(str(Path(folder, f"{number}.jsonl")))
            Path(files[-1]).write_bytes(pack(b"1\n" + data))
        expected = [
            (name, number, text)
            for name, (data, _) in zip(files, texts, strict=True)
            for number, text in plainly(b"1\n" + data, LONGEST)
        ]
        assert read_all(files, size, LONGEST) == expected


@settings(max_examples=15)
@given(completions(SCHEMA), st.integers(2000, 50_000))
def test_all_dialects_in_one_file_have_their_own_rows(case, block):
    """Law 8: however a response was saved, its scores are those of ``score``."""
    payloads = [dialect.write(case) for dialect in DIALECTS.values()]
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "all.jsonl"), Path(folder, "rows.parquet")
        file.write_text("".join(f"{json.dumps(one)}\n" for one in payloads))
        found = score_files(file, SCHEMA, output, workers=1, block=block, progress=False)
        rows = pyarrow.parquet.read_table(output).to_pylist()
    assert (found.responses, found.failed) == (len(payloads), 0)
    for number, payload in enumerate(payloads, 1):
        report = fc.score(payload, SCHEMA)
        mine = [row for row in rows if row["line"] == number]
        fields = {row["pointer"]: row["confidence"] for row in mine if row["pointer"] is not None}
        assert fields == {name: field.confidence for name, field in report.fields.items()}
        assert {row["status"] for row in mine} == {report.status}
