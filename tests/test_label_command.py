"""``fieldconf label``: keys or lines, screens of 80 columns, and labels that no kill takes away."""

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import report_of, token
from desks import PATIENCE
from installed import CliRunner
from rich.cells import cell_len

import fieldconf as fc
from fieldconf.batch import score_batch
from fieldconf.cli import main
from fieldconf.cli.label_command import KEYS
from fieldconf.evaluation.judged import judged
from fieldconf.labelling import LabelSession, queue_of
from fieldconf.many.output_lines import line_of
from fieldconf.report.results import Result

needs_pty = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")

TEXT = "Dear Anna,\n\nyour number 4711 is \x1b[31mred\x1b[0m \u202e and fine.\n" + "blah blah " * 99
SCHEMA = {"properties": {"name": {"type": "string"}, "team": {"enum": ["a", "b", "c"]},
                         "n": {"type": "integer"}}}  # fmt: skip


def answer(number, sure=0.01):
    team = token("a", -sure, [("a", -sure), ("b", -4 if sure < 0.1 else -1.5), ("c", -5)])
    return report_of(
        '{"name":"', token("Anna", -sure), '","team":"', team, '","n":', token(str(number), -sure),
        "}", schema=SCHEMA,
    )  # fmt: skip


@pytest.fixture
def many(tmp_path):
    """The output of 80 inputs, every second of which has doubtful values, and their texts."""
    results = [
        Result(n, "", "accept", answer(n, 0.01 if n % 2 else 0.2 + n / 100), id=f"d{n}")
        for n in range(80)
    ]
    out = tmp_path / "out.jsonl"
    out.write_text("\n".join(json.dumps(line_of(one, "a-b-c")) for one in results))
    texts = [json.dumps({"id": f"d{n}", "text": f"{TEXT} {n}"}) for n in range(80)]
    (tmp_path / "texts.jsonl").write_text("\n".join(texts))
    return out


def run(many, *more, keys=""):
    arguments = [str(many), "--labels", str(many.parent / "labels.jsonl"), *map(str, more)]
    return CliRunner().invoke(
        main, ["label", *arguments], input=keys, env={"COLUMNS": "200", "TERM": "dumb"}
    )


