"""Parts of responses, frameworks' objects and records: read as the response that they hold.

What is the answer's value, or lost its logprobs, is told in one line, with the object to pass.
"""

import copy
import json
from types import SimpleNamespace

import numpy as np
import pytest
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from pydantic import BaseModel
from wire_samples import INDEX, sample

import fieldconf as fc
from fieldconf.responses import frameworks

# -- the same figures as in the usual shape -------------------------------------------------------

OF_GEMINI = ["gemini_candidate_alone"]
OF_RESPONSES = ["output_alone", "openai_agents_run"]
OF_CHAT = [
    "choice_alone", "choices_alone", "vllm_offline", "llama_index_chat", "haystack_message",
    "haystack_run", "langchain_dumpd", "langsmith_run", "langfuse_observation",
    "semantic_kernel", "unitxt_output", "mlx_engine", "openai_dotnet", "llm_log", "koboldcpp",
    "vcr_cassette", "llama_stack_recording", "logged_response", "dspy_history", "dspy_response",
    "test_proxy_session",
]  # fmt: skip
NO_CANDIDATES = ["djl_generate"]

USUAL = {
    "openai_chat": [*OF_CHAT, *NO_CANDIDATES], "gemini": OF_GEMINI, "openai_responses": OF_RESPONSES
}  # fmt: skip


def figures(report):
    return {
        path: (field.value, field.logprob, field.confidence, field.low, field.high)
        for path, field in report.fields.items()
    }


def logprobs(report):
    return {path: (field.value, field.logprob) for path, field in report.fields.items()}


@pytest.mark.parametrize(
    ("name", "usual"), [(name, usual) for usual, names in USUAL.items() for name in names]
)
def test_an_object_has_the_figures_of_its_response(name, usual):
    found, wanted = fc.score(sample(name)), fc.score(sample(usual))
    assert found.status == "complete"
    assert logprobs(found) == logprobs(wanted)
    if name not in NO_CANDIDATES:
        assert figures(found) == figures(wanted)


@pytest.mark.parametrize("name", [*OF_CHAT, *OF_GEMINI, *OF_RESPONSES])
def test_its_json_text_and_its_attributes_are_read_as_well(name):
    wanted = figures(fc.score(sample(name)))
    assert figures(fc.score(json.dumps(sample(name)))) == wanted
    assert figures(fc.score("\ufeff" + json.dumps(sample(name)))) == wanted


def objects(value, keep=()):
    """Dicts as objects with attributes, except those with other keys than names."""
    if isinstance(value, list):
        return [objects(item, keep) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: item if key in keep else objects(item, keep) for key, item in value.items()}
    if not all(key.isidentifier() for key in inner):
        return {int(key) if key.isdigit() else key: item for key, item in inner.items()}
    return SimpleNamespace(**inner)


@pytest.mark.parametrize(
    "name", ["vllm_offline", "mlx_engine", "openai_agents_run", "dspy_response"]
)
def test_objects_of_the_framework_are_read_like_their_dump(name):
    held = objects(sample(name), keep=("value",))
    assert figures(fc.score(held)) == figures(fc.score(sample(name)))


# -- parts of SDKs' objects -----------------------------------------------------------------------


def chat(number=1):
    payload = sample("openai_chat")
    [choice] = payload["choices"]
    payload["choices"] = [copy.deepcopy(choice) | {"index": place} for place in range(number)]
    return ChatCompletion.model_validate(payload)


def test_choices_of_an_sdk_are_read_with_their_numbers():
    response = chat(3)
    wanted = figures(fc.score(response))
    assert figures(fc.score(response.choices[1])) == wanted
    for choices in (response.choices, tuple(response.choices), response.choices[:2]):
        assert [report.choice for report in fc.score_all(choices)] == list(range(len(choices)))
        assert figures(fc.score(choices, choice=1)) == wanted


def test_choices_of_two_responses_are_two_answers():
    with pytest.raises(fc.PayloadError, match="2 whole answers"):
        fc.score([chat().choices[0], chat().choices[0]])


def test_the_output_of_an_sdk_response_is_read():
    response = Response.model_validate(sample("openai_responses"))
    wanted = figures(fc.score(response))
    thought = {"id": "r", "type": "reasoning", "summary": []}
    assert figures(fc.score(response.output)) == wanted
    assert figures(fc.score(response.output[0])) == wanted
    assert figures(fc.score([thought, *sample("openai_responses")["output"]])) == wanted


class Ticket(BaseModel):
    urgent: bool
    team: str


TICKET = Ticket(urgent=True, team="billing")


@pytest.mark.parametrize("holds_response", [True, False])
@pytest.mark.parametrize("kind", [tuple, list])
def test_instructors_pair_is_read_once(kind, holds_response):
    model, response = TICKET.model_copy(), chat()
    if holds_response:
        model.__dict__["_raw_response"] = response
    if kind is list and holds_response:
        pytest.skip("a list of two responses")
    assert figures(fc.score(kind([model, response]))) == figures(fc.score(response))


class Prediction:
    """As DSPy's: iterable, with its fields as attributes."""

    def __init__(self, **fields):
        self._store, self._completions = fields, None

    def __iter__(self):
        return iter(self._store)


