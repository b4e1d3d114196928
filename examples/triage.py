"""Sort support messages: what is sure enough is filed, the rest goes to a person.

Run: python examples/triage.py
Once before: pip install "fieldconf[local]", and: fieldconf local fetch

The model that answers is a toy of 135 million parameters on your machine. It swaps letters and
makes up what a message does not say, and is less sure of it: that is what there is to see. A better
one is asked by its client: Ticket.extract(message, client=openai.OpenAI(), model="...").
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

import fieldconf as fc

# A threshold says from which confidence on *you* would file the field unread. These are made up;
# yours come from answers that you have compared with the truth. It stands beside the field it is
# for, since fields of different kinds are not equally sure when they are right. Below ``review`` a
# field would be asked for again; nobody is asked again here.
CHOICE, TEXT, NUMBER = (fc.Conf(threshold=share, review=0) for share in (0.7, 0.5, 0.5))


@fc.confident
class Ticket(BaseModel):
    """What the desk wants to know of a message."""

    problem: Annotated[Literal["payment", "delivery", "login", "crash"], CHOICE]
    order: Annotated[str, TEXT, Field(pattern="^[A-Z]{2}-[0-9]{4}$", description="order number")]
    amount: Annotated[
        float, NUMBER, Field(ge=0, le=1000, multiple_of=0.01, description="money paid")
    ]


MESSAGES = (
    "I was charged 120.00 euros twice for order BD-7730.",
    "Order KX-4821 arrived broken. I paid 39.50 euros and want my money back.",
    "The delivery of order PL-1006 is late.",
    "I forgot my password and cannot log in.",
)


def main() -> None:
    with fc.local() as client:
        for message in MESSAGES:
            report = Ticket.extract(message, client=client)
            print(message)
            for pointer, verdict in report.verdicts.items():
                field = report[pointer]
                why = "; ".join(reason.sentence for reason in verdict.reasons)
                print(f"  {pointer:<10} {field.value!s:<10} {verdict.outcome} {why}")
            if report.outcome == "accept":
                print(f"  -> accept: {report.value!r}\n")
            else:  # also an answer that broke off, or breaks the schema, is for a person
                unsure = [*report.to_review, *report.rejected]
                print(f"  -> review: {report.reason or ', '.join(unsure)}\n")


if __name__ == "__main__":
    main()
