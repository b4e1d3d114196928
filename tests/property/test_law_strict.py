"""Law 10: the strict form forbids nothing that the schema allows, and says what it allows beyond.

Schemas are drawn in drafts 4, 7 and 2020-12, and taken from pydantic models and JSONSchemaBench.
Who judges is ``jsonschema``; ``completed`` says what the strict form asks beside: each key, and no
other.
"""

import copy
import gzip
import json
import random
from typing import Any

import jsonschema
import pytest
from builders import JSON_SCHEMA_BENCH
from hypothesis import example, given
from hypothesis import strategies as st
from test_models import FEATURES

from fieldconf.providers.grammars import FULL, STRICT
from fieldconf.requests.strict import strict
from fieldconf.schema import compile_schema

EVERY = 15  # schemas of the sample, one is looked at
GRAMMARS = st.sampled_from([STRICT, FULL])
IDS = {STRICT: "STRICT", FULL: "FULL"}

DRAFTS = {
    4: "http://json-schema.org/draft-04/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2020: "https://json-schema.org/draft/2020-12/schema",
}

# -- schemas --------------------------------------------------------------------------------------

KEYS = st.sampled_from(["a", "b", "c", "kind"])
SCALARS = st.sampled_from(["", "a", "b", "xyz", "2020-01-01", 0, 1, 2, 2.5, -3, True, False, None])
SOME = [
    {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"},
    {"type": "null"}, {"type": "object"}, {"type": "array"}, {"type": ["string", "null"]},
    {"type": ["integer", "boolean", "null"]}, {"type": ["object", "array", "null"]},
    {"type": "string", "minLength": 1}, {"type": "string", "maxLength": 2},
    {"type": "string", "pattern": "^[a-z]+$"}, {"type": "string", "format": "date"},
    {"type": "string", "format": "uri"}, {"pattern": "y"}, {"maxLength": 2},
    {"type": "integer", "minimum": 0, "maximum": 2}, {"type": "number", "exclusiveMaximum": 2},
    {"type": "number", "multipleOf": 0.5}, {"minimum": 1}, {"minItems": 1}, {"required": ["a"]},
    {"not": {"const": 1}}, {"not": {"type": "string"}}, {"not": {"required": ["a"]}}, {},
    {"type": "object", "additionalProperties": {"type": "integer"}},
    {"patternProperties": {"^a": {"type": "integer"}}}, {"minProperties": 1},
    {"uniqueItems": True}, {"contains": {"const": 1}}, {"enum": [[1, "a"], {"a": 1}, "a"]},
    {"dependencies": {"a": ["b"]}}, {"dependencies": {"a": {"required": ["b"]}}},
    {"dependentRequired": {"a": ["b"]}}, {"dependentSchemas": {"a": {"maxProperties": 1}}},
]  # fmt: skip
NOTES = st.fixed_dictionaries(
    {}, optional={"title": st.sampled_from("TU"), "description": st.sampled_from("DE")}
)
NAMES = ["x", "y", "x/z"]


@st.composite
def nodes(draw, draft, depth=2):
    """A schema that may refer to the definitions ``NAMES`` and to the whole."""
    kinds = ["plain", "plain", "members", "ref"]
    kinds += ["object", "object", "array", "all", "any", "one", "if"] if depth else []
    kind = draw(st.sampled_from(kinds))
    inner = nodes(draft, depth - 1)
    few = st.lists(inner, min_size=1, max_size=3)
    if kind == "ref":
        word = "definitions" if draft < 2020 else "$defs"
        name = draw(st.sampled_from(NAMES)).replace("/", "~1")
        made = {"$ref": draw(st.sampled_from([f"#/{word}/{name}"] * 4 + ["#"]))}
    elif kind == "plain":
        made = dict(draw(st.sampled_from(SOME)))
    elif kind == "members":
        enum = {"enum": draw(st.lists(SCALARS, min_size=1, max_size=3, unique_by=repr))}
        made = draw(st.sampled_from([enum, {"const": enum["enum"][0]}])) if draft > 4 else enum
    elif kind == "object":
        made = draw(objects(inner))
    elif kind == "array":
        made = draw(arrays(inner, draft))
    elif kind == "if":
        made = {"if": draw(inner), "then": draw(inner), "else": draw(inner)}
    else:
        made = {f"{kind}Of": draw(few)}
        made |= draw(st.sampled_from(SOME[:9] + [{}] * 9))
    return {**draw(NOTES), **made} if draw(st.booleans()) else made


def named(**properties):
    """An object whose keys may be left out."""
    return {"type": "object", "properties": properties}


@st.composite
def objects(draw, inner):
    properties = draw(st.dictionaries(KEYS, inner, min_size=1, max_size=3))
    made = {"type": "object", "properties": properties}
    if draw(st.booleans()):
        properties["d"] = {"type": "string", "default": draw(st.sampled_from(["", "x"]))}
    if required := [key for key in properties if draw(st.booleans())]:
        made["required"] = required
    rest = draw(st.sampled_from([None, None, False, False, True, {"type": "integer"}]))
    return made if rest is None else {**made, "additionalProperties": rest}


@st.composite
def arrays(draw, inner, draft):
    made = {"type": "array"}
    if draw(st.booleans()):
        made["items"] = draw(inner)
    elif draft < 2020:
        made["items"] = draw(st.lists(inner, min_size=1, max_size=2))
        made |= draw(st.sampled_from([{}, {"additionalItems": False}]))
    else:
        made["prefixItems"] = draw(st.lists(inner, min_size=1, max_size=2))
        made |= draw(st.sampled_from([{}, {"items": False}, {"items": {"type": "string"}}]))
    return made | draw(st.sampled_from([{}, {}, {"minItems": 1}, {"maxItems": 2}]))


@st.composite
def schemas(draw):
    """A whole schema, valid in the draft that it names."""
    draft = draw(st.sampled_from([4, 7, 2020, 2020]))
    whole = draw(nodes(draft, 3) if draw(st.integers(0, 4)) == 0 else objects(nodes(draft)))
    defs = {name: draw(nodes(draft)) for name in NAMES}
    made = {"$schema": DRAFTS[draft], **whole, "definitions" if draft < 2020 else "$defs": defs}
    old = '"maximum": 2, "exclusiveMaximum": true'  # as draft 4 has it
    text = json.dumps(made)
    return json.loads(text.replace('"exclusiveMaximum": 2', old) if draft == 4 else text)


# -- answers --------------------------------------------------------------------------------------

MOST_VALUES = 60  # about how many a guess holds
ANY = ["", "a", "xyz", "2020-01-01", 0, 1, 2, 2.5, True, None, [], {}, [1], {"a": 1}]


class Guess:
    """Values that keep to most of what a schema asks; which do to all, ``jsonschema`` says."""

    def __init__(self, whole: Any, seed: int) -> None:
        self.whole, self.random = whole, random.Random(seed)
        self.left = 0

    def whole_value(self) -> Any:
        self.left = MOST_VALUES
        return self.value(self.whole)

    def value(self, node: Any, depth: int = 0) -> Any:
        self.left -= 1
        words = self.merged(node, depth)
        if "enum" in words or "const" in words:
            return self.random.choice(words["enum"]) if "enum" in words else words["const"]
        kind = words.get("type") or self.kind_of(words)
        kind = self.random.choice(kind) if isinstance(kind, list) else kind
        return {"object": self.object, "array": self.array, "number": self.number,
                "integer": self.number}.get(kind, self.scalar)(words, kind, depth)  # fmt: skip

    def merged(self, node: Any, depth: int) -> dict[str, Any]:
        if not isinstance(node, dict) or depth > 12:
            return {}
        made = dict(node)
        more = list(made.pop("allOf", []))
        for word in ("anyOf", "oneOf"):
            more += [self.random.choice(made.pop(word))] if made.get(word) else []
        if "if" in made:
            more += [[made["if"], made.get("then")], [made.get("else")]][self.random.randrange(2)]
        if isinstance(to := made.pop("$ref", None), str):
            more.append(pointed(self.whole, to))
        for inner in more:
            found = self.merged(inner, depth + 1)
            properties = {**made.get("properties", {}), **found.get("properties", {})}
            required = [*made.get("required", []), *found.get("required", [])]
            made |= found
            made |= {"properties": properties} if properties else {}
            made |= {"required": required} if required else {}
        return made

    def kind_of(self, words: dict[str, Any]) -> str:
        if words.keys() & {"properties", "required", "additionalProperties", "patternProperties"}:
            return "object"
        if words.keys() & {"items", "prefixItems", "contains", "uniqueItems"}:
            return "array"
        return "any"

    def object(self, words: dict[str, Any], _kind: str, depth: int) -> Any:
        properties, required = words.get("properties", {}), words.get("required", [])
        share = 0 if self.left < 0 else 0.7 if depth < 3 else 0.1
        keys = [k for k in properties if k in required or self.random.random() < share]
        made = {key: self.value(properties[key], depth + 1) for key in keys} if depth < 20 else {}
        if not properties and words.get("additionalProperties") is not False:
            keys = ["a", "other"][: self.random.randrange(3)]
            made |= {k: self.value(words.get("additionalProperties"), depth + 1) for k in keys}
        return made | {k: self.random.choice(ANY) for k in required if k not in properties}

    def array(self, words: dict[str, Any], _kind: str, depth: int) -> Any:
        items = words.get("items")
        first = words.get("prefixItems", items if isinstance(items, list) else [])
        fewest = words.get("minItems", 0)
        count = max(fewest, self.random.randrange(len(first) + 3) if self.left > 0 else 0)
        count = min(count, words.get("maxItems", count))
        rest = words.get("additionalItems") if isinstance(items, list) else items
        count = min(count, len(first)) if rest is False else count
        return [self.value(first[i] if i < len(first) else rest, depth + 1) for i in range(count)]

    def number(self, words: dict[str, Any], kind: str, _depth: int) -> Any:
        known = [words[w] for w in ("minimum", "maximum", "exclusiveMinimum") if w in words]
        near = [n + d for n in known if not isinstance(n, bool) for d in (0, 1, -1)]
        return self.random.choice([0, 1, 2, -3, *near] + ([2.5] if kind == "number" else []))

    def scalar(self, words: dict[str, Any], kind: str, _depth: int) -> Any:
        return {
            "string": self.random.choice(["", "a", "xyz", "2020-01-01"]),
            "boolean": self.random.random() < 0.5, "null": None,
        }.get(kind, self.random.choice(ANY))  # fmt: skip


def pointed(whole: Any, reference: str) -> Any:
    """What a reference inside of a document leads to; anything where it leads elsewhere."""
    found = whole
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found.get(step.replace("~1", "/").replace("~0", "~"), {})
    return found


class Unfit(Exception):  # noqa: N818  # an answer to a question
    pass


def completed(value: Any, node: dict[str, Any], whole: dict[str, Any]) -> Any:
    """The value with null for each key that it lacks, without those that the form does not name.

    Raises:
        Unfit: if the form forbids it all the same.
    """
    if "$ref" in node:
        return completed(value, pointed(whole, node["$ref"]), whole)
    if "anyOf" in node:
        found = [made for arm in node["anyOf"] for made in _tried(value, arm, whole)]
        if not found:
            raise Unfit(value, node)
        return max(found, key=_held)  # the arm that names most keys
    inside = {"properties", "required", "additionalProperties", "items", "prefixItems", "$defs"}
    own = {word: asked for word, asked in node.items() if word not in inside}
    if not jsonschema.Draft202012Validator(own).is_valid(value):
        raise Unfit(value, own)
    if isinstance(value, dict):
        return dict(_members(value, node, whole))
    if isinstance(value, list):
        return list(_items(value, node, whole))
    return value


def _held(value):
    """How many values it holds, those apart that stand for keys left out."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (value is not None) + sum(map(_held, inside))


def _tried(value, node, whole):
    try:
        return [completed(value, node, whole)]
    except Unfit:
        return []


def _members(value, node, whole):
    inside, rest = node.get("properties", {}), node.get("additionalProperties", True)
    for key, inner in inside.items():
        yield key, completed(value.get(key), inner, whole)
    for key in value.keys() - inside.keys():
        if rest is not False:
            yield key, value[key] if rest is True else completed(value[key], rest, whole)


def _items(value, node, whole):
    first = node.get("prefixItems", [])
    for index, item in enumerate(value):
        inner = first[index] if index < len(first) else node.get("items", True)
        if inner is False:
            raise Unfit(value, node)
        yield item if inner is True else completed(item, inner, whole)


# -- the form -------------------------------------------------------------------------------------

NOTED = {"title", "description"}
WORDS = {
    "type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const",
    "$ref", "$defs", "pattern", "format", "minItems", "maxItems", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", *NOTED,
}  # fmt: skip
MORE_WORDS = {"prefixItems", "minLength", "maxLength"}


def nodes_of(document):
    """All schemas inside of a written one."""
    todo = [document]
    while todo:
        node = todo.pop()
        yield node
        todo += [*node.get("properties", {}).values(), *node.get("anyOf", [])]
        todo += [*node.get("$defs", {}).values(), *node.get("prefixItems", [])]
        more = [node.get("items"), node.get("additionalProperties")]
        todo += [inner for inner in more if isinstance(inner, dict)]


def assert_form(form, grammar):
    """The written schema is one that servers take."""
    jsonschema.Draft202012Validator.check_schema(form.schema)
    for node in nodes_of(form.schema):
        assert node.keys() <= (WORDS if grammar is STRICT else WORDS | MORE_WORDS), node
        if "$ref" in node:
            assert set(node) == {"$ref"}
            steps = node["$ref"].split("/")[1:]
            assert not steps or (steps[0] == "$defs" and steps[1] in form.schema["$defs"])
        if "properties" in node:
            assert node["type"] == "object"
            assert node["required"] == list(node["properties"])
            assert node["additionalProperties"] is False
        if grammar is STRICT and node.get("type") == "object":
            assert "properties" in node
        for word in ("anyOf", "enum"):
            assert node.get(word) != []
    root = form.source.root
    if grammar is STRICT and root.declared.kinds == {"object"} and len(root.cases) == 1:
        assert form.schema["type"] == "object"
        assert "anyOf" not in form.schema


@given(schemas(), GRAMMARS)
@example(named(a={"enum": []}), STRICT)
@example(named(a={"type": "string", "enum": [1]}), FULL)
@example({"enum": [], "type": "object"}, STRICT)
def test_the_form_of_any_schema_is_one_that_servers_take(schema, grammar):
    """What is written keeps to the rules of its grammar, and the schema given is not changed."""
    before = copy.deepcopy(schema)
    form = strict(schema, grammar)
    assert schema == before
    assert_form(form, grammar)


@pytest.mark.parametrize("grammar", IDS, ids=IDS.get)
@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.id)
def test_every_feature_of_pydantic_has_a_form(feature, grammar):
    """The answer of each row, completed, fits the form and comes back as the row's value."""
    form = strict(feature.kind, grammar)
    assert_form(form, grammar)
    answer = json.loads(feature.text)
    if any("anything" in loss.lost for loss in form.lost):
        return
    made = completed(answer, form.schema, form.schema)
    if not any("undeclared keys" in loss.lost for loss in form.lost):
        value, errors = form.source.validate(json.dumps(made).encode(), made)
        assert not errors
        assert value == feature.value or value != value  # noqa: PLR0124  # NaN


# -- what it allows -------------------------------------------------------------------------------

SEEDS = st.integers(0, 2**32)


def allowed(schema, seed, tries=8):
    """Some values that a schema allows."""
    guess, judge = Guess(schema, seed), compile_schema(schema)  # jsonschema, with an end
    for _ in range(tries):
        value = guess.whole_value()
        if not judge.validate(b"", value)[1]:
            yield value


def assert_valid(form, value):
    """The way back; of a reference that leads back to itself nobody knows what it asks."""
    _, errors = form.source.validate(json.dumps(value).encode(), value)
    assert all("cannot be applied" in error.problem for error in errors), (value, errors)


def is_given_up(form):
    """Whether the form says that what may stand somewhere is not asked for in full."""
    return any("any value is allowed here" in loss.lost for loss in form.lost)


@given(schemas(), GRAMMARS, SEEDS)
@example(named(a={"patternProperties": {"^a": {"type": "integer"}}}), FULL, 233)
@example(named(a={"allOf": [{"type": "string"}, {"type": "integer"}]}), STRICT, 0)
@example({"properties": {"a": {"type": "string"}}}, STRICT, 0)
def test_what_the_schema_allows_the_form_allows(schema, grammar, seed):
    """An answer that the schema allows fits the form, with null for each key that it lacks.

    And where nothing is lost, what was completed comes back as valid.
    """
    form = strict(schema, grammar)
    if is_given_up(form):
        return
    for value in allowed(schema, seed):
        made = completed(value, form.schema, form.schema)
        if not form.lost:
            assert_valid(form, made)


@given(schemas(), GRAMMARS, SEEDS)
@example(named(a={"oneOf": [{"type": "integer"}, {"type": "number"}]}), STRICT, 0)
@example(named(a={"allOf": [{"type": "string"}, {"type": "integer"}]}), STRICT, 0)
@example({"$schema": DRAFTS[7], **named(a={}, b={}), "dependencies": {"a": ["b"]}}, FULL, 0)
@example(named(a={"$ref": "#/properties/a"}), FULL, 0)
def test_what_the_form_allows_comes_back_where_nothing_is_lost(schema, grammar, seed):
    """An answer that the form allows is valid by the schema, or a loss is listed."""
    form = strict(schema, grammar)
    if form.lost:
        return
    for value in allowed(form.schema, seed):
        assert_valid(form, value)


# -- schemas that other people wrote --------------------------------------------------------------


def rows():
    with gzip.open(JSON_SCHEMA_BENCH) as file:
        return [json.loads(line) for line in file][::EVERY]


@pytest.mark.corpora(JSON_SCHEMA_BENCH)
@pytest.mark.filterwarnings("ignore::FutureWarning")  # re says so of other people's patterns
@pytest.mark.parametrize("grammar", IDS, ids=IDS.get)
def test_schemas_in_the_wild(grammar):
    """The same three laws on a slice of JSONSchemaBench."""
    for number, row in enumerate(rows()):
        schema = row["schema"]
        form = strict(schema, grammar)
        assert_form(form, grammar)
        if is_given_up(form):
            continue
        for value in allowed(schema, number, tries=2):
            made = completed(value, form.schema, form.schema)
            if not form.lost:
                assert_valid(form, made)
        if form.lost:
            continue
        for value in allowed(form.schema, number, tries=2):
            assert_valid(form, value)
