"""What an answer may be beside one JSON text: several choices, tool calls, refusals, errors.

The expectations stand in ``fixtures/payloads`` (INDEX.json, README.md) or are worked out here by
hand; none is copied from an output. What these leave open is not asserted.
"""

import json

import pytest
from builders import entry
from wire_checks import (
    NO_NUMBERS,
    TEAM_SUM,
    TICKET,
    TRUE,
    VALUE,
    WHOLE,
    assert_no_number,
    assert_no_number_or_error,
    assert_same_numbers,
    assert_spelled,
    whole,
)
from wire_samples import INDEX, replaced, sample, without

import fieldconf as fc

# -- several answers ------------------------------------------------------------------------------

OTHER = {"billing": "finance", -0.3566749: -0.5, -0.356675: -0.5}
"""The same answer with another team of as many letters, and its own number."""

MANY = [
    name for name in WHOLE
    if name not in NO_NUMBERS and INDEX[name]["family"] in "ACE"
    and INDEX[name]["where"].startswith(("choices", "candidates"))
    and (INDEX[name]["value"] or {}).keys() == VALUE.keys()
]  # fmt: skip


def of_choices(payload):
    return "choices" if "choices" in payload else "candidates"


def numbered(choice, index):
    return choice | {"index": index}


@pytest.mark.parametrize("name", MANY)
def test_each_choice_has_its_own_report(name):
    payload, other = sample(name), replaced(sample(name), OTHER)
    key = of_choices(payload)
    [one], [two] = payload[key], other[key]
    payload[key] = [numbered(one, 0), numbered(two, 1), numbered(one, 2)]
    reports = fc.score_all(payload)
    assert [report.choice for report in reports] == [0, 1, 2]
    assert [report.data["team"] for report in reports] == ["billing", "finance", "billing"]
    for alone, report in zip((sample(name), other, sample(name)), reports, strict=True):
        assert_same_numbers(report, fc.score(alone))
    for i in range(3):
        assert whole(fc.score(payload, choice=i)) == whole(reports[i])
    payload[key].reverse()
    assert [report.data["team"] for report in fc.score_all(payload)] == [
        "billing", "finance", "billing",
    ]  # fmt: skip
    assert fc.score(payload, choice=1).data["team"] == "finance"
    with pytest.raises(fc.PayloadError):
        fc.score(payload, choice=3)


@pytest.mark.parametrize("name", MANY)
def test_choices_without_an_index_are_told_apart_by_their_place(name):
    payload, other = sample(name), replaced(sample(name), OTHER)
    key = of_choices(payload)
    payload[key] += other[key]
    payload[key] = [without_index(choice) for choice in payload[key]]
    reports = fc.score_all(payload)
    assert [r.data["team"] for r in reports] == ["billing", "finance"]
    assert [r.choice for r in reports] == [0, 1]


def without_index(choice):
    return {key: value for key, value in choice.items() if key != "index"}


@pytest.mark.parametrize(
    "name",
    [
        "openai_chat_stream",
        "azure_chat_stream",
        "together_chat_stream",
        "fireworks_chat_stream",
        "vllm_chat_stream_multi",
    ],
)
def test_interleaved_streams_of_choices_are_told_apart(name):
    one, two = sample(name), replaced(sample(name), OTHER)
    for chunk in two:
        chunk["choices"] = [numbered(choice, 1) for choice in chunk["choices"]]
    mixed = [chunk for pair in zip(two, one, strict=True) for chunk in pair]
    reports = fc.score_all(mixed)
    assert [(r.choice, r.data["team"]) for r in reports] == [(0, "billing"), (1, "finance")]
    assert_same_numbers(reports[0], fc.score(sample(name)))
    assert_same_numbers(reports[1], fc.score(replaced(sample(name), OTHER)))
    assert whole(fc.score(mixed, choice=1)) == whole(reports[1])


TWICE = [n for n in WHOLE if n.endswith("_chat") and INDEX[n]["where"].startswith("choices")]


