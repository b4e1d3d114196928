"""What the strategies promise: instances validate, tokens join, and reports say what is true.

The truth of a completion is known from how its tokens were made, never from a report.
"""

import datetime as dt
import decimal
import ipaddress
import json
import math
import subprocess
import sys
import uuid
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, NoSuchExample
from pydantic import (
    UUID4,
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    HttpUrl,
    IPvAnyAddress,
    Json,
    PositiveInt,
    TypeAdapter,
    conint,
)

import fieldconf as fc
from fieldconf import strategies
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer

# Nothing is slow enough or filtered enough to bother a user; only the time is not looked at.
DEFAULTS = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)


class Node(BaseModel):
    label: str
    children: list["Node"] = []
    parent: "Node | None" = None


class Card(BaseModel):
    kind: Literal["card"]
    number: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{4}$")]


class Cash(BaseModel):
    kind: Literal["cash"]
    notes: int = Field(ge=1, lt=10)


class Order(BaseModel):
    day: dt.date
    at: dt.datetime
    clock: dt.time
    took: dt.timedelta
    aware: AwareDatetime
    id: uuid.UUID
    id4: UUID4
    price: decimal.Decimal
    share: float = Field(gt=0, le=1)
    sevens: conint(multiple_of=7)
    count: PositiveInt
    name: str = Field(min_length=2, max_length=5)
    counts: dict[str, int]
    weights: dict[Literal["p", "q"], float]
    triple: tuple[int, str, bool]
    numbers: set[int]
    anything: Any = None
    paid: Card | Cash = Field(discriminator="kind")
    left: int | None = None
    grid: list[list[bool]] = Field(min_length=1)
    mixed: Literal["x", "y", 3]
    raw: bytes
    inner: Json[list[int]]
    address: ipaddress.IPv4Address
    network: ipaddress.IPv6Network
    any_address: IPvAnyAddress
    link: HttpUrl


class Ticket(BaseModel):
    team: Literal["billing", "technical", "sales"]
    urgent: bool
    stars: int = Field(ge=1, le=5)
    summary: str
    amount: float | None = None


TYPES = [
    Node,
    Order,
    Ticket,
    Card | Cash,
    list[Node],
    dict[str, Ticket],
    int,
    bool,
    str,
    dt.date,
]


# -- schemas and instances ------------------------------------------------------------------------


@DEFAULTS
@given(st.data())
def test_instances_of_drawn_schemas_validate(data):
    schema = data.draw(strategies.schemas())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data.draw(strategies.instances(schema)), schema)


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_instances_of_types_validate(kind):
    @DEFAULTS
    @given(strategies.instances(kind))
    def test(value):
        TypeAdapter(kind).validate_json(json.dumps(value))

    test()


SCHEMAS = [
    {"type": "object", "propertyNames": {"pattern": "^[a-z]{2}$"}, "minProperties": 1},
    {"type": "object", "patternProperties": {"^x-": {"type": "integer"}},
     "additionalProperties": False},
    {"type": "array", "uniqueItems": True, "items": {"enum": [1, 2, 3]}, "minItems": 2},
    {"type": "array", "contains": {"const": 3}, "items": {"enum": [1, 2, 3]}},
    {"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"},
     "minItems": 2, "maxItems": 3},
    {"allOf": [{"type": "string", "minLength": 3}, {"maxLength": 4}]},
    {"allOf": [{"minimum": 3}, {"type": "number", "exclusiveMaximum": 3.5}]},
    {"type": "number", "multipleOf": 0.25, "minimum": 0.1, "maximum": 0.3},
    {"type": "string", "pattern": "^a", "minLength": 2},
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
     "dependentRequired": {"a": ["b"]}},
    {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}, "type": "object",
     "properties": {"a": {"enum": [1, 2]}, "b": {"type": "boolean"}}, "required": ["a"]},
    {"not": {"type": "string"}, "type": ["string", "boolean"]},
    {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"n": {"type": "null"}},
     "type": "object", "properties": {"a": {"$ref": "#/definitions/n"}}, "required": ["a"]},
    {"enum": [{"a": 1}, [1, 2], "x"]},
    {},
]  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_instances_of_many_words_validate(schema):
    @DEFAULTS
    @given(strategies.instances(schema))
    def test(value):
        jsonschema.validators.validator_for(schema)(schema).validate(value)

    test()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"type": "integer", "enum": ["a"]},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "string", "pattern": r"^\p{L}+$"},
        {"type": 7},
    ],
    ids=json.dumps,
)
def test_what_cannot_be_drawn_is_said_at_once(schema):
    with pytest.raises(fc.SchemaError):
        strategies.instances(schema)


