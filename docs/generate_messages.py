"""Make `data/messages.jsonl`: made-up messages, what is right of each, and the model's answers.

In:    the sentences below; the embedded model.
Out:   a line a message: ``document``, ``text``, ``value`` (what is right), ``response`` (kept).
Never: a text that somebody wrote: all of them are put together here.
Why:   docs/calibration.md works on real answers with real logprobs, and needs no model to be run.

    python docs/generate_messages.py    # some minutes
"""

import json
import random
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import linear_kernel

import fieldconf as fc

PATH = Path(__file__).parent / "data" / "messages.jsonl"
COUNT, EXAMPLES, SEED = 210, 5, 7

OPENINGS = ["", "Hello, ", "Hi team, ", "Good morning, ", "Dear support, ", "Hey, "]
BODIES = {
    "billing": [
        "I was charged twice in {month}", "the invoice for {month} shows the wrong amount",
        "please refund the payment of {amount} euros", "my card was declined when I paid {amount}",
        "I need a copy of the {month} invoice", "why did the price go up to {amount} a month",
        "the discount for {month} is missing on my bill", "I cancelled, and you still charge me",
    ],
    "technical": [
        "the app crashes when I open {thing}", "I cannot log in since {month}",
        "{thing} shows an empty page", "the export of {thing} stops after {amount} rows",
        "the new version lost my settings for {thing}", "the password mail never comes",
        "{thing} is very slow on my phone", "an error {amount} comes up in {thing}",
    ],
    "sales": [
        "what does the plan for {amount} users cost", "can we have a demo of {thing} in {month}",
        "do you offer a discount for schools", "we want to buy {amount} more seats",
        "is {thing} part of the small plan", "who do I talk to about a contract for {month}",
        "how does the large plan differ from the small one", "can I pay by the year",
    ],
}  # fmt: skip
ENDINGS = {
    True: [
        ". This is urgent!", ", we are stuck, please help today.", ". I need it within the hour.",
        ". Nobody here can work!", ", as soon as possible please.",
    ],
    False: [".", ". Thanks!", ". No hurry.", ", when you find the time.", ". Have a nice day."],
}  # fmt: skip
MONTHS = ["January", "March", "April", "June", "August", "October", "December"]
THINGS = ["the dashboard", "the report", "the calendar", "the address book", "the inbox"]


class Message(BaseModel):
    """What the desk wants to know of a message."""

    urgent: bool
    team: Literal["billing", "technical", "sales"]


def messages() -> list[dict[str, object]]:
    """Distinct messages with what is right of each."""
    chance = random.Random(SEED)  # noqa: S311  # no secret
    made: dict[str, dict[str, object]] = {}
    while len(made) < COUNT:
        team, urgent = chance.choice(list(BODIES)), chance.random() < 0.4
        body = chance.choice(BODIES[team]).format(
            month=chance.choice(MONTHS), thing=chance.choice(THINGS), amount=chance.randint(3, 400)
        )
        opening = chance.choice(OPENINGS)
        text = opening + (body if opening else body[0].upper() + body[1:])
        text += chance.choice(ENDINGS[urgent])
        made.setdefault(text, {"text": text, "value": {"urgent": urgent, "team": team}})
    return [{"document": f"m{number:03}", **row} for number, row in enumerate(made.values())]


def small(kept: dict[str, Any]) -> dict[str, Any]:
    """A kept response with what its numbers are read from, and no more."""
    [choice] = kept["response"]["choices"]
    content = [
        {**_number(entry), "top_logprobs": list(map(_number, entry["top_logprobs"]))}
        for entry in choice["logprobs"]["content"]
    ]
    choice = {"index": 0, "message": choice["message"], "logprobs": {"content": content},
              "finish_reason": choice["finish_reason"]}  # fmt: skip
    model = kept["response"]["model"]
    return {**kept, "response": {"model": model, "choices": [choice]}}


def _number(entry: dict[str, Any]) -> dict[str, Any]:
    return {"token": entry["token"], "logprob": round(entry["logprob"], 5)}


def main() -> None:
    """Ask about each message, with the nearest others as examples."""
    rows = messages()
    words = TfidfVectorizer(sublinear_tf=True).fit_transform(str(row["text"]) for row in rows)
    likeness = linear_kernel(words, words)
    with fc.local() as client, PATH.open("w") as file:
        for number, row in enumerate(rows):
            nearest = [n for n in likeness[number].argsort()[::-1] if n != number][:EXAMPLES]
            asked = [{"role": "system", "content": "Fill in the fields for the message."}]
            for other in reversed(nearest):
                answer = json.dumps(rows[other]["value"], separators=(",", ":"))
                asked += [{"role": "user", "content": str(rows[other]["text"])},
                          {"role": "assistant", "content": answer}]  # fmt: skip
            asked.append({"role": "user", "content": str(row["text"])})
            report = fc.extract(Message, asked, client=client, top_logprobs=5, keep="response")
            file.write(json.dumps(row | {"response": small(report.response or {})}) + "\n")


if __name__ == "__main__":
    main()
