"""One contract for every shape: what FACTS and INDEX say of a payload is what the report says.

The expectations stand in ``../shared/providers`` (INDEX.json, FACTS.md) or are worked out here by
hand; none is copied from an output. What FACTS leave open is not asserted.
"""

import json
import math

import pytest
from builders import entry, needs_shared, plain, sse
from wire_samples import INDEX, RECORDINGS, chunks_of, recorded, replaced, sample, without

import fieldconf as fc
from fieldconf.spelling import spell

pytestmark = needs_shared("providers")

TICKET = {
    "type": "object",
    "properties": {
        "urgent": {"type": "boolean"},
        "team": {"enum": ["billing", "technical", "sales"]},
    },
    "required": ["urgent", "team"],
    "additionalProperties": False,
}
ROUTED = json.loads(json.dumps(TICKET).replace('"sales"]', '"sales", "other"]'))
VALUE = {"urgent": True, "team": "billing"}

# -- the table: what each sample must give --------------------------------------------------------

ERRORS = {"groq_error", "reasoning_model_errors"}
NO_NUMBERS = {
    "openai_chat_refusal": {"refused"},
    "openai_chat_toolcall_null": {"no_logprobs"},
    "openai_responses_no_include": {"no_logprobs"},
    "mlx_lm_chat_no_top": {"no_logprobs", "unaligned"},  # ids only
    "sglang_generate_no_text": {"no_logprobs", "unaligned"},  # ids only
    "langchain_vertex_aimessage": {"unaligned"},  # its tokens of probability 1 were dropped
}
DECISIONS = {"openai_decision", "systemone"}  # no tokens at all: probabilities of values
HOLES = {"openai_chat_shifted_9999": {"/urgent"}}  # the value whose list is its neighbour's
SAMPLES = sorted(set(INDEX) - ERRORS)
SCORED = sorted(set(SAMPLES) - set(NO_NUMBERS))
WHOLE = sorted(n for n in SAMPLES if n not in DECISIONS and "/stream" not in INDEX[n]["family"])
WHOLE = [name for name in WHOLE if name != "lmstudio_sdk_fragment"]  # a list of packets, too

SMOL = "llamacpp_smol.ticket_compact.json"
RECORDED_STATUS = {
    "llamacpp_smol-jinja.truncated.json": "truncated",
    "llamacpp_smol.stop_seq.json": "truncated",
    "llamacpp_smol.truncated.json": "truncated",
}

