"""How a report looks: in a terminal, in a notebook, as a page."""

import io
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from answers import TICKET, TICKET_SCHEMA, response
from builders import completion, report_of, token
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reports import REPORTS, STRANGE, pieces_of
from rich.console import Console

from fieldconf.policy import USUAL, Policy
from fieldconf.render.lines import MOST_ROWS, READING
from fieldconf.render.table import SHOW, TRUST, fitted, printable
from fieldconf.report import Report, Stopped
from fieldconf.schema import compile_schema
from fieldconf.scoring.scorer import score, score_completion

REPORT = score(response(TICKET), TICKET_SCHEMA)


class Page(HTMLParser):
    """What a browser would find: tags, attributes and text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        self.open += [tag] if tag != "meta" else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_pi = unknown_decl = handle_comment


SMALL = {"div", "table", "thead", "tbody", "tr", "th", "td", "span", "bdi"}
PAGE = SMALL | {
    "html", "head", "meta", "title", "body", "style", "script", "main", "article", "section",
    "header", "h1", "h2", "p", "ul", "li", "dl", "dt", "dd", "b", "strong", "a", "pre", "details",
    "summary", "svg", "path", "rect",
}  # fmt: skip
ATTRIBUTES = {
    "class", "id", "title", "role", "tabindex", "open", "href", "type", "d", "viewbox", "width",
    "height", "x", "y", "preserveaspectratio", "data-report", "data-fields", "aria-hidden",
    "aria-labelledby",
}  # fmt: skip
FETCHING = {"url", "expression", "@import", "http:", "https:"}


def check_small(text):
    """Only our own tags, each closed, with styles that are our own words; nothing is fetched."""
    page = Page(text)
    assert not page.open
    assert set(page.tags) <= SMALL
    for _, name, value in page.attributes:
        assert name == "style"
        assert not FETCHING & set(value.split("("))
    assert text.encode()
    return page


def check_page(text):
    """Only our own tags and attributes, each tag closed; links stay inside; two scripts."""
    page = Page(text)
    assert not page.open
    assert set(page.tags) <= PAGE
    for tag, name, value in page.attributes:
        assert tag in ("meta", "html") or name in ATTRIBUTES
        assert name != "href" or value.startswith("#r0")
    assert page.tags.count("script") == 2
    assert page.tags.count("style") == 1
    assert not any(word in text[: text.index("<script")] for word in ("url(", "@import", "http:"))
    assert text.encode()
    return page


# What breaks out of attributes, tags, comments and strings, and what a terminal obeys.
ATTACKS = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</td></table>", "'\"&<>`=/",
    "<!--", "-->", "]]>", "<?php", "&lt;script&gt;", "javascript:alert(1)", "\x1b[31m", "\x07",
    "\u202eevil", "\u200b", "\ud800", "</style><svg/onload=1>", "[bold]", "[/]",
    "\n\r\x0b\x85\u2028",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=4), min_size=1, max_size=3).map(
    "".join
)


@st.composite
def hostile_reports(draw):
    """Reports in which every text that a model or a server can write is an attack."""
    one, two = draw(HOSTILE), draw(HOSTILE)
    text = json.dumps({one: two, "list": [two], "a": one})
    kept = text[: draw(st.integers(1, len(text)))] if draw(st.booleans()) else text
    tokens = [token(kept[i : i + 9], -0.4, [(kept[i : i + 9], -0.4), ("x", -2)])
              for i in range(0, len(kept), 9)]  # fmt: skip
    tokens = [t._replace(text=two) for t in tokens]
    schema = {"properties": {"a": {"enum": [one, two, "x"]}, one: {"type": "integer"}}}
    made = completion(*tokens, content=kept, model=one, finish_reason="length")
    report = score_completion(made, compile_schema(schema).as_requested)
    if draw(st.booleans()):
        report = replace(report, stopped=Stopped(one, two, 1, 2), reason=one)
    return report


@settings(deadline=None, max_examples=200)
@given(hostile_reports())
def test_what_a_model_writes_is_text_in_a_page(report):
    """No tag, attribute or style of a page comes from the answer."""
    check_small(report._repr_html_())
    page = check_page(report.to_html())
    ids = [value for _, name, value in page.attributes if name == "id" and "f" in value]
    assert ids == [f"r0f{number}" for number in range(len(report.fields))]
    for field in report.fields.values():
        check_small(field._repr_html_())
        if field.distribution is not None:
            check_small(field.distribution._repr_html_())


@settings(deadline=None, max_examples=200)
@given(hostile_reports())
def test_what_a_model_writes_is_text_in_a_terminal(report):
    """No control character, no character that turns the direction of writing, no markup."""
    for text in (str(report), repr(report), *map(repr, report.fields.values())):
        assert all(line.isprintable() for line in text.split("\n"))
        text.encode()
    for text in (repr(report), *map(repr, report.fields.values())):
        assert "\n" not in text


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_shown_as_it_was_written(attack):
    """Escaped is not gone: who reads the page sees what the model wrote."""
    report = report_of(token(json.dumps([attack])))
    shown = printable(json.dumps(attack, ensure_ascii=False))
    assert shown in Page(report._repr_html_()).texts
    assert shown in Page(report.to_html()).texts
    assert repr(report[0].value)[1:4] in repr(report)


def test_a_page_stands_alone():
    page = check_page(REPORT.to_html())
    assert REPORT.to_html().startswith("<!doctype html>")
    assert ("meta", "charset", "utf-8") in page.attributes
    assert '"billing"' in page.texts
    assert "0.667" in page.texts


def test_a_field_in_a_notebook_says_what_decided_it():
    assert REPORT["team"].why.sentence in Page(REPORT["team"]._repr_html_()).texts


@settings(deadline=None, max_examples=150)
@given(REPORTS)
def test_every_report_can_be_shown(report):
    """In every form, without an error; a repr is one short line, whatever the answer holds."""
    check_small(report._repr_html_())
    check_page(report.to_html())
    assert str(report)
    assert len(repr(report)) < 1200
    for field in report.fields.values():
        assert len(repr(field).splitlines()) == 1


@pytest.mark.parametrize("text", [t for t in STRANGE if t], ids=lambda text: text[:20])
def test_strange_answers_can_be_shown(text):
    report = report_of(*pieces_of(text))
    assert len(repr(report)) < 1200
    assert str(report)
    assert report._repr_html_()


def test_printing_a_report_gives_the_table():
    lines = str(REPORT).splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [
        ["field", "value", "confidence"],
        ["/urgent", "true", "0.842"],
        ["/team", '"billing"', "0.667"],
    ]
    assert lines[1].endswith("  false 0.158")
    assert lines[3:] == [
        "complete, confidence 0.667 (the least sure required field)",
        "outcome review: 0 accepted, 2 to review, 0 rejected",
        "  review: /urgent, /team",
        READING,
        "least sure: /team, 0.667",
    ]


def test_what_a_field_leads_to_is_shown_beside_it_and_for_all():
    policy = Policy(0.8, 0.7, fields={"team": (0.8, 0.7)})
    report = REPORT.with_policy(policy)
    lines = str(report).splitlines()
    assert " accept  false" in lines[1]
    assert ' reject  "sales"' in lines[2]
    outcomes = ["outcome reject: 1 accepted, 0 to review, 1 rejected", "  reject: /team"]
    assert lines[4:6] == outcomes
    for page in (report.to_html(), report._repr_html_()):
        texts = Page(page).texts
        assert {"accept", "reject"} <= set(texts)
    sentence = report.verdicts["/team"].reasons[0].sentence
    assert f"reject: {sentence}" in "".join(Page(report.to_html()).texts)
    assert "accept" not in Page(report["team"]._repr_html_()).texts  # alone it was not judged


def test_reasons_that_no_number_tells_are_named():
    schema = {"properties": {"a": {"type": "integer"}}}
    lines = str(report_of('{"a":"x"}', schema=schema)).splitlines()
    assert "  reject: /a (invalid)" in lines


def test_many_fields_are_counted_not_named():
    report = report_of("[", *[f"{number}," for number in range(30)], "9]")
    lines = str(report.with_policy(Policy(0.99))).splitlines()
    assert "/6, /7 and 23 more" in "\n".join(lines[-4:])


def test_the_bands_of_a_field_alone_are_those_of_the_usual_policy():
    assert (USUAL.accept, USUAL.review) == (TRUST, SHOW)


def test_printing_a_report_says_how_it_was_stopped():
    rule = "urgent is true"
    stopped = Stopped("/urgent", rule, 4, 6, 96)
    report = replace(REPORT, stopped=stopped, reason=f"stopped: {rule}", status="truncated")
    assert str(report).count(rule) == 1
    assert (
        "stopped at /urgent: urgent is true; 4 tokens read, at least 6, at most 96 spared"
        in str(report).splitlines()
    )
    for text in (report.to_html(), report._repr_html_()):
        assert "4 tokens read" in text


def test_an_empty_report_can_be_printed():
    assert str(Report("refused", reason="the model refused: no")).startswith("refused")
    assert repr(Report("refused")) == "<Report refused: no fields>"


def test_a_repr_counts_what_is_wrong():
    report = report_of('{"a":"x"}', schema={"properties": {"a": {"type": "integer"}}})
    assert repr(report).startswith("<Report complete, 1 error: /a 'x' ")
    assert repr(report_of("true")) == "<Report complete: (whole) True 0.905>"


def test_what_nobody_reads_to_the_end_is_cut():
    report = report_of("[", *[f"{number}," for number in range(MOST_ROWS + 19)], "9]")
    assert len(str(report).splitlines()) == MOST_ROWS + 8
    assert "... and 21 more" in str(report)  # the list has a row, too
    assert report._repr_html_().count("<tr") == MOST_ROWS + 1
    long = report_of(token(f'"{"word " * 10_000}"'))
    assert len(long._repr_html_()) < 5000
    assert "more characters" in long._repr_html_()


# -- narrow terminals ---------------------------------------------------------------------------


@example(80)
@given(st.integers(0, 300))
def test_columns_fit_the_terminal_and_the_number_stays(width):
    """The sum of the columns is the terminal's, as long as a number and two words fit in it."""
    widths = fitted(width)
    assert widths["confidence"] == 10
    assert {"field", "value"} <= widths.keys()
    if width >= 12 + 14 + 10 + 2:
        assert sum(widths.values()) + len(widths) - 1 <= width
    assert all(fitted(width + 1).get(name, 0) >= size for name, size in widths.items()) or (
        "bar" in fitted(width + 1) and "bar" not in widths
    )


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_a_narrow_terminal_still_shows_the_numbers(width):
    console = Console(file=io.StringIO(), width=width)
    console.print(REPORT)
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    assert "0.842" in lines[1]
    assert "0.667" in "".join(lines)