def test_a_prediction_of_dspy_has_its_logprobs():
    response = chat()
    for listed in (response.choices[0].logprobs, response.model_dump()["choices"][0]["logprobs"]):
        found = fc.score(Prediction(urgent=True, logprobs=listed))
        assert figures(found) == figures(fc.score(response))


def test_a_dspy_history_is_read():
    wanted = figures(fc.score(chat()))
    assert figures(fc.score([sample("dspy_history") | {"response": chat()}])) == wanted
    history = [
        sample("dspy_history") | {"response": objects(sample("dspy_response"), keep=("value",))}
    ]
    assert figures(fc.score(history)) == wanted


def test_the_fields_of_a_dspy_prediction_are_read():
    fields = TICKET.model_dump() | {"logprobs": chat().choices[0].logprobs.model_dump()}
    assert figures(fc.score(fields)) == figures(fc.score(chat()))


def test_the_text_of_a_dspy_response_is_preferred_to_its_value():
    payload, text = sample("dspy_response"), sample("openai_chat")["choices"][0]["message"]
    payload["message"]["parts"] = [{"type": "text", "text": text["content"]}]
    assert figures(fc.score(payload)) == figures(fc.score(chat()))
    payload["message"]["parts"] = [{"type": "data", "value": {"urgent": False}}]
    report = fc.score(payload)  # another value than the tokens spell
    assert report.data == {"urgent": False}
    assert report["/urgent"].logprob is None


def test_a_recorded_stream_is_read():
    chunks = sample("openai_chat_stream")
    wanted = figures(fc.score(chunks))
    typed = [{"__type__": "chunk", "__data__": chunk} for chunk in chunks]
    recording = {"request": {}, "response": {"body": typed, "is_streaming": True}}
    assert figures(fc.score(recording)) == wanted
    events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    for body in (events, events.encode()):
        reply = {"status": {"code": 200}, "headers": {}, "body": {"string": body}}
        assert figures(fc.score({"request": {"uri": "x"}, "response": reply})) == wanted


def test_the_error_in_a_recording_is_told():
    reply = {"status": {"code": 400}, "body": {"string": '{"error": {"message": "no such model"}}'}}
    with pytest.raises(fc.PayloadError, match="no such model"):
        fc.score({"request": {"uri": "x"}, "response": reply})


