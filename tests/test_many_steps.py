"""Many inputs with further steps: who is asked for what is in doubt, and what decides an output."""

import asyncio
import json

import pytest
from desks import SCHEMA, AsyncDesk, answer_to, plain, text_of

import fieldconf as fc
from fieldconf.errors import OutputError
from fieldconf.many.extract_many import aextract_many, extract_many
from fieldconf.reasking.cascade import CascadeStep, cascade
from fieldconf.reasking.merging import requests_of
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient, HttpError

TEXTS = [*"abcdefghijkl"]
OTHER = {"billing": "sales", "sales": "billing"}


def is_sure(text):
    """Whether the small model is sure of its answer to a text."""
    return answer_to(text).confidences["/team"] > 0.9


DOUBTFUL = [text for text in TEXTS if not is_sure(text)]
assert 2 < len(DOUBTFUL) < len(TEXTS) - 2


def small(body):
    return answer_to(text_of(body))


def large(body):
    """Contradicts the small model, and is sure of it; of the last doubtful text it breaks."""
    text = text_of(body)
    if text == DOUBTFUL[-1]:
        return HttpError(500, "out of order")
    return Answer({"team": OTHER[answer_to(text).value["team"]]}, default=0.99)


def sound(body):
    """The same, and never out of order."""
    return Answer({"team": OTHER[answer_to(text_of(body)).value["team"]]}, default=0.99)


class Pair:
    """A small model, a large one, and a run over both."""

    def __init__(self, second=sound, *, kind=FakeClient, first=small):
        self.small, self.large = kind(first), kind(second)

    def run(self, texts=TEXTS, *, step=None, schema=SCHEMA, face=extract_many, **options):
        steps = [CascadeStep(self.large, **{"model": "large", **(step or {})})]
        given = {"client": self.small, "model": "small", "steps": steps, "progress": False}
        return face(schema, texts, **{**given, **options})

    @property
    def asked(self):
        """The texts that each was asked about; requests run at the same time."""
        return [sorted(map(text_of, one.requests)) for one in (self.small, self.large)]


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out.jsonl"


def lines_of(output):
    return [json.loads(line) for line in output.read_text().splitlines()]


# -- who is asked ---------------------------------------------------------------------------------


def test_only_doubtful_inputs_reach_the_large_model():
    pair = Pair()
    found = pair.run(concurrency=4).all()
    assert pair.asked == [sorted(TEXTS), sorted(DOUBTFUL)]
    assert [result.input for result in found] == TEXTS
    for text, result in zip(TEXTS, found, strict=True):
        own = answer_to(text).value["team"]
        assert result.value["team"] == (own if is_sure(text) else OTHER[own])
        assert result.outcome == "accept"
    (form,) = {json.dumps(body["response_format"]) for body in pair.large.requests}
    assert list(json.loads(form)["json_schema"]["schema"]["properties"]) == ["team"]


def test_each_result_is_that_of_a_cascade():
    found = Pair().run().all()
    for result in found:
        pair = Pair()
        steps = [CascadeStep(pair.small, model="small"), CascadeStep(pair.large, model="large")]
        assert result.report == cascade(SCHEMA, result.input, steps=steps)


def test_all_tokens_are_summed_up():
    found = Pair().run().all()
    asked = [one for report in found.reports for one in requests_of(report)]
    assert len(asked) == len(TEXTS) + len(DOUBTFUL)
    assert found.summary.input_tokens == sum(one.input_tokens for one in asked)
    assert found.summary.output_tokens == sum(one.output_tokens for one in asked)


def test_a_step_has_its_own_options_over_those_of_the_run():
    pair = Pair()
    step = {"temperature": 0.5, "blind": True, "instructions": "Look twice."}
    pair.run(DOUBTFUL[:1], step=step, temperature=0, seed=7).run()
    (first,), (second,) = pair.small.requests, pair.large.requests
    assert [body["temperature"] for body in (first, second)] == [0, 0.5]
    assert [body["seed"] for body in (first, second)] == [7, 7]
    assert second["messages"][0]["content"] == "Look twice."  # and nothing of what is known


def test_the_budget_is_that_of_each_input():
    whole = Pair().run(DOUBTFUL[:3]).all()
    tokens = [requests_of(report)[0] for report in whole.reports]
    most = max(one.input_tokens + one.output_tokens for one in tokens)
    for budget, expected in [(most + 1, 3), (1, 0)]:
        pair = Pair()
        pair.run(DOUBTFUL[:3], budget=budget, max_tokens=50).run()
        assert len(pair.large.requests) == expected


