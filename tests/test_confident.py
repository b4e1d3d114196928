"""Models that ask for themselves: by the decorator and by the mixin."""

import abc
import asyncio
import copy
import functools
import inspect
import pickle
import warnings
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    ValidationError,
    computed_field,
    create_model,
    field_validator,
)

import fieldconf as fc
from fieldconf.decorator import FACES, settings_of
from fieldconf.extraction.options import merged_options
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient, payloads

T = TypeVar("T")

SAYS = Answer({"urgent": True, "team": "sales"}, confidences={"team": 0.6, "urgent": 0.9})


class Plain(BaseModel):
    """What is asked for."""

    urgent: bool
    team: Literal["sales", "work"]


@fc.confident
class Decorated(BaseModel):
    """What is asked for."""

    urgent: bool
    team: Literal["sales", "work"]


class Mixed(fc.Confident):
    """What is asked for."""

    urgent: bool
    team: Literal["sales", "work"]


@fc.confident(temperature=0.5)
class Both(fc.Confident):
    """What is asked for."""

    urgent: bool
    team: Literal["sales", "work"]


MODELS = [Decorated, Mixed, Both]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def client_of(says=SAYS):
    return FakeClient(says)


# -- the class stays what it was ----------------------------------------------------------------


def test_the_decorator_gives_the_class_itself():
    class Ticket(BaseModel):
        urgent: bool

    before = (type(Ticket), Ticket.__mro__, Ticket.__qualname__, Ticket.model_json_schema())
    assert fc.confident(Ticket) is Ticket
    assert fc.confident(model="m")(Ticket) is Ticket
    after = (type(Ticket), Ticket.__mro__, Ticket.__qualname__, Ticket.model_json_schema())
    assert before == after


@every_model
def test_the_schema_is_that_of_a_plain_model(model):
    schema = model.model_json_schema()
    assert schema == {**Plain.model_json_schema(), "title": model.__name__}
    assert list(model.model_fields) == ["urgent", "team"]
    assert str(inspect.signature(model)) == str(inspect.signature(Plain))


@every_model
def test_instances_are_those_of_a_plain_model(model):
    ticket = model(urgent=True, team="sales")
    assert isinstance(ticket, model)
    assert isinstance(ticket, BaseModel)
    assert ticket.model_dump() == Plain(urgent=True, team="sales").model_dump()
    assert repr(ticket) == f"{model.__name__}(urgent=True, team='sales')"
    assert model.model_validate_json(ticket.model_dump_json()) == ticket
    with pytest.raises(ValidationError):
        model(urgent=True, team="nobody")


@every_model
def test_instances_are_copied_and_pickled(model):
    ticket = model(urgent=True, team="sales")
    kept = [pickle.loads(pickle.dumps(ticket, protocol)) for protocol in range(2, 6)]
    copies = [copy.copy(ticket), copy.deepcopy(ticket), ticket.model_copy()]
    assert all(type(one) is model and one == ticket for one in [*kept, *copies])
    assert pickle.loads(pickle.dumps(model)) is model
    report = model.score(payloads.chat(SAYS))
    assert pickle.loads(pickle.dumps(report)).value == report.value == ticket


# -- each method is the function ----------------------------------------------------------------

OPTIONS: dict[str, Any] = {
    "model": "m", "temperature": 0, "top_logprobs": 4, "instructions": "Read it.",
    "request_options": {"user": "u"},
}  # fmt: skip


def told(events):
    return [(event.type, getattr(event, "pointer", None)) for event in events]


@every_model
def test_extract_and_stream_are_the_functions_with_the_model(model):
    mine, theirs = client_of(), client_of()
    reports = [
        model.extract("x", client=mine, **OPTIONS), fc.extract(model, "x", client=theirs, **OPTIONS)
    ]  # fmt: skip
    streams = [
        model.stream("x", client=mine, **OPTIONS), fc.stream(model, "x", client=theirs, **OPTIONS)
    ]  # fmt: skip
    assert told(streams[0]) == told(streams[1]) != []
    assert reports[0] == reports[1]
    assert streams[0].report == streams[1].report
    assert reports[0].value == model(urgent=True, team="sales")
    assert reports[0]["team"].confidence == pytest.approx(0.6)
    assert mine.requests == theirs.requests


