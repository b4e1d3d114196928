"""What others wrote is text in the pages of many reports: names, keys, values, sources, errors."""

import re
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from test_report_shown import HOSTILE, hostile_reports

import fieldconf as fc
from fieldconf.report import Report
from fieldconf.report.results import Result

IDS = re.compile(r"data|review|overview|table|reports|(reports|fields|reliability)-title|"
                 r"d\d+|r\d+([fs]\d+|source|answer)?")  # fmt: skip
LINKS = re.compile(r"#d\d+|#r\d+[fs]\d+|index\.html|report-\d+\.html")


class Structure(HTMLParser):
    """The elements of a page, each with the names of its attributes; ids and links."""

    def __init__(self, text):
        super().__init__()
        self.found, self.ids, self.links, self.open = set(), [], [], []
        self.scripts = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found |= {(tag, name) for name, _ in attributes} | {(tag, "")}
        self.scripts += tag == "script"
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        self.open += [tag] if tag not in ("meta", "input") else []

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_pi = unknown_decl = handle_comment


def pages(reports, texts, title="title"):
    """The text of each page that can be written of some reports."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        fc.view(reports, place / "whole.html", texts=texts, title=title)
        fc.view(reports, place / "pages", texts=texts, title=title)
        files = sorted(place.rglob("*.html"))
        return {str(path.relative_to(place)): path.read_bytes().decode() for path in files}


def structures(written):
    found = set()
    for text in written.values():
        page = Structure(text)
        assert not page.open
        assert text.count("<noscript") == text.count("</noscript")
        assert all(IDS.fullmatch(each) for each in page.ids)
        assert all(LINKS.fullmatch(each) for each in page.links)
        assert page.scripts in (0, 2)  # data and script; a failed report has neither
        found |= page.found
    return found


def known():
    """The elements and attributes of pages in which nothing is hostile."""
    chat = {"choices": [{"message": {"content": '{"a": "b", "list": ["c"], "n": 1, "t": true}'}}]}
    entry = {"token": '{"a": "b", "list": ["c"]}', "logprob": -0.4, "top_logprobs": []}
    sure = {"choices": [{"message": {"content": entry["token"]}, "logprobs": {"content": [entry]}}]}
    cut = {"choices": [{"message": {"content": '{"a": "b'}, "finish_reason": "length"}]}
    schema = {"properties": {"a": {"enum": ["b", "x"]}, "list": {"type": "integer"}}}
    reports = [
        fc.score(chat),
        fc.score(sure, schema),
        fc.score(cut),
        Report("refused", refusal="no"),
    ]
    reports += [fc.locate(fc.score(sure), "a b c b")]
    results = [Result(n, "", "review", report, id=f"d{n}") for n, report in enumerate(reports)]
    results += [Result(9, "", "failed", None, ValueError("no"), id="d9")]
    return structures(pages(results, {"d0": "a b c", "d4": "a b c b"}))


KNOWN = known()


@settings(max_examples=10)
@given(st.lists(hostile_reports(), min_size=1, max_size=2), HOSTILE, HOSTILE)
def test_no_element_and_no_attribute_comes_from_what_others_wrote(reports, one, two):
    results = [Result(n, "", "review", each, id=f"{one}{n}") for n, each in enumerate(reports)]
    results += [Result(5, "", "failed", None, ValueError(two), id=f"{two}-")]
    written = pages(results, {f"{one}0": two + one + "x"}, title=one)
    assert structures(written) <= KNOWN
    assert len(written) == len(results) + 2


def test_a_megabyte_is_cut_where_it_is_shown():
    attack = "<script>" * 125_000
    entry = {"token": f'{{"{attack}": "{attack}"}}', "logprob": -0.4}
    content = {"message": {"content": entry["token"]}, "logprobs": {"content": [entry]}}
    report = fc.score({"model": attack, "choices": [content]})
    written = pages({attack: report}, {attack: attack}, title=attack)
    assert structures(written) <= KNOWN
    index = written["pages/index.html"]
    assert index.count("&lt;script&gt;") < 250_200  # whole in the title, and once for the script
