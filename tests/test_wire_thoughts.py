"""An answer in the field for reasoning, and nowhere else: it is read, and the field is named."""

import json
import math

import pytest
from answers import TICKET, TICKET_SCHEMA, chunk, entry, response

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

ENTRIES = [entry(*choice) for choice in TICKET]
ANSWER = "".join(text for text, _, _ in TICKET)
VALUE = {"urgent": True, "team": "billing"}
FIELDS = ["reasoning_content", "reasoning", "thinking"]


def held(name, text=ANSWER, content=None, finish="stop"):
    payload = response(TICKET, finish)
    payload["choices"][0]["message"] = {"role": "assistant", "content": content, name: text}
    return payload


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("content", [None, "", "\n"])
def test_an_answer_in_the_field_for_reasoning_is_read_and_the_field_named(name, content):
    payload = held(name, content=content)
    alone = fc.score(response(TICKET), TICKET_SCHEMA)
    for form in (payload, json.dumps(payload), json.dumps(payload).encode()):
        report = fc.score(form, TICKET_SCHEMA)
        assert (report.status, report.value) == ("complete", VALUE)
        assert report.flags == (f"answer_in_{name}",)
        assert report["team"].confidence == alone["team"].confidence
        assert report["urgent"].logprob == math.log(0.8)
    assert fc.score(response(TICKET), TICKET_SCHEMA).flags == ()


@pytest.mark.parametrize("name", FIELDS)
def test_a_stream_of_it_agrees(name):
    items = [chunk({name: e["token"], "content": None}, [e]) for e in ENTRIES]
    items.append(chunk({}, None, "stop"))
    report = fc.score(items, TICKET_SCHEMA)
    whole = fc.score(held(name), TICKET_SCHEMA)
    assert report.to_dict() == whole.to_dict()
    live = LiveScorer(compile_schema(TICKET_SCHEMA).as_requested)
    for item in items:
        live.feed(item)
    assert live.finish().to_dict() == report.to_dict()


def test_ollama_says_it_in_thinking():
    message = {"role": "assistant", "content": "", "thinking": ANSWER}
    report = fc.score({"model": "m", "message": message, "done": True, "logprobs": ENTRIES})
    assert (report.data, report.flags) == (VALUE, ("answer_in_thinking",))
    assert report["urgent"].logprob == math.log(0.8)


@pytest.mark.parametrize("finish", ["stop", "length"])
@pytest.mark.parametrize("thoughts", ["Hm, let me see.", f"Perhaps {ANSWER}, or", ANSWER[:20]])
def test_thoughts_are_no_answer_and_the_reason_names_their_field(thoughts, finish):
    """Nor is a draft in them."""
    report = fc.score(held("reasoning_content", thoughts, finish=finish), TICKET_SCHEMA)
    assert (report.value, report.data) == (None, None)
    assert report.status != "complete"
    assert "reasoning_content" in report.reason


def test_thoughts_beside_an_answer_change_nothing():
    payload = held("reasoning_content", '{"urgent":false,"team":"sales"}', ANSWER)
    report = fc.score(payload, TICKET_SCHEMA)
    assert (report.value, report.flags) == (VALUE, ())


def test_deepseeks_list_of_the_thoughts_tokens():
    payload = held("reasoning_content")
    payload["choices"][0]["logprobs"] = {"content": None, "reasoning_content": ENTRIES}
    assert fc.score(payload, TICKET_SCHEMA)["urgent"].logprob == math.log(0.8)
