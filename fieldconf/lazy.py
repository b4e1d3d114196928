"""Lazy: a package whose names are imported when they are first read.

In:    a package, and which of its modules has which of its names.
Out:   the same package: names, and modules too, are attributes of it.
Never: a module in place of the function of the same name, such as ``fieldconf.requests.strict``.
Why:   who scores an answer should not wait for what evaluates, calibrates and draws.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


class LazyPackage(ModuleType):
    """A package that was made lazy."""

    _module_of: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        """What is no attribute yet: a name from its module, or a module."""
        if module := self._module_of.get(name):
            value = getattr(import_module(f"{self.__name__}.{module}"), name)
            setattr(self, name, value)
            return value
        module = f"{self.__name__}.{name}"
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        # A module is bound in its package when it is imported, by whomever.
        if not (isinstance(value, ModuleType) and name in self._module_of):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *self._module_of})


def lazily(package: str, names: Mapping[str, str]) -> None:
    """Let a package import its names when they are first read.

    Args:
        package: its ``__name__``.
        names: module -> the names that come from it, with spaces between.
    """
    made = sys.modules[package]
    vars(made)["_module_of"] = {n: module for module, ns in names.items() for n in ns.split()}
    made.__class__ = LazyPackage
