"""Packages: the packages of the extra ``calibrate``, imported when they are used.

In:    the name of a module.
Out:   the module, or an error that says how to install it.
Never: an import without an evaluation or a calibration.
Why:   scipy and scikit-learn are large.
"""

from functools import cache
from importlib import import_module
from typing import Any

from fieldconf.errors import MissingPackageError

_DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def package(name: str, extra: str = "calibrate") -> Any:
    """A module of an optional package, by its dotted name.

    Args:
        name: of the module.
        extra: the extra of fieldconf that installs the package.

    Raises:
        MissingPackageError: if it is not installed; it is an ImportError as well.
    """
    try:
        return import_module(name)
    except ImportError:
        top = name.split(".", maxsplit=1)[0]
        raise MissingPackageError(
            "fieldconf.evaluation", _DISTRIBUTIONS.get(top, top), extra=extra
        ) from None


def minimize(loss: Any, start: Any, **options: Any) -> Any:
    """Call scipy's ``optimize.minimize``, with its gradient from ``loss``, in one thread.

    In several threads problems of some dozens of unknowns take 25 times as long: the threads wait
    for each other.
    """
    optimize = package("scipy.optimize")
    with _threads().limit(limits=1, user_api="blas"):
        return optimize.minimize(loss, start, jac=True, **options)


@cache
def _threads() -> Any:
    """scikit-learn needs threadpoolctl, too."""
    return package("threadpoolctl").ThreadpoolController()
