"""What is said of a report in logs and traces, and what is not."""

import ast
import builtins
import json
import logging
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import answers
import pytest
from builders import completion, report_of, token
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reports import REPORTS

import fieldconf
from fieldconf.errors import FieldconfError
from fieldconf.extraction import telemetry
from fieldconf.report import Stopped
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score, score_completion

NAMES = {"provider": "openai", "model": "gpt-x", "schema": "Ticket"}
TICKET = score(answers.response(answers.TICKET), answers.TICKET_SCHEMA)


class Records(logging.Handler):
    def __init__(self):
        super().__init__(logging.DEBUG)
        self.found = []

    def emit(self, record):
        self.found.append(record)


@pytest.fixture
def records():
    handler = Records()
    telemetry.logger.addHandler(handler)
    before = telemetry.logger.level
    telemetry.logger.setLevel(logging.DEBUG)
    yield handler.found
    telemetry.logger.setLevel(before)
    telemetry.logger.removeHandler(handler)


def said(record):
    """All that a formatter or an exporter could find in a record, as one text."""
    return "\n".join([record.getMessage(), *map(repr, vars(record).values())])


# -- attributes ---------------------------------------------------------------------------------


def test_the_attributes_of_a_report():
    report = replace(TICKET, input_tokens=20, output_tokens=11, flags=("saturated",))
    found = telemetry.attributes(report)
    assert found == {
        "gen_ai.response.model": "made-up",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 11,
        "gen_ai.output.type": "json",
        "fieldconf.status": "complete",
        "fieldconf.valid": True,
        "fieldconf.confidence": report.confidence,
        "fieldconf.mask": "unknown",
        "fieldconf.flags": ("saturated",),
        "fieldconf.errors": 0,
        "fieldconf.fields": 2,
        "fieldconf.fields.unknown": 0,
        "fieldconf.fields.undeclared": 0,
        "fieldconf.tokens": 10,
        "fieldconf.field./urgent.confidence": report["urgent"].confidence,
        "fieldconf.field./team.confidence": report["team"].confidence,
        "fieldconf.field./team.flags": ("shared_token",),
    }
    assert not any(name.startswith("fieldconf.field.") for name in
                   telemetry.attributes(report, fields=False))  # fmt: skip


def test_values_are_given_to_who_asks_for_them():
    schema = {"properties": {"a": {"type": "integer"}}}
    found = telemetry.attributes(report_of('{"a":"x","b":1}', schema=schema), values=True)
    assert found["fieldconf.field./a.value"] == '"x"'
    assert found["fieldconf.field./b.value"] == "1"
    assert "'x' is not of type 'integer'" in found["fieldconf.problems"][0]


def test_the_least_sure_fields_are_told_where_there_are_many():
    many = telemetry.MOST_FIELDS + 10
    keys = [f"k{number}" for number in range(many)]
    schema = {"properties": {key: {"type": "integer"} for key in keys}}
    pieces = [f'{"," if number else "{"}"{key}":' for number, key in enumerate(keys)]
    tokens = [
        one for number, piece in enumerate(pieces)
        for one in (token(piece), token("1", -0.001 * (number + 1)))
    ]  # fmt: skip
    found = telemetry.attributes(report_of(*tokens, "}", schema=schema))
    told = [name for name in found if name.endswith(".confidence") and ".field." in name]
    assert told[0] == f"fieldconf.field./{keys[-1]}.confidence"
    assert len(told) == telemetry.MOST_FIELDS
    assert found["fieldconf.fields"] == many


def test_a_stop_is_told_without_the_words_of_its_rule():
    stopped = Stopped("/urgent", "/urgent is True", read=4, saved=3, saved_at_most=90)
    found = telemetry.attributes(replace(TICKET, status="truncated", stopped=stopped))
    assert found["fieldconf.stopped"] is True
    assert found["fieldconf.stopped.pointer"] == "/urgent"
    assert found["fieldconf.stopped.tokens_read"] == 4
    assert found["fieldconf.stopped.tokens_saved"] == 3
    assert found["fieldconf.stopped.tokens_saved_at_most"] == 90
    assert "fieldconf.stopped.rule" not in found
    free = replace(TICKET, stopped=replace(stopped, pointer="/urgent"), schema=compile_schema(None))
    assert "fieldconf.stopped.pointer" not in telemetry.attributes(free)


