"""What files hold as many inputs, and the command that reads them."""

import io
import json
import sys

import pytest
from desks import SCHEMA, answer_to, text_of
from installed import CliRunner

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.errors import PayloadError
from fieldconf.many.input_items import Task, count_of
from fieldconf.many.input_readers import inputs_in
from fieldconf.many.sealed_lines import sealed
from fieldconf.testing import Answer, FakeServer, HttpError

PNG = b"\x89PNG\r\n\x1a\n"
SURE = {"accept": 0.97, "review": 0.7, "reject": 0.3}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with files of all kinds, and a schema beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mails" / "new").mkdir(parents=True)
    (tmp_path / "mails" / "b.txt").write_text("second\nof two lines\n")
    (tmp_path / "mails" / "a.txt").write_text("first")
    (tmp_path / "mails" / "new" / "c.PNG").write_bytes(PNG)
    (tmp_path / "mails" / ".hidden").write_text("hidden")
    (tmp_path / "lines.txt").write_text("one\n\n  \ntwo\r\nthree")
    (tmp_path / "records.jsonl").write_text(
        '{"text": "one", "body": "uno", "key": 1}\n\n'
        '{"text": "two", "body": "due", "key": "k"}\n"three"\n'
    )
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    return tmp_path


def read(inputs):
    """What each input gives: its name, and what is read or what is wrong."""
    found = []
    for entry in inputs:
        try:
            found.append((entry.id, Task(0, entry).read()))
        except PayloadError as error:
            found.append((entry.id, str(error)))
    return found


# -- inputs -------------------------------------------------------------------------------------


def test_lines_of_a_file(folder):
    inputs = inputs_in(["lines.txt"])
    assert read(inputs) == [(None, "one"), (None, "two"), (None, "three")]
    assert count_of(inputs) == 3


def test_lines_of_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"one\n\ntwo\n")))
    inputs = inputs_in(["-"])
    assert count_of(inputs) is None
    assert read(inputs) == [(None, "one"), (None, "two")]


@pytest.mark.parametrize(
    "places", [["mails"], ["mails/**"], ["mails/a.txt", "mails/[bn]*/*", "mails/b.txt"]]
)
def test_files_of_folders_patterns_and_names(folder, places):
    inputs = inputs_in(places)
    found = read(inputs)
    assert count_of(inputs) == len(found) == 3
    texts = dict(found)
    assert texts.pop("mails/new/c.PNG").url == fc.Image(PNG).url
    assert texts == {"mails/a.txt": "first", "mails/b.txt": "second\nof two lines\n"}


def test_one_file_as_a_whole_and_several_by_line(folder):
    assert read(inputs_in(["mails/b.txt"], per="file")) == [
        ("mails/b.txt", "second\nof two lines\n")
    ]
    lines = read(inputs_in(["mails/b.txt", "lines.txt"], per="line"))
    assert [text for _, text in lines] == ["second", "of two lines", "one", "two", "three"]


def test_one_image_is_one_input(folder):
    ((name, image),) = read(inputs_in(["mails/new/c.PNG"]))
    assert (name, image.url) == ("mails/new/c.PNG", fc.Image(PNG).url)


def test_json_lines(folder):
    assert read(inputs_in(["records.jsonl"])) == [(None, "one"), (None, "two"), (None, "three")]
    named = read(inputs_in(["records.jsonl"], text_field="body", id_field="key"))
    assert named[:2] == [("1", "uno"), ("k", "due")]
    assert "line 4 of records.jsonl has no 'key'" in named[2]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "line 1 of x.jsonl is no JSON"),
        (b"[" * 100_000, "line 1 of x.jsonl is no JSON"),
        (b"3", "line 1 of x.jsonl has no text 'text'"),
        (b'{"body": "x"}', "line 1 of x.jsonl has no text 'text'"),
        (b"\xff", "line 1 of x.jsonl is no JSON"),
    ],
)
def test_a_line_that_cannot_be_read_fails_alone(folder, line, words):
    (folder / "x.jsonl").write_bytes(line + b'\n"good"\n')
    assert read(inputs_in(["x.jsonl"])) == [(None, words), (None, "good")]


def test_files_that_cannot_be_read_fail_alone(folder):
    (folder / "bytes.txt").write_bytes(b"ab\xff\n")
    (folder / "blank.txt").write_text(" \n")
    (folder / "lost.txt").write_text("here")
    inputs = inputs_in(["bytes.txt", "blank.txt", "lost.txt"])
    (folder / "lost.txt").unlink()
    assert [said for _, said in read(inputs)] == [
        "bytes.txt is not UTF-8 text (byte 2)",
        "blank.txt is empty",
        "cannot read lost.txt: No such file or directory",
    ]
    assert read(inputs_in(["bytes.txt"])) == [
        (None, "line 1 of bytes.txt is not UTF-8 text (byte 2)")
    ]


