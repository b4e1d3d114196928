"""What the page on labels says is so: its programs print what they say."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "labels.md"


def test_the_python_of_labels(capsys):
    blocks = re.findall(r"```(\w*)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names, ran = {}, 0
    for (language, code), (kind, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "python":
            exec(code, names)
            assert capsys.readouterr().out == (shown if not kind else ""), code
            ran += 1
    assert ran >= 6
