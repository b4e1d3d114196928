"""A model as the judge of answers: its expected score says more than the score it wrote.

Run: python examples/judge.py
Once before: pip install "fieldconf[local]", and: fieldconf local fetch

A judge that writes "1" may have been undecided between 1 and 5. Its distribution shows this, and
the mean of the distribution, ``field.expected``, changes even if the written digit does not.

The judge here is a toy of 135 million parameters. It favours low digits for any text, and on other
questions it prefers the worse answer as often as the better one. Look at the form of the numbers
only.
"""

from openai import OpenAI
from pydantic import BaseModel, Field

import fieldconf as fc

RUBRIC = "Rate how well the answer answers the question, from 1 (bad) to 5 (good)."


# settle=True: the candidates that the server listed leave a little open. The embedded model can be
# asked for the rest, until the bounds of each probability are as near as you like.
@fc.confident(instructions=RUBRIC, settle=fc.Settle(tolerance=1e-4))
class Judgement(BaseModel):
    """How good an answer is."""

    score: int = Field(ge=1, le=5)


# The field has the name of a method that the decorator would give. It wins: Judgement.extract is
# there, Judgement.score is not; a saved response is scored by fc.score(response, Judgement).

QUESTION = "How do I boil an egg?"
ANSWERS = {
    "helpful": "Put the egg into boiling water for eight minutes, then cool it under cold water.",
    "useless": "Eggs are nice.",
}


def judge(answer: str, client: OpenAI) -> fc.Field:
    report = Judgement.extract(f"Question: {QUESTION}\nAnswer: {answer}", client=client)
    return report["score"]


def main() -> None:
    print(QUESTION)
    expected = {}
    with fc.local() as client:
        for name, answer in ANSWERS.items():
            field = judge(answer, client)
            expected[name] = field.expected
            print(f"\n{name}: {answer}")
            for member in sorted(field.distribution.candidates, key=lambda m: m.value):
                bar = "#" * round(40 * member.probability)
                print(f"  {member.value}  {member.probability:.4f}  {bar}")
            print(f"  wrote {field.value}, expected {field.expected:.3f} (std {field.std:.3f})")
            low, high, calls = field.low, field.high, field.distribution.calls
            print(f"  {field.value} has {low:.6f} to {high:.6f}, after {calls} further questions")
    print(f"\nhelpful - useless, expected: {expected['helpful'] - expected['useless']:+.3f}")


if __name__ == "__main__":
    main()