def _never(_: str) -> str:
    raise ValueError("not today")


def test_a_rule_that_nothing_keeps_to_is_said():
    class Picky(BaseModel):
        name: Annotated[str, AfterValidator(_never)]

    @given(strategies.instances(Picky))
    def test(value):
        raise AssertionError(value)

    with pytest.raises(
        fc.SchemaError, match=r"not today.*at /name.*completions\(values="
    ) as caught:
        test()
    assert caught.value.remedy


def test_simple_instances_are_found():
    """They shrink: what is optional goes, the first member stays."""
    assert find(strategies.instances(Card | Cash), lambda _: True) == {"kind": "cash", "notes": 1}
    assert find(strategies.instances(Node), lambda _: True) == {"label": ""}
    deep = find(strategies.instances(Node), lambda value: value.get("parent"))
    assert (deep["label"], deep["parent"]["label"]) == ("", "")
    assert find(strategies.schemas(), lambda _: True)["properties"] == {"id": {"type": "boolean"}}


# -- tokens ---------------------------------------------------------------------------------------

CUTS = ["anywhere", "characters", "words", "marks", "merged"]


@pytest.mark.parametrize("cuts", [None, *CUTS])
def test_tokens_join_to_the_text(cuts):
    @DEFAULTS
    @given(st.data(), st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.booleans())
    def test(data, text, may_be_empty):
        drawn = strategies.tokenisations(text, cuts=cuts, may_be_empty=may_be_empty)
        tokens = data.draw(drawn)
        assert b"".join(tokens) == text.encode()
        assert may_be_empty or all(tokens)
        same = strategies.tokenisations(text.encode(), cuts=cuts)
        assert b"".join(data.draw(same)) == text.encode()

    test()


def test_cuts_fall_where_they_should():
    text = '{"é b":"x","n":1}'
    anywhere = strategies.tokenisations(text, cuts="anywhere")
    assert find(anywhere, lambda _: True) == [text.encode()]  # the simplest
    assert _is_found(anywhere, lambda tokens: any(t.startswith(b"\xa9") for t in tokens))
    merged = strategies.tokenisations(text, cuts="merged")
    assert _is_found(merged, lambda tokens: b'","' in tokens)
    marks = strategies.tokenisations(text, cuts="marks")
    assert not _is_found(marks, lambda tokens: any(token in (b" b", b"b") for token in tokens))


def _is_found(strategy, test):
    try:
        find(strategy, test, settings=settings(phases=[Phase.generate], max_examples=2000))
    except NoSuchExample:
        return False
    return True


def test_a_tokeniser_of_ones_own():
    drawn = strategies.tokenisations("a b", cuts=lambda text: [text[:1], text[1:].encode()])
    assert find(drawn, lambda _: True) == [b"a", b" b"]
    with pytest.raises(InvalidArgument, match="do not join"):
        strategies.tokenisations("a b", cuts=str.split)
    with pytest.raises(InvalidArgument, match="there are anywhere, "):
        strategies.tokenisations("a b", cuts="nowhere")


# -- completions ----------------------------------------------------------------------------------


