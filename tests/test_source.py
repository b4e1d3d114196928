"""Where values stand in a text: each way, what is no match, reports, the option of a request."""

import asyncio
import copy
import importlib.util
import json
import pickle
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

import fieldconf as fc
from fieldconf.errors import MissingPackageError, RequestError
from fieldconf.grounding import WAYS, dates, locate
from fieldconf.grounding.folding import fold, words_of
from fieldconf.grounding.fuzzy import LONGEST
from fieldconf.grounding.numerals import MOST_READ, readings_of
from fieldconf.grounding.searching import MOST, SourceText
from fieldconf.report import Report
from fieldconf.testing import Answer, AsyncFakeClient, FakeClient

# A value, and a text in which it stands where the braces are.
EXACT = [
    ("cat", "a {cat}, to concatenate; bobcats; {cat}"),
    ("Anna", "{Anna}'s and {Anna}-Maria's, not Annabel's"),
    ("12", "123 and {12}; 0.12, 12.5 and 1,12"),
    ("12", "{12}. Then {12}, then ({12})"),
    ("snake_case", "a {snake_case}, no my_snake_case"),
    ("東京", "私は{東京}に住む"),
    ("서울", "{서울}에서"),
    ("กรุงเทพ", "อยู่ที่{กรุงเทพ}มหานคร"),
    ("2020", "東京{2020}年"),
    ("😀", "so{😀}so"),
    ("C++", "{C++} and C"),
    ("a a", "{a a} {a a} a"),
    ("-5", "at {-5} degrees"),
    ("  Anna\n", "{Anna}"),
    (12, "123, 12.5 and -12, but {12} and 3-{12}"),
    (-12, "12, 3-12 and {-12}"),
    (0.1, "{0.1}"),
]
FOLDED = [
    ("Anna", "{ANNA}"),
    ("New York", "in {new\n  york}."),
    ("café", "a {cafe}, {CAFE\u0301}"),
    ("cafe", "a {café}"),
    ("Straße", "{STRASSE} 1"),
    ("strasse", "{Straße}"),
    ("İstanbul", "{istanbul}"),
    ("fine", "{ﬁne}"),
    ("don't", "{don\u2019t}"),
    ('the "best"', "{the “best”}"),
    ("1990-1995", "{1990\u20131995}"),
    ("data", "{da\u00adta}"),
    ("\uff21\uff22\uff23", "{abc}"),  # full width
    ("34", "{٣٤}"),
    ("ёлка", "{елка}"),
    # Without punctuation.
    ("AB-1234", "order {ab1234}! not xab12345"),
    ("ab1234", "order {AB 1234}, {AB-1234}"),
    ("information", "some {infor-\nmation}"),
    ("coffee shop", "a {coffee-shop}"),
    ("12 High St., York", "{12, High St.\nYork}, England"),
    ("+49 30 1234567", "Tel. {+49-30-1234567}"),
    ("0301234567", "Tel. {030 / 123 45 67}"),
    ("ACME (UK) Ltd.", "{ACME UK LTD}"),
]
NUMBERS = [
    (1234.5, "{1,234.50} {1.234,50} {1'234.5} {$1,234.50} {1234,5}"),
    (1234.5, "{EUR 1.234,50} {RM1234.50}"),
    (1234567, "{1,234,567}; {1.234.567}; {1'234'567}; {12,34,567}"),
    (1234567, "{1 234 567}"),
    (1234, "{1,234}"),
    (1.234, "{1,234}"),
    (-1234.5, "{(1,234.50)}, {-1234.50}, {-$1,234.50}, {$-1,234.5}; 1,234.50"),
    (0.12, "{12 %} {12%}off {12 percent}"),
    (450, "{450}mg"),
    (3, "{three} of them, in {3}d"),
    (7, "SEVENTY and {Seven}"),
    (1200, "{1.2k}"),
    (1.5e6, "{$1.5 million} {1.5 mn}"),
    (2016, "22.11.{2016}"),
    (2, "1.1,{2},3,3"),
    (0.5, "{.50}"),
    (1e-5, "{1.0e-5} or {0.00001}"),
    ("$9.00", "{9,00}"),
    ("9.00", "{RM 9.0}"),
    ("1,5", "{1.50}"),
    ("one", "{1}"),
    ("12%", "{12 percent}"),
    (5, "{05}"),
]
DATES = [
    ("2026-11-22", "{22 November 2026}; {Nov 22nd, 2026}; {22/11/2026}; {11/22/2026}; {22.11.26}"),
    ("2026-11-22", "{22-NOV-26}; {22. 11. 2026}; {20261122}; {2026/11/22}; {22 Nov '26}"),
    ("2026-11-22", "Sunday, {22nd of November, 2026} at 10:30"),
    ("2026-11-22", "{2026-11-22}T10:30:00Z"),
    ("2026-11-22", "{22\nNovember,\n2026}"),
    ("2026-11-22", "{November 22}"),
    ("2026-02-22", "le {22 février 2026}; am {22. Februar 2026}; el {22 de febrero de 2026}"),
    ("2018-01-10", "{10/01/2018}"),
    ("22 Nov 2026", "{2026-11-22}"),
    ("2026-11-22T14:30:00Z", "{22/11/2026, 2:30 pm}"),
    ("2026-11-22T14:30:00", "{22/11/2026 14:30:05}"),
    ("2026-11-22T00:00:00Z", "{22 November 2026}"),
    ("2026-11-22T14:30:00Z", "{22 November 2026}; 14:30"),
    ("14:30:00", "at {2:30 pm} or {14h30}"),
    ("2026-11", "{November 2026}"),
]
FUZZY = [
    ("Anna Schmidt", "by {Ana Schmidt}"),
    ("platformer", "the {platformers}"),
    ("city centre", "in the {city center}"),
    ("Jalan Setia Prima 13, Shah Alam", "{JALAN SEITA PRIMA 13,\nSHAM ALAM}, 40170"),
    ("Subang Healthcare Sdn Bhd", "the {SUBANG HEALTHCARE SDN}\n(123)"),
    ("stables", "{stable}"),
]
ABSENT = [
    ("cat", "concatenate"),
    ("Anna", "Annabel and Hannah"),
    ("anna@x.de", "anne@x.de joanna@x.de"),
    ("table", "the stable"),
    ("available", "unavailable"),
    ("12 Main Street", "13 Main Street"),
    ("AB-1234", "AC-1234 AB-1235 AB-12345 XAB-1234"),
    ("Anna", "Anno Emma"),
    ("C++", "C and C#"),
    ("a-b", "ab"),
    ("1-12", "11-2"),
    ("1-11-2018", "11-1-2018x"),
    ("no", "yes, in November"),
    ("3.11", "3.11.2"),
    ("Johann Sebastian Bach", "J. S. Bach"),
    (12, "123, 1.2, 12.5, -12, AB12, 12ab3 and 1,212"),
    (1234.5, "1234.05 12345 1.2345"),
    (5, "-5 and 3.5"),
    (3, "thirty"),
    (23.32, "CS23.32"),
    ("2026-11-22", "22 November 2025; 22/12/2026; 122/11/2026; November 2026; 10:30"),
    ("2026-11-22", "22/11/20261"),
    ("2018-02-31", "31 February; 3 Feb 2018"),
    ("2026-11-22T14:30:00Z", "22/11/2026 15:30"),
    ("14:30", "2:30; 14:31; 2026-11-22"),
    ("x" * (LONGEST + 1), "x" * LONGEST),
    ("Anna", ""),
    ("Anna", "?!"),
    ("\u0301", "a\u0301"),
    ("\u200b", ""),
]
CASES = [
    (how, *case)
    for how, cases in zip(WAYS, [EXACT, FOLDED, NUMBERS, DATES, FUZZY], strict=True)
    for case in cases
]


