"""The lowest versions that ``pyproject.toml`` allows, one requirement a line.

``make lowest`` installs what this prints, and runs the tests with it. Left out are the clients
whose objects the tests score: their tests are skipped then, and no code of ours imports them.
"""

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def declared(pyproject):
    """Every requirement of the library, its tests, and what stands beside old versions."""
    project = pyproject["project"]
    extras, groups = project["optional-dependencies"], pyproject["dependency-groups"]
    tests = [
        item for item in groups["test"]
        if isinstance(item, str) and not item.startswith(f"{project['name']}[")
    ]  # fmt: skip
    users = [requirement for extra in ("batch", "local", "source") for requirement in extras[extra]]
    return [*project["dependencies"], *users, *tests, *groups["lowest"]]


def lowest(requirement):
    """A requirement at its floor.

    >>> lowest("click>=8.0"), lowest("click>=8.0,<9"), lowest("httpx<0.28")
    ('click==8.0', 'click==8.0', 'httpx<0.28')
    """
    name, floor, rest = requirement.partition(">=")
    return f"{name}=={rest.split(',')[0]}" if floor else requirement


if __name__ == "__main__":
    found = declared(tomllib.loads(PYPROJECT.read_text()))
    sys.stdout.writelines(f"{lowest(one)}\n" for one in found)
