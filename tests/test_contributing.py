"""CONTRIBUTING.md is true: its layers are those of the code, and the files it names exist."""

import re

from pages import ROOT
from test_layers import LAYERS

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
NAMED = r"`((?:[\w-]+/)*[\w.-]*\.(?:py|md|json|toml)|(?:[\w-]+/)+)`"


def test_the_layers_are_those_of_the_code():
    layers = []
    for number, names in re.findall(r"^\| (\d*) ?\| ((?:`\w+`(?:, )?)+) \|", TEXT, re.MULTILINE):
        if number:
            assert int(number) == len(layers) + 1
            layers.append(set())
        layers[-1] |= {*re.findall(r"\w+", names)}
    assert layers == [{*layer} - {""} for layer in LAYERS]


def test_the_files_are_there():
    named = [*re.findall(NAMED, TEXT)]
    assert len(named) > 40
    folders = (ROOT, ROOT / "fieldconf", ROOT / "tests" / "fixtures" / "recorded",
               ROOT / "tests" / "fixtures" / "payloads")  # fmt: skip
    assert [name for name in named if not any((folder / name).exists() for folder in folders)] == []


def test_the_targets_are_those_of_make():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"`?make (\w+)", TEXT)
    assert all(f"\n{target}:" in makefile for target in targets)
