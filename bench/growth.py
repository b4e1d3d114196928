"""Growth: what scoring costs as an answer, or its schema, becomes larger; with adversaries.

In:    nothing.
Out:   for each case a line a size: seconds of this process, the ratio to the size before, and the
       exponent of growth (1: linear, 2: quadratic).
Never: a judgment; the tests of law 9 count work, this looks at the clock.
Why:   who is sent a schema or an answer by a stranger wants to know what it may cost.

    python bench/growth.py
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import fieldconf as fc
from fieldconf.schema import compile_schema

LONGEST = 10.0  # seconds of one answer; larger sizes of the case are left out behind it


def payload(pieces: Sequence[str], rivals: Sequence[str]) -> dict[str, Any]:
    """A response of these tokens, each with these rivals."""
    content = [
        {
            "token": piece, "logprob": -0.1, "bytes": list(piece.encode()),
            "top_logprobs": [
                {"token": text, "logprob": logprob, "bytes": list(text.encode())}
                for text, logprob in [(piece, -0.1), *((rival, -4.0) for rival in rivals)]
            ],
        }
        for piece in pieces
    ]  # fmt: skip
    message = {"content": "".join(pieces)}
    return {"choices": [{"message": message, "logprobs": {"content": content}}]}


def cut(text: str, size: int = 64) -> list[str]:
    """A text in tokens of so many characters."""
    return [text[i : i + size] for i in range(0, len(text), size)]


def arms(count: int) -> tuple[Any, Any]:
    """A union of so many arms, told apart by a constant."""
    union = [
        {"type": "object", "required": ["kind", "v"], "additionalProperties": False,
         "properties": {"kind": {"const": f"k{i}"}, "v": {"type": "integer"}}}
        for i in range(count)
    ]  # fmt: skip
    return payload(['{"kind":"', "k7", '","v":1}'], ["k1", "k"]), {"oneOf": union}


def nesting(depth: int) -> tuple[Any, Any]:
    """Lists in lists, in tokens of 64 bytes."""
    return payload(cut("[" * depth + "]" * depth), ["[", "]", "[1"]), None


def pattern(pieces: int) -> tuple[Any, Any]:
    """Candidates judged by a pattern that takes a century."""
    text = {"type": "string", "pattern": "^(a|aa)+$"}
    answer = ['{"a":"', *["aaa"] * pieces, "b", '"}']
    return payload(answer, ["aab", "ab", "b", "aaab"]), {"properties": {"a": text}}


def rows(count: int) -> tuple[Any, Any]:
    """A plain list of objects."""
    row = {"type": "object", "properties": {"ok": {"type": "boolean"}, "n": {"type": "integer"}}}
    answer = ["[", *['{"ok":', "true", ',"n":', "12", "},"] * count, '{"ok":true,"n":1}]']
    return payload(answer, ["false", "1", "]"]), {"type": "array", "items": row}


CASES: dict[str, tuple[Callable[[int], tuple[Any, Any]], tuple[int, ...]]] = {
    "arms of a union": (arms, (125, 250, 500, 1000)),
    "depth": (nesting, (125, 250, 500, 1000)),
    "tokens under a slow pattern": (pattern, (10, 20, 40, 80)),
    "rows": (rows, (100, 200, 400, 800)),
}


def main() -> None:
    """Print the table; the second answer to each schema is measured, see ``first``."""
    print(f"{'case':30}{'size':>8}{'first s':>10}{'next s':>10}{'ratio':>8}{'exponent':>10}")
    for name, (case, sizes) in CASES.items():
        before = 0.0
        for at, size in enumerate(sizes):
            answer, schema = case(size)
            start = time.process_time()
            compiled = compile_schema(schema)
            fc.score(answer, compiled)
            middle = time.process_time()
            fc.score(answer, compiled)
            seconds = time.process_time() - middle
            ratio = exponent = ""
            if at and before:
                ratio = f"{seconds / before:.2f}"
                exponent = f"{math.log(seconds / before, size / sizes[at - 1]):.2f}"
            first = middle - start
            print(f"{name:30}{size:>8}{first:>10.3f}{seconds:>10.3f}{ratio:>8}{exponent:>10}")
            before = seconds
            if seconds > LONGEST:
                break


if __name__ == "__main__":
    main()
