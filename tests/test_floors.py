"""What `make lowest` installs is what `pyproject.toml` says, and all that the library imports."""

import ast
import re
import sys
import tomllib

import pytest
from floors import PYPROJECT, declared, lowest

PROJECT = tomllib.loads(PYPROJECT.read_text())
DEPENDENCIES = PROJECT["project"]["dependencies"]
PARTS = {
    "pydantic_core": "pydantic", "annotated_types": "pydantic",  # released for it
    "dateutil": "python_dateutil",
}  # fmt: skip


@pytest.mark.parametrize("requirement", DEPENDENCIES)
def test_every_dependency_has_a_floor_and_no_ceiling(requirement):
    assert re.fullmatch(r"[a-z][a-z0-9-]*>=\d+(\.\d+)*", requirement)


def test_each_requirement_is_installed_at_its_floor_once():
    found = [re.match(r"[a-z0-9-]+(==|<)", lowest(one)) for one in declared(PROJECT)]
    assert all(found)
    assert len({match.group() for match in found}) == len(found)
    assert [lowest(one) for one in DEPENDENCIES] == [
        one.replace(">=", "==") for one in DEPENDENCIES
    ]


def test_what_every_import_needs_is_declared():
    """A package that only another one brings has no floor of ours."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    frameworks = PROJECT["dependency-groups"]["clients"]  # whoever uses an integration has its own
    declared = [*DEPENDENCIES, *frameworks, *(one for extra in extras for one in extra)]
    known = {re.match(r"[\w-]+", one)[0].replace("-", "_") for one in declared}
    found = {PARTS.get(name, name) for name in imported()}
    assert found - set(sys.stdlib_module_names) - {"fieldconf"} <= known


def imported():
    """The packages that the modules import, in functions too."""
    for path in PYPROJECT.parent.glob("fieldconf/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (one.name.partition(".")[0] for one in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module.partition(".")[0]
