"""Tool calls: in pieces of any size, several under one index, and beside prose.

The answer is ``TICKET`` of ``answers``; what each field's number must be is the sum of its tokens.
"""

import copy
import json
import math

import pytest
from answers import TICKET, TICKET_SCHEMA, chunk, entry, response
from hypothesis import given
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

ENTRIES = [entry(*choice) for choice in TICKET]
TEXTS = [text for text, _, _ in TICKET]
ARGUMENTS = "".join(TEXTS)
VALUE = {"urgent": True, "team": "billing"}
TEAM = math.log(0.99) + math.log(0.6) + math.log(0.99) + math.log(0.97)
PROSE = [entry(text, 0.5) for text in ("Let", " me", " {look}", ".")]
OTHER = {"urgent": False, "team": "sales"}
OTHER_TEXTS = ['{"', "urgent", '":', "false", ',"', "team", '":"', "sales", '"}']
OTHER_ENTRIES = [entry(text, 0.7) for text in OTHER_TEXTS]


def call(arguments, name="route", **more):
    return {"type": "function", **more, "function": {"name": name, "arguments": arguments}}


def piece(arguments, index=0, **more):
    return {"index": index, **more, "function": {"name": None, "arguments": arguments}}


def assert_ticket(report):
    assert (report.status, report.value, report.tool) == ("complete", VALUE, "route")
    assert report["team"].logprob == pytest.approx(TEAM)
    assert report["urgent"].logprob == math.log(0.8)


def assert_other(report):
    assert (report.status, report.value) == ("complete", OTHER)
    assert report["team"].logprob == pytest.approx(3 * math.log(0.7))


def live(items):
    scorer = LiveScorer(compile_schema(TICKET_SCHEMA).as_requested)
    for item in items:
        scorer.feed(item)
    return scorer.finish()


# -- pieces ---------------------------------------------------------------------------------------


def pieces_of(sizes, *, ids=(None, None)):
    """A stream whose chunks have so many pieces each."""
    first, rest = ids
    parts = [call("", index=0, id=first), *(piece(text, id=rest) for text in TEXTS)]
    listed = [None, *ENTRIES]
    made, at = [], 0
    for size in [*sizes, len(parts)]:
        some, tokens = parts[at : at + size], [e for e in listed[at : at + size] if e]
        at += size
        if some:
            made.append(chunk({"tool_calls": some}, tokens))
    return [*made, chunk({}, [entry("<|call|>", 0.99)], "tool_calls")]


@given(
    st.lists(st.integers(1, 12), max_size=12),
    st.sampled_from([("k", None), ("k", "k"), (None, None)]),
)
def test_the_pieces_of_a_call_may_come_in_any_number_of_chunks(sizes, ids):
    items = pieces_of(sizes, ids=ids)
    wanted = fc.score(items, TICKET_SCHEMA)
    assert_ticket(wanted)
    assert live(items).to_dict() == wanted.to_dict()
    assert fc.score("\n".join(map(json.dumps, items)).encode(), TICKET_SCHEMA) == wanted
    assert len(fc.score_all(items, TICKET_SCHEMA)) == 1


@given(st.integers(1, 9), st.integers(1, 9))
def test_calls_whose_pieces_share_chunks_are_told_apart_by_their_index(one, two):
    parts = [call("", index=0, id="a"), call("", index=1, id="b", name="other")]
    parts += [piece(text) for text in TEXTS]
    parts[2 + one : 2 + one] = [piece(text, index=1) for text in OTHER_TEXTS]
    entries = [*ENTRIES, entry("\n", 0.9), *OTHER_ENTRIES]
    cut = 2 + two
    items = [
        chunk({"tool_calls": parts[:cut]}, entries), chunk({"tool_calls": parts[cut:]}, []),
        chunk({}, None, "tool_calls"),
    ]  # fmt: skip
    first, second = fc.score_all(items, TICKET_SCHEMA)
    assert_ticket(first)
    assert_other(second)
    assert (first.tool, second.tool) == ("route", "other")
    assert live(items).to_dict() == first.to_dict()


WHOLE_CALLS = [call(ARGUMENTS, id="a", index=0), call("".join(OTHER_TEXTS), id="b", index=0)]
BOTH = [*ENTRIES, entry("\n", 0.9), *OTHER_ENTRIES]


@pytest.mark.parametrize("ids", ["ids", "no ids"])
@pytest.mark.parametrize("chunks", [1, 2])
def test_calls_that_all_have_index_0_are_not_one(ids, chunks):
    """Servers that send each call at once have numbered them so."""
    calls = [{k: v for k, v in one.items() if ids == "ids" or k != "id"} for one in WHOLE_CALLS]
    parts = [calls] if chunks == 1 else [[one] for one in calls]
    items = [chunk({"tool_calls": some}, BOTH if i == 0 else []) for i, some in enumerate(parts)]
    items.append(chunk({}, None, "tool_calls"))
    first, second = fc.score_all(items, TICKET_SCHEMA)
    assert_ticket(first)
    assert_other(second)


def test_calls_of_a_whole_response_are_each_a_call():
    payload = response(TICKET)
    [choice] = payload["choices"]
    choice["message"] = {"role": "assistant", "content": None, "tool_calls": WHOLE_CALLS}
    choice["logprobs"]["content"] = BOTH
    first, second = fc.score_all(payload, TICKET_SCHEMA)
    assert_ticket(first)
    assert_other(second)