@settings(deadline=None, max_examples=150)
@given(REPORTS, st.booleans())
def test_attributes_are_what_opentelemetry_takes(report, values):
    """str, bool, int, float or a sequence of str; no empty ones, and text that is UTF-8."""
    results = telemetry.evaluations(report, values=values)
    pairs = [*telemetry.attributes(report, values=values).items()]
    for name, value in [*pairs, *(pair for result in results for pair in result.items())]:
        items = value if isinstance(value, tuple) else [value]
        assert items
        assert all(isinstance(item, (str, bool, int, float)) for item in items)
        assert len({type(item) for item in items}) == 1
        for text in (name, *items):
            str(text).encode()


def test_a_key_with_half_a_character_can_be_exported():
    """Found by the property above, in a name where it had been looked for in values only."""
    entry = {"token": '{"\\udfff":1}', "logprob": -0.4}
    choice = {"message": {"content": entry["token"]}, "logprobs": {"content": [entry]}}
    report = fieldconf.score({"choices": [choice]})
    assert report.data == {"\udfff": 1}
    names = telemetry.attributes(report, values=True)
    assert "fieldconf.field./\\udfff.confidence" in names
    assert all(name.encode() for name in names)


# -- evaluations ----------------------------------------------------------------------------------


def test_confidences_and_outcomes_are_results_of_evaluations():
    report = TICKET.with_policy({"accept": 0.7, "review": 0.5})
    whole, *fields = telemetry.evaluations(report)
    assert whole == {
        "gen_ai.evaluation.name": "fieldconf.confidence",
        "gen_ai.evaluation.score.value": report.confidence,
        "gen_ai.evaluation.score.label": "review",
        "gen_ai.evaluation.explanation": "complete: 1 accepted, 1 to review, 0 rejected",
    }
    assert fields == [
        {
            "gen_ai.evaluation.name": "fieldconf.confidence/team",
            "gen_ai.evaluation.score.value": report["team"].confidence,
            "gen_ai.evaluation.score.label": "review",
            "gen_ai.evaluation.explanation": "below_threshold",
            "fieldconf.field.pointer": "/team",
        },
        {
            "gen_ai.evaluation.name": "fieldconf.confidence/urgent",
            "gen_ai.evaluation.score.value": report["urgent"].confidence,
            "gen_ai.evaluation.score.label": "accept",
            "fieldconf.field.pointer": "/urgent",
        },
    ]


