"""Settling: the real model is asked for what one response leaves open."""

import math
from typing import Literal

import pytest
from builders import entry as raw_entry
from builders import log, report_of, response, token
from embedded_ticket import TEXT, TICKET
from pydantic import BaseModel
from servers import closed_port

import fieldconf as fc
from fieldconf.probes import Vocabulary

# -- a probe made up ------------------------------------------------------------------------------

TOKENS = dict(
    enumerate([b"?", b'{"a":"', b"bill", b"ing", b"_review", b"sales", b'"}', b'"', b"s"])
)
IDS = {data: number for number, data in TOKENS.items()}
SCHEMA = {"properties": {"a": {"enum": ["billing", "bill_review", "sales"]}}, "required": ["a"]}


class MadeUp:
    """After "bill", three in four say "_review", whatever one response shows."""

    def __init__(self):
        self.vocabulary = Vocabulary(TOKENS)
        self.asked = []

    def prompt(self, messages):
        return tuple(IDS[b"?"] for _ in messages)

    def logprobs(self, prefix, wanted):
        self.asked.append(b"".join(TOKENS[i] for i in prefix))
        mass = {b"bill": 0.4, b"sales": 0.6, b"ing": 0.1, b"_review": 0.3}
        # Only proportions count: the constant is another one each time, and may be any.
        shift = -1000.0 * len(self.asked)
        return [math.log(mass[TOKENS[i]]) + shift if TOKENS[i] in mass else -math.inf
                for i in wanted]  # fmt: skip


def sales():
    listed = {"sales": 0.6, "bill": 0.4}
    entries = [raw_entry('{"a":"', 0.0), raw_entry("sales", math.log(0.6), log(listed)),
               raw_entry('"}', 0.0)]  # fmt: skip
    return response(entries)


def test_a_shared_branch_is_followed():
    probe = MadeUp()
    before = fc.score(sales(), SCHEMA)["a"].distribution
    assert (before["billing"].low, before["billing"].high) == pytest.approx((0.0, 0.4))
    settle = fc.Settle(probe=probe, prompt=[{"role": "user", "content": "?"}])
    report = fc.score(sales(), SCHEMA, settle=settle)
    found = report["a"].distribution
    assert {m.value: m.probability for m in found.candidates} == pytest.approx(
        {"sales": 0.6, "bill_review": 0.3, "billing": 0.1}
    )
    assert all(m.low == pytest.approx(m.high) for m in found.candidates)
    assert probe.asked == [b'?{"a":"bill']
    assert found.calls == 1
    assert "unsettled" not in report["a"].flags


def test_two_tokens_with_the_same_bytes_are_two():
    """Behind one "bill" all say "ing", behind its twin all say "_review"."""

    class Twins(MadeUp):
        def __init__(self):
            super().__init__()
            self.vocabulary = Vocabulary(TOKENS | {99: b"bill"})

        def logprobs(self, prefix, wanted):
            after = {2: {IDS[b"ing"]: 1.0}, 99: {IDS[b"_review"]: 1.0}}
            mass = after.get(prefix[-1], {IDS[b"bill"]: 0.5, 99: 0.2, IDS[b"sales"]: 0.3})
            return [math.log(mass[i]) if i in mass else -math.inf for i in wanted]

    listed = raw_entry("bill", math.log(0.5), log({"bill": 0.5}), id=IDS[b"bill"])
    listed["top_logprobs"] = [listed | {"top_logprobs": []}]
    entries = [raw_entry('{"a":"', 0.0, id=1), listed, raw_entry("ing", 0.0, id=3),
               raw_entry('"}', 0.0, id=6)]  # fmt: skip
    settle = fc.Settle(tolerance=1e-6, probe=Twins(), prompt=[0])
    found = fc.score(response(entries), SCHEMA, settle=settle)["a"].distribution
    assert {m.value: m.probability for m in found.candidates} == pytest.approx(
        {"billing": 0.5, "sales": 0.3, "bill_review": 0.2}
    )


def test_the_prompt_may_be_token_ids():
    probe = MadeUp()
    fc.score(sales(), SCHEMA, settle=fc.Settle(probe=probe, prompt=[0, 0]))
    assert probe.asked == [b'??{"a":"bill']


def test_a_budget_is_kept_and_what_stays_open_is_flagged():
    probe = MadeUp()
    settle = fc.Settle(probe=probe, prompt=[0], budget=0)
    report = fc.score(sales(), SCHEMA, settle=settle)
    assert probe.asked == []
    assert "unsettled" in report["a"].flags


def test_only_the_wanted_fields_are_settled():
    probe = MadeUp()
    settle = fc.Settle(probe=probe, prompt=[0], fields=["/b"])
    report = fc.score(sales(), SCHEMA, settle=settle)
    assert probe.asked == []
    assert "unsettled" not in report["a"].flags


