"""Lazy: a package whose names are imported when they are first read.

In:    a package, and which of its modules has which of its names.
Out:   the same package: names, and modules too, are attributes of it.
Never: a module in place of the function of the same name, such as ``fieldconf.requests.strict``.
Why:   who scores an answer should not wait for what evaluates, calibrates and draws.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any


class LazyPackage(ModuleType):
    """A package that was made lazy."""

    _module_of: Mapping[str, str]
    _modules: Sequence[str]

    def __getattr__(self, name: str) -> Any:
        """What is no attribute yet: a name from its module, or a module."""
        if name.startswith("__"):  # no name of ours; importing one asks for them again
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if module := self._module_of.get(name):
            value = getattr(import_module(module), name)
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
        special = (name for name in vars(self) if name.startswith("__"))
        return sorted({*special, *self._module_of, *self._modules})


def lazily(
    name: str, names: Mapping[str, str], *, package: str = "", modules: Sequence[str] = ()
) -> None:
    """Let a module import its names when they are first read.

    Args:
        name: the module's ``__name__``.
        names: module -> the names that come from it, with spaces between.
        package: the package of those modules; by default the module itself.
        modules: the modules of the package that ``dir`` shows; it shows no others.
    """
    module = sys.modules[name]
    vars(module)["_module_of"] = {
        each: f"{package or name}.{home}" for home, all_ in names.items() for each in all_.split()
    }
    vars(module)["_modules"] = modules
    module.__class__ = LazyPackage