def arrays(value):
    """Lists as arrays, as pandas reads them from a Parquet file."""
    if isinstance(value, dict):
        return {key: arrays(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    made = np.empty(len(value), dtype=object)
    for place, item in enumerate(value):
        made[place] = arrays(item)
    return made.astype(int) if value and all(type(item) is int for item in value) else made


@pytest.mark.parametrize("name", ["openai_chat", "ollama_chat", "gemini", "together_chat"])
def test_lists_that_pandas_made_arrays_are_lists(name):
    wanted = figures(fc.score(sample(name)))
    assert figures(fc.score(arrays(sample(name)))) == wanted
    assert figures(fc.score({"response": arrays(sample(name))})) == wanted


def test_a_token_without_text_of_vllm_is_not_named_by_its_id():
    payload = sample("vllm_offline")
    output = payload[0]["outputs"][0]
    output["logprobs"] = output["logprobs"][:-1]
    assert fc.score(payload).status != "malformed"
    assert all(field.logprob is None for field in fc.score(payload).fields.values())


def test_logits_that_unitxt_lists_as_logprobs_are_no_candidates():
    payload = sample("unitxt_output")
    for token in payload["prediction"]:
        for row in token["top_tokens"]:
            row["logprob"] += 20.0
    found = fc.score(payload)
    for token in payload["prediction"]:
        token["top_tokens"] = []
    assert figures(found) == figures(fc.score(payload))
    assert logprobs(found) == logprobs(fc.score(sample("openai_chat")))


def test_a_stream_of_haystack_is_read_as_chunks_and_as_a_reply():
    chunks = [chunk for chunk in sample("openai_chat_stream") if chunk["choices"]]
    choices = [chunk["choices"][0] for chunk in chunks]
    texts = [choice["delta"].get("content") or "" for choice in choices]
    logprobs = [choice["logprobs"] for choice in choices if choice["logprobs"]]
    meta = {"model": chunks[0]["model"], "finish_reason": "stop", "logprobs": logprobs}
    reply = {"role": "assistant", "content": [{"text": "".join(texts)}], "meta": meta}
    wanted = figures(fc.score(sample("openai_chat_stream")))
    assert figures(fc.score(reply)) == figures(fc.score({"replies": [reply]})) == wanted
    pieces = [
        {"content": text, "start": False, "meta": {"logprobs": choice["logprobs"]}}
        for text, choice in zip(texts, choices, strict=True)
    ]
    assert figures(fc.score(pieces)) == wanted
    assert figures(fc.score(objects(pieces, keep=("meta",)))) == wanted


class Kernel(BaseModel):
    """A message of Semantic Kernel: its dump leaves its content out, or fails."""

    inner_content: object = None
    does_fail: bool = False

    def model_dump(self, **_):
        if self.does_fail:
            raise TypeError("'MockValSer' object is not an instance of 'SchemaSerializer'")
        return sample("semantic_kernel")


def test_the_content_of_a_message_of_semantic_kernel_is_read():
    wanted = figures(fc.score(chat()))
    assert figures(fc.score(Kernel(inner_content=chat()))) == wanted
    assert figures(fc.score(Kernel())) == wanted
    result = SimpleNamespace(
        function=None, value=[Kernel(inner_content=chat())], rendered_prompt=""
    )
    assert figures(fc.score(result)) == wanted
    chunks = sample("openai_chat_stream")
    for stream in ([Kernel(inner_content=c) for c in chunks], Kernel(inner_content=chunks)):
        assert figures(fc.score(stream)) == figures(fc.score(chunks))


def test_a_model_whose_dump_fails_is_read_by_its_attributes():
    message = Kernel(does_fail=True)
    vars(message).update(
        (key, objects(value, keep=("metadata",)))
        for key, value in sample("semantic_kernel").items()
    )
    assert figures(fc.score(message)) == figures(fc.score(chat()))


def test_an_item_of_an_openai_agents_run_is_read():
    response = Response.model_validate(sample("openai_responses"))
    item = SimpleNamespace(raw_item=response.output[0], type="message_output_item")
    assert figures(fc.score(item)) == figures(fc.score(response))


def test_a_response_of_llm_is_read_though_it_iterates_over_texts():
    class OfLlm:
        """As that of simonw/llm."""

        response_json = None

        def __iter__(self):
            return iter(["{", "}"])

    response = OfLlm()
    response.response_json = sample("llm_log")
    assert figures(fc.score(response)) == figures(fc.score(sample("llm_log")))


@pytest.mark.parametrize("name", INDEX)
def test_a_dict_with_a_structure_has_a_key_of_it(name):
    """Else it is never tried: wrappers are chosen by the keys of a dict."""
    payload = sample(name)
    for item in payload if isinstance(payload, list) else [payload]:
        wrappers = [each for each in frameworks.WRAPPERS if each.keys and each.wraps(item)]
        assert all(set(each.keys) & item.keys() for each in wrappers)


# -- what has no logprobs -------------------------------------------------------------------------

VALUES = {
    "a model": TICKET,
    "a dict": TICKET.model_dump(),
    "its JSON": TICKET.model_dump_json(),
    "a list": [TICKET, TICKET],
    "a message's content": chat().choices[0].message.content,
    "a number": 3,
    "a label": '"billing"',
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_the_answers_value_is_told_from_a_response(value):
    with pytest.raises(fc.PayloadError) as caught:
        fc.score(value)
    assert str(caught.value) == (
        "this is the answer's value; its numbers are in the response. "
        "Pass `completion`, the response of the request"
    )


LOST = {
    "message": (chat().choices[0].message, "Pass `completion`, whose choice"),
    "text": ("the team is billing", "Pass `completion`"),
    "printed": ("Response(id='x')", "model_dump_json()"),
    "printed dict": ("{'choices': []}", "json.dumps"),
    "an object's address": ("<openai.Response object at 0x7f00>", "model_dump_json()"),
    "dspy": (Prediction(urgent=True), "lm.history[-1]"),
    "llama-index": (
        {"message": {"blocks": []}, "raw": None, "logprobs": None, "additional_kwargs": {}},
        "the response of the provider's client",
    ),
    "agents": ({"raw_responses": [], "final_output": "x"}, "result.raw_responses"),
    "langfuse": (
        {"type": "GENERATION", "traceId": "x", "output": {"role": "assistant", "content": "{}"}},
        "the response that was observed",
    ),
    "semantic kernel": (
        {"items": [{"content_type": "text", "text": "{}"}], "metadata": {}},
        "message.inner_content",
    ),
    "langchain": (
        {"lc": 1, "type": "not_implemented", "id": ["LLMResult"], "repr": "LLMResult()"},
        "generations[0][0].message",
    ),
    "unitxt": ([{"top_tokens": [{"text": "{", "logprob": -0.1}]}], "Pass `completion`"),
    "Anthropic": (
        {"type": "message", "role": "assistant", "content": [], "stop_reason": "end_turn"},
        "Use a model of a provider that does",
    ),
    "AI SDK data stream": ('0:"{"\n0:"}"\n', "JSON.stringify(result)"),
}


@pytest.mark.parametrize(("payload", "remedy"), LOST.values(), ids=LOST)
def test_what_has_no_logprobs_names_the_object_to_pass(payload, remedy):
    with pytest.raises(fc.PayloadError) as caught:
        fc.score(payload)
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "looked for" not in str(caught.value)


def test_two_components_with_replies_are_not_chosen_from():
    reply = sample("haystack_message")
    with pytest.raises(fc.PayloadError):
        fc.score({"first": {"replies": [reply]}, "second": {"replies": [reply]}})


def test_records_in_records_end():
    payload = sample("openai_chat")
    for _ in range(50):
        payload = {"interactions": [payload]}
    with pytest.raises(fc.PayloadError):
        fc.score(payload)