def test_items_share_a_name_and_an_unknown_confidence_is_left_out():
    schema = {"properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
    report = report_of('{"a":[', token("1", -0.1), ",", token("2", None), "]}", schema=schema)
    found = {one.get("fieldconf.field.pointer"): one for one in telemetry.evaluations(report)}
    assert found["/a/0"]["gen_ai.evaluation.name"] == "fieldconf.confidence/a/*"
    assert found["/a/1"]["gen_ai.evaluation.name"] == "fieldconf.confidence/a/*"
    assert "gen_ai.evaluation.score.value" not in found["/a/1"]
    assert found["/a/1"]["gen_ai.evaluation.explanation"] == "not_aligned"


def test_the_sentences_of_the_reasons_are_given_to_who_asks_for_values():
    schema = {"properties": {"a": {"type": "integer"}}}
    report = report_of('{"a":"secret"}', schema=schema)
    explained = [
        {one["fieldconf.field.pointer"]: one["gen_ai.evaluation.explanation"]
         for one in telemetry.evaluations(report, values=values)[1:]}["/a"]
        for values in (False, True)
    ]  # fmt: skip
    assert explained[0].split(", ")[0] == "invalid"
    assert "secret" not in explained[0]
    assert "secret" in explained[1]


# -- nothing of the answer ----------------------------------------------------------------------

SECRET = "zqj"  # in no word of ours
SECRETS = st.integers(0, 10**6).map(lambda number: f"{SECRET}{number}")
DECLARED = {
    "title": "Letter",
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$"},
        "kind": {"enum": ["a", "b"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "free": {"type": "object", "additionalProperties": {"type": "object"}},
        "inner": {"type": "object", "properties": {"name": {"type": "string"}}},
    },
    "required": ["name", "kind"],
    "additionalProperties": True,
}


@st.composite
def secretive(draw):
    """Reports in which a secret is wherever a model can write one."""
    one = draw(SECRETS)
    value = draw(st.sampled_from([
        {"name": one, "kind": one, "tags": [one, one], "inner": {"name": one}},
        {"free": {one: {one: one}}, one: 1, "kind": "a", "inner": {one: one}},
        [one], {one: [one]}, one,
    ]))  # fmt: skip
    text = json.dumps(value)
    size = draw(st.integers(1, 9))
    pieces = [token(text[i : i + size], -0.3, [(text[i : i + size], -0.3), (one, -2.0)])
              for i in range(0, len(text), size)]  # fmt: skip
    schema = draw(st.sampled_from([DECLARED, None, {"type": "integer"}]))
    made = completion(*pieces)
    how = draw(st.sampled_from(["", "cut", "unaligned", "malformed", "refused", "tool", "prose"]))
    if how == "cut":
        made = completion(*pieces[: len(pieces) // 2], finish_reason="length")
    if how == "unaligned":
        made = replace(made, tokens=(token(one), *made.tokens))
    if how == "malformed":
        made = completion(*pieces[:-1], token(one))
    if how == "refused":
        made = replace(made, content=None, tokens=None, refusal=f"I will not say {one}")
    if how == "tool":
        made = replace(made, tool=one)
    if how == "prose":
        made = completion(token(f"{one}: "), *pieces, token(f" {one}"))
    report = score_completion(made, compile_schema(schema).as_requested)
    if draw(st.booleans()) and report.fields:
        where = draw(st.sampled_from(list(report.fields)))
        report = replace(report, stopped=Stopped(where, f"stop at {one}", 1, 2, 3))
    return report


@settings(
    deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(secretive())
def test_nothing_that_a_model_wrote_is_said_unless_asked_for(records, report):
    """No value, key or other text of the answer is in an attribute, a message or its extra."""
    assert SECRET not in repr(telemetry.attributes(report))
    assert SECRET not in repr(telemetry.evaluations(report))
    records.clear()
    telemetry.log_report(report, **NAMES)
    (record,) = records
    assert SECRET not in said(record)
    records.clear()
    telemetry.log_report(report, **NAMES, values=True)
    if report.status == "complete":
        assert SECRET in said(records[0])


def test_the_secrets_are_there_to_be_found():
    """The law above is not about nothing."""
    report = report_of('{"name":"zqj1"}', schema=DECLARED)
    assert SECRET in repr(report.to_dict())
    assert SECRET in repr(telemetry.attributes(report, values=True))


# -- logging ------------------------------------------------------------------------------------


def level_of(records, report):
    records.clear()
    telemetry.log_report(report, **NAMES)
    return records[0].levelname


def test_what_is_sound_is_information_and_all_else_a_warning(records):
    assert level_of(records, TICKET) == "INFO"
    wrong = score(answers.response(answers.TICKET), {"properties": {"team": {"const": "hr"}}})
    assert level_of(records, wrong) == "WARNING"
    entries = answers.response(answers.TICKET[:5], "length")
    cut = score(entries, answers.TICKET_SCHEMA)
    assert level_of(records, cut) == "WARNING"
    assert level_of(records, replace(cut, stopped=Stopped("/urgent", "r", 4, 3))) == "INFO"
    for status in ("refused", "malformed", "unaligned", "no_logprobs"):
        assert level_of(records, replace(TICKET, status=status)) == "WARNING"
    assert level_of(records, report_of('{"a":', token("1", None), "}")) == "WARNING"


def test_a_line_says_how_it_ended_and_where_the_model_was_least_sure(records):
    telemetry.log_report(TICKET, **NAMES)
    (record,) = records
    assert record.name == "fieldconf"
    assert record.getMessage() == (
        "Ticket from gpt-x at openai: complete, least required confidence 0.667, "
        "least sure of /team (0.667), 2 values, 0 errors, 10 tokens"
    )
    assert record.fieldconf["gen_ai.provider.name"] == "openai"
    assert record.fieldconf["fieldconf.status"] == "complete"


def test_a_request_is_told_without_its_messages(records):
    telemetry.log_request(**NAMES, top_logprobs=None, messages=2)
    (record,) = records
    assert record.levelname == "DEBUG"
    assert record.getMessage().startswith("asking gpt-x at openai for Ticket: 2 messages")
    assert "fieldconf.request.top_logprobs" not in record.fieldconf


def test_a_name_cannot_begin_a_line_of_its_own(records):
    telemetry.log_report(TICKET, provider="p\nERROR", model="m\x1b[31m", schema="s")
    assert "\n" not in records[0].getMessage()
    assert "\x1b" not in records[0].getMessage()


def test_what_nobody_listens_to_costs_nothing(monkeypatch):
    monkeypatch.setattr(telemetry, "attributes", None)
    before = telemetry.logger.level
    telemetry.logger.setLevel(logging.ERROR)
    try:
        telemetry.log_report(TICKET, **NAMES)
    finally:
        telemetry.logger.setLevel(before)


def test_the_library_alone_is_silent():
    """Without a handler of the user's, not even a warning reaches standard error."""
    code = (
        "from fieldconf import telemetry; from fieldconf.report import Report\n"
        "telemetry.log_report(Report('refused'), provider='p', model='m', schema='s')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout == run.stderr == ""


# -- OpenTelemetry ------------------------------------------------------------------------------


@pytest.fixture
def tracer():
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is absent")
    return sdk.TracerProvider(shutdown_on_exit=False).get_tracer("tests")


@pytest.fixture
def exported(monkeypatch):
    """What the SDK exports of the logs API, in memory."""
    sdk = pytest.importorskip(
        "opentelemetry.sdk._logs.export", reason="opentelemetry-sdk is absent"
    )
    logs = pytest.importorskip("opentelemetry.sdk._logs")
    if not hasattr(sdk, "InMemoryLogRecordExporter"):
        pytest.skip("the logs of this opentelemetry-sdk have no events")
    exporter = sdk.InMemoryLogRecordExporter()
    provider = logs.LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(sdk.SimpleLogRecordProcessor(exporter))
    monkeypatch.setattr("opentelemetry._logs.get_logger", provider.get_logger)
    return exporter


def test_the_attributes_stand_on_the_current_span(tracer):
    with tracer.start_as_current_span("extract") as span:
        telemetry.on_current_span(TICKET)
    assert dict(span.attributes) == telemetry.attributes(TICKET)


def test_evaluations_are_events_of_the_current_span(tracer, exported):
    with tracer.start_as_current_span("extract") as span:
        telemetry.on_current_span(TICKET)
    records = [data.log_record for data in exported.get_finished_logs()]
    assert {record.event_name for record in records} == {"gen_ai.evaluation.result"}
    assert [dict(record.attributes) for record in records] == telemetry.evaluations(TICKET)
    assert {record.span_id for record in records} == {span.get_span_context().span_id}
    assert not span.events


def test_evaluations_are_span_events_where_logs_have_no_events(tracer, monkeypatch):
    class OldLogger:
        def emit(self, record):
            pytest.fail("a record without a name is no event")

    monkeypatch.setattr("opentelemetry._logs.get_logger", lambda name: OldLogger())
    with tracer.start_as_current_span("extract") as span:
        telemetry.on_current_span(TICKET)
    assert {event.name for event in span.events} == {"gen_ai.evaluation.result"}
    assert [dict(event.attributes) for event in span.events] == telemetry.evaluations(TICKET)


def test_without_a_span_no_event_is_sent(exported):
    telemetry.on_current_span(TICKET)
    assert not exported.get_finished_logs()


def test_without_a_span_nothing_happens():
    pytest.importorskip("opentelemetry.trace", reason="opentelemetry-api is absent")
    telemetry.on_current_span(TICKET)


def test_without_opentelemetry_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(telemetry.MissingPackageError, match=r"fieldconf\[otel\]") as caught:
        telemetry.on_current_span(TICKET)
    assert isinstance(caught.value, (FieldconfError, ImportError))
    assert isinstance(caught.value, ImportError)


# -- nothing is printed -------------------------------------------------------------------------

HOUSE = Path(fieldconf.__file__).parent
# The command line; and what asks whether somebody sees its bars.
MAY_PRINT = {
    "__main__.py",
    "cli/arguments.py",
    "cli/program.py",
    "embedded/server_process.py",
    "embedded/weights.py",
    "many/progress.py",
    "batch/runner.py",
}


def writes(tree):
    """What writes to the user's terminal: ``print``, and the streams of ``sys``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in ("print", "pprint"):
            yield node.lineno
        streams = ("stdout", "stderr", "__stdout__", "__stderr__")
        if isinstance(node, ast.Attribute) and node.attr in streams:
            is_ours = isinstance(node.value, ast.Name) and node.value.id == "sys"
            yield from [node.lineno] if is_ours else []


def test_nothing_is_printed():
    found = {
        str(file.relative_to(HOUSE))
        for file in HOUSE.rglob("*.py")
        if list(writes(ast.parse(file.read_text())))
    }
    assert found <= MAY_PRINT


def test_the_search_finds_prints():
    assert hasattr(builtins, "print")
    assert list(writes(ast.parse("print(1)\nimport sys\nsys.stderr.write('')"))) == [1, 3]
    assert list(writes(ast.parse((HOUSE / "embedded/server_process.py").read_text())))
