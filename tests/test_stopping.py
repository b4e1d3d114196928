"""Rules that stop the reading, and what they say was spared."""

import json
import threading

import openai
import pytest
from answers import TICKET, TICKET_SCHEMA, chunks, response
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from servers import answer_stream, serving

import fieldconf as fc
from fieldconf.extraction.stopping import fires, rules_of, shortest_rest, words_of
from fieldconf.schema import compile_schema
from fieldconf.scoring.live import LiveScorer


class Item(BaseModel):
    name: str
    price: float
    note: str = ""


class Order(BaseModel):
    relevant: bool
    items: list[Item] = Field(min_length=1)
    comment: str | None = None
    owner: str = Field(default="", alias="ownedBy")


ROOT = compile_schema(Order).as_requested.root


def field(path, value, confidence=0.5, kind="string"):
    return fc.Field(path=path, value=value, kind=kind, confidence=confidence)


NO = field(("relevant",), False, 0.97)
PRICE = field(("items", 3, "price"), 9.5, 0.2)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (fc.StopWhen("relevant", value=False, above=0.95), [NO]),
        (fc.StopWhen("/relevant", value=False, above=0.95), [NO]),
        (fc.StopWhen("relevant", value=True), []),
        (fc.StopWhen("relevant", value=0), []),  # false is not 0
        (fc.StopWhen("relevant", above=0.97), []),
        (fc.StopWhen(required=True, below=0.3), [PRICE]),
        (fc.StopWhen("/items/*/price", below=0.3), [PRICE]),
        (fc.StopWhen("/items/3/price", below=0.3), [PRICE]),
        (fc.StopWhen("/items/2/price", below=0.3), []),
        (fc.StopWhen("/items/*", below=0.3), []),
        (fc.StopWhen("items[3].price", below=0.3), [PRICE]),
        (fc.StopWhen(lambda order: order.items[3].price, value=9.5), [PRICE]),
        (fc.StopWhen(below=0.98, above=0.1), [NO, PRICE]),
        (fc.StopWhen("relevant"), [NO]),
        (lambda field: field.value == 9.5, [PRICE]),
    ],
    ids=lambda one: repr(one) if isinstance(one, fc.StopWhen) and not callable(one.field) else None,
)
def test_which_fields_a_rule_stops_at(rule, found):
    assert [one for one in (NO, PRICE) if fires(rule, one, ROOT)] == found


def test_an_alias_is_meant_by_its_attribute_and_by_its_key():
    owner = field(("ownedBy",), "Anna", 0.2)
    assert fires(fc.StopWhen(lambda order: order.owner, below=0.5), owner, ROOT)
    assert fires(fc.StopWhen("ownedBy", below=0.5), owner, ROOT)


@pytest.mark.parametrize(
    ("path", "is_required"),
    [(("items", 0, "price"), True), (("items", 0, "note"), False), (("comment",), False)],
)
def test_only_what_every_answer_has_is_required(path, is_required):
    rule = fc.StopWhen(required=True, below=0.3)
    assert fires(rule, field(path, "x", 0.1), ROOT) == is_required


@pytest.mark.parametrize("rule", [fc.StopWhen(above=0.0), fc.StopWhen(below=1.0)])
def test_what_is_not_known_is_neither_above_nor_below(rule):
    assert not fires(rule, field(("relevant",), False, None), ROOT)


def test_containers_count_only_where_they_are_named():
    whole = field(("items",), [{"name": "a"}], 0.1, "array")
    assert not fires(fc.StopWhen(below=0.3), whole, ROOT)
    assert fires(fc.StopWhen("items", below=0.3), whole, ROOT)
    assert fires(fc.StopWhen("items", value=[{"name": "a"}]), whole, ROOT)


@pytest.mark.parametrize("wrong", [{}, {"required": True}, {"above": 1.5}, {"below": -0.1}])
def test_a_rule_that_cannot_be_meant(wrong):
    with pytest.raises(ValueError, match=r"StopWhen would stop at the first|between 0 and 1"):
        fc.StopWhen(**wrong)


