"""The page of many reports in a browser: the table, one report at a time, and review."""

import json

import pytest
from samples import messages
from watching import WIDTHS, overflow, serious_findings

import fieldconf as fc
from fieldconf.labelling import LabelSession, queue_of


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    reports, texts, right = messages()
    labels = [{"document": name, "value": value} for name, value in right.items()]
    path = tmp_path_factory.mktemp("many") / "messages.html"
    return fc.view(reports, path, texts=texts, labels=labels, title="Messages")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    reports, texts, _ = messages()
    return fc.view(reports, tmp_path_factory.mktemp("many") / "pages", texts=texts)


def shown(page, selector):
    return [each.inner_text() for each in page.query_selector_all(selector) if each.is_visible()]


# -- the table and the reports --------------------------------------------------------------------


def test_a_row_opens_its_report_and_the_way_back_is_a_key(visit, place):
    page = visit(place)
    first, second = shown(page, "#table tbody th")[:2]
    page.click(f"#table >> text={first}")
    assert shown(page, "h1") == [first]
    page.keyboard.press("]")
    page.wait_for_selector(f"h1:visible >> text={second}")
    page.keyboard.press("Escape")
    page.wait_for_selector("#table")
    assert shown(page, "h1") == ["Messages"]
    page.go_back()
    page.wait_for_selector(f"h1:visible >> text={second}")


def test_the_filter_shows_the_rows_that_it_names(visit, place):
    page = visit(place)
    everything = shown(page, "#table tbody th")
    page.select_option("select[aria-label=Outcome]", "accept")
    accepted = shown(page, "#table tbody th")
    reports, _, _ = messages()
    assert sorted(accepted) == sorted(n for n, each in reports.items() if each.outcome == "accept")
    page.select_option("select[aria-label=Outcome]", "")
    page.fill("input[placeholder=Search]", everything[3])
    assert shown(page, "#table tbody th") == [everything[3]]
    page.click(f"#table >> text={everything[3]}")
    assert "1 of 1" in shown(page, "nav")[0]


def test_without_javascript_everything_is_there(visit, place):
    page = visit(place, java_script_enabled=False)
    reports, texts, _ = messages()
    assert len(shown(page, "#table tbody th")) == len(reports)
    assert not page.is_visible("#review")
    name = shown(page, "#table tbody th")[0]
    page.click(f"#table >> text={name}")
    page.click(f".opened > summary >> text={name}")
    assert texts[name] in shown(page, ".opened[open]")[0]
    assert page.is_visible(".opened[open] .row")


def test_a_folder_links_its_pages(visit, folder):
    page = visit(folder)
    first, second = shown(page, "#table tbody th")[:2]
    page.click(f"#table >> text={first}")
    page.wait_for_selector(f"h1 >> text={first}")
    page.click("nav >> text=Next")
    page.wait_for_selector(f"h1 >> text={second}")
    page.click("nav >> text=All reports")
    page.wait_for_selector("#table")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_used_by_everybody(visit, place, width, scheme):
    page = visit(place, width=width, color_scheme=scheme)
    assert overflow(page) == 0
    page.keyboard.press("r")
    page.keyboard.press("3")
    assert overflow(page) == 0
    assert serious_findings(page) == []
    page.keyboard.press("Escape")  # out of the text
    page.keyboard.press("o")
    page.wait_for_selector(".report:visible")
    assert overflow(page) == 0
    assert serious_findings(page) == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = sum(int(part) for part in background[4:-1].split(",")) < 300
    assert dark == (scheme == "dark")


def test_a_single_report_is_open(visit, tmp_path):
    reports, texts, _ = messages()
    name = next(iter(reports))
    path = fc.view({name: reports[name]}, tmp_path / "one.html", texts=texts)
    page = visit(path)
    assert shown(page, "h1") == [name]
    page.keyboard.press("Escape")
    page.wait_for_selector("#table")
    bare = visit(path, java_script_enabled=False)
    assert texts[name] in shown(bare, ".opened")[0]