def agrees(case):
    """Compare a report with what is true; how many numbers were compared."""
    report = fc.score(case.response, case.schema)
    assert report.status == "complete", report.reason
    assert report.data == case.value
    assert [*report.fields] == [*case.truth]
    for pointer, truth in case.truth.items():
        field = report[pointer]
        assert (field.value, field.start, field.stop) == (truth.value, truth.start, truth.stop)
        assert type(field.value) is type(truth.value)
        assert field.is_leaf == truth.is_leaf
        assert math.isclose(field.logprob, truth.logprob, abs_tol=1e-9)
        if truth.confidence is not None:
            assert math.isclose(field.confidence, truth.confidence, abs_tol=1e-9)
            assert field.low - 1e-9 <= truth.confidence <= field.high + 1e-9
    return report


@DEFAULTS
@given(st.booleans().flatmap(lambda off: strategies.completions(has_off_schema=off)))
def test_the_report_says_what_is_true(case):
    """Values, spans, sums of logprobs; confidences and members' probabilities where known."""
    report = agrees(case)
    for pointer, truth in case.truth.items():
        found = report[pointer].distribution
        for member, probability in truth.probabilities:
            same = [
                c for c in found.candidates if c.value == member and type(c.value) is type(member)
            ]
            assert probability == 0 or math.isclose(same[0].probability, probability, abs_tol=1e-9)


@DEFAULTS
@given(st.integers(1, 5).flatmap(lambda k: strategies.completions(top_logprobs=k)))
def test_with_few_candidates_the_truth_is_within_the_bounds(case):
    """Law 7, on probabilities that were chosen before the tokens were made of them."""
    report = fc.score(case.response, case.schema)
    for pointer, truth in case.truth.items():
        for member, probability in truth.probabilities:
            for c in report[pointer].distribution.candidates:
                if c.value == member and type(c.value) is type(member):
                    assert c.low - 1e-9 <= probability <= c.high + 1e-9


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_the_report_says_what_is_true_of_types(kind):
    @settings(DEFAULTS, max_examples=25)
    @given(strategies.completions(kind))
    def test(case):
        assert agrees(case).value is not None

    test()


def test_any_confidence_occurs_and_is_known():
    """Of an enum and of a text whose tokens write nothing else."""
    drawn, once = strategies.completions(Ticket), settings(phases=[Phase.generate], database=None)
    case = find(drawn, lambda c: 0.2 < (c.truth["/team"].confidence or 0) < 0.9, settings=once)
    assert dict(case.truth["/team"].probabilities).keys() == {"billing", "technical", "sales"}
    assert find(drawn, lambda c: 0 < (c.truth["/summary"].confidence or 0) < 0.9, settings=once)


def test_values_and_confidences_of_ones_own():
    values = st.just({"team": "sales", "urgent": True, "stars": 2, "summary": "hi"})

    @settings(DEFAULTS, max_examples=25)
    @given(strategies.completions(Ticket, values=values, confidence=st.just(0.75), cuts="marks"))
    def test(case):
        assert case.value["team"] == "sales"
        assert case.truth["/team"].confidence in (0.75, None)
        assert all(token.logprob <= 0 for token in case.tokens)

    test()


# -- streams --------------------------------------------------------------------------------------


@DEFAULTS
@given(st.data())
def test_chunks_cut_anywhere_give_the_same_report(data):
    """Law 8; also live, and from the response alone."""
    case = data.draw(strategies.completions())
    whole = fc.score(case.response, case.schema).to_dict()
    assert fc.score(case.chunks, case.schema).to_dict() == whole
    source = data.draw(st.sampled_from([case, case.response]))
    chunks = data.draw(strategies.streams(source))
    assert fc.score(chunks, case.schema).to_dict() == whole
    live = LiveScorer(compile_schema(case.schema).as_requested)
    for chunk in chunks:
        live.feed(chunk)
    assert live.finish().to_dict() == whole


