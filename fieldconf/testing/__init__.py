"""Fakes and assertions for tests of your own pipelines.

Say what the model says, and how sure it is; everything else is real: the openai package's client
and objects, the bytes on the wire, and the scores.

>>> import fieldconf as fc
>>> from fieldconf.testing import Answer, FakeClient, assert_confident
>>> client = FakeClient(Answer({"team": "billing"}, confidences={"team": 0.6}))
>>> schema = {"properties": {"team": {"enum": ["billing", "sales"]}}, "required": ["team"]}
>>> response = client.chat.completions.create(
...     model="any", messages=[], logprobs=True, top_logprobs=5)
>>> round(fc.score(response, schema)["team"].confidence, 9)
0.6

``docs/testing.md`` has the rest.
"""

from typing import TYPE_CHECKING

from fieldconf.lazy import lazily

if TYPE_CHECKING:
    from fieldconf.testing import payloads
    from fieldconf.testing.assertions import assert_confident, assert_doubtful
    from fieldconf.testing.clients import AsyncFakeClient, FakeClient
    from fieldconf.testing.fake_answers import Answer, AnswerError, Fault, HttpError
    from fieldconf.testing.fake_server import FakeServer

__all__ = [
    "Answer",
    "AnswerError",
    "AsyncFakeClient",
    "FakeClient",
    "FakeServer",
    "Fault",
    "HttpError",
    "assert_confident",
    "assert_doubtful",
    "payloads",
]

lazily(__name__, {
    "fake_answers": "Answer AnswerError Fault HttpError",
    "assertions": "assert_confident assert_doubtful",
    "clients": "AsyncFakeClient FakeClient",
    "fake_server": "FakeServer",
})  # fmt: skip
