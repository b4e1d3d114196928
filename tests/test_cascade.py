"""Cascades: which models are asked, when they are not, and what it costs."""

import asyncio
import logging

import pytest

import fieldconf as fc
from fieldconf.reasking.cascade import SMALL, CascadeStep, acascade, cascade
from fieldconf.reasking.merging import requests_of
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient, HttpError

TEAM = {"enum": ["billing", "sales", "login"]}
SCHEMA = {
    "type": "object", "properties": {"team": TEAM, "urgent": {"type": "boolean"}},
    "required": ["team", "urgent"], "additionalProperties": False,
}  # fmt: skip
TEXT = "I was charged twice."


def answer(value, *, doubts=(), model="made-up"):
    return Answer(value, dict.fromkeys(doubts, 0.6), model=model)


SMALL_ANSWER = answer({"team": "sales", "urgent": True}, doubts=["/team", "/urgent"], model="small")
MIDDLE_ANSWER = answer({"team": "login", "urgent": True}, doubts=["/team"], model="middle")
LARGE_ANSWER = answer({"team": "billing"}, model="large")
ANSWERS = (SMALL_ANSWER, MIDDLE_ANSWER, LARGE_ANSWER)


def clients(*answers, kind=FakeClient):
    return [kind(one) for one in answers]


def steps_of(made, **more):
    return [CascadeStep(client, model=f"m{number}", **more) for number, client in enumerate(made)]


def counts(made):
    return [len(client.requests) for client in made]


def cost(report):
    return sum(one.input_tokens + one.output_tokens for one in requests_of(report))


def test_each_step_is_asked_for_what_is_still_in_doubt():
    made = clients(*ANSWERS)
    report = cascade(SCHEMA, TEXT, steps=steps_of(made))
    asked = [client.requests[0]["response_format"]["json_schema"]["schema"] for client in made]
    assert [form["required"] for form in asked] == [
        ["team", "urgent"],
        ["team", "urgent"],
        ["team"],
    ]
    assert [client.requests[0]["model"] for client in made] == ["m0", "m1", "m2"]
    assert report.value == {"team": "billing", "urgent": True}
    assert [(one.how, one.model) for one in report.requests] == [
        ("answer", "small"), ("reask", "middle"), ("reask", "large"),
    ]  # fmt: skip
    assert [one.value for one in report["team"].readings] == ["sales", "login", "billing"]


def test_it_ends_when_nothing_is_in_doubt(caplog):
    made = clients(SMALL_ANSWER, answer({"team": "billing", "urgent": True}), LARGE_ANSWER)
    with caplog.at_level(logging.INFO, "fieldconf"):
        report = cascade(SCHEMA, TEXT, steps=steps_of(made))
    assert counts(made) == [1, 1, 0]
    assert report.outcome == "accept"
    assert "nothing is in doubt" in caplog.messages[-1]


def test_the_policy_says_what_is_in_doubt():
    made = clients(*ANSWERS)
    report = cascade(SCHEMA, TEXT, steps=steps_of(made), policy={"accept": 0.5})
    assert counts(made) == [1, 0, 0]
    assert report.policy.accept == 0.5


def test_a_step_has_its_own_options_over_those_of_all():
    (one, two) = made = clients(SMALL_ANSWER, LARGE_ANSWER)
    steps = [
        CascadeStep(one, model="a", temperature=0.2),
        CascadeStep(two, model="b", instructions="Look twice."),
    ]
    cascade(SCHEMA, TEXT, steps=steps, temperature=0, instructions="Look.")
    assert [client.requests[0]["temperature"] for client in made] == [0.2, 0]
    told = [client.requests[0]["messages"][0]["content"] for client in made]
    assert [text.splitlines()[0] for text in told] == ["Look.", "Look twice."]


def test_a_blind_step_is_shown_nothing():
    (one, two) = clients(MIDDLE_ANSWER, LARGE_ANSWER)
    cascade(
        SCHEMA, TEXT, steps=[CascadeStep(one, model="a"), CascadeStep(two, model="b", blind=True)]
    )
    first, second = one.requests[0], two.requests[0]
    assert first["messages"] == second["messages"]


# -- the budget -----------------------------------------------------------------------------------


def test_no_step_is_begun_when_the_budget_is_spent(caplog):
    whole = cascade(SCHEMA, TEXT, steps=steps_of(clients(*ANSWERS)))
    first, second, third = (one.input_tokens + one.output_tokens for one in whole.requests)
    for budget, expected in [
        (first, [1, 0, 0]), (first + 1, [1, 1, 0]), (first + second, [1, 1, 0]),
        (first + second + 1, [1, 1, 1]), (first + second + third, [1, 1, 1]),
    ]:  # fmt: skip
        made = clients(*ANSWERS)
        with caplog.at_level(logging.INFO, "fieldconf"):
            report = cascade(SCHEMA, TEXT, steps=steps_of(made), budget=budget, max_tokens=99)
        assert counts(made) == expected
        assert len(requests_of(report)) == sum(expected)
        assert ("the budget is spent" in caplog.messages[-1]) == (expected != [1, 1, 1])


