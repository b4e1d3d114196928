"""What docs/calibration.md says is so: its programs print what stands there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "calibration.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)


def test_the_python_prints_what_it_says(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    names, ran = {}, 0
    for (language, code), (_, shown) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if language == "python":
            exec(code, names)
            assert capsys.readouterr().out == shown, code
            ran += 1
    assert ran == TEXT.count("```python") == 10


def test_what_is_linked_is_there():
    linked = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert linked
    assert all((ROOT / "docs" / name).exists() for name in linked)
    named = re.findall(r"`python ([\w/]+\.py)`", TEXT)
    assert named
    assert all((ROOT / name).exists() for name in named)
