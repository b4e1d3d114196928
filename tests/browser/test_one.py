"""The page of one report in a browser."""

import json
from dataclasses import replace

import pytest
from orders import TEXT, answer, invoice, many
from watching import WIDTHS, overflow, serious_findings

import fieldconf as fc

REPORT = invoice()
NUMBERS = {name: number for number, name in enumerate(REPORT.fields)}


def row(name):
    return f"#r0f{NUMBERS[name]}"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return REPORT.to_html(tmp_path_factory.mktemp("one") / "invoice.html", source=TEXT)


def visible(page, selector):
    # A row that has just come into view has no inner text before the browser has drawn it.
    elements = (each for each in page.query_selector_all(selector) if each.is_visible())
    return [each.inner_text() or each.text_content().strip() for each in elements]


def keys(page):
    return visible(page, ".row > summary > .key")


# -- a value, its tokens and its places -----------------------------------------------------------


def test_a_click_shows_tokens_candidates_values_and_the_place(visit, place):
    page = visit(place)
    name = "/supplier/city"
    page.click(f"{row(name)} > summary")
    tokens = [text.split("\n") for text in visible(page, f"{row(name)} .token")]
    touching = [token.text.replace(" ", "␣") for token in REPORT[name].tokens]
    assert [text for text, _ in tokens] == touching
    decisive = page.query_selector(f"{row(name)} .decisive")
    assert decisive.inner_text().split() == ["Hambu", "0.300"]
    assert decisive.get_attribute("aria-pressed") == "true"
    assert "Hambu" in visible(page, f"{row(name)} .candidates")[0]
    assert "Breme" in visible(page, f"{row(name)} .candidates")[0]
    assert REPORT[name].why.sentence in visible(page, row(name))[0]
    assert f"{REPORT[name].confidence:.3f}" in visible(page, f"{row(name)} .bars")[0]
    assert visible(page, ".place.lit") == ["Hamburg"]
    page.click(f"{row(name)} .token >> nth=-1")
    assert "The token" in visible(page, f"{row(name)} .candidates")[0]


def test_a_place_in_the_source_selects_its_value(visit, place):
    page = visit(place)
    page.click("a.place >> text=Hamburg")
    selected = page.query_selector(".selected > summary")
    assert selected.get_attribute("title") == "/supplier/city"
    assert page.evaluate("document.activeElement.title") == "/supplier/city"
    assert visible(page, f"{row('/supplier/city')} .tokens")
    page.click(f"{row('/supplier/city')} .to-source")
    assert page.evaluate("document.activeElement.textContent") == "Hamburg"


def test_keys_and_their_buttons_walk_through_the_values(visit, place):
    page = visit(place)
    walked = []
    for _ in range(3):
        page.keyboard.press("j")
        walked.append(page.evaluate("document.activeElement.title"))
    judged = [name for name, field in REPORT.fields.items() if field.kind != "object"]
    assert walked == judged[:3]
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.title") == judged[1]
    page.keyboard.press("Enter")
    assert visible(page, f"{row(judged[1])} .tokens")
    page.click("button >> text=Next")
    assert page.evaluate("document.activeElement.title") == judged[2]
    page.keyboard.press("?")
    help_text = visible(page, "dialog")[0]
    words = [button.split()[0] for button in visible(page, ".buttons button")]
    assert words
    assert all(word in help_text for word in words)
    page.keyboard.press("Escape")
    assert not visible(page, "dialog")
    page.keyboard.press("/")
    page.keyboard.type("jk")  # letters in a field are letters
    assert page.input_value("input[type=search]") == "jk"


# -- filters --------------------------------------------------------------------------------------


def test_filters_show_what_they_say(visit, place):
    page = visit(place)
    everything = keys(page)
    page.select_option("label:has-text('Outcome') select", "review")
    names = [name for name, field in REPORT.fields.items() if field.outcome == "review"]
    shown = visible(page, ".leaf > summary > .key")
    assert shown == [name.rpartition("/")[2] for name in names] != []
    page.select_option("label:has-text('Outcome') select", "all")
    page.fill("label:has-text('below') input", "0.7")
    below = [n for n, f in REPORT.leaves.items() if f.confidence < 0.7]
    assert visible(page, ".leaf > summary > .key") == [n.rpartition("/")[2] for n in below] != []
    page.fill("label:has-text('below') input", "")
    page.select_option("label:has-text('Kind') select", "null")
    assert visible(page, ".leaf > summary > .key") == ["due"]
    page.select_option("label:has-text('Kind') select", "all")
    page.fill("input[type=search]", "washers")
    assert visible(page, ".leaf > summary > .key") == ["what"]
    assert visible(page, ".status") == [f"1 of {len(REPORT.leaves) + 1} values"]
    page.fill("input[type=search]", "")
    assert keys(page) == everything


def test_what_needs_review_comes_first_and_everything_goes_back(visit, place):
    page = visit(place)
    everything = keys(page)
    before = page.inner_html(".rows")
    page.check("input[type=checkbox]")
    shown = keys(page)
    ranks = ["reject", "review", "accept"]
    outcomes = [ranks.index(REPORT[name].outcome) for name in shown]
    assert outcomes == sorted(outcomes)
    assert sorted(shown) == sorted([*REPORT.leaves, "/items"])
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.title") == shown[0]
    page.uncheck("input[type=checkbox]")
    assert keys(page) == everything
    assert page.inner_html(".rows").count("<details") == before.count("<details")