@pytest.mark.parametrize("name", [*TWICE, "openai_responses", "openai_batch_line"])
def test_two_responses_are_not_one(name):
    pair = [sample(name), replaced(sample(name), OTHER)]
    for payload in (pair, json.dumps(pair), "\n".join(map(json.dumps, pair))):
        with pytest.raises(fc.PayloadError, match=r"one by one|one at a time|each"):
            fc.score(payload)


# -- tool calls -----------------------------------------------------------------------------------


def calls_of(*swaps):
    """vLLM's response with one tool call after the other, each with these replacements."""
    made = sample("vllm_chat_toolcall")
    calls, entries = [], []
    for number, swap in enumerate(swaps):
        [choice] = replaced(sample("vllm_chat_toolcall"), swap)["choices"]
        *one, end = choice["logprobs"]["content"]
        calls += [choice["message"]["tool_calls"][0] | {"id": f"call_{number}"}]
        entries += [entry("\n", 0.0)] * bool(number) + one
    made["choices"][0]["message"]["tool_calls"] = calls
    made["choices"][0]["logprobs"]["content"] = [*entries, end]
    return made


OTHER_SUM = -1e-05 - 0.5 - 1e-05


def test_of_a_conversation_the_models_answer_is_scored():
    """A list of messages, as LangChain and pydantic-ai keep them."""
    for asked, name in (
        ({"type": "human", "content": "hi", "response_metadata": {}}, "langchain_aimessage"),
        ({"kind": "request", "parts": [{"part_kind": "user-prompt"}]}, "pydantic_ai_chat"),
    ):
        report = fc.score([asked, sample(name)], TICKET)
        assert_same_numbers(report, fc.score(sample(name), TICKET))


def test_a_tool_call_says_which_tool():
    report = fc.score(sample("vllm_chat_toolcall"), TICKET)
    assert (report.tool, report.value) == ("route", VALUE)
    assert fc.score(sample("openai_chat_toolcall_null"), TICKET).tool == "route"
    assert fc.score(sample("openai_chat"), TICKET).tool == ""


def test_parallel_tool_calls_are_scored_each_by_itself():
    payload = calls_of({}, OTHER | {"route": "queue"})
    one, two = fc.score_all(payload)
    assert [(r.choice, r.tool, r.status) for r in (one, two)] == [
        (0, "route", "complete"),
        (0, "queue", "complete"),
    ]
    assert (one.data, two.data) == (VALUE, VALUE | {"team": "finance"})
    assert one["team"].logprob == pytest.approx(TEAM_SUM, abs=1e-12)
    assert two["team"].logprob == pytest.approx(OTHER_SUM, abs=1e-12)
    assert whole(fc.score(payload)) == whole(one)
    assert whole(fc.score(payload, call=1)) == whole(two)
    with pytest.raises(fc.PayloadError):
        fc.score(payload, call=2)


@pytest.mark.parametrize("turned", [False, True])
def test_parallel_tool_calls_with_the_same_arguments_do_not_borrow_numbers(turned):
    """Either the number of its own tokens, or none."""
    unsure = {-0.3566749: -0.5}
    sums = [TEAM_SUM, OTHER_SUM]
    payload = calls_of(*([unsure, {}] if turned else [{}, unsure]))
    for report, own in zip(fc.score_all(payload), sums[::-1] if turned else sums, strict=True):
        assert report.data == VALUE
        assert report["team"].logprob is None or report["team"].logprob == pytest.approx(own)


def test_calls_whose_arguments_no_token_wrote_have_no_numbers():
    payload = calls_of({}, OTHER)
    calls = payload["choices"][0]["message"]["tool_calls"]
    calls[1]["function"]["arguments"] = '{"urgent": false, "team": "sales"}'
    one, two = fc.score_all(payload, TICKET)
    assert one["team"].logprob == pytest.approx(TEAM_SUM)
    assert_no_number(two)
    assert two.value == {"urgent": False, "team": "sales"}


