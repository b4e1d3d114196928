"""The browser tests see what a page must not do."""

import pytest
from watching import overflow, serious_findings, watched

PLAIN = '<!doctype html><html lang="en"><head><title>A page</title></head><body>{}</body></html>'


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<img src="http://127.0.0.1:9/picture.png" alt="">', "fetched http://127.0.0.1:9/pict"),
        ("<script>alert(1)</script>", "dialog: 1"),
        ("<script>throw new Error('no')</script>", "exception: no"),
        ("<script>console.error('bad')</script>", "bad"),
    ],
)
def test_a_page_that_does_what_it_must_not_do_fails(chromium, tmp_path, body, problem):
    path = tmp_path / "page.html"
    path.write_text(PLAIN.format(body))
    context = chromium.new_context()
    with pytest.raises(AssertionError) as error, watched(context) as page:
        page.goto(path.as_uri())
    context.close()
    assert problem in str(error.value)


def test_a_page_that_is_too_wide_or_hard_to_use_is_found(visit):
    assert serious_findings(visit(PLAIN.format("<main><p>Text</p></main>"))) == []
    rules = [rule for rule, *_ in serious_findings(visit(PLAIN.format("<input>")))]
    assert rules == ["label"]
    assert overflow(visit(PLAIN.format("<pre>" + "a" * 400), width=400)) > 1000
