"""Law 9 for deep nesting: cost grows linearly with depth, also where a token closes many values.

Counted in calls: the path of a value is a tuple as long as it is deep, copied below them.
"""

import pytest
from builders import completion, token
from test_law_9_scoring import work

from fieldconf.distributions.continuation import _shared
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score_completion

TREE = {
    "$ref": "#/$defs/Tree",
    "$defs": {"Tree": {
        "anyOf": [
            {"type": "array", "items": {"$ref": "#/$defs/Tree"}}, {"type": "integer"},
            {"type": "object"},
        ],
        "properties": {"a": {"$ref": "#/$defs/Tree"}},
    }},
}  # fmt: skip
SHAPES = {"arrays": ("[", "1", "]"), "objects": ('{"a":', "1", "}"), "pairs": ("[0,[", "1", "]]")}
SIZE = 32  # bytes of a token


def nested(shape, depth):
    opening, inside, closing = shape
    text = opening * depth + inside + closing * depth
    pieces = [text[i : i + SIZE] for i in range(0, len(text), SIZE)]
    rivals = [("[", -3.0), ("]", -3.0), ("[[1", -4.0), (opening * 8, -4.0), (closing * 8, -4.0)]
    return completion(*(token(piece, -0.1, [(piece, -0.1), *rivals]) for piece in pieces))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("schema", [None, TREE], ids=["no schema", "a tree"])
def test_ten_times_as_deep(shape, schema):
    """Law 9: ten times the depth, and so the tokens, is at most twelve times the work."""
    compiled = compile_schema(schema)

    def cost(depth):
        return work(score_completion, nested(shape, depth), compiled)

    cost(300)  # what is looked up once is no part of the growth
    assert cost(300) <= 12 * cost(30)


@pytest.mark.parametrize(
    ("one", "two", "shared"),
    [
        ((), (), 0),
        ((), ("a",), 0),
        (("a",), ("b",), 0),
        (("a", 0), ("a", 0), 2),
        (("a", 0), ("a", 1), 1),
        (("a", 0), ("a", 0, "b"), 2),
        (("a", 0, "b", "c", "d"), ("a", 1, "b", "c", "d"), 1),
        ((0,) * 40 + (1,) + (2,) * 30, (0,) * 40 + (2,) * 40, 40),
    ],
)
def test_how_many_steps_two_paths_share(one, two, shared):
    assert _shared(one, two) == _shared(two, one) == shared
