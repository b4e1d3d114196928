"""What merely decodes a response: parsers and msgspec's types of it. As a script: whole files.

In: bytes. As a script: `decoding.py KIND FILES...`, responses a line each.
Out: `DECODERS`, by name. As a script nothing: each line is decoded and forgotten.
Never: an import of fieldconf or of a client, which would take longer than small files.
Why: what is scored has to be read at least, so reading is what scoring is measured beside.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import orjson


class Candidate(msgspec.Struct):
    """One of `top_logprobs`."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class Token(Candidate):
    """A token with its candidates."""

    top_logprobs: list[Candidate] = []


class RawToken(Candidate):
    """A token whose candidates are left as they are written."""

    top_logprobs: msgspec.Raw = msgspec.Raw()


def _typed(token: type) -> Callable[[bytes], Any]:
    """A decoder of a response that has such tokens; the names are OpenAI's."""
    listed = msgspec.defstruct("Logprobs", [("content", list[token])])
    message = msgspec.defstruct("Message", [("content", str)])
    parts = [("message", message), ("logprobs", listed), ("finish_reason", str)]
    choice = msgspec.defstruct("Choice", parts)
    body = msgspec.defstruct("Body", [("id", str), ("choices", list[choice])])
    return msgspec.json.Decoder(body).decode


ORJSON, JSON = "orjson.loads", "json.loads"
TYPED, RAW = "msgspec typed", "msgspec typed, candidates raw"
DECODERS: dict[str, Callable[[bytes], Any]] = {
    ORJSON: orjson.loads,
    JSON: json.loads,
    TYPED: _typed(Token),
    RAW: _typed(RawToken),
}


def main(kind: str, *files: str) -> None:
    decode = DECODERS[kind]
    for file in files:
        with Path(file).open("rb") as lines:
            for line in lines:
                decode(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
