"""Lazy: a package whose names are imported when they are first read.

In:    a package, and the names that come from each of its modules.
Out:   the same package, with these names and its modules as attributes.
Never: a name that is also the name of a module: importing the module would hide it.
Why:   scoring an answer should not wait for the import of evaluation, calibration and plotting.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any


class LazyPackage(ModuleType):
    """A package that imports its names when they are first read."""

    _module_of: Mapping[str, str]
    _modules: Sequence[str]

    def __getattr__(self, name: str) -> Any:
        """Import a name from its module, or a module of the package, and return it."""
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
