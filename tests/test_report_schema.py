"""The JSON Schema of a report: what ``to_json`` writes validates; other keys and types do not."""

import json
from contextlib import suppress
from dataclasses import replace
from functools import cache

import pytest
from answers import TICKET, TICKET_SCHEMA, response
from jsonschema import Draft202012Validator
from test_report_saving import KNOWN, STRANGE_REPORTS
from wire_samples import INDEX, sample

import fieldconf as fc
from fieldconf.fields.readings import Calibrated, RequestCost, SourceCandidate
from fieldconf.fields.status import Stopped

SCHEMA = fc.report_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
OBJECTS = {"Report": SCHEMA, **SCHEMA["$defs"]}


def rare():
    """A report with all that most reports lack."""
    ticket = fc.score(response(TICKET), TICKET_SCHEMA)
    voted = fc.locate(fc.agree([ticket, ticket]), "billing team, urgent")
    team = replace(
        voted["team"], raw=0.5, fitted_rank=0.5,
        source_candidates=(SourceCandidate(0, 7, "billing", "mention"),),
    )  # fmt: skip
    return replace(
        voted,
        fields={**voted.fields, "/team": team},
        stopped=Stopped("/team", "StopWhen('team')", 3, 4),
        requests=(RequestCost("sample", "m", 1, 2),),
        calibration=Calibrated("d", "ridge"),
        prompt_tokens=ticket.tokens,
        response={"body": {}},
    )


def labelled():
    found = {"token": "B", "logprob": -0.22, "top_logprobs": [{"token": "A", "logprob": -1.7}]}
    answer = {"choices": [{"message": {"content": "B"}, "logprobs": {"content": [found]}}]}
    return fc.classify(answer, {"A": "spam", "B": "work"})


def with_settings():
    conf = {"basis": "joint", "counts": True, "may_not_fit": False}
    team = {"type": "string", "x-fieldconf": {"accept": 0.9, "review": 0.5}}
    urgent = {"type": "boolean", "x-fieldconf": conf}
    schema = {"type": "object", "properties": {"team": team, "urgent": urgent}}
    return fc.score(response(TICKET), schema)


@cache
def saved_reports():
    """Reports of all kinds, as JSON wrote them."""
    reports = [*KNOWN.values(), *STRANGE_REPORTS, rare(), labelled(), with_settings()]
    reports += map(fc.score, map(sample, ["openai_chat_shifted_9999", "vllm_offline"]))
    texts = [report.to_json(tokens=True) for report in reports]
    for payload in map(sample, INDEX):
        with suppress(fc.FieldconfError):  # some are errors of a server
            reports += fc.score_all(payload)
    return [json.loads(text) for text in (*texts, *map(fc.Report.to_json, reports))]


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert (SCHEMA["title"], SCHEMA["properties"]["version"]["enum"]) == ("Report", [2])


def test_every_saved_report_validates():
    assert len(saved_reports()) > 150
    for plain in saved_reports():
        VALIDATOR.validate(plain)


def test_every_key_has_a_text_in_the_words_of_json():
    for name, schema in OBJECTS.items():
        assert schema["description"], name
        for key, part in schema["properties"].items():
            assert part["description"], (name, key)
            assert not {"None", "True", "False"} & set(part["description"].split()), (name, key)
    confidence = SCHEMA["$defs"]["Field"]["properties"]["confidence"]
    assert confidence["description"].startswith("0..1 by the formula named in `basis`; null if")
    assert "nats" in SCHEMA["$defs"]["Token"]["properties"]["logprob"]["description"]


def objects_in(plain, schema):
    """Each object of a saved value with the name of its schema."""
    if "anyOf" in schema:
        fitting = [one for one in schema["anyOf"] if (one.get("type") == "null") == (plain is None)]
        schema = fitting[0]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield name, plain
        schema = OBJECTS[name]
    if isinstance(plain, list):
        for item in plain:
            yield from objects_in(item, schema.get("items", {}))
    elif isinstance(plain, dict):
        inside = schema.get("properties", {})
        for key, value in plain.items():
            part = inside.get(key, schema.get("additionalProperties"))
            if isinstance(part, dict):
                yield from objects_in(value, part)


def test_a_key_is_optional_exactly_if_some_saved_reports_lack_it():
    """So no type promises a key that may be missing, nor doubts one that is always there."""
    keys = {name: [] for name in OBJECTS}
    for plain in saved_reports():
        keys["Report"].append(plain.keys())
        for name, value in objects_in(plain, SCHEMA):
            keys[name].append(value.keys())
    for name, schema in OBJECTS.items():
        assert keys[name], f"no report has a {name}"
        assert set().union(*keys[name]) == set(schema["properties"]), name
        assert set.intersection(*map(set, keys[name])) == set(schema["required"]), name


@pytest.mark.parametrize(
    "change",
    [
        lambda plain: plain.update(confidnce=0.5),
        lambda plain: plain.update(confidence="0.5"),
        lambda plain: plain.update(version=1),
        lambda plain: plain.update(status="done"),
        lambda plain: plain.pop("fields"),
        lambda plain: plain["fields"]["/team"].update(confidnce=0.5),
        lambda plain: plain["fields"]["/team"].update(low="0"),
        lambda plain: plain["fields"]["/team"].pop("high"),
        lambda plain: plain["fields"]["/team"]["distribution"]["candidates"][0].pop("low"),
    ],
)
def test_an_unknown_key_or_another_type_does_not_validate(change):
    plain = json.loads(fc.score(response(TICKET), TICKET_SCHEMA).to_json())
    assert VALIDATOR.is_valid(plain)
    change(plain)
    assert not VALIDATOR.is_valid(plain)
