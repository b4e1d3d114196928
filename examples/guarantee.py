"""From labelled messages to a policy with a guarantee, on the embedded model.

Run: python examples/guarantee.py [COUNT]    (120 messages by default, some minutes)
Once before: pip install "fieldconf[local,calibrate]", and: fieldconf local fetch

The messages are invented and labelled (docs/data/messages.jsonl). The prompt for each has the most
similar other messages as worked examples: without them the toy model is near chance. It recognises
teams well and urgency badly, so one field is accepted nearly always and the other one seldom.
docs/calibration.md does the same without a model, with saved answers.
"""

import difflib
import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

import fieldconf as fc

MESSAGES = Path(__file__).parents[1] / "docs" / "data" / "messages.jsonl"
RISK = 0.10
EXAMPLES = 4


class Message(BaseModel):
    """A support message."""

    urgent: bool
    team: Literal["billing", "technical", "sales"]


def messages_about(row: dict[str, Any], others: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The question about one message, after the most alike of the others, each with its answer."""
    by_text = {other["text"]: other for other in others if other is not row}
    asked = [{"role": "system", "content": "Fill in the fields for the message."}]
    alike = difflib.get_close_matches(row["text"], by_text, n=EXAMPLES, cutoff=0.0)
    for text in reversed(alike):
        answer = json.dumps(by_text[text]["value"], separators=(",", ":"))
        asked += [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    return [*asked, {"role": "user", "content": row["text"]}]


def main(count: int = 120) -> None:
    """Ask, evaluate, and make the policy."""
    rows = [json.loads(line) for line in MESSAGES.read_text().splitlines()]
    with fc.local() as client:
        reports = {
            row["document"]: fc.extract(Message, messages_about(row, rows), client=client)
            for row in rows[:count]
        }
    labels = fc.labels([{"document": row["document"], "value": row["value"]} for row in rows])
    print(fc.evaluate(reports, labels))

    policy = fc.Policy.guaranteed(reports, labels, risk=RISK)
    print(policy.guarantee)

    accepted = [report.with_policy(policy).accepted for report in reports.values()]
    print(f"{sum(map(len, accepted))} of {2 * len(accepted)} fields accepted")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
