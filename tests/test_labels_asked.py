"""Label sets where a model is asked: requests, streams, second readings, many inputs, the faces."""

import asyncio
import json

import pytest
from builders import entry, response

import fieldconf as fc
from fieldconf.errors import NoLogprobsError, RequestError, SchemaError
from fieldconf.providers.forms import LABELS
from fieldconf.providers.provider_table import PROVIDERS
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient

LABELS_SET = fc.LabelSet({"A": "spam", "B": "ham"})
MARKED = fc.LabelSet({"A": "spam", "B": "ham"}, after="Final:")
WORDS = "Win a prize!"
HELD = "max_", "n_predict", "num_predict", "choice", "regex", "grammar"


def answering(*texts, sure=0.95):
    """A client that answers with these texts."""
    return FakeClient(*(Answer(text=text, default=sure) for text in texts))


def extracted(text, labels=LABELS_SET, *, sure=0.95, **more):
    return fc.extract(labels, WORDS, client=answering(text, sure=sure), model="m", **more)


# -- the request -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [key for key, row in PROVIDERS.items() if row.ask in LABELS])
def test_a_request_for_labels_has_logprobs_and_no_form_of_json(key):
    made = json.dumps(fc.request(LABELS_SET, provider=key))
    assert not any(word in made for word in ('schema":', "json", "enum")) or "x.enum" in made
    assert any(word in made for word in ("logprob", "n_probs", "top_n_tokens", "output_scores"))
    marked = json.dumps(fc.request(MARKED, provider=key))
    assert not any(word in marked for word in HELD)


def test_who_gives_no_logprobs_is_refused_as_ever():
    with pytest.raises(NoLogprobsError):
        fc.request(LABELS_SET, provider="anthropic")
    with pytest.raises(NoLogprobsError):
        fc.request(LABELS_SET, model="o3")
    assert fc.request(LABELS_SET, provider="xai")["top_logprobs"] == 8
    assert fc.request(LABELS_SET, model="gpt-5.4-mini")["top_logprobs"] == 5


@pytest.mark.parametrize(
    ("key", "path", "value"),
    [
        ("vllm", ["extra_body", "structured_outputs", "choice"], ["a.b", 'c"']),
        ("sglang", ["extra_body", "regex"], '(a\\.b|c")'),
        ("sglang-generate", ["sampling_params", "regex"], '(a\\.b|c")'),
        ("llama.cpp", ["extra_body", "grammar"], 'root ::= "a.b" | "c\\""'),
        ("llama.cpp-completion", ["grammar"], 'root ::= "a.b" | "c\\""'),
        ("tgi-generate", ["grammar", "value"], '(a\\.b|c")'),
        ("gemini", ["config", "response_schema", "enum"], ["a.b", 'c"']),
        ("openai", ["max_completion_tokens"], 3 + 16),
        ("sglang-generate", ["sampling_params", "max_new_tokens"], 3 + 16),
    ],
)
def test_what_holds_an_answer_to_the_labels(key, path, value):
    made = fc.request(fc.LabelSet(["a.b", 'c"']), provider=key)
    for name in path:
        made = made[name]
    assert made == value


def test_a_decision_endpoint_is_asked_for_the_meanings():
    (asked,) = fc.request(LABELS_SET, provider="openai-decisions")["questions"]
    assert [choice["value"] for choice in asked["choices"]] == ["spam", "ham"]


def test_a_label_set_has_no_strict_form():
    with pytest.raises(SchemaError, match="no strict form"):
        fc.strict(LABELS_SET)


# -- extract ---------------------------------------------------------------------------------------


def test_extract_asks_for_a_label():
    client = answering("A")
    report = fc.extract(LABELS_SET, WORDS, client=client, model="m", instructions="You sort mail.")
    assert (report.value, report.confidence) == ("spam", pytest.approx(0.95))
    (body,) = client.requests
    system, user = body["messages"]
    assert system["content"] == f"You sort mail.\n{LABELS_SET.instruction}"
    assert user["content"] == WORDS
    assert "response_format" not in body
    assert body["max_tokens"] == 17


