"""The payloads and recordings of ``fixtures/``, and small surgery on them, for tests."""

import copy
import json

from builders import FIXTURES

PAYLOADS = FIXTURES / "payloads"
RECORDED = FIXTURES / "recorded"

INDEX = json.loads((PAYLOADS / "INDEX.json").read_text("utf-8"))
"""Name of a sample -> what its author says of it."""

RECORDINGS = sorted(path.name for path in RECORDED.iterdir() if path.suffix in (".json", ".sse"))


def sample(name):
    """A sample, read anew: it may be changed."""
    return json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))


def recorded(name):
    """A recording, read anew; llama.cpp's are kept beside their request, streams are text."""
    text = (RECORDED / name).read_text("utf-8")
    if name.endswith(".sse"):
        return text
    kept = json.loads(text)
    return kept["response"] if name.startswith("llamacpp_") else kept


def chunks_of(text):
    """The JSON objects of server-sent-event text."""
    lines = [line[5:].strip() for line in text.split("\n") if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def replaced(payload, swaps):
    """A copy with these strings and numbers replaced; parts of strings, keys and bytes, too."""
    texts = [(old, new) for old, new in swaps.items() if isinstance(old, str)]
    numbers = {old: new for old, new in swaps.items() if not isinstance(old, str)}

    def text(old):
        for before, after in texts:
            old = old.replace(before, after)
        return old

    def copied(value):
        if isinstance(value, dict):
            return {text(k): _bytes(v) if k == "bytes" else copied(v) for k, v in value.items()}
        if isinstance(value, list):
            return [copied(item) for item in value]
        if isinstance(value, str):
            return text(value)
        return numbers.get(value, value) if isinstance(value, float) else value

    def _bytes(value):
        if not isinstance(value, list):
            return copied(value)
        return list(text(bytes(value).decode("latin-1")).encode("latin-1"))

    return copied(copy.deepcopy(payload))


def without(payload, *keys):
    """A copy without these keys, wherever they stand."""
    if isinstance(payload, dict):
        return {k: without(v, *keys) for k, v in payload.items() if k not in keys}
    return [without(v, *keys) for v in payload] if isinstance(payload, list) else payload
