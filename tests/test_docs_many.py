"""What docs/many.md says is so: its programs run, and print what stands there."""

import re
from pathlib import Path

import pytest
from installed import CliRunner

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.extraction.options import NAMES
from fieldconf.many.extract_many import ManyOptions
from fieldconf.many.thread_runner import ahead_of

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "many.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.filterwarnings("error")
def test_the_python_of_many_prints_what_it_says(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, ran = {}, 0
    for (language, code), following in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if language == "python":
            exec(code, names)
            assert capsys.readouterr().out == following[1], code
            ran += 1
    assert ran == TEXT.count("```python") == 7


def test_what_is_named_is_there():
    options = {*ManyOptions.__annotations__, *NAMES}
    assert set(re.findall(r"`(\w+)=", TEXT)) <= options | {"client"}
    linked = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert linked
    assert all((ROOT / "docs" / name).exists() for name in linked)
    assert str(ahead_of(8)) in TEXT
    shown = re.findall(r"There are (.*) and a `summary`", TEXT)[0]
    assert all(hasattr(fc.types.Results, name) for name in re.findall(r"`(\w+)`", shown))


def test_the_options_of_the_command_are_its_own():
    commands = [line for language, code in BLOCKS for line in code.splitlines() if not language]
    said = {word for line in commands if "fieldconf extract" in line for word in line.split()}
    known = CliRunner().invoke(main, ["extract", "--help"]).stdout
    options = {word for word in said if word.startswith("-") and word != "-"} - {"-n"}
    assert "--each" in options
    assert all(option in known for option in options)