def test_the_instruction_stands_in_the_system_message_that_is_there():
    client = answering("A")
    messages = [{"role": "system", "content": "Hi."}, {"role": "user", "content": WORDS}]
    fc.extract(LABELS_SET, messages, client=client, model="m")
    assert [one["role"] for one in client.requests[0]["messages"]] == ["system", "user"]
    assert client.requests[0]["messages"][0]["content"] == f"Hi.\n{LABELS_SET.instruction}"
    assert messages[0]["content"] == "Hi."


def test_responses_are_asked_by_their_own_words():
    client = answering("B")
    report = fc.extract(
        LABELS_SET, WORDS, client=client, model="m", provider="openai-responses", max_tokens=30
    )
    body = client.requests[0]
    assert (report.value, body["instructions"]) == ("ham", LABELS_SET.instruction)
    assert (body["max_output_tokens"], "text" in body) == (30, False)


def test_an_answer_that_reasons_first():
    client = answering("It offers money. Final: A")
    report = fc.extract(MARKED, WORDS, client=client, model="m")
    assert report.value == "spam"
    assert "max_tokens" not in client.requests[0]
    assert "'Final:'" in client.requests[0]["messages"][0]["content"]


def test_asynchronously():
    client = AsyncFakeClient(Answer(text="B", default=0.9))
    report = asyncio.run(fc.aextract(LABELS_SET, WORDS, client=client, model="m"))
    assert report.value == "ham"


def test_what_cannot_be_done_with_labels_says_why():
    with pytest.raises(RequestError, match="known when the answer has ended"):
        extracted("A", stop_when=fc.StopWhen(below=0.5))
    with pytest.raises(SchemaError, match="how it is matched"):
        extracted("A", match="loose")


# -- streams ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", ["all", "fields"])
@pytest.mark.parametrize("text", ["A", "C", 'Look: {"a": 1}. Final: B', "no mark"])
def test_a_stream_gives_the_label_when_it_ends(text, keep):
    labels = MARKED if "mark" in text or "Final" in text else LABELS_SET
    asked = {"model": "m", "provider": "openai", "keep": keep}  # whose streams count their tokens
    whole = fc.extract(labels, WORDS, client=answering(text), **asked)
    stream = fc.stream(labels, WORDS, client=answering(text), **asked)
    events = list(stream)
    assert [event.type for event in events] == ["field", "report"]
    assert events[0].field == events[1].report[""] == whole[""]
    assert stream.report == whole

    async def read():
        client = AsyncFakeClient(Answer(text=text, default=0.95))
        return [event async for event in fc.astream(labels, WORDS, client=client, **asked)]

    assert asyncio.run(read()) == events


def test_a_label_that_broke_off_is_none():
    stream = fc.stream(fc.LabelSet(["AA", "AAA"]), WORDS, client=answering("AA"), model="m")
    with stream:
        pass
    assert (stream.report.status, stream.report.value) == ("truncated", None)


# -- second readings -------------------------------------------------------------------------------


def test_reask_asks_for_a_label_again():
    first = extracted("A", sure=0.6)
    client = answering("B", sure=0.97)
    report = fc.reask(first, client=client, model="large")
    assert (report.value, report.confidence, report.text) == ("ham", pytest.approx(0.97), "B")
    assert [(one.value, one.how, one.agrees) for one in report[""].readings] == [
        ("spam", "answer", False), ("ham", "reask", True),
    ]  # fmt: skip
    assert [one.how for one in report.requests] == ["answer", "reask"]
    assert client.requests[0]["messages"][0]["content"] == LABELS_SET.instruction
    assert fc.Report.from_json(report.to_json(tokens=True), LABELS_SET) == report


