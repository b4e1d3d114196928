"""A support ticket, as a pydantic model. `make demo` extracts it from ticket.txt.

The docstring of ``Ticket`` holds worked examples: without any, the small model of the demo is near
chance. Larger models get the same docstring as the description of the schema.
"""

from typing import Literal

from pydantic import BaseModel, Field


class Customer(BaseModel):
    """Who wrote."""

    name: str = Field(max_length=40)
    email: str = Field(max_length=60)


class Ticket(BaseModel):
    """What a support team needs to know of an email.

    Text: From: Eva Lund <e.lund@example.com>
    Subject: Licences

    We want to buy ten licences for 450 euros. There is no hurry.
    JSON: {"customer": {"name": "Eva Lund", "email": "e.lund@example.com"}, "orders": [],
    "amount": 450.0, "team": "sales", "urgent": false}

    Text: From: Ben Novak <ben@example.net>
    Subject: Shop is down

    Your app crashes when I open order 5512, and my shop stands still.
    Please help me now!
    JSON: {"customer": {"name": "Ben Novak", "email": "ben@example.net"}, "orders": ["5512"],
    "amount": null, "team": "technical", "urgent": true}

    Text: From: Julia Stein <julia.stein@example.org>
    Subject: Invoice

    My invoice for order 7308 is wrong, you took 18.20 euros too much. I need
    the money back today, please hurry!
    JSON: {"customer": {"name": "Julia Stein", "email": "julia.stein@example.org"},
    "orders": ["7308"], "amount": 18.2, "team": "billing", "urgent": true}
    """

    customer: Customer
    orders: list[str] = Field(description="order numbers", max_length=3)
    amount: float | None = Field(description="money in question", ge=0, le=100000)
    team: Literal["billing", "technical", "sales"]
    urgent: bool = Field(description="needs an answer today")
