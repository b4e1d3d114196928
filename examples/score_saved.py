"""Score saved responses of somebody else's code, the least sure fields first.

Run: python examples/score_saved.py    (needs no model)

``saved_responses.jsonl`` has one response for each line, as an OpenAI-compatible server sent it,
with logprobs. (The model was the embedded toy; the messages were those of ``triage.py`` and one
more.) No request is sent: all numbers are computed from the saved responses.
"""

import math
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

import fieldconf as fc

SAVED = Path(__file__).with_name("saved_responses.jsonl")


class Ticket(BaseModel):
    """What was asked for, as the schema of the request said it."""

    problem: Literal["payment", "delivery", "login", "crash"]
    order: str = Field(pattern="^[A-Z]{2}-[0-9]{4}$", description="order number")
    amount: float = Field(ge=0, le=1000, multiple_of=0.01, description="money paid")


def sureness(field: fc.Field) -> float:
    """What to sort by: a field whose confidence is not known (None) is to be looked at first."""
    return -math.inf if field.confidence is None else field.confidence


def reports() -> list[fc.Report[Ticket]]:
    return [fc.score(line, Ticket) for line in SAVED.read_text().splitlines()]


def main() -> None:
    # The records whose least sure field is least sure come first, too.
    for report in sorted(reports(), key=lambda report: report.confidence or 0.0):
        print(f"{report.status}, {len(report.tokens)} tokens, least sure {report.confidence:.3f}")
        for field in sorted(report.leaves.values(), key=sureness):
            why = field.why.sentence if field.why else ""
            print(f"  {field.confidence:.3f}  {field.pointer:<9} {field.value!s:<9} {why}")
        print()


if __name__ == "__main__":
    main()