@pytest.mark.parametrize("text", ["any sentence at all", "spam", "", "A."])
def test_reask_takes_no_sentence_for_a_label(text):
    first = extracted("A", sure=0.6)
    report = fc.reask(first, client=answering(text), model="large")
    assert (report.value, report.data, report.text) == ("spam", "spam", "A")
    assert (report[""].readings[1].value, report[""].readings[1].agrees) == (None, False)
    assert report.outcome != "accept"  # a second reading says something else
    none = fc.reask(extracted("what?"), client=answering(text), model="large")
    assert (none.status, none.value, none.outcome) == ("complete", None, "reject")
    assert none.errors


def test_reask_asks_where_the_first_answer_was_no_label():
    report = fc.reask(extracted("any"), client=answering("B"), model="large")
    assert (report.value, report.status, report.errors) == ("ham", "complete", ())
    assert [one.agrees for one in report[""].readings] == [False, True]


def test_reask_of_two_that_say_the_same_keeps_the_surer():
    first = extracted("A", sure=0.6)
    for sure in (0.3, 0.9):
        report = fc.reask(first, client=answering("A", sure=sure), model="large")
        assert (report.value, report.confidence) == ("spam", pytest.approx(max(0.6, sure)))


def test_reask_does_not_take_what_is_worse_or_settled():
    first = extracted("A", sure=0.6)
    assert fc.reask(first, client=answering("B", sure=0.1), model="large").value == "spam"
    accepted = extracted("A", sure=0.99)
    again = {"client": answering("B", sure=0.99), "model": "large", "fields": [""]}
    assert fc.reask(accepted, **again).value == "spam"
    assert fc.reask(accepted, **again, replace=True).value == "ham"
    assert fc.reask(accepted, client=answering("B"), model="large") is accepted


def test_asynchronous_reask():
    client = AsyncFakeClient(Answer(text="B", default=0.97))
    asking = fc.areask(extracted("A", sure=0.6), client=client, model="large")
    assert asyncio.run(asking).value == "ham"


def test_a_cascade_of_labels():
    small, large = answering("A", sure=0.6), answering("B", sure=0.97)
    steps = [fc.CascadeStep(small, model="small"), fc.CascadeStep(large, model="large")]
    report = fc.cascade(LABELS_SET, WORDS, steps=steps)
    assert (report.value, len(report.requests)) == ("ham", 2)
    assert "response_format" not in large.requests[0]


def test_verify_asks_whether_a_label_is_right():
    first = extracted("A", sure=0.6)
    client = FakeClient(Answer({"value": True}, {"value": 0.9}))
    report = fc.verify(first, client=client, model="large", combine="verification")
    assert (report.value, report.confidence) == ("spam", pytest.approx(0.9))
    assert '"spam"' in client.requests[0]["messages"][0]["content"]
    beside = extracted("any sentence")
    assert fc.verify(beside, client=client, model="large") == beside


def test_crosscheck_asks_a_decision_endpoint():
    class Decisions:
        @staticmethod
        def create(**_):
            probabilities = [{"value": value, "probability": 0.5} for value in ("spam", "ham")]
            return {"answers": [{"type": "choice", "name": "answer", "choice": "ham",
                                 "confidence": 0.5, "probabilities": probabilities}]}  # fmt: skip

    class Client:
        decisions = Decisions

    report = fc.crosscheck(extracted("A", sure=0.9), client=Client, model="m")
    assert (report.value, round(report.confidence, 6)) == ("spam", 0.75)


def test_samples_vote_for_labels():
    texts = ["B", "A", "any", "B", "spam"]
    client = answering(*texts, sure=0.6)
    report = fc.extract(LABELS_SET, WORDS, client=client, model="m", samples=5)
    agreement = report[""].agreement
    assert (report.value, agreement.count, agreement.of) == ("ham", 2, 5)
    assert sorted(str(one.value) for one in report[""].readings) == [
        "None", "None", "ham", "ham", "spam",
    ]  # fmt: skip
    assert fc.agree([extracted("x"), extracted("y")]).value is None