@pytest.mark.parametrize("said_after", [[" maybe"], []])
def test_a_draft_in_the_thoughts_is_not_the_call(said_after):
    """Older vLLM lists the thoughts and drops the entries of the call itself."""
    payload = sample("vllm_chat_toolcall")
    logprobs = payload["choices"][0]["logprobs"]
    draft = [entry(e["token"], -3.0) for e in logprobs["content"][12:-4]]
    thoughts = [*draft, *map(entry, said_after)]
    logprobs["content"] = [entry("<think>"), *thoughts, entry("</think>")]
    report = fc.score(payload, TICKET)
    assert_no_number(report)
    assert report.value == VALUE


def test_each_choice_has_its_own_calls():
    payload, more = calls_of({}, OTHER | {"route": "queue"}), calls_of(OTHER)
    payload["choices"].append(more["choices"][0] | {"index": 1})
    reports = fc.score_all(payload)
    assert [(r.choice, r.tool, r.data["team"]) for r in reports] == [
        (0, "route", "billing"),
        (0, "queue", "finance"),
        (1, "route", "finance"),
    ]
    sums = [TEAM_SUM, OTHER_SUM, OTHER_SUM]
    assert [r["team"].logprob for r in reports] == pytest.approx(sums)
    assert whole(fc.score(payload, choice=0, call=1)) == whole(reports[1])
    assert whole(fc.score(payload, choice=1)) == whole(reports[2])


