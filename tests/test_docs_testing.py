"""What docs/testing.md says of the strategies is so: each of its programs is a file of tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "testing.md").read_text()
STRATEGIES, WORKED = TEXT.partition("## Strategies")[2].partition("## Two worked property tests")[
    ::2
]
EXAMPLE = ROOT / "examples" / "property_test.py"


def programs(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def passed(folder, *files):
    """The last words of pytest on these files, run as a reader would run them."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, *files], cwd=folder, env=dict(os.environ), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return run.stdout + run.stderr


def test_the_programs_run(tmp_path):
    found = programs(STRATEGIES)
    for number, program in enumerate(found):
        (tmp_path / f"test_{number}.py").write_text(program)
    (tmp_path / "test_worked.py").write_text("\n\n".join(programs(WORKED)))
    assert f"{len(found) + 2} passed" in passed(tmp_path)


def test_the_worked_tests_are_the_example(tmp_path):
    example = EXAMPLE.read_text()
    assert all(program in example for program in programs(WORKED))
    assert len(programs(WORKED)) == 3
    (tmp_path / "property_test.py").write_text(example)
    assert "2 passed" in passed(tmp_path, "property_test.py")


UNSHRUNK = """\
from hypothesis import Phase, settings

settings.register_profile("unshrunk", phases=[Phase.generate])  # any mistake will do
settings.load_profile("unshrunk")
"""


def test_the_worked_tests_find_a_mistake(tmp_path):
    """The threshold mistyped: no test here is one that cannot fail."""
    broken = EXAMPLE.read_text().replace("team.confidence < SURE", "team.confidence < 0.5")
    (tmp_path / "property_test.py").write_text(broken)
    (tmp_path / "conftest.py").write_text(UNSHRUNK)
    said = passed(tmp_path, "property_test.py")
    assert "1 failed, 1 passed" in said
    assert "<Case" in said