def test_one_rule_or_several():
    rule = fc.StopWhen(below=0.3)
    assert rules_of(None) == ()
    assert rules_of(rule) == (rule,)
    assert rules_of([rule, len]) == (rule, len)
    assert words_of(len) == "len"


# -- what is spared -------------------------------------------------------------------------------

TEXT = st.text(max_size=3)
ITEMS = st.fixed_dictionaries({"name": TEXT, "price": st.integers(0, 9), "note": TEXT | st.none()})
ORDERS = st.fixed_dictionaries(
    {
        "relevant": st.booleans(),
        "items": st.lists(ITEMS, min_size=1, max_size=3),
        "comment": TEXT | st.none(),
        "ownedBy": TEXT | st.none(),
    }
)


@settings(deadline=None)
@given(ORDERS, st.data())
def test_no_answer_ends_with_less_than_the_shortest_rest(order, data):
    """The rest is a lower bound, wherever an answer of all asked keys is cut between its values."""
    text = json.dumps(order, separators=(",", ":"), ensure_ascii=False)
    compile_schema(Order).as_requested.validate(text.encode(), order)
    cut = data.draw(st.integers(1, len(text)))
    live = LiveScorer(compile_schema(Order).as_requested)
    for chunk in chunks([(text[:cut], 0.9, {})]):
        live.feed(chunk)
    rest = shortest_rest(ROOT, live.data, live.open_paths)
    half = len(text[:cut].encode()) - live.written  # of a character
    assert rest <= len(text[cut:].encode()) + half + _begun(text[:cut])


def _begun(text):
    """Bytes of the pair or scalar that the cut stands in, which the rest counts as missing."""
    return len(text) - max(map(text.rfind, "{[,")) + 4


def test_the_shortest_rest_of_what_is_known():
    missing = ',"items":[{"name":"","price":0,"note":""}],"comment":"","ownedBy":""}'
    assert shortest_rest(ROOT, {"relevant": False}, [()]) == len(missing)
    assert shortest_rest(ROOT, {}, []) == 0
    tree = {"$ref": "#/$defs/t", "$defs": {"t": {
        "type": "object", "properties": {"t": {"$ref": "#/$defs/t"}}, "required": ["t"],
    }}}  # fmt: skip
    assert shortest_rest(compile_schema(tree).root, {}, [()]) > 0  # and it comes to an end


def test_a_stop_closes_the_connection_and_says_what_was_spared():
    released = threading.Event()
    held = answer_stream(chunks(TICKET)[:6], hold=released)
    with serving(held) as server:
        with openai.OpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client:
            rule = fc.StopWhen("urgent", value=True)
            report = fc.extract(
                TICKET_SCHEMA, "x", client=client, model="m", max_tokens=30, stop_when=rule
            )
        released.set()
    assert report.status == "truncated"
    assert report.data == {"urgent": True}
    assert report.confidence is None
    assert (report.stopped.pointer, report.stopped.rule) == ("/urgent", repr(rule))
    assert report.stopped.read == 4
    assert report.stopped.saved_at_most == 30 - 4
    assert 0 < report.stopped.saved <= len(TICKET) - 4
    assert repr(rule) in report.reason
    whole = fc.score(response(TICKET), TICKET_SCHEMA)
    assert report["urgent"].to_dict() == whole["urgent"].to_dict()


def test_an_answer_in_which_no_rule_fires_is_read_to_its_end():
    with serving(answer_stream(chunks(TICKET))) as server:
        with openai.OpenAI(base_url=server.base_url, api_key="k", max_retries=0) as client:
            report = fc.extract(
                TICKET_SCHEMA, "x", client=client, model="m", stop_when=fc.StopWhen(below=0.01)
            )
    assert report.stopped is None
    assert report.to_dict() == fc.score(response(TICKET), TICKET_SCHEMA).to_dict()