@every_model
def test_aextract_and_astream_are_the_functions_with_the_model(model):
    async def asked(aextract, astream):
        client = AsyncFakeClient(SAYS)
        report = await aextract("x", client=client, **OPTIONS)
        stream = astream("x", client=client, **OPTIONS)
        return report, told([event async for event in stream]), stream.report, client.requests

    mine = asyncio.run(asked(model.aextract, model.astream))
    theirs = asyncio.run(
        asked(functools.partial(fc.aextract, model), functools.partial(fc.astream, model))
    )
    assert mine == theirs
    assert mine[0].value == model(urgent=True, team="sales")


def told_of_many(results):
    return [(one.input, one.outcome, one.value, one.report) for one in results]


@every_model
def test_extract_many_is_the_function_with_the_model(model, tmp_path):
    mine, theirs = client_of(), client_of()
    results = [
        model.extract_many(["x", "y"], client=mine, concurrency=1, **OPTIONS).all(),
        fc.extract_many(model, ["x", "y"], client=theirs, concurrency=1, **OPTIONS).all(),
    ]
    assert told_of_many(results[0]) == told_of_many(results[1])
    assert results[0][1].value == model(urgent=True, team="sales")
    assert mine.requests == theirs.requests
    output = tmp_path / "out.jsonl"
    fc.extract_many(model, ["x"], client=theirs, output=output, **OPTIONS).run()
    kept = model.extract_many(["x"], client=theirs, output=output, **OPTIONS).all()
    assert kept.summary.resumed == 1
    steps = [fc.CascadeStep(large := FakeClient({"team": "work"}), model="large")]
    found = model.extract_many({"a": "x"}, client=mine, steps=steps, **OPTIONS).all()
    assert (found[0].id, found[0].value.team, len(large.requests)) == ("a", "work", 1)


@every_model
def test_aextract_many_is_the_function_with_the_model(model):
    async def asked(aextract_many):
        client = AsyncFakeClient(SAYS)
        return told_of_many(await aextract_many(["x", "y"], client=client, **OPTIONS).all())

    mine = asyncio.run(asked(model.aextract_many))
    assert mine == asyncio.run(asked(functools.partial(fc.aextract_many, model)))
    assert mine[0][2] == model(urgent=True, team="sales")


def test_settings_reach_many_inputs():
    mine, asynchronous = client_of(), AsyncFakeClient(SAYS)

    @fc.confident(
        client=lambda: mine, async_client=lambda: asynchronous, model="m", policy={"accept": 0.5}
    )
    class Ticket(Plain):
        pass

    async def all_of(run):
        return await run.all()

    results = Ticket.extract_many(["x"], seed=3).all()
    others = asyncio.run(all_of(Ticket.aextract_many(["x"], seed=3)))
    assert told_of_many(results) == told_of_many(others)
    assert [result.outcome for result in results] == ["accept"]
    strict = Ticket.extract_many(["x"], policy={"accept": 0.9}).all()
    assert [result.outcome for result in strict] == ["review"]
    assert [(body["model"], body.get("seed")) for body in mine.requests] == [("m", 3), ("m", None)]
    assert asynchronous.requests == mine.requests[:1]


def test_many_inputs_take_no_other_options():
    with pytest.raises(TypeError, match="concurency"):
        Mixed.extract_many(["x"], client=client_of(), concurency=2)
    with pytest.raises(TypeError, match="concurrency"):
        fc.confident(concurrency=2)
    with pytest.raises(fc.RequestError, match=r"no client .*openai\.OpenAI"):
        Mixed.extract_many(["x"])
    with pytest.raises(fc.RequestError, match=r"no async_client .*openai\.AsyncOpenAI"):
        Mixed.aextract_many(["x"])


@every_model
def test_score_is_the_function_with_the_model(model):
    response = payloads.chat(SAYS)
    assert model.score(response) == fc.score(response, model)
    assert model.score(response, mask="after").mask == fc.score(response, model, mask="after").mask
    assert model.score(response).value == model(urgent=True, team="sales")


@every_model
@pytest.mark.parametrize("provider", ["openai", "openai-responses", "vllm", "ollama"])
def test_request_is_the_function_with_the_model(model, provider):
    asked = {"provider": provider, "top_logprobs": 3}
    assert model.request(**asked) == fc.request(model, **asked)
    assert model.request() == fc.request(model)


