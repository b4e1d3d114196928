"""Several whole answers in one payload: refused where one is wanted, and each has its report.

What tells them from the chunks of one answer are finish marks, ids, indices and cumulative texts.
"""

import copy
import json

import pytest
from answers import TICKET, TICKET_SCHEMA, chunk, chunks, entry, response
from builders import plain, sse

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer
from fieldconf.strategies.cases import Case
from fieldconf.strategies.dialects import DIALECTS
from fieldconf.tokens.token import Candidate, Token

SCHEMA = {
    "type": "object",
    "properties": {"ripe": {"type": "boolean"}},
    "required": ["ripe"],
    "additionalProperties": False,
}


def token(text, logprob, rival=None):
    listed = [(text, logprob)] if rival is None else [(text, logprob), rival]
    return Token(
        text, text.encode(), logprob, tuple(Candidate(t, t.encode(), p) for t, p in listed)
    )


def of_tokens(value, tokens):
    return Case(SCHEMA, value, "".join(token.text for token in tokens), tokens)


def case(value, logprob):
    shown, other = ("true", "false") if value else ("false", "true")
    tokens = (
        token('{"', -0.02), token("ripe", -0.004), token('":', -0.003),
        token(shown, logprob, (other, -2.5)), token("}", -0.006),
    )  # fmt: skip
    return of_tokens({"ripe": value}, tokens)


RIPE, HARD = case(True, -0.3), case(False, -0.9)
WHOLE = [name for name in DIALECTS if "stream" not in name]
STREAMS = [name for name in DIALECTS if "stream" in name]
IDS = ("id", "responseId")


def written(name, one):
    return DIALECTS[name].write(one)


def numbers(report):
    return report.data, report["ripe"].logprob, report["ripe"].confidence


def forms(items):
    """The same items in all ways in which people keep them."""
    lines = "\n".join(json.dumps(item) for item in items)
    return [
        items, json.dumps(items), json.dumps(items).encode(), lines, lines.encode() + b"\n",
        [json.dumps(item) for item in items], iter(copy.deepcopy(items)),
    ]  # fmt: skip


def assert_several(items, *expected, kinds=forms):
    """``score`` refuses, and ``score_all`` has the numbers of each report expected, in order."""
    for form, again in zip(kinds(items), kinds(items), strict=True):
        with pytest.raises(fc.PayloadError, match="score_all") as caught:
            fc.score(form, SCHEMA)
        assert numbers(caught.value.report) == numbers(expected[0])  # what was read is kept
        reports = fc.score_all(again, SCHEMA)
        assert [numbers(report) for report in reports] == [numbers(one) for one in expected]
        assert [report.choice for report in reports] == list(range(len(expected)))


@pytest.mark.parametrize("name", WHOLE)
def test_several_whole_answers_have_a_report_each(name):
    one, two = written(name, HARD), written(name, RIPE)
    alone = [fc.score(one, SCHEMA), fc.score(two, SCHEMA)]
    assert_several([one, two], *alone)
    assert_several([two, one, two], alone[1], alone[0], alone[1])


@pytest.mark.parametrize("name", WHOLE)
def test_two_equal_answers_are_two(name):
    one = written(name, RIPE)
    assert_several([one, copy.deepcopy(one)], *[fc.score(one, SCHEMA)] * 2)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("ids", ["no ids", "ids of their own"])
def test_whatever_ids_they_have(name, ids):
    items = [without_ids(written(name, one)) for one in (HARD, RIPE)]
    if ids != "no ids":
        items = [with_id(item, str(place)) for place, item in enumerate(items)]
    assert_several(items, *[fc.score(item, SCHEMA) for item in items])