def unmarked(text):
    """A text without its braces, and the spans that they enclose."""
    made, spans = "", []
    for part in text.split("}"):
        before, mark, inside = part.partition("{")
        made += before
        if mark:
            spans.append((len(made), len(made) + len(inside)))
            made += inside
    return made, spans


@pytest.mark.parametrize(("how", "value", "marked"), CASES)
def test_it_is_found_where_it_stands(how, value, marked):
    text, spans = unmarked(marked)
    found = SourceText(text).places(value, WAYS)
    assert sorted((one.start, one.stop) for one in found) == spans
    assert {one.how for one in found} == {how}


@pytest.mark.parametrize(("value", "text"), ABSENT)
def test_it_is_not_found_where_it_does_not_stand(value, text):
    assert SourceText(text).places(value, WAYS) == ()


# -- how near, how many ---------------------------------------------------------------------------

SIMILARITIES = [
    (1234, "1,234", 1 / 2),  # or 1.234
    (1234, "1 234", 1 / 2),  # or two numbers
    (5, "05", 1 / 2),  # or a code
    (0.12, "12 %", 1 / 2),  # or 12
    (1200, "1.2k", 1 / 2),  # or 1.2 of something
    (-12.5, "(12.50)", 1 / 2),  # or in brackets
    (1234, "(1,234)", 1 / 4),
    (-1234, "(1,234)", 1 / 4),
    ("1,234", "$1.234", 1 / 4 + 1 / 4),  # two readings of each, and they share both
    ("1,234", "$1234", 1 / 2),
    ("2018-01-10", "10/01/18", 1 / 2),
    ("2018-01-10", "10 January", 2 / 3),
    ("2018-01-10T10:30:00", "10 January 2018", 3 / 4),
    ("2018-01-10T10:30:00", "10/01/2018", 3 / 8),
    ("09/08/2018", "9.8.18", 1 / 4 + 1 / 4),
    ("2026-11-22T00:00:00Z", "22 November 2026", 1),  # a day, written as a time
    ("Anna Schmidt", "Ana Schmidt", 2 * 11 / 23),
    ("Ünter", "unte", 2 * 4 / 9),
]


