"""What the README says is so: its Python runs, its commands run, its output is what is printed."""

import importlib.util
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from answers import chunks, entry, response
from installed import CliRunner, needs_responses
from servers import answer_as_asked, answer_json, serving

from fieldconf.cli import main
from fieldconf.testing import Answer, FakeServer

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
COMMANDS = [
    line.split("#")[0].strip()
    for language, code in BLOCKS
    for line in code.splitlines()
    if not language and line.startswith("fieldconf ")
]

TICKET = {
    "urgent": True,
    "team": "billing",
    "priority": 4,
    "amount": 49.9,
    "customer": {"name": "Anna Berg", "email": "anna.berg@example.com"},
    "topics": ["refund"],
}
TOKENS = [(piece, 0.9, {}) for piece in re.findall(r"\w+|\W", json.dumps(TICKET))]


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server that stands for OpenAI's, and a folder that stands for the reader's."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "mail.txt").write_text("I was charged twice")
    (tmp_path / "mails.txt").write_text("I was charged twice\n")
    (tmp_path / "policy.toml").write_text("accept = 0.0\n")
    (tmp_path / "response.json").write_text(json.dumps(response(TOKENS)))
    (tmp_path / "answer.json").write_text(json.dumps(response([("A", 0.9, {"B": 0.1})])))
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "monday.jsonl").write_text(json.dumps(response(TOKENS)))
    monkeypatch.chdir(tmp_path)
    with serving(answer_as_asked(response(TOKENS), chunks(TOKENS))) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        yield running


