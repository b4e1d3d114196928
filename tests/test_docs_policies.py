"""What docs/policies.md says is so: its programs print what stands there, its table is whole."""

import re
from pathlib import Path
from typing import get_args

import pytest
from answers import TICKET, response
from installed import CliRunner

from fieldconf.cli import main
from fieldconf.cli.showing import EXIT_CODES
from fieldconf.policy import Policy
from fieldconf.policy.policies import KINDS
from fieldconf.policy.reasons import RULES, Name

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "policies.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)
(TOML,) = [code for language, code in BLOCKS if language == "toml"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the file of the page lies."""
    (tmp_path / "policy.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_python_prints_what_it_says(folder, capsys):
    names, ran = {}, 0
    for (language, code), (_, said) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if language == "python":
            exec(code, names)
            assert capsys.readouterr().out == said, code
            ran += 1
    assert ran == TEXT.count("```python") == 5


def test_the_file_says_what_the_page_says(folder):
    found = Policy.read("policy.toml")
    assert (found.null, found.absent, found.missing_item) == (0.2, "review", Policy().missing_item)


def test_every_reason_has_its_row_and_its_default():
    rows = re.findall(r"^\| `(\w+)` \|.*\| ?(?:`(\w+)=(\S+)`|its limits)? ?\|$", TEXT, re.MULTILINE)
    assert {row[0] for row in rows} == {*RULES} == {*get_args(Name)}
    limits = {name: eval(value) or "accept" for _, name, value in rows if name}
    assert limits == {name: getattr(Policy(), name) for name in limits}
    assert len(limits) == 6


def test_every_kind_is_named():
    (line,) = re.findall(r"^- Kinds are .*?(?=^- )", TEXT, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`(\w+)`", line)) == {*KINDS}


def test_the_commands_run(folder):
    import json

    (folder / "response.json").write_text(json.dumps(response(TICKET)))
    (folder / "policy.toml").write_text("accept = 0.8\n")  # the page's is for another schema
    commands = re.findall(r"^fieldconf (score .*)$", TEXT, re.MULTILINE)
    codes = [CliRunner().invoke(main, command.split()).exit_code for command in commands]
    assert codes == [0, EXIT_CODES["review"]]
    for outcome, code in EXIT_CODES.items():
        assert re.search(rf"\b{code} for\s+{outcome}", TEXT)
