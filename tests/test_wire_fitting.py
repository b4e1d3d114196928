"""Texts that hold more than their tokens, or the same value in other words."""

import json
import math

import pytest
from answers import TICKET, TICKET_SCHEMA, entry, response
from builders import plain
from hypothesis import given
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.strategies.cases import Case
from fieldconf.strategies.dialects import DIALECTS
from fieldconf.tokens.spelling import spell
from fieldconf.tokens.token import Candidate, Token

TEXTS = [text for text, _, _ in TICKET]
ANSWER = "".join(TEXTS)
VALUE = {"urgent": True, "team": "billing"}
OTHER = '{"urgent":false,"team":"sales"}'


def of(rows):
    """The tokens of (text, probability, rivals)."""
    return tuple(
        Token(
            text, text.encode(), math.log(p),
            tuple(Candidate(t, t.encode(), math.log(q)) for t, q in ({text: p} | rivals).items()),
        )
        for text, p, rivals in rows
    )  # fmt: skip


TOKENS = of(TICKET)


def written(name, text, tokens=TOKENS):
    """A payload of a family with this text and these tokens, which need not spell it."""
    return DIALECTS[name].write(Case(TICKET_SCHEMA, VALUE, text, tokens))


# Of these the text stands apart from the tokens; in streams each chunk has its own.
FAMILIES = [name for name in DIALECTS if "stream" not in name or name == "tgi-generate stream"]


def numbers(report):
    return {
        name: (field.value, field.logprob, field.confidence, field.low, field.high)
        for name, field in report.fields.items()
    }


# -- a prompt before it, notes behind it ----------------------------------------------------------

PROMPTS = [
    "Is it urgent? Answer: ",
    f"Like this: {OTHER}\nNow you: ",
    f"{OTHER}{OTHER}",
    f"Two: [{OTHER}, {OTHER}], or {{as you like}} [: ",
    "<think>",
    'It says "urgent". ',
    "😀 é ",
]
FOOTERS = ["", "\n", "\n-- sent by the gateway", f"\nNot {OTHER}", "}", " ```"]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_prompt_in_front_changes_nothing(name, prompt):
    """An example in it is no answer."""
    report = fc.score(written(name, prompt + ANSWER), TICKET_SCHEMA)
    alone = fc.score(written(name, ANSWER), TICKET_SCHEMA)
    assert (report.status, report.value, report.text) == ("complete", VALUE, ANSWER)
    assert numbers(report) == numbers(alone)


@pytest.mark.parametrize("name", [n for n in FAMILIES if "stream" not in n])
@pytest.mark.parametrize("footer", FOOTERS)
@pytest.mark.parametrize("prompt", ["", PROMPTS[1]])
def test_what_a_gateway_adds_changes_nothing(name, prompt, footer):
    report = fc.score(written(name, prompt + ANSWER + footer), TICKET_SCHEMA)
    alone = fc.score(written(name, ANSWER), TICKET_SCHEMA)
    assert (report.status, report.value) == ("complete", VALUE)
    assert numbers(report) == numbers(alone)


@pytest.mark.parametrize("name", FAMILIES)
def test_tokens_that_fit_several_places_give_no_number(name):
    report = fc.score(written(name, f"Like {ANSWER}: {ANSWER}"), TICKET_SCHEMA)
    assert report.status == "unaligned"
    assert "several places" in report.reason
    assert all(field.logprob is field.confidence is None for field in report.fields.values())


def test_a_prompt_that_is_given_says_which_place_it_is():
    prompt = f"Like {ANSWER}: "
    report = fc.score(written("tgi-generate", prompt + ANSWER), TICKET_SCHEMA, prompt=prompt)
    assert numbers(report) == numbers(fc.score(written("tgi-generate", ANSWER), TICKET_SCHEMA))


def test_a_prompt_whose_tokens_are_listed_says_which_place_it_is():
    payload = written("tgi-generate", f"Like {ANSWER}: {ANSWER}")
    payload["details"]["prefill"] = [
        {"id": 1, "text": "Like ", "logprob": None}, {"id": 2, "text": ANSWER, "logprob": -9.0},
        {"id": 3, "text": ": ", "logprob": -0.5},
    ]  # fmt: skip
    report = fc.score(payload, TICKET_SCHEMA)
    assert numbers(report) == numbers(fc.score(written("tgi-generate", ANSWER), TICKET_SCHEMA))


