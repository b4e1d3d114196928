"""Routing: what it is worth to ask again only for what is in doubt, on labelled texts.

In:    the folder of labelled texts (``../shared/data``); a folder for the answers (a run that was
       ended goes on there); perhaps how many texts of each kind.
Out:   for each kind of text: how many fields are accepted, reviewed and rejected, and how many of
       each are right; the same after doubtful fields were asked for again; the tokens of that,
       beside those of asking the second time for everything.
Never: a threshold fitted to these texts: the policy is the default one.
Why:   routing is worth something where accepted fields are right more often than others, and where
       it costs less than the large model for all.

The model is the embedded toy. A larger prompt stands for the larger model: the same question after
examples with their answers, of other texts; they show the fields that are asked for.

    python bench/routing.py ../shared/data /tmp/routing            # 200 and 100 texts: half an hour
    python bench/routing.py ../shared/data /tmp/routing-small 5
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from outside import present
from pydantic import BaseModel

import fieldconf as fc


class Message(BaseModel):
    """What the schema of ``sms_spam`` asks, in words that the toy understands."""

    kind: Literal["private", "advertising"]


@dataclass(frozen=True)
class Task:
    """One kind of text: which, how many, what is asked, with how many examples at first."""

    name: str
    count: int
    schema: Any
    told: str
    few: int
    shown: Sequence[tuple[str, dict[str, Any]]] = ()
    labels: Callable[[dict[str, Any]], dict[str, Any]] = dict


def kind_of(gold):
    return {"kind": "advertising" if gold["is_spam"] else "private"}


MADE_UP = (
    ("WINNER! Claim your free prize now, call 09061701461", {"kind": "advertising"}),
    ("Ok, see you at home then", {"kind": "private"}),
    ("URGENT! Your mobile number has won £2000. Txt CLAIM to 85069", {"kind": "advertising"}),
    ("Can u pick me up after class?", {"kind": "private"}),
)
EXAMPLES = 4
TASKS = (
    Task("sms_spam", 200, Message, "Say what this SMS is.", 2, MADE_UP, kind_of),
    Task("e2e_restaurants", 100, None, "What does the text say of the restaurant?", 0),
)


def labelled(folder, task):
    """The examples to show, and the texts to read, each with its labels."""
    with (folder / task.name / "examples.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in islice(lines, EXAMPLES + task.count)]
    pairs = [(row["text"], task.labels(row["gold"])) for row in rows]
    return task.shown or pairs[:EXAMPLES], pairs[EXAMPLES:]


def asking(shown, text, names=None):
    """What is read: the text, behind examples if there are some, with the fields that are named."""
    messages = []
    for example, answer in shown:
        kept = {name: answer[name] for name in names or answer}
        said = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
        messages += [{"role": "user", "content": example}, {"role": "assistant", "content": said}]
    return [*messages, {"role": "user", "content": text}] if messages else text


def right(report, gold):
    """Of each outcome, how many fields there are, and how many of them are right."""
    found = Counter()
    for name, verdict in report.verdicts.items():
        is_right = report[name].value == gold[name[1:]]
        found[verdict.outcome] += 1
        found[verdict.outcome, "right"] += is_right
    return found


def table(title, counts):
    total = sum(counts[outcome] for outcome in ("accept", "review", "reject"))
    good = sum(counts[outcome, "right"] for outcome in ("accept", "review", "reject"))
    print(f"{title}: {good} of {total} fields are right ({good / total:.1%})")
    for outcome in ("accept", "review", "reject"):
        n = counts[outcome]
        share = f"{counts[outcome, 'right'] / n:6.1%} right" if n else "     -"
        print(f"  {outcome:<7} {n:>5} ({n / total:6.1%})  {share}")


def tokens(asked):
    """Of prompts, and of answers."""
    return sum(one.input_tokens for one in asked), sum(one.output_tokens for one in asked)


def bill(reports, better, everything):
    """What was spent, and what asking for doubtful fields only has saved."""
    asked = [one for report in better for one in report.requests if one.how == "reask"]
    doubtful, whole = tokens(asked), tokens(everything)
    print("tokens of prompts and answers: {:,} + {:,} at first".format(*tokens(reports)))
    print("  asked for all, with examples: {:,} + {:,}".format(*whole))
    print("  for doubtful fields ({} texts): {:,} + {:,}".format(len(asked), *doubtful))
    saved = [1 - some / all_ for some, all_ in zip(doubtful, whole, strict=True)]
    total = 1 - sum(doubtful) / sum(whole)
    print("  saved: {:.1%} of prompts, {:.1%} of answers".format(*saved), f"{total:.1%} of both")


def again(report, shown, text, client, told):
    """A report after its doubtful fields were asked for once more, with examples of just these."""
    doubtful = [*report.to_review, *report.rejected]
    names = [name for name in report.data if f"/{name}" in doubtful]
    return fc.reask(report, asking(shown, text, names), client=client, instructions=told)


def judged(reports, golds):
    return sum((right(*pair) for pair in zip(reports, golds, strict=True)), Counter())


def run(task, folder, answers, client):
    shown, pairs = labelled(folder, task)
    texts, golds = [text for text, _ in pairs], [gold for _, gold in pairs]
    schema = task.schema or json.loads((folder / task.name / "schema.json").read_text())
    common = {"client": client, "instructions": task.told, "concurrency": 2, "tokens": True}
    print(f"\n{task.name}: {len(texts)} texts", flush=True)

    first = fc.extract_many(
        schema, [asking(shown[: task.few], text) for text in texts],
        output=answers / f"{task.name}.jsonl", **common,
    ).all()  # fmt: skip
    reports = first.reports
    table("first answer", judged(reports, golds))

    better = [
        again(report, shown, text, client, task.told)
        for report, text in zip(reports, texts, strict=True)
    ]
    table("doubtful fields asked again", judged(better, golds))

    everything = fc.extract_many(
        schema, [asking(shown, text) for text in texts],
        output=answers / f"{task.name}-all.jsonl", **common,
    ).all()  # fmt: skip
    table("all asked with examples", judged(everything.reports, golds))

    bill(reports, better, everything.reports)


def main():
    folder, answers = present(Path(sys.argv[1])), Path(sys.argv[2])
    answers.mkdir(parents=True, exist_ok=True)
    with fc.local() as client:
        for task in TASKS:
            count = int(sys.argv[3]) if len(sys.argv) > 3 else task.count
            run(replace(task, count=count), folder, answers, client)


main()