MASKS = [
    (
        "post",
        "a candidate at exactly -100.0 is OpenAI's mark of a masked token",
        """openai_chat openai_chat_stream openai_chat_shifted_9999 azure_chat azure_chat_stream
        openai_batch_line openai_responses openai_responses_stream langchain_aimessage
        pydantic_ai_chat pydantic_ai_responses dspy_output ai_sdk_v4 ai_sdk_v5_chat
        ai_sdk_v5_responses lm_deluge""",
    ),
    (
        "post",
        "only SGLang and TGI have these native shapes, and both list after the mask",
        "sglang_generate sglang_generate_no_text tgi_generate tgi_stream",
    ),
    (
        "pre",
        "only llama.cpp has this native shape, and it lists before the mask",
        "llamacpp_completion",
    ),
    (
        "pre unknown",
        "llama.cpp before the change of December 2024: not known to be raw",
        "llamacpp_completion_old",
    ),
    (
        "unknown",
        "with post_sampling_probs llama.cpp is inconsistent: it depends on the first draw",
        "llamacpp_completion_post_sampling",
    ),
    (
        "pre unknown",
        "only llama.cpp answers a completion with the chat's list, but it has no timings here",
        "llamacpp_v1_completions",
    ),
    (
        "unknown",
        "Ollama is pre with GGML and post with MLX, and nothing says which it was",
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
        pydantic_ai_google openai_decision systemone""",
    ),
    (
        "unknown post",
        "scores stand after the processors and logits before; this keeps what scores gave",
        "hf_generate",
    ),
]
MASK_OF = {name: set(masks.split()) for masks, _, names in MASKS for name in names.split()}
RECORDED_MASK = {
    "openai_chat_structured.json": {"unknown"},  # no candidates
    "ai_sdk_v7.streamObject.openai.chat.json": {"unknown", "pre"},  # but for an HTTP header
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


def roads(payload):
    """The same payload in every form in which people hold it."""
    if isinstance(payload, str):  # a recorded stream is kept as text
        return [payload, payload.encode(), chunks_of(payload)]
    text = json.dumps(payload, ensure_ascii=False)
    made = [payload, text, text.encode(), json.dumps(payload, indent=1)]
    if isinstance(payload, list):
        lines = [json.dumps(item) for item in payload]
        made += [sse(payload), sse(payload, "\r\n"), "\n".join(lines), "\n".join([*lines, ""])]
    return made


def whole(report):
    """All that a report says, as one comparable value."""
    more = (report.precision, report.choice, report.tool, report.prompt, report.answer)
    return (*plain(report), more)


def tokens_of(report):
    """Every number that tokens and candidates carry into the arithmetic."""
    for token in report.tokens:
        yield token.logprob
        yield from (candidate.logprob for candidate in token.candidates)


def assert_no_sentinel(report):
    for token in report.tokens:
        assert token.logprob is None or -9000 < token.logprob <= 0
        assert token.logprob != -100.0
        for candidate in token.candidates:
            is_masked = candidate.logprob == -math.inf
            assert is_masked or -9000 < candidate.logprob <= 0
            assert candidate.logprob != -100.0
    for field in report.fields.values():
        assert field.logprob is None or -9000 < field.logprob <= 0
        for number in (field.confidence, field.low, field.high):
            assert number is None or 0 <= number <= 1


def assert_no_number(report):
    assert report.status != "complete"
    assert report.reason
    assert report.confidence is None
    for field in report.fields.values():
        numbers = (field.logprob, field.confidence, field.low, field.high, field.distribution)
        assert numbers == (None,) * 5
        assert field.expected is field.std is field.min_step is field.arms is None
        assert field.reason


def assert_no_number_or_error(payload):
    try:
        report = fc.score(payload)
    except fc.PayloadError:
        return
    assert_no_number(report)


def assert_spelled(report):
    """The tokens spell the text: no byte of the value was written by nothing."""
    spelled = spell(report.text, report.tokens)
    assert spelled.reason == ""
    root = report.fields[""]
    covered = bytearray(len(spelled.content))
    for piece in spelled.pieces:
        if piece.token is not None:
            covered[piece.start : piece.stop] = b"x" * (piece.stop - piece.start)
    assert set(covered[root.start : root.stop]) == {ord("x")}
    for leaf in report.leaves.values():
        assert leaf.indexes
    raw = spelled.content[root.start : root.stop].decode()
    assert json.loads(raw) == report.data


def assert_same_numbers(one, other, tolerance=1e-9):
    """The same fields with the same numbers; where they stand may differ."""
    assert one.data == other.data
    assert list(one.fields) == list(other.fields)
    for pointer, field in one.fields.items():
        twin = other.fields[pointer]
        assert (field.kind, field.value, field.basis) == (twin.kind, twin.value, twin.basis)
        for name in ("logprob", "confidence", "low", "high"):
            expected = getattr(twin, name)
            assert (getattr(field, name) is None) == (expected is None)
            if expected is not None:
                assert getattr(field, name) == pytest.approx(expected, abs=tolerance), name


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


STAY_DICTS = ("response_metadata", "provider_details", "arguments")


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
    *(n for n in SAMPLES if INDEX[n]["family"] in ("A", "A/stream", "C", "D/stream")),
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
        assert fc.score(sample(name), mask="pre").mask == "pre"


@recordings
def test_the_mask_of_recordings(name):
    assert fc.score(recorded(name)).mask in RECORDED_MASK.get(name, {"pre"})


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
    others = set(SAMPLES) - {"openai_responses", "openai_responses_no_include"}
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
                assert_spelled(report)
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


# -- numbers worked out by hand -------------------------------------------------------------------


def shares(*logprobs):
    masses = [math.exp(logprob) for logprob in logprobs]
    return [mass / sum(masses) for mass in masses]


# The samples invent one model: `true` against `false`, and three teams, at these logprobs.
TRUE, FALSE = shares(-0.0512933, -2.9957323)
BILLING, TECHNICAL, SALES = shares(-0.3566749, -1.6094379, -2.65926)

SUMS = {
    # `true` alone; then what stands between the quotes of the team, quotes included
    "openai_chat": (-0.0512933, -1e-06 - 0.3566749 - 3.2e-06),
    "openai_responses": (-0.051293, -1e-06 - 0.356675 - 3e-06),
    "openai_responses_stream": (-0.0512933, -1e-06 - 0.3566749 - 3.2e-06),
    "ai_sdk_v4": (-0.0512933, -1e-06 - 0.3566749 - 3.2e-06),
    "ai_sdk_v5_responses": (-0.051293, -1e-06 - 0.356675 - 3e-06),
    "together_chat": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "together_chat_stream": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "fireworks_chat_legacy": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "openai_completions_legacy": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "openai_completions_echo": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "gemini": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "gemini_snake": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "pydantic_ai_google": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "ollama_chat": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "ollama_generate": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "llamacpp_completion": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "llamacpp_completion_old": (
        math.log(0.95),
        math.log(0.99998) + math.log(0.7) + math.log(0.99996),
    ),
    "llamacpp_completion_post_sampling": (
        math.log(0.95),
        math.log(0.99998) + math.log(0.7) + math.log(0.99996),
    ),
    "tgi_generate": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "sglang_generate": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "mlx_lm_chat": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "lmstudio_sdk_fragment": (-0.0512933, -2e-05 - 0.3566749 - 4e-05),
    "vllm_chat_reasoning": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
    "vllm_chat_toolcall": (-0.0512933, -1e-05 - 0.3566749 - 1e-05),
}


@pytest.mark.parametrize("name", sorted(SUMS))
def test_a_field_s_logprob_is_the_sum_over_its_tokens(name):
    report = fc.score(sample(name), TICKET)
    urgent, team = SUMS[name]
    assert report["urgent"].logprob == pytest.approx(urgent, abs=1e-12)
    assert report["team"].logprob == pytest.approx(team, abs=1e-12)


@pytest.mark.parametrize("name", sorted(SUMS))
def test_probabilities_are_the_shares_of_the_listed_candidates(name):
    """Neighbouring tokens can still begin otherwise (`"` at -12): that is below one in 1,000."""
    report = fc.score(sample(name), TICKET)
    expected = {
        "urgent": {True: TRUE, False: FALSE},
        "team": {"billing": BILLING, "technical": TECHNICAL, "sales": SALES},
    }
    for key, masses in expected.items():
        field = report[key]
        assert field.basis == "distribution"
        for value, probability in masses.items():
            assert field.distribution[value].probability == pytest.approx(probability, abs=1e-3)
        assert field.confidence == pytest.approx(masses[field.value], abs=1e-3)
        assert field.low <= field.confidence <= field.high
    assert report.value == VALUE
    assert report.confidence == pytest.approx(BILLING, abs=1e-3)


def test_a_run_of_tokens_has_the_sum_of_its_logprobs():
    report = fc.score(sample("cohere_chat"), TICKET)
    assert report["urgent"].logprob == -0.0512933
    runs = [0.0, -5e-05, 0.0, 0.0, -1e-05], [-0.3566749, -1e-05]
    assert report["team"].logprob == pytest.approx(sum(map(sum, runs)), abs=1e-12)
    assert [token.text for token in report.tokens] == [
        '{"urgent":', " true", ', "team": "', 'billing"}',
    ]  # fmt: skip
    # Without candidates the other member of a boolean has what the written one lacks.
    assert report["urgent"].confidence == pytest.approx(math.exp(-0.0512933), abs=1e-3)


@pytest.mark.parametrize("value", [-9999.0, math.nan, None, 0.25])
def test_a_run_with_a_token_of_which_nothing_is_known_has_no_sum(value):
    report = fc.score(replaced(sample("cohere_chat"), {-5e-05: value}), TICKET)
    assert (report["team"].logprob, report["team"].confidence) == (None, None)
    assert report["team"].reason
    assert report["urgent"].logprob == -0.0512933


def test_the_sampled_token_of_mlx_is_the_one_with_its_id():
    report = fc.score(sample("mlx_lm_chat"), TICKET)
    logprobs = [-0.0953102, 0, 0, -0.0512933, 0, -5e-05, 0, 0, -1e-05, -0.3566749, -1e-05]
    assert [token.logprob for token in report.tokens] == logprobs


def test_what_gemini_leaves_out_is_zero():
    for name in ("gemini", "gemini_chosen_only", "gemini_snake"):
        report = fc.score(sample(name))
        assert report.tokens[1].logprob == 0.0
        assert report.tokens[0].logprob == -0.0953102
    candidates = fc.score(sample("gemini")).tokens[1].candidates
    assert [c.logprob for c in candidates] == [0.0, -16.2, -18.9]
    shown = replaced(sample("gemini_snake"), {0.0: None})  # as the SDK shows what was left out
    assert whole(fc.score(shown)) == whole(fc.score(sample("gemini_snake")))


@pytest.mark.parametrize("name", sorted(DECISIONS))
def test_decisions_are_taken_as_they_are(name):
    """The server's own "confidence" is a formula of its own: the probabilities are the numbers."""
    report = fc.score(sample(name), ROUTED)
    assert (report.status, report.value) == ("complete", VALUE)
    assert report["urgent"].confidence == pytest.approx(0.95)
    assert report["team"].confidence == pytest.approx(0.7)
    found = report["team"].distribution
    listed = {"billing": 0.7, "technical": 0.2, "sales": 0.07, "other": 0.03}
    assert {m.value: m.probability for m in found.candidates} == pytest.approx(listed)
    assert report["urgent"].distribution[False].probability == pytest.approx(0.05)
    assert report.confidence == pytest.approx(0.7)


@pytest.mark.parametrize("value", [1.5, -0.2, math.nan, math.inf, "0.95", None, True, -9999.0])
@pytest.mark.parametrize("name", sorted(DECISIONS))
def test_a_decision_without_a_probability_has_none(name, value):
    try:
        report = fc.score(replaced(sample(name), {0.95: value}), ROUTED)
    except fc.PayloadError:
        return  # not worth reading
    field = report.fields.get("/urgent")
    assert field is None or (field.confidence is None and field.reason)


# -- a sentinel in any shape ----------------------------------------------------------------------

SHAPES = [
    "openai_chat", "openai_chat_stream", "openai_responses_stream", "openai_completions_legacy",
    "together_chat", "together_chat_stream", "gemini", "gemini_chosen_only", "gemini_snake",
    "sglang_generate", "tgi_generate", "tgi_stream", "llamacpp_completion", "ollama_chat",
    "ollama_chat_stream", "hf_generate", "cohere_chat", "cohere_stream", "lmstudio_sdk_fragment",
    "mlx_lm_chat", "langchain_aimessage", "pydantic_ai_chat", "pydantic_ai_google", "dspy_output",
    "ai_sdk_v4", "ai_sdk_v5_chat", "lm_deluge",
]  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [-9999.0, -100.0, -3.4028234663852886e38, -math.inf, math.nan, math.inf, 0.25, "x", True, {}],
    ids=repr,
)
@pytest.mark.parametrize("name", SHAPES)
def test_what_is_no_logprob_leaves_its_value_without_a_number(name, value):
    """The other value keeps its own."""
    report = fc.score(replaced(sample(name), {-0.0512933: value}), TICKET)
    assert_no_sentinel(report)
    assert report["urgent"].value is True
    assert (report["urgent"].logprob, report["urgent"].confidence) == (None, None)
    assert report["urgent"].reason
    assert report["team"].logprob is not None
    assert report.confidence is None


@pytest.mark.parametrize("name", [n for n in SHAPES if "gemini" not in n and "google" not in n])
def test_null_is_no_logprob(name):
    report = fc.score(replaced(sample(name), {-0.0512933: None}), TICKET)
    assert (report["urgent"].logprob, report["urgent"].confidence) == (None, None)
    assert report["team"].logprob is not None


@pytest.mark.parametrize("value", [0.0, 1.5, -0.2, math.nan, None, "x"], ids=repr)
@pytest.mark.parametrize("name", ["llamacpp_completion_old", "llamacpp_completion_post_sampling"])
def test_what_is_no_probability_leaves_its_value_without_a_number(name, value):
    report = fc.score(replaced(sample(name), {0.95: value}), TICKET)
    assert (report["urgent"].logprob, report["urgent"].confidence) == (None, None)
    assert report["team"].logprob is not None


def test_the_old_dialect_knows_only_what_it_lists():
    payload = sample("llamacpp_completion_old")
    listed = payload["completion_probabilities"][3]["probs"]
    assert listed.pop(0)["tok_str"] == " true"
    report = fc.score(payload, TICKET)
    assert (report["urgent"].logprob, report["urgent"].confidence) == (None, None)
    assert report["team"].logprob is not None


# -- ids without texts ----------------------------------------------------------------------------


def texts_by_id():
    """What the samples say of token ids: they share one invented vocabulary."""
    known = {}

    def note(number, text):
        if isinstance(number, int) and isinstance(text, str):
            assert known.setdefault(number, text) == text

    def walk(value):
        if isinstance(value, dict):
            number = next((value[k] for k in ("id", "token_id", "tokenId") if k in value), None)
            note(number, value.get("token", value.get("text")))
        elif isinstance(value, list) and len(value) == 3:
            note(value[1], value[2])
        for inner in value.values() if isinstance(value, dict) else value:
            if isinstance(inner, (dict, list)):
                walk(inner)

    for name in ("fireworks_chat_new", "sglang_generate", "tgi_generate", "llamacpp_chat"):
        walk(sample(name))
    kept = sample("hf_generate")
    for number, text in zip(kept["generated_ids"], kept["tokens"], strict=True):
        note(number, text)
    return known


def tokenizer():
    known = texts_by_id()
    return lambda number: known[number].encode()


def ids_only(name):
    return without(sample(name), "tokens") if name == "hf_generate" else sample(name)


SAME_MODEL = {  # with texts, and as many candidates
    "mlx_lm_chat_no_top": "gemini_chosen_only",
    "sglang_generate_no_text": "sglang_generate",
    "hf_generate": "sglang_generate",
    "vllm_chat_token_ids": "vllm_chat",
}


@pytest.mark.parametrize("name", sorted(set(SAME_MODEL) - {"vllm_chat_token_ids"}))
def test_ids_without_texts_need_the_tokenizer_and_the_reason_says_so(name):
    report = fc.score(ids_only(name), TICKET)
    assert_no_number(report)
    assert "tokenizer" in report.reason
    assert report.data == report.value == VALUE


@pytest.mark.parametrize("name", sorted(SAME_MODEL))
def test_with_the_tokenizer_ids_are_as_good_as_texts(name):
    report = fc.score(ids_only(name), TICKET, tokenizer=tokenizer())
    assert_same_numbers(report, fc.score(sample(SAME_MODEL[name]), TICKET))
    assert report.status == "complete"


def test_bytes_of_the_sampled_tokens_suffice_but_name_no_candidates():
    report = fc.score(sample("vllm_chat_token_ids"), TICKET)
    assert report.status == "complete"
    assert {token.candidates for token in report.tokens} <= {(), None}
    for key in ("urgent", "team"):
        assert report[key].logprob == fc.score(sample("vllm_chat"))[key].logprob


@pytest.mark.parametrize("name", ["openai_chat", "sglang_generate", "gemini", "hf_generate"])
def test_a_tokenizer_that_is_not_needed_changes_nothing(name):
    with_it = fc.score(sample(name), TICKET, tokenizer=tokenizer())
    if name == "hf_generate":  # it names the candidates
        assert_same_numbers(with_it, fc.score(sample("sglang_generate"), TICKET))
    else:
        assert_same_numbers(with_it, fc.score(sample(name), TICKET))


@pytest.mark.parametrize("name", sorted(SAME_MODEL))
def test_a_tokenizer_of_another_model_gives_no_numbers(name):
    """It spells something else, and that is seen; where bytes are given they are believed."""
    report = fc.score(ids_only(name), TICKET, tokenizer=lambda number: b"%d" % number)
    assert report.data == VALUE
    if name == "vllm_chat_token_ids":
        assert report["team"].logprob in (None, pytest.approx(TEAM_SUM))
    else:
        assert_no_number(report)


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


TEAM_SUM = -1e-05 - 0.3566749 - 1e-05
OTHER_SUM = -1e-05 - 0.5 - 1e-05


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
    bodies = [item["body"] for item in sample("reasoning_model_errors")] if INDEX else []
    return [*bodies, sample("groq_error")] if INDEX else []


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


# -- legacy echo ----------------------------------------------------------------------------------


def echo(*, usage=None):
    """An echo of three prompt tokens; no server predicts the first."""
    payload = sample("openai_completions_echo")
    [choice] = payload["choices"]
    listed = choice["logprobs"]
    choice["text"] = "Route this: " + choice["text"].removeprefix("Route")
    listed["tokens"][:1] = ["Route", " this", ": "]
    listed["token_logprobs"][:1] = [None, -1.0, -0.5]
    listed["top_logprobs"][:1] = [None, {" this": -1.0}, {": ": -0.5}]
    lengths = [len(piece) for piece in listed["tokens"]]
    listed["text_offset"] = [sum(lengths[:i]) for i in range(len(lengths))]
    if usage:
        payload["usage"] = usage
    return payload


ANSWER = [
    -0.9162907, -0.002002, -1e-05, -0.0512933, -0.0001, -5e-05, -0.0010005, -8e-06, -2e-05,
    -0.3566749, -4e-05,
]  # fmt: skip
USAGE = {"prompt_tokens": 3, "completion_tokens": 11, "total_tokens": 14}


def count(tokens):
    return tokens if isinstance(tokens, int) else len(tokens)


@pytest.mark.parametrize("by", ["prompt", "usage"])
def test_the_prompt_of_an_echo_is_scored_apart(by):
    payload = echo(usage=USAGE if by == "usage" else None)
    report = fc.score(payload, TICKET, prompt="Route this: " if by == "prompt" else None)
    assert (report.status, report.value) == ("complete", VALUE)
    assert report.prompt.logprob == pytest.approx(-1.5)
    assert report.prompt.mean == pytest.approx(-0.75)
    assert report.prompt.perplexity == pytest.approx(math.exp(0.75))
    assert report.answer.logprob == pytest.approx(sum(ANSWER))
    assert report.answer.mean == pytest.approx(sum(ANSWER) / 11)
    assert report.answer.perplexity == pytest.approx(math.exp(-sum(ANSWER) / 11))
    assert count(report.answer.tokens) == 11
    assert_same_numbers(report, fc.score(sample("openai_completions_legacy"), TICKET), 1e-6)


def test_the_sample_of_an_echo():
    report = fc.score(sample("openai_completions_echo"), TICKET, prompt="Route")
    assert (report.status, report.value) == ("complete", VALUE)
    assert report.answer.logprob == pytest.approx(sum(ANSWER))
    # Its one token was predicted from nothing: there is no number to give.
    assert report.prompt is None or report.prompt.logprob is None


def test_an_echo_of_an_unknown_prompt_has_the_same_numbers():
    """Nothing before the answer is JSON."""
    report = fc.score(echo(), TICKET)
    assert (report.status, report.value) == ("complete", VALUE)
    for key in ("urgent", "team"):
        expected = fc.score(sample("openai_completions_legacy"), TICKET)[key]
        assert report[key].logprob == pytest.approx(expected.logprob)
        assert report[key].confidence == pytest.approx(expected.confidence, abs=1e-3)


def test_a_prompt_that_was_not_echoed_is_not_looked_for():
    """Usage counts the prompt in every response, echoed or not."""
    payload = sample("openai_completions_legacy") | {"usage": USAGE}
    for prompt in (None, "Route this: "):
        report = fc.score(payload, TICKET, prompt=prompt)
        assert len(report.tokens) == 11
        assert report.prompt is None
        assert report["urgent"].logprob == -0.0512933


@pytest.mark.parametrize("prompt", ["Rou", "Something else", "Route this: {", "x" * 1000])
def test_a_prompt_that_the_echo_contradicts_is_an_error(prompt):
    """It is another one, or ends inside of a token."""
    with pytest.raises(fc.PayloadError, match="prompt"):
        fc.score(echo(), TICKET, prompt=prompt)


def test_json_in_an_unknown_prompt_is_not_taken_for_the_answer():
    """An example in the prompt is no answer, and what begins in the prompt is half of one."""
    payload = echo()
    [choice] = payload["choices"]
    shown = '{"urgent": false, "team": "sales"} '
    choice["text"] = "Route" + shown + choice["text"].removeprefix("Route")
    listed = choice["logprobs"]
    listed["tokens"].insert(1, shown)
    listed["token_logprobs"].insert(1, -0.25)
    listed["top_logprobs"].insert(1, {shown: -0.25})
    lengths = [len(piece) for piece in listed["tokens"]]
    listed["text_offset"] = [sum(lengths[:i]) for i in range(len(lengths))]
    report = fc.score(payload, TICKET)
    assert report.data == VALUE or report.confidence is None
    told = fc.score(payload, TICKET, prompt="Route" + shown + " this: ")
    assert told.value == VALUE
    assert told["team"].logprob == pytest.approx(sum(ANSWER[8:]))


# -- lists that frameworks cut --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ai_sdk_v5_chat", "ai_sdk_v5_responses", "ai_sdk_v4"])
@pytest.mark.parametrize("kept", [1, 2, 5])
def test_the_last_entries_of_a_stream_are_not_the_answer(name, kept):
    """@ai-sdk/openai 2 keeps only the last chunk's entries of a stream."""
    payload = sample(name)
    holder = payload if name == "ai_sdk_v4" else payload["providerMetadata"]["openai"]
    if name == "ai_sdk_v5_responses":
        holder["logprobs"] = [holder["logprobs"][0][-kept:]]
    else:
        holder["logprobs"] = holder["logprobs"][-kept:]
    report = fc.score(payload, TICKET)
    assert report.status in ("unaligned", "no_logprobs")
    assert_no_number(report)
    assert report.data == VALUE


@pytest.mark.parametrize("kept", [1, 2, 5])
def test_the_last_entries_of_a_streamed_object_are_not_the_answer(kept):
    payload = recorded("ai_sdk_v7.streamObject.openai.chat.json")
    for holder in (payload, payload["parts"][-1]):
        listed = holder["providerMetadata"]["openai"]
        listed["logprobs"] = listed["logprobs"][-kept:]
    for form in (payload, without(payload, "parts")):
        assert_no_number_or_error(form)


def test_a_list_of_another_answer_gives_no_numbers():
    """The entries say one thing and the text another."""
    for name in ("pydantic_ai_chat", "lm_deluge", "dspy_output", "ollama_chat", "gemini"):
        texts = {'team": "billing': 'team": "finance', 'team":"billing': 'team":"finance'}
        report = fc.score(replaced(sample(name), texts))
        assert report.data["team"] == "finance"
        assert_no_number(report)