def test_marks_and_white_space_that_the_text_lacks():
    tokens = of([("<s>", 0.9, {}), ("\n", 0.9, {}), *TICKET, ("\n", 0.9, {}), ("</s>", 0.9, {})])
    for prompt in PROMPTS:
        report = fc.score(written("tgi-generate", prompt + ANSWER, tokens), TICKET_SCHEMA)
        assert report.value == VALUE
        assert report["team"].logprob == pytest.approx(
            fc.score(response(TICKET), TICKET_SCHEMA)["team"].logprob
        )


def test_a_label_behind_its_prompt():
    tokens = of([("bill", 0.6, {"sales": 0.3}), ("ing", 0.9, {})])
    payload = written("tgi-generate", "Which team is it? Answer: billing", tokens)
    report = fc.classify(payload, ["billing", "sales"])
    assert (report.status, report.value) == ("complete", "billing")
    assert report.confidence == pytest.approx(0.6 / 0.9)


def test_many_examples_in_a_prompt_are_passed_over():
    prompt = f"{OTHER}\n" * 2000
    report = fc.score(written("tgi-generate", prompt + ANSWER), TICKET_SCHEMA)
    assert (report.status, report.value) == ("complete", VALUE)


# -- a prefill ------------------------------------------------------------------------------------


@given(
    st.integers(1, len(ANSWER) - 1),
    st.sampled_from(["", PROMPTS[1]]),
    st.sampled_from(["openai", "tgi-generate", "gemini", "ollama", "sglang-generate"]),
)
def test_a_prefill_has_no_number_and_the_rest_keeps_its_own(cut, prompt, name):
    """Wherever the model took over; tokens that fit several places give none."""
    kept, seen = [], 0
    for row in TICKET:
        seen += len(row[0])
        if seen > cut:
            kept.append(
                (
                    row[0][len(row[0]) - (seen - cut) :] if seen - cut < len(row[0]) else row[0],
                    *row[1:],
                )
            )
    tokens = of(kept)
    report = fc.score(written(name, prompt + ANSWER, tokens), TICKET_SCHEMA)
    alone = fc.score(response(TICKET), TICKET_SCHEMA)
    shown = "".join(row[0] for row in kept)
    if (prompt + ANSWER).count(shown) > 1:
        assert all(field.logprob is None for field in report.fields.values())
        return
    assert report.value == VALUE
    assert report[""].logprob is None
    for pointer, field in report.leaves.items():
        if alone[pointer].start >= cut:
            assert field.logprob == pytest.approx(alone[pointer].logprob)
            assert field.confidence is not None
        else:
            assert field.logprob is field.confidence is field.low is field.high is None
            assert field.reason
            assert field.distribution is None


def test_a_list_that_a_prefill_began():
    tokens = of([(",", 0.7, {"]": 0.3}), ("2", 0.6, {"3": 0.4}), ("]", 0.5, {",": 0.5})])
    report = fc.score(
        written("openai", "[1,2]", tokens), {"type": "array", "items": {"type": "integer"}}
    )
    assert report.data == [1, 2]
    assert report["/0"].logprob is report["/0"].confidence is None
    assert report["/1"].logprob == math.log(0.6)
    assert report["/1"].low <= 0.6 <= report["/1"].high


def test_an_end_that_somebody_else_wrote_is_not_the_tokens():
    """A gateway that closes what was cut off: nothing is aligned."""
    tokens = of(TICKET[:-1])
    report = fc.score(written("openai", ANSWER, tokens), TICKET_SCHEMA)
    assert (report.status, report.value) == ("unaligned", VALUE)
    assert report.confidence is None
    assert report.reason == spell(ANSWER, tokens).reason


def test_of_a_cut_answer_notes_behind_it_are_left_out():
    payload = written("openai", "Well: " + "".join(TEXTS[:6]) + "\n(cut)", of(TICKET[:6]))
    payload["choices"][0]["finish_reason"] = "length"
    report = fc.score(payload, TICKET_SCHEMA)
    assert (report.status, report.data) == ("truncated", {"urgent": True})
    assert report["urgent"].logprob == math.log(0.8)


