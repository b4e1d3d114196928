"""One contract for every shape: what INDEX.json says of a payload is what the report says.

The expectations stand in ``fixtures/payloads`` (INDEX.json, README.md) or are worked out here by
hand; none is copied from an output. What these leave open is not asserted.
"""

import json
import math

import pytest
from builders import sse
from wire_checks import (
    DECISIONS,
    HOLES,
    NO_NUMBERS,
    SAMPLES,
    SCORED,
    TICKET,
    VALUE,
    WHOLE,
    assert_no_number,
    assert_no_sentinel,
    assert_numbers_are_spelled,
    assert_same_numbers,
    assert_spelled,
    roads,
    tokens_of,
    whole,
)
from wire_samples import INDEX, RECORDINGS, recorded, sample, without

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

# -- the table: what each sample must give --------------------------------------------------------

SMOL = "llamacpp_smol.ticket_compact.json"
RECORDED_STATUS = {
    "llamacpp_smol-jinja.truncated.json": "truncated",
    "llamacpp_smol.stop_seq.json": "truncated",
    "llamacpp_smol.truncated.json": "truncated",
}

MASKS = [
    (
        "after",
        "a candidate at exactly -100.0 is OpenAI's mark of a masked token",
        """openai_chat openai_chat_stream openai_chat_shifted_9999 azure_chat azure_chat_stream
        openai_batch_line openai_responses openai_responses_stream langchain_aimessage
        pydantic_ai_chat pydantic_ai_responses dspy_output ai_sdk_v4 ai_sdk_v5_chat
        ai_sdk_v5_responses lm_deluge choice_alone choices_alone output_alone vllm_offline
        llama_index_chat haystack_message haystack_run openai_agents_run langchain_dumpd
        langsmith_run langfuse_observation semantic_kernel unitxt_output mlx_engine openai_dotnet
        llm_log koboldcpp vcr_cassette llama_stack_recording logged_response dspy_history
        dspy_response test_proxy_session""",
    ),
    (
        "after",
        "only SGLang and TGI have these native shapes, and both list after the mask",
        "sglang_generate sglang_generate_no_text tgi_generate tgi_stream",
    ),
    (
        "before",
        "only llama.cpp has this native shape, and it lists before the mask",
        "llamacpp_completion",
    ),
    (
        "before unknown",
        "llama.cpp before the change of December 2024: not known to be raw",
        "llamacpp_completion_old",
    ),
    (
        "unknown",
        "with post_sampling_probs llama.cpp is inconsistent: it depends on the first draw",
        "llamacpp_completion_post_sampling",
    ),
    (
        "before unknown",
        "only llama.cpp answers a completion with the chat's list, but it has no timings here",
        "llamacpp_v1_completions",
    ),
    (
        "unknown",
        "Ollama's stand before it with GGML and after it with MLX, and nothing says which it was",
        "ollama_chat ollama_chat_stream ollama_generate ollama_chat_partial_utf8",
    ),
    (
        "unknown",
        "no candidate shows a mask",
        """openai_chat_no_top openai_chat_truncated_top openai_chat_partial_utf8
        openai_chat_refusal openai_chat_toolcall_null openai_responses_no_include
        openai_completions_legacy openai_completions_partial_utf8 openai_completions_echo
        bedrock_gptoss_stream""",
    ),
    (
        "unknown",
        "the shape is many servers' own, or its maker documents nothing",
        """together_chat together_chat_stream fireworks_chat_legacy fireworks_chat_new
        fireworks_chat_stream vllm_completions sglang_completions mistral_chat deepseek_chat
        xai_chat openrouter_chat vllm_chat vllm_chat_token_ids vllm_chat_reasoning
        vllm_chat_toolcall vllm_chat_stream_multi vllm_chat_partial_utf8 vllm_chat_bytelevel_old
        sglang_chat tgi_chat llamacpp_chat llama_cpp_python_chat llama_cpp_python_chat_old
        mlx_lm_chat mlx_lm_chat_no_top gemini gemini_chosen_only gemini_snake cohere_chat
        cohere_stream lmstudio_sdk_fragment litellm_gemini langchain_vertex_aimessage
        pydantic_ai_google openai_decision systemone gemini_candidate_alone djl_generate""",
    ),
    (
        "unknown after",
        "scores stand after the processors and logits before; this keeps what scores gave",
        "hf_generate",
    ),
]
MASK_OF = {name: set(masks.split()) for masks, _, names in MASKS for name in names.split()}
RECORDED_MASK = {
    "openai_chat_structured.json": {"unknown"},  # no candidates
    "ai_sdk_v7.streamObject.openai.chat.json": {"unknown", "before"},  # but for an HTTP header
}

