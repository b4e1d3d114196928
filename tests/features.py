"""The table of all that pydantic can declare: types, answers, and what both mean."""

import dataclasses
from collections import deque
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import CONFORM, Enum, Flag, IntEnum, IntFlag, StrEnum, auto
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypeVar
from uuid import UUID

import pydantic.dataclasses
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Json,
    RootModel,
    SecretStr,
    Tag,
    computed_field,
    conint,
    constr,
)
from pydantic.alias_generators import to_camel
from typing_extensions import TypeAliasType, TypedDict

T = TypeVar("T")
BY_NAME = "validate_by_name" in ConfigDict.__annotations__  # since pydantic 2.11


class Feature(NamedTuple):
    """One row: a type, an answer, and what both mean.

    Attributes:
        id: the feature, in a few words.
        kind: the Python type.
        text: a JSON text that a model would answer.
        value: what validation makes of it.
        attributes: paths of attributes ("rows[0].price"), and the JSON Pointers they lead to.
        wrong: JSON texts that neither validation nor the JSON Schema accepts.
    """

    id: str
    kind: Any
    text: str
    value: Any
    attributes: dict[str, str] = {}  # noqa: RUF012  # nobody writes to it
    wrong: tuple[str, ...] = ()


def made(model, **values):
    """What ``model_construct`` makes, which stumbles over an AliasPath before pydantic 2.8."""
    blank = {"__pydantic_extra__": None, "__pydantic_private__": None}
    one = model.__new__(model)
    one.__setstate__(blank | {"__dict__": values, "__pydantic_fields_set__": set(values)})
    return one


# -- the types ----------------------------------------------------------------------------------


class Customer(BaseModel):
    """Who ordered."""

    email: str = Field(validation_alias="emailAddress", description="Where to write to.")
    vip: bool = False


class Order(BaseModel):
    number: int
    customer: Customer


class Row(BaseModel):
    label: str
    price: float


class Invoice(BaseModel):
    rows: list[Row]
    notes: list[str] = Field(default_factory=list)


class Labels(RootModel[list[Literal["a", "b"]]]):
    pass


class Holder(BaseModel):
    labels: Labels
    customer: RootModel[Customer]


@pydantic.dataclasses.dataclass
class Size:
    width: int
    height: Annotated[int, Field(validation_alias="h")]


@dataclasses.dataclass
class Box:
    """A box."""

    label: str
    size: Size
    made: int = dataclasses.field(init=False, default=7)
    scale: dataclasses.InitVar[int] = 1


class Movie(TypedDict):
    title: str
    year: NotRequired[int]
    director: Annotated[str, Field(validation_alias="directed_by")]


class Point(NamedTuple):
    x: int
    y: int = 0


class Line(BaseModel):
    start: Point
    ends: list[Point]


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: T | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = Field(validation_alias="canDo")


class Owner(BaseModel):
    pet: Cat | Dog
    tagged: Annotated[Cat | Dog, Field(discriminator="kind")]


def _which(value):
    parts = value.get("parts") if isinstance(value, dict) else getattr(value, "parts", None)
    return "many" if parts else "one"


class One(BaseModel):
    name: str


class Many(BaseModel):
    name: str
    parts: list[str] = []


Part = Annotated[Annotated[One, Tag("one")] | Annotated[Many, Tag("many")], Discriminator(_which)]


class Limits(BaseModel):
    share: Annotated[float, Field(ge=0, le=1)]
    count: conint(gt=0, lt=10)
    tags: Annotated[list[str], Field(min_length=1, max_length=2)]


class Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)
    first_name: str
    home_town: "Camel | None" = None


