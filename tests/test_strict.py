"""The strict form of a schema, by example: what is written, what is lost, what comes back.

The laws are in tests/property/test_law_strict.py.
"""

import json
from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

import fieldconf as fc
from fieldconf.errors import SchemaError
from fieldconf.providers.grammars import FULL, STRICT
from fieldconf.requests.strict import strict

STRING, INTEGER, NULL = {"type": "string"}, {"type": "integer"}, {"type": "null"}


def needs(**properties):
    """An object that needs all of its keys."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def takes(**properties):
    """An object whose keys may all be left out."""
    return {"type": "object", "properties": properties}


def written(**properties):
    """An object as it stands in the strict form."""
    return {**needs(**properties), "additionalProperties": False}


def or_null(schema):
    return {"anyOf": [schema, NULL]}


def losses(schema, grammar=STRICT):
    return [tuple(loss) for loss in strict(schema, grammar).lost]


# -- what is written ------------------------------------------------------------------------------


class Team(Enum):
    BILLING = "billing"
    SALES = "sales"


class Row(BaseModel):
    """One line."""

    price: float = Field(ge=0)
    label: str = "none"


class Ticket(BaseModel):
    """A ticket."""

    zulu: Annotated[int, Field(description="Comes first.")]
    team: Team = Field(description="Who answers.")
    alpha: Literal["a", "b"] = "a"
    rows: list[Row]
    first: Row = Field(description="The first one.")
    last: Row | None = None


def test_a_model():
    """Fields keep their order and their descriptions, those beside a reference, too."""
    form = strict(Ticket)
    row = {"$ref": "#/$defs/Row"}
    properties = {
        "zulu": {"title": "Zulu", "description": "Comes first.", "type": "integer"},
        "team": {"description": "Who answers.", "anyOf": [{"$ref": "#/$defs/Team"}]},
        "alpha": {"title": "Alpha", "anyOf": [{"type": "string", "enum": ["a", "b"]}, NULL]},
        "rows": {"title": "Rows", "type": "array", "items": row},
        "first": {"description": "The first one.", "anyOf": [row]},
        "last": {"anyOf": [row, NULL]},
    }
    definitions = {
        "Team": {"title": "Team", "type": "string", "enum": ["billing", "sales"]},
        "Row": {
            "title": "Row", "description": "One line.",
            **written(
                price={"title": "Price", "type": "number", "minimum": 0.0},
                label={"title": "Label", **or_null(STRING)},
            ),
        },
    }  # fmt: skip
    assert form.schema == {
        "title": "Ticket", "description": "A ticket.", **written(**properties),
        "$defs": definitions,
    }  # fmt: skip
    assert list(form.schema["properties"]) == list(Ticket.model_fields)
    assert form.lost == ()


def test_null_and_left_out_are_the_same_where_null_is_the_default():
    class Maybe(BaseModel):
        same: str | None = None
        other: str | None = "x"

    assert list(map(str, strict(Maybe).lost)) == [
        "/other: null and a left-out key cannot be distinguished"
    ]


def test_it_is_public():
    form = fc.strict(needs(a=STRING))
    assert isinstance(form, fc.types.StrictForm)
    assert form.schema == written(a=STRING)
    assert not form.lost


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"const": "x"}, {"type": "string", "const": "x"}),
        ({"const": None}, {"type": "null", "const": None}),
        ({"enum": [1, 2]}, {"type": "integer", "enum": [1, 2]}),
        ({"enum": ["a", 1, None]}, {"enum": ["a", 1, None]}),
        ({"type": "string", "enum": ["a", 1]}, {"type": "string", "enum": ["a"]}),
        ({"type": ["string", "null"]}, {"anyOf": [STRING, NULL]}),
        ({"type": ["null", "integer"]}, {"anyOf": [INTEGER, NULL]}),
        ({"type": "integer", "minimum": 1, "maximum": 3},
         {"type": "integer", "minimum": 1, "maximum": 3}),
        ({"allOf": [{"type": "integer", "minimum": 1}, {"minimum": 2}]},
         {"type": "integer", "minimum": 2}),
        ({"allOf": [{"type": "number"}, {"type": "integer"}]}, INTEGER),
        ({"allOf": [needs(a=STRING), needs(b=INTEGER)]}, written(a=STRING, b=INTEGER)),
        ({"oneOf": [STRING, INTEGER]}, {"anyOf": [STRING, INTEGER]}),
        ({"anyOf": [STRING, {"anyOf": [INTEGER, NULL]}, STRING]},
         {"anyOf": [STRING, INTEGER, NULL]}),
        ({"anyOf": [STRING, {"enum": []}, {"type": "string", "enum": [1]}]}, STRING),
        ({"type": "array", "items": STRING, "minItems": 1, "maxItems": 2},
         {"type": "array", "items": STRING, "minItems": 1, "maxItems": 2}),
        ({"type": "array", "maxItems": 0}, {"type": "array", "items": NULL, "maxItems": 0}),
        ({"type": "array", "items": False}, {"type": "array", "items": NULL, "maxItems": 0}),
        (takes(a=STRING), written(a=or_null(STRING))),
        (takes(a={"allOf": [STRING, INTEGER]}), written()),
        ({**needs(a=STRING), "required": ["a", "z", "y"], "additionalProperties": False},
         written(a=STRING, y=NULL, z=NULL)),
        ({"enum": [{"a": 1}, {"a": 2}]},
         {"anyOf": [written(a={"type": "integer", "const": n}) for n in (1, 2)]}),
        ({**STRING, "title": "T", "description": "D", "default": "d", "examples": ["e"]},
         {**STRING, "title": "T", "description": "D"}),
        ({**STRING, "x-fieldconf": {"accept": 0.5}}, STRING),
    ],
)  # fmt: skip
def test_what_stands_for_a_schema(given, made):
    assert strict(needs(a=given)).schema["properties"]["a"] == made


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({}, {}),
        ({"type": "object"}, {"type": "object"}),
        ({"type": "object", "additionalProperties": STRING},
         {"type": "object", "additionalProperties": STRING}),
        ({"type": "array", "prefixItems": [STRING, INTEGER], "items": False},
         {"type": "array", "prefixItems": [STRING, INTEGER], "items": False, "maxItems": 2}),
        ({"type": "array", "prefixItems": [STRING], "items": INTEGER},
         {"type": "array", "prefixItems": [STRING], "items": INTEGER}),
        ({**STRING, "minLength": 1, "maxLength": 2, "format": "uri"},
         {**STRING, "format": "uri", "minLength": 1, "maxLength": 2}),
    ],
)  # fmt: skip
def test_what_a_wider_grammar_can_say(given, made):
    form = strict(needs(a=given), FULL)
    assert form.schema["properties"]["a"] == made
    assert not form.lost


def test_a_wider_grammar_does_not_guess_which_pattern_a_free_key_has():
    """Its keys are invented: "any key 0" has the pattern."""
    given = {"type": "object", "patternProperties": {"^a": INTEGER}}
    form = strict(needs(a=given), FULL)
    assert form.schema["properties"]["a"] == {"type": "object"}
    assert [tuple(loss) for loss in form.lost] == [
        ("/a", 'patternProperties {"^a": {"type": "integer"}}')
    ]


def test_a_schema_without_a_type_that_speaks_of_keys_means_objects():
    form = strict({"properties": {"a": STRING}, "required": ["a"]})
    assert form.schema == written(a=STRING)
    assert [tuple(loss) for loss in form.lost] == [
        ("", "any value is allowed here, but only objects are requested")
    ]


# -- what is lost ---------------------------------------------------------------------------------

LISTED = {"type": "array", "items": STRING}
SCALARS_ONLY = "any value is allowed here, but only scalars are requested"
ARMS = [needs(a=STRING), {**takes(a=STRING, b=STRING), "required": ["b"]}]


@pytest.mark.parametrize(
    ("given", "lost"),
    [
        ({**STRING, "minLength": 2}, [("/a", "minLength 2")]),
        ({**STRING, "maxLength": 2}, [("/a", "maxLength 2")]),
        ({"type": "array", "items": {**STRING, "maxLength": 2}}, [("/a/*", "maxLength 2")]),
        ({"allOf": [{**STRING, "maxLength": 3}, {"maxLength": 2}]}, [("/a", "maxLength 2")]),
        ({**LISTED, "uniqueItems": True}, [("/a", "uniqueItems true")]),
        ({**LISTED, "contains": {"const": "x"}}, [("/a", 'contains {"const": "x"}')]),
        ({**STRING, "not": {"const": "x"}}, [("/a", 'not {"const": "x"}')]),
        ({"type": "object", "patternProperties": {"^x": STRING}},
         [("/a", 'patternProperties {"^x": {"type": "string"}}'),
          ("/a", "undeclared keys")]),
        ({"type": "object"}, [("/a", "undeclared keys")]),
        ({"type": "object", "additionalProperties": STRING}, [("/a", "undeclared keys")]),
        ({**needs(b=STRING), "additionalProperties": True}, [("/a", "undeclared keys")]),
        ({**needs(b=STRING), "minProperties": 1}, [("/a", "minProperties 1")]),
        ({**needs(b=STRING), "dependentRequired": {"b": ["c"]}},
         [("/a", 'dependentRequired {"b": ["c"]}')]),
        ({}, [("/a", SCALARS_ONLY)]),
        (True, [("/a", SCALARS_ONLY)]),
        ({"type": "array"}, [("/a/*", SCALARS_ONLY)]),
        ({"items": STRING}, [("/a", "any value is allowed here, but only arrays are requested")]),
        ({"type": "array", "prefixItems": [STRING, INTEGER], "items": False},
         [("/a", "which item has which schema")]),
        ({"type": "array", "prefixItems": [{**STRING, "minLength": 1}], "items": False},
         [("/a/0", "minLength 1")]),
        ({**STRING, "format": "uri"}, [("/a", 'format "uri"')]),
        ({**STRING, "format": "date"}, []),
        ({"allOf": [{**STRING, "pattern": "^a"}, {"pattern": "b$"}]}, [("/a", 'pattern "b$"')]),
        ({"allOf": [{**STRING, "pattern": "^a"}, {"pattern": "^a"}]}, []),
        ({"allOf": [STRING, INTEGER]}, [("/a", "no value is allowed")]),
        ({"type": "string", "enum": [1]}, [("/a", "no value is allowed")]),
        ({"oneOf": [INTEGER, {"type": "number"}]},
         [("/a", "oneOf: that only one variant is valid")]),
        ({"oneOf": ARMS}, []),
        ({"oneOf": [*ARMS, takes(a=STRING)]}, [("/a", "oneOf: that only one variant is valid")]),
        ({**STRING, "minLength": 2, "not": {"const": "é" * 99}},
         [("/a", f'not {{"const": "{"é" * 26}...'), ("/a", "minLength 2")]),
    ],
)  # fmt: skip
def test_what_is_lost_of_a_key(given, lost):
    assert losses(needs(a=given)) == lost


def test_what_is_lost_of_keys_that_may_be_left_out():
    assert losses(takes(a=STRING)) == []
    assert losses(takes(a={"type": ["string", "null"]})) == [
        ("/a", "null and a left-out key cannot be distinguished")
    ]
    assert losses(needs(a={"type": ["string", "null"]})) == []


def test_what_is_lost_in_a_definition_is_listed_once():
    row = {"$ref": "#/$defs/Row"}
    schema = {**needs(a=row, b=row), "$defs": {"Row": needs(x={**STRING, "minLength": 1})}}
    assert losses(schema) == [("/a/x", "minLength 1")]


def test_dependencies_of_the_early_drafts_are_lost():
    draft = {"$schema": "http://json-schema.org/draft-07/schema#"}
    listed = {"dependencies": {"a": ["b"]}}
    assert losses({**draft, **takes(a=STRING, b=STRING), **listed}) == [
        ("", 'dependencies {"a": ["b"]}')
    ]
    assert losses({**draft, **takes(c={**takes(a=STRING, b=STRING), "allOf": [listed]})}) == [
        ("/c", 'dependencies {"a": ["b"]}')
    ]


def test_a_reference_that_leads_nowhere_is_lost():
    where = {"type": "array", "items": {"$ref": "#/nowhere"}}
    assert losses(needs(a=where), FULL) == [
        ("/a/*", '$ref "#/nowhere": the reference cannot be resolved')
    ]


NO_OBJECT = ("", "the whole is not one object, which is refused: put it into a field")


@pytest.mark.parametrize(
    "given",
    [
        {"type": "array", "items": STRING},
        {"anyOf": [needs(a=STRING), needs(b=STRING)]},
        {"type": ["object", "null"], "properties": {}},
        STRING,
        list[int],
    ],
)
def test_a_root_that_is_not_one_object(given):
    assert losses(given) == [NO_OBJECT]
    assert losses(given, FULL) == []


def nested(levels):
    schema = STRING
    for _ in range(levels):
        schema = needs(a=schema)
    return schema


def texts(count, length):
    return {"enum": [f"{n:0{length}}" for n in range(count)]}


@pytest.mark.parametrize(
    ("given", "lost"),
    [
        (nested(10), []),
        (nested(11), ["11 levels of objects: REFUSED 10"]),
        (needs(**{f"k{n}": STRING for n in range(5001)}),
         ["5,001 properties: REFUSED 5,000"]),
        (needs(a=texts(500, 3), b=texts(500, 4)), []),
        (needs(a=texts(500, 3), b=texts(501, 4)),
         ["1,001 members of enums: REFUSED 1,000"]),
        (needs(**{"k" * 119_999: STRING}), []),
        (needs(**{"k" * 119_999: {"const": "ab"}}),
         ["120,001 characters of names and members: REFUSED 120,000"]),
        (needs(a=texts(250, 100)), []),
        (needs(a=texts(251, 59)), []),
        (needs(a=texts(251, 60)),
         ["15,060 characters in one long enum: REFUSED 15,000"]),
    ],
)  # fmt: skip
def test_what_is_more_than_the_server_takes(given, lost):
    more = "strict structured output refuses more than"
    assert losses(given) == [("", one.replace("REFUSED", more)) for one in lost]
    assert losses(given, FULL) == []


def test_an_enum_of_more_members_than_are_told_apart_is_written_whole():
    given = {"allOf": [{"enum": [*range(1200), "x", None]}, {"type": "integer", "minimum": 3}]}
    form = strict(needs(a=given))
    assert form.schema["properties"]["a"] == {"type": "integer", "enum": list(range(3, 1200))}
    assert [loss.pointer for loss in form.lost] == [""]


def test_more_lists_than_are_told_apart():
    assert losses(needs(a={"enum": [[n] for n in range(600)]}), FULL) == [
        ("/a", "which objects and lists are allowed: there are too many")
    ]


def test_levels_are_counted_through_references():
    defs = {f"N{n}": needs(a={"$ref": f"#/$defs/N{n + 1}"}) for n in range(12)}
    assert losses({"$ref": "#/$defs/N1", "$defs": {**defs, "N11": needs(a=STRING)}}) == [
        ("", "11 levels of objects: strict structured output refuses more than 10")
    ]


def test_a_loss_is_shown_in_one_line():
    assert [str(loss) for loss in strict(needs(a={**STRING, "minLength": 2})).lost] == [
        "/a: minLength 2"
    ]
    assert str(strict(STRING).lost[0]).startswith("(whole): ")


def test_a_schema_nested_deeper_than_python_goes():
    """It is refused; or, where the reading of it gave up first, what was left out is said."""
    assert any(
        "nested too deep" in words or "any value is allowed here" in words
        for words in said_of(nested(400))
    )


def said_of(schema):
    try:
        return [loss.lost for loss in strict(schema).lost]
    except SchemaError as error:
        return [str(error)]


# -- the way back ---------------------------------------------------------------------------------


class Inner(BaseModel):
    size: int = 3
    tags: list[str] = Field(default_factory=lambda: ["x"])


class Outer(BaseModel):
    inner: Inner = Inner(size=7)
    many: list[Inner] = []
    maybe: int | None = 5
    name: str


def back(schema, data):
    value, errors = strict(schema).source.validate(json.dumps(data).encode(), data)
    assert not errors, errors
    return value


def test_null_comes_back_as_the_default():
    assert back(Inner, {"size": None, "tags": None}) == Inner(size=3, tags=["x"])
    assert back(Inner, {"size": 4, "tags": []}) == Inner(size=4, tags=[])


def test_null_comes_back_as_the_default_inside():
    answer = {"inner": None, "many": [{"size": None, "tags": ["a"]}], "maybe": 1, "name": "n"}
    assert back(Outer, answer) == Outer(many=[Inner(tags=["a"])], maybe=1, name="n")
    answer = {"inner": {"size": None, "tags": None}, "many": None, "maybe": 1, "name": "n"}
    assert back(Outer, answer) == Outer(inner=Inner(), maybe=1, name="n")


def test_null_that_is_allowed_stays_null():
    answer = {"inner": None, "many": None, "maybe": None, "name": "n"}
    assert back(Outer, answer).maybe is None


def test_null_in_a_plain_schema_is_the_default_or_left_out():
    schema = needs(c=takes(a={**INTEGER, "default": 3}, b=INTEGER))
    assert back(schema, {"c": {"a": None, "b": None}}) == {"c": {"a": 3}}
    assert back(schema, {"c": {"a": 1, "b": 2}}) == {"c": {"a": 1, "b": 2}}


def test_a_key_that_is_needed_takes_no_null():
    form = strict(Outer)
    answer = {"inner": None, "many": None, "maybe": None, "name": None}
    assert [e.pointer for e in form.source.validate(json.dumps(answer).encode(), answer)[1]] == [
        "/name"
    ]
    assert form.schema["properties"]["name"]["type"] == "string"


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


def test_the_tag_of_a_union_is_never_null():
    form = strict(Owner)
    tags = [arm["properties"]["kind"] for arm in form.schema["$defs"].values()]
    assert [(tag["type"], tag["const"]) for tag in tags] == [("string", "cat"), ("string", "dog")]
    assert not form.lost
    assert back(Owner, {"pet": {"kind": "cat", "lives": None}}) == Owner(pet=Cat())


# -- recursion ------------------------------------------------------------------------------------

SELF = {"$ref": "#"}


def test_the_whole_inside_of_itself():
    schema = takes(next=SELF, kids={"type": "array", "items": SELF})
    form = strict(schema)
    kids = {"type": "array", "items": SELF}
    assert form.schema == written(next=or_null(SELF), kids=or_null(kids))
    assert not form.lost


def test_definitions_that_lead_to_each_other():
    a, b = {"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}
    defs = {"A": needs(b=b), "B": needs(a={"type": "array", "items": a})}
    assert strict({**a, "$defs": defs}).schema == {
        **written(b=b),
        "$defs": {"B": written(a={"type": "array", "items": SELF})},
    }
    assert strict({**needs(x=a), "$defs": defs}).schema == {
        **written(x=a),
        "$defs": {"A": written(b=b), "B": written(a={"type": "array", "items": a})},
    }


def test_one_definition_with_and_without_a_description():
    a = {"$ref": "#/$defs/A"}
    defs = {"A": {**takes(a={**a, "description": "inner"}), "description": "own"}}
    schema = {**needs(x=a, y={**a, "description": "other"}), "$defs": defs}
    inner = {"description": "inner", "anyOf": [a, NULL]}
    assert strict(schema).schema == {
        **written(x=a, y={"description": "other", "anyOf": [a]}),
        "$defs": {"A": {"description": "own", **written(a=inner)}},
    }


@pytest.mark.parametrize("given", [SELF, {}, {"not": {}}])
def test_schemas_that_say_nothing(given):
    form = strict(given)
    kinds = ["boolean", "number", "string", "null"]
    assert form.schema == {"anyOf": [{"type": kind} for kind in kinds]}
    lost = [tuple(loss) for loss in form.lost if loss.lost != "not {}"]
    assert lost == [("", SCALARS_ONLY), NO_OBJECT]
    assert strict(given, FULL).schema == {}


@pytest.mark.parametrize("arms", [1, 2])
def test_paths_that_double_with_each_level_are_written_once(arms):
    def node(n):
        below = {"$ref": f"#/$defs/N{n + 1}"}
        return {"anyOf": [needs(k={"const": k}, a=below, b=below) for k in range(arms)]}

    defs = {f"N{n}": node(n) for n in range(30)}
    form = strict({"$ref": "#/$defs/N0", "$defs": {**defs, "N30": needs(a=STRING)}})
    assert len(form.schema["$defs"]) <= 31 * arms
    assert len(json.dumps(form.schema)) < 30_000


def test_definitions_that_end_in_the_same_name():
    schema = {
        **needs(x={"$ref": "#/$defs/a/b"}, y={"$ref": "#/definitions/b"}),
        "$defs": {"a": {"b": STRING}}, "definitions": {"b": INTEGER},
    }  # fmt: skip
    assert strict(schema).schema == {
        **written(x={"$ref": "#/$defs/b"}, y={"$ref": "#/$defs/b_2"}),
        "$defs": {"b": STRING, "b_2": INTEGER},
    }


def test_names_of_definitions_are_plain():
    schema = {
        **needs(x={"$ref": "#/$defs/%C3%A9~1%20[x]"}, y={"$ref": "#/$defs/%C3%A8~1%20[x]"}),
        "$defs": {"é/ [x]": STRING, "è/ [x]": INTEGER},
    }
    defs = strict(schema).schema["$defs"]
    assert list(defs.values()) == [STRING, INTEGER]
    assert all(name.isascii() and name.replace("_", "").isalnum() for name in defs)


def test_the_way_back_knows_which_arm_was_written():
    class Cat(BaseModel):
        kind: Literal["cat"]
        note: str = "none"

    class Dog(BaseModel):
        kind: Literal["dog"]
        note: str | None

    class Owner(BaseModel):
        pet: Cat | Dog

    source = strict(Owner).source
    cat, dog = (b'{"pet": {"kind": "%b", "note": null}}' % kind for kind in (b"cat", b"dog"))
    assert source.validate(cat, json.loads(cat)) == (Owner(pet=Cat(kind="cat")), ())
    assert source.validate(dog, json.loads(dog)) == (Owner(pet=Dog(kind="dog", note=None)), ())


def test_words_that_multiply_are_listed():
    rules = [{"if": {"required": [f"k{n}"]}, "then": {"required": [f"v{n}"]}} for n in range(9)]
    assert str(strict({"type": "object", "allOf": rules}).lost[-1]) == (
        "(whole): some conditions and unions, which have too many combinations"
    )
