"""Runs in a peer's own environment: the confidences it gives to the fields of answers.

In:    `exact_peers.py PEER`; on the standard input a JSON list of [file of a response, its schema].
Out:   one line of JSON: for each response, each of the peer's readings as pointer to probability;
       or the peer's error.
Never: an import of fieldconf, nor of anything that the peer does not bring but `worker.py`.
Why:   a peer may offer several numbers for a field; each is judged, and the best one counts.
"""

import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from worker import PEERS

Readings = dict[str, dict[str, float]]


def plain(name: str) -> Callable[[bytes, Any], Readings]:
    """What the peer says of every field, as `make bench` reads it: one number."""
    peer = PEERS[name]()

    def read(raw: bytes, _schema: Any) -> Readings:
        answer = peer.answer(peer.run(peer.prepare(raw)))
        return {"": {key: math.exp(value) for key, value in answer.items() if value is not None}}

    return read


def llm_structured_confidence(raw: bytes, schema: Any) -> Readings:
    """Its three numbers, and its list of alternatives, which it resolves to members itself."""
    from llm_structured_confidence import extract_logprobs

    readings: Readings = {"joint": {}, "mean": {}, "mean_nonzero": {}}
    for entry in extract_logprobs(json.loads(raw)):
        pointer, number = f"/{entry.path}", entry.field_logprob
        readings["joint"][pointer] = number.joint_probability
        readings["mean"][pointer] = number.mean_probability
        readings["mean_nonzero"][pointer] = number.mean_nonzero_probability
    resolved = dict(_resolved(extract_logprobs(json.loads(raw), response_schema=schema)))
    return {**readings, "alternatives, normalised by us": readings["joint"] | resolved}


def _resolved(entries: Any) -> Iterator[tuple[str, float]]:
    """The value's share of the alternatives that the peer resolves to some member."""
    for entry in entries:
        found = [x for x in entry.field_logprob.top_logprobs if x.resolved_value is not None]
        total = math.fsum(x.probability for x in found)
        own = math.fsum(x.probability for x in found if x.resolved_value == entry.value)
        if total:
            yield f"/{entry.path}", own / total


def main(name: str) -> None:
    special = {"llm-structured-confidence": llm_structured_confidence}
    read = special.get(name) or plain(name)
    told: list[Any] = []
    for body, schema in json.load(sys.stdin):
        try:
            told.append(read(Path(body).read_bytes(), schema))
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer
            told.append({"error": f"{type(error).__name__}: {error}"})
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