class Both(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    size: int = Field(alias="sizeInCm")


class Person(BaseModel):
    model_config = ConfigDict(extra="forbid")
    first: str = Field(validation_alias=AliasPath("names", 0))
    last: str = Field(validation_alias=AliasPath("names", 2))
    city: str = Field("?", validation_alias=AliasPath("address", "place", "city"))
    code: int = Field(0, validation_alias=AliasPath("address", "code"))
    home: str = Field(validation_alias=AliasPath("phone"))


class Chosen(BaseModel):
    name: str = Field(validation_alias=AliasChoices(AliasPath("names", 0), "fullName", "name"))
    age: int = Field(validation_alias=AliasChoices(AliasPath("facts", "age"), AliasPath("ages", 0)))


class Overlap(BaseModel):
    names: list[str]
    first: Annotated[str, Field(max_length=3)] = Field(validation_alias=AliasPath("names", 0))
    same: str = Field(validation_alias=AliasPath("names", 0))
    last: str = Field(validation_alias=AliasPath("names", -1))


@pydantic.dataclasses.dataclass
class Deep:
    city: str = Field(validation_alias=AliasPath("address", "city"))
    street: str = Field("", validation_alias=AliasPath("address", "street"))


class DeepDict(TypedDict):
    city: Annotated[str, Field(validation_alias=AliasPath("address", "city"))]
    lat: NotRequired[Annotated[float, Field(validation_alias=AliasPath("position", 0))]]


class Secret(BaseModel):
    word: str = Field(exclude=True)

    @computed_field
    @property
    def length(self) -> int:
        return len(self.word)


class Defaults(BaseModel):
    size: int = 3
    tags: list[str] = Field(default_factory=lambda: ["x"])


class Team(Enum):
    BILLING = "billing"
    SALES = "sales"


class Mixed(Enum):
    TEXT = "text"
    NUMBER = 2
    NOTHING = None
    PAIR = (1, 2)


class Stars(IntEnum):
    ONE = 1
    TWO = 2


class Tone(StrEnum):
    WARM = auto()
    COLD = auto()


class Right(Flag):
    READ = 1
    WRITE = 2
    ALL = 3


class Style(IntFlag):
    BOLD = 1
    ITALIC = 4


class Bit(Flag, boundary=CONFORM):
    A, B, C, D, E, F, G = (auto() for _ in range(7))


class Times(BaseModel):
    day: date
    at: datetime
    clock: time
    took: timedelta


class Tree(BaseModel):
    value: int
    children: "list[Tree]" = Field([], validation_alias="kids")


class Stock(BaseModel):
    by_code: dict[int, Row]
    by_team: dict[Tone, int]
    by_stars: dict[Stars, bool]
    by_style: dict[Annotated[str, Field(pattern="^[a-z]$")], int]


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    a: int


class ByName(BaseModel):
    model_config = ConfigDict(validate_by_alias=False, validate_by_name=True)
    size: int = Field(validation_alias="sizeInCm")
    deep: str = Field(validation_alias=AliasPath("a", 0))
    movie: Movie


class Described(BaseModel):
    """Of what, when, how."""

    zulu: Annotated[int, Field(description="The last letter.")]
    alpha: int
    mike: Team


Celsius = TypeAliasType("Celsius", Annotated[float, Field(ge=-273.15)])
Nested = TypeAliasType("Nested", "dict[str, Nested] | int")


# -- the table ----------------------------------------------------------------------------------

CAT, DOG = '{"kind": "cat", "lives": 9}', '{"kind": "dog", "canDo": ["sit"]}'
FELIX, REX = Cat(kind="cat", lives=9), Dog(kind="dog", canDo=["sit"])
ROW = Row(label="a", price=1.5)

FEATURES = [
    Feature(
        "nested models",
        Order,
        '{"number": 1, "customer": {"emailAddress": "a@b.c", "vip": true}}',
        Order(number=1, customer=Customer(emailAddress="a@b.c", vip=True)),
        {
            "number": "/number",
            "customer.email": "/customer/emailAddress",
            "customer.vip": "/customer/vip",
        },
        ('{"number": 1, "customer": {"email": "a@b.c"}}', '{"number": 1}', "[]"),
    ),
    Feature(
        "nested lists of models",
        list[list[Invoice]],
        '[[{"rows": [{"label": "a", "price": 1.5}], "notes": ["n"]}], []]',
        [[Invoice(rows=[ROW], notes=["n"])], []],
        {"[0][0].rows[0].price": "/0/0/rows/0/price", "[0][0].notes[0]": "/0/0/notes/0"},
        ('[[{"rows": [{"label": "a", "price": "x"}]}]]', '[{"rows": []}]'),
    ),
    Feature(
        "a RootModel",
        Labels,
        '["a", "b"]',
        Labels(["a", "b"]),
        {"root": "", "root[1]": "/1"},
        ('["c"]', '{"root": ["a"]}'),
    ),
    Feature(
        "RootModels inside, one of a model",
        Holder,
        '{"labels": ["b"], "customer": {"emailAddress": "e"}}',
        Holder(labels=Labels(["b"]), customer=RootModel[Customer](Customer(emailAddress="e"))),
        {"labels.root[0]": "/labels/0", "customer.root.email": "/customer/emailAddress"},
        ('{"labels": {"root": ["b"]}, "customer": {"emailAddress": "e"}}',),
    ),
    Feature(
        "a pydantic dataclass",
        Size,
        '{"width": 1, "h": 2}',
        Size(width=1, h=2),
        {"width": "/width", "height": "/h"},
        ('{"width": 1, "height": 2}',),
    ),
    Feature(
        "a standard dataclass",
        Box,
        '{"label": "a", "size": {"width": 1, "h": 2}, "scale": 3}',
        Box(label="a", size=Size(width=1, h=2)),
        {"label": "/label", "size.height": "/size/h"},
        ('{"label": "a"}', '{"label": "a", "size": {"width": 1, "h": 2}, "scale": "x"}'),
    ),
    Feature(
        "a TypedDict",
        Movie,
        '{"title": "M", "directed_by": "Lang"}',
        {"title": "M", "director": "Lang"},
        {"title": "/title", "director": "/directed_by"},
        ('{"title": "M"}', '{"title": "M", "directed_by": "L", "year": "x"}'),
    ),
    Feature(
        "a NamedTuple",
        Point,
        "[1, 2]",
        Point(1, 2),
        {"x": "/0", "y": "/1"},
        ('["x"]', "[1, 2, 3]", "[]"),
    ),
    Feature(
        "NamedTuples inside",
        Line,
        '{"start": [1, 2], "ends": [[3], [4, 5]]}',
        Line(start=Point(1, 2), ends=[Point(3), Point(4, 5)]),
        {"start.y": "/start/1", "ends[1].y": "/ends/1/1"},
        ('{"start": [], "ends": []}',),
    ),
    Feature(
        "a generic model",
        Page[Customer],
        '{"items": [{"emailAddress": "a"}], "next": null}',
        Page[Customer](items=[Customer(emailAddress="a")]),
        {"items[0].email": "/items/0/emailAddress"},
        ('{"items": [{"email": "a"}]}',),
    ),
    Feature(
        "a generic model of two types",
        tuple[Page[int], Page[Point]],
        '[{"items": [1]}, {"items": [[1, 2]], "next": [3]}]',
        (Page[int](items=[1]), Page[Point](items=[Point(1, 2)], next=Point(3))),
        {"[1].items[0].y": "/1/items/0/1", "[1].next.x": "/1/next/0"},
        ('[{"items": [[1]]}, {"items": []}]',),
    ),
    Feature(
        "unions of models, untagged and tagged",
        Owner,
        f'{{"pet": {DOG}, "tagged": {DOG}}}',
        Owner(pet=REX, tagged=REX),
        {"pet.tricks[0]": "/pet/canDo/0", "tagged.tricks": "/tagged/canDo"},
        (
            f'{{"pet": {{"kind": "cat"}}, "tagged": {DOG}}}',
            f'{{"pet": {CAT}, "tagged": {{"kind": "x"}}}}',
        ),
    ),
    Feature(
        "a union told apart by a function",
        list[Part],
        '[{"name": "a"}, {"name": "b", "parts": ["c"]}]',
        [One(name="a"), Many(name="b", parts=["c"])],
        {"[0].name": "/0/name", "[1].parts[0]": "/1/parts/0"},
        ('[{"parts": ["c"]}]',),
    ),
    Feature(
        "a union of scalars, lists and models",
        int | list[str] | Cat,
        '["a"]',
        ["a"],
        {"[0]": "/0"},
        ('"x"', "[1]", '{"kind": "cat"}'),
    ),
    Feature(
        "Optional",
        Page[int],
        '{"items": [], "next": 3}',
        Page[int](items=[], next=3),
        {"next": "/next"},
        ('{"items": null}', '{"items": [], "next": []}'),
    ),
    Feature(
        "Annotated constraints",
        Limits,
        '{"share": 0.5, "count": 9, "tags": ["a"]}',
        Limits(share=0.5, count=9, tags=["a"]),
        {"share": "/share", "tags[0]": "/tags/0"},
        (
            '{"share": 1.5, "count": 9, "tags": ["a"]}',
            '{"share": 1, "count": 10, "tags": ["a"]}',
            '{"share": 1, "count": 1, "tags": []}',
        ),
    ),
    Feature(
        "an alias generator",
        Camel,
        '{"firstName": "a", "homeTown": {"firstName": "b"}}',
        Camel(firstName="a", homeTown=Camel(firstName="b")),
        {"first_name": "/firstName", "home_town.first_name": "/homeTown/firstName"},
        ('{"first_name": "a"}',),
    ),
    Feature(
        "an alias, and the name as well",
        Both,
        '{"sizeInCm": 4}',
        Both(sizeInCm=4),
        {"size": "/sizeInCm"},
        ('{"sizeInCm": "x"}',),
    ),
    Feature(
        "AliasPath",
        Person,
        '{"names": ["Ada", "", "L"], "address": {"place": {"city": "X"}, "code": 7}, "phone": "1"}',
        made(Person, first="Ada", last="L", city="X", code=7, home="1"),
        {
            "first": "/names/0",
            "last": "/names/2",
            "city": "/address/place/city",
            "code": "/address/code",
            "home": "/phone",
        },
        (
            '{"names": ["Ada", "K"], "phone": "1"}',
            '{"names": "Ada", "phone": "1"}',
            '{"first": "Ada", "last": "L", "phone": "1"}',
            '{"names": ["A", "B", "C"], "phone": "1", "address": {"code": "x"}}',
            '{"names": ["A", "B", "C"], "home": "1"}',
            '{"names": ["A", "B", "C"], "phone": "1", "more": 1}',
        ),
    ),
    Feature(
        "AliasPath, optional ones left out",
        Person,
        '{"names": ["Ada", "K", "L"], "phone": "1"}',
        made(Person, first="Ada", last="L", city="?", code=0, home="1"),
        {"last": "/names/2"},
    ),
    Feature(
        "AliasChoices",
        Chosen,
        '{"fullName": "a", "facts": {"age": 3}}',
        made(Chosen, name="a", age=3),
        {"name": "/fullName", "age": "/facts/age"},
        ('{"fullName": "a"}', '{"fullName": "a", "facts": {}}'),
    ),
    Feature(
        "AliasPaths into another field",
        Overlap,
        '{"names": ["Ada", "L"]}',
        made(Overlap, names=["Ada", "L"], first="Ada", same="Ada", last="L"),
        {"names[1]": "/names/1", "first": "/names/0", "same": "/names/0"},
        ('{"names": []}', '{"names": ["long"]}', '{"names": ["a", 1]}'),
    ),
    Feature(
        "AliasPath in a dataclass",
        Deep,
        '{"address": {"city": "X"}}',
        Deep(address={"city": "X"}),
        {"city": "/address/city"},
        ('{"address": {}}', '{"address": {"city": "X", "street": 1}}', '{"city": "X"}'),
    ),
    Feature(
        "AliasPath in a TypedDict",
        DeepDict,
        '{"address": {"city": "X"}, "position": [1.5]}',
        {"city": "X", "lat": 1.5},
        {"city": "/address/city", "lat": "/position/0"},
        ('{"position": [1.5]}', '{"address": {"city": "X"}, "position": ["x"]}'),
    ),
    Feature(
        "computed and excluded fields",
        Secret,
        '{"word": "ab"}',
        Secret(word="ab"),
        {"word": "/word"},
        ("{}", '{"length": 2}'),
    ),
    Feature(
        "defaults, left out",
        Defaults,
        "{}",
        Defaults(),
        {},
        ('{"size": "x"}',),
    ),
    Feature(
        "defaults, written",
        Defaults,
        '{"size": 4, "tags": []}',
        Defaults(size=4, tags=[]),
        {"size": "/size", "tags": "/tags"},
    ),
    Feature("an Enum", list[Team], '["sales"]', [Team.SALES], {"[0]": "/0"}, ('["SALES"]',)),
    Feature(
        "an Enum of many types",
        list[Mixed],
        '["text", 2, null]',
        [Mixed.TEXT, Mixed.NUMBER, Mixed.NOTHING],
        {"[1]": "/1"},  # nothing is wrong: pydantic before 2.14 takes all for a member that is None
    ),
    Feature("an IntEnum", Stars, "2", Stars.TWO, {}, ("3",)),
    Feature("a StrEnum", Tone, '"cold"', Tone.COLD, {}, ('"COLD"', "1")),
    Feature(
        "a Flag",
        list[Right],
        "[0, 1, 3]",
        [Right(0), Right.READ, Right.ALL],
        {"[2]": "/2"},
        ("[4]", '["READ"]'),
    ),
    Feature("an IntFlag", list[Style], "[5, 0]", [Style.BOLD | Style.ITALIC, Style(0)], {}, ()),
    Feature("a large Flag", Bit, "127", Bit(127), {}, ('"A"', "1.5")),
    Feature(
        "Decimal",
        list[Annotated[Decimal, Field(ge=0, decimal_places=2)]],
        '[1.25, "2.50"]',
        [Decimal("1.25"), Decimal("2.50")],
        {"[1]": "/1"},
        ("[-1]", "[null]"),
    ),
    Feature(
        "dates and times",
        Times,
        '{"day": "2020-02-29", "at": "2020-02-29T12:00:00Z", "clock": "12:30:00", "took": "PT90S"}',
        Times(
            day=date(2020, 2, 29),
            at=datetime(2020, 2, 29, 12, tzinfo=UTC),
            clock=time(12, 30),
            took=timedelta(seconds=90),
        ),
        {"at": "/at", "took": "/took"},
        ('{"day": true, "at": "x", "clock": "y", "took": "z"}',),
    ),
    Feature(
        "UUID",
        UUID,
        '"12345678-1234-5678-1234-567812345678"',
        UUID("12345678-1234-5678-1234-567812345678"),
        {},
        ("1",),
    ),
    Feature("bytes", bytes, '"ab"', b"ab", {}, ("1",)),
    Feature("a secret", SecretStr, '"ab"', SecretStr("ab"), {}, ("1",)),
    Feature("Json", Json[list[int]], '"[1, 2]"', [1, 2], {}, ("[1, 2]",)),
    Feature(
        "a pattern",
        constr(pattern="^[A-Z]{3}$", max_length=3),
        '"ABC"',
        "ABC",
        {},
        ('"abc"', '"ABCD"'),
    ),
    Feature("sets", set[int], "[1, 2]", {1, 2}, {}, ('["x"]',)),
    Feature(
        "frozensets of enums",
        frozenset[Team],
        '["sales", "billing"]',
        frozenset(Team),
        {},
        ('["x"]',),
    ),
    Feature(
        "a tuple of fixed length",
        tuple[int, Team],
        '[1, "sales"]',
        (1, Team.SALES),
        {"[1]": "/1"},
        ("[1]", '[1, "sales", 2]'),
    ),
    Feature("a tuple of any length", tuple[Row, ...], "[]", (), {}, ("[1]", '[{"label": "a"}]')),
    Feature("an empty tuple", tuple[()], "[]", (), {}, ("[1]",)),
    Feature("a deque", deque[int], "[1]", deque([1]), {"[0]": "/0"}, ('["x"]',)),
    Feature(
        "a recursive model",
        Tree,
        '{"value": 1, "kids": [{"value": 2, "kids": [{"value": 3}]}]}',
        Tree(value=1, kids=[Tree(value=2, kids=[Tree(value=3)])]),
        {"children[0].children[0].value": "/kids/0/kids/0/value"},
        ('{"value": 1, "kids": [{"kids": []}]}',),
    ),
    Feature(
        "a recursive alias", Nested, '{"a": {"b": 1}}', {"a": {"b": 1}}, {}, ('{"a": {"b": "x"}}',)
    ),
    Feature(
        "dicts with keys of many types",
        Stock,
        '{"by_code": {"7": {"label": "a", "price": 1.5}}, "by_team": {"warm": 1},'
        ' "by_stars": {"2": true}, "by_style": {"a": 1}}',
        Stock(
            by_code={7: ROW}, by_team={Tone.WARM: 1}, by_stars={Stars.TWO: True}, by_style={"a": 1}
        ),
        {'by_code["7"].price': "/by_code/7/price", 'by_team["warm"]': "/by_team/warm"},
        (
            '{"by_code": {"x": {}}, "by_team": {}, "by_stars": {}, "by_style": {}}',
            '{"by_code": {}, "by_team": {"x": 1}, "by_stars": {}, "by_style": {}}',
            '{"by_code": {}, "by_team": {}, "by_stars": {"3": true}, "by_style": {}}',
            '{"by_code": {}, "by_team": {}, "by_stars": {}, "by_style": {"A": 1}}',
        ),
    ),
    Feature(
        "a dict",
        dict[str, list[Customer]],
        '{"a": [{"emailAddress": "e"}]}',
        {"a": [Customer(emailAddress="e")]},
        {'["a"][0].email': "/a/0/emailAddress"},
        ('{"a": [{}]}',),
    ),
    Feature(
        "Literals of many types",
        list[Literal["a", 2, True, None, Tone.WARM]],
        '["a", 2, true, null, "warm"]',
        ["a", 2, True, None, Tone.WARM],
        {"[4]": "/4"},
        ("[3]", '["cold"]', "[false]"),
    ),
    Feature(
        "a Literal of Enum members",
        Literal[Team.SALES, Tone.WARM],
        '"warm"',
        Tone.WARM,
        {},
        ('"cold"', '"WARM"'),
    ),
    Feature("Any", dict[str, Any], '{"a": [1, {}]}', {"a": [1, {}]}, {'["a"]': "/a"}, ("1",)),
    Feature("no other keys", Closed, '{"a": 1}', Closed(a=1), {"a": "/a"}, ('{"a": 1, "b": 2}',)),
    Feature(
        "other keys", Open, '{"a": 1, "b": 2}', Open(a=1, b=2), {"a": "/a"}, ('{"a": 1, "b": "x"}',)
    ),
    Feature("a type alias", list[Celsius], "[20]", [20.0], {"[0]": "/0"}, ("[-300]",)),
    Feature(
        "descriptions and order",
        Described,
        '{"zulu": 1, "alpha": 2, "mike": "sales"}',
        Described(zulu=1, alpha=2, mike=Team.SALES),
        {"zulu": "/zulu"},
        ('{"zulu": 1, "alpha": 2}',),
    ),
]

if BY_NAME:
    FEATURES += [
        Feature(
            "names in place of aliases",
            ByName,
            '{"size": 1, "deep": "a", "movie": {"title": "M", "director": "L"}}',
            ByName(size=1, deep="a", movie={"title": "M", "director": "L"}),
            {"size": "/size", "deep": "/deep", "movie.director": "/movie/director"},
            (
                '{"sizeInCm": 1, "deep": "a", "movie": {"title": "M", "director": "L"}}',
                '{"size": 1, "a": ["a"], "movie": {"title": "M", "director": "L"}}',
                '{"size": 1, "deep": "a", "movie": {"title": "M", "directed_by": "L"}}',
            ),
        ),
    ]
