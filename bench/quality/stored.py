"""The stored set: answers of the embedded model with logprobs, and which of their values are right.

In:    the answers that `ask.py` kept, and the right values of the sets; or the stored files.
Out:   `data/<set>.jsonl.xz`, a line an answer; payloads that `fc.score` reads; tables of values.
Never: a source text, or a right value: they stay with the sets, whose licences they have.
Why:   structured outputs with logprobs and labels exist nowhere else, and asking takes hours.

A line: ``document`` (its id in the set), ``prompt`` ("a" or "b"), ``text`` (the answer),
``tokens`` (a list a token: text, logprob in nats with 4 digits, then text and logprob of each
candidate), ``right`` (by pointer: 1 or 0), of some ``settled`` (by pointer: members with their
settled probabilities), and ``source`` (by pointer: how the value was found in the text, with the
similarity of each place; of null the kinds of its candidates there).
"""

import hashlib
import json
import lzma
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from sets import PLANS, DataSet, Prompt, schema_of

import fieldconf as fc
from fieldconf.evaluation.judged import judged
from fieldconf.types import SourceCandidate, SourceSpan

DATA = Path(__file__).parent / "data"
ANSWERS = Path(__file__).parent / ".answers"
"""What `ask.py` has asked, beside this file."""
SETTINGS = {"version": 2, "mask": "before", "layout": {
    "compact": True, "ordered": True, "plain": True, "no_null": True}}  # fmt: skip
"""How the embedded model's answers are read: its grammar allows one spelling of each value."""

SCHEMAS = DATA / "schemas.json"
"""The schema of each set, as the first prompt has it."""

LEAST = -10.0
"""Candidates below this logprob (nats) are left out: they count as not listed."""

RULES = {"number": "number", "string": "text"}