# -- copy, theme, no script -----------------------------------------------------------------------


def test_copy_as_json_is_exact(visit, place):
    page = visit(place, permissions=["clipboard-read", "clipboard-write"])
    page.click(f"{row('/items/1/price')} > summary")
    page.click("button >> text=Copy as JSON")
    page.wait_for_selector(".status >> text=Copied /items/1/price")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["pointer"] == "/items/1/price"
    assert copied["confidence"] == REPORT["/items/1/price"].confidence
    assert copied["value"] == 1.2


def test_light_and_dark(visit, place):
    def paper(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    light, dark = visit(place, color_scheme="light"), visit(place, color_scheme="dark")
    colors = paper(light), paper(dark)
    assert len(set(colors)) == 2
    light.keyboard.press("d")
    assert paper(light) == colors[1]
    dark.click("button >> text=Light or dark")
    assert paper(dark) == colors[0]


def test_without_javascript_all_is_readable_and_links_lead_both_ways(visit, place):
    page = visit(place, java_script_enabled=False)
    text = page.inner_text("main")
    for name, field in REPORT.leaves.items():
        assert name.rpartition("/")[2] in text
        assert json.dumps(field.value, ensure_ascii=False) in text
    assert not visible(page, ".toolbar")
    page.click(f"{row('/items/0/count')} > summary")
    assert REPORT["/items/0/count"].why.sentence in page.inner_text(row("/items/0/count"))
    page.click(f"{row('/items/0/count')} .to-source")
    page.click("a.place:target")
    assert page.url.endswith(row("/items/0/count"))


# -- everybody, every answer ----------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_used_by_everybody(visit, place, width, scheme):
    page = visit(place, width=width, color_scheme=scheme)
    page.click(f"{row('/items/0/count')} > summary")
    assert overflow(page) <= 0
    assert serious_findings(page) == []


NAUGHTY = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<!--<script>",
    '"><img src=x onerror=alert(1)>', "<svg/onload=alert(1)>", "javascript:alert(1)",
    "</style><style>*{background:url(http://127.0.0.1:9/x)}", "' onmouseover='alert(1)",
    "{{7*7}}{% raw %}", "\u202egnp.exe\u202c", "\u200f\u2066\u0627\u0644", "\x00\x1b[31m\x07",
    "\ud800", "\ufeff\u200b", "Z\u0351\u036b\u0343\u036a" * 40, "👩‍👩‍👧‍👦🏳️‍🌈", "W" * 3000, "",
]  # fmt: skip


@pytest.mark.parametrize("width", [400, 1400])
def test_whatever_a_model_writes_is_only_text(visit, width):
    """As a value, a key, a candidate, the source, the model's name and the schema's."""
    report = fc.score(answer({f"{text}k": text for text in NAUGHTY}), {"title": "".join(NAUGHTY)})
    source = "\n".join(NAUGHTY)
    report = replace(fc.locate(report, source, how=["exact"]), model="".join(NAUGHTY[:9]))
    page = visit(report.to_html(source=source), width=width)
    for number in range(1, len(NAUGHTY) + 1):
        page.click(f"#r0f{number} > summary", position={"x": 20, "y": 12})
    assert page.evaluate("[document.scripts.length, document.images.length]") == [2, 0]
    assert overflow(page) <= 0
    assert serious_findings(page) == []


def test_a_value_of_a_megabyte_is_shown_in_part(visit):
    long = "word " * 200_000
    page = visit(fc.locate(fc.score(answer([long])), long, how=["exact"]).to_html(source=long))
    assert overflow(page) <= 0
    page.click("#r0f1 > summary")
    assert "more characters" in page.inner_text("#r0f1 .value")
    assert len(page.query_selector_all("#r0f1 .token")) == 300


@pytest.mark.parametrize("status", ["refused", "no_logprobs", "text"])
def test_answers_without_numbers_have_a_page(visit, status):
    contents = {"refused": None, "no_logprobs": '{"a": [1, "x"]}', "text": "Dear Anna"}
    message = {
        "content": contents[status],
        "refusal": "I must not." if status == "refused" else None,
    }
    choice = {"message": message, "finish_reason": "stop"}
    if status == "text":
        choice["logprobs"] = {"content": [{"token": "Dear Anna", "logprob": -0.1}]}
    report = fc.score({"choices": [choice]}, None if status == "text" else {"type": "object"})
    assert report.status == status
    page = visit(report.to_html(), width=400)
    assert overflow(page) <= 0
    assert not visible(page, ".bar")
    assert visible(page, ".line")[0].startswith(status)
    assert serious_findings(page) == []


def test_five_thousand_values_can_be_used(visit):
    """What nobody opened is no element; a step that is quadratic would take minutes here."""
    text = many(5000).to_html()
    page = visit(text)
    assert page.evaluate("document.querySelectorAll('*').length") < 30_000
    page.click("#r0f2 > summary")
    page.click("#r0f3 > summary")
    assert visible(page, "#r0f3 .tokens")
    page.fill("input[type=search]", "name 2499")
    assert visible(page, ".status") == ["1 of 5001 values"]
    assert visible(page, ".leaf .value") == ['"name 2499"']
    page.fill("input[type=search]", "")
    page.check("input[type=checkbox]")
    page.uncheck("input[type=checkbox]")
    assert visible(page, ".status") == ["5001 of 5001 values"]
    plain = visit(text, java_script_enabled=False)
    assert "name 2499" in plain.text_content(".rows")
