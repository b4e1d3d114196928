"""Every example in a docstring of the library runs."""

import doctest
import importlib
import pkgutil

import pytest

import fieldconf

MODULES = ["fieldconf", *(m.name for m in pkgutil.walk_packages(fieldconf.__path__, "fieldconf."))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0


def test_examples_are_found():
    # The walk must not silently come up empty.
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = map(importlib.import_module, MODULES)
    counts = {m.__name__: sum(len(t.examples) for t in finder.find(m)) for m in modules}
    named = ("jsonparser", "finder", "prefix", "tree", "paths")
    assert all(counts[f"fieldconf.{name}"] for name in named)
