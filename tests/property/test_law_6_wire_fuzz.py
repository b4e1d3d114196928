"""Law 6 at the door: damaged payloads give reports or errors of ours, and no invented number."""

import copy
import json
import math
from functools import cache
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from wire_samples import INDEX, RECORDINGS, chunks_of, recorded, sample, without

import fieldconf as fc
from fieldconf.tokens.spelling import spell


class Ticket(BaseModel):
    urgent: bool
    team: Literal["billing", "technical", "sales"]


NAMES = [*INDEX, *RECORDINGS]
DECISIONS = {"openai_decision", "systemone"}
FEWEST = 3  # candidates a token that recordings keep: most of a recording says nothing new


@cache
def original(name):
    """A sample or a recording as JSON values; not to be changed."""
    if name in INDEX:
        return sample(name)
    found = recorded(name)
    found = chunks_of(found) if isinstance(found, str) else found
    return without(shortened(found), "request", "parts")


def shortened(value):
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: shortened(inner) for key, inner in value.items()}
    for key in ("top_logprobs", "topLogprobs"):
        if isinstance(made.get(key), list):
            del made[key][FEWEST:]
    return made


# -- damage ---------------------------------------------------------------------------------------


def places(payload):
    """Where something stands, by the name of its key: [(container, key or index), ...]."""
    found, todo = {}, [(payload, "")]
    while todo:
        value, name = todo.pop()
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            label = key if isinstance(value, dict) else name + "[]"
            found.setdefault(label, []).append((value, key))
            if isinstance(item, (dict, list)) and item and label != "bytes":
                todo.append((item, label))
    return found


ANYTHING = [None, True, 0, -1.5, 7, "", "x", [], {}, [[]], [None], {"x": 1}, [-0.5], ["x"], [{}]]
NUMBERS = [
    -9999.0, -100.0, -3.4028234663852886e38, -1e30, 0, -0.0, 0.5, 1, 1e300, -1e300, -745.2,
    math.nan, math.inf, -math.inf, 10**400, -(10**400), "-0.5", "NaN", True, None,
]  # fmt: skip
TEXTS = [
    "", "x", " ", '"', '{"', " true", " false", "true", "sales", "\ufffd", "\ud800", "é", "\x00",
    "token_id:7", "<|im_end|>", "</think>", "\\xf0\\x9f", "bytes:\\xf0\\x9f", "bytes:\\xzz",
    "Ġtrue", '{"urgent": false, "team": "sales"}',
    '{"urgent": true, "team": "billing"}' * 2, "length",
    "content_filter", "[" * 50, "chat.completion.chunk", "response.output_text.delta", "error",
]  # fmt: skip


class Damaged:
    """A payload after some strokes; shown by its name and the strokes, as payloads are long."""

    def __init__(self, name):
        self.name, self.strokes = name, []
        self.holder = [copy.deepcopy(original(name))]

    def __repr__(self):
        return f"struck({self.name!r}, {', '.join(map(repr, self.strokes))})"

    @property
    def payload(self):
        return self.holder[0] if self.holder else None

    def strike(self, label, number, stroke, by=0):
        """Strike what stands at the number-th place of that label."""
        parent, key = places(self.holder)[label][number]
        self.strokes.append((label, number, stroke, by))
        STROKES[stroke](parent, key, by)
        return self


def struck(name, *strokes):
    """The same without drawing: what a failure shows can be pasted as an example."""
    made = Damaged(name)
    for stroke in strokes:
        made.strike(*stroke)
    return made


@st.composite
def damaged(draw):
    """A payload after one to four strokes."""
    made = Damaged(draw(st.sampled_from(NAMES)))
    for _ in range(draw(st.integers(1, 4))):
        known = places(made.holder)
        if not known:  # the whole was taken away
            break
        label = draw(st.sampled_from(sorted(known)))
        number = draw(st.integers(0, len(known[label]) - 1))
        parent, key = known[label][number]
        stroke, choices = draw(st.sampled_from(strokes_for(parent[key])))
        made.strike(label, number, stroke, draw(st.integers(0, choices - 1)))
    return made


def strokes_for(value):
    """What can be done to a value, and in how many ways."""
    found = [("remove", 1), ("retype", len(ANYTHING)), ("wrap", len(WRAPPED))]
    if isinstance(value, list) and value:
        found += [("shorten", 3), ("rotate", 2), ("repeat", 3), ("swap", 3)] * 2
    if isinstance(value, str):
        found += [("text", len(TEXTS))] * 3
    if isinstance(value, (int, float)):
        found += [("number", len(NUMBERS))] * 3
    return found