def test_settings_are_what_is_said_in_the_call():
    settings = {**OPTIONS, "mask": "after", "match": "loose", "seed": 3}

    @fc.confident(client=(mine := client_of()), **settings)
    class Ticket(Plain):
        pass

    theirs = client_of()
    assert Ticket.extract("x") == fc.extract(Ticket, "x", client=theirs, **settings)
    assert list(Ticket.stream("x")) == list(fc.stream(Ticket, "x", client=theirs, **settings))
    assert mine.requests == theirs.requests
    response = payloads.chat(SAYS)
    assert Ticket.score(response) == fc.score(response, Ticket, mask="after", match="loose")
    assert Ticket.score(response, mask="before") == fc.score(
        response, Ticket, mask="before", match="loose"
    )
    assert Ticket.request() == fc.request(Ticket, model="m", top_logprobs=4)
    assert Ticket.request(top_logprobs=2) == fc.request(Ticket, model="m", top_logprobs=2)


def test_settings_that_change_how_an_answer_is_read_or_asked_for():
    loud = payloads.chat(Answer({"urgent": True, "team": "SALES"}))

    @fc.confident(model="gpt-5.4-mini", match="loose")
    class Ticket(Plain):
        pass

    exact, loose = (fc.score(loud, Ticket, match=match) for match in ("exact", "loose"))
    assert Ticket.score(loud) == loose != exact == Ticket.score(loud, match="exact")
    assert Ticket.request() == fc.request(Ticket, model="gpt-5.4-mini") != fc.request(Ticket)


def test_a_rule_and_an_observer_may_be_settings():
    seen = []

    @fc.confident(model="m", stop_when=fc.StopWhen("urgent", value=True), observe=seen.append)
    class Ticket(Plain):
        pass

    report = Ticket.extract("x", client=client_of())
    assert report.stopped.pointer == "/urgent"
    assert seen == [report]


# -- settings -----------------------------------------------------------------------------------

DRAWN = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["a", "b"]),
        "temperature": st.sampled_from([0, 0.5, 1]),
        "seed": st.integers(0, 2),
        "top_logprobs": st.integers(1, 5),
        "request_options": st.dictionaries(st.sampled_from(["user", "top_p"]), st.integers(0, 2)),
    },
)


ASKED = client_of()  # one, for it is slow to make


@given(DRAWN, DRAWN, DRAWN, DRAWN)
def test_a_call_wins_over_the_class_and_the_class_over_its_parent(call, own, parent, grandparent):
    oldest = fc.confident(**grandparent)(type("Oldest", (Plain,), {}))
    older = fc.confident(**parent)(type("Older", (oldest,), {}))
    between = type("Between", (older,), {})
    model = fc.confident(**own)(type("Model", (between,), {}))
    model.extract("x", client=ASKED, **{"model": "m", **call})
    merged = functools.reduce(
        lambda below, above: merged_options(above, below), [grandparent, parent, own]
    )
    fc.extract(model, "x", client=ASKED, **merged_options({"model": "m", **call}, merged))
    assert ASKED.requests[-1] == ASKED.requests[-2]
    assert (
        settings_of(between)
        == settings_of(older)
        == merged_options(parent, merged_options(grandparent))
    )
    assert settings_of(oldest) == merged_options(grandparent)  # nothing climbs up


@given(DRAWN, DRAWN)
def test_with_several_parents_the_first_wins_setting_by_setting(left, right):
    first = fc.confident(**left)(type("First", (Plain,), {}))
    second = fc.confident(**right)(type("Second", (Plain,), {}))
    assert settings_of(type("Child", (first, second), {})) == merged_options(
        left, merged_options(right)
    )


@given(DRAWN, DRAWN)
def test_a_decorator_above_another_wins_setting_by_setting(upper, lower):
    model = fc.confident(**upper)(fc.confident(**lower)(type("Model", (Plain,), {})))
    assert settings_of(model) == merged_options(upper, merged_options(lower))


def test_one_decorator_for_many_models_shares_nothing():
    ours = fc.confident(model="m", request_options={"user": "u"})
    first, second = ours(type("First", (Plain,), {})), ours(type("Second", (Plain,), {}))
    fc.confident(seed=1, request_options={"user": "v"})(first)
    assert settings_of(second) == {"model": "m", "request_options": {"user": "u"}}
    assert settings_of(first) == {"model": "m", "seed": 1, "request_options": {"user": "v"}}


