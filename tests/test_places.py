"""What is declared at a place, by every word that leads there; what is written narrows it."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from fieldconf.schema import compile_schema
from fieldconf.schema.places import every_node
from fieldconf.schema.unions import MOST_CASES

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"
INTEGER, TEXT, NULL = {"type": "integer"}, {"type": "string"}, {"type": "null"}


def kinds(schema, *path):
    return set(compile_schema(schema).declared(path).kinds)


def members(schema, *path):
    return compile_schema(schema).declared(path).members


# -- references -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"properties": {"a": {"$ref": "#there"}}, "$defs": {"x": {"$anchor": "there",
         **INTEGER}}}, "a"),
        ({"$id": "http://x/root", "properties": {"a": {"$ref": "other"}},
          "$defs": {"x": {"$id": "http://x/other", **INTEGER}}}, "a"),
        ({"$id": "http://x/root", "properties": {"a": {"$ref": "http://x/root#/$defs/x"}},
          "$defs": {"x": INTEGER}}, "a"),
        ({"$schema": DRAFT_4, "id": "http://x/root",
         "properties": {"a": {"$ref": "y#/definitions/z"}},
          "definitions": {"x": {"id": "http://x/y", "definitions": {"z": INTEGER}}}}, "a"),
        ({"$schema": DRAFT_7, "properties": {"a": {"$ref": "#/definitions/b%25c"}},
          "definitions": {"b%c": INTEGER}}, "a"),
        ({"properties": {"a": {"allOf": [{"$ref": "#/properties/b"}]}, "b": INTEGER}}, "a"),
    ],
)  # fmt: skip
def test_references_of_all_kinds(schema, path):
    assert kinds(schema, path) == {"number"}


def test_a_dynamic_reference_leads_to_the_outermost_anchor():
    """The well-known tree whose nodes a stricter schema extends."""
    tree = {
        "$id": "http://x/tree", "$dynamicAnchor": "node", "type": "object",
        "properties": {"data": True, "children": {"items": {"$dynamicRef": "#node"}}},
    }  # fmt: skip
    strict = {
        "$id": "http://x/strict", "$dynamicAnchor": "node", "$ref": "tree",
        "properties": {"data": INTEGER}, "$defs": {"tree": tree},
    }  # fmt: skip
    assert kinds(strict, "children", 0, "children", 0, "data") == {"number"}
    assert kinds(tree, "children", 0, "data") >= {"string", "null"}


def test_a_recursive_reference_of_draft_2019():
    schema = {
        "$schema": DRAFT_2019, "$recursiveAnchor": True,
        "properties": {"a": {"$recursiveRef": "#"}, "b": INTEGER},
    }  # fmt: skip
    assert kinds(schema, "a", "a", "b") == {"number"}


def test_words_beside_a_reference_count_from_2019_on():
    schema = {
        "properties": {"a": {"$ref": "#/definitions/x", "enum": [1, "a"]}},
        "definitions": {"x": INTEGER},
    }
    assert members(schema, "a") == (1,)
    assert members({"$schema": DRAFT_7, **schema}, "a") is None


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"$ref": "#"}, 6),
        ({"anyOf": [{"$ref": "#"}, TEXT]}, 1),
        ({"allOf": [{"$ref": "#"}, TEXT]}, 1),
        ({"anyOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": {"anyOf": [{"$ref": "#"}, NULL]}}}, 1),
    ],
)
def test_a_reference_that_leads_back_says_nothing(schema, found):
    assert len(kinds(schema)) == found


def test_a_recursive_schema_has_few_places():
    items = {"type": "array", "items": {"$ref": "#"}}
    schema = {"type": "object", "properties": {"a": {"$ref": "#"}, "b": items, "c": TEXT}}
    compiled = compile_schema(schema)
    assert compiled.at(("a", "b", 7, "a")) is compiled.at(("a",))
    paths = [path for path, _ in every_node(compiled.root)]
    assert paths == [(), ("b",), ("c",)]  # "a" and the items of "b" are the whole


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "value", "found"),
    [
        ({"type": ["integer", "null"]}, (), {"number", "null"}),
        ({"not": {"type": ["string", "null"]}}, (), {"object", "array", "number", "boolean"}),
        ({"not": {"type": "integer"}}, (), None),
        ({"allOf": [{"type": ["string", "null"]}, {"type": ["null", "array"]}]}, (), {"null"}),
        ({"patternProperties": {"^x": INTEGER}}, ("x1",), {"number"}),
        ({"patternProperties": {"^x": INTEGER}, "additionalProperties": TEXT}, ("y",), {"string"}),
        ({"patternProperties": {"^x": {"type": ["string", "null"]}},
          "properties": {"x": {"type": ["string", "array"]}}}, ("x",), {"string"}),
        ({"properties": {"a": {}}, "unevaluatedProperties": TEXT}, ("b",), {"string"}),
        ({"allOf": [{"properties": {"a": INTEGER}}], "unevaluatedProperties": TEXT}, ("a",),
         {"number"}),
        ({"prefixItems": [INTEGER], "items": TEXT}, (0,), {"number"}),
        ({"prefixItems": [INTEGER], "items": TEXT}, (5,), {"string"}),
        ({"prefixItems": [INTEGER], "unevaluatedItems": TEXT}, (5,), {"string"}),
        ({"$schema": DRAFT_7, "items": [INTEGER], "additionalItems": TEXT}, (0,), {"number"}),
        ({"$schema": DRAFT_7, "items": [INTEGER], "additionalItems": TEXT}, (5,), {"string"}),
        ({"$schema": DRAFT_7, "items": INTEGER, "additionalItems": TEXT}, (5,), {"number"}),
        ({"dependentSchemas": {"a": {"properties": {"b": TEXT}}}, "properties": {"a": {}}},
         ("b",), {"string"}),
        ({"$schema": DRAFT_4, "dependencies": {"a": {"properties": {"b": TEXT}}},
         "properties": {"a": {}}}, ("b",), {"string"}),
        ({"oneOf": [{"properties": {"a": TEXT}}, {"properties": {"a": INTEGER}}]}, ("a",),
         {"string", "number"}),
        ({"$schema": DRAFT_4, "const": 1}, (), None),
        ({"$schema": DRAFT_4, "if": True, "then": NULL}, (), None),
        ({"then": NULL}, (), None),
    ],
)  # fmt: skip
def test_kinds_by_every_word(node, value, found):
    assert kinds(node, *value) == (found or kinds({}))


@pytest.mark.parametrize(
    ("node", "path", "found"),
    [
        ({"enum": [{"a": 1}, {"a": "x", "b": [True]}, 3]}, ("a",), (1, "x")),
        ({"enum": [{"a": 1}, {"a": "x", "b": [True]}, 3]}, ("b", 0), (True,)),
        ({"const": [{"a": None}]}, (0, "a"), (None,)),
        ({"allOf": [{"enum": ["a", "b", 1]}, {"enum": ["b", 1.0, "c"]}]}, (), ("b", 1)),
        ({"enum": ["a", "bb", "ccc"], "maxLength": 2}, (), ("a", "bb", "ccc")),
        ({"allOf": [{"enum": ["a", "bb", "ccc"]}, {"maxLength": 2}]}, (), ("a", "bb")),
        ({"enum": ["a", "b"], "not": {"const": "a"}}, (), ("b",)),
        ({"allOf": [{"enum": ["a", "b"]}, {"not": {"enum": ["b"]}}]}, (), ("a",)),
        ({"allOf": [{"type": "integer", "minimum": 2}, {"maximum": 9, "multipleOf": 2},
         {"multipleOf": 3}]}, (), (6,)),
        ({"$schema": DRAFT_4, "type": "integer", "minimum": 1, "exclusiveMinimum": True,
         "maximum": 3}, (), (2, 3)),
        ({"enum": list(range(1001))}, (), None),
        ({"properties": {"a": {"enum": [1, 2]}}, "oneOf": [{"properties": {"a": {"const": 2}}}]},
         ("a",), (2,)),
    ],
)  # fmt: skip
def test_members_by_every_word(node, path, found):
    assert members(node, *path) == found


def test_a_list_that_must_contain_something_is_not_empty():
    assert compile_schema({"contains": INTEGER}).declared(()).min_items == 1
    assert compile_schema({"contains": INTEGER, "minContains": 3}).declared(()).min_items == 3
    assert compile_schema({"contains": INTEGER, "minContains": 0}).declared(()).min_items == 0


def test_a_key_that_is_demanded_is_declared():
    found = compile_schema({"properties": {"a": TEXT}, "required": ["b"]}).declared(())
    assert (found.keys, found.required_keys, found.more_keys) == (("a", "b"), {"b"}, False)


# -- what was written decides ----------------------------------------------------------------------


def shop(word="oneOf", **more):
    card = {"title": "Card", "properties": {"kind": {"const": "card"}, "number": TEXT}}
    cash = {
        "title": "Cash",
        "properties": {"kind": {"const": "cash"}, "number": INTEGER, "coins": INTEGER},
    }
    return {"type": "object", word: [card, cash], "required": ["kind"], **more}


def test_a_discriminator_decides():
    root = compile_schema(shop()).root
    assert root.inside("number").declared.kinds == {"string", "number"}
    cash = root.with_value("kind", b'"cash"')
    assert cash.inside("number").declared.kinds == {"number"}
    assert cash.declared.keys == ("kind", "number", "coins")
    assert root.with_value("kind", b'"nobody\'s"') is root  # an answer that fits none


def test_a_key_decides():
    root = compile_schema(shop()).root
    assert root.with_key("coins").declared.keys == ("kind", "number", "coins")
    assert root.with_key("kind") is root
    assert root.with_key("coins").inside("number").declared.kinds == {"number"}


def test_the_kind_of_a_container_decides():
    schema = {
        "anyOf": [
            {"properties": {"a": {"type": "array"}, "b": TEXT}},
            {"properties": {"a": {"type": "object"}, "b": INTEGER}},
        ]
    }
    root = compile_schema(schema).root
    assert root.with_value("a", b"[").inside("b").declared.kinds == {"string"}
    assert root.with_value("a", b"{").inside("b").declared.kinds == {"number"}


def test_conditions_are_cases():
    rule = {"properties": {"kind": {"enum": ["a", "b"]}}, "type": "object", "required": ["kind"]}
    first = {
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"properties": {"v": TEXT}},
        "else": {"properties": {"v": INTEGER}},
    }
    root = compile_schema({**rule, **first}).root
    assert root.inside("v").declared.kinds == {"string", "number"}
    assert root.with_value("kind", b'"a"').inside("v").declared.kinds == {"string"}
    assert root.with_value("kind", b'"b"').inside("v").declared.kinds == {"number"}


def test_contradicting_cases_are_dropped():
    """Of 20 conditions on one key, 20 cases are left, not a million."""
    names = [f"n{number}" for number in range(20)]
    rules = [
        {"if": {"properties": {"kind": {"const": name}}}, "then": {"properties": {name: INTEGER}}}
        for name in names
    ]
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": names}},
        "required": ["kind"],
        "allOf": rules,
    }
    root = compile_schema(schema).root
    assert len(root.cases) == len(names)
    narrowed = root.with_value("kind", b'"n7"')
    assert narrowed.declared.keys == ("kind", "n7")


def test_where_words_multiply_keys_keep_what_they_hold():
    rules = [
        {"if": {"required": [f"k{n}"]}, "then": {"properties": {f"v{n}": INTEGER}}}
        for n in range(30)
    ]
    root = compile_schema({"type": "object", "allOf": rules}).root
    assert len(root.cases) <= MOST_CASES
    assert all(root.inside(f"v{n}").declared.kinds == {"number"} for n in range(30))


def test_an_optional_key_may_be_null_where_null_stands_for_left_out():
    schema = {
        "properties": {"a": TEXT, "b": TEXT, "c": {"type": ["string", "null"]}},
        "required": ["b"],
    }
    compiled = compile_schema(schema)
    asked = {key: compiled.as_requested.declared((key,)) for key in "abc"}
    assert [asked[key].may_be_null for key in "abc"] == [True, False, False]
    assert asked["a"].kinds == {"string"}
    assert asked["a"].possible_kinds == {"string", "null"}
    assert asked["a"].allows(b"nul", done=False)
    assert not compiled.declared(("a",)).may_be_null


@pytest.fixture
def hasty_threads():
    """Threads that take turns as often as Python lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_read_one_schema_at_once():
    """Unions that lead back to each other, read by several threads, each from another end."""
    names = [f"n{number}" for number in range(60)]
    refs = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    others = dict(zip(names, names[1:] + names[:1], strict=True))
    defs = {name: {"anyOf": [refs[others[name]], {"const": name}]} for name in names}
    for number in range(5):
        schema = {"title": str(number), "properties": refs, "$defs": defs}
        compiled = compile_schema(schema)
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(compiled.declared, [(name,) for name in names]))
        assert {len(declared.members) for declared in found} == {len(names)}


def test_where_words_multiply_and_other_keys_may_stand_nothing_is_excluded():
    rules = [
        {"if": {"required": [f"k{n}"]}, "then": {"properties": {f"v{n}": INTEGER}}}
        for n in range(30)
    ]
    root = compile_schema({"additionalProperties": True, "allOf": rules}).root
    answer = {f"v{n}": "x" for n in range(30)}
    assert all("string" in root.inside(key).declared.kinds for key in answer)