@DEFAULTS
@given(st.data())
def test_of_a_stream_that_broke_off_what_closed_is_true(data):
    case = data.draw(strategies.completions())
    chunks = data.draw(strategies.streams(case, is_broken_off=True))
    report = fc.score(chunks, case.schema) if any(_says(c) for c in chunks) else None
    for pointer, field in report.fields.items() if report else ():
        if "truncated" not in field.flags:
            truth = case.truth[pointer]
            number = truth.value if field.kind != "number" else field.value
            assert field.value == number  # a number may go on
            if field.kind != "number" and field.logprob is not None:
                assert math.isclose(field.logprob, truth.logprob, abs_tol=1e-9)


def _says(chunk):
    delta = chunk["choices"][0]["delta"]
    return delta.get("content") or chunk["choices"][0]["logprobs"]["content"]


def test_streams_are_made_of_completions():
    with pytest.raises(InvalidArgument, match="neither"):
        strategies.streams({"choices": []})


# -- dialects -------------------------------------------------------------------------------------


def numbers(report):
    """What a report says, rounded: the order of candidates decides over the last bit."""
    return {
        name: (f.value, *map(_rounded, (f.confidence, f.low, f.high, f.logprob)), f.basis)
        for name, f in report.fields.items()
    }


def _rounded(number):
    return number if number is None else pytest.approx(number, abs=1e-9)


@settings(DEFAULTS, max_examples=25)
@given(strategies.completions())
def test_every_dialect_says_the_same(case):
    """The same value of all; the same numbers of those that lose nothing."""
    whole = numbers(fc.score(case.response, case.schema))
    for dialect in strategies.DIALECTS.values():
        report = fc.score(dialect.write(case), case.schema)
        assert report.data == case.value, dialect
        if dialect.keeps(case):
            assert numbers(report) == whole, dialect


@DEFAULTS
@given(st.data())
def test_saved_payloads_say_the_same(data):
    case = data.draw(strategies.completions())
    kept = data.draw(strategies.payloads(case, keeps_numbers=True))
    assert numbers(fc.score(kept, case.schema)) == numbers(fc.score(case.response, case.schema))
    assert fc.score(data.draw(strategies.payloads(case)), case.schema).data == case.value


@settings(DEFAULTS, max_examples=25)
@given(strategies.completions(bool, confidence=st.just(0.123), cuts="marks"))
def test_what_a_dialect_loses_is_lost(case):
    """Else ``keeps`` would promise too little."""
    losing = {name for name, one in strategies.DIALECTS.items() if not one.keeps(case)}
    assert losing == {"openai-responses", "cohere"}
    whole = numbers(fc.score(case.response, case.schema))
    for name in losing:
        made = strategies.DIALECTS[name].write(case)
        assert numbers(fc.score(made, case.schema)) != whole, name


def test_dialects_by_name():
    case = find(strategies.completions(bool), lambda _: True)
    assert find(strategies.dialects(), lambda _: True).name == "openai"
    assert "choices" in find(strategies.payloads(case, "azure"), lambda p: isinstance(p, dict))
    with pytest.raises(InvalidArgument, match="there are openai, "):
        strategies.dialects("olama")
    with pytest.raises(InvalidArgument, match="loses numbers"):
        strategies.dialects("cohere", keeping=case)


def test_names_of_providers_are_those_of_the_table():
    from fieldconf.providers.provider_table import PROVIDERS

    known = {*PROVIDERS, "openai batch line"}
    assert {name.removesuffix(" stream") for name in strategies.DIALECTS} <= known


# -- reports, and without hypothesis --------------------------------------------------------------


@settings(DEFAULTS, max_examples=25)
@given(strategies.reports(Ticket))
def test_reports_are_of_the_type(report):
    assert isinstance(report.value, Ticket)


def test_without_hypothesis_the_import_says_what_to_install():
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import fieldconf\n"
        "try:\n    import fieldconf.strategies\n"
        "except ImportError as error:\n"
        "    assert isinstance(error, fieldconf.FieldconfError); print(error)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install "fieldconf[testing]"' in found.stdout


@given(strategies.reports({"enum": ["a", "b"]}, values=st.just("c")))
def test_a_value_outside_of_the_schema_is_one_that_breaks_it(report):
    assert report.data == "c"
    assert report.errors
