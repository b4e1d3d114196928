"""What docs/page.md says is so: its programs print what stands there; numbers and keys are ours."""

import re

from installed import CliRunner
from pages import ROOT, prints_what_it_says

from fieldconf.cli import main
from fieldconf.viewing.many_page import ManyPage
from fieldconf.viewing.overview import overview_of
from fieldconf.viewing.review_data import MOST_ITEMS
from fieldconf.viewing.view import TOKENS

TEXT = (ROOT / "docs" / "page.md").read_text()
SCRIPTS = "".join(path.read_text() for path in (ROOT / "fieldconf/page/script").glob("*.ts"))


def test_the_python_prints_what_it_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert prints_what_it_says("docs/page.md", capsys) == TEXT.count("```python") == 2


def test_the_numbers_are_those_of_the_code():
    assert f"asks for {MOST_ITEMS:,} values at most" in TEXT
    assert f"one file of up to {TOKENS} reports" in TEXT
    empty = ManyPage("", (), overview_of([], [])).whole(tokens=False)
    assert len(empty.encode()) < 60_000


def test_every_key_has_a_button_with_words():
    keys = {"j", "k", "c", "d", "?", "r", "1", "2", "3", "4", "u", "[", "]"}
    assert keys <= set(re.findall(r"`([^`]{1,2})`", TEXT))
    for key in keys:
        assert re.search(rf'(button|go)\("[A-Z][^"]+", "{re.escape(key)}"', SCRIPTS), key


def test_the_commands_have_the_options_that_it_names():
    for command in ("view", "label"):
        shown = CliRunner().invoke(main, [command, "--help"]).output
        blocks = re.findall(rf"^fieldconf {command} .*", TEXT, re.MULTILINE)
        assert blocks
        assert all(option in shown for option in re.findall(r" (--?[a-z]+)", " ".join(blocks)))


def test_what_is_linked_is_there():
    linked = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert len(linked) >= 4
    assert [name for name in linked if not (ROOT / "docs" / name).exists()] == []
