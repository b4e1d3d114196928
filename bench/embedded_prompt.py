"""Which prompt does the embedded model answer best?  Prints one row a style.

    python bench/embedded_prompt.py [word of a style's name ...]

bool, enum: mass of the tokens that the schema allows where a boolean, an enum is decided (mean and
            least; before the grammar's mask, top 20). Where it is small, the numbers are noise.
right:      of the values, by kind, how many equal the gold answers of embedded_texts.py.
first:      of the booleans and enums, how many are the first member: a prompt that lists the
            choices may just have its first one repeated (the gold answers hold `gold` of them).
brier:      mean Brier score of the booleans and enums (0 best; a guesser who spreads evenly gets
            `even`): whether the probabilities say anything about the gold answers.
cut:        answers that did not end.
"""

import json
import math
import sys
import time
from collections import Counter
from typing import Any

from embedded_texts import CASES

import fieldconf as fc
from fieldconf.embedded import local
from fieldconf.embedded.client import LocalClient
from fieldconf.embedded.prompt import embedded_messages, embedded_schema


def words(node: dict[str, Any]) -> str:
    if "enum" in node:
        return "one of " + ", ".join(node["enum"])
    bounds = f" from {node['minimum']} to {node['maximum']}" if "minimum" in node else ""
    kinds = {"boolean": "true or false", "string": "text", "number": "a number"}
    return kinds.get(node["type"], "a whole number") + bounds


def blank(node: dict[str, Any]) -> str:
    if "enum" in node:
        return "|".join(map(json.dumps, node["enum"]))
    blanks = {"boolean": "true|false", "string": '"..."', "number": "0.0", "integer": "0"}
    return blanks[node["type"]]


def keys(schema: dict[str, Any]) -> str:
    parts = (f"{name} ({node['description']})" for name, node in schema["properties"].items())
    return f"Read the text and answer with JSON that has these keys: {', '.join(parts)}."


def plain(schema: dict[str, Any]) -> str:
    parts = (f"{name} ({words(node)})" for name, node in schema["properties"].items())
    return f"Extract from the text as JSON: {', '.join(parts)}."


def questions(schema: dict[str, Any]) -> str:
    lines = (
        f'"{name}": {node["description"]}? Answer {words(node)}.'
        for name, node in schema["properties"].items()
    )
    return "Answer these questions about the text as one JSON object.\n" + "\n".join(lines)


def whole_schema(schema: dict[str, Any]) -> str:
    return f"Answer with JSON that follows this JSON Schema:\n{json.dumps(schema)}"


def skeleton(schema: dict[str, Any]) -> str:
    parts = (f'"{name}": {blank(node)}' for name, node in schema["properties"].items())
    return f"Fill in this JSON from the text:\n{{{', '.join(parts)}}}"


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def system(write: Any) -> Any:
    return lambda schema, text: [message("system", write(schema)), message("user", text)]


def after(write: Any) -> Any:
    return lambda schema, text: [message("user", f"{text}\n\n{write(schema)}")]


def worked(schema: dict[str, Any], text: str) -> list[dict[str, str]]:
    """The schema, and one exchange made from it."""
    made = {
        name: node["enum"][0]
        if "enum" in node
        else {"boolean": True, "string": "Blue Falcon", "number": 12.5}.get(node["type"], 3)
        for name, node in schema["properties"].items()
    }
    told = "; ".join(f"{name.replace('_', ' ')} is {value}" for name, value in made.items())
    answer = json.dumps(made, separators=(",", ":"))
    asked = [message("user", told), message("assistant", answer), message("user", text)]
    return [message("system", whole_schema(schema)), *asked]


STYLES: dict[str, Any] = {
    "keys and descriptions": system(keys),
    "JSON Schema": system(whole_schema),
    "JSON Schema, one worked exchange": worked,
    "allowed values in words": system(plain),
    "allowed values in words, after text": after(plain),
    "questions": system(questions),
    "JSON to fill in": system(skeleton),
    "JSON to fill in, after text": after(skeleton),
    "embedded_messages (chosen)": embedded_messages,
}


def deciding(content: str, tokens: Any, name: str, node: dict[str, Any]) -> tuple[int, int, Any]:
    """Where the value starts, where its first deciding token does, and that token."""
    raw = content.encode()
    start = raw.index(b":", raw.index(json.dumps(name).encode())) + 1
    at = 0
    for token in tokens:
        end = at + len(token.bytes or [])
        if end > start + ("enum" in node):  # an enum's opening quote decides nothing
            return start, at, token
        at = end
    raise ValueError(name)


