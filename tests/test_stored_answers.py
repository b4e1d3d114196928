"""The stored answers of bench/quality: whole, as the card says, and readable by ``fc.score``."""

import hashlib
import importlib
import itertools
import json
import math
import re
import sys
from pathlib import Path
from typing import get_args

import pytest

import fieldconf as fc
from fieldconf.fields.readings import CandidateKind, FoundHow

HERE = Path(__file__).parents[1] / "bench" / "quality"
CARD = (HERE / "README.md").read_text()
ROWS = re.findall(r"([0-9a-f]{64})  (\S+)  (\d+) answers, (\d+) values, ([\d,]+) bytes", CARD)


@pytest.fixture(scope="module")
def stored():
    sys.path.insert(0, str(HERE))
    try:
        yield importlib.import_module("stored")
    finally:
        sys.path.remove(str(HERE))


def test_every_file_has_its_checksum():
    files = {path.name: path.read_bytes() for path in (HERE / "data").glob("*.xz")}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in files.items()} == {
        name: digest for digest, name, *_ in ROWS
    }
    assert all(len(files[name]) == int(size.replace(",", "")) for _, name, _, _, size in ROWS)


@pytest.mark.parametrize(("name", "answers", "values"), [row[1:4] for row in ROWS])
def test_a_set_has_what_its_card_says(stored, name, answers, values):
    lines = list(stored.stored(name.split(".")[0]))
    assert len(lines) == int(answers)
    assert sum(len(line["right"]) for line in lines) == int(values)
    known = {"document", "prompt", "text", "tokens", "right", "settled", "source"}
    for line in lines:
        assert line.keys() <= known  # no source text, no right value
        assert {*line["right"].values()} <= {0, 1}
        for spans, kinds in line["source"].values():  # words for how, and numbers: no text
            assert {how for how, _ in spans or ()} <= {*get_args(FoundHow)}
            assert {*(kinds or ())} <= {*get_args(CandidateKind)}
        assert "".join(text for text, *_ in line["tokens"]).startswith(line["text"])


@pytest.mark.parametrize("name", [row[1].split(".")[0] for row in ROWS])
def test_an_answer_scores(stored, name):
    """Its values are where the labels are, and what is settled lies within the bounds."""
    schemas = json.loads((HERE / "data" / "schemas.json").read_text())
    for line in itertools.islice(stored.stored(name), 0, None, 9):
        schema = stored.schema_of(schemas[name], line["prompt"])
        report = fc.score(stored.payload(line), schema)
        assert (report.status, report.mask) == ("complete", "before")
        assert line["right"].keys() <= report.fields.keys()
        for pointer, members in line.get("settled", {}).items():
            bounds = {m.value: m for m in report[pointer].distribution.candidates}
            for value, probability in members:
                # the digits of the runtime differ a little from request to request
                low, high = bounds[value].low - 0.02, bounds[value].high + 0.02
                assert low <= probability <= high
            assert math.fsum(share for _, share in members) == pytest.approx(1)
