"""Numbers as servers damage them, in every shape that can carry them: right, or absent.

A table: a made-up answer whose second token decides a value, the damage, and what is true of the
value. It is written in each shape, and read whole, as text, as an object, as chunks and live.
"""

import copy
import json
import math
from decimal import Decimal

import openai.types.chat as sdk
import pytest
from openai._models import construct_type

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

RIPE = {"type": "object", "properties": {"ripe": {"type": "boolean"}}, "required": ["ripe"]}
FRUIT = {
    "type": "object",
    "properties": {"fruit": {"enum": ["plum", "pear", "fig"]}},
    "required": ["fruit"],
}


def log(probability):
    return math.log(probability)


# -- shapes: a list of (text, logprob, [(text, logprob)]) as a payload -----------------------------


def entries(rows, top="top_logprobs", number=lambda p: p):
    return [
        {
            "token": t,
            "logprob": number(p),
            top: [{"token": c, "logprob": number(q)} for c, q in top_of],
        }
        for t, p, top_of in rows
    ]


def text_of(rows):
    return "".join(text for text, _, _ in rows).replace("Ġ", " ").replace("▁", " ")


def chat(rows, **how):
    choice = {"index": 0, "message": {"role": "assistant", "content": text_of(rows)}}
    choice |= {"logprobs": {"content": entries(rows, **how)}, "finish_reason": "stop"}
    return {"object": "chat.completion", "model": "m", "choices": [choice]}


def chat_bytes(rows):
    return json.dumps(chat(rows)).encode()


def chat_object(rows):
    return construct_type(type_=sdk.ChatCompletion, value=chat(rows))


def chunk(content, listed, finish=None):
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    choice |= {"logprobs": None if listed is None else {"content": listed}}
    return {"object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def chat_chunks(rows):
    """All tokens in one chunk, as SGLang and vLLM send them."""
    return [chunk(text_of(rows), entries(rows)), chunk("", None, "stop")]


def chunk_each(rows):
    return [*(chunk(text_of([row]), entries([row])) for row in rows), chunk("", None, "stop")]


def legacy(rows):
    found = {"tokens": [t for t, _, _ in rows], "token_logprobs": [p for _, p, _ in rows]}
    found["top_logprobs"] = [dict(top) or None for _, _, top in rows]
    return {"choices": [{"index": 0, "text": text_of(rows), "logprobs": found}]}


def responses(rows):
    part = {"type": "output_text", "text": text_of(rows), "logprobs": entries(rows)}
    return {"object": "response", "output": [{"type": "message", "content": [part]}]}


def ai_sdk(rows):
    found = entries(rows, top="topLogprobs")
    return {"text": text_of(rows), "finishReason": "stop", "logprobs": found}


def ollama(rows):
    return {"done": True, "response": text_of(rows), "logprobs": entries(rows)}


def gemini(rows):
    def row(text, logprob):
        return {"token": text, "logProbability": logprob}

    found = {"chosenCandidates": [row(t, p) for t, p, _ in rows]}
    found["topCandidates"] = [{"candidates": [row(*c) for c in top]} for _, _, top in rows]
    content = {"parts": [{"text": text_of(rows)}]}
    return {"candidates": [{"content": content, "logprobsResult": found, "finishReason": "STOP"}]}


def tgi(rows):
    tokens = [{"text": t, "logprob": p, "special": False} for t, p, _ in rows]
    tops = [[{"text": c, "logprob": q, "special": False} for c, q in top] for _, _, top in rows]
    details = {"tokens": tokens, "top_tokens": tops, "finish_reason": "eos_token"}
    return {"generated_text": text_of(rows), "details": details}


def sglang(rows):
    about = {"output_token_logprobs": [[p, None, t] for t, p, _ in rows]}
    about["output_top_logprobs"] = [[[q, None, c] for c, q in top] for _, _, top in rows]
    return {"text": text_of(rows), "meta_info": about | {"finish_reason": {"type": "stop"}}}


def llama_cpp(rows):
    return {"content": text_of(rows), "stop": True, "completion_probabilities": entries(rows)}


SHAPES = [
    chat, chat_bytes, chat_object, chat_chunks, chunk_each, legacy, responses, ai_sdk, ollama,
    gemini, tgi, sglang, llama_cpp,
]  # fmt: skip
shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)


