"""Sort support messages: file sure answers, ask again about doubtful fields, leave the rest.

Run: python examples/triage.py
Once before: pip install "fieldconf[local]", and: fieldconf local fetch

The model is a toy of 135 million parameters on your machine. It swaps letters and invents what a
message does not say, but it is less sure of these fields. A larger prompt, with two examples,
stands for a larger model. With a real one, write fc.reask(report, client=openai.OpenAI(),
model="...").
"""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

import fieldconf as fc

# From this confidence on, a field is filed without review. These numbers are invented: take yours
# from answers that you have compared with the truth. Each field has its own, because right values
# of different kinds have different confidences.
CHOICE, TEXT, NUMBER = (fc.FieldConfig(accept=share) for share in (0.7, 0.5, 0.5))


@fc.confident
class Ticket(BaseModel):
    """A support message."""

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
EXAMPLES = (
    (
        "The parcel of order AC-2093 (18.00 euros) never came.",
        {"problem": "delivery", "order": "AC-2093", "amount": 18.0},
    ),
    (
        "Since the update the app closes when I open order ZT-5518, 64.20 euros.",
        {"problem": "crash", "order": "ZT-5518", "amount": 64.2},
    ),
)


def doubtful(report: fc.Report[Ticket]) -> list[str]:
    """The fields that are not accepted: they are asked again, or a person looks at them."""
    return [*report.to_review, *report.rejected]


def with_examples(message: str, report: fc.Report[Ticket]) -> list[dict[str, Any]]:
    """The larger prompt: the examples show the fields that are in doubt."""
    names = [pointer.removeprefix("/") for pointer in doubtful(report)]
    messages: list[dict[str, Any]] = []
    for text, ticket in EXAMPLES:
        answer = json.dumps({name: ticket[name] for name in names})
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    return [*messages, {"role": "user", "content": message}]


def route(message: str, client: Any) -> fc.Report[Ticket]:
    """A first reading; and where that leaves doubts, a second one of the doubtful fields only."""
    report = Ticket.extract(message, client=client)
    if report.outcome == "accept":
        return report
    return fc.reask(report, with_examples(message, report), client=client)


def main() -> None:
    with fc.local() as client:
        for message in MESSAGES:
            report = route(message, client)
            print(message)
            for pointer, verdict in report.verdicts.items():
                field = report[pointer]
                said = [f"{one.value} {one.confidence:.3f}" for one in field.readings]
                shown = ", then ".join(said) or f"{field.value} {field.confidence:.3f}"
                print(f"  {pointer:<10} {verdict.outcome:<7} {shown}")
            tokens = report.input_tokens + report.output_tokens
            print(f"  {max(len(report.requests), 1)} requests, {tokens} tokens")
            if report.outcome == "accept":
                print(f"  -> accept: {report.value!r}\n")
            else:  # also an answer that broke off, or breaks the schema, is for a person
                print(f"  -> review: {report.reason or ', '.join(doubtful(report))}\n")


if __name__ == "__main__":
    main()
