"""A list of chunks is the stream: what a live view passes over or adds up, the list does, too."""

import copy
import itertools
import json

import pytest
from answers import TICKET, TICKET_SCHEMA, chunk, chunks, entry, response
from hypothesis import given
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

# Made-up chunks that say nothing of the answer, of the kinds that servers and proxies send.
DULL = {
    "no choices": {"object": "chat.completion.chunk", "choices": None, "usage": {"x": 1}},
    "nothing": {},
    "ping": {"type": "ping"},
    "another ping": {"event": "keepalive", "data": None},
    "no delta": {"object": "chat.completion.chunk", "choices": [{"index": 0, "logprobs": None}]},
    "null delta": {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": None}]},
    "no choice": {"id": "", "object": "", "choices": [], "prompt_filter_results": []},
    "no parts": {"id": "", "object": "", "choices": [{"index": 0, "content_filter_results": {}}]},
}


def live_of(made, schema=TICKET_SCHEMA):
    """The fields in the order in which they came, and the report."""
    live = LiveScorer(compile_schema(schema).as_requested)
    fields = [field for one in made for field in live.feed(copy.deepcopy(one))]
    return fields, live.finish()


def assert_same_live(made, wanted, schema=TICKET_SCHEMA):
    fields, report = live_of(made, schema)
    assert report.to_dict() == wanted
    assert [f.to_dict() for f in fields] == [report[f.pointer].to_dict() for f in fields]
    return [field.pointer for field in fields]


@pytest.mark.parametrize("dull", DULL)
@pytest.mark.parametrize("place", [0, 1, 5, -1])
def test_a_chunk_that_says_nothing_is_passed_over(dull, place):
    made = chunks(TICKET)
    wanted = fc.score(made, TICKET_SCHEMA).to_dict()
    made.insert(place % (len(made) + 1), DULL[dull])
    assert fc.score(made, TICKET_SCHEMA).to_dict() == wanted
    assert fc.score(iter(made), TICKET_SCHEMA).to_dict() == wanted
    events = "".join(f"data: {json.dumps(one)}\n\n" for one in made)
    assert fc.score(events, TICKET_SCHEMA).to_dict() == wanted
    assert_same_live(made, wanted)


@pytest.mark.parametrize("dull", [name for name in DULL if "delta" not in name])
def test_alone_it_is_no_answer(dull):
    with pytest.raises(fc.PayloadError):
        fc.score(DULL[dull], TICKET_SCHEMA)
    with pytest.raises(fc.PayloadError):
        fc.score([DULL[dull]] * 2, TICKET_SCHEMA)


def test_the_reason_to_stop_of_a_choice_without_a_delta_counts():
    made = chunks(TICKET[:5])
    last = {"index": 0, "delta": None, "finish_reason": "length"}
    made[-1] = {"object": "chat.completion.chunk", "choices": [last]}
    report = fc.score(made, TICKET_SCHEMA)
    assert (report.status, report.finish_reason) == ("truncated", "length")


def test_an_error_among_the_chunks_is_an_error_and_keeps_what_came():
    made = [*chunks(TICKET)[:5], {"type": "ping"}, {"error": {"message": "overloaded"}}]
    with pytest.raises(fc.PayloadError) as caught:
        fc.score(made, TICKET_SCHEMA)
    assert caught.value.report["urgent"].value is True


# -- text that came without tokens ----------------------------------------------------------------


@given(st.sets(st.integers(0, len(TICKET) - 1)))
def test_events_go_on_behind_a_token_without_a_logprob(holes):
    """Each field comes when its value closes, those in the holes with None and a reason."""
    made = chunks(TICKET)
    for hole in holes:
        made[hole + 1]["choices"][0]["logprobs"] = None
    report = fc.score(made, TICKET_SCHEMA)
    pointers = assert_same_live(made, report.to_dict())
    if len(holes) < len(TICKET):
        assert pointers == ["/urgent", "/team", ""]
        assert (report["urgent"].confidence is None) == (3 in holes)
        assert bool(holes & {6, 7, 8, 9}) == (report["team"].confidence is None)
        assert all(f.reason for f in report.fields.values() if f.confidence is None)
    else:
        assert report.status == "no_logprobs"


@given(st.sets(st.integers(0, len(TICKET) - 2)), st.sampled_from([None, -9999.0, 3.0, "x"]))
def test_events_go_on_behind_a_number_that_is_none(damaged, number):
    made = chunks(TICKET)
    for place in damaged:
        (one,) = made[place + 1]["choices"][0]["logprobs"]["content"]
        one |= {"logprob": number, "top_logprobs": []}
    report = fc.score(made, TICKET_SCHEMA)
    pointers = assert_same_live(made, report.to_dict())
    assert pointers == ["/urgent", "/team", ""]


def test_holes_are_filled_where_tokens_are_let_go_of():
    made = chunks(TICKET)
    made[4]["choices"][0]["logprobs"] = None
    live = LiveScorer(compile_schema(TICKET_SCHEMA).as_requested, keep="fields")
    fields = [field.pointer for one in made for field in live.feed(one)]
    assert fields == ["/urgent", "/team", ""]
    report = live.finish()
    assert (report["urgent"].confidence, report["team"].confidence is None) == (None, False)


def test_tokens_that_come_behind_their_text_are_no_holes():
    made = chunks(TICKET)
    for before, after in itertools.pairwise(made[1:-1]):
        choice = before["choices"][0]
        after["choices"][0]["logprobs"]["content"][:0] = choice["logprobs"]["content"]
        choice["logprobs"] = None
    wanted = fc.score(response(TICKET), TICKET_SCHEMA)
    report = fc.score(made, TICKET_SCHEMA)
    assert report["team"].confidence == wanted["team"].confidence
    assert_same_live(made, report.to_dict())


# -- SGLang ---------------------------------------------------------------------------------------


def sglang(tokens, *, counted=None, ended=False, repeats=False):
    """A chunk of ``/generate``."""
    about = {"output_token_logprobs": [[p, i, t] for i, (t, p) in tokens], "finish_reason": None}
    if counted is not None:
        about["completion_tokens"] = counted
    if ended:
        about["finish_reason"] = {"type": "stop"}
    return {"text": "".join(t for _, (t, _) in tokens), "meta_info": about}


@given(
    st.lists(
        st.tuples(st.sampled_from(["1", "2", "3", "11", ",", ",1"]), st.floats(-5, -0.01)),
        min_size=1, max_size=8,
    ),
    st.lists(st.integers(0, 10), max_size=4),
    st.booleans(),
)  # fmt: skip
def test_sglang_s_chunks_are_added_up_as_they_are_meant(pieces, cuts, counts):
    """All up to now, or what comes next: with a count or without, the answer is the same."""
    tokens = list(enumerate([("[", -0.1), *pieces, ("]", -0.2)]))
    edges = sorted({0, len(tokens), *(cut for cut in cuts if cut < len(tokens))})
    wanted = fc.score(sglang(tokens, ended=True)).to_dict()
    pairs = list(itertools.pairwise(edges))
    adding = [
        sglang(tokens[a:b], counted=b if counts else None, ended=b == len(tokens)) for a, b in pairs
    ]
    growing = [
        sglang(tokens[:b], counted=b if counts else None, ended=b == len(tokens)) for _, b in pairs
    ]
    end = sglang([], counted=len(tokens) if counts else None, ended=True)
    # What came at once, and once more, is two answers.
    again = [*growing, growing[-1]] if len(growing) > 1 else growing
    for made in (adding, growing, again, [*adding, end]):
        report = fc.score(made)
        made_of = report.to_dict()
        assert made_of["fields"] == wanted["fields"]
        assert_same_live(made, made_of, None)


# -- AI SDK ---------------------------------------------------------------------------------------

V4 = {"delta": "textDelta", "step": "step-finish", "list": lambda found: {"logprobs": found}}
V5 = {
    "delta": "text",
    "step": "finish-step",
    "list": lambda found: {"providerMetadata": {"openai": {"logprobs": found}}},
}
PROVIDER = {**V5, "delta": "delta"}


def parts(version):
    """The parts of a stream: texts, objects, and the tokens where a step ends."""
    listed = [entry(*choice) for choice in TICKET]
    key = "topLogprobs" if version is V4 else "top_logprobs"
    found = [
        {"token": e["token"], "logprob": e["logprob"],
         key: [{"token": c["token"], "logprob": c["logprob"]} for c in e["top_logprobs"]]}
        for e in listed
    ]  # fmt: skip
    made = [{"type": "start"}, {"type": "object", "object": {}}]
    for text, _, _ in TICKET:
        made += [
            {"type": "text-delta", "id": "0", version["delta"]: text},
            {"type": "object", "object": {"urgent": True}},
        ]
    reason = {"unified": "stop", "raw": "stop"} if version is PROVIDER else "stop"
    end = {"finishReason": reason, "usage": {"outputTokens": 10}} | version["list"](found)
    return [*made, {"type": version["step"], **end}, {"type": "finish", **end}]


@pytest.mark.parametrize("version", [V4, V5, PROVIDER], ids=["v4", "v5", "provider"])
def test_the_parts_of_an_ai_sdk_stream_are_an_answer(version):
    """As a list, as lines, live, and in the place where a result has its text."""
    made = parts(version)
    report = fc.score(made, TICKET_SCHEMA)
    wanted = fc.score(response(TICKET), TICKET_SCHEMA)
    assert (report.status, report.finish_reason, report.text) == ("complete", "stop", wanted.text)
    assert {n: f.to_dict() for n, f in report.fields.items()} == {
        n: f.to_dict() for n, f in wanted.fields.items()
    }
    lines = "\n".join(map(json.dumps, made))
    assert fc.score(lines, TICKET_SCHEMA).to_dict() == report.to_dict()
    assert_same_live(made, report.to_dict())
    saved = {"parts": made, "object": report.data, "finishReason": "stop"}
    assert fc.score(saved, TICKET_SCHEMA).fields == report.fields


def test_the_parts_of_an_ai_sdk_stream_without_logprobs_say_so():
    made = [part for part in parts(V5) if part["type"] not in ("finish-step", "finish")]
    made.append({"type": "finish", "finishReason": "stop"})
    report = fc.score(made, TICKET_SCHEMA)
    assert (report.status, report.data["urgent"], report.finish_reason) == (
        "no_logprobs",
        True,
        "stop",
    )


def test_only_the_tokens_of_an_object_s_stream_spell_it():
    made = [part for part in parts(V4) if part["type"] != "text-delta"]
    report = fc.score(made, TICKET_SCHEMA)
    assert report["team"].confidence == fc.score(response(TICKET), TICKET_SCHEMA)["team"].confidence


def test_a_chunk_that_is_another_shape_of_text_is_passed_over_too():
    """As in the live view: it is of no known shape, and what is known is scored."""
    made = [*chunks(TICKET), {"note": "archived"}]
    assert fc.score(made, TICKET_SCHEMA).status == "complete"
    assert fc.score([chunk({"content": "1"}, [entry("1", 0.5)]), {"x": 1}]).data == 1
