"""A response that is kept scores to the numbers of the request; the signals of each field."""

import json
import math

import pytest
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.errors import PayloadError
from fieldconf.responses.kept import keep, opened
from fieldconf.testing import FakeClient
from fieldconf.tokens.token import Layout

TEXT = "I was charged twice in March, please help today. Anna, order 1234"


class Ticket(BaseModel):
    urgent: bool
    team: str | None = None
    order: int | None = None


def numbers(report):
    return {name: field.to_dict() for name, field in report.fields.items()}


def again(report, schema=Ticket):
    """The report of what was kept, by way of JSON text."""
    return fc.score(json.loads(json.dumps(report.response, allow_nan=False)), schema)


@pytest.mark.parametrize("value", [{"urgent": True}, {"urgent": False, "team": None, "order": 7}])
def test_a_kept_response_scores_to_the_same_report(value):
    report = fc.extract(Ticket, TEXT, client=FakeClient(value), model="m", keep="response")
    assert numbers(again(report)) == numbers(report)
    assert again(report).mask == report.mask


def test_a_stream_is_kept_as_its_chunks():
    client = FakeClient({"urgent": True, "team": "billing"})
    with fc.stream(Ticket, TEXT, client=client, model="m", keep="response") as stream:
        report = stream.report
    assert isinstance(report.response["response"], list)
    assert numbers(again(report)) == numbers(report)


def test_nothing_is_kept_where_nobody_wants_it():
    report = fc.extract(Ticket, TEXT, client=FakeClient({"urgent": True}), model="m")
    assert report.response is None
    assert "response" not in report.to_dict()


def test_the_embedded_models_layout_is_kept(local_client):
    """Without it the numbers differ: the server's grammar forbids what the schema allows."""
    report = fc.extract(Ticket, TEXT, client=local_client, keep="response")
    assert numbers(again(report)) == numbers(report)
    bare = fc.score(report.response["response"], Ticket)
    assert numbers(bare) != numbers(report)


def test_the_embedded_models_stream_is_kept(local_client):
    with fc.stream(Ticket, TEXT, client=local_client, keep="response") as stream:
        report = stream.report
    assert numbers(again(report)) == numbers(report)


def test_a_saved_report_and_a_line_of_many_have_the_response(tmp_path):
    output = tmp_path / "answers.jsonl"
    results = fc.extract_many(
        Ticket, [TEXT], client=FakeClient({"urgent": True}), model="m", keep="response",
        output=output,
    )  # fmt: skip
    [result] = results.all()
    report = result.report
    line = output.read_text().strip()
    assert numbers(fc.score(line, Ticket)) == numbers(report)
    assert numbers(fc.score(report.to_json(), Ticket)) == numbers(report)
    back = fc.Report.from_json(report.to_json(), Ticket)
    assert back.response == report.response


def test_a_report_of_several_answers_has_no_response():
    client = FakeClient({"urgent": True})
    first = fc.extract(Ticket, TEXT, client=client, model="m", keep="response")
    second = fc.extract(Ticket, TEXT, client=FakeClient({"urgent": False}), model="m")
    assert fc.agree([second, second, first]).response is None


def test_minus_infinity_is_kept_as_a_number_that_json_has():
    plain = keep({"logprob": -math.inf, "other": math.nan}, mask=None, layout=None)
    assert plain["response"] == {"logprob": -9999.0, "other": None}
    assert opened(plain).layout is None


@pytest.mark.parametrize(
    "settings",
    [{"version": 3}, {}, {"version": 1, "layout": {"compact": True, "later": True}}],
)
def test_a_form_of_another_version_is_refused(settings):
    with pytest.raises(PayloadError, match="another version"):
        fc.score({"fieldconf": settings, "response": {}}, Ticket)


def test_a_response_kept_by_the_first_version_is_read():
    kept = keep([], mask="before", layout=None)
    kept["fieldconf"] |= {"version": 1, "mask": "pre"}
    assert opened(kept).mask == "before"


def test_the_layout_survives():
    layout = Layout(compact=True, ordered=True, plain=True, no_null=True)
    assert opened(keep([], mask="after", layout=layout)) == ([], "after", layout, None, ())


# -- signals --------------------------------------------------------------------------------------


def test_every_scalar_has_the_same_signals():
    report = fc.extract(
        Ticket, TEXT, client=FakeClient({"urgent": True, "team": "x", "order": None}), model="m"
    )
    names = {tuple(field.signals) for field in report.leaves.values()}
    assert len(names) == 1
    for field in report.leaves.values():
        signals = field.signals
        logprobs = [token.logprob for token in field.tokens]
        assert signals["exp_joint"] == pytest.approx(math.exp(field.logprob))
        assert signals["least"] == pytest.approx(math.exp(min(logprobs)))
        assert signals["exp_joint"] <= signals["least"] <= signals["exp_mean"] <= 1
        assert signals["confidence"] == field.confidence


def test_the_rank_is_between_the_confidence_and_the_tokens():
    report = fc.extract(
        Ticket, TEXT, client=FakeClient({"urgent": True, "team": "x"}), model="m"
    )  # fmt: skip
    for field in report.leaves.values():
        low, high = sorted((field.confidence, field.signals["exp_joint"]))
        assert low - 1e-12 <= field.rank <= high + 1e-12


def test_where_a_token_has_no_number_its_signals_are_unknown():
    content = [
        {"token": "[", "logprob": -0.1}, {"token": "12", "logprob": None},
        {"token": "]", "logprob": -0.1},
    ]  # fmt: skip
    payload = {"choices": [{"message": {"content": "[12]"}, "logprobs": {"content": content}}]}
    signals = fc.score(payload)["/0"].signals
    assert signals["exp_joint"] is signals["exp_mean"] is signals["least"] is None
    assert fc.score(payload)["/0"].rank is None
