"""Logprobs after a temperature: put back by ``score`` and by requests; flags; what is refused."""

import asyncio
import json
import math

import pyarrow as pa
import pytest
from builders import completion, token
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.batch.runner import score_files
from fieldconf.batch.scoring import score_batch
from fieldconf.errors import RequestError
from fieldconf.scoring.scorer import score_completion
from fieldconf.testing import AsyncFakeClient, FakeClient
from fieldconf.tokens.temperature import at_temperature_one, put_back
from fieldconf.tokens.token import Candidate, Token

TEAMS = {"enum": ["billing", "support", "sales"]}
SCHEMA = {"type": "object", "properties": {"team": TEAMS}, "required": ["team"]}


class Answer(BaseModel):
    urgent: bool


def entry(text, logprob, top=()):
    made = {"token": text, "bytes": list(text.encode()), "logprob": logprob}
    return made | {"top_logprobs": [entry(t, p) for t, p in top]}


def response(probabilities, temperature, *, most=None):
    """An answer that chose a team by these probabilities at 1, as listed after a temperature."""
    hot = {t: p ** (1 / temperature) for t, p in probabilities.items()}
    whole = sum(hot.values())
    top = sorted(((f'"{t}"', math.log(p / whole)) for t, p in hot.items()), key=lambda c: -c[1])
    first, logprob = top[0]
    entries = [entry('{"team":', 0.0), entry(first, logprob, top[:most]), entry("}", 0.0)]
    text = "".join(e["token"] for e in entries)
    return {"choices": [
        {"message": {"content": text}, "finish_reason": "stop", "logprobs": {"content": entries}}
    ]}  # fmt: skip


TRUE = {"billing": 0.5, "support": 0.3, "sales": 0.2}


# -- score ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.7, 1.3, 2])
@pytest.mark.parametrize("most", [None, 2, 1])
def test_an_enums_bounds_hold_the_probability_at_one(temperature, most):
    hot = response(TRUE, temperature, most=most)
    field = fc.score(hot, SCHEMA, temperature=temperature)["/team"]
    for value, true in TRUE.items():
        member = field.distribution[value]
        assert member.low - 1e-9 <= true <= member.high + 1e-9
    if most is None:
        assert field.confidence == pytest.approx(0.5, abs=1e-3)
        assert fc.score(hot, SCHEMA)["/team"].confidence != pytest.approx(0.5, abs=0.03)


def test_at_half_the_temperature_rounding_may_hide_much():
    """1e-6 that float32 may hide, over 2**18 tokens, is (2**18 * 1e-6)**0.5 = 0.51 at one."""
    [cold] = at_temperature_one([Token("a", None, 0.0)], 0.5)
    assert cold.probability == pytest.approx(1 / 1.512, abs=1e-3)
    # A listed token that the grammar excluded proves that nothing is hidden.
    [cold] = at_temperature_one([Token("a", None, 0.0, (Candidate("b", None, -math.inf),))], 0.5)
    assert cold.probability == pytest.approx(1)
    field = fc.score(response(TRUE, 0.5), SCHEMA, temperature=0.5)["/team"]
    assert field.low < 0.45
    assert field.high > 0.5


def test_the_flag_says_so_and_is_put_into_words():
    report = fc.score(response(TRUE, 0.7), SCHEMA, temperature=0.7)
    assert report.flags == ("temperature",)
    assert "put back to 1" in str(report)
    back = fc.Report.from_json(report.to_json(), SCHEMA)
    assert back.flags == ("temperature",)


@pytest.mark.parametrize("temperature", [None, 1, 1.0])
def test_at_one_nothing_happens(temperature):
    plain = fc.score(response(TRUE, 1), SCHEMA)
    assert fc.score(response(TRUE, 1), SCHEMA, temperature=temperature) == plain
    assert plain.flags == ()


@pytest.mark.parametrize("temperature", [0, 0.0, -1, math.inf, math.nan, "0.7", True])
def test_other_temperatures_are_refused(temperature):
    expected = "at temperature 0 .* nothing can be put back" if temperature == 0 else "no positive"
    for call in (
        lambda: fc.score(response(TRUE, 1), SCHEMA, temperature=temperature),
        lambda: fc.score_all(response(TRUE, 1), SCHEMA, temperature=temperature),
        lambda: at_temperature_one([], temperature),
        lambda: score_batch(
            pa.record_batch({"response": ["oops"]}), SCHEMA, temperature=temperature
        ),
    ):
        with pytest.raises(RequestError, match=expected):
            call()


def test_score_all_and_batches_say_the_same(tmp_path):
    hot = response(TRUE, 0.7)
    whole = fc.score(hot, SCHEMA, temperature=0.7)
    [one] = fc.score_all(hot, SCHEMA, temperature=0.7)
    assert one == whole
    rows = score_batch(
        pa.record_batch({"response": [json.dumps(hot)]}), SCHEMA, temperature=0.7
    ).to_pylist()
    confidence = next(row["confidence"] for row in rows if row["path"] == "/team")
    assert confidence == whole["/team"].confidence
    (tmp_path / "in.jsonl").write_text(json.dumps(hot) + "\n")
    out = tmp_path / "out.jsonl"
    score_files(tmp_path / "in.jsonl", SCHEMA, out, workers=1, progress=False, temperature=0.7)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert next(row["confidence"] for row in lines if row["path"] == "/team") == confidence


