"""The command line: tables, JSON, exit codes, and one clear line for every wrong input."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from answers import TICKET, TICKET_SCHEMA, chunks, response
from installed import CliRunner, needs_responses
from pages import ROOT
from servers import answer_json, answer_stream, closed_port, serving

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.cli.option_words import in_options
from fieldconf.testing import Answer, FakeServer, HttpError


def run(*arguments, stdin=None):
    return CliRunner().invoke(
        main, [str(a) for a in arguments], input=stdin, env={"COLUMNS": "200"}
    )


@pytest.fixture
def saved(tmp_path):
    """A folder with a response, its schema, and a model."""
    (tmp_path / "response.json").write_text(json.dumps(response(TICKET)))
    (tmp_path / "schema.json").write_text(json.dumps(TICKET_SCHEMA))
    (tmp_path / "model.py").write_text(
        "from pydantic import BaseModel\n\n"
        "class Ticket(BaseModel):\n    urgent: bool\n    team: str\n"
    )
    return tmp_path


def test_it_is_a_module_as_well(saved):
    command = [sys.executable, "-m", "fieldconf", "score", str(saved / "response.json"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == run("score", saved / "response.json", "--json").stdout


def test_score_shows_each_field_with_its_rivals(saved):
    result = run("score", saved / "response.json", "--schema", saved / "schema.json")
    assert result.exit_code == 0
    titles, urgent, team, last, outcome, named, reading, least = result.stdout.splitlines()
    report = fc.score(response(TICKET), TICKET_SCHEMA)
    assert urgent.split()[:3] == ["/urgent", "true", f"{report['urgent'].confidence:.3f}"]
    assert titles.split() == [
        "field", "value", "confidence", "0", "1", "outcome", "other", "values", "/", "formula"
    ]  # fmt: skip
    assert "review  false 0." in urgent
    assert 'review  "sales" 0.' in team
    assert last == "complete, confidence 0.667 (the least sure required field)"
    assert outcome == "outcome review: 0 accepted, 2 to review, 0 rejected"
    assert named == "  review: /urgent, /team"
    assert reading.startswith("Confidence (0 to 1) is ")
    assert least == "least sure: /team, 0.667"


def test_score_says_why(saved):
    result = run("score", saved / "response.json", "--schema", saved / "schema.json", "--why")
    assert result.exit_code == 0
    assert "    at `true` the model gave `false` 16 %" in result.stdout
    assert "    not allowed by the schema 0.050: `null` 0.050" in result.stdout
    assert "    at `bill` the model gave `sales` 33 %" in result.stdout


def test_score_json_is_the_report(saved):
    result = run("score", saved / "response.json", "--json")
    assert json.loads(result.stdout) == json.loads(fc.score(response(TICKET)).to_json())


def test_score_reads_standard_input_and_event_streams():
    events = (
        "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks(TICKET)) + "data: [DONE]\n"
    )
    result = run("score", "-", "--json", stdin=events)
    assert json.loads(result.stdout)["data"] == {"urgent": True, "team": "billing"}


@pytest.mark.parametrize("name", ["{0}/model.py:Ticket", "{0}/model.py", "{0}/schema.json"])
def test_schemas_by_name(saved, name):
    result = run("score", saved / "response.json", "--schema", name.format(saved))
    assert result.exit_code == 0


def test_a_module_by_name(saved, monkeypatch):
    monkeypatch.chdir(saved)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "model", raising=False)
    result = run("score", "response.json", "--schema", "model:Ticket")
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "HTML"),
        (json.dumps(response(TICKET))[:200], "is not JSON"),
        (
            '{"hello": 1}',
            "its numbers are in the response. Give the file of the whole response of the request\n",
        ),
        ('"plain text"', "Give the file of the whole response"),
        ("plain text", "response of the request: the text alone has no logprobs\n"),
        ('{"error": {"message": "quota exceeded"}}', "quota exceeded"),
        (
            '{"error": "disk full", "level": "warn"}',
            "if this is the answer's value, give the file of the whole response\n",
        ),
        (
            '{"choices": ["red"]}',
            "response of the request, as JSON: the answer's value alone has no logprobs\n",
        ),
        ("[1, 2]", "this is the answer's value"),
        ("[]", "no known response shape"),
        ("null", "no known response shape"),
        ("\x00\x01", "this is a text, not a response"),
    ],
)
def test_a_response_that_is_none_is_one_line_and_exit_code_2(content, words):
    result = run("score", "-", stdin=content)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines(keepends=True)
    assert words in line
    assert "completion`" not in line
    assert result.stdout == ""


def test_a_file_that_is_not_there(tmp_path):
    result = run("score", tmp_path / "none.json")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "No such file" in result.stderr


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    result = run("score", tmp_path / "binary")
    assert (result.exit_code, "not UTF-8" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("nothing", "names no schema"),
        ("{0}/none.json", "cannot read the schema"),
        ("{0}/model.py:Tickett", "has no 'Tickett'"),
        ("no_such_module:Ticket", "cannot load no_such_module"),
        ("json:loads", "is no schema"),
        ("{0}/broken.py:Ticket", "SyntaxError"),
        ("{0}/bad.json", "not a JSON Schema"),
    ],
)
def test_a_schema_that_is_none_is_one_line_and_exit_code_2(saved, schema, words):
    (saved / "broken.py").write_text("class Ticket(:\n")
    (saved / "bad.json").write_text('{"type": "objekt"}')
    result = run("score", saved / "response.json", "--schema", schema.format(saved))
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert words in result.stderr


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda choice: choice.update(logprobs=None), "no_logprobs"),
        (lambda choice: choice["message"].update(content=None, refusal="No."), "refused"),
        (lambda choice: choice["logprobs"]["content"].pop(), "unaligned"),
        (lambda choice: choice["message"].update(content='{"urgent": tru'), "truncated"),
        (lambda choice: choice["message"].update(content='{"urgent": true, team}'), "malformed"),
    ],
)
def test_an_answer_that_is_not_whole_is_shown_and_exit_code_1(change, status):
    body = response(TICKET)
    change(body["choices"][0])
    result = run("score", "-", stdin=json.dumps(body))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line for line in lines if line.startswith(f"{status}, confidence unknown: ")]
    assert [
        line for line in lines if line.startswith("outcome reject: 0 accepted, ")
    ] or status == "truncated"


def test_a_required_field_without_a_confidence_is_exit_code_1():
    body = response(TICKET)
    body["choices"][0]["logprobs"]["content"][3]["logprob"] = -9999.0
    result = run("score", "-", stdin=json.dumps(body))
    assert result.exit_code == 1
    assert "token 3 ('true')" in result.stdout


def test_a_reason_that_all_fields_share_is_said_once():
    body = response(TICKET)
    body["choices"][0]["logprobs"] = None
    result = run("score", "-", stdin=json.dumps(body))
    assert result.stdout.count("the response has no logprobs") == 1


def test_extract_shows_the_fields_of_an_answer_without_logprobs(saved):
    bare = chunks(TICKET)
    for made in bare:
        made["choices"][0]["logprobs"] = None
    with serving(answer_stream(bare)) as server:
        result = run(
            "extract",
            saved / "schema.json",
            "--text",
            "x",
            "--base-url",
            server.base_url,
            "--model",
            "m",
        )
    assert result.exit_code == 1
    assert '"billing"' in result.stdout
    lines = result.stdout.splitlines()
    assert [line for line in lines if line.startswith("no_logprobs")]
    assert "outcome reject: 0 accepted, 0 to review, 2 rejected" in lines


def test_an_answer_against_its_schema_is_exit_code_1(saved):
    schema = TICKET_SCHEMA | {"required": ["urgent", "team", "customer"]}
    (saved / "schema.json").write_text(json.dumps(schema))
    result = run("score", saved / "response.json", "--schema", saved / "schema.json")
    assert result.exit_code == 1
    assert "invalid (whole): 'customer' is a required property" in result.stdout


def test_extract_prints_field_by_field(saved):
    with serving(answer_stream(chunks(TICKET))) as server:
        result = run(
            "extract", saved / "schema.json", "--text", "I was charged twice",
            "--base-url", server.base_url, "--model", "m",
        )  # fmt: skip
    assert result.exit_code == 0
    scored = run("score", saved / "response.json", "--schema", saved / "schema.json")
    assert result.stdout == scored.stdout
    assert server.requests[0]["messages"][1]["content"] == "I was charged twice"


def test_extract_reads_a_file_and_gives_json(saved):
    (saved / "mail.txt").write_text("I was charged twice")
    with serving(answer_json(response(TICKET))) as server:
        result = run(
            "extract", saved / "model.py:Ticket", saved / "mail.txt", "--json",
            "--base-url", server.base_url, "--model", "m",
        )  # fmt: skip
    assert "stream" not in server.requests[0]  # nobody looks at rows
    assert json.loads(result.stdout)["data"] == {"urgent": True, "team": "billing"}
    assert server.requests[0]["messages"][1]["content"] == "I was charged twice"


def test_extract_keeps_the_response_that_score_reads(saved):
    with serving(answer_json(response(TICKET))) as server:
        kept = run(
            "extract", saved / "model.py:Ticket", "--text", "I was charged twice", "--json",
            "--keep-response", "--base-url", server.base_url, "--model", "m",
        )  # fmt: skip
    (saved / "kept.json").write_text(kept.stdout)
    again = run("score", saved / "kept.json", "--schema", saved / "model.py:Ticket", "--json")
    fields = json.loads(kept.stdout)["fields"]
    assert fields["/urgent"]["confidence"] is not None
    assert json.loads(again.stdout)["fields"] == fields


def test_extract_of_nothing(saved):
    result = run("extract", saved / "schema.json", "--text", "  ")
    assert (result.exit_code, "the text is empty" in result.stderr) == (2, True)


def test_extract_from_a_dead_server_is_one_line_and_exit_code_3(saved):
    result = run(
        "extract", saved / "schema.json", "--text", "x",
        "--base-url", f"http://127.0.0.1:{closed_port()}/v1", "--model", "m",
    )  # fmt: skip
    assert (result.exit_code, len(result.stderr.splitlines())) == (3, 1)
    assert "no connection" in result.stderr


def test_extract_from_a_server_that_refuses_is_exit_code_3(saved):
    with serving(answer_json({"error": {"message": "no logprobs here"}}, 400)) as server:
        result = run(
            "extract",
            saved / "schema.json",
            "--text",
            "x",
            "--base-url",
            server.base_url,
            "--model",
            "m",
        )
    assert (result.exit_code, "no logprobs here" in result.stderr) == (3, True)


def test_an_answer_with_terminal_escapes_and_lone_surrogates_prints():
    odd: list = [('{"a": "', 0.9, {}), ("\\u001b[31m\\ud800", 0.9, {}), ('"}', 0.9, {})]
    result = run("score", "-", stdin=json.dumps(response(odd)))
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "\\ud800" in result.stdout


def test_help_names_every_command():
    result = run("--help")
    assert all(name in result.stdout for name in ("extract", "score", "local"))


def written(tmp_path, payload):
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(payload))
    return str(path)


def answers_of(*texts):
    """A response with a choice for each text."""
    choices = [response([(text, 0.9, {})])["choices"][0] for text in texts]
    return {"choices": [choice | {"index": i} for i, choice in enumerate(choices)]}


def test_all_choices_are_shown(tmp_path):
    path = written(tmp_path, answers_of("1", "2"))
    result = CliRunner().invoke(main, ["score", path, "--all"])
    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line.startswith("choice")] == [
        "choice 0",
        "choice 1",
    ]
    lines = CliRunner().invoke(main, ["score", path, "--all", "--json"]).stdout.splitlines()
    assert [json.loads(line)["data"] for line in lines] == [1, 2]


def test_one_unsound_answer_of_all_is_an_exit_code(tmp_path):
    path = written(tmp_path, answers_of("1", "[2"))
    assert CliRunner().invoke(main, ["score", path, "--all"]).exit_code == 1


def test_an_echoed_prompt_is_shown_beside_the_answer(tmp_path):
    listed = {"tokens": ["A", "B", "1"], "token_logprobs": [None, -1.0, -0.5]}
    path = written(tmp_path, {"choices": [{"text": "AB1", "logprobs": listed}]})
    result = CliRunner().invoke(main, ["score", path, "--prompt", "AB"])
    assert result.exit_code == 0
    assert "prompt: logprob -1.000 over 1 tokens, mean -1.000, perplexity 2.718" in result.stdout
    assert "answer: logprob -0.500 over 1 tokens" in result.stdout


def test_a_saved_refusal_of_logprobs_is_one_line(tmp_path):
    said = "You are not allowed to request logprobs from this model"
    result = CliRunner().invoke(main, ["score", written(tmp_path, {"error": {"message": said}})])
    assert result.exit_code == 3
    assert said in result.stderr
    assert "Use a model that gives logprobs" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@needs_responses
def test_what_is_asked_for_reaches_the_server(tmp_path):
    """By the Responses API, since the provider says so."""
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "properties": {"ok": {"type": "boolean"}}}')
    with FakeServer({"ok": True}) as server:
        arguments = [
            "extract",
            str(schema),
            "--text",
            "Hello",
            "--model",
            "m",
            "--base-url",
            server.base_url,
        ]
        arguments += ["--provider", "openai-responses", "--temperature", "0.5", "--max-tokens", "9"]
        result = CliRunner().invoke(main, arguments)
        (asked,) = server.requests
    assert result.exit_code == 0, result.stderr
    assert (asked["temperature"], asked["max_output_tokens"], asked["input"]) == (0.5, 9, "Hello")


# -- more than one answer, and where values stand -------------------------------------------------

TEAM = {"enum": ["billing", "sales"]}
NAMED = {
    "type": "object", "properties": {"team": TEAM, "name": {"type": "string"}},
    "required": ["team", "name"], "additionalProperties": False,
}  # fmt: skip
LETTER = "Anna was charged twice."


def by_model(body):
    """A small model that is in doubt of the team, a middle one too, and a large one that is not."""
    if body["model"] == "broken":
        return HttpError(400, "out of order")
    team, sure = {
        "small": ("sales", 0.6), "middle": ("billing", 0.7), "large": ("billing", 0.97)
    }[body["model"]]  # fmt: skip
    asked = body["response_format"]["json_schema"]["schema"]["properties"]
    value = {"team": team, "name": "Anne"}
    return Answer({name: value[name] for name in asked}, {"/team": sure}, model=body["model"])


def asked_of(tmp_path, *arguments, answer=by_model, schema=NAMED, model="small"):
    """What the command prints, and the requests that it made."""
    path = tmp_path / "named.json"
    path.write_text(json.dumps(schema))
    with FakeServer(answer) as server:
        where = ["--base-url", server.base_url, *(["--model", model] if model else [])]
        return run("extract", path, "--text", LETTER, *where, *arguments), server.requests


@pytest.mark.parametrize(
    ("arguments", "models", "outcome"),
    [
        ([], ["small"], "review"),
        (["--step", "middle"], ["small", "middle"], "review"),
        (["--step", "large"], ["small", "large"], "accept"),
        (["--step", "large", "--step", "middle"], ["small", "large"], "accept"),
        (["--step", "middle", "--step", "large"], ["small", "middle", "large"], "accept"),
        (["--step", "large", "--accept", "0.5"], ["small"], "accept"),
    ],
)
def test_further_models_are_asked_for_what_is_in_doubt(tmp_path, arguments, models, outcome):
    result, requests = asked_of(tmp_path, *arguments)
    assert [body["model"] for body in requests] == models
    for body in requests[1:]:
        assert body["response_format"]["json_schema"]["schema"]["required"] == ["team"]
    assert f"{outcome}: " in result.stdout
    assert result.stdout.splitlines()[0].split()[0] == "field"
    as_json, _ = asked_of(tmp_path, *arguments, "--json")
    report = json.loads(as_json.stdout)
    assert report["outcome"] == outcome
    assert report["data"]["team"] == ("sales" if models == ["small"] else "billing")


def test_a_further_model_that_fails_is_one_line(tmp_path):
    result, requests = asked_of(tmp_path, "--step", "broken")
    assert (result.exit_code, len(requests), result.stdout) == (3, 2, "")
    assert len(result.stderr.splitlines()) == 1
    assert "out of order" in result.stderr


def test_a_further_model_is_one_of_a_server(tmp_path):
    result = run("extract", "named.json", "--text", LETTER, "--step", "large")
    assert (result.exit_code, "add --model" in result.stderr) == (2, True)


def test_samples_are_shown_at_once(tmp_path):
    answers = iter(["sales", "billing", "sales"])
    result, requests = asked_of(
        tmp_path, "--samples", "3", "--provider", "anthropic",
        answer=lambda body: {"team": next(answers), "name": "Anna"},
    )  # fmt: skip
    assert len(requests) == 3
    (team,) = [line for line in result.stdout.splitlines() if line.startswith("/team")]
    assert '"sales"' in team
    assert "0.667" in team
    one, requests = asked_of(tmp_path, "--samples", "1")
    assert (len(requests), requests[0]["stream"]) == (1, True)
    assert one.stdout == asked_of(tmp_path)[0].stdout


def test_what_cannot_be_streamed_is_shown_at_once(tmp_path):
    schema = {"properties": {"team": TEAM}, "required": ["team"], "type": "object"}
    answer = Answer({"team": "sales"}, {"/team": 0.6})
    result, requests = asked_of(
        tmp_path, "--provider", "openai-decisions", answer=answer, schema=schema
    )
    assert result.exit_code == 0, result.stderr
    assert len(requests) == 1
    assert any(row.startswith("/team") and "0.600" in row for row in result.stdout.splitlines())


@pytest.mark.parametrize("more", [[], ["--step", "large"], ["--samples", "2"]])
def test_what_is_not_in_the_text_is_said(tmp_path, more):
    result, _ = asked_of(tmp_path, "--locate", *more)
    assert result.stdout.splitlines()[-3] == "not in the text: /team, /name"
    plain, _ = asked_of(tmp_path, *more)
    assert "not in the text" not in plain.stdout
    fields = json.loads(asked_of(tmp_path, "--locate", "--json", *more)[0].stdout)["fields"]
    assert [fields[name]["source_spans"] for name in ("/team", "/name")] == [[], []]


def test_only_so_many_names_are_said(tmp_path):
    keys = [f"k{number}" for number in range(11)]
    schema = {"type": "object", "properties": {key: {"type": "string"} for key in keys}}
    answer = dict.fromkeys(keys[:-1], "nowhere") | {"k10": "Anna"}
    result, _ = asked_of(tmp_path, "--locate", answer=answer, schema=schema)
    names = ", ".join(f"/{key}" for key in keys[:8])
    assert result.stdout.splitlines()[-3] == f"not in the text: {names} and 2 more"


# -- policies -----------------------------------------------------------------------------------


@pytest.fixture
def limits(saved):
    """The folder with a policy in it, which accepts the one field and rejects the other."""
    text = 'accept = 0.8\n[fields]\n"/team" = [0.9, 0.8]\n'
    (saved / "policy.toml").write_text(text)
    return saved


def judged(result):
    """Of each field, what it leads to."""
    return {name: one["outcome"] for name, one in json.loads(result.stdout)["fields"].items()}


@pytest.mark.parametrize("command", ["score", "extract", "all"])
def test_a_policy_from_a_file(limits, command):
    schema = limits / "schema.json"
    with serving(answer_stream(chunks(TICKET))) as server:
        asked = ["extract", schema, "--text", "x", "--base-url", server.base_url, "--model", "m"]
        scored = ["score", limits / "response.json", "--schema", schema]
        commands = {"score": scored, "extract": asked, "all": [*scored, "--all"]}
        result = run(*commands[command], "--policy", limits / "policy.toml")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    outcomes = ["outcome reject: 1 accepted, 0 to review, 1 rejected", "  reject: /team"]
    assert lines[-4:-2] == outcomes
    urgent, team = (line for line in lines if line.startswith(("/urgent", "/team")))
    assert " accept  false " in urgent
    assert ' reject  "sales" ' in team


def test_limits_on_the_command_line_stand_above_the_file(limits):
    response, file = limits / "response.json", limits / "policy.toml"
    scored = ["score", response, "--json", "--policy", file]
    assert judged(run(*scored)) == {"": None, "/urgent": "accept", "/team": "reject"}
    assert judged(run(*scored, "--accept", "0.9"))["/urgent"] == "review"
    assert judged(run(*scored, "--accept", "0.95", "--review", "0.9"))["/urgent"] == "reject"
    lower = judged(run("score", response, "--json", "--accept", "0.4"))
    assert lower == {"": None, "/urgent": "accept", "/team": "accept"}


@pytest.mark.parametrize(
    ("accept", "review", "code"), [("0.5", "0.4", 0), ("0.8", "0.5", 10), ("0.9", "0.7", 11)]
)
@pytest.mark.parametrize("how", [[], ["--all"], ["--json"]])
def test_the_exit_code_follows_the_outcome_if_asked(saved, accept, review, code, how):
    scored = ["score", saved / "response.json", "--accept", accept, "--review", review, *how]
    assert run(*scored).exit_code == 0
    assert run(*scored, "--exit-by-outcome").exit_code == code


def test_an_answer_that_is_not_whole_is_rejected(tmp_path):
    path = written(tmp_path, answers_of("[1", "1"))
    assert run("score", path, "--exit-by-outcome").exit_code == 11
    assert run("score", path, "--all", "--exit-by-outcome").exit_code == 11
    assert run("score", path, "--choice", "1", "--exit-by-outcome").exit_code == 0


def test_a_label_is_judged_too(tmp_path):
    path = written(tmp_path, response([("b", 0.7, {"a": 0.2, "none": 0.1})]))
    label = ["classify", path, "--label", "a", "--label", "b", "--exit-by-outcome"]
    assert run(*label).exit_code == 10
    assert run(*label, "--accept", "0.7").exit_code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[fields]\n'/taem' = 0.9\n", "'/taem' is no field of the schema. Did you mean '/team'?"),
        ("acept = 0.9\n", "unknown name 'acept'. Did you mean 'accept'?"),
        ("accept = \n", "cannot read the policy"),
    ],
)
def test_a_policy_that_is_none_is_one_line_and_exit_code_2(limits, text, words):
    """Nothing is asked for before it is known."""
    (limits / "policy.toml").write_text(text)
    address = ["--base-url", f"http://127.0.0.1:{closed_port()}/v1", "--model", "m"]
    result = run(
        "extract",
        limits / "schema.json",
        "--text",
        "x",
        *address,
        "--policy",
        limits / "policy.toml",
    )
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert words in result.stderr
    crossed = run("score", limits / "response.json", "--accept", "0.5", "--review", "0.6")
    assert (crossed.exit_code, "review 0.6 is above accept 0.5" in crossed.stderr) == (2, True)


# -- what is typed ---------------------------------------------------------------------------------


def asks_nobody(*arguments, stdin=None, **environment):
    """The one line on standard error of a command that ends before a request; its exit code."""
    with FakeServer({"team": "sales", "name": "Anna"}) as server:
        where = ["--base-url", server.base_url, "--model", "m"]
        result = run("extract", *arguments, *where, stdin=stdin)
    assert server.requests == []
    assert (result.stdout, len(result.stderr.splitlines())) == ("", 1)
    return result.stderr.strip(), result.exit_code


@pytest.mark.parametrize("place", ["mial.txt", "I was charged twice", "x" * 5000, "a\0b", ""])
def test_a_path_that_is_not_there_is_never_sent(saved, place):
    said, code = asks_nobody(saved / "schema.json", place)
    assert code == 2
    assert "there is no file" in said
    assert said.endswith("Look at the path, or give the text by --text")
    assert len(said) < 250


def test_a_folder_is_no_text(saved):
    said, code = asks_nobody(saved / "schema.json", saved)
    assert (code, said.endswith("is a folder. Add --each to read its files one by one")) == (
        2,
        True,
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "there is no text: give a FILE, - for standard input, or --text"),
        (["mail.txt", "--text", "x"], "--text stands in place of FILE"),
        (["mail.txt", "other.txt"], "2 files were given: add --each"),
        (["--each"], "--each reads files, folders, patterns or -"),
        (["--each", "--text", "x"], "--each reads files, folders, patterns or -"),
        (["-"], "the text is empty: standard input"),
    ],
)
def test_one_text_is_named_in_one_way(saved, arguments, words):
    said, code = asks_nobody(saved / "schema.json", *arguments, stdin="")
    assert (code, words in said) == (2, True)


def test_a_text_may_be_the_name_of_a_file(saved, monkeypatch):
    monkeypatch.chdir(saved)
    with serving(answer_json(response(TICKET))) as server:
        where = ["--base-url", server.base_url, "--model", "m", "--json"]
        run("extract", "schema.json", "--text", "schema.json", *where)
        run("extract", "schema.json", "-", *where, stdin="I was charged twice")
    sent = [body["messages"][1]["content"] for body in server.requests]
    assert sent == ["schema.json", "I was charged twice"]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--timeout", "-1", "-1 is not between 0 and 1,000,000 seconds"),
        ("--timeout", "nan", "nan is not between"),
        ("--timeout", "inf", "inf is not between"),
        ("--base-url", "foo", "'foo' is no address such as http://localhost:8000/v1"),
        ("--base-url", "http://", "is no address"),
        ("--base-url", "http://[::1", "is no address"),
        ("--base-url", "ftp://host/v1", "is no address"),
        ("--base-url", "http://host:99999/v1", "is no address"),
        ("--base-url", "http://bad host/v1", "is no address"),
        ("--provider", "opnai", "Did you mean 'openai'?"),
        ("--seed", "x", "'x' is not a valid integer"),
        ("--modle", "x", "No such option '--modle'"),
        ("--seeed", "1", "--seed"),
    ],
)
def test_a_wrong_argument_is_one_line_and_exit_code_2(saved, option, value, words):
    start = ["extract", saved / "schema.json", "--text", "x", "--model", "m"]
    result = run(*start, "--base-url", "http://127.0.0.1:1/v1", option, value)
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert words in result.stderr
    assert result.stderr.rstrip().endswith("extract --help")
    assert "?." not in result.stderr


@pytest.mark.parametrize("url", ["foo", "http://[::1", "ftp://h/v1", ""])
def test_a_broken_address_in_the_environment_is_one_line(saved, url, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    result = run("extract", saved / "schema.json", "--text", "x", "--model", "m")
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert f"OPENAI_BASE_URL: {url!r} is no address" in result.stderr


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SSL_CERT_FILE", "/nowhere/at.all", "the HTTP client cannot start: "),
        ("OPENAI_API_KEY", "k\u20acy", "the server's key has characters that no key has"),
        ("OPENAI_API_KEY", "k\ny", "the server's key has characters that no key has"),
    ],
)
def test_an_environment_with_which_no_request_can_be_sent_is_one_line(
    saved, name, value, words, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv(name, value)
    start = ["extract", saved / "schema.json", "--text", "x", "--model", "m"]
    result = run(*start, "--base-url", "https://127.0.0.1:1/v1")
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert words in result.stderr
    assert value not in result.stderr


@pytest.mark.parametrize("more", [[], ["--all"]])
def test_logprobs_from_after_a_temperature_are_put_back(saved, more):
    command = ["score", saved / "response.json", "--json", *more]
    shown = json.loads(run(*command, "--temperature", "0.5").stdout)
    assert shown["flags"] == ["temperature"]
    assert shown == json.loads(fc.score(response(TICKET), temperature=0.5).to_json())


def test_a_label_from_after_a_temperature_is_put_back(saved):
    """At .5 the logprobs are doubled: .8 and .2 are .64 and .04, of what they sum to."""
    (saved / "label.json").write_text(
        json.dumps(response([("A", 0.8**2 / 0.68, {"B": 0.2**2 / 0.68})]))
    )
    command = ["classify", saved / "label.json", "--label", "A", "--label", "B", "--json"]
    shown = json.loads(run(*command, "--temperature", "0.5").stdout)
    assert shown["fields"][""]["confidence"] == pytest.approx(0.8, abs=0.001)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf"])
@pytest.mark.parametrize("command", ["score", "batch"])
def test_a_temperature_is_a_positive_number(saved, command, value):
    more = ["-o", saved / "rows.csv"] if command == "batch" else []
    result = run(command, saved / "response.json", "--temperature", value, *more)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "is no positive number" in result.stderr


def test_a_server_without_a_model_and_a_model_without_a_key(saved, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    start = ["extract", saved / "schema.json", "--text", "x"]
    server = run(*start, "--base-url", "http://127.0.0.1:1/v1")
    assert (server.exit_code, "pass --model" in server.stderr) == (2, True)
    key = run(*start, "--model", "m")
    assert (key.exit_code, len(key.stderr.splitlines())) == (2, 1)
    assert "OpenAI needs a key: pass --api-key, or set OPENAI_API_KEY" in key.stderr


NAMED_SCHEMA = {"name": "ticket", "strict": True, "schema": TICKET_SCHEMA}


@pytest.mark.parametrize(
    "around",
    [
        NAMED_SCHEMA,
        {"type": "json_schema", "json_schema": NAMED_SCHEMA},
        {"type": "json_schema", **NAMED_SCHEMA},
        {"type": "function", "function": {"name": "t", "parameters": TICKET_SCHEMA}},
        {"name": "t", "description": "A ticket.", "input_schema": TICKET_SCHEMA},
    ],
)
def test_a_schema_is_found_in_what_a_request_holds(saved, around):
    (saved / "around.json").write_text(json.dumps(around))
    result = run("score", saved / "response.json", "--schema", saved / "around.json", "--json")
    plain = run("score", saved / "response.json", "--schema", saved / "schema.json", "--json")
    assert (result.exit_code, result.stdout) == (0, plain.stdout)


def test_a_property_may_be_named_as_a_wrapper(saved):
    schema = {"type": "object", "properties": {"schema": TICKET_SCHEMA}, "required": ["schema"]}
    (saved / "own.json").write_text(json.dumps(schema))
    result = run("score", saved / "response.json", "--schema", saved / "own.json")
    assert "invalid (whole): 'schema' is a required property" in result.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('""', 'holds "", which is no schema'),
        ("null", "holds null, which is no schema"),
        ("{}", "says nothing about the answer: it has nothing"),
        ('{"title": "Ticket"}', "says nothing about the answer: it has 'title'"),
        ('{"name": "t", "strict": true, "schema": {}}', "says nothing about the answer"),
        (json.dumps(response(TICKET)), "with the key 'choices' it looks like a response"),
        ('{"type":"array","items":' * 100_000 + "{}" + "}" * 100_000, "nested too deep"),
    ],
)
def test_a_schema_that_says_nothing_is_refused(saved, content, words):
    (saved / "odd.json").write_text(content)
    result = run("score", saved / "response.json", "--schema", saved / "odd.json")
    assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
    assert words in result.stderr


def test_an_empty_name_is_no_schema(saved):
    result = run("score", saved / "response.json", "--schema", "")
    assert (result.exit_code, "the schema's name is empty" in result.stderr) == (2, True)


def test_a_misspelt_field_of_a_policy_is_told_without_a_schema(saved):
    (saved / "policy.toml").write_text("[fields]\n'/taem' = 0.9\n")
    scored = ["score", saved / "response.json", "--policy", saved / "policy.toml"]
    for more in ([], ["--all"]):
        result = run(*scored, *more)
        assert (result.exit_code, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
        assert (
            "no answer has the field '/taem' of the policy. Did you mean '/team'?" in result.stderr
        )
    for name in ("/team", "team", "/*", "/**"):
        (saved / "policy.toml").write_text(f"[fields]\n'{name}' = 0.9\n")
        assert run(*scored).exit_code == 0, name


@pytest.mark.parametrize("form", ["lines", "list"])
def test_several_responses_name_the_option_and_the_command(saved, form):
    two = [json.dumps(response(TICKET))] * 2
    (saved / "two.jsonl").write_text("\n".join(two) if form == "lines" else f"[{','.join(two)}]")
    result = run("score", saved / "two.jsonl")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert (
        "Pass --all to fieldconf score for a report of each, or write a table: fieldconf batch"
        in result.stderr
    )
    every = run("score", saved / "two.jsonl", "--all", "--json")
    assert [json.loads(line)["data"]["team"] for line in every.stdout.splitlines()] == (
        ["billing", "billing"]
    )


# -- how a command ends ----------------------------------------------------------------------------


def program(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "fieldconf", *map(str, arguments)],
        stderr=subprocess.PIPE, check=False, **options,
    )  # fmt: skip


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("how", [[], ["--json"], ["--all"]])
def test_a_full_disk_is_one_line(saved, how):
    with Path("/dev/full").open("wb") as full:
        done = program("score", saved / "response.json", *how, stdout=full)
    said = b"Error: cannot write standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("how", [[], ["--json"], ["--all"]])
def test_characters_that_the_output_does_not_have_are_replaced(saved, encoding, how):
    odd = [('{"name": "', 0.9, {}), ("Zoë \u4e2d", 0.9, {}), ('"}', 0.9, {})]
    (saved / "odd.json").write_text(json.dumps(response(odd)))
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "200"}
    done = program("score", saved / "odd.json", *how, stdout=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode(encoding)
    assert ("Zoë ?" if encoding == "cp1252" else "Zo? ?") in shown or how == ["--json"]


def test_where_nothing_is_known_of_the_terminal(saved):
    odd = [('{"name": "', 0.9, {}), ("Zoë", 0.9, {}), ('"}', 0.9, {})]
    (saved / "odd.json").write_text(json.dumps(response(odd)))
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    environment.pop("PYTHONIOENCODING", None)
    done = program("score", saved / "odd.json", stdout=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    row = done.stdout.decode("ascii").splitlines()[1]
    assert row.split()[:4] == ["/name", '"Zo?"', "0.729", "#######"]


@pytest.mark.parametrize("where", ["import", "command"])
def test_interrupted_at_any_time(saved, where):
    """As if Ctrl-C came while a module is imported, at the start or by the command."""
    late = {"import": "fieldconf.cli.batch_command", "command": "fieldconf.scoring.scorer"}[where]
    code = (
        "import builtins, sys\n"
        "real = builtins.__import__\n"
        "def late(name, *rest):\n"
        f"    if name == {late!r}: raise KeyboardInterrupt\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = late\n"
        "from fieldconf.__main__ import run\n"
        f"sys.argv = ['fieldconf', 'score', {str(saved / 'response.json')!r}]\n"
        "run()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr.strip(), done.stdout) == (130, b"Interrupted", b"")


def test_a_folder_that_cannot_be_made_is_one_line(saved, monkeypatch):
    """As where the cache is read-only."""
    (saved / "file").write_text("")
    monkeypatch.setenv("FIELDCONF_CACHE", str(saved / "file" / "cache"))
    monkeypatch.setattr("fieldconf.embedded.weights.find_weights", lambda _: None)
    result = run("local", "fetch")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert result.stderr.startswith(f"Error: cannot use {saved / 'file'}")


def test_the_program_that_is_installed_is_this_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["fieldconf"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


# -- help ------------------------------------------------------------------------------------------

COMMANDS = [
    ["extract"],
    ["score"],
    ["tokens"],
    ["explain"],
    ["classify"],
    ["batch"],
    ["evaluate"],
    ["drift"],
]


@pytest.mark.parametrize("command", [[], *COMMANDS, ["local", "fetch"]])
def test_help_has_examples_and_exit_codes(command):
    shown = run(*command, "--help").stdout
    assert "Example" in shown
    _, codes = shown.split("Exit codes:\n")
    rows = dict(line.split(maxsplit=1) for line in codes.splitlines() if line.strip()[:1].isdigit())
    assert {"0", "2", "130"} <= rows.keys()
    assert all(f"  fieldconf {' '.join(command)}" in line for line in shown.splitlines()
               if line.startswith("  fieldconf") and "COMMAND" not in line)  # fmt: skip


def test_the_summaries_of_commands_are_whole():
    result = CliRunner().invoke(main, ["--help"], env={"COLUMNS": "80"})
    _, commands = result.stdout.split("Commands:\n")
    rows = commands.split("\n\n")[0].splitlines()
    assert len(rows) >= 7
    assert all(line.startswith("  ") and len(line) <= 80 and "..." not in line for line in rows)
    assert all(line[2] != " " for line in rows)  # each is one line


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes(shell):
    page = (ROOT / "docs" / "command-line.md").read_text()
    assert f"_FIELDCONF_COMPLETE={shell}_source fieldconf" in page
    environment = {"_FIELDCONF_COMPLETE": f"{shell}_complete"}
    environment |= {"COMP_WORDS": "fieldconf ex", "COMP_CWORD": "ex" if shell == "fish" else "1"}
    result = CliRunner().invoke(main, [], env=environment, prog_name="fieldconf")
    assert (result.exit_code, "extract" in result.stdout) == (0, True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_the_documented_line_works_in_bash(tmp_path):
    page = (ROOT / "docs" / "command-line.md").read_text()
    (line,) = [line for line in page.splitlines() if "=bash_source" in line]
    (tmp_path / "fieldconf").write_text(
        f"#!{sys.executable}\nfrom fieldconf.__main__ import run\nrun()\n"
    )
    (tmp_path / "fieldconf").chmod(0o755)
    script = f"""{line}