def test_an_answer_whose_tokens_the_vocabulary_lacks_stays_open():
    probe = MadeUp()
    probe.vocabulary = Vocabulary({7: b"x"})
    report = fc.score(sales(), SCHEMA, settle=fc.Settle(probe=probe, prompt=[7]))
    assert probe.asked == []
    assert "unsettled" in report["a"].flags
    assert report["a"].confidence == pytest.approx(0.6)


def test_a_probe_that_fails_loses_nothing():
    class Failing(MadeUp):
        def logprobs(self, prefix, wanted):
            raise fc.RequestError("gone", remedy="Start it again")

    with pytest.raises(fc.RequestError) as caught:
        fc.score(sales(), SCHEMA, settle=fc.Settle(probe=Failing(), prompt=[0]))
    assert caught.value.report["a"].confidence == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("settle", "said"),
    [(fc.Settle(), "nobody to ask"), (fc.Settle(probe=MadeUp()), "no prompt")],
    ids=["no probe", "no prompt"],
)
def test_what_is_missing_is_said(settle, said):
    with pytest.raises(fc.RequestError, match=said):
        fc.score(sales(), SCHEMA, settle=settle)


@pytest.mark.parametrize("wrong", [{"tolerance": -0.1}, {"tolerance": 2}, {"budget": -1}])
def test_wishes_that_cannot_be(wrong):
    with pytest.raises(ValueError, match="cannot be"):
        fc.Settle(**wrong)


def test_without_candidates_at_all_every_token_is_asked_for():
    entries = [raw_entry('{"a":"', 0.0), raw_entry("sales", math.log(0.6)), raw_entry('"}', 0.0)]
    settle = fc.Settle(probe=MadeUp(), prompt=[0])
    found = fc.score(response(entries), SCHEMA, settle=settle)["a"].distribution
    assert found["bill_review"].probability == pytest.approx(0.3)
    assert found["bill_review"].low == pytest.approx(0.3)


def test_loose_labels():
    listed = {" Sales": 0.5, "Billing": 0.3, "cats": 0.2}
    made = [token('{"a":"', 0.0), token(" Sales", math.log(0.5), log(listed)), token('"}', 0.0)]
    strict = report_of(*made, schema=SCHEMA)["a"]
    assert strict.distribution.rest is not None  # no member: an open value
    entries = [raw_entry('{"a":"', 0.0), raw_entry(" Sales", math.log(0.5), log(listed)),
               raw_entry('"}', 0.0)]  # fmt: skip
    report = fc.score(response(entries), SCHEMA, match="loose")
    assert report["a"].distribution["sales"].probability == pytest.approx(0.5 / 0.8)
    assert report["a"].value == " Sales"  # what was said stays what it is
    assert report.errors


# -- the real model -------------------------------------------------------------------------------


class Routed(BaseModel):
    """Five teams, two of which begin alike."""

    urgent: bool
    team: Literal["billing", "bill_review", "infrastructure", "sales", "account_access"]


def test_the_real_model_is_settled(local_client):
    settle = fc.Settle(tolerance=0.01, budget=60)
    before = fc.extract(Routed, TEXT, client=local_client)
    after = fc.extract(Routed, TEXT, client=local_client, settle=settle)
    assert after.data == before.data
    for name in ("urgent", "team"):
        found = after[name].distribution
        assert all(m.high - m.low <= 0.01 for m in found.candidates)
        assert math.isclose(sum(m.probability for m in found.candidates), 1)
        # The first numbers were bounds of these, up to what the kernels differ by.
        for member in found.candidates:
            first = before[name].distribution[member.value]
            assert first.low - 0.03 <= member.probability <= first.high + 0.03
    assert 0 < after["team"].distribution.calls <= 60


def test_a_stream_is_settled_in_its_report(local_client):
    with fc.stream(TICKET, TEXT, client=local_client, settle=True) as fields:
        first = {field.pointer: field for field in fields.fields()}
        report = fields.report
    finite = [name for name, field in report.fields.items() if field.distribution]
    assert finite
    assert all(first[name].distribution.calls == 0 for name in finite)
    assert all("unsettled" not in report[name].flags for name in finite)


def test_a_server_that_cannot_be_asked_is_said(local_client):
    import openai

    plain = openai.OpenAI(base_url=local_client.base_url, api_key=local_client.api_key)
    with pytest.raises(fc.RequestError, match="not known how to ask"), plain:
        fc.extract(TICKET, TEXT, client=plain, model="m", settle=True)


@pytest.mark.parametrize("ask", [fc.extract, fc.stream])
def test_a_server_that_cannot_be_asked_is_not_paid_for(ask):
    """It is said before the request, which nobody would answer here."""
    import openai

    plain = openai.OpenAI(base_url=f"http://127.0.0.1:{closed_port()}/v1", api_key="k")
    with pytest.raises(fc.RequestError, match="not known how to ask"), plain:
        ask(TICKET, TEXT, client=plain, model="m", settle=True)