def ripe(logprob, *top, text=" true"):
    """The answer of which one token says whether the fruit is ripe."""
    return [('{"ripe":', -0.01, []), (text, logprob, list(top)), ("}", -0.1, [])]


def field_of(payload, schema=RIPE, name="ripe"):
    return fc.score(payload, schema)[name]


def probabilities(field):
    return {m.value: pytest.approx(m.probability, abs=1e-6) for m in field.distribution.candidates}


TRUE, FALSE = (" true", log(0.6)), (" false", log(0.3))

# -- numbers of every kind ------------------------------------------------------------------------


class Scalar:
    """A number of an array's, as numpy's float32 and torch's tensors without dimensions are."""

    def __init__(self, value):
        self._value = value

    def item(self):
        return self._value


@pytest.mark.parametrize(
    "number", [str, Decimal, Scalar, lambda p: f" {p} "], ids=["str", "Decimal", "scalar", "padded"]
)
def test_a_number_is_read_in_any_form_in_which_people_keep_it(number):
    rows = ripe(-0.5, TRUE, FALSE)
    rows[1] = (" true", log(0.6), [TRUE, FALSE])
    assert (
        fc.score(chat(rows, number=number), RIPE).to_dict() == fc.score(chat(rows), RIPE).to_dict()
    )


@shapes
def test_a_number_as_a_text(shape):
    rows = ripe(str(log(0.6)), (" true", str(log(0.6))), (" false", str(log(0.3))))
    field = field_of(shape(rows))
    assert field.logprob == log(0.6)
    assert probabilities(field) == {True: 2 / 3, False: 1 / 3}


@shapes
def test_an_excluded_candidate_as_a_text(shape):
    field = field_of(shape(ripe(0.0, (" true", 0.0), (" false", "-inf"))))
    assert (field.logprob, field.confidence) == (0.0, 1.0)


@pytest.mark.parametrize(
    "value", ["nan", "", "high", "0x1", "1_0", True, [], {}, "0.5", 0.5], ids=repr
)
def test_what_is_no_logprob_is_not_read_as_one(value):
    field = field_of(chat(ripe(value)))
    assert (field.logprob, field.confidence, field.reason != "") == (None, None, True)


@pytest.mark.parametrize("hair", [1.2e-7, 4.8e-7, 2**-17])
@shapes
def test_a_hair_above_zero_is_zero(shape, hair):
    """A float32 softmax ends there."""
    field = field_of(shape(ripe(hair, (" true", hair), (" false", -15.0))))
    assert field.logprob == 0.0
    assert field.confidence == pytest.approx(1.0, abs=1e-6)
    assert field.reason == ""


# -- lists that are another token's, or none ------------------------------------------------------


@pytest.mark.parametrize("probability", [0.004, 0.2, 0.9])
@pytest.mark.parametrize(
    "shape", [s for s in SHAPES if s is not chunk_each], ids=lambda s: s.__name__
)
def test_a_list_that_was_copied_says_nothing(shape, probability):
    """The tokens' own numbers stay; of the value nothing is known that a list would have to say."""
    copied = [('{"ripe":', log(0.98)), ('{"', log(0.015))]
    rows = [
        ('{"ripe":', log(0.98), copied),
        (" true", log(probability), copied),
        ("}", -0.1, copied),
    ]
    field = field_of(shape(rows))
    assert field.logprob == pytest.approx(log(probability))
    assert (field.confidence, field.low, field.high, field.distribution) == (None,) * 4
    assert "copy" in field.reason


def test_two_tokens_with_the_same_list_of_their_own_keep_it():
    """A copy is told by a token that its list does not have with its number."""
    schema = {"type": "array", "items": {"enum": [1, 2]}}
    one = ("1", log(0.6), [("1", log(0.6)), ("2", log(0.4))])
    comma = (",", -0.1, [])
    report = fc.score(chat([("[", -0.1, []), one, comma, one, ("]", -0.1, [])]), schema)
    assert [report[index].confidence for index in (0, 1)] == [pytest.approx(0.6)] * 2


