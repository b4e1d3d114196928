"""Options: every face shows each by its name, takes no other, and merges them in one way."""

import asyncio
import inspect
import pydoc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import fieldconf as fc
from fieldconf.extraction.options import NAMES, merged_options
from fieldconf.testing import AsyncFakeClient, FakeClient


class Ticket(fc.Confident):
    urgent: bool


@fc.confident
class Plain(BaseModel):
    urgent: bool


FUNCTIONS = [fc.extract, fc.aextract, fc.stream, fc.astream]
MANY = [fc.extract_many, fc.aextract_many]
MANY_METHODS = [
    getattr(model, name) for model in (Ticket, Plain) for name in ("extract_many", "aextract_many")
]
METHODS = [
    getattr(model, name)
    for model in (Ticket, Plain)
    for name in ("extract", "aextract", "stream", "astream")
]
READING = [fc.score, fc.score_all, fc.request, fc.classify, Ticket.score, Ticket.request]


def name_of(face):
    return getattr(face, "__qualname__", repr(face))


# -- signatures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "face", [*FUNCTIONS, *MANY, *METHODS, *MANY_METHODS, fc.confident], ids=name_of
)
def test_a_signature_shows_every_option_by_its_name(face):
    parameters = inspect.signature(face).parameters
    assert not [p for p in parameters.values() if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    for name in NAMES:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default is None
        assert parameters[name].annotation is not inspect.Parameter.empty


@pytest.mark.parametrize("face", READING, ids=name_of)
def test_a_face_that_reads_takes_no_unnamed_options(face):
    parameters = inspect.signature(face).parameters.values()
    assert not [p for p in parameters if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


@pytest.mark.parametrize(("method", "function"), [*zip(MANY_METHODS, MANY * 2, strict=True)])
def test_a_method_for_many_shows_what_the_function_does(method, function):
    own, theirs = (inspect.signature(face).parameters for face in (method, function))
    assert [*own] == [name for name in theirs if name != "schema"]
    assert [own[name] for name in own if name not in ("inputs", "client")] == [
        theirs[name] for name in own if name not in ("inputs", "client")
    ]


@pytest.mark.parametrize("face", [*FUNCTIONS, *MANY], ids=name_of)
def test_a_client_must_be_given_to_a_function(face):
    client = inspect.signature(face).parameters["client"]
    assert (client.kind, client.default) == (client.KEYWORD_ONLY, client.empty)


@pytest.mark.parametrize("face", [*METHODS, *MANY_METHODS], ids=name_of)
def test_a_method_may_have_its_client_from_the_settings(face):
    parameters = inspect.signature(face).parameters
    name = "inputs" if face in MANY_METHODS else "input"
    assert list(parameters)[:2] == [name, "client"]
    assert parameters["client"].default is None


@pytest.mark.parametrize("face", [*FUNCTIONS, *METHODS, fc.confident], ids=name_of)
def test_help_is_readable(face):
    signature = pydoc.plain(pydoc.render_doc(face)).split("\n\n")[1]
    assert "**" not in signature.split("):")[0]
    assert "Sequence[str | fieldconf" not in signature  # aliases are not spelt out
    assert len(str(inspect.signature(face))) < 1000


def test_the_docstring_says_every_option():
    lines = [line.strip() for line in fc.extract.__doc__.splitlines()]
    assert [name for name in NAMES if not any(line.startswith(f"{name}: ") for line in lines)] == []


# -- what is no option --------------------------------------------------------------------------

WRONG = [("modle", "model"), ("temprature", "temperature"), ("max_token", "max_tokens")]


@pytest.mark.parametrize(("wrong", "meant"), WRONG)
def test_an_unknown_option_is_an_error_that_names_the_near_one(wrong, meant):
    client = FakeClient({"urgent": True})
    asking = {"client": client, wrong: "x"}
    for call in (
        lambda: fc.extract(Ticket, "x", **asking),
        lambda: fc.stream(Ticket, "x", **asking),
        lambda: fc.astream(Ticket, "x", **asking),
        lambda: asyncio.run(fc.aextract(Ticket, "x", **asking)),
        lambda: Ticket.extract("x", **asking),
        lambda: Ticket.stream("x", **asking),
        lambda: Ticket.astream("x", **asking),
        lambda: asyncio.run(Ticket.aextract("x", **asking)),
        lambda: fc.confident(**asking),
    ):
        with pytest.raises(TypeError, match=rf"unexpected keyword .*'{wrong}'.*mean '{meant}'"):
            call()
    assert client.requests == []


def test_a_misspelled_client_is_one_too():
    with pytest.raises(TypeError, match="did you mean 'client'"):
        Ticket.extract("x", cleint=FakeClient(True), model="m")


def test_what_is_near_nothing_is_named_alone():
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'zzz'$"):
        fc.extract(Ticket, "x", client=FakeClient(True), zzz=1)


# -- merging ------------------------------------------------------------------------------------

VALUES = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["a", "b"]))
FURTHER = st.dictionaries(st.sampled_from(["timeout", "user", "extra_body"]), st.integers(0, 3))
SAID = st.fixed_dictionaries(
    {}, optional={name: FURTHER if name == "request_options" else VALUES for name in NAMES}
)


@given(SAID)
def test_none_is_not_said(options):
    made = merged_options(options)
    assert None not in made.values()
    assert merged_options({**dict.fromkeys(NAMES), **options}) == made


@given(SAID, SAID)
def test_each_option_is_that_of_a_call_or_else_that_of_the_settings(call, settings):
    beneath = merged_options(settings)
    made = merged_options(call, beneath)
    for name in set(NAMES) - {"request_options"}:
        over = call.get(name)
        assert made.get(name) == (beneath.get(name) if over is None else over)
    further = {**(settings.get("request_options") or {}), **(call.get("request_options") or {})}
    assert (made.get("request_options") or {}) == further


@given(SAID, SAID, SAID)
def test_merging_is_associative_and_nothing_said_changes_nothing(call, near, far):
    assert merged_options(call, merged_options(near, merged_options(far))) == merged_options(
        merged_options(call, merged_options(near)), merged_options(far)
    )
    assert (
        merged_options({}, merged_options(call)) == merged_options(call) == merged_options(call, {})
    )


@given(SAID, SAID)
def test_merging_changes_neither(call, settings):
    before = repr((call, settings))
    made = merged_options(call, settings)
    made.setdefault("request_options", {})["more"] = 1
    assert repr((call, settings)) == before


# -- what is asked ------------------------------------------------------------------------------


SAME = {
    "model": "m", "temperature": 0, "seed": 7, "max_tokens": 50, "top_logprobs": 3,
    "instructions": "Read it.", "request_options": {"user": "u"},
}  # fmt: skip


def test_every_function_asks_for_the_same():
    client = FakeClient({"urgent": True})
    fc.extract(Ticket, "the text", client=client, **SAME)
    fc.stream(Ticket, "the text", client=client, **SAME).close()

    async def asynchronous():
        other = AsyncFakeClient({"urgent": True})
        await fc.aextract(Ticket, "the text", client=other, **SAME)
        await fc.astream(Ticket, "the text", client=other, **SAME).finish()
        return other.requests

    plain, streamed = client.requests
    assert asyncio.run(asynchronous()) == [plain, streamed]
    how = ("stream", "stream_options")
    assert {k: v for k, v in streamed.items() if k not in how} == plain
    assert (plain["temperature"], plain["seed"], plain["user"]) == (0, 7, "u")
