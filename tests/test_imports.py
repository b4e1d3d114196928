"""What is imported when: names by those who read them, and nothing heavy before it is used."""

import ast
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pytest

import fieldconf as fc
import fieldconf.batch
import fieldconf.testing

MODULES = {module.name for module in iter_modules(fc.__path__)}


def run(code):
    """What a Python of its own prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def imported_for_type_checkers():
    """The names under ``if TYPE_CHECKING``, each with its module."""
    tree = ast.parse(Path(fc.__file__).read_text(encoding="utf-8"))
    (block,) = (
        node.body
        for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name)
    )
    return {one.name: node.module for node in block for one in node.names if one.name != one.asname}


# -- public names -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", fc.__all__)
def test_a_public_name_comes_from_where_type_checkers_see_it(name):
    home = imported_for_type_checkers()[name]
    assert fc._module_of[name] == home
    assert getattr(fc, name) is getattr(sys.modules[home], name)


def test_all_names_are_in_each_list():
    assert len(set(fc.__all__)) == len(fc.__all__)
    assert set(fc.__all__) == set(fc._module_of) == set(imported_for_type_checkers())
    assert set(fc.__all__) <= set(dir(fc))


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="module 'fieldconf' has no attribute 'scor'"):
        fc.scor  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'scor'"):
        exec("from fieldconf import scor")


# -- in any order -------------------------------------------------------------------------------

FRESH = """
import sys
def fresh():
    for name in [name for name in sys.modules if name.partition(".")[0] == "fieldconf"]:
        del sys.modules[name]
    import fieldconf
    return fieldconf
"""


def test_any_module_is_an_attribute_and_may_be_the_first():
    """No two rooms wait for each other."""
    first = {module: names.split()[0] for module, names in by_module().items()}
    code = f"""{FRESH}
for name in {sorted(MODULES - {"__main__"})}:
    assert getattr(fresh(), name).__name__ == "fieldconf." + name, name
for module, name in {first}.items():
    assert getattr(fresh(), name) is getattr(sys.modules[module], name), name
"""
    run(code)


def by_module():
    names = {}
    for name, module in fc._module_of.items():
        names[module] = f"{names.get(module, '')} {name}".strip()
    return names


@pytest.mark.parametrize("package", [fc, fieldconf.batch, fieldconf.testing])
def test_no_public_name_is_that_of_a_module(package):
    """Else importing the module would hide the function."""
    modules = {module.name for module in iter_modules(package.__path__)}
    assert not modules & set(package._module_of)


# -- nothing heavy before it is used --------------------------------------------------------------

HEAVY = {
    "asyncio", "attr", "click", "httpx", "hypothesis", "jsonschema", "matplotlib", "msgspec",
    "numpy", "openai", "pyarrow", "pydantic", "pytest", "referencing", "regex", "rich", "scipy",
    "sklearn",
}  # fmt: skip
CLI = "from fieldconf.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"


@pytest.mark.parametrize(("code", "allowed"), [
    ("import fieldconf", set()),
    (CLI, {"click"}),
    (CLI.replace("'--help'", "'extract', '--help'"), {"click"}),
    ("import fieldconf.testing.plugin", {"pytest"}),
    ("import fieldconf; fieldconf.score", {"msgspec", "pydantic"}),
], ids=["import", "help", "help of a command", "pytest", "score"])  # fmt: skip
def test_nothing_heavy_is_imported_before_it_is_used(code, allowed):
    code += "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    imported = set(run(code).splitlines()[-1].split())
    assert "fieldconf" in imported
    assert imported & HEAVY <= allowed


def test_help_and_the_plugin_import_few_rooms():
    """Of the library itself as well: no report, no schema, no score."""
    rooms = "print(*(name for name in sys.modules if name.startswith('fieldconf.')))"
    shown = run(f"import sys\n{CLI}import fieldconf.testing.plugin\n{rooms}").splitlines()[-1]
    packages = {name.split(".")[1] for name in shown.split()}
    assert packages == {"cli", "errors", "lazy", "render", "testing"}
