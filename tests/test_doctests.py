"""Every example in a docstring of the library runs."""

import doctest
import importlib
import pkgutil

import fieldconf

MODULES = ["fieldconf", *(m.name for m in pkgutil.walk_packages(fieldconf.__path__, "fieldconf."))]


def test_every_example_runs():
    results = {name: doctest.testmod(importlib.import_module(name)) for name in MODULES}
    assert not {name for name, result in results.items() if result.failed}
    # The walk must not silently come up empty.
    named = ("parsing.parser", "parsing.finder", "parsing.prefix", "parsing.values", "paths")
    assert all(results[f"fieldconf.{name}"].attempted for name in named)