def streamed(payload):
    """A response with tool calls as a stream: a call is named, its arguments come in pieces."""
    [choice] = payload["choices"]
    entries, parts = list(choice["logprobs"]["content"]), []
    for number, call in enumerate(choice["message"]["tool_calls"]):
        function = call["function"]
        half = len(function["arguments"]) // 2
        named = {"name": function["name"], "arguments": ""}
        parts.append(call | {"index": number, "function": named})
        pieces = (function["arguments"][:half], function["arguments"][half:])
        parts += [{"index": number, "function": {"arguments": piece}} for piece in pieces]
    size = -(-len(entries) // len(parts))
    made = []
    for part in parts:
        listed, entries = entries[:size], entries[size:]
        made.append(({"tool_calls": [part]}, {"content": listed}, None))
    made.append(({}, None, "tool_calls"))
    return [
        payload | {
            "object": "chat.completion.chunk",
            "choices": [
                {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
            ],
        }
        for delta, logprobs, finish in made
    ]  # fmt: skip


def test_streamed_tool_calls_equal_whole_ones():
    """Servers show a call's arguments when they are parsed, not where their tokens were."""
    payload = calls_of({}, OTHER | {"route": "queue"})
    stream = fc.score_all(streamed(payload), TICKET)
    for one, other in zip(stream, fc.score_all(payload, TICKET), strict=True):
        assert one.tool == other.tool
        assert_same_numbers(one, other)


def ollama_call(arguments):
    """Ollama decodes the arguments, and Go writes the keys in the order of the alphabet."""
    *entries, _ = sample("vllm_chat_toolcall")["choices"][0]["logprobs"]["content"]
    return {
        "model": "qwen3:8b", "created_at": "2026-01-01T00:00:00Z", "done": True,
        "done_reason": "stop", "logprobs": entries,
        "message": {
            "role": "assistant", "content": "",
            "tool_calls": [{"function": {"name": "route", "arguments": arguments}}],
        },
    }  # fmt: skip


def test_a_tool_call_of_ollama_is_found_among_its_tokens():
    report = fc.score(ollama_call({"team": "billing", "urgent": True}), TICKET)
    assert (report.status, report.value, report.tool) == ("complete", VALUE, "route")
    assert report["urgent"].logprob == -0.0512933
    assert report["team"].logprob == pytest.approx(TEAM_SUM, abs=1e-12)
    assert_spelled(report)


def test_a_tool_call_of_ollama_that_no_token_wrote_has_no_numbers():
    report = fc.score(ollama_call({"team": "sales", "urgent": True}), TICKET)
    assert_no_number(report)
    assert report.data == {"team": "sales", "urgent": True}
    bare = ollama_call({"team": "sales", "urgent": True})
    del bare["logprobs"]  # as older servers send it
    assert_no_number(fc.score(bare, TICKET))


def bedrock_call():
    before = ["<|channel|>", "commentary", " to", "=functions", ".route", " ", "<|constrain|>"]
    control = [entry(piece, -0.01) for piece in [*before, "json", "<|message|>"]]
    *answer, _ = sample("vllm_chat")["choices"][0]["logprobs"]["content"]
    call = {"index": 0, "id": "call_1", "type": "function"}
    named = call | {"function": {"name": "route", "arguments": ""}}
    made = [
        ({"role": "assistant"}, None),
        ({"content": ""}, control),
        ({"tool_calls": [named]}, []),
    ]
    for part in (answer[:5], answer[5:]):
        text = "".join(e["token"] for e in part)
        made.append(({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}, part))
    made.append(({}, [entry("<|call|>", -0.001)]))
    return [
        {
            "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "openai.gpt-oss",
            "choices": [{
                "index": 0, "delta": delta, "logprobs": None if part is None else {"content": part},
                "finish_reason": "tool_calls" if delta == {} else None,
            }],
        }
        for delta, part in made
    ]  # fmt: skip


def test_a_streamed_tool_call_of_bedrock_has_numbers():
    report = fc.score(bedrock_call(), TICKET)
    assert (report.status, report.value, report.tool) == ("complete", VALUE, "route")
    assert report["urgent"].logprob == -0.0512933
    assert report["team"].logprob == pytest.approx(TEAM_SUM, abs=1e-12)


# -- answers that are none ------------------------------------------------------------------------


def test_a_refusal_is_told_and_has_no_number():
    report = fc.score(sample("openai_chat_refusal"), TICKET)
    assert (report.status, report.refusal) == ("refused", "I'm sorry.")
    assert "I'm sorry." in report.reason
    assert_no_number(report)


def test_a_refusal_in_a_responses_object():
    payload = sample("openai_responses")
    payload["output"][0]["content"] = [{"type": "refusal", "refusal": "I must not."}]
    report = fc.score(payload, TICKET)
    assert (report.status, report.refusal) == ("refused", "I must not.")
    assert_no_number(report)


def test_a_function_call_in_a_responses_object_has_no_logprobs():
    payload = sample("openai_responses")
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "status": "completed"}
    payload["output"] = [call | {"name": "route", "arguments": json.dumps(VALUE)}]
    report = fc.score(payload, TICKET)
    assert (report.status, report.tool, report.value) == ("no_logprobs", "route", VALUE)
    assert_no_number(report)


def test_reasoning_items_stand_before_the_message():
    payload = sample("openai_responses")
    payload["output"].insert(0, {"type": "reasoning", "id": "rs_1", "summary": []})
    assert_same_numbers(fc.score(payload, TICKET), fc.score(sample("openai_responses"), TICKET))


def test_a_filtered_answer_ends_where_the_filter_cut_it():
    payload = sample("azure_chat")
    [choice] = payload["choices"]
    choice["message"]["content"] = '{"urgent":true,"team'
    del choice["logprobs"]["content"][6:]
    choice["finish_reason"] = "content_filter"
    report = fc.score(payload, TICKET)
    assert (report.status, report.data) == ("truncated", {"urgent": True})
    assert "filter" in report.reason
    assert report["urgent"].confidence == pytest.approx(TRUE, abs=1e-3)
    assert report.confidence is None


def test_an_answer_that_was_filtered_away():
    payload = sample("azure_chat")
    payload["choices"][0] |= {
        "message": {"role": "assistant"}, "logprobs": None, "finish_reason": "content_filter",
    }  # fmt: skip
    gemini = sample("gemini")
    gemini["candidates"] = [{"finishReason": "SAFETY", "index": 0}]
    for filtered in (payload, gemini):
        assert_no_number_or_error(filtered)


SILENT = [
    "xai_chat", "openai_chat", "together_chat", "gemini", "gemini_snake", "ollama_chat",
    "ollama_generate", "ollama_chat_stream", "tgi_generate", "sglang_generate",
    "llamacpp_completion", "cohere_chat", "cohere_stream", "openai_completions_legacy",
    "openai_responses", "lmstudio_sdk_fragment", "langchain_aimessage", "pydantic_ai_chat",
    "pydantic_ai_google", "ai_sdk_v4", "ai_sdk_v5_chat",
]  # fmt: skip
LOGPROBS = (
    "logprobs", "logprobsResult", "logprobs_result", "details", "completion_probabilities",
    "output_token_logprobs", "output_top_logprobs",
)  # fmt: skip


@pytest.mark.parametrize("name", SILENT)
def test_a_field_that_was_silently_dropped_leaves_values_without_numbers(name):
    """Missing logprobs are "unavailable", not 1.0; a server that was not asked sends no key."""
    report = fc.score(without(sample(name), *LOGPROBS), TICKET)
    assert (report.status, report.value) == ("no_logprobs", VALUE)
    assert_no_number(report)


# -- saved errors ---------------------------------------------------------------------------------


def refusals():
    bodies = [item["body"] for item in sample("reasoning_model_errors")]
    return [*bodies, sample("groq_error")]


@pytest.mark.parametrize("body", refusals(), ids=lambda body: json.dumps(body)[:60])
def test_a_saved_error_in_which_a_server_refuses_logprobs_says_so(body):
    for form in (body, json.dumps(body)):
        with pytest.raises(fc.NoLogprobsError) as caught:
            fc.score(form)
        assert "ogprobs" in str(caught.value)
        with pytest.raises(fc.NoLogprobsError):
            fc.score_all(form)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "The server is overloaded", "type": "server_error"}},
        {"error": {"message": "Incorrect API key provided: sk-x", "code": "invalid_api_key"}},
        {"error": "overloaded"},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        {"object": "error", "message": "no such model", "type": "NotFoundError", "code": 404},
        {"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}},
    ],
)
def test_any_other_saved_error_is_no_response(body):
    with pytest.raises(fc.PayloadError) as caught:
        fc.score(body)
    assert not isinstance(caught.value, fc.NoLogprobsError)


