"""Eighteen short texts, written for this, with the values that a person would extract."""

from typing import Any


def described(text: str, **schema: Any) -> dict[str, Any]:
    return {**schema, "description": text}


def record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


TICKET = record(
    urgent=described("does it need an answer within the hour", type="boolean"),
    team=described(
        "who should answer it",
        enum=["billing", "bill_review", "infrastructure", "sales", "account_access"],
    ),
    customer_name=described("name of the person who writes", type="string"),
    amount=described("money in dispute, 0 if none", type="number"),
)
REVIEW = record(
    sentiment=described("what the writer felt", enum=["positive", "neutral", "negative"]),
    recommends=described("would the writer tell a friend to buy it", type="boolean"),
    product=described("what was bought", type="string"),
    stars=described("stars given", type="integer", minimum=1, maximum=5),
)
RECEIPT = record(
    shop=described("name of the shop", type="string"),
    currency=described("currency of the prices", enum=["EUR", "GBP", "USD"]),
    total=described("sum paid", type="number"),
    paid_by_card=described("paid by card rather than in cash", type="boolean"),
)
MEETING = record(
    topic=described("what it is about", type="string"),
    day=described("day of the week", enum=["monday", "tuesday", "wednesday", "thursday", "friday"]),
    hour=described("hour it starts, 24 hour clock", type="integer", minimum=0, maximum=23),
    online=described("held as a video call", type="boolean"),
)
# The gold values stand in the order of the schema's properties.
CASES: list[tuple[dict[str, Any], str, tuple[Any, ...]]] = [
    (
        TICKET,
        (
            "The whole site has been down since 6 this morning and every order fails. "
            "Please fix this right now! Priya Raman"
        ),
        (True, "infrastructure", "Priya Raman", 0),
    ),
    (
        TICKET,
        (
            "Hello, my invoice for May lists 84.50 for a plan I cancelled in April. No "
            "hurry, whenever you find the time. Best, Tom Okafor"
        ),
        (False, "billing", "Tom Okafor", 84.5),
    ),
    (
        TICKET,
        (
            "I am locked out of my account and have to present to the board in 20 minutes. "
            "I need to log in immediately. Lena Fischer"
        ),
        (True, "account_access", "Lena Fischer", 0),
    ),
    (
        TICKET,
        (
            "We are thinking of buying 40 more seats next year. Could someone from sales "
            "send me a quote some time this month? Marco Bianchi"
        ),
        (False, "sales", "Marco Bianchi", 0),
    ),
    (
        TICKET,
        (
            "Could you look at the last bill some day? It lists 310 for storage and I "
            "expected about half of that. Thanks, Ana Souza"
        ),
        (False, "bill_review", "Ana Souza", 310),
    ),
    (
        TICKET,
        (
            "Our card was charged 1200 twice and the bank will freeze us today unless it is "
            "returned now. Call me at once! Omar Haddad"
        ),
        (True, "billing", "Omar Haddad", 1200),
    ),
    (
        REVIEW,
        (
            "Five stars for this kettle. It boils in a minute and looks lovely, I have "
            "already told all my friends to get one."
        ),
        ("positive", True, "kettle", 5),
    ),
    (
        REVIEW,
        (
            "The headphones broke after two days and support never answered. One star, stay "
            "away from them."
        ),
        ("negative", False, "headphones", 1),
    ),
    (
        REVIEW,
        (
            "Three stars. The desk lamp is neither good nor bad; it gives light. I would "
            "not go out of my way to suggest it to anyone."
        ),
        ("neutral", False, "desk lamp", 3),
    ),
    (
        REVIEW,
        (
            "Best raincoat I ever owned, dry after an hour in the storm. Four stars only "
            "because of the colour. Buy it!"
        ),
        ("positive", True, "raincoat", 4),
    ),
    (
        RECEIPT,
        (
            "CORNER BAKERY  2 x croissant 3.20  1 x coffee 2.80  TOTAL EUR 9.20  paid in "
            "cash  thank you"
        ),
        ("Corner Bakery", "EUR", 9.2, False),
    ),
    (
        RECEIPT,
        (
            "Harbour Books, London. Atlas 24.00, Map 6.50. Total 30.50 GBP. VISA CARD "
            "ending 4411 approved."
        ),
        ("Harbour Books", "GBP", 30.5, True),
    ),
    (
        RECEIPT,
        "Joe's Diner, Austin TX. Burger $8.50, Soda $2.00. TOTAL $10.50. CASH $20.00 CHANGE $9.50",
        ("Joe's Diner", "USD", 10.5, False),
    ),
    (
        RECEIPT,
        "FARMACIA SOL  Aspirin 4,10  Plaster 2,40  Sum EUR 6.50  MASTERCARD contactless approved",
        ("Farmacia Sol", "EUR", 6.5, True),
    ),
    (
        MEETING,
        "Reminder: budget review on Thursday at 14:00, we meet in room 3 on the second floor.",
        ("budget review", "thursday", 14, False),
    ),
    (
        MEETING,
        (
            "Let us have a video call on Monday at 9:00 about the new website. The link to "
            "join is in the invitation."
        ),
        ("new website", "monday", 9, True),
    ),
    (
        MEETING,
        "Design critique moves to Wednesday, 11:00, in the big hall. Bring printouts.",
        ("design critique", "wednesday", 11, False),
    ),
    (
        MEETING,
        "Friday 16:00 on Zoom: hiring plan. Cameras on, please; nobody will be in the office.",
        ("hiring plan", "friday", 16, True),
    ),
]
