"""Arrow: the package, and arrays of plain values.

In:    Python values, and the name of their type.
Out:   pyarrow, or an error that says how to install it; arrays.
Never: an import of pyarrow before a batch is scored; a text that Arrow cannot hold.
Why:   only the scoring of files and batches needs pyarrow.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from fieldconf.errors import MissingPackageError


def arrow() -> Any:
    """The module ``pyarrow``.

    Raises:
        MissingPackageError: if it is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise MissingPackageError("fieldconf.batch", "pyarrow", extra="batch") from None
    return pa


def compute() -> Any:
    """The module ``pyarrow.compute``."""
    arrow()
    import pyarrow.compute as pc  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    return pc


def array_of(values: Iterable[Any], name: str) -> Any:
    r"""An array of values; None for unknown ones. ``name``: "string", "int64", "double"...

    >>> array_of(["a\ud800"], "string")[0].as_py()  # a lone surrogate, which JSON may contain
    'a\\ud800'
    """
    items: Sequence[Any] = values if isinstance(values, (list, tuple)) else list(values)
    type_ = arrow().type_for_alias(name)
    try:
        return arrow().array(items, type_)
    except UnicodeEncodeError:
        escaped = (text and text.encode("utf-8", "backslashreplace") for text in items)
        return arrow().array([text and text.decode() for text in escaped], type_)
