"""Verification on the real model: its grammar takes the question, and P(true) is scored."""

from pathlib import Path

import pytest

import fieldconf as fc
from fieldconf.batch.schema_loading import load_schema
from fieldconf.verification.combining import pool
from fieldconf.verification.verify import verify

EXAMPLES = Path(__file__).parents[1] / "examples"
TEXT = (EXAMPLES / "ticket.txt").read_text()


@pytest.fixture(scope="module")
def report(local_client):
    ticket = load_schema(f"{EXAMPLES / 'ticket.py'}:Ticket").model_json_schema()
    del ticket["description"]  # its worked examples, which the second request does not have
    return fc.extract(ticket, TEXT, client=local_client)


def test_every_value_and_list_is_judged(report, local_client):
    made = verify(report, client=local_client)
    assert (made.data, made.value, made.status) == (report.data, report.value, "complete")
    for name, field in made.fields.items():
        if field.kind == "object":
            continue
        answer, verification = field.readings
        assert 0 < verification.confidence < 1, name
        assert verification.agrees == (verification.confidence >= 0.5)
        assert field.confidence == pytest.approx(pool(answer.confidence, verification.confidence))
        assert field.low <= field.confidence <= field.high
    first, second = made.requests
    assert first.output_tokens == report.output_tokens
    assert second.input_tokens > first.input_tokens  # it is shown the values, too


def test_settled_the_probability_of_true_is_exact(report, local_client):
    """Settling is for the second request, too: it closes what its candidates left open."""

    def judged(**options):
        made = verify(
            report, client=local_client, fields=["urgent"], combine="verification", **options
        )
        assert made["team"] == report["team"]
        return made["urgent"]

    open_, exact = judged(), judged(settle=fc.Settle(tolerance=1e-6))
    assert exact.high - exact.low < 0.1 * (open_.high - open_.low)
    assert open_.low <= exact.confidence <= open_.high
    assert exact.confidence == exact.readings[1].confidence