def test_a_batch_line_that_failed_is_an_error():
    line = sample("openai_batch_line")
    message = "Invalid schema for response_format"
    line["response"] |= {"status_code": 400, "body": {"error": {"message": message}}}
    with pytest.raises(fc.PayloadError, match=message):
        fc.score(line)
    line |= {"response": None, "error": {"code": "batch_expired", "message": "it expired"}}
    with pytest.raises(fc.PayloadError, match="expired"):
        fc.score(line)


def test_a_batch_line_that_was_refused_logprobs_says_so():
    line = sample("openai_batch_line")
    line["response"] |= {"status_code": 403, "body": sample("reasoning_model_errors")[0]["body"]}
    with pytest.raises(fc.NoLogprobsError):
        fc.score(line)


@pytest.mark.parametrize("name", ["openai_responses", "openai_completions_legacy"])
def test_a_batch_line_may_hold_other_objects(name):
    line = sample("openai_batch_line")
    line["response"]["body"] = sample(name)
    assert whole(fc.score(line)) == whole(fc.score(sample(name)))


def test_a_shape_that_nobody_knows_is_described():
    with pytest.raises(fc.PayloadError) as caught:
        fc.score({"colour": "red"})
    assert "colour" in caught.value.found
    assert caught.value.looked_for


def test_many_marks_behind_a_call_are_read_at_once():
    """Each mark can be read in one way only: else this would take 2**60 steps."""
    payload = sample("vllm_chat_toolcall")
    listed = payload["choices"][0]["logprobs"]["content"]
    listed += [entry("<|end|>", -0.1) for _ in range(60)] + [entry("and more", -0.1)]
    assert_no_number(fc.score(payload, TICKET))