STREAMS = {
    "openai_chat_stream": "openai_chat",
    "azure_chat_stream": "azure_chat",
    "openai_responses_stream": "openai_responses",
    "together_chat_stream": "together_chat",
    "fireworks_chat_stream": "fireworks_chat_new",
    "vllm_chat_stream_multi": "vllm_chat",
    "ollama_chat_stream": "ollama_chat",
    "tgi_stream": "tgi_generate",
}

everything = pytest.mark.parametrize("name", SAMPLES)
recordings = pytest.mark.parametrize("name", RECORDINGS)


# -- every sample ---------------------------------------------------------------------------------


@everything
def test_a_sample_gives_the_value_and_the_status_that_its_author_wrote_down(name):
    about, report = INDEX[name], fc.score(sample(name))
    assert report.status in NO_NUMBERS.get(name, {"complete"})
    if about["value"] is not None:
        assert report.data == about["value"]
    elif about["text"] is not None:  # a value without numbers is still a value
        assert report.data == json.loads(about["text"])
    else:
        assert report.data is None
    if about["text"] is not None and name != "openai_completions_echo":
        assert report.text == about["text"]


@pytest.mark.parametrize("name", SCORED)
def test_every_leaf_of_a_scored_sample_has_its_numbers_from_tokens_that_spell_it(name):
    report = fc.score(sample(name))
    holes = HOLES.get(name, set())
    assert not report.reason
    for pointer, leaf in report.leaves.items():
        if pointer in holes:
            assert (leaf.logprob, leaf.confidence) == (None, None)
            assert leaf.reason
        else:
            assert leaf.confidence is not None
            assert not leaf.reason
            assert leaf.logprob is not None or name in DECISIONS
    assert (report.confidence is None) == bool(holes)
    if name not in DECISIONS:
        assert_spelled(report)


@pytest.mark.parametrize("name", sorted(NO_NUMBERS))
def test_where_nothing_can_be_known_there_is_a_reason_and_no_number(name):
    assert_no_number(fc.score(sample(name)))
    assert_no_number(fc.score(sample(name), TICKET))


@everything
def test_no_sentinel_of_a_sample_comes_near_the_arithmetic(name):
    assert_no_sentinel(fc.score(sample(name), TICKET))


@everything
def test_a_sample_is_the_same_by_every_road(name):
    payload = sample(name)
    first, *others = roads(payload)
    expected = whole(fc.score(first))
    for form in others:
        assert whole(fc.score(form)) == expected


@pytest.mark.parametrize("name", WHOLE)
def test_a_list_of_one_response_is_that_response(name):
    payload = sample(name)
    assert whole(fc.score([payload])) == whole(fc.score(payload))
    assert whole(fc.score(json.dumps(payload) + "\n")) == whole(fc.score(payload))


@everything
def test_one_answer_has_one_report(name):
    reports = fc.score_all(sample(name))
    assert [whole(report) for report in reports] == [whole(fc.score(sample(name)))]
    assert reports[0].choice == 0


@everything
def test_a_report_can_be_written_down(name):
    report = fc.score(sample(name), TICKET)
    assert json.loads(report.to_json())["status"] == report.status
    assert "<html" in report.to_html()


class Part:
    """An object of some client, with attributes for keys."""

    def __init__(self, **parts):
        self.__dict__.update(parts)


