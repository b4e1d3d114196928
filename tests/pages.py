"""Pages: the Python of a page of the docs runs, and prints what stands there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


LIVE = "<!-- live -->\n"  # above what depends on a model: its digits are those of one processor
BLOCK = re.compile(rf"({LIVE})?```(\w*)\n(.*?)```", re.DOTALL)
DIGITS = re.compile(r"[\d█▏▎▍▌▋▊▉]+ *")


def prints_what_it_says(page, capsys):
    """Run the programs of a page one after the other; how many there were.

    What one prints stands in the block behind it, which has no language.
    """
    blocks = BLOCK.findall((ROOT / page).read_text())
    names, ran = {}, 0
    for (_, language, code), (live, kind, shown) in zip(
        blocks, [*blocks[1:], ("", "", "")], strict=True
    ):
        if language == "python":
            exec(code, names)
            printed, expected = capsys.readouterr().out, shown if not kind else ""
            if live:
                printed, expected = DIGITS.sub("#", printed), DIGITS.sub("#", expected)
            assert printed == expected, code
            ran += 1
    return ran
