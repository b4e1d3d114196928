"""What is imported when: names by those who read them, and nothing heavy before it is used."""

import ast
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pytest

import fieldconf as fc

MODULES = {module.name for module in iter_modules(fc.__path__)}
BOTH = sorted(MODULES & set(fc.__all__))  # a function, and a module of the same name


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
    return {one.name: node.module for node in block for one in node.names}


# -- public names -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", fc.__all__)
def test_a_public_name_comes_from_where_type_checkers_see_it(name):
    home = imported_for_type_checkers()[name]
    assert f"fieldconf.{fc._ROOM_OF[name]}" == home
    assert getattr(fc, name) is getattr(sys.modules[home], name)


def test_all_names_are_in_each_list():
    assert len(set(fc.__all__)) == len(fc.__all__)
    assert set(fc.__all__) == set(fc._ROOM_OF) == set(imported_for_type_checkers())
    assert set(fc.__all__) <= set(dir(fc))


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="module 'fieldconf' has no attribute 'scor'"):
        fc.scor  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'scor'"):
        exec("from fieldconf import scor")


@pytest.mark.parametrize("name", sorted(MODULES - set(BOTH) - {"__main__"}))
def test_a_module_is_an_attribute_though_nobody_imported_it(name):
    code = f"import fieldconf as fc; print(fc.{name}.__name__)"
    assert run(code) == f"fieldconf.{name}"


ORDERS = {
    "the function first": "fc.{name}; import fieldconf.{name}",
    "the module first": "import fieldconf.{name}; fc.{name}",
    "the module by others": "fc.score_all; fc.extract; fc.confident",
    "from the module": "from fieldconf.{name} import {name}",
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", BOTH)
def test_a_module_does_not_hide_the_function_of_its_name(name, order):
    code = "import fieldconf as fc; {order}; print(type(fc.{name}).__name__, fc.{name}.__module__)"
    code = code.format(order=ORDERS[order], name=name).format(name=name)
    assert run(code) == f"function fieldconf.{name}"


def test_there_are_such_modules():
    """The test above is not about nothing."""
    assert "strict" in BOTH
