"""TypeScript users: results of the AI SDK's packages from npm are scored as the responses are.

The versions stand in ``tests/typescript/package.json``; ``make test-typescript`` installs them and
runs these tests. What was measured is the table of docs/typescript.md.
"""

import json
import math
import re
import shutil
import subprocess
import urllib.request
from itertools import groupby
from pathlib import Path

import pytest
from installed import CliRunner
from jsonschema import Draft202012Validator
from pages import ROOT
from servers import answer_as_asked, serving

import fieldconf as fc
from fieldconf.cli import main as fieldconf_command
from fieldconf.testing import Answer, FakeServer

PACKAGES = ROOT / ".venv" / "typescript" / "node_modules"
NODE = shutil.which("node")
EXAMPLES = ROOT / "examples" / "typescript"
PAGE = ROOT / "docs" / "typescript.md"
VERSIONS = (4, 5, 6, 7)
TYPED = (5, 6, 7)

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="Node is missing"),
    pytest.mark.skipif(
        not PACKAGES.is_dir(), reason="the npm packages are missing: make test-typescript"
    ),
]

SCHEMA = {
    "type": "object",
    "properties": {
        "urgent": {"type": "boolean"},
        "team": {"enum": ["billing", "sales"]},
        "note": {"type": "string"},
    },
    "required": ["urgent", "team", "note"],
    "additionalProperties": False,
}
ANSWER = Answer(
    {"urgent": True, "team": "billing", "note": "zażółć 👍 ok"},
    confidences={"/urgent": 0.8, "/team": 0.6, "/note": 0.9},
    schema=SCHEMA,
)
SPLIT = json.loads((ROOT / "tests/fixtures/payloads/openai_chat_partial_utf8.json").read_text())
MOOD = {"type": "object", "properties": {"mood": {"type": "string"}}}


