"""What the pages in docs/how-to say is so: their programs print what stands there."""

import re

import pytest
from installed import needs_responses
from pages import ROOT, prints_what_it_says

from fieldconf.testing import Answer, FakeServer

PAGES = sorted(page.name for page in (ROOT / "docs" / "how-to").glob("*.md"))
ANSWER = Answer(
    {"urgent": False, "team": "billing"}, confidences={"urgent": 0.95, "team": 0.7}
)  # of every request, as on the guide's page


@needs_responses
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # pages leave their clients open
@pytest.mark.parametrize("name", PAGES)
def test_the_python_prints_what_it_says(name, capsys, monkeypatch, tmp_path):
    pytest.importorskip("sklearn")
    pytest.importorskip("pyarrow")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)
    page = f"docs/how-to/{name}"
    with FakeServer(ANSWER) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        assert prints_what_it_says(page, capsys) == (ROOT / page).read_text().count("```python")


def test_the_tests_of_the_page_pass():
    (code,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/how-to/pipeline-tests.md").read_text(), re.DOTALL
    )
    names = {}
    exec(code, names)
    tests = [value for name, value in names.items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test()