def test_settings_that_do_not_exist_are_an_error_before_there_is_a_class():
    with pytest.raises(TypeError, match=r"'modle'.*mean 'model'"):
        fc.confident(modle="m")


@pytest.mark.parametrize("kind", [int, dict, "Ticket", Plain(urgent=True, team="work"), BaseModel])
def test_what_is_no_model_cannot_be_decorated(kind):
    for decorate in (fc.confident, fc.confident(model="m")):
        with pytest.raises(fc.SchemaError, match=r"no pydantic model.*fc\.extract"):
            decorate(kind)
    assert not hasattr(BaseModel, "extract")


# -- clients ------------------------------------------------------------------------------------


def test_a_client_is_said_once_or_in_the_call():
    mine, other = client_of(), client_of()

    @fc.confident(client=mine, model="m")
    class Ticket(Plain):
        pass

    class Child(Ticket):
        pass

    Ticket.extract("x")
    Child.extract("x")
    Ticket.extract("x", client=other)
    assert (len(mine.requests), len(other.requests)) == (2, 1)


class Calling:
    """Makes clients, as an instance."""

    def __init__(self, make):
        self.make = make

    def __call__(self):
        return self.make()

    def method(self):
        return self.make()


@pytest.mark.parametrize(
    "as_function",
    [
        lambda make: make,
        functools.partial,
        functools.lru_cache,
        Calling,
        lambda make: Calling(make).method,
    ],
    ids=["function", "partial", "cached", "callable", "method"],
)
def test_a_client_may_be_a_function_called_at_each_use(as_function):
    made = []

    def make():
        made.append(client_of())
        return made[-1]

    @fc.confident(client=(function := as_function(make)), model="m")
    class Ticket(Plain):
        pass

    assert made == []  # a key is not needed before one asks
    Ticket.extract("x")
    list(Ticket.stream("x"))
    Ticket.score(payloads.chat(SAYS))
    Ticket.request()
    is_kept = isinstance(function, functools._lru_cache_wrapper)
    assert len(made) == (1 if is_kept else 2)


def test_a_client_may_be_a_class():
    class Asked(FakeClient):
        def __init__(self):
            super().__init__(SAYS)

    @fc.confident(client=Asked, model="m")
    class Ticket(Plain):
        pass

    assert Ticket.extract("x").value == Ticket(urgent=True, team="sales")


def test_an_asynchronous_client_has_a_setting_of_its_own():
    client, asynchronous = client_of(), AsyncFakeClient(SAYS)

    @fc.confident(client=client, async_client=lambda: asynchronous, model="m")
    class Ticket(Plain):
        pass

    async def asked():
        await Ticket.aextract("x")
        return await Ticket.astream("x").finish()

    assert asyncio.run(asked()).value == Ticket.extract("x").value
    assert (len(client.requests), len(asynchronous.requests)) == (1, 2)


@every_model
def test_without_a_client_the_error_says_what_to_give(model):
    with pytest.raises(fc.RequestError, match=r"no client .*openai\.OpenAI.*@fc\.confident"):
        model.extract("x", model="m")
    with pytest.raises(fc.RequestError, match=r"no client .*openai\.OpenAI"):
        model.stream("x", model="m")
    with pytest.raises(fc.RequestError, match=r"no async_client .*openai\.AsyncOpenAI"):
        model.astream("x", model="m")
    with pytest.raises(fc.RequestError, match=r"no async_client .*openai\.AsyncOpenAI"):
        asyncio.run(model.aextract("x", model="m"))


def test_a_synchronous_client_alone_does_not_serve_the_asynchronous_methods():
    @fc.confident(client=(client := client_of()), model="m")
    class Ticket(Plain):
        pass

    with pytest.raises(fc.RequestError, match="no async_client"):
        asyncio.run(Ticket.aextract("x"))
    with pytest.raises(fc.RequestError, match="the client is synchronous"):
        asyncio.run(Ticket.aextract("x", client=client))
    with pytest.raises(fc.RequestError, match="the client is asynchronous"):
        Ticket.extract("x", client=AsyncFakeClient(SAYS))
    assert client.requests == []


# -- fields and methods with the names of ours --------------------------------------------------