STAY_DICTS = ("response_metadata", "provider_details", "arguments", "meta", "value")
RECORDS = {  # dicts at their top, whose members may be objects
    "dspy_history", "haystack_run", "langchain_dumpd", "langfuse_observation", "langsmith_run",
    "logged_response", "test_proxy_session",
}  # fmt: skip


def as_objects(value, key=""):
    """Objects where clients have objects; metadata and what is keyed by texts stay dicts."""
    if key in STAY_DICTS:
        return value
    if isinstance(value, list):
        return [as_objects(item, key) for item in value]
    if not isinstance(value, dict):
        return value
    made = {k: as_objects(v, k) for k, v in value.items()}
    return made if key == "top_logprobs" and "token" not in made else Part(**made)


CLIENTS = [
    *(
        name for name in SAMPLES
        if INDEX[name]["family"] in ("A", "A/stream", "C", "D/stream") and name not in RECORDS
    ),
    "openai_responses", "openai_responses_stream", "openai_responses_no_include",
    "gemini_snake", "cohere_chat", "cohere_stream", "ollama_chat", "ollama_chat_stream",
    "ollama_generate", "tgi_generate", "tgi_stream", "langchain_vertex_aimessage",
    "pydantic_ai_chat", "pydantic_ai_responses", "pydantic_ai_google", "lm_deluge",
    "openai_decision",
]  # fmt: skip


@pytest.mark.parametrize("name", CLIENTS)
def test_objects_of_a_client_are_as_good_as_dicts(name):
    assert whole(fc.score(as_objects(sample(name)))) == whole(fc.score(sample(name)))


# -- where the numbers stand, and how fine they are -----------------------------------------------


def test_the_table_of_masks_names_every_sample_once():
    names = [name for _, _, names in MASKS for name in names.split()]
    assert sorted(names) == SAMPLES


@everything
def test_the_mask_is_told_where_the_payload_shows_it_and_nowhere_else(name):
    assert fc.score(sample(name)).mask in MASK_OF[name]
    if name not in DECISIONS:  # there are no logprobs that could stand anywhere
        assert fc.score(sample(name), mask="before").mask == "before"


@recordings
def test_the_mask_of_recordings(name):
    assert fc.score(recorded(name)).mask in RECORDED_MASK.get(name, {"before"})


def test_masked_candidates_have_no_mass():
    masked = fc.score(sample("openai_chat")).tokens[1].candidates
    assert [(c.text, c.logprob) for c in masked] == [
        ("urgent", 0.0),
        ("team", -math.inf),
        (" urgent", -math.inf),
    ]
    lowest = fc.score(sample("llamacpp_completion")).tokens[0].candidates
    assert [c.logprob for c in lowest] == [-0.6931472, -0.9162907, -math.inf]


@everything
def test_a_precision_is_a_step_that_all_numbers_keep(name):
    """A server that rounded to a step has sent nothing between two steps."""
    report = fc.score(sample(name))
    if report.precision is not None:
        for number in tokens_of(report):
            if number not in (None, -math.inf):
                steps = number / report.precision
                assert steps == pytest.approx(round(steps), abs=1e-6)


def test_responses_are_rounded_unless_they_are_streamed():
    assert fc.score(sample("openai_responses")).precision == 1e-6
    stream = fc.score(sample("openai_responses_stream"))
    assert stream.precision is None
    assert stream.tokens[-1].logprob == -3.2e-06  # the object at the stream's end says -3e-06
    for name in ("output_alone", "openai_agents_run"):
        assert fc.score(sample(name)).precision == 1e-6
    others = set(SAMPLES) - {"openai_responses", "openai_responses_no_include"}
    others -= {"output_alone", "openai_agents_run"}
    for name in others - {"ai_sdk_v5_responses"}:  # rounded as well, but the SDK does not say so
        assert fc.score(sample(name)).precision is None, name


# -- recordings -----------------------------------------------------------------------------------


def recorded_value(name):
    """What the recorder kept as the value, or what the recorded text says."""
    payload = recorded(name)
    if name.startswith("ai_sdk"):
        return payload.get("object", payload.get("_output"))
    if name.endswith(".sse"):
        return json.loads(recorded(SMOL)["choices"][0]["message"]["content"])
    return json.loads(payload["choices"][0]["message"]["content"])