COMP_WORDS=(fieldconf score --sch) COMP_CWORD=2
$(complete -p fieldconf | sed 's/.*-F \\([^ ]*\\).*/\\1/') fieldconf --sch score
echo "${{COMPREPLY[@]}}"
"""
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        ["bash", "--norc"],
        input=script,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("--schema\n", "")


@pytest.mark.parametrize(
    ("teams", "line"),
    [
        (["sales", "billing", "sales"], "samples: 3 answers differ on /team 2 of 3"),
        (["sales", "sales", "sales"], "samples: 3 answers agree on every value"),
    ],
)
def test_samples_say_what_they_differ_on(tmp_path, teams, line):
    answers = iter(teams)
    result, _ = asked_of(
        tmp_path, "--samples", "3", "--provider", "anthropic",
        answer=lambda body: {"team": next(answers), "name": "Anna"},
    )  # fmt: skip
    assert line in result.stdout.splitlines()


def test_the_places_of_values_are_said(tmp_path):
    result, _ = asked_of(
        tmp_path, "--locate", answer=lambda body: {"team": "sales", "name": "anna"}
    )
    lines = result.stdout.splitlines()
    assert 'in the text: /name at character 0: "Anna" (folded)' in lines
    assert "not in the text: /team" in lines
    assert "in the text" not in asked_of(tmp_path)[0].stdout


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("no model was named. Give model='...'", "no model was named. Pass --model"),
        ("leave match= out, or say samples=1", "leave --match out, or say --samples 1"),
        ('Use match="exact", or labels', "Use --match exact, or labels"),
        ("Raise the client's timeout, or check", "Raise --timeout, or check"),
        (
            "Pass `completion`, the response that was observed",
            "Give the file of the whole response that was observed",
        ),
        (
            "Pass `message.inner_content`, asked for with logprobs",
            "Save `message.inner_content` and give that file, asked for with logprobs",
        ),
        (
            "Call it yourself with fc.request(..., x=1) and give the response to fc.score",
            (
                "Send the request with its own client, save the response, and give it to "
                "fieldconf score"
            ),
        ),
        ("Lower top_logprobs", "Lower --top-logprobs"),
        ("'top_logprobs must be below 20'", "'top_logprobs must be below 20'"),
        ("reasoning_effort='none' and /a/model=1", "reasoning_effort='none' and /a/model=1"),
    ],
)
def test_messages_are_in_the_words_of_the_command_line(ours, theirs):
    assert in_options(ours) == theirs


def test_a_wrong_limit_is_told_in_options(saved):
    result = run(
        "score", saved / "response.json", "--accept", "0.5", "--review", "0.6", "--choice", "0"
    )
    assert "Pass a --review that is not above --accept" in result.stderr