def test_an_answer_is_bounded_by_what_is_left():
    made = clients(*ANSWERS)
    report = cascade(SCHEMA, TEXT, steps=steps_of(made), budget=1000)
    spent = 0
    for client, asked in zip(made, report.requests, strict=True):
        assert client.requests[0]["max_tokens"] == 1000 - spent
        spent += asked.input_tokens + asked.output_tokens
    assert spent == cost(report)


@pytest.mark.parametrize(
    ("budget", "wanted", "sent"),
    [(None, None, None), (SMALL, None, None), (SMALL - 1, None, SMALL - 1), (None, 7, 7),
     (SMALL, 7, 7), (5, 7, 5), (50_000, 9_000, 9_000)],
)  # fmt: skip
def test_a_bound_is_sent_where_one_is_wanted_or_little_is_left(budget, wanted, sent):
    client = FakeClient(SMALL_ANSWER)
    cascade(SCHEMA, TEXT, steps=[CascadeStep(client, model="m")], budget=budget, max_tokens=wanted)
    assert client.requests[0].get("max_tokens") == sent


def test_with_prices_the_budget_is_money():
    prices = [(1.0, 2.0), (10.0, 40.0), (100.0, 400.0)]

    def taken(budget):
        made = clients(*ANSWERS)
        steps = [CascadeStep(c, model="m", price=p) for c, p in zip(made, prices, strict=True)]
        return cascade(SCHEMA, TEXT, steps=steps, budget=budget, max_tokens=50), counts(made)

    whole, _ = taken(None)
    paid = [
        (one.input_tokens * each + one.output_tokens * answered) / 1e6
        for one, (each, answered) in zip(whole.requests, prices, strict=True)
    ]
    assert taken(paid[0])[1] == [1, 0, 0]
    assert taken(paid[0] * 1.01)[1] == [1, 1, 0]
    assert taken(sum(paid[:2]) * 1.01)[1] == [1, 1, 1]


def test_money_bounds_an_answer_by_the_price_of_its_tokens():
    client = FakeClient(SMALL_ANSWER)
    cascade(SCHEMA, TEXT, steps=[CascadeStep(client, model="m", price=(1, 4))], budget=0.0004)
    assert client.requests[0]["max_tokens"] == 100


def test_steps_with_and_without_a_price_have_no_common_budget():
    made = clients(*ANSWERS[:2])
    steps = [CascadeStep(made[0], model="m", price=(1, 2)), CascadeStep(made[1], model="m")]
    with pytest.raises(fc.RequestError, match="price"):
        cascade(SCHEMA, TEXT, steps=steps, budget=100)
    assert counts(made) == [0, 0]
    cascade(SCHEMA, TEXT, steps=steps)
    assert counts(made) == [1, 1]


@pytest.mark.parametrize("budget", [0, -1, float("nan")])
def test_a_budget_of_nothing_is_none(budget):
    client = FakeClient(SMALL_ANSWER)
    with pytest.raises(fc.RequestError, match="budget"):
        cascade(SCHEMA, TEXT, steps=[CascadeStep(client, model="m")], budget=budget)
    assert not client.requests


def test_no_step_is_no_cascade():
    with pytest.raises(fc.RequestError, match="no steps"):
        cascade(SCHEMA, TEXT, steps=[])


class Uncounted:
    """A client of a server that does not say how many tokens there were."""

    def __init__(self, answer):
        self.client = FakeClient(answer)
        self.chat = self.completions = self

    def create(self, **options):
        response = self.client.chat.completions.create(**options).model_dump()
        return {name: part for name, part in response.items() if name != "usage"}


def test_what_is_not_counted_ends_what_has_a_budget_and_nothing_else(caplog):
    for budget, expected in [(1000, [1, 0]), (None, [1, 1])]:
        made = [Uncounted(SMALL_ANSWER), Uncounted(MIDDLE_ANSWER)]
        with caplog.at_level(logging.INFO, "fieldconf"):
            report = cascade(SCHEMA, TEXT, steps=steps_of(made), budget=budget)
        assert counts([one.client for one in made]) == expected
        assert {one.output_tokens for one in requests_of(report)} == {None}
        assert ("not known what was spent" in caplog.text) == (budget is not None)
        caplog.clear()


