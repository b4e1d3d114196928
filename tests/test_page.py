"""The page of a report: its data, its masks, its places; what is in the package."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from answers import TICKET, TICKET_SCHEMA, response
from builders import report_of, token
from hypothesis import given
from hypothesis import strategies as st

import fieldconf as fc
from fieldconf.errors import OutputError
from fieldconf.page.document import FOLDER, json_text
from fieldconf.page.report_view import one_reason, rows_of
from fieldconf.page.source_view import source_parts
from fieldconf.scoring.scorer import score

ROOT = Path(__file__).parents[1]
REPORT = score(response(TICKET), TICKET_SCHEMA)
SECRET = "anna@example.org"
LETTER = f"Dear Sirs, write to {SECRET}. Yours, Anna, room 4711."


def letter_report():
    """An answer of which a value is written in several tokens, with candidates."""
    parts = ['{"mail":"', "anna", "@exam", "ple.org", '","room":', "4711", "}"]
    tokens = [token(each, -0.3, [(each, -0.3), (f"{each}x", -1.5)]) for each in parts]
    schema = {"type": "object", "properties": {"mail": {"type": "string"}}}
    return fc.locate(report_of(*tokens, schema=schema), LETTER, how=["exact"])


def data_of(page):
    """The data in a page, as its script reads them."""
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def visible(page):
    """What is shown without the script."""
    return page[page.index("<main>") : page.index("<script")]


def test_the_data_have_what_the_report_has():
    [entry] = data_of(REPORT.to_html())["reports"]
    fields = entry["report"]["fields"]
    assert list(fields) == list(REPORT.fields)
    for name, field in fields.items():
        assert field["confidence"] == REPORT[name].confidence
        assert field["outcome"] == REPORT[name].outcome
        touching = [REPORT.tokens[index].text for index in field["indexes"]]
        assert [entry["report"]["tokens"][index][0] for index in field["indexes"]] == touching
    assert entry["report"]["tokens"][7] == [
        "bill", REPORT.tokens[7].logprob, [[c.text, c.logprob] for c in REPORT.tokens[7].candidates]
    ]  # fmt: skip
    assert entry["schema"] == "Ticket"


@given(st.text(), st.text())
def test_data_end_where_the_script_element_ends(one, two):
    text = json_text({one: f"</script>{two}<!--<script>"})
    assert "<" not in text
    assert text.isascii()
    assert json.loads(text) == {one: f"</script>{two}<!--<script>"}


def test_a_page_is_written_to_a_file(tmp_path):
    path = REPORT.to_html(tmp_path / "ticket.html")
    assert path == tmp_path / "ticket.html"
    assert visible(path.read_text()).count("</details>") == len(REPORT.leaves) + 1
    with pytest.raises(OutputError, match=r"cannot be written to .*Give a file in a folder"):
        REPORT.to_html(tmp_path / "none" / "ticket.html")


def test_a_page_without_its_data_is_small():
    page = REPORT.to_html()
    assert len(page.encode()) - len(json.dumps(data_of(page))) < 60_000


def test_a_value_shows_its_number_its_outcome_and_the_reason_that_matters():
    page = visible(REPORT.to_html())
    [urgent] = re.findall(r'id="r0f1">(.*?)</summary>', page)
    assert 'title="/urgent"' in urgent
    assert '<path d="M0 0h84.2v8' in urgent
    assert ">0.842<" in urgent
    assert ">review<" in urgent
    assert "at `true` the model gave `false` 16 %" in urgent


def test_an_unknown_confidence_has_a_reason_and_no_bar():
    content = '{"urgent": true}'
    report = fc.score({"choices": [{"message": {"content": content}}]}, {"type": "object"})
    page = visible(report.to_html())
    assert page.count(">unknown<") >= 1
    assert "<svg" not in page
    assert one_reason(report["urgent"].to_dict()) == report["urgent"].reason != ""


def test_rows_open_and_close_like_the_answer():
    report = report_of('{"a":', '{"b":', "[1,", "2]", '},"c":', "{}", "}")
    forms = [(row.pointer, row.form) for row in rows_of(report.to_dict()["fields"])]
    assert forms == [
        ("", "root"), ("/a", "open"), ("/a/b", "open"), ("/a/b/0", "leaf"), ("/a/b/1", "leaf"),
        ("/a/b", "close"), ("/a", "close"), ("/c", "leaf"), ("", "end"),
    ]  # fmt: skip
    wide = report_of("[", *["[[1]],"] * 150, "[[1]]]")
    forms = [row.form for row in rows_of(wide.to_dict()["fields"])]
    assert forms[:7] == ["open", "folded", "open", "leaf", "close", "end_folded", "folded"]
    deep = report_of("[" * 100, "1", "]" * 100)
    rows = rows_of(deep.to_dict()["fields"])
    assert [row.form for row in rows].count("open") == [row.form for row in rows].count("close")
    assert len({row.number for row in rows}) == 101


# -- the source -----------------------------------------------------------------------------------


def test_the_places_of_values_are_links_to_them():
    page = visible(letter_report().to_html(source=LETTER))
    assert re.search(rf'<a class="place \w+" href="#r0f1"[^>]* id="r0s1">{SECRET}</a>', page)
    assert re.search(r'href="#r0s2">its place', page)


def test_a_source_in_which_nobody_searched_says_so():
    report = score(response(TICKET), TICKET_SCHEMA)
    assert "fc.locate(report)" in visible(report.to_html(source="Dear all"))


@st.composite
def spans(draw):
    """A text, and fields with places in it that overlap, are nested or reach beyond its end."""
    text = draw(st.text(alphabet="ab \n", max_size=20))
    place = st.tuples(st.integers(0, 22), st.integers(0, 22))
    fields = draw(st.lists(st.lists(place, max_size=3), max_size=4))
    return text, [[{"start": start, "stop": stop} for start, stop in each] for each in fields]


@given(spans())
def test_the_parts_of_a_source_are_the_source(drawn):
    text, fields = drawn
    parts, left = source_parts(text, [{"source_spans": each} for each in fields], ["accept"] * 9)
    assert "".join(part.text for part in parts) == text
    assert left == 0
    position = 0
    for part in parts:
        stop = position + len(part.text)
        covering = {
            number for number, each in enumerate(fields)
            for span in each if span["start"] <= position and stop <= span["stop"]
        }  # fmt: skip
        assert set(part.numbers) == covering
        position = stop
    starts = [number for part in parts for number in part.starts]
    assert len(starts) == len(set(starts))  # each id once


# -- masks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "redact",
    [
        True,
        lambda text: text.replace(SECRET, "?"),
        lambda text: "#" if "@" in text else text,
    ],
)
def test_masked_values_are_nowhere_in_the_file(redact):
    report = letter_report()
    page = report.to_html(source=LETTER, redact=redact)
    plain = report.to_html(source=LETTER)
    for piece in (SECRET, "@exam", "ple.org"):
        assert piece in plain
        assert piece not in page
    assert not re.search("anna", page)
    assert f"{report['mail'].confidence:.3f}" in visible(page)
    assert {"/room", "/mail"} <= set(data_of(page)["reports"][0]["report"]["fields"])


def test_only_what_a_function_changes_is_masked():
    page = letter_report().to_html(source=LETTER, redact=lambda text: text.replace(SECRET, "?"))
    assert "room 4711" in visible(page)
    assert data_of(page)["reports"][0]["report"]["fields"]["/room"]["value"] == 4711
    assert "4711" not in visible(letter_report().to_html(source=LETTER, redact=True))


def test_a_problem_that_quotes_a_masked_value_is_masked():
    report = report_of('{"a":"4711-0815"}', schema={"properties": {"a": {"type": "integer"}}})
    assert "4711-0815" in report.to_html()
    assert "4711" not in report.to_html(redact=True)
    assert "4711" not in report.to_html(redact=lambda text: re.sub(r"\d", "*", text))


def test_a_mask_is_true_or_a_function():
    with pytest.raises(OutputError, match="redact=int masks nothing"):
        REPORT.to_html(redact=1)


# -- the package ----------------------------------------------------------------------------------


def test_the_page_allows_its_own_script_and_style_only():
    import base64
    import hashlib

    page = REPORT.to_html()
    policy = re.search(r'Security-Policy" content="(.*?)"', page)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag, kind in (("<script>", "script-src"), ("<style>", "style-src")):
        text = page.split(tag)[1].split(tag.replace("<", "</"))[0]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert " style=" not in page


def test_the_script_is_what_its_sources_build(tmp_path):
    """`make page` was run after the last change."""
    esbuild = ROOT / ".venv" / "browser" / "node_modules" / ".bin" / "esbuild"
    if shutil.which("node") is None or not esbuild.exists():
        pytest.skip("no Node, or its packages are not installed (make .venv/browser/.ready)")
    bundle = re.search(r"^BUNDLE := (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    built = tmp_path / "page.js"
    command = [esbuild, FOLDER / "script/page.ts", *bundle.split(), f"--outfile={built}"]
    subprocess.run(command, check=True, timeout=60)
    assert built.read_text() == (FOLDER / "page.js").read_text()
    subprocess.run([esbuild.parent / "tsc", "-p", FOLDER / "script"], check=True, timeout=120)


def test_the_scripts_are_short():
    lines = [len(path.read_text().splitlines()) for path in (FOLDER / "script").glob("*.ts")]
    assert sum(lines) <= 600