def test_a_budget_of_money():
    def asked(budget):
        pair = Pair()
        options = {"price": (1, 1), "step": {"price": (100, 100)}}
        pair.run(DOUBTFUL[:1], budget=budget, max_tokens=50, **options).run()
        return len(pair.large.requests)

    (first,) = requests_of(Pair().run(DOUBTFUL[:1]).all()[0].report)[:1]
    paid = (first.input_tokens + first.output_tokens) / 1e6
    assert (asked(paid), asked(paid * 1.01)) == (0, 1)


def test_samples_may_be_those_of_one_step():
    pair = Pair()
    found = pair.run(TEXTS, samples=3, step={"samples": 1}).all()
    assert [len(asked) for asked in pair.asked] == [3 * len(TEXTS), len(DOUBTFUL)]
    assert found[0].report["urgent"].agreement.of == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": [], "budget": 5}, "a budget is for several steps"),
        ({"steps": (), "price": (1, 2)}, "a budget is for several steps"),
        ({"steps": [FakeClient(True)]}, "a FakeClient is no step"),
        ({"budget": 0}, "the budget is 0"),
        ({"price": (1, 2), "budget": 5}, "only some of the steps have a price"),
        ({"step": {"model": None}, "model": None}, "no model was named"),
        ({"steps": [CascadeStep(AsyncFakeClient(True), model="m")]}, "the client is asynchronous"),
        ({"step": {"provider": "anthropic"}}, "logprobs"),
    ],
)
def test_mistakes_are_said_before_anything_is_asked(options, words):
    pair = Pair()
    with pytest.raises(fc.RequestError, match=words):
        pair.run(**options)
    assert pair.asked == [[], []]


def test_a_synchronous_step_of_an_asynchronous_run_is_said():
    steps = [CascadeStep(FakeClient(True), model="m")]
    with pytest.raises(fc.RequestError, match="the client is synchronous"):
        aextract_many(SCHEMA, TEXTS, client=AsyncFakeClient(small), model="m", steps=steps)


def test_tasks_give_the_same_as_threads(output):
    async def collected():
        pair = Pair(kind=AsyncFakeClient)
        run = pair.run(face=aextract_many, concurrency=4, output=output)
        return await run.all(), pair.asked

    results, asked = asyncio.run(collected())
    threads = Pair()
    beside = output.with_name("threads.jsonl")
    found = threads.run(output=beside).all()
    assert [plain(result) for result in results] == [plain(result) for result in found]
    assert asked == threads.asked
    assert output.read_bytes() == beside.read_bytes()


# -- a step that fails ----------------------------------------------------------------------------


@pytest.mark.parametrize("face", [extract_many, aextract_many])
def test_an_input_of_which_a_later_step_fails_keeps_what_was_found(output, face):
    async def collected(run):
        return await run.all()

    kind = FakeClient if face is extract_many else AsyncFakeClient
    run = Pair(large, kind=kind).run(face=face, output=output)
    found = run.all() if face is extract_many else asyncio.run(collected(run))
    (failed,) = found.failures
    assert (failed.input, failed.error.status) == (DOUBTFUL[-1], 500)
    assert failed.error.report.data == answer_to(DOUBTFUL[-1]).value
    (line,) = [line for line in lines_of(output) if line["error"]]
    assert line["outcome"] == "failed"
    assert (line["data"], line["report"]["data"]) == (None, failed.error.report.data)
    paid = [*(requests_of(report) for report in found.reports), requests_of(failed.error.report)]
    asked = [one for requests in paid for one in requests]
    assert found.summary.input_tokens == sum(one.input_tokens for one in asked)


def test_it_is_asked_again_from_the_first_step_on(output):
    Pair(large).run(output=output).run()
    kept = Pair().run(output=output, retry_failures=False).all()
    assert kept.failures[0].error.report.data == answer_to(DOUBTFUL[-1]).value
    assert kept.summary.input_tokens == 0
    again = Pair()
    summary = again.run(output=output).run()
    assert again.asked == [[DOUBTFUL[-1]], [DOUBTFUL[-1]]]
    assert (summary.resumed, summary.accept) == (len(TEXTS) - 1, len(TEXTS))


# -- the output -----------------------------------------------------------------------------------


def test_from_any_beginning_neither_model_is_asked_for_what_is_there(output):
    found = Pair().run(output=output, tokens=True).all()
    whole = output.read_bytes()
    journal = output.with_name("out.jsonl.journal")
    lines = whole.splitlines(keepends=True)
    for count in range(len(lines) + 1):
        output.unlink(missing_ok=True)
        journal.write_bytes(b"".join(lines[:count]) + whole[:1])  # a line that was begun
        pair = Pair()
        again = pair.run(output=output, tokens=True).all()
        assert output.read_bytes() == whole
        assert [result.report for result in again] == [result.report for result in found]
        left = TEXTS[count:]
        assert pair.asked == [sorted(left), sorted(t for t in left if not is_sure(t))]


