"""Probes: the vocabulary, and what is asked of each kind of server."""

import contextlib
import math
import sys
from types import SimpleNamespace

import openai
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from servers import answer_json, serving

from fieldconf.errors import RequestError
from fieldconf.probes import (
    Probe,
    Vocabulary,
    llama_cpp,
    sglang,
    transformers,
    vllm,
)
from fieldconf.probes.base import picked
from fieldconf.tokens.tokenizer import vocabulary_of

# -- the vocabulary -------------------------------------------------------------------------------

# Few bytes, so that tokens share beginnings; the last byte there is among them.
pieces = st.binary(max_size=6).map(lambda raw: bytes(b"ab\xff"[byte % 3] for byte in raw))


@given(st.dictionaries(st.integers(0, 50), pieces), st.lists(pieces, max_size=4))
@example({0: b"a", 1: b"a", 2: b"\xff\xff", 3: b"\xff", 4: b""}, [b"a", b"\xff\xff"])
def test_possible_is_what_asking_about_every_token_would_give(tokens, members):
    vocabulary = Vocabulary(tokens)

    def is_possible(data):
        return any(m.startswith(data) or (m and data.startswith(m)) for m in members)

    slow = [token for token, data in tokens.items() if data and is_possible(data)]
    assert sorted(vocabulary.possible(is_possible)) == sorted(slow)
    assert len(vocabulary) == sum(map(bool, tokens.values()))
    for token, data in tokens.items():
        assert vocabulary.bytes_of(token) == (data or None)
        same = [other for other, spelled in tokens.items() if data and spelled == data]
        assert vocabulary.id_of(data) == min(same, default=None)


def test_possible_asks_about_branches_and_not_about_tokens():
    words = [bytes((a, b, c)) for a in b"abcdef" for b in b"abcdef" for c in b"abcdef"]
    vocabulary = Vocabulary(dict(enumerate(words)))
    asked = []
    found = vocabulary.possible(lambda data: asked.append(data) or b"fed".startswith(data))
    assert [vocabulary.bytes_of(token) for token in found] == [b"fed"]
    assert len(asked) == 3 * 6


def test_an_empty_vocabulary_has_nothing():
    vocabulary = Vocabulary({})
    assert vocabulary.possible(lambda data: True) == []
    assert vocabulary.id_of(b"a") is vocabulary.bytes_of(0) is None


# -- the vocabulary of a tokenizer ----------------------------------------------------------------


class Tokenizer:
    """What a Hugging Face fast tokenizer answers."""

    chat = (7, 8, 9)

    def __init__(self, names, special=(), added=()):
        self.names = {name: number for number, name in enumerate(names)}
        self.all_special_ids = [self.names[name] for name in special]
        self.added_tokens_decoder = {self.names[name]: name for name in (*special, *added)}

    def get_vocab(self):
        return self.names

    def apply_chat_template(self, messages, **options):
        self.asked = (messages, options)
        return list(self.chat)


def spelled(tokenizer):
    vocabulary = vocabulary_of(tokenizer)
    return [vocabulary.bytes_of(token) for token in tokenizer.names.values()]


def test_byte_level_names_are_read_and_added_ones_are_texts():
    names = ["<|end|>", "Ġ", "Ġtrue", "Ċ", "âĤ¬", "Ã", '{"', "<think>", "é", "  "]
    tokenizer = Tokenizer(names, special=["<|end|>"], added=["<think>", "é"])
    assert spelled(tokenizer) == [
        None, b" ", b" true", b"\n", b"\xe2\x82\xac", b"\xc3", b'{"', b"<think>", b"\xc3\xa9",
        b"  ",
    ]  # fmt: skip


def test_sentence_piece_names_are_read():
    names = ["<s>", "▁", "▁true", "<0x0A>", "<0xE2>", "Ġ", "é", "▁▁"]
    tokenizer = Tokenizer(names, special=["<s>"])
    assert spelled(tokenizer) == [
        None, b" ", b" true", b"\n", b"\xe2", "Ġ".encode(), b"\xc3\xa9", b"  ",
    ]  # fmt: skip


