"""What the pages on second readings and sources say is so: the programs print what they say."""

import re
from pathlib import Path

import pytest
from installed import needs_decisions

ROOT = Path(__file__).parents[1] / "docs"


def prints_what_it_says(page, capsys):
    """Run the programs of a page one after the other; how many there were."""
    blocks = re.findall(r"```(\w*)\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    names, ran = {}, 0
    for (language, code), (kind, said) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "python":
            exec(code, names)
            assert capsys.readouterr().out == (said if not kind else ""), code
            ran += 1
    return ran


@needs_decisions
@pytest.mark.filterwarnings("error")
def test_the_python_of_second_readings(capsys):
    assert prints_what_it_says("second-readings.md", capsys) >= 6


def test_the_python_of_source(capsys):
    assert prints_what_it_says("source.md", capsys) == 1


def test_the_python_of_agreement(capsys):
    assert prints_what_it_says("agreement.md", capsys) == 1