CHANGES = {
    "the model of a step": {"step": {"model": "larger"}},
    "what a step is shown": {"step": {"blind": True}},
    "an option of a step": {"step": {"temperature": 0.3}},
    "the samples of a step": {"step": {"samples": 2}},
    "the policy of a step": {"step": {"policy": {"accept": 0.8}}},
    "the policy": {"policy": {"accept": 0.5}},
    "a band of the policy": {"policy": {"fields": {"/team": 0.5}}},
    "a budget": {"budget": 9999},
    "an option of all": {"temperature": 0.3},
    "no step": {"steps": []},
    "one step more": {"steps": [CascadeStep(FakeClient(sound), model="large")] * 2},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_decides_the_answers_cannot_be_changed(output, change):
    Pair().run(output=output).run()
    content, pair = output.read_bytes(), Pair()
    with pytest.raises(OutputError, match=r"another (schema|model, or other options)"):
        pair.run(output=output, **change).run()
    assert output.read_bytes() == content
    assert pair.asked == [[], []]


@pytest.mark.parametrize(("change", "is_refused"), [({"budget": 8}, True), ({}, False)])
def test_a_price_counts_where_there_is_a_budget(output, change, is_refused):
    options = {"price": (1, 1), "step": {"price": (2, 2)}, **change}
    Pair().run(output=output, **options).run()
    for other in ({"price": (3, 1)}, {"step": {"price": (2, 3)}}):
        pair = Pair()
        run = pair.run(output=output, **{**options, **other})
        if is_refused:
            with pytest.raises(OutputError):
                run.run()
        else:
            assert run.run().resumed == len(TEXTS)
        assert pair.asked == [[], []]


def test_a_threshold_of_the_schema_decides_too(output):
    def with_threshold(number):
        team = {**SCHEMA["properties"]["team"], "x-fieldconf": {"accept": number}}
        return {**SCHEMA, "properties": {**SCHEMA["properties"], "team": team}}

    Pair().run(output=output, schema=with_threshold(0.9)).run()
    with pytest.raises(OutputError, match="another schema"):
        Pair().run(output=output, schema=with_threshold(0.5)).run()


SAME = {
    "the same policy": {"policy": {"fields": {"/urgent": 0.9, "/team": 0.9}}},
    "time limits": {"request_options": {"timeout": 3}, "step": {"request_options": {"timeout": 4}}},
    "who is told": {"observe": lambda report: None, "step": {"observe": lambda report: None}},
    "how many at once": {"concurrency": 1},
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_decides_nothing_may_be_changed(output, change):
    policy = {"fields": {"/team": 0.9, "/urgent": 0.9}}
    Pair().run(output=output, policy=policy).run()
    content, pair = output.read_bytes(), Pair()
    found = pair.run(output=output, **{"policy": policy, **change}).all()
    assert found.summary.resumed == len(TEXTS)
    assert pair.asked == [[], []]
    assert output.read_bytes() == content


def test_the_policy_of_a_last_step_is_still_that_of_the_report(output):
    step = {"policy": {"accept": 0.995}}
    first = Pair().run(output=output, step=step).all()
    again = Pair().run(output=output, step=step).all()
    assert {result.outcome for result in first} == {"review"}  # nobody is as sure as that
    assert [plain(result) for result in again] == [plain(result) for result in first]


def test_a_cancelled_task_keeps_what_was_answered(output):
    """Also where others wait for their second answer."""
    held = DOUBTFUL[0]

    async def run():
        desk = AsyncDesk(hold=[held])
        steps = [CascadeStep(desk, model="large")]
        options = {"output": output, "concurrency": 3, "model": "small", "steps": steps}
        results = aextract_many(SCHEMA, TEXTS, client=AsyncFakeClient(small), **options)
        asking = asyncio.create_task(results.all())
        while not desk.held:
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return asking.cancelled()

    assert asyncio.run(run())
    journal = output.with_name("out.jsonl.journal")
    indexes = [line["index"] for line in lines_of(journal)] if journal.exists() else []
    assert TEXTS.index(held) not in indexes
    pair = Pair()
    assert pair.run(output=output).run().resumed == len(indexes)
    assert len(pair.small.requests) == len(TEXTS) - len(indexes)
