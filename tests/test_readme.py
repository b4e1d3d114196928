"""The README is true: its Python and its commands run, and the demo prints the fields shown."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from installed import CliRunner

from fieldconf.cli import main
from fieldconf.testing import Answer, FakeServer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
COMMANDS = [
    line.split("#")[0].strip()
    for language, code in BLOCKS
    for line in code.splitlines()
    if not language and line.startswith("fieldconf ")
]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the README leaves its client open
def test_the_python_runs_from_top_to_bottom(monkeypatch, capsys):
    value = {"urgent": False, "team": "billing"}
    with FakeServer(Answer(value, confidences={"urgent": 0.95, "team": 0.7})) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        names = {}
        reports = []
        for code in PYTHON:
            exec(code, names)
            reports.append(names["report"])
    assert [report.value for report in reports] == [names["Message"](**value)] * 3
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "urgent=False team='billing'"
    assert float(printed[1]) == pytest.approx(0.7)
    assert str(reports[0]).splitlines()[0] in printed
    assert printed[-2:] == ["review", "['/team']"]
    assert running.requests[1]["messages"] == names["prompt"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs(command, local_client, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, shlex.split(command)[1:])
    assert result.exit_code == 0, result.stderr


def test_make_runs_what_the_readme_shows():
    """``make`` and the lines beside it do the same."""
    assert COMMANDS
    for command in COMMANDS:
        assert command.partition(" ")[2] in MAKEFILE
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert f"\n{target}:" in MAKEFILE
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = re.findall(r"\.\[(\w+)\]", README)
    groups = re.findall(r"--group (\w+)", README)
    assert {*extras} <= {*pyproject["project"]["optional-dependencies"]}
    assert {*groups} <= {*pyproject["dependency-groups"]}
    assert all(f".venv/.{name}" in MAKEFILE for name in (*extras, *groups))


def test_the_demo_prints_the_fields_that_the_readme_shows(local_client):
    """The numbers move by percents between machines, so only the fields are compared."""
    (shown,) = re.findall(r"<!-- demo -->\n```\n(.*?)```", README, re.DOTALL)
    demo = [str(ROOT / "examples" / "ticket.py") + ":Ticket", str(ROOT / "examples" / "ticket.txt")]
    printed = CliRunner().invoke(main, ["extract", *demo]).stdout

    def fields(text):
        return [line.split()[0] for line in text.splitlines() if line.startswith("/")]

    assert fields(shown)
    assert fields(printed) == fields(shown)


def test_what_the_readme_names_is_there():
    linked = re.findall(r"\]\(([^)#:]+)\)", README)
    assert "docs/index.md" in linked  # which leads to every page: tests/test_docs_site.py
    assert all((ROOT / name).exists() for name in linked)
    assert all((ROOT / name).exists() for name in re.findall(r"examples/[\w.]+", README))


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120
