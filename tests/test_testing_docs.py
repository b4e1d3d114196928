"""What docs/testing.md says of the fakes is so: each of its programs is a file of tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "docs" / "testing.md").read_text().partition("## Strategies")[0]
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_programs_run(tmp_path):
    for number, program in enumerate(PROGRAMS):
        (tmp_path / f"test_{number}.py").write_text(program)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider",
        "-p", "fieldconf.testing.plugin",
    ]  # fmt: skip
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(
        command, cwd=tmp_path, env=alone, capture_output=True, text=True, check=False
    )
    assert f"{TEXT.count('def test_')} passed" in run.stdout, run.stdout + run.stderr
    assert len(PROGRAMS) > 3
