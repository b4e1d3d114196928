"""The same question in another form: ``second_prompt``."""

import asyncio
import math
from typing import Any

import pytest

import fieldconf as fc
from fieldconf.agreement.equivalence import normal
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient
from fieldconf.verification.second_prompt import WORDING, reordered

TICKET = {
    "type": "object",
    "properties": {
        "team": {"enum": ["sales", "tech", "legal"]},
        "name": {"type": ["string", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["team", "name", "tags"],
}
VALUE = {"team": "sales", "name": "Anna", "tags": ["a", "b"]}


def answered(
    second: Any, confidences: Any = None, *, first: Any = None, input: Any = "Hello", **options: Any
) -> tuple[fc.Report[Any], fc.Report[Any], FakeClient]:  # fmt: skip
    client = FakeClient(
        Answer(VALUE, first or {"team": 0.9, "name": 0.8, "/tags/0": 0.7}),
        Answer(second, confidences or {}),
    )
    report = fc.extract(TICKET, input, client=client, model="m")
    return report, fc.second_prompt(report, client=client, model="m", **options), client


def pooled(first: float, second: float) -> float:
    def log_odds(p: float) -> float:
        return math.log(p / (1 - p))

    return 1 / (1 + math.exp(-(log_odds(first) + log_odds(second)) / 2))


def test_the_confidence_is_the_mean_of_both_in_log_odds() -> None:
    first, report, _ = answered(VALUE, {"team": 0.6, "name": 0.5})
    assert report["team"].confidence == pytest.approx(pooled(first["team"].confidence or 0, 0.6))
    reading = report["team"].readings[-1]
    assert (reading.how, reading.value, reading.agrees) == ("second_prompt", "sales", True)
    assert report.value == first.value
    assert [cost.how for cost in report.requests] == ["answer", "second_prompt"]


def test_another_member_speaks_against_the_first_by_its_own_distribution() -> None:
    first, report, _ = answered({**VALUE, "team": "tech"}, {"team": 0.7})
    reading = report["team"].readings[-1]
    assert (reading.value, reading.agrees) == ("tech", False)
    assert (report["team"].confidence or 1) < (first["team"].confidence or 0)
    assert any(reason.name == "readings_disagree" for reason in report.verdicts["/team"].reasons)


def test_another_text_leaves_the_first_at_most_the_rest() -> None:
    first, report, _ = answered({**VALUE, "name": "Tom"}, {"name": 0.75})
    own = first["name"].confidence or 0
    assert (report["name"].confidence or 1) <= pooled(own, 0.25) + 1e-9
    assert report["name"].low == 0


def test_items_are_matched_by_content_wherever_they_stand() -> None:
    first, report, _ = answered({**VALUE, "tags": ["b", "a"]}, {"/tags/1": 0.6})
    own = first["/tags/0"].confidence or 0
    assert report["/tags/0"].readings[-1].value == "a"
    assert report["/tags/0"].confidence == pytest.approx(pooled(own, 0.6))


def test_an_item_that_the_second_answer_lacks_is_unverified() -> None:
    first, report, _ = answered({**VALUE, "tags": ["b"]})
    assert report["/tags/0"].confidence == first["/tags/0"].confidence
    assert "unverified" in report["/tags/0"].flags


def test_the_second_question_has_another_wording_and_order() -> None:
    messages = [
        {"role": "system", "content": "Read."},
        {"role": "user", "content": "one"}, {"role": "assistant", "content": "1"},
        {"role": "user", "content": "two"}, {"role": "assistant", "content": "2"},
        {"role": "user", "content": "near"}, {"role": "assistant", "content": "3"},
        {"role": "user", "content": "four"},
    ]  # fmt: skip
    _, _, client = answered(VALUE, input=messages)
    sent = client.requests[-1]
    contents = [message["content"] for message in sent["messages"]]
    assert contents[1:] == ["two", "2", "one", "1", "near", "3", "four"]
    assert contents[0].startswith("Read.")
    assert WORDING in contents[0]
    schema = sent["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["team"]["enum"] == ["legal", "tech", "sales"]


def test_examples_and_instructions_of_ones_own_replace_the_first_ones() -> None:
    _, _, client = answered(VALUE, examples=[("five", {"team": "tech"})], instructions="Other.")
    contents = [message["content"] for message in client.requests[-1]["messages"]]
    assert contents[-3:] == ["five", '{"team":"tech"}', "Hello"]
    assert "Other." in contents[0]
    assert WORDING not in "".join(contents)


def test_labels_are_asked_in_reverse_order() -> None:
    labels = fc.LabelSet({"yes": True, "no": False})
    client = FakeClient(Answer(text="yes", default=0.9), Answer(text="no", default=0.9))
    report = fc.extract(labels, "?", client=client, model="m")
    field = fc.second_prompt(report, client=client, model="m")[""]
    assert (field.value, field.readings[-1].value) == (True, False)


def test_asynchronous_clients_ask_the_same() -> None:
    async def run() -> fc.Report[Any]:
        client = AsyncFakeClient(Answer(VALUE, {"team": 0.9}), Answer(VALUE, {"team": 0.6}))
        report = await fc.aextract(TICKET, "Hello", client=client, model="m")
        return await fc.asecond_prompt(report, client=client, model="m")

    assert asyncio.run(run())["team"].readings[-1].agrees


def test_an_unknown_rule_costs_nothing() -> None:
    client = FakeClient(Answer(VALUE))
    report = fc.extract(TICKET, "Hello", client=client, model="m")
    with pytest.raises(fc.RequestError, match="no rule 'best'") as caught:
        fc.second_prompt(report, client=client, model="m", combine="best")  # type: ignore[arg-type]
    assert len(client.requests) == 1
    assert caught.value.report is report


def test_members_are_reversed_at_any_depth_and_the_schema_is_left_alone() -> None:
    schema = {"anyOf": [{"enum": [1, 2]}, {"items": {"enum": ["x", None]}}], "enum": "no list"}
    assert reordered(schema)["anyOf"] == [{"enum": [2, 1]}, {"items": {"enum": [None, "x"]}}]
    assert schema["anyOf"][0] == {"enum": [1, 2]}


def test_an_answer_at_hand_is_read_without_a_request() -> None:
    client = FakeClient(Answer(VALUE, {"team": 0.9}), Answer(VALUE, {"team": 0.6}))
    report = fc.extract(TICKET, "Hello", client=client, model="m")
    answer = fc.extract(TICKET, "Hello", client=client, model="other")
    field = fc.second_prompt(report, answer=answer)["team"]
    assert field.confidence == pytest.approx(pooled(report["team"].confidence or 0, 0.6))
    assert len(client.requests) == 2


def test_a_list_is_read_once_however_many_items_it_has(monkeypatch) -> None:
    tags = [f"t{number}" for number in range(40)]
    client = FakeClient({**VALUE, "tags": tags}, {**VALUE, "tags": tags[::-1]})
    report = fc.extract(TICKET, "Hello", client=client, model="m")
    answer = fc.extract(TICKET, "Hello", client=client, model="m")
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return normal(*arguments)

    monkeypatch.setattr("fieldconf.verification.second_prompt.normal", counted)
    checked = fc.second_prompt(report, answer=answer)
    assert all(checked[f"/tags/{number}"].readings[-1].agrees for number in range(40))
    assert len(calls) <= 4 * len(tags) + 20