@pytest.mark.parametrize("places", [["none.txt"], ["none/*.txt"], ["empty"]])
def test_files_that_are_not_there(folder, places):
    (folder / "empty").mkdir()
    with pytest.raises(PayloadError, match=r"Look at the name"):
        inputs_in(places)


# -- the command --------------------------------------------------------------------------------


def outcome_of(text):
    """What is to be done with the answer to a text."""
    return next(o for o, sure in SURE.items() if sure == answer_to(text).confidences["/team"])


TEXT_OF = {}
for _number in range(100):
    TEXT_OF.setdefault(outcome_of(f"text {_number}"), f"text {_number}")


def answer(body):
    text = text_of(body)
    return HttpError(400, "not this one") if text == "bad" else answer_to(text)


def run(*arguments, stdin=None, served=answer):
    with FakeServer(served) as server:
        command = ["extract", "schema.json", *arguments, "--base-url", server.base_url]
        result = CliRunner().invoke(main, [*command, "--model", "m"], input=stdin)
        return result, [text_of(body) for body in server.requests]


def lines_of(*outcomes):
    return "".join(f"{TEXT_OF.get(outcome, outcome)}\n" for outcome in outcomes)


def test_each_line_is_shown_in_a_line(folder):
    result, _ = run("--each", "-", stdin=lines_of("accept", "review", "bad", "reject"))
    accepted, reviewed, failed, rejected = result.stdout.splitlines()
    assert accepted.startswith('accept  line 1 of standard input  {"team": ')
    assert reviewed.startswith('review  line 2 of standard input  {"team": ')
    assert reviewed.endswith("}  /team 0.700")
    assert failed.startswith("failed  line 3 of standard input  http://127.0.0.1")
    assert rejected.endswith("}  /team 0.300")
    assert "not this one" in result.stdout
    (summary,) = result.stderr.splitlines()
    assert summary.startswith("4 inputs: 1 accepted, 1 to review, 1 rejected, 1 failed; ")
    assert summary.endswith(" output tokens")
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("outcomes", "code", "by_outcome"),
    [
        (["accept"], 0, 0),
        (["accept", "review"], 0, 10),
        (["review", "reject"], 0, 11),
        (["accept", "bad"], 1, 11),
    ],
)
def test_exit_codes(folder, outcomes, code, by_outcome):
    text = lines_of(*outcomes)
    assert run("--each", "-", stdin=text)[0].exit_code == code
    assert run("--each", "-", "--exit-by-outcome", stdin=text)[0].exit_code == by_outcome