@pytest.mark.parametrize(("value", "text", "similarity"), SIMILARITIES)
def test_the_similarity_is_the_probability_that_both_mean_the_same(value, text, similarity):
    (found,) = SourceText(text).places(value, WAYS)
    assert found.similarity == pytest.approx(similarity)


def test_the_best_place_comes_first_then_the_first():
    found = SourceText("10 Jan, 10/01/2018; 10 Jan 2018, Jan 10").places("2018-01-10", WAYS)
    assert [one.text for one in found] == ["10 Jan 2018", "10 Jan", "Jan 10", "10/01/2018"]


def test_a_value_that_is_everywhere_is_listed_so_often():
    text = "a1.5 " + "Anna, 1,50; 22 November 2026; Schmitt " * 50
    for value in ("Anna", "ANNA", 1.5, "2026-11-22", "Schmidt"):
        assert len(SourceText(text).places(value, WAYS)) == MOST


def test_what_stands_behind_very_many_numbers_is_found_as_it_is_only():
    text = "1 " * MOST_READ + "and 2,50 and 3.5"
    assert SourceText(text).places(2.5, WAYS) == ()
    assert SourceText(text).places(3.5, WAYS)[0].text == "3.5"


def test_what_stands_behind_very_many_dates_is_found_as_it_is_only():
    text = "10:30 " * dates.MOST_READ + "22 Nov 2026"
    assert SourceText(text).places("2026-11-22", WAYS) == ()
    assert SourceText(text).places("22 nov 2026", WAYS)[0].how == "folded"
    assert SourceText(text[6:]).places("2026-11-22", WAYS)[0].how == "date"


def test_words_that_were_put_between_are_no_hindrance_where_most_is_the_same():
    text = "at MR. D.I.Y. (M) SDN BHD. Tel."
    (found,) = SourceText(text).places("Mr. D.I.Y. Sdn Bhd", WAYS)
    assert (found.text, found.how) == ("MR. D.I.Y. (M) SDN BHD", "fuzzy")


