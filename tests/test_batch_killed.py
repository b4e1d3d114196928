"""A batch that is killed, again and again, has the output that it would have had."""

import contextlib
import os
import random
import signal
from pathlib import Path

import pytest
from desks import SCHEMA
from nursery import Nursery
from warehouse import text, write

from fieldconf.batch import score_files

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")

COUNT, ALONE, TOGETHER = 40, 18, 2
LIVES = Path(__file__).with_name("batch_lives.py")
ERRORS = ".errors.jsonl"


@pytest.fixture
def nursery():
    with contextlib.closing(Nursery(LIVES)) as made:
        yield made


@pytest.fixture
def run(tmp_path):
    """A run over a plain and a packed file, with lines that fail; a block is a line or two."""
    import gzip

    write(tmp_path / "a.jsonl", text(COUNT // 2) + b"no response\n")
    write(tmp_path / "b.jsonl.gz", gzip.compress(b"\nnone\n" + text(COUNT // 2, COUNT)))
    inputs = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl.gz"), str(tmp_path / "none")]
    return {"inputs": inputs, "schema": SCHEMA, "block": 1500, "workers": 1}


def whole(run, tmp_path):
    """The output of a run that nobody disturbs."""
    (tmp_path / "unbroken").mkdir()
    output = tmp_path / "unbroken" / "rows.parquet"
    found = score_files(**run, output=output)
    assert (found.responses, found.failed, len(found.problems)) == (COUNT + 2, 2, 1)
    return both(output)


def both(output):
    return output.read_bytes(), output.with_name(output.name + ERRORS).read_bytes()


def test_twenty_kills_at_random_moments(nursery, run, tmp_path):
    """Parts are written, get their names, are merged and removed: it is killed in all of these."""
    drawn = random.Random(8)
    expected = whole(run, tmp_path)
    output = tmp_path / "rows.parquet"
    kept = []
    for _ in range(ALONE):
        moment = drawn.randint(1, 20) * drawn.choice([1, -1])
        nursery.begin(**run, output=str(output), moment=moment)
        assert nursery.end() == -signal.SIGKILL
        kept.append(len(list(tmp_path.glob("rows.parquet.parts/*.part"))))
    assert len(set(kept)) > ALONE // 2
    nursery.begin(**run, output=str(output))
    assert nursery.end() == 0
    assert both(output) == expected
    assert not (tmp_path / "rows.parquet.parts").exists()


def test_kills_of_a_run_with_workers(nursery, run, tmp_path):
    drawn = random.Random(9)
    expected = whole(run, tmp_path)
    output = tmp_path / "rows.parquet"
    for kill in range(TOGETHER):
        nursery.begin(**run | {"workers": 2}, output=str(output))
        nursery.until("done", 4 + 8 * kill + drawn.randint(0, 7))
        nursery.kill()
        assert nursery.end() == -signal.SIGKILL
        assert not output.exists()
    found = score_files(**run, output=output)
    assert found.resumed >= 12
    assert both(output) == expected