def test_other_names_are_texts():
    assert spelled(Tokenizer(["a", "é", "▁of"])) == [b"a", b"\xc3\xa9", "▁of".encode()]


# -- servers --------------------------------------------------------------------------------------

MESSAGES = [{"role": "user", "content": "Is it?"}]
WORDS = Vocabulary({token: b"%d" % token for token in range(300)})


@contextlib.contextmanager
def asking(answers):
    """A client of a server that knows some endpoints, and the list of (path, key, body) asked."""
    asked = []

    def answer(handler):
        asked.append((handler.path, handler.headers["Authorization"], handler.asked))
        made = answers.get(handler.path)
        body, status = ({"error": "Not Found"}, 404) if made is None else (made, 200)
        if callable(made):
            body, status = made(handler.asked)
        answer_json(body, status)(handler)

    with serving(answer) as server:
        with openai.OpenAI(base_url=server.base_url, api_key="secret", max_retries=0) as client:
            yield client, asked


def test_listed_logprobs_are_picked_in_the_order_of_the_question():
    assert picked({1: -1, 2: -9999.0, 3: 1e-7}, [3, 2, 1, 1]) == [1e-7, -math.inf, -1.0, -1.0]
    assert picked({1: -3.4028234663852886e38}, [1]) == [-math.inf]
    for listed in ({}, {1: None}, {1: math.nan}, {1: "-0.5"}):
        assert picked(listed, [1]) is None


def completion(listed):
    """vLLM's answer: the sampled token is listed with the wanted ones."""
    names = {f"token_id:{token}": logprob for token, logprob in {299: -0.1, **listed}.items()}
    logprobs = {"tokens": ["token_id:299"], "token_logprobs": [-0.1], "top_logprobs": [names]}
    return {"choices": [{"text": "x", "logprobs": logprobs}]}


def vllm_probe(client, **options):
    return vllm.probe(client, vocabulary=WORDS, model="m", **options)


def test_vllm_is_asked_for_tokens_by_name():
    answers = {
        "/tokenize": {"count": 3, "tokens": [7, 8, 9]},
        "/v1/completions": completion({1: -0.5, 2: -9999.0}),
    }
    thinking = {"chat_template_kwargs": {"enable_thinking": False}}
    with asking(answers) as (client, asked):
        probe: Probe = vllm_probe(client, template=thinking)
        assert probe.prompt(MESSAGES) == (7, 8, 9)
        assert probe.logprobs((7, 8, 9), [2, 1]) == [-math.inf, -0.5]
        assert probe.logprobs((7, 8, 9), []) == []
    chat = {"model": "m", "messages": MESSAGES, "add_generation_prompt": True, **thinking}
    assert asked[0] == ("/tokenize", "Bearer secret", chat)
    path, _, body = asked[1]
    assert path == "/v1/completions"
    assert body == {
        "model": "m", "prompt": [7, 8, 9], "max_tokens": 1, "temperature": 1, "logprobs": 2,
        "logprob_token_ids": [2, 1], "return_tokens_as_token_ids": True,
    }  # fmt: skip
    assert len(asked) == 2


def test_vllm_is_asked_for_no_more_than_it_takes_at_once():
    def answer(body):
        assert len(body["logprob_token_ids"]) <= 128
        return completion({token: -token / 8 for token in body["logprob_token_ids"]}), 200

    with asking({"/v1/completions": answer}) as (client, asked):
        wanted = list(range(290))
        assert vllm_probe(client).logprobs([7], wanted) == [-token / 8 for token in wanted]
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (completion({1: -0.5}), "did not list every token"),
        ({"choices": [{"text": "x", "logprobs": None}]}, "gave no logprobs"),
        (
            lambda body: ({"error": {"message": "logprobs of 2, max allowed: 1"}}, 400),
            "max allowed",
        ),
    ],
)
def test_a_vllm_that_does_not_tell_is_named_with_the_remedy(answer, said):
    with asking({"/v1/completions": answer}) as (client, _):
        with pytest.raises(RequestError, match=f"{said}.*--max-logprobs -1$"):
            vllm_probe(client).logprobs([7], [1, 2])


