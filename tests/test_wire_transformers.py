"""What Hugging Face's ``generate`` returns: by a real one, where torch is, and by a stand-in."""

import math

import pytest

import fieldconf as fc

SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
PIECES = [b'{"ok": ', b"true", b"false", b"}", b"tr", b"ue"]


class Tensor:
    """As much of a tensor as is asked of one: a list of numbers, or of lists."""

    def __init__(self, values):
        self.values = values
        self.shape = (len(values),)

    def __getitem__(self, place):
        found = self.values[place]
        return Tensor(found) if isinstance(found, list) else Number(found)

    def tolist(self):
        return self.values

    def float(self):
        return self

    def log_softmax(self, axis):
        assert axis == -1
        total = math.log(math.fsum(math.exp(x) for x in self.values))
        return Tensor([x - total for x in self.values])

    def topk(self, count):
        order = sorted(range(len(self.values)), key=lambda i: -self.values[i])[:count]
        return type("Top", (), {"indices": Tensor(order),
                                "values": Tensor([self.values[i] for i in order])})  # fmt: skip


class Number:
    def __init__(self, value):
        self.value = value

    def item(self):
        return self.value


def generated(*rows, **more):
    """Rows of (token, scores over the vocabulary) after a prompt of two tokens."""
    steps = [Tensor([list(scores) for _, scores in step]) for step in zip(*rows, strict=True)]
    ids = [[7, 8, *(token for token, _ in row)] for row in rows]
    return {"sequences": Tensor(ids), "scores": tuple(steps)} | more


ROW = [
    (0, [9.0, 0, 0, 0, 0, 0]),
    (1, [-math.inf, math.log(0.6), math.log(0.3), -math.inf, math.log(0.1), -math.inf]),
    (3, [-math.inf, -math.inf, -math.inf, 1.0, -math.inf, -math.inf]),
]


def test_scores_become_logprobs_and_ids_become_texts():
    report = fc.score(generated(ROW), SCHEMA, tokenizer=PIECES.__getitem__)
    assert (report.status, report.data, report.mask) == ("complete", {"ok": True}, "after")
    assert report["ok"].logprob == pytest.approx(math.log(0.6))
    assert report["ok"].distribution[True].probability == pytest.approx(0.7)  # with "tr", "ue"
    assert report["ok"].distribution.unseen == pytest.approx(0)


def test_each_row_of_a_batch_is_an_answer():
    other = [ROW[0], (2, ROW[1][1]), ROW[2]]
    reports = fc.score_all(generated(ROW, other), SCHEMA, tokenizer=PIECES.__getitem__)
    assert [report.data for report in reports] == [{"ok": True}, {"ok": False}]


def test_logits_stand_before_the_mask():
    made = generated(ROW)
    made["logits"] = made.pop("scores")
    assert fc.score(made, SCHEMA, tokenizer=PIECES.__getitem__).mask == "before"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (generated(ROW, beam_indices=Tensor([[0, 0, 0]])), "beam search"),
        ({"sequences": Tensor([[7, 8, 0]]), "scores": None}, "output_scores=True"),
    ],
)
def test_what_cannot_be_known_has_a_reason(made, reason):
    report = fc.score(made, SCHEMA, tokenizer=PIECES.__getitem__)
    assert report.status == "no_logprobs"
    assert reason in report.reason
    assert all(field.logprob is None for field in report.fields.values())


def test_without_a_tokenizer_the_reason_asks_for_one():
    assert "tokenizer=" in fc.score(generated(ROW), SCHEMA).reason


@pytest.fixture(scope="module")
def real():
    """A tiny random model that writes JSON, since it may write nothing else."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    names = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    whole = tokenizers.Tokenizer(
        tokenizers.models.BPE({name: i for i, name in enumerate(names)}, [])
    )
    whole.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    whole.decoder = tokenizers.decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=whole)
    config = transformers.GPT2Config(
        vocab_size=len(names), n_positions=64, n_embd=16, n_layer=1, n_head=2,
        bos_token_id=None, eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(1)
    model = transformers.GPT2LMHeadModel(config).eval()
    prompt = tokenizer("Is it? ", return_tensors="pt").input_ids
    texts = [tokenizer(text).input_ids for text in ('{"ok": true}', '{"ok": false}')]

    def allowed(_, ids):
        done = ids[prompt.shape[1] :].tolist()
        return [t[len(done)] for t in texts if t[: len(done)] == done and len(t) > len(done)] or [0]

    made = model.generate(
        prompt, max_new_tokens=12, do_sample=False, prefix_allowed_tokens_fn=allowed,
        return_dict_in_generate=True, output_scores=True, output_logits=True,
    )  # fmt: skip
    return model, tokenizer, made


@pytest.mark.filterwarnings("ignore")
def test_a_real_generate(real):
    model, tokenizer, made = real
    report = fc.score(made, SCHEMA, tokenizer=tokenizer)
    assert report.status == "complete", report.reason
    assert report.data in ({"ok": True}, {"ok": False})
    transitions = model.compute_transition_scores(
        made.sequences, made.scores, normalize_logits=True
    )
    whole = [token.logprob for token in report.tokens]
    assert whole == pytest.approx(transitions[0].tolist(), abs=1e-5)
    # The two answers part at one letter, and nothing else is possible before or after.
    deciding = transitions[0][len('{"ok": ')].item()
    assert report["ok"].confidence == pytest.approx(math.exp(deciding), abs=1e-5)