def rows_of(many):
    lines = (many.parent / "labels.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines[1:]]


def screens(text):
    return text.split(KEYS)


# -- keys -----------------------------------------------------------------------------------------


def test_every_key_does_what_it_says(many):
    keys = "y\nn\n1\nc zzz\ns\nu\nx\n?\n\n9\nu\nn\nq\ny\n"
    result = run(many, "--field", "/team", keys=keys)
    assert result.exit_code == 0, result.output
    assert [(row["right"], row.get("right value")) for row in rows_of(many)] == [
        (True, "a"), (False, None), (False, "b"), (False, None)
    ]  # fmt: skip
    shown = screens(result.stdout)
    said = [screen.strip().splitlines()[0] for screen in shown[1:-1]]
    assert said[0] == "saved: d78 /team: right"
    assert said[1].endswith("/team: wrong")
    assert said[2].endswith('/team: wrong, "b" is right')
    assert said[3].endswith('/team: wrong, "zzz" is right')
    assert said[4].endswith("/team: skipped")
    assert said[5].startswith("undone: ")
    assert said[6] == "no such key: 'x'. Press ? for help"
    assert said[7].startswith("y    the value is right")
    assert said[8] == "no such key: ' '. Press ? for help"
    assert said[9] == "no such key: '9'. Press ? for help"
    assert said[10].startswith("undone: ")
    assert "4 labels in" in shown[-1]
    assert "1 right, 3 wrong." in shown[-1]


def test_a_right_value_is_typed_as_json_or_as_a_text(many):
    keys = "c seven\nc 7\nc null\nc\nc [1\nc NaN\nq\n"
    result = run(many, "--field", "n", keys=keys)
    assert [row["right value"] for row in rows_of(many)] == [7, None]
    assert result.stdout.count("not saved: that is no JSON value") == 2
    assert "not saved: the right value is no JSON value" in result.stdout
    assert "nothing was typed, nothing is saved" in result.stdout


def test_the_end_of_the_input_is_an_end(many):
    result = run(many, keys="y\ny")
    assert result.exit_code == 0
    assert len(rows_of(many)) == 2


def test_a_limit_ends_the_session(many):
    result = run(many, "--limit", 3, keys="y\ny\nu\ny\nn\ny\ny\n")
    assert result.exit_code == 0
    assert len(rows_of(many)) == 3
    assert run(many, "--limit", 3, keys="y\n" * 9).exit_code == 0
    assert len(rows_of(many)) == 6


def test_two_hundred_labels(many):
    source = many.parent / "texts.jsonl"
    keys = "".join("n\n" if n % 7 == 3 else "y\n" for n in range(200))
    result = run(many, "--source", source, "--id-field", "id", keys=keys)
    assert result.exit_code == 0, result.output
    rows = rows_of(many)
    assert len(rows) == 200
    assert sum(row["drawn"] == "audit" for row in rows) == 40
    assert all(row["drawn"] == "audit" for row in rows[3:160:4])
    labels = fc.labels(many.parent / "labels.jsonl")
    found = judged(str(many), labels)
    assert (len(found.table), int(found.table.right.sum())) == (200, 171)
    assert fc.calibrate(str(many), labels).labels
    for screen in screens(result.stdout)[:-1]:
        assert all(cell_len(line) <= 80 for line in screen.splitlines())
        assert len(screen.splitlines()) <= 23
    command = ["evaluate", str(many), "--labels", str(many.parent / "labels.jsonl")]
    assert CliRunner().invoke(main, command).exit_code == 0
    rest = run(many, keys="y\n" * 100)
    assert rest.exit_code == 0
    assert "All values are labelled." in rest.stdout
    assert len(rows_of(many)) == 240
    assert "fieldconf label" not in rest.stdout.split("Next:")[1]


# -- what is shown --------------------------------------------------------------------------------


def test_the_text_is_shown_with_the_value_marked_and_without_control_characters(many):
    source = many.parent / "texts.jsonl"
    result = run(many, "--source", source, "--id-field", "id", "--field", "/name", keys="q\n")
    assert "  Dear »Anna«," in result.stdout
    assert "\\x1b[31mred" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert '/name = "Anna"' in result.stdout
    assert "document d78" in result.stdout
    assert "confidence 0." in result.stdout
    assert "doubtful: confidence 0." in result.stdout
    team = run(many, "--field", "team", "--audit", 1, "--labels", many.parent / "other.jsonl",
               keys="q\n")  # fmt: skip
    assert "the text is not known: give --source" in team.stdout
    assert 'or [1] "b" 0.0' in team.stdout
    assert "audit: drawn at random from the accepted values" in team.stdout


@pytest.mark.parametrize(
    "value", ["漢字" * 400, "x" * 5000, "a\nb\t\x00\x1b[2J", "", [["y"] * 900], None]
)
def test_no_line_is_wider_than_the_screen(tmp_path, value):
    out = tmp_path / "out.jsonl"
    whole = report_of(token(json.dumps({"a": value}, ensure_ascii=False), -1))
    out.write_text(json.dumps(line_of(Result(0, "", "review", whole, id="漢" * 90), "a-b-c")))
    (tmp_path / "t.jsonl").write_text(json.dumps({"id": "漢" * 90, "text": "字 " * 3000}))
    result = run(out, "--source", tmp_path / "t.jsonl", "--id-field", "id", "--field", "a",
                 keys="?\ny\n")  # fmt: skip
    assert result.exit_code == 0, result.output
    first, second, _ = screens(result.stdout)[0], *screens(result.stdout)[1:3]
    for line in result.stdout.split("Next:")[0].splitlines()[:-4]:
        assert cell_len(line) <= 80, line
        assert line.isprintable()
    assert len(first.splitlines()) <= 22
    assert len(second.splitlines()) <= 24
    assert "labelled by themselves" in second


def test_the_summary_has_the_next_commands(many):
    result = run(many, "--field", "/team", "--field", "/n", "--audit", 0.5, keys="y\ny\ny\nq\n")
    after = result.stdout.split("Next:")[1].strip().splitlines()
    path = many.parent / "labels.jsonl"
    assert after[0] == f"fieldconf evaluate {many} --labels {path}"
    assert after[1].strip().startswith(f"fieldconf label {many} --labels {path} ")
    assert "--field /team --field /n" in after[1]
    assert "--audit 0.5" in after[1]
    assert "audited accepted values: 1 of 1 right, 2.5% to 100.0% with 95 % conf" in result.stdout
    assert "for a risk of 5.0%: 58 more audited in a row must be right" in result.stdout


def test_help_has_an_example_and_the_exit_codes():
    shown = CliRunner().invoke(main, ["label", "--help"]).stdout
    assert "fieldconf label tickets.jsonl --labels labels.jsonl" in shown
    assert "130  Ctrl-C; all labels are kept" in shown
    assert "label " in CliRunner().invoke(main, ["--help"]).stdout


# -- files ----------------------------------------------------------------------------------------


def test_rows_of_a_batch_are_labelled_too(tmp_path):
    entry = {"token": '{"a": true}', "bytes": list(b'{"a": true}'), "logprob": -0.2}
    choice = {"message": {"content": '{"a": true}'}, "logprobs": {"content": [entry]}}
    body = json.dumps({"id": "r1", "choices": [choice | {"finish_reason": "stop"}]})
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table(score_batch(pa.record_batch({"response": [body]}))), path)
    result = run(path, keys="1\n")
    assert result.exit_code == 0, result.output
    assert [row["right value"] for row in rows_of(path)] == [False]