def test_the_order_of_samples_changes_nothing():
    reports = [extracted(text, sure=sure) for text, sure in
               [("A", 0.6), ("B", 0.7), ("x", 0.9), ("B", 0.6), ("A", 0.5)]]  # fmt: skip
    made = [fc.agree(some) for some in (reports, reports[::-1], reports[2:] + reports[:2])]
    assert {(one.value, one.confidence, one[""].agreement) for one in made} == {
        ("ham", made[0].confidence, made[0][""].agreement)
    }


def test_samples_without_logprobs():
    client = FakeClient(Answer(text="A"), Answer(text="B"), Answer(text="A"))
    report = fc.extract(LABELS_SET, WORDS, client=client, model="m", provider="groq", samples=3)
    assert "logprobs" not in client.requests[0]
    assert (report.value, report[""].basis, report.status) == ("spam", "agreement", "complete")


# -- many inputs -----------------------------------------------------------------------------------


def test_many_inputs_are_labelled_and_gone_on_with(tmp_path):
    output = tmp_path / "out.jsonl"
    asked = {"client": answering("A"), "model": "m", "output": output, "progress": False}
    results = fc.extract_many(LABELS_SET, ["one", "two"], **asked).all()
    assert [result.value for result in results] == ["spam", "spam"]
    nobody = {**asked, "client": FakeClient(RequestError("asked again"))}
    again = fc.extract_many(LABELS_SET, ["one", "two"], **nobody).all()
    assert [result.value for result in again] == ["spam", "spam"]
    with pytest.raises(fc.OutputError):
        fc.extract_many(fc.LabelSet({"A": "spam", "B": "ham"}, match="loose"), ["one"],
                        **nobody).all()  # fmt: skip


def test_many_inputs_asynchronously():
    client = AsyncFakeClient(Answer(text="B", default=0.9))
    results = asyncio.run(fc.aextract_many(LABELS_SET, ["one"], client=client, model="m").all())
    assert [result.value for result in results] == ["ham"]


# -- settings of a label set -----------------------------------------------------------------------


def test_a_label_set_asks_for_itself():
    client = FakeClient(Answer(text="A", default=0.9))
    labels = fc.confident(client=lambda: client, model="m", provider="vllm")(LABELS_SET)
    assert labels == LABELS_SET
    report = labels.extract(WORDS)
    assert (report.value, client.requests[0]["model"]) == ("spam", "m")
    assert client.requests[0]["structured_outputs"] == {"choice": ["A", "B"]}
    assert [result.value for result in labels.extract_many([WORDS]).all()] == ["spam"]
    assert labels.stream(WORDS).report.value == "spam"
    assert labels.request() == fc.request(LABELS_SET, provider="vllm", model="m")
    assert "Be brief." in str(_messages(fc.confident(instructions="Be brief.")(labels), client))
    assert fc.score(_saved("B"), labels).value == "ham"
    assert labels.score(_saved("B")).value == "ham"
    assert type(fc.score(_saved("B"), labels).schema.labels) is fc.LabelSet
    with pytest.raises(RequestError, match="no client"):
        fc.confident(LABELS_SET).extract(WORDS)
    with pytest.raises(SchemaError, match="how it is matched"):
        fc.confident(client=client, model="m", match="loose")(LABELS_SET).extract(WORDS)


def test_a_label_set_asks_for_itself_asynchronously():
    client = AsyncFakeClient(Answer(text="A", default=0.9))
    labels = fc.confident(async_client=client, model="m")(LABELS_SET)
    assert asyncio.run(labels.aextract(WORDS)).value == "spam"


def _messages(labels, client):
    labels.extract(WORDS)
    return client.requests[-1]["messages"]


def _saved(text):
    return response([entry(text, -0.1)])