def stored(name: str) -> Iterator[dict[str, Any]]:
    """The lines of a stored set."""
    path = DATA / f"{name}.jsonl.xz"
    if path.exists():
        with lzma.open(path, "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)


def payload(line: dict[str, Any]) -> dict[str, Any]:
    """The response of a line, as `fc.score` reads it."""
    content = [
        {
            "token": text, "logprob": logprob,
            "top_logprobs": [{"token": t, "logprob": n} for t, n in candidates],
        }
        for text, logprob, candidates in line["tokens"]
    ]  # fmt: skip
    message = {"role": "assistant", "content": line["text"]}
    choice = {"index": 0, "message": message, "logprobs": {"content": content},
              "finish_reason": "stop"}  # fmt: skip
    response = {"object": "chat.completion", "model": "SmolLM2-135M", "choices": [choice]}
    return {"fieldconf": SETTINGS, "response": response}


def report_of(line: dict[str, Any], schema: dict[str, Any]) -> fc.Report[Any]:
    """The report of a line; it is located as far as the line says what was found in the text."""
    report = fc.score(payload(line), schema)
    fields = dict(report.fields)
    for pointer, (spans, candidates) in line.get("source", {}).items():
        fields[pointer] = replace(
            fields[pointer],
            source_spans=None if spans is None
            else tuple(SourceSpan(0, 0, "", how, similarity) for how, similarity in spans),
            source_candidates=None if candidates is None
            else tuple(SourceCandidate(0, 0, "", kind) for kind in candidates),
        )  # fmt: skip
    return replace(report, fields=fields)


def in_source(report: fc.Report[Any], text: str) -> dict[str, Any]:
    """What a line says of where values stand in a text, by pointer: no offsets and no texts."""
    found: dict[str, Any] = {}
    for pointer, field in fc.locate(report, text).leaves.items():
        spans, candidates = field.source_spans, field.source_candidates
        if spans is not None or candidates is not None:
            found[pointer] = [
                None if spans is None else [[s.how, round(s.similarity, 4)] for s in spans],
                None if candidates is None else [candidate.kind for candidate in candidates],
            ]
    return found


def body(line: dict[str, Any]) -> dict[str, Any]:
    """The response of a line with all that a peer's types demand."""
    response = payload(line)["response"]
    [choice] = response["choices"]
    for entry in choice["logprobs"]["content"]:
        for each in (entry, *entry["top_logprobs"]):
            each["bytes"] = list(each["token"].encode())
    choice["logprobs"]["refusal"] = None
    return {"id": "stored", "created": 0, **response}


def _compact(response: dict[str, Any]) -> dict[str, Any]:
    """The text and the tokens of a kept response."""
    [choice] = response["response"]["choices"]
    tokens = [
        [
            entry["token"], round(entry["logprob"], 4),
            [[one["token"], round(one["logprob"], 4)] for one in entry["top_logprobs"]
             if one["logprob"] > LEAST],
        ]
        for entry in choice["logprobs"]["content"]
    ]  # fmt: skip
    return {"text": choice["message"]["content"], "tokens": tokens}


def _lines(one: DataSet) -> Iterator[dict[str, Any]]:
    documents = {document.id: document for document in one.documents}
    path = ANSWERS / f"{one.name}.jsonl"
    for answer in map(json.loads, path.read_text().splitlines() if path.exists() else ()):
        if "response" not in answer:
            continue
        document, prompt = answer["document"], answer["prompt"]
        line = {"document": document, "prompt": prompt, **_compact(answer["response"])}
        report = fc.score(payload(line), one.schema_of(prompt))
        if report.status != "complete":
            continue
        truths = fc.labels(
            [{"document": document, "value": documents[document].right}], rules=RULES
        )
        found = judged({document: report}, truths)
        rights = found.table.right.tolist()
        right = {one.pointer: int(known) for one, known in zip(found.details, rights, strict=True)}
        settled = answer.get("settled")
        line |= {"right": right, "source": in_source(report, documents[document].text)}
        yield line | ({"settled": settled} if settled else {})


def _with_source(one: DataSet) -> Iterator[dict[str, Any]]:
    """The stored lines of a set, searched in its texts again."""
    texts = {document.id: document.text for document in one.documents}
    for line in stored(one.name):
        report = fc.score(payload(line), one.schema_of(line["prompt"]))
        yield line | {"source": in_source(report, texts[line["document"]])}


def rows(name: str, prompt: Prompt = "a") -> Iterator[dict[str, Any]]:
    """The values of a stored set: a row each, with the scores of its field.

    A row has ``document, field, confidence, right, pointer, value`` and all signals of the field.
    """
    schema = schema_of(json.loads(SCHEMAS.read_text())[name], prompt)
    for line in stored(name):
        if line["prompt"] == prompt:
            yield from _rows(line, report_of(line, schema))


def _rows(line: dict[str, Any], report: fc.Report[Any]) -> Iterator[dict[str, Any]]:
    for pointer, right in line["right"].items():
        field = report.fields[pointer]
        yield {
            "document": line["document"], "field": _general(field), "right": bool(right),
            "pointer": pointer, "value": field.value, "rank": field.rank, **field.signals,
        }  # fmt: skip


def _general(field: fc.Field) -> str:
    return "".join("/*" if isinstance(step, int) else f"/{step}" for step in field.path)


@click.command()
def main() -> None:
    """Store what `ask.py` has asked so far beside what is stored, and print the checksums.

    Values are searched for in the texts of the sets anew.
    """
    DATA.mkdir(exist_ok=True)
    SCHEMAS.write_text(json.dumps({name: DataSet.read(name).schema for name in PLANS}, indent=1))
    for name in PLANS:
        one = DataSet.read(name)
        lines = {(line["document"], line["prompt"]): line
                 for line in (*_with_source(one), *_lines(one))}  # fmt: skip
        if not lines:
            continue
        texts = [json.dumps(line, ensure_ascii=False, separators=(",", ":"))
                 for line in lines.values()]  # fmt: skip
        path = DATA / f"{name}.jsonl.xz"
        path.write_bytes(lzma.compress("\n".join(texts).encode(), preset=9))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        count = sum(len(line["right"]) for line in lines.values())
        size = path.stat().st_size
        print(f"{digest}  {path.name}  {len(lines)} answers, {count} values, {size:,} bytes")


if __name__ == "__main__":
    main()
