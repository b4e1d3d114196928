"""The prompts of `exact.py`: short texts of the kinds people extract from, each with a schema.

In:    nothing.
Out:   ``PROMPTS``: a pydantic model and a text each; ``members`` of a property and its ``kind``.
Never: a gold answer: what is measured is the model's distribution, not whether it is right.
Why:   the labels are the awkward ones of real schemas: they share first tokens, one is another's
       beginning, they are nullable; the field stands first, between others and last.
"""

from typing import Annotated, Any, Literal, NamedTuple

from embedded_texts import CASES
from pydantic import BaseModel, Field, create_model


class Prompt(NamedTuple):
    """A schema and a text to read."""

    model: type[BaseModel]
    text: str


Short = Annotated[str, Field(max_length=24)]
Rating = Annotated[int, Field(ge=1, le=5)]

Team = Literal["billing", "bill_review", "infrastructure", "sales", "account_access"]
Account = Literal["high_risk", "high_value", "low_risk", "low_value"]
Tone = Literal["pos", "positive", "neg", "negative", "neutral"]
Feeling = Literal["positive", "mixed", "negative"]
Priority = Literal["p1", "p2", "p3", "p4"]
State = Literal["open", "opened_again", "on_hold", "closed", "closed_by_customer"]
Request = Literal[
    "refund_request", "refund_status", "return_request", "return_status",
    "replacement", "repair", "other",
]  # fmt: skip
Currency = Literal["EUR", "GBP", "USD"]
Plan = Literal["save", "savings", "savings_plus", "checking"]
Answer = Literal["yes", "yes, partly", "no", "no answer"]
Payment = Literal["card", "cash", "cheque"]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Severity = Literal["minor", "moderate", "major"]
Delivery = Literal["delivered", "delayed", "damaged", "lost"]


def _shape(**fields: Any) -> type[BaseModel]:
    return create_model("Answer", **{name: (kind, ...) for name, kind in fields.items()})


_TICKETS, _REVIEWS, _RECEIPTS, _MEETINGS = (
    [text for _, text, _ in CASES[start:stop]]
    for start, stop in ((0, 6), (6, 10), (10, 14), (14, 18))
)