@pytest.mark.parametrize("name", FACES)
def test_a_field_of_that_name_wins_over_the_decorator(name):
    model = create_model("Model", **{name: (int, ...), "other": (int, 3)})
    schema = model.model_json_schema()
    assert fc.confident(model) is model
    assert model.model_json_schema() == schema
    assert getattr(model(**{name: 5}), name) == 5
    assert not hasattr(model, name)
    with pytest.raises(ValidationError):
        model()
    others = set(FACES) - {name}
    assert all(callable(getattr(model, other)) for other in others)
    child = create_model("Child", __base__=model, more=(int, 0))
    assert (getattr(child(**{name: 5}), name), hasattr(child, name)) == (5, False)


@pytest.mark.parametrize("name", FACES)
@pytest.mark.parametrize("default", [{}, {"default": 4}], ids=["required", "optional"])
def test_a_field_of_that_name_wins_over_the_mixin(name, default):
    field = (int, Field(**default))
    model = create_model("Model", __base__=fc.Confident, **{name: field})
    plain = create_model("Model", **{name: field})
    assert model.model_json_schema() == plain.model_json_schema()
    assert getattr(model(**{name: 5}), name) == 5
    assert model.model_fields[name].is_required() is not bool(default)
    assert not hasattr(model, name)


def test_a_field_of_that_name_written_as_a_class():
    class Judged(fc.Confident):
        score: int
        request: str = "none"

    assert Judged(score=3).model_dump() == {"score": 3, "request": "none"}
    says = Answer({"score": 3, "request": "r"})
    assert Judged.extract("x", client=FakeClient(says), model="m").value.score == 3
    with pytest.raises(AttributeError, match="score"):
        Judged.score(payloads.chat(says))
    assert fc.score(payloads.chat(says), Judged).value == Judged(score=3, request="r")