def test_one_id_many_times_is_no_list():
    """Of the tokens' numbers the first may be right; of the rivals nothing is known."""
    texts = {1: b'{"ripe":', 2: b" true", 3: b" false", 4: b"}"}

    def named(number):
        return f"token_id:{number}"

    for repeated in ([2, 2, 2], [2, 3, 3]):
        top = list(zip(map(named, repeated), map(log, (0.6, 0.3, 0.05)), strict=True))
        rows = [(named(1), -0.1, []), (named(2), log(0.6), top), (named(4), -0.1, [])]
        payload = chat(rows)
        payload["choices"][0]["message"]["content"] = '{"ripe": true}'
        report = fc.score(payload, RIPE, tokenizer=texts.__getitem__)
        field = report["ripe"]
        assert (field.logprob, field.confidence, field.distribution) == (log(0.6), None, None)
        assert "several times" in field.reason


@pytest.mark.parametrize("shape", [s for s in SHAPES if s is not legacy], ids=lambda s: s.__name__)
def test_a_list_of_one_text_is_no_list(shape):
    rows = ripe(log(0.6), *[(" true", log(p)) for p in (0.6, 0.3, 0.05)])
    field = field_of(shape(rows))
    assert (field.logprob, field.confidence) == (pytest.approx(log(0.6)), None)


@shapes
def test_a_list_that_leaves_out_its_token_gets_it(shape):
    """LMDeploy's do, by construction."""
    field = field_of(shape(ripe(log(0.6), FALSE, ("true", log(0.05)))))
    assert field.logprob == pytest.approx(log(0.6))
    assert probabilities(field) == {True: 0.65 / 0.95, False: 0.3 / 0.95}


@shapes
def test_a_list_that_has_no_room_for_its_token_contradicts_it(shape):
    field = field_of(shape(ripe(log(0.6), FALSE, ("maybe", log(0.5)))))
    assert (field.logprob, field.confidence, field.low, field.high) == (None,) * 4
    assert "contradicts" in field.reason


# -- a token that was sampled outside of its list -------------------------------------------------


def fig(*top, logprob=-9999.0):
    return [('{"fruit":"', 0.0, []), ("fig", logprob, list(top)), ('"}', -0.1, [])]


PLUM, PEAR = ("plum", log(0.5)), ("pear", log(0.3))


@pytest.mark.parametrize("itself", [[], [("fig", -9999.0)]], ids=["absent", "listed"])
@pytest.mark.parametrize("logprob", [-9999.0, -3.4028234663852886e38])
@shapes
def test_a_token_sampled_outside_of_its_list_has_a_bound(shape, logprob, itself):
    """It is one of those that were left out, so it has at most the mass that is left."""
    itself = [(text, logprob) for text, _ in itself]
    report = fc.score(shape(fig(PLUM, PEAR, ("kiwi", log(0.15)), *itself, logprob=logprob)), FRUIT)
    field = report["fruit"]
    if field.low is None:  # where zero is a number, the list has it
        assert (logprob, bool(itself)) == (-3.4028234663852886e38, True)
        return
    assert (field.logprob, field.confidence, field.distribution) == (None, None, None)
    assert field.low == pytest.approx(0.0, abs=1e-12)
    assert field.high == pytest.approx(0.05 / 0.85)  # `kiwi` is no member
    assert "at most 0.05" in field.reason
    assert "neighbour" not in field.reason
    assert report.confidence is None


def test_the_bound_is_that_of_the_least_one_listed_too():
    field = field_of(chat(fig(PLUM, ("pear", log(0.1)))), FRUIT, "fruit")
    assert "at most 0.1" in field.reason
    assert field.high == pytest.approx(0.4)  # of any token that begins so


@pytest.mark.parametrize("top", [[("{", log(0.9)), ("[", log(0.05))], [("}", log(0.9))]])
def test_a_list_of_which_nothing_can_stand_there_bounds_nothing(top):
    """It may be that of a neighbour."""
    field = field_of(chat(ripe(-9999.0, *top)))
    assert (field.confidence, field.low, field.high) == (None, None, None)
    assert "neighbour" in field.reason