def test_a_text_is_looked_for_by_the_ways_that_are_given_and_no_others():
    source = SourceText("ANNA, 1,50, 22 Nov 2026, Schmitt")
    assert source.places("Anna", ["exact", "number", "date"]) == ()
    assert source.places(1.5, ["exact", "folded", "date", "fuzzy"]) == ()
    assert source.places("2026-11-22", ["exact", "folded", "number", "fuzzy"]) == ()
    assert source.places("Schmidt", ["exact", "folded", "number", "date"]) == ()


# -- the parts ------------------------------------------------------------------------------------

READINGS = [
    ("1", ["1"]),
    ("1,5", ["1.5"]),
    ("1,234", ["1.234", "1234"]),
    ("0,123", ["0.123"]),
    ("1234,567", ["1234.567"]),
    ("12,34,567", ["1234567"]),
    ("1.234.567,89", ["1234567.89"]),
    ("1,234.567.8", []),
    ("1,23,45", []),
    ("1''000", []),
    ("1e3", ["1E+3"]),
    ("1,234e3", ["1234"]),
    ("1" * 41, []),
]


@pytest.mark.parametrize(("run", "readings"), READINGS)
def test_digits_and_marks_are_read_in_every_way_that_some_country_writes(run, readings):
    assert sorted(map(str, readings_of(run))) == readings


def test_runs_of_white_space_are_told_apart_for_numbers():
    assert fold("1 2\t3  4\r\n5").text == "1 2\t3\t4\n5"
    assert fold("1 2\t3  4\r\n5").line == "1 2 3 4 5"


def test_words_are_divided_where_they_are_written_divided():
    assert words_of("naïve, it's 12.5 東京") == [
        (0, 5),
        (7, 9),
        (10, 11),
        (12, 14),
        (15, 16),
        (17, 18),
        (18, 19),
    ]


# -- reports --------------------------------------------------------------------------------------


class Order(BaseModel):
    name: str
    total: float
    urgent: bool
    kind: Literal["order"]
    team: Literal["billing", "sales"]
    note: str | None
    blank: str
    items: list[str]
    more: list[str]


TEXT = "ANNA ordered tea (12,50) for the sales people"
VALUE = {
    "name": "Anna", "total": 12.5, "urgent": True, "kind": "order", "team": "sales", "note": None,
    "blank": " ", "items": ["tea", "coffee"], "more": [],
}  # fmt: skip


def extracted(schema=Order, value=VALUE, text=TEXT, **options):
    return fc.extract(schema, text, client=FakeClient(value), model="m", **options)


def test_leaves_that_were_chosen_say_where_they_stand():
    report = locate(extracted())
    found = {name: field.source_spans for name, field in report.fields.items()}
    assert {name: places and places[0].text for name, places in found.items()} == {
        "": None, "/name": "ANNA", "/total": "12,50", "/urgent": None, "/kind": None,
        "/team": "sales", "/note": None, "/blank": None, "/items": None, "/items/0": "tea",
        "/items/1": (), "/more": None,
    }  # fmt: skip


def test_a_value_that_is_too_long_or_no_number_is_not_looked_for():
    digits = "9" * 5000
    answer = Answer(text=f"[{digits}, 1e999, 1.5]")
    report = locate(fc.extract(None, TEXT, client=FakeClient(answer), model="m"), f"{digits} 1.5")
    assert [report[at].source_spans and report[at].source_spans[0].how for at in range(3)] == [
        None,
        None,
        "exact",
    ]


def test_what_was_found_is_saved_and_read_back():
    report = locate(extracted())
    for again in (
        Report.from_json(report.to_json(), Order),
        pickle.loads(pickle.dumps(report)),
        copy.deepcopy(report),
    ):
        assert {n: f.source_spans for n, f in again.fields.items()} == {
            n: f.source_spans for n, f in report.fields.items()
        }
    plain = json.loads(report.to_json())["fields"]["/name"]["source_spans"]
    assert plain == [{"start": 0, "stop": 4, "text": "ANNA", "how": "folded", "similarity": 1.0}]


def test_another_text_is_looked_at_anew():
    report = locate(locate(extracted()), "Anna")
    assert report["name"].source_spans[0].how == "exact"
    assert report["total"].source_spans == ()


