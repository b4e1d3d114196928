"""A support ticket, as a pydantic model. `make demo` extracts it from ticket.txt."""

from typing import Literal

from pydantic import BaseModel, Field


class Customer(BaseModel):
    """Who wrote."""

    name: str = Field(max_length=40)
    email: str = Field(max_length=60)


class Ticket(BaseModel):
    """What a support team needs to know of a message."""

    urgent: bool = Field(description="needs an answer today")
    team: Literal["billing", "technical", "sales", "account"]
    priority: int = Field(ge=1, le=5)
    amount: float | None = Field(description="money in question", ge=0, le=100000)
    customer: Customer
    topics: list[Literal["refund", "invoice", "login", "crash"]] = Field(max_length=3)