def valid_mass(content: str, tokens: Any, name: str, node: dict[str, Any]) -> float:
    """Mass of the listed tokens that lead to a member, however they are spaced."""
    start, at, token = deciding(content, tokens, name, node)
    head, shared = content.encode()[:start], content.encode()[:at]
    members = [head + json.dumps(value).encode() for value in node.get("enum", [True, False])]

    def leads(candidate: bytes) -> bool:
        text = shared + candidate
        text = head + text[start:].lstrip(b" ") if text.startswith(head) else text
        ended = (
            text[len(member) :][:1] in b",}\n " for member in members if text.startswith(member)
        )
        return bool(candidate) and (any(m.startswith(text) for m in members) or any(ended))

    listed = ((bytes(other.bytes or []), other.logprob) for other in token.top_logprobs)
    return sum(math.exp(logprob) for raw, logprob in listed if leads(raw))


def kind(node: dict[str, Any]) -> str:
    return "enum" if "enum" in node else {"integer": "number"}.get(node["type"], node["type"])


def is_right(value: Any, gold: Any) -> bool:
    return value.strip().lower() == gold.lower() if isinstance(value, str) else value == gold


def brier(field: fc.Field, gold: Any) -> float:
    """Squared error of a distribution, summed over its members (Brier 1950); 0..2."""
    assert field.distribution is not None
    return sum((m.probability - (m.value == gold)) ** 2 for m in field.distribution.candidates)


def ask(client: LocalClient, schema: dict[str, Any], messages: list[Any]) -> Any:
    shape = {"name": "answer", "schema": embedded_schema(schema)}
    return client.chat.completions.create(
        **client.fieldconf_defaults.options,
        messages=messages,
        logprobs=True,
        response_format={"type": "json_schema", "json_schema": shape},
    )


def measure(client: LocalClient, style: Any) -> tuple[dict[str, list[float]], Counter[str]]:
    masses: dict[str, list[float]] = {"boolean": [], "enum": [], "brier": []}
    counts: Counter[str] = Counter()
    for schema, text, gold in CASES:
        response = ask(client, schema, style(schema, text))
        report, choice = fc.score(response, schema, mask="before"), response.choices[0]
        if choice.finish_reason != "stop":
            counts["cut"] += 1
            continue
        values = json.loads(choice.message.content)
        for (name, node), right in zip(schema["properties"].items(), gold, strict=True):
            counts[kind(node)] += is_right(values[name], right)
            if kind(node) in masses:
                tokens = choice.logprobs.content
                masses[kind(node)].append(valid_mass(choice.message.content, tokens, name, node))
                masses["brier"].append(brier(report[name], right))
                counts["first"] += values[name] == node.get("enum", [True])[0]
    return masses, counts


def main() -> None:
    each = len(CASES)
    golds = [zip(s["properties"].values(), gold, strict=True) for s, _, gold in CASES]
    choices = [(n, g) for pairs in golds for n, g in pairs if kind(n) in ("boolean", "enum")]
    first = sum(gold == node.get("enum", [True])[0] for node, gold in choices)
    print(
        f"{each} texts, {each} values of each kind; gold: {first} of {len(choices)} first members"
    )
    even = sum(1 - 1 / len(node.get("enum", [True, False])) for node, _ in choices) / len(choices)
    print(f"a guesser who spreads evenly: Brier score {even:.2f}")
    print(f"{'':36}{'bool':>11}{'enum':>11}  right: bool enum num str  first brier cut  s")
    with local() as client:
        for name, style in STYLES.items():
            if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
                continue
            began = time.monotonic()
            masses, counts = measure(client, style)
            briers = masses.pop("brier")
            mass = "".join(f"{sum(m) / len(m):6.2f} {min(m):.2f}" for m in masses.values())
            right = " ".join(f"{counts[k]:4}" for k in ("boolean", "enum", "number", "string"))
            mean = sum(briers) / len(briers)
            tail = (
                f"{counts['first']:5} {mean:5.2f} {counts['cut']:3} {time.monotonic() - began:3.0f}"
            )
            print(f"{name:36}{mass}        {right} {tail}", flush=True)


if __name__ == "__main__":
    main()