@recordings
def test_a_recording_gives_the_value_that_was_recorded(name):
    report = fc.score(recorded(name))
    assert report.status == RECORDED_STATUS.get(name, "complete")
    assert_no_sentinel(report)
    if report.status == "complete":
        assert report.data == recorded_value(name)
        assert_spelled(report)
        merged = {"/name", "/mood", "/message"} if "unicode" in name else set()
        for pointer, leaf in report.leaves.items():
            assert (leaf.logprob is not None) or pointer in merged, pointer
            assert (leaf.confidence is None) == bool(leaf.reason)
    else:
        assert report.reason
        assert report.confidence is None


@recordings
def test_a_recording_is_the_same_by_every_road(name):
    first, *others = roads(recorded(name))
    expected = whole(fc.score(first))
    for form in others:
        assert whole(fc.score(form)) == expected


@pytest.mark.parametrize("name", [n for n in RECORDINGS if n.startswith("ai_sdk")])
def test_the_sdk_s_copy_of_the_body_is_preferred_to_its_stripped_list(name):
    payload = recorded(name)
    report = fc.score(payload)
    steps = payload.get("steps") or [payload]
    body = steps[0]["response"].get("body")
    if body is None:
        assert "streamObject" in name
        assert {token.raw for token in report.tokens} == {None}  # a stripped list has no bytes
    else:
        assert whole(report) == whole(fc.score(body))
        assert all(token.raw is not None and token.id is not None for token in report.tokens)


WITH_LISTS = [n for n in RECORDINGS if n.startswith("ai_sdk") and "compatible" not in n]


@pytest.mark.parametrize("name", WITH_LISTS)  # the "compatible" provider keeps no list
def test_the_sdk_s_stripped_list_alone_gives_the_same_numbers(name):
    alone = without(recorded(name), "body")
    assert_same_numbers(fc.score(alone), fc.score(recorded(name)), 1e-6)


def test_a_recorded_stream_equals_the_recorded_response():
    stream = fc.score(recorded(SMOL.replace(".json", ".stream.sse")))
    response = fc.score(recorded(SMOL))
    assert_same_numbers(stream, response, 1e-6)


# -- streams equal wholes -------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_a_stream_equals_its_whole(name):
    stream, response = fc.score(sample(name), TICKET), fc.score(sample(STREAMS[name]), TICKET)
    assert_same_numbers(stream, response, 1e-5 if "responses" in name else 1e-9)
    assert stream.finish_reason == response.finish_reason or "responses" in name


def test_a_stream_of_runs_has_the_same_value():
    """Cohere's runs are cut elsewhere in its stream, so the sums are over other tokens."""
    report = fc.score(sample("cohere_stream"), TICKET)
    assert report.data == VALUE
    assert report["team"].logprob == pytest.approx(-1e-05 - 0.3566749 - 1e-05, abs=1e-12)


STREAMED = [n for n in SAMPLES if "/stream" in INDEX[n]["family"] or n.startswith("lmstudio")]


def with_one_more_or_less(name):
    """The stream with each of its chunks missing, or coming twice; and cut off before each."""
    made = sample(name)
    for i in range(len(made)):
        yield made[:i] + made[i + 1 :]
        yield made[: i + 1] + made[i:]
        yield made[:i]


@pytest.mark.parametrize("name", STREAMED)
def test_a_chunk_that_is_lost_or_comes_twice_changes_no_number_of_what_stays(name):
    intact = fc.score(sample(name), TICKET)
    for made in with_one_more_or_less(name):
        try:
            report = fc.score(made, TICKET)
        except fc.PayloadError:  # cut off before anything was said
            assert len(made) <= 2
            continue
        for pointer, leaf in report.leaves.items():
            if pointer in intact.leaves and leaf.value == intact[pointer].value:
                expected = pytest.approx(intact[pointer].logprob, abs=1e-5)
                assert leaf.logprob in (None, expected)