def test_json_lines_for_machines(folder):
    result, _ = run("--each", "records.jsonl", "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["index"] for line in lines] == [0, 1, 2]
    assert all(line["report"]["data"] == line["data"] for line in lines)
    assert "key" not in lines[0]
    assert [line["place"] for line in lines] == [f"line {n} of records.jsonl" for n in (1, 3, 4)]


def test_an_output_is_gone_on_with(folder):
    (folder / "in.txt").write_text(lines_of("accept", "bad", "review"))
    first, asked = run("--each", "in.txt", "-o", "out.jsonl")
    assert (first.stdout, first.exit_code, len(asked)) == ("", 1, 3)
    assert "failed  line 2 of in.txt" in first.stderr
    again, asked = run("--each", "in.txt", "-o", "out.jsonl")
    assert asked == ["bad"]
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [line["place"] for line in lines] == [f"line {n} of in.txt" for n in (1, 2, 3)]
    assert "3 inputs: 1 accepted, 1 to review, 0 rejected, 1 failed; 2 of them from out.jsonl" in (
        again.stderr
    )
    other, asked = run("--each", "in.txt", "-o", "out.jsonl", "--temperature", "1")
    assert (other.exit_code, asked) == (2, [])
    assert other.stderr.startswith("Error: ")
    assert "another model, or other options" in other.stderr


def test_damaged_lines_of_an_interrupted_run_are_told_once(folder):
    (folder / "in.txt").write_text(lines_of("accept", "review", "reject"))
    command = ["--each", "in.txt", "-o", "out.jsonl"]
    run(*command)
    output = folder / "out.jsonl"
    first, second, third = map(sealed, output.read_bytes().splitlines(keepends=True))
    output.unlink()  # as a run that was killed leaves its lines
    second = second.replace(b"team", b"tea\xff", 1)
    (folder / "out.jsonl.journal").write_bytes(first + second + third)
    result, asked = run(*command)
    assert asked == [TEXT_OF["review"]]
    assert "2 of them from out.jsonl; 1 line of out.jsonl.journal damaged" in result.stderr


def test_an_output_of_an_earlier_version_gets_the_places(folder):
    (folder / "in.txt").write_text(lines_of("accept"))
    run("--each", "in.txt", "-o", "out.jsonl")
    whole = (folder / "out.jsonl").read_text()
    line = json.loads(whole)
    del line["place"]
    (folder / "out.jsonl").write_text(json.dumps(line) + "\n")
    again, asked = run("--each", "in.txt", "-o", "out.jsonl")
    assert (again.exit_code, asked) == (0, [])
    assert (folder / "out.jsonl").read_text() == whole


def test_files_are_named(folder):
    (folder / "mails" / "new" / "c.PNG").unlink()
    result, asked = run("--each", "mails", "--concurrency", "1")
    assert asked == ["first", "second\nof two lines\n"]
    assert [line.split()[1] for line in result.stdout.splitlines()] == [
        "mails/a.txt", "mails/b.txt"
    ]  # fmt: skip


def test_limits_are_those_of_the_command(folder):
    text = lines_of("reject")
    result, _ = run("--each", "-", "--accept", "0", stdin=text)
    assert result.stdout.startswith("accept")


def by_model(body):
    """What the small model says; the large one is sure of the other team."""
    if body["model"] == "m":
        return answer(body)
    team = answer_to(text_of(body)).value["team"]
    return Answer({"team": {"billing": "sales", "sales": "billing"}[team]})


def test_a_further_model_is_asked_for_what_is_in_doubt(folder):
    (folder / "in.txt").write_text(lines_of("accept", "review", "reject"))
    command = ["--each", "in.txt", "-o", "out.jsonl", "--step", "large"]
    result, asked = run(*command, served=by_model)
    doubtful = [TEXT_OF["review"], TEXT_OF["reject"]]
    assert sorted(asked) == sorted([*TEXT_OF.values(), *doubtful])
    assert result.exit_code == 0
    assert result.stderr.startswith("3 inputs: 3 accepted, 0 to review, 0 rejected, 0 failed; ")
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [len(line["report"].get("requests", [])) for line in lines] == [0, 2, 2]
    again, asked = run(*command, served=by_model)
    assert (again.exit_code, asked) == (0, [])
    for other in (["--step", "larger"], ["--accept", "0.5"]):
        refused, asked = run(*command, *other, served=by_model)
        assert (refused.exit_code, asked) == (2, [])


def test_samples_and_places_of_each(folder):
    text = lines_of("review")
    result, asked = run("--each", "-", "--samples", "3", "--locate", stdin=text)
    assert len(asked) == 3
    assert result.stdout == (
        'review  line 1 of standard input  {"team": "sales", "urgent": false}'
        "  /team 0.700; samples: 3 answers agree on every value; not in the text: /team\n"
    )
    sure, _ = run("--each", "-", "--locate", stdin=lines_of("accept"))
    assert sure.stdout == (
        'accept  line 1 of standard input  {"team": "billing", "urgent": false}'
        "  not in the text: /team\n"
    )
    (folder / "in.txt").write_text("the sales team\n")
    there, _ = run("--each", "in.txt", "--locate", served={"team": "sales", "urgent": False})
    assert there.stdout.endswith("}  in the text: /team at character 4\n")
    lines, _ = run("--each", "-", "--locate", "--json", stdin=lines_of("accept"))
    assert json.loads(lines.stdout)["report"]["fields"]["/team"]["source_spans"] == []


def test_samples_of_each_say_what_they_differ_on(folder):
    teams = iter(["sales", "billing", "sales"])
    result, _ = run(
        "--each", "-", "--samples", "3", "--concurrency", "1", "--provider", "anthropic",
        stdin="one\n", served=lambda body: Answer({"team": next(teams), "urgent": False}),
    )  # fmt: skip
    assert result.stdout.startswith("review  line 1 of standard input  {")
    assert "samples: 3 answers differ on /team 2 of 3" in result.stdout


def test_giving_up(folder):
    refused = HttpError(401, "who are you?")
    result, asked = run(
        "--each", "-", "--give-up-after", "3", "--concurrency", "1",
        stdin="\n".join(map(str, range(50))), served=refused,
    )  # fmt: skip
    assert result.exit_code == 3
    assert len(asked) == 3
    assert "3 inputs in a row failed alike" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["one", "two"], "2 files were given: add --each"),
        (["one", "-o", "x"], "--output is for many inputs: add --each"),
        (["one", "--text-field", "x"], "--text-field is for many inputs: add --each"),
        (["lines.txt", "--each", "--why"], "--why is for one text"),
        (["none.txt", "--each"], "there is no such file"),
        ([], "there is no text: give a FILE"),
    ],
)
def test_wrong_arguments(folder, arguments, words):
    result, asked = run(*arguments)
    assert (result.exit_code, asked) == (2, [])
    assert words in result.stderr