@pytest.fixture
def ticket():
    spec = importlib.util.spec_from_file_location("ticket", ROOT / "examples" / "ticket.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Ticket


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the README's lines leave a client open
def test_the_python_of_the_first_screen_runs(monkeypatch, capsys, tmp_path):
    """All of it, in its order, up to the tests that the reader might write."""
    import openai

    said = {"urgent": False, "team": "billing"}
    answer = Answer(said, confidences={"urgent": 0.95, "team": 0.7})
    with (
        FakeServer(answer) as running,
        openai.OpenAI(base_url=running.base_url, api_key="key") as client,
    ):
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        names = {"client": client}
        first, functions, streaming, deciding, testing = PYTHON[:5]
        for code in (first, functions):
            exec(code, names)
            assert names["report"].value == names["Message"](**said)
            assert names["report"]["team"].distribution["billing"].probability > 0
        exec(streaming, names)
        printed = capsys.readouterr().out.splitlines()
        assert printed[0].startswith("/urgent False 0.9")
        assert len(printed) == 2
        assert "Stopped(pointer='/urgent'" in printed[1]
        monkeypatch.chdir(tmp_path)
        (tmp_path / "labels.jsonl").write_text(f"{json.dumps(said)}\n" * 2)
        exec(deciding, names)
        assert list(names["report"].to_review) == ["/team"]
        assert names["report"].verdicts["/team"].reasons[0].sentence in deciding
        assert [reading.value for reading in names["better"]["team"].readings] == ["billing"] * 2
        printed = capsys.readouterr().out.splitlines()
        assert printed[:2] == ["review urgent=False team='billing'"] * 2
        assert "4 values of 2 documents" in printed[2]
        assert "at least" in names["signed"].guarantee.reason
        assert len((tmp_path / "mails.jsonl").read_text().splitlines()) == 2
    exec(testing, names)
    (code,) = [code for code in PYTHON if ".why." in code]
    exec(code, names)
    assert names["field"].why.sentence


@needs_responses
def test_the_python_for_other_providers_runs(ticket, capsys):
    import openai

    import fieldconf as fc

    (code,) = [code for code in PYTHON if "openai-responses" in code]
    entries = [entry(*token) for token in TOKENS]
    part = {"type": "output_text", "text": json.dumps(TICKET), "annotations": []}
    message = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
    message["content"] = [part | {"logprobs": entries}]
    body = {"object": "response", "id": "r", "status": "completed", "output": [message]}
    with serving(answer_json(body)) as running:
        with openai.OpenAI(base_url=running.base_url, api_key="key") as client:
            names = {"Ticket": ticket, "fc": fc, "client": client, "messages": []}
            exec(code, names)
        (asked,) = running.requests
    assert asked["include"] == ["message.output_text.logprobs"]
    assert [report.value for report in names["reports"]] == [ticket(**TICKET)]
    assert "gives logprobs" in capsys.readouterr().out


def test_the_python_for_bare_labels_runs():
    import fieldconf as fc

    names = {"fc": fc, "bare": response([("b", 0.7, {"a": 0.2, "none": 0.1})])}
    (code,) = [code for code in PYTHON if "fc.classify" in code]
    exec(code, names)
    assert names["report"].value == "work"


def test_the_embedded_model_in_python_runs(ticket, local_client):
    import fieldconf as fc

    names = {"Ticket": ticket, "fc": fc}
    (code,) = [code for code in PYTHON if "fc.local()" in code]
    exec(code, names)
    assert names["report"].status == "complete"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs(command, server, request):
    needs_model = ("extract" in command and "--model" not in command) or "local" in command.split()
    if needs_model:
        request.getfixturevalue("local_client")
    command = command.replace("http://localhost:8000/v1", server.base_url)
    _, *arguments = shlex.split(command)
    result = CliRunner().invoke(main, arguments, input="I was charged twice")
    assert result.exit_code == 0, result.stderr


def test_the_demo_prints_the_fields_that_the_readme_shows(local_client):
    """The numbers move by percents between machines, so only the fields are compared."""
    (shown,) = re.findall(r"<!-- demo -->\n```\n(.*?)```", README, re.DOTALL)
    demo = [str(ROOT / "examples" / "ticket.py") + ":Ticket", str(ROOT / "examples" / "ticket.txt")]
    printed = CliRunner().invoke(main, ["extract", *demo]).stdout

    def fields(text):
        return [line.split()[0] for line in text.splitlines() if line.startswith("/")]

    assert fields(shown)
    assert fields(printed) == fields(shown)


def test_the_files_that_the_readme_links_to_are_there():
    linked = re.findall(r"\]\(([^)#:]+)\)", README)
    assert linked
    assert all((ROOT / name).exists() for name in linked)


SCHEMAS = (ROOT / "docs" / "schemas.md").read_text()


def test_the_python_of_schemas_runs(capsys):
    """What a line prints is what its comment says."""
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", SCHEMAS, re.DOTALL)
    lines = [line for block in blocks for line in block.split("\n")]
    said = [line.split("  # ")[1] for line in lines if "  # " in line]
    for block in blocks:
        exec(block, names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[: len(said)] == said
    assert printed[len(said) :] == [str(loss) for loss in names["form"].lost]


def test_the_python_of_any_schema_runs(capsys):
    import fieldconf as fc

    answer = {"emailAddress": "a@b.c", "paid": True, "note": None}
    (code,) = [code for code in PYTHON if "fc.strict" in code]
    names = {"fc": fc, "saved": response([(json.dumps(answer), 0.5, {})])}
    exec(code, names)
    (lost, error) = capsys.readouterr().out.splitlines()
    assert lost in code
    assert error.startswith("/emailAddress String should have at least 6 characters a@b.c 0.")
    report = names["report"]
    assert report.of(lambda order: order.email).pointer == "/emailAddress"
    assert report["paid"].declared.conf.threshold == 0.9
    assert report["/emailAddress"].declared.description == "Where to write to."
    answer["emailAddress"] = "anna@b.c"
    kept = fc.score(response([(json.dumps(answer), 0.5, {})]), names["Order"])
    assert kept.value.note == ""


def test_the_numbers_of_schemas_are_those_of_the_code():
    from fieldconf.schema import MAX_MEMBERS
    from fieldconf.schema.bounded_validation import SECONDS
    from fieldconf.schema.unions import MOST_CASES

    assert f"more than {MOST_CASES} cases" in SCHEMAS
    assert f"where they are {MAX_MEMBERS:,} scalars or fewer" in SCHEMAS
    assert SECONDS == 1
    assert "patterns have one second in all" in SCHEMAS