@pytest.mark.parametrize("name", ["openai_responses_stream", "tgi_stream"])
def test_pieces_that_contradict_the_whole_text_have_no_numbers(name):
    """These streams say at their end what the text was."""
    for made in with_one_more_or_less(name):
        if made and made[-1] == sample(name)[-1]:
            report = fc.score(made, TICKET)
            assert report.data == VALUE
            if report.status == "complete":
                assert_numbers_are_spelled(report)
            else:
                assert_no_number(report)


def test_the_done_event_of_a_stream_of_responses_has_all_at_full_precision():
    """The deltas may not have been kept, or not all of them."""
    intact = fc.score(sample("openai_responses_stream"), TICKET)
    events = sample("openai_responses_stream")
    deltas = [e for e in events if e["type"] == "response.output_text.delta"]
    done = [e for e in events if e["type"] == "response.output_text.done"]
    for made in (done, [*deltas[:4], *deltas[5:], *done]):
        report = fc.score(made, TICKET)
        assert_same_numbers(report, intact)
        assert report.precision is None


def test_the_end_of_a_stream_of_responses_is_the_rounded_object():
    """The deltas may not have been kept."""
    ended = fc.score(sample("openai_responses_stream")[-1:], TICKET)
    assert_same_numbers(ended, fc.score(sample("openai_responses"), TICKET))
    assert ended.precision == 1e-6


def sglang_chunks(*, cumulative):
    full = sample("sglang_generate")
    info, pieces = full["meta_info"], [t[2] for t in full["meta_info"]["output_token_logprobs"]]
    made = []
    for i in range(len(pieces)):
        first = 0 if cumulative else i
        more = {"finish_reason": info["finish_reason"] if i == len(pieces) - 1 else None}
        more |= {key: info[key][first : i + 1] for key in info if key.startswith("output_")}
        text = "".join(pieces[first : i + 1])
        made.append({
            "text": text, "output_ids": full["output_ids"][first : i + 1],
            "meta_info": info | more | {"completion_tokens": i + 1},
        })  # fmt: skip
    return made


@pytest.mark.parametrize("cumulative", [True, False])
def test_sglang_streams_are_cumulative_or_not(cumulative):
    made = sglang_chunks(cumulative=cumulative)
    report = fc.score(made, TICKET)
    assert_same_numbers(report, fc.score(sample("sglang_generate"), TICKET))
    assert_same_numbers(fc.score(sse(made), TICKET), report)


def test_llama_cpp_streams_natively():
    full = sample("llamacpp_completion")
    made = [
        {"index": 0, "content": one["token"], "stop": False, "completion_probabilities": [one]}
        for one in full["completion_probabilities"]
    ]
    made.append({"index": 0, "content": "", "stop": True, "stop_type": "eos"})
    assert_same_numbers(fc.score(made, TICKET), fc.score(full, TICKET))


def test_legacy_completions_stream():
    full = sample("vllm_completions")
    choice = full["choices"][0]
    made = []
    for i, piece in enumerate(choice["logprobs"]["tokens"]):
        listed = {key: values[i : i + 1] for key, values in choice["logprobs"].items()}
        part = {"index": 0, "text": piece, "logprobs": listed, "finish_reason": None}
        made.append(full | {"choices": [part]})
    made.append(full | {"choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
    assert_same_numbers(fc.score(made, TICKET), fc.score(full, TICKET))


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in DECISIONS])
def test_a_sample_fed_live_ends_in_the_same_report(name):
    """Chunk by chunk; a field that was given before the end is as in the report."""
    payload = sample(name)
    scorer, closed = LiveScorer(compile_schema(TICKET)), {}
    for chunk in payload if isinstance(payload, list) else [payload]:
        closed |= {field.pointer: field.to_dict() for field in scorer.feed(chunk)}
    report = scorer.finish()
    assert report.to_dict() == fc.score(payload, TICKET).to_dict()
    assert closed == {name: report.fields[name].to_dict() for name in closed}


def test_nothing_fed_live_is_an_empty_answer():
    assert LiveScorer(compile_schema(TICKET)).finish().fields == {}