# -- samples --------------------------------------------------------------------------------------


def test_each_sample_of_a_step_is_paid_for_by_that_step():
    """Three cheap requests of the first step are not three steps."""
    cheap, dear = (1.0, 2.0), (1000.0, 2000.0)
    doubtful = [answer({"team": team, "urgent": True}) for team in ("sales", "login", "billing")]

    def taken(budget):
        made = [FakeClient(*doubtful), FakeClient(MIDDLE_ANSWER), FakeClient(LARGE_ANSWER)]
        steps = [
            CascadeStep(made[0], model="s", price=cheap, samples=3, provider="anthropic"),
            CascadeStep(made[1], model="m", price=dear),
            CascadeStep(made[2], model="l", price=dear),
        ]  # fmt: skip
        report = cascade(SCHEMA, TEXT, steps=steps, budget=budget)
        return report, [len(client.requests) for client in made]

    whole, asked = taken(None)
    assert asked == [3, 1, 1]
    prices = [cheap, cheap, cheap, dear, dear]
    paid = [
        (one.input_tokens * each + one.output_tokens * answered) / 1e6
        for one, (each, answered) in zip(whole.requests, prices, strict=True)
    ]
    for count, enough, more in [(3, [3, 0, 0], [3, 1, 0]), (4, [3, 1, 0], [3, 1, 1])]:
        assert taken(sum(paid[:count]))[1] == enough
        assert taken(sum(paid[:count]) * 1.01)[1] == more


def test_samples_share_what_is_left_and_are_counted_as_one_step(caplog):
    client = FakeClient(SMALL_ANSWER)
    with caplog.at_level(logging.INFO, "fieldconf"):
        cascade(SCHEMA, TEXT, steps=[CascadeStep(client, model="m")], budget=300, samples=3)
    assert [one["max_tokens"] for one in client.requests] == [100, 100, 100]
    assert "cascade: 1 of 1 steps" in caplog.messages[-1]


def test_samples_of_all_steps_and_of_one():
    made = clients(*ANSWERS)
    steps = [
        CascadeStep(client, model="m", **more)
        for client, more in zip(made, [{}, {"samples": 1}, {}], strict=True)
    ]
    report = cascade(SCHEMA, TEXT, steps=steps, samples=2)
    assert counts(made) == [2, 1, 2]
    assert [one.how for one in report.requests] == ["sample", "sample", "reask", "sample", "sample"]
    later = clients(*ANSWERS, kind=AsyncFakeClient)
    steps = [CascadeStep(client, model="m", samples=2) for client in later]
    assert asyncio.run(acascade(SCHEMA, TEXT, steps=steps)).data == report.data
    assert counts(later) == [2, 2, 2]


def test_values_of_each_step_are_looked_for_in_the_text():
    made = [FakeClient(answer({"name": "Anne"}, doubts=["/name"])), FakeClient({"name": "Anna"})]
    schema = {"properties": {"name": {"type": "string"}}, "required": ["name"]}
    report = cascade(schema, "Dear Anna", steps=steps_of(made), locate=["exact"])
    assert [one.text for one in report["name"].source_spans] == ["Anna"]


# -- when a step goes wrong -----------------------------------------------------------------------


def test_a_step_that_fails_carries_the_report_of_those_before():
    made = clients(SMALL_ANSWER, HttpError(500))
    with pytest.raises(fc.RequestError) as caught:
        cascade(SCHEMA, TEXT, steps=steps_of(made))
    assert caught.value.report.data == SMALL_ANSWER.value


def test_a_first_step_that_fails_has_no_report():
    with pytest.raises(fc.RequestError) as caught:
        cascade(SCHEMA, TEXT, steps=steps_of(clients(HttpError(500), LARGE_ANSWER)))
    assert caught.value.report is None


# -- asynchronous ---------------------------------------------------------------------------------


def test_asynchronous_clients_are_asked_the_same():
    made, plain = clients(*ANSWERS, kind=AsyncFakeClient), clients(*ANSWERS)
    report = asyncio.run(acascade(SCHEMA, TEXT, steps=steps_of(made), budget=5000))
    assert report == cascade(SCHEMA, TEXT, steps=steps_of(plain), budget=5000)
    assert [client.requests for client in made] == [client.requests for client in plain]


def test_an_asynchronous_step_that_fails_carries_the_report_of_those_before():
    made = clients(SMALL_ANSWER, HttpError(500), kind=AsyncFakeClient)
    with pytest.raises(fc.RequestError) as caught:
        asyncio.run(acascade(SCHEMA, TEXT, steps=steps_of(made)))
    assert caught.value.report.data == SMALL_ANSWER.value
