"""What docs/guide.md says is true: its programs run in order, and print what stands behind them."""

import re

import pytest
from installed import needs_responses
from pages import ROOT, prints_what_it_says

from fieldconf.testing import Answer, FakeServer

TEXT = (ROOT / "docs" / "guide.md").read_text()


@needs_responses
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the page leaves its client open
def test_the_python_prints_what_it_says(capsys, monkeypatch, tmp_path):
    pytest.importorskip("sklearn")
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    value = {"urgent": False, "team": "billing"}
    with FakeServer(Answer(value, confidences={"urgent": 0.95, "team": 0.7})) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "key")
        assert prints_what_it_says("docs/guide.md", capsys) == TEXT.count("```python") == 12


def test_what_is_linked_is_there():
    linked = re.findall(r"\]\(([^)#:]+)", TEXT)
    assert linked
    assert all((ROOT / "docs" / name).exists() for name in linked)
