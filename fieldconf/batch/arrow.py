"""Arrow: the package, and arrays of plain values.

In:    Python values, and the name of their type.
Out:   pyarrow, or how to get it; arrays.
Never: an import of pyarrow before a batch is scored; a text that Arrow cannot hold.
Why:   only the scoring of files and batches needs pyarrow.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from fieldconf.errors import MissingPackageError


def arrow() -> Any:
    """The module ``pyarrow``.

    Raises:
        MissingPackageError: if it is not installed; it is an ImportError as well.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
    except ImportError:
        raise MissingPackageError("fieldconf.batch", "pyarrow", extra="batch") from None
    return pa


def type_of(name: str) -> Any:
    """The type of a column: "string", "int32", "int64", "double" or "bool"."""
    return arrow().type_for_alias(name)


def array_of(values: Iterable[Any], name: str) -> Any:
    """An array of values; None for unknown ones."""
    items: Sequence[Any] = values if isinstance(values, (list, tuple)) else list(values)
    try:
        return arrow().array(items, type_of(name))
    except UnicodeEncodeError:  # a lone surrogate, which JSON can smuggle in
        return arrow().array([whole(text) for text in items], type_of(name))


def whole(text: str | None) -> str | None:
    r"""A text with its lone surrogates written as JSON escapes.

    >>> whole("a\ud800")
    'a\\ud800'
    """
    return text and text.encode("utf-8", "backslashreplace").decode()
