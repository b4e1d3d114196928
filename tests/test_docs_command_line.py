"""What docs/command-line.md and docs/installing.md say is true: every command runs."""

import json
import re
import shlex
import shutil
import tomllib

import pytest
from answers import chunks, response
from installed import CliRunner
from pages import ROOT
from servers import answer_as_asked, serving

from fieldconf.cli import main

PAGES = {name: (ROOT / "docs" / name).read_text() for name in ("command-line.md", "installing.md")}
COMMANDS = [
    line.split("#")[0].strip()
    for text in PAGES.values()
    for code in re.findall(r"```\n(.*?)```", text, re.DOTALL)
    for line in code.splitlines()
    if line.startswith("fieldconf ")
]
TICKET = {
    "customer": {"name": "Anna Berg", "email": "anna.berg@example.com"},
    "orders": ["4711"],
    "amount": 49.9,
    "team": "billing",
    "urgent": True,
}
HESITANT = ("billing", 0.72, {"technical": 0.21, "other": 0.05})
TOKENS = [
    HESITANT if piece == "billing" else (piece, 0.99, {})
    for piece in re.findall(r"\w+|\W", json.dumps(TICKET))
]
SHOWN = re.findall(
    r"```\n(fieldconf [^\n]*)\n```\n+```\n(.*?)```", PAGES["command-line.md"], re.DOTALL
)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server that stands for OpenAI's, and a folder that stands for the reader's."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "mail.txt").write_text("I was charged twice")
    (tmp_path / "answer.txt").write_text("Question: 1 + 1?\nAnswer: 2")
    (tmp_path / "mails.txt").write_text("I was charged twice\n")
    (tmp_path / "policy.toml").write_text("accept = 0.0\n")
    (tmp_path / "response.json").write_text(json.dumps(response(TOKENS)))
    (tmp_path / "answer.json").write_text(json.dumps(response([("A", 0.9, {"B": 0.1})])))
    rows = [f"{n},/team,{n / 60},{int(n > 20)}" for n in range(60)]
    (tmp_path / "judged.csv").write_text("\n".join(["document,field,confidence,right", *rows]))
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "monday.jsonl").write_text(json.dumps(response(TOKENS)))
    monkeypatch.chdir(tmp_path)
    with serving(answer_as_asked(response(TOKENS), chunks(TOKENS))) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        yield running


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs(command, server, request):
    needs_model = ("extract" in command and "--model" not in command) or "local" in command.split()
    if needs_model:
        request.getfixturevalue("local_client")
    command = command.replace("http://localhost:8000/v1", server.base_url)
    _, *arguments = shlex.split(command)
    result = CliRunner().invoke(main, arguments, input="I was charged twice")
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(("command", "output"), SHOWN)
def test_the_page_shows_what_a_command_prints(command, output, server):
    result = CliRunner().invoke(main, shlex.split(command)[1:])
    lines = "\n".join(line.rstrip() for line in result.stdout.rstrip().splitlines())
    assert lines + "\n" == output


def test_there_is_a_command_with_its_output():
    assert SHOWN


def test_what_the_pages_name_is_there():
    for text in PAGES.values():
        linked = re.findall(r"\]\(([^)#:]+)", text)
        assert linked
        assert all((ROOT / "docs" / name).exists() for name in linked)
        assert all((ROOT / name).exists() for name in re.findall(r"examples/[\w]+\.\w+", text))


def test_every_extra_has_its_line():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = set(re.findall(r"\.\[(\w+)\]", PAGES["installing.md"]))
    ours = {"clients", "clients-instructor", "clusters", "bench", "dev"}
    assert named == {*project["optional-dependencies"]} - ours
