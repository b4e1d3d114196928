"""``fc.view`` and ``fieldconf view``: many reports as one page or a folder of pages."""

import json
import re
from html.parser import HTMLParser
from math import log

import pytest
from builders import report_of, token
from installed import CliRunner

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.errors import EvaluationError, OutputError
from fieldconf.labelling import LabelSession, queue_of
from fieldconf.report.results import Result
from fieldconf.viewing.named_reports import named_reports
from fieldconf.viewing.overview import overview_of
from fieldconf.viewing.review_data import review_data
from fieldconf.viewing.view import labelling_page

SCHEMA = {"properties": {"name": {"type": "string"}, "n": {"type": "integer"}}}


def answer(name="Anna", sure=0.99, other=0.99):
    """An answer whose name has one confidence, and its number another one."""
    start, middle, end = (token(text, -1e-6) for text in ('{"name":"', '","n":', "}"))
    return report_of(
        start, token(name, log(sure)), middle, token("4711", log(other)), end, schema=SCHEMA
    )


@pytest.fixture
def three():
    return {"good": answer(), "worst": answer(sure=0.25), "doubtful": answer(other=0.75)}


class Parsed(HTMLParser):
    """The elements of a page, and the text of its rows."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.rows, self.data = [], [], ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append("")
        self._inside = "data" if ("id", "data") in attributes else tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "data":
            self.data += data
        elif self.rows:
            self.rows[-1] += data.strip() + " "

    def ids(self):
        return {attributes["id"] for _, attributes in self.elements if "id" in attributes}

    def links(self):
        return [a["href"] for tag, a in self.elements if tag == "a" and "href" in a]


def read(path):
    return Parsed(path.read_text())


# -- what is shown --------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_report_the_most_doubtful_first(three, tmp_path):
    results = [
        *(Result(0, "", report.outcome, report, id=name) for name, report in three.items()),
        Result(3, "", "failed", None, ConnectionError("the line is dead"), id="lost"),
    ]  # fmt: skip
    page = read(fc.view(results, tmp_path / "page.html", title="Three"))
    shown = [row.split() for row in page.rows[1:]]
    assert [row[:2] for row in shown] == [
        ["lost", "failed"], ["worst", "reject"], ["doubtful", "review"], ["good", "accept"],
    ]  # fmt: skip
    assert shown[0][-4:] == ["the", "line", "is", "dead"]
    assert shown[1][2:] == ["1", "2", "0.250", "/name"]
    assert shown[2][2:] == ["1", "2", "0.750", "/n"]


def test_every_row_opens_its_report_in_one_file(three, tmp_path):
    page = read(fc.view(three, tmp_path / "page.html"))
    links = [link for link in page.links() if link.startswith("#d")]
    assert links == ["#d0", "#d1", "#d2"]
    assert {link[1:] for link in links} <= page.ids()
    names = [each["name"] for each in json.loads(page.data)["reports"]]
    assert names == ["worst", "doubtful", "good"]


def test_a_folder_has_a_page_for_each_report(three, tmp_path):
    index = fc.view(three, tmp_path / "pages")
    assert index == tmp_path / "pages" / "index.html"
    page = read(index)
    files = [link for link in page.links() if link.endswith(".html")]
    assert files == ["report-2.html", "report-3.html", "report-1.html"]
    assert "answer" not in json.loads(page.data)["reports"]
    worst = read(index.with_name("report-2.html"))
    assert [link for link in worst.links() if link.endswith(".html")] == [
        "index.html",
        "report-3.html",
    ]
    assert json.loads(worst.data)["reports"][0]["name"] == "worst"


def test_histograms_and_outcomes_are_counted_by_field(three):
    overview = overview_of(named_reports(three), three)
    fields = {field.name: field for field in overview.fields}
    assert fields["/name"].bins == (0, 0, 1, 0, 0, 0, 0, 0, 0, 2)
    assert (fields["/name"].accept, fields["/name"].review, fields["/name"].reject) == (2, 0, 1)
    assert fields["/n"].bins == (0, 0, 0, 0, 0, 0, 0, 1, 0, 2)
    assert overview.values == 6
    assert overview.counts == {
        "failed": (0, 0),
        "reject": (1, 1),
        "review": (1, 1),
        "accept": (1, 4),
    }


def test_labels_show_how_often_values_of_a_confidence_are_right():
    reports = {str(n): answer(sure=0.6 if n % 2 else 0.95, other=0.99) for n in range(60)}
    right = [{"document": name, "field": "/name", "value": "Anna" if int(name) % 4 != 1 else "Eve"}
             for name in reports]  # fmt: skip
    overview = overview_of(named_reports(reports), reports, fc.labels(right))
    bins = [(round(each.confidence, 2), each.right, each.labels) for each in overview.reliability]
    assert bins == [(0.6, 15, 30), (0.95, 30, 30)]
    low, high = overview.reliability[0].low, overview.reliability[0].high
    assert (round(low, 4), round(high, 4)) == (0.3130, 0.6870)  # binom.test(15, 30) of R
    assert overview.labels == 60


# -- review ---------------------------------------------------------------------------------------


def test_values_are_asked_for_in_the_order_of_a_session(tmp_path):
    reports = {
        str(n): answer(sure=0.56 + n / 90, other=0.55 + (n * 7 % 41) / 90) for n in range(40)
    }
    queue = queue_of(reports, seed=3)
    asked = [(item["document"], item["field"]) for item in review_data(queue)["items"]]
    with LabelSession(queue, tmp_path / "labels.jsonl") as session:
        expected = []
        while (item := session.current) is not None:
            expected.append(item.key)
            session.skip()
    assert asked == expected
    assert {item["drawn"] for item in review_data(queue)["items"][:8]} == {"doubtful", "audit"}


def test_the_tables_of_bounds_say_what_a_session_says(tmp_path):
    reports = {str(n): answer() for n in range(40)}
    data = review_data(queue_of(reports))
    with LabelSession(queue_of(reports), tmp_path / "labels.jsonl") as session:
        for wrong in (True, False, False, True, False):
            session.wrong() if wrong else session.right()
            known = session.progress
            errors = known.audited - known.audited_right
            bounds = data["bounds"][errors][known.audited]
            assert bounds == (round(1000 * known.low), round(1000 * known.high))
            assert data["enough"][errors] - known.audited == known.needed


# -- masked values --------------------------------------------------------------------------------

SECRET = "Zwiebelfisch"


def test_masked_values_are_nowhere_in_the_files(tmp_path):
    entry = [(SECRET, -0.7), (f"{SECRET}2", -0.8)]
    report = report_of(
        '{"name":"', token(SECRET, -0.7, entry), '","n":"', token(SECRET, -0.1), '"}',
        schema=SCHEMA | {"required": ["team"]},
    )  # fmt: skip
    reports = {"a": fc.locate(report, f"I am {SECRET}."), "b": answer()}
    texts = {"a": f"I am {SECRET}.", "b": "Anna 4711"}
    labels = [{"document": "a", "field": "/name", "value": SECRET},
              {"document": "b", "field": "/name", "value": "Anna"}]  # fmt: skip
    for redact in (True, lambda text: re.sub("Zwiebelfisch|Anna|4711", "...", text)):
        folder = tmp_path / str(redact is True)
        fc.view(reports, folder, texts=texts, redact=redact, labels=labels)
        fc.view(reports, folder / "whole.html", texts=texts, redact=redact, labels=labels)
        written = [path.read_text() for path in folder.iterdir()]
        assert len(written) == 4
        for text in written:
            assert SECRET not in text
            assert "4711" not in text
            assert "Anna" not in text
        assert json.loads(read(folder / "whole.html").data)["review"] is None
    assert SECRET in fc.view(reports, tmp_path / "open.html", texts=texts).read_text()


# -- errors ---------------------------------------------------------------------------------------


def test_what_cannot_be_shown_is_an_error(tmp_path):
    with pytest.raises(EvaluationError, match="these are no reports"):
        fc.view([{"a": 1}], tmp_path / "page.html")
    with pytest.raises(EvaluationError, match="number 1 is no report, but int"):
        named_reports([report_of(token("1")), 5])
    with pytest.raises(EvaluationError, match="two reports have the id 'a'"):
        fc.view([("a", answer()), ("a", answer())], tmp_path / "page.html")
    with pytest.raises(OutputError, match="cannot be written"):
        fc.view([answer()], tmp_path / "none" / "page.html")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        fc.view([answer()], tmp_path / "file")


# -- the command ----------------------------------------------------------------------------------


def chat(text, **more):
    entry = {"token": text, "logprob": -0.2, "top_logprobs": []}
    choice = {"message": {"content": text}, "logprobs": {"content": [entry]}}
    return {"model": "m", "choices": [choice], **more}


def run(*arguments):
    return CliRunner().invoke(main, ["view", *map(str, arguments)])


def test_the_command_shows_a_response_lines_and_saved_reports(three, tmp_path):
    one, lines, saved = (tmp_path / name for name in ("a.json", "b.jsonl", "c.jsonl"))
    one.write_text(json.dumps(chat('{"a": 1}')))
    failed = {
        "custom_id": "y",
        "response": {"status_code": 500, "body": {"error": {"message": "no"}}},
    }
    lines.write_text("\n".join(map(json.dumps, [
        {"custom_id": "x", "response": {"status_code": 200, "body": chat('{"b": 2}')}}, failed,
        chat("[3]"),
    ])))  # fmt: skip
    saved.write_text("\n".join(report.to_json() for report in three.values()))
    page = tmp_path / "page.html"
    result = run(one, lines, saved, "-o", page)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{page}\n"
    names = {row.split()[0] for row in read(page).rows[1:]}
    assert names == {str(one), f"{lines}:x", f"{lines}:y", f"{lines}:3"} | {
        f"{saved}:{n}" for n in range(3)
    }
    assert run(saved, "-o", tmp_path / "saved.html").exit_code == 0
    queue = queue_of(saved)
    head = json.loads(json.loads(read(tmp_path / "saved.html").data)["review"]["head"])
    assert head["values"] == queue.values  # `fieldconf label` goes on with the downloaded labels
    assert head["ids"] is False


def test_texts_are_found_by_the_ids_of_documents(tmp_path):
    lines, texts = tmp_path / "a.jsonl", tmp_path / "texts.jsonl"
    lines.write_text("\n".join(
        json.dumps({"custom_id": name, "response": {"status_code": 200, "body": chat("[3]")}})
        for name in "xy"
    ))  # fmt: skip
    texts.write_text("\n".join(json.dumps({"id": n, "text": f"The text of {n}"}) for n in "xy"))
    unnamed = run(lines, "-o", tmp_path / "p.html", "--source", texts)
    assert unnamed.exit_code == 2
    assert "no text of --source has the id of a report: give --id-field" in unnamed.stderr
    assert (
        run(lines, "-o", tmp_path / "p.html", "--source", texts, "--id-field", "id").exit_code == 0
    )
    sources = {
        each["name"]: each["source"]
        for each in json.loads(read(tmp_path / "p.html").data)["reports"]
    }
    assert sources == {"x": "The text of x", "y": "The text of y"}


@pytest.mark.parametrize(
    ("content", "message"),
    [("{}", "Error: no known response shape"), ("", "Error: "), (None, "Error: cannot read ")],
)
def test_a_file_that_is_no_response_is_one_line(tmp_path, content, message):
    file = tmp_path / "a.json"
    if content is not None:
        file.write_text(content)
    result = run(file, "-o", tmp_path / "p.html")
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "p.html").exists()


def test_rows_of_a_batch_have_a_page_that_only_asks(tmp_path):
    row = {"custom_id": "x", "response_id": None, "choice": 0, "pointer": "/a", "path": "/a",
           "value": '"b"', "kind": "string", "confidence": 0.5}  # fmt: skip
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    page = Parsed(labelling_page(tmp_path / "rows.jsonl"))
    assert {"review", "data"} <= page.ids()
    assert "table" not in page.ids()
    policy = next(a["content"] for tag, a in page.elements if "http-equiv" in a)
    assert "connect-src 'self'" in policy
    assert "connect-src" not in fc.view([answer()], tmp_path / "page.html").read_text()
