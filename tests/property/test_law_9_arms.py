"""Law 9 for unions: cost grows linearly with their arms, and with the values of their tags."""

import json
import sys

import pytest
from builders import entry, response
from hypothesis import given
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.schema import compile_schema
from fieldconf.schema.places import SchemaNode


def arm(tag, **properties):
    return {
        "type": "object", "properties": {"kind": tag, **properties}, "additionalProperties": False,
        "required": ["kind"],
    }  # fmt: skip


NUMBER, FLAG = {"type": "integer"}, {"type": "boolean"}
UNIONS = {
    "oneOf const": lambda n: {"oneOf": [arm({"const": f"k{i}"}, v=NUMBER) for i in range(n)]},
    "anyOf const": lambda n: {"anyOf": [arm({"const": f"k{i}"}, v=NUMBER) for i in range(n)]},
    "several values": lambda n: {
        "anyOf": [arm({"enum": [f"k{i}", f"l{i}"]}, v=NUMBER) for i in range(n // 2)]
    },
    "numbers": lambda n: {"anyOf": [arm({"const": i}, v=NUMBER) for i in range(n)]},
    "shared values": lambda n: {
        "anyOf": [arm({"const": f"k{i // 2}"}, v=NUMBER, **{f"w{i % 2}": FLAG}) for i in range(n)]
    },
    "some open": lambda n: {
        "anyOf": [arm({"const": f"k{i}"}, v=NUMBER) for i in range(n)] + [arm({"pattern": "^x"})]
    },
    "other kinds": lambda n: {
        "anyOf": [arm({"const": f"k{i}"}, v=NUMBER) for i in range(n)] + [NUMBER, {"type": "null"}]
    },
    "own keys": lambda n: {
        "oneOf": [arm({"const": f"k{i}"}, v=NUMBER, **{f"own{i}": FLAG}) for i in range(n)]
    },
    "references": lambda n: {
        "$defs": {f"d{i}": arm({"const": f"k{i}"}, v=NUMBER) for i in range(n)},
        "oneOf": [{"$ref": f"#/$defs/d{i}"} for i in range(n)],
        "discriminator": {"propertyName": "kind"},
    },
}


def listed(union):
    own = dict(union)
    return {"$defs": own.pop("$defs", {}), "type": "array", "items": own}


def answer(*pieces):
    rivals = [("k1", -3.0), ('"', -4.0), ("1", -4.0)]
    return response([entry(piece, -0.1, [(piece, -0.1), *rivals]) for piece in pieces])


def steps(work):
    """Bytecodes and calls that ran."""
    count = 0

    def trace(frame, event, _argument):
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("union_of", UNIONS.values(), ids=UNIONS)
def test_ten_times_the_arms(union_of):
    """Law 9: ten times the arms are at most twelve times the work of an answer.

    The second answer to a schema, since compiling the schema is done once. It is as long for any
    number of arms.
    """
    tag = ("3",) if union_of is UNIONS["numbers"] else ('"', "k3", '"')
    item = ('{"kind":', *tag, ',"v":', "1", "}")
    pieces = ("[", *item, ",", *item, "]")

    def cost(n):
        schema = compile_schema(listed(union_of(n)))
        assert fc.score(answer(*pieces), schema).status == "complete"
        return steps(lambda: fc.score(answer(*pieces), schema))

    little, much = cost(20), cost(200)
    assert much <= 12 * little


@pytest.mark.parametrize("union_of", UNIONS.values(), ids=UNIONS)
def test_ten_times_the_arms_for_the_first_time(union_of):
    """Law 9 for the first answer: what is found out of the arms, all of it, is linear too."""
    tag = ("3",) if union_of is UNIONS["numbers"] else ('"', "k3", '"')

    def cost(n):
        schema = compile_schema({**union_of(n), "title": f"the first of {n}"})
        return steps(lambda: fc.score(answer('{"kind":', *tag, ',"v":', "1", "}"), schema))

    little, much = cost(20), cost(200)
    assert much <= 12 * little


def oracle(place: SchemaNode, key: str, value: object) -> frozenset[int]:
    """Each arm asked of each value."""
    text, here = json.dumps(value).encode(), enumerate(place.object_cases)
    return frozenset(i for i, case in here if place.allows(case, key, text))


SCALARS = st.sampled_from(["a", "b", "x1", "", 0, 1, 1.0, 1.5, True, False, None])
TAGS = st.one_of(
    SCALARS.map(lambda value: {"const": value}),
    st.lists(SCALARS, min_size=1, max_size=3).map(lambda values: {"enum": values}),
    st.sampled_from([
        {"type": "string"}, {"type": "boolean"}, {"type": ["integer", "null"]}, {"pattern": "^x"},
        {"type": "integer", "minimum": 0, "maximum": 2}, {"not": {"const": "a"}}, {}, False,
        {"enum": ["a", 1], "type": "string"}, {"type": "object"},
    ]),
)  # fmt: skip


@given(st.lists(TAGS, min_size=2, max_size=5), st.booleans(), st.booleans())
def test_arms_are_found_as_by_asking_each(tags, is_required, may_be_null):
    """The index by value says what each arm says of each value."""
    arms = [{"type": "object", "title": f"arm {i}", "properties": {"kind": tag},
             "required": ["kind"] * is_required} for i, tag in enumerate(tags)]  # fmt: skip
    schema = compile_schema({"anyOf": arms})
    place = (schema.as_requested if may_be_null else schema).root
    values = ["a", "b", "x1", "", 0, 1, 1.0, 1.5, True, False, None, "other", 7]
    assert place.variants_of("kind", values) == [oracle(place, "kind", value) for value in values]
