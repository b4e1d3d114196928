"""The strict form of a schema."""

import contextlib
import copy

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from fieldconf.strict import strict_schema

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "object"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["type", "properties", "default", "enum", "items", "a", "anyOf"]),
        inner, max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["properties", "default", "enum", "items"]), json_values))
def test_strict_schema_changes_nothing_it_was_given(schema):
    before = copy.deepcopy(schema)
    with contextlib.suppress(AttributeError, TypeError):  # compile_schema refuses what is no schema
        strict_schema(schema)
    assert schema == before


def test_strict_schema_of_a_model():
    class Inner(BaseModel):
        a: int = 3

    class Outer(BaseModel):
        default: str = "a property may be called so"
        inner: Inner | None = None

    strict = strict_schema(Outer.model_json_schema())
    assert strict["required"] == ["default", "inner"]
    assert strict["$defs"]["Inner"] == {
        "properties": {"a": {"title": "A", "type": "integer"}},
        "required": ["a"],
        "title": "Inner",
        "type": "object",
        "additionalProperties": False,
    }
    assert "default" not in strict["properties"]["inner"]