def test_a_value_of_several_tokens_is_bounded_by_the_one_outside():
    rows = fig(PLUM, PEAR, ("kiwi", log(0.15)))
    rows[1:2] = [("f", -9999.0, rows[1][2]), ("ig", log(0.9), [("ig", log(0.9))])]
    field = field_of(chat(rows), FRUIT, "fruit")
    assert (field.low, field.high) == (pytest.approx(0, abs=1e-12), pytest.approx(0.05 / 0.85))


def test_an_open_value_has_no_number_and_a_reason():
    rows = [('{"note":"', -0.01, []), ("x", -9999.0, [("y", -0.5)]), ('"}', -0.1, [])]
    field = fc.score(chat(rows))["note"]
    assert (field.confidence, field.low, field.high, field.logprob) == (None,) * 4
    assert "outside" in field.reason


# -- bytes and texts ------------------------------------------------------------------------------


def with_bytes(rows, bytes_of):
    """The rows as entries whose bytes are whatever a server takes for them."""
    made = entries(rows)
    for one in made:
        for named in (one, *one["top_logprobs"]):
            named["bytes"] = bytes_of(named["token"])
    return made


def spelled(rows, bytes_of):
    payload = chat(rows)
    payload["choices"][0]["logprobs"]["content"] = with_bytes(rows, bytes_of)
    return payload


def signed(text):
    return [byte - 256 if byte > 127 else byte for byte in text.encode()]


def decimals(text):
    return [Decimal(byte) for byte in text.encode()]


def code_points(text):
    return [ord(char) for char in text]


DISHES = {
    "type": "object",
    "properties": {"dish": {"enum": ["pâté", "pate", "粥"]}},
    "required": ["dish"],
}


@pytest.mark.parametrize("chosen", ["pâté", "pate", "粥"])
@pytest.mark.parametrize(
    "bytes_of", [signed, decimals, code_points, lambda text: None, lambda text: "x"]
)
def test_bytes_that_are_none_are_not_taken_for_the_text(chosen, bytes_of):
    """Java's bytes are signed, DJL lists code points, a database gives decimals."""
    masses = {"pâté": 0.2, "pate": 0.1, "粥": 0.1} | {chosen: 0.6}
    rows = [('{"dish":"', 0.0, []), (chosen, log(0.6), [(t, log(p)) for t, p in masses.items()])]
    payload = spelled([*rows, ('"}', 0.0, [])], bytes_of)
    forms = [payload, construct_type(type_=sdk.ChatCompletion, value=copy.deepcopy(payload))]
    if bytes_of is not decimals:
        forms.append(json.dumps(payload).encode())
    for form in forms:
        field = fc.score(form, DISHES)["dish"]
        assert (field.value, field.logprob) == (chosen, pytest.approx(log(0.6)))
        whole = sum(masses.values())
        wanted = {t: p / whole for t, p in masses.items()}
        assert probabilities(field) == wanted


def test_true_bytes_of_a_broken_character_stay():
    """They may look like the code point of a text that nobody gives."""
    half = [0xC3], [0xA9]
    rows = [
        ('{"dish":"caf', -0.1, []),
        ("\ufffd", -0.2, []),
        ("\ufffd", -0.3, []),
        ('"}', -0.1, []),
    ]
    payload = chat(rows)
    listed = payload["choices"][0]["logprobs"]["content"]
    for one, data in zip(listed, [list(rows[0][0].encode()), *half, [34, 125]], strict=True):
        one["bytes"] = data
    payload["choices"][0]["message"]["content"] = '{"dish":"café"}'
    field = fc.score(payload)["dish"]
    assert (field.value, field.indexes) == ("café", (0, 1, 2, 3))


@pytest.mark.parametrize("data", [[], None], ids=["empty", "missing"])
def test_a_candidate_without_text_and_bytes_is_any_piece_of_a_character(data):
    """Its mass is not the written member's, nor any other's that is known."""
    rows = [('{"dish":"', 0.0, []), ("粥", log(0.6), [("粥", log(0.6)), ("", log(0.35))])]
    payload = spelled([*rows, ('"}', -0.1, [])], lambda text: list(text.encode()) if text else data)
    for form in (
        payload,
        json.dumps(payload).encode(),
        construct_type(type_=sdk.ChatCompletion, value=payload),
    ):
        field = fc.score(form, DISHES)["dish"]
        assert field.low == pytest.approx(0.6)
        assert field.high == pytest.approx(1.0)


