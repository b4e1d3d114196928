"""What docs/calibration.md says is so: its programs print what stands there."""

import re

from pages import ROOT, prints_what_it_says

TEXT = (ROOT / "docs" / "calibration.md").read_text()


def test_the_python_prints_what_it_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    ran = prints_what_it_says("docs/calibration.md", capsys)
    assert ran == TEXT.count("```python") == 10


def test_what_is_linked_is_there():
    linked = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert linked
    assert all((ROOT / "docs" / name).exists() for name in linked)
    named = re.findall(r"`python ([\w/]+\.py)`", TEXT)
    assert named
    assert all((ROOT / name).exists() for name in named)
