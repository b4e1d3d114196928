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
    extras = project["optional-dependencies"]
    tests = [one for one in extras["test"] if not one.startswith(f"{project['name']}[")]
    beside = pyproject["dependency-groups"]["lowest"]
    return [*project["dependencies"], *extras["batch"], *extras["source"], *tests, *beside]


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