# -- the same value in other words ----------------------------------------------------------------

REWRITTEN = {
    "pretty-printed": lambda value: json.dumps(value, indent=2),
    "spaced": lambda value: json.dumps(value, separators=(" , ", " : ")),
    "sorted": lambda value: json.dumps(value, sort_keys=True),
    "escaped": json.dumps,
    "unescaped": lambda value: json.dumps(value, ensure_ascii=False, indent=1),
    "fenced": lambda value: f"```json\n{json.dumps(value, indent=2)}\n```",
}
CAFE = [
    ('{"', 0.9, {}), ("name", 0.9, {}), ('":"', 0.9, {}), ("Caf", 0.8, {}), ("\\u00e9", 0.7, {}),
    ('","', 0.9, {}), ("age", 0.9, {}), ('":', 0.9, {}), ("7", 0.6, {"8": 0.4}), ("}", 0.9, {}),
]  # fmt: skip


@pytest.mark.parametrize("name", [n for n in FAMILIES if "stream" not in n])
@pytest.mark.parametrize("rewrite", REWRITTEN.values(), ids=REWRITTEN)
@pytest.mark.parametrize("rows", [TICKET, CAFE], ids=["ticket", "café"])
def test_json_that_a_gateway_wrote_anew_has_the_numbers_of_what_the_model_wrote(
    name, rewrite, rows
):
    text = "".join(row[0] for row in rows)
    payload = written(name, rewrite(json.loads(text)), of(rows))
    report, alone = fc.score(payload), fc.score(written(name, text, of(rows)))
    assert (report.status, report.data) == ("complete", json.loads(text))
    assert numbers(report) == numbers(alone)


@pytest.mark.parametrize("before", ["<think>", f"<think>{OTHER}", f"<think>{ANSWER}"])
def test_json_that_a_gateway_wrote_anew_behind_thoughts(before):
    tokens = of([(before, 0.9, {}), ("</think>", 0.9, {}), *TICKET, ("<|im_end|>", 0.9, {})])
    report = fc.score(written("openai", json.dumps(VALUE, indent=2), tokens), TICKET_SCHEMA)
    assert report.value == VALUE
    assert report["urgent"].logprob == math.log(0.8)


@pytest.mark.parametrize(
    "value", [{"urgent": 1, "team": "billing"}, VALUE | {"more": None}, [VALUE], {"urgent": True}]
)
def test_another_value_is_not_what_the_tokens_wrote(value):
    report = fc.score(written("openai", json.dumps(value, indent=2), TOKENS))
    assert (report.status, report.data) == ("unaligned", value)
    assert report.confidence is None


def test_a_draft_that_was_thrown_away_is_not_the_answer():
    """What follows it is no markup."""
    tokens = of([*TICKET, (" or rather not", 0.9, {})])
    report = fc.score(written("openai", json.dumps(VALUE, indent=2), tokens), TICKET_SCHEMA)
    assert (report.status, report.confidence) == ("unaligned", None)


def test_all_roads_agree():
    for text in (PROMPTS[1] + ANSWER, json.dumps(VALUE, indent=2), PROMPTS[1] + ANSWER + " x"):
        payload = response(TICKET)
        payload["choices"][0]["message"]["content"] = text
        wanted = plain(fc.score(payload, TICKET_SCHEMA))
        assert plain(fc.score(json.dumps(payload), TICKET_SCHEMA)) == wanted
        assert plain(fc.score(json.dumps(payload).encode(), TICKET_SCHEMA)) == wanted


def test_the_last_entries_that_a_framework_kept_of_a_stream_are_no_answer():
    """The AI SDK once kept those of the last chunk: a prefill looks the same."""
    entries = [entry(*row) for row in TICKET[-3:]]
    payload = {
        "text": ANSWER, "finishReason": "stop", "response": {"id": "1"},
        "providerMetadata": {"openai": {"logprobs": entries}},
    }  # fmt: skip
    report = fc.score(payload, TICKET_SCHEMA)
    assert (report.status, report.value) == ("no_logprobs", VALUE)
