"""The sets: labelled texts, and how the embedded model is asked about one.

In:    the folders of `../shared/data`, each with `examples.jsonl` and `schema.json`.
Out:   `DataSet` values; the messages of one question, with the nearest labelled examples.
Never: the asked text among its own examples; a source text in what is stored.
Why:   without examples the embedded model is near chance; with the nearest ones it is right often
       enough, and wrong often enough, for its confidences to be judged.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import linear_kernel

from fieldconf.verification.second_prompt import reordered

DATA = Path(__file__).parents[3] / "shared" / "data"
INSTRUCTIONS = "Read the text and fill in every field. Use null where the text does not say it."

Prompt = Literal["a", "b", "c", "d"]
"""The first prompt: the nearest examples. "b": the next nearest, and members reversed. "d": what
`fc.second_prompt` makes of the first one. "c": the same with the last example, too, in another
place; it was asked for some documents, and is asked no more."""


@dataclass(frozen=True)
class Plan:
    """How much of a set is asked: documents, examples in a prompt, characters of a text."""

    documents: int
    examples: int
    characters: int = 600
    members: int | None = None  # of the label, if only its most frequent ones are kept


PLANS: Mapping[str, Plan] = {
    "sms_spam": Plan(300, 2, 250),
    "banking77": Plan(125, 10, 250, members=12),
    "e2e_restaurants": Plan(280, 4, 400),
    "viggo": Plan(150, 4, 400),
    "sroie_receipts": Plan(40, 1, 1100),
}
"""Some 10,500 values with both prompts, in about two hours on one core."""


@dataclass(frozen=True)
class Document:
    """A text with its right values."""

    id: str
    text: str
    right: Mapping[str, Any]


@dataclass(frozen=True)
class DataSet:
    """A set, of which some documents are asked."""

    name: str
    plan: Plan
    schema: Mapping[str, Any]
    documents: Sequence[Document]

    @classmethod
    def read(cls, name: str) -> "DataSet":
        """A set of `../shared/data`."""
        folder, plan = DATA / name, PLANS[name]
        schema = json.loads((folder / "schema.json").read_text())
        lines = (folder / "examples.jsonl").read_text().splitlines()
        rows = [row for row in map(json.loads, lines) if not row.get("asked_slot")]
        if plan.members is not None:
            [label] = schema["properties"]
            counts = Counter(row["gold"][label] for row in rows).most_common(plan.members)
            members = sorted(member for member, _ in counts)
            schema["properties"][label]["enum"] = members
            rows = [row for row in rows if row["gold"][label] in members]
        documents = [
            Document(row["id"], row["text"][: plan.characters], row["gold"]) for row in rows
        ]
        return cls(name, plan, schema, documents)

    @cached_property
    def _likeness(self) -> Any:
        words = TfidfVectorizer(sublinear_tf=True).fit_transform(d.text for d in self.documents)
        return linear_kernel(words, words)

    def schema_of(self, prompt: Prompt) -> dict[str, Any]:
        """The schema that is asked for; the second prompt has the members the other way round."""
        return schema_of(self.schema, prompt)

    def messages(self, number: int, prompt: Prompt) -> list[dict[str, str]]:
        """The messages about a document: instructions, examples (the nearest last), the text.

        Prompts "c" and "d" are made of those of "a", by ``fc.second_prompt``.
        """
        count = self.plan.examples
        ranked = [other for other in self._likeness[number].argsort()[::-1] if other != number]
        chosen = ranked[count : 2 * count] if prompt == "b" else ranked[:count]
        messages = [{"role": "system", "content": INSTRUCTIONS}]
        for other in reversed(chosen):
            example = self.documents[other]
            answer = json.dumps(example.right, ensure_ascii=False, separators=(",", ":"))
            messages += [
                {"role": "user", "content": example.text},
                {"role": "assistant", "content": answer},
            ]
        return [*messages, {"role": "user", "content": self.documents[number].text}]


def schema_of(schema: Mapping[str, Any], prompt: Prompt) -> dict[str, Any]:
    """The schema that a prompt asks for."""
    return dict(schema) if prompt == "a" else reordered(schema)