@pytest.mark.parametrize("mark", ["Ġ", "▁"])
@pytest.mark.parametrize("chosen", ["true", " true", None], ids=["no space", "a space", "a name"])
@shapes
def test_names_of_a_vocabulary_are_read_as_their_bytes(shape, chosen, mark):
    chosen = f"{mark}true" if chosen is None else chosen
    named = "true" if chosen == "true" else f"{mark}true"
    top = [(named, log(0.6)), (f"{mark}false", log(0.3)), ("false", log(0.05))]
    field = field_of(shape(ripe(log(0.6), *top, text=chosen)))
    assert field.value is True
    assert probabilities(field) == {True: 0.6 / 0.95, False: 0.35 / 0.95}


def test_names_among_the_candidates_of_a_label():
    rows = [("spam", log(0.6), [("spam", log(0.6)), ("▁ham", log(0.25)), ("ham", log(0.1))])]
    rows.append(("<|im_end|>", 0.0, []))
    payload = chat(rows)
    payload["choices"][0]["message"]["content"] = "spam"
    report = fc.classify(payload, ["spam", "ham"])
    found = {m.value: m.probability for m in report[""].distribution.candidates}
    assert found == {"spam": pytest.approx(0.6 / 0.95), "ham": pytest.approx(0.35 / 0.95)}


def test_a_label_that_begins_like_a_name_is_none():
    """Maltese has the letter: what the schema says is no vocabulary's name."""
    schema = {"type": "object", "properties": {"x": {"enum": ["Ġdid", "Qadim"]}}, "required": ["x"]}
    rows = [('{"x":"', 0.0, []), ("Qadim", log(0.6), [("Qadim", log(0.6)), ("Ġdid", log(0.4))])]
    field = field_of(chat([*rows, ('"}', -0.1, [])]), schema, "x")
    assert probabilities(field) == {"Qadim": 0.6, "Ġdid": 0.4}


# -- all roads agree ------------------------------------------------------------------------------

DAMAGED = {
    "copied": [('{"ripe":', -0.1, [("a", -0.1)]), (" true", -3.0, [("a", -0.1)]), ("}", -0.1, [])],
    "left out": ripe(log(0.6), FALSE),
    "no room": ripe(log(0.6), FALSE, ("maybe", log(0.5))),
    "outside": ripe(-9999.0, (" false", log(0.7)), ("true", log(0.1))),
    "neighbour": ripe(-9999.0, ("}", log(0.9))),
    "hair": ripe(3e-7, (" true", 3e-7), (" false", -14.0)),
    "text": ripe("-0.5", (" true", "-0.5"), (" false", "-1.5")),
    "one text": ripe(-0.5, (" true", -0.5), (" true", -1.5), (" true", -2.5)),
    "empty": ripe(-0.5, (" true", -0.5), ("", -1.5)),
    "names": ripe(-0.5, ("Ġtrue", -0.5), ("Ġfalse", -1.5)),
    "missing": ripe(None, (" false", -1.5)),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_answer_is_the_same_on_every_road(damage):
    """Law 8, of damaged numbers: dict, bytes, object, chunks of each cut, live."""
    rows = DAMAGED[damage]
    together, apart = chat_chunks(rows), chunk_each(rows)
    wanted = fc.score(chat(rows), RIPE).to_dict()
    for payload in (chat_bytes(rows), chat_object(rows), together):
        assert fc.score(payload, RIPE).to_dict() == wanted
    if damage != "copied":  # of chunks of one token each the server copies nothing
        assert fc.score(apart, RIPE).to_dict() == wanted
    for made in (together, apart):
        live = LiveScorer(compile_schema(RIPE))
        fields = {f.pointer: f.to_dict() for one in made for f in live.feed(copy.deepcopy(one))}
        report = live.finish()
        assert report.to_dict() == fc.score(made, RIPE).to_dict()
        assert fields == {name: field.to_dict() for name, field in report.fields.items()}
