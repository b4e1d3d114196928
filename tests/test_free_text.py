"""Answers that are no JSON where no schema asked for any: their numbers are those of the text."""

import json
import logging

import pytest
from builders import completion, entry, response, token
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from live import cut, report_of

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.extraction import telemetry
from fieldconf.formulas import text_score
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.scoring.window import without_tokens
from fieldconf.tokens.token import Completion

WORDS = ["Paris", " is", " the", " capital."]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
TEXTS = st.lists(
    st.sampled_from([
        "Paris", " is", "\n", ".", ", ", "é🎉", "{see}", "[note]", "12", " true", "<b>", "</b>",
        "`x`", "\n```py\nx = 1\n```\n", '"so"', "<thin", " a < b", "[/TH",
    ]),
    min_size=1, max_size=8,
).map(lambda words: "It: " + "".join(words))  # fmt: skip


@settings(deadline=None)
@given(
    TEXTS, st.lists(st.integers(0, 200), max_size=30), st.lists(st.integers(1, 4), max_size=20),
    st.sampled_from(["stop", "length"]),
)  # fmt: skip
def test_a_text_has_the_numbers_of_its_tokens(text, places, sizes, finish_reason):
    """Its score is that of all its tokens, whole or streamed, whether it ended or was cut off."""
    pieces = [entry(piece, -0.1 * (at + 1)) for at, piece in enumerate(cut(text, places))]
    report = report_of(pieces, None, sizes, finish_reason)
    assert (report.status, report.reason) == ("text", "")
    assert report.answer_score == text_score([token.logprob for token in report.tokens])
    assert len(report.tokens) == len(pieces)
    assert (report.text, report.value, report.data, report.fields) == (text, None, None, {})
    assert (report.confidence, report.errors) == (None, ())


@pytest.mark.parametrize("text", ["It: <thin", "It: x [/TH", "{name}, hello", "a <", "{x"])
def test_what_only_looks_like_the_beginning_of_something(text):
    assert report_of(list(text)).status == report_of([text]).status == "text"


@pytest.mark.parametrize(
    ("text", "finish_reason", "status"),
    [
        ("", "stop", "malformed"),
        ("", "length", "truncated"),
        ('{"a":', "stop", "truncated"),
        ("[1, x", "stop", "malformed"),
        ('"so', "length", "truncated"),
        ("```json\n", "length", "truncated"),
        ("<think>so", "length", "truncated"),
        ("<think>so", "stop", "malformed"),
        ("<thin", "length", "truncated"),
        ("so</think>\n", "length", "truncated"),
        ("so [", "length", "truncated"),
        ("12", "stop", "complete"),
        ("See [1].", "stop", "complete"),
    ],
    ids=repr,
)
def test_what_is_json_or_begins_like_it_is_no_text(text, finish_reason, status):
    assert report_of([*map(str.encode, text)], None, (), finish_reason).status == status
    assert report_of([text] if text else [], None, (), finish_reason).status == status


def test_with_a_schema_a_text_is_no_answer():
    assert report_of(WORDS, SCHEMA).status == "malformed"
    assert report_of(WORDS, SCHEMA, finish_reason="length").status == "truncated"


def test_reasoning_before_a_text():
    """The text is what follows; its tokens and those of the reasoning wrote what was received."""
    report = report_of(["<think>", "[1]?", "</think>", *WORDS])
    assert (report.status, len(report.tokens)) == ("text", 7)


def test_a_text_without_logprobs():
    made = {"choices": [{"message": {"content": "Paris."}, "finish_reason": "stop"}]}
    report = fc.score(made)
    assert (report.status, report.answer_score, report.text) == ("text", None, "Paris.")
    assert "no logprobs" in report.reason


def test_a_refusal_is_no_text():
    made = Completion(None, None, "stop", refusal="I must not.")
    assert score_completion(made, compile_schema(None)).status == "refused"


def test_a_stream_that_broke_off():
    made = completion(*WORDS, finish_reason=None, broken_off=True)
    report = score_completion(made, compile_schema(None))
    assert report.status == "text"


# -- who reads the status -------------------------------------------------------------------------


def test_it_is_shown_with_its_perplexity():
    report = report_of(WORDS)
    page = report.to_html()
    for shown in (str(report), page[page.index("<main>") : page.index("<script")]):
        assert "text\n" in shown or ">text</p>" in shown
        assert "over 4 tokens" in shown
        assert "perplexity 1.000" in shown
        assert "reject" not in shown
    assert repr(report) == "<Report text: no fields>"


def test_it_is_saved_and_read_back():
    report = report_of(WORDS)
    assert fc.Report.from_json(report.to_json(tokens=True)) == report


def test_no_policy_accepts_it_as_it_has_no_fields():
    report = report_of(WORDS).with_policy({"accept": 0.0})
    assert (report.outcome, report.accepted, report.verdicts) == ("reject", {}, {})


def test_it_is_logged_as_a_text(caplog):
    report = report_of(WORDS)
    assert telemetry.attributes(report)["fieldconf.status"] == "text"
    assert telemetry.attributes(report)["gen_ai.output.type"] == "text"
    with caplog.at_level(logging.INFO, logger="fieldconf"):
        telemetry.log_report(report, provider="p", model="m", schema="none")
    (record,) = caplog.records
    assert (record.levelno, "text" in record.message) == (logging.INFO, True)


def test_the_command_line_scores_it(tmp_path):
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(response([entry(word) for word in WORDS])))
    done = CliRunner().invoke(main, ["score", str(path)])
    assert (done.exit_code, "perplexity" in done.output) == (0, True)
    path.write_text(json.dumps(response([entry('{"a":1}'), entry("{}")])))
    assert CliRunner().invoke(main, ["score", str(path)]).exit_code == 1


# -- the prompt -----------------------------------------------------------------------------------


def test_any_part_of_a_prompt_can_be_scored():
    prompt = (
        token("Q: 1\n", None),
        token("A: x\n", -1.0),
        token("Q: 2\n", -2.0),
        token("A:", -0.5),
    )
    made = completion(*WORDS, prompt=prompt)
    report = score_completion(made, compile_schema(None))
    assert report.prompt_tokens == prompt
    assert report.prompt_score == text_score([one.logprob for one in prompt], is_prompt=True)
    second = text_score([one.logprob for one in report.prompt_tokens[2:]])
    assert (second.logprob, second.tokens) == (-2.5, 2)
    assert fc.Report.from_json(report.to_json(tokens=True)) == report
    assert "prompt_tokens" not in report.to_dict()
    assert fc.Report.from_json(report.to_json()).prompt_tokens == ()


def test_the_tokens_of_a_prompt_that_is_echoed():
    made = {
        "object": "text_completion", "model": "m",
        "choices": [{
            "index": 0, "text": "Say: Paris.", "finish_reason": "stop",
            "logprobs": {
                "tokens": ["Say", ":", " Paris", "."],
                "token_logprobs": [None, -1.0, -0.5, -0.25],
                "top_logprobs": None, "text_offset": [0, 3, 4, 10],
            },
        }],
    }  # fmt: skip
    report = fc.score(made, prompt="Say:")
    assert [one.text for one in report.prompt_tokens] == ["Say", ":"]
    assert (report.status, report.answer_score.logprob) == ("text", -0.75)


def test_the_tokens_of_a_prompt_are_not_kept_where_none_are():
    made = completion(*WORDS, prompt=(token("Q", None),))
    assert without_tokens(score_completion(made, compile_schema(None))).prompt_tokens == ()
