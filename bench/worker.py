"""Runs in a peer's own environment: times it on responses and says what it answered.

In: `worker.py PEER LIMIT`: a peer's name, and the seconds that a sample may take; on the standard
    input a line of JSON a sample: the files of the bodies.
Out: a line of JSON a sample: nanoseconds a body, from its bytes to the answer, and of each the
    answered leaves' JSON Pointers with their logprobs; or the error.
Never: the rewriting of the answer in the time; an import of fieldconf, or of anything that the
    peer does not bring but `timing.py`.
Why: every peer is called as its README says, with what it documents as its input.
"""

import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from timing import block, within


class Contender(NamedTuple):
    """A peer: bytes to its input, the timed call, and its answer as pointer to logprob."""

    prepare: Callable[[bytes], Any]
    run: Callable[[Any], Any]
    answer: Callable[[Any], dict[str, float | None]]


def structured_logprobs() -> Contender:
    """`add_logprobs(completion)`: a tree shaped like the answer, sums in place of values."""
    from structured_logprobs import add_logprobs

    return Contender(_sdk_object, add_logprobs, lambda result: dict(_leaves(result.log_probs[0])))


def llm_structured_confidence() -> Contender:
    """`extract_logprobs(body)` without a schema: with one it leaves out all but the enums."""
    from llm_structured_confidence import extract_logprobs

    def answer(entries: Any) -> dict[str, float | None]:
        return {_pointer(entry.path): entry.field_logprob.joint_logprob for entry in entries}

    return Contender(json.loads, extract_logprobs, answer)


def logprobs_parser() -> Contender:
    """`OpenAILogprobsResult(completion).json_logprobs()`: a tree of values with logprobs."""
    from logprobs_parser.providers.openai import OpenAILogprobsResult

    def answer(tree: Any) -> dict[str, float | None]:
        return {pointer: leaf.logprob for pointer, leaf in _leaves(tree)}

    return Contender(_sdk_object, lambda body: OpenAILogprobsResult(body).json_logprobs(), answer)


def agentuq() -> Contender:
    """`analyze_step(capture(body))`: segments, one for each leaf whose text it finds again."""
    from agentuq import Analyzer, UQConfig
    from agentuq.adapters.openai_chat import OpenAIChatAdapter

    def run(body: Any) -> Any:
        request = {"logprobs": True, "top_logprobs": 5}
        record = OpenAIChatAdapter().capture(body, request)
        return Analyzer(UQConfig()).analyze_step(record)

    def answer(result: Any) -> dict[str, float | None]:
        leaves = [segment for segment in result.segments if segment.kind == "json_leaf"]
        return {
            _pointer(leaf.metadata["jsonpath"].removeprefix("$.")): -leaf.primary_score
            for leaf in leaves
        }

    return Contender(json.loads, run, answer)


def llm_confidence() -> Contender:
    """`process_logprobs(format_logprobs(...))`: one number a key name, the last record's wins."""
    from llm_confidence.logprobs_handler import LogprobsHandler

    handler = LogprobsHandler()

    def run(completion: Any) -> Any:
        tokens = completion.choices[0].logprobs.content
        return handler.process_logprobs(handler.format_logprobs(tokens)), completion

    def answer(result: Any) -> dict[str, float | None]:
        by_name, completion = result
        content = json.loads(completion.choices[0].message.content)
        last = {pointer.rpartition("/")[2]: pointer for pointer, _ in _leaves(content)}
        known = {last[name]: value for name, value in by_name.items() if name in last}
        return {pointer: math.log(value) if value else None for pointer, value in known.items()}

    return Contender(_sdk_object, run, answer)


PEERS = {
    "structured-logprobs": structured_logprobs,
    "llm-structured-confidence": llm_structured_confidence,
    "logprobs-parser": logprobs_parser,
    "agentuq": agentuq,
    "llm-confidence": llm_confidence,
}


def main(name: str, limit: str) -> None:
    """Answer each line of the standard input, a list of files, with a line."""
    peer = PEERS[name]()
    for line in sys.stdin:
        bodies = [Path(file).read_bytes() for file in json.loads(line)]
        results: list[Any] = []
        try:
            with within(float(limit)):
                spent = block(lambda body: peer.run(peer.prepare(body)), bodies, results)
            told = {"spent": spent, "answers": [peer.answer(result) for result in results]}
        except Exception as error:  # noqa: BLE001  whatever a peer raises is its result
            told = {"error": f"{type(error).__name__}: {str(error)[:120]}"}
        print(json.dumps(told), flush=True)


def _sdk_object(raw: bytes) -> Any:
    from openai.types.chat import ChatCompletion

    return ChatCompletion.model_validate(json.loads(raw))


def _leaves(tree: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict | list):
        for key, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _leaves(item, f"{pointer}/{key}")
    else:
        yield pointer, tree


def _pointer(path: str) -> str:
    """`tickets[3].team` as a JSON Pointer."""
    return "/" + re.sub(r"\[(\d+)\]", r"/\1", path).replace(".", "/")


if __name__ == "__main__":
    main(*sys.argv[1:])
