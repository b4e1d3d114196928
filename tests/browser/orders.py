"""Orders: an invented invoice with nested lists, whose answer has tokens with candidates."""

import json
import math
import re

import fieldconf as fc

TEXT = """Müller & Söhne GmbH, Hafenstr. 12, Hamburg

Invoice INV-2031-0417            22 November 2026

 1  Hex nuts M8      152 x  49.03
 2  Washers           12 x   1.20

Total EUR 7,467.00
"""
VALUE = {
    "number": "INV-2031-0417",
    "supplier": {"name": "Müller & Söhne GmbH", "city": "Hamburg"},
    "items": [
        {"what": "Hex nuts M8", "count": 152, "price": 49.03},
        {"what": "Washers", "count": 12, "price": 1.2},
    ],
    "paid": False,
    "due": None,
}
DOUBTFUL = {"152": ("162", 0.6), "Hambu": ("Breme", 0.3), "false": ("true", 0.8)}
"""A piece of the answer -> its rival, and the probability of the piece."""


def answer(value):
    """A response whose tokens are pieces of words."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    entries = []
    for piece in re.findall(r"\w{1,5}|[^\w]{1,2}", text):
        rival, p = DOUBTFUL.get(piece, ("x", 0.99))
        tops = [{"token": piece, "logprob": math.log(p)}]
        tops += [{"token": rival, "logprob": math.log((1 - p) * 0.9)}]
        entries.append({**tops[0], "top_logprobs": tops})
    message = {"message": {"content": text}, "logprobs": {"content": entries}}
    return {"model": "small-model", "choices": [message | {"finish_reason": "stop"}]}


def invoice():
    schema = {
        "title": "Invoice", "type": "object",
        "properties": {"due": {"type": ["string", "null"]}, "paid": {"type": "boolean"}},
    }  # fmt: skip
    return fc.locate(fc.score(answer(VALUE), schema), TEXT, how=["exact"])


def many(count):
    """A report of so many values in a list."""
    rows = [{"name": f"name {n}", "n": 7 * n} for n in range(count // 2)]
    return fc.score(answer({"rows": rows}), {"type": "object"})