@pytest.mark.parametrize("parent", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("name", FACES)
def test_a_child_may_add_a_field_of_that_name(parent, name):
    # pydantic says that it shadows something, as it does of any method of a parent.
    with pytest.warns(UserWarning, match=f'"{name}".*shadows an attribute in parent'):
        child = create_model("Child", __base__=parent, **{name: (int, ...)})
    assert child.model_fields[name].is_required()
    assert name in child.model_json_schema()["required"]
    assert getattr(child(urgent=True, team="work", **{name: 5}), name) == 5
    with pytest.raises(ValidationError):
        child(urgent=True, team="work")
    assert callable(getattr(parent, name))


@pytest.mark.parametrize("base", [BaseModel, fc.Confident], ids=["decorator", "mixin"])
def test_methods_and_properties_of_that_name_win(base):
    class Own(base):
        value: int

        def extract(self):
            return "own method"

        @classmethod
        def stream(cls):
            return "own class method"

        @staticmethod
        def astream():
            return "own static method"

        @computed_field
        @property
        def score(self) -> int:
            return self.value + 1

        @field_validator("value")
        @classmethod
        def request(cls, value: int) -> int:
            return abs(value)

        aextract: ClassVar[str] = "own class variable"

    fc.confident(Own)
    own = Own(value=-1)
    assert own.extract() == "own method"
    assert Own.stream() == "own class method"
    assert Own.astream() == "own static method"
    assert Own.aextract == "own class variable"
    assert own.model_dump() == {"value": 1, "score": 2}


def test_what_a_model_allows_besides_its_fields_is_found_too():
    @fc.confident
    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")

    assert Open(score=3).score == 3
    assert Open(score=3).model_dump() == {"score": 3}
    assert callable(Open.score)


# -- models of every kind -----------------------------------------------------------------------


class Box(BaseModel, Generic[T]):
    item: T


Before = Box[int]
fc.confident(model="m")(Box)


class MixedBox(fc.Confident, Generic[T]):
    item: T


@pytest.mark.parametrize(
    "model", [Before, Box[int], Box[bool], MixedBox[int], MixedBox[list[int]]], ids=repr
)
def test_generic_models(model):
    annotation = model.model_fields["item"].annotation
    item = {int: 3, bool: True}.get(annotation, [1, 2])
    report = model.extract("x", client=FakeClient({"item": item}), model="m")
    assert type(report.value) is model
    assert report.value.item == item
    assert model.request() == fc.request(model)
    assert pickle.loads(pickle.dumps(report.value)) == report.value


def test_a_generic_model_gives_its_settings_to_its_parameters():
    assert settings_of(Before) == settings_of(Box[int]) == settings_of(Box[str]) == {"model": "m"}
    fc.confident(model="n")(Box[str])
    assert (settings_of(Box[str])["model"], settings_of(Box[int])["model"]) == ("n", "m")


def test_root_models():
    @fc.confident
    class Tags(RootModel[list[Literal["a", "b"]]]):
        pass

    class MixedTags(fc.Confident, RootModel[list[Literal["a", "b"]]]):
        pass

    for model in (Tags, MixedTags):
        report = model.score(payloads.chat(Answer(["a", "b"], schema=model)))
        assert report.value == model(["a", "b"])
        assert report == fc.score(payloads.chat(Answer(["a", "b"], schema=model)), model)


def test_frozen_models():
    class Frozen(fc.Confident):
        model_config = ConfigDict(frozen=True)
        urgent: bool

    fc.confident(model="m")(Frozen)
    value = Frozen.extract("x", client=FakeClient({"urgent": True})).value
    assert hash(value) == hash(Frozen(urgent=True))
    with pytest.raises(ValidationError):
        value.urgent = False


def test_created_models():
    model = fc.confident(model="m")(create_model("Made", urgent=(bool, ...)))
    mixed = create_model("Made", __base__=fc.Confident, urgent=(bool, ...))
    for made in (model, mixed):
        value = made.extract("x", client=FakeClient({"urgent": True}), model="m").value
        assert value == made(urgent=True)


def test_forward_references():
    @fc.confident
    class Node(BaseModel):
        score: "Later"
        children: "list[Node]" = Field(default_factory=list)

    class Mixed(fc.Confident):
        score: "Later"
        children: "list[Mixed]" = Field(default_factory=list)

    class Later(BaseModel):
        points: int

    for model in (Node, Mixed):
        model.model_rebuild(_types_namespace={"Later": Later, model.__name__: model})
        plain = {"score": {"points": 1}, "children": [{"score": {"points": 2}, "children": []}]}
        report = model.extract("x", client=FakeClient(plain), model="m")
        assert report.value.children[0].score.points == 2
        assert not hasattr(model, "score")
        assert model.model_fields["score"].is_required()


class Cat(fc.Confident):
    kind: Literal["cat"]
    lives: int


@fc.confident
class Dog(BaseModel):
    kind: Literal["dog"]
    good: bool


class Home(fc.Confident):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    others: list[Dog] = Field(default_factory=list)


def test_models_inside_of_models_and_as_arms_of_a_union():
    says = {"pet": {"kind": "cat", "lives": 9}, "others": [{"kind": "dog", "good": True}]}
    report = Home.extract("x", client=FakeClient(says), model="m")
    assert report.value == Home(pet=Cat(kind="cat", lives=9), others=[Dog(kind="dog", good=True)])
    assert report.of(lambda home: home.pet.lives).value == 9
    assert report.of(lambda home: home.others[0].good).value is True


def test_abstract_models():
    class Abstract(fc.Confident, abc.ABC):
        urgent: bool

        @abc.abstractmethod
        def act(self): ...

    @fc.confident(model="m")
    class Concrete(Abstract):
        def act(self):
            return "now" if self.urgent else "later"

    assert Concrete.extract("x", client=FakeClient({"urgent": True})).value.act() == "now"


def test_several_parents():
    class Timed(BaseModel):
        hours: int

    class Child(Mixed, Timed):
        pass

    @fc.confident
    class Other(Timed, Plain):
        pass

    says = {"urgent": True, "team": "work", "hours": 2}
    for model in (Child, Other):
        report = model.extract("x", client=FakeClient(says), model="m")
        assert report.value.model_dump() == says


def test_a_subclass_asks_for_itself():
    class Child(Decorated):
        more: int

    says = {"urgent": True, "team": "work", "more": 2}
    assert Child.extract("x", client=FakeClient(says), model="m").value == Child(**says)
    assert Child.request() == fc.request(Child) != Decorated.request()


def test_nothing_of_pydantic_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        @fc.confident
        class Ours(BaseModel):
            score: int
            request: str = ""

        class Mine(fc.Confident):
            score: int
            extract: str = ""

        class Child(Mine):
            score: int = 3
            more: int

        assert Child(more=1).score == 3
