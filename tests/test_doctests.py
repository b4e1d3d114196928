"""Every example in a docstring of the library runs."""

import doctest
import importlib
import pkgutil

import fieldconf
from fieldconf.errors import MissingPackageError

MODULES = ["fieldconf", *(m.name for m in pkgutil.walk_packages(fieldconf.__path__, "fieldconf."))]
FRAMEWORKS = {"fieldconf.integrations.langchain", "fieldconf.integrations.pydantic_evals"}


def imported():
    """Every module; without those of a framework that is not installed."""
    for name in MODULES:
        try:
            yield importlib.import_module(name)
        except MissingPackageError:
            assert name in FRAMEWORKS


def test_every_example_runs():
    results = {module.__name__: doctest.testmod(module) for module in imported()}
    assert not {name for name, result in results.items() if result.failed}
    # The walk must not silently come up empty.
    named = ("parsing.parser", "parsing.finder", "parsing.prefix", "parsing.values", "paths")
    assert all(results[f"fieldconf.{name}"].attempted for name in named)
