"""Assertions: how confident a report must be of a field.

In:    a report, a field, a threshold.
Out:   nothing, or an ``AssertionError`` with the value, its confidence and the reason.
Never: an unknown confidence that passes: the assertion fails, and says why it is unknown.
Why:   "assert 0.61 >= 0.9" does not show which other value was likely.
"""

from typing import Any

from fieldconf.fields.field import Field
from fieldconf.paths import Path
from fieldconf.report import Report
from fieldconf.testing.fake_answers import pointer_name

__all__ = ["assert_confident", "assert_doubtful"]


def assert_confident(
    report: Report[Any], field: str | int | Path | None = None, *, at_least: float = 0.9
) -> None:
    """Fail if a field, or any leaf of the answer, is less sure than that.

    Args:
        report: the report.
        field: as in ``report[...]``: ``"/items/0"``, ``"team"``, ``("items", 0)``. None for every
            leaf, and an answer that is complete.
        at_least: the least confidence that is enough (0..1).

    Raises:
        AssertionError: if it is less sure, if its confidence is not known, or if the answer has no
            such field.

    >>> import fieldconf as fc
    >>> from fieldconf.testing import Answer, payloads
    >>> report = fc.score(payloads.chat(Answer({"ok": True}, rivals={"ok": {False: 0.4}})))
    >>> assert_confident(report, "ok", at_least=0.5)
    >>> assert_confident(report, "ok")
    Traceback (most recent call last):
    AssertionError: /ok is True with 0.6 (distribution), less than 0.9: at `true` the model gave \
`false` 40 %
    """
    __tracebackhide__ = True
    if field is None and report.status != "complete":
        raise AssertionError(f"the answer is {report.status}: {report.reason}")
    fields = list(report.leaves.values()) if field is None else [_field(report, field)]
    wrong = [
        _sentence(leaf, f"less than {at_least:g}")
        for leaf in fields if leaf.confidence is None or leaf.confidence < at_least
    ]  # fmt: skip
    if wrong:
        raise AssertionError("\n".join(wrong))


def assert_doubtful(report: Report[Any], field: str | int | Path, *, below: float = 0.9) -> None:
    """Fail if a field is as sure as that, or surer: a test that doubt reaches whom it should.

    A confidence that is not known is no doubt: it fails, too.

    Raises:
        AssertionError: if it is surer, not known, or not there.
    """
    __tracebackhide__ = True
    doubtful = _field(report, field)
    if doubtful.confidence is None or doubtful.confidence >= below:
        raise AssertionError(_sentence(doubtful, f"not below {below:g}"))


def _field(report: Report[Any], field: str | int | Path) -> Field:
    __tracebackhide__ = True
    name = pointer_name(field)
    if name not in report.fields:
        names = ", ".join(map(repr, report.fields)) or "none"
        status = f" ({report.status}: {report.reason})" if report.reason else ""
        raise AssertionError(f"the answer has no field {name!r}; it has {names}{status}")
    return report.fields[name]


def _sentence(field: Field, fails: str) -> str:
    value = repr(field.value)
    value = value if len(value) <= 60 else value[:57] + "..."
    name = field.pointer or "the whole"
    if field.confidence is None:
        return f"{name} is {value} with unknown confidence, {fails}: {field.reason}"
    why = f": {field.why.sentence}" if field.why and field.why.sentence else ""
    return f"{name} is {value} with {field.confidence:.3g} ({field.basis}), {fails}{why}"
