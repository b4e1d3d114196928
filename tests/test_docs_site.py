"""The documentation site is whole: each page can be reached, and the reference names every name."""

import importlib
import re
import shlex

import click
import pytest
from pages import ROOT, prints_what_it_says

import fieldconf as fc
from fieldconf.cli import main
from fieldconf.testing import Answer, FakeClient, FakeServer

DOCS = ROOT / "docs"
CONFIG = (ROOT / "mkdocs.yml").read_text()
GENERATED = "reference/commands.md"  # by `make docs`, and not committed


def test_each_page_is_in_the_navigation():
    listed = re.findall(r"[\w/-]+\.md", CONFIG.partition("\nnav:")[2].partition("\ntheme:")[0])
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert sorted(listed) == sorted(pages | {GENERATED})


def test_each_topic_is_linked_on_the_home_page():
    linked = re.findall(r"\]\(([\w/-]+\.md)", (DOCS / "index.md").read_text())
    assert {page.name for page in DOCS.glob("*.md")} - {"index.md"} <= {*linked}


def test_each_page_with_programs_is_run_by_a_test():
    tests = "".join(test.read_text() for test in (ROOT / "tests").glob("test_*.py"))
    for page in DOCS.rglob("*.md"):
        if "```python" in page.read_text() and page.parent.name != "how-to":
            assert page.name in tests, page


@pytest.mark.parametrize("module", ["fieldconf", "types", "testing", "strategies"])
def test_the_reference_has_every_public_name(module):
    package = "fieldconf" if module == "fieldconf" else f"fieldconf.{module}"
    text = (DOCS / "reference" / f"{module}.md").read_text()
    listed = re.findall(rf"^::: {package}\.(\w+)$", text, re.MULTILINE)
    elsewhere = {*fc.__all__} if module == "types" else set()
    assert sorted(listed) == sorted({*importlib.import_module(package).__all__} - elsewhere)


def test_the_commands_page_has_every_command_and_option(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    text = importlib.import_module("generate_commands").page()

    def check(command, name):
        section = re.search(rf"^#+ {name}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)[1]
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert all(spelled in section for spelled in option.opts), option
        for part in getattr(command, "commands", {}).values():
            check(part, f"{name} {part.name}")

    check(main, "fieldconf")


def test_the_pictures_are_those_of_the_script(monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(DOCS)
    script = importlib.import_module("generate_pictures")
    script.main(tmp_path)
    for picture in tmp_path.iterdir():
        committed = (DOCS / "pictures" / picture.name).read_text()
        texts = re.findall(r"<text[^>]*>(.*?)</text>", picture.read_text())
        assert len(texts) > 4
        assert texts == re.findall(r"<text[^>]*>(.*?)</text>", committed)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the page leaves its client open
def test_the_home_page_prints_what_it_says(monkeypatch, capsys):
    answer = Answer({"urgent": False, "team": "billing"}, {"urgent": 0.95, "team": 0.7})
    with FakeServer(answer) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        assert prints_what_it_says("docs/index.md", capsys) == 1


def test_the_page_on_alignment_prints_what_it_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert prints_what_it_says("docs/explanation/alignment.md", capsys) == 1


def test_the_program_of_the_providers_page_runs():
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "providers.md").read_text(), re.DOTALL)
    names = {
        "client": FakeClient(Answer({"urgent": True})), "messages": "?", "fc": fc,
        "Ticket": {"type": "object", "properties": {"urgent": {"type": "boolean"}}},
    }  # fmt: skip
    exec(code, names)
    assert names["report"].data == {"urgent": True}


def test_each_command_line_has_options_that_exist():
    lines = [
        line
        for page in DOCS.rglob("*.md")
        if page != DOCS / GENERATED
        for block in re.findall(r"```\w*\n(.*?)```", page.read_text(), re.DOTALL)
        for line in block.splitlines()
        if line.startswith("fieldconf ")
    ]
    assert len(lines) > 20
    for line in lines:
        command, words = main, shlex.split(line, comments=True)[1:]
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        known = {name for option in command.params for name in (*option.opts, "--help")}
        assert {word for word in words if re.match("--?[a-z]", word)} <= known, line