# Neighbours differ in kind, so that the first N are a fair sample of all.
_SHAPES: list[tuple[type[BaseModel], list[str]]] = [
    (_shape(urgent=bool, team=Team), _TICKETS[:3]),
    (_shape(customer=Short, team=Team), _TICKETS[3:]),
    (_shape(product=Short, stars=Rating), _REVIEWS[:3]),
    (_shape(payment=Payment | None, currency=Currency), _RECEIPTS[:3]),
    (_shape(sentiment=Tone), [
        "Honestly the nicest hotel staff I have met, and breakfast until noon. We will be back.",
        "The screen cracked on day three and they blamed me for it. Never again.",
        "It is a stapler. It staples. Arrived on Tuesday as promised.",
    ]),
    (_shape(topic=Short, online=bool, place=Short), _MEETINGS[:3]),
    (_shape(account=Account, owner=Short), [
        "Four failed cards this week, a new shipping address every day, chargeback pending.",
        "Customer since 2009, pays every invoice early, bought 120 licences last quarter.",
        "Orders one pack of paper twice a year and always pays on delivery.",
    ]),
    (_shape(politeness=Rating, helpful=bool), [
        "Agent: What do you want? Customer: My parcel is late. Agent: Not my problem, wait.",
        "Agent: Good morning! I am sorry to hear that. A new one left today, free of charge.",
        "Agent: Restart it. Customer: That worked, thanks. Agent: Ok.",
    ]),
    (_shape(refund=bool | None), [
        "I would like my 39 euros back for the concert that was called off.",
        "What are your opening hours over the holidays?",
        "No need to pay me back, just send the missing screws.",
    ]),
    (_shape(subject=Short, request=Request, urgent=bool), [
        "Where is my money? You got the shoes back two weeks ago and promised a refund by Friday.",
        "The zip broke. Can you mend it, or shall I send the jacket back for another one?",
        "I want to send back the blue lamp, it does not fit our room. How do I get a label?",
    ]),
    (_shape(priority=Priority), [
        "Production database is down, all customers see errors, we lose money by the minute.",
        "There is a typo in the footer of the imprint page.",
        "Export to CSV takes two minutes instead of ten seconds since the last release.",
    ]),
    (_shape(day=Day | None, online=bool), [
        "Can we talk on Saturday or Sunday? Send me a link, I will be at my sister's place.",
        "We should meet soon about the budget, tell me what suits you.",
        "See you Thursday at the office, coffee is on me.",
    ]),
    (_shape(spam=bool, sender=Short), [
        "CONGRATULATIONS!!! You have been selected for a free phone. Click here to claim. Kate",
        "Hi Ben, the minutes of Monday's meeting are attached. Regards, Ruth",
        "Last chance: 70% off all watches, today only. Unsubscribe below. WatchWorld",
    ]),
    (_shape(plan=Plan, satisfied=bool), [
        "I opened the savings account with the bonus rate last year and I am happy with it.",
        "My salary goes to the checking account, but the monthly fee is a joke.",
        "Please move 50 a month to the pot where I save for the holidays.",
    ]),
    (_shape(city=Short, rating=Rating, again=bool), [
        "Lisbon was wonderful, sunny and cheap, although the flat was noisy at night.",
        "Two days of rain in Bergen, a lost suitcase and a cold room. No, thank you.",
        "Vienna: good museums, average food, long queues. Might return one day.",
    ]),
    (_shape(severity=Severity | None, injured=bool), [
        "A pallet fell off the truck, nobody was near it, two boxes are dented.",
        "The worker slipped on oil and broke an arm; the line stood still for six hours.",
        "Routine inspection of hall 4, nothing to report.",
    ]),
    (_shape(state=State, priority=Priority), [
        "I fixed it myself, please close the ticket. Thanks anyway, Jon",
        "It is broken once more, exactly as last week. Please have another look.",
        "Waiting for the supplier's answer before we can go on with this one.",
    ]),
    (_shape(answer=Answer), [
        "Did the training help you? Well, the first half did, the second was too fast for me.",
        "Will you take part next year? Certainly, count me in!",
        "Was the room clean? I would rather not say.",
    ]),
    (_shape(difficulty=Rating), [
        "The recipe needs three pans, a thermometer and a full day, but it is worth it.",
        "Boil the pasta, add butter, done.",
        "The exam was hard, yet everybody who had done the exercises passed.",
    ]),
    (_shape(item=Short, delivery=Delivery | None, complaint=bool), [
        "The vase arrived in a hundred pieces. I want a new one.",
        "Tracking has said 'in transit' for nine days. Is my book still coming?",
        "Do you sell this jacket in green as well?",
    ]),
    (_shape(feeling=Feeling, stars=Rating, product=Short), [
        "The coffee machine is superb but so loud that it wakes the neighbours.",
        "Solid backpack, survived a year of school. Good value.",
        "This blender leaks, smells and stops after a minute. Waste of money.",
    ]),
    (_shape(paid=bool | None, total=Short), [
        "INVOICE 2231  Garden work 8 h  EUR 360.00  due in 14 days",
        "Receipt: 2 tickets, 31.00 GBP, card payment approved, thank you",
        "Quote for painting two rooms: about 900, depending on the ceiling",
    ]),
    (_shape(language=Literal["english", "french", "german", "greek"], formal=bool), [
        "Sehr geehrte Damen und Herren, anbei die Unterlagen.",
        "hey mate, u coming tonight or what?",
        "Bonjour Madame, je vous remercie de votre lettre.",
    ]),
    (_shape(contact=Literal["phone", "photo", "post", "email"] | None, callback=bool), [
        "Please ring me after five, I cannot read mails at work.",
        "A picture of the damage is attached. Write to me at any time.",
        "Just wanted to say thank you, no answer needed.",
    ]),
]  # fmt: skip

PROMPTS = [Prompt(model, texts[turn]) for turn in range(3) for model, texts in _SHAPES]


def members(node: dict[str, Any]) -> list[Any] | None:
    """All values that a property may have; None if they are too many to list."""
    if "anyOf" in node:
        parts = [members(part) for part in node["anyOf"]]
        return None if None in parts else [value for part in parts for value in part or ()]
    if "enum" in node:
        return node["enum"]
    if "minimum" in node and "maximum" in node:
        return list(range(node["minimum"], node["maximum"] + 1))
    return {"boolean": [True, False], "null": [None]}.get(node["type"])


def kind(node: dict[str, Any]) -> str:
    """boolean, enum, nullable or rating."""
    if "anyOf" in node:
        return "nullable"
    return "enum" if "enum" in node else {"integer": "rating"}.get(node["type"], node["type"])
