"""Errors: the exceptions of this library.

In:    facts (a byte offset, a path, a provider's message).
Out:   exceptions with a message of one line that ends with the remedy; the facts are attributes,
       so that code need not parse the message.
Never: a bare ``ValueError`` from inside the library.
Why:   the person who reads the message is usually not the person who wrote the call.
"""

import difflib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any


def printable(text: str) -> str:
    r"""Text that any terminal can show: lone surrogates and control characters are escaped.

    >>> print(printable("caf\u00e9 \x1b[31m \u202e"))
    café \x1b[31m \u202e
    """
    if text.isprintable():  # nearly always
        return text
    whole = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in whole)


def one_line(text: str) -> str:
    """A text as one line of at most 80 characters."""
    text = " ".join(text[:1000].split())
    return text if len(text) <= 80 else text[:77] + "..."


class FieldconfError(Exception):
    """Base of every error this library raises on purpose.

    Attributes:
        remedy: what the user can do, one sentence; empty if nothing can be done.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        whole = f"{message.rstrip('. ')}. {remedy}" if remedy else message
        super().__init__(printable(whole))
        self.remedy = remedy


class JSONSyntaxError(FieldconfError):
    """The bytes are not the JSON that RFC 8259 describes.

    Attributes:
        problem: a short description.
        offset: the first byte that no valid JSON can have here, counted from 0 over all input.
    """

    def __init__(self, problem: str, offset: int) -> None:
        super().__init__(f"{problem} at byte {offset}")
        self.problem = problem
        self.offset = offset

    def __reduce__(self) -> tuple[type["JSONSyntaxError"], tuple[str, int]]:
        return type(self), (self.problem, self.offset)


class PayloadError(FieldconfError):
    """What was given as a response has no known shape.

    Attributes:
        looked_for: the shapes that were tried.
        found: a short description of what was found instead.
        came: the completions that a stream gave before the part that cannot be read.
        report: the report of them; None if there are none.
    """

    def __init__(
        self, message: str, *, looked_for: str = "", found: str = "", remedy: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.looked_for = looked_for
        self.found = found
        self.came: tuple[Any, ...] = ()
        self.report: Any = None


class SchemaError(FieldconfError):
    """The schema cannot be used: not a pydantic model, not a JSON Schema, or a broken one."""


class PolicyError(FieldconfError):
    """The policy cannot be used: unknown names, impossible numbers, no such field."""


class EvaluationError(FieldconfError):
    """Labels or confidences cannot be evaluated: no such column, no rows, no number from 0 to 1.

    Attributes:
        column: the name of the wrong column; empty if no single column is wrong.
        row: the number of the wrong row, from 0; None if no single row is wrong.
    """

    def __init__(
        self, message: str, *, column: str = "", row: int | None = None, remedy: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.column = column
        self.row = row


class CalibrationError(FieldconfError):
    """A calibration or a policy from labels cannot be fitted, or does not hold for these answers.

    Attributes:
        expected: what it was fitted for, by name ("model", "provider", "schema").
        actual: what it was applied to, by name.
    """

    def __init__(
        self, message: str, *, expected: Mapping[str, str] | None = None,
        actual: Mapping[str, str] | None = None, remedy: str = "",
    ) -> None:  # fmt: skip
        super().__init__(message, remedy=remedy)
        self.expected = dict(expected or {})
        self.actual = dict(actual or {})


class RequestError(FieldconfError):
    """The request to the model failed, or cannot be made.

    No connection, an error status, more candidates than the provider lists, an unknown provider.

    Attributes:
        status: the HTTP status; None if none was received.
        provider: the address of the server; before a request, the provider's name.
        report: the report of what had arrived, if a stream broke off; else None.
    """

    def __init__(
        self, message: str, *, status: int | None = None, provider: str = "", remedy: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.provider = provider
        self.report: Any = None


class NoLogprobsError(RequestError):
    """The model or the provider gives no logprobs for this request; ``remedy`` names another way.

    ``status`` is the status of the server's refusal; None if this was known before the request.
    """


class MissingPackageError(FieldconfError, ImportError):
    """A package is not installed; ``remedy`` says how to install it: by its extra, if it has one.

    >>> print(MissingPackageError("fieldconf.strategies", "hypothesis", extra="testing"))
    fieldconf.strategies needs hypothesis. Install it: pip install "fieldconf[testing]"
    """

    def __init__(self, who: str, package: str, *, extra: str = "") -> None:
        remedy = f'Install it: pip install "fieldconf[{extra}]"' if extra else ""
        super().__init__(
            f"{who} needs {package}", remedy=remedy or f"Install it: pip install {package}"
        )


class OutputError(FieldconfError):
    """An output file cannot be used: not writable, in use, or of other inputs."""


class LocalModelError(FieldconfError):
    """The embedded model cannot run: no runtime, no weights, or weights with a wrong checksum."""


def carry(error: BaseException, report: Any) -> None:
    """Set ``error.report`` to the report of what had been read before the error.

    >>> error = KeyboardInterrupt()
    >>> carry(error, "a report")
    >>> error.report
    'a report'
    """
    with suppress(AttributeError):  # a class with slots has no room for it
        error.report = report  # pyright: ignore[reportAttributeAccessIssue]


def nearest(given: Any, names: Iterable[str]) -> str:
    """The remedy for a name that is not among the known names.

    >>> nearest("tresh", ["threshold", "basis"])
    "Did you mean 'threshold'?"
    >>> nearest("x", ["threshold", "basis"])
    "Known are 'threshold', 'basis'"
    """
    names = tuple(names)
    near = difflib.get_close_matches(given, names, n=1) if isinstance(given, str) else []
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known are {', '.join(map(repr, names))}"