def test_other_refusals_of_vllm_stay_what_they_are():
    refusal = ({"error": {"message": "prompt too long"}}, 400)
    with asking({"/v1/completions": lambda body: refusal}) as (client, _):
        with pytest.raises(RequestError, match=r"400: prompt too long$") as caught:
            vllm_probe(client).logprobs([7], [1])
    assert caught.value.status == 400


def test_sglang_is_asked_for_tokens_by_name():
    entries = [[-0.5, 1, None], [-2.0, 2]]
    tokenizer = Tokenizer(["a"])
    with asking({"/generate": {"meta_info": {"output_token_ids_logprobs": [entries]}}}) as (
        client,
        asked,
    ):
        probe: Probe = sglang.probe(
            client, vocabulary=WORDS, tokenizer=tokenizer, template={"enable_thinking": False}
        )
        assert probe.prompt(MESSAGES) == (7, 8, 9)
        assert probe.logprobs((7, 8), [2, 1, 2]) == [-2.0, -0.5, -2.0]
        assert probe.logprobs((7, 8), []) == []
        with pytest.raises(RequestError, match=r"every token.*token_ids_logprob"):
            probe.logprobs((7, 8), [3])
    messages, options = tokenizer.asked
    assert messages == MESSAGES
    assert options == {"add_generation_prompt": True, "tokenize": True, "enable_thinking": False}
    assert asked[0] == (
        "/generate",
        "Bearer secret",
        {
            "input_ids": [7, 8],
            "sampling_params": {"max_new_tokens": 1, "temperature": 1},
            "return_logprob": True,
            "token_ids_logprob": [2, 1],
        },
    )
    assert len(asked) == 2


def test_an_sglang_that_lists_nothing_is_named():
    with asking({"/generate": {"meta_info": {}}}) as (client, _):
        probe = sglang.probe(client, vocabulary=WORDS, tokenizer=Tokenizer(["a"]))
        with pytest.raises(RequestError, match="every token"):
            probe.logprobs((7,), [3])


@pytest.mark.parametrize(
    ("body", "status"), [(b'"Hello"', 200), (b"{", 200), (b"{}", 404), (b"{}", 405)]
)
def test_a_server_of_another_kind_is_named(body, status):
    answers = {"/generate": lambda asked: (body, status)}
    with asking(answers) as (client, _):
        probe = sglang.probe(client, vocabulary=WORDS, tokenizer=Tokenizer(["a"]))
        with pytest.raises(
            RequestError, match=r"/generate as an SGLang server does.*Use a client for"
        ) as caught:
            probe.logprobs([7], [1])
    assert caught.value.status == (None if status == 200 else status)
    with asking({}) as (client, _):
        with pytest.raises(RequestError, match=r"/apply-template as a llama\.cpp server does"):
            llama_cpp.probe(client).prompt(MESSAGES)
        with pytest.raises(RequestError, match=r"/completion as a llama\.cpp server does"):
            llama_cpp.probe(client).logprobs([7], [1])
        with pytest.raises(RequestError, match=r"/tokenize as a vLLM server does"):
            vllm_probe(client).prompt(MESSAGES)


@pytest.mark.parametrize("text", [None, "prompt"])
def test_a_tokenize_endpoint_of_another_kind_is_named(text):
    with asking({"/apply-template": {"prompt": text}, "/tokenize": {}}) as (client, _):
        for probe in (llama_cpp.probe(client), vllm_probe(client)):
            with pytest.raises(RequestError, match="/tokenize as a"):
                probe.prompt(MESSAGES)


