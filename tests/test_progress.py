"""Progress of what takes long: on a terminal only, and never in what is piped."""

import io
import json
import re
import sys

import pytest
from answers import TICKET, TICKET_SCHEMA, response
from installed import CliRunner

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.many.progress import shown, working
from fieldconf.testing import FakeServer


class Terminal(io.StringIO):
    def isatty(self):
        return True


def terminal_of(monkeypatch):
    """A terminal as standard error, for the rest of a test."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    return sys.stderr


def test_work_is_shown_on_a_terminal_and_gone_at_the_end(monkeypatch, capsys):
    terminal = terminal_of(monkeypatch)
    with working("measuring [red]") as tell:
        tell(0.5)
        assert "measuring [red]" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")  # the line is erased
    monkeypatch.undo()
    assert capsys.readouterr() == ("", "")


def test_work_is_not_shown_where_no_terminal_is(capsys):
    with working("measuring") as tell:
        tell(0.5)
    assert capsys.readouterr() == ("", "")


def test_work_that_fails_is_gone_as_well(monkeypatch):
    terminal = terminal_of(monkeypatch)

    def fail():
        with working("measuring"):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert terminal.getvalue().endswith("\x1b[2K")


def judged(documents):
    return [
        {"document": n, "field": "/a", "confidence": n % 10 / 10, "right": n % 3 > 0}
        for n in range(documents)
    ]


def test_an_evaluation_tells_how_far_it_is():
    told = []
    with_progress = fc.evaluate(judged(50), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert all(0 <= share <= 1 for share in told)
    assert with_progress.to_dict() == fc.evaluate(judged(50)).to_dict()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema.json").write_text(json.dumps(TICKET_SCHEMA))
    (tmp_path / "saved.jsonl").write_text(json.dumps(response(TICKET)) + "\n")
    (tmp_path / "mails.txt").write_text("one\ntwo\n")
    (tmp_path / "judged.jsonl").write_text("\n".join(map(json.dumps, judged(50))))
    return tmp_path


COMMANDS = {
    "evaluate": "evaluate judged.jsonl",
    "drift": "drift --write baseline.json judged.jsonl",
    "batch": "batch saved.jsonl -o rows.csv",
    "each": "extract schema.json --each mails.txt --model m",
    "extract": "extract schema.json mails.txt --json --model m",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_pipe_has_no_progress(folder, name):
    with FakeServer({"urgent": True, "team": "sales"}) as server:
        command = COMMANDS[name].split()
        command += ["--base-url", server.base_url] if "extract" in command else []
        result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.stderr
    assert not re.search(r"[\x1b\r\u2500-\u257f]", result.stderr)
    lines = {"evaluate": 0, "extract": 0}.get(name, 1)  # at most the summary
    assert len(result.stderr.splitlines()) == lines


def test_how_many_inputs_there_are_is_known_from_the_start(monkeypatch):
    terminal = terminal_of(monkeypatch)
    _, showing = shown(True, 7)
    with showing():
        assert "0/7" in terminal.getvalue()