def test_no_text_no_places():
    for given in (None, ["a", "b"], [], {"role": "user"}, fc.Image("https://example.com/a.png")):
        with pytest.raises(RequestError, match="no single text"):
            locate(Report(status="complete", input=given))
    with pytest.raises(RequestError, match="int was given"):
        locate(Report(status="complete"), 5)
    assert locate(Report(status="complete", input=["a"])) == Report(status="complete")


def test_there_are_five_ways():
    with pytest.raises(RequestError, match="'exact', 'folded', 'number', 'date', 'fuzzy'"):
        locate(extracted(), how=["exakt"])
    assert locate(extracted(), how="exact")["name"].source_spans == ()
    assert locate(extracted(), how=["number", "folded"])["name"].source_spans[0].how == "folded"


@pytest.fixture
def without_the_extra(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "fieldconf.grounding.locating.find_spec",
        lambda name: None if name in ("dateutil", "rapidfuzz") else find(name),
    )


@pytest.mark.usefixtures("without_the_extra")
def test_without_the_extra_it_is_said_what_to_install_before_anything_is_sent():
    client = FakeClient(VALUE)
    with pytest.raises(MissingPackageError, match=r"python-dateutil.*fieldconf\[source\]"):
        fc.extract(Order, TEXT, client=client, model="m", locate=True)
    assert not client.requests
    with pytest.raises(MissingPackageError, match="rapidfuzz"):
        locate(extracted(), how=["fuzzy"])
    report = extracted(locate=["exact", "folded", "number"])
    assert [report[name].source_spans[0].how for name in ("name", "total")] == ["folded", "number"]


# -- with the request -----------------------------------------------------------------------------


def test_it_can_be_asked_for_with_the_request():
    seen = []
    report = extracted(locate=True, observe=seen.append)
    assert report == locate(extracted())
    assert seen[0]["name"].source_spans == report["name"].source_spans
    assert extracted(locate=False)["name"].source_spans is None
    assert extracted(locate=["exact"])["name"].source_spans == ()


def test_streams_and_asynchronous_calls_say_it_as_well():
    options = {"client": FakeClient(VALUE), "model": "m", "locate": True}
    with fc.stream(Order, TEXT, **options) as stream:
        assert stream.report["name"].source_spans[0].text == "ANNA"

    async def ask():
        options["client"] = AsyncFakeClient(VALUE)
        return await fc.aextract(Order, TEXT, **options)

    assert asyncio.run(ask())["name"].source_spans[0].text == "ANNA"


def test_a_model_that_asks_for_itself_takes_the_option():
    @fc.confident(locate=True)
    class Named(BaseModel):
        name: Annotated[str, Field(description="who")]

    report = Named.extract(TEXT, client=FakeClient({"name": "Anna"}), model="m")
    assert report["name"].source_spans[0].how == "folded"


def test_samples_say_it_of_the_value_that_won():
    report = extracted(locate=True, samples=3)
    assert report["name"].source_spans[0].text == "ANNA"


def test_of_messages_the_text_of_the_users_last_one_is_read():
    example = {"role": "user", "content": "Dear Bob"}, {"role": "assistant", "content": "{}"}
    for content in (TEXT, [{"type": "text", "text": TEXT}]):
        messages = [*example, {"role": "user", "content": content}]
        report = fc.extract(Order, messages, client=FakeClient(VALUE), model="m", locate=True)
        alone = fc.extract(Order, TEXT, client=FakeClient(VALUE), model="m", locate=True)
        assert report.fields == alone.fields
        assert any(field.source_spans for field in report.leaves.values())


NO_TEXT = [
    ["a", "b"],
    [{"role": "system", "content": "a"}],
    [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}],
]


@pytest.mark.parametrize("given", NO_TEXT)
def test_what_is_no_one_text_is_refused_before_anything_is_sent(given):
    client = FakeClient(VALUE)
    with pytest.raises(RequestError, match="no single text"):
        fc.extract(Order, given, client=client, model="m", locate=True)
    assert not client.requests
