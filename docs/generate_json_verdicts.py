"""Write docs/json-verdicts.md: what the parser says where RFC 8259 leaves the choice.

The page is computed from the files of JSONTestSuite, which stay where they are:

    python docs/generate_json_verdicts.py

``tests/test_json_test_suite.py`` computes the page again and compares.
"""

import sys
from pathlib import Path
from typing import Any

from fieldconf.parsing.parser import JSONParser
from fieldconf.parsing.values import ValueBuilder

PAGE = Path(__file__).with_name("json-verdicts.md")
SUITE = Path(__file__).parents[2] / "shared" / "corpora" / "JSONTestSuite" / "test_parsing"

HEAD = """\
# Where the JSON standard leaves the choice

RFC 8259 does not say what a parser must do with numbers that no machine type holds, with half of
a surrogate pair, with bytes that are not UTF-8, or with very deep nesting. JSONTestSuite collects
such texts: its files whose names begin with `i_`. This page lists what fieldconf does with each.
In short:

- **Numbers** of any size are accepted. Whole numbers stay exact, however long (an `int`, or beyond
  Python's 4,300 digits a `Decimal`). Numbers with a point or an exponent become doubles: too large
  ones infinity, too small ones zero.
- **Half of a surrogate pair**, written as an escape, is accepted and kept. Python can hold such a
  text but cannot write it as UTF-8.
- **Bytes that are not UTF-8** are an error, and so is a byte order mark. An answer that holds them
  was damaged on its way, and its spans would point at the wrong bytes.
- **Nesting** is accepted up to 1,024 containers, or as `max_depth` says.
- **Repeated keys** are accepted. Each gives its events; in the value the last one stays.

Accepted values are those that `json.loads` gives for the same text (which refuses integers beyond
4,300 digits).

"""


def verdict(data: bytes) -> tuple[str, str, str]:
    """Accepted or not, why, and what becomes of the value."""
    parser, tree = JSONParser(), ValueBuilder()
    for event in parser.feed(data) + parser.close():
        tree.take(event)
    if parser.error is None:
        return ("accepted", *_accepted(_innermost(tree.root)))
    return "rejected", _rejected(data), f"none; the error is at byte {parser.error.offset}"


def _innermost(value: Any) -> Any:
    """The first scalar, or the first key that cannot be written; an empty list if there is none."""
    while value and isinstance(value, (list, dict)):
        key = next(iter(value))
        value = value[0] if isinstance(value, list) else key if _is_half(key) else value[key]
    return value


def _is_half(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _accepted(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return "an escape may name half of a surrogate pair", "text with that half in it"
    if isinstance(value, int):
        return "a number may have any number of digits", "the exact `int`"
    if isinstance(value, float):
        size = "small" if value == 0 else "large"
        return f"a number may be too {size} for a double", f"`{value}`"
    return "nesting within `max_depth`", "the nested lists"


def _rejected(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        return "a byte order mark is no part of a JSON text"
    if b"\0" in data:
        return "UTF-16; JSON is sent as UTF-8"
    return "not UTF-8"


def page(suite: Path = SUITE) -> str:
    """The whole page."""
    rows = ["| file | verdict | why | value |", "|---|---|---|---|"]
    rows += [
        f"| `{file.stem}` | {' | '.join(verdict(file.read_bytes()))} |"
        for file in sorted(suite.glob("i_*.json"))
    ]
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    if not SUITE.is_dir():
        sys.exit(f"{SUITE} is absent: see CONTRIBUTING.md, Corpora")
    PAGE.write_text(page(), encoding="utf-8")