@pytest.mark.parametrize("family", ["ollama", "gemini"])
def test_calls_that_come_as_values_in_several_chunks_are_all_there(family):
    items = []
    for value, done in ((VALUE, False), (OTHER, True)):
        if family == "ollama":
            calls = [{"function": {"name": "route", "arguments": value}}]
            message = {"role": "assistant", "content": "", "tool_calls": calls}
            items.append({"model": "m", "message": message, "done": done})
        else:
            parts = [{"functionCall": {"name": "route", "args": value}}]
            items.append({"responseId": "r", "candidates": [{
                "content": {"parts": parts}, "finishReason": "STOP" if done else None,
            }]})  # fmt: skip
    found = [report.data for report in fc.score_all(items, TICKET_SCHEMA)]
    assert found == [VALUE, OTHER]


# -- beside prose ---------------------------------------------------------------------------------


REASONS = ["stop", "length", None, "tool_calls"]


@pytest.mark.parametrize("reason", REASONS)
def test_a_call_beside_prose_is_the_answer(reason):
    payload = response(TICKET, reason)
    [choice] = payload["choices"]
    choice["message"] |= {"content": "Let me {look}.", "tool_calls": [call(ARGUMENTS)]}
    choice["logprobs"]["content"] = [*PROSE, *ENTRIES]
    for form in (payload, json.dumps(payload), json.dumps(payload).encode()):
        assert_ticket(fc.score(form, TICKET_SCHEMA))
        assert len(fc.score_all(form, TICKET_SCHEMA)) == 1


@pytest.mark.parametrize("reason", REASONS)
def test_a_streamed_call_beside_prose_is_the_answer(reason):
    items = [chunk({"content": e["token"]}, [e]) for e in PROSE]
    items += [chunk({"tool_calls": [call("", index=0, id="k")]}, [])]
    items += [chunk({"tool_calls": [piece(e["token"])]}, [e], None) for e in ENTRIES]
    items.append(chunk({}, None, reason))
    assert_ticket(fc.score(items, TICKET_SCHEMA))
    assert live(items).to_dict() == fc.score(items, TICKET_SCHEMA).to_dict()


def test_a_call_beside_prose_in_other_families():
    """No logprobs of calls there: the values are known, and no number is."""
    calls = [{"function": {"name": "route", "arguments": VALUE}}]
    ollama = {"model": "m", "done": True, "done_reason": "stop", "message": {
        "role": "assistant", "content": "Let me look.", "tool_calls": calls}}  # fmt: skip
    parts = [{"text": "Let me look."}, {"functionCall": {"name": "route", "args": VALUE}}]
    gemini = {"candidates": [{"finishReason": "STOP", "content": {"parts": parts}}]}
    output = [
        {"type": "message", "content": [{"type": "output_text", "text": "Let me look."}]},
        {"type": "function_call", "name": "route", "arguments": json.dumps(VALUE)},
    ]
    responses = {"object": "response", "status": "completed", "output": output}
    cohere = {"finish_reason": "TOOL_CALL", "message": {
        "content": [{"type": "text", "text": "Let me look."}],
        "tool_calls": [call(json.dumps(VALUE))]}}  # fmt: skip
    for payload in (ollama, gemini, responses, cohere):
        report = fc.score(payload, TICKET_SCHEMA)
        assert (report.status, report.data, report.tool) == ("no_logprobs", VALUE, "route")
        assert report.confidence is None


def test_a_cut_call_beside_prose_is_truncated():
    payload = response(TICKET, "length")
    [choice] = payload["choices"]
    choice["message"] |= {"content": "Let me.", "tool_calls": [call("".join(TEXTS[:6]))]}
    choice["logprobs"]["content"] = [entry("Let", 0.5), entry(" me.", 0.5), *ENTRIES[:6]]
    report = fc.score(payload, TICKET_SCHEMA)
    assert (report.status, report.data) == ("truncated", {"urgent": True})
    assert report["urgent"].logprob == math.log(0.8)


@pytest.mark.parametrize("fence", [("", ""), ("```json\n", "\n```")])
def test_an_answer_in_the_content_and_a_call_are_both_there(fence):
    payload = response(TICKET, "stop")
    [choice] = payload["choices"]
    shown = fence[0] + json.dumps(OTHER) + fence[1]
    choice["message"] |= {"content": shown, "tool_calls": [call(ARGUMENTS)]}
    content, made = fc.score_all(payload, TICKET_SCHEMA)
    assert (content.data, content.tool) == (OTHER, "")
    assert_ticket(made)
    assert fc.score(payload, TICKET_SCHEMA).data == OTHER
    assert_ticket(fc.score(payload, TICKET_SCHEMA, call=1))
    again = copy.deepcopy(payload)
    again["choices"][0]["finish_reason"] = "tool_calls"
    assert_ticket(fc.score(again, TICKET_SCHEMA))


def test_arguments_that_are_another_value_are_not_found_among_the_tokens():
    """1 is not true, though Python says so."""
    payload = response([("{", 0.9, {}), ('"a":', 0.9, {}), ("1", 0.6, {}), ("}", 0.9, {})])
    [choice] = payload["choices"]
    choice["message"] = {"content": None, "tool_calls": [call({"a": True})]}
    report = fc.score(payload)
    assert (report.status, report.data) == ("no_logprobs", {"a": True})
    choice["message"] = {"content": None, "tool_calls": [call({"a": 1.0})]}
    assert fc.score(payload)["a"].logprob == math.log(0.6)