WRAPPED = [
    lambda value: [value], lambda value: [[value]], lambda value: [value, value],
    lambda value: {"content": value}, lambda value: {"logprobs": value},
    lambda value: {"text": value},
]  # fmt: skip


def remove(parent, key, by):
    del parent[key]


def retype(parent, key, by):
    parent[key] = copy.deepcopy(ANYTHING[by])


def wrap(parent, key, by):
    parent[key] = WRAPPED[by](parent[key])


def text(parent, key, by):
    parent[key] = TEXTS[by]


def number(parent, key, by):
    parent[key] = NUMBERS[by]


def at(values, by):
    return [0, len(values) // 2, len(values) - 1][by]


def shorten(parent, key, by):
    del parent[key][at(parent[key], by)]


def rotate(parent, key, by):
    cut = 1 if by else -1
    parent[key][:] = parent[key][cut:] + parent[key][:cut]


def repeat(parent, key, by):
    index = at(parent[key], by)
    parent[key].insert(index, copy.deepcopy(parent[key][index]))


def swap(parent, key, by):
    values, index = parent[key], at(parent[key], by)
    values[index], values[index - 1] = values[index - 1], values[index]


STROKES = {
    made.__name__: made
    for made in (remove, retype, wrap, text, number, shorten, rotate, repeat, swap)
}


# -- what stands in a payload ---------------------------------------------------------------------


def numbers_in(payload):
    """All finite numbers, and the sums of the lists of numbers (Cohere's runs)."""
    numbers, sums, todo = set(), set(), [payload]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo.extend(value.values())
        elif isinstance(value, list):
            if value and all(map(is_number, value)):
                sums.add(math.fsum(value))
            todo.extend(value)
        elif is_number(value):
            numbers.add(float(value))
    return numbers, sums


def is_number(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def assert_not_invented(report, name, payload):
    numbers, sums = numbers_in(payload)
    known = numbers | {math.log(p) for p in numbers if 0 < p <= 1}
    if "andidates" in json.dumps(payload):  # Gemini leaves zeros out
        known.add(0.0)
    for token in report.tokens:
        if token.logprob is not None:
            assert -9000 < token.logprob <= 0
            assert token.logprob != -100.0
            is_sum = any(abs(token.logprob - total) < 1e-9 for total in sums)
            assert is_sum or token.logprob in known
        for candidate in token.candidates:
            is_masked = candidate.logprob == -math.inf
            assert is_masked or -9000 < candidate.logprob <= 0
            assert is_masked or candidate.logprob in known
    for field in report.fields.values():
        assert_consistent(field)
    has_number = any(f.logprob is not None or f.confidence is not None for f in fields_of(report))
    if has_number and name not in DECISIONS:
        assert spell(report.text, report.tokens).reason == ""
    assert report.status == "complete" or report.reason
    assert report.status != "no_logprobs" or not has_number
    assert report.status != "unaligned" or not has_number
    json.loads(report.to_json())


def fields_of(report):
    return report.fields.values()


def assert_consistent(field):
    assert (field.confidence is None) == (field.reason != "")
    for number in (field.confidence, field.low, field.high):
        assert number is None or 0 <= number <= 1
    if field.low is not None:
        assert field.low - 1e-9 <= field.confidence <= field.high + 1e-9
    if field.logprob is not None:
        if field.tokens:
            total = math.fsum(token.logprob for token in field.tokens)
            assert field.logprob == pytest.approx(total, abs=1e-9)
    elif field.is_leaf and field.kind != "array" and field.tokens:
        assert field.confidence is None


def reports_of(payload):
    """What both faces give; nothing for an error of ours. Any other error is a failure."""
    found, errors = [], []
    for face in (lambda p: [fc.score(p, Ticket)], lambda p: fc.score_all(p, Ticket)):
        try:
            found += face(payload)
        except fc.FieldconfError as error:
            errors.append(str(error))
    assert all(errors)
    assert not any("\n" in error for error in errors)
    # Both faces see the same, but that one of them wants one answer.
    assert len(errors) != 1 or "choice" in errors[0] or "score_all" in errors[0]
    return found


@settings(deadline=10_000, max_examples=600)
@given(damaged(), st.booleans())
def test_damage_gives_no_foreign_error_and_no_invented_number(case, as_text):
    """Law 6."""
    name, payload = case.name, case.payload
    form = json.dumps(payload) if as_text else payload
    for report in reports_of(form):
        assert_not_invented(report, name, payload)


@pytest.mark.parametrize(
    ("name", "strokes"),
    [
        ("cohere_stream", [("type", 0, "retype", 7)]),  # a type that cannot be looked up
    ],
)
def test_damage_that_once_went_wrong(name, strokes):
    """Law 6, the counterexamples that were found."""
    made = struck(name, *strokes)
    for report in reports_of(made.payload):
        assert_not_invented(report, name, made.payload)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_damaged_is_not_invented_either(name):
    """Law 6, and the check itself: it holds where nothing was done."""
    for report in reports_of(original(name)):
        assert_not_invented(report, name, original(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_at_any_place_of_the_text_is_an_error_or_a_part(name):
    """Law 6: half a download."""
    text = json.dumps(original(name))
    for tenth in range(10):
        for report in reports_of(text[: len(text) * tenth // 10]):
            assert_not_invented(report, name, original(name))


@pytest.mark.parametrize("value", ANYTHING + NUMBERS + TEXTS, ids=lambda value: repr(value)[:30])
def test_anything_at_all_is_no_response(value):
    assert reports_of(value) == []


# -- parallel lists -------------------------------------------------------------------------------

LEGACY = ("tokens", "token_logprobs", "top_logprobs")
PARALLEL = {
    "openai_completions_legacy": (("choices", 0, "logprobs"), LEGACY),
    "together_chat": (("choices", 0, "logprobs"), LEGACY),
    "fireworks_chat_legacy": (("choices", 0, "logprobs"), LEGACY),
    "llama_cpp_python_chat_old": (("choices", 0, "logprobs"), LEGACY),
    "vllm_completions": (("choices", 0, "logprobs"), LEGACY),
    "gemini": (("candidates", 0, "logprobsResult"), ("chosenCandidates", "topCandidates")),
    "gemini_snake": (("candidates", 0, "logprobs_result"), ("chosen_candidates", "top_candidates")),
    "tgi_generate": (("details",), ("tokens", "top_tokens")),
    "sglang_generate": (("meta_info",), ("output_token_logprobs", "output_top_logprobs")),
    "hf_generate": ((), ("generated_ids", "tokens", "transition_scores", "top_ids", "top_scores")),
}
CASES = [(name, key) for name, (_, keys) in PARALLEL.items() for key in keys]


def holder_of(payload, path):
    for key in path:
        payload = payload[key]
    return payload


def told(report):
    """What is said of each token: its text, its number, its candidates."""
    return [
        (t.text, t.logprob, tuple((c.text, c.logprob) for c in t.candidates)) for t in report.tokens
    ]


def uneven(name, key, stroke, at):
    payload = copy.deepcopy(original(name))
    values = holder_of(payload, PARALLEL[name][0])[key]
    index = {"front": 0, "middle": len(values) // 2, "back": len(values) - 1}[at]
    if stroke == "shorter":
        del values[index]
    else:
        values.insert(index, copy.deepcopy(values[index]))
    return payload


@pytest.mark.parametrize("at", ["front", "middle", "back"])
@pytest.mark.parametrize("stroke", ["shorter", "longer"])
@pytest.mark.parametrize(("name", "key"), CASES)
def test_parallel_lists_of_unequal_length_give_no_number_by_guess(name, key, stroke, at):
    """Law 6: each number that is given is the one that the intact payload gives there."""
    intact = fc.score(original(name), Ticket)
    chosen_only = {(text, logprob) for text, logprob, _ in told(intact)}
    pairs = chosen_only | {(text, None) for text, _ in chosen_only}
    bare = without(original(name), *PARALLEL[name][1][-1:], "top_ids", "top_scores")
    alone = fc.score(bare, Ticket)
    for report in reports_of(uneven(name, key, stroke, at)):
        for pointer, field in report.fields.items():
            mine, other = intact[pointer], alone[pointer]
            assert field.logprob in (None, mine.logprob)
            known = (None, pytest.approx(mine.confidence), pytest.approx(other.confidence))
            assert field.confidence in known
        if any(field.logprob is not None for field in fields_of(report)):
            for text, logprob, candidates in told(report):
                assert (text, logprob) in pairs
                assert not candidates or (text, logprob, candidates) in told(intact)


@pytest.mark.parametrize("at", ["front", "middle", "back"])
@pytest.mark.parametrize("stroke", ["shorter", "longer"])
@pytest.mark.parametrize(
    ("name", "key"),
    [(n, k) for n, k in CASES if k in ("token_logprobs", "transition_scores")],
)
def test_a_list_of_numbers_that_is_as_long_as_nothing_else_gives_none(name, key, stroke, at):
    """Law 6: nothing says at which end it was cut."""
    report = fc.score(uneven(name, key, stroke, at), Ticket)
    for field in fields_of(report):
        assert (field.logprob, field.confidence) == (None, None)
        assert field.reason


# -- shifted lists --------------------------------------------------------------------------------

PER_ENTRY = {
    "openai_chat": "top_logprobs",
    "openai_chat_stream": "top_logprobs",
    "openai_responses": "top_logprobs",
    "vllm_chat": "top_logprobs",
    "vllm_chat_stream_multi": "top_logprobs",
    "fireworks_chat_new": "top_logprobs",
    "openrouter_chat": "top_logprobs",
    "llamacpp_chat": "top_logprobs",
    "llamacpp_completion": "top_logprobs",
    "llamacpp_completion_post_sampling": "top_probs",
    "mlx_lm_chat": "top_logprobs",
    "ollama_chat": "top_logprobs",
    "ollama_chat_stream": "top_logprobs",
    "together_chat_stream": "top_logprobs",
    "lmstudio_sdk_fragment": "logprobs",
    "tgi_stream": "top_tokens",
    "lm_deluge": "top_logprobs",
    "pydantic_ai_chat": "top_logprobs",
    "dspy_output": "top_logprobs",
    "ai_sdk_v4": "topLogprobs",
    "ai_sdk_v5_responses": "top_logprobs",
    "litellm_gemini": "top_logprobs",
}
IN_LISTS = {
    "openai_completions_legacy": ["top_logprobs"],
    "together_chat": ["top_logprobs"],
    "sglang_completions": ["top_logprobs"],
    "gemini": ["topCandidates"],
    "gemini_snake": ["top_candidates"],
    "pydantic_ai_google": ["top_candidates"],
    "tgi_generate": ["top_tokens"],
    "sglang_generate": ["output_top_logprobs"],
    "hf_generate": ["top_ids", "top_scores"],
}


def in_order(payload, key, found=None):
    """The dicts that have this key, in document order."""
    found = [] if found is None else found
    if isinstance(payload, dict) and key in payload:
        found.append(payload)
    inner = payload.values() if isinstance(payload, dict) else payload
    for value in inner:
        if isinstance(value, (dict, list)):
            in_order(value, key, found)
    return found


def shifted(name, by):
    """The payload with its lists of candidates moved on, and how many they are."""
    payload, size = copy.deepcopy(original(name)), 0
    if name in PER_ENTRY:
        key = PER_ENTRY[name]
        holders = [d for d in in_order(payload, key) if isinstance(d[key], (list, dict))]
        lists, size = [holder[key] for holder in holders], len(holders)
        for holder, moved in zip(holders, lists[-by:] + lists[:-by], strict=True):
            holder[key] = moved
    else:
        for key in IN_LISTS[name]:
            [holder] = in_order(payload, key)
            holder[key], size = holder[key][-by:] + holder[key][:-by], len(holder[key])
    return payload, size


def texts_of(payload):
    """A tokenizer that tells all ids apart."""
    known = dict(zip(payload["generated_ids"], payload["tokens"], strict=True))
    return lambda token: known.get(token, f"<{token}>").encode()


def contradicts(name, candidates, token):
    """Whether a list of the likeliest tokens cannot be this token's, whatever its order."""
    if token.logprob is None or not candidates:
        return False
    own = [c.logprob for c in candidates if c.bytes == token.bytes]
    if own:  # LM Studio gives no number beside the list: nothing can contradict that
        return name != "lmstudio_sdk_fragment" and all(
            abs(logprob - token.logprob) > 0.1 for logprob in own
        )
    finite = [c.logprob for c in candidates if c.logprob > -math.inf]
    return bool(finite) and token.logprob > min(finite) + 0.1


@pytest.mark.parametrize("by", [1, -1, 2])
@pytest.mark.parametrize("name", [*PER_ENTRY, *IN_LISTS])
def test_a_token_that_its_own_list_contradicts_has_no_number(name, by):
    """Law 6: a list of the likeliest holds every token that is as likely as its last one."""
    tokenizer = texts_of(original(name)) if name == "hf_generate" else None
    intact = fc.score(original(name), Ticket, tokenizer=tokenizer)
    payload, size = shifted(name, by)
    lists = [token.candidates for token in intact.tokens[:size]]
    moved = enumerate(zip(intact.tokens, lists[-by:] + lists[:-by], strict=False))
    wrong = {i for i, (token, listed) in moved if contradicts(name, listed, token)}
    assert len(wrong) > 5  # the law has something to say
    report = fc.score(payload, Ticket, tokenizer=tokenizer)
    assert report.data == intact.data
    numbered = {i for i, token in enumerate(report.tokens) if token.logprob is not None}
    assert not wrong & numbered
    for field in fields_of(report):
        if wrong.intersection(field.indexes):
            assert field.logprob is None
            assert not field.is_leaf or (field.confidence is None and field.reason)