def node(*arguments, cwd, given=None):
    """What a program prints; it must succeed. ``given`` is its standard input."""
    done = subprocess.run(
        [NODE, *map(str, arguments)],
        cwd=cwd, input=given, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A folder with the packages, and in it one for each version, with the compiled examples."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(PACKAGES)
    for program in (ROOT / "tests" / "typescript").glob("*.mjs"):
        shutil.copy(program, folder)
    for version in TYPED:
        compiled(folder / f"v{version}", version)
    return folder


def compiled(folder, version):
    """The examples, checked as strictly as TypeScript can, beside this version's packages."""
    shutil.copytree(EXAMPLES, folder)
    packages = folder / "node_modules"
    (packages / "@ai-sdk").mkdir(parents=True)
    for name, installed in (
        ("ai", f"ai-v{version}"),
        ("@ai-sdk/openai", f"openai-v{version}"),
        ("@ai-sdk/openai-compatible", f"compatible-v{version}"),
        ("zod", "zod"),
        ("@types", "@types"),
    ):
        (packages / name).symlink_to(PACKAGES / installed)
    (folder / "package.json").write_text('{"type": "module"}')
    options = {
        "strict": True, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
        "skipLibCheck": True, "types": ["node"], "noEmitOnError": True,
    }  # fmt: skip
    settings = {"compilerOptions": options, "include": ["*.ts"]}
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    node(PACKAGES / "typescript" / "bin" / "tsc", "-p", ".", cwd=folder)


def calls(room, base_url, schema):
    lines = node("run.mjs", base_url, json.dumps(schema), cwd=room).splitlines()
    return [json.loads(line) for line in lines]


def sent(base_url, call):
    """The text that the server sends for a call, as it would without the AI SDK."""
    stream = call["function"].startswith("stream")
    if call["provider"] == "openai.responses":
        path, asks = "responses", {"include": ["message.output_text.logprobs"], "input": "?"}
    else:
        path, asks = "chat/completions", {"logprobs": True, "messages": []}
    body = json.dumps({"model": "any", "stream": stream, "top_logprobs": 5, **asks}).encode()
    request = urllib.request.Request(f"{base_url}/{path}", data=body)
    with urllib.request.urlopen(request) as response:
        return response.read().decode()


def outcome(call, text, schema):
    """What is left of a response, in the words of the page."""
    if call["version"] == 4 and call["function"] == "streamText, rawChunks":
        return "-"  # it has no such option
    report, whole = fc.score(json.loads(call["saved"]), schema), fc.score(text, schema)
    assert report.data == whole.data
    if report.status == "no_logprobs":
        return "last token" if call["saved"].count('"logprob":') == 2 else "none"
    assert {name: field.confidence for name, field in report.fields.items()} == {
        name: field.confidence for name, field in whole.fields.items()
    }
    assert (report.status, whole.status) == ("complete", "complete")
    has_bytes = all(token.raw is not None for token in report.tokens)
    return "whole" if has_bytes else "no bytes"


@pytest.fixture(scope="module")
def measured(room):
    """What is left, by provider, function and version."""
    with FakeServer(ANSWER) as server:
        made = calls(room, server.base_url, SCHEMA)
        texts = {(call["provider"], call["function"]): sent(server.base_url, call) for call in made}
    assert not [call["error"] for call in made if "error" in call]
    return {
        (call["provider"], call["function"], call["version"]): outcome(
            call, texts[call["provider"], call["function"]], SCHEMA
        )
        for call in made
    }


def table(measured):
    """The measurements as the table of the page; functions with the same outcomes share a row."""
    lines = ["| provider | function | v4 | v5 | v6 | v7 |", "|---|---|---|---|---|---|"]
    rows = [
        (provider, function, tuple(measured[provider, function, version] for version in VERSIONS))
        for provider, function in dict.fromkeys(key[:2] for key in measured)
    ]
    names = {
        "compatible": "`createOpenAICompatible`",
        "compatible, keepLogprobs": "the same with `keepLogprobs`",
        "openai.chat": "`openai.chat`",
        "openai.responses": "`openai` (Responses)",
    }
    for (provider, outcomes), group in groupby(rows, key=lambda row: (row[0], row[2])):
        functions = ", ".join(function.replace(", ", " with ") for _, function, _ in group)
        cells = " | ".join(outcomes)
        lines.append(f"| {names[provider]} | {functions} | {cells} |")
    return "\n".join(lines)


def test_the_table_of_the_page_is_what_was_measured(measured):
    assert table(measured) in PAGE.read_text(encoding="utf-8"), table(measured)


def test_with_the_extractor_all_compatible_paths_are_whole(measured):
    kept = {key: what for key, what in measured.items() if key[0] == "compatible, keepLogprobs"}
    assert {what for key, what in kept.items() if key[2] >= 5} == {"whole"}
    assert len(kept) == 4 * 4
    assert measured["compatible", "streamText", 6] == "none"  # without it


def test_a_character_that_two_tokens_wrote_is_scored_without_bytes(room, measured):
    """The lists of openai.chat have no bytes; OpenAI writes them as escapes."""
    choice = SPLIT["choices"][0]
    parts = [
        ({"role": "assistant", "content": ""}, []),
        *(({"content": text}, [entry]) for text, entry in zip(
            ['{"', "mood", '":"', "", "😊", '"}'], choice["logprobs"]["content"], strict=True
        )),
    ]  # fmt: skip
    chunks = [
        {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
         "choices": [{"index": 0, "delta": delta, "logprobs": {"content": entries},
                      "finish_reason": None}]}
        for delta, entries in parts
    ]  # fmt: skip
    chunks.append(chunks[0] | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    with serving(answer_as_asked(SPLIT, chunks)) as server:
        made = calls(room, server.base_url, MOOD)
    whole = fc.score(SPLIT, MOOD)["mood"].confidence
    assert whole == pytest.approx(math.exp(-0.105 - 0.223))
    chats = [call for call in made if call["provider"] != "openai.responses"]
    scores = [
        fc.score(json.loads(call["saved"]), MOOD)["mood"].confidence
        for call in chats
        if call["version"] >= 5
    ]
    assert len(scores) == (6 + 4 + 6) * 3
    assert {score for score in scores if score is not None} == {whole}
    lost = [key for key, what in measured.items() if what in ("none", "last token") and key[2] > 4]
    assert scores.count(None) == len(lost)


def test_an_answer_that_does_not_fit_is_scored_too(room):
    """From the errors that are thrown, and from the steps of streamText."""
    with FakeServer(ANSWER) as server:
        lines = node("unfit.mjs", server.base_url, json.dumps(SCHEMA), cwd=room).splitlines()
    is_error = ["NoObjectGeneratedError" in line for line in lines]
    assert is_error == [True, True, False] * len(TYPED)
    for line in lines:
        report = fc.score(line, SCHEMA)
        assert report.data == ANSWER.value
        assert report["team"].confidence == pytest.approx(0.6, abs=1e-9)


def test_the_lock_names_no_registry():
    lock = (ROOT / "tests" / "typescript" / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 80


def test_each_program_of_the_page_is_an_example():
    """They are compiled above, and run below."""
    shown = re.findall(r"```ts\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    texts = {file.name: file.read_text(encoding="utf-8") for file in EXAMPLES.glob("*.ts")}
    del texts["report.d.ts"]  # linked
    assert sorted(shown) == sorted(texts.values())


@pytest.mark.parametrize("version", TYPED)
@pytest.mark.parametrize("program", ["extract.js", "raw_chunks.js"])
def test_the_examples_save_what_is_scored(room, version, program, monkeypatch):
    folder = room / f"v{version}"
    value = {"urgent": True, "team": "billing"}
    ticket = {
        "type": "object", "properties": {"urgent": {"type": "boolean"}, "team": {"enum": [
            "billing", "technical", "sales"]}},
    }  # fmt: skip
    answer = Answer(value, confidences={"/urgent": 0.9, "/team": 0.7}, schema=ticket)
    with FakeServer(answer) as server:
        monkeypatch.setenv("BASE_URL", server.base_url)
        monkeypatch.setenv("API_KEY", "none")
        node(program, cwd=folder)
    schema = (
        ticket if program == "raw_chunks.js" else json.loads((folder / "schema.json").read_text())
    )
    report = fc.score((folder / "result.json").read_text(), schema)
    assert report.data == value
    assert report["team"].confidence == pytest.approx(0.7, abs=1e-9)
    assert report["urgent"].confidence == pytest.approx(0.9, abs=1e-9)


def test_the_commands_of_the_page_make_a_report_for_its_types(room, monkeypatch):
    """What version 7 saved is scored by the command line, and read by a typed program."""
    page = PAGE.read_text(encoding="utf-8")
    folder = room / "v7"
    monkeypatch.chdir(folder)
    answer = Answer({"urgent": True, "team": "billing"}, confidences={"/team": 0.7})
    with FakeServer(answer) as server:
        monkeypatch.setenv("BASE_URL", server.base_url)
        node("extract.js", cwd=folder)

    def run(command, *more):
        assert command in page
        arguments = command.partition(" > ")[0].split()[1:]
        done = CliRunner().invoke(fieldconf_command, [*arguments, *more])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert "0.700" in run("fieldconf score result.json --schema schema.json")
    report = run("fieldconf score result.json --schema schema.json --json > report.json")
    Path("report.json").write_text(report, encoding="utf-8")
    Draft202012Validator(fc.report_schema()).validate(json.loads(report))
    assert node("review.js", cwd=folder) == "/team billing 0.70 confidence 0.700 is below 0.9\n"
    Path("results").mkdir()
    for name in ("a.json", "b.json"):
        shutil.copy("result.json", Path("results", name))
    run("fieldconf batch results --schema schema.json -o rows.jsonl", "--workers", "1")
    rows = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
    scores = [row["confidence"] for row in rows if row["pointer"] == "/team"]
    assert scores == pytest.approx([0.7, 0.7], abs=1e-9)


def test_the_types_are_made_from_the_json_schema(room):
    made = node("types.mjs", cwd=room, given=json.dumps(fc.report_schema()))
    assert (EXAMPLES / "report.d.ts").read_text(encoding="utf-8") == made, made
