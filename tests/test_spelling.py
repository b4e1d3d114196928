"""The disguises in which servers list tokens, and what they must not be taken for."""

import pytest

from fieldconf.tokens.spelling import TokenPiece, is_control, spell
from fieldconf.tokens.token import Candidate, Token


def bare(text, raw=None):
    return Token(text, raw, -0.1)


def written(content, tokens):
    """The text each used token wrote, by index; the pieces must cover the content in order."""
    spelling = spell(content, tokens)
    assert spelling.reason == ""
    assert spelling.misfit is None
    data, at = spelling.content, 0
    for piece in spelling.pieces:
        assert piece.start == at
        at = piece.stop
    assert at == len(data) == len((content or data.decode()).encode())
    return {p.token: data[p.start : p.stop] for p in spelling.pieces}


EMOJI = "🎉".encode()
CASES = {
    "literal escapes": (
        '["🎉"]',
        ['["', "\\xf0\\x9f", "\\x8e\\x89", '"]'],
        [b'["', EMOJI[:2], EMOJI[2:], b'"]'],
    ),
    "legacy escapes": (
        '["🎉"]',
        ['["', "bytes:\\xf0\\x9f", "bytes:\\x8e\\x89", '"]'],
        [b'["', EMOJI[:2], EMOJI[2:], b'"]'],
    ),
    "whole character on the last piece": (
        '["🎉"]',
        ['["', "", "🎉", '"]'],
        [b'["', b"", EMOJI, b'"]'],
    ),
    "byte alphabet": (
        '{"a": "是"}',
        ['{"', "a", '":', 'Ġ"', "æĺ¯", '"}'],
        [b'{"', b"a", b'":', b' "', "是".encode(), b'"}'],
    ),
    "line feeds": (
        '{\n "a": 1}',
        ["{", "Ċ", 'Ġ"', "a", '":', "Ġ", "1", "}"],
        [b"{", b"\n", b' "', b"a", b'":', b" ", b"1", b"}"],
    ),
    "sentencepiece": ('{"a": 1}', ['{"', "a", '":', "▁1", "}"], [b'{"', b"a", b'":', b" 1", b"}"]),
    "a real Ġ": ('["Ġ"]', ['["', "Ġ", '"]'], [b'["', "Ġ".encode(), b'"]']),
    "a real \\x": ('["\\\\xf0"]', ['["', "\\\\xf0", '"]'], [b'["', b"\\\\xf0", b'"]']),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_disguises(case):
    content, shown, expected = case
    assert list(written(content, [bare(text) for text in shown]).values()) == expected


def test_a_run_of_replacement_characters():
    found = written('["🎉日"]', [bare(t) for t in ['["', "\ufffd", "\ufffd", "日", '"]']])
    assert found[1] + found[2] == EMOJI
    assert found[1]
    assert found[2]
    assert found[3] == "日".encode()


def test_replacement_characters_with_lost_bytes():
    lost = "\ufffd".encode()
    tokens = [bare('["', b'["'), bare("\ufffd", lost), bare("\ufffd", lost), bare('"]', b'"]')]
    assert written('["🎉"]', tokens)[3] == b'"]'


def test_true_bytes_beat_the_text():
    tokens = [
        bare('["', b'["'),
        bare("\ufffd", EMOJI[:3]),
        bare("\ufffd", EMOJI[3:]),
        bare('"]', b'"]'),
    ]
    assert list(written('["🎉"]', tokens).values()) == [b'["', EMOJI[:3], EMOJI[3:], b'"]']


def test_texts_where_the_bytes_are_of_something_else():
    tokens = [bare("[", b"token:1"), bare("1]", b"token:2")]
    assert list(written("[1]", tokens).values()) == [b"[", b"1]"]


def test_names_of_token_ids_where_the_bytes_are_right():
    tokens = [bare("token_id:5", b'{"a":'), bare("token_id:6", b"1}"), bare("token_id:7", b"")]
    assert written('{"a":1}', tokens) == {0: b'{"a":', 1: b"1}", 2: b""}


END = ["<|im_end|>", "</s>", "<|return|>", "<eos>", "<｜end▁of▁sentence｜>", "", "\n", "<|eot_id|>"]  # noqa: RUF001


@pytest.mark.parametrize("end", END)
def test_what_the_server_strips_at_the_end(end):
    found = written('{"a":1}', [bare('{"a":'), bare("1}"), bare(end)])
    assert {0: found[0], 1: found[1]} == {0: b'{"a":', 1: b"1}"}
    assert found.get(2, b"") == b""


def test_control_tokens_and_reasoning_before_the_content():
    before = [
        "<|channel|>",
        "analysis",
        "<|message|>",
        '{"a":',
        "2}",
        "<|end|>",
        "<|start|>",
        "final",
    ]
    tokens = [bare(t) for t in [*before, '{"a":', "1}"]]
    assert written('{"a":1}', tokens) == {8: b'{"a":', 9: b"1}"}


def test_the_last_draft_is_the_answer():
    tokens = [bare(t) for t in ["<think>", '{"a":1}', "</think>", '{"a":', "1}", "<|im_end|>"]]
    assert written('{"a":1}', tokens) == {3: b'{"a":', 4: b"1}"}


def test_control_tokens_in_the_middle():
    tokens = [bare(t) for t in ['{"a":', "<|constrain|>", "1}"]]
    assert written('{"a":1}', tokens) == {0: b'{"a":', 2: b"1}"}


def test_a_fence_in_the_tokens_only():
    tokens = [bare(t) for t in ["```", "json", "\n", '{"a":', "1}", "\n", "```"]]
    assert written('{"a":1}', tokens) == {3: b'{"a":', 4: b"1}"}


@pytest.mark.parametrize("before", ["```json\n", "<think>so</think>\n", "<reasoning>a</reasoning>"])
def test_wrapping_in_the_content_only(before):
    after = "\n```" if before.startswith("`") else ""
    tokens = [bare('{"a":'), bare("1}")]
    found = written(before + '{"a":1}' + after, tokens)
    assert (found[0], found[1]) == (b'{"a":', b"1}")
    spelling = spell(before + '{"a":1}' + after, tokens)
    assert spelling.pieces[0] == TokenPiece(None, 0, len(before))


def test_disguises_after_reasoning():
    shown = ["<think>", "Ġhm", "</think>", '{"a":', "Ġ1", "}", "<|im_end|>"]
    assert written('{"a": 1}', [bare(t) for t in shown]) == {3: b'{"a":', 4: b" 1", 5: b"}"}


def test_arguments_inside_of_a_tool_call():
    shown = ["<tool_call>", '{"arguments":', '{"a":', "1}", "}", "</tool_call>", "<|im_end|>"]
    assert written('{"a":1}', [bare(t) for t in shown]) == {2: b'{"a":', 3: b"1}"}


def test_an_end_inside_of_a_token():
    assert written('{"a":1}', [bare('x{"a":'), bare("1}\n")]) == {0: b'{"a":', 1: b"1}"}


def test_no_content():
    assert written(None, [bare('{"a":'), bare("1}")]) == {0: b'{"a":', 1: b"1}"}


@pytest.mark.parametrize(
    ("shown", "misfit"),
    [
        (['{"a":', "2}"], 1),
        (['{"a":', "1", "x", "}"], 2),
        (['{"a":', "Ġ", "1}"], 1),
        (["\ufffd" * 3, '"a":1}'], 0),
        (["so ", '{"a":', "1}", "and more"], 3),
    ],
)
def test_the_reason_names_the_first_misfit(shown, misfit):
    spelling = spell('{"a":1}', [bare(text) for text in shown])
    assert spelling.pieces == ()
    assert spelling.misfit == misfit
    assert f"token {misfit} ({shown[misfit]!r})" in spelling.reason


def test_tokens_that_end_early():
    spelling = spell('{"a":1}', [bare('{"a"')])
    assert spelling.reason == "the tokens end at byte 4 of a text of 7 bytes"
    assert (spelling.pieces, spelling.misfit) == ((), None)


def test_broken_characters_beyond_all_reason():
    content = '"' + "🎉" * 2000 + '"'
    spelling = spell(content, [bare(t) for t in ['"', *["\ufffd"] * 3000, '"']])
    assert spelling.pieces == ()
    assert spelling.reason


def test_candidates_of_a_mark_are_no_text():
    assert is_control(Candidate("<|im_end|>", None, -1.0))
    assert not is_control(Candidate("<b>", None, -1.0))


def test_an_answer_is_not_looked_for_inside_of_a_mark():
    tokens = [Token(text, text.encode(), -0.1) for text in ("end", "<|im_end|>")]
    assert spell("end", tokens).pieces == (TokenPiece(0, 0, 3),)


@pytest.mark.parametrize("end", [["###"], ["\n", "##", "#"], ["\nUser", ":"]])
def test_a_stop_string_that_the_server_cut_off(end):
    """vLLM lists its tokens, and does not show it."""
    found = written('{"a":1}', [bare('{"a":'), bare("1}"), *map(bare, end)])
    assert found == {0: b'{"a":', 1: b"1}"}


def test_a_stop_string_that_begins_inside_of_a_token():
    assert written('{"a":1}', [bare('{"a":'), bare("1}##"), bare("#")]) == {0: b'{"a":', 1: b"1}"}


def test_a_draft_in_the_thoughts_is_not_the_answer():
    tokens = ['{"a":', "1}", " or so", "</think>", '{"a":', "1}"]
    assert set(written('{"a":1}', [bare(t) for t in tokens])) == {4, 5}