ATTACKS = [
    "<script>alert(1)</script>", "</noscript><img src=x onerror=alert(1)>", "<!--<script>",
    "</script><script>alert(1)</script>", '"><svg onload=alert(1)>', "javascript:alert(1)",
    "' onmouseover='alert(1)", "\u202egnp.exe", "\x00\x1b[31m", "\ud800", "W" * 3000, "",
]  # fmt: skip


@pytest.mark.parametrize("width", [400, 1400])
def test_whatever_others_wrote_is_only_text(visit, tmp_path, width):
    """As document, key, value, candidate, source, model, error and title."""
    reports = {}
    for text in ATTACKS:
        value = json.dumps({text: text, "n": [text]})
        entry = {"token": value, "logprob": -0.4, "top_logprobs": [{"token": text, "logprob": -2}]}
        choice = {"message": {"content": value}, "logprobs": {"content": [entry]}}
        reports[text] = fc.score({"model": text, "choices": [choice]})
    texts = dict.fromkeys(ATTACKS, "\n".join(ATTACKS))
    path = fc.view(reports, tmp_path / "page.html", texts=texts, title="".join(ATTACKS))
    page = visit(path, width=width)
    assert overflow(page) == 0
    page.keyboard.press("r")
    page.wait_for_selector(".question")
    page.keyboard.press("o")
    for _ in ATTACKS:
        page.keyboard.press("2")
        page.keyboard.press("]")
    assert page.wait_for_selector("text=Review: 12 done")
    page.wait_for_selector(".report:visible")
    assert overflow(page) == 0
    assert page.evaluate("[document.scripts.length, document.images.length]") == [2, 0]
    assert serious_findings(page) == []


# -- review ---------------------------------------------------------------------------------------


def test_labels_survive_a_reload_and_are_read_by_fc_labels(visit, place, tmp_path):
    reports, texts, _ = messages()
    queue = queue_of(reports, texts=texts)
    with LabelSession(queue, tmp_path / "same.jsonl") as session:
        actions = [("1", session.right), ("2", session.wrong), ("4", session.skip),
                   ("1", session.right), ("2", session.wrong), ("1", session.right)]  # fmt: skip
        page = visit(place)
        page.click("text=Review values")
        for number, (key, act) in enumerate(actions):
            page.wait_for_selector(f"text=Review: {number} done")
            assert session.current.document in shown(page, "#review .meta")[0]
            page.keyboard.press(key)
            act()
        page.keyboard.press("u")
        session.undo()
        page.wait_for_selector("text=Review: 5 done")
        page.click("text=Close")
        page.reload()
        page.keyboard.press("r")
        page.wait_for_selector("text=Review: 5 done")
        known = session.progress
        progress = shown(page, "#review .progress")[0]
        assert f"{known.labels} labels: {known.right} right" in progress
        assert f"{known.needed} more of them must be checked" in progress
        page.keyboard.press("3")
        page.fill("[aria-label='The right value']", "null")
        page.keyboard.press("Enter")
        session.correct(None)
        page.wait_for_selector("text=Review: 6 done")
        with page.expect_download() as download:
            page.click("text=Download labels")
        path = tmp_path / "labels.jsonl"
        download.value.save_as(path)
    lines, expected = (
        [json.loads(line) for line in file.read_text().splitlines()]
        for file in (path, tmp_path / "same.jsonl")
    )
    assert lines == expected
    assert fc.evaluate(reports, fc.labels(path), by="overall").labels == 5
    with LabelSession(queue, path) as session:  # `fieldconf label` goes on with it
        assert len(session.labels) == 6


def test_a_value_of_the_distribution_is_one_click(visit, place):
    page = visit(place)
    page.keyboard.press("r")
    other = page.wait_for_selector("#review .buttons >> nth=1 >> button >> nth=0")
    other.click()
    page.wait_for_selector("text=Review: 1 done")
    assert "is wrong" in shown(page, "#review output")[0]
    assert "1 label: 0 right, 1 wrong" in shown(page, "#review .progress")[0]


def test_a_typed_value_that_is_no_json_is_not_saved(visit, place):
    page = visit(place)
    page.keyboard.press("r")
    page.wait_for_selector("text=Review: 0 done")
    page.keyboard.press("3")
    page.fill("[aria-label='The right value']", "maybe")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Type a JSON value")
    assert page.is_visible("text=Review: 0 done")