def test_a_llama_cpp_too_old_to_list_probabilities_is_named():
    with asking({"/completion": {"content": "a", "probs": []}}) as (client, _):
        with pytest.raises(RequestError, match=r"gave no top_logprobs.*2025 or later"):
            llama_cpp.probe(client).logprobs([7], [1])


# -- a llama.cpp that keeps a diary ---------------------------------------------------------------


class Slot:
    """One slot of a llama.cpp server: what is evaluated how, and equal probabilities."""

    def __init__(self):
        self.diary = []

    def __call__(self, body):
        if body["prompt"] == "a":  # the vocabulary
            listed = [{"id": token, "bytes": [97 + token], "logprob": -1.0} for token in range(9)]
            return {"completion_probabilities": [{"top_logprobs": listed}]}, 200
        self.diary.append(("kept" if body["cache_prompt"] else "afresh", len(body["prompt"])))
        wanted = [token for token, _ in body.get("logit_bias", [])]
        listed = [{"id": token, "prob": 0.25} for token in wanted]
        return {"completion_probabilities": [{"top_probs": listed}]}, 200


def test_an_answer_is_evaluated_in_small_steps_after_a_prompt_that_was_evaluated_at_once():
    slot = Slot()
    answers = {
        "/completion": slot,
        "/apply-template": {"prompt": "p"},
        "/tokenize": {"tokens": [7] * 5},
    }
    with asking(answers) as (client, _):
        probe = llama_cpp.probe(client)
        prompt = probe.prompt(MESSAGES)
        place = (*prompt, *range(40))
        assert probe.logprobs(place, [1, 2]) == [math.log(0.25)] * 2
        assert slot.diary == [("afresh", 5), ("kept", 21), ("kept", 37), ("kept", 45)]
        slot.diary.clear()
        probe.logprobs((*place, 8), [1])  # one token further
        probe.logprobs((*prompt, 0, 1, 3), [1])  # back, and another branch
        probe.logprobs(prompt, [1])  # never the prompt's last token alone
        probe.logprobs((*prompt, 0), [1])
        assert slot.diary == [("kept", 46), ("kept", 8), ("afresh", 5), ("kept", 6)]
        slot.diary.clear()
        probe.logprobs((3, 3), [1])  # another prompt takes the slot
        probe.logprobs((*prompt, 0), [1])
        assert slot.diary == [("afresh", 2), ("afresh", 5), ("kept", 6)]


# -- transformers ---------------------------------------------------------------------------------


class Row(list):
    """The last dimension of a tensor."""

    def tolist(self):
        return list(self)


def test_transformers_is_asked_with_one_forward_pass(monkeypatch):
    def tensor(rows, *, device):
        assert device == "cpu"
        return rows

    def model(*, input_ids):
        assert input_ids == [[7, 8]]
        return SimpleNamespace(logits=[[Row([0.0] * 3), Row([1000.0, 1000.0 + math.log(3), -1e9])]])

    torch = SimpleNamespace(tensor=tensor, no_grad=contextlib.nullcontext)
    monkeypatch.setitem(sys.modules, "torch", torch)
    model.device = "cpu"
    probe: Probe = transformers.probe(model, Tokenizer(["a", "b", "c"]))
    assert probe.vocabulary.id_of(b"c") == 2
    assert probe.prompt(MESSAGES) == (7, 8, 9)
    found = probe.logprobs((7, 8), [1, 0, 2])
    assert found[:2] == pytest.approx([math.log(0.75), math.log(0.25)])
    assert found[2] < -1e8
    assert probe.logprobs((7, 8), []) == []


def test_a_chat_template_may_answer_with_a_mapping():
    tokenizer = Tokenizer(["a"])
    tokenizer.apply_chat_template = lambda messages, **options: {"input_ids": [4, 5]}
    assert transformers.probe(None, tokenizer).prompt(MESSAGES) == (4, 5)
