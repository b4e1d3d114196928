"""Pages: the Python of a page of the docs runs, and prints what stands there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def prints_what_it_says(page, capsys):
    """Run the programs of a page one after the other; how many there were.

    What one prints stands in the block behind it, which has no language.
    """
    blocks = re.findall(r"```(\w*)\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    names, ran = {}, 0
    for (language, code), (kind, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "python":
            exec(code, names)
            assert capsys.readouterr().out == (shown if not kind else ""), code
            ran += 1
    return ran