def test_a_policy_decides_what_is_audited(many):
    run(many, "--accept", 0, "--audit", 1, keys="y\n" * 12)
    assert {row["drawn"] for row in rows_of(many)} == {"audit"}
    assert len({row["document"] for row in rows_of(many)}) > 8
    again = run(many, keys="y\n")
    assert again.exit_code == 2
    assert "with a policy that accepts other values" in again.stderr
    policy = many.parent / "policy.toml"
    policy.write_text("accept = 0\nreview = 0\n")
    assert run(many, "--policy", policy, "--limit", 1, keys="y\n").exit_code == 0
    assert len(rows_of(many)) == 13


def test_the_seed_is_that_of_the_file(many):
    assert run(many, "--seed", 5, keys="y\n").exit_code == 0
    assert run(many, keys="y\n").exit_code == 0
    assert "with the seed 5" in run(many, "--seed", 6, keys="y\n").stderr
    assert len(rows_of(many)) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--source", "{0}/texts.jsonl"], "give --id-field"),
        (["--source", "{0}/nowhere"], "no such file"),
        (["--field", "/nothing"], "no value at /nothing"),
        (["--labels", "{0}/texts.jsonl"], "no file of fieldconf label"),
        (["--labels", "{0}/none/labels.jsonl"], "cannot write the labels"),
        (["--policy", "{0}/none.toml"], "none.toml"),
        (["--risk", "0"], "range"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_2(many, options, words):
    result = run(many, *[option.format(many.parent) for option in options], keys="y\n")
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


# -- a terminal -----------------------------------------------------------------------------------


class Terminal:
    """The command in a process with a terminal of 80 columns."""

    def __init__(self, many, *more):
        import fcntl
        import pty
        import struct
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = [sys.executable, "-m", "fieldconf", "label", str(many),
                   "--labels", str(many.parent / "labels.jsonl"), *map(str, more)]  # fmt: skip
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def until(self, *words):
        """Read until these words are shown, one after the other."""
        start = 0
        for word in words:
            while word not in self.shown[start:]:
                assert select.select([self._ours], [], [], PATIENCE)[0], self.shown
                self.shown += os.read(self._ours, 1 << 16).decode()
            start = self.shown.index(word, start) + len(word)
        self.shown = self.shown[start:]

    def press(self, keys):
        os.write(self._ours, keys.encode())

    def kill(self):
        os.kill(self._process.pid, signal.SIGKILL)
        assert self._process.wait() == -signal.SIGKILL
        os.close(self._ours)

    def end(self):
        code = self._process.wait(PATIENCE)
        os.close(self._ours)
        return code


@needs_pty
def test_killed_again_and_again_it_loses_nothing_that_was_shown_as_saved(many):
    expected = queue_of(many, fields=["/team"])
    answers = []
    for life in range(3):
        terminal = Terminal(many, "--field", "/team")
        terminal.until(" left", "[?] help")
        for key in "yns1y"[life:]:
            terminal.press(key)
            terminal.until("saved: ", "[?] help")
            answers.append(key)
        terminal.kill()
        rows = rows_of(many)
        assert [row["right"] for row in rows] == [
            {"y": True, "s": None}.get(key, False) for key in answers
        ]
    with LabelSession(expected, many.parent / "labels.jsonl") as session:
        assert len(session.labels) == len(answers) == 12


@needs_pty
def test_ctrl_c_ends_with_130_and_keeps_the_labels(many):
    terminal = Terminal(many, "--field", "/team")
    terminal.until("[?] help")
    terminal.press("c")
    terminal.until("right value (Enter alone: cancel): ")
    terminal.press("sales\n")
    terminal.until('saved: d78 /team: wrong, "sales" is right', "[?] help")
    terminal.press("\x1b[A")  # a key that is no letter
    terminal.until("no such key", "[?] help")
    terminal.press("\x03")
    terminal.until("1 label in", "fieldconf evaluate")
    assert terminal.end() == 130
    assert [row["right value"] for row in rows_of(many)] == ["sales"]
    terminal = Terminal(many, "--field", "/team")
    terminal.until("[?] help")
    terminal.press("c")
    terminal.until("right value (Enter alone: cancel): ")
    terminal.press("\x03")
    with suppress(OSError):  # a signal before the read is noticed behind it only
        terminal.press("\n")
    terminal.until("1 label in")
    assert terminal.end() == 130
    assert len(rows_of(many)) == 1
