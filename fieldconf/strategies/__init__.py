"""Strategies: property tests of what you do with confidences, by hypothesis.

* ``schemas``: JSON Schemas as people and pydantic write them;
* ``instances``: JSON values that keep to a model or a schema;
* ``tokenisations``: ways to cut a text into tokens;
* ``completions``: answers with logprobs, each a ``Case`` with its ``Truth``;
* ``streams``: a completion as stream chunks, cut anywhere or broken off;
* ``dialects``, ``payloads``: a completion as each provider sends it;
* ``reports``: reports, for who tests only what comes after ``score``.

They need hypothesis: ``pip install "fieldconf[testing]"``. The page docs/testing.md has two worked
tests.

>>> from hypothesis import given
>>> import fieldconf as fc
>>> from fieldconf import strategies
>>> def is_accepted(payload):
...     return (fc.score(payload, bool).confidence or 0) >= 0.9
>>> @given(strategies.completions(bool))
... def test_what_is_not_sure_is_not_accepted(case):
...     sure = case.truth[""].confidence
...     assert sure >= 0.9 or not is_accepted(case.response)
>>> test_what_is_not_sure_is_not_accepted()
"""

from importlib.util import find_spec

from fieldconf.errors import MissingPackageError

if find_spec("hypothesis") is None:
    raise MissingPackageError("fieldconf.strategies", "hypothesis", extra="testing")

from fieldconf.strategies.cases import Case, Truth
from fieldconf.strategies.completions import completions
from fieldconf.strategies.dialects import DIALECTS, Dialect, dialects, payloads
from fieldconf.strategies.instances import instances
from fieldconf.strategies.reports import reports
from fieldconf.strategies.schemas import schemas
from fieldconf.strategies.streams import streams
from fieldconf.strategies.tokenisations import Cuts, tokenisations

__all__ = [
    "DIALECTS", "Case", "Cuts", "Dialect", "Truth", "completions", "dialects", "instances",
    "payloads", "reports", "schemas", "streams", "tokenisations",
]  # fmt: skip
