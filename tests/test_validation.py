"""Whether an answer keeps to its schema: the verdicts, the places, and an end in every case."""

import gzip
import json
import math
import re
import unicodedata
import warnings
from typing import Annotated, Literal

import jsonschema
import pytest
from builders import JSON_SCHEMA_BENCH
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.validators import validator_for
from jsonschema_specifications import REGISTRY
from pydantic import (
    AfterValidator,
    AliasPath,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Json,
    RootModel,
    Tag,
    TypeAdapter,
    model_validator,
)

from fieldconf.schema import bounded_validation
from fieldconf.schema.regexes import compiled
from fieldconf.schema.validation import Checker, SchemaViolation, checker, validate_model

LATEST = jsonschema.Draft202012Validator
DRAFTS = [
    jsonschema.Draft4Validator,
    jsonschema.Draft6Validator,
    jsonschema.Draft7Validator,
    jsonschema.Draft201909Validator,
    LATEST,
]


def validate_json(kind, schema, data):
    return checker(kind, schema)(data)


def stock(kind, schema, data):
    """The verdict of jsonschema itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of ``re``, for "[["; ours has none
        return kind(schema, registry=REGISTRY).is_valid(data)


def places(found):
    return [one.pointer for one in found]


# -- the verdict is jsonschema's ----------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0]) | st.text("ab{[]"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab"), inner, max_size=4),
    max_leaves=8,
)


PATTERNS = st.sampled_from(
    ["a", "^a", "b$", "^(a|b)+$", "{", "a{e}", "a{2}", "[[a]", r"\{|b", "^[^a]*$", r"a\Z", "(a)\\1"]
)


def of_parts(parts):
    """Schemas of the words that branch, refer, or match patterns."""
    many, named = st.lists(parts, min_size=1, max_size=3), st.dictionaries(st.text("ab"), parts)
    return st.fixed_dictionaries(
        {},
        optional={
            "anyOf": many,
            "oneOf": many,
            "allOf": many,
            "not": parts,
            "if": parts,
            "then": parts,
            "else": parts,
            "$ref": st.just("#/$defs/d"),
            "properties": named,
            "patternProperties": st.dictionaries(PATTERNS, parts, max_size=2),
            "additionalProperties": parts,
            "unevaluatedProperties": parts,
            "unevaluatedItems": parts,
            "propertyNames": parts,
            "dependentSchemas": named,
            "items": parts,
            "contains": parts,
            "uniqueItems": st.booleans(),
        },
    )


LEAVES = st.one_of(
    st.booleans(),
    st.builds(lambda kind: {"type": kind}, st.sampled_from(["string", "object", "array", "null"])),
    st.builds(lambda pattern: {"pattern": pattern}, PATTERNS),
    st.builds(lambda members: {"enum": members}, st.lists(VALUES, min_size=1, max_size=4)),
    st.builds(lambda value: {"const": value}, VALUES),
    st.builds(lambda names: {"required": names}, st.lists(st.text("ab"), unique=True, max_size=2)),
    st.just({"minimum": 1}),
)
SCHEMAS = st.recursive(LEAVES, of_parts, max_leaves=8)


@given(SCHEMAS, LEAVES, st.lists(VALUES, min_size=1, max_size=4), st.sampled_from(DRAFTS))
def test_the_verdict_of_composed_schemas(schema, shared, answers, kind):
    if isinstance(schema, dict):
        schema = {"$defs": {"d": shared}, **schema}
    elif kind is DRAFTS[0]:
        schema = {}  # the first drafts know no boolean schemas
    check = checker(kind, schema)
    for answer in answers:
        try:
            expected = stock(kind, schema, answer)
        except (AttributeError, TypeError):  # "items" or "not" of an old draft with a boolean
            continue
        assert (not check(answer)) == expected, check(answer)


# Schemas, and answers that keep to them. (hypothesis-jsonschema would draw these, but 0.23 asks
# for a part of hypothesis that newer ones no longer have.)
MADE_FOR = [
    (
        {
            "type": "object",
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z]{1,4}$"},
                "rows": {
                    "type": "array",
                    "items": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
                    "maxItems": 4,
                },
                "kind": {"enum": ["a", 1, True, None, 0]},
            },
            "required": ["kind"],
            "patternProperties": {"^x_[0-9]+$": {"type": "boolean"}},
            "additionalProperties": False,
        },
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["a", 1, True, None, 0])},
            optional={
                "name": st.text("abz", min_size=1, max_size=4),
                "rows": st.lists(st.none() | st.integers(0, 9), max_size=4),
                "x_7": st.booleans(),
            },
        ),
    ),
    (
        {"type": "array", "items": {"type": "array"}, "uniqueItems": True},
        st.lists(st.lists(VALUES, max_size=2), max_size=4, unique_by=repr),
    ),
    (
        {"oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "number", "minimum": 5}]},
        st.sampled_from([0, 3, 5.5, 7, -3]),
    ),
    (
        {"type": "object", "propertyNames": {"pattern": "^[ab]*$"}, "maxProperties": 3},
        st.dictionaries(st.text("ab"), VALUES, max_size=3),
    ),
    (
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": ["object", "null"],
            "properties": {"next": {"$ref": "#"}, "v": {"pattern": "^a+$"}},
            "unevaluatedProperties": {"type": "integer"},
        },
        st.recursive(
            st.none(),
            lambda rest: st.fixed_dictionaries({"next": rest}, optional={"v": st.just("aa")}),
        ),
    ),
]


@given(st.sampled_from(MADE_FOR), st.data())
def test_the_verdict_of_answers_that_were_right(made, data):
    schema, answers = made
    answer = data.draw(answers)
    changed = data.draw(mutated(answer))
    check = checker(LATEST, schema)
    assert (not check(answer)) == stock(LATEST, schema, answer)
    assert (not check(changed)) == stock(LATEST, schema, changed)


@st.composite
def mutated(draw, value):
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: draw(mutated(value[key]))}
    if isinstance(value, list) and value and draw(st.booleans()):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], draw(mutated(value[index])), *value[index + 1 :]]
    if isinstance(value, dict) and draw(st.booleans()):
        return {**value, draw(st.text("abx_1", min_size=1)): draw(VALUES)}
    return draw(VALUES)


def sample():
    with gzip.open(JSON_SCHEMA_BENCH, "rt") as lines:
        rows = [json.loads(line) for line in lines][::4]
    schemas = [row["schema"] for row in rows]
    return [json.loads(schema) if isinstance(schema, str) else schema for schema in schemas]


def generic(schema):
    yield from ({}, [], "x", 5, None, {"a": 1})
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    for value in ("x", 1, True, [], {}, [{"x": 1}]):
        yield dict.fromkeys(properties, value)
    yield {key: simple(part) for key, part in properties.items()}


def simple(part):
    part = part if isinstance(part, dict) else {}
    if part.get("enum"):
        return part["enum"][0]
    made = {"string": "2020-01-01", "integer": 3, "number": 0.5, "array": [], "boolean": True}
    kind = part.get("type")
    if kind == "object":
        return {key: simple(inner) for key, inner in part.get("properties", {}).items()}
    return made.get(kind) if isinstance(kind, str) else None


@pytest.mark.corpora(JSON_SCHEMA_BENCH)
def test_the_verdict_of_schemas_people_wrote():
    compared = {True: 0, False: 0}
    for schema in sample():
        kind = validator_for(schema, default=LATEST)
        check = checker(kind, schema)
        for answer in generic(schema):
            try:
                expected = stock(kind, schema, answer)
            except Exception:  # noqa: BLE001  # it gives no verdict, we must not raise
                assert check(answer) is not None
                continue
            assert (not check(answer)) == expected, (schema, answer, check(answer))
            compared[expected] += 1
    assert min(compared.values()) > 100


# -- places -------------------------------------------------------------------------------------


def test_where_an_answer_breaks_its_schema():
    schema = {
        "properties": {
            "rows": {"items": {"required": ["a/b"], "properties": {"a/b": {"type": "integer"}}}}
        },
        "additionalProperties": {"type": "null"},
    }
    data = {"rows": [{"a/b": "x"}, {}], "z": 1, "y": 2}
    found = {one.pointer: one for one in validate_json(LATEST, schema, data)}
    assert list(found) == ["/rows/0/a~1b", "/rows/1", "/z", "/y"]
    assert found["/rows/0/a~1b"].path == ("rows", 0, "a/b")
    assert found["/rows/0/a~1b"].value == "x"
    assert found["/rows/1"].value == {}
    assert str(found["/rows/1"]) == "/rows/1: 'a/b' is a required property"


def test_errors_come_in_the_order_of_the_answer():
    data = {f"k{n}": n for n in range(20, 0, -1)}
    found = validate_json(LATEST, {"additionalProperties": {"type": "null"}}, data)
    assert places(found) == [f"/{key}" for key in data]


def test_the_whole():
    assert str(SchemaViolation("", "wrong")) == "(whole): wrong"
    (found,) = validate_json(LATEST, False, 5)
    assert (found.path, found.value, found.confidence, found.tokens) == ((), 5, None, ())


def test_a_checker_is_used_again():
    check = checker(LATEST, {"type": "integer"})
    assert [check(1), places(check("x")), check(2)] == [(), [""], ()]


def test_a_problem_is_one_short_line():
    for schema in ({"type": "integer"}, {"enum": ["y" * 900]}, {"const": "y"}, False):
        (found,) = validate_json(LATEST, schema, "x\n\u2028" * 90_000)
        assert len(found.problem.splitlines()) == 1
        assert len(found.problem) < 600


# -- it ends ------------------------------------------------------------------------------------

SLOW = "^(a|aa)+$"
WORD = "a" * 60 + "!"
SAYS_SO = f"the pattern {SLOW!r} takes too long to match"


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(bounded_validation, "SECONDS", 0.05)
    monkeypatch.setattr(bounded_validation, "STEPS", 5_000)


@pytest.mark.parametrize(
    ("schema", "answer", "where"),
    [
        ({"pattern": SLOW}, WORD, ""),
        ({"properties": {"a": {"items": {"pattern": SLOW}}}}, {"a": ["a", WORD]}, "/a/1"),
        ({"properties": {"a": {"patternProperties": {SLOW: True}}}}, {"a": {WORD: 1}}, "/a"),
        ({"patternProperties": {SLOW: True}, "additionalProperties": False}, {WORD: 1}, ""),
        ({"patternProperties": {SLOW: True}, "unevaluatedProperties": False}, {WORD: 1}, ""),
        ({"items": {"propertyNames": {"pattern": SLOW}}}, [{WORD: 1}], "/0"),
        ({"not": {"pattern": SLOW}}, WORD, ""),
        ({"if": {"pattern": SLOW}, "then": False}, WORD, ""),
        ({"anyOf": [{"pattern": SLOW}, {"type": "integer"}]}, WORD, ""),
        ({"contains": {"pattern": SLOW}, "minContains": 0}, [WORD], ""),
        ({"$schema": LATEST.META_SCHEMA["$id"], "items": {"$ref": "#"}, "pattern": SLOW},
         [[WORD]], "/0/0"),
        ({"pattern": "((a{1000}){1000}){1000}"}, "a", ""),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("hurried")
def test_slow_patterns_are_given_up(schema, answer, where):
    found = validate_json(LATEST, schema, answer)
    assert any("takes too long to match" in one.problem for one in found)
    assert where in places(found)


@pytest.mark.parametrize("kind", DRAFTS)
@pytest.mark.usefixtures("hurried")
def test_slow_patterns_of_every_draft(kind):
    schema = {"properties": {"a": {"pattern": SLOW}}, "patternProperties": {SLOW: {}}}
    found = validate_json(kind, schema, {"a": WORD, WORD: 1})
    assert {(one.pointer, one.problem) for one in found} == {("/a", SAYS_SO), ("", SAYS_SO)}


@pytest.mark.usefixtures("hurried")
def test_what_else_is_wrong_is_said_too():
    schema = {"properties": {"a": {"pattern": SLOW}, "b": {"type": "integer"}}}
    found = validate_json(LATEST, schema, {"a": WORD, "b": "x"})
    assert places(found) == ["/a", "/b"]


@pytest.mark.usefixtures("hurried")
def test_the_time_of_patterns_is_shared():
    found = validate_json(LATEST, {"items": {"pattern": SLOW}}, [WORD] * 200)
    assert len(found) == 200


def towers(word, leaf, height=60):
    """Each storey twice the one below."""
    defs = {"a0": leaf}
    for n in range(height):
        defs[f"a{n + 1}"] = {word: [{"$ref": f"#/$defs/a{n}"}] * 2}
    return {"$defs": defs, "$ref": f"#/$defs/a{height}"}


WRONG = {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        (towers("anyOf", WRONG), "x"),
        (towers("oneOf", WRONG), "x"),
        (towers("allOf", WRONG), 1),
        ({"not": towers("anyOf", WRONG)["$defs"]["a1"], **towers("anyOf", WRONG)}, "x"),
        (towers("anyOf", WRONG), ["x" * 100] * 100),
        (towers("anyOf", WRONG), "x" * 1_000_000),
        ({"unevaluatedProperties": False, **towers("anyOf", {"minProperties": 1})}, {"a": 1}),
        ({"unevaluatedItems": False, **towers("anyOf", {"minItems": 1})}, [1]),
        ({"$schema": LATEST.META_SCHEMA["$id"], **towers("anyOf", WRONG)}, "x"),
    ],
)
@pytest.mark.usefixtures("hurried")
def test_exponential_unions_are_given_up(schema, answer):
    found = validate_json(LATEST, schema, answer)
    assert "the schema takes too long to apply" in [one.problem for one in found]


@pytest.mark.usefixtures("hurried")
def test_long_answers_are_judged_to_the_end():
    """The work allowed grows with the answer."""
    arms = [{"properties": {"k": {"const": n}}, "required": ["k"]} for n in range(20)]
    rows = [{"k": n % 20, "v": "x"} for n in range(1000)]
    check = checker(LATEST, {"items": {"anyOf": arms}})
    assert check(rows) == ()
    assert places(check([*rows, {"k": 20}])) == ["/1000"]


def test_wide_and_high_schemas():
    high = {"type": "integer"}
    for _ in range(100):
        high = {"anyOf": [high, {"type": "null"}]}
    assert validate_json(LATEST, high, 5) == ()
    assert places(validate_json(LATEST, high, "x")) == [""]
    wide = checker(LATEST, {"items": {"enum": [f"m{n}" for n in range(10_000)]}})
    assert places(wide(["m9999"] * 500 + ["x"] * 500)) == [f"/{n}" for n in range(500, 1000)]


@pytest.mark.parametrize(
    ("member", "right"),
    [("a", True), ("b", False), (1, True), (1.0, True), (True, False), (0, False), (False, True),
     (None, True), ([1], True), ([True], False), ({"x": 1.0}, True), ({}, False), (2, False)],
)  # fmt: skip
def test_members(member, right):
    schema = {"enum": ["a", 1, False, None, [1], {"x": 1}]}
    assert (validate_json(LATEST, schema, member) == ()) == right


@pytest.mark.parametrize(
    ("more", "unique"),
    [([], True), ([{"n": 7}], False), ([{"n": 7.0}], False), ([True, 1, False, 0], True),
     ([{"n": True}], True), ([[1], [True]], True), ([[1], [1.0]], False), (["[1]", [1]], True)],
)  # fmt: skip
def test_long_lists_of_different_items(more, unique):
    items = [{"n": n} for n in range(2, 20_000)] + more
    assert (validate_json(LATEST, {"uniqueItems": True}, items) == ()) == unique


@pytest.mark.parametrize("schema", [{"properties": {"a": {"$ref": "#"}}}, {"type": "string"}])
@pytest.mark.parametrize("depth", [1000, 100_000])
def test_deep_answers(schema, depth):
    answer = {}
    for _ in range(depth):
        answer = {"a": answer}
    (found,) = validate_json(LATEST, schema, answer)
    assert found.pointer == ""
    is_plain = depth < 100_000 and "type" in schema  # how deep repr() goes is Python's business
    assert "RecursionError" in found.problem or (is_plain and "is not of type" in found.problem)
    while answer:  # freed one by one: a deep value is not freed safely at once
        answer = answer.pop("a")


@pytest.mark.parametrize(
    ("schema", "answer", "name"),
    [
        ({"$ref": "https://example.com/x"}, "x", "Unresolvable"),
        ({"$ref": "#/nowhere"}, "x", "PointerToNowhere"),
        ({"$ref": "#"}, "x", "RecursionError"),
        ({"pattern": "("}, "x", re.error.__name__),
        ({"multipleOf": 0.1}, 10**400, "OverflowError"),
        ({"items": {"type": "string"}}, [10**5000], "ValueError"),
    ],
)
def test_schemas_that_cannot_be_applied(schema, answer, name, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    (found,) = validate_json(LATEST, schema, answer)
    assert found.path == ()
    assert found.problem.startswith("the schema cannot be applied (")
    assert name in found.problem


def test_a_panic_of_rust_is_no_interruption():
    class Raising:
        def __init__(self, error):
            self.error = error

        def iter_errors(self, _data):
            raise self.error

    panic = type("PanicException", (BaseException,), {})
    (found,) = Checker(Raising(panic("__eq__ failed")), lambda _: False)(1)
    assert "PanicException: __eq__ failed" in found.problem
    with pytest.raises(KeyboardInterrupt):
        Checker(Raising(KeyboardInterrupt()), lambda _: False)(1)


@pytest.mark.parametrize(
    ("pattern", "text", "right"),
    [
        (r"^\p{L}+$", "é", True),  # ``re`` knows no properties
        (r"^\p{L}+$", "1", False),
        ("^(?<year>[0-9]+)$", "12", True),
        ("^x{e}$", "x{e}", True),  # a fuzzy match to ``regex``
        ("^x{e}$", "y", False),
        ("^[[:alpha:]]$", "a]", True),  # a class of POSIX to ``regex``
        ("^[[:alpha:]]$", "a", False),
        (r"^[\[{]\{$", "[{", True),
        (r"^\N{LATIN SMALL LETTER A}$", "a", True),
        ("^a{,2}$", "aa", True),
        ("a$", "a\n", True),
    ],
)
def test_patterns_are_read_as_re_reads_them(pattern, text, right):
    assert (validate_json(LATEST, {"pattern": pattern}, text) == ()) == right
    with_keys = {"patternProperties": {pattern: True}, "additionalProperties": False}
    assert (validate_json(LATEST, with_keys, {text: 1}) == ()) == right


# -- pydantic -----------------------------------------------------------------------------------


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Inner(BaseModel):
    x: int


class Packed(BaseModel):
    payload: Json[Inner]
    x: int = 0


class Aliased(BaseModel):
    plain: int = Field(1, alias="A-name")
    deep: int = Field(validation_alias=AliasPath("p", "q"))


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int = 1


class Chain(BaseModel):
    next: "Chain | None" = None
    v: int = 0


class Judged(BaseModel):
    a: int

    @model_validator(mode="after")
    def judge(self):
        raise ValueError("no\ngood")


def tag_of(value):
    return "animal" if isinstance(value, dict) else "count"


def refuse(_value):
    raise ValueError("first\nsecond")


Tagged = Annotated[Cat | Dog, Field(discriminator="kind")]
Called = Annotated[
    Annotated[Cat, Tag("animal")] | Annotated[int, Tag("count")], Discriminator(tag_of)
]
Refused = Annotated[int, AfterValidator(refuse)]


@pytest.mark.parametrize(
    ("kind", "data", "where"),
    [
        (int, "x", [()]),
        (list[int], [1, "x"], [(1,)]),
        (set[int], ["x"], [(0,)]),
        (tuple[int, str], [1, 2], [(1,)]),
        (dict[str, int | bool], {"a": "x"}, [("a",), ("a",)]),
        (dict[str, int | bool], {"int": "x"}, [("int",), ("int",)]),
        (dict[str, int | bool], {"a": {"int": 5}}, [("a",), ("a",)]),  # the label is a key, too
        (dict[str, dict[str, int] | bool], {"a": {"int": "x"}}, [("a", "int"), ("a",)]),
        (dict[int, int], {"1": "x"}, [("1",)]),
        (dict[int, int], {"y": 2}, [("y",)]),
        (dict[Literal["a"], int], {"b": "b"}, [("b",), ("b",)]),
        (list[Cat | Dog], [{"kind": "cat", "lives": "x"}],
         [(0, "lives"), (0, "kind"), (0, "name")]),
        (list[Cat | Dog], [3], [(0,)]),  # said once, not once an arm
        (list[Tagged], [{"kind": "cat", "lives": []}], [(0, "lives")]),
        (list[Tagged], [{"kind": "cat"}], [(0, "lives")]),
        (list[Tagged], [{"kind": "cow"}], [(0,)]),
        (dict[str, Tagged], {"cat": {"kind": "cat", "lives": []}}, [("cat", "lives")]),
        (list[Called], [{"kind": "cat", "lives": "x"}, "y"], [(0, "lives"), (1,)]),
        (list[Refused | None], [None, 1], [(1,)]),
        (dict[str, RootModel[list[int]]], {"a": ["x"]}, [("a", 0)]),
        (list[Judged], [{"a": 1}], [(0,)]),
        (Packed, {"payload": '{"x": "y"}', "x": 1}, [("payload",)]),
        (Packed, {"payload": "{}", "x": 1}, [("payload",)]),
        (Packed, {"payload": "{"}, [("payload",)]),
        (Aliased, {"A-name": "x", "p": {"q": []}}, [("A-name",), ("p", "q")]),
        (Aliased, {"p": {}}, [("p", "q")]),
        (Closed, {"b": 2}, [("b",)]),
        (Chain, {"next": {"next": {"v": "x"}}}, [("next", "next", "v")]),
    ],
)  # fmt: skip
def test_where_an_answer_breaks_its_model(kind, data, where):
    value, found = validate_model(TypeAdapter(kind), json.dumps(data).encode(), data)
    assert value is None
    assert [one.path for one in found] == where
    for one in found:
        assert one.pointer == "".join(f"/{step}" for step in one.path)
        assert len(one.problem.splitlines()) == 1


def test_the_value_there():
    data = {"kind": "cat", "lives": "x"}
    _, (lives, _, name) = validate_model(TypeAdapter(Cat | Dog), json.dumps(data).encode(), data)
    assert (lives.pointer, lives.value) == ("/lives", "x")
    assert (name.pointer, name.problem, name.value) == ("/name", "Field required", None)


def test_a_right_answer_of_a_model():
    found = validate_model(TypeAdapter(Inner), b'{"x": 1}', {"x": 1})
    assert found == (Inner(x=1), ())


def nested(depth, leaf):
    for _ in range(depth):
        leaf = {"next": leaf}
    return leaf


@pytest.mark.parametrize(
    ("depth", "length"), [(150, 151), (1000, 0)]
)  # beyond 200 levels pydantic reads no JSON
def test_deep_answers_of_a_model(depth, length):
    data = nested(depth, {"v": "x"})
    text = b'{"next":' * depth + b'{"v":"x"}' + b"}" * depth
    value, (found,) = validate_model(TypeAdapter(Chain), text, data)
    assert value is None
    assert len(found.path) == length


class Left(BaseModel):
    next: "Left | Right | None" = None
    v: int = 0


class Right(BaseModel):
    next: "Left | Right | None" = None
    v: int = 0


def test_errors_that_double_with_each_level():
    """And are the same place, seen through other arms."""
    data = nested(12, {"v": "x"})
    _, found = validate_model(TypeAdapter(Left), json.dumps(data).encode(), data)
    assert places(found) == ["/next" * 12 + "/v", ""]
    assert found[-1].problem == f"{2**12 - 1000} more errors"


def raises(error):
    def validator(_value):
        raise error

    return Annotated[int, AfterValidator(validator)]


def endless(value):
    return endless(value)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (raises(KeyError("k")), "a validator raised KeyError: 'k'"),
        (raises(ZeroDivisionError("a\nb")), "a validator raised ZeroDivisionError: a b"),
        (Annotated[int, AfterValidator(endless)], "a validator raised RecursionError: "),
    ],
)
def test_what_a_validator_of_the_users_raises(kind, problem):
    value, (found,) = validate_model(TypeAdapter(list[kind]), b"[1]", [1])
    assert value is None
    assert found.path == ()
    assert found.problem.startswith(problem)


def test_an_interruption_passes():
    with pytest.raises(KeyboardInterrupt):
        validate_model(TypeAdapter(raises(KeyboardInterrupt())), b"1", 1)


@pytest.mark.parametrize(
    ("text", "data"), [(b'"\\ud800"', "\ud800"), (b"\xff", "?"), (b"NaN", math.nan), (b"", None)]
)
def test_texts_that_pydantic_does_not_read(text, data):
    value, found = validate_model(TypeAdapter(int), text, data)
    assert value is None
    assert places(found) == [""]


@pytest.mark.parametrize(
    "pattern", [r"^\w$", r"^[^\w]$", r"^[\w-]$", r"^\s$", r"^\S$", r"^[\s,]$", r"^\W$"]
)
def test_letters_and_blanks_are_those_of_re(pattern):
    """Characters that are younger than this Python's Unicode apart."""
    found = compiled(pattern)
    known = [char for char in map(chr, range(0x3000)) if unicodedata.category(char) != "Cn"]
    differ = [char for char in known if bool(found.search(char)) != bool(re.search(pattern, char))]
    assert differ == []
