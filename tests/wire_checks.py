"""What the tests of the wire ask and assert: one question, and what must hold of every report."""

import json
import math

import pytest
from builders import plain, sse
from wire_samples import INDEX, chunks_of

import fieldconf as fc
from fieldconf.tokens.spelling import spell

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

TEAM_SUM = -1e-05 - 0.3566749 - 1e-05  # between the quotes of the team, at most servers


def shares(*logprobs):
    masses = [math.exp(logprob) for logprob in logprobs]
    return [mass / sum(masses) for mass in masses]


# The samples invent one model: `true` against `false`, and three teams, at these logprobs.
TRUE, FALSE = shares(-0.0512933, -2.9957323)
BILLING, TECHNICAL, SALES = shares(-0.3566749, -1.6094379, -2.65926)


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
    more = (report.precision, report.choice, report.tool, report.prompt_score, report.answer_score)
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
        assert field.expected is field.std is field.min_step is field.variants is None
        assert field.reason


def assert_no_number_or_error(payload):
    try:
        report = fc.score(payload)
    except fc.PayloadError:
        return
    assert_no_number(report)


def spelled_bytes(report):
    """Of the answer's bytes, an x for each that a token wrote."""
    spelled = spell(report.text, report.tokens)
    assert spelled.reason == ""
    covered = bytearray(len(spelled.content))
    for piece in spelled.pieces:
        if piece.token is not None:
            covered[piece.start : piece.stop] = b"x" * (piece.stop - piece.start)
    return covered


def assert_numbers_are_spelled(report):
    """Tokens that are lost may be those of a prefill: what they wrote has no number."""
    covered = spelled_bytes(report)
    for leaf in report.leaves.values():
        is_spelled = set(covered[leaf.start : leaf.stop]) == {ord("x")}
        assert is_spelled or leaf.logprob is leaf.confidence is None, leaf


def assert_spelled(report):
    """The tokens spell the text: no byte of the value was written by nothing."""
    covered, root = spelled_bytes(report), report.fields[""]
    assert set(covered[root.start : root.stop]) == {ord("x")}
    for leaf in report.leaves.values():
        assert leaf.indexes
    raw = spell(report.text, report.tokens).content[root.start : root.stop].decode()
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
