"""Runs in a peer's own environment: what the peer says of cases, and its package of itself.

In:    `comparison_peer.py PEER`; on the standard input a JSON list of [a body as text, its schema],
       the schema null where no distribution is wanted.
Out:   one line of JSON: `answers`, for each case the logprobs by JSON Pointer (`sums`) and the
       probabilities of allowed values (`shares`), or the peer's error; `words`, the description in
       the package's own metadata, with white space as single blanks.
Never: an import of fieldconf, nor of anything that the peer does not bring but `worker.py`.
Why:   a peer is called as its README says, on objects as the openai package makes them.
"""

import json
import math
import sys
from collections import defaultdict
from importlib.metadata import metadata
from typing import Any

import worker

Answer = dict[str, dict[str, Any]]


def sums(name: str, raw: bytes) -> dict[str, float]:
    """The peer's logprob of every value that it names."""
    if name == "distenum":
        return {}  # it gives distributions only
    peer = worker.PEERS[name]()
    answer = peer.answer(peer.run(peer.prepare(raw)))
    return {pointer: value for pointer, value in answer.items() if value is not None}


def shares(name: str, raw: bytes, schema: Any) -> dict[str, dict[str, float]]:
    """The peer's distribution over the members of an enum, where it has one."""
    if name == "llm-structured-confidence":
        from llm_structured_confidence import extract_logprobs

        found = extract_logprobs(json.loads(raw), response_schema=schema)
        return {f"/{entry.path}": _resolved(entry) for entry in found}
    if name == "distenum":
        from distenum import parse_using_schema_and_logprobs

        logprobs = _completion(raw).choices[0].logprobs
        parsed = parse_using_schema_and_logprobs(schema, logprobs)
        return {f"/{key}": value for key, value in parsed.items() if isinstance(value, dict)}
    return {}


def _resolved(entry: Any) -> dict[str, float]:
    """Its alternatives by the member that the peer itself resolves them to; they sum to 1."""
    mass: dict[str, float] = defaultdict(float)
    for alternative in entry.field_logprob.top_logprobs:
        if alternative.resolved_value is not None:
            mass[str(alternative.resolved_value)] += alternative.probability
    total = math.fsum(mass.values())
    return {member: share / total for member, share in mass.items()} if total else {}


def _completion(raw: bytes) -> Any:
    """The completion as the openai client builds it: without a validation of every part."""
    try:
        from openai._models import construct_type
        from openai.types.chat import ChatCompletion
    except ImportError:  # the peer does not bring the package
        return _Attributes(json.loads(raw))
    return construct_type(type_=ChatCompletion, value=json.loads(raw))


class _Attributes:
    """A JSON value whose keys are attributes."""

    def __init__(self, plain: dict[str, Any]) -> None:
        for key, value in plain.items():
            setattr(self, key, _attributes(value))


def _attributes(value: Any) -> Any:
    if isinstance(value, list):
        return [_attributes(item) for item in value]
    return _Attributes(value) if isinstance(value, dict) else value


def main(name: str) -> None:
    """Answer each case by itself: what fails on one may read the next."""
    worker._sdk_object = _completion  # noqa: SLF001  # as a user's client gives it
    answers: list[Any] = []
    for body, schema in json.load(sys.stdin):
        raw = body.encode()
        answers.append({"sums": {}, "shares": {}, "error": ""})
        try:
            if schema is not None:
                answers[-1]["shares"] = shares(name, raw, schema)
            answers[-1]["sums"] = sums(name, raw)
        except Exception as error:  # noqa: BLE001  # whatever a peer raises is its answer
            answers[-1]["error"] = f"{type(error).__name__}: {str(error)[:100]}"
    words = metadata(name).get_payload() or metadata(name).get("Description", "")
    print(json.dumps({"answers": answers, "words": " ".join(str(words).split())}))


if __name__ == "__main__":
    main(sys.argv[1])
