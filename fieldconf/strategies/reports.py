"""Reports: the reports of drawn completions.

In:    the arguments of ``completions``.
Out:   a strategy of ``Report`` values.
Never: a report that no response leads to.
Why:   code that only reads reports can be tested without responses.
"""

from typing import Any, TypeVar, overload

from hypothesis.strategies import SearchStrategy

from fieldconf.report import Report
from fieldconf.scoring.scorer import score
from fieldconf.strategies.completions import completions
from fieldconf.strategies.tokenisations import Cut

T = TypeVar("T")


@overload
def reports(
    schema: type[T], *, values: SearchStrategy[Any] | None = None, cuts: Cut = None,
    confidence: SearchStrategy[float] | None = None, top_logprobs: int | None = None,
    has_off_schema: bool = False,
) -> SearchStrategy[Report[T]]: ...  # fmt: skip
@overload
def reports(
    schema: Any = None, *, values: SearchStrategy[Any] | None = None, cuts: Cut = None,
    confidence: SearchStrategy[float] | None = None, top_logprobs: int | None = None,
    has_off_schema: bool = False,
) -> SearchStrategy[Report[Any]]: ...  # fmt: skip
def reports(
    schema: Any = None, *, values: SearchStrategy[Any] | None = None, cuts: Cut = None,
    confidence: SearchStrategy[float] | None = None, top_logprobs: int | None = None,
    has_off_schema: bool = False,
) -> SearchStrategy[Report[Any]]:  # fmt: skip
    """Reports of completions; arguments and errors are those of ``completions``.

    >>> from hypothesis import given
    >>> @given(reports(bool))
    ... def test(report):
    ...     assert report.value in (True, False) and report.confidence is not None
    >>> test()
    """
    cases = completions(
        schema, values=values, cuts=cuts, confidence=confidence, top_logprobs=top_logprobs,
        has_off_schema=has_off_schema,
    )  # fmt: skip
    return cases.map(lambda case: score(case.response, case.schema))