def test_a_label_is_put_back():
    hot = [("spam", math.log(0.8)), ("ham", math.log(0.2))]
    said = {"choices": [{
        "message": {"content": "spam"}, "finish_reason": "stop",
        "logprobs": {"content": [entry("spam", math.log(0.8), hot)]},
    }]}  # fmt: skip
    report = fc.classify(said, ["spam", "ham"], temperature=1.5)
    true = 0.8**1.5 / (0.8**1.5 + 0.2**1.5)
    assert report[""].confidence == pytest.approx(true, abs=1e-4)
    assert report.flags == ("temperature",)
    assert fc.score(said, fc.LabelSet(["spam", "ham"]), temperature=1.5) == report


def test_answers_without_numbers_keep_none_and_get_no_flag():
    bare = {"choices": [{"message": {"content": '{"team": "sales"}'}, "finish_reason": "stop"}]}
    report = fc.score(bare, SCHEMA, temperature=0.7)
    assert (report.status, report.flags) == ("no_logprobs", ())


# -- tokens ---------------------------------------------------------------------------------------


def test_a_token_without_logprob_stays_without():
    listed = (Candidate("a", None, math.log(0.5)), Candidate("b", None, -math.inf))
    outside = Token("c", None, None, listed, note="was not listed")
    [cold] = at_temperature_one([outside], 2)
    assert (cold.logprob, cold.candidates[1].logprob, cold.note) == (None, -math.inf, outside.note)
    nothing = Token("d", None, None)
    assert at_temperature_one([nothing], 2) == [nothing]


def test_a_token_below_the_list_does_not_bound_the_unlisted():
    """An unlisted token may be as likely as the last of the list, not only as the written one."""
    listed = (Candidate("a", None, math.log(0.5)), Candidate("b", None, math.log(0.2)))
    [cold] = at_temperature_one([Token("z", None, math.log(0.001), listed)], 2, rounding=0)
    most = 0.299 * 0.2
    assert cold.probability == pytest.approx(1e-6 / (0.25 + 0.04 + 1e-6 + most))


def test_a_long_way_from_one_does_not_overflow():
    [cold] = at_temperature_one([Token("a", None, -300.0)], 100)
    assert cold.logprob == pytest.approx(-30_000)
    [cold] = at_temperature_one([Token("a", None, -300.0)], 0.01)
    assert -50 < cold.logprob < 0


def test_the_written_token_counts_once():
    tokens = [token("a", math.log(0.9), [("a", math.log(0.9)), ("b", math.log(0.1))])]
    [cold] = at_temperature_one(tokens, 2, rounding=0)
    assert cold.probability == pytest.approx(0.81 / 0.82)
    assert cold.candidates[0].logprob == cold.logprob


def test_put_back_twice_is_put_back_once():
    once = put_back(completion(token("true", -0.2), temperature=2.0), None)
    assert once.flags == ("temperature",)
    assert put_back(once, None) is once
    assert score_completion(once, fc.Report("complete").schema).flags == ("temperature",)


# -- requests -------------------------------------------------------------------------------------


def asked(provider, temperature=None, **options):
    return fc.extract(
        Answer, "Hurry!", client=FakeClient({"urgent": True}), model="m", provider=provider,
        temperature=temperature, **options,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("provider", "temperature", "flags"),
    [
        ("openai", 0.5, ()),
        ("vllm", 0, ()),
        ("sglang", 0.5, ("temperature",)),
        ("tgi", 2, ("temperature",)),
        ("sglang", 0, ()),  # then they are from before it
        ("sglang", 1, ()),
        ("sglang", None, ()),
        ("together", 0.5, ("temperature_unknown",)),
        ("together", 1, ()),
        ("together", 0, ()),
        ("together", None, ()),
        (None, 0.5, ("temperature_unknown",)),
    ],
)
def test_a_request_knows_where_its_numbers_stand(provider, temperature, flags):
    report = asked(provider, temperature)
    assert report.flags == flags
    as_given = asked(provider)
    is_same = report["/urgent"].logprob == as_given["/urgent"].logprob
    assert is_same == ("temperature" not in flags)


@pytest.mark.parametrize("further", [{"temperature": 0.5}, {"extra_body": {"temperature": 0.5}}])
def test_the_temperature_of_further_options_counts(further):
    assert asked("sglang", request_options=further) == asked("sglang", 0.5)


@pytest.mark.parametrize("keep", ["all", "fields", "response"])
@pytest.mark.parametrize(("provider", "temperature"), [("sglang", 0.7), (None, 0.7)])
def test_streams_say_the_same(provider, temperature, keep):
    options = {"provider": provider, "temperature": temperature, "model": "m", "keep": keep}
    stream = fc.stream(Answer, "Hurry!", client=FakeClient({"urgent": True}), **options)
    fields = {event.pointer: event.field for event in stream if event.type == "field"}
    report, whole = stream.report, asked(provider, temperature, keep=keep)
    assert report.flags == whole.flags
    for name, field in whole.fields.items():
        assert fields[name].to_dict() == report[name].to_dict() == field.to_dict()

    async def later():
        client = AsyncFakeClient({"urgent": True})
        return await fc.astream(Answer, "Hurry!", client=client, **options).finish()

    assert asyncio.run(later()).flags == whole.flags


@pytest.mark.parametrize("provider", ["sglang", "together"])
def test_a_kept_response_remembers_it(provider):
    report = asked(provider, 0.5, keep="response")
    again = fc.score(json.loads(json.dumps(report.response)), Answer)
    assert again.flags == report.flags
    assert again["/urgent"].to_dict() == report["/urgent"].to_dict()


def test_samples_say_it_too():
    assert asked("together", 0.5, samples=2).flags == ("temperature_unknown",)