def without_ids(value):
    if isinstance(value, list):
        return [without_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {k: without_ids(v) for k, v in value.items() if k not in IDS or isinstance(v, int)}


def with_id(item, name):
    about = item.get("meta_info")
    if about is not None:
        return item | {"meta_info": about | {"id": name}}
    return item | {"responseId" if "candidates" in item else "id": name}


def test_indices_of_native_answers_do_not_make_them_choices_of_one():
    """llama.cpp answers a list of prompts with a list, numbered."""
    for name in ("llama.cpp-completion", "sglang-generate"):
        items = [
            without_ids(written(name, one)) | {"index": i} for i, one in enumerate((HARD, RIPE))
        ]
        assert_several(items, *[fc.score(written(name, one), SCHEMA) for one in (HARD, RIPE)])


def test_whole_answers_of_other_families_after_each_other():
    items = [written(name, RIPE) for name in WHOLE]
    assert_several(items, *[fc.score(item, SCHEMA) for item in items])


# -- streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STREAMS)
def test_one_stream_is_one_answer(name):
    items = written(name, RIPE)
    wanted = plain(fc.score(items, SCHEMA))
    for form in forms(items):
        assert plain(fc.score(form, SCHEMA)) == wanted
    assert [plain(report) for report in fc.score_all(items, SCHEMA)] == [wanted]


@pytest.mark.parametrize("name", STREAMS)
def test_two_streams_are_two_answers(name):
    one, two = written(name, HARD), written(name, RIPE)
    kinds = (lambda items: [*forms(items), sse(items)]) if "ollama" not in name else forms
    assert_several([*one, *two], fc.score(one, SCHEMA), fc.score(two, SCHEMA), kinds=kinds)


@pytest.mark.parametrize("name", STREAMS)
def test_the_last_chunk_once_more_is_no_other_answer(name):
    items = written(name, RIPE)
    assert numbers(fc.score([*items, items[-1]], SCHEMA)) == numbers(fc.score(items, SCHEMA))


def cumulative(one, source):
    """SGLang's stream: each chunk has everything so far."""
    made = []
    for count in range(1, len(one.tokens) + 1):
        so_far = of_tokens(None, one.tokens[:count])
        item = written("sglang-generate", so_far)
        item["meta_info"] |= {"id": source, "finish_reason": None}
        made.append(item)
    made[-1]["meta_info"]["finish_reason"] = {"type": "stop"}
    return made if source else without_ids(made)


@pytest.mark.parametrize("source", ["a", ""])
def test_chunks_that_repeat_what_came_before_are_one_answer(source):
    items = cumulative(RIPE, source)
    assert numbers(fc.score(items, SCHEMA)) == (
        {"ripe": True}, -0.3, fc.score(written("sglang-generate", RIPE), SCHEMA)["ripe"].confidence
    )  # fmt: skip
    assert len(fc.score_all([*items, items[-1]], SCHEMA)) == 1


@pytest.mark.parametrize("sources", [("a", "b"), ("", "")])
def test_two_cumulative_streams_are_two_answers(sources):
    one, two = cumulative(HARD, sources[0]), cumulative(RIPE, sources[1])
    assert_several([*one, *two], fc.score(one, SCHEMA), fc.score(two, SCHEMA))
    for item in (one[-1], two[-1]):
        item["meta_info"]["finish_reason"] = None
    assert_several([*one, *two], fc.score(one, SCHEMA), fc.score(two, SCHEMA))


def marked(texts, source):
    """Gemini's stream in which every chunk is marked as the last one."""
    found = [
        {"candidates": [{
            "content": {"parts": [{"text": text}]}, "finishReason": "STOP", "index": 0,
        }]}
        for text in texts
    ]  # fmt: skip
    return [item | {"responseId": source} for item in found] if source else found


@pytest.mark.parametrize("source", ["r", ""])
def test_a_mark_on_every_chunk_marks_no_end(source):
    items = marked(['{"ri', 'pe": ', "true}"], source)
    for form in forms(items):
        assert fc.score(form, SCHEMA).data == {"ripe": True}


def test_a_stream_that_broke_off_and_its_second_try_are_two():
    """Told apart by ids that several chunks have."""
    for name in ("openai stream", "together stream"):
        one, two = written(name, HARD)[:4], written(name, RIPE)
        two = [item | {"id": "another"} for item in two]
        [first, second] = fc.score_all([*one, *two], SCHEMA)
        assert (first.status, second.data) == ("truncated", {"ripe": True})


def test_an_id_of_its_own_for_each_chunk_tells_nothing():
    """Some proxies do that."""
    items = [item | {"id": f"c{place}"} for place, item in enumerate(chunks(TICKET))]
    report = fc.score(items, TICKET_SCHEMA)
    assert report.value == {"urgent": True, "team": "billing"}
    assert [field.logprob for field in report.leaves.values()] == [
        field.logprob for field in fc.score(response(TICKET), TICKET_SCHEMA).leaves.values()
    ]


def test_a_whole_answer_behind_its_own_chunks_is_the_same():
    """Helpers of clients end a stream with the completion."""
    items = [*chunks(TICKET), response(TICKET)]
    assert fc.score(items, TICKET_SCHEMA)["team"].logprob == pytest.approx(
        fc.score(response(TICKET), TICKET_SCHEMA)["team"].logprob
    )


def test_choices_of_one_answer_that_share_an_index_are_told_apart_by_their_place():
    payload = response(TICKET)
    [choice] = payload["choices"]
    payload["choices"] = [choice, copy.deepcopy(choice)]
    assert [report.choice for report in fc.score_all(payload, TICKET_SCHEMA)] == [0, 1]


# -- live -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", ["all", "fields"])
@pytest.mark.parametrize("name", ["openai stream", "ollama stream", "tgi-generate stream"])
def test_a_live_stream_refuses_another_answer(name, keep):
    live = LiveScorer(compile_schema(SCHEMA).as_requested, keep=keep)
    errors = []
    for item in [*written(name, HARD), *written(name, RIPE)]:
        try:
            live.feed(item)
        except fc.PayloadError as error:
            errors.append(str(error))
            break
    assert "score_all" in errors[0]
    assert live.finish().data == {"ripe": False}


def test_chunks_after_the_last_are_no_answer():
    """A mark, blank text, usage, a filter's notes."""
    after = [
        chunk({"content": ""}, None), chunk({"content": "\n"}, []),
        chunk({}, [entry("<|end|>", 0.9)]),
        {"id": "", "model": "", "choices": [], "usage": {"completion_tokens": 10}},
        {"id": "", "model": "m", "choices": [{"index": 0, "content_filter_offsets": {}}]},
    ]  # fmt: skip
    for one in after:
        report = fc.score([*chunks(TICKET), one], TICKET_SCHEMA)
        assert report.value == {"urgent": True, "team": "billing"}
