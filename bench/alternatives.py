"""What the alternatives cost: beside aligning the same tokens, and by the number of candidates.

In:    options; the answers are made here.
Out:   a table: µs a token with no logprobs at all (alignment, values, validation), and how many
       times that the alternatives add, at several ``top_logprobs``; exit code 1 if a field's
       alternatives cost more than 3 times its alignment at 5, or more than linearly in candidates.
Never: wall time; a run that is not taken in turns with the one it is compared with.
Why:   confidences must cost nothing that anyone notices, and a list of 20 candidates must not cost
       more than four times what 5 cost.

    python bench/alternatives.py
"""

import math
import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from timing import Run, in_turns

from fieldconf.schema import Schema, compile_schema
from fieldconf.scoring.scorer import score_completion
from fieldconf.tokens.token import Candidate, Completion, Token

Piece = tuple[str, Sequence[str]]  # a token's text, and what might have stood there
WIDTHS = (0, 5, 10, 20)
ALLOWED = 3.0  # times the alignment, at 5 candidates
LINEAR = 1.25  # 20 candidates may cost this times four times what 5 cost


def _key(name: str) -> list[Piece]:
    return [(f'"{name[:2]}', ["{", "[", '"', " "]), (name[2:], ["x", "s", "_", "y"])]


_COLON = ["=", '":', " :", '":"']
_BOOLEAN: list[Piece] = [('":', _COLON), ("true", ["false", " true", "null", "tr"])]
_ENUM: list[Piece] = [
    ('":"', ['":', '": "', '"', '":["']), ("bill", ["sales", "acc", "b", "spam"]),
    ("ing", ["_review", "ed", "i", "ings"]), ('"', ['",', " ", '"}', "s"]),
]  # fmt: skip
_NUMBER: list[Piece] = [('":', _COLON), ("12", ["1", "13", "2", "null"])]
_STRING: list[Piece] = [
    ('":"', ['":', '": "', '"', '":["']), ("Anna", ["A", "Ann", "The", "Ms"]),
    (" Berg", [" B", " Ber", " ", '"']), ('"', ['",', " ", '"}', "s"]),
]  # fmt: skip
_TEXT: list[Piece] = [
    ('":"', ['":', '": "', '"', '":["']),
    *[(word, [" a", " the", "s", "."]) for word in [" charged", " twice", " for", " it"] * 12],
    ('"', ['",', " ", '"}', "s"]),
]  # fmt: skip
LABELS = {"enum": ["billing", "bill_review", "sales", "account"]}
KINDS: dict[str, tuple[list[Piece], dict[str, Any]]] = {
    "boolean": (_BOOLEAN, {"type": "boolean"}),
    "enum": (_ENUM, LABELS),
    "number": (_NUMBER, {"type": "integer"}),
    "string": (_STRING, {"type": "string"}),
    "long text": (_TEXT, {"type": "string"}),
}


def _object(kinds: Sequence[str]) -> tuple[list[Piece], dict[str, Any]]:
    """An object with one property a kind, its pieces and its schema."""
    pieces: list[Piece] = [("{", ["[", " ", "{}", "\n"])]
    declared: dict[str, Any] = {}
    for number, kind in enumerate(kinds):
        name = f"field{number}"
        value, declared[name] = KINDS[kind]
        pieces += [*_key(name), *value, (",", ["}", " ,", ",\n", "]"])]
    pieces[-1] = ("}", [",", " }", "}\n", "]"])
    return pieces, {"type": "object", "properties": declared, "required": list(declared)}


def _mail() -> tuple[list[Piece], dict[str, Any]]:
    return _object(["boolean", "enum", "number", "string", "string", "long text"])


def _rows() -> tuple[list[Piece], dict[str, Any]]:
    """A list of small objects: nearly every token is a decision."""
    item, schema = _object(["boolean", "enum", "number"])
    pieces: list[Piece] = [("[", ["{", " [", "[]", "\n"])]
    for _ in range(20):
        pieces += [*item, (",", ["]", " ,", ",\n", "}"])]
    pieces[-1] = ("]", [",", " ]", "]\n", "}"])
    return pieces, {"type": "array", "items": schema}


DOCUMENTS: dict[str, Callable[[], tuple[list[Piece], dict[str, Any]]]] = {
    **{f"one {kind}": (lambda kind=kind: _object([kind])) for kind in KINDS},
    "six fields of a mail": _mail,
    "a list of 20 small objects": _rows,
}


def _completion(pieces: Sequence[Piece], width: int, *, known: bool = True) -> Completion:
    """The answer, each token with so many candidates; without logprobs if not ``known``."""
    tokens = tuple(_token(text, rivals, width, known=known) for text, rivals in pieces)
    return Completion("".join(text for text, _ in pieces), tokens, "stop")


def _token(text: str, rivals: Sequence[str], width: int, *, known: bool) -> Token:
    texts = [text, *(r * (1 + i // len(rivals)) for i, r in enumerate([*rivals] * 5))][:width]
    listed = [Candidate(t, t.encode(), math.log(0.8 if t is text else 0.1 / width)) for t in texts]
    return Token(text, text.encode(), math.log(0.8) if known else None, tuple(listed))


def _run(completion: Completion, schema: Schema) -> Run:
    calls = max(1, 2_000 // len(completion.tokens or ()))
    return Run(lambda made: score_completion(made, schema), lambda: completion, calls)


def measure(seconds: float) -> dict[str, dict[int | None, float]]:
    """µs a token of each document, at each width; None stands for alignment alone."""
    found: dict[str, dict[int | None, float]] = {}
    for name, make in DOCUMENTS.items():
        pieces, declared = make()
        schema = compile_schema(declared)
        runs = {width: _run(_completion(pieces, width), schema) for width in WIDTHS}
        alone = _run(_completion(pieces, 5, known=False), schema)
        taken = in_turns({None: alone, **runs}, seconds=seconds, fewest=7)
        found[name] = {w: min(t.samples) / 1000 / len(pieces) for w, t in taken.items()}
    return found


@click.command()
@click.option("--seconds", default=4.0, show_default=True, help="For each document.")
def main(seconds: float) -> None:
    """Print what the alternatives cost."""
    table = Table(title="Alternatives: times the alignment of the same tokens")
    for title in ("answer", "alignment, µs a token", *(f"{width} candidates" for width in WIDTHS)):
        table.add_column(title, justify="left" if title == "answer" else "right")
    growth: list[float] = []
    dearest = 0.0
    for name, times in measure(seconds).items():
        alone = times[None]
        added = {width: (times[width] - alone) / alone for width in WIDTHS}
        table.add_row(name, f"{alone:.1f}", *(f"{added[width]:.2f}x" for width in WIDTHS))
        dearest = max(dearest, added[5])
        growth.append((times[20] - times[0]) / max(times[5] - times[0], 1e-9))
    Console(width=110).print(table)
    linear = median(growth) <= 4 * LINEAR
    print(f"{_verdict(dearest <= ALLOWED)}: at 5 candidates at most {dearest:.2f}x ({ALLOWED}x)")
    print(f"{_verdict(linear)}: 20 candidates cost {median(growth):.2f}x what 5 cost (4x)")
    sys.exit(0 if dearest <= ALLOWED and linear else 1)


def _verdict(passed: bool) -> str:  # noqa: FBT001  # said with a word
    return "PASS" if passed else "FAIL"


if __name__ == "__main__":
    main()
