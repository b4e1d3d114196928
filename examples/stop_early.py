"""Stop reading an answer once its first field says that the rest is not needed.

Run: python examples/stop_early.py
Once before: pip install "fieldconf[local]", and: fieldconf local fetch

This program wants news on the weather only. The topic is the first field of the schema, so it is
the first field of the answer. If the topic is another one, the long fields after it are not read.
Each text is read twice, with the rules and without, to measure the saved tokens.

The model is a toy of 135 million parameters; its summaries mostly repeat the text.
"""

from typing import Literal

from pydantic import BaseModel, Field

import fieldconf as fc


@fc.confident(max_tokens=200)  # so that it is known what an answer costs at most
class News(BaseModel):
    """What is kept of a piece of news."""

    topic: Literal["weather", "sports", "money", "art"]
    summary: str = Field(max_length=200)
    people: list[str] = Field(max_length=3)
    places: list[str] = Field(max_length=3)


# Several rules: the first that fires ends the reading. One that is not sure enough lets the answer
# go on: it costs tokens, where a wrong stop would cost the answer.
RULES = [fc.StopWhen("topic", value=other, above=0.5) for other in ("sports", "money", "art")]

TEXTS = (
    "The storm brought heavy rain and strong wind to the coast on Monday.",
    "The striker scored twice in the final game of the season.",
    "The bank lends money at three per cent.",
    "The museum opens a new hall for modern painting.",
)


def main() -> None:
    read = spent = 0
    with fc.local() as client:
        for text in TEXTS:
            full = News.extract(text, client=client)
            report = News.extract(text, client=client, stop_when=RULES)
            topic, stopped = report["topic"], report.stopped
            read, spent = read + len(report.tokens), spent + len(full.tokens)
            print(f"{text}\n  {topic.value}, {topic.confidence:.3f}: ", end="")
            if stopped is None:
                print(f"read to its end, {len(report.tokens)} tokens")
                continue
            print(f"stopped by {stopped.rule}")
            print(
                f"  {stopped.read} tokens read; saved at least {stopped.saved}, at most "
                f"{stopped.saved_at_most}; in fact {len(full.tokens) - stopped.read}"
            )
    print(f"\nall: {read} tokens read instead of {spent}, {1 - read / spent:.0%} saved")


if __name__ == "__main__":
    main()
