"""Two property tests of a pipeline that sorts tickets: `pytest examples/property_test.py`.

The pipeline is yours, the answers are drawn: any ticket, any tokens, any doubt, any provider.
"""

from typing import Any, Literal

from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel

import fieldconf as fc
from fieldconf import strategies

SURE = 0.9


class Ticket(BaseModel):
    """What a support team needs to know of a message."""

    team: Literal["billing", "technical", "sales"]
    urgent: bool
    summary: str


def triage(payload: Any) -> str:
    """The pipeline: the team that gets the ticket, or "review"."""
    report = fc.score(payload, Ticket)
    team = report["/team"]
    if report.value is None or team.confidence is None or team.confidence < SURE:
        return "review"
    return report.value.team


@given(strategies.completions(Ticket, has_off_schema=True))
def test_a_doubtful_team_is_never_accepted(case: strategies.Case) -> None:
    """Whatever the tokens look like; what is true of them was known before they were made."""
    sure = case.truth["/team"].confidence
    assume(sure is not None and sure < SURE - 1e-9)
    assert triage(case.response) == "review"


@given(st.data())
def test_any_provider_leads_to_the_same_decision(data: st.DataObject) -> None:
    """Whole, streamed or saved, as each provider writes it."""
    case = data.draw(strategies.completions(Ticket))
    sure = case.truth["/team"].confidence
    assume(sure is None or abs(sure - SURE) > 1e-9)  # on the edge, the last bit would decide
    decision = triage(case.response)
    assert triage(data.draw(strategies.streams(case))) == decision
    assert triage(data.draw(strategies.payloads(case, keeps_numbers=True))) == decision
